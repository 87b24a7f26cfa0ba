"""The main job on real input: this repository's plugins.txt, and a database that a server made."""

from __future__ import annotations

import gzip
import os
import sqlite3
import subprocess
import venv
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT.parent / "shared" / "fixtures" / "server-1.5.sqlite3.gz"
EXPECTED = {
    "cleanup-build-orders": ("Cleanup Build Orders", "0.1.0", ["schedule", "settings"]),
    "ipngen": ("IPN Generator", "0.1", ["events", "settings"]),
    "kicad-library-plugin": (
        "KiCad Library Endpoint",
        "2.1.0",
        ["app", "settings", "settingscontent", "urls"],
    ),
    "serial-number-tags": ("Serial Number Tags", "0.3.0", ["settings", "validation"]),
    "stock-forecasting": ("InvenTree Forecasting", "0.7.0", ["settings", "ui", "urls"]),
}


@pytest.mark.network
def test_repository_plugins_txt_from_pypi(invplug, tmp_path):
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False, symlinks=True)
    Path("plugins.txt").write_text((ROOT / "plugins.txt").read_text())
    python = ("--python", str(environment))
    result = invplug("install", *python, "--json")
    if result.code and result.json["errors"][0]["code"] in {"install-network", "install-not-found"}:
        pytest.skip(f"no package index is reachable: {result.json['errors'][0]['message']}")
    assert result.code == 0, result.out
    assert result.data["created"] == sorted(EXPECTED)
    rows = {row["key"]: row for row in invplug("list", *python, "--json").data["plugins"]}
    assert {
        key: (row["meta"]["human_name"], row["meta"]["version"], sorted(row["mixins"]))
        for key, row in rows.items()
    } == EXPECTED
    assert all(row["declared"] and not row["active"] and not row["problems"] for row in rows.values())
    enabled = invplug("enable", "kicad-library-plugin", *python, "--json")
    assert enabled.json["changed"] is True
    assert {step["code"] for step in enabled.json["next_steps"]} == {
        "enable-integration",
        "migrate",
        "restart",
    }
    assert invplug("list", "--enabled", "--names", *python).out == "kicad-library-plugin\n"
    again = invplug("install", *python, "--json")
    assert (again.json["changed"], again.data["installed"]) == (False, [])


@pytest.fixture
def server_database(tmp_path) -> Path:
    if not FIXTURE.exists():
        pytest.skip(f"no database made by a server at {FIXTURE}")
    path = tmp_path / "server.sqlite3"
    path.write_bytes(gzip.decompress(FIXTURE.read_bytes()))
    return path


def dump(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: sorted(database.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr)
            for table in tables
        }


def test_a_plugin_is_enabled_in_a_servers_database_and_nothing_else_changes(
    instance, server_database, invplug
):
    instance.wheel("kicad-library-plugin", package="inventree-kicad-plugin", mixins="UrlsMixin")
    instance.plugins_file.write_text("inventree-kicad-plugin\n")
    options = ("--python", str(instance.environment), "--database", str(server_database))
    before = dump(server_database)
    listed = invplug("list", "--json", *options).data["plugins"]
    assert len(listed) == 23
    assert sum(row["is_builtin"] for row in listed) == 20
    assert dump(server_database) == before
    assert invplug("install", *options).code == 0
    assert dump(server_database) == before
    assert invplug("enable", "kicad-library-plugin", *options).code == 0
    after = dump(server_database)
    changed = {table for table in before if before[table] != after[table]}
    assert changed == {"plugin_pluginconfig"}
    (old,) = set(before["plugin_pluginconfig"]) - set(after["plugin_pluginconfig"])
    (new,) = set(after["plugin_pluginconfig"]) - set(before["plugin_pluginconfig"])
    assert [(a, b) for a, b in zip(old, new, strict=True) if a != b] == [(0, 1)]
    assert invplug("disable", "kicad-library-plugin", *options).code == 0
    assert dump(server_database) == before


@pytest.mark.server
def test_a_real_server_boots_with_the_plugin_that_was_enabled(invplug, tmp_path, monkeypatch):
    """Needs a checkout in INVPLUG_TEST_SERVER with `env/` beside it and a migrated SQLite database.

    INVPLUG_TEST_SERVER_DATABASE names that database; it is copied, never changed.
    """
    checkout, source = _named_server()
    python = Path(checkout) / "env" / "bin" / "python"
    database = tmp_path / "db.sqlite3"
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(database)) as new:
        old.backup(new)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "__init__.py").touch()
    (tmp_path / "plugins" / "endtoend.py").write_text(
        "from plugin import InvenTreePlugin\n\n\n"
        "class EndToEnd(InvenTreePlugin):\n    NAME = 'End to end'\n    VERSION = '1.0'\n"
    )
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
    options = ("--server", checkout)

    def loaded() -> str:
        """Return what the server itself has active after it booted."""
        code = (
            "from plugin import registry\n"
            "print('ACTIVE', sorted(k for k, p in registry.plugins.items() if p.is_active()))\n"
        )
        done = subprocess.run(
            [str(python), "manage.py", "shell", "-c", code],
            cwd=Path(checkout) / "src" / "backend" / "InvenTree",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return next(line for line in done.stdout.splitlines() if line.startswith("ACTIVE"))

    assert invplug("discover", *options).code == 0
    assert "end-to-end" not in loaded()
    assert invplug("enable", "end-to-end", *options).code == 0
    assert "'end-to-end'" in loaded()
    listed = {row["key"]: row for row in invplug("list", "--json", *options).data["plugins"]}
    assert all(row["is_installed"] for row in listed.values() if row["is_builtin"]), (
        "every built-in row has its class"
    )
    active = sorted(key for key, row in listed.items() if row["active"])
    assert str(active) in loaded()
    assert invplug("disable", "end-to-end", *options).code == 0
    assert "end-to-end" not in loaded()


def _named_server() -> tuple[str, str]:
    """Return the checkout and the database that the environment names; skip the test without them."""
    checkout, source = (
        os.environ.get(name) or _ENVIRON.get(name)
        for name in ("INVPLUG_TEST_SERVER", "INVPLUG_TEST_SERVER_DATABASE")
    )
    if not checkout or not source:
        pytest.skip("INVPLUG_TEST_SERVER and INVPLUG_TEST_SERVER_DATABASE name no server")
    return checkout, source


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


@pytest.mark.server
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


# The fixture that isolates each test takes the variables away; they are read before it does.
_ENVIRON = {name: value for name, value in os.environ.items() if name.startswith("INVPLUG_TEST_")}
