"""Run pip as if some distributions were not installed.

A program for the target's Python, which needs nothing but its standard library. pip itself can only leave
all of them aside; the server's own packages would then have to be on the index, in exactly their versions.
"""

from __future__ import annotations

import runpy
import sys

if __name__ == "__main__":
    # Python puts this file's folder first, whose modules are none of the target's.
    del sys.path[0]

import re
from collections.abc import Iterator
from importlib.machinery import PathFinder
from importlib.metadata import DistributionFinder, PathDistribution

__all__ = ["Blinkered"]

_EVERYWHERE = DistributionFinder.Context()


class Blinkered(PathFinder):
    """Finds modules as ever, and of distributions those whose normalised names are not in `unseen`."""

    unseen: frozenset[str] = frozenset()

    @classmethod
    def find_distributions(
        cls, context: DistributionFinder.Context = _EVERYWHERE
    ) -> Iterator[PathDistribution]:
        """Leave out what must not be seen."""
        for each in PathFinder.find_distributions(context):
            if "Name" not in each.metadata or _normalized(each.metadata["Name"]) not in cls.unseen:
                yield each


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _main(unseen: str, runner: str, *arguments: str) -> None:
    Blinkered.unseen = frozenset(unseen.split(","))
    sys.meta_path[sys.meta_path.index(PathFinder)] = Blinkered
    sys.argv = [runner, *arguments]
    runpy.run_path(runner, run_name="__main__")


if __name__ == "__main__":
    _main(*sys.argv[1:])
