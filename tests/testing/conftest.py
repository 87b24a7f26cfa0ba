"""Projects of plugin authors, whose tests run in a process of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from inventree_plugins.sdk import server
from inventree_plugins.testing import PluginTestHost
from tests.test_architecture import ROOT as PACKAGE

CONFTEST = 'pytest_plugins = ["inventree_plugins.testing"]\n'


@dataclass(frozen=True)
class Outcome:
    """A finished run of pytest."""

    code: int
    out: str

    @property
    def counts(self) -> dict[str, int]:
        """Return how many tests came to what, as `{"passed": 2}`."""
        summary = self.out.strip().rpartition("\n")[2]
        found = re.findall(r"(\d+) ([a-z]+)", summary)
        return {word.removesuffix("s"): int(number) for number, word in found}


@dataclass(frozen=True)
class Project:
    """A folder with plugins and tests."""

    folder: Path

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    def python(self, *arguments: str, **environ: str) -> Outcome:
        path = os.pathsep.join([str(self.folder), str(PACKAGE.parent)])
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**_environ(), "PYTHONPATH": path, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        return Outcome(done.returncode, done.stdout)

    def pytest(self, *arguments: str, **environ: str) -> Outcome:
        """Run the project's tests, in which a warning is an error."""
        return self.python("-m", "pytest", "-p", "no:cacheprovider", "-W", "error", *arguments, **environ)


def _environ() -> dict[str, str]:
    ours = ("PYTEST_", "PYTHON", "DJANGO_", "COV_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return an empty project, but for the line that the manual asks for."""
    made = Project(tmp_path / "project")
    made.write("conftest.py", CONFTEST)
    return made


@pytest.fixture
def host(tmp_path: Path) -> Iterator[PluginTestHost]:
    """Return the kit's host, in this process; plugins of its tests import the SDK by its own name."""
    with PluginTestHost(tmp_path / "host") as made:
        yield made
    server._registered.clear()


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Return a folder on the import path, whose modules are forgotten after the test."""
    folder = tmp_path / "modules"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield Project(folder)
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).is_relative_to(folder):
            del sys.modules[name]
