"""Which releases fit the server: an installer chooses them, and what their plugins ask for is looked at."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inventree_plugins.commands.culprit import OF_THE_MACHINE, blamed
from inventree_plugins.commands.newest import Search, Wish
from inventree_plugins.commands.staged_plugins import Refusal, knows_server, refused
from inventree_plugins.commands.survey import Survey
from inventree_plugins.commands.upgradable import Upgradable
from inventree_plugins.errors import InstallError
from inventree_plugins.packages import InstallRequest, ResolvedPackage, normalize

__all__ = ["Choice", "Fitting"]


@dataclass(frozen=True, slots=True)
class Choice:
    """The version that was chosen for each package, by its key, and why there is none for some."""

    versions: dict[str, str | None] = field(default_factory=dict)
    failures: dict[str, InstallError] = field(default_factory=dict)


class Fitting:
    """Chooses releases for wishes and changes nothing; `every` are all packages that have to go together.

    Packages are unpacked in `folder` where the server's version is known, so that their plugins can be read.
    """

    def __init__(self, search: Search, survey: Survey, every: Sequence[Upgradable], folder: Path) -> None:
        self.search = search
        self.refusals: list[Refusal] = []
        self._survey = survey
        self._every = every
        self._folder = folder
        self._accepted: set[tuple[str, str]] = set()

    def others(self, moving: Sequence[Upgradable]) -> tuple[Upgradable, ...]:
        """Return the packages that stay while some may move."""
        return tuple(each for each in self._every if each not in moving)

    def choose(self, wishes: Sequence[Wish]) -> Choice:
        """Choose for all wishes together; those that nothing fulfils are left out.

        Raises InstallError where that would not help, as without a network.
        """
        choice = Choice()
        wishes = [wish.without(self.refusals) for wish in wishes]
        while wishes:
            try:
                chosen = self._fitting(wishes)
            except InstallError as error:
                if error.code in OF_THE_MACHINE:
                    raise
                culprit = blamed(error, [wish.package.declared for wish in wishes])
                failed = next((wish for wish in wishes if wish.package.declared == culprit), None)
                if failed is None and len(wishes) > 1:
                    return self._one_by_one(wishes, choice)
                failed = failed or wishes[0]
                choice.failures[failed.package.key] = error
                wishes = [wish for wish in wishes if wish is not failed]
                continue
            if chosen is not None:
                choice.versions.update(chosen)
                break
            wishes = [wish.without(self.refusals) for wish in wishes]
        return choice

    def _one_by_one(self, wishes: Sequence[Wish], choice: Choice) -> Choice:
        """Choose for each wish alone, so that one that spoils all of them is told from the others."""
        for wish in wishes:
            alone = self.choose([wish])
            choice.versions.update(alone.versions)
            choice.failures.update(alone.failures)
        return choice

    def _fitting(self, wishes: Sequence[Wish]) -> Mapping[str, str | None] | None:
        """Return the chosen versions, or None when the server would refuse some of them."""
        moving = [wish.package for wish in wishes]
        request = self.search.request(wishes, self.others(moving))
        installer, on_line = self.search.context.installer, self.search.context.on_output
        resolved = installer.resolve(request, on_line=on_line)
        chosen: dict[str, ResolvedPackage] = {normalize(each.name): each for each in resolved}
        found = self._refused(request, moving, [chosen[each.key] for each in moving if each.key in chosen])
        if found:
            self.refusals += found
            return None
        # What the installer does not put in stays as it is.
        return {
            each.key: chosen[each.key].version if each.key in chosen else each.installed for each in moving
        }

    def _refused(
        self, request: InstallRequest, moving: Sequence[Upgradable], packages: Sequence[ResolvedPackage]
    ) -> tuple[Refusal, ...]:
        """Unpack the releases that have not been looked at yet, and return those that the server refuses."""
        context = self.search.context
        new = [each for each in packages if (normalize(each.name), each.version) not in self._accepted]
        if not new or not knows_server(context):
            return ()
        # A run that failed may have left something, which must not be taken for the next one's.
        tree = Path(tempfile.mkdtemp(dir=self._folder))
        staged = context.installer.stage(request, new, tree, on_line=context.on_output)
        found = refused(context, self._survey, staged.tree, moving)
        bad = {(each.key, each.version) for each in found}
        self._accepted |= {(normalize(each.name), each.version) for each in new} - bad
        return found
