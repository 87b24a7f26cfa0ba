"""Settings: values, defaults, validators, and those that each user has."""

from __future__ import annotations

import sys
import threading

import pytest

from inventree_plugins.sdk import InvenTreePlugin, MemoryRuntime, SettingsMixin, SettingValueError


def made(*bases, **attributes):
    cls = type("Made", (*bases, InvenTreePlugin), {"NAME": "My Plugin", **attributes})
    plugin = cls()
    plugin._runtime = MemoryRuntime()
    return plugin


SETTINGS = {
    "FLAG": {"default": False, "validator": bool},
    "COUNT": {"default": 5, "validator": [int]},
    "RATIO": {"validator": float},
    "MODE": {"choices": [("a", "A"), ("b", "B")], "default": "a"},
    "TEXT": {},
    "NEEDED": {"required": True},
    "LATE": {"default": lambda: "made"},
}


def test_settings_come_back_as_their_definition_says():
    plugin = made(SettingsMixin, SETTINGS=SETTINGS)
    assert plugin.get_settings_dict() == {
        "FLAG": False,
        "COUNT": 5,
        "RATIO": None,
        "MODE": "a",
        "TEXT": None,
        "NEEDED": None,
        "LATE": "made",
    }
    assert plugin.check_settings() == (False, ["NEEDED"])
    for key, value in {
        "flag": "yes",
        "COUNT": "7",
        "RATIO": "2.50",
        "MODE": "b",
        "TEXT": None,
        "NEEDED": "x",
    }.items():
        plugin.set_setting(key, value)
    stored = plugin._runtime.stored_settings("my-plugin")
    assert stored == {"FLAG": "True", "COUNT": "7", "RATIO": "2.5", "MODE": "b", "TEXT": "", "NEEDED": "x"}
    found = {key: plugin.get_setting(key) for key in ("FLAG", "count", "RATIO", "MODE", "TEXT")}
    assert found == {"FLAG": True, "count": 7, "RATIO": "2.5", "MODE": "b", "TEXT": ""}
    assert plugin.check_settings() == (True, [])
    # All of them come as they are stored.
    assert plugin.get_settings_dict() == {**stored, "LATE": "made"}
    assert plugin.get_setting("UNKNOWN", backup_value=9) == 9


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("COUNT", each) for each in ("x", "", None, 2.5, True, float("inf"), "1e3")),
        *(("RATIO", each) for each in ("x", None, True)),
        *(("MODE", each) for each in ("c", "", None)),
    ],
)
def test_a_value_that_the_definition_refuses_is_not_stored(key, value):
    plugin = made(SettingsMixin, SETTINGS=SETTINGS)
    with pytest.raises(SettingValueError) as caught:
        plugin.set_setting(key, value)
    assert (caught.value.plugin, caught.value.mixin) == ("my-plugin", "settings")
    assert plugin._runtime.stored_settings("my-plugin") == {}


def test_validators_of_the_plugin_are_asked():
    def positive(value):
        if value < 0:
            raise ValueError("negative")

    plugin = made(SettingsMixin, SETTINGS={"N": {"validator": [int, positive]}})
    plugin.set_setting("N", "3")
    with pytest.raises(ValueError, match="negative"):
        plugin.set_setting("N", "-3")
    assert plugin.get_setting("N") == 3


def test_the_configuration_beats_the_store():
    class Decided(MemoryRuntime):
        def overrides(self, slug):
            return {"COUNT": "9"} if slug == "my-plugin" else {}

    plugin = made(SettingsMixin, SETTINGS=SETTINGS)
    plugin._runtime = Decided()
    plugin.set_setting("COUNT", 4)
    # As it stands there: the server converts nothing.
    assert plugin.get_setting("count") == "9"


def test_two_plugins_do_not_share_settings():
    runtime = MemoryRuntime()
    one, two = made(SettingsMixin, SETTINGS=SETTINGS), made(SettingsMixin, SETTINGS=SETTINGS, NAME="Two")
    one._runtime = two._runtime = runtime
    one.set_setting("COUNT", 1)
    assert (one.get_setting("COUNT"), two.get_setting("COUNT")) == (1, 5)


def test_choices_may_be_made_by_a_function():
    asked = []

    def choices(**kwargs):
        asked.append(kwargs)
        return [("a", "A"), ("b", "B")]

    plugin = made(SettingsMixin, SETTINGS={"MODE": {"choices": choices}})
    plugin.set_setting("MODE", "b")
    with pytest.raises(SettingValueError, match="choice"):
        plugin.set_setting("MODE", "c")
    assert (plugin.get_setting("MODE"), len(asked)) == ("b", 2)


@pytest.mark.parametrize("error", [ValueError("no"), KeyError("no"), TypeError("no"), AssertionError("no")])
def test_whatever_a_validator_raises_is_told_of_as_a_bad_value(error):
    def validator(value):
        raise error

    plugin = made(SettingsMixin, SETTINGS={"N": {"validator": validator}})
    with pytest.raises(SettingValueError, match="no") as caught:
        plugin.set_setting("N", "3")
    assert (caught.value.plugin, caught.value.mixin) == ("my-plugin", "settings")
    assert plugin._runtime.stored_settings("my-plugin") == {}


def test_validators_of_django_are_asked():
    validators = pytest.importorskip("django.core.validators")
    plugin = made(
        SettingsMixin, SETTINGS={"N": {"validator": [int, validators.MinValueValidator(0, "too small")]}}
    )
    with pytest.raises(SettingValueError, match="too small"):
        plugin.set_setting("N", -1)
    plugin.set_setting("N", 1)
    assert plugin.get_setting("N") == 1


