"""Addresses of packages: which are the same, and what of one may be written down."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

__all__ = ["has_user_info", "is_url", "resembles_url", "same_place", "shown_url", "without_password"]

# A host must follow, but for files: what comes before an `@` behind a third slash is no user info.
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*://(?=[^/])|file:///)", re.IGNORECASE)
# A scheme with too few slashes or too many, or something that may be a password.
_ALMOST = re.compile(r"[a-z][a-z0-9+.-]*:/|.*:.*@", re.IGNORECASE | re.DOTALL)
_START = re.compile(r"(?P<scheme>[^:/?#]+)://(?P<authority>[^/?#]*)")
_VARIABLES = re.compile(r"(?:\$\{[A-Z0-9_]+\})+")
# What stands for a password where the user name is a token.
_NO_PASSWORDS = {"", "x-oauth-basic"}


class _Address(NamedTuple):
    """A URL in three parts, which together are all of it but the `@`; no user info is None."""

    scheme: str
    user_info: str | None
    rest: str


def is_url(text: str) -> bool:
    """Tell a URL from a path."""
    return _URL.match(text) is not None


def resembles_url(text: str) -> bool:
    """Tell whether text that is no URL may be meant as one, or hold a password."""
    return _ALMOST.match(text) is not None


def shown_url(text: str) -> str:
    """Return what may be shown of text that is meant as a URL; where it is none, nothing before its `@`."""
    if is_url(text):
        return without_password(text)
    before, _, rest = text.rpartition("@")
    return f"********@{rest}" if before else text


def has_user_info(url: str) -> bool:
    """Tell whether a URL names a user, or a variable that holds one."""
    return bool(_address(url).user_info)


def without_password(url: str) -> str:
    """Return the URL without its password, and without a user name that stands alone: it is a token.

    A variable such as `${NAME}` is no secret and stays.
    """
    scheme, user_info, rest = _address(url)
    if user_info is None:
        return url
    user, _, password = user_info.partition(":")
    if _VARIABLES.fullmatch(password):
        kept = f"{user}:{password}"
    elif password not in _NO_PASSWORDS or _VARIABLES.fullmatch(user) or scheme.endswith("ssh"):
        kept = user
    else:
        kept = ""
    return f"{scheme}://{kept}@{rest}" if kept else f"{scheme}://{rest}"


def same_place(one: str, other: str, *, directory: Path) -> bool:
    """Tell whether two values lead to one place, whoever asks there; paths count from `directory`."""
    return _place(one, directory) == _place(other, directory)


def _place(value: str, directory: Path) -> tuple[str, ...]:
    if not is_url(value) and not value.lower().startswith("file:"):
        return ("file", os.path.normpath(directory / value))
    parts = urlsplit(_without_user_info(value))
    if parts.scheme == "file":
        return ("file", os.path.normpath(unquote(parts.path)))
    return (parts.scheme, parts.netloc.lower(), parts.path.rstrip("/"), parts.query, parts.fragment)


def _without_user_info(url: str) -> str:
    scheme, user_info, rest = _address(url)
    return url if user_info is None else f"{scheme}://{rest}"


def _address(url: str) -> _Address:
    start = _START.match(url)
    if start is None:
        return _Address("", None, url)
    scheme, authority = start["scheme"], start["authority"]
    behind = url[start.end("scheme") + len("://") :]
    if "@" in authority:
        user_info, _, host = authority.rpartition("@")
        return _Address(scheme, user_info, host + behind[len(authority) :])
    _, colon, port = authority.partition(":")
    if colon and not port.isdigit() and not authority.startswith("[") and "@" in behind:
        # No port: a password that holds what its URL should have escaped.
        user_info, _, rest = behind.rpartition("@")
        return _Address(scheme, user_info, rest)
    return _Address(scheme, None, behind)
