"""What a line keeps of its old requirement when a new one takes its place, without writing a variable out."""

from __future__ import annotations

import re

from packaging.requirements import Requirement

from inventree_plugins.errors import PluginsFileError
from inventree_plugins.models import Declaration

__all__ = ["joined"]

_VARIABLE = "${"
_NAMED = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:\s*\[[^\]$]*\])?(?=\s*(?:[<>=!~(;@]|$))",
    re.ASCII,
)
_BRACKETS = re.compile(r"\[([^\]$]*)\]")


def joined(new: Declaration, old: Declaration, text: str, *, for_target: bool) -> str:
    """Return `text`, which says what is new, with what the old line says and it does not mean to change.

    That is the version and the marker when only more extras are asked for; the extras when it names none; and
    the marker of a line that was chosen because it holds for the target. Raises PluginsFileError where a
    variable of the old line hides what must stay: its value may be a secret, or another one elsewhere.
    """
    asked, standing = new.requirement, old.requirement
    if asked is None or standing is None or new.editable:
        return text
    if asked.extras and not (asked.specifier or asked.url or asked.marker or standing.url):
        return _with_more_extras(asked, standing, old)
    if standing.extras and not asked.extras:
        text = _with_extras(new, text, _extras_of(standing, old))
    if for_target and standing.marker and not asked.marker:
        text = f"{text} ; {_marker_of(standing, old)}"
    return text


def _with_more_extras(asked: Requirement, standing: Requirement, old: Declaration) -> str:
    extras = ",".join(sorted(asked.extras | standing.extras))
    if _VARIABLE not in old.text:
        marker = f" ; {standing.marker}" if standing.marker else ""
        return f"{asked.name}[{extras}]{standing.specifier}{marker}"
    named = _NAMED.match(old.text)
    if named is None:
        raise _hidden(old)
    return f"{named['name']}[{extras}]{old.text[named.end() :]}"


def _with_extras(new: Declaration, text: str, extras: str) -> str:
    named = _NAMED.match(text)
    if named is None:  # a URL that tells the name
        return f"{new.name}[{extras}] @ {text}"
    return f"{named['name']}[{extras}]{text[named.end() :]}"


def _extras_of(standing: Requirement, old: Declaration) -> str:
    written = {extra.strip() for found in _BRACKETS.findall(old.text) for extra in found.split(",")}
    if not standing.extras <= written:
        raise _hidden(old)
    return ",".join(sorted(standing.extras))


def _marker_of(standing: Requirement, old: Declaration) -> str:
    if _VARIABLE not in old.text:
        return str(standing.marker)
    written = old.text.partition(";")[2].strip()
    if not written:
        raise _hidden(old)
    return written if _VARIABLE in written else str(standing.marker)


def _hidden(old: Declaration) -> PluginsFileError:
    return PluginsFileError(
        f"`{old.path}` line {old.line}: a variable in `{old.text}` hides what of the line must stay",
        hint="change the line by hand",
        path=old.path,
        line=old.line,
    )
