"""What a lock depends on: the lines of plugins.txt and its includes, in a form that compares.

Comments, order and spelling do not count, and no credentials are in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from inventree_plugins.models import Declaration
from inventree_plugins.packages import normalize
from inventree_plugins.requirements import Entry, PluginsFile, constraints, without_password
from inventree_plugins.requirements.declared import walk

__all__ = ["Difference", "Input", "compare_inputs", "inputs_of", "requirement_text"]

REQUIREMENTS, CONSTRAINTS, OPTIONS = "requirements", "constraints", "options"
# Of a requirements file as a whole; other options do not change what a resolution finds.
_DECISIVE = frozenset(
    {
        "--all-releases",
        "--constraint",
        "--extra-index-url",
        "--find-links",
        "--index-url",
        "--no-binary",
        "--no-index",
        "--only-binary",
        "--only-final",
        "--pre",
        "--prefer-binary",
        "--requirement",
    }
)
_URL = re.compile(r"\S+://\S+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Input(NamedTuple):
    """A line that counts; `kind` is `requirements`, `constraints` or `options`."""

    kind: str
    text: str
    path: Path
    line: int


class Difference(NamedTuple):
    """What is otherwise than when a lock was made.

    `kind` is `added`, `removed` or `changed` of a line, `python` of the target, or `missing` without a lock.
    `text` is how it is now and `was` how it was, each None where there is nothing.
    """

    kind: str
    text: str | None = None
    was: str | None = None
    path: Path | None = None
    line: int | None = None

    def __str__(self) -> str:
        """Say it in words."""
        place = f"{self.path.name} line {self.line}: " if self.path and self.line else ""
        if self.kind == "missing":
            return f"there is no `{self.path}`"
        if self.kind == "python":
            return f"the lock is for {self.was}, the target is {self.text}"
        if self.kind == "changed":
            return f"{place}changed to `{self.text}` from `{self.was}`"
        if self.kind == "added":
            return f"{place}added `{self.text}`"
        return f"removed `{self.was}`"


def inputs_of(file: PluginsFile) -> tuple[Input, ...]:
    """List what counts of a requirements file, includes followed. Raises PluginsFileError."""
    found = [*_lines(file), *(_constraint(each) for each in constraints(file))]
    unique = {(each.kind, each.text): each for each in reversed(found)}
    return tuple(sorted(unique.values(), key=lambda each: (each.kind, each.text)))


def requirement_text(declaration: Declaration) -> str:
    """Return a requirement in one spelling; variables and places stay as they are written."""
    requirement = declaration.requirement
    if requirement is None or requirement.url or "${" in declaration.text:
        text = " ".join(_URL.sub(lambda url: without_password(url[0]), declaration.text).split())
        return f"-e {text}" if declaration.editable else text
    extras = f"[{','.join(sorted(map(normalize, requirement.extras)))}]" if requirement.extras else ""
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    return f"{normalize(requirement.name)}{extras}{requirement.specifier}{marker}"


def compare_inputs(old: Iterable[tuple[str, str]], new: Iterable[Input]) -> tuple[Difference, ...]:
    """Say which lines are new, gone or changed; `old` are pairs of kind and text."""
    now = {(each.kind, each.text): each for each in new}
    gone = dict.fromkeys(each for each in old if each not in now)
    fresh = [each for key, each in now.items() if key not in set(old)]
    found = []
    for each in fresh:
        before = next((key for key in gone if _is_about_same(key, each)), None)
        if before is not None:
            del gone[before]
        kind = "added" if before is None else "changed"
        found.append(Difference(kind, each.text, before[1] if before else None, each.path, each.line))
    found += [Difference("removed", was=text) for _, text in gone]
    return tuple(found)


def _is_about_same(old: tuple[str, str], new: Input) -> bool:
    return old[0] == new.kind and _head(*old) == _head(new.kind, new.text)


def _head(kind: str, text: str) -> str:
    """Return the package that a line is about, or the option."""
    name = None if kind == OPTIONS else _NAME.match(text)
    return name[0] if name else text.split(" ", maxsplit=1)[0]


def _lines(file: PluginsFile) -> Iterator[Input]:
    for source, entry in walk(file):
        if entry.declaration is not None:
            text = " ".join([requirement_text(entry.declaration), *sorted(_own_options(entry))])
            yield Input(REQUIREMENTS, text, source.path, entry.line.first)
            continue
        for name, text in _options(entry):
            if name in _DECISIVE and not _is_local_constraint(name, text):
                yield Input(OPTIONS, text, source.path, entry.line.first)


def _constraint(declaration: Declaration) -> Input:
    return Input(CONSTRAINTS, requirement_text(declaration), declaration.path, declaration.line)


def _own_options(entry: Entry) -> Iterator[str]:
    """Yield the options that belong to a requirement, such as its hashes."""
    return (text for name, text in _options(entry) if name != "--editable")


def _options(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield the names of a line's options, with each as it is written, variables and all."""
    if len(entry.options) != len(entry.written):
        # A variable holds whole options: the line stands for all of them.
        yield from ((option.name, entry.line.content) for option in entry.options)
        return
    for option in entry.written:
        if option.value is None:
            yield option.name, option.name
        else:
            yield option.name, f"{option.name} {_URL.sub(lambda url: without_password(url[0]), option.value)}"


def _is_local_constraint(name: str, text: str) -> bool:
    """Tell whether an option names a file whose lines count instead."""
    return name == "--constraint" and ("://" not in text or "file:" in text)
