"""What an administrator may meet on a bad day, found by trying to break invplug."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

LOCAL = "from plugin import InvenTreePlugin\n\n\nclass Local(InvenTreePlugin):\n    NAME = {name!r}\n"


def add_directory_plugin(instance, name="Local", text=None):
    (instance.folder / "plugins").mkdir(exist_ok=True)
    path = instance.folder / "plugins" / "local.py"
    path.write_text(text or LOCAL.format(name=name))
    return path


def test_prune_keeps_enabled_rows_and_those_whose_file_is_broken(instance):
    path = add_directory_plugin(instance)
    instance.run("discover")
    instance.run("enable", "local")
    path.write_text("class (")
    result = instance.run("discover", "--prune", "--yes", "--json")
    assert (result.code, result.data["deleted"]) == (0, [])
    assert "kept-row" in [warning["code"] for warning in result.json["warnings"]]
    instance.run("disable", "local")
    assert instance.run("discover", "--prune", "--yes", "--json").data["deleted"] == []
    path.unlink()
    assert instance.run("discover", "--prune", "--yes", "--json").data["deleted"] == ["local"]


def test_a_package_that_is_installed_but_broken_is_not_called_missing(instance):
    instance.wheel("alpha")
    instance.run("install", "inventree-alpha", "--enable")
    core = next(instance.environment.glob("lib/python*/site-packages/inventree_alpha/core.py"))
    core.write_text("class (")
    for declared in (True, False):
        if not declared:
            instance.plugins_file.write_text("")
        result = instance.run("list", "--json")
        (row,) = result.data["plugins"]
        assert [problem["code"] for problem in row["problems"]] == ["not-loadable"]
        assert "syntax-error" in [warning["code"] for warning in result.json["warnings"]]
        assert instance.run("discover", "--prune", "--yes", "--json").data["deleted"] == []


def test_control_characters_of_a_plugin_do_not_reach_the_terminal(instance):
    evil = "evil\x1b]0;pwned\x07\x1b[2J\u202e"
    add_directory_plugin(
        instance, text=LOCAL.format(name="Local") + f"    TITLE = {evil!r}\n    AUTHOR = {evil!r}\n"
    )
    for command in (("list",), ("show", "local")):
        result = instance.run(*command)
        assert result.code == 0
        assert not set("\x1b\x07\u202e") & set(result.out + result.err)
        assert "\\u001b]0;pwned" in result.out


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_credentials_in_requirements_are_never_shown(instance, form):
    instance.plugins_file.write_text("alpha @ https://tok:PW-SECRET@localhost:1/alpha-1.0-py3-none-any.whl\n")
    for command in (("list",), ("install",), ("install", "beta @ https://t:PW-SECRET@localhost:1/b.zip")):
        result = instance.run(*command, *form)
        assert "PW-SECRET" not in result.out + result.err
    instance.plugins_file.write_text("foo @@ https://tok:PW-SECRET@localhost/x\n")
    result = instance.run("list", *form)
    assert "PW-SECRET" not in result.out + result.err


def test_settings_of_plugins_are_masked_whatever_their_name(instance, monkeypatch):
    monkeypatch.setenv("INVENTREE_PLUGIN_SETTINGS", json.dumps({"alpha": {"ACCESS": "PW-SECRET", "N": 3}}))
    monkeypatch.setenv("INVENTREE_GLOBAL_SETTINGS", json.dumps({"EMAIL_HOST_PASS": "PW-SECRET"}))
    result = instance.run("config", "show", "--json")
    assert "PW-SECRET" not in result.out
    assert result.data["config"]["plugin_settings"]["value"] == {"alpha": {"ACCESS": "********", "N": 3}}


def test_origins_tell_the_variable_and_the_file_apart(instance, invplug, monkeypatch):
    monkeypatch.setenv("INVPLUG_PYTHON", str(instance.environment))
    Path("config.yaml").write_text("database:\n  engine: postgresql\n  name: inventree\n")
    monkeypatch.setenv("INVENTREE_DB_PASSWORD", "x")
    values = invplug("--config", "config.yaml", "config", "show", "--json").data["config"]
    config = Path.cwd() / "config.yaml"
    assert values["python"]["origin"] == "environment INVPLUG_PYTHON"
    assert values["database.engine"]["origin"] == f"{config}: database.engine"
    assert values["database.password"]["origin"] == "environment INVENTREE_DB_PASSWORD"


def test_a_package_that_brings_no_plugin_is_not_uninstalled(instance):
    from tests.builders import build_wheel

    build_wheel(instance.wheels, "plain", "1.0")
    instance.wheel("alpha", requires=["plain"])
    instance.run("install", "inventree-alpha")
    result = instance.run("uninstall", "plain", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (2, "usage")
    assert "plain-1.0" in instance.installed()


def test_a_package_that_hides_a_mandatory_plugin_can_be_taken_out(instance, invplug):
    instance.wheel("inventreelabel")
    add_directory_plugin(instance)
    instance.run("discover")
    database = instance.folder / "server.sqlite3"
    instance.store.rename(database)
    options = ("--database", str(database), "--python", str(instance.environment))
    assert invplug("install", "inventree-inventreelabel", *options).code == 0
    result = invplug("uninstall", "inventreelabel", "--purge", *options, "--json")
    assert result.code == 0
    assert instance.installed() == []
    with closing(sqlite3.connect(database)) as store:
        keys = [key for (key,) in store.execute("SELECT key FROM plugin_pluginconfig")]
    assert "inventreelabel" in keys


def test_rows_of_a_package_that_is_gone_are_purged_by_its_name(instance):
    instance.wheel("alpha")
    instance.run("install", "inventree-alpha")
    instance.run("uninstall", "alpha")
    result = instance.run("uninstall", "inventree-alpha", "--purge", "--json")
    assert (result.code, result.data["deleted"]) == (0, ["alpha"])
    assert instance.rows() == {}


def test_a_file_with_hashes_is_not_ruined(instance):
    text = f"inventree-alpha==1.0 --hash=sha256:{'0' * 64}\n"
    instance.plugins_file.write_text(text)
    instance.wheel("beta")
    result = instance.run("install", "inventree-beta", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (2, "plugins-file")
    assert instance.plugins_file.read_text() == text
    assert instance.installed() == []


def test_two_versions_at_once_are_refused(instance):
    result = instance.run("install", "a==1", "a==2", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (2, "requirement")
    assert not instance.plugins_file.exists()


def test_an_argument_is_not_said_to_stand_in_the_file(instance):
    instance.plugins_file.write_text("# only a comment\n")
    error = instance.run("install", "nothing-like-it", "--json").json["errors"][0]
    assert (error["code"], error["line"]) == ("install-not-found", None)
    assert "line" not in error["message"]


def test_a_deleted_working_directory(instance, monkeypatch, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    result = instance.run("list")
    assert (result.code, result.out) == (2, "")
    assert "working directory" in result.err


@pytest.mark.parametrize(
    "text", ["2024-99-01: x\n", "global_settings: &a {X: *a}\n", 'plugin_dir: "a\\0b"\n'], ids=repr
)
def test_a_configuration_that_is_yaml_but_no_sense(invplug, text):
    Path("config.yaml").write_text(text)
    result = invplug("--config", "config.yaml", "config", "show")
    assert (result.code, result.out) == (2, "")
    assert "config.yaml" in result.err


@pytest.mark.parametrize("option", ["--python", "--server"])
def test_a_name_that_is_too_long(invplug, option):
    result = invplug("list", option, "x" * 5000)
    assert (result.code, result.out) == (2, "")


def test_half_a_character_in_a_name(instance):
    add_directory_plugin(
        instance, text=LOCAL.format(name="sur\ud800x").encode("ascii", "backslashreplace").decode()
    )
    assert instance.run("discover").code == 0
    assert list(instance.rows()) == ["surx"]


def test_a_closed_stdout_is_no_traceback_and_no_damage(instance):
    add_directory_plugin(instance)
    instance.run("discover")
    command = f'"{sys.executable}" -m inventree_plugins --python "{instance.environment}" enable local --json'
    done = subprocess.run(
        ["sh", "-c", f"{command} >&-"],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    assert "Traceback" not in done.stderr
    assert instance.active() == ["local"]


def test_a_file_that_cannot_be_replaced_is_written_in_place(instance, tmp_path):
    """As a single file mounted into a container."""
    instance.wheel("alpha")
    mounted = tmp_path / "mounted.txt"
    mounted.write_text("# mounted\n")
    inode = mounted.stat().st_ino
    instance.plugins_file.touch()
    mount = ["mount", "--bind", mounted, instance.plugins_file]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file can be mounted here")
    try:
        assert instance.run("install", "inventree-alpha").code == 0
        assert instance.run("uninstall", "inventree-alpha").code == 0
        assert instance.run("install", "inventree-alpha").code == 0
    finally:
        subprocess.run(["umount", instance.plugins_file], check=True)
    assert mounted.read_text() == "# mounted\ninventree-alpha\n"
    assert mounted.stat().st_ino == inode
    assert [path.name for path in instance.folder.glob(".plugins.txt*")] == []


def test_the_demonstration_touches_no_server():
    root = Path(__file__).resolve().parents[2]
    text = (root / "tools" / "demo.sh").read_text()
    assert "unset" in text
    environ = {**os.environ, "INVENTREE_DB_ENGINE": "sqlite3", "INVENTREE_DB_NAME": "/nowhere/db.sqlite3"}
    program = f"{text.split('if !')[0].split('cd .demo')[1].split('[ -d env ]')[0]}\nenv | grep ^INVENTREE_"
    done = subprocess.run(["sh", "-c", program], capture_output=True, text=True, env=environ, check=False)
    assert done.stdout == ""


def test_a_name_that_is_a_package_and_anothers_slug_is_ambiguous(instance):
    instance.wheel("alpha", package="alpha")
    instance.wheel("alpha", package="dup")
    instance.run("install", "alpha", "dup")
    result = instance.run("uninstall", "alpha", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (2, "usage")
    assert instance.installed() == ["alpha-1.0", "dup-1.0"]
    assert instance.run("uninstall", "dup").code == 0
    assert instance.installed() == ["alpha-1.0"]


def test_prune_keeps_rows_while_a_plugin_directory_is_away(instance):
    add_directory_plugin(instance)
    instance.run("discover")
    (instance.folder / "plugins").rename(instance.folder / "away")
    result = instance.run("discover", "--prune", "--yes", "--json")
    assert (result.code, result.data["deleted"]) == (0, [])
    (instance.folder / "away").rename(instance.folder / "plugins")
    (instance.folder / "plugins" / "local.py").write_text(
        "from plugin import InvenTreePlugin\n\n\nclass L(InvenTreePlugin):\n    NAME = open('x').read()\n"
    )
    assert instance.run("discover", "--prune", "--yes", "--json").data["deleted"] == []


def test_keys_of_odd_types_and_with_line_ends(instance, invplug):
    with closing(sqlite3.connect("odd.sqlite3")) as store:
        store.execute("CREATE TABLE plugin_pluginconfig (id INTEGER PRIMARY KEY, key, name, active)")
        store.executemany(
            "INSERT INTO plugin_pluginconfig (key, name, active) VALUES (?, ?, ?)",
            [(None, "x", 0), (b"ab", "x", 0), (5, 6, None), ("two\nlines", b"x", 1)],
        )
        store.commit()
    options = ("--database", "odd.sqlite3", "--python", str(instance.environment))
    result = invplug("list", "--names", *options)
    assert (result.code, result.out.splitlines()) == (0, ["5", "two\\u000alines"])
    assert invplug("list", "--json", *options).code == 0
    assert invplug("discover", *options).code == 0


@pytest.mark.parametrize(
    "options",
    [
        ("list", "--database", "postgresql://u:PW/SECRET@h/db"),
        ("install", "git+https://u:PWSECRET@127.0.0.1:9/q.git"),
        ("list", "--config", "https://u:PWSECRET@h/c"),
    ],
    ids=" ".join,
)
def test_passwords_in_unlikely_places(instance, options):
    for form in ((), ("--json",)):
        result = instance.run(*options, *form)
        assert result.code == 2
        assert "SECRET" not in result.out + result.err


def test_lines_for_different_environments_are_not_thrown_together(instance):
    text = 'inventree-a==1.0 ; sys_platform == "win32"  # old\ninventree-a==2.0 ; sys_platform != "win32"\n'
    instance.plugins_file.write_text(text)
    instance.wheel("a", "3.0")
    result = instance.run("install", "inventree-a==3.0", "--json")
    assert (result.code, result.data["recorded"]) == (0, ["inventree-a==3.0"])
    assert instance.plugins_file.read_text() == text.replace("==2.0", "==3.0")
