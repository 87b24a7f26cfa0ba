"""Measure a cold install of the repository's plugins.txt against the bare installer, pip by pip and uv by uv.

Every run starts with an empty environment and an empty cache, and fetches from the index that this machine
is set up for; run after run in turn, so that an index that is slow today is slow for both.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tools.field_bench import Measured

__all__ = ["installing"]

LIMIT = 1.15


def installing(folder: Path, invplug: str, file: Path, rounds: int) -> list[Measured]:
    """Return invplug's seconds by the installer's, for pip and, where it is there, for uv."""
    home = folder / "installing"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    plain = _environment(home / "plain")
    with_pip = _environment(home / "with-pip", pip=True)
    shutil.copy(file, home / "plugins.txt")
    target = home / "target"
    own = (invplug, "--python", str(target), "--plugins-file", "plugins.txt", "install")
    rivals = {
        "pip": ((str(target / "bin" / "python"), "-m", "pip", "install", "-r", "plugins.txt"), with_pip)
    }
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv:
        rivals["uv"] = ((uv, "pip", "install", "--python", str(target), "-r", "plugins.txt"), plain)
    measured = []
    for name, (rival, rival_base) in rivals.items():
        mine, other = [], []
        for _ in range(rounds + 1):
            other.append(_seconds(rival, target, rival_base, home))
            mine.append(_seconds((*own, "--installer", name), target, plain, home))
        # The first round fills the index's own caches.
        us, them = statistics.median(mine[1:]), statistics.median(other[1:])
        detail = f"{1000 * us:.0f} ms, {1000 * them:.0f} ms"
        measured.append(Measured(f"install, cold / {name} install", us / them, LIMIT, detail))
    return measured


def _environment(path: Path, *, pip: bool = False) -> Path:
    command = [sys.executable, "-m", "venv", *([] if pip else ["--without-pip"]), str(path)]
    subprocess.run(command, check=True)
    if pip:
        _copy_pip(path)
    return path


def _copy_pip(environment: Path) -> None:
    """Give the rival the very pip that invplug has."""
    import pip  # noqa: PLC0415 - for this only

    source = Path(pip.__file__).parent
    site = next(environment.glob("lib/python*/site-packages"))
    for old in site.glob("pip*"):
        shutil.rmtree(old)
    for each in (source, *source.parent.glob("pip-*.dist-info")):
        shutil.copytree(each, site / each.name)


def _seconds(command: tuple[str, ...], target: Path, base: Path, home: Path) -> float:
    shutil.rmtree(target, ignore_errors=True)
    for name in (".invplug", "cache"):
        shutil.rmtree(home / name, ignore_errors=True)
    shutil.copytree(base, target, symlinks=True)
    cache = str(home / "cache")
    environ = {**os.environ, "PIP_CACHE_DIR": cache, "UV_CACHE_DIR": cache}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    done = subprocess.run(command, cwd=home, env=environ, capture_output=True, check=False)
    taken = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr.decode()}")
    return taken
