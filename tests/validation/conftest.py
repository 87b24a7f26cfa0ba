"""A folder of files to be checked, an interpreter with nothing installed, and the command to check with."""

from __future__ import annotations

import json
import sys
import venv
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inventree_plugins.cli import main
from tests.builders import build_wheel


@dataclass(frozen=True)
class Result:
    """A finished run: exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self.out)["data"]

    @property
    def findings(self) -> list[dict[str, Any]]:
        return self.data["findings"]

    @property
    def codes(self) -> list[str]:
        return [finding["code"] for finding in self.findings]


Files = Mapping[str, "str | bytes"]


def write(files: Files, folder: Path | None = None) -> None:
    """Write files below a folder, the working directory by default; one ending in `/` is a folder."""
    for name, content in files.items():
        path = (folder or Path.cwd()) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir()
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding="utf-8")


@pytest.fixture(scope="session")
def empty_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that no test may change."""
    return make_environment(tmp_path_factory.mktemp("environment"))


def make_environment(folder: Path) -> Path:
    venv.create(folder, with_pip=False, symlinks=True)
    return folder


@pytest.fixture
def install(tmp_path: Path) -> Callable[..., Path]:
    """Unpack packages, as an installer does, into one environment of the test's own, and return that."""

    def unpack(name: str, version: str = "1.0.0", *, torn: bool = False, **more: Any) -> Path:
        environment = tmp_path / "environment"
        if not environment.exists():
            make_environment(environment)
        wheel = build_wheel(tmp_path / "wheels", name, version, **more)
        with zipfile.ZipFile(wheel) as archive:
            site = next(environment.glob("lib/python*/site-packages"))
            archive.extractall(site)
        if torn:  # as a removal that was interrupted
            next(site.glob(f"{name.replace('-', '_')}-*.dist-info/METADATA")).unlink()
        return environment

    return unpack


@pytest.fixture
def check(
    capsys: pytest.CaptureFixture[str], empty_environment: Path, isolated: None
) -> Callable[..., Result]:
    """Call `main(["validate", …])` for an environment, by default one with nothing in it."""

    def call(*arguments: str, environment: Path = empty_environment) -> Result:
        capsys.readouterr()
        code = main(["--python", str(environment), "validate", *arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


@pytest.fixture
def binary() -> list[str]:
    """The command line of the real program."""
    return [sys.executable, "-m", "inventree_plugins"]
