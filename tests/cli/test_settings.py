"""`invplug settings list|get|set|unset`."""

from __future__ import annotations

import io
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.databases import ENGINES

SECRET = "hunter2-and-more"
PLUGIN = """
from plugin import InvenTreePlugin
from plugin.mixins import SettingsMixin


class DemoPlugin(SettingsMixin, InvenTreePlugin):
    NAME = "Demo"
    SETTINGS = {
        "URL": {"name": "Address", "description": "Where the shop is", "default": "https://shop.org"},
        "TOKEN": {"name": "Token", "protected": True, "default": "default-secret", "required": True},
        "ACTIVE": {"name": "Active", "validator": bool, "default": True},
        "COUNT": {"name": "Count", "validator": int, "default": 3, "units": "minutes"},
        "RATIO": {"name": "Ratio", "validator": float, "default": 1.5},
        "COLOR": {"name": "Color", "choices": [("r", "Red"), ("g", "Green")], "default": "r"},
        "NEEDED": {"name": "Needed", "required": True},
    }
    USER_SETTINGS = {"THEME": {"name": "Theme"}}
"""
COMPUTED = """
from plugin import InvenTreePlugin
from plugin.mixins import SettingsMixin
from somewhere import BASE, more


class DemoPlugin(SettingsMixin, InvenTreePlugin):
    NAME = "Demo"
    SETTINGS = {settings}
"""


def write_definitions(text):
    """Write the plugin with these definitions, the first of them in line 7."""
    lines = ("from plugin import InvenTreePlugin", "from plugin.mixins import SettingsMixin", "")
    body = ("class Demo(SettingsMixin, InvenTreePlugin):", "    NAME = 'demo'", "    SETTINGS = {")
    write_plugin("\n".join((*lines, *body, text, "    }", "")))


def write_plugin(text=PLUGIN, folder="plugins"):
    Path(folder).mkdir(exist_ok=True)
    Path(folder, "demo.py").write_text(text, encoding="utf-8")


@pytest.fixture
def demo(instance):
    """Return the standalone instance with the plugin `demo`, which has its row."""
    write_plugin()
    assert instance.run("discover").code == 0
    return instance


@pytest.fixture
def stdin(monkeypatch):
    def give(data: bytes):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))

    return give


def stored(instance, slug="demo"):
    with closing(sqlite3.connect(instance.store)) as database:
        found = database.execute(
            "SELECT s.key, s.value FROM plugin_pluginsetting AS s JOIN plugin_pluginconfig AS c"
            ' ON s.plugin_id = c.id WHERE c."key" = ? ORDER BY s.id',
            (slug,),
        ).fetchall()
    return dict(found)


def rows_of(result):
    assert (result.code, result.err) == (0, "")
    return {row["key"]: row for row in result.data["settings"]}


def codes(result, kind="warnings"):
    return [item["code"] for item in result.json[kind]]


def change_twice(instance, *words):
    """Run a command twice: the second run must change nothing. Return the first answer."""
    first = instance.run(*words, "--json")
    assert (first.code, first.err, first.json["changed"]) == (0, "", True)
    before = instance.store.read_bytes()
    again = instance.run(*words, "--json")
    assert (again.code, again.err, again.json["changed"], again.json["status"]) == (0, "", False, "ok")
    assert again.data == first.data
    assert instance.store.read_bytes() == before
    return first


def refused(instance, *words, code="setting", exit_code=1):
    """Run a command that must fail without changing anything, in both forms; return the error."""
    before = instance.store.read_bytes() if instance.store.exists() else None
    text = instance.run(*words)
    assert (text.code, text.out) == (exit_code, "")
    assert text.err.startswith("error: ")
    answer = instance.run(*words[:2], "--json", *words[2:])
    assert (answer.code, answer.err, answer.json["changed"]) == (exit_code, "", False)
    (error,) = answer.json["errors"]
    assert error["code"] == code
    assert (instance.store.read_bytes() if instance.store.exists() else None) == before
    return error


# list


