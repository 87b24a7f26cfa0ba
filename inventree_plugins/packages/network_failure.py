"""Failures to fetch: an index or a file that does not answer, or answers with a refusal."""

from __future__ import annotations

import re

from inventree_plugins.packages.box import last_box
from inventree_plugins.packages.verdict import Verdict

__all__ = ["http_failure", "is_offline", "network_failure", "unreachable"]

_HTTP = re.compile(r"HTTP error (?P<status>\d+)[^\n]* (?:while getting|for url:?) (?P<url>\S+)")
_NO_CONNECTION = re.compile(
    r"Max retries exceeded|connection broken by|Could not fetch URL|NewConnectionError|NameResolutionError"
    r"|ConnectTimeout|ReadTimeoutError|SSLError|CERTIFICATE_VERIFY_FAILED|ProxyError"
)
_CODES = frozenset(
    {
        "connection-failed",
        "connection-timeout",
        "incomplete-download",
        "proxy-connection-failed",
        "ssl-missing",
        "ssl-verification-failed",
    }
)
_HOST = re.compile(r"host='([^']+)'|https?://([^/\s:'\"]+)")
_ONE_INDEX = re.compile(r"^Looking in indexes: [^,\s]+$", re.MULTILINE)
_HINT = "check the network, the proxy and the index URL, then run the command again"


def network_failure(text: str) -> Verdict | None:
    """Recognise a file that could not be fetched for want of a connection."""
    collecting = re.findall(r"^Collecting ([^\s@]+)", text, re.MULTILINE)
    names = tuple(collecting[-1:])
    box = last_box(text)
    if box is not None and box.code in _CODES:
        message = f"{box.message[:1].lower()}{box.message[1:]}: {box.why}".rstrip(": ")
        return Verdict("install-network", message, names, f"{box.message}\n{box.why}", _HINT)
    if not re.search(r"^ERROR: ", text, re.MULTILINE) or not is_offline(text):
        return None
    return unreachable(text, names=names, what="a package could not be fetched")


def is_offline(text: str) -> bool:
    """Tell whether the output speaks of a connection that failed."""
    return _NO_CONNECTION.search(text) is not None


def unreachable(text: str, *, names: tuple[str, ...], what: str) -> Verdict:
    """Say that `what` happened because a host cannot be reached, naming it."""
    line = next((line.strip() for line in text.splitlines() if is_offline(line)), "")
    # pip before 25 leaves the host out; when it searched one index only, that was it.
    index = _ONE_INDEX.search(text)
    host = _HOST.search(line) or (_HOST.search(index[0]) if index else None)
    where = f"`{host[1] or host[2]}`" if host else "the package index"
    return Verdict("install-network", f"{what}: {where} cannot be reached", names, line, _HINT)


def http_failure(text: str) -> Verdict | None:
    """Recognise a URL that its server does not have, or does not give."""
    match = _HTTP.search(text)
    if match is None:
        return None
    url = match["url"]
    names = tuple(re.findall(rf"^Collecting (\S+?)\s*@\s*{re.escape(url)}", text, re.MULTILINE))
    if match["status"] in {"404", "410"}:
        return Verdict("install-not-found", f"`{url}` does not exist", names, match[0], "check the URL")
    message = f"`{url}` answered with HTTP status {match['status']}"
    return Verdict(
        "install-network", message, names, match[0], "check the credentials and the server's state"
    )
