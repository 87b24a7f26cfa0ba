"""The host and its store: rows for what is found, and what they and the switches say (SPEC §3)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping

from inventree_plugins.errors import DatabaseLockedError, DatabaseReadOnlyError, InvplugError, RowError
from inventree_plugins.host.guard import record
from inventree_plugins.host.interface import Candidate, Failure, StoreState
from inventree_plugins.host.modules import file_state
from inventree_plugins.instance import Instance
from inventree_plugins.store import Reader, Store
from inventree_plugins.switches import ALL_SWITCHES, switch_states
from inventree_plugins.vocabulary import REGISTRY_HASH

__all__ = ["create_missing_rows", "read_state"]

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
    marks = (rows, switches, values.get(REGISTRY_HASH), _folders(instance))
    return StoreState(active, switches, marks)


def _folders(instance: Instance) -> tuple[tuple[str, int], ...]:
    """Return when something was last added to, or taken from, the folders that plugins are installed in."""
    if not instance.plugins_enabled.value:
        return ()
    folders = (*sys.path, *map(str, instance.plugin_dirs.value))
    found = ((each, file_state(each)) for each in folders if os.path.isdir(each))  # noqa: PTH112 - at each look
    return tuple((each, state[0]) for each, state in found if state is not None)


def create_missing_rows(store: Store, candidates: Mapping[str, Candidate]) -> tuple[Failure, ...]:
    """Add an inactive row for each candidate that has none; tell for which that cannot be done.

    Raises DatabaseError where the store cannot be read; one that cannot be written to is a failure.
    """
    with store.reading() as reader:
        missing = _missing(reader, candidates.values())
    try:
        _insert(store, missing)
    except (DatabaseReadOnlyError, DatabaseLockedError) as error:
        return (record(error, None, "row"),)
    except InvplugError as error:
        if len(missing) == 1:
            return (record(error, missing[0].slug, "row"),)
        # One of them spoils the transaction of all.
        return tuple(failure for each in missing for failure in create_missing_rows(store, {each.slug: each}))
    return ()


def _insert(store: Store, missing: list[Candidate]) -> None:
    if not missing:
        return
    with store.writing() as writer:
        for each in _missing(writer, missing):
            if len(each.slug) > LONGEST_KEY:
                raise RowError(f"its key has more than {LONGEST_KEY} characters", slug=each.slug)
            package = each.distribution.name if each.distribution else None
            writer.insert(each.slug, name=_name(each), package_name=package)


def _name(candidate: Candidate) -> str:
    """Return the name as a row can hold it."""
    name = candidate.name.encode("utf-8", "replace").decode().replace("\0", "")
    return name[:LONGEST_KEY]


def _missing(reader: Reader, candidates: Iterable[Candidate]) -> list[Candidate]:
    present = {row.key for row in reader.rows()}
    return [each for each in candidates if each.slug not in present]
