"""The boxed form in which newer pips fail: a code, a line with a cross, and `╰─>` why."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Box", "last_box"]

_BOX = re.compile(
    "^error: (?P<code>[a-z]+(?:-[a-z]+)+)\n\n\u00d7 (?P<message>.+)\n"
    "(?:(?:│.*\n)*╰─> (?P<why>.+(?:\n    .+)*))?",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Box:
    """pip's own code for a failure, with its sentence and its reason."""

    code: str
    message: str
    why: str


def last_box(text: str) -> Box | None:
    """Return the last box of the output: the one that ended the run."""
    found = list(_BOX.finditer(text))
    if not found:
        return None
    why = " ".join((found[-1]["why"] or "").split())
    return Box(found[-1]["code"], found[-1]["message"].strip(), why)
