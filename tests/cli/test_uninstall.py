"""`invplug uninstall`."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import pytest


@pytest.fixture
def two(instance):
    instance.wheel("alpha")
    instance.wheel("beta")
    instance.plugins_file.write_text(
        "# mine\ninventree-alpha  # the first\n\n# and this\ninventree-beta==1.0\n# end"
    )
    assert instance.run("install").code == 0
    return instance


WITHOUT_ALPHA = "# mine\n\n# and this\ninventree-beta==1.0\n# end"


@pytest.mark.parametrize("name", ["alpha", "inventree-alpha", "InvenTree_Alpha"])
def test_by_slug_or_package(two, name):
    result = two.run("uninstall", name)
    assert (result.code, result.out) == (0, "")
    assert "uninstalled `inventree-alpha`" in result.err
    assert two.installed() == ["inventree_beta-1.0"]
    assert two.plugins_file.read_text() == WITHOUT_ALPHA
    assert {key: row["active"] for key, row in two.rows().items()} == {"alpha": 0, "beta": 0}


def test_json_tells_what_was_done(two):
    result = two.run("uninstall", "alpha", "--json")
    assert (result.json["command"], result.json["status"], result.json["changed"]) == (
        "uninstall",
        "ok",
        True,
    )
    assert result.data == {
        "packages": ["inventree-alpha"],
        "unrecorded": ["inventree-alpha"],
        "disabled": [],
        "deleted": [],
        "absent": [],
    }
    assert [step["code"] for step in result.json["next_steps"]] == ["restart"]


@pytest.mark.parametrize("name", ["alpha", "inventree-alpha"])
def test_twice_is_done_already_and_told(two, name):
    assert two.run("uninstall", name, "--json").json["changed"] is True
    before = two.store.read_bytes(), two.plugins_file.read_bytes(), two.installed()
    again = two.run("uninstall", name, "--json")
    assert (again.code, again.json["changed"], again.json["status"]) == (0, False, "ok")
    assert again.data["absent"] == [name]
    assert [warning["code"] for warning in again.json["warnings"]] == ["not-installed"]
    assert (two.store.read_bytes(), two.plugins_file.read_bytes(), two.installed()) == before
    text = two.run("uninstall", name)
    assert (text.code, text.out) == (0, "")
    assert f"warning: `{name}` is not installed" in text.err


def test_enabled_plugins_are_refused(two):
    two.run("enable", "alpha")
    before = two.store.read_bytes()
    result = two.run("uninstall", "beta", "alpha", "--json")
    assert result.code == 1
    assert (result.json["errors"][0]["code"], result.json["errors"][0]["slug"]) == ("plugin-enabled", "alpha")
    assert "--disable" in result.json["errors"][0]["hint"]
    assert two.installed() == ["inventree_alpha-1.0", "inventree_beta-1.0"]
    assert two.plugins_file.read_text().count("inventree-") == 2
    assert two.store.read_bytes() == before


def test_disable_switches_the_row_off_and_keeps_it(two):
    two.run("enable", "alpha")
    result = two.run("uninstall", "alpha", "--disable", "--json")
    assert (result.code, result.data["disabled"]) == (0, ["alpha"])
    assert two.rows()["alpha"]["active"] == 0
    assert two.installed() == ["inventree_beta-1.0"]
    assert two.run("uninstall", "alpha", "--disable", "--json").json["changed"] is False


def test_a_mandatory_plugin_stays(two, monkeypatch):
    monkeypatch.setenv("INVENTREE_PLUGINS_MANDATORY", "alpha")
    result = two.run("uninstall", "alpha", "--disable", "--json")
    assert result.code == 1
    assert result.json["errors"][0]["code"] == "plugin-mandatory"
    assert "inventree_alpha-1.0" in two.installed()


def test_purge_deletes_row_and_settings(two):
    with closing(sqlite3.connect(two.store)) as database:
        number = two.rows()["alpha"]["id"]
        database.execute(
            "INSERT INTO plugin_pluginsetting (key, value, plugin_id) VALUES ('KEY', 'x', ?)", [number]
        )
        database.commit()
    result = two.run("uninstall", "alpha", "--purge", "--yes", "--json")
    assert (result.code, result.data["deleted"]) == (0, ["alpha"])
    assert list(two.rows()) == ["beta"]
    with closing(sqlite3.connect(two.store)) as database:
        assert database.execute("SELECT count(*) FROM plugin_pluginsetting").fetchone() == (0,)
    again = two.run("uninstall", "alpha", "--purge", "--yes", "--json")
    assert (again.code, again.json["changed"]) == (0, False)


def test_purge_of_what_was_uninstalled_before(two):
    assert two.run("uninstall", "alpha").code == 0
    result = two.run("uninstall", "alpha", "--purge", "--yes", "--json")
    assert (result.code, result.json["changed"], result.data["deleted"]) == (0, True, ["alpha"])
    assert list(two.rows()) == ["beta"]


def test_the_row_left_behind_is_taken_up_by_the_next_install(two):
    two.run("enable", "alpha")
    number = two.rows()["alpha"]["id"]
    two.run("uninstall", "alpha", "--disable")
    result = two.run("install", "inventree-alpha", "--json")
    assert (result.code, result.data["created"]) == (0, [])
    assert (two.rows()["alpha"]["id"], two.rows()["alpha"]["active"]) == (number, 0)


def test_a_dry_run_changes_no_byte(two):
    two.run("enable", "alpha")
    before = two.store.read_bytes(), two.plugins_file.read_bytes(), two.installed()
    result = two.run("uninstall", "alpha", "--disable", "--purge", "--dry-run", "--json")
    assert (result.code, result.json["changed"], result.json["dry_run"]) == (0, False, True)
    assert result.data["packages"] == ["inventree-alpha"]
    assert result.data["deleted"] == result.data["disabled"] == ["alpha"]
    text = two.run("uninstall", "alpha", "--disable", "--dry-run")
    assert (text.code, text.out) == (0, "")
    assert "would uninstall `inventree-alpha`" in text.err
    assert (two.store.read_bytes(), two.plugins_file.read_bytes(), two.installed()) == before


def test_a_dry_run_refuses_what_the_command_refuses(two):
    two.run("enable", "alpha")
    result = two.run("uninstall", "alpha", "--dry-run", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (1, "plugin-enabled")


def test_a_plugin_of_a_directory_is_no_package(two):
    folder = two.folder / "plugins"
    folder.mkdir()
    (folder / "local.py").write_text(
        "from plugin import InvenTreePlugin\n"
        "class L(InvenTreePlugin):\n    NAME = 'Local'\n    SLUG = 'local'\n"
    )
    result = two.run("uninstall", "local", "--json")
    assert result.code == 2
    error = result.json["errors"][0]
    assert error["code"] == "usage"
    assert str(folder / "local.py") in error["message"]
    assert "invplug disable" in error["hint"]
    assert (folder / "local.py").exists()


def test_a_slip_of_the_pen_is_told(two):
    """It is no failure: whether a second run succeeds must not hang on the names of other plugins."""
    result = two.run("uninstall", "alpah")
    assert (result.code, result.out) == (0, "")
    assert "not installed" in result.err
    assert "did you mean `alpha`" in result.err
    assert two.installed() == ["inventree_alpha-1.0", "inventree_beta-1.0"]


def test_a_line_without_its_package_goes_too(instance):
    instance.plugins_file.write_text("# mine\ninventree-gone==1 # why\n")
    result = instance.run("uninstall", "inventree-gone", "--json")
    assert (result.code, result.json["changed"]) == (0, True)
    assert (result.data["packages"], result.data["unrecorded"]) == ([], ["inventree-gone"])
    assert instance.plugins_file.read_text() == "# mine\n"
    assert instance.run("uninstall", "inventree-gone", "--json").json["changed"] is False


def test_several_at_once(two):
    result = two.run("uninstall", "alpha", "inventree-beta", "alpha", "--json")
    assert result.code == 0
    assert result.data["packages"] == ["inventree-alpha", "inventree-beta"]
    assert two.installed() == []
    assert two.plugins_file.read_text() == "# mine\n\n# and this\n# end"


def test_a_package_of_two_plugins_goes_only_when_both_are_disabled(instance):
    from tests.builders import build_wheel

    plugin = (
        "from plugin import InvenTreePlugin\n"
        "class {0}(InvenTreePlugin):\n    NAME = '{0}'\n    SLUG = '{1}'\n"
    )
    build_wheel(
        instance.wheels,
        "inventree-both",
        "1.0",
        modules={"both.py": plugin.format("One", "one") + plugin.format("Two", "two")},
        entry_points={"One": "both:One", "Two": "both:Two"},
    )
    assert instance.run("install", "inventree-both").code == 0
    instance.run("enable", "two")
    refused = instance.run("uninstall", "one", "--json")
    assert (refused.code, refused.json["errors"][0]["slug"]) == (1, "two")
    done = instance.run("uninstall", "one", "--disable", "--json")
    assert (done.code, done.data["disabled"]) == (0, ["two"])
    # pip takes the emptied site-packages away with them: nothing of that may confuse what follows.
    assert not list(instance.environment.rglob("*.dist-info"))
    listed = instance.run("list", "--json")
    assert [row["problems"][0]["code"] for row in listed.data["plugins"]] == ["orphan-row", "orphan-row"]
    assert instance.run("install", "inventree-both").code == 0


def test_remove_is_the_same(two):
    result = two.run("remove", "alpha", "--json")
    assert (result.code, result.json["command"]) == (0, "uninstall")
    assert two.installed() == ["inventree_beta-1.0"]


def test_without_a_name_is_a_usage_error(two):
    result = two.run("uninstall")
    assert (result.code, result.out) == (2, "")
    assert "--help" in result.err


def test_never_asks_where_there_is_no_terminal(two):
    result = two.run_binary("uninstall", "alpha", "--purge")
    assert (result.code, result.out) == (0, "")
    assert "?" not in result.err
    assert list(two.rows()) == ["beta"]


def test_a_read_only_plugins_txt_is_refused_before_anything_is_removed(two):
    two.run("enable", "alpha")
    two.plugins_file.chmod(0o444)
    before = two.store.read_bytes()
    result = two.run("uninstall", "alpha", "--disable", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (1, "file-access")
    assert str(two.plugins_file) in result.json["errors"][0]["message"]
    assert "inventree_alpha-1.0" in two.installed()
    assert two.store.read_bytes() == before


def test_a_locked_database_is_noticed_before_anything_is_removed(two):
    before = two.plugins_file.read_bytes()
    with closing(sqlite3.connect(two.store, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        result = two.run("--lock-timeout", "0.3", "uninstall", "alpha", "--purge", "--yes", "--json")
        assert (result.code, result.json["errors"][0]["code"]) == (5, "database-locked")
    assert "inventree_alpha-1.0" in two.installed()
    assert two.plugins_file.read_bytes() == before
    assert two.run("uninstall", "alpha", "--purge", "--yes").code == 0


def test_what_the_installer_cannot_remove_is_told_with_what_was_done(two, monkeypatch):
    """A package whose files nobody recorded."""
    two.run("enable", "alpha")
    site = next(two.environment.glob("lib/python*/site-packages"))
    (site / "inventree_alpha-1.0.dist-info" / "RECORD").unlink()
    result = two.run("uninstall", "alpha", "--disable", "--json")
    assert result.code == 1
    assert (result.json["status"], result.json["changed"]) == ("partial", True)
    assert result.data["disabled"] == ["alpha"]
    assert result.data["packages"] == result.data["unrecorded"] == []
    assert "inventree-alpha" in result.json["errors"][0]["message"]
    assert two.active() == []
    assert "inventree-alpha" in two.plugins_file.read_text()


def test_a_word_that_is_an_option_to_pip_is_none(two):
    result = two.run("uninstall", "--", "-r", os.devnull)
    assert result.code in {0, 1, 2}
    assert two.installed() == ["inventree_alpha-1.0", "inventree_beta-1.0"]


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_purge_is_refused_before_anything_changes_where_a_table_needs_the_row(instance, dry):
    instance.wheel("alpha")
    assert instance.run("install", "inventree-alpha").code == 0
    with closing(sqlite3.connect(instance.store, isolation_level=None)) as database:
        database.execute(
            "CREATE TABLE acme (id integer PRIMARY KEY, p integer NOT NULL REFERENCES plugin_pluginconfig)"
        )
        database.execute("INSERT INTO acme (p) SELECT id FROM plugin_pluginconfig")
    before = instance.rows(), instance.installed(), instance.plugins_file.read_text()
    result = instance.run("uninstall", "alpha", "--purge", "--yes", "--json", *dry)
    assert (result.code, result.json["errors"][0]["code"]) == (1, "plugin-row-referenced")
    assert "`acme`" in result.json["errors"][0]["message"]
    assert (instance.rows(), instance.installed(), instance.plugins_file.read_text()) == before
    assert instance.run("uninstall", "alpha", "--yes", *dry).code == 0
