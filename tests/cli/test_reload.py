"""`invplug reload`, and `--reload` of the commands that change something."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from types import SimpleNamespace

import pytest

from tests.databases import ENGINES

KEY = "_PLUGIN_REGISTRY_HASH"
TRUE_HASH = "0123456789abcdef0123456789abcdef"
PLUGIN = """
from plugin import InvenTreePlugin
from plugin.mixins import SettingsMixin


class Sheet(SettingsMixin, InvenTreePlugin):
    NAME = "Sheet"
    SETTINGS = {"KEY": {"name": "Key"}}
"""


@pytest.fixture
def server(make_case, instance, tmp_path):
    """Return a function that makes a server of a version, and runs invplug on it."""

    def make(version: str | None = "1.5.0", engine: str = "sqlite3", *, level: str = "1.5"):
        case = make_case(engine, level)
        words = ["--database", case.url, "--plugin-dir", "plugins"]
        if version is not None:
            root = tmp_path / "checkout" / "src" / "backend" / "InvenTree"
            (root / "InvenTree").mkdir(parents=True)
            (root / "manage.py").touch()
            (root / "InvenTree" / "version.py").write_text(f'INVENTREE_SW_VERSION = "{version}"\n')
            words += ["--server", str(root)]
        (instance.folder / "plugins").mkdir()
        (instance.folder / "plugins" / "sheet.py").write_text(PLUGIN)

        def run(*more):
            return instance.run(*words, *more)

        return SimpleNamespace(case=case, run=run, instance=instance, words=words)

    return make


def hash_in(server):
    found = server.case.sql('SELECT value FROM common_inventreesetting WHERE "key" = ?', (KEY,))
    assert len(found) <= 1
    return found[0][0] if found else None


def set_hash(server, value=TRUE_HASH):
    server.case.sql('INSERT INTO common_inventreesetting ("key", value) VALUES (?, ?)', (KEY, value))


def codes(result, kind="warnings"):
    return [item["code"] for item in result.json[kind]]


def is_fresh(value):
    """Tell whether it is a value that no server computes: those are the digits of an MD5 sum."""
    return bool(value) and not re.fullmatch("[0-9a-f]{32}", value)


# reload


@pytest.mark.parametrize("engine", ENGINES)
def test_reload_writes_a_fresh_value_each_time(server, engine):
    server = server(engine=engine)
    seen = set()
    for _ in range(3):
        result = server.run("reload", "--json")
        assert (result.code, result.err) == (0, "")
        assert (result.json["changed"], result.data) == (True, {"reload_requested": True})
        assert codes(result) == ["reload-may-go-unnoticed"]
        seen.add(hash_in(server))
    assert len(seen) == 3
    assert all(map(is_fresh, seen))


def test_reload_replaces_the_value_of_the_server_and_nothing_else(server):
    server = server()
    set_hash(server)
    before = server.case.dump()
    assert server.run("reload").code == 0
    after = server.case.dump()
    [old] = [row for row in before["common_inventreesetting"] if row[1] == KEY]
    [new] = [row for row in after["common_inventreesetting"] if row[1] == KEY]
    assert (old[0], old[2]) == (new[0], TRUE_HASH)
    assert is_fresh(new[2])
    before["common_inventreesetting"].remove(old)
    after["common_inventreesetting"].remove(new)
    assert after == before


@pytest.mark.parametrize("value", ["", "invplug-0123"])
def test_a_blank_or_left_value_is_replaced(server, value):
    server = server()
    set_hash(server, value)
    assert server.run("reload").code == 0
    assert hash_in(server) != value
    assert is_fresh(hash_in(server))


def test_reload_tells_how_it_can_go_unnoticed(server):
    server = server()
    result = server.run("reload")
    assert (result.code, result.out) == (0, "")
    assert "asked the server to reload its plugins" in result.err
    assert "warning: " in result.err
    for word in ("request or task", "shared cache", "hour", "only the first", "hint: restart"):
        assert word in result.err
    quiet = server.run("reload", "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


def refused(result, exit_code=1, code="reload"):
    assert (result.code, result.err) == (exit_code, "")
    assert (result.json["changed"], result.json["status"], result.data) == (False, "error", {})
    (error,) = result.json["errors"]
    assert (error["code"], bool(error["hint"])) == (code, True)
    return error["message"]


def test_without_a_store_nobody_can_have_booted_from_it(instance):
    assert "no store" in refused(instance.run("reload", "--json"))
    text = instance.run("reload")
    assert (text.code, text.out) == (1, "")
    assert text.err.startswith("error: this standalone instance has no store yet")
    assert not instance.store.exists()


def test_hosts_of_a_standalone_instance_are_asked_without_a_but(instance):
    (instance.folder / "plugins").mkdir()
    (instance.folder / "plugins" / "sheet.py").write_text(PLUGIN)
    assert instance.run("enable", "sheet").code == 0
    result = instance.run("reload", "--json")
    assert (result.code, result.json["warnings"]) == (0, [])
    with closing(sqlite3.connect(instance.store)) as database:
        query = "SELECT value FROM common_inventreesetting WHERE key = ?"
        (value,) = database.execute(query, (KEY,)).fetchone()
    assert is_fresh(value)


@pytest.mark.parametrize(
    ("version", "works"),
    [("0.12.11", False), ("0.13.0", True), ("0.13.0 dev", True), ("1.5.0", True), (None, True)],
)
def test_servers_before_0_13_do_not_look(server, version, works):
    server = server(version, level="0.12" if version == "0.12.11" else "1.5")
    result = server.run("reload", "--json")
    if works:
        assert (result.code, is_fresh(hash_in(server))) == (0, True)
    else:
        assert "0.12.11" in refused(result)
        assert hash_in(server) is None


def test_a_database_that_cannot_be_changed(server):
    server = server()
    with closing(sqlite3.connect(server.case.database.name, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        refused(server.run("reload", "--lock-timeout", "0.2", "--json"), 5, "database-locked")
    server.case.sql("DROP TABLE common_inventreesetting")
    assert "common_inventreesetting" in refused(server.run("reload", "--json"), 1, "plugin-row")


# --reload


CHANGES = {
    "enable": ("enable", "sheet"),
    "disable": ("disable", "barcode"),
    "discover": ("discover",),
    "prune": ("discover", "--prune", "--yes"),
    "set": ("settings", "set", "sheet", "KEY", "x"),
    "unset": ("settings", "unset", "sheet", "KEY"),
    "install": ("install", "inventree-alpha"),
    "uninstall": ("uninstall", "inventree-alpha", "--yes"),
}


def prepare(server, name):
    """Make the command of CHANGES have something to do."""
    if name == "discover":
        server.case.sql("""DELETE FROM plugin_pluginsetting WHERE plugin_id = 2""")
        server.case.sql("""DELETE FROM plugin_pluginusersetting WHERE plugin_id = 2""")
        server.case.sql("""DELETE FROM common_selectionlist WHERE source_plugin_id = 2""")
        server.case.sql("""DELETE FROM plugin_pluginconfig WHERE id = 2""")
    if name == "unset":
        assert server.run("settings", "set", "sheet", "KEY", "x").code == 0
    if name in {"install", "uninstall"}:
        server.instance.wheel("alpha")
    if name == "uninstall":
        assert server.run("install", "inventree-alpha").code == 0


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_asks_once_and_no_change_does_not(server, name):
    server = server()
    prepare(server, name)
    set_hash(server)
    words = (*CHANGES[name], "--reload")
    dry = server.run(*words, "--dry-run", "--json")
    assert (dry.code, dry.json["changed"], dry.data["reload_requested"]) == (0, False, False)
    assert hash_in(server) == TRUE_HASH
    first = server.run(*words, "--json")
    assert (first.code, first.err, first.json["changed"]) == (0, "", True), first
    assert first.data["reload_requested"] is True
    assert "reload-may-go-unnoticed" in codes(first)
    # The reload takes its place.
    assert "restart" not in codes(first, "next_steps")
    asked = hash_in(server)
    assert is_fresh(asked)
    again = server.run(*words, "--json")
    assert (again.code, again.json["changed"], again.data["reload_requested"]) == (0, False, False)
    assert "reload-may-go-unnoticed" not in codes(again)
    assert hash_in(server) == asked


@pytest.mark.parametrize("name", CHANGES)
def test_without_the_option_nothing_is_asked(server, name):
    server = server()
    prepare(server, name)
    set_hash(server)
    result = server.run(*CHANGES[name], "--json")
    assert (result.code, result.json["changed"]) == (0, True)
    assert "reload_requested" not in result.data
    assert hash_in(server) == TRUE_HASH


@pytest.mark.parametrize("name", CHANGES)
def test_reload_is_refused_before_anything_changes(server, name):
    server = server("0.12.11", level="0.12")
    if name == "discover":
        (server.instance.folder / "plugins" / "more.py").write_text(PLUGIN.replace("Sheet", "More"))
    else:
        prepare(server, name)
    before = server.case.dump(), server.instance.installed()
    assert "0.12.11" in refused(server.run(*CHANGES[name], "--reload", "--json"))
    assert (server.case.dump(), server.instance.installed()) == before
    assert not server.run(*CHANGES[name], "--json").json["errors"]


def test_reload_with_the_first_change_of_a_standalone_instance(instance):
    instance.wheel("alpha")
    result = instance.run("install", "inventree-alpha", "--enable", "--reload", "--json")
    assert (result.code, result.data["reload_requested"], codes(result)) == (0, True, [])


def test_a_failed_command_asks_nothing(server):
    server = server()
    set_hash(server)
    assert server.run("enable", "nobody", "--reload").code == 1
    assert server.run("settings", "set", "sheet", "NOPE", "x", "--reload").code == 1
    assert hash_in(server) == TRUE_HASH


def test_a_reload_that_cannot_be_asked_for_leaves_the_change(server):
    server = server()
    server.case.sql("DROP TABLE common_inventreesetting")
    result = server.run("disable", "barcode", "--reload", "--json")
    assert (result.code, result.json["status"], result.json["changed"]) == (1, "partial", True)
    assert (result.data["disabled"], result.data["reload_requested"]) == (["barcode"], False)
    assert codes(result, "errors") == ["plugin-row"]
    assert "restart" in codes(result, "next_steps")
    assert server.case.sql('SELECT active FROM plugin_pluginconfig WHERE "key" = ?', ("barcode",)) == [(0,)]


def test_the_streams_of_a_change_with_reload(server):
    server = server()
    result = server.run("disable", "barcode", "--reload")
    assert (result.code, result.out) == (0, "")
    lines = result.err.splitlines()
    assert lines[0] == "disabled `barcode`"
    assert lines[1].startswith("warning: a process looks when")
    assert lines[2].startswith("hint: ")
    assert len(lines) == 3
    again = server.run("disable", "barcode", "--reload")
    assert (again.code, again.out, again.err) == (0, "", "already disabled: `barcode`\n")


def test_the_real_program_on_a_configured_server(server):
    server = server()
    environ = {**server.case.environ, "INVENTREE_PLUGIN_DIR": str(server.instance.folder / "plugins")}
    for code, changed in ((0, True), (0, False)):
        result = server.instance.run_binary(
            "enable", "sheet", "--reload", "--json", env={**os.environ, **environ}
        )
        assert (result.code, result.err, result.json["changed"]) == (code, "", changed)
        assert result.data["reload_requested"] is changed
    assert is_fresh(hash_in(server))
