"""Source trees that build without a back end of anybody else's, so that no test needs a network for it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "{name}"
version = "{version}"
"""
BACK_END = """
import os
import zipfile

MODULE, INFO = "{module}", "{module}-{version}.dist-info"
METADATA = "Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n{requires}"
WHEEL = "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"


def _wheel(folder, name, text):
    file = "{module}-{version}-py3-none-any.whl"
    # The same bytes in each build.
    moment = (2020, 1, 1, 0, 0, 0)
    with zipfile.ZipFile(os.path.join(folder, file), "w") as wheel:
        texts = [(name, text), (INFO + "/METADATA", METADATA), (INFO + "/WHEEL", WHEEL)]
        for path, content in [*texts, (INFO + "/RECORD", "")]:
            wheel.writestr(zipfile.ZipInfo(path, moment), content)
    return file


def build_wheel(folder, config_settings=None, metadata_directory=None):
    with open(MODULE + ".py") as file:
        return _wheel(folder, MODULE + ".py", file.read())


def build_editable(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, MODULE + ".pth", os.getcwd() + "\\n")
"""


def project_files(name: str, version: str = "1.0", *, text: str = "", requires: str = "") -> dict[str, str]:
    """Return the files of a project with one module; `requires` is a requirement of it."""
    module = name.replace("-", "_")
    needed = f"Requires-Dist: {requires}\\n" if requires else ""
    return {
        "pyproject.toml": PYPROJECT.format(name=name, version=version),
        "backend.py": BACK_END.format(name=name, module=module, version=version, requires=needed),
        f"{module}.py": text,
    }


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """Write the files into a folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def commit(folder: Path) -> str:
    """Commit all of a folder, a repository or not yet one, and return the commit's name."""
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
    if not (folder / ".git").exists():
        subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
    for arguments in (("add", "-A"), (*who, "commit", "-q", "--allow-empty", "-m", "state")):
        subprocess.run(["git", "-C", folder, *arguments], check=True)
    done = subprocess.run(
        ["git", "-C", folder, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
