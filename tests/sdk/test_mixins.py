"""The nine mixins, each by what a plugin gets from it."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from inventree_plugins.sdk import (
    ActionMixin,
    APICallError,
    APICallMixin,
    AppMixin,
    BarcodeMixin,
    EventMixin,
    InvenTreePlugin,
    MemoryRuntime,
    MixinImplementationError,
    MixinNotImplementedError,
    NavigationMixin,
    ScheduleMixin,
    SettingsMixin,
    SettingValueError,
    UrlsMixin,
)


def made(*bases, **attributes):
    cls = type("Made", (*bases, InvenTreePlugin), {"NAME": "My Plugin", **attributes})
    plugin = cls()
    plugin.runtime = MemoryRuntime()
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


def test_urls_have_a_place_and_a_name():
    django = pytest.importorskip("django")
    assert django
    from django.conf import settings
    from django.urls import path

    if not settings.configured:
        settings.configure()
    plugin = made(UrlsMixin, URLS=[path("hello/", lambda request: None, name="hello")])
    assert (plugin.base_url, plugin.internal_name) == ("plugin/my-plugin/", "plugin:my-plugin:")
    assert plugin.urlpatterns.resolve("my-plugin/hello/").view_name == "my-plugin:hello"
    assert made(UrlsMixin).urlpatterns is None
    assert made(UrlsMixin, setup_urls=lambda self: ["u"]).has_urls


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
        "RATIO": "",
        "MODE": "a",
        "TEXT": "",
        "NEEDED": "",
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
    stored = plugin.runtime.stored_settings("my-plugin")
    assert stored == {"FLAG": "True", "COUNT": "7", "RATIO": "2.5", "MODE": "b", "TEXT": "", "NEEDED": "x"}
    found = {key: plugin.get_setting(key) for key in ("FLAG", "count", "RATIO", "MODE", "TEXT")}
    assert found == {"FLAG": True, "count": 7, "RATIO": "2.5", "MODE": "b", "TEXT": ""}
    assert plugin.check_settings() == (True, [])
    assert plugin.get_setting("UNKNOWN", backup_value=9) == 9


@pytest.mark.parametrize(("key", "value"), [("COUNT", "x"), ("COUNT", ""), ("RATIO", "x"), ("MODE", "c")])
def test_a_value_that_the_definition_refuses_is_not_stored(key, value):
    plugin = made(SettingsMixin, SETTINGS=SETTINGS)
    with pytest.raises(SettingValueError) as caught:
        plugin.set_setting(key, value)
    assert (caught.value.plugin, caught.value.mixin) == ("my-plugin", "settings")
    assert plugin.runtime.stored_settings("my-plugin") == {}


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
    plugin.runtime = Decided()
    plugin.set_setting("COUNT", 4)
    # As it stands there: the server converts nothing.
    assert plugin.get_setting("count") == "9"


def test_two_plugins_do_not_share_settings():
    runtime = MemoryRuntime()
    one, two = made(SettingsMixin, SETTINGS=SETTINGS), made(SettingsMixin, SETTINGS=SETTINGS, NAME="Two")
    one.runtime = two.runtime = runtime
    one.set_setting("COUNT", 1)
    assert (one.get_setting("COUNT"), two.get_setting("COUNT")) == (1, 5)


class Service(BaseHTTPRequestHandler):
    """Echo the request; the path says which status."""

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        if "slow" in self.path:
            time.sleep(1.5)
        status = 404 if "missing" in self.path else 302 if "away" in self.path else 200
        echo = {"method": self.command, "path": self.path, "body": body, "headers": dict(self.headers)}
        payload = b"no json" if "text" in self.path else json.dumps(echo).encode()
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"http://localhost:{self.server.server_port}/there")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_PATCH = answer  # noqa: N815 - the library's names

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def caller(service):
    attributes = {"API_METHOD": "http", "API_URL_SETTING": "URL", "API_TOKEN_SETTING": "TOKEN"}
    plugin = made(
        APICallMixin, SettingsMixin, SETTINGS={"URL": {}, "TOKEN": {}}, API_TIMEOUT=0.5, **attributes
    )
    plugin.set_setting("URL", service)
    plugin.set_setting("TOKEN", "t0ken")
    return plugin


def test_an_api_is_called_with_token_query_and_body(caller):
    answer = caller.api_call("/things", url_args={"ids": [1, 2], "q": "a b"})
    assert (answer["method"], answer["path"]) == ("GET", "/things?ids=1,2&q=a+b")
    assert answer["headers"]["Authorization"] == "Bearer t0ken"
    posted = caller.api_call("things", method="post", json={"x": 1}, headers={"X-Own": "yes"})
    assert (posted["method"], posted["body"], posted["headers"]["X-Own"]) == ("POST", '{"x": 1}', "yes")
    assert caller.api_call("things", method="PATCH", data={"a": "b c"})["body"] == "a=b+c"
    assert caller.api_call(f"{caller.api_url}/whole", endpoint_is_url=True)["path"] == "/whole"


def test_a_bad_status_is_an_error_of_its_own(caller):
    with pytest.raises(APICallError, match="404") as caught:
        caller.api_call("missing")
    assert (caught.value.status, caught.value.plugin, caught.value.mixin) == (404, "my-plugin", "api_call")
    assert caught.value.url.endswith("/missing")
    assert '"method"' in caught.value.body
    answer = caller.api_call("missing", simple_response=False)
    assert (answer.status_code, answer.json()["path"]) == (404, "/missing")


def test_the_token_goes_nowhere_else(caller):
    answer = caller.api_call("away")
    assert answer["path"] == "/there"
    assert "Authorization" not in answer["headers"]


def test_what_does_not_answer_or_not_in_json_is_an_error(caller):
    with pytest.raises(APICallError, match="JSON"):
        caller.api_call("text")
    assert caller.api_call("text", simple_response=False).text == "no json"
    with pytest.raises(APICallError, match="cannot reach") as caught:
        caller.api_call("slow")
    assert caught.value.status is None
    with pytest.raises(APICallError, match="cannot reach"):
        caller.api_call("a b")
    caller.set_setting("URL", "127.0.0.1:1")
    with pytest.raises(APICallError, match="cannot reach"):
        caller.api_call("x")
    with pytest.raises(ValueError, match="either"):
        caller.api_call("x", data="a", json="b")


def test_an_api_needs_both_settings_named_and_a_place_for_them():
    for attributes in ({}, {"API_URL_SETTING": "URL"}):
        plugin = made(APICallMixin, SettingsMixin, **attributes)
        with pytest.raises(MixinNotImplementedError, match="API_"):
            plugin.mixin_enabled("api_call")
    without = made(APICallMixin, API_URL_SETTING="URL", API_TOKEN_SETTING="TOKEN")
    assert without.mixin_enabled("api_call")
    with pytest.raises(MixinNotImplementedError, match="SettingsMixin"):
        without.api_call("x")
