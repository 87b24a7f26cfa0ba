"""Which installed distributions need which, and whose each of them is: the server's, or the plugins'."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inventree_plugins.models import Distribution, Interpreter, parse_requirement
from inventree_plugins.packages.metadata import read_metadata
from inventree_plugins.packages.names import normalize
from inventree_plugins.packages.satisfaction import marker_environment

if TYPE_CHECKING:
    from packaging.requirements import Requirement

__all__ = ["TOOLS", "Dependencies", "brought_by_plugins", "orphaned_by", "why_needed"]

# Of the environment itself: a plugin may bring a newer one without touching the server.
TOOLS = frozenset({"pip", "setuptools", "wheel"})


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What each of some distributions needs of the others, by normalised name.

    An extra's requirements count wherever the extra is asked for by any of them, or by `asked`, requirements
    from outside such as those of plugins.txt.
    """

    needs: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def among(
        cls, required: Mapping[str, tuple[str, ...]], interpreter: Interpreter, *, asked: Iterable[str] = ()
    ) -> Dependencies:
        """Read the requirements of each name; a text that is none is left out."""
        environment = marker_environment(interpreter)
        parsed = {name: tuple(_parsed(texts)) for name, texts in required.items()}
        extras: dict[str, set[str]] = {}
        for requirement in (*_parsed(asked), *(each for group in parsed.values() for each in group)):
            extras.setdefault(normalize(requirement.name), set()).update(map(normalize, requirement.extras))
        needs = {}
        for name, requirements in parsed.items():
            wanted = extras.get(name, set()) | {""}
            needs[name] = frozenset(
                normalize(each.name) for each in requirements if _applies(each, environment, wanted)
            )
        return cls(needs)

    def closure(self, start: Iterable[str]) -> frozenset[str]:
        """Return the names that `start` leads to, itself included."""
        seen: set[str] = set()
        waiting = [name for name in start if name in self.needs]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting.extend(self.needs[name] & self.needs.keys())
        return frozenset(seen)

    def needed_by(self, name: str) -> tuple[str, ...]:
        """Return who needs `name` directly, sorted."""
        return tuple(sorted(each for each, needs in self.needs.items() if name in needs and each != name))


def brought_by_plugins(
    distributions: Iterable[Distribution],
    interpreter: Interpreter,
    *,
    plugins: Collection[str],
    server: Collection[str],
) -> frozenset[str]:
    """Return the names of distributions that are there only because of plugin packages, these included.

    `plugins` are names that plugins.txt declares, `server` those of the server's own requirement files. What
    has a plugin's entry point is a plugin package too. What somebody asked an installer for by name (the mark
    REQUESTED, PEP 376) came by itself, unless `plugins` has it.
    """
    every = {each.key: each for each in distributions}
    packages = {key for key, each in every.items() if each.entry_points or key in plugins} - set(server)
    if not packages:
        return frozenset()
    dependencies = _installed_dependencies(every.values(), interpreter)
    reached = dependencies.closure(packages)
    own = {
        key
        for key, each in every.items()
        if key not in packages and (key not in reached or key in server or (each.info / "REQUESTED").exists())
    }
    return reached - dependencies.closure(own - TOOLS) - own


def orphaned_by(
    removed: Collection[str],
    distributions: Iterable[Distribution],
    interpreter: Interpreter,
    *,
    brought: Collection[str],
) -> frozenset[str]:
    """Return the names out of `brought` that nothing needs any more when `removed` are gone."""
    dependencies = _installed_dependencies(distributions, interpreter)
    doomed = dependencies.closure(removed)
    stay = dependencies.needs.keys() - (doomed & set(brought)) - set(removed)
    # What stays keeps all that it needs, which keeps more in its turn.
    return (doomed & set(brought)) - dependencies.closure(stay) - set(removed)


def _installed_dependencies(distributions: Iterable[Distribution], interpreter: Interpreter) -> Dependencies:
    required: dict[str, tuple[str, ...]] = {
        each.key: read_metadata(each).requires_dist for each in distributions
    }
    return Dependencies.among(required, interpreter)


def why_needed(
    required: Mapping[str, tuple[str, ...]], interpreter: Interpreter, *, asked: Iterable[str] = ()
) -> Mapping[str, tuple[str, ...]]:
    """Return for each name who needs it directly; `required` holds the requirements of each."""
    dependencies = Dependencies.among(required, interpreter, asked=asked)
    return {name: dependencies.needed_by(name) for name in required}


def _parsed(texts: Iterable[str]) -> Iterator[Requirement]:
    for text in texts:
        with suppress(ValueError):  # packaging's InvalidRequirement: an installer would refuse it
            yield parse_requirement(text)


def _applies(requirement: Requirement, environment: dict[str, str], extras: Iterable[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in extras)
