"""`invplug install`: what it refuses before anything changes, and what it tells about its plan."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import build_sdist, build_wheel, install_folder
from tests.cli.test_install import BACK_END, LOCAL_PLUGIN, PYPROJECT

UV = str(Path(sys.executable).with_name("uv"))


def snapshot(*folders: Path) -> dict[str, bytes]:
    """Return every file below the folders with its content."""
    return {
        str(path): path.read_bytes() if path.is_file() else b""
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.name != ".invplug.lock"
    }


@pytest.fixture
def served(instance):
    """An instance whose environment has a server's Django 5.2 in it, installed by name."""
    for version in ("4.2", "5.2", "6.0"):
        build_wheel(instance.wheels, "Django", version)
    done = subprocess.run(
        [UV, "pip", "install", "-q", "--python", instance.environment, "--no-index", "Django==5.2"],
        env={**os.environ, "UV_FIND_LINKS": str(instance.wheels), "UV_NO_CACHE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return instance


def plan_of(result):
    return {each["name"]: (each["from"], each["to"], each["why"]) for each in result.data["plan"]}


@pytest.mark.parametrize("wanted", ["Django<5", "Django>=6", "django==4.2"])
def test_a_plugin_that_would_change_the_servers_django_is_refused(served, wanted):
    served.wheel("alpha", requires=[wanted])
    before = snapshot(served.folder, served.environment)
    result = served.run("install", "inventree-alpha", "--json")
    assert result.code == 1
    (error,) = result.json["errors"]
    assert error["code"] == "install-host-conflict"
    for word in ("`inventree-alpha`", wanted.lower().replace("django", ""), "5.2"):
        assert word in error["message"].lower()
    assert "--allow-host-changes" in error["hint"]
    assert result.json["changed"] is False
    assert snapshot(served.folder, served.environment) == before
    text = served.run("install", "inventree-alpha")
    assert (text.code, text.out) == (1, "")
    assert "error: " in text.err


def test_the_way_out_is_taken_and_listed(served):
    served.wheel("alpha", requires=["Django<5"])
    dry = served.run("install", "inventree-alpha", "--allow-host-changes", "--dry-run", "--json")
    assert dry.code == 0
    assert plan_of(dry)["Django"] == ("5.2", "4.2", ["inventree-alpha"])
    assert "Django-5.2" in served.installed()
    result = served.run("install", "inventree-alpha", "--allow-host-changes", "--json")
    assert result.code == 0
    (host,) = [each for each in result.data["plan"] if each["host"]]
    assert (host["name"], host["from"], host["to"], host["action"]) == ("Django", "5.2", "4.2", "downgrade")
    warning = next(each for each in result.json["warnings"] if each["code"] == "host-changed")
    assert "`Django` goes from 5.2 to 4.2" in warning["message"]
    assert served.installed() == ["Django-4.2", "inventree_alpha-1.0"]


def test_naming_the_servers_own_package_is_refused_too(served):
    result = served.run("install", "Django==4.2", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (1, "install-host-conflict")
    assert served.installed() == ["Django-5.2"]
    assert not served.plugins_file.exists()


def test_an_older_plugin_that_suits_the_server_is_found(served):
    served.wheel("alpha", "1.0", requires=["Django>=5,<6"])
    served.wheel("alpha", "2.0", requires=["Django>=6"])
    result = served.run("install", "inventree-alpha", "--json")
    assert (result.code, plan_of(result)) == (0, {"inventree-alpha": (None, "1.0", ["command line"])})


def test_what_a_plugin_brought_may_change_with_it(served):
    for version in ("1.0", "2.0"):
        build_wheel(served.wheels, "helper", version)
    served.wheel("alpha", "1.0", requires=["helper<2"])
    assert served.run("install", "inventree-alpha").code == 0
    served.wheel("alpha", "2.0", requires=["helper>=2"])
    result = served.run("install", "--upgrade", "--json")
    assert result.code == 0
    assert plan_of(result) == {
        "inventree-alpha": ("1.0", "2.0", ["plugins.txt line 1"]),
        "helper": ("1.0", "2.0", ["inventree-alpha"]),
    }


def test_the_servers_requirement_files_protect_what_is_not_there_yet(instance, tmp_path):
    """As in a container that is being built: the server's packages come after the plugins."""
    source = tmp_path / "checkout" / "src" / "backend" / "InvenTree"
    (source / "InvenTree").mkdir(parents=True)
    (source / "manage.py").write_text("")
    (source / "InvenTree" / "version.py").write_text('INVENTREE_SW_VERSION = "1.5.0"\n')
    (source.parent / "requirements.txt").write_text("django==5.2 \\\n    --hash=sha256:" + "0" * 64 + "\n")
    build_wheel(instance.wheels, "Django", "4.2")
    build_wheel(instance.wheels, "Django", "5.2")
    instance.wheel("alpha", requires=["Django<5"])
    instance.wheel("beta", requires=["Django"])
    more = ("--server", str(source), "--database", str(tmp_path / "db.sqlite3"))
    make_database(tmp_path / "db.sqlite3")
    refused = instance.run(*more, "install", "inventree-alpha", "--json")
    assert refused.code == 1
    assert "django" in refused.json["errors"][0]["message"].lower()
    assert instance.run(*more, "install", "inventree-beta").code == 0
    assert instance.installed() == ["Django-5.2", "inventree_beta-1.0"]


def make_database(path: Path) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "CREATE TABLE plugin_pluginconfig (id integer PRIMARY KEY AUTOINCREMENT, key varchar(255) UNIQUE,"
            " name varchar(255), active bool NOT NULL, metadata text, package_name varchar(255))"
        )
        database.execute(
            "CREATE TABLE django_migrations (id integer PRIMARY KEY, app varchar(255), name varchar(255))"
        )
        database.execute(
            "CREATE TABLE common_inventreesetting (id integer PRIMARY KEY, key varchar(50), value text)"
        )
        database.commit()


def test_the_environments_own_tools_may_be_replaced(instance):
    """A new setuptools is no danger to the server; what the server's files do not name is not pinned."""
    site = next(instance.environment.glob("lib/python*/site-packages"))
    build_wheel(instance.wheels, "setuptools", "99.0")
    info = install_folder(site, "setuptools", "65.0")
    (info / "RECORD").write_text(f"{info.name}/METADATA,,\n{info.name}/RECORD,,\n")
    instance.wheel("alpha", requires=["setuptools>=80"])
    result = instance.run("install", "inventree-alpha", "--json")
    assert result.code == 0
    assert plan_of(result)["setuptools"] == ("65.0", "99.0", ["inventree-alpha"])
    assert instance.installed() == ["inventree_alpha-1.0", "setuptools-99.0"]


def test_the_plan_tells_why(instance):
    build_wheel(instance.wheels, "helper", "1.0", requires=["deep"])
    build_wheel(instance.wheels, "deep", "3.0")
    instance.wheel("alpha", requires=["helper", 'deep ; extra == "more"'])
    instance.plugins_file.write_text("# mine\ninventree-alpha\n")
    dry = instance.run("install", "--dry-run")
    assert dry.out == ""
    lines = [line.split() for line in dry.err.splitlines()]
    assert ["install", "inventree-alpha", "1.0", "plugins.txt", "line", "2"] in lines
    assert ["install", "helper", "1.0", "needed", "by", "inventree-alpha"] in lines
    assert ["install", "deep", "3.0", "needed", "by", "helper"] in lines
    assert instance.installed() == []
    done = instance.run("install")
    shown = [line.split() for line in done.err.splitlines()]
    assert ["install", "deep", "3.0", "needed", "by", "helper"] in shown
    assert "installed 2 packages that others need: deep, helper" in done.err


def test_dependencies_are_not_marked_as_asked_for(instance):
    build_wheel(instance.wheels, "helper", "1.0")
    instance.wheel("alpha", requires=["helper"])
    instance.wheel("beta", requires=["helper"])
    for name in ("inventree-alpha", "inventree-beta"):  # in one run of the installer, and in two
        assert instance.run("install", name).code == 0
    site = next(instance.environment.glob("lib/python*/site-packages"))
    assert sorted(path.parent.name for path in site.glob("*/REQUESTED")) == [
        "inventree_alpha-1.0.dist-info",
        "inventree_beta-1.0.dist-info",
    ]
    for record in site.glob("*.dist-info/RECORD"):
        for line in record.read_text().splitlines():
            assert (site / line.split(",")[0]).exists()


def test_a_package_without_a_plugin_warns_or_is_refused(instance):
    build_wheel(instance.wheels, "plain", "1.0")
    before = snapshot(instance.folder, instance.environment)
    refused = instance.run("install", "plain", "--require-plugin", "--json")
    assert (refused.code, refused.json["errors"][0]["code"]) == (1, "install-no-plugin")
    assert "`plain`" in refused.json["errors"][0]["message"]
    assert snapshot(instance.folder, instance.environment) == before
    result = instance.run("install", "plain", "--json")
    assert (result.code, [each["code"] for each in result.json["warnings"]]) == (0, ["no-plugin"])
    again = instance.run("install", "plain", "--require-plugin", "--json")
    assert (again.code, again.json["errors"][0]["code"]) == (1, "install-no-plugin")
    assert instance.run("install", "plain").code == 0


def test_pin_records_what_was_installed(instance):
    instance.wheel("alpha", "1.3", requires=["helper"])
    build_wheel(instance.wheels, "helper", "1.0")
    instance.wheel("beta", "2.0")
    instance.plugins_file.write_text("inventree-beta>=1  # second\n")
    result = instance.run("install", "inventree-alpha", "inventree-beta", "--pin", "--json")
    assert result.code == 0
    assert result.data["recorded"] == ["inventree-alpha==1.3", "inventree-beta==2.0"]
    assert instance.plugins_file.read_text() == "inventree-beta==2.0  # second\ninventree-alpha==1.3\n"
    again = instance.run("install", "--pin", "--json")
    assert (again.code, again.json["changed"]) == (0, False)


def test_pin_of_what_is_there_starts_no_installer(instance, monkeypatch, tmp_path):
    instance.wheel("alpha", "1.3")
    assert instance.run("install", "inventree-alpha").code == 0
    monkeypatch.setenv("PIP_LOG", str(tmp_path / "pip.log"))
    result = instance.run("install", "--pin", "--json")
    assert (result.code, result.data["recorded"]) == (0, ["inventree-alpha==1.3"])
    assert instance.plugins_file.read_text() == "inventree-alpha==1.3\n"
    assert not (tmp_path / "pip.log").exists()


class TestKeepGoing:
    @pytest.fixture
    def several(self, instance):
        for slug in ("alpha", "beta", "gamma"):
            instance.wheel(slug)
        instance.plugins_file.write_text(
            "inventree-alpha\nnowhere-at-all>=2  # what?\ninventree-beta\ninventree-gamma==9\n"
        )
        return instance

    def test_one_bad_line_installs_nothing(self, several):
        text = several.plugins_file.read_text()
        result = several.run("install", "--json")
        assert (result.code, result.json["status"], result.json["changed"]) == (1, "error", False)
        assert result.json["errors"][0]["line"] == 2
        assert several.installed() == []
        assert several.plugins_file.read_text() == text

    def test_the_rest_is_installed_and_each_failure_told(self, several):
        text = several.plugins_file.read_text()
        result = several.run("install", "--keep-going", "--json")
        assert (result.code, result.json["status"], result.json["changed"]) == (1, "partial", True)
        assert [(each["code"], each["line"]) for each in result.json["errors"]] == [
            ("install-not-found", 2),
            ("install-no-version", 4),
        ]
        assert several.installed() == ["inventree_alpha-1.0", "inventree_beta-1.0"]
        assert sorted(result.data["created"]) == ["alpha", "beta"]
        assert several.plugins_file.read_text() == text
        again = several.run("install", "--keep-going", "--json")
        assert (again.code, again.json["changed"]) == (1, False)

    def test_only_what_was_installed_is_recorded(self, instance):
        instance.wheel("alpha")
        result = instance.run("install", "nowhere-at-all", "inventree-alpha", "--keep-going", "--json")
        assert (result.code, result.data["recorded"]) == (1, ["inventree-alpha"])
        assert instance.plugins_file.read_text() == "inventree-alpha\n"

    def test_when_nothing_is_left(self, instance):
        result = instance.run("install", "nowhere-at-all", "--keep-going", "--json")
        assert (result.code, result.json["changed"], result.json["status"]) == (1, False, "error")
        assert not instance.plugins_file.exists()

    def test_of_two_that_exclude_each_other_the_first_stays(self, instance):
        for version in ("1.0", "2.0"):
            build_wheel(instance.wheels, "helper", version)
        instance.wheel("alpha", requires=["helper<2"])
        instance.wheel("beta", requires=["helper>=2"])
        instance.wheel("gamma")
        instance.plugins_file.write_text("inventree-alpha\ninventree-beta\ninventree-gamma\n")
        result = instance.run("install", "--keep-going", "--json")
        assert result.code == 1
        assert [(each["code"], each["line"]) for each in result.json["errors"]] == [("install-conflict", 2)]
        assert instance.installed() == ["helper-1.0", "inventree_alpha-1.0", "inventree_gamma-1.0"]

    def test_a_build_that_fails_is_one_too(self, instance):
        instance.wheel("alpha")
        back_end = 'def build_wheel(*_, **__):\n    raise SystemExit("foo.h: No such file")\n'
        project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        build_sdist(
            instance.wheels, "brittle", "1.0", files={"pyproject.toml": project, "backend.py": back_end}
        )
        instance.plugins_file.write_text("brittle\ninventree-alpha\n")
        result = instance.run("install", "--keep-going", "--json")
        assert result.code == 1
        assert [(each["code"], each["line"]) for each in result.json["errors"]] == [
            ("install-build-failed", 1)
        ]
        assert instance.installed() == ["inventree_alpha-1.0"]


def test_lines_for_other_environments_stay(instance):
    for version in ("1.0", "2.0"):
        instance.wheel("alpha", version)
    text = (
        'inventree-alpha==0.9 ; python_version < "3"\ninventree-alpha==1.0 ; python_version >= "3"  # now\n'
    )
    instance.plugins_file.write_text(text)
    result = instance.run("install", "inventree-alpha==2.0", "--json")
    assert result.code == 0, result.err
    assert instance.plugins_file.read_text() == text.replace("==1.0", "==2.0")
    assert instance.installed() == ["inventree_alpha-2.0"]


@pytest.mark.parametrize(("value", "told"), [("True", True), ("False", False)])
def test_a_server_that_installs_itself_is_a_second_writer(instance, value, told):
    instance.wheel("alpha")
    config = instance.folder / "config.yaml"
    database = instance.folder / "db.sqlite3"
    make_database(database)
    settings = f"global_settings: {{PLUGIN_ON_STARTUP: {value}}}"
    config.write_text(f"database:\n  ENGINE: sqlite3\n  NAME: {database}\n{settings}\n")
    result = instance.run("--config", str(config), "install", "inventree-alpha", "--json")
    assert result.code == 0
    assert ("second-writer" in [each["code"] for each in result.json["warnings"]]) is told
    again = instance.run("--config", str(config), "install", "--json")
    assert "second-writer" not in [each["code"] for each in again.json["warnings"]]


def test_a_package_with_the_servers_files_is_refused(served):
    """Its versions conflict with nothing, and still it would replace a module of Django."""
    modules = {"django.py": "EVIL = True\n", "inventree_alpha/__init__.py": ""}
    served.wheel("alpha", modules=modules)
    before = snapshot(served.folder, served.environment)
    result = served.run("install", "inventree-alpha", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (1, "install-host-conflict")
    assert "django.py" in result.json["errors"][0]["message"]
    assert snapshot(served.folder, served.environment) == before
    assert served.run("install", "inventree-alpha", "--allow-host-changes").code == 0


def test_a_plugin_that_plugins_txt_does_not_know_is_not_broken_either(instance):
    for version in ("1.0", "2.0"):
        build_wheel(instance.wheels, "helper", version)
    instance.wheel("alpha", requires=["helper<2"])
    instance.wheel("beta", requires=["helper>=2"])
    assert instance.run("install", "inventree-alpha").code == 0
    instance.plugins_file.write_text("")
    result = instance.run("install", "inventree-beta", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (1, "install-conflict")
    assert instance.installed() == ["helper-1.0", "inventree_alpha-1.0"]


def test_the_servers_own_package_never_becomes_a_plugins(served):
    """Else a later run could change it, or uninstall take it away."""
    build_wheel(served.wheels, "gunicorn", "1.0")
    build_wheel(served.wheels, "gunicorn", "2.0")
    uv = [UV, "pip", "install", "-q", "--python", served.environment, "--no-index", "gunicorn==2.0"]
    subprocess.run(uv, env={**os.environ, "UV_FIND_LINKS": str(served.wheels)}, check=True)
    for wanted in ("gunicorn", "gunicorn<2"):
        result = served.run("install", wanted, "--json")
        assert (result.code, result.json["errors"][0]["code"]) == (1, "install-host-conflict")
        assert not served.plugins_file.exists()


def test_a_relative_path_to_the_environment_is_the_same_environment(served, monkeypatch):
    served.wheel("alpha", modules={"django.py": "EVIL = True\n"})
    monkeypatch.chdir(served.environment.parent)
    relative = f"../{served.environment.parent.name}/{served.environment.name}"
    more = ("--python", relative, "--plugins-file", str(served.plugins_file))
    result = served.run(*more, "install", "inventree-alpha", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (1, "install-host-conflict")


def test_lines_that_are_added_meanwhile_are_not_lost(instance, tmp_path):
    """As by the server's own web interface; here by what is being built."""
    folder = tmp_path / "checkout"
    (folder / "inventree_local").mkdir(parents=True)
    (folder / "inventree_local" / "core.py").write_text(LOCAL_PLUGIN)
    (folder / "pyproject.toml").write_text(PYPROJECT.format(name="inventree-local", version="1.0"))
    meddling = f"open({str(instance.plugins_file)!r}, 'a').write('# added\\n')\n"
    (folder / "backend.py").write_text(meddling + BACK_END.format(name="inventree-local", version="1.0"))
    instance.plugins_file.write_text("# mine\n")
    result = instance.run("install", str(folder), "--json")
    assert (result.code, [each["code"] for each in result.json["errors"]]) == (2, ["plugins-file"])
    assert "run the command again" in result.json["errors"][0]["hint"]
    text = instance.plugins_file.read_text()
    assert text == "# mine\n" + "# added\n" * text.count("# added")
    assert instance.installed() == []


def test_require_plugin_gives_up_one_line_only(instance):
    build_wheel(instance.wheels, "plain", "1.0")
    instance.wheel("alpha")
    instance.plugins_file.write_text("inventree-alpha\nplain\n")
    result = instance.run("install", "--require-plugin", "--keep-going", "--json")
    assert [(each["code"], each["line"]) for each in result.json["errors"]] == [("install-no-plugin", 2)]
    assert instance.installed() == ["inventree_alpha-1.0"]


def test_an_upgrade_that_the_server_would_refuse_is_none(instance, tmp_path):
    source = tmp_path / "checkout" / "src" / "backend" / "InvenTree"
    (source / "InvenTree").mkdir(parents=True)
    (source / "manage.py").write_text("")
    (source / "InvenTree" / "version.py").write_text('INVENTREE_SW_VERSION = "1.5.0"\n')
    make_database(tmp_path / "db.sqlite3")
    more = ("--server", str(source), "--database", str(tmp_path / "db.sqlite3"))
    more += ("--plugins-file", str(instance.plugins_file))
    instance.wheel("alpha")
    assert instance.run(*more, "install", "inventree-alpha").code == 0
    text = "from plugin import InvenTreePlugin\n\n\nclass AlphaPlugin(InvenTreePlugin):\n"
    text += '    NAME = "alpha"\n    SLUG = "alpha"\n    MIN_VERSION = "99.0.0"\n'
    instance.wheel("alpha", "2.0", modules={"inventree_alpha/core.py": text})
    result = instance.run(*more, "install", "--upgrade", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (1, "install-unfit")
    assert instance.installed() == ["inventree_alpha-1.0"]
