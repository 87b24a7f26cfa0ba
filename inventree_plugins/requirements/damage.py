"""What an editor that knows no requirements format leaves in plugins.txt, and how it is mended.

InvenTree's own editor compares the start of each line with what it is asked to write. So it appends a second
line where only the version differs or the name is spelled otherwise, cuts the first line off a continuation,
and finds no line without `=`, `@` or a blank behind the name when it uninstalls. Its older releases, and many
a script, append to a file whose last line has no end.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from inventree_plugins.requirements.edit import Applies
from inventree_plugins.requirements.entry import Entry, readable_entries
from inventree_plugins.requirements.glued import Cut, split_glued
from inventree_plugins.requirements.lines import LogicalLine
from inventree_plugins.requirements.plugins_file import PluginsFile
from inventree_plugins.requirements.rivals import Rival, Rivalry, rivalries
from inventree_plugins.requirements.splice import Splice, newline_of, retired, splice

__all__ = ["Damage", "find_damage", "mend"]

NOTHING: Mapping[str, str] = MappingProxyType({})
# These say something of the requirement on their line.
_OF_REQUIREMENTS = {"--config-settings", "--global-option", "--hash", "--install-option"}
# Behind the name, the server's editor looks for one of these when it takes a line out.
_FOUND_BY_EDITOR = re.compile(r"[\s=@]")


@dataclass(frozen=True, slots=True)
class Damage:
    """Lines that are not as a person would have written them.

    `package` is the normalised name, None where it cannot be told. `splices` mend it; without any, somebody
    has to decide.
    """

    code: Literal["contradiction", "repetition", "glued-lines", "stray-options", "left-line"]
    message: str
    lines: tuple[int, ...]
    package: str | None = None
    splices: tuple[Splice, ...] = ()


def find_damage(
    file: PluginsFile,
    *,
    installed: Mapping[str, str] = NOTHING,
    known: Collection[str] = (),
    uninstalled: Collection[str] = (),
    applies: Applies | None = None,
) -> tuple[Damage, ...]:
    """List what is damaged in the file itself, in its order; lines that pip refuses do not hinder it.

    `installed` maps normalised names to versions; `known` are names of packages that exist, and `uninstalled`
    those that the caller takes for uninstalled. Only lines that apply are compared with each other.
    """
    found = readable_entries(file)
    entries = [entry for _, entry in found if entry is not None]
    declared = [Rival(entry, entry.declaration) for entry in entries if entry.declaration is not None]
    names = {*known, *installed, *(each.declaration.name for each in declared if each.declaration.name)}
    compared = [each for each in declared if applies is None or applies(each.declaration)]
    hashed = any(each.has_hash for each in declared)
    disputed = [
        _of_rivalry(each) for each in rivalries(file.text, compared, installed=installed, hashed=hashed)
    ]
    gone = set(uninstalled) - {damage.package for damage in disputed}
    damages = (
        *disputed,
        *_glued(file, found, names),
        *_stray_options(file, entries),
        *_left_lines(file, [each for each in compared if each.declaration.name in gone]),
    )
    return tuple(sorted(damages, key=lambda damage: damage.lines))


def mend(file: PluginsFile, damages: Iterable[Damage]) -> str:
    """Return the text with what can be mended of the damages, which must be those of this text."""
    return splice(file.text, {each for damage in damages for each in damage.splices})


def _of_rivalry(rivalry: Rivalry) -> Damage:
    texts = _listed(f"`{rival.declaration.text}`" for rival in rivalry.rivals)
    numbers = tuple(rival.entry.line.first for rival in rivalry.rivals)
    what = "contradict each other" if rivalry.is_contradiction else "declare one package"
    return Damage(
        "contradiction" if rivalry.is_contradiction else "repetition",
        f"lines {_listed(map(str, numbers))} {what}: {texts}",
        numbers,
        rivalry.rivals[0].declaration.name,
        rivalry.splices,
    )


def _glued(
    file: PluginsFile, found: Iterable[tuple[LogicalLine, Entry | None]], known: Collection[str]
) -> Iterator[Damage]:
    for line, entry in found:
        if entry is None or _is_taken_for_more(entry):
            cuts = split_glued(line, known=known)
            if cuts is not None:
                yield _glue(file, line, cuts)


def _is_taken_for_more(entry: Entry) -> bool:
    """Tell whether pip reads a line that may be glued: as options, a path, or any version after `===`."""
    declared, line = entry.declaration, entry.line
    if entry.options:
        return line.last > line.first
    if declared is None or declared.editable:
        return False
    return declared.requirement is None or "===" in line.content


def _glue(file: PluginsFile, line: LogicalLine, cuts: tuple[Cut, ...]) -> Damage:
    if not cuts:
        message = f"line {line.first} looks like several requirements: `{line.content}`"
        return Damage("glued-lines", message, (line.first,))
    newline = newline_of(file.text)
    begins, ends = (0, *(cut.start for cut in cuts)), (*(cut.stop for cut in cuts), len(line.content))
    parts = _listed(f"`{line.content[begin:end]}`" for begin, end in zip(begins, ends, strict=True))
    return Damage(
        "glued-lines",
        f"line {line.first} is several requirements without a line end between them: {parts}",
        (line.first,),
        splices=tuple((line.span(0, cut.stop)[1], line.starts[cut.start], newline) for cut in cuts),
    )


def _stray_options(file: PluginsFile, entries: Iterable[Entry]) -> Iterator[Damage]:
    for entry in entries:
        line, names = entry.line, {option.name for option in entry.options}
        if entry.declaration is None and names and names <= _OF_REQUIREMENTS:
            message = f"line {line.first} has options of no requirement: `{line.content}`"
            yield Damage("stray-options", message, (line.first,), splices=(retired(file.text, line),))


def _left_lines(file: PluginsFile, declared: Iterable[Rival]) -> Iterator[Damage]:
    for entry, declaration in declared:
        line = entry.line
        physical = file.text[line.outer_start : line.outer_end].splitlines()[0].strip()
        name = re.match(r"[A-Za-z0-9._-]+", physical)
        if name is None or declaration.editable or _FOUND_BY_EDITOR.match(physical, name.end()):
            continue
        message = f"line {line.first} may be left of a plugin that was uninstalled: `{declaration.text}`"
        splices = (retired(file.text, line),)
        yield Damage("left-line", message, (line.first,), declaration.name, splices)


def _listed(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
