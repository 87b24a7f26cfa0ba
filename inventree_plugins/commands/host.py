"""What in the target's environment is the server's own, and must stay as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from inventree_plugins.commands.context import Context
from inventree_plugins.errors import InvplugError
from inventree_plugins.instance.source_root import checkout_of
from inventree_plugins.models import Declaration, Distribution
from inventree_plugins.packages import TOOLS, brought_by_plugins
from inventree_plugins.requirements import declarations, read_plugins_file

__all__ = ["Host", "find_host", "pinned"]

# Of a modern checkout, of its container image, and of a legacy one.
REQUIREMENT_FILES = (
    "src/backend/requirements.txt",
    "contrib/container/requirements.txt",
    "requirements.txt",
    "docker/requirements.txt",
)


# No InvenTree runs without it, and none of its plugins brings it.
ALWAYS = ("django",)


@dataclass(frozen=True, slots=True)
class Host:
    """The server's own distributions: `versions` of those installed, by normalised name.

    `constraints` are what must hold of every installation: these versions, and what the server's requirement
    files ask for of what is not installed. `brought` are names of what only plugins brought, and `loose` what
    is neither's: the environment's tools.
    """

    versions: Mapping[str, str]
    constraints: tuple[str, ...]
    brought: frozenset[str]
    loose: frozenset[str]


def find_host(
    context: Context, distributions: tuple[Distribution, ...], declared: Iterable[Declaration]
) -> Host:
    """Tell the server's distributions from those of plugins, by its requirement files where known."""
    required = {each.name: each for each in _server_requirements(context) if each.name}
    asked = tuple(declared)
    plugins = {each.name for each in asked if each.name}
    brought = brought_by_plugins(
        distributions,
        context.interpreter,
        plugins=plugins,
        server={*required, *ALWAYS},
        asked=[each.pep508 for each in asked if each.pep508],
    )
    loose = TOOLS - required.keys() - brought
    own = {each.key: each for each in distributions if each.key not in brought and each.key not in loose}
    absent = (each for name, each in required.items() if name not in own and name not in plugins)
    return Host(
        versions={key: each.version for key, each in own.items()},
        constraints=(*map(pinned, own.values()), *_as_constraints(absent)),
        brought=brought,
        loose=frozenset(each.key for each in distributions) & loose,
    )


def _server_requirements(context: Context) -> Iterator[Declaration]:
    source_root = context.instance.source_root.value
    if source_root is None:
        return
    checkout = checkout_of(source_root)
    for name in REQUIREMENT_FILES:
        path = Path(checkout, name)
        try:
            yield from declarations(read_plugins_file(path))
        except InvplugError:  # it serves the server's own installation; what is installed is protected anyway
            continue


def pinned(distribution: Distribution, *, extras: str = "") -> str:
    """Return the requirement that holds a distribution in its version."""
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - for installing only

    name = f"{distribution.name}[{extras}]" if extras else distribution.name
    try:
        Version(distribution.version)
    except InvalidVersion:
        return f"{name}==={distribution.version}"
    return f"{name}=={distribution.version}"


def _as_constraints(declared: Iterable[Declaration]) -> Iterator[str]:
    for each in declared:
        if each.requirement is not None and each.requirement.specifier:
            marker = f" ; {each.requirement.marker}" if each.requirement.marker else ""
            yield f"{each.name}{each.requirement.specifier}{marker}"
