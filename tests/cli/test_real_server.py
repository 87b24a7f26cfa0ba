"""A real InvenTree: it boots with what invplug wrote, and reloads when it is asked to.

Needs a checkout in INVPLUG_TEST_SERVER with `env/` beside it, and in INVPLUG_TEST_SERVER_DATABASE a migrated
SQLite database, which is copied and never changed.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.server

# The fixture that isolates each test takes the variables away; they are read before it does.
_ENVIRON = {name: value for name, value in os.environ.items() if name.startswith("INVPLUG_TEST_")}

PLUGIN = """
from plugin import InvenTreePlugin
from plugin.mixins import EventMixin, SettingsMixin


class EndToEnd(EventMixin, SettingsMixin, InvenTreePlugin):
    NAME = "End to end"
    VERSION = "1.0"
    SETTINGS = {
        "COUNT": {"name": "Count", "default": 5, "validator": int},
        "FLAG": {"name": "Flag", "default": False, "validator": bool},
    }

    def process_event(self, event, *args, **kwargs):
        pass
"""
ACTIVE = """
from plugin import registry
def active():
    print("ACTIVE", sorted(k for k, p in registry.plugins.items() if p.is_active()), flush=True)
active()
"""
# A process that lives on while invplug writes, and looks when it is told to.
LIVING = (
    ACTIVE
    + """
from common.settings import get_global_setting
for line in iter(input, "end"):
    print("RELOADED", registry.check_reload(), flush=True)
    active()
    plugin = registry.plugins.get("end-to-end")
    print("SETTINGS", plugin and [plugin.get_setting("COUNT"), plugin.get_setting("FLAG")], flush=True)
    print("EVENTS", get_global_setting("ENABLE_PLUGINS_EVENTS", create=False), flush=True)
