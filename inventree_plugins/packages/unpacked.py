"""What an installer unpacked into a site directory of its own, told as a resolution."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from inventree_plugins.core_metadata import first
from inventree_plugins.models import Declaration, Distribution
from inventree_plugins.packages.installed import installed_distributions
from inventree_plugins.packages.installer import ResolvedPackage
from inventree_plugins.packages.metadata import headers
from inventree_plugins.packages.provenance import DirectUrl, direct_url, read_direct_url
from inventree_plugins.packages.satisfaction import comes_from

__all__ = ["is_meant", "read_unpacked"]


def read_unpacked(site: Path, declared: Sequence[Declaration]) -> tuple[ResolvedPackage, ...]:
    """List the packages in `site`; those that `declared` means were requested."""
    return tuple(_package(each, declared) for each in installed_distributions([site]))


def is_meant(declared: Declaration, distribution: Distribution) -> bool:
    """Tell whether a requirement asks for this very distribution, by its name or else by its place."""
    if declared.name is not None:
        return declared.name == distribution.key
    source = read_direct_url(distribution)
    return source is not None and comes_from(declared, source)


def _package(distribution: Distribution, declared: Sequence[Declaration]) -> ResolvedPackage:
    found = headers(distribution.info)
    name = first(found, "name") or distribution.name
    version = first(found, "version") or distribution.version
    source = read_direct_url(distribution)
    meant = [each for each in declared if is_meant(each, distribution)]
    line = (
        f"{name}=={version}" if source is None else _line(name, distribution, source=source, declared=meant)
    )
    return ResolvedPackage(
        name=name,
        version=version,
        requested=bool(meant),
        line=line,
        requires=tuple(found.get("requires-dist", ())),
        python=first(found, "requires-python"),
        source=source,
    )


def _line(
    name: str, distribution: Distribution, *, source: DirectUrl, declared: Sequence[Declaration]
) -> str:
    """Return the line that brings a package from its place: as it was written, else as it is recorded."""
    for each in declared:
        if each.editable:
            return f"-e {each.text}"
        if each.requirement is None or each.requirement.url:
            return each.text
    part = f"#subdirectory={source.subdirectory}" if source.subdirectory else ""
    return f"{name} @ {direct_url(distribution)}{part}"