def test_nested_validators_are_asked():
    plugin = made(SettingsMixin, SETTINGS={"N": {"validator": [[int]]}})
    with pytest.raises(SettingValueError, match="whole number"):
        plugin.set_setting("N", "x")
    plugin.set_setting("N", "3")
    # As on a server, only those of the outer list decide what comes back.
    assert plugin.get_setting("N") == "3"


def test_a_refused_value_that_is_protected_is_not_shown():
    def validator(value):
        raise ValueError(value)

    definitions = {"A": {"validator": validator, "protected": True}, "B": {"validator": int, "protected": 1}}
    plugin = made(SettingsMixin, SETTINGS=definitions)
    for key in definitions:
        with pytest.raises(SettingValueError, match=key) as caught:
            plugin.set_setting(key, "s3cret")
        assert "s3cret" not in str(caught.value)


def test_a_definition_may_watch_its_setting_being_saved():
    seen = []

    def before(setting):
        seen.append(
            ("before", setting.key, setting.value, dict(plugin._runtime.stored_settings("my-plugin")))
        )
        setting.value = "w"

    def after(setting):
        seen.append(("after", setting.key, setting.value, plugin.get_setting("A")))

    plugin = made(SettingsMixin, SETTINGS={"A": {"before_save": before, "after_save": after}})
    plugin.set_setting("a", "v")
    assert seen == [("before", "A", "v", {}), ("after", "A", "w", "w")]


def test_more_arguments_of_servers_are_taken():
    plugin = made(SettingsMixin)
    plugin.set_setting("X", 1, user=None, notify=True)
    assert plugin.get_setting("X", cache=True) == "1"


@pytest.mark.parametrize(
    ("definition", "stored", "is_missing"),
    [
        ({}, None, True),
        ({}, "", True),
        ({"default": None}, None, False),
        ({"default": "q"}, "", False),
        ({"validator": bool}, "False", True),
        ({"validator": bool}, "True", False),
        ({"validator": int}, "0", True),
        ({"validator": int}, "1", False),
    ],
)
def test_what_a_server_misses_is_missing(definition, stored, is_missing):
    plugin = made(SettingsMixin, SETTINGS={"A": {**definition, "required": True}})
    if stored is not None:
        plugin._runtime.store_setting("my-plugin", "A", stored)
    assert plugin.check_settings() == (not is_missing, ["A"] if is_missing else [])


def test_definitions_may_be_assigned():
    class Assigns(SettingsMixin, InvenTreePlugin):
        NAME = "assigns"

        def __init__(self):
            super().__init__()
            self.settings = {"A": {"default": 1}}
            self.user_settings = {"B": {"default": 2}}

    plugin = Assigns()
    assert (plugin.get_setting("A"), plugin.get_user_setting("B", 1)) == (1, 2)


def test_what_a_plugin_adds_to_its_definitions_is_not_the_next_ones():
    class Adds(SettingsMixin, InvenTreePlugin):
        NAME = "adds"

        def __init__(self):
            super().__init__()
            self.SETTINGS["A"] = {"default": 1}

    assert Adds().get_setting("A") == 1
    assert made(SettingsMixin).settings == {}


class User:
    def __init__(self, **attributes):
        vars(self).update(attributes)


def test_each_user_has_settings_of_his_own():
    plugin = made(SettingsMixin, USER_SETTINGS={"SIZE": {"default": 3, "validator": int}})
    assert plugin.mixin_enabled("settings")
    assert plugin.user_settings == plugin.USER_SETTINGS
    assert plugin.get_user_setting("size", 1) == 3
    plugin.set_user_setting("size", "5", User(pk=1))
    plugin.set_user_setting("SIZE", 6, User(id=2))
    found = [plugin.get_user_setting("SIZE", each) for each in (1, User(pk=1, id=7), User(id=2), 3)]
    assert found == [5, 5, 6, 3]
    assert plugin._runtime.stored_user_settings("my-plugin", 1) == {"SIZE": "5"}
    assert plugin._runtime.stored_settings("my-plugin") == {}
    with pytest.raises(SettingValueError):
        plugin.set_user_setting("SIZE", "x", 1)
    for nobody in (None, User(pk=None), "ada"):
        with pytest.raises(TypeError, match="user"):
            plugin.get_user_setting("SIZE", nobody)


def test_classes_without_a_name_share_no_settings():
    class One(SettingsMixin, InvenTreePlugin):
        pass

    class Two(SettingsMixin, InvenTreePlugin):
        pass

    One().set_setting("K", "mine")
    assert (One().get_setting("K"), Two().get_setting("K")) == ("mine", "")


def test_settings_are_stored_under_the_key_of_the_plugin():
    plugin = made(SettingsMixin, NAME="New Name", PLUGIN_SLUG="older")
    plugin.set_setting("A", "x")
    assert plugin._runtime.stored_settings("new-name") == {"A": "x"}


def test_settings_are_read_while_others_write():
    plugin = made(SettingsMixin)
    failed, done = [], threading.Event()

    def write():
        for number in range(4000):
            plugin.set_setting(f"K{number}", "x")
        done.set()

    def read():
        try:
            while not done.is_set():
                plugin.get_setting("K1")
        except RuntimeError as error:
            failed.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=each) for each in (write, read, read)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert failed == []


def test_what_is_stored_cannot_be_changed_by_who_reads_it():
    runtime = MemoryRuntime()
    runtime.store_setting("x", "A", "1")
    runtime.stored_settings("x")["A"] = "2"
    assert runtime.stored_settings("x") == {"A": "1"}
