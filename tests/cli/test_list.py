"""`invplug list`, `show` and `discover`: what there is, with the states that users confuse kept apart."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

ROW_KEYS = {
    "active",
    "class",
    "declared",
    "is_builtin",
    "is_installed",
    "is_mandatory",
    "is_package",
    "is_sample",
    "key",
    "max_version",
    "meta",
    "min_version",
    "mixins",
    "module",
    "name",
    "origins",
    "package_name",
    "package_version",
    "pk",
    "problems",
    "settings",
    "source",
}
META_KEYS = {
    "author",
    "description",
    "human_name",
    "license",
    "package_path",
    "pub_date",
    "slug",
    "version",
    "website",
}
DIRECTORY_PLUGIN = """
from plugin import InvenTreePlugin


class Local(InvenTreePlugin):
    NAME = "Local one"
    AUTHOR = "Grace"
    PUBLISH_DATE = "2024-02-01"
"""


@pytest.fixture
def mixed(instance):
    """Make one of each state: in file and installed, either alone, a directory's, an orphan."""
    instance.wheel("alpha", mixins="SettingsMixin, UrlsMixin")
    instance.wheel("beta", version="2.0")
    assert instance.run("install", "inventree-alpha", "inventree-beta").code == 0
    instance.plugins_file.write_text("inventree-alpha\nInvenTree_Gone==3.0\nnever-installed\n")
    (instance.folder / "plugins").mkdir()
    (instance.folder / "plugins" / "local.py").write_text(DIRECTORY_PLUGIN)
    with closing(sqlite3.connect(instance.store)) as database:
        database.executemany(
            "INSERT INTO plugin_pluginconfig (key, name, active, package_name) VALUES (?, ?, ?, ?)",
            [("gone", "Gone", 1, "inventree-gone"), ("orphan", "Orphan", 0, None)],
        )
        database.commit()
    return instance


def by_key(result):
    return {row["key"]: row for row in result.data["plugins"]}


def codes(row):
    return [problem["code"] for problem in row["problems"]]


def test_rows_have_exactly_the_keys_of_the_contract(mixed):
    rows = by_key(mixed.run("list", "--json"))
    assert sorted(rows) == ["alpha", "beta", "gone", "local-one", "orphan"]
    for row in rows.values():
        assert set(row) == ROW_KEYS
        assert set(row["meta"]) == META_KEYS


def test_states_stay_apart(mixed):
    mixed.run("enable", "alpha")
    rows = by_key(mixed.run("list", "--json"))
    seen = {
        key: (row["is_installed"], row["active"], row["declared"], row["source"], codes(row))
        for key, row in rows.items()
    }
    assert seen == {
        "alpha": (True, True, "inventree-alpha", "package", []),
        "beta": (True, False, None, "package", []),
        "gone": (False, True, "InvenTree_Gone==3.0", None, ["not-installed"]),
        "local-one": (True, False, None, "directory", ["no-row"]),
        "orphan": (False, False, None, None, ["orphan-row"]),
    }


def test_values_of_a_package_plugin(mixed):
    row = by_key(mixed.run("list", "--json"))["alpha"]
    assert row["package_name"] == "inventree-alpha"
    assert row["package_version"] == "1.0"
    assert row["module"] == "inventree_alpha.core"
    assert row["class"] == "AlphaPlugin"
    assert row["settings"] == ["KEY"]
    assert row["mixins"] == {
        "settings": {"key": "settings", "human_name": "Settings"},
        "urls": {"key": "urls", "human_name": "Urls"},
    }
    assert row["meta"]["human_name"] == "The alpha plugin"
    assert row["origins"]["human_name"] == "class"
    assert isinstance(row["pk"], int)
    assert row["is_package"] is True


def test_requirements_tell_what_is_installed_for_each(mixed):
    requirements = mixed.run("list", "--json").data["requirements"]
    assert [(row["requirement"], row["installed_version"], row["plugins"]) for row in requirements] == [
        ("inventree-alpha", "1.0", ["alpha"]),
        ("InvenTree_Gone==3.0", None, []),
        ("never-installed", None, []),
    ]


def test_a_declared_package_that_is_missing_is_told_once(mixed):
    result = mixed.run("list")
    assert result.code == 0
    assert result.err.count("never-installed") == 1
    assert "plugins.txt:3" in result.err


def test_table_names_what_is_wrong(mixed):
    result = mixed.run("list")
    lines = {line.split()[0]: line for line in result.out.splitlines() if line.strip()}
    assert "orphan-row" in lines["orphan"]
    assert "not-installed" in lines["gone"]
    assert "no-row" in lines["local-one"]
    assert "not in file" in lines["beta"]
    assert "not in file" not in lines["alpha"]
    assert {"Slug", "Title", "Version", "Enabled", "Source", "Package", "Mixins"} <= set(result.out.split())


