"""`invplug install`."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import build_sdist, build_wheel

INSTALLER = "pip"

# An in-tree build back end: builds without any network, by packing what lies beside it.
BACK_END = """
import os, zipfile

NAME, VERSION = "{name}", "{version}"
MODULE = NAME.replace("-", "_")
INFO = f"{{MODULE}}-{{VERSION}}.dist-info"


def _build(folder, modules):
    path = os.path.join(folder, f"{{MODULE}}-{{VERSION}}-py3-none-any.whl")
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in modules.items():
            archive.writestr(name, text)
        metadata = f"Metadata-Version: 2.1\\nName: {{NAME}}\\nVersion: {{VERSION}}\\n"
        wheel = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        archive.writestr(f"{{INFO}}/METADATA", metadata)
        archive.writestr(f"{{INFO}}/WHEEL", wheel)
        entry = f"[inventree_plugins]\\nLocal = {{MODULE}}.core:LocalPlugin\\n"
        archive.writestr(f"{{INFO}}/entry_points.txt", entry)
        archive.writestr(f"{{INFO}}/RECORD", "")
    return os.path.basename(path)


def build_wheel(folder, config_settings=None, metadata_directory=None):
    modules = {{}}
    for name in sorted(os.listdir(MODULE)):
        if name.endswith(".py"):
            with open(os.path.join(MODULE, name)) as file:
                modules[f"{{MODULE}}/{{name}}"] = file.read()
    return _build(folder, modules)


def build_editable(folder, config_settings=None, metadata_directory=None):
    return _build(folder, {{f"{{MODULE}}.pth": os.getcwd() + "\\n"}})
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "{name}"
version = "{version}"
"""
LOCAL_PLUGIN = """
from plugin import InvenTreePlugin


class LocalPlugin(InvenTreePlugin):
    NAME = "Local"
    SLUG = "local"
