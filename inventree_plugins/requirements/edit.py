"""Changes to plugins.txt, spliced into its text: no byte moves that a change does not name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from inventree_plugins.errors import PluginsFileError, RequirementError
from inventree_plugins.models import Declaration
from inventree_plugins.requirements.declared import declarations
from inventree_plugins.requirements.entry import Entry, entries
from inventree_plugins.requirements.lines import BOM, LogicalLine
from inventree_plugins.requirements.options import split_options
from inventree_plugins.requirements.plugins_file import PluginsFile

__all__ = ["add", "remove"]

# Where to cut, where to go on, and what to put between.
_Splice = tuple[int, int, str]


def add(file: PluginsFile, requirement_texts: Sequence[str]) -> str:
    """Return the text with each requirement declared once.

    A line of the same package changes in place when the new text says something it does not, keeping its
    comment; further lines of that package which contradict the new text go. Anything else is appended.
    Raises RequirementError for a text that is none, and PluginsFileError when an include declares the
    package differently.
    """
    for text in requirement_texts:
        file = PluginsFile(file.path, _add_one(file, text), exists=True)
    return file.text


def remove(file: PluginsFile, name: str) -> str:
    """Return the text without any line of the package `name`; comments on lines of their own stay.

    Raises PluginsFileError when an included file declares the package too: one edit changes one file.
    """
    key = canonicalize_name(name)
    included = _included(file, key)
    if included is not None:
        raise _elsewhere(included, name)
    return _splice(file.text, [_removal(entry.line) for entry in _lines_of(file, key)])


def _add_one(file: PluginsFile, text: str) -> str:
    new = _parse(file, text)
    standing = _lines_of(file, new.name) if new.name else _same_text(file, new)
    if not standing:
        included = _included(file, new.name) if new.name else None
        if included is None:
            return _append(file.text, text.strip())
        if _is_said(new, included):
            return file.text
        raise _elsewhere(included, str(new.name))
    declared = [entry.declaration for entry in standing if entry.declaration is not None]
    if _is_bare(new) or (len(standing) == 1 and _is_said(new, declared[0])):
        return file.text
    keep = next((index for index, old in enumerate(declared) if _is_said(new, old)), None)
    splices = []
    for index, (entry, old) in enumerate(zip(standing, declared, strict=True)):
        if index == keep or not _competes(new, old):
            continue
        if keep is None:
            keep = index
            splices.append(_replacement(entry.line, _with_pin(new, old, text.strip())))
        else:
            splices.append(_removal(entry.line))
    changed = _splice(file.text, splices)
    return changed if keep is not None else _append(changed, text.strip())


def _parse(file: PluginsFile, text: str) -> Declaration:
    hint = "for example `name`, `name==1.0` or `name @ https://…`"
    if len(text.strip().splitlines()) != 1:
        raise RequirementError(f"`{text}` is not one requirement", hint=hint)
    try:
        found = entries(PluginsFile(file.path, text, exists=True))
    except PluginsFileError as error:
        reason = str(error.__cause__ or error)
        raise RequirementError(f"`{text}` is not a requirement: {reason}", hint=error.hint) from error
    if len(found) != 1 or found[0].declaration is None:
        raise RequirementError(f"`{text}` is not a requirement", hint=hint)
    return found[0].declaration


def _lines_of(file: PluginsFile, key: str | None) -> list[Entry]:
    return [entry for entry in entries(file) if entry.declaration and entry.declaration.name == key]


def _same_text(file: PluginsFile, new: Declaration) -> list[Entry]:
    return [entry for entry in entries(file) if entry.declaration and _is_said(new, entry.declaration)]


def _included(file: PluginsFile, key: str | None) -> Declaration | None:
    own = _resolved(file.path)
    return next((old for old in declarations(file) if old.name == key and _resolved(old.path) != own), None)


def _resolved(path: Path) -> Path:
    return path.resolve()


def _is_bare(new: Declaration) -> bool:
    requirement = new.requirement
    return (
        requirement is not None
        and not new.editable
        and not (requirement.specifier or requirement.url or requirement.extras or requirement.marker)
    )


def _is_said(new: Declaration, old: Declaration) -> bool:
    """Tell whether `old` already says all that `new` asks for."""
    if new.editable != old.editable:
        return False
    if _is_bare(new) and new.name == old.name:
        return True
    if new.requirement is None or old.requirement is None:
        return new.text == old.text
    asked, standing = new.requirement, old.requirement
    if asked.extras and not (asked.specifier or asked.url or asked.marker):
        return asked.extras <= standing.extras
    return _comparable(asked) == _comparable(standing)


def _comparable(requirement: Requirement) -> tuple[object, ...]:
    return (
        frozenset(canonicalize_name(extra) for extra in requirement.extras),
        requirement.specifier,
        requirement.url,
        str(requirement.marker or ""),
    )


def _competes(new: Declaration, old: Declaration) -> bool:
    """Tell whether both lines would apply at once; two different markers are taken for two environments."""
    new_marker = new.requirement.marker if new.requirement else None
    old_marker = old.requirement.marker if old.requirement else None
    return new_marker is None or old_marker is None or str(new_marker) == str(old_marker)


def _with_pin(new: Declaration, old: Declaration, text: str) -> str:
    """Keep the old line's version and marker when the new text only asks for more extras."""
    asked, standing = new.requirement, old.requirement
    if asked is None or standing is None or new.editable or standing.url:
        return text
    if asked.specifier or asked.url or asked.marker or not asked.extras:
        return text
    extras = ",".join(sorted(asked.extras | standing.extras))
    marker = f" ; {standing.marker}" if standing.marker else ""
    return f"{asked.name}[{extras}]{standing.specifier}{marker}"


def _replacement(line: LogicalLine, text: str) -> _Splice:
    """Put `text` for the line's requirement; hashes of the old one go, since they cannot fit the new one."""
    requirement, options = split_options(line.content)
    stays = requirement.strip() and options and "--hash" not in options
    length = len(requirement.rstrip()) if stays else len(line.content)
    return line.starts[0], line.starts[length - 1] + 1, text


def _removal(line: LogicalLine) -> _Splice:
    return line.outer_start, line.outer_end, ""


def _splice(text: str, splices: Iterable[_Splice]) -> str:
    for start, end, new in sorted(splices, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _append(text: str, line: str) -> str:
    newline = _newline(text)
    body = text.removeprefix(BOM)
    last = body.splitlines(keepends=True)[-1] if body else ""
    content = last.splitlines()[0] if last else ""
    before = newline if content == last and last else ""
    if content.endswith("\\") and not content.lstrip().startswith("#"):
        before += newline  # an open continuation would swallow the new line
    return f"{text}{before}{line}{newline}"


def _newline(text: str) -> str:
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def _elsewhere(included: Declaration, name: str) -> PluginsFileError:
    return PluginsFileError(
        f"`{name}` is declared in the included file `{included.path}` line {included.line}",
        path=included.path,
        line=included.line,
        hint="edit that file, or name it with `--plugins-file`",
    )
