"""Editors that do not know the format of plugins.txt, as the server has had them."""

from __future__ import annotations

import re


def crude_edit(text: str, wanted: str, *, remove: bool = False) -> str:
    """Edit by comparing the beginnings of lines, as servers do: what is wanted is a pattern to them."""
    lines, is_found = [], False
    for line in text.splitlines(keepends=True):
        is_comment = line.strip().startswith("#")
        is_its = not is_comment and re.match(rf"{wanted}[\s=@]", line.strip()) is not None
        is_found = is_found or is_its
        if not is_its:
            lines.append(line)
        elif not remove:
            lines.append(wanted)
    if not (is_found or remove):
        lines.append(wanted)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def append(text: str, wanted: str) -> str:
    """Append a line, whatever the end of the text, as older servers and `>>` do."""
    return f"{text}{wanted}\n"
