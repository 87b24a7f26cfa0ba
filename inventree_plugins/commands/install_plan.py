"""What an installation is to bring about, compared with what there is; nothing is started."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inventree_plugins.commands.applying import Installed
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.host import pinned
from inventree_plugins.commands.indexes import NO_SOURCES, remember, source_lines
from inventree_plugins.errors import PluginsFileError
from inventree_plugins.models import Declaration, Problem
from inventree_plugins.packages import InstallRequest, applying, installed_distributions, unmet
from inventree_plugins.requirements import (
    PluginsFile,
    Sources,
    constraints,
    declarations,
    option_lines,
    read_plugins_file,
    remote_includes,
    requirement_lines,
)

if TYPE_CHECKING:
    from inventree_plugins.commands.locked import LockedPart

__all__ = ["Plan", "lines_of", "make_plan", "request_for", "unmet_now", "without"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for, what of it is missing, and how plugins.txt reads afterwards.

    `arguments` are the requirements as the command line has them, none for all of plugins.txt. `excluded` are
    requirements whose markers rule the target out; `others` are met and were not asked for; `unread` are
    includes that only the installer can read; `sources` are the command line's own indexes; `dropped` are
    lines that were given up; `locked` is what a lock says of it, and `offline` forbids connections.
    """

    file: PluginsFile
    wanted: tuple[Declaration, ...]
    missing: tuple[Declaration, ...]
    excluded: tuple[Declaration, ...]
    others: tuple[Declaration, ...]
    new_text: str
    recorded: tuple[str, ...]
    arguments: tuple[tuple[str, Declaration], ...]
    unread: tuple[str, ...]
    sources: Sources = NO_SOURCES
    problems: tuple[Problem, ...] = ()
    dropped: tuple[Declaration, ...] = ()
    locked: LockedPart | None = None
    offline: bool = False

    @property
    def needs_installer(self) -> bool:
        """Tell whether anything is missing, or may be."""
        if self.locked is not None:
            return bool(self.locked.missing)
        return bool(self.missing or self.unread)

    @property
    def satisfied(self) -> tuple[str, ...]:
        """Return the requirements that need nothing."""
        needy = {*self.missing, *self.excluded}
        return tuple(item.text for item in self.wanted if item not in needy)

    @property
    def changes_file(self) -> bool:
        """Tell whether plugins.txt reads otherwise afterwards."""
        return self.new_text != self.file.text


def make_plan(context: Context, requirements: tuple[str, ...], sources: Sources = NO_SOURCES) -> Plan:
    """Compare what is asked for with what is installed, before anything is started.

    Raises PluginsFileError, RequirementError, and UsageError for a source that is none.
    """
    file = read_plugins_file(context.instance.plugins_file.value)
    declared = declarations(file)
    if requirements:
        from inventree_plugins.commands.install_arguments import recorded_arguments  # noqa: PLC0415 - slow

        arguments, recorded, new_text = recorded_arguments(context, file, requirements)
        wanted = tuple({item.name or item.text: item for _, item in arguments}.values())
    else:
        wanted, arguments, recorded, new_text = declared, (), (), file.text
        if not file.exists:
            raise PluginsFileError(
                f"there is no `{file.path}`",
                hint="`invplug install PACKAGE` creates it; `--plugins-file FILE` names another one",
                path=file.path,
            )
    new_text, problems = remember(file, new_text, sources)
    applicable = applying(wanted, context.interpreter)
    missing = unmet_now(context, file, applicable)
    asked = {item.name for item in wanted}
    rest = (
        *(item for item in declared if item.name not in asked),
        *_undeclared(context, file, declared, asked),
    )
    broken = unmet_now(context, file, rest)
    return Plan(
        file=file,
        wanted=wanted,
        missing=missing,
        excluded=tuple(item for item in wanted if item not in applicable),
        others=tuple(item for item in rest if item not in broken),
        new_text=new_text,
        recorded=recorded,
        arguments=arguments,
        unread=() if requirements else remote_includes(file),
        sources=sources,
        problems=problems,
    )


