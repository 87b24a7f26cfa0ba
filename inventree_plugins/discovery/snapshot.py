"""What discovery found last time, with the state of every file and folder that it looked at.

While all of these are as they were, and the question is the same, so is the answer: then nothing is read
but the snapshot, and none of the code that reads plugins is imported. The state is a time of change and
a size, or nothing where there was nothing; a file that changed within the clock's grain of being looked at
makes no snapshot.
"""

# A pathlib.Path for each of thousands of look-ups would cost more than the look-ups.
# ruff: noqa: PTH116

import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from inventree_plugins import __version__
from inventree_plugins.discovery.cache_file import is_settled, replace_file
from inventree_plugins.discovery.places import Places
from inventree_plugins.models import Discovery, Distribution, Plugin, Problem, Source

__all__ = ["State", "keep", "recall", "state_of"]

State = tuple[int, int] | None


def state_of(path: str) -> State:
    """Return when a file or folder last changed (ns) and its size, None where there is none.

    The time is that of its status, which also tells of permissions, and which no tool sets back.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_ctime_ns, status.st_size


def recall(path: Path, places: Places) -> Discovery | None:
    """Return what was found for these places, None unless all that was looked at is unchanged."""
    try:
        kept = json.loads(path.read_bytes())
        if kept["question"] != _question(places):
            return None
        for name, state in kept["seen"]:
            if state_of(name) != (tuple(state) if state else None):
                return None
        return _thaw(kept["answer"], places)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        # None, torn, or rubbish: the snapshot is never needed.
        return None


def keep(
    path: Path,
    places: Places,
    found: Discovery,
    seen: Mapping[str, State],
    *,
    since: int,
) -> None:
    """Write the snapshot atomically; without a writable folder there is none.

    `since` is when the looking began (ns): what changed at about that time may have changed again unseen.
    """
    newest = max((state[0] for state in seen.values() if state), default=0)
    if not is_settled(newest, looked_ns=since):
        return
    content = json.dumps(
        {
            "question": _question(places),
            "seen": list(seen.items()),
            "answer": [list(map(_freeze, found.plugins)), list(map(_frozen_problem, found.problems))],
        },
        default=str,
    )
    with suppress(OSError):
        replace_file(path, content.encode())


def _question(places: Places) -> list[Any]:
    """Return all that decides about the answer besides what lies on the disk."""
    owners = [
        (str(each.info), each.name, [list(entry) for entry in each.entry_points])
        for each in places.distributions
        if each.entry_points
    ]
    # A version may be asked for by `importlib.metadata.version`.
    versions = "\n".join(f"{each.key} {each.version}" for each in places.distributions)
    return [
        __version__,
        # What one Python reads is another one's syntax error.
        list(sys.version_info[:2]),
        str(places.source_root),
        places.samples,
        list(map(str, places.directories)),
        list(map(str, places.import_path)),
        places.server_version,
        [list(owner) for owner in owners],
        versions,
    ]


def _freeze(plugin: Plugin) -> list[Any]:
    values = plugin._asdict()
    values["distribution"] = str(plugin.distribution.info) if plugin.distribution else None
    values["origins"] = dict(plugin.origins)
    values["problems"] = list(map(_frozen_problem, plugin.problems))
    values["shadowed"] = list(map(_freeze, plugin.shadowed))
    return list(values.values())


def _frozen_problem(problem: Problem) -> list[Any]:
    return [str(value) if isinstance(value, Path) else value for value in problem]


def _thaw(answer: Sequence[Any], places: Places) -> Discovery:
    owners = {str(each.info): each for each in places.distributions if each.entry_points}
    plugins, problems = answer
    return Discovery(
        tuple(_thaw_plugin(values, owners) for values in plugins), tuple(map(_thaw_problem, problems))
    )


def _thaw_plugin(frozen: Sequence[Any], owners: Mapping[str, Distribution]) -> Plugin:
    values = dict(zip(Plugin._fields, frozen, strict=True))
    values["source"] = Source(values["source"])
    values["path"] = Path(values["path"])
    values["mixins"] = tuple(values["mixins"])
    values["settings"] = tuple(values["settings"])
    values["distribution"] = owners[values["distribution"]] if values["distribution"] else None
    values["problems"] = tuple(map(_thaw_problem, values["problems"]))
    values["shadowed"] = tuple(_thaw_plugin(each, owners) for each in values["shadowed"])
    return Plugin(**values)


def _thaw_problem(frozen: Sequence[Any]) -> Problem:
    values = dict(zip(Problem._fields, frozen, strict=True))
    values["path"] = Path(values["path"]) if values["path"] else None
    return Problem(**values)
