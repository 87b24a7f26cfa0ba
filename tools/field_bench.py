"""Discovery against griffe over the plugin packages of the field, and its growth with many plugins.

Both sides of the first comparison are whole processes, imports and work on the same packages, which lie in
one folder; the start of an interpreter that does nothing is taken off either, measured in turn with them.
griffe loads each top-level package that a plugin entry point leads to, statically, without resolving
aliases. Cold is discovery without a cache, warm with the cache that it wrote.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.builders import install_folder
from tools.field import ROOT, field_packages, top_level_packages

__all__ = ["Measured", "field_ratios", "growth"]

MOST_MEGABYTES = 150

_DISCOVER = """
import sys
from pathlib import Path
from inventree_plugins.discovery import Places, {function}
from inventree_plugins.packages import installed_distributions
site = Path(sys.argv[1])
places = Places(distributions=tuple(installed_distributions((site,))), import_path=(site,))
found = {call}
assert len(found.plugins) >= int(sys.argv[3]), len(found.plugins)
if len(sys.argv) > 4:
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
_COLD = _DISCOVER.format(function="discover", call="discover(places)")
_WARM = _DISCOVER.format(function="discover_again", call="discover_again(places, cache=Path(sys.argv[2]))")
_GRIFFE = """
import logging
import sys
import griffe
logging.disable(logging.CRITICAL)
loader = griffe.GriffeLoader(search_paths=[sys.argv[1]], allow_inspection=False)
for name in sys.argv[2:]:
    loader.load(name, try_relative_path=False)
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """A claim as it turned out: `value` must not be over `limit`; `detail` says what was measured."""

    name: str
    value: float
    limit: float
    detail: str


def field_ratios(folder: Path, rounds: int) -> list[Measured] | str:
    """Return discovery's time by griffe's, cold and warm, or why that cannot be measured."""
    site = field_packages(folder / "field")
    if site is None:
        return "the packages of the field cannot be downloaded"
    python = _griffe_python(folder / "griffe")
    if python is None:
        return "griffe cannot be installed"
    names = top_level_packages(site)
    count = str(len(names))
    cache = folder / "field-facts"
    commands = {
        "cold": (sys.executable, "-c", _COLD, str(site), str(cache), count),
        "warm": (sys.executable, "-c", _WARM, str(site), str(cache), count),
        "griffe": (str(python), "-c", _GRIFFE, str(site), *names),
        "start": (sys.executable, "-c", "pass"),
    }
    measured = _in_turn(commands, rounds)
    seconds = {each: measured[each] - measured["start"] for each in ("cold", "warm", "griffe")}
    what = f"{len(names)} packages"
    detail = {
        each: f"{what}: {1000 * seconds[each]:.0f} ms / {1000 * seconds['griffe']:.0f} ms" for each in seconds
    }
    return [
        Measured("field, no cache / griffe", seconds["cold"] / seconds["griffe"], 1 / 2, detail["cold"]),
        Measured("field, cached / griffe", seconds["warm"] / seconds["griffe"], 1 / 20, detail["warm"]),
    ]


def growth(folder: Path, text: str, rounds: int) -> list[Measured]:
    """Return how discovery without a cache grows from 1,000 to 2,000 plugins, and its peak memory."""
    commands = {}
    for count in (1_000, 2_000):
        site = _plugins(folder / f"plugins-{count}", count, text)
        commands[str(count)] = (sys.executable, "-c", _COLD, str(site), "-", str(count))
    seconds = _in_turn(commands, rounds)
    ratio = seconds["2000"] / seconds["1000"]
    megabytes = _megabytes(commands["2000"])
    detail = f"{1000 * seconds['2000']:.0f} ms / {1000 * seconds['1000']:.0f} ms"
    return [
        Measured("2,000 plugins / 1,000 plugins", ratio, 2.3, detail),
        Measured("peak memory with 2,000 plugins, MiB", megabytes, MOST_MEGABYTES, "the process's own"),
    ]


def _griffe_python(folder: Path) -> Path | None:
    python = folder / "bin" / "python"
    if not (folder / "ready").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        command = [
            python,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--quiet",
            "--group",
            "bench",
        ]
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25.1"], check=False)
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            return None
        (folder / "ready").touch()
    return python


def _plugins(folder: Path, count: int, text: str) -> Path:
    """Install `count` plugin packages into the folder, each of three files."""
    if (folder / "ready").is_file():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    for n in range(count):
        package = folder / f"many_{n}"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text('PLUGIN_VERSION = "1.2.3"\n')
        (package / "core.py").write_text(text.format(n=n))
        points = f"[inventree_plugins]\nMany{n} = many_{n}.core:Bench{n}\n"
        install_folder(folder, f"many-{n}", "1.2.3", entry_points=points)
    (folder / "ready").touch()
    return folder


def _in_turn(commands: dict[str, tuple[str, ...]], rounds: int) -> dict[str, float]:
    """Run all commands in turn, and return the median seconds of each; the first round fills caches."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds + 1):
        for name, command in commands.items():
            start = time.perf_counter()
            _run(command)
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken[1:]) for name, taken in seconds.items()}


def _megabytes(command: tuple[str, ...]) -> float:
    return float(_run((*command, "memory")))


def _run(command: tuple[str, ...]) -> str:
    # An installed program has its bytecode; a checkout gets it in the first round.
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stderr}")
    return done.stdout
