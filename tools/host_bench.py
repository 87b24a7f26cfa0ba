"""Measure what booting plugins costs beside importing their modules, each in a process of its own."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tools.field_bench import Measured

__all__ = ["booting"]

COUNT = 100
IMPORT = f"""
import importlib, sys
from inventree_plugins.sdk.stand_ins import stand_ins
sys.path.insert(0, ".")
with stand_ins():
    for n in range({COUNT}):
        importlib.import_module(f"plugins.bench_{{n}}.plugin")
"""
BOOT = f"""
from inventree_plugins.host import PluginHost
host = PluginHost.from_config().boot()
assert len(host.plugins) == {COUNT}, host.failures
"""


def booting(folder: Path, invplug: str, text: str, rounds: int) -> list[Measured]:
    """Return the time of booting a hundred enabled plugins by that of importing them."""
    home = folder / "hosted"
    _make(home, text)
    slugs = [f"bench-{n}" for n in range(COUNT)]
    command = [invplug, "--python", sys.executable, "enable", *slugs]
    subprocess.run(command, cwd=home, capture_output=True, check=True)
    imported, booted = [], []
    for _ in range(rounds + 1):
        imported.append(_seconds(IMPORT, home))
        booted.append(_seconds(BOOT, home))
    # The first round compiles the modules.
    rival, own = (1000 * statistics.median(taken[1:]) for taken in (imported, booted))
    detail = f"{own:.0f} ms, {rival:.0f} ms"
    return [Measured(f"boot {COUNT} plugins / import their modules", own / rival, 1.3, detail)]


def _make(home: Path, text: str) -> None:
    shutil.rmtree(home, ignore_errors=True)
    for n in range(COUNT):
        package = home / "plugins" / f"bench_{n}"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f'PLUGIN_VERSION = "1.{n}.0"\n')
        (package / "plugin.py").write_text(text.format(n=n))


def _seconds(code: str, home: Path) -> float:
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=home, env=environ, check=True)
    return time.perf_counter() - start
