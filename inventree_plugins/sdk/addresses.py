"""The addresses of services: made fit for sending, and for showing."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import SplitResult, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

__all__ = ["Address", "address_of", "basic", "form", "query_of"]

# What may stand in an address as it is; `%` too, where it quotes something.
_SAFE = "!$%&'()*+,/:;=?@[]~"
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PORTS = {"http": 80, "https": 443}


class Address(NamedTuple):
    """Where a request goes: the URL without user, and what the user in it becomes."""

    url: str
    authorization: str | None = None

    @property
    def shown(self) -> str:
        """Return the URL without its query: what may stand in a message or a log."""
        parts = urlsplit(self.url)
        return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))

    def joined(self, location: str) -> Address:
        """Return where this address leads on to; raise ValueError for what is no address."""
        # As http.client reads it; servers write UTF-8.
        text = location.encode("latin-1", "replace").decode("utf-8", "replace")
        return address_of(urljoin(self.url, text))

    def keeps_secrets_of(self, other: Address) -> bool:
        """Tell whether this is the same service as the other, and read by nobody on the way."""
        here, there = urlsplit(self.url), urlsplit(other.url)
        if here.hostname != there.hostname:
            return False
        ports = (_port(there), _port(here))
        if (there.scheme, here.scheme) == ("http", "https") and ports == (80, 443):
            return True
        return here.scheme == there.scheme and ports[0] == ports[1]


def address_of(text: str, query: str = "") -> Address:
    """Return the address that a text gives, with more of a query; raise ValueError for what is none."""
    parts = urlsplit(text.strip())
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname:
        raise ValueError("an address begins with http:// or https:// and a host")
    host = parts.hostname
    host = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii")
    place = host if parts.port is None else f"{host}:{parts.port}"
    asked = "&".join(each for each in (parts.query, query) if each)
    url = urlunsplit((scheme, place, _quoted(parts.path) or "/", _quoted(asked), ""))
    if parts.username is None:
        return Address(url)
    return Address(url, basic(unquote(parts.username), unquote(parts.password or "")))


def basic(user: str, password: str) -> str:
    """Return the header value of basic authentication."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode('ascii')}"


def query_of(arguments: Mapping[str, Any]) -> str:
    """Return arguments as a query, several values of one joined by commas; what is quoted stays so."""
    return "&".join(f"{_part(key)}={_part(_joined(value))}" for key, value in arguments.items())


def form(values: Any) -> str:
    """Return a mapping or pairs as a form encodes them: None is left out, several values are repeated."""
    if isinstance(values, str):
        return values
    pairs = values.items() if isinstance(values, Mapping) else values
    flat = []
    for key, value in pairs:
        several = isinstance(value, Iterable) and not isinstance(value, (str, bytes))
        flat += [(key, each) for each in (value if several else [value]) if each is not None]
    return urlencode(flat)


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def _quoted(text: str) -> str:
    return quote(_LONE_PERCENT.sub("%25", text), safe=_SAFE)


def _part(text: Any) -> str:
    return quote(_LONE_PERCENT.sub("%25", str(text)), safe="%,:/~@!$'()*;?")


def _joined(value: Any) -> Any:
    several = isinstance(value, Iterable) and not isinstance(value, (str, bytes))
    return ",".join(map(str, value)) if several else value
