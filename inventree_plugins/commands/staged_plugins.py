"""What the plugins of unpacked packages say of the server's version, before they are the server's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from inventree_plugins.commands.context import Context
from inventree_plugins.commands.gates import version_problem
from inventree_plugins.commands.survey import Survey, places_of
from inventree_plugins.models import Distribution, Plugin
from inventree_plugins.packages import staged_distributions

__all__ = ["Keyed", "Refusal", "knows_server", "refused"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A release that the server would not load, by its package's key, and why."""

    key: str
    version: str
    reason: str


class Keyed(Protocol):
    """Anything that has a package's normalised name."""

    @property
    def key(self) -> str:
        """Return the name."""


def knows_server(context: Context) -> bool:
    """Tell whether the server's version is known, so that what plugins ask for can be judged."""
    return context.instance.server_version.value is not None


def refused(context: Context, survey: Survey, tree: Path, packages: Iterable[Keyed]) -> tuple[Refusal, ...]:
    """Return which of the packages in a staged tree would take a plugin away from the server.

    That is one whose plugins the server all refuses by MIN_VERSION or MAX_VERSION, or refuses one of that it
    accepts as it is installed now. What only running a plugin could tell does not count.
    """
    distributions: dict[str, Distribution] = {each.key: each for each in staged_distributions(tree)}
    looked_at = {each.key for each in packages} & distributions.keys()
    if not looked_at:
        return ()
    accepted = {
        plugin.slug
        for plugin in survey.discovery.plugins
        if version_problem(plugin, _server(context)) is None
    }
    every = tuple(_plugins(context, survey, tree))
    found = []
    for key in sorted(looked_at):
        distribution = distributions[key]
        plugins = [each for each in every if each.distribution == distribution]
        problems = {each.slug: version_problem(each, _server(context)) for each in plugins}
        bad = {slug: problem for slug, problem in problems.items() if problem is not None}
        if bad and (len(bad) == len(problems) or accepted & bad.keys()):
            reason = next(problem.message for problem in bad.values())
            found.append(Refusal(key, distribution.version, reason))
    return tuple(found)


def _server(context: Context) -> str | None:
    return context.instance.server_version.value


def _plugins(context: Context, survey: Survey, tree: Path) -> Iterator[Plugin]:
    """Find the plugins of the staged packages; they may build on what is installed."""
    from inventree_plugins.discovery import discover  # noqa: PLC0415 - imports all of the search

    distributions = staged_distributions(tree)
    sites = tuple(dict.fromkeys(each.location for each in distributions))
    places = places_of(context, survey)._replace(
        directories=(),
        builtin=False,
        distributions=distributions,
        import_path=(*sites, *survey.interpreter.import_path),
    )
    for plugin in discover(places).plugins:
        yield plugin
        yield from plugin.shadowed
