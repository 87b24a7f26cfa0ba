"""Which server is meant, and `invplug config show`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

VERSION_PY = 'INVENTREE_SW_VERSION = "{version}"\n'
REGISTRY_WITH_LIST = """
class PluginsRegistry:
    MANDATORY_PLUGINS = [
        'core-one',  # the first
        "core-two",
    ]
"""
REGISTRY_OF_0_12 = """
            if builtin and plg_db and not plg_db.active:
                plg_db.active = True
"""
BUILTIN = """
from plugin import InvenTreePlugin


class Core(InvenTreePlugin):
    NAME = "{name}"
"""


def make_server(folder: Path, *, registry: str = REGISTRY_WITH_LIST, version: str = "1.2.0 dev") -> Path:
    root = folder / "src" / "backend" / "InvenTree"
    for path, text in {
        "manage.py": "",
        "InvenTree/version.py": VERSION_PY.format(version=version),
        "plugin/registry.py": registry,
        "plugin/builtin/__init__.py": "",
        "plugin/builtin/core.py": BUILTIN.format(name="Core one"),
        "plugin/samples/__init__.py": "",
        "plugin/samples/sample.py": BUILTIN.format(name="A sample"),
    }.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    (folder / "config").mkdir()
    return root


def shown(invplug, *options):
    return {
        name: (item["value"], item["origin"])
        for name, item in invplug("config", "show", "--json", *options).data["config"].items()
    }


def test_standalone_instance_of_the_working_directory(invplug):
    values = shown(invplug)
    here = Path.cwd()
    assert values["instance"][0] == "standalone"
    assert values["plugins_file"] == (str(here / "plugins.txt"), "standalone instance")
    assert values["plugin_dirs"][0] == [str(here / "plugins")]
    assert values["database.name"][0] == str(here / ".invplug" / "store.sqlite3")
    assert values["plugins_enabled"] == (True, "standalone instance")
    assert list(here.iterdir()) == []


def test_environment_beats_file_beats_default(invplug, monkeypatch):
    Path("config.yaml").write_text(
        "database:\n  ENGINE: sqlite3\n  NAME: store.db\nplugins_enabled: 'yes'\nplugin_dir: a, b\n"
    )
    values = shown(invplug, "--config", "config.yaml")
    config = Path.cwd() / "config.yaml"
    assert values["config_file"] == (str(config), "option --config")
    assert values["database.name"] == (str(Path.cwd() / "store.db"), f"{config}: database.NAME")
    assert values["plugins_enabled"] == (True, f"{config}: plugins_enabled")
    assert values["plugin_dirs"][0] == [str(Path.cwd() / "a"), str(Path.cwd() / "b")]
    assert values["plugins_file"] == (str(Path.cwd() / "plugins.txt"), "beside config.yaml")
    assert values["plugin_noinstall"] == (False, "default")
    monkeypatch.setenv("INVENTREE_PLUGINS_ENABLED", "off")
    monkeypatch.setenv("INVENTREE_DB_NAME", "/data/other.db")
    monkeypatch.setenv("INVENTREE_PLUGIN_FILE", "/data/plugins.txt")
    values = shown(invplug, "--config", "config.yaml", "--plugin-dir", "c")
    assert values["plugins_enabled"] == (False, "environment INVENTREE_PLUGINS_ENABLED")
    assert values["database.name"] == ("/data/other.db", "environment INVENTREE_DB_NAME")
    assert values["plugins_file"] == ("/data/plugins.txt", "environment INVENTREE_PLUGIN_FILE")
    assert values["plugin_dirs"] == ([str(Path.cwd() / "c")], "option --plugin-dir")


def test_config_file_named_by_the_environment(invplug, monkeypatch, tmp_path):
    (tmp_path / "c.yaml").write_text("debug: true\n")
    monkeypatch.setenv("INVENTREE_CONFIG_FILE", str(tmp_path / "c.yaml"))
    values = shown(invplug)
    assert values["config_file"] == (str(tmp_path / "c.yaml"), "environment INVENTREE_CONFIG_FILE")
    assert values["debug"][0] is True


@pytest.mark.parametrize("how", ["database", "options", "url", "environment", "settings"])
def test_secrets_are_masked(invplug, monkeypatch, how):
    config = {"database": {"engine": "postgresql", "name": "inventree", "user": "me"}}
    arguments = ["--config", "config.yaml"]
    if how == "database":
        config["database"]["password"] = "s3cret"
    elif how == "options":
        config["database"]["options"] = {"sslpassword": "s3cret"}
    elif how == "url":
        arguments += ["--database", "postgresql://me:s3cret@db/inventree"]
    elif how == "environment":
        monkeypatch.setenv("INVENTREE_DB_PASSWORD", "s3cret")
    else:
        config["plugin_settings"] = {"alpha": {"API_KEY": "s3cret", "LIMIT": 3}}
    Path("config.yaml").write_text(json.dumps(config))
    for form in ((), ("--json",)):
        result = invplug("config", "show", *arguments, *form)
        assert result.code == 0
        assert "s3cret" not in result.out + result.err
        assert "********" in result.out


def test_source_root_tells_version_mandatory_list_and_builtins(invplug, tmp_path, monkeypatch):
    root = make_server(tmp_path / "server")
    options = ("--server", str(tmp_path / "server"), "--database", "db.sqlite3")
    values = shown(invplug, *options)
    assert values["server"] == (str(root), "option --server")
    assert values["server_version"][0] == "1.2.0"
    assert values["plugins_file"][0] == str(tmp_path / "server" / "config" / "plugins.txt")
    assert values["plugin_dirs"][0] == [str(root / "plugins")]
    monkeypatch.chdir(root / "plugin")
    assert shown(invplug)["server"][0] == str(root)


def make_store(path: str) -> None:
    """Make a store with the embedded one's tables at `path`, as a server's."""
    from inventree_plugins.cli import main

    Path("plugins").mkdir()
    Path("plugins/one.py").write_text(BUILTIN.format(name="One"))
    assert main(["--python", sys.executable, "discover", "--quiet"]) == 0
    Path(".invplug/store.sqlite3").rename(path)


@pytest.mark.parametrize(
    ("registry", "version", "mandatory"),
    [(REGISTRY_WITH_LIST, "1.2.0", "list"), (REGISTRY_OF_0_12, "0.12.1", "every"), ("", "0.7.0", "none")],
)
def test_mandatory_plugins_as_the_source_says(invplug, tmp_path, registry, version, mandatory):
    make_store("db.sqlite3")
    make_server(tmp_path / "server", registry=registry, version=version)
    options = ("--server", str(tmp_path / "server"), "--database", "db.sqlite3", "--python", sys.executable)
    assert invplug("discover", *options).code == 0
    rows = {row["key"]: row for row in invplug("list", "--json", *options).data["plugins"]}
    assert rows["core-one"]["is_builtin"] is True
    assert rows["core-one"]["is_mandatory"] is (mandatory != "none")
    assert "a-sample" not in rows
    refused = invplug("disable", "core-one", *options)
    assert refused.code == (0 if mandatory == "none" else 1)
    assert invplug("is-enabled", "core-one", *options).code == (1 if mandatory == "none" else 0)
    assert invplug("is-enabled", "core-two", *options).code == (0 if mandatory == "list" else 1)


def test_samples_in_debug_only(invplug, tmp_path, monkeypatch):
    make_store("db.sqlite3")
    make_server(tmp_path / "server")
    options = ("--server", str(tmp_path / "server"), "--database", "db.sqlite3", "--python", sys.executable)
    monkeypatch.setenv("INVENTREE_DEBUG", "true")
    rows = {row["key"]: row for row in invplug("list", "--json", *options).data["plugins"]}
    assert rows["a-sample"]["is_sample"] is True


def test_without_source_root_builtin_rows_are_no_orphans_and_it_is_said_once(invplug):
    import sqlite3
    from contextlib import closing

    make_store("db.sqlite3")
    with closing(sqlite3.connect("db.sqlite3")) as database:
        database.execute(
            "INSERT INTO plugin_pluginconfig (key, name, active) VALUES ('inventreelabel', 'L', 0)"
        )
        database.commit()
    result = invplug("list", "--json", "--database", "db.sqlite3", "--python", sys.executable)
    row = next(row for row in result.data["plugins"] if row["key"] == "inventreelabel")
    assert (row["source"], row["active"], row["is_mandatory"], row["problems"]) == ("builtin", True, True, [])
    assert [warning["code"] for warning in result.json["warnings"]] == ["no-server-source"]


def test_a_server_without_a_database_says_so(invplug, tmp_path):
    make_server(tmp_path / "server")
    result = invplug("list", "--server", str(tmp_path / "server"), "--python", sys.executable)
    assert (result.code, result.out) == (2, "")
    assert "names no database" in result.err


def test_interpreter_of_the_server(invplug, tmp_path, monkeypatch):
    make_server(tmp_path / "server")
    python = tmp_path / "server" / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    values = shown(invplug, "--server", str(tmp_path / "server"))
    assert values["python"] == (str(python), "the server's virtual environment")
    monkeypatch.setenv("INVENTREE_PY_ENV", str(tmp_path / "server" / "env"))
    assert shown(invplug)["python"] == (str(python), "environment INVENTREE_PY_ENV")


def test_a_plain_interpreter_needs_no_pyvenv_cfg(instance):
    """A system Python has no files that tell its import path: it is started once."""
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    result = instance.run("list", "--json", "--python", str(base))
    assert result.code == 0
    assert result.data["plugins"] == []


def test_system_site_packages_are_seen_where_pyvenv_cfg_says_so(instance):
    instance.wheel("alpha")
    assert instance.run("install", "inventree-alpha").code == 0
    inner = instance.folder.parent / "inner"
    import venv

    venv.create(inner, with_pip=False, symlinks=True)
    site = next(instance.environment.glob("lib/python*/site-packages"))
    (next(inner.glob("lib/python*/site-packages")) / "more.pth").write_text(f"# more\n{site}\n/nowhere\n")
    assert instance.run("list", "--names", "--python", str(inner)).out == "alpha\n"


def test_an_environment_is_described_without_starting_its_python(instance):
    instance.wheel("alpha")
    assert instance.run("install", "inventree-alpha").code == 0
    python = instance.environment / "bin" / "python"
    python.unlink()
    python.write_text("#!/bin/sh\ntouch started\nexit 1\n")
    python.chmod(0o755)
    assert instance.run("list", "--names").out == "alpha\n"
    assert instance.run("install", "inventree-alpha").code == 0
    assert not (instance.folder / "started").exists()


@pytest.mark.parametrize("text", ["{bad", "[1]", "7"])
@pytest.mark.parametrize("name", ["plugin_settings", "global_settings"])
def test_overrides_that_cannot_be_used_stop_nothing(invplug, monkeypatch, name, text):
    """Safe mode needs neither, and somebody may reach for it because of them."""
    make_store("db.sqlite3")
    variable = f"INVENTREE_{name.upper()}"
    monkeypatch.setenv(variable, text)
    options = ("--database", "db.sqlite3", "--python", sys.executable)
    result = invplug("list", "--json", *options)
    assert result.code == 0
    [warning] = [each for each in result.json["warnings"] if each["code"] == "configuration-ignored"]
    assert f"environment {variable}" in warning["message"]
    assert invplug("disable", "--all", *options).code == 0


@pytest.mark.parametrize(
    ("version", "counts"), [("0.17.5", set()), ("1.0.0", {"g"}), ("1.4.0", {"g", "p"}), ("1.x", {"g", "p"})]
)
def test_overrides_count_where_the_server_knows_them(invplug, tmp_path, monkeypatch, version, counts):
    make_server(tmp_path / "server", version=version)
    monkeypatch.setenv("INVENTREE_GLOBAL_SETTINGS", '{"ENABLE_PLUGINS_URL": true}')
    monkeypatch.setenv("INVENTREE_PLUGIN_SETTINGS", '{"alpha": {"K": "x"}}')
    values = shown(invplug, "--server", str(tmp_path / "server"), "--database", "db.sqlite3")
    found = {name[0] for name in ("global_settings", "plugin_settings") if values[name][0]}
    assert found == counts


@pytest.mark.parametrize(("value", "support"), [("", False), ("on", True)])
def test_an_empty_switch_in_the_environment_is_false(invplug, monkeypatch, value, support):
    Path("config.yaml").write_text("plugins_enabled: true\n")
    monkeypatch.setenv("INVENTREE_PLUGINS_ENABLED", value)
    found = invplug("config", "show", "--json", "--config", "config.yaml").data["config"]["plugins_enabled"]
    assert found["value"] is support
    assert found["origin"].startswith("environment INVENTREE_PLUGINS_ENABLED")


@pytest.mark.parametrize(
    "text",
    [
        "postgres://me:MySecret#1@127.0.0.1/x",
        "postgres://me:MySecret?1@127.0.0.1/x",
        "mysql://me:MySecret/1@127.0.0.1/x",
        "postgresql://me:1234#MySecret@127.0.0.1/x",
        "host=127.0.0.1 password=MySecret",
        "me:MySecret@127.0.0.1/x",
        "postgresql:me:MySecret@h/x",
        "//me:MySecret@h/x",
        "sqlite://me:MySecret@/x",
    ],
)
@pytest.mark.parametrize("command", [("config", "show"), ("is-enabled", "alpha"), ("list", "--json")])
def test_what_is_no_url_is_refused_and_not_repeated(invplug, text, command):
    result = invplug(*command, "--database", text)
    assert result.code == 2
    assert "Secret" not in result.out + result.err
    assert "1234" not in result.out + result.err
    assert "`--database`" in result.out + result.err


def test_a_file_of_an_odd_name_is_one(invplug):
    make_store("me:x@y.sqlite3")
    assert invplug("is-enabled", "one", "--database", "me:x@y.sqlite3").code == 1


@pytest.mark.parametrize(
    ("form", "expected"), [("environment", "3"), ("file", 4), ("option", 7), ("none", None)]
)
def test_the_time_out_of_the_server_is_the_connections(invplug, monkeypatch, form, expected):
    config = {"database": {"engine": "postgresql", "name": "inventree"}}
    if form == "file":
        config["database"]["timeout"] = 4
    if form == "environment":
        monkeypatch.setenv("INVENTREE_DB_TIMEOUT", "3")
    if form == "option":
        config["database"] |= {"timeout": 4, "options": {"connect_timeout": 7}}
    Path("config.yaml").write_text(json.dumps(config))
    values = invplug("config", "show", "--json", "--config", "config.yaml").data["config"]
    options = values.get("database.options", {"value": {}})["value"]
    assert options.get("connect_timeout") == (str(expected) if form == "file" else expected)
