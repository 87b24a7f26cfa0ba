"""Pins: one version of a package and no other, written into its line and taken out of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from inventree_plugins.errors import PluginsFileError
from inventree_plugins.models import Declaration
from inventree_plugins.requirements.declared import requires_hashes
from inventree_plugins.requirements.edit import Applies, lines_of
from inventree_plugins.requirements.entry import Entry
from inventree_plugins.requirements.options import split_options
from inventree_plugins.requirements.plugins_file import PluginsFile
from inventree_plugins.requirements.splice import Splice, splice

__all__ = ["is_pinned", "pin", "unpin"]

_HEAD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\s*\[[^\]]*\])?", re.ASCII)
_CLAUSES = re.compile(r"\s*(?:\(?\s*[<>=!~].*)?", re.DOTALL)
_EXACT = re.compile(r"===?")


def pin(file: PluginsFile, name: str, version: str, *, applies: Applies | None = None) -> str:
    """Return the text in which the lines of the package ask for one version.

    Extras, marker, comment and options stay. A line that names a place, and a package without a line, are
    left as they are; so are lines that do not apply. Raises PluginsFileError where pip wants hashes.
    """

    def pinned(declaration: Declaration, written: str) -> str:
        asked = declaration.requirement
        is_same = asked is not None and asked.specifier == f"=={version}"
        return written if is_same else f"=={version}"

    return _with_clauses(file, lines_of(file, name, applies=applies), pinned)


def unpin(file: PluginsFile, name: str, *, applies: Applies | None = None) -> str:
    """Return the text in which no line of the package asks for one version; other bounds stay.

    A bound such as `==1.*` is no pin. Raises PluginsFileError where pip wants hashes.
    """

    def unpinned(_: Declaration, written: str) -> str:
        clauses = written.strip().removeprefix("(").removesuffix(")").split(",")
        kept = [clause.strip() for clause in clauses if not _is_exact(clause.strip())]
        return written if len(kept) == len(clauses) else ",".join(kept)

    return _with_clauses(file, lines_of(file, name, applies=applies), unpinned)


def is_pinned(declaration: Declaration) -> bool:
    """Tell whether a declaration allows one version only; a URL or path is no pin."""
    asked = declaration.requirement
    return asked is not None and any(_is_exact(str(clause)) for clause in asked.specifier)


def _is_exact(clause: str) -> bool:
    return _EXACT.match(clause) is not None and not clause.endswith(".*")


def _with_clauses(
    file: PluginsFile,
    lines: Iterable[tuple[Entry, Declaration]],
    change: Callable[[Declaration, str], str],
) -> str:
    """Return the text with the version part of each line changed, where that is what it names."""
    splices = []
    for entry, declaration in lines:
        requirement = declaration.requirement
        if requirement is not None and not requirement.url and not declaration.editable:
            splices += _changes(entry, declaration, change)
    if splices and requires_hashes(file):
        raise PluginsFileError(
            f"`{file.path}` has hashes, so pip wants one for every line, and another version has another one",
            hint="change the line by hand, with `--hash=sha256:…`, then `invplug install`",
            path=file.path,
        )
    return splice(file.text, splices)


def _changes(
    entry: Entry, declaration: Declaration, change: Callable[[Declaration, str], str]
) -> list[Splice]:
    head = split_options(entry.line.content)[0].partition(";")[0].rstrip()
    name = _HEAD.match(head)
    if name is None or _CLAUSES.fullmatch(head, name.end()) is None:
        return _rewritten(entry, declaration, change)
    written = head[name.end() :]
    new = change(declaration, written)
    return [] if new == written else [(*entry.line.span(name.end(), len(head)), new)]


def _rewritten(
    entry: Entry, declaration: Declaration, change: Callable[[Declaration, str], str]
) -> list[Splice]:
    """Write a requirement anew in which a variable hides where its version stands."""
    requirement = declaration.requirement
    if requirement is None:
        return []
    written = str(requirement.specifier)
    new = change(declaration, written)
    if new == written:
        return []
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    length = len(split_options(entry.line.content)[0].rstrip())
    return [(*entry.line.span(0, length), f"{requirement.name}{extras}{new}{marker}")]
