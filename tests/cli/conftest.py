"""A standalone instance with an environment of its own, and the command line to drive it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inventree_plugins.cli import main
from tests.builders import build_wheel

# Who installs where a module does not name its own `INSTALLER`; `auto` takes uv, which is the quicker one.
INSTALLER = os.environ.get("INVPLUG_TEST_INSTALLER", "auto")
PLUGIN = """
from plugin import InvenTreePlugin
from plugin.mixins import {mixins}


class {name}Plugin({mixins}, InvenTreePlugin):
    NAME = "{name}"
    SLUG = "{slug}"
    TITLE = "The {slug} plugin"
    AUTHOR = "Ada"
    VERSION = "{version}"
    SETTINGS = {{"KEY": {{"name": "Key"}}}}
"""


@dataclass(frozen=True)
class Result:
    """A finished run: exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)

    @property
    def data(self) -> dict[str, Any]:
        return self.json["data"]


class Instance:
    """The standalone instance of the working directory; its environment starts empty, without pip."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.wheels = folder.parent / "wheels"
        self.environment = folder.parent / "environment"
        self.plugins_file = folder / "plugins.txt"
        self.store = folder / ".invplug" / "store.sqlite3"
        self._capture = capture
        self.wheels.mkdir()
        venv.create(self.environment, with_pip=False, symlinks=True)

    def run(self, *arguments: str) -> Result:
        """Call `main([...])` in this process."""
        self._capture.readouterr()
        code = main(["--python", str(self.environment), *arguments])
        captured = self._capture.readouterr()
        return Result(code, captured.out, captured.err)

    def run_binary(self, *arguments: str, env: Mapping[str, str] | None = None) -> Result:
        """Start the real program."""
        done = subprocess.run(
            [sys.executable, "-m", "inventree_plugins", "--python", str(self.environment), *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **(env or {})},
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def wheel(
        self,
        slug: str,
        version: str = "1.0",
        *,
        mixins: str = "SettingsMixin",
        package: str | None = None,
        **more: Any,
    ) -> Path:
        """Build a wheel with one plugin; the package is named after the slug."""
        package = package or f"inventree-{slug}"
        module = package.replace("-", "_")
        name = slug.replace("-", " ").title().replace(" ", "")
        text = PLUGIN.format(name=name, slug=slug, version=version, mixins=mixins)
        return build_wheel(
            self.wheels,
            package,
            version,
            modules={f"{module}/__init__.py": "", f"{module}/core.py": text, **more.pop("modules", {})},
            entry_points={name: f"{module}.core:{name}Plugin"},
            **more,
        )

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return the store's rows by key, read with nothing of invplug's."""
        with closing(sqlite3.connect(self.store)) as database:
            database.row_factory = sqlite3.Row
            return {row["key"]: dict(row) for row in database.execute("SELECT * FROM plugin_pluginconfig")}

    def active(self) -> list[str]:
        return sorted(key for key, row in self.rows().items() if row["active"])

    def installed(self) -> list[str]:
        site = next(self.environment.glob("lib/python*/site-packages"))
        return sorted(path.name.removesuffix(".dist-info") for path in site.glob("*.dist-info"))


@pytest.fixture
def instance(
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
    isolated: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Instance:
    made = Instance(Path.cwd(), capsys)
    monkeypatch.setenv("INVPLUG_INSTALLER", getattr(request.module, "INSTALLER", INSTALLER))
    # What refuses a connection will refuse it again.
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    # pip finds what the test built, and nothing else.
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(made.wheels))
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    return made


@pytest.fixture
def invplug(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Result]]:
    """Call `main([...])` with nothing added."""

    def call(*arguments: str) -> Result:
        capsys.readouterr()
        code = main(list(arguments))
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call