def test_list_has_each_key_with_value_default_origin_and_description(demo, monkeypatch):
    demo.run("settings", "set", "demo", "COUNT", "7")
    demo.run("settings", "set", "demo", "OLD", "left over", "--force")
    monkeypatch.setenv("INVENTREE_PLUGIN_SETTINGS", json.dumps({"demo": {"COLOR": "g", "EXTRA": "e"}}))
    rows = rows_of(demo.run("settings", "list", "demo", "--json"))
    assert list(rows) == [
        *("URL", "TOKEN", "ACTIVE", "COUNT", "RATIO", "COLOR", "NEEDED"),
        *("OLD", "EXTRA"),
    ]
    assert rows["URL"] == {
        "key": "URL",
        "value": "https://shop.org",
        "masked": False,
        "origin": "default",
        "override": None,
        "stored": False,
        "defined": True,
        "default": "https://shop.org",
        "name": "Address",
        "description": "Where the shop is",
        "units": None,
        "protected": False,
        "required": False,
        "missing": False,
        "validators": [],
        "choices": None,
        "unknown": {},
    }
    count = rows["COUNT"]
    assert (count["value"], count["origin"], count["default"], count["units"]) == ("7", "store", 3, "minutes")
    assert count["validators"] == ["int"]
    color = rows["COLOR"]
    assert (color["value"], color["origin"]) == ("g", "configuration")
    assert color["override"] == "environment INVENTREE_PLUGIN_SETTINGS"
    assert color["choices"] == [{"value": "r", "label": "Red"}, {"value": "g", "label": "Green"}]
    assert (rows["NEEDED"]["missing"], rows["TOKEN"]["missing"]) == (True, False)
    assert (rows["OLD"]["defined"], rows["OLD"]["stored"], rows["OLD"]["value"]) == (False, True, "********")
    assert (rows["EXTRA"]["defined"], rows["EXTRA"]["origin"]) == (False, "configuration")


def test_list_as_a_table_is_data(demo, monkeypatch):
    monkeypatch.setenv("INVENTREE_PLUGIN_SETTINGS", json.dumps({"demo": {"COLOR": "g"}}))
    demo.run("settings", "set", "demo", "COUNT", "7")
    for more in ((), ("--quiet",)):
        result = demo.run("settings", "list", "demo", *more)
        assert (result.code, result.err) == (0, "")
        lines = {line.split()[0]: line.split() for line in result.out.splitlines()}
        assert lines["Key"] == ["Key", "Value", "Origin", "Default", "Description"]
        assert lines["URL"][1:4] == ["https://shop.org", "default", "https://shop.org"]
        assert lines["URL"][4:] == ["Where", "the", "shop", "is"]
        assert lines["COUNT"][1:] == ["7", "store", "3", "Count", "[minutes]"]
        assert lines["COLOR"][1:4] == ["g", "configuration", "r"]
        assert lines["NEEDED"][1:3] == ["missing", "-"]
        assert lines["TOKEN"][1:4] == ["********", "default", "********"]


def test_user_settings_are_not_among_them(demo):
    assert "THEME" not in rows_of(demo.run("settings", "list", "demo", "--json"))
    assert "THEME" not in demo.run("settings", "list", "demo").out


def test_a_plugin_without_settings_says_so(instance):
    write_plugin("from plugin import InvenTreePlugin\nclass Demo(InvenTreePlugin):\n    NAME = 'Demo'\n")
    result = instance.run("settings", "list", "demo")
    assert (result.code, result.out, result.err) == (0, "", "`demo` has no settings\n")
    assert instance.run("settings", "list", "demo", "--json").data == {"settings": []}


def test_list_touches_nothing(demo):
    demo.store.unlink()
    assert rows_of(demo.run("settings", "list", "demo", "--json"))["COUNT"]["value"] == 3
    assert not demo.store.exists()


@pytest.mark.parametrize("words", [("list",), ("get", "X"), ("set", "X", "1"), ("unset", "X")], ids=" ".join)
def test_an_unknown_plugin(demo, words):
    verb, *rest = words
    error = refused(demo, "settings", verb, "demmo", *rest, code="plugin-not-found")
    assert "did you mean `demo`" in error["hint"]


# get


def test_get_prints_the_value_and_nothing_else(demo):
    result = demo.run("settings", "get", "demo", "URL")
    assert (result.code, result.out, result.err) == (0, "https://shop.org\n", "")
    assert demo.run("settings", "get", "demo", "count", "--quiet").out == "3\n"
    assert demo.run("settings", "get", "demo", "NEEDED").out == "\n"
    setting = demo.run("settings", "get", "demo", "count", "--json").data["setting"]
    assert (setting["key"], setting["value"], setting["origin"]) == ("COUNT", 3, "default")


def test_get_of_what_nothing_knows(demo):
    error = refused(demo, "settings", "get", "demo", "TOKN")
    assert "defines no setting `TOKN`" in error["message"]
    assert "did you mean `TOKEN`" in error["hint"]
    assert error["slug"] == "demo"


def test_get_takes_an_override_of_an_undefined_key(demo, monkeypatch):
    monkeypatch.setenv("INVENTREE_PLUGIN_SETTINGS", json.dumps({"demo": {"EXTRA": {"a": [1, True]}}}))
    result = demo.run("settings", "get", "demo", "extra", "--reveal", "--json")
    assert result.data["setting"]["value"] == {"a": [1, True]}
    assert result.data["setting"]["defined"] is False
    assert demo.run("settings", "get", "demo", "extra").out == "********\n"


