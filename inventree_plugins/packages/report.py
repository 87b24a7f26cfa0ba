"""pip's report of what a run resolved to (its installation report, version 1)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inventree_plugins.errors import InstallError
from inventree_plugins.models import Declaration
from inventree_plugins.packages.installer import ResolvedPackage
from inventree_plugins.packages.names import normalize
from inventree_plugins.packages.provenance import parse_direct_url
from inventree_plugins.packages.satisfaction import comes_from

__all__ = ["read_report"]


def read_report(path: Path, declarations: Sequence[Declaration]) -> tuple[ResolvedPackage, ...]:
    """Read the report; pip writes none when it had nothing to resolve. Raises InstallError.

    `declarations` are what was asked for: a package that comes from a URL or path is best described by them.
    """
    try:
        data = json.loads(path.read_bytes())
        return tuple(_package(item, declarations) for item in data["install"])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InstallError("pip's report of its plan cannot be read", detail=str(error)) from error


def _package(item: dict[str, Any], declarations: Sequence[Declaration]) -> ResolvedPackage:
    metadata, source = item["metadata"], item["download_info"]
    name, version = metadata["name"], metadata["version"]
    archive = source.get("archive_info", {})
    hashes = archive.get("hashes") or {}
    direct = bool(item.get("is_direct"))
    return ResolvedPackage(
        name=name,
        version=version,
        requested=item["requested"],
        line=_direct_line(name, source, declarations) if direct else f"{name}=={version}",
        requires=tuple(metadata.get("requires_dist", ())),
        hashes=() if direct else tuple(f"{kind}:{digest}" for kind, digest in sorted(hashes.items())),
        url=source["url"],
        source=parse_direct_url(source) if direct else None,
        python=metadata.get("requires_python"),
    )


def _direct_line(name: str, source: dict[str, Any], declarations: Sequence[Declaration]) -> str:
    """Return the line that brings a package from its URL: as it was written, else as pip reports it."""
    url = parse_direct_url(source)
    key = normalize(name)
    for declared in declarations:
        is_it = declared.name == key if declared.name else url is not None and comes_from(declared, url)
        if is_it:
            return f"-e {declared.text}" if declared.editable else declared.text
    location = source["url"]
    if "vcs_info" in source:
        vcs = source["vcs_info"]
        location = f"{vcs['vcs']}+{location}@{vcs.get('requested_revision') or vcs['commit_id']}"
    if source.get("subdirectory"):
        location += f"#subdirectory={source['subdirectory']}"
    return f"{name} @ {location}"
