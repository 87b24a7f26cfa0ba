"""The host and its store: rows for what is found, and what they and the switches say (SPEC §3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from inventree_plugins.errors import DatabaseReadOnlyError, InvplugError
from inventree_plugins.host.boot import StoreState
from inventree_plugins.host.guard import record
from inventree_plugins.host.interface import Candidate, Failure
from inventree_plugins.instance import Instance
from inventree_plugins.sdk.plugin import name_of
from inventree_plugins.store import Reader, Store
from inventree_plugins.switches import ALL_SWITCHES, switch_states

__all__ = ["create_missing_rows", "read_state"]

REGISTRY_HASH = "_PLUGIN_REGISTRY_HASH"
LONGEST_KEY = 255


def read_state(store: Store, instance: Instance) -> StoreState:
    """Return what the store says now; raise DatabaseError."""
    with store.reading() as reader:
        return _state(reader, instance)


def _state(reader: Reader, instance: Instance) -> StoreState:
    rows = {row.key: row.active for row in reader.rows()}
    values = reader.global_values((*ALL_SWITCHES, REGISTRY_HASH))
    states = switch_states(values, instance.global_settings)
    switches = frozenset(each.name for each in states.values() if each.on)
    active = frozenset(key for key, is_active in rows.items() if is_active)
    # A host writes no hash of its own: so each one that shares the store notices each new one.
    return StoreState(active, switches, (rows, switches, values.get(REGISTRY_HASH)))


def create_missing_rows(store: Store, candidates: Mapping[str, Candidate]) -> tuple[Failure, ...]:
    """Add an inactive row for each candidate that has none; tell for which that cannot be done.

    Raises DatabaseError where the store cannot be read; one that cannot be written to is a failure.
    """
    with store.reading() as reader:
        missing = _missing(reader, candidates.values())
    too_long = [each for each in missing if len(each.slug) > LONGEST_KEY]
    failures = [_failure(each, f"its key has more than {LONGEST_KEY} characters") for each in too_long]
    if len(missing) > len(too_long):
        try:
            with store.writing() as writer:
                for each in _missing(writer, candidates.values()):
                    if len(each.slug) <= LONGEST_KEY:
                        package = each.distribution.name if each.distribution else None
                        writer.insert(each.slug, name=name_of(each.cls), package_name=package)
        except DatabaseReadOnlyError as error:
            failures.append(record(error, None, "row"))
    return tuple(failures)


def _missing(reader: Reader, candidates: Iterable[Candidate]) -> list[Candidate]:
    present = {row.key for row in reader.rows()}
    return [each for each in candidates if each.slug not in present]


def _failure(candidate: Candidate, message: str) -> Failure:
    return record(InvplugError(message, slug=candidate.slug), candidate.slug, "row")
