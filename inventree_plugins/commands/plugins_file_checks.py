"""The gates of plugins.txt: pip can read it, and no line of it contradicts or repeats another one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from inventree_plugins.commands.command_lines import command_line
from inventree_plugins.commands.diagnosis import Check, Diagnosis
from inventree_plugins.commands.plugins_file_damage import applies_here, damage_of, is_mended_by_doctor
from inventree_plugins.errors import InvplugError
from inventree_plugins.models import Declaration
from inventree_plugins.requirements import PluginsFile, declarations, read_plugins_file

if TYPE_CHECKING:  # only doctor pays for it
    from inventree_plugins.requirements import Damage

__all__ = ["plugins_file", "plugins_file_damage"]

FIX = "invplug doctor --fix"
WORST_FIRST = ("contradiction", "glued-lines", "repetition", "stray-options", "left-line")
# With one of these, pip installs nothing at all.
FATAL = frozenset({"contradiction", "glued-lines"})


def plugins_file(diagnosis: Diagnosis) -> Check:
    """Check whether pip can read plugins.txt."""
    code, path = "plugins-file", diagnosis.context.instance.plugins_file.value
    try:
        file = read_plugins_file(path)
    except InvplugError as error:
        return Check(code, "failed", error.message, error.hint, path=error.path, line=error.line)
    try:
        declared = declarations(file)
    except InvplugError as error:
        mended = (each for each in damage_of(diagnosis, file) if is_mended_by_doctor(each))
        is_mended = error.path == path and any(error.line in each.lines for each in mended)
        command = FIX if is_mended else None
        return Check(code, "failed", error.message, error.hint, command, path=error.path, line=error.line)
    if not path.exists():
        return Check(code, "ok", f"there is no `{path}` yet")
    return Check(code, "ok", f"`{path}` can be read: {len(declared)} requirement{'s' * (len(declared) != 1)}")


def plugins_file_damage(diagnosis: Diagnosis) -> Check:
    """Check for what an editor leaves in plugins.txt that does not know its format, such as the server's."""
    code, path = "plugins-file-damage", diagnosis.context.instance.plugins_file.value
    try:
        file = read_plugins_file(path)
    except InvplugError:
        return Check(code, "skipped", "not judged without a plugins.txt to read")
    found = damage_of(diagnosis, file)
    if not found:
        return _across_files(diagnosis, file)
    worst = min(found, key=lambda damage: WORST_FIRST.index(damage.code))
    status: Literal["failed", "warning"] = "failed" if worst.code in FATAL else "warning"
    message = f"`{path}`: {'; '.join(damage.message for damage in found)}"
    command = FIX if any(map(is_mended_by_doctor, found)) else None
    hints = "; ".join(
        dict.fromkeys(_hint(damage) for damage in sorted(found, key=lambda each: each != worst))
    )
    return Check(code, status, message, hints, command, path=path, line=worst.lines[-1])


def _hint(damage: Damage) -> str:
    lines = " or ".join(f"line {number}" for number in damage.lines)
    if damage.code == "contradiction":
        return f"remove {lines}: pip installs nothing at all before"
    if damage.code == "glued-lines":
        return f"begin each requirement of {lines} on a line of its own: pip refuses them, or drops one"
    if damage.code == "left-line":
        install, uninstall = command_line("install"), command_line("uninstall", damage.package or "")
        return (
            "InvenTree leaves such a line when it uninstalls, and a new one looks the same:"
            f" `{uninstall}` takes it out, `{install}` installs it"
        )
    return f"remove {lines}"


def _across_files(diagnosis: Diagnosis, file: PluginsFile) -> Check:
    """Judge what the file and its includes say of one package: each for itself is in order."""
    from inventree_plugins.requirements import contradict  # noqa: PLC0415 - imports packaging

    code, path = "plugins-file-damage", file.path
    for first, second in _declared_twice(diagnosis, file):
        places = f"line {first.line} of `{first.path}` or line {second.line} of `{second.path}`"
        if contradict(first, second):
            message = f"`{path}` contradicts what it includes: `{first.text}` and `{second.text}`"
            hint = f"remove {places}: pip installs nothing at all before"
            return Check(code, "failed", message, hint, path=second.path, line=second.line)
        message = (
            f"`{path}` and what it includes declare `{first.name}` twice: `{first.text}` and `{second.text}`"
        )
        return Check(code, "warning", message, f"remove {places}", path=second.path, line=second.line)
    return Check(code, "ok", "no line of it contradicts or repeats another one")


def _declared_twice(diagnosis: Diagnosis, file: PluginsFile) -> list[tuple[Declaration, Declaration]]:
    """Return pairs of lines for one package in two files; the worst first."""
    try:
        declared = [each for each in declarations(file) if applies_here(diagnosis, each)]
    except InvplugError:
        return []
    from inventree_plugins.requirements import contradict  # noqa: PLC0415 - imports packaging

    return sorted(_pairs(declared), key=lambda pair: not contradict(*pair))


def _pairs(declared: Iterable[Declaration]) -> Iterator[tuple[Declaration, Declaration]]:
    groups: dict[str, list[Declaration]] = {}
    for each in declared:
        groups.setdefault(each.name or "", []).append(each)
    groups.pop("", None)
    for group in groups.values():
        for first, second in combinations(group, 2):
            if first.path != second.path and first.text != second.text:
                yield first, second
