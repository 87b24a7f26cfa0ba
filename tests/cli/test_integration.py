"""Integration switches: what tells that one is off, and `enable --with-integration`."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from inventree_plugins.vocabulary import MIXINS
from tests.databases import ENGINES

URL, NAVIGATION, APP = "ENABLE_PLUGINS_URL", "ENABLE_PLUGINS_NAVIGATION", "ENABLE_PLUGINS_APP"
SWITCHES = {name: mixin.switch for name, mixin in MIXINS.items() if mixin.switch}
PLUGIN = """
from plugin import InvenTreePlugin
from plugin.mixins import {mixins}


class {name}({mixins}, InvenTreePlugin):
    NAME = "{name}"
"""


def add_plugin(instance, name, *mixins):
    folder = instance.folder / "plugins"
    folder.mkdir(exist_ok=True)
    text = PLUGIN.format(name=name, mixins=", ".join(mixins))
    (folder / f"{name.lower()}.py").write_text(text)


@pytest.fixture
def web(instance):
    """Return the standalone instance with the plugins `web` and `plain`."""
    add_plugin(instance, "Web", "UrlsMixin", "NavigationMixin", "SettingsMixin")
    add_plugin(instance, "Plain", "SettingsMixin")
    assert instance.run("discover").code == 0
    return instance


def switches(instance):
    with closing(sqlite3.connect(instance.store)) as database:
        return dict(database.execute('SELECT "key", value FROM common_inventreesetting ORDER BY "key"'))


def put(instance, key, value):
    with closing(sqlite3.connect(instance.store)) as database, database:
        database.execute("DELETE FROM common_inventreesetting WHERE key = ?", (key,))
        database.execute("INSERT INTO common_inventreesetting (key, value) VALUES (?, ?)", (key, value))


def off(result):
    """Return the steps that name a switch, by the switch."""
    steps = [step for step in result.json["next_steps"] if step["code"] == "enable-integration"]
    return {
        next(word for word in step["message"].split() if word.startswith("ENABLE")): step for step in steps
    }


# Telling.


@pytest.mark.parametrize("mixin", SWITCHES)
def test_each_mixin_with_a_switch_is_warned_of(instance, mixin):
    add_plugin(instance, "Some", mixin)
    result = instance.run("enable", "some", "--json")
    assert (result.code, result.err) == (0, "")
    (step,) = off(result).values()
    assert step["message"] == f"the integration switch {SWITCHES[mixin]} is off"
    assert step["slugs"] == ["some"]
    assert step["command"].endswith("enable --with-integration some")
    assert switches(instance) == {}


def test_enable_warns_on_stderr_and_turns_nothing_on(web):
    result = web.run("enable", "web")
    assert (result.code, result.out) == (0, "")
    for name in (URL, NAVIGATION):
        assert f"next: the integration switch {name} is off (`invplug " in result.err
    assert switches(web) == {}
    again = web.run("enable", "web", "--json")
    assert (again.json["changed"], list(off(again))) == (False, [NAVIGATION, URL])


def test_a_plugin_that_needs_none_is_not_warned_of(web):
    result = web.run("enable", "plain", "--json")
    assert (result.data["switches"], off(result)) == ([], {})


def test_list_tells_of_enabled_plugins_only_and_show_of_its_own(web):
    assert off(web.run("list", "--json")) == {}
    assert list(off(web.run("show", "web", "--json"))) == [NAVIGATION, URL]
    assert off(web.run("show", "plain", "--json")) == {}
    web.run("enable", "web", "plain")
    for words in (("list",), ("show", "web")):
        assert list(off(web.run(*words, "--json"))) == [NAVIGATION, URL]
        text = web.run(*words)
        assert (text.code, f"next: the integration switch {URL} is off" in text.err) == (0, True)
        assert URL not in text.out
        assert web.run(*words, "--quiet").err == ""
    web.run("enable", "--with-integration", "web")
    for words in (("list",), ("show", "web")):
        assert off(web.run(*words, "--json")) == {}


def test_the_command_told_does_it(web):
    """A script can run what `next_steps` names."""
    step = off(web.run("enable", "web", "--json"))[URL]
    words = step["command"].split()
    assert words[0] == "invplug"
    result = web.run(*words[1:], "--json")
    assert (result.code, result.data["switches"], off(result)) == (0, [NAVIGATION, URL], {})


# Turning on.


def test_with_integration_turns_on_what_is_needed_and_no_other(web):
    first = web.run("enable", "--with-integration", "web", "plain", "--json")
    assert (first.code, first.json["changed"], first.data["enabled"]) == (0, True, ["web", "plain"])
    assert first.data["switches"] == [NAVIGATION, URL]
    assert off(first) == {}
    assert switches(web) == {NAVIGATION: "True", URL: "True"}
    assert web.active() == ["plain", "web"]
    before = web.store.read_bytes()
    again = web.run("enable", "--with-integration", "web", "plain", "--json")
    assert (again.code, again.json["changed"], again.data["switches"]) == (0, False, [])
    assert (again.data["enabled"], again.json["next_steps"]) == ([], [])
    assert web.store.read_bytes() == before


def test_with_integration_says_so(web):
    result = web.run("enable", "--with-integration", "web")
    assert (result.code, result.out) == (0, "")
    assert result.err.splitlines()[:2] == ["enabled `web`", f"turned on `{NAVIGATION}`, `{URL}`"]
    again = web.run("enable", "--with-integration", "web")
    assert (again.code, again.out, again.err) == (0, "", "already enabled: `web`\n")


def test_an_enabled_plugin_still_gets_its_switches(web):
    web.run("enable", "web")
    put(web, NAVIGATION, "True")
    result = web.run("enable", "--with-integration", "web", "--json")
    assert (result.code, result.json["changed"]) == (0, True)
    assert (result.data["enabled"], result.data["unchanged"], result.data["switches"]) == ([], ["web"], [URL])
    assert [step["code"] for step in result.json["next_steps"]] == ["restart"]


def test_a_dry_run_says_what_it_would_turn_on(web):
    before = web.store.read_bytes()
    result = web.run("enable", "--with-integration", "web", "--dry-run", "--json")
    assert (result.json["changed"], result.data["switches"]) == (False, [NAVIGATION, URL])
    text = web.run("enable", "--with-integration", "web", "--dry-run")
    assert f"would turn on `{NAVIGATION}`, `{URL}`" in text.err
    assert web.store.read_bytes() == before


def test_nothing_is_turned_on_when_a_plugin_is_refused(web):
    before = web.store.read_bytes()
    result = web.run("enable", "--with-integration", "web", "nobody", "--json")
    assert (result.code, result.json["changed"]) == (1, False)
    assert web.store.read_bytes() == before


def test_rows_and_switches_are_one_transaction(web):
    """Let the second write fail: the first is undone."""
    with closing(sqlite3.connect(web.store)) as database, database:
        database.execute(
            "CREATE TRIGGER no_switch BEFORE INSERT ON common_inventreesetting"
            " BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )
    before = web.store.read_bytes()
    result = web.run("enable", "--with-integration", "web", "--json")
    assert (result.code, result.json["changed"], result.json["status"]) == (2, False, "error")
    assert web.store.read_bytes() == before
    assert web.active() == []


def test_disable_leaves_the_switches_on(web):
    web.run("enable", "--with-integration", "web")
    assert web.run("disable", "web").code == 0
    assert switches(web) == {NAVIGATION: "True", URL: "True"}


@pytest.mark.parametrize(
    ("text", "is_on"),
    [
        *((text, True) for text in ("True", "true", "1", "yes", "Y", "t", "ok", "ON")),
        *((text, False) for text in ("False", "", "0", "maybe", " True", "True\n", "None")),
    ],
)
def test_stored_words_mean_what_they_mean_to_the_server(web, text, is_on):
    put(web, URL, text)
    put(web, NAVIGATION, "True")
    assert (URL not in off(web.run("show", "web", "--json"))) is is_on
    result = web.run("enable", "--with-integration", "web", "--json")
    assert result.data["switches"] == ([] if is_on else [URL])
    assert switches(web)[URL] == (text if is_on else "True")


# What the configuration fixes.


def fix(monkeypatch, **values):
    monkeypatch.setenv("INVENTREE_GLOBAL_SETTINGS", json.dumps(values))


@pytest.mark.parametrize("value", [False, 0, "", None], ids=repr)
def test_a_switch_fixed_off_is_told_and_refused_before_anything_changes(web, monkeypatch, value):
    put(web, URL, "True")
    fix(monkeypatch, ENABLE_PLUGINS_URL=value)
    before = web.store.read_bytes()
    step = off(web.run("show", "web", "--json"))[URL]
    assert step["message"].endswith("is off, fixed by environment INVENTREE_GLOBAL_SETTINGS")
    assert step["command"] is None
    result = web.run("enable", "--with-integration", "web", "--json")
    assert (result.code, result.json["changed"], result.json["status"]) == (1, False, "error")
    (error,) = result.json["errors"]
    assert error["code"] == "integration-fixed"
    assert URL in error["message"]
    assert "INVENTREE_GLOBAL_SETTINGS" in error["message"]
    text = web.run("enable", "--with-integration", "web")
    assert (text.code, text.out, text.err.startswith("error: the integration switch")) == (1, "", True)
    assert web.store.read_bytes() == before
    # Without the option the plugin is enabled, and the switch told.
    result = web.run("enable", "web", "--json")
    assert (result.code, result.json["changed"]) == (0, True)
    assert "fixed by" in off(result)[URL]["message"]


@pytest.mark.parametrize("value", [True, 1, "True", "False", "0", "no"], ids=repr)
def test_a_switch_fixed_on_needs_nothing(web, monkeypatch, value):
    """The server takes the configuration's value as it is: even the text `False` is true."""
    fix(monkeypatch, ENABLE_PLUGINS_URL=value, ENABLE_PLUGINS_NAVIGATION=True)
    put(web, URL, "False")
    result = web.run("enable", "--with-integration", "web", "--json")
    assert (result.code, result.data["switches"], off(result)) == (0, [], {})
    assert switches(web) == {URL: "False"}