# set


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("URL", "http://x", "http://x"),
        ("URL", "", ""),
        ("URL", " kept ", " kept "),
        ("URL", "Grüße 日本 🎉", "Grüße 日本 🎉"),
        ("ACTIVE", "yes", "True"),
        ("ACTIVE", "OFF", "False"),
        ("ACTIVE", " 1 ", "True"),
        ("COUNT", " 8 ", "8"),
        ("COUNT", "0", "0"),
        ("RATIO", "2.50", "2.5"),
        ("COLOR", "g", "g"),
    ],
)
def test_set_stores_what_the_server_would(demo, key, value, text):
    first = change_twice(demo, "settings", "set", "demo", key, value)
    assert stored(demo) == {key: text}
    setting = first.data["setting"]
    assert (setting["key"], setting["value"], setting["origin"]) == (key, text, "store")
    assert demo.run("settings", "get", "demo", key, "--json").data["setting"]["value"] == text
    assert demo.active() == []


def test_set_says_so_on_stderr_without_the_value(demo):
    result = demo.run("settings", "set", "demo", "url", "elsewhere")
    assert (result.code, result.out, result.err) == (0, "", "set `URL` of `demo`\n")
    again = demo.run("settings", "set", "demo", "url", "elsewhere")
    assert (again.code, again.out, again.err) == (0, "", "`URL` of `demo` has that value already\n")
    quiet = demo.run("settings", "set", "demo", "url", "there", "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


def test_a_negative_number_comes_after_two_dashes(demo):
    assert demo.run("settings", "set", "demo", "COUNT", "--", "-4").code == 0
    assert stored(demo) == {"COUNT": "-4"}
    assert demo.run("settings", "get", "demo", "COUNT").out == "-4\n"
    assert refused(demo, "settings", "set", "demo", "COUNT", "-4", code="usage", exit_code=2)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("ACTIVE", "maybe", "true or false"),
        ("ACTIVE", "", "true or false"),
        ("COUNT", "2.5", "whole number"),
        ("COUNT", "", "whole number"),
        ("COUNT", "9" * 5000, "whole number"),
        ("RATIO", "much", "a number"),
        ("COLOR", "b", "no such choice"),
        ("COLOR", "", "no such choice"),
        ("URL", "x" * 2001, "2001 characters"),
        ("URL", "a\0b", "not text"),
        ("URL", "a\udc80b", "not text"),
        ("NOPE", "x", "defines no setting"),
        ("", "x", "defines no setting"),
    ],
)
def test_set_refuses_with_a_reason(demo, key, value, words):
    error = refused(demo, "settings", "set", "demo", key, value)
    assert words in error["message"]
    assert stored(demo) == {}


@pytest.mark.parametrize("key", ["", " ", "K" * 51, "a\0b", "a\udc80"])
def test_no_force_stores_a_key_that_is_none(demo, key):
    refused(demo, "settings", "set", "demo", key, "x", "--force")


def test_the_refused_choice_names_the_others(demo):
    assert "`r`, `g`" in refused(demo, "settings", "set", "demo", "COLOR", "b")["hint"]


def test_a_value_as_long_as_the_column(demo):
    assert demo.run("settings", "set", "demo", "URL", "ü" * 2000).code == 0
    assert stored(demo)["URL"] == "ü" * 2000


def test_an_undefined_key_needs_force(demo):
    error = refused(demo, "settings", "set", "demo", "new", "x")
    assert "`demo` defines no setting `NEW`" in error["message"]
    assert "--force" in error["hint"]
    change_twice(demo, "settings", "set", "demo", "new", "x", "--force")
    assert stored(demo) == {"NEW": "x"}
    # Known to the store is not defined.
    refused(demo, "settings", "set", "demo", "new", "y")


@pytest.mark.parametrize("verb", ["set", "unset"])
@pytest.mark.parametrize("key", ["COLOR", "color", "EXTRA"])
def test_what_the_configuration_decides_is_refused(demo, monkeypatch, verb, key):
    demo.run("settings", "set", "demo", key, "g", "--force")
    monkeypatch.setenv("INVENTREE_PLUGIN_SETTINGS", json.dumps({"demo": {"COLOR": "r", "EXTRA": None}}))
    words = ("settings", verb, "demo", key, *(("g", "--force") if verb == "set" else ()))
    error = refused(demo, *words, code="setting-overridden")
    assert f"`{key.upper()}` of `demo` is decided by" in error["message"]
    assert "INVENTREE_PLUGIN_SETTINGS" in error["message"]
    assert stored(demo) == {key.upper(): "g"}