def _undeclared(
    context: Context, file: PluginsFile, declared: tuple[Declaration, ...], asked: Collection[str | None]
) -> Iterator[Declaration]:
    """Return what stands for plugins that are installed though plugins.txt has no line of them."""
    known = {item.name for item in declared} | set(asked)
    for each in installed_distributions(context.interpreter.import_path):
        if each.entry_points and each.key not in known:
            yield Declaration(each.name, file.path, 0, each.key, each.key)


def without(context: Context, plan: Plan, declared: Declaration) -> Plan:
    """Return the plan without one of its requirements, which stays in plugins.txt where it stands there."""
    if plan.arguments:
        texts = tuple(text for text, item in plan.arguments if item != declared)
        if not texts:
            plan = replace(plan, new_text=plan.file.text, recorded=(), arguments=())
            return replace(plan, wanted=(), missing=(), dropped=(*plan.dropped, declared))
        return replace(
            make_plan(context, texts, plan.sources),
            dropped=(*plan.dropped, declared),
            locked=plan.locked,
            offline=plan.offline,
        )
    return replace(
        plan,
        wanted=tuple(item for item in plan.wanted if item != declared),
        missing=tuple(item for item in plan.missing if item != declared),
        dropped=(*plan.dropped, declared),
    )


def lines_of(plan: Plan) -> tuple[tuple[Declaration, str], ...]:
    """Return what the installer is to be given of the plan: each requirement with its line."""
    if plan.arguments:
        return tuple((item, _installer_line(item)) for item in plan.wanted)
    dropped = {(item.path, item.line) for item in plan.dropped}
    every = requirement_lines(plan.file)
    return tuple((item, line) for item, line in every if (item.path, item.line) not in dropped)


def request_for(plan: Plan, installed: Installed, *, allow_host_changes: bool = False) -> InstallRequest:
    """Say to an installer what the plan is to bring, what must stay, and what the messages should name.

    With requirements of the command line, what plugins.txt has besides, and what is met, has to stay met.
    """
    whole_file = not plan.arguments and not plan.dropped
    lines = () if whole_file else tuple(line for _, line in lines_of(plan))
    held = tuple(_held(plan.others, installed))
    includes = () if whole_file or plan.arguments else tuple(f"-r {url}" for url in plan.unread)
    host, sources = installed.host, source_lines(plan.sources)
    directory = plan.file.path.absolute().parent
    return InstallRequest(
        requirements_file=plan.file.path if whole_file else None,
        requirements=(*sources.lines, *includes, *lines, *held),
        options=(*option_lines(plan.file), *sources.lines),
        secrets=sources.secrets,
        constraints=() if allow_host_changes else host.constraints,
        host={} if allow_host_changes else host.versions,
        # pip resolves the relative paths of a requirements file against where it runs.
        directory=directory if directory.is_dir() else None,
        declarations=(*plan.wanted, *plan.others),
    )


def _held(others: tuple[Declaration, ...], installed: Installed) -> Iterator[str]:
    for item in others:
        distribution = installed.find(item.name) if item.name else None
        if distribution is not None and item.requirement is not None and item.requirement.url is None:
            extras = ",".join(sorted(item.requirement.extras))
            yield pinned(distribution, extras=extras)


def _installer_line(declaration: Declaration) -> str:
    if declaration.editable and not declaration.text.startswith("-e"):
        return f"-e {declaration.text}"
    return declaration.text


def unmet_now(
    context: Context, file: PluginsFile, wanted: tuple[Declaration, ...]
) -> tuple[Declaration, ...]:
    """Return those of `wanted` that the target interpreter does not satisfy at this moment."""
    if not wanted:
        return ()
    distributions = installed_distributions(context.interpreter.import_path)
    return unmet(wanted, distributions, context.interpreter, constraints=constraints(file))
