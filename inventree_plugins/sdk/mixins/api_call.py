"""Calls of external services, with a time-out and an error of their own (SPEC §5)."""

from __future__ import annotations

import http.client
import json as json_format
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from inventree_plugins.sdk.errors import APICallError
from inventree_plugins.sdk.mixins.base import Base
from inventree_plugins.sdk.mixins.settings import SettingsMixin

__all__ = ["APICallMixin", "Answer"]

FIRST_ERROR = 400


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered."""

    status_code: int
    text: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """Return the body as JSON has it; raise ValueError where it is none."""
        return json_format.loads(self.text)


class APICallMixin(Base):
    """Call a service whose address and token are settings of the plugin, which needs SettingsMixin too."""

    MIXIN_KEY: ClassVar[str] = "api_call"
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
                raise self.not_implemented("api_call", f"`{attribute}`")
        return True

    @property
    def api_url(self) -> str:
        """Return the address of the service, without a slash at the end."""
        host = str(self._setting(self.API_URL_SETTING)).rstrip("/")
        return host if "://" in host else f"{self.API_METHOD}://{host}"

    @property
    def api_headers(self) -> dict[str, str]:
        """Return the headers of every call, the token among them where there is one."""
        headers = {"Content-Type": "application/json"}
        token = self._setting(self.API_TOKEN_SETTING)
        if token:
            headers["Authorization"] = f"{self.API_TOKEN} {token}"
        return headers

    def _setting(self, name: str | None) -> Any:
        if not isinstance(self, SettingsMixin):
            raise self.not_implemented("api_call", "SettingsMixin")
        return self.get_setting(name) if name else ""

    def api_build_url_args(self, arguments: Mapping[str, Sequence[Any] | Any]) -> str:
        """Return arguments as the query of a URL, several values of one joined by commas."""
        pairs = {
            key: ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
            for key, value in arguments.items()
        }
        return f"?{urllib.parse.urlencode(pairs, safe=',')}"

    def api_call(  # noqa: PLR0913, PLR0917 - the server's signature
        self,
        endpoint: str,
        method: str = "GET",
        url_args: Mapping[str, Any] | None = None,
        data: Any = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        simple_response: bool = True,  # noqa: FBT001, FBT002
        endpoint_is_url: bool = False,  # noqa: FBT001, FBT002
    ) -> Any:
        """Call the service and return what it answers: decoded JSON, or an `Answer` as it came.

        Raises APICallError where the service cannot be reached, and with a simple response where its answer
        is an error or no JSON; ValueError for both `data` and `json`.
        """
        if data is not None and json is not None:
            raise ValueError("give either `data` or `json`")
        url = endpoint if endpoint_is_url else f"{self.api_url}/{endpoint.lstrip('/')}"
        url += self.api_build_url_args(url_args) if url_args else ""
        body = json_format.dumps(json).encode() if json is not None else _encoded(data)
        answer = self._answered(_request(url, method, body, {**self.api_headers, **(headers or {})}))
        if not simple_response:
            return answer
        if answer.status_code >= FIRST_ERROR:
            raise self._failed(f"the service answered {answer.status_code}", answer)
        try:
            return answer.json()
        except ValueError as error:
            raise self._failed("the service answered with something else than JSON", answer) from error

    def _answered(self, request: urllib.request.Request) -> Answer:
        try:
            with urllib.request.urlopen(request, timeout=self.API_TIMEOUT) as response:  # noqa: S310
                text = response.read().decode("utf-8", "replace")
                return Answer(response.status, text, request.full_url, dict(response.headers))
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode("utf-8", "replace")
                return Answer(error.code, text, request.full_url, dict(error.headers))
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise APICallError(
                f"cannot reach `{request.full_url}`: {getattr(error, 'reason', error)}",
                url=request.full_url,
                plugin=self.plugin_slug(),
            ) from error

    def _failed(self, message: str, answer: Answer) -> APICallError:
        return APICallError(
            f"{message} (`{answer.url}`)",
            status=answer.status_code,
            url=answer.url,
            body=answer.text,
            plugin=self.plugin_slug(),
        )


def _request(url: str, method: str, body: bytes | None, headers: Mapping[str, str]) -> urllib.request.Request:
    # The address is the administrator's; where it leads on to is not, and gets no token.
    request = urllib.request.Request(url, data=body, method=method.upper())  # noqa: S310
    for name, value in headers.items():
        is_secret = name.lower() == "authorization"
        (request.add_unredirected_header if is_secret else request.add_header)(name, value)
    return request


def _encoded(data: Any) -> bytes | None:
    if data is None or isinstance(data, bytes):
        return data
    return data.encode() if isinstance(data, str) else urllib.parse.urlencode(data).encode()
