"""The plugin packages of the field, as the corpus names them, installed into one folder."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from inventree_plugins.models import Distribution, EntryPoint
from inventree_plugins.packages import normalize

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT.parent / "shared" / "corpus" / "plugins.json"

_LINE = re.compile(r"^\s*([^=\n]+?)\s*=\s*([\w.]+)\s*(?::\s*([\w.]+))?\s*$", re.MULTILINE)


def field_packages(folder: Path) -> Path | None:
    """Return the folder with all packages of the corpus, downloaded once; None when they cannot be had."""
    site, ready = folder / "site", folder / "ready"
    if ready.is_file():
        return site
    if not TABLE.is_file():
        return None
    pins = [f"{entry['package']}=={entry['version']}" for entry in json.loads(TABLE.read_text())]
    # No plugin code runs: wheels only, no dependencies, nothing compiled.
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--no-compile", "--ignore-requires-python", "--upgrade", "--target", str(site), *pins]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        return None
    ready.touch()
    return site


def distributions(site: Path) -> tuple[Distribution, ...]:
    """Return what is installed in the folder, with the plugin entry points."""
    return tuple(_distribution(info, site) for info in sorted(site.glob("*.dist-info")))


def _distribution(info: Path, site: Path) -> Distribution:
    name, _, version = info.stem.partition("-")
    file = info / "entry_points.txt"
    text = file.read_text() if file.is_file() else ""
    section = text.partition("[inventree_plugins]")[2].partition("\n[")[0]
    points = (EntryPoint("inventree_plugins", *match.groups(default="")) for match in _LINE.finditer(section))
    return Distribution(name, normalize(name), version, site, info, tuple(points))


def top_level_packages(site: Path) -> tuple[str, ...]:
    """Return the top-level modules that the plugin entry points lead to."""
    points = (point for each in distributions(site) for point in each.entry_points)
    return tuple(dict.fromkeys(point.module.partition(".")[0] for point in points))
