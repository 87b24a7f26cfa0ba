"""Each mixin by its effect, through the host and the store."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from inventree_plugins.host import Link, NavigationTab, NoSuchActionError
from inventree_plugins.sdk import PluginError
from tests.builders import install_folder
from tests.host.conftest import failures_of, plugin_text

# Actions.

ACTION = """
ACTION_NAME = "shout"

def perform_action(self, user=None, data=None): self.heard = (user, data)
def get_result(self, user=None, data=None): return True
def get_info(self, user=None, data=None): return {"length": len(data)}
"""


def test_an_action_is_performed_by_its_name(world):
    world.plugin("Demo", "ActionMixin", body=ACTION)
    host = world.boot("demo")
    answer = host.perform_action("shout", "ada", ["hello"])
    assert answer == {"action": "shout", "result": True, "info": {"length": 1}}
    assert host.get("demo").heard == ("ada", ["hello"])


def test_an_action_without_a_name_has_the_plugins(world):
    world.plugin("Demo", "ActionMixin")
    host = world.boot("demo")
    assert host.perform_action("Demo") == {"action": "Demo", "result": False, "info": None}


def test_an_action_that_nobody_has_is_an_error_of_its_own(world):
    world.plugin("Demo", "ActionMixin", body=ACTION)
    world.plugin("Asleep", "ActionMixin")
    host = world.boot("demo")
    for name in ("", "Shout", "Demo", "Asleep", "nothing"):
        with pytest.raises(NoSuchActionError):
            host.perform_action(name)
    assert host.failures == ()


ODD = "class E(Exception):\n        def __str__(self): raise ValueError\n    raise E"
FAILING = {"error": "raise ValueError('no way')", "exit": "raise SystemExit", "odd": ODD}


@pytest.mark.parametrize("text", FAILING)
@pytest.mark.parametrize("method", ["perform_action", "get_result", "get_info", "get_response"])
def test_an_action_that_fails_is_an_error_and_told_of(world, text, method):
    body = f"ACTION_NAME = 'shout'\ndef {method}(self, user=None, data=None):\n    {FAILING[text]}"
    world.plugin("Demo", "ActionMixin", body=body)
    host = world.boot("demo")
    with pytest.raises(PluginError) as caught:
        host.perform_action("shout")
    assert not isinstance(caught.value, NoSuchActionError)
    assert (caught.value.plugin, caught.value.mixin) == ("demo", "action")
    assert [(each.slug, each.phase) for each in host.failures] == [("demo", "action")]


def test_a_second_plugin_with_the_action_steps_in(world):
    world.plugin(
        "Bad", "ActionMixin", body="ACTION_NAME = 'shout'\ndef perform_action(self, *a): raise ValueError"
    )
    world.plugin("Demo", "ActionMixin", body=ACTION)
    host = world.boot("bad", "demo")
    assert host.perform_action("shout", data="x")["result"] is True
    assert failures_of(host) == [("bad", "action", "ValueError")]


def test_a_plugin_that_cannot_say_its_actions_name_does_not_make_an_unknown_one_known(world):
    world.plugin("Bad", "ActionMixin", body="def action_name(self): raise ValueError")
    world.plugin("Demo", "ActionMixin", body=ACTION)
    host = world.boot("bad", "demo")
    assert host.perform_action("shout", data="x")["result"] is True
    with pytest.raises(NoSuchActionError):
        host.perform_action("nothing")


# Barcodes.


def scanner(world, name, text, *, signature="self, barcode_data"):
    world.plugin(name, "BarcodeMixin", body=f"def scan({signature}): return {text}")


def test_the_first_match_wins_in_the_order_of_the_sources(world):
    scanner(world, "One", "None")
    scanner(world, "Two", "{'two': barcode_data}")
    scanner(world, "Zero", "{'zero': barcode_data}")
    host = world.boot("one", "two", "zero")
    assert host.scan("x") == {"two": "x"}


def test_nobody_knows_the_barcode(world):
    scanner(world, "One", "None")
    assert world.boot("one").scan("x") is None
    assert world.host().scan("x") is None


SIGNATURES = {
    "self, barcode_data": "barcode_data",
    "self, barcode_data, user=None": "(barcode_data, user)",
    "self, barcode_data, user=None, **kwargs": "(barcode_data, user)",
    "self, barcode_data, user, **kwargs": "(barcode_data, user)",
    "self, barcode_data, *, user": "(barcode_data, user)",
    "self, barcode_data, **kwargs": "(barcode_data, kwargs['user'])",
    "self, code": "code",
    "self, *args": "args[0]",
    "self, *args, **kwargs": "(args[0], kwargs['user'])",
    "self, barcode_data, extra=5": "barcode_data",
}


@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_scan_is_called_as_it_was_written(world, signature):
    text = SIGNATURES[signature]
    scanner(world, "Demo", text, signature=signature)
    host = world.boot("demo")
    assert host.scan("x", user="ada") == (("x", "ada") if "," in text else "x")
    assert host.failures == ()


def test_a_static_or_wrapped_scan_is_called(world):
    body = """
    @staticmethod
    def scan(barcode_data): return barcode_data
    """
    world.plugin("Demo", "BarcodeMixin", body=body)
    wrapped = "@wraps\ndef scan(self, barcode_data): return barcode_data"
    before = "import functools\ndef wraps(f): return functools.wraps(f)(lambda *a, **k: f(*a, **k))"
    world.plugin("Wrapped", "BarcodeMixin", body=wrapped, before=before)
    assert world.boot("demo").scan("x") == "x"
    world.deactivate("demo")
    assert world.boot("wrapped").scan("x") == "x"


def test_false_and_empty_matches_are_matches(world):
    scanner(world, "One", "{}")
    scanner(world, "Two", "{'two': 2}")
    assert world.boot("one", "two").scan("x") == {}


def test_a_failing_plugin_with_an_old_slug_is_told_of_by_its_key(world):
    """An old slug beside a modern name is not its key (SPEC §2)."""
    body = "PLUGIN_SLUG = 'older'\ndef scan(self, barcode_data): raise ValueError"
    world.plugin("Demo", "BarcodeMixin", body=body)
    host = world.boot("demo")
    host.scan("x")
    assert list(host.plugins) == ["demo"]
    assert failures_of(host) == [("demo", "barcode", "ValueError")]


def test_a_plugin_with_an_old_slug_has_its_settings_under_its_key(world):
    world.plugin("Demo", "SettingsMixin", body="PLUGIN_SLUG = 'older'\n" + SETTINGS)
    host = world.boot("demo")
    host.get("demo").set_setting("NUMBER", 9)
    assert host.get("demo").get_setting("NUMBER") == 9
    with world.store.reading() as reader:
        assert reader.plugin_settings("demo") == {"NUMBER": "9"}


def test_a_plugin_with_an_old_slug_knows_that_it_is_active(world):
    world.plugin("Demo", body="PLUGIN_SLUG = 'older'")
    assert world.boot("demo").get("demo").is_active()


# Settings.

SETTINGS = """
SETTINGS = {
    "TEXT": {"default": "none"},
    "NUMBER": {"validator": int, "default": 3},
    "FLAG": {"validator": bool, "default": False},
}
"""


def test_settings_have_their_defaults(world):
    world.plugin("Demo", "SettingsMixin", body=SETTINGS)
    values = world.boot("demo").settings_of("demo")
    assert values == {"TEXT": "none", "NUMBER": 3, "FLAG": False}


def test_what_invplug_sets_a_plugin_reads(world, invplug):
    world.plugin("Demo", "SettingsMixin", body=SETTINGS)
    host = world.boot("demo")
    for key, value in {"TEXT": "some", "NUMBER": "7", "FLAG": "True"}.items():
        assert invplug("settings", "set", "demo", key, value) == 0
    plugin = host.get("demo")
    assert [plugin.get_setting(key) for key in ("TEXT", "NUMBER", "FLAG")] == ["some", 7, True]


def test_settings_of_a_plugin_are_the_values_that_it_reads_itself(world):
    world.plugin("Demo", "SettingsMixin", body=SETTINGS)
    host = world.boot("demo")
    for key, text in {"TEXT": "some", "NUMBER": "7", "FLAG": "True"}.items():
        world.set_setting("demo", key, text)
    assert host.settings_of("demo") == {"TEXT": "some", "NUMBER": 7, "FLAG": True}


def test_what_a_plugin_sets_is_stored_as_text(world):
    world.plugin("Demo", "SettingsMixin", body=SETTINGS)
    host = world.boot("demo")
    host.get("demo").set_setting("NUMBER", 9)
    host.get("demo").set_setting("FLAG", True)
    with world.store.reading() as reader:
        assert reader.plugin_settings("demo") == {"NUMBER": "9", "FLAG": "True"}


def test_the_configuration_decides_over_the_store(world):
    world.plugin("Demo", "SettingsMixin", body=SETTINGS)
    world.activate("demo")
    world.set_setting("demo", "TEXT", "stored")
    database = {"engine": "sqlite3", "name": str(world.folder / ".invplug" / "store.sqlite3")}
    values = {"plugins_enabled": True, "plugin_dir": str(world.plugins), "database": database}
    values["plugin_settings"] = {"demo": {"TEXT": "decided", "NUMBER": 11}}
    path = world.write("config.yaml", yaml.safe_dump(values))
    host = world.host(path).boot()
    assert host.settings_of("demo") == {"TEXT": "decided", "NUMBER": 11, "FLAG": False}


def test_switches_of_the_configuration_decide_over_the_store(world):
    world.plugin("Demo", "EventMixin", body="def process_event(self, event): pass")
    world.environ["INVENTREE_GLOBAL_SETTINGS"] = json.dumps({"ENABLE_PLUGINS_EVENTS": True})
    host = world.boot("demo", switches=False)
    assert host.is_on("ENABLE_PLUGINS_EVENTS")
    assert len(host.trigger("x")) == 1
    world.environ["INVENTREE_GLOBAL_SETTINGS"] = json.dumps({"ENABLE_PLUGINS_EVENTS": False})
    assert world.boot("demo").trigger("x") == ()


def test_settings_of_who_has_none_is_an_error(world):
    world.plugin("Demo")
    world.plugin("Asleep", "SettingsMixin", body=SETTINGS)
    host = world.boot("demo")
    for slug in ("demo", "asleep", "nobody"):
        with pytest.raises(PluginError):
            host.settings_of(slug)


def test_threads_write_settings_side_by_side(world):
    world.plugin("Demo", "SettingsMixin", body=SETTINGS)
    plugin = world.boot("demo").get("demo")
    errors = []

    def write(number):
        try:
            for _ in range(5):
                plugin.set_setting("NUMBER", number)
                plugin.get_setting("NUMBER")
        except BaseException as error:  # noqa: BLE001 - the test tells
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert errors == []
    assert plugin.get_setting("NUMBER") in range(4)


# API calls.


@contextmanager
def service():
    """Serve on loopback, and keep what was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers.get("Authorization")))
            body = json.dumps({"path": self.path}).encode()
            self.send_response(500 if "broken" in self.path else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Be silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()


API = """
API_URL_SETTING = "URL"
API_TOKEN_SETTING = "TOKEN"
SETTINGS = {"URL": {}, "TOKEN": {"protected": True}}

def perform_action(self, user=None, data=None): self.answer = self.api_call(data, url_args={"a": [1, 2]})
def get_info(self, user=None, data=None): return self.answer
"""


def test_an_action_calls_a_service_with_address_and_token_from_the_store(world):
    world.plugin("Demo", "APICallMixin", "SettingsMixin", "ActionMixin", body=API)
    host = world.boot("demo")
    with service() as (url, asked):
        world.set_setting("demo", "URL", url)
        world.set_setting("demo", "TOKEN", "secret")
        assert host.perform_action("Demo", data="parts")["info"] == {"path": "/parts?a=1,2"}
    assert asked == [("/parts?a=1,2", "Bearer secret")]


def test_a_service_that_fails_fails_the_action_and_is_told_of(world):
    world.plugin("Demo", "APICallMixin", "SettingsMixin", "ActionMixin", body=API)
    host = world.boot("demo")
    with service() as (url, _):
        world.set_setting("demo", "URL", url)
        with pytest.raises(PluginError):
            host.perform_action("Demo", data="broken")
    assert failures_of(host) == [("demo", "action", "APICallError")]


def test_the_token_is_in_no_failure(world):
    world.plugin("Demo", "APICallMixin", "SettingsMixin", "ActionMixin", body=API)
    host = world.boot("demo")
    with service() as (url, _):
        world.set_setting("demo", "URL", url)
        world.set_setting("demo", "TOKEN", "s3cret")
        with pytest.raises(PluginError):
            host.perform_action("Demo", data="broken")
    assert "s3cret" not in host.failures[0].traceback + repr(host.failures)


# Navigation.

LINKS = "NAVIGATION = [{'name': 'A', 'link': 'plugin:demo:a', 'icon': 'i'}, {'name': 'B', 'link': '/b'}]\n"


def test_navigation_gives_the_links_of_active_plugins(world):
    world.plugin(
        "Demo", "NavigationMixin", body=LINKS + "NAVIGATION_TAB_NAME = 'Tab'\nNAVIGATION_TAB_ICON = 'x'"
    )
    world.plugin(
        "Plain", "NavigationMixin", body="NAVIGATION = [{'name': 'P', 'link': 'p'}]\nTITLE = 'The plain'"
    )
    world.plugin("None", "NavigationMixin")
    world.plugin("Asleep", "NavigationMixin", body=LINKS)
    host = world.boot("demo", "plain", "none")
    links = (Link("A", "plugin:demo:a", "i"), Link("B", "/b", None))
    first, second = host.navigation()
    assert first == NavigationTab("demo", "Tab", "x", links)
    assert (second.name, second.links) == ("The plain", (Link("P", "p", None),))
    assert host.failures == ()


def test_navigation_needs_its_switch(world):
    world.plugin("Demo", "NavigationMixin", body=LINKS)
    host = world.boot("demo", switches=False)
    assert host.navigation() == ()
    world.switch("ENABLE_PLUGINS_NAVIGATION")
    host.reload()
    assert [each.slug for each in host.navigation()] == ["demo"]


# Apps.


def test_apps_of_packages_and_folders(world):
    world.write("plugins/pack/__init__.py", "")
    world.plugin("InFolder", "AppMixin", file="pack/core.py")
    (world.site / "packed").mkdir()
    (world.site / "packed" / "__init__.py").write_text("")
    (world.site / "packed" / "core.py").write_text(plugin_text("Packed", "AppMixin"))
    install_folder(
        world.site, "packed", "1.0", entry_points="[inventree_plugins]\na = packed.core:PackedPlugin\n"
    )
    host = world.boot("infolder", "packed")
    assert host.installed_apps() == ("plugins.pack", "packed")


def test_apps_need_their_switch(world):
    world.write("plugins/pack/__init__.py", "")
    world.plugin("Demo", "AppMixin", file="pack/core.py")
    assert world.boot("demo", switches=False).installed_apps() == ()


def test_an_app_that_two_plugins_share_is_named_once(world):
    world.write("plugins/pack/__init__.py", "")
    world.plugin("One", "AppMixin", file="pack/one.py")
    world.plugin("Two", "AppMixin", file="pack/two.py")
    assert world.boot("one", "two").installed_apps() == ("plugins.pack",)


def test_a_single_module_of_a_package_is_no_app_and_told_of(world):
    world.package("alone", plugin_text("Alone", "AppMixin"), attr="AlonePlugin")
    assert failures_of(world.boot("alone")) == [("alone", "app", "MixinImplementationError")]


def test_django_can_be_set_up_with_the_apps(world):
    """In a process of its own: Django sets up once."""
    world.write("plugins/pack/__init__.py", "")
    models = "from django.db import models\nclass Thing(models.Model):\n    class Meta: app_label = 'pack'\n"
    world.write("plugins/pack/models.py", models)
    world.plugin("Demo", "AppMixin", file="pack/core.py")
    world.activate("demo")
    world.switch("ENABLE_PLUGINS_APP")
    script = (
        "import django\nfrom django.conf import settings\nfrom inventree_plugins.host import PluginHost\n"
        "settings.configure(USE_I18N=False, DEFAULT_AUTO_FIELD='django.db.models.AutoField')\n"
        "host = PluginHost.from_config().boot()\n"
        "assert not [each for each in host.failures if each.slug], host.failures\n"
        "settings.INSTALLED_APPS = list(host.installed_apps())\ndjango.setup()\n"
        "from django.apps import apps\nprint([model.__name__ for model in apps.get_models()])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("['Thing']\n", 0), done.stderr