def test_filters(mixed):
    mixed.run("enable", "alpha")

    def names(*options):
        return mixed.run("list", "--names", *options).out.split()

    assert names() == ["alpha", "beta", "gone", "local-one", "orphan"]
    assert names("--enabled") == ["alpha", "gone"]
    assert names("--disabled") == ["beta", "local-one", "orphan"]
    assert names("--mixin", "urls") == ["alpha"]
    assert names("--source", "directory") == ["local-one"]


def test_filters_that_make_no_sense_are_usage_errors(mixed):
    assert mixed.run("list", "--enabled", "--disabled").code == 2
    assert mixed.run("list", "--source", "moon").code == 2
    wrong = mixed.run("list", "--mixin", "nonsense")
    assert wrong.code == 2
    assert "nonsense" in wrong.err


def test_list_of_an_empty_folder_makes_nothing(instance):
    result = instance.run("list")
    assert (result.code, result.out) == (0, "")
    assert list(instance.folder.iterdir()) == []
    assert instance.run("list", "--json").data == {"plugins": [], "requirements": []}


def test_ls_is_list(mixed):
    assert mixed.run("ls", "--json").json["command"] == "list"


def test_show_tells_values_and_origins(mixed):
    result = mixed.run("show", "local-one")
    assert result.code == 0
    lines = {line.split()[0]: line for line in result.out.splitlines() if line.strip()}
    assert "Grace" in lines["author"]
    assert lines["author"].split()[1] == "class"
    assert "2024-02-01" in lines["date"]
    assert lines["title"].split()[1] == "default"
    assert str(mixed.folder / "plugins" / "local.py") in lines["file"]


def test_show_of_an_orphan_and_of_nothing(mixed):
    orphan = mixed.run("info", "orphan")
    assert orphan.code == 0
    assert "nothing provides" in orphan.out
    missing = mixed.run("show", "alfa")
    assert (missing.code, missing.out) == (1, "")
    assert "did you mean `alpha`" in missing.err


def test_discover_creates_missing_rows_inactive_and_only_once(mixed):
    first = mixed.run("discover", "--json")
    assert first.json["changed"] is True
    assert first.data["created"] == ["local-one"]
    assert mixed.rows()["local-one"]["active"] == 0
    before = mixed.store.read_bytes()
    second = mixed.run("discover", "--json")
    assert (second.code, second.json["changed"], second.data["created"]) == (0, False, [])
    assert mixed.store.read_bytes() == before


def test_discover_prune_deletes_orphans_but_not_what_the_file_brings_back(mixed):
    dry = mixed.run("discover", "--prune", "--dry-run", "--json")
    assert dry.data["deleted"] == ["orphan"]
    assert "orphan" in mixed.rows()
    assert mixed.run("discover", "--prune", "--yes").code == 0
    assert sorted(mixed.rows()) == ["alpha", "beta", "gone", "local-one"]


def test_a_new_file_is_seen_although_the_cache_is_warm(mixed):
    assert "second" not in mixed.run("list", "--names").out.split()
    (mixed.folder / "plugins" / "second.py").write_text(DIRECTORY_PLUGIN.replace("Local one", "Second"))
    assert "second" in mixed.run("list", "--names").out.split()
    (mixed.folder / "plugins" / "second.py").unlink()
    assert "second" not in mixed.run("list", "--names").out.split()


def test_a_changed_file_is_read_again(mixed):
    mixed.run("list", "--names")
    path = mixed.folder / "plugins" / "local.py"
    path.write_text(DIRECTORY_PLUGIN.replace("Local one", "Local two"))
    assert "local-two" in mixed.run("list", "--names").out.split()


def test_no_cache_neither_reads_nor_writes_one(mixed, tmp_path):
    cache = tmp_path / "home" / "xdg_cache_home"
    files = {path: path.read_bytes() for path in cache.rglob("*") if path.is_file()}
    (mixed.folder / "plugins" / "third.py").write_text(DIRECTORY_PLUGIN.replace("Local one", "Third"))
    assert "third" in mixed.run("list", "--names", "--no-cache").out.split()
    assert {path: path.read_bytes() for path in cache.rglob("*") if path.is_file()} == files


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 50, b"[]", b'{"question": 1}'])
def test_a_cache_full_of_rubbish_is_no_harm(mixed, tmp_path, content):
    expected = mixed.run("list", "--json").json
    for path in (tmp_path / "home").rglob("facts*"):
        path.write_bytes(content)
    assert mixed.run("list", "--json").json == expected