def test_the_configuration_file_decides_as_well(demo):
    config = Path("config.yaml")
    config.write_text(
        f"database: {{engine: sqlite3, name: {demo.store}}}\nplugin_dir: {demo.folder / 'plugins'}\n"
        "plugin_settings: {demo: {COLOR: g}, DEMO: {URL: nowhere}}\n"
    )
    options = ("--config", str(config))
    error = refused(demo, *options, "settings", "set", "demo", "COLOR", "r", code="setting-overridden")
    assert f"{config}: plugin_settings" in error["message"]
    # The server compares the slug letter by letter.
    rows = rows_of(demo.run(*options, "settings", "list", "demo", "--json"))
    assert (rows["COLOR"]["origin"], rows["URL"]["origin"]) == ("configuration", "default")


def test_an_override_in_lower_case_has_no_effect_and_is_told(demo, monkeypatch):
    monkeypatch.setenv("INVENTREE_PLUGIN_SETTINGS", json.dumps({"demo": {"color": "g"}}))
    result = demo.run("settings", "list", "demo", "--json")
    assert codes(result) == ["override-ignored"]
    rows = rows_of(result)
    assert (rows["COLOR"]["value"], rows["COLOR"]["origin"]) == ("r", "default")
    assert "color" not in rows
    assert demo.run("settings", "set", "demo", "COLOR", "g").code == 0


def test_an_override_of_a_slug_in_another_case_is_told(demo, monkeypatch):
    monkeypatch.setenv("INVENTREE_PLUGIN_SETTINGS", json.dumps({"Demo": {"COLOR": "g"}}))
    result = demo.run("settings", "list", "demo", "--json")
    assert codes(result) == ["override-ignored"]
    assert rows_of(result)["COLOR"]["origin"] == "default"


def test_a_definition_in_lower_case_is_none_to_the_server(instance):
    write_definitions('"low": {"name": "Low", "default": 5, "validator": int},')
    result = instance.run("settings", "list", "demo", "--json")
    assert codes(result) == ["definition-ignored"]
    assert (result.json["warnings"][0]["line"], rows_of(result)) == (7, {})
    refused(instance, "settings", "set", "demo", "low", "abc")
    assert codes(instance.run("settings", "set", "demo", "low", "abc", "--force", "--json")) == [
        "definition-ignored"
    ]
    assert stored(instance) == {"LOW": "abc"}


def test_keys_are_stripped_as_the_server_strips_them(demo):
    assert demo.run("settings", "set", "demo", " url ", "x").code == 0
    assert stored(demo) == {"URL": "x"}


@pytest.mark.parametrize(
    ("definition", "value", "is_taken"),
    [
        ('"choices": [(1, "A"), (2, "B")], "validator": int', "2", True),
        ('"choices": [(1, "A"), (2, "B")], "validator": int', "3", False),
        ('"choices": [(1, "A"), (2, "B")]', "2", False),
        ('"choices": [(None, "-"), ("a", "A")]', "None", False),
        ('"choices": [(None, "-"), ("a", "A")]', "a", True),
        ('"choices": []', "x", True),
        ('"choices": [(0.5, "half")], "validator": float', "0.50", True),
        ('"choices": [(True, "yes")], "validator": bool', "no", False),
    ],
)
def test_choices_are_compared_as_the_server_does(instance, definition, value, is_taken):
    write_definitions(f'"KEY": {{"name": "Key", {definition}}},')
    result = instance.run("settings", "set", "demo", "KEY", value, "--json")
    assert result.code == (0 if is_taken else 1), result.out
    if not is_taken:
        assert result.json["errors"][0]["code"] == "setting"
        assert result.json["errors"][0]["hint"]


def test_numbers_that_json_has_not_become_text(instance):
    write_definitions('"KEY": {"name": "Key", "default": 1e999},')
    document = json.loads(instance.run("settings", "list", "demo", "--json").out, parse_constant=pytest.fail)
    assert document["data"]["settings"][0]["default"] == "inf"


def test_dry_runs_change_nothing(demo):
    demo.run("settings", "set", "demo", "URL", "old")
    before = demo.store.read_bytes()
    result = demo.run("settings", "set", "demo", "URL", "new", "--dry-run")
    assert (result.code, result.out, result.err) == (0, "", "would set `URL` of `demo`\n")
    answer = demo.run("settings", "set", "demo", "URL", "new", "--dry-run", "--json").json
    assert (answer["changed"], answer["dry_run"], answer["data"]["setting"]["value"]) == (False, True, "new")
    result = demo.run("settings", "unset", "demo", "URL", "--dry-run")
    assert (result.code, result.out, result.err) == (0, "", "would unset `URL` of `demo`\n")
    answer = demo.run("settings", "unset", "demo", "URL", "--dry-run", "--json").json
    assert (answer["changed"], answer["data"]["setting"]["origin"]) == (False, "default")
    assert demo.store.read_bytes() == before
    assert refused(demo, "settings", "set", "demo", "COUNT", "x", "--dry-run")


