"""What the sources hand over: a class that may be a plugin, and how it was found."""

from __future__ import annotations

from dataclasses import dataclass

from inventree_plugins.discovery.resolve import Resolver
from inventree_plugins.discovery.values import ClassRef
from inventree_plugins.models import Distribution, Problem, Source

__all__ = ["Candidate", "Found"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A class, the resolver that found it, and what is wrong with the way to it."""

    source: Source
    cls: ClassRef
    resolver: Resolver
    distribution: Distribution | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Found:
    """Candidates in the server's order, and problems that belong to no plugin; filled source by source."""

    candidates: list[Candidate]
    problems: list[Problem]
