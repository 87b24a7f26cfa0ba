"""The real packages of ../shared/corpus, unpacked as they are installed."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

TABLE = Path(__file__).parents[2] / "shared" / "corpus" / "plugins.json"


def unpacked(root: Path) -> list[tuple[dict[str, Any], Path]]:
    """Return what the table says of each package that could be had, and its folder, below which `site` is.

    Skips the test without a table, and without a package index.
    """
    if not TABLE.is_file():
        pytest.skip(f"there is no {TABLE}")
    entries = json.loads(TABLE.read_text())
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda entry: _download(entry, root), entries))
    if not any(outcomes):
        pytest.skip("no package index can be reached")
    return [
        (entry, root / entry["package"])
        for entry, is_there in zip(entries, outcomes, strict=True)
        if is_there
    ]


def _download(entry: dict[str, Any], root: Path) -> bool:
    """Unpack a package's wheel into `<root>/<package>/site`; tell whether that could be done."""
    target = root / entry["package"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
    command += ["--ignore-requires-python", "--only-binary", ":all:", "--dest", str(target)]
    command += [f"{entry['package']}=={entry['version']}"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        return False
    (wheel,) = target.glob("*.whl")
    with ZipFile(wheel) as archive:
        archive.extractall(target / "site")
    return True