def test_a_plugin_without_a_row_gets_one_inactive(instance):
    write_plugin()
    assert instance.run("settings", "set", "demo", "URL", "x", "--dry-run").code == 0
    assert not instance.store.exists()
    change_twice(instance, "settings", "set", "demo", "URL", "x")
    assert stored(instance) == {"URL": "x"}
    assert [(row["key"], row["name"], row["active"]) for row in instance.rows().values()] == [
        ("demo", "Demo", 0)
    ]


def test_unset_without_a_row_or_store(instance):
    write_plugin()
    result = instance.run("settings", "unset", "demo", "URL")
    assert (result.code, result.out, result.err) == (0, "", "`URL` of `demo` is not stored\n")
    assert not instance.store.exists()


def test_a_required_setting_left_empty_is_told(demo):
    result = demo.run("settings", "set", "demo", "NEEDED", "", "--json")
    assert (result.code, codes(result)) == (0, ["setting-missing"])
    assert demo.run("settings", "set", "demo", "NEEDED", "x", "--json").json["warnings"] == []
    # An empty row leaves it to the default.
    assert demo.run("settings", "set", "demo", "TOKEN", "", "--json").json["warnings"] == []


def test_a_key_stored_in_lower_case_is_the_same_setting(demo):
    """The server looks settings up without regard to case, and of two it takes the first."""
    demo.run("settings", "set", "demo", "URL", "x")
    with closing(sqlite3.connect(demo.store)) as database, database:
        database.execute("UPDATE plugin_pluginsetting SET key = 'url', value = 'first'")
        database.execute(
            "INSERT INTO plugin_pluginsetting (key, value, plugin_id)"
            " SELECT 'URL', 'second', plugin_id FROM plugin_pluginsetting"
        )
    assert demo.run("settings", "get", "demo", "URL").out == "first\n"
    assert rows_of(demo.run("settings", "list", "demo", "--json"))["URL"]["value"] == "first"
    change_twice(demo, "settings", "set", "demo", "URL", "new")
    assert list(stored(demo).values()) == ["new", "second"]


# unset


def test_unset_brings_the_default_back(demo):
    demo.run("settings", "set", "demo", "COUNT", "9")
    result = change_twice(demo, "settings", "unset", "demo", "count")
    assert (result.data["setting"]["value"], result.data["setting"]["origin"]) == (3, "default")
    assert stored(demo) == {}
    demo.run("settings", "set", "demo", "COUNT", "9")
    text = demo.run("settings", "unset", "demo", "count")
    assert (text.code, text.out, text.err) == (0, "", "unset `COUNT` of `demo`\n")


def test_unset_also_takes_what_is_not_defined(demo):
    demo.run("settings", "set", "demo", "OLD", "x", "--force")
    first = demo.run("settings", "unset", "demo", "OLD", "--json")
    assert (first.code, first.json["changed"], first.json["warnings"]) == (0, True, [])
    again = demo.run("settings", "unset", "demo", "OLD", "--json")
    assert (again.code, again.json["changed"], codes(again)) == (0, False, ["setting-undefined"])
    assert stored(demo) == {}


# Secrets.


@pytest.fixture
def run_everything(demo, monkeypatch):
    """Return all that a series of commands prints about a plugin with secrets."""

    def run(*more: str) -> str:
        printed = []
        for words in (
            ("settings", "set", "demo", "TOKEN", SECRET, "--dry-run"),
            ("settings", "set", "demo", "TOKEN", SECRET),
            ("settings", "set", "demo", "TOKEN", SECRET),
            ("settings", "list", "demo"),
            ("settings", "get", "demo", "token"),
            ("settings", "set", "demo", "UNKNOWN", SECRET),
            ("settings", "set", "demo", "UNKNOWN", SECRET, "--force"),
            ("settings", "get", "demo", "UNKNOWN"),
            ("settings", "list", "demo"),
            ("settings", "set", "demo", "TOKEN", SECRET * 200),
            ("settings", "set", "demo", "TOKEN", f"{SECRET}\0"),
            ("settings", "set", "demo", "TOKEN", f"{SECRET}\udc80"),
            ("settings", "set", "demo", "TOKEN", SECRET, SECRET, "words"),
            ("settings", "set", "demo", "TOKEN", SECRET, "--stdin"),
            ("settings", "set", "nobody", "TOKEN", SECRET),
            ("settings", "set", "demo", "COUNT", SECRET),
            ("settings", "set", "demo", "RATIO", SECRET),
            ("settings", "set", "demo", "ACTIVE", SECRET),
            ("settings", "set", "demo", "COLOR", SECRET),
            ("show", "demo"),
            ("list",),
            ("settings", "unset", "demo", "TOKEN"),
        ):
            result = demo.run(*words, *more)
            printed += [result.out, result.err]
        monkeypatch.setenv("INVENTREE_PLUGIN_SETTINGS", json.dumps({"demo": {"TOKEN": SECRET}}))
        for verb in (("list",), ("get", "TOKEN"), ("set", "TOKEN", SECRET), ("unset", "TOKEN")):
            result = demo.run("settings", verb[0], "demo", *verb[1:], *more)
            printed += [result.out, result.err]
        return "\n".join(printed)

    return run


