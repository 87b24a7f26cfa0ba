"""Requests to services: sent, followed where they lead, and read; whatever fails is one kind of error."""

from __future__ import annotations

import gzip
import http.client
import re
import ssl
import urllib.request
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from inventree_plugins.sdk.addresses import Address
from inventree_plugins.sdk.answer import Answer, Headers
from inventree_plugins.sdk.errors import APICallError

__all__ = ["Request", "sent", "trusted"]

MOST_REDIRECTS = 30
REDIRECTS = frozenset({301, 302, 303, 307, 308})
REPEATING = frozenset({307, 308})
# What a stranger may read of a request: any other header may hold a secret.
HARMLESS = frozenset(
    {"accept", "accept-charset", "accept-encoding", "accept-language", "content-type", "user-agent"}
)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_CODINGS = {"gzip", "x-gzip", "deflate"}


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; `plugin` is who sends it, for the errors."""

    method: str
    address: Address
    headers: Mapping[str, str]
    body: bytes | None = None
    timeout: float | None = None
    context: ssl.SSLContext | None = None
    plugin: str = ""

    def failed(self, message: str, status: int | None = None, body: bytes = b"") -> APICallError:
        """Return an error about this request; it shows nothing that may be secret."""
        url = self.address.shown
        text = body.decode("utf-8", "replace")
        return APICallError(f"{message} (`{url}`)", status=status, url=url, body=text, plugin=self.plugin)


def trusted(verify: Any) -> ssl.SSLContext | None:
    """Return whom to trust: nobody less than usual for True, anybody for False, else what a file says.

    Raises OSError where the file cannot be read.
    """
    if verify is True or verify is None:
        return None
    if verify is not False:
        return ssl.create_default_context(cafile=verify)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def sent(request: Request) -> Answer:
    """Send the request, follow it where it is led, as `requests` does, and return the last answer.

    Raises APICallError where nothing answers, or not to the end.
    """
    for _ in range(MOST_REDIRECTS + 1):
        answer = _answered(request)
        location = answer.headers.get("Location")
        if answer.status_code not in REDIRECTS or not location:
            return answer
        request = _led_on(request, answer.status_code, location)
    raise request.failed(f"the service leads on more than {MOST_REDIRECTS} times")


def _led_on(request: Request, status: int, location: str) -> Request:
    try:
        address = request.address.joined(location)
    except ValueError:
        raise request.failed("the service leads on to what is no http or https address", status) from None
    headers = dict(request.headers)
    if not address.keeps_secrets_of(request.address):
        headers = {name: value for name, value in headers.items() if name.lower() in HARMLESS}
    if address.authorization:
        headers = _with_authorization(headers, address.authorization)
    method, body = request.method, request.body
    if status not in REPEATING:
        if method != "HEAD" and (status != 301 or method == "POST"):  # noqa: PLR2004 - a status
            method = "GET"
        body = None
        headers = {name: value for name, value in headers.items() if not name.lower().startswith("content-")}
    return replace(request, address=address, headers=headers, method=method, body=body)


def _with_authorization(headers: Mapping[str, str], value: str) -> dict[str, str]:
    others = {name: each for name, each in headers.items() if name.lower() != "authorization"}
    return {**others, "Authorization": value}


def _answered(request: Request) -> Answer:
    for name, value in request.headers.items():
        if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
            # Not left to http.client: its error shows the value.
            raise request.failed(f"the header {name!r} holds what no header may")
    try:
        with _opener(request).open(_prepared(request), timeout=request.timeout) as response:
            return _read(request, response)
    except OSError as error:
        raise request.failed(f"cannot reach the service: {getattr(error, 'reason', error)}") from error
    except (ValueError, http.client.HTTPException) as error:
        # Not its words, and not as the cause: they may show headers and query.
        raise request.failed(f"cannot reach the service: {type(error).__name__}") from None


def _opener(request: Request) -> urllib.request.OpenerDirector:
    """Return what opens http and https and nothing else, and takes any status for an answer."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=request.context),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _prepared(request: Request) -> urllib.request.Request:
    prepared = urllib.request.Request(  # noqa: S310 - an Address is http or https
        request.address.url, data=request.body, method=request.method
    )
    for name, value in request.headers.items():
        prepared.add_header(name, value)
    return prepared


def _read(request: Request, response: Any) -> Answer:
    status, headers = response.status, Headers(response.headers.items())
    try:
        content = _decoded(response.read(), headers)
    except http.client.IncompleteRead as error:
        raise request.failed("the answer ends too early", status, error.partial) from None
    except (OSError, EOFError, zlib.error, http.client.HTTPException) as error:
        raise request.failed(f"the answer cannot be read: {error}", status) from error
    return Answer(status, content, request.address.shown, headers, str(response.reason or ""), request.plugin)


def _decoded(content: bytes, headers: Headers) -> bytes:
    codings = [each.strip().lower() for each in headers.get("Content-Encoding", "").split(",")]
    for coding in reversed(codings):
        if content and coding in _CODINGS:
            content = _inflated(content) if coding == "deflate" else gzip.decompress(content)
    return content


def _inflated(content: bytes) -> bytes:
    try:
        return zlib.decompress(content)
    except zlib.error:
        # Some services leave out what the name promises, the wrapping.
        return zlib.decompress(content, -zlib.MAX_WBITS)
