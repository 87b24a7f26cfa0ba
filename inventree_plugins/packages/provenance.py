"""Where a distribution came from, when it came from a URL or a path (PEP 610)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inventree_plugins.models import Distribution

__all__ = ["DirectUrl", "direct_url", "parse_direct_url", "read_direct_url", "without_credentials"]

_CREDENTIALS = re.compile(r"://[^/@\s]+@")


@dataclass(frozen=True, slots=True)
class DirectUrl:
    """The contents of `direct_url.json`; `url` holds neither credentials nor revision.

    `vcs` is None for anything but a repository; `commit` is what was built, `revision` what was asked for.
    `folder` is a source tree on this machine, `hashes` are those of an archive, such as `sha256:…`.
    """

    url: str
    editable: bool = False
    vcs: str | None = None
    revision: str | None = None
    commit: str | None = None
    subdirectory: str | None = None
    folder: bool = False
    hashes: tuple[str, ...] = ()


def direct_url(distribution: Distribution) -> str | None:
    """Return the URL a distribution was installed from, fit to be installed again, or None."""
    found = read_direct_url(distribution)
    if found is None:
        return None
    if not found.vcs:
        return found.url
    return f"{found.vcs}+{found.url}" + (f"@{found.commit}" if found.commit else "")


def read_direct_url(distribution: Distribution) -> DirectUrl | None:
    """Read `direct_url.json`; None when there is none, or none that can be read."""
    try:
        data = json.loads(_read(distribution.info / "direct_url.json"))
    except (OSError, ValueError):
        return None
    return parse_direct_url(data) if isinstance(data, dict) else None


def parse_direct_url(data: dict[str, Any]) -> DirectUrl | None:
    """Read a mapping of that form, such as an installer's report has; None when it names no URL."""
    if not isinstance(data.get("url"), str):
        return None
    vcs = _table(data, "vcs_info")
    return DirectUrl(
        url=without_credentials(data["url"]),
        editable=_table(data, "dir_info").get("editable") is True,
        vcs=_text(vcs, "vcs"),
        revision=_text(vcs, "requested_revision"),
        commit=_text(vcs, "commit_id"),
        subdirectory=_text(data, "subdirectory"),
        folder=isinstance(data.get("dir_info"), dict),
        hashes=tuple(_hashes(_table(data, "archive_info"))),
    )


def _hashes(archive: dict[str, Any]) -> Iterator[str]:
    """Yield the hashes of an archive; older installers know of one only, under another key."""
    hashes = _table(archive, "hashes")
    for kind in sorted(hashes):
        yield f"{kind}:{hashes[kind]}"
    if not hashes and (only := _text(archive, "hash")):
        yield only.replace("=", ":", 1)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except NotADirectoryError:
        from inventree_plugins.packages.archives import read_inside  # noqa: PLC0415 - zip files are rare

        return read_inside(str(path))


def without_credentials(text: str) -> str:
    """Drop user and password from the URLs in `text`."""
    return _CREDENTIALS.sub("://", text)


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _text(data: dict[str, Any], key: str) -> str | None:
    value = data.get(key)
    return value if isinstance(value, str) and value else None
