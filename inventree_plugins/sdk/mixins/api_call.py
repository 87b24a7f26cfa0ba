"""Calls of external services, with a time-out and an error of their own (SPEC §5)."""

from __future__ import annotations

import json as json_format
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from inventree_plugins.sdk.addresses import address_of, basic, form, query_of
from inventree_plugins.sdk.answer import Answer
from inventree_plugins.sdk.errors import APICallError
from inventree_plugins.sdk.mixins.base import Base, lacking
from inventree_plugins.sdk.names import slug_of
from inventree_plugins.sdk.sending import Request, sent, trusted

__all__ = ["APICallMixin", "Answer"]

FIRST_UNUSABLE = 300
OPTIONS = ("timeout", "params", "auth", "verify")
_HEADER_NAME = re.compile(r"[0-9A-Za-z_-]+")


class APICallMixin(Base):
    """Call a service whose address and token are settings of the plugin, which needs SettingsMixin too."""

    MIXIN_KEY: ClassVar[str] = "api_call"
    MIXIN_NAME: ClassVar[str] = "API calls"
    MIXIN_ENABLED: ClassVar[str] = "has_api_call"
    API_METHOD: ClassVar[str] = "https"
    API_URL_SETTING: ClassVar[str | None] = None
    API_TOKEN_SETTING: ClassVar[str | None] = None
    API_TOKEN: ClassVar[str] = "Bearer"  # noqa: S105 - the word before the token
    # Seconds without a word from the service.
    API_TIMEOUT: ClassVar[float] = 15.0

    @property
    def has_api_call(self) -> bool:
        """Tell that both settings are named; raise MixinNotImplementedError where one is not."""
        for attribute in ("API_URL_SETTING", "API_TOKEN_SETTING"):
            if not getattr(self, attribute):
                raise lacking(self, "api_call", f"`{attribute}`")
        return True

    @property
    def api_url(self) -> str:
        """Return the address of the service, without a slash at the end."""
        host = str(_setting(self, self.API_URL_SETTING)).rstrip("/")
        return host if "://" in host else f"{self.API_METHOD}://{host}"

    @property
    def api_headers(self) -> dict[str, str]:
        """Return the headers of every call, the token among them where there is one.

        It stands in two: after the word `API_TOKEN`, and alone in the header of that name.
        """
        headers = {"Content-Type": "application/json"}
        token = _setting(self, self.API_TOKEN_SETTING)
        if token:
            if _HEADER_NAME.fullmatch(self.API_TOKEN):
                headers[self.API_TOKEN] = str(token)
            headers["Authorization"] = f"{self.API_TOKEN} {token}"
        return headers

    def api_build_url_args(self, arguments: Mapping[str, Any]) -> str:
        """Return arguments as the query of a URL, several values of one joined by commas."""
        return f"?{query_of(arguments)}"

    def api_call(  # noqa: PLR0913, PLR0917 - the server's signature
        self,
        endpoint: str,
        method: str = "GET",
        url_args: Mapping[str, Any] | None = None,
        data: Any = None,
        json: Any = None,
        headers: Mapping[str, Any] | None = None,
        simple_response: bool = True,  # noqa: FBT001, FBT002
        endpoint_is_url: bool = False,  # noqa: FBT001, FBT002
        **kwargs: Any,
    ) -> Any:
        """Call the service and return what it answers: decoded JSON, or an `Answer` as it came.

        `headers` stand in the place of `api_headers`. Of the arguments of `requests`, `timeout` (seconds),
        `params`, `auth` (user and password) and `verify` (False, or a file of certificates) are understood.
        Raises APICallError where the service cannot be reached, and with a simple response where its answer
        is an error or no JSON; ValueError for both `data` and `json`; TypeError for other arguments.
        """
        unknown = next((name for name in kwargs if name not in OPTIONS), None)
        if unknown:
            raise TypeError(f"api_call() takes no `{unknown}`: beside its own arguments only {OPTIONS}")
        if data and json:
            raise ValueError("give either `data` or `json`")
        url = endpoint if endpoint_is_url else f"{self.api_url}/{endpoint.removeprefix('/')}"
        asked = self.api_build_url_args(url_args).removeprefix("?") if url_args else ""
        query = "&".join(each for each in (asked, form(kwargs.get("params") or ())) if each)
        answer = sent(
            _request(
                self,
                method,
                (url, query),
                _headers(self.api_headers if headers is None else headers, is_json=bool(json)),
                json_format.dumps(json).encode() if json else _encoded(data),
                kwargs,
            )
        )
        return _usable(answer) if simple_response else answer


def _setting(plugin: Any, name: str | None) -> Any:
    # Not by the class: a real server asks for no more than this method.
    if not hasattr(plugin, "get_setting"):
        raise lacking(plugin, "api_call", "SettingsMixin")
    return plugin.get_setting(name) if name else ""


def _request(  # noqa: PLR0913, PLR0917 - the parts of a request
    plugin: APICallMixin,
    method: str,
    url: tuple[str, str],
    headers: dict[str, str],
    body: bytes | None,
    options: Mapping[str, Any],
) -> Request:
    slug = slug_of(plugin)
    try:
        address = address_of(*url)
    except ValueError:
        # Nothing of it is shown: where it has no known form, neither has what may be secret in it.
        message = "cannot reach the service: its address must begin with http:// or https:// and a host"
        raise APICallError(message, plugin=slug) from None
    try:
        context = trusted(options.get("verify", True))
    except OSError as error:
        raise APICallError(f"cannot read the certificates: {error}", plugin=slug) from error
    authorization = address.authorization
    if options.get("auth") is not None:
        authorization = _authorization(options["auth"])
    if authorization:
        headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        headers["Authorization"] = authorization
    timeout = options.get("timeout", plugin.API_TIMEOUT)
    if isinstance(timeout, tuple):  # to connect, and to read
        timeout = timeout[-1]
    return Request(method.upper(), address, headers, body, timeout, context, slug)


def _authorization(pair: Any) -> str:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:  # noqa: PLR2004 - a pair
        raise TypeError("`auth` must be a pair of user and password")
    return basic(str(pair[0]), str(pair[1]))


def _headers(given: Mapping[str, Any], *, is_json: bool) -> dict[str, str]:
    headers = {
        name: value.decode("latin-1") if isinstance(value, bytes) else str(value)
        for name, value in given.items()
        if value is not None
    }
    if is_json and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = "application/json"
    return headers


def _encoded(data: Any) -> bytes | None:
    """Return a body: a form, text, bytes, or what a file or an iterator gives of them."""
    if not data:
        return None
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    if hasattr(data, "read"):
        return _encoded(data.read())
    if isinstance(data, (str, Mapping)):
        return (data if isinstance(data, str) else form(data)).encode()
    parts = list(data)
    if all(isinstance(each, (bytes, bytearray, str)) for each in parts):
        return b"".join(each.encode() if isinstance(each, str) else bytes(each) for each in parts)
    return form(parts).encode()


def _usable(answer: Answer) -> Any:
    """Return the JSON of an answer; raise APICallError for an error, and where there is none."""
    if answer.status_code >= FIRST_UNUSABLE:
        raise answer.failed(f"the service answered {answer.status_code} {answer.reason}".rstrip())
    try:
        return answer.json()
    except (ValueError, RecursionError) as error:
        raise answer.failed("the service answered with something else than JSON") from error
