"""The nine mixins, each by what a plugin gets from it."""

from __future__ import annotations

import hashlib

import pytest

from inventree_plugins.sdk import (
    ActionMixin,
    AppMixin,
    BarcodeMixin,
    EventMixin,
    InvenTreePlugin,
    MemoryRuntime,
    MixinImplementationError,
    MixinNotImplementedError,
    NavigationMixin,
    ScheduleMixin,
    UrlsMixin,
)


def made(*bases, **attributes):
    cls = type("Made", (*bases, InvenTreePlugin), {"NAME": "My Plugin", **attributes})
    plugin = cls()
    plugin._runtime = MemoryRuntime()
    return plugin


def test_an_action_performs_and_answers():
    done = []
    plugin = made(
        ActionMixin,
        perform_action=lambda self, user=None, data=None: done.append((user, data)),
        get_result=lambda self, user=None, data=None: bool(done),
        get_info=lambda self, user=None, data=None: {"seen": data},
    )
    assert plugin.action_name() == "My Plugin"
    assert made(ActionMixin, ACTION_NAME="go").action_name() == "go"
    plugin.perform_action("ada", {"x": 1})
    assert done == [("ada", {"x": 1})]
    assert plugin.get_response("ada", 7) == {"action": "My Plugin", "result": True, "info": {"seen": 7}}
    bare = made(ActionMixin)
    assert bare.perform_action() is None
    assert bare.get_response() == {"action": "My Plugin", "result": False, "info": None}


def test_a_barcode_that_nobody_knows_is_none():
    assert made(BarcodeMixin).scan("x") is None
    assert made(BarcodeMixin).has_barcode
    plugin = made(BarcodeMixin, scan=lambda self, data, **_: {"part": data})
    assert plugin.scan("7") == {"part": "7"}


def test_a_plugin_may_make_barcodes():
    assert not made(BarcodeMixin).has_barcode_generation
    with pytest.raises(NotImplementedError, match="`generate`"):
        made(BarcodeMixin).generate(None)
    assert made(BarcodeMixin, generate=lambda self, item: f"X{item}").has_barcode_generation


def test_a_barcode_plugin_of_2022_finds_what_it_calls():
    plugin = made(BarcodeMixin)
    plugin.init(" abc\x1d ")
    assert plugin.data == " abc\x1d "
    assert plugin.hash() == hashlib.md5(b"abc").hexdigest()
    assert plugin.validate() is False
    found = (plugin.getPart, plugin.getStockItem, plugin.getStockItemByHash, plugin.getStockLocation)
    assert [each() for each in found] == [None] * 4
    for render in (plugin.renderPart, plugin.renderStockItem, plugin.renderStockLocation):
        with pytest.raises(MixinNotImplementedError, match="render"):
            render(1)


def test_an_event_wants_a_handler():
    plugin = made(EventMixin)
    assert plugin.wants_process_event("part.created")
    with pytest.raises(MixinNotImplementedError) as caught:
        plugin.process_event("part.created", 1)
    assert (caught.value.plugin, caught.value.mixin) == ("my-plugin", "events")


def test_an_app_says_so():
    assert made(AppMixin).has_app


def test_navigation_has_links_a_title_and_an_icon():
    plugin = made(NavigationMixin, NAVIGATION=[{"name": "N", "link": "plugin:x:y", "icon": "i"}])
    assert plugin.navigation == [{"name": "N", "link": "plugin:x:y", "icon": "i"}]
    assert (plugin.has_navigation, plugin.navigation_name) == (True, "My Plugin")
    assert plugin.navigation_icon == "fas fa-question"
    named = made(NavigationMixin, NAVIGATION_TAB_NAME="Tab", NAVIGATION_TAB_ICON="fas fa-x")
    assert (named.has_navigation, named.navigation_name, named.navigation_icon) == (False, "Tab", "fas fa-x")


@pytest.mark.parametrize("link", [{"name": "N"}, {"link": "L"}, {}])
def test_a_link_without_name_or_link_is_an_error(link):
    with pytest.raises(MixinNotImplementedError, match="NAVIGATION") as caught:
        made(NavigationMixin, NAVIGATION=[link])
    assert (caught.value.plugin, caught.value.mixin) == ("my-plugin", "navigation")


@pytest.mark.parametrize("links", [5, "name link", {"name": "N", "link": "L"}, [None], ["name link"]])
def test_what_is_no_list_of_links_is_an_error(links):
    with pytest.raises(MixinImplementationError, match="must be") as caught:
        made(NavigationMixin, NAVIGATION=links)
    assert (caught.value.plugin, caught.value.mixin) == ("my-plugin", "navigation")


def test_tasks_are_named_after_the_plugin():
    tasks = {"a": {"func": "go", "schedule": "I", "minutes": 5}, "b": {"func": "x.y", "schedule": "d"}}
    plugin = made(ScheduleMixin, SCHEDULED_TASKS=tasks)
    plugin.validate_scheduled_tasks()
    assert plugin.has_scheduled_tasks
    assert plugin.get_task_names() == ["plugin.my-plugin.a", "plugin.my-plugin.b"]


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        (None, "no task"),
        (["a"], "dictionary"),
        ({"a": None}, "dictionary"),
        ({"a": {"func": None, "schedule": "D"}}, "`func`"),
        ({"a": {"schedule": "D"}}, "`func`"),
        ({"a": {"func": "f"}}, "`schedule`"),
        ({"a": {"func": "f", "schedule": "Z"}}, "`Z`"),
        ({"a": {"func": "f", "schedule": "I"}}, "`minutes`"),
    ],
)
def test_a_task_that_no_server_can_run_is_an_error(tasks, words):
    with pytest.raises(MixinImplementationError, match=words) as caught:
        made(ScheduleMixin, SCHEDULED_TASKS=tasks).validate_scheduled_tasks()
    assert (caught.value.plugin, caught.value.mixin) == ("my-plugin", "schedule")


def test_tasks_are_registered_by_taking_note_of_them():
    tasks = {"a": {"func": "go", "schedule": "D"}}
    plugin = made(ScheduleMixin, SCHEDULED_TASKS=tasks)
    assert plugin.scheduled_tasks == []
    plugin.register_tasks()
    assert plugin.scheduled_tasks == tasks
    plugin.unregister_tasks()
    assert plugin.scheduled_tasks == []
    with pytest.raises(MixinImplementationError):
        made(ScheduleMixin).register_tasks()


def test_a_task_that_a_plugin_adds_is_not_the_next_ones():
    class Adds(ScheduleMixin, InvenTreePlugin):
        NAME = "adds"

        def __init__(self):
            super().__init__()
            self.SCHEDULED_TASKS["a"] = {"func": "go", "schedule": "D"}

    assert Adds().get_task_names() == ["plugin.adds.a"]
    assert not made(ScheduleMixin).has_scheduled_tasks
    assert ScheduleMixin.SCHEDULED_TASKS == {}


def test_urls_have_a_place_and_a_name():
    django = pytest.importorskip("django")
    assert django
    from django.conf import settings
    from django.urls import path

    if not settings.configured:
        settings.configure()
    plugin = made(UrlsMixin, URLS=[path("hello/", lambda request: None, name="hello")])
    assert (plugin.base_url, plugin.internal_name) == ("plugin/my-plugin/", "plugin:my-plugin:")
    assert plugin.urlpatterns == plugin.URLS
    assert made(UrlsMixin).urlpatterns is None
    assert made(UrlsMixin, setup_urls=lambda self: ["u"]).has_urls
