"""Changes to plugins.txt, spliced into its text: no byte moves that a change does not name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from inventree_plugins.errors import PluginsFileError, RequirementError
from inventree_plugins.models import Declaration
from inventree_plugins.requirements.declared import declarations
from inventree_plugins.requirements.entry import Entry, entries
from inventree_plugins.requirements.joining import joined
from inventree_plugins.requirements.lines import LogicalLine
from inventree_plugins.requirements.options import split_options
from inventree_plugins.requirements.plugins_file import PluginsFile
from inventree_plugins.requirements.splice import Splice, append, fold, removal, splice

__all__ = ["Applies", "add", "lines_of", "remove"]

# Whether a declaration holds for the target, by its marker.
Applies = Callable[[Declaration], bool]


def add(file: PluginsFile, requirement_texts: Sequence[str], *, applies: Applies | None = None) -> str:
    """Return the text with each requirement declared once.

    A line of the same package changes in place when the new text says something it does not, keeping its
    comment, and its extras where the new text names none; further lines of that package which contradict the
    new text go. Anything else is appended.

    With `applies`, only the lines that hold for the target count as the package's: others, for other
    environments, stay as they are, and what replaces a line keeps its marker.

    Raises RequirementError for a text that is none, and PluginsFileError when an include declares the
    package differently, or a variable hides what of a line must stay.
    """
    for text in requirement_texts:
        file = PluginsFile(file.path, _add_one(file, text.strip(), applies), exists=True)
    return file.text


def remove(file: PluginsFile, name: str) -> str:
    """Return the text without any line of the package `name`; comments on lines of their own stay.

    Raises PluginsFileError when an included file declares the package too: one edit changes one file.
    """
    key = canonicalize_name(name)
    included = _included(file, key, None)
    if included is not None:
        raise elsewhere(included, name)
    return splice(file.text, [removal(entry.line) for entry, _ in lines_of(file, key)])


def lines_of(
    file: PluginsFile, name: str, *, applies: Applies | None = None
) -> list[tuple[Entry, Declaration]]:
    """Return the lines of this file, not of its includes, that declare the package and apply."""
    key = canonicalize_name(name)
    return [
        (entry, entry.declaration)
        for entry in entries(file)
        if entry.declaration
        and entry.declaration.name == key
        and (applies is None or applies(entry.declaration))
    ]


def _add_one(file: PluginsFile, text: str, applies: Applies | None) -> str:
    new = _parse(file, text)
    for_target = applies is not None
    standing = lines_of(file, new.name, applies=applies) if new.name else _same_text(file, new)
    if not standing:
        included = _included(file, new.name, applies) if new.name else None
        if included is None:
            return append(file.text, text)
        if _is_said(new, included, for_target=for_target):
            return file.text
        raise elsewhere(included, str(new.name))
    if _is_bare(new):
        return file.text
    said = [entry for entry, old in standing if _is_said(new, old, for_target=for_target)]
    competing = [(entry, old) for entry, old in standing if for_target or _competes(new, old)]
    if said:
        kept, gone = said[0], [entry for entry, _ in competing if entry is not said[0]]
        return splice(file.text, fold(file.text, [entry.line for entry in gone], kept=kept.line))
    if not competing:
        return append(file.text, text)
    (kept, old), *others = competing
    text = joined(new, old, text, for_target=for_target)
    folded = fold(file.text, [entry.line for entry, _ in others], kept=kept.line)
    return splice(file.text, [_replacement(kept.line, text), *folded])


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


def _same_text(file: PluginsFile, new: Declaration) -> list[tuple[Entry, Declaration]]:
    return [
        (entry, entry.declaration)
        for entry in entries(file)
        if entry.declaration and _is_said(new, entry.declaration)
    ]


def _included(file: PluginsFile, key: str | None, applies: Applies | None) -> Declaration | None:
    own = _resolved(file.path)
    found = (old for old in declarations(file) if old.name == key and _resolved(old.path) != own)
    return next((old for old in found if applies is None or applies(old)), None)


def _resolved(path: Path) -> Path:
    return path.resolve()


def _is_bare(new: Declaration) -> bool:
    requirement = new.requirement
    return (
        requirement is not None
        and not new.editable
        and not (requirement.specifier or requirement.url or requirement.extras or requirement.marker)
    )


def _is_said(new: Declaration, old: Declaration, *, for_target: bool = False) -> bool:
    """Tell whether `old` already says all that `new` asks for, in general or for the target."""
    if new.editable != old.editable:
        return False
    if _is_bare(new) and new.name == old.name:
        return True
    if new.requirement is None or old.requirement is None:
        return new.text == old.text
    asked, standing = new.requirement, old.requirement
    if asked.extras and not (asked.specifier or asked.url or asked.marker):
        return asked.extras <= standing.extras
    if asked.extras and _extras(asked) != _extras(standing):
        return False
    any_marker = for_target and asked.marker is None
    is_same = (asked.specifier, asked.url) == (standing.specifier, standing.url)
    return is_same and (any_marker or _same_marker(asked, standing))


def _extras(requirement: Requirement) -> frozenset[str]:
    return frozenset(canonicalize_name(extra) for extra in requirement.extras)


def _same_marker(one: Requirement, other: Requirement) -> bool:
    return str(one.marker or "") == str(other.marker or "")


def _competes(new: Declaration, old: Declaration) -> bool:
    """Tell whether both lines would apply at once; two different markers are taken for two environments."""
    new_marker = new.requirement.marker if new.requirement else None
    old_marker = old.requirement.marker if old.requirement else None
    return new_marker is None or old_marker is None or str(new_marker) == str(old_marker)


def _replacement(line: LogicalLine, text: str) -> Splice:
    """Put `text` for the line's requirement; hashes of the old one go, since they cannot fit the new one."""
    requirement, options = split_options(line.content)
    stays = requirement.strip() and options and "--hash" not in options
    length = len(requirement.rstrip()) if stays else len(line.content)
    return (*line.span(0, length), text)


def elsewhere(included: Declaration, name: str) -> PluginsFileError:
    """Return the error of an edit that another file needs: one edit changes one file."""
    return PluginsFileError(
        f"`{name}` is declared in the included file `{included.path}` line {included.line}",
        path=included.path,
        line=included.line,
        hint="edit that file, or name it with `--plugins-file`",
    )