"""


@pytest.fixture
def project(tmp_path):
    """A source tree with one plugin, `local`, that builds without a network."""
    folder = tmp_path / "checkout"
    (folder / "inventree_local").mkdir(parents=True)
    (folder / "inventree_local" / "__init__.py").write_text("")
    (folder / "inventree_local" / "core.py").write_text(LOCAL_PLUGIN)
    (folder / "pyproject.toml").write_text(PYPROJECT.format(name="inventree-local", version="1.0"))
    (folder / "backend.py").write_text(BACK_END.format(name="inventree-local", version="1.0"))
    return folder


@pytest.fixture
def pip_log(tmp_path, monkeypatch):
    """The file that any pip writes as soon as it starts."""
    path = tmp_path / "pip.log"
    monkeypatch.setenv("PIP_LOG", str(path))
    return path


def snapshot(*folders: Path) -> dict[str, bytes]:
    """Return every file below the folders with its content."""
    return {
        str(path): path.read_bytes() if path.is_file() else b""
        for folder in folders
        for path in sorted(folder.rglob("*"))
    }


def test_named_package_is_installed_recorded_and_gets_an_inactive_row(instance):
    instance.wheel("alpha", "1.2")
    result = instance.run("install", "inventree-alpha")
    assert (result.code, result.out) == (0, "")
    assert "installed inventree-alpha 1.2" in result.err
    assert "new plugins, not enabled yet: `alpha`" in result.err
    assert instance.plugins_file.read_text() == "inventree-alpha\n"
    assert instance.installed() == ["inventree_alpha-1.2"]
    assert {key: row["active"] for key, row in instance.rows().items()} == {"alpha": 0}


def test_twice_is_unchanged(instance):
    instance.wheel("alpha")
    first = instance.run("install", "inventree-alpha", "--json").json
    assert (first["changed"], first["data"]["created"]) == (True, ["alpha"])
    before = snapshot(instance.folder, instance.environment)
    again = instance.run("install", "inventree-alpha", "--json")
    assert again.code == 0
    assert again.json["changed"] is False
    assert again.data["installed"] == again.data["recorded"] == again.data["created"] == []
    assert again.data["satisfied"] == ["inventree-alpha"]
    assert [row["key"] for row in again.data["plugins"]] == ["alpha"]
    assert again.json["next_steps"] == []
    assert snapshot(instance.folder, instance.environment) == before


def test_without_arguments_installs_all_of_plugins_txt_and_changes_no_byte_of_it(instance):
    instance.wheel("alpha", "1.0")
    instance.wheel("alpha", "2.0")
    instance.wheel("beta")
    text = (
        "# my plugins\n\ninventree-beta # the second\ninventree-alpha==1.0  # pinned: 2.0 is slow\n# the end"
    )
    instance.plugins_file.write_text(text)
    result = instance.run("install", "--json")
    assert result.code == 0
    assert sorted((item["name"], item["version"]) for item in result.data["installed"]) == [
        ("inventree-alpha", "1.0"),
        ("inventree-beta", "1.0"),
    ]
    assert sorted(result.data["created"]) == ["alpha", "beta"]
    assert result.data["recorded"] == []
    assert instance.plugins_file.read_text() == text
    assert instance.active() == []
    assert instance.run("install", "--json").json["changed"] is False
    assert instance.plugins_file.read_text() == text


def test_nothing_missing_starts_no_installer(instance, pip_log):
    instance.wheel("alpha")
    instance.plugins_file.write_text("inventree-alpha\n")
    assert instance.run_binary("install").code == 0
    assert pip_log.exists(), "the trace that this test relies on"
    pip_log.unlink()
    shutil.rmtree(instance.wheels)
    for arguments in (("install",), ("install", "inventree-alpha"), ("install", "--dry-run")):
        result = instance.run_binary(*arguments)
        assert (result.code, result.out) == (0, "")
        assert "nothing to do" in result.err
    assert not pip_log.exists()


def test_the_line_that_is_there_stays_pin_and_comment(instance):
    instance.wheel("alpha", "1.0")
    instance.wheel("alpha", "2.0")
    instance.wheel("beta")
    text = "# mine\nInvenTree_Alpha==1.0  # pin\n\n# last\n"
    instance.plugins_file.write_text(text)
    result = instance.run("install", "inventree-alpha", "inventree-beta", "--json")
    assert result.code == 0
    assert result.data["recorded"] == ["inventree-beta"]
    assert instance.plugins_file.read_text() == text + "inventree-beta\n"
    assert "inventree_alpha-1.0" in instance.installed()
    again = instance.run("install", "inventree-beta", "inventree.alpha", "--json")
    assert again.json["changed"] is False
    assert instance.plugins_file.read_text() == text + "inventree-beta\n"


def test_another_version_changes_the_line_in_place(instance):
    instance.wheel("alpha", "1.0")
    instance.wheel("alpha", "2.0")
    instance.plugins_file.write_text("inventree-alpha==1.0  # why\n# last\n")
    assert instance.run("install").code == 0
    result = instance.run("install", "inventree-alpha==2.0")
    assert result.code == 0
    assert "recorded in plugins.txt: `inventree-alpha==2.0`" in result.err
    assert instance.plugins_file.read_text() == "inventree-alpha==2.0  # why\n# last\n"
    assert instance.installed() == ["inventree_alpha-2.0"]
    assert instance.run("install", "inventree-alpha==2.0", "--json").json["changed"] is False


def test_the_same_package_named_twice_is_recorded_once(instance):
    instance.wheel("alpha")
    assert instance.run("install", "inventree-alpha", "Inventree.Alpha").code == 0
    assert instance.plugins_file.read_text() == "inventree-alpha\n"


def test_enable_enables_what_the_command_brought_and_nothing_else(instance):
    instance.wheel("alpha")
    instance.wheel("beta")
    instance.run("install", "inventree-alpha")
    result = instance.run("install", "inventree-beta", "--enable", "--json")
    assert (result.code, result.data["enabled"]) == (0, ["beta"])
    assert [step["code"] for step in result.json["next_steps"]] == ["restart"]
    assert instance.active() == ["beta"]
    before = snapshot(instance.folder, instance.environment)
    again = instance.run("install", "inventree-beta", "--enable", "--json")
    assert (again.code, again.json["changed"], again.data["enabled"]) == (0, False, [])
    assert snapshot(instance.folder, instance.environment) == before


def test_enable_of_what_was_installed_before(instance, pip_log):
    instance.wheel("alpha")
    instance.run("install", "inventree-alpha")
    pip_log.unlink()
    result = instance.run("install", "--enable", "--json")
    assert (result.code, result.json["changed"], result.data["enabled"]) == (0, True, ["alpha"])
    assert instance.active() == ["alpha"]
    assert not pip_log.exists()


def test_a_dry_run_changes_no_byte(instance, tmp_path):
    instance.wheel("alpha")
    instance.wheel("beta")
    instance.plugins_file.write_text("inventree-alpha==1.0  # pin")
    everything = (instance.folder, instance.environment, tmp_path / "home")
    before = snapshot(*everything)
    for arguments in (("install",), ("install", "inventree-beta"), ("install", "inventree-beta", "--enable")):
        for _ in range(2):
            result = instance.run(*arguments, "--dry-run", "--json")
            assert result.code == 0
            assert (result.json["dry_run"], result.json["changed"]) == (True, False)
            assert len(result.data["installed"]) == 1
    assert result.data["recorded"] == ["inventree-beta"]
    talk = instance.run("install", "inventree-beta", "--dry-run")
    assert talk.out == ""
    assert "would install inventree-beta 1.0" in talk.err
    assert "would record in plugins.txt: `inventree-beta`" in talk.err
    assert snapshot(*everything) == before


def test_a_dry_run_tells_which_plugins_would_be_created_and_enabled(instance):
    instance.wheel("alpha")
    instance.run("install", "inventree-alpha")
    with closing(sqlite3.connect(instance.store)) as database:
        database.execute("DELETE FROM plugin_pluginconfig")
        database.commit()
    before = snapshot(instance.folder, instance.environment)
    result = instance.run("install", "--enable", "--dry-run", "--json")
    assert (result.code, result.json["changed"]) == (0, False)
    assert (result.data["created"], result.data["enabled"]) == (["alpha"], ["alpha"])
    assert "would enable `alpha`" in instance.run("install", "--enable", "--dry-run").err
    assert snapshot(instance.folder, instance.environment) == before
    assert instance.run("install", "--enable", "--json").data["enabled"] == ["alpha"]


def test_upgrade_takes_the_newest_that_the_file_allows(instance):
    for version in ("1.0", "1.1"):
        instance.wheel("alpha", version)
        instance.wheel("beta", version)
    instance.plugins_file.write_text("inventree-alpha==1.0\ninventree-beta\n")
    (instance.wheels / "inventree_beta-1.1-py3-none-any.whl").unlink()
    assert instance.run("install").code == 0
    instance.wheel("beta", "1.1")
    assert instance.run("install", "--json").json["changed"] is False
    result = instance.run("install", "--upgrade", "--json")
    assert [(item["name"], item["version"]) for item in result.data["installed"]] == [
        ("inventree-beta", "1.1")
    ]
    assert instance.installed() == ["inventree_alpha-1.0", "inventree_beta-1.1"]
    assert instance.plugins_file.read_text() == "inventree-alpha==1.0\ninventree-beta\n"
    assert instance.run("install", "--upgrade", "--json").json["changed"] is False


def test_extras_bring_what_they_ask_for(instance):
    build_wheel(instance.wheels, "barcodes", "1.0")
    instance.wheel("alpha", requires=['barcodes; extra == "codes"'], metadata={"Provides-Extra": "codes"})
    assert instance.run("install", "inventree-alpha").code == 0
    assert instance.installed() == ["inventree_alpha-1.0"]
    result = instance.run("install", "inventree-alpha[codes]", "--json")
    assert [item["name"] for item in result.data["installed"]] == ["barcodes"]
    assert instance.plugins_file.read_text() == "inventree-alpha[codes]\n"
    assert instance.run("install", "inventree-alpha[codes]", "--json").json["changed"] is False
    assert instance.run("install", "inventree-alpha", "--json").json["changed"] is False
    assert instance.plugins_file.read_text() == "inventree-alpha[codes]\n"


def test_the_path_of_a_wheel_is_recorded_as_a_url(instance, tmp_path):
    wheel = instance.wheel("alpha")
    moved = Path(shutil.move(wheel, tmp_path / wheel.name))
    result = instance.run("install", str(moved))
    assert result.code == 0
    assert instance.plugins_file.read_text() == f"inventree-alpha @ {moved.as_uri()}\n"
    assert list(instance.rows()) == ["alpha"]
    assert instance.run("install", str(moved), "--json").json["changed"] is False
    assert instance.run("install", "--json").json["changed"] is False
    assert instance.plugins_file.read_text() == f"inventree-alpha @ {moved.as_uri()}\n"


def test_a_name_at_a_url(instance, tmp_path):
    wheel = instance.wheel("alpha")
    moved = Path(shutil.move(wheel, tmp_path / wheel.name))
    requirement = f"inventree-alpha @ {moved.as_uri()}"
    assert instance.run("install", requirement).code == 0
    assert instance.plugins_file.read_text() == f"{requirement}\n"
    again = instance.run("install", requirement, "--json")
    assert (again.code, again.json["changed"]) == (0, False)


def test_a_local_project_by_its_relative_path(instance, project, monkeypatch):
    monkeypatch.chdir(project.parent)
    result = instance.run("--plugins-file", str(instance.plugins_file), "install", "./checkout", "--json")
    assert result.code == 0
    assert result.data["created"] == ["local"]
    assert instance.plugins_file.read_text() == f"inventree-local @ {project.as_uri()}\n"
    monkeypatch.chdir(instance.folder)
    assert instance.run("install", "--json").json["data"]["installed"] == []


def test_editable_lines(instance, project):
    instance.plugins_file.write_text(f"# in development\n-e {project}\n")
    result = instance.run("install", "--json")
    assert result.code == 0
    assert result.data["created"] == ["local"]
    assert result.data["plugins"][0]["meta"]["package_path"].startswith(str(project))
    again = instance.run("install", "--json")
    assert (again.code, again.json["changed"]) == (0, False)
    named = instance.run("install", "inventree-local", "--json")
    assert (named.code, named.json["changed"]) == (0, False)
    assert instance.plugins_file.read_text() == f"# in development\n-e {project}\n"


def test_included_files_and_constraints_hold(instance):
    for version in ("1.0", "2.0"):
        instance.wheel("alpha", version)
        instance.wheel("beta", version)
    (instance.folder / "more.txt").write_text("inventree-beta\n")
    (instance.folder / "constraints.txt").write_text("inventree-alpha<2\ninventree-beta<2\n")
    text = "-c constraints.txt\n-r more.txt\n"
    instance.plugins_file.write_text(text)
    assert instance.run("install").code == 0
    assert instance.installed() == ["inventree_beta-1.0"]
    assert instance.run("install", "--json").json["changed"] is False
    assert instance.run("install", "inventree-alpha").code == 0
    assert instance.installed() == ["inventree_alpha-1.0", "inventree_beta-1.0"]
    assert instance.plugins_file.read_text() == f"{text}inventree-alpha\n"
    # What an included file declares is declared.
    assert instance.run("install", "inventree-beta", "--json").json["changed"] is False
    assert instance.plugins_file.read_text() == f"{text}inventree-alpha\n"


def test_an_installed_version_that_a_constraint_forbids_is_replaced(instance):
    for version in ("1.0", "2.0"):
        instance.wheel("alpha", version)
    instance.plugins_file.write_text("inventree-alpha\n")
    assert instance.run("install").code == 0
    (instance.folder / "constraints.txt").write_text("# a bad release\ninventree-alpha<2\n")
    instance.plugins_file.write_text("-c constraints.txt\ninventree-alpha\n")
    assert instance.run("install").code == 0
    assert instance.installed() == ["inventree_alpha-1.0"]
    assert instance.run("install", "--json").json["changed"] is False


def test_a_requirement_whose_marker_is_false_is_not_wanted(instance):
    instance.wheel("alpha")
    instance.wheel("beta")
    text = 'inventree-alpha ; python_version < "3"\ninventree-beta\n'
    instance.plugins_file.write_text(text)
    result = instance.run("install", "--json")
    assert (result.code, result.data["created"]) == (0, ["beta"])
    assert instance.run("install", "--json").json["changed"] is False
    assert instance.installed() == ["inventree_beta-1.0"]


def test_naming_a_package_that_its_marker_rules_out_is_told(instance):
    instance.wheel("alpha")
    text = 'inventree-alpha ; python_version < "3"\n'
    instance.plugins_file.write_text(text)
    result = instance.run("install", "inventree-alpha", "--json")
    assert (result.code, result.json["changed"]) == (0, False)
    assert [warning["code"] for warning in result.json["warnings"]] == ["requirement-not-applicable"]
    assert result.json["warnings"][0]["line"] == 1
    assert instance.installed() == []


def test_a_broken_dependency_is_noticed_and_mended(instance):
    build_wheel(instance.wheels, "needed", "1.0")
    instance.wheel("alpha", requires=["needed>=1"])
    assert instance.run("install", "inventree-alpha").code == 0
    site = next(instance.environment.glob("lib/python*/site-packages"))
    shutil.rmtree(site / "needed-1.0.dist-info")
    result = instance.run("install", "--json")
    assert [item["name"] for item in result.data["installed"]] == ["needed"]
    assert instance.run("install", "--json").json["changed"] is False


def test_what_would_break_another_plugin_of_the_file_is_refused(instance):
    for version in ("1.0", "2.0"):
        build_wheel(instance.wheels, "needed", version)
    instance.wheel("alpha", requires=["needed<2"])
    instance.wheel("beta", requires=["needed>=2"])
    assert instance.run("install", "inventree-alpha").code == 0
    before = snapshot(instance.folder, instance.environment)
    result = instance.run("install", "inventree-beta", "--json")
    assert result.code == 1
    (error,) = result.json["errors"]
    assert error["code"] == "install-conflict"
    assert "inventree-alpha" in error["message"]
    assert "inventree-beta" in error["message"]
    assert snapshot(instance.folder, instance.environment) == before


def test_pip_is_heard_on_verbose_only_and_on_stderr(instance):
    instance.wheel("alpha")
    instance.wheel("beta")
    loud = instance.run("install", "inventree-alpha", "--verbose")
    assert (loud.code, loud.out) == (0, "")
    assert "Successfully installed inventree-alpha-1.0" in loud.err
    quiet = instance.run("install", "inventree-beta")
    assert "Successfully installed" not in quiet.err
    instance.wheel("gamma")
    both = instance.run("install", "inventree-gamma", "--verbose", "--json")
    assert both.data["created"] == ["gamma"]
    assert "Successfully installed inventree-gamma-1.0" in both.err


def test_a_failure_names_requirement_and_line_and_changes_nothing(instance):
    instance.wheel("alpha")
    text = "# mine\ninventree-alpha\ninventree-nowhere==3 # not there\n"
    instance.plugins_file.write_text(text)
    before = snapshot(instance.folder)
    result = instance.run("install")
    assert (result.code, result.out) == (1, "")
    assert "inventree-nowhere==3" in result.err
    assert "line 3" in result.err
    assert "Traceback" not in result.err
    assert instance.installed() == []
    assert snapshot(instance.folder) == before
    again = instance.run("install", "--json")
    assert again.code == again.json["exit_code"] == 1
    error = again.json["errors"][0]
    assert (error["path"], error["line"]) == (str(instance.plugins_file), 3)
    assert again.json["changed"] is False


def test_a_failed_upgrade_keeps_what_was_there(instance):
    instance.wheel("alpha", "1.0")
    instance.run("install", "inventree-alpha==1.0")
    result = instance.run("install", "inventree-alpha==2.0")
    assert result.code == 1
    assert instance.installed() == ["inventree_alpha-1.0"]
    assert instance.plugins_file.read_text() == "inventree-alpha==1.0\n"


def test_source_archives_build_with_their_own_back_end(instance, project):
    files = {
        str(path.relative_to(project)): path.read_text() for path in project.rglob("*") if path.is_file()
    }
    build_sdist(instance.wheels, "inventree-local", "1.0", files=files)
    result = instance.run("install", "inventree-local", "--json")
    assert (result.code, result.data["created"]) == (0, ["local"])
    assert instance.run("install", "inventree-local", "--json").json["changed"] is False


def test_without_plugins_txt_and_without_arguments(instance):
    result = instance.run("install")
    assert (result.code, result.out) == (2, "")
    assert f"there is no `{instance.plugins_file}`" in result.err
    assert "hint: " in result.err
    assert list(instance.folder.iterdir()) == []


def test_an_empty_plugins_txt_is_nothing_to_do(instance, pip_log):
    instance.plugins_file.write_text("# none yet\n")
    for _ in range(2):
        result = instance.run("install", "--json")
        assert (result.code, result.json["changed"]) == (0, False)
    assert not pip_log.exists()


def test_upgrade_of_an_empty_plugins_txt_is_nothing_to_do(instance, pip_log):
    instance.plugins_file.write_text("# none yet\n")
    assert instance.run("install", "--upgrade", "--json").json["changed"] is False
    assert not pip_log.exists()


def test_a_plugins_txt_that_is_a_link_stays_one_and_keeps_its_mode(instance, tmp_path):
    instance.wheel("alpha")
    kept = tmp_path / "kept.txt"
    kept.write_text("# kept\r\n")
    kept.chmod(0o640)
    instance.plugins_file.symlink_to(kept)
    assert instance.run("install", "inventree-alpha").code == 0
    assert instance.plugins_file.is_symlink()
    assert kept.read_bytes() == b"# kept\r\ninventree-alpha\r\n"
    assert kept.stat().st_mode & 0o777 == 0o640


def test_the_servers_database_is_used_where_one_is_named(instance, tmp_path):
    instance.wheel("alpha")
    database = tmp_path / "server.sqlite3"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(
            textwrap.dedent(
                """
                CREATE TABLE plugin_pluginconfig (
                    id integer NOT NULL PRIMARY KEY AUTOINCREMENT, key varchar(255) NOT NULL UNIQUE,
                    name varchar(255) NULL, active bool NOT NULL
                );
                CREATE TABLE common_inventreesetting (
                    id integer NOT NULL PRIMARY KEY,
                    key varchar(50) NOT NULL UNIQUE,
                    value varchar(2000) NOT NULL
                );
                """
            )
        )
    for changed in (True, False):
        result = instance.run("install", "inventree-alpha", "--database", str(database), "--json")
        assert (result.code, result.json["changed"]) == (0, changed)
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT key, name, active FROM plugin_pluginconfig").fetchall()
    assert rows == [("alpha", "Alpha", 0)]
    assert not instance.store.exists()


def test_a_plugin_that_cannot_be_enabled_is_installed_all_the_same(instance):
    """The row must be there: without it, servers skip every external plugin when they migrate (SPEC §3)."""
    instance.wheel("alpha")
    instance.wheel("alpha", package="inventree-other")
    assert instance.run("install", "inventree-alpha").code == 0
    result = instance.run("install", "inventree-other", "--enable", "--json")
    assert result.code == result.json["exit_code"] == 1
    assert (result.json["status"], result.json["changed"]) == ("partial", True)
    assert result.json["errors"][0]["code"] == "slug-collision"
    assert [item["name"] for item in result.data["installed"]] == ["inventree-other"]
    assert "inventree-other" in instance.plugins_file.read_text()
    assert instance.active() == []


def test_an_include_over_the_network_is_the_installers_to_judge(instance, monkeypatch):
    """What it declares cannot be compared, so "nothing to do" would be a guess."""
    monkeypatch.setenv("PIP_RETRIES", "0")
    instance.plugins_file.write_text("-r http://127.0.0.1:9/more.txt\n")
    result = instance.run("install", "--json")
    assert result.code == 1
    assert result.json["errors"][0]["code"].startswith("install-")


WATCHED = """
import json, subprocess, sys
names = {"packaging.requirements", "rich.table", "inventree_plugins.discovery.search",
         "inventree_plugins.commands.install_outcome"}
at = []
class Watched(subprocess.Popen):
    def __init__(self, command, **options):
        super().__init__(command, **options)
        self.is_pip = any(str(each).endswith("__pip-runner__.py") for each in command)
        self.is_pip and at.append(sorted(names & set(sys.modules)))
    def wait(self, *arguments, **options):
        code = super().wait(*arguments, **options)
        self.is_pip and at.append(sorted(names & set(sys.modules)))
        return code
subprocess.Popen = Watched
from inventree_plugins.cli import main
code = main(sys.argv[1:])
print(json.dumps([code, at[0], at[1]]))
"""


def test_what_comes_after_the_installer_is_imported_while_it_works(instance):
    instance.wheel("alpha")
    instance.plugins_file.write_text("inventree-alpha\n")
    arguments = ["--python", str(instance.environment), "install", "--installer", "pip"]
    command = [sys.executable, "-c", WATCHED, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    code, at_start, at_end = json.loads(done.stdout)
    assert (code, at_start, len(at_end)) == (0, [], 4)
    assert "installed inventree-alpha 1.0" in done.stderr
