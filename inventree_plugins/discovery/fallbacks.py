"""What stands in for what a plugin's class does not say: its distribution's word, then git's (SPEC §2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from inventree_plugins.discovery.folders import package_folder
from inventree_plugins.git_facts import GitFacts, last_commit
from inventree_plugins.models import Distribution, Source

__all__ = ["commit_of", "may_be_tracked", "words_of"]


def words_of(distribution: Distribution) -> Mapping[str, str | None]:
    """Return what METADATA tells of a plugin: description, author, website and license."""
    # Imported late: only plugins that lack a value need it.
    from inventree_plugins.packages import read_metadata  # noqa: PLC0415

    metadata = read_metadata(distribution)
    return {
        "description": metadata.summary,
        "author": metadata.author_email or metadata.author,
        "website": metadata.website,
        "license": metadata.license,
    }


def may_be_tracked(source: Source, distribution: Distribution | None, path: Path) -> bool:
    """Tell whether git may know the plugin: it is in a plugin directory, or in an editable checkout."""
    if distribution is None:
        return source is Source.DIRECTORY
    if {"site-packages", "dist-packages"} & set(path.parts):
        return False
    return distribution.info.suffix != ".dist-info" or not path.is_relative_to(distribution.location)


def commit_of(path: Path, *, directories: Iterable[Path]) -> GitFacts | None:
    """Return the last commit that touched the plugin's files: its package, or its one file."""
    return last_commit(package_folder(path, directories=directories) or path)
