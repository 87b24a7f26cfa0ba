"""Which packages go when some are uninstalled: those, and the dependencies that only they brought."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from inventree_plugins.commands.applying import Installed, PlannedPackage
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.host import find_host
from inventree_plugins.commands.survey import Survey
from inventree_plugins.errors import InstallError
from inventree_plugins.models import Distribution, Problem
from inventree_plugins.packages import (
    has_record,
    installer_of,
    is_within,
    needed_by_others,
    orphaned_by,
)

__all__ = ["Departure", "find_departure"]

# What other installers brought is theirs to take away, unless somebody names it.
INSTALLERS = frozenset({"pip", "uv"})


@dataclass(frozen=True, slots=True)
class Departure:
    """The packages that go: `named` ones, and `dependencies` of theirs that nothing else needs.

    `plan` tells the same, with reasons. `problems` are named packages that stay, since something needs them.
    """

    installed: Installed
    named: tuple[Distribution, ...] = ()
    dependencies: tuple[Distribution, ...] = ()
    plan: tuple[PlannedPackage, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def distributions(self) -> tuple[Distribution, ...]:
        """Return all that goes."""
        return (*self.named, *self.dependencies)


def find_departure(
    context: Context,
    survey: Survey,
    keys: Iterable[str],
    *,
    plugins: Collection[str],
    keep_dependencies: bool,
) -> Departure:
    """Tell what goes of the target's packages with those named by `keys`, normalised names.

    `plugins` are those of all packages that bring plugins, or that rows say so of. Any other package that
    something needs stays where it is. Raises InstallError for a plugin's package that another one needs, and
    for one that is not the target's own.
    """
    host = find_host(context, survey.distributions, survey.declared)
    every: dict[str, Distribution] = {each.key: each for each in survey.distributions}
    ground = _Ground(context, survey, Installed(survey.distributions, host), every)
    going = [key for key in keys if key in ground.every]
    kept: list[str] = []
    while True:
        orphans = () if keep_dependencies else ground.orphans(going)
        needed = ground.needed(going, leaving={*going, *orphans})
        stay = [
            key
            for key in going
            if key not in plugins and (needed[key] or key not in ground.installed.host.brought)
        ]
        if not stay:
            break
        # What stays needs packages in its turn.
        kept += stay
        going = [key for key in going if key not in stay]
    ground.refuse_needed(needed)
    ground.refuse_foreign(going)
    reasons = ground.needed(kept, leaving={*going, *orphans})
    return Departure(
        ground.installed,
        named=tuple(ground.every[key] for key in going),
        dependencies=tuple(ground.every[key] for key in orphans),
        plan=tuple(ground.plan(going, orphans)),
        problems=tuple(ground.kept(key, who) for key, who in reasons.items()),
    )


@dataclass(frozen=True, slots=True)
class _Ground:
    """What there is, `every` by normalised name, and who needs what of it."""

    context: Context
    survey: Survey
    installed: Installed
    every: dict[str, Distribution]

    @property
    def _asked(self) -> list[str]:
        return [each.pep508 for each in self.survey.declared if each.pep508]

    def orphans(self, going: Collection[str]) -> tuple[str, ...]:
        """Return the dependencies that nothing needs any more when `going` are gone, sorted."""
        declared = {each.name for each in self.survey.declared}
        brought = {
            each.key
            for each in self.survey.distributions
            if each.key in self.installed.host.brought - declared and self._is_removable(each)
        }
        interpreter = self.context.interpreter
        return tuple(sorted(orphaned_by(going, self.survey.distributions, interpreter, brought=brought)))

    def _is_removable(self, distribution: Distribution) -> bool:
        """Tell whether a package may go unasked: it is the target's own, and no other tool looks after it."""
        return (
            has_record(distribution)
            and installer_of(distribution) in INSTALLERS
            and is_within(distribution, self.context.interpreter)
            and os.access(distribution.location, os.W_OK)
        )

    def needed(self, names: Iterable[str], *, leaving: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Return for each name who stays and needs it."""
        distributions, interpreter = self.survey.distributions, self.context.interpreter
        return dict(needed_by_others(names, distributions, interpreter, leaving=leaving, asked=self._asked))

    def refuse_needed(self, needed: dict[str, tuple[str, ...]]) -> None:
        """Raise InstallError for a plugin's package that another one needs."""
        for key, who in needed.items():
            if who:
                name = self.every[key].name
                raise InstallError(
                    f"`{name}` cannot be removed: {self._names(who)} would not work without it",
                    code="package-needed",
                    hint=f"remove {self._names(who)} too, in the same command or before",
                    names=(key,),
                )

    def refuse_foreign(self, going: Iterable[str]) -> None:
        """Raise InstallError for a package that the target only sees; of others than wheels pip knows."""
        for key in going:
            distribution = self.every[key]
            if has_record(distribution) and not is_within(distribution, self.context.interpreter):
                raise InstallError(
                    f"`{distribution.name}` cannot be removed: it lies outside the target interpreter's"
                    f" environment, in `{distribution.location}`",
                    hint="remove it with the tool that installed it",
                    names=(key,),
                )

    def kept(self, key: str, who: tuple[str, ...]) -> Problem:
        """Say why a named package stays."""
        reason = "it is the server's own"
        if who:
            reason = f"{self._names(who)} {'needs' if len(who) == 1 else 'need'} it"
        return Problem(
            "kept-package",
            f"`{self.every[key].name}` stays installed: {reason}",
        )

    def plan(self, going: Iterable[str], orphans: Collection[str]) -> Iterator[PlannedPackage]:
        """Yield what happens to each package, and why."""
        for key in going:
            named = self.every[key]
            yield PlannedPackage(named.name, named.version, None, ("asked for",), requested=True)
        if not orphans:
            return
        needed = self.needed(orphans, leaving=self.every.keys() - {*going, *orphans})
        for key in orphans:
            who = self._names(needed[key])
            why = f"only {who} needed it" if who else "nothing else needs it"
            yield PlannedPackage(self.every[key].name, self.every[key].version, None, (why,))

    def _names(self, keys: Iterable[str]) -> str:
        return " and ".join(f"`{self.every[key].name}`" for key in keys)
