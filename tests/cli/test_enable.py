"""`invplug enable` and `invplug disable`."""

from __future__ import annotations

import os

import pytest


@pytest.fixture
def two(instance):
    instance.wheel("alpha")
    instance.wheel("beta", mixins="AppMixin, UrlsMixin")
    assert instance.run("install", "inventree-alpha", "inventree-beta").code == 0
    return instance


def test_enables_one_and_says_so_on_stderr(two):
    result = two.run("enable", "alpha")
    assert (result.code, result.out) == (0, "")
    assert "enabled `alpha`" in result.err
    assert two.active() == ["alpha"]


def test_enabling_twice_changes_nothing(two):
    assert two.run("enable", "alpha", "--json").json["changed"] is True
    before = two.store.read_bytes()
    again = two.run("enable", "alpha", "--json")
    assert again.code == 0
    assert again.json["changed"] is False
    assert again.data["unchanged"] == ["alpha"]
    assert two.store.read_bytes() == before


def test_unknown_slug_fails_and_suggests_the_nearest(two):
    result = two.run("enable", "alpah")
    assert (result.code, result.out) == (1, "")
    assert "nothing provides a plugin `alpah`" in result.err
    assert "did you mean `alpha`" in result.err


def test_package_name_given_for_a_slug_is_suggested_its_slug(two):
    result = two.run("enable", "inventree-beta", "--json")
    assert result.code == 1
    assert result.json["errors"][0]["code"] == "plugin-not-found"
    assert "`beta`" in result.json["errors"][0]["hint"]


def test_several_are_enabled_all_or_none(two):
    result = two.run("enable", "alpha", "beta", "gamma", "--json")
    assert result.code == 1
    assert result.json["changed"] is False
    assert two.active() == []
    assert two.run("enable", "alpha", "beta").code == 0
    assert two.active() == ["alpha", "beta"]


def test_dry_run_changes_nothing(two):
    before = two.store.read_bytes()
    result = two.run("enable", "alpha", "--dry-run", "--json")
    assert result.code == 0
    assert result.json["dry_run"] is True
    assert result.json["changed"] is False
    assert result.data["enabled"] == ["alpha"]
    assert two.store.read_bytes() == before


def test_next_steps_name_what_still_stands_in_the_way(two):
    steps = {step["code"]: step for step in two.run("enable", "alpha", "beta", "--json").json["next_steps"]}
    assert set(steps) == {"enable-integration", "migrate", "restart"}
    assert steps["migrate"]["slugs"] == ["beta"]
    assert steps["migrate"]["command"] == "python manage.py migrate"
    assert steps["restart"]["slugs"] == ["alpha", "beta"]


def test_a_server_is_migrated_and_restarted(two, make_case):
    options = ("--database", make_case("sqlite3").url)
    assert two.run("discover", *options).code == 0
    steps = two.run("enable", "beta", "--json", *options).json["next_steps"]
    found = {step["code"]: (step["command"], step["message"]) for step in steps}
    assert found["migrate"][0] == "invoke migrate"
    assert found["restart"] == (None, "a running server and its worker see the change after a restart")


def test_migrations_wait_for_the_rows_of_other_plugins(instance, make_case):
    options = ("--database", make_case("sqlite3").url, "--plugin-dir", "plugins")
    instance.wheel("beta", mixins="AppMixin")
    assert instance.run("install", "inventree-beta", *options).code == 0
    folder = instance.folder / "plugins"
    folder.mkdir()
    text = "from plugin import InvenTreePlugin\nclass Other(InvenTreePlugin):\n    NAME = SLUG = 'other'\n"
    (folder / "other.py").write_text(text)
    for words in (("--dry-run",), ()):
        steps = instance.run("enable", "beta", "--json", *words, *options).json["next_steps"]
        (step,) = (each for each in steps if each["code"] == "migrate")
        assert step["command"].startswith("invplug ")
        assert step["command"].endswith(" discover && invoke migrate")
        assert "does nothing while a plugin has no row" in step["message"]


def test_static_files_beside_the_module_are_to_be_collected(instance):
    instance.wheel("gamma", modules={"inventree_gamma/static/gamma.js": "//"})
    instance.run("install", "inventree-gamma")
    codes = [step["code"] for step in instance.run("enable", "gamma", "--json").json["next_steps"]]
    assert codes == ["collect-static", "restart"]


def test_plugin_support_off_is_told(two, monkeypatch):
    monkeypatch.setenv("INVENTREE_PLUGINS_ENABLED", "false")
    result = two.run("enable", "alpha")
    assert result.code == 0
    assert "plugin support is off" in result.err


def test_all_in_file_enables_what_plugins_txt_brings(two):
    two.plugins_file.write_text("inventree-beta\n")
    assert two.run("enable", "--all-in-file").code == 0
    assert two.active() == ["beta"]


def test_without_a_slug_is_a_usage_error(two):
    assert two.run("enable").code == 2
    assert two.run("disable").code == 2


def test_disable_and_disable_again(two):
    two.run("enable", "alpha", "beta")
    result = two.run("disable", "alpha", "--json")
    assert (result.code, result.json["changed"], result.data["disabled"]) == (0, True, ["alpha"])
    assert two.active() == ["beta"]
    again = two.run("disable", "alpha", "--json")
    assert (again.code, again.json["changed"], again.data["unchanged"]) == (0, False, ["alpha"])


def test_disable_needs_no_interpreter(two, invplug):
    two.run("enable", "alpha")
    result = invplug("disable", "alpha", "--python", os.devnull)
    assert result.code == 0
    assert two.active() == []


def test_disable_all_prints_how_to_come_back(two):
    two.run("enable", "alpha", "beta")
    result = two.run("disable", "--all")
    assert result.code == 0
    assert two.active() == []
    assert "to bring the same set back: `invplug " in result.err
    assert " enable --force alpha beta`" in result.err


def test_disable_of_an_unknown_slug_fails(two):
    result = two.run("disable", "gamma")
    assert result.code == 1
    assert "nothing provides a plugin `gamma`" in result.err


def test_mandatory_plugin_cannot_be_disabled(two, monkeypatch):
    monkeypatch.setenv("INVENTREE_PLUGINS_MANDATORY", "alpha")
    two.run("enable", "alpha", "beta")
    result = two.run("disable", "beta", "alpha")
    assert result.code == 1
    assert "`alpha` is mandatory" in result.err
    assert "INVENTREE_PLUGINS_MANDATORY" in result.err
    assert two.active() == ["beta"]
    assert two.run("disable", "--all").code == 0
    assert two.active() == []


def test_aliases_do_the_same(two):
    assert two.run("activate", "alpha", "--json").json["command"] == "enable"
    assert two.active() == ["alpha"]
    assert two.run("deactivate", "alpha").code == 0
    assert two.active() == []
