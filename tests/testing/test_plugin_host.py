"""The host of one test: what it enables, what it raises, and what it asks plugins."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from inventree_plugins.host import NoSuchActionError
from inventree_plugins.sdk import (
    ActionMixin,
    BarcodeMixin,
    EventMixin,
    InvenTreePlugin,
    MixinImplementationError,
    MixinNotImplementedError,
    NavigationMixin,
    PluginError,
    ScheduleMixin,
    SettingsMixin,
    SettingValueError,
)
from tests.builders import install_folder

NOON = datetime(2026, 8, 1, 12, tzinfo=timezone.utc)
MODULE = """
from plugin import InvenTreePlugin
from plugin.mixins import SettingsMixin


class Base(SettingsMixin, InvenTreePlugin):
    pass


class Box:
    class Inner(Base):
        NAME = "Inner"


class Shelf(Base):
    NAME = "Shelf"
    SETTINGS = {"COLOUR": {"name": "Colour", "default": "red"}}
"""


def even(value):
    if value % 2:
        raise ValueError("must be even")


class Bag(SettingsMixin, InvenTreePlugin):
    NAME = "Bag"
    SETTINGS = {
        "COUNT": {"name": "Count", "default": 2, "validator": int},
        "EVEN": {"name": "Even", "default": 2, "validator": [int, even]},
        "OPEN": {"name": "Open", "default": False, "validator": bool},
        "SIZE": {"name": "Size", "default": "s", "choices": [("s", "Small"), ("l", "Large")]},
        "TOKEN": {"name": "Token", "default": "", "protected": True},
    }


class Diary(EventMixin, BarcodeMixin, ActionMixin, InvenTreePlugin):
    NAME = "Diary"
    ACTION_NAME = "write"

    def __init__(self):
        super().__init__()
        self.lines = []

    def process_event(self, event, *args, **kwargs):
        self.lines.append((event, args, kwargs))

    def scan(self, barcode_data, user=None):
        return {"diary": barcode_data, "user": user} if barcode_data.startswith("D") else None

    def perform_action(self, user=None, data=None):
        self.lines.append((user, data))

    def get_result(self, user=None, data=None):
        return True


class Clumsy(EventMixin, BarcodeMixin, ActionMixin, ScheduleMixin, InvenTreePlugin):
    NAME = "Clumsy"
    SCHEDULED_TASKS = {"fall": {"func": "fall", "schedule": "H"}}

    def fall(self, *args, **kwargs):
        raise ZeroDivisionError("oops")

    process_event = scan = perform_action = fall


class Alarm(ScheduleMixin, InvenTreePlugin):
    NAME = "Alarm"
    SCHEDULED_TASKS = {
        "often": {"func": "ring", "schedule": "I", "minutes": 10},
        "monthly": {"func": "ring", "schedule": "M"},
        "once": {"func": "ring", "schedule": "D", "repeats": 1},
    }

    def __init__(self):
        super().__init__()
        self.rings = 0

    def ring(self):
        self.rings += 1


def last_line(caught):
    """Return the file of the innermost frame, and its line, counted from 0."""
    frame = caught.traceback[-1]
    return str(frame.path), frame.lineno


# Enabling.


def test_a_plugin_is_active_with_its_settings_when_it_is_constructed(host):
    class Early(SettingsMixin, InvenTreePlugin):
        NAME = "Early"
        SETTINGS = {"WHEN": {"name": "When", "default": "late"}}

        def __init__(self):
            super().__init__()
            self.found = self.get_setting("WHEN")

    early = host.enable(Early, settings={"WHEN": "early"})
    assert (early.found, early.is_active()) == ("early", True)
    assert list(host.host.plugins) == ["early"]


@pytest.mark.parametrize("form", ["shelves.core:Shelf", "shelves.core:Box.Inner", "class"])
def test_a_plugin_is_given_by_name_or_class(host, modules, form):
    modules.write("shelves/__init__.py", "")
    modules.write("shelves/core.py", MODULE)
    found = host.enable(form if form != "class" else Bag)
    assert type(found).__qualname__ == (form.partition(":")[2] or "Bag")


def test_a_module_with_one_plugin_is_enough(host, modules):
    modules.write("shelf.py", MODULE)
    shelf = host.enable("shelf", settings={"COLOUR": "blue"})
    assert (shelf.name, shelf.get_setting("COLOUR")) == ("Shelf", "blue")


def test_two_modules_may_have_classes_of_one_name(host, modules):
    for name in ("first", "second"):
        modules.write(f"{name}.py", MODULE.replace('"Shelf"', f'"{name}"'))
    assert [host.enable(f"{name}:Shelf").name for name in ("first", "second")] == ["first", "second"]


def test_a_class_may_be_given_by_a_name_that_it_is_exported_by(host, modules):
    modules.write("shelf.py", f"{MODULE}\n\nExported = Shelf\n")
    assert host.enable("shelf:Exported").name == "Shelf"


def test_imports_of_plugin_end_with_the_plugin(host, modules):
    modules.write("shelf.py", MODULE)
    host.enable("shelf")
    with pytest.raises(ModuleNotFoundError):
        __import__("plugin")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("import os\n", "empty"),
        ("from plugin import InvenTreePlugin\n\n\nclass Nameless(InvenTreePlugin):\n    pass\n", "empty"),
        (MODULE + "\n\nclass Second(Base):\n    NAME = 'Second'\n", "empty"),
    ],
    ids=["none", "nameless", "two"],
)
def test_a_module_without_exactly_one_plugin_is_refused(host, modules, text, named):
    modules.write("empty.py", text)
    with pytest.raises(
        LookupError, match=f"`{named}` (is no class of a plugin with a `NAME`|has several plugins: name one)"
    ):
        host.enable(named)


def test_a_class_without_a_name_is_refused(host):
    class Nameless(InvenTreePlugin):
        pass

    with pytest.raises(PluginError, match=r"`.*Nameless` has no `NAME`"):
        host.enable(Nameless)


def test_what_is_no_plugin_is_refused(host, modules):
    modules.write("things.py", "class Thing:\n    pass\n\n\nnumber = 1\n")
    for name in ("things:Thing", "things:number"):
        with pytest.raises(TypeError, match="is no plugin class"):
            host.enable(name)


def test_a_module_that_is_not_there_and_a_name_that_is_not_in_it(host):
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        host.enable("no_such_module:Plugin")
    with pytest.raises(AttributeError, match="NoSuchPlugin"):
        host.enable("json:NoSuchPlugin")


def test_two_plugins_at_once_keep_apart(host):
    diary, bag = host.enable(Diary), host.enable(Bag, settings={"COUNT": 5})
    assert host.host.plugins == {"diary": diary, "bag": bag}
    host.disable("bag")
    assert host.host.plugins == {"diary": diary}
    assert host.host.get("bag") is None


def test_enabled_again_it_is_there_with_the_settings_that_it_had(host):
    first = host.enable(Bag, settings={"COUNT": 5})
    host.disable("bag")
    second = host.enable(Bag)
    assert first is not second
    assert second.get_setting("COUNT") == 5


def test_enabling_twice_changes_only_the_settings(host):
    bag = host.enable(Bag)
    assert host.enable(Bag, settings={"COUNT": 7}) is bag
    assert bag.get_setting("COUNT") == 7


def test_metadata_comes_from_the_package_whose_entry_point_names_the_class(host, modules):
    modules.write("shelf.py", MODULE)
    points = "[inventree_plugins]\nshelf = shelf:Shelf\n"
    install_folder(modules.folder, "my-shelf", "3.1", entry_points=points)
    assert host.enable("shelf:Shelf").version == "3.1"


# Failures.


def test_a_failing_import_is_raised_with_its_type_and_place(host, modules):
    file = modules.write("torn.py", "from plugin import InvenTreePlugin\n\nprint(1 / 0)\n")
    with pytest.raises(ZeroDivisionError) as caught:
        host.enable("torn:Torn")
    assert last_line(caught) == (str(file), 2)


def test_a_failing_constructor_is_raised_with_its_type_and_place(host):
    class Late(InvenTreePlugin):
        NAME = "Late"

        def __init__(self):
            super().__init__()
            raise PermissionError("not today")

    with pytest.raises(PermissionError, match="not today") as caught:
        host.enable(Late)
    assert last_line(caught)[0] == __file__
    assert host.host.plugins == {}


def test_a_plugin_that_failed_can_be_enabled_when_it_is_mended(host, modules):
    file = modules.write("mended.py", MODULE.replace('"Shelf"\n', '"Shelf"\n    broken = 1 / 0\n'))
    with pytest.raises(ZeroDivisionError):
        host.enable("mended:Shelf")
    file.write_text(MODULE, encoding="utf-8")
    assert host.enable("mended:Shelf").name == "Shelf"


def test_after_a_failure_another_plugin_of_the_same_module_is_enabled(host, modules):
    modules.write("shelf.py", MODULE)
    with pytest.raises(AttributeError, match="Misspelt"):
        host.enable("shelf:Misspelt")
    assert host.enable("shelf:Shelf").name == "Shelf"


def test_errors_of_mixins_keep_their_kind(host):
    class Unnamed(NavigationMixin, InvenTreePlugin):
        NAME = "Unnamed"
        NAVIGATION = [{"name": "a link to nowhere"}]

    class Never(ScheduleMixin, InvenTreePlugin):
        NAME = "Never"
        SCHEDULED_TASKS = {"never": {"func": "never", "schedule": "never"}}

    class Idle(EventMixin, InvenTreePlugin):
        NAME = "Idle"

    with pytest.raises(MixinNotImplementedError, match="`unnamed` must give a `link`"):
        host.enable(Unnamed)
    with pytest.raises(MixinImplementationError, match="the schedule `never`"):
        host.enable(Never)
    host.enable(Idle)
    with pytest.raises(MixinNotImplementedError, match="`process_event`") as caught:
        host.trigger("anything")
    assert (caught.value.plugin, caught.value.mixin) == ("idle", "events")


def test_a_version_that_no_server_can_read_is_refused(host):
    class Old(InvenTreePlugin):
        NAME = "Old"
        MAX_VERSION = "1.5"

    with pytest.raises(PluginError, match="fewer than three parts"):
        host.enable(Old)


@pytest.mark.parametrize(
    "ask",
    [
        lambda host, now: host.trigger("anything"),
        lambda host, now: host.scan("D1"),
        lambda host, now: host.perform_action("Clumsy"),
        lambda host, now: host.run_due_tasks(now),
    ],
    ids=["event", "barcode", "action", "task"],
)
def test_what_a_plugin_raises_when_asked_is_raised_each_time(host, ask):
    clumsy = host.enable(Clumsy)
    for hours in range(2):
        with pytest.raises(ZeroDivisionError, match="oops") as caught:
            ask(host, NOON + timedelta(hours=hours))
        # The line below `def fall`.
        assert last_line(caught) == (__file__, Clumsy.fall.__code__.co_firstlineno)
    assert host.host.plugins == {"clumsy": clumsy}


def test_a_failing_plugin_keeps_no_event_from_others(host):
    host.enable(Clumsy)
    diary = host.enable(Diary)
    with pytest.raises(ZeroDivisionError):
        host.trigger("part.created", id=3)
    assert diary.lines == [("part.created", (), {"id": 3})]


# Settings.


def test_settings_are_converted_on_the_way_out(host):
    bag = host.enable(Bag, settings={"COUNT": "7", "OPEN": "yes"})
    assert (bag.get_setting("COUNT"), bag.get_setting("OPEN")) == (7, True)
    host.set_setting("bag", "OPEN", False)
    host.set_setting("bag", "COUNT", 8)
    assert (bag.get_setting("COUNT"), bag.get_setting("OPEN")) == (8, False)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("COUNT", "many", "whole number"),
        ("EVEN", 3, "must be even"),
        ("SIZE", "m", "no such choice"),
    ],
)
def test_what_a_definition_does_not_allow_is_refused_when_enabling_and_later(host, key, value, reason):
    with pytest.raises(SettingValueError, match=reason):
        host.enable(Bag, settings={key: value})
    bag = host.enable(Bag)
    before = bag.get_setting(key)
    with pytest.raises(SettingValueError, match=f"`{key}`.*{reason}"):
        host.set_setting("bag", key, value)
    assert bag.get_setting(key) == before


def test_choices_and_validators_let_the_others_pass(host):
    bag = host.enable(Bag, settings={"SIZE": "l", "EVEN": 4})
    assert [bag.get_setting(key) for key in ("SIZE", "EVEN")] == ["l", 4]


def test_a_protected_setting_is_the_plugins_to_read(host):
    bag = host.enable(Bag, settings={"TOKEN": "secret"})
    assert bag.get_setting("TOKEN") == "secret"
    host.set_setting("bag", "TOKEN", "other")
    assert bag.get_setting("TOKEN") == "other"


def test_a_protected_value_is_in_no_message(host):
    class Safe(SettingsMixin, InvenTreePlugin):
        NAME = "Safe"
        SETTINGS = {"PIN": {"name": "PIN", "default": 1, "validator": int, "protected": True}}

    host.enable(Safe)
    with pytest.raises(SettingValueError, match="PIN") as caught:
        host.set_setting("safe", "PIN", "hunter2")
    assert "hunter2" not in str(caught.value)


def test_settings_without_a_definition_are_kept_as_text(host):
    bag = host.enable(Bag, settings={"ELSE": 3})
    assert bag.get_setting("ELSE") == "3"


def test_only_an_active_plugin_has_settings_to_set(host):
    with pytest.raises(LookupError, match="bag"):
        host.set_setting("bag", "COUNT", 1)


# Events, barcodes, actions.


def test_events_are_delivered_in_order_before_the_test_goes_on(host):
    diary = host.enable(Diary)
    for number in range(20):
        host.trigger("counted", number)
    assert diary.lines == [("counted", (number,), {}) for number in range(20)]


def test_an_event_that_nobody_hears_is_no_error(host):
    host.trigger("anything")
    host.enable(Bag)
    host.trigger("anything")


def test_a_barcode_with_and_without_a_user(host):
    host.enable(Diary)
    assert host.scan("D1") == {"diary": "D1", "user": None}
    assert host.scan("D1", "ada") == {"diary": "D1", "user": "ada"}
    assert host.scan("E1") is None


def test_an_action_and_one_that_nobody_has(host):
    diary = host.enable(Diary)
    assert host.perform_action("write", "ada", {"a": 1}) == {"action": "write", "result": True, "info": None}
    assert diary.lines == [("ada", {"a": 1})]
    with pytest.raises(NoSuchActionError, match="`dance`"):
        host.perform_action("dance")


# Tasks.


def test_tasks_are_due_at_the_times_that_a_test_gives(host):
    alarm = host.enable(Alarm)
    often, monthly, once = (f"plugin.alarm.{key}" for key in ("often", "monthly", "once"))
    assert host.run_due_tasks(NOON) == [often, monthly, once]
    assert host.run_due_tasks(NOON + timedelta(minutes=9, seconds=59)) == []
    assert host.run_due_tasks(NOON + timedelta(minutes=10)) == [often]
    assert host.run_due_tasks(NOON + timedelta(days=30)) == [often]
    assert host.run_due_tasks(NOON.replace(month=9)) == [often, monthly]
    assert alarm.rings == 7


def test_a_time_without_a_zone_is_local_time(host):
    host.enable(Alarm)
    assert len(host.run_due_tasks(NOON)) == 3
    local = (NOON + timedelta(minutes=10)).astimezone().replace(tzinfo=None)
    assert host.run_due_tasks(local) == ["plugin.alarm.often"]


def test_without_a_time_it_is_now(host):
    host.enable(Alarm)
    assert len(host.run_due_tasks()) == 3
    assert host.run_due_tasks() == []


def test_a_disabled_plugin_has_no_tasks(host):
    host.enable(Alarm)
    host.disable("alarm")
    assert host.run_due_tasks(NOON) == []
