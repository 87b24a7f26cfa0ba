"""Measure what a change of the store costs: beside a question, and for many plugins beside one."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tools.field_bench import Measured

__all__ = ["changes"]

SLUGS = 1000
PLUGIN = 'from plugin import InvenTreePlugin\n\n\nclass P{n}(InvenTreePlugin):\n    NAME = "many-{n}"\n'


def changes(folder: Path, invplug: str, rounds: int) -> list[Measured]:
    """Return enabling beside asking, in the bench's instance, and a thousand slugs beside one."""
    many = _make_many(folder / "many")
    python = str(folder / "env")
    enable, ask = ("enable", "bench-7"), ("is-enabled", "bench-7")
    asked, one, all_slugs, single = [], [], [], []
    slugs = [f"many-{n}" for n in range(SLUGS)]
    for _ in range(rounds + 1):
        asked.append(_seconds(invplug, python, folder, ask))
        _seconds(invplug, python, folder, ("disable", "bench-7"))
        one.append(_seconds(invplug, python, folder, enable))
        _seconds(invplug, python, many, ("disable", "--all"))
        single.append(_seconds(invplug, python, many, ("enable", slugs[7])))
        all_slugs.append(_seconds(invplug, python, many, ("enable", *slugs)))
    # The first round fills caches, ours and the system's.
    asked_ms, one_ms, single_ms, all_ms = (
        1000 * statistics.median(taken[1:]) for taken in (asked, one, single, all_slugs)
    )
    return [
        Measured("enable / is-enabled", one_ms / asked_ms, 1.5, f"{one_ms:.0f} ms, {asked_ms:.0f} ms"),
        Measured("enable 1,000 slugs / one", all_ms / single_ms, 2.0, f"{all_ms:.0f} ms, {single_ms:.0f} ms"),
    ]


def _make_many(folder: Path) -> Path:
    plugins = folder / "plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    for n in range(SLUGS):
        path = plugins / f"many_{n}.py"
        if not path.exists():
            path.write_text(PLUGIN.format(n=n))
    return folder


def _seconds(invplug: str, python: str, folder: Path, arguments: tuple[str, ...]) -> float:
    environ = {**os.environ, "INVPLUG_PYTHON": python}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    done = subprocess.run([invplug, *arguments], cwd=folder, env=environ, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(arguments[:3])} failed:\n{done.stderr.decode()}")
    return time.perf_counter() - start
