"""`global_settings` and `plugin_settings`: what the configuration decides over the store's head (SPEC §4)."""

from collections.abc import Mapping
from typing import Any

from inventree_plugins.instance.configuration import Configuration, to_mapping
from inventree_plugins.models import Problem, Setting
from inventree_plugins.version_gate import release_of

__all__ = ["SINCE", "read_overrides"]

# The first servers that look at them.
SINCE = {"global_settings": (1, 0), "plugin_settings": (1, 4)}


def read_overrides(
    configuration: Configuration, key: str, *, version: str | None
) -> tuple[Setting[Mapping[str, Any]], tuple[Problem, ...]]:
    """Return what `key` decides, and what is wrong with it: a server may be down because of that."""
    found = configuration.lookup(f"INVENTREE_{key.upper()}", key)
    if found is None:
        return Setting({}, "default"), ()
    release = release_of(version)
    if release is not None and release < SINCE[key]:
        since = ".".join(map(str, SINCE[key]))
        problem = _problem(
            configuration, found, f"InvenTree {version} has no `{key}`, which came with {since}"
        )
        return Setting({}, "default"), (problem,)
    try:
        return Setting(to_mapping(found.value), found.origin), ()
    except (ValueError, TypeError) as error:
        problem = _problem(configuration, found, f"{found.origin} cannot be used as `{key}`: {error}")
        # Text that is no JSON is passed over; of a list the server wants the items of a mapping, and dies.
        is_fatal = key == "plugin_settings" and isinstance(error, TypeError)
        return Setting({}, found.origin), (problem._replace(severity="error") if is_fatal else problem,)


def _problem(configuration: Configuration, found: Setting[Any], message: str) -> Problem:
    return Problem(
        "configuration-ignored",
        message,
        hint="correct the value, or take it out",
        path=None if found.is_from_environment else configuration.path,
    )
