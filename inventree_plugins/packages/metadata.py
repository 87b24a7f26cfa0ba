"""The headers of a distribution's METADATA, read as far as the blank line that ends them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

from inventree_plugins.core_metadata import Headers, first, license_of, parse_headers, website_of
from inventree_plugins.models import Distribution, DistributionMetadata

__all__ = ["headers", "read_metadata"]

_SECTION = re.compile(r"\[(?P<extra>[^:\]]*)(?::(?P<marker>[^\]]*))?\]")


def read_metadata(distribution: Distribution) -> DistributionMetadata:
    """Read what plugins fall back to (SPEC §2); a field that is absent or UNKNOWN is None."""
    found = headers(distribution.info)
    return DistributionMetadata(
        summary=first(found, "summary"),
        author=first(found, "author"),
        author_email=first(found, "author-email"),
        website=website_of(found),
        license=license_of(found),
        requires_dist=tuple(found.get("requires-dist", ())) or _egg_requires(distribution.info),
    )


def headers(info: Path) -> Headers:
    """Read the headers of a `.dist-info` or `.egg-info`, by lower-case name; unreadable means none.

    For a checkout, `info` is the file that names the project.
    """
    if info.suffix in {".toml", ".cfg", ".py"}:
        from inventree_plugins.packages.project_files import read_project_file  # noqa: PLC0415 - rare

        return {name: list(values) for name, values in read_project_file(info).headers.items()}
    for path in _metadata_files(info):
        found = _read(path)
        if found is not None:
            return found
    return {}


def _read(path: Path) -> Headers | None:
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return parse_headers(lines)
    except NotADirectoryError:
        text = _read_zipped(path)
        return None if text is None else parse_headers(io.StringIO(text, newline=None))
    except OSError:
        return None


def _read_zipped(path: Path) -> str | None:
    if path.parent.parent.is_dir():
        return None  # distutils wrote the `.egg-info` itself as one file
    from inventree_plugins.packages.archives import read_inside  # noqa: PLC0415 - zip files are rare

    try:
        return read_inside(str(path)).decode("utf-8", "replace")
    except OSError:
        return None


def _metadata_files(info: Path) -> tuple[Path, ...]:
    if info.suffix == ".dist-info":
        return (info / "METADATA",)
    return (info / "PKG-INFO", info)


def _egg_requires(info: Path) -> tuple[str, ...]:
    """Read setuptools' `requires.txt`, the only list that older `.egg-info` folders have."""
    if info.suffix == ".dist-info":
        return ()
    path = info / "requires.txt"
    try:
        text: str | None = path.read_text(encoding="utf-8", errors="replace")
    except NotADirectoryError:
        text = _read_zipped(path)
    except OSError:
        return ()
    return tuple(_requirements(text or ""))


def _requirements(text: str) -> Iterator[str]:
    suffix = ""
    for line in (raw.strip() for raw in text.splitlines()):
        section = _SECTION.fullmatch(line)
        if section:
            extra, marker = section["extra"], section["marker"]
            conditions = [f"({marker})"] if marker else []
            if extra:
                conditions.append(f'extra == "{extra}"')
            suffix = f" ; {' and '.join(conditions)}" if conditions else ""
        elif line:
            yield f"{line}{suffix}"
