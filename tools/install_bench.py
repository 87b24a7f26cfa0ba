"""Measure a cold install of the repository's plugins.txt against the bare installer, pip by pip and uv by uv.

Its plugins need nothing else and are small, so that what invplug itself takes shows most. The same plugins
with a few libraries show what of it is left where there is more to fetch, as on a server.

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
# What plugins bring along: some of it compiled, none of it needed by another.
LIBRARIES = ("lxml==5.3.0", "pillow==11.0.0", "pydantic==2.11.7", "requests==2.32.3", "reportlab==4.2.5")


def installing(folder: Path, invplug: str, file: Path, rounds: int) -> list[Measured]:
    """Return invplug's seconds by the installer's, for pip and, where it is there, for uv."""
    home = folder / "installing"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    plain = _environment(home / "plain")
    with_pip = _environment(home / "with-pip", pip=True)
    small = file.read_text(encoding="utf-8")
    measured = []
    for words, text, times in (
        ("install, cold", small, rounds),
        ("install with libraries, cold", "\n".join((small, *LIBRARIES)), max(3, rounds // 2)),
    ):
        (home / "plugins.txt").write_text(text, encoding="utf-8")
        measured += _against_installers(home, invplug, times, {"pip": with_pip, "uv": plain}, words)
    return measured


def _against_installers(
    home: Path, invplug: str, rounds: int, bases: dict[str, Path], words: str
) -> list[Measured]:
    target = home / "target"
    own = (invplug, "--python", str(target), "--plugins-file", "plugins.txt", "install")
    rivals = {"pip": (str(target / "bin" / "python"), "-m", "pip", "install", "-r", "plugins.txt")}
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv:
        rivals["uv"] = (uv, "pip", "install", "--python", str(target), "-r", "plugins.txt")
    measured = []
    for name, rival in rivals.items():
        mine, other = [], []
        for _ in range(rounds + 1):
            other.append(_seconds(rival, target, bases[name], home))
            mine.append(_seconds((*own, "--installer", name), target, bases["uv"], home))
        # The first round fills the index's own caches.
        us, them = statistics.median(mine[1:]), statistics.median(other[1:])
        detail = f"{1000 * us:.0f} ms, {1000 * them:.0f} ms"
        measured.append(Measured(f"{words} / {name}", us / them, LIMIT, detail))
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