def test_a_fixed_switch_that_no_named_plugin_needs_is_no_matter(web, monkeypatch):
    fix(monkeypatch, ENABLE_PLUGINS_APP=False, enable_plugins_url=False)
    result = web.run("enable", "--with-integration", "web", "--json")
    assert (result.code, result.data["switches"]) == (0, [NAVIGATION, URL])


def test_the_configuration_file_fixes_as_well(web):
    config = web.folder / "config.yaml"
    config.write_text(
        f"database: {{engine: sqlite3, name: {web.store}}}\nplugin_dir: {web.folder / 'plugins'}\n"
        f"plugins_enabled: true\nglobal_settings: {{{URL}: false}}\n"
    )
    result = web.run("--config", str(config), "enable", "--with-integration", "web", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (1, "integration-fixed")
    assert f"{config}: global_settings" in result.json["errors"][0]["message"]


# A server's databases.


@pytest.fixture
def on_server(make_case, instance):
    def make(engine):
        case = make_case(engine)
        add_plugin(instance, "Sheet", "UrlsMixin", "AppMixin")
        words = ("--database", case.url, "--plugin-dir", "plugins")
        return SimpleNamespace(case=case, run=lambda *more: instance.run(*words, *more))

    return make


@pytest.mark.parametrize("engine", ENGINES)
def test_on_every_engine(on_server, engine):
    server = on_server(engine)
    # APP is on already: see tests/server_schema.py.
    assert list(off(server.run("enable", "sheet", "--json"))) == [URL]
    for changed, turned_on in ((True, [URL]), (False, [])):
        result = server.run("enable", "--with-integration", "sheet", "--json")
        assert (result.code, result.json["changed"], result.data["switches"]) == (0, changed, turned_on)
    stored = 'SELECT "key", value FROM common_inventreesetting ORDER BY id'
    assert server.case.sql(stored) == [(APP, "True"), (URL, "True")]


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_the_command_told_has_no_password(on_server, engine):
    """It repeats `--database`, which holds one."""
    server = on_server(engine)
    password = server.case.database.password
    secrets = {password, quote(password, safe="")}
    data = server.case.database
    by_option = (
        f"{engine}://{data.user}@{data.host}:{data.port}/{data.name}?password={quote(password, safe='')}"
    )
    for words in (
        ("enable", "sheet"),
        ("list",),
        ("show", "sheet"),
        ("--database", by_option, "show", "sheet"),
    ):
        text = server.run(*words)
        assert f"the integration switch {URL} is off" in text.err
        assert not any(secret in text.out + text.err for secret in secrets)
        answer = server.run(*words, "--json")
        assert not any(secret in answer.out + answer.err for secret in secrets)
