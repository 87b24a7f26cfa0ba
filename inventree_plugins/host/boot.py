"""From candidates and rows to a registry: what is active, what is not, and why (SPEC §1 to §3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from inventree_plugins.host.activation import ACTIVATIONS
from inventree_plugins.host.guard import Guard, record
from inventree_plugins.host.interface import Candidate, Failure, Loaded, Registry, StoreState
from inventree_plugins.sdk import PluginError, Runtime
from inventree_plugins.version_gate import excluded_by
from inventree_plugins.vocabulary import MIXINS

__all__ = ["Booting"]

# Mixin key -> the switch that it needs, if any.
SWITCHES = {mixin.key: mixin.switch for mixin in MIXINS.values()}


class Booting:
    """One boot, or one reload on top of `previous`."""

    def __init__(
        self,
        guard: Guard,
        runtime: Runtime,
        *,
        version: str | None,
        is_mandatory: Callable[[Candidate], bool],
    ) -> None:
        self._guard = guard
        self._runtime = runtime
        self._version = version
        self._is_mandatory = is_mandatory
        self._failures: list[Failure] = []

    def run(
        self,
        candidates: Mapping[str, Candidate],
        state: StoreState,
        *,
        previous: Registry,
        failures: Iterable[Failure],
    ) -> Registry:
        """Return the registry that the store asks for.

        A plugin that worked in `previous`, and whose new code does not, stays as it was.
        """
        self._failures = list(failures)
        wanted = [each for each in candidates.values() if self._is_wanted(each, state)]
        loaded: dict[str, Loaded] = {}
        for each in wanted:
            built = self._built(each, previous.loaded.get(each.slug))
            if built is not None:
                loaded[each.slug] = built
        self._activate(loaded, state.switches, previous)
        inactive = {slug: each.cls for slug, each in candidates.items() if slug not in loaded}
        return Registry(MappingProxyType(loaded), MappingProxyType(inactive), tuple(self._failures), state)

    def _is_wanted(self, candidate: Candidate, state: StoreState) -> bool:
        if candidate.slug not in state.active and not self._is_mandatory(candidate):
            return False
        excluded = excluded_by(*candidate.bounds, self._version)
        if excluded is None:
            return True
        server = f", and this server is {self._version}" if self._version else ""
        error = PluginError(f"{excluded.reason}{server}", plugin=candidate.slug)
        self._failures.append(record(error, candidate.slug, "version", module=candidate.cls.__module__))
        return False

    def _built(self, candidate: Candidate, before: Loaded | None) -> Loaded | None:
        """Return the plugin, constructed unless it is there already."""
        if before is not None and before.candidate.cls is candidate.cls:
            # Old code is of the distribution of then, whatever is installed by now.
            return Loaded(before.candidate if candidate.is_old else candidate, before.plugin, before.mixins)
        built: Loaded | None = None
        with self._guard.calling(candidate.slug, "construct", module=candidate.cls.__module__) as attempt:
            plugin = candidate.cls.__new__(candidate.cls)
            # Its constructor may ask for a setting.
            plugin._runtime = self._runtime  # noqa: SLF001 - the SDK's place for it
            if plugin.__init__() is not None:  # type: ignore[misc]
                raise TypeError("its __init__() returns something")
            built = Loaded(candidate, plugin, frozenset(plugin.registered_mixins))
        return built if self._kept(attempt.failure) else before

    def _activate(self, loaded: dict[str, Loaded], switches: frozenset[str], previous: Registry) -> None:
        """Activate mixin after mixin; who fails is left out, or stays what it was."""
        for key, activate in ACTIVATIONS.items():
            switch = SWITCHES[key]
            if switch is not None and switch not in switches:
                continue
            for slug, each in list(loaded.items()):
                before = previous.loaded.get(slug)
                if key not in each.mixins or each is before:
                    continue
                with self._guard.calling(slug, key, module=each.candidate.cls.__module__) as attempt:
                    loaded[slug] = activate(each, self._guard.server)
                if not self._kept(attempt.failure):
                    del loaded[slug]
                    if before is not None and before.plugin is not each.plugin:
                        loaded[slug] = before

    def _kept(self, failure: Failure | None) -> bool:
        if failure is not None:
            self._failures.append(failure)
        return failure is None
