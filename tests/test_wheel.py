"""The built wheel, in an environment that has nothing of this checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_wheel_holds_the_package_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "inventree_plugins/py.typed" in names
    assert "inventree_plugins/cli/boundary.py" in names
    assert {name.split("/")[0] for name in names} == {"inventree_plugins", "invplug-0.1.0.dist-info"}
    assert any(name.endswith("/LICENSE") for name in names)


def test_wheel_works_without_the_checkout(wheel, tmp_path):
    environment = tmp_path / "env"
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin" / "python"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(python),
            "install",
            "--no-deps",
            "--no-index",
            str(wheel),
        ],
        check=True,
        capture_output=True,
    )
    # The dependencies are those of the tests, which need no network; the checkout itself is not among them,
    # as `.pth` files count only in a site directory.
    site = next(environment.glob("lib/python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    for command in ([str(environment / "bin" / "invplug")], [str(python), "-m", "inventree_plugins"]):
        done = subprocess.run(
            [*command, "list", "--json"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert '"status": "ok"' in done.stdout
    where = subprocess.run(
        [str(python), "-c", "import inventree_plugins; print(inventree_plugins.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(environment)


@pytest.mark.network
def test_wheel_installs_with_its_dependencies_into_an_empty_environment(wheel, tmp_path):
    environment = tmp_path / "env"
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin" / "python"
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", str(wheel)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and ("No matching distribution" in done.stderr or "Connection" in done.stderr):
        pytest.skip("no package index is reachable")
    assert done.returncode == 0, done.stderr
    shown = subprocess.run(
        [str(environment / "bin" / "invplug"), "config", "show"],
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "standalone" in shown.stdout
