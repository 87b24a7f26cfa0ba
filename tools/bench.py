"""Measure invplug against its rivals, in turn, in one run, and print the ratios.

First the commands. The environment holds 200 distributions, 60 of them plugin packages; it is made in
`.bench` and kept. Seconds depend on the machine, ratios hardly: each is the median of a command's runs by the
median of its rival's, run after run. Then a cold install, changes of the store, booting plugins, and
discovery alone; see `install_bench.py`, `store_bench.py`, `host_bench.py` and `field_bench.py`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.builders import install_folder  # noqa: E402 - the project is no package on the path
from tools.field_bench import Measured, field_ratios, growth  # noqa: E402
from tools.host_bench import booting  # noqa: E402
from tools.install_bench import installing  # noqa: E402
from tools.store_bench import changes  # noqa: E402

FOLDER = ROOT / ".bench"
DISTRIBUTIONS = 200
PLUGINS = 60

PLUGIN_TEXT = '''"""A plugin for the benchmark."""

from django.utils.translation import gettext_lazy as _

from plugin import InvenTreePlugin
from plugin.mixins import SettingsMixin, UrlsMixin, UserInterfaceMixin

from . import PLUGIN_VERSION


class Bench{n}(SettingsMixin, UrlsMixin, UserInterfaceMixin, InvenTreePlugin):
    """Does nothing, in many lines."""

    TITLE = _("Benchmark plugin {n}")
    NAME = "Bench{n}"
    SLUG = "bench-{n}"
    DESCRIPTION = "The plugin number {n} " "of the benchmark"
    VERSION = PLUGIN_VERSION
    AUTHOR = "Nobody"
    LICENSE = "MIT"
    MIN_VERSION = "0.16.0"

    SETTINGS = {{
        "ACTIVE": {{"name": _("Active"), "description": _("Switch"), "validator": bool, "default": True}},
        "SIZE": {{"name": _("Size"), "description": _("How many"), "validator": int, "default": {n}}},
    }}
'''
METHOD = '''
    def method_{m}(self, request, context: dict, **kwargs):
        """Handle part {m}."""
        result = []
        for key, value in context.items():
            if value is not None and key != "{m}":
                result.append({{"key": key, "value": str(value), "url": f"/{{key}}/{{value}}"}})
        return result
'''


@dataclass(frozen=True)
class Claim:
    """A command of invplug, its rival, and the most that the one may cost of the other."""

    name: str
    command: tuple[str, ...]
    rival: tuple[str, ...]
    limit: float


def make_environment() -> Path:
    """Make the environment, plugins.txt and the store, unless they are there."""
    python = FOLDER / "env" / "bin" / "python"
    if (FOLDER / "ready").exists():
        return python
    shutil.rmtree(FOLDER / "env", ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", FOLDER / "env"], check=True)
    site = next((FOLDER / "env").glob("lib/python*/site-packages"))
    for n in range(DISTRIBUTIONS - PLUGINS):
        requires = [f"plain-{n - 1}>=1.0", 'extra-thing>=2; extra == "more"'] if n % 3 else []
        install_folder(site, f"plain-{n}", "1.0", requires=requires, metadata={"Summary": "plain"})
        (site / f"plain_{n}.py").write_text("")
    for n in range(PLUGINS):
        package = site / f"inventree_bench_{n}"
        package.mkdir()
        (package / "__init__.py").write_text('PLUGIN_VERSION = "1.2.3"\n')
        (package / "core.py").write_text(
            PLUGIN_TEXT.format(n=n) + "".join(METHOD.format(m=m) for m in range(40))
        )
        install_folder(
            site,
            f"inventree-bench-{n}",
            "1.2.3",
            entry_points=f"[inventree_plugins]\nBench{n} = inventree_bench_{n}.core:Bench{n}\n",
            requires=[f"plain-{n}"],
        )
    lines = (f"inventree-bench-{n}==1.2.3  # number {n}\n" for n in range(PLUGINS))
    (FOLDER / "plugins.txt").write_text("".join(lines))
    subprocess.run([invplug(), "--python", FOLDER / "env", "install", "--enable"], cwd=FOLDER, check=True)
    (FOLDER / "ready").touch()
    return python


def invplug() -> str:
    """Return the console script beside the running Python."""
    return str(Path(sys.executable).parent / "invplug")


def claims(python: Path) -> tuple[Claim, ...]:
    """Return what is promised."""
    me, own = invplug(), sys.executable
    typer = (own, "-c", "import typer")
    typer_and_rich = (own, "-c", "import typer, rich.table")
    pip = (str(python), "-m", "pip", "--disable-pip-version-check")
    return (
        Claim("list --json / import typer, rich.table", (me, "list", "--json"), typer_and_rich, 1.8),
        Claim("list --json / pip list", (me, "list", "--json"), (*pip, "list"), 0.25),
        Claim(
            "install, nothing to do / pip install -r",
            (me, "install"),
            (*pip, "install", "-r", "plugins.txt"),
            1 / 3,
        ),
        Claim("is-enabled / import typer", (me, "is-enabled", "bench-7"), typer, 1.4),
    )


def measure(commands: list[tuple[str, ...]], rounds: int) -> dict[tuple[str, ...], float]:
    """Run all commands in turn, `rounds` times, and return the median seconds of each."""
    environ = {**os.environ, "INVPLUG_PYTHON": str(FOLDER / "env"), "PIP_NO_INDEX": "1"}
    # An installed program has its bytecode; a checkout gets it in the first round.
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    seconds: dict[tuple[str, ...], list[float]] = {command: [] for command in commands}
    for _ in range(rounds + 1):
        for command, taken in seconds.items():
            start = time.perf_counter()
            done = subprocess.run(command, cwd=FOLDER, env=environ, capture_output=True, check=False)
            taken.append(time.perf_counter() - start)
            if done.returncode:
                sys.exit(f"{' '.join(command)} failed:\n{done.stderr.decode()}")
    # The first round fills caches, ours and the system's.
    return {command: statistics.median(taken[1:]) for command, taken in seconds.items()}


def main() -> int:
    """Print each ratio with its limit; return 1 when one is over it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="how often each command runs")
    parser.add_argument("--only-discovery", action="store_true", help="leave the commands out")
    options = parser.parse_args()
    if options.only_discovery:
        return measure_discovery(options.rounds)
    promised = claims(make_environment())
    commands = list(dict.fromkeys(command for claim in promised for command in (claim.command, claim.rival)))
    seconds = measure(commands, options.rounds)
    worst = 0
    print(f"{'':45} {'ratio':>6} {'limit':>6} {'ms':>7} {'rival ms':>9}")
    for claim in promised:
        ratio = seconds[claim.command] / seconds[claim.rival]
        over = ratio > claim.limit
        worst |= over
        mine, other = 1000 * seconds[claim.command], 1000 * seconds[claim.rival]
        verdict = "  OVER" if over else ""
        print(f"{claim.name:45} {ratio:6.2f} {claim.limit:6.2f} {mine:7.0f} {other:9.0f}{verdict}")
    worst |= report(installing(FOLDER, invplug(), ROOT / "plugins.txt", options.rounds))
    worst |= report(changes(FOLDER, invplug(), options.rounds))
    worst |= report(booting(FOLDER, invplug(), long_text(), options.rounds))
    return worst | measure_discovery(options.rounds)


def measure_discovery(rounds: int) -> int:
    """Print what is claimed of discovery alone; return 1 when a value is over its limit."""
    ratios = field_ratios(FOLDER, rounds)
    if isinstance(ratios, str):
        print(f"discovery of the field against griffe: skipped, {ratios}")
        ratios = []
    return report([*ratios, *growth(FOLDER, long_text(), max(3, rounds // 3))])


def long_text() -> str:
    """Return the text of a plugin with ten methods, in which `{n}` is its number."""
    return PLUGIN_TEXT + "".join(METHOD.format(m=m).replace("{", "{{").replace("}", "}}") for m in range(10))


def report(measured: list[Measured]) -> int:
    """Print each value with its limit; return 1 when one is over it."""
    for each in measured:
        verdict = "  OVER" if each.value > each.limit else ""
        print(f"{each.name:45} {each.value:6.2f} {each.limit:6.2f}  {each.detail}{verdict}")
    return int(any(each.value > each.limit for each in measured))


if __name__ == "__main__":
    sys.exit(main())