@pytest.mark.parametrize("more", [(), ("--json",), ("--verbose",)], ids=str)
def test_a_protected_value_is_never_printed(run_everything, more):
    printed = run_everything(*more)
    assert "hunter2" not in printed
    assert "default-secret" not in printed
    assert "********" in printed


def test_reveal_shows_value_and_default(demo):
    demo.run("settings", "set", "demo", "TOKEN", SECRET)
    row = rows_of(demo.run("settings", "list", "demo", "--reveal", "--json"))["TOKEN"]
    assert (row["value"], row["default"], row["masked"]) == (SECRET, "default-secret", False)
    table = demo.run("settings", "list", "demo", "--reveal").out
    assert SECRET in table
    assert "default-secret" in table
    result = demo.run("settings", "get", "demo", "token", "--reveal")
    assert (result.code, result.out, result.err) == (0, f"{SECRET}\n", "")
    setting = demo.run("settings", "get", "demo", "token", "--reveal", "--json").data["setting"]
    assert (setting["value"], setting["protected"]) == (SECRET, True)


def test_a_protected_default_is_masked_beside_an_empty_value(demo):
    demo.run("settings", "set", "demo", "TOKEN", "")
    result = demo.run("settings", "list", "demo", "--json")
    row = rows_of(result)["TOKEN"]
    assert (row["value"], row["masked"], row["default"]) == ("", False, "********")
    assert "default-secret" not in result.out
    assert "default-secret" not in demo.run("settings", "list", "demo").out


def test_a_password_in_a_url_is_masked_unless_revealed(demo):
    url = "https://user:pass@shop.org/"
    demo.run("settings", "set", "demo", "URL", url)
    for words in (("list", "demo"), ("get", "demo", "URL")):
        for more in ((), ("--json",)):
            assert "user:pass" not in demo.run("settings", *words, *more).out
            assert url in demo.run("settings", *words, "--reveal", *more).out


def test_what_may_be_protected_is_masked(instance):
    settings = '{"ODD": BASE, "SPREAD": {**BASE, "name": "Spread"}, "MAYBE": {"protected": more()}}'
    write_plugin(COMPUTED.format(settings=settings))
    for key in ("ODD", "SPREAD", "MAYBE"):
        assert instance.run("settings", "set", "demo", key, SECRET).code == 0
    result = instance.run("settings", "list", "demo", "--json")
    rows = rows_of(result)
    assert {row["value"] for row in rows.values()} == {"********"}
    assert {row["protected"] for row in rows.values()} == {True}
    assert [list(rows[key]["unknown"]) for key in rows] == [["definition"], ["keys"], ["protected"]]
    assert SECRET not in instance.run("settings", "list", "demo").out
    assert stored(instance) == dict.fromkeys(rows, SECRET)


def test_a_bug_does_not_write_the_value_to_the_log(demo, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("inventree_plugins.cli.settings.set_setting", broken)
    result = demo.run("--database", str(demo.store), "settings", "set", "demo", "TOKEN", "--", f"-{SECRET}")
    assert (result.code, result.out) == (70, "")
    log = demo.folder.parent / "home"
    (text,) = (path.read_text() for path in log.rglob("*.log"))
    assert "hunter2" not in text
    assert "'settings', 'set', 'demo', 'TOKEN'" in text


# --stdin


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (b"word", "word"),
        (b"word\n", "word"),
        (b"word\r\n", "word"),
        (b"word\n\n", "word\n"),
        (b"word\r", "word\r"),
        (b"one\r\ntwo\r\n", "one\r\ntwo"),
        (b"\n", ""),
        (b"", ""),
        (b" spaced \n", " spaced "),
        ("Grüße\n".encode(), "Grüße"),
        (b"-5", "-5"),
    ],
)
def test_stdin_drops_exactly_one_line_break(demo, stdin, given, value):
    for changed in (True, False):
        stdin(given)
        result = demo.run("settings", "set", "demo", "URL", "--stdin", "--json")
        assert (result.code, result.json["changed"]) == (0, changed)
    assert stored(demo) == {"URL": value}
    got = demo.run("settings", "get", "demo", "URL", "--json").data["setting"]["value"]
    assert got == value


