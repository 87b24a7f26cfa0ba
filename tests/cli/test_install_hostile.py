"""`invplug install` and `uninstall`: packages whose files, modules and marks get in the server's way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from inventree_plugins.transaction import recover
from tests.builders import build_wheel


def site_of(instance) -> Path:
    return next(instance.environment.glob("lib/python*/site-packages"))


def put_in(instance, name, version="1.0", **more) -> None:
    """Install a package of the server's, by name, as whoever set the server up did."""
    build_wheel(instance.wheels, name.partition("[")[0], version, **more)
    by_name(instance, f"{name}=={version}")


def by_name(instance, *requirements) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(instance.environment), "install", "-q"]
    done = subprocess.run([*pip, *requirements], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def put_egg_info(site: Path, name: str) -> Path:
    """Lay down a module as older tools did, without a list of its files."""
    (site / name).mkdir(parents=True)
    (site / name / "__init__.py").write_text("HOST = True\n")
    info = site / f"{name}-1.0-py3.11.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text(f"Metadata-Version: 1.1\nName: {name}\nVersion: 1.0\n")
    (info / "top_level.txt").write_text(f"{name}\n")
    return info


def refused(instance, *arguments: str) -> str:
    """Hold that a command is refused for the server's sake and changes nothing; return the message."""
    before = files(instance)
    result = instance.run(*arguments, "--json")
    assert (result.code, result.json["changed"]) == (1, False), result.out
    (error,) = result.json["errors"]
    assert error["code"] == "install-host-conflict"
    assert "--allow-host-changes" in error["hint"]
    assert files(instance) == before
    return error["message"]


def files(instance) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes()
        for folder in (instance.environment, instance.folder)
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".invplug.lock" and "__pycache__" not in path.parts
    }


class TestASharedFile:
    @pytest.fixture
    def shared(self, instance):
        put_in(instance, "hostlib", modules={"hostlib.py": "", "tests/__init__.py": "HOST = True\n"})
        modules = {"tests/__init__.py": "PLUGIN = True\n", "tests/test_alpha.py": ""}
        instance.wheel("alpha", modules=modules)
        instance.wheel("alpha", "2.0")
        instance.plugins_file.write_text("inventree-alpha==1.0\n")
        by_name(instance, "inventree-alpha==1.0")  # by the server itself, which asks nobody
        return instance

    @pytest.mark.parametrize(
        "command", [["uninstall", "inventree-alpha", "--yes"], ["install", "inventree-alpha==2.0"]]
    )
    def test_it_stays_when_one_owner_goes(self, shared, command):
        result = shared.run(*command)
        assert result.code == 0, result.err
        assert "inventree_alpha-1.0" not in shared.installed()
        left = [each.name for each in (site_of(shared) / "tests").rglob("*") if each.suffix == ".py"]
        assert left == ["__init__.py"]

    def test_an_upgrade_that_brings_it_again_is_refused(self, shared):
        shared.wheel("alpha", "3.0", modules={"tests/__init__.py": "PLUGIN = 3\n"})
        assert "hostlib" in refused(shared, "install", "inventree-alpha==3.0")

    def test_two_plugins_may_share_one(self, instance):
        for slug in ("alpha", "beta"):
            instance.wheel(slug, modules={"common/__init__.py": ""})
        assert instance.run("install", "inventree-alpha", "inventree-beta").code == 0
        assert instance.run("uninstall", "inventree-alpha", "--yes").code == 0
        assert (site_of(instance) / "common" / "__init__.py").exists()
        assert instance.run("uninstall", "inventree-beta", "--yes").code == 0
        assert not (site_of(instance) / "common").exists()


def test_a_file_in_place_of_the_servers_folder_is_refused(instance):
    put_in(instance, "Django", "5.2", modules={"django/__init__.py": "", "django/db/models.py": ""})
    instance.wheel("alpha", modules={"django": "I am a file\n"})
    message = refused(instance, "install", "inventree-alpha")
    assert "`Django`" in message
    assert str(site_of(instance) / "django") in message


def test_a_changed_package_of_the_server_stays_the_servers(instance):
    put_in(instance, "requests", "1.0")
    build_wheel(instance.wheels, "requests", "2.0")
    instance.wheel("alpha", requires=["requests>=2"])
    assert instance.run("install", "inventree-alpha", "--allow-host-changes").code == 0
    info = site_of(instance) / "requests-2.0.dist-info"
    assert (info / "REQUESTED").exists()
    assert f"{info.name}/REQUESTED,," in (info / "RECORD").read_text().splitlines()
    result = instance.run("uninstall", "inventree-alpha", "--yes")
    assert (result.code, instance.installed()) == (0, ["requests-2.0"])


def test_what_an_extra_of_the_server_needs_is_the_servers(instance):
    build_wheel(instance.wheels, "mailer", "1.0")
    requires = ['mailer ; extra == "mail"']
    put_in(instance, "serverapp[mail]", requires=requires, metadata={"Provides-Extra": "mail"})
    instance.wheel("alpha", requires=["mailer"])
    assert instance.run("install", "inventree-alpha").code == 0
    build_wheel(instance.wheels, "mailer", "2.0")
    instance.wheel("beta", requires=["mailer>=2"])
    assert "mailer" in refused(instance, "install", "inventree-beta")
    assert instance.run("uninstall", "inventree-alpha", "--yes").code == 0
    assert instance.installed() == ["mailer-1.0", "serverapp-1.0"]


