"""A folder in which an installer sees what the target has, and can do no harm.

uv unpacks below a prefix, and takes for installed what lies there. So the folder gets an entry for each of
the target's distributions: what it is and needs, but none of its files. What uv then puts in is what the
target lacks, and an entry that uv takes away is one that the new packages replace.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from inventree_plugins.models import Distribution
from inventree_plugins.packages.metadata import read_metadata

__all__ = ["plant", "uproot"]

_MARK = "invplug"
_COPIED = ("METADATA", "WHEEL", "direct_url.json")


def plant(site: Path, distributions: Iterable[Distribution]) -> None:
    """Make an entry for each distribution in the folder `site`, which is or becomes a site directory."""
    site.mkdir(parents=True, exist_ok=True)
    for distribution in distributions:
        name = distribution.key.replace("-", "_")
        info = site / f"{name}-{distribution.version}.dist-info"
        info.mkdir()
        names = [each for each in _COPIED if _copy(distribution.info / each, info / each)]
        if "METADATA" not in names:
            (info / "METADATA").write_text(_metadata(distribution), encoding="utf-8")
            names.append("METADATA")
        (info / _MARK).touch()
        # What the entry lists is all that an installer may take away for it.
        listed = "".join(f"{info.name}/{each},,\n" for each in (*names, _MARK, "RECORD"))
        (info / "RECORD").write_text(listed, encoding="utf-8")


def uproot(site: Path) -> None:
    """Take away the entries that are left, and what is left of others."""
    for info in site.glob("*.dist-info"):
        if (info / _MARK).exists() or not (info / "METADATA").exists():
            shutil.rmtree(info)
    with suppress(OSError):  # something is in it, as it should
        site.rmdir()


def _copy(source: Path, copy: Path) -> bool:
    """Copy what is a file: where a link would do, a program that follows it could still reach the target."""
    try:
        copy.write_bytes(source.read_bytes())
    except OSError:
        return False
    return True


def _metadata(distribution: Distribution) -> str:
    """Return the metadata of what has none in the standard form, such as an `.egg-info`."""
    headers = [("Metadata-Version", "2.1"), ("Name", distribution.name), ("Version", distribution.version)]
    headers += [("Requires-Dist", text) for text in read_metadata(distribution).requires_dist]
    return "".join(f"{name}: {value}\n" for name, value in headers)