@pytest.mark.parametrize(("given", "code"), [(b"a\xffb", "usage"), (b"a\0b", "setting")])
def test_stdin_that_is_no_text(demo, stdin, given, code):
    stdin(given)
    result = demo.run("settings", "set", "demo", "TOKEN", "--stdin", "--json")
    assert (result.code, codes(result, "errors")) == (2 if code == "usage" else 1, [code])
    assert stored(demo) == {}


def test_stdin_and_a_value_and_neither(demo):
    refused(demo, "settings", "set", "demo", "URL", code="usage", exit_code=2)
    refused(demo, "settings", "set", "demo", "URL", "x", "--stdin", code="usage", exit_code=2)
    error = refused(demo, "settings", "set", "demo", "URL", "two", "words", code="usage", exit_code=2)
    assert "words" not in error["message"]


def test_the_real_program_reads_stdin(demo):
    command = [sys.executable, "-m", "inventree_plugins", "--python", str(demo.environment)]
    command += ["settings", "set", "demo", "TOKEN", "--stdin"]
    for said in ("set `TOKEN` of `demo`\n", "`TOKEN` of `demo` has that value already\n"):
        done = subprocess.run(command, input=f"{SECRET}\nß\n".encode(), capture_output=True, check=False)
        assert (done.returncode, done.stdout, done.stderr.decode()) == (0, b"", said)
    assert stored(demo) == {"TOKEN": f"{SECRET}\nß"}
    closed = subprocess.run(["sh", "-c", '"$@" <&-', "sh", *command], capture_output=True, check=False)
    assert (closed.returncode, closed.stdout, closed.stderr) == (0, b"", b"set `TOKEN` of `demo`\n")
    assert stored(demo) == {"TOKEN": ""}


def test_a_value_with_control_characters_reaches_no_terminal(demo):
    demo.run("settings", "set", "demo", "URL", "a\x1b[2Jb\nc")
    for words in (("list", "demo"), ("get", "demo", "URL"), ("get", "demo", "URL", "--reveal")):
        result = demo.run("settings", *words)
        assert "\x1b" not in result.out
        assert "a\\u001b[2Jb\\u000ac" in result.out
    assert demo.run("settings", "get", "demo", "URL", "--json").data["setting"]["value"] == "a\x1b[2Jb\nc"


# Definitions that cannot be read, and plugins that are not there.


@pytest.mark.parametrize("settings", ["more()", "{**BASE, 'URL': {'name': 'Address'}}"])
def test_computed_definitions_let_any_key_pass_and_say_so(instance, settings):
    write_plugin(COMPUTED.format(settings=settings))
    result = instance.run("settings", "set", "demo", "ANY", "x", "--json")
    assert (result.code, result.json["changed"], codes(result)) == (0, True, ["settings-unknown"])
    warning = result.json["warnings"][0]
    assert (warning["slug"], warning["path"].endswith("demo.py"), warning["line"] > 0) == ("demo", True, True)
    listed = instance.run("settings", "list", "demo")
    assert listed.code == 0
    assert "may define more settings than can be read" in listed.err
    assert "ANY" in listed.out
    assert instance.run("settings", "list", "demo", "--quiet").err == ""


def test_parts_of_a_definition_that_are_computed(instance):
    settings = (
        '{"D": {"default": more(), "required": True}, "C": {"choices": more(), "default": "x"},'
        ' "V": {"validator": more()}, "W": {"validator": [int, more()]}}'
    )
    write_plugin(COMPUTED.format(settings=settings))
    rows = rows_of(instance.run("settings", "list", "demo", "--json"))
    assert [list(rows[key]["unknown"]) for key in "DC"] == [["default"], ["choices"]]
    assert (rows["D"]["default"], rows["D"]["missing"]) == (None, False)
    line = next(line for line in instance.run("settings", "list", "demo").out.splitlines() if line[0] == "D")
    assert line.split()[1:4] == ["unknown", "default", "unknown"]
    for key in "CV":
        assert instance.run("settings", "set", "demo", key, "anything").code == 0
    refused(instance, "settings", "set", "demo", "W", "anything")