def test_another_build_of_the_servers_version_is_refused(instance, tmp_path):
    put_in(instance, "Django", "5.2", modules={"django/__init__.py": ""})
    other = build_wheel(tmp_path / "other", "Django", "5.2", modules={"django/__init__.py": "OTHER = True\n"})
    message = refused(instance, "install", str(other))
    assert "`Django`" in message
    assert "5.2" in message


class TestOverwriting:
    def test_what_has_no_list_of_its_files(self, instance):
        put_egg_info(site_of(instance), "hostlib")
        instance.wheel("alpha", modules={"hostlib/__init__.py": "EVIL = True\n"})
        assert "`hostlib`" in refused(instance, "install", "inventree-alpha")

    @pytest.mark.parametrize("name", ["pyvenv.cfg", "bin/activate", "share/host.conf"])
    def test_what_lies_outside_the_folders_of_packages(self, instance, name):
        path = instance.environment / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
        folder = "inventree_alpha-1.0.data/data"
        instance.wheel("alpha", modules={f"{folder}/{name}": "EVIL\n", f"{folder}/share/mine": ""})
        assert str(path) in refused(instance, "install", "inventree-alpha")

    def test_a_plugins_own_may_come_again(self, instance):
        for version in ("1.0", "2.0"):
            data = {f"inventree_alpha-{version}.data/data/share/mine": version}
            instance.wheel("alpha", version, modules=data)
        for version in ("1.0", "2.0"):
            result = instance.run("install", f"inventree-alpha=={version}")
            assert result.code == 0, result.err
            assert (instance.environment / "share" / "mine").read_text() == version

    def test_a_script_that_an_older_tool_installed_may_come_again(self, instance):
        site = site_of(instance)
        info = put_egg_info(site, "panel")
        (info / "entry_points.txt").write_text("[inventree_plugins]\nPanel = panel.core:PanelPlugin\n")
        script = instance.environment / "bin" / "panel-tool"
        script.write_text("old\n")
        listed = "../panel/__init__.py\n../../../../bin/panel-tool\nPKG-INFO\ntop_level.txt\n"
        (info / "installed-files.txt").write_text(listed)
        data = {"panel-2.0.data/scripts/panel-tool": "#!/bin/sh\nnew\n"}
        instance.wheel("panel", "2.0", package="panel", modules=data)
        result = instance.run("install", "panel==2.0")
        assert result.code == 0, result.err
        assert "new" in script.read_text()
        assert instance.installed() == ["panel-2.0"]


class TestHiding:
    @pytest.fixture
    def elsewhere(self, instance, tmp_path):
        """A folder that the server's environment sees by a `.pth` file."""
        folder = tmp_path / "elsewhere"
        put_egg_info(folder, "hostlib")
        (site_of(instance) / "more.pth").write_text(f"{folder}\n")
        return folder

    def test_a_module_of_another_folder(self, instance, elsewhere):
        instance.wheel("alpha", modules={"hostlib/__init__.py": "EVIL = True\n"})
        assert "`hostlib`" in refused(instance, "install", "inventree-alpha")

    def test_a_namespace_is_shared(self, instance, elsewhere):
        instance.wheel("alpha", modules={"hostlib/part/__init__.py": ""})
        result = instance.run("install", "inventree-alpha")
        assert result.code == 0, result.err


def test_what_setup_py_develop_left_is_replaced(instance, tmp_path):
    project = tmp_path / "project"
    (project / "panel").mkdir(parents=True)
    (project / "panel" / "__init__.py").touch()
    info = project / "panel.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Metadata-Version: 1.1\nName: panel\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[inventree_plugins]\nPanel = panel.core:PanelPlugin\n")
    site = site_of(instance)
    (site / "easy-install.pth").write_text(f"{project}\n")
    (site / "panel.egg-link").write_text(f"{project}\n.")
    instance.wheel("panel", "2.0", package="panel")
    result = instance.run("install", "panel==2.0")
    assert result.code == 0, result.err
    assert not (site / "panel.egg-link").exists()
    assert (project / "panel" / "__init__.py").exists()
    program = "import panel; print(panel.__file__)"
    python = [str(instance.environment / "bin" / "python"), "-c", program]
    shown = subprocess.run(python, capture_output=True, text=True, check=True).stdout
    assert shown == f"{site / 'panel' / '__init__.py'}\n"


def test_what_was_prepared_beside_a_file_is_cleared_away(tmp_path):
    """A process that is killed before it has decided anything."""
    text, area = tmp_path / "plugins.txt", tmp_path / "area"
    text.write_text("old\n")
    program = """
import os, signal, sys
from pathlib import Path
from inventree_plugins import commit
from inventree_plugins.process import run
from inventree_plugins.transaction import Transaction
commit.write_journal = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
transaction = Transaction(Path(sys.argv[1]))
transaction.write(Path(sys.argv[2]), "new")
transaction.commit(run)
"""
    done = subprocess.run([sys.executable, "-c", program, str(area), str(text)], check=False)
    assert done.returncode == -9
    assert len(list(tmp_path.glob(".plugins.txt.*"))) == 1
    assert recover(area) == 0
    assert [path.name for path in tmp_path.glob("*plugins.txt*")] == ["plugins.txt"]
    assert not area.exists()
    assert text.read_text() == "old\n"
