"""Which installed distributions need which, and whose each of them is: the server's, or the plugins'."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from inventree_plugins.models import Distribution, Interpreter, parse_requirement
from inventree_plugins.packages.metadata import read_metadata
from inventree_plugins.packages.names import normalize
from inventree_plugins.packages.satisfaction import marker_environment

if TYPE_CHECKING:
    from packaging.requirements import Requirement

__all__ = ["TOOLS", "brought_by_plugins", "needed_by_others", "orphaned_by", "why_needed"]

# Of the environment itself: a plugin may bring a newer one without touching the server.
TOOLS = frozenset({"pip", "setuptools", "wheel"})

# A distribution with one of its extras, or without any.
_Node = tuple[str, str]
_NO_EXTRA = ""
# Nothing records with which extras somebody asked for a distribution: it may have been any of them.
_ANY_EXTRA = "*"
# What only an extra asks for. An `or` may let it apply without the extra: parse that one.
_ONLY_FOR_EXTRA = re.compile(r"\bextra\s*==")
_EXTRA = re.compile(r"""\bextra\s*==\s*["']([^"']+)["']""")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def brought_by_plugins(
    distributions: Iterable[Distribution],
    interpreter: Interpreter,
    *,
    plugins: Collection[str],
    server: Collection[str],
    asked: Iterable[str] = (),
) -> frozenset[str]:
    """Return the names of distributions that are there only because of plugin packages, these included.

    `plugins` are names that plugins.txt declares, `server` those of the server's own requirement files. What
    has a plugin's entry point is a plugin package too. What somebody asked an installer for by name (the mark
    REQUESTED, PEP 376) came by itself, unless `plugins` has it. What did may have come with any of its
    extras. `asked` are requirements, as of plugins.txt, whose extras bring more.
    """
    every = {each.key: each for each in distributions}
    packages = {key for key, each in every.items() if each.entry_points or key in plugins} - set(server)
    if not packages:
        return frozenset()
    needs = _installed_needs(every.values(), interpreter)
    reached = _names(needs.closure([*_plain(packages), *needs.asked_for(asked)])) & every.keys()
    own = {
        key
        for key, each in every.items()
        if key not in packages and (key not in reached or key in server or (each.info / "REQUESTED").exists())
    }
    needed = [*_plain(own - TOOLS), *needs.of_any_extra(own - TOOLS, reached - own)]
    return reached - _names(needs.closure(needed)) - own


def orphaned_by(
    removed: Collection[str],
    distributions: Iterable[Distribution],
    interpreter: Interpreter,
    *,
    brought: Collection[str],
) -> frozenset[str]:
    """Return the names out of `brought` that nothing needs any more when `removed` are gone.

    What has a plugin's entry point is there for itself, and so are the environment's tools. What stays in any
    case keeps all that it may need, with whatever extras, and that keeps more in its turn.
    """
    every: dict[str, Distribution] = {each.key: each for each in distributions}
    needs = _installed_needs(every.values(), interpreter)
    reached = _names(needs.closure((name, _ANY_EXTRA) for name in removed))
    doomed = {
        name
        for name in reached & every.keys() & set(brought)
        if not every[name].entry_points and name not in TOOLS and name not in removed
    }
    stay = every.keys() - doomed - set(removed)
    return frozenset(doomed - _names(needs.closure((name, _ANY_EXTRA) for name in stay)))


def needed_by_others(
    names: Iterable[str],
    distributions: Iterable[Distribution],
    interpreter: Interpreter,
    *,
    leaving: Collection[str],
    asked: Iterable[str] = (),
) -> Mapping[str, tuple[str, ...]]:
    """Return for each name which distributions need it directly and are not among `leaving`, sorted.

    Extras count where another distribution, or a requirement in `asked`, asks for them.
    """
    needs = _installed_needs((each for each in distributions if each.key not in leaving), interpreter)
    return needs.needed_by(names, asked)


def why_needed(
    required: Mapping[str, tuple[str, ...]], interpreter: Interpreter, *, asked: Iterable[str] = ()
) -> Mapping[str, tuple[str, ...]]:
    """Return for each name who needs it directly; `required` holds the requirements of each."""
    return _Needs(required, interpreter).needed_by(required, asked)


class _Needs:
    """What each of some distributions needs, by normalised name; a requirement is read when it matters.

    An extra's requirements count wherever somebody asks for the extra.
    """

    def __init__(self, required: Mapping[str, tuple[str, ...]], interpreter: Interpreter) -> None:
        self._required = required
        self._environment = marker_environment(interpreter)
        self._known: dict[_Node, tuple[_Node, ...]] = {}

    def closure(self, start: Iterable[_Node]) -> frozenset[_Node]:
        """Return what `start` leads to, itself included."""
        seen: set[_Node] = set()
        waiting = list(start)
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                waiting.extend(self._of(node))
        return frozenset(seen)

    def asked_for(self, texts: Iterable[str]) -> Iterator[_Node]:
        """Yield what requirements ask for; a text that is none is left out."""
        for text in texts:
            requirement = _parsed(text)
            if requirement is not None and self._applies(requirement, _NO_EXTRA):
                yield from _nodes(requirement)

    def of_any_extra(self, names: Iterable[str], among: Collection[str]) -> Iterator[_Node]:
        """Yield what the extras of `names` need directly `among` others; see _ANY_EXTRA."""
        for text in (text for name in names for text in self._required.get(name, ())):
            found = _NAME.match(text)
            extras = _EXTRA.findall(text)
            if not extras or found is None or normalize(found[0]) not in among:
                continue  # parsing is what takes long
            requirement = _parsed(text)
            if requirement is not None and any(self._applies(requirement, each) for each in extras):
                yield from _nodes(requirement)

    def needed_by(self, names: Iterable[str], asked: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """Return for each name who needs it directly, sorted."""
        found: dict[str, set[str]] = {name: set() for name in names}
        for node in self.closure([*_plain(self._required), *self.asked_for(asked)]):
            for name, _ in self._of(node):
                if name in found and name != node[0]:
                    found[name].add(node[0])
        return {name: tuple(sorted(who)) for name, who in found.items()}

    def _of(self, node: _Node) -> tuple[_Node, ...]:
        if node not in self._known:
            self._known[node] = tuple(self._read(node))
        return self._known[node]

    def _read(self, node: _Node) -> Iterator[_Node]:
        name, extra = node
        for text in self._required.get(name, ()):
            if extra == _NO_EXTRA and _ONLY_FOR_EXTRA.search(text) and " or " not in text:
                continue
            requirement = _parsed(text)
            if requirement is not None and self._applies(requirement, extra):
                yield from _nodes(requirement)

    def _applies(self, requirement: Requirement, extra: str) -> bool:
        marker = requirement.marker
        if marker is None or (extra == _ANY_EXTRA and "extra" in str(marker)):
            return True
        try:
            return marker.evaluate({**self._environment, "extra": extra})
        except ValueError:  # packaging's, where a value is no version: it may be needed
            return True


def _installed_needs(distributions: Iterable[Distribution], interpreter: Interpreter) -> _Needs:
    required: dict[str, tuple[str, ...]] = {
        each.key: read_metadata(each).requires_dist for each in distributions
    }
    return _Needs(required, interpreter)


def _plain(names: Iterable[str]) -> Iterator[_Node]:
    return ((name, _NO_EXTRA) for name in names)


def _names(nodes: Iterable[_Node]) -> frozenset[str]:
    return frozenset(name for name, _ in nodes)


def _nodes(requirement: Requirement) -> Iterator[_Node]:
    name = normalize(requirement.name)
    yield name, _NO_EXTRA
    yield from ((name, normalize(extra)) for extra in requirement.extras)


def _parsed(text: str) -> Requirement | None:
    with suppress(ValueError):  # packaging's InvalidRequirement: an installer would refuse it
        return parse_requirement(text)
    return None
