"""What an installation is to bring about, compared with what there is; nothing is started."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from inventree_plugins.commands.context import Context
from inventree_plugins.errors import PluginsFileError, RequirementError
from inventree_plugins.models import Declaration
from inventree_plugins.packages import applying, installed_distributions, unmet
from inventree_plugins.requirements import (
    PluginsFile,
    add,
    constraints,
    declarations,
    find_declaration,
    parse_requirement_argument,
    read_plugins_file,
    remote_includes,
    requires_hashes,
)

__all__ = ["Plan", "make_plan", "unmet_now"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for, what of it is missing, and how plugins.txt reads afterwards.

    `excluded` are requirements whose markers rule the target out; `others` are met and were not asked for;
    `unread` are includes that only the installer can read.
    """

    file: PluginsFile
    wanted: tuple[Declaration, ...]
    missing: tuple[Declaration, ...]
    excluded: tuple[Declaration, ...]
    others: tuple[Declaration, ...]
    new_text: str
    recorded: tuple[str, ...]
    asked_by_name: bool
    unread: tuple[str, ...]

    @property
    def needs_installer(self) -> bool:
        """Tell whether anything is missing, or may be."""
        return bool(self.missing or self.unread)


def make_plan(context: Context, requirements: tuple[str, ...]) -> Plan:
    """Compare what is asked for with what is installed, before anything is started."""
    file = read_plugins_file(context.instance.plugins_file.value)
    declared = declarations(file)
    if requirements:
        wanted, recorded, new_text = _named(file, requirements)
    else:
        wanted, recorded, new_text = declared, (), file.text
        if not file.exists:
            raise PluginsFileError(
                f"there is no `{file.path}`",
                hint="`invplug install PACKAGE` creates it; `--plugins-file FILE` names another one",
                path=file.path,
            )
    applicable = applying(wanted, context.interpreter)
    missing = unmet_now(context, file, applicable)
    asked = {item.name for item in wanted}
    rest = tuple(item for item in declared if item.name not in asked)
    broken = unmet_now(context, file, rest)
    return Plan(
        file=file,
        wanted=wanted,
        missing=missing,
        excluded=tuple(item for item in wanted if item not in applicable),
        others=tuple(item for item in rest if item not in broken),
        new_text=new_text,
        recorded=recorded,
        asked_by_name=bool(requirements),
        unread=() if requirements else remote_includes(file),
    )


def unmet_now(
    context: Context, file: PluginsFile, wanted: tuple[Declaration, ...]
) -> tuple[Declaration, ...]:
    """Return those of `wanted` that the target interpreter does not satisfy at this moment."""
    if not wanted:
        return ()
    distributions = installed_distributions(context.interpreter.import_path)
    return unmet(wanted, distributions, context.interpreter, constraints=constraints(file))


def _refuse_several_lines(file: PluginsFile, asked: Declaration) -> None:
    """Raise PluginsFileError where a package has a line for each environment: one cannot replace all."""
    lines = [item for item in declarations(file) if asked.name and item.name == asked.name]
    if len(lines) > 1 and any(item.requirement and item.requirement.marker for item in lines):
        raise PluginsFileError(
            f"`{file.path}` declares `{asked.name}` on several lines with markers",
            hint="change the line that is meant by hand, then `invplug install`",
            path=lines[0].path,
            line=lines[0].line,
        )


def _says_which(asked: Declaration) -> bool:
    """Tell whether the requirement names a version or a place, not only a package."""
    requirement = asked.requirement
    return requirement is None or bool(requirement.specifier or requirement.url)


def _named(file: PluginsFile, texts: Iterable[str]) -> tuple[tuple[Declaration, ...], tuple[str, ...], str]:
    """Return the requirements named on the command line, those to record, and the text that records them.

    A bare name stands for the line of plugins.txt that has it already, pin included.
    """
    wanted: dict[str, Declaration] = {}
    named: dict[str, str] = {}
    recorded = []
    current = file
    for text in texts:
        asked = parse_requirement_argument(text, cwd=Path.cwd())
        if asked.name and _says_which(asked):
            other = named.setdefault(asked.name, asked.text)
            if other != asked.text:
                raise RequirementError(f"`{other}` and `{asked.text}` cannot both be installed")
        new_text = add(current, [asked.text])
        if new_text != current.text:
            _refuse_several_lines(current, asked)
            recorded.append(asked.text)
            current = PluginsFile(file.path, new_text, exists=True)
        standing = find_declaration(current, asked.name) if asked.name else None
        if standing is not None and new_text != file.text:
            # As the file will read, extras and pins joined; but it does not stand there yet.
            standing = standing._replace(line=0)
        chosen = standing or asked
        wanted[chosen.name or chosen.text] = chosen
    if recorded and requires_hashes(file):
        raise PluginsFileError(
            f"`{file.path}` has hashes, so pip wants one for every line: `{recorded[0]}` has none",
            hint="add the line by hand, with `--hash=sha256:…`, then `invplug install`",
            path=file.path,
        )
    return tuple(wanted.values()), tuple(recorded), current.text
