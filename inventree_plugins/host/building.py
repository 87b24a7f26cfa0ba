"""One registry on top of another: collect, make rows, boot, and go back where new code fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cache

from inventree_plugins.collection import without_collection
from inventree_plugins.host.boot import Booting
from inventree_plugins.host.collect import IMPORTING, Collector
from inventree_plugins.host.gate import GATE
from inventree_plugins.host.guard import Guard
from inventree_plugins.host.interface import Candidate, Failure, HostOptions, Registry, StoreState
from inventree_plugins.host.modules import MODULES
from inventree_plugins.host.rows import create_missing_rows, read_state
from inventree_plugins.host.store_runtime import StoreRuntime
from inventree_plugins.instance import Instance
from inventree_plugins.models import Source
from inventree_plugins.sdk.stand_ins import stand_ins
from inventree_plugins.store import Store

__all__ = ["Builder"]

Collected = tuple[dict[str, Candidate], tuple[Failure, ...]]


class Builder:
    """Builds the registries of one host."""

    def __init__(
        self, instance: Instance, options: HostOptions, guard: Guard, runtime: StoreRuntime, *, store: Store
    ) -> None:
        self._instance = instance
        self._options = options
        self._guard = guard
        self._runtime = runtime
        self._store = store

    def build(self, previous: Registry, *, publish: Callable[[Registry], None]) -> None:
        """Publish the registry that store and code ask for now; raise DatabaseError."""
        # Stand-ins once for all; and once modules are exchanged, nobody calls plugins before it is over.
        with IMPORTING, ExitStack() as stack, stand_ins(), without_collection():
            close_gate = cache(lambda: stack.enter_context(GATE.closed()))
            try:
                registry = self._built(previous, close_gate)
            except BaseException:
                # The store went away meanwhile, or Ctrl-C: the old registry finds its old modules.
                for unit in MODULES.replaced():
                    MODULES.put_back(unit)
                raise
            # While nobody calls plugins: an old object would find new modules.
            publish(registry)
        MODULES.fix(each.plugin.__module__ for each in registry.loaded.values() if each.app)

    def _built(self, previous: Registry, on_exchange: Callable[[], None]) -> Registry:
        def collect(held: frozenset[str]) -> Collected:
            parts = (self._instance, self._options, self._guard)
            return Collector(*parts, on_exchange=on_exchange, held=held).collect()

        candidates, failures = collect(frozenset())
        failures += create_missing_rows(self._store, candidates)
        state = read_state(self._store, self._instance)
        registry = self._booted(candidates, state, previous, failures)
        # What kept its old object must find its old modules, and so must its neighbours.
        held = frozenset(unit for unit in MODULES.replaced() if _is_held(unit, registry, candidates))
        if held:
            from inventree_plugins.host.dependents import with_dependents  # noqa: PLC0415 - not for a boot

            held = with_dependents(held, MODULES.replaced())
            for unit in held:
                MODULES.put_back(unit)
            candidates, _ = collect(held)
            registry = self._booted(candidates, state, previous, registry.failures)
        MODULES.settle()
        self._runtime.know([*candidates.values(), *(each.candidate for each in registry.loaded.values())])
        return registry

    def _booted(
        self,
        candidates: Mapping[str, Candidate],
        state: StoreState,
        previous: Registry,
        failures: tuple[Failure, ...],
    ) -> Registry:
        self._runtime.know([*(each.candidate for each in previous.loaded.values()), *candidates.values()])
        booting = Booting(
            self._guard,
            self._runtime,
            version=self._options.version or self._instance.server_version.value,
            is_mandatory=self._is_mandatory,
        )
        return booting.run(candidates, state, previous=previous, failures=failures)

    def _is_mandatory(self, candidate: Candidate) -> bool:
        return self._instance.is_mandatory(candidate.slug, builtin=candidate.source is Source.BUILTIN)


def _is_held(unit: str, registry: Registry, candidates: Mapping[str, Candidate]) -> bool:
    """Tell whether a plugin of the unit goes on with the code that it had before."""
    return any(
        candidate.cls is not registry.loaded[slug].candidate.cls
        for slug, candidate in candidates.items()
        if slug in registry.loaded and f"{candidate.cls.__module__}.".startswith(f"{unit}.")
    )
