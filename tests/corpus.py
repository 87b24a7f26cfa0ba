"""The real packages of ../shared/corpus, unpacked as they are installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

TABLE = Path(__file__).parents[2] / "shared" / "corpus" / "plugins.json"


def download(entry: dict[str, Any], root: Path) -> bool:
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