def test_a_plugin_whose_package_is_gone(instance):
    instance.wheel("alpha")
    instance.run("install", "inventree-alpha")
    assert instance.run("settings", "set", "alpha", "KEY", SECRET).code == 0
    instance.run("uninstall", "alpha", "--yes")
    rows = rows_of(instance.run("settings", "list", "alpha", "--json"))
    assert list(rows) == ["KEY"]
    assert (rows["KEY"]["value"], rows["KEY"]["defined"], rows["KEY"]["origin"]) == (
        "********",
        False,
        "store",
    )
    error = refused(instance, "settings", "set", "alpha", "KEY", "x")
    assert "cannot be read" in error["message"]
    assert "--force" in error["hint"]
    change_twice(instance, "settings", "set", "alpha", "KEY", "x", "--force")
    change_twice(instance, "settings", "unset", "alpha", "KEY")
    assert stored(instance, "alpha") == {}


def test_an_installed_package_is_read_as_well(instance):
    instance.wheel("alpha")
    instance.run("install", "inventree-alpha")
    for more in ((), ("--no-cache",), ()):
        assert list(rows_of(instance.run("settings", "list", "alpha", "--json", *more))) == ["KEY"]


def test_settings_survive_disabling_and_purge_deletes_them(instance):
    instance.wheel("alpha")
    instance.run("install", "inventree-alpha", "--enable")
    instance.run("settings", "set", "alpha", "KEY", "x")
    instance.run("disable", "alpha")
    assert stored(instance, "alpha") == {"KEY": "x"}
    instance.run("uninstall", "alpha", "--purge", "--yes")
    assert stored(instance, "alpha") == {}


# The server's own databases.


@pytest.fixture
def on_server(make_case, instance):
    """Return a function that gives a server's database of an engine, and runs commands on it."""

    def make(engine, version="1.5"):
        case = make_case(engine, version)
        write_plugin(PLUGIN.replace('"Demo"', '"Sheet"'))
        words = ("--database", case.url, "--plugin-dir", "plugins")
        return SimpleNamespace(case=case, run=lambda *more: instance.run(*words, *more))

    return make


def values(case, slug="sheet"):
    return dict(
        case.sql(
            'SELECT s."key", s.value FROM plugin_pluginsetting s JOIN plugin_pluginconfig c'
            ' ON s.plugin_id = c.id WHERE c."key" = ? ORDER BY s.id',
            (slug,),
        )
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_on_every_engine(on_server, engine):
    server = on_server(engine)
    before = server.case.dump()
    for words in (("set", "sheet", "URL", "Grüße 🎉 %s ? \"'"), ("set", "sheet", "COUNT", "--", "-5")):
        first = server.run("settings", *words[:1], "--json", *words[1:])
        assert (first.code, first.json["changed"]) == (0, True), first
        again = server.run("settings", *words[:1], "--json", *words[1:])
        assert (again.code, again.json["changed"]) == (0, False)
    assert values(server.case) == {
        "A": "secret of sheet",
        "URL": "Grüße 🎉 %s ? \"'",
        "COUNT": "-5",
    }
    rows = {row["key"]: row for row in server.run("settings", "list", "sheet", "--json").data["settings"]}
    assert (rows["URL"]["origin"], rows["COUNT"]["value"], rows["A"]["value"]) == ("store", "-5", "********")
    assert server.run("settings", "get", "sheet", "a", "--reveal").out == "secret of sheet\n"
    too_long = server.run("settings", "set", "sheet", "URL", "x" * 2001, "--json")
    assert (too_long.code, codes(too_long, "errors")) == (1, ["setting"])
    for key in ("url", "count"):
        for changed in (True, False):
            result = server.run("settings", "unset", "sheet", key, "--json")
            assert (result.code, result.json["changed"]) == (0, changed)
    assert server.case.dump() == before


@pytest.mark.parametrize("engine", ENGINES)
def test_the_narrow_column_of_old_servers(on_server, engine):
    server = on_server(engine, "0.7")
    result = server.run("settings", "set", "sheet", "URL", "ü" * 201, "--json")
    assert (result.code, codes(result, "errors")) == (1, ["setting"])
    assert "201 characters, and the database has room for 200" in result.json["errors"][0]["message"]
    assert server.run("settings", "set", "sheet", "URL", "ü" * 200).code == 0
    assert values(server.case)["URL"] == "ü" * 200


def test_a_locked_database(demo):
    with closing(sqlite3.connect(demo.store, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        words = ("settings", "set", "demo", "URL", "x", "--lock-timeout", "0.2", "--json")
        result = demo.run(*words)
        assert (result.code, codes(result, "errors")) == (5, ["database-locked"])
        # Reading waits for nobody.
        assert demo.run("settings", "list", "demo", "--lock-timeout", "0").code == 0
    assert stored(demo) == {}


@pytest.mark.parametrize("words", [("settings",), ("settings", "list"), ("settings", "nonsense", "demo")])
def test_an_incomplete_command_line(demo, words):
    result = demo.run(*words)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: ")
