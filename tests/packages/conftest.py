"""Real virtual environments and a real pip that sees no index but the test's own folder."""

from __future__ import annotations

import sys
import venv
from dataclasses import replace
from pathlib import Path

import pytest

from inventree_plugins.models import Interpreter
from inventree_plugins.packages import PipInstaller, files_of, installed_distributions, normalize
from inventree_plugins.process import run
from inventree_plugins.requirements import declarations, option_lines, read_plugins_file
from inventree_plugins.transaction import Transaction


class Target:
    """A virtual environment without pip, and what a test asks of it."""

    def __init__(self, prefix: Path) -> None:
        venv.create(prefix, with_pip=False)
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        self.site = prefix / "lib" / f"python{version}" / "site-packages"
        self.interpreter = Interpreter(
            executable=prefix / "bin" / "python",
            prefix=prefix,
            version=".".join(str(part) for part in sys.version_info[:3]),
            implementation=sys.implementation.name,
            import_path=(self.site,),
            site_packages=self.site,
        )
        self.installer = PipInstaller(self.interpreter, run)

    def install(self, request, *, on_line=None):
        """Resolve, unpack aside, and put in place of what is there; return what was put in."""
        found = {one.key: one for one in self.distributions()}
        if request.requirements_file is not None:
            file = read_plugins_file(request.requirements_file)
            request = replace(
                request,
                options=option_lines(file),
                directory=file.path.parent,
                declarations=request.declarations or declarations(file),
            )
        packages = self.installer.resolve(request, on_line=on_line)
        if not packages:
            return ()
        with Transaction(self.interpreter.prefix / ".invplug-changes") as transaction:
            staged = self.installer.stage(request, packages, transaction.folder / "stage", on_line=on_line)
            for package in packages:
                old = found.get(normalize(package.name))
                if old is not None:
                    transaction.remove(files_of(old), below=old.location)
            transaction.put(staged.tree, staged.place)
            transaction.commit(run)
        return tuple((one.name, one.version, one.requested) for one in packages)

    def installed(self):
        return {one.key: one.version for one in self.distributions()}

    def distributions(self):
        return installed_distributions(self.interpreter.import_path)


@pytest.fixture(autouse=True)
def _no_pip_settings(monkeypatch, tmp_path):
    """Keep the machine's own pip settings, caches and user site out of every test."""
    import os

    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")


@pytest.fixture
def target(tmp_path):
    return Target(tmp_path / "target")


@pytest.fixture
def wheels(tmp_path):
    folder = tmp_path / "wheels"
    folder.mkdir()
    return folder


@pytest.fixture
def offline(wheels):
    """Option lines that make pip look into `wheels` only."""
    return ("--no-index", f"--find-links {wheels}")
