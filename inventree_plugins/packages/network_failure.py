"""Failures to fetch: an index or a file that does not answer, or answers with a refusal."""

from __future__ import annotations

import re
from typing import NamedTuple

from inventree_plugins.packages.box import last_box
from inventree_plugins.packages.chains import last_collected, name_of
from inventree_plugins.packages.verdict import Evidence, Verdict

__all__ = ["complaint", "fetch_failure", "lookup_failure"]


class _Trouble(NamedTuple):
    """What a server did, with `{host}` and `{number}` to fill in, and what one may do about it."""

    pattern: re.Pattern[str]
    what: str
    hint: str


_CREDENTIALS = (
    "give user and password in `~/.netrc`, or as `${USER}:${PASSWORD}@` in the URL, with the values in the"
    " environment"
)
_NETWORK = "check the network, the proxy and the index URL, then run the command again"
# The first that fits counts: pip wraps what happened in the words of the last.
_TROUBLES = (
    _Trouble(
        re.compile(r"HTTP error (?P<number>40[13])|(?<!\d)(?P<same>40[13]) Client Error"),
        "{host} answered with HTTP status {number}",
        _CREDENTIALS,
    ),
    _Trouble(
        re.compile(
            r"HTTP error (?P<number>\d{3})|(?<!\d)(?P<same>\d{3}) (?:Client|Server) Error"
            r"|too many (?P<again>\d{3}) error responses"
        ),
        "{host} answered with HTTP status {number}",
        "the fault is the server's: run the command again later, or tell who runs the index",
    ),
    _Trouble(
        re.compile(r"The repository located at (?P<host>\S+) is not a trusted or secure host"),
        "{host} is to be asked by `http:`, which anybody on the way could answer",
        "give a URL with `https:`, or `--trusted-host HOST` in plugins.txt if the way is safe",
    ),
    _Trouble(
        re.compile(r"CERTIFICATE_VERIFY_FAILED|certificate verify failed"),
        "the certificate of {host} is not trusted",
        "name the file with its authority's certificate in `PIP_CERT`, and check the clock",
    ),
    _Trouble(
        re.compile(r"ProxyError|proxy-connection-failed|Cannot connect to proxy|proxy connection error"),
        "the proxy on the way to {host} cannot be reached, or refuses",
        "check `HTTPS_PROXY` and `HTTP_PROXY`, then run the command again",
    ),
    _Trouble(
        re.compile(r"ReadTimeout|ConnectTimeout|[Tt]imed out|didn't respond within|connection-timeout"),
        "{host} did not answer in time",
        _NETWORK,
    ),
    _Trouble(
        re.compile(r"not enough bytes were received"),
        "{host} sent only a part of the file",
        "run the command again; if it stays so, look at the proxy, or tell who runs the index",
    ),
    _Trouble(
        re.compile(
            r"RemoteDisconnected|Connection (?:aborted|broken|reset)|IncompleteRead"
            r"|closed without a reply"
        ),
        "{host} broke off the connection",
        _NETWORK,
    ),
    _Trouble(
        re.compile(
            r"Max retries exceeded|connection broken by|NewConnectionError|NameResolutionError|SSLError"
            r"|connection-failed|ssl-missing|[Cc]onnection error|problem confirming the ssl certificate"
        ),
        "{host} cannot be reached",
        _NETWORK,
    ),
)
_BOXES = frozenset(
    {
        "connection-failed",
        "connection-timeout",
        "incomplete-download",
        "proxy-connection-failed",
        "ssl-missing",
        "ssl-verification-failed",
    }
)
# A file that an index has listed is followed by the page that did.
_NOT_THERE = re.compile(
    r"HTTP error (?:404|410) (?:while getting|Client Error: [^\n]*? for url:) (?P<url>\S+)"
    r"(?P<page> \(from http\S+\))?"
)
_GONE = re.compile(r"HTTP error \d{3} ")
_RETRY = re.compile(r"^WARNING: Retrying .*': (?P<path>\S+)$", re.MULTILINE)
_HOST = re.compile(r"host='([^']+)'|https?://(?:[^@/\s]+@)?([^/\s:'\"]+)")
_IGNORED = re.compile(r"^WARNING: The repository located at .*$", re.MULTILINE)
_FETCHED = re.compile(r"()while fetching https?://(?:[^@/\s]+@)?([^/\s:'\"]+)")
_INDEX = re.compile(r"^Looking in indexes: ([^,\s]+)$", re.MULTILINE)


def fetch_failure(evidence: Evidence) -> Verdict | None:
    """Recognise a file that could not be fetched."""
    text = evidence.text
    line = _said(text)
    names = last_collected(text)
    place = _place(names[0]) if names else None
    missing = _NOT_THERE.search(text)
    if missing and not missing["page"]:
        url = missing["url"].partition("#")[0]
        return Verdict("install-not-found", f"`{url}` does not exist", names, missing[0], "check the URL")
    trouble = _trouble(line, index=_index(text))
    if trouble is None:
        return None
    what, hint = trouble
    subject = f"`{place or name_of(names[0])}`" if names else "a package"
    return Verdict("install-network", f"{subject} could not be fetched: {what}", names, line, hint)


def lookup_failure(evidence: Evidence, names: tuple[str, ...], *, what: str, line: str) -> Verdict:
    """Say that `what` was in vain because of the trouble that `line` tells."""
    trouble = _trouble(line, index=_index(evidence.text))
    why, hint = trouble or ("the package index cannot be reached", _NETWORK)
    return Verdict("install-network", f"{what}: {why}", names, line, hint)


def complaint(text: str, name: str | None) -> str | None:
    """Return pip's last complaint about the index, or the connection, by which it asked for a package."""
    found = [match for match in _RETRY.finditer(text) if _page_name(match["path"]) == name]
    found = found or list(_IGNORED.finditer(text))
    return found[-1][0] if found else None


def _page_name(path: str) -> str | None:
    return name_of(path.partition("?")[0].strip("/").rpartition("/")[2])


def _said(text: str) -> str:
    """Return the words with which pip gave up."""
    box = last_box(text)
    if box is not None:
        return f"{box.code}: {box.message}\n{box.why}" if box.code in _BOXES else ""
    errors = re.findall(r"^\s*ERROR: .*$", text, re.MULTILINE)
    return next((each.strip() for each in errors if _GONE.search(each) or "OSError" in each), "")


def _trouble(line: str, *, index: str | None) -> tuple[str, str] | None:
    """Tell what a server did, and a hint."""
    for trouble in _TROUBLES:
        match = trouble.pattern.search(line)
        if match:
            said = next((each for each in match.groups() if each), "")
            found = _FETCHED.search(line) or _HOST.search(line)
            host = next((each for each in found.groups() if each), None) if found else None
            host = match.groupdict().get("host") or host
            shown = f"`{host or index}`" if host or index else "the package index"
            return trouble.what.format(host=shown, number=said), trouble.hint
    return None


def _index(text: str) -> str | None:
    """Return the host of the index where pip searched only one: some messages leave it out."""
    match = _INDEX.search(text)
    found = _HOST.search(match[1]) if match else None
    return found[2] if found else None


def _place(requirement: str) -> str | None:
    """Return the URL of a requirement that names one."""
    match = re.search(r"[a-z+]+://\S+", requirement)
    return match[0].partition("#")[0] if match else None
