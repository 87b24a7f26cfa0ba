"""The main job on real input: this repository's plugins.txt, and a database that a server made."""

from __future__ import annotations

import gzip
import sqlite3
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