"""
)


@dataclass(frozen=True)
class Server:
    """A checkout, and a copy of its database."""

    checkout: str
    database: Path

    @property
    def options(self) -> tuple[str, ...]:
        return ("--server", self.checkout)

    def shell(self, code: str) -> subprocess.Popen[str]:
        """Start the server's own shell on a piece of code."""
        return subprocess.Popen(
            [str(Path(self.checkout) / "env" / "bin" / "python"), "manage.py", "shell", "-c", code],
            cwd=Path(self.checkout) / "src" / "backend" / "InvenTree",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def active(self) -> str:
        """Return what the server itself has active after it booted."""
        with self.shell(ACTIVE) as process:
            out, err = process.communicate()
        assert process.returncode == 0, err
        return next(line for line in out.splitlines() if line.startswith("ACTIVE"))


def _named_server() -> tuple[str, str]:
    """Return the checkout and the database that the environment names; skip the test without them."""
    checkout, source = (
        _ENVIRON.get(name) for name in ("INVPLUG_TEST_SERVER", "INVPLUG_TEST_SERVER_DATABASE")
    )
    if not checkout or not source:
        pytest.skip("INVPLUG_TEST_SERVER and INVPLUG_TEST_SERVER_DATABASE name no server")
    return checkout, source


@pytest.fixture
def server(tmp_path, monkeypatch) -> Server:
    checkout, source = _named_server()
    database = tmp_path / "db.sqlite3"
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(database)) as new:
        old.backup(new)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "__init__.py").touch()
    (tmp_path / "plugins" / "endtoend.py").write_text(PLUGIN)
    for name, value in {
        "INVENTREE_DB_ENGINE": "sqlite3",
        "INVENTREE_DB_NAME": str(database),
        "INVENTREE_PLUGINS_ENABLED": "true",
        "INVENTREE_PLUGIN_DIR": str(tmp_path / "plugins"),
        "INVENTREE_PLUGIN_FILE": str(tmp_path / "plugins.txt"),
        "INVENTREE_CONFIG_FILE": str(tmp_path / "config.yaml"),
        "INVENTREE_SECRET_KEY_FILE": str(tmp_path / "secret.txt"),
        "INVENTREE_OIDC_PRIVATE_KEY_FILE": str(tmp_path / "oidc.pem"),
        "INVENTREE_MEDIA_ROOT": str(tmp_path / "media"),
        "INVENTREE_STATIC_ROOT": str(tmp_path / "static"),
        "INVENTREE_BACKUP_DIR": str(tmp_path / "backup"),
        "INVENTREE_SITE_URL": "http://127.0.0.1:8000",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("media", "static", "backup"):
        (tmp_path / name).mkdir()
    (tmp_path / "config.yaml").write_text("debug: false\n")
    (tmp_path / "plugins.txt").touch()
    return Server(checkout, database)


def test_it_boots_with_the_plugin_that_was_enabled(invplug, server):
    assert invplug("discover", *server.options).code == 0
    assert "end-to-end" not in server.active()
    assert invplug("enable", "end-to-end", *server.options).code == 0
    assert "'end-to-end'" in server.active()
    listed = {row["key"]: row for row in invplug("list", "--json", *server.options).data["plugins"]}
    assert all(row["is_installed"] for row in listed.values() if row["is_builtin"]), (
        "every built-in row has its class"
    )
    active = sorted(key for key, row in listed.items() if row["active"])
    assert str(active) in server.active()
    assert invplug("disable", "end-to-end", *server.options).code == 0
    assert "end-to-end" not in server.active()


def test_a_running_server_reloads_and_reads_what_was_set(invplug, server):
    assert invplug("discover", *server.options).code == 0
    assert invplug("doctor", "end-to-end", *server.options).code == 4
    with server.shell(LIVING) as process:
        assert "end-to-end" not in _line(process, "ACTIVE")
        # A row alone goes unnoticed; with the registry's hash changed the process loads the plugin.
        assert invplug("enable", "end-to-end", *server.options).code == 0
        assert _look(process)["RELOADED"] == "False"
        assert invplug("reload", *server.options).code == 0
        seen = _look(process)
        assert seen["RELOADED"] == "True"
        assert "'end-to-end'" in seen["ACTIVE"]
        assert (seen["SETTINGS"], seen["EVENTS"]) == ("[5, False]", "False")
        assert _look(process)["RELOADED"] == "False"
        for key, value in (("count", "7"), ("FLAG", "yes")):
            assert invplug("settings", "set", "end-to-end", key, value, *server.options).code == 0
        switched = invplug("enable", "end-to-end", "--with-integration", "--reload", *server.options)
        assert switched.code == 0, switched.err
        seen = _look(process)
        assert (seen["RELOADED"], seen["SETTINGS"], seen["EVENTS"]) == ("True", "[7, True]", "True")
        assert invplug("disable", "--all", "--reload", *server.options).code == 0
        seen = _look(process)
        assert (seen["RELOADED"], "end-to-end" in seen["ACTIVE"]) == ("True", False)
        process.communicate("end\n")
    assert invplug("enable", "end-to-end", *server.options).code == 0
    assert invplug("doctor", "end-to-end", *server.options).code == 0


def _look(process: subprocess.Popen[str]) -> dict[str, str]:
    process.stdin.write("look\n")
    process.stdin.flush()
    return {name: _line(process, name) for name in ("RELOADED", "ACTIVE", "SETTINGS", "EVENTS")}


def _line(process: subprocess.Popen[str], name: str) -> str:
    for line in process.stdout:
        if line.startswith(f"{name} "):
            return line.removeprefix(f"{name} ").strip()
    raise AssertionError(process.stderr.read())


HEAD = "from plugin import InvenTreePlugin\nfrom part.models import Part\n"
DEMO = (
    "class Demo(InvenTreePlugin):\n    NAME = {slug!r}\n    def __init__(self):\n        super().__init__()\n"
)
LOADED = {
    # It may write, to a copy.
    "writes": "        from common.models import InvenTreeSetting as S\n"
    "        S.objects.create(key='INVPLUG_WAS_HERE', value='1')\n"
    "        print('parts', Part.objects.count())\n",
    "raises": "        raise RuntimeError('no sensor')\n",
    "final": "    def plugin_slug(self):\n        return 'x'\n",
}


def test_plugins_are_loaded_with_a_real_server_and_a_copy_of_its_database(invplug, tmp_path):
    checkout, source = _named_server()
    database = tmp_path / "db.sqlite3"
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(database)) as new:
        old.backup(new)
    before = database.read_bytes()
    folder = tmp_path / "own"
    folder.mkdir()
    for slug, body in LOADED.items():
        (folder / f"{slug}.py").write_text(HEAD + DEMO.format(slug=slug) + body)
    python = Path(checkout) / "env" / "bin" / "python"
    options = ("--server", checkout, "--python", str(python), "--database", str(database))
    result = invplug("validate", str(folder), "--load", "--json", *options)
    assert (result.code, result.err) == (4, "")
    loads = {row["slug"]: row["load"] for row in result.data["plugins"]}
    assert {slug: (load["result"], load["stage"], load["with_server"]) for slug, load in loads.items()} == {
        "writes": ("ok", None, True),
        "raises": ("failed", "construct", True),
        "final": ("failed", "import", True),
    }
    assert "parts" in loads["writes"]["output"]
    assert loads["raises"]["error"] == "RuntimeError: no sensor"
    assert "INVE-E11" in loads["final"]["error"]
    found = [(each["code"], each["slug"]) for each in result.data["findings"] if each["severity"] == "error"]
    assert sorted(found) == [("final-member", "final"), ("load-failed", "final"), ("load-failed", "raises")]
    assert database.read_bytes() == before
    assert sorted(path.name for path in tmp_path.glob("db.sqlite3*")) == ["db.sqlite3"]
