"""`invplug uninstall`."""

from __future__ import annotations

import os
import pty
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

import pytest

from inventree_plugins import commit
from inventree_plugins.packages import files_of, installed_distributions
from inventree_plugins.transaction import Transaction
from tests.builders import build_wheel, install_folder, metadata_text
from tests.cli.conftest import PLUGIN


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
    row = {
        "kind": "row",
        "slug": "alpha",
        "message": "the row of `alpha`, inactive",
        "label": None,
        "names": [],
        "count": 1,
        "path": None,
        "hint": "`invplug uninstall --purge alpha` deletes it; a later installation finds it again",
        "command": "invplug uninstall --purge alpha",
    }
    assert result.data == {
        "packages": ["inventree-alpha"],
        "dependencies": [],
        "plan": [
            {
                "name": "inventree-alpha",
                "from": "1.0",
                "to": None,
                "action": "remove",
                "why": ["asked for"],
                "requested": True,
                "host": False,
            }
        ],
        "unrecorded": ["inventree-alpha"],
        "disabled": [],
        "deleted": [],
        "absent": [],
        "remains": [row],
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


# --- what goes with a package


@pytest.fixture
def family(instance, monkeypatch):
    """Alpha needs `only`, which needs `low`, and `shared`, which beta needs too; all are installed.

    Bytecode is there as well, which goes with its module.
    """
    monkeypatch.setenv("UV_COMPILE_BYTECODE", "1")
    build_wheel(instance.wheels, "low", "1.0")
    build_wheel(instance.wheels, "only", "1.0", requires=["low"])
    build_wheel(instance.wheels, "shared", "1.0")
    instance.wheel("alpha", requires=["only", "shared"])
    instance.wheel("beta", requires=["shared"])
    instance.plugins_file.write_text("inventree-alpha\ninventree-beta\n")
    assert instance.run("install").code == 0
    assert instance.installed() == EVERYTHING
    return instance


EVERYTHING = ["inventree_alpha-1.0", "inventree_beta-1.0", "low-1.0", "only-1.0", "shared-1.0"]
ONLY_BETA = ["inventree_beta-1.0", "shared-1.0"]


def by_hand(instance, name, version="1.0", **more):
    """Install a package as somebody else's installer would."""
    site = next(instance.environment.glob("lib/python*/site-packages"))
    info = install_folder(site, name, version, **more)
    (site / f"{name}.py").write_text("")
    (info / "RECORD").write_text(f"{name}.py,,\n{info.name}/METADATA,,\n{info.name}/RECORD,,\n")
    return info


def test_dependencies_that_only_it_brought_go(family):
    result = family.run("uninstall", "alpha", "--json")
    assert (result.code, result.err) == (0, "")
    assert (result.data["packages"], result.data["dependencies"]) == (["inventree-alpha"], ["low", "only"])
    assert [(each["name"], each["from"], each["to"], each["why"]) for each in result.data["plan"]] == [
        ("inventree-alpha", "1.0", None, ["asked for"]),
        ("low", "1.0", None, ["only `only` needed it"]),
        ("only", "1.0", None, ["only `inventree-alpha` needed it"]),
    ]
    assert {(each["action"], each["host"]) for each in result.data["plan"]} == {("remove", False)}
    assert [each["requested"] for each in result.data["plan"]] == [True, False, False]
    assert family.installed() == ONLY_BETA
    assert family.plugins_file.read_text() == "inventree-beta\n"
    site = next(family.environment.glob("lib/python*/site-packages"))
    assert sorted(path.stem for path in site.glob("*") if path.stem.isidentifier()) == [
        "__pycache__",
        "inventree_beta",
        "shared",
    ]
    assert {path.name.split(".")[0] for path in (site / "__pycache__").iterdir()} == {"shared"}
    assert not (family.environment / ".invplug-changes").exists()
    again = family.run("uninstall", "alpha", "--json")
    assert (again.code, again.json["changed"], again.data["plan"]) == (0, False, [])


def test_the_plan_is_shown_before_it_happens(family):
    result = family.run("uninstall", "alpha", "--no-color")
    assert (result.code, result.out) == (0, "")
    lines = [" ".join(line.split()) for line in result.err.splitlines()]
    assert lines[:6] == [
        "Plan Package From To Why",
        "remove inventree-alpha 1.0 asked for",
        "remove low 1.0 only `only` needed it",
        "remove only 1.0 only `inventree-alpha` needed it",
        "uninstalled `inventree-alpha`",
        "uninstalled what only they needed: `low`, `only`",
    ]


def test_a_dry_run_tells_of_dependencies_and_removes_none(family):
    before = family.plugins_file.read_bytes(), family.store.read_bytes()
    result = family.run("uninstall", "alpha", "--dry-run")
    assert (result.code, result.out) == (0, "")
    assert "would uninstall what only they needed: `low`, `only`" in result.err
    assert result.err.index("only `inventree-alpha` needed it") < result.err.index("would uninstall")
    assert (family.plugins_file.read_bytes(), family.store.read_bytes()) == before
    assert family.installed() == EVERYTHING
    assert not (family.environment / ".invplug-changes").exists()


def test_dependencies_can_be_kept(family):
    result = family.run("uninstall", "alpha", "--keep-dependencies", "--json")
    assert (result.code, result.data["dependencies"]) == (0, [])
    assert [each["name"] for each in result.data["plan"]] == ["inventree-alpha"]
    assert family.installed() == ["inventree_beta-1.0", "low-1.0", "only-1.0", "shared-1.0"]


def test_what_two_needed_goes_with_both(family):
    result = family.run("uninstall", "beta", "alpha", "--json")
    assert result.data["dependencies"] == ["low", "only", "shared"]
    assert result.data["plan"][-1]["why"] == ["only `inventree-alpha` and `inventree-beta` needed it"]
    assert family.installed() == []


@pytest.mark.parametrize(
    "why", ["declared", "a plugin", "needed by the server", "asked for", "an extra", "of another installer"]
)
def test_a_dependency_that_is_there_for_more_than_that_stays(family, why):
    site = next(family.environment.glob("lib/python*/site-packages"))
    info = site / "only-1.0.dist-info"
    if why == "declared":
        family.plugins_file.write_text("inventree-alpha\nOnly\ninventree-beta\n")
    elif why == "a plugin":
        (info / "entry_points.txt").write_text("[inventree_plugins]\nOnly = only:Only\n")
    elif why == "needed by the server":
        by_hand(family, "django", requires=["only>=1"])
    elif why == "asked for":
        (info / "REQUESTED").touch()
    elif why == "an extra":
        # Nothing tells with which extras the server's packages were asked for.
        by_hand(family, "allauth", requires=["only>=1 ; extra == 'mfa'"])
    else:
        (info / "INSTALLER").write_text("conda\n")
    result = family.run("uninstall", "alpha", "--json")
    assert (result.code, result.data["packages"], result.data["dependencies"]) == (
        0,
        ["inventree-alpha"],
        [],
    )
    # With it what it needs.
    assert {"only-1.0", "low-1.0"} <= set(family.installed())


def test_a_dependency_that_the_servers_files_name_stays(family, monkeypatch):
    checkout = family.folder.parent / "inventree"
    for name, text in {
        "src/backend/InvenTree/manage.py": "",
        "src/backend/InvenTree/InvenTree/version.py": 'INVENTREE_SW_VERSION = "1.5.0"\n',
        "src/backend/requirements.txt": "django==5.2\nlow==1.0\n",
    }.items():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(text)
    database = ("--database", str(family.store), "--plugins-file", str(family.plugins_file))
    result = family.run("--server", str(checkout), *database, "uninstall", "alpha", "--json")
    assert (result.code, result.data["dependencies"]) == (0, ["only"])
    assert family.installed() == ["inventree_beta-1.0", "low-1.0", "shared-1.0"]


def test_the_tools_of_the_environment_stay(instance):
    instance.wheel("alpha", requires=["setuptools"])
    build_wheel(instance.wheels, "setuptools", "99.0")
    assert instance.run("install", "inventree-alpha").code == 0
    assert instance.run("uninstall", "alpha", "--json").data["dependencies"] == []
    assert instance.installed() == ["setuptools-99.0"]


def test_a_plugin_that_another_package_needs_is_refused(instance):
    instance.wheel("alpha")
    instance.wheel("beta", requires=["inventree-alpha"])
    assert instance.run("install", "inventree-beta").code == 0
    before = instance.plugins_file.read_bytes()
    for dry in ((), ("--dry-run",)):
        result = instance.run("uninstall", "alpha", "--json", *dry)
        error = result.json["errors"][0]
        assert (result.code, error["code"]) == (1, "package-needed")
        assert "`inventree-alpha` cannot be removed: `inventree-beta`" in error["message"]
        assert "`inventree-beta`" in error["hint"]
    assert instance.installed() == ["inventree_alpha-1.0", "inventree_beta-1.0"]
    assert instance.plugins_file.read_bytes() == before
    both = instance.run("uninstall", "alpha", "beta", "--json")
    assert (both.code, instance.installed()) == (0, [])


def test_a_plugin_that_brought_another_leaves_it(instance):
    instance.wheel("alpha")
    instance.wheel("beta", requires=["inventree-alpha"])
    assert instance.run("install", "inventree-beta").code == 0
    result = instance.run("uninstall", "beta", "--json")
    assert (result.code, result.data["dependencies"]) == (0, [])
    assert instance.installed() == ["inventree_alpha-1.0"]


def test_of_a_declared_package_that_the_server_needs_only_the_line_goes(instance):
    by_hand(instance, "django", requires=["library"])
    by_hand(instance, "library", requires=["deep"])
    by_hand(instance, "deep")
    instance.wheel("alpha", requires=["deep"])
    assert instance.run("install", "inventree-alpha").code == 0
    instance.plugins_file.write_text("inventree-alpha\nLibrary>=1\ndeep\n")
    result = instance.run("uninstall", "library", "deep", "--json")
    assert (result.code, result.json["changed"]) == (0, True)
    assert (result.data["packages"], result.data["unrecorded"]) == ([], ["library", "deep"])
    warnings = {each["message"]: each["code"] for each in result.json["warnings"]}
    assert warnings == {
        "`library` stays installed: `django` needs it": "kept-package",
        "`deep` stays installed: `inventree-alpha` and `library` need it": "kept-package",
    }
    assert instance.plugins_file.read_text() == "inventree-alpha\n"
    assert instance.installed() == ["deep-1.0", "django-1.0", "inventree_alpha-1.0", "library-1.0"]


def test_a_declared_package_that_nothing_needs_goes(instance):
    build_wheel(instance.wheels, "low", "1.0")
    build_wheel(instance.wheels, "library", "1.0", requires=["low"])
    instance.plugins_file.write_text("library\n")
    assert instance.run("install").code == 0
    result = instance.run("uninstall", "library", "--json")
    assert (result.code, result.data["packages"], result.data["dependencies"]) == (0, ["library"], ["low"])
    assert (instance.installed(), instance.plugins_file.read_text()) == ([], "")


def test_a_package_that_only_its_row_knows_for_a_plugins_goes(two):
    site = next(two.environment.glob("lib/python*/site-packages"))
    (site / "inventree_alpha-1.0.dist-info" / "entry_points.txt").unlink()
    two.plugins_file.write_text("inventree-beta\n")
    result = two.run("uninstall", "alpha", "--json")
    assert (result.code, result.data["packages"], result.json["warnings"]) == (0, ["inventree_alpha"], [])
    assert two.installed() == ["inventree_beta-1.0"]


def test_a_package_outside_the_environment_is_left_alone(instance):
    """The target sees it by a `.pth` file."""
    other = instance.folder.parent / "elsewhere" / "lib" / "python3" / "site-packages"
    info = install_folder(
        other, "inventree-far", "1.0", entry_points="[inventree_plugins]\nFar = far:FarPlugin\n"
    )
    (other / "far.py").write_text(PLUGIN.format(name="Far", slug="far", version="1", mixins="SettingsMixin"))
    (info / "RECORD").write_text(f"far.py,,\n{info.name}/METADATA,,\n{info.name}/RECORD,,\n")
    site = next(instance.environment.glob("lib/python*/site-packages"))
    (site / "elsewhere.pth").write_text(f"{other}\n")
    instance.plugins_file.write_text("inventree-far\n")
    before = sorted(other.rglob("*"))
    result = instance.run("uninstall", "far", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (1, "install-failed")
    assert "outside the target interpreter's environment" in result.json["errors"][0]["message"]
    assert (sorted(other.rglob("*")), instance.plugins_file.read_text()) == (before, "inventree-far\n")


OLD = {
    "PKG-INFO": metadata_text("inventree-old", "1.0"),
    "entry_points.txt": "[inventree_plugins]\nOld = inventree_old:OldPlugin\n",
    "installed-files.txt": "../inventree_old.py\nPKG-INFO\nentry_points.txt\ninstalled-files.txt\n",
}


@pytest.mark.parametrize("how", ["setup.py install", "setup.py develop"])
def test_what_older_tools_installed_goes(instance, how):
    site = next(instance.environment.glob("lib/python*/site-packages"))
    (site / "stays.py").write_text("")
    home = site if how == "setup.py install" else instance.folder.parent / "project"
    info = home / ("inventree_old-1.0.egg-info" if home == site else "inventree_old.egg-info")
    info.mkdir(parents=True)
    for name, text in OLD.items():
        (info / name).write_text(text)
    module = home / "inventree_old.py"
    module.write_text(PLUGIN.format(name="Old", slug="old", version="1", mixins="SettingsMixin"))
    if home != site:
        (home / "setup.py").write_text("")
        (info / "installed-files.txt").unlink()
        (site / "easy-install.pth").write_text(f"{home}\n")
        (site / "inventree-old.egg-link").write_text(f"{home}\n.")
    instance.plugins_file.write_text("inventree-old\n")
    result = instance.run("uninstall", "old", "--json")
    assert (result.code, result.data["packages"]) == (0, ["inventree-old"])
    assert instance.plugins_file.read_text() == ""
    assert module.exists() is (home != site)
    assert [(each["kind"], each["path"]) for each in result.data["remains"]] == (
        [] if home == site else [("directory", str(home))]
    )
    assert instance.run("list", "--json").data["plugins"] == []
    assert instance.run("uninstall", "old", "--json").json["changed"] is False


# --- what remains


APP_FILES = {
    "inventree_alpha/apps.py": (
        "from django.apps import AppConfig\nclass C(AppConfig):\n    name = 'inventree_alpha'\n"
    ),
    "inventree_alpha/migrations/__init__.py": "",
    "inventree_alpha/migrations/0001_initial.py": "",
}


def sql(instance, *statements):
    with closing(sqlite3.connect(instance.store)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


@pytest.fixture
def app(instance):
    """A plugin that is a Django app, migrated, with a setting and collected static files."""
    instance.wheel("alpha", mixins="AppMixin, SettingsMixin", modules=APP_FILES)
    assert instance.run("install", "inventree-alpha").code == 0
    sql(
        instance,
        "CREATE TABLE inventree_alpha_thing (id integer PRIMARY KEY)",
        "CREATE TABLE inventree_alpha_box_things (id integer PRIMARY KEY)",
        # Of an app whose label only begins like this one's, and of none.
        "CREATE TABLE inventree_alpha_more_thing (id integer PRIMARY KEY)",
        "CREATE TABLE inventree_alphabet (id integer PRIMARY KEY)",
        "CREATE TABLE django_migrations (id integer PRIMARY KEY, app text, name text)",
        "INSERT INTO django_migrations (app, name) VALUES ('inventree_alpha', '0002_more'),"
        " ('inventree_alpha', '0001_initial'), ('inventree_alpha_more', '0001_initial')",
        "INSERT INTO plugin_pluginsetting (key, value, plugin_id)"
        " SELECT 'KEY', 'secret!', id FROM plugin_pluginconfig",
    )
    return instance


def kinds(result):
    return {each["kind"]: each for each in result.data["remains"]}


def test_what_remains_of_an_app_is_told(app):
    dry = app.run("uninstall", "alpha", "--dry-run", "--json")
    result = app.run("uninstall", "alpha", "--json")
    assert dry.data["remains"] == result.data["remains"]
    assert "secret!" not in result.out
    found = kinds(result)
    assert list(found) == ["table", "migrations", "row", "settings"]
    assert {each["slug"] for each in found.values()} == {"alpha"}
    assert {frozenset(each) for each in found.values()} == {
        frozenset({"kind", "slug", "message", "label", "names", "count", "path", "hint", "command"})
    }
    assert (found["table"]["label"], found["table"]["names"], found["table"]["count"]) == (
        "inventree_alpha",
        ["inventree_alpha_box_things", "inventree_alpha_thing"],
        2,
    )
    assert (found["migrations"]["names"], found["migrations"]["count"]) == (["0001_initial", "0002_more"], 2)
    for each in ("table", "migrations"):
        assert found[each]["command"] == "python manage.py migrate inventree_alpha zero"
        assert "before uninstalling" in found[each]["hint"]
    assert (found["settings"]["names"], found["settings"]["count"]) == (["KEY"], 1)
    assert found["row"]["command"] == found["settings"]["command"] == "invplug uninstall --purge alpha"
    # The command that is named does it.
    purged = app.run(*found["row"]["command"].split()[1:], "--yes", "--json")
    assert (purged.code, purged.data["deleted"], purged.data["remains"]) == (0, ["alpha"], [])


def test_what_remains_is_told_in_words(app):
    dry = app.run("uninstall", "alpha", "--dry-run")
    assert (dry.code, dry.out) == (0, "")
    result = app.run("uninstall", "alpha")
    assert (result.code, result.out) == (0, "")
    for told, word in ((dry.err, "would remain"), (result.err, "remains")):
        assert f"{word}: 2 tables of the app `inventree_alpha`: `inventree_alpha_box_things`" in told
        assert f"{word}: 2 applied migrations of the app" in told
        # One way out for both is said once.
        assert told.count("hint: `python manage.py migrate inventree_alpha zero` takes them back") == 1
        assert f"{word}: the row of `alpha`, inactive" in told
        assert f"{word}: 1 setting of `alpha`: `KEY`" in told
    assert app.run("uninstall", "alpha", "--quiet").err == ""


def test_with_purge_row_and_settings_do_not_remain(app):
    result = app.run("uninstall", "alpha", "--purge", "--yes", "--json")
    assert (result.code, list(kinds(result))) == (0, ["table", "migrations"])
    assert app.rows() == {}


def test_an_app_that_was_never_migrated_leaves_nothing(instance):
    instance.wheel("alpha", mixins="AppMixin, SettingsMixin", modules=APP_FILES)
    assert instance.run("install", "inventree-alpha").code == 0
    assert list(kinds(instance.run("uninstall", "alpha", "--json"))) == ["row"]


def test_tables_of_the_server_are_never_a_plugins(instance):
    text = APP_FILES["inventree_alpha/apps.py"] + "    label = 'part'\n"
    instance.wheel(
        "alpha",
        mixins="AppMixin, SettingsMixin",
        modules={**APP_FILES, "inventree_alpha/apps.py": text},
    )
    assert instance.run("install", "inventree-alpha").code == 0
    sql(instance, "CREATE TABLE part_part (id integer PRIMARY KEY)")
    assert list(kinds(instance.run("uninstall", "alpha", "--json"))) == ["row"]


def test_a_label_that_only_running_tells_is_said(instance):
    text = f"import os\n{APP_FILES['inventree_alpha/apps.py']}    label = os.environ['X']\n"
    instance.wheel(
        "alpha",
        mixins="AppMixin, SettingsMixin",
        modules={**APP_FILES, "inventree_alpha/apps.py": text},
    )
    assert instance.run("install", "inventree-alpha").code == 0
    found = kinds(instance.run("uninstall", "alpha", "--json"))["table"]
    assert (found["label"], found["names"], found["count"], found["command"]) == (None, [], None, None)
    assert "its label is not known" in found["message"]


def test_static_files_remain(two, monkeypatch):
    root = two.folder.parent / "static"
    folder = root / "plugins" / "alpha"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.js").write_text("")
    (folder / "b.css").write_text("")
    (root / "plugins" / "beta").mkdir()
    monkeypatch.setenv("INVENTREE_STATIC_ROOT", str(root))
    found = kinds(two.run("uninstall", "alpha", "--json"))["static-files"]
    assert (found["path"], found["count"], found["command"]) == (str(folder), 2, None)
    # An empty folder is nothing.
    assert "static-files" not in kinds(two.run("uninstall", "beta", "--json"))


def test_settings_of_the_configuration_remain(two, monkeypatch):
    monkeypatch.setenv("INVENTREE_PLUGIN_SETTINGS", '{"alpha": {"KEY": "secret!"}}')
    result = two.run("uninstall", "alpha", "--json")
    found = kinds(result)["configuration"]
    assert (found["names"], found["count"]) == (["KEY"], 1)
    assert "INVENTREE_PLUGIN_SETTINGS" in found["message"]
    assert "secret!" not in result.out


def test_files_that_are_not_the_packages_remain(two):
    package = next(two.environment.glob("lib/python*/site-packages/inventree_alpha"))
    (package / "cache").mkdir()
    (package / "cache" / "data.bin").write_text("x")
    (package / "__pycache__").mkdir(exist_ok=True)
    (package / "__pycache__" / "core.cpython-399.pyc").write_text("")
    found = kinds(two.run("uninstall", "alpha", "--json"))["directory"]
    assert (found["path"], found["count"]) == (str(package), 1)
    assert [str(path.relative_to(package)) for path in package.rglob("*")] == ["cache", "cache/data.bin"]
    assert two.installed() == ["inventree_beta-1.0"]


def test_a_plugin_that_was_hidden_takes_its_place(two):
    folder = two.folder / "plugins"
    folder.mkdir()
    local = folder / "local.py"
    local.write_text(PLUGIN.format(name="Alpha", slug="alpha", version="0", mixins="SettingsMixin"))
    found = kinds(two.run("uninstall", "alpha", "--json"))["plugin"]
    assert found["path"] == str(local)
    assert found["hint"].startswith("`invplug show alpha`")


def test_whoever_is_asked_is_told_before(app):
    """On a terminal: what goes, what would remain and when to migrate back, and then the question."""
    command = [sys.executable, "-m", "inventree_plugins", "--python", str(app.environment)]
    for answer, code in (("n", 1), ("y", 0)):
        master, slave = pty.openpty()
        with subprocess.Popen(
            [*command, "uninstall", "alpha"],
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as child:
            os.write(master, f"{answer}\n".encode())
            out, err = child.communicate(timeout=60)
        os.close(slave)
        os.close(master)
        assert (child.returncode, out) == (code, "")
        before, _, after = err.partition("Remove `inventree-alpha`? [y/N]: ")
        assert "asked for" in before
        assert "would remain: 2 tables" in before
        assert "migrate inventree_alpha zero" in before
        # Once is enough.
        assert "asked for" not in after
        assert "remains:" not in after
        assert bool(app.installed()) is (answer == "n")


# --- all or nothing


def test_a_removal_that_was_interrupted_is_finished_first(family):
    """What a power cut leaves: the journal is written, and a part of it done."""
    found = {
        each.key: each for each in installed_distributions([next(family.environment.glob("lib/*/site-*"))])
    }
    transaction = Transaction(family.environment / ".invplug-changes")
    transaction.remove(files_of(found["inventree-alpha"]), below=found["inventree-alpha"].location)
    transaction.write(family.plugins_file, "inventree-beta\n")
    transaction._write_journal()
    moves = commit.read_journal(transaction.folder / commit.JOURNAL)["moves"]
    Path(moves[0][0]).rename(moves[0][1])
    result = family.run("uninstall", "beta", "--json")
    assert (result.code, [each["code"] for each in result.json["warnings"]]) == (0, ["cut-short"])
    assert family.plugins_file.read_text() == ""
    # Nobody needs what is left any more, and nobody removed what brought it.
    assert family.installed() == ["low-1.0", "only-1.0"]
    assert not (family.environment / ".invplug-changes").exists()


def test_a_full_disk_leaves_packages_and_file_as_they_were(family, monkeypatch):
    real = os.fsync

    def full(descriptor):
        if Path(f"/proc/self/fd/{descriptor}").readlink().suffix == ".new":
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    before = files_below(family.environment)
    result = family.run("uninstall", "alpha", "--json")
    assert (result.code, result.json["status"], result.json["changed"]) == (1, "error", False)
    assert "No space left" in result.json["errors"][0]["message"]
    assert (files_below(family.environment), family.installed()) == (before, EVERYTHING)
    assert family.plugins_file.read_text() == "inventree-alpha\ninventree-beta\n"
    assert [path.name for path in family.folder.iterdir() if path.name.startswith(".plugins")] == []


def files_below(folder):
    return sorted(str(path) for path in folder.rglob("*") if path.name != ".invplug.lock")


def test_killed_at_any_moment_it_is_done_or_not(family):
    pristine = family.folder.parent / "pristine"
    shutil.copytree(family.environment, pristine, symlinks=True)
    store, text = family.store.read_bytes(), family.plugins_file.read_text()
    command = [sys.executable, "-m", "inventree_plugins", "--python", str(family.environment)]
    for number in count():  # later and later, until it comes to its end
        shutil.rmtree(family.environment)
        shutil.copytree(pristine, family.environment, symlinks=True)
        family.store.write_bytes(store)
        family.plugins_file.write_text(text)
        with subprocess.Popen([*command, "uninstall", "alpha", "--json"], stdout=subprocess.DEVNULL) as child:
            with suppress(subprocess.TimeoutExpired):
                child.wait(0.1 + number * 0.06)
            child.kill()
        # The next one waits for what is still at work, and ends what is not.
        assert family.run("uninstall", "nothing").code == 0
        assert not (family.environment / ".invplug-changes").exists()
        state = family.installed(), family.plugins_file.read_text()
        assert state in ((EVERYTHING, text), (ONLY_BETA, "inventree-beta\n"))
        if child.returncode == 0:
            break
