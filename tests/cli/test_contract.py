"""The contract that scripts rely on: the envelope, the exit codes, where options may stand."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from inventree_plugins import __version__, errors

ENVELOPE = {
    "schema",
    "command",
    "status",
    "exit_code",
    "changed",
    "dry_run",
    "data",
    "next_steps",
    "warnings",
    "errors",
}
DATA = {
    ("install", "inventree-alpha"): {"plan", "installed", "satisfied", "recorded", "created", "enabled"}
    | {"kept", "plugins"},
    ("uninstall", "inventree-beta"): {"packages", "dependencies", "plan", "unrecorded", "disabled", "deleted"}
    | {"absent", "remains"},
    ("outdated",): {"packages"},
    ("upgrade", "inventree-alpha"): {"upgraded", "plan", "pins", "kept", "created", "plugins"},
    ("list",): {"plugins", "requirements"},
    ("show", "alpha"): {"plugins"},
    ("enable", "alpha"): {"enabled", "unchanged", "switches", "plugins"},
    ("disable", "alpha"): {"disabled", "unchanged", "restore_command"},
    ("is-enabled", "alpha"): {"slug", "enabled"},
    ("is-installed", "alpha"): {"name", "installed"},
    ("lock",): {"path", "packages", "differences"},
    ("lock", "--check"): {"path", "packages", "differences"},
    ("bundle", "bundle"): {"path", "packages"},
    ("discover",): {"created", "deleted", "plugins"},
    ("settings", "list", "alpha"): {"settings"},
    ("settings", "get", "alpha", "KEY"): {"setting"},
    ("settings", "set", "alpha", "KEY", "x"): {"setting"},
    ("settings", "unset", "alpha", "KEY"): {"setting"},
    ("config", "show"): {"config"},
}
GROUPS = {"config", "settings"}


@pytest.fixture
def two(instance):
    instance.wheel("alpha")
    instance.wheel("beta")
    assert instance.run("install", "inventree-alpha", "inventree-beta").code == 0
    return instance


@pytest.mark.parametrize("command", DATA, ids=" ".join)
def test_envelope_and_data_keys(two, command):
    result = two.run(*command, "--json")
    assert result.err == ""
    document = json.loads(result.out)
    assert set(document) == ENVELOPE
    assert document["schema"] == "invplug/1"
    assert document["command"] == " ".join(command[: 2 if command[0] in GROUPS else 1])
    assert document["exit_code"] == result.code
    assert set(document["data"]) == DATA[command]
    assert list(document) == sorted(document)


def test_errors_keep_the_envelope(two):
    document = two.run("show", "nobody", "--json").json
    assert set(document) == ENVELOPE
    assert (document["status"], document["exit_code"], document["command"]) == ("error", 1, "show")
    (error,) = document["errors"]
    assert set(error) == {"code", "message", "hint", "slug", "path", "line", "detail"}
    assert (error["code"], error["slug"]) == ("plugin-not-found", "nobody")


def test_next_steps_and_warnings_have_their_keys(two):
    two.plugins_file.write_text("inventree-alpha\nmissing\n")
    document = two.run("list", "--json").json
    assert {key for warning in document["warnings"] for key in warning} == {
        "code",
        "severity",
        "message",
        "hint",
        "slug",
        "path",
        "line",
    }
    step = two.run("enable", "alpha", "--json").json["next_steps"][0]
    assert set(step) == {"code", "command", "message", "slugs"}


def test_exit_codes_of_the_error_tree():
    codes = {name: getattr(errors, name).exit_code for name in errors.__all__ if name.endswith("Error")}
    assert set(codes.values()) == {1, 2, 4, 5}
    assert codes["UsageError"] == codes["ConfigurationError"] == codes["DatabaseMissingError"] == 2
    assert codes["LockTimeoutError"] == codes["DatabaseLockedError"] == 5
    assert codes["InstallError"] == codes["PluginNotFoundError"] == 1


def test_error_codes_are_stable_and_distinct():
    codes = [getattr(errors, name).code for name in errors.__all__]
    assert len(set(codes)) == len(codes)
    assert all(code == code.lower() and " " not in code for code in codes)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 0),
        (("--help",), 0),
        (("list", "--help"), 0),
        (("config", "show", "--help"), 0),
        (("--version",), 0),
        (("nonsense",), 2),
        (("list", "--nonsense"), 2),
        (("enable",), 2),
        (("upgrade",), 2),
        (("outdated", "--cooldown", "soon"), 2),
        (("show",), 2),
        (("config",), 2),
        (("settings",), 2),
        (("settings", "set", "alpha", "KEY"), 2),
        (("reload", "now"), 2),
        (("--lock-timeout", "soon", "list"), 2),
        (("--lock-timeout", "-1", "list"), 2),
        (("--config", "missing.yaml", "list"), 2),
        (("--server", ".", "list"), 2),
        (("--database", "oracle://x/y", "list"), 2),
    ],
)
def test_exit_codes_of_the_command_line(invplug, arguments, code):
    result = invplug(*arguments)
    assert result.code == code
    if code:
        assert result.out == ""
        assert result.err.startswith("error: ")
        document = invplug("--json", *arguments)
        assert document.code == code
        assert document.json["exit_code"] == code
        assert document.err == ""


def test_version_in_both_forms(invplug):
    assert invplug("--version").out == f"invplug {__version__}\n"
    assert invplug("list", "--version").out == f"invplug {__version__}\n"
    assert invplug("--version", "--json").data == {"version": __version__}


def test_global_options_before_after_and_in_the_environment(two, invplug, monkeypatch):
    python = str(two.environment)
    database = str(two.store)
    two.run("enable", "alpha")
    assert invplug("--python", python, "--database", database, "is-enabled", "alpha").code == 0
    assert invplug("is-enabled", "alpha", "--python", python, "--database", database).code == 0
    monkeypatch.setenv("INVPLUG_PYTHON", python)
    monkeypatch.setenv("INVPLUG_DATABASE", database)
    monkeypatch.setenv("INVPLUG_JSON", "1")
    assert invplug("is-enabled", "alpha").data["enabled"] is True
    monkeypatch.setenv("INVPLUG_JSON", "0")
    assert invplug("is-enabled", "alpha").out == ""
    assert invplug("is-enabled", "alpha", "--database", "elsewhere.sqlite3").code == 2
    assert invplug("config", "--json", "show").json["command"] == "config show"


def test_locked_database_is_five_after_the_time_out(two):
    with closing(sqlite3.connect(two.store, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        result = two.run("enable", "alpha", "--lock-timeout", "0.3", "--json")
    assert result.code == 5
    assert result.json["errors"][0]["code"] == "database-locked"
    assert two.active() == []
