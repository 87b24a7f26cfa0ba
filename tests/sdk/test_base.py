"""The base class: names in both spellings, what stands in for them, and what nobody may override."""

from __future__ import annotations

import datetime
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from inventree_plugins.sdk import (
    ActionMixin,
    APICallMixin,
    AppMixin,
    BarcodeMixin,
    Commit,
    EventMixin,
    Facts,
    IntegrationPluginBase,
    InvenTreePlugin,
    MemoryRuntime,
    MixinImplementationError,
    MixinNotImplementedError,
    NavigationMixin,
    PluginError,
    ScheduleMixin,
    SettingsMixin,
    UrlsMixin,
)


def made(*bases, **attributes):
    return type("Made", (*bases, InvenTreePlugin), attributes)()


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"NAME": "My Plugin"}, ("My Plugin", "my-plugin", "My Plugin")),
        ({"NAME": "A", "SLUG": "Be Cé", "TITLE": "T"}, ("A", "be-ce", "T")),
        ({"PLUGIN_NAME": "Old", "PLUGIN_SLUG": "older", "PLUGIN_TITLE": "Title"}, ("Old", "older", "Title")),
        # Servers since 0.8 register it by its name, and yet look for it by the old slug.
        ({"NAME": "New", "PLUGIN_SLUG": "older"}, ("New", "older", "New")),
        ({}, ("", "", "")),
    ],
)
def test_names(attributes, expected):
    plugin = made(**attributes)
    assert (plugin.name, plugin.slug, plugin.human_name) == expected
    assert (plugin.plugin_name(), plugin.plugin_slug(), plugin.plugin_title()) == expected


def test_both_base_classes_are_one():
    assert IntegrationPluginBase is InvenTreePlugin


def test_the_class_comes_first_and_then_what_the_server_knows():
    class Known(MemoryRuntime):
        def facts(self, plugin):
            return Facts("described", "author", "1.0", "web", "MIT", is_sample=True)

        def commit(self, plugin):
            return Commit("committer", "2026-01-02")

    bare, full = (
        made(NAME="x"),
        made(NAME="x", AUTHOR="Ada", VERSION=2, PUBLISH_DATE="2025-03-04", LICENSE="BSD"),
    )
    bare._runtime = full._runtime = Known()
    assert (bare.description, bare.author, bare.version, bare.website) == (
        "described",
        "author",
        "1.0",
        "web",
    )
    assert (bare.license, bare.pub_date, bare.is_sample) == ("MIT", datetime.date(2026, 1, 2), True)
    assert (full.author, full.version, full.license) == ("Ada", "2", "BSD")
    assert full.pub_date == datetime.date(2025, 3, 4)
    bare._runtime = MemoryRuntime()
    assert bare.description == "x"
    assert made(NAME="x", PUBLISH_DATE="yesterday").pub_date is None


@pytest.mark.parametrize("member", ["plugin_slug", "is_active", "mixin", "check_version"])
@pytest.mark.parametrize("kind", [lambda f: f, property, staticmethod, classmethod])
def test_final_members_cannot_be_overridden(member, kind):
    with pytest.raises(TypeError, match=f"INVE-E11.*{member}"):
        type("Bad", (InvenTreePlugin,), {member: kind(lambda *_: None)})


def test_what_servers_do_not_guard_may_be_overridden():
    assert made(NAME="x", plugin_slug="data").plugin_slug == "data"
    assert made(name="x").name == "x"


def test_mixins_are_known_by_key_wherever_they_stand():
    class Right(InvenTreePlugin, SettingsMixin):
        NAME = "right"
        SETTINGS = {"A": {}}

    plugin = Right()
    assert plugin.mixin("settings")
    assert plugin.mixin_enabled("settings")
    assert not plugin.mixin("app")
    assert plugin.registered_mixins == {
        "settings": {"key": "settings", "human_name": "Settings", "cls": SettingsMixin}
    }
    assert plugin.mixin("SETTINGS")
    assert plugin.mixin_enabled("Settings")
    assert plugin.get_registered_mixins(with_cls=False) == {
        "settings": {"key": "settings", "human_name": "Settings"}
    }
    assert set(plugin.get_registered_mixins(with_base=True)) == {"base", "settings"}
    both = made(NavigationMixin, UrlsMixin, SettingsMixin, ActionMixin, AppMixin, NAME="x", URLS=["u"])
    enabled = {key: both.mixin_enabled(key) for key in both.registered_mixins}
    assert enabled == {"navigation": False, "urls": True, "settings": False, "action": True, "app": True}


def test_versions_are_compared_as_the_server_does():
    plugin = made(NAME="x", MIN_VERSION="1.2.0", MAX_VERSION="1.4.9")
    assert [plugin.check_version(each) for each in ("1.1.9", "1.2.0", "1.4.9", "1.5.0")] == [
        False,
        True,
        True,
        False,
    ]
    assert made(NAME="x", MAX_VERSION="1.5").check_version("1.0.0") is False


def test_versions_may_be_given_as_numbers():
    plugin = made(NAME="x", MIN_VERSION="1.2.0", MAX_VERSION="1.4.9")
    assert [plugin.check_version(each) for each in ([1, 1, 9], (1, 2, 0), [1, 5, 0])] == [False, True, False]
    assert made(NAME="x", MIN_VERSION="99.0.0").check_version()


def test_an_error_knows_plugin_and_mixin():
    with pytest.raises(NotImplementedError, match="`process_event`") as caught:
        made(EventMixin, NAME="My Plugin").process_event("x")
    assert isinstance(caught.value, MixinNotImplementedError)
    assert (caught.value.plugin, caught.value.mixin) == ("my-plugin", "events")


def test_the_sdk_needs_only_the_standard_library():
    code = (
        "import sys\nimport inventree_plugins.sdk\n"
        "own = {'inventree_plugins', '_virtualenv', 'sitecustomize'}\n"
        "found = {name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names) - own\n"
        "print(sorted(n for n in found if not n.startswith(('_', '__editable__'))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path("/")
    )
    assert done.stdout == "[]\n"


class OwnMixin:
    class MixinMeta:
        MIXIN_NAME = "My own"

    def __init__(self):
        super().__init__()
        self.add_mixin("OWN", "has_own", __class__)


def test_a_plugin_may_bring_a_mixin_of_its_own():
    class With(OwnMixin, InvenTreePlugin):
        NAME = "x"
        has_own = False

    plugin = With()
    assert plugin.mixin("own")
    assert not plugin.mixin_enabled("own")
    plugin.has_own = lambda: True
    assert plugin.mixin_enabled("own")
    assert plugin.registered_mixins == {"own": {"key": "own", "human_name": "My own", "cls": OwnMixin}}
    plugin.add_mixin("bare")
    assert plugin.registered_mixins["bare"] == {"key": "bare", "human_name": "bare", "cls": None}
    assert plugin.mixin_enabled("bare")
    assert not With().mixin("bare")


def test_mixins_are_known_also_without_the_constructor_of_the_base_class():
    class Short(UrlsMixin, SettingsMixin, InvenTreePlugin):
        NAME = "x"
        SETTINGS = {"A": {"default": 1}}

        def __init__(self):
            self.x = 1

    plugin = Short()
    assert plugin.mixin_enabled("settings")
    assert plugin.get_setting("A") == 1


def test_mixins_have_the_names_that_servers_give_them():
    every = (ActionMixin, APICallMixin, AppMixin, BarcodeMixin, EventMixin, NavigationMixin)
    plugin = made(*every, ScheduleMixin, SettingsMixin, UrlsMixin, NAME="x")
    assert {key: each["human_name"] for key, each in plugin.registered_mixins.items()} == {
        "action": "Actions",
        "api_call": "API calls",
        "app": "App registration",
        "barcode": "Barcode",
        "events": "Events",
        "navigation": "Navigation Links",
        "schedule": "Schedule",
        "settings": "Settings",
        "urls": "URLs",
    }


def test_names_that_servers_leave_free_are_free():
    class Free(APICallMixin, EventMixin, ScheduleMixin, SettingsMixin, InvenTreePlugin):
        NAME = "x"
        SETTINGS = {"A": {"default": 1}}
        runtime = not_implemented = _setting = _facts = _failed = _wrong = _said = "mine"

    plugin = Free()
    assert (plugin.description, plugin.is_active(), plugin.get_setting("A")) == ("x", True, 1)
    with pytest.raises(MixinNotImplementedError):
        plugin.process_event("x")
    with pytest.raises(MixinNotImplementedError):
        plugin.mixin_enabled("api_call")
    with pytest.raises(MixinImplementationError):
        plugin.validate_scheduled_tasks()


def test_git_is_asked_only_where_nothing_else_tells():
    class Asked(MemoryRuntime):
        count = 0

        def facts(self, plugin):
            return Facts(author="distributed")

        def commit(self, plugin):
            self.count += 1
            return Commit("committer", "2026-01-02")

    runtime = Asked()
    plugin, full = made(NAME="x"), made(NAME="x", PUBLISH_DATE="2025-03-04", AUTHOR="Ada")
    plugin._runtime = full._runtime = runtime
    for name in ("author", "version", "license", "website", "description", "is_sample"):
        getattr(plugin, name)
    assert (full.author, full.pub_date) == ("Ada", datetime.date(2025, 3, 4))
    assert runtime.count == 0
    assert plugin.pub_date == datetime.date(2026, 1, 2)
    assert runtime.count == 1


def test_what_the_server_knows_of_the_package_is_told():
    class Known(MemoryRuntime):
        def facts(self, plugin):
            return Facts(version="2", is_builtin=True, is_package=True, package_name="acme")

    plugin = made(NAME="x")
    assert (plugin.is_package, plugin.is_builtin(), plugin.is_mandatory()) == (False, False, False)
    assert (plugin.package_name, plugin.package_path) == (None, plugin.file())
    plugin = made(NAME="x")
    plugin._runtime = Known()
    assert (plugin.is_package, plugin.check_is_package(), plugin.is_builtin()) == (True, True, True)
    assert (plugin.package_install_name, plugin.check_package_install_name()) == ("acme", "acme")
    assert plugin.package_path == plugin.check_package_path() == type(plugin).__module__
    assert plugin.package["version"] == "2"
    plugin.package = {}
    assert plugin.package == {}


def test_members_that_need_a_server_have_an_answer_without_one():
    plugin = made(NAME="My Plugin", ADMIN_SOURCE="admin.js:render")
    assert (plugin.plugin_config(), plugin.settings_url, plugin.get_admin_context()) == (None, "", None)
    assert plugin.define_package() is None
    assert plugin.get_meta_value("ADMIN_SOURCE") == "admin.js:render"
    assert plugin.get_meta_value("NONE", "PLUGIN_NONE", 7) == 7
    assert made(PLUGIN_NAME="old").get_meta_value("NAME", "PLUGIN_NAME") == "old"
    assert made(NAME="x").get_admin_source() is None
    assert made(NAME="x").ADMIN_SOURCE is None


STATIC = """from inventree_plugins.sdk import InvenTreePlugin
class P(InvenTreePlugin):
    NAME = "My Plugin"
    ADMIN_SOURCE = "admin.js:render"
print(P().plugin_static_file("js", "a b.js", check_exists=False), P().get_admin_source())
"""
DJANGO = "from django.conf import settings\nsettings.configure(STATIC_URL='https://cdn.example/s/')\n"


@pytest.mark.parametrize(
    ("before", "base"),
    [("", "/static/"), ("import django.conf\n", "/static/"), (DJANGO, "https://cdn.example/s/")],
)
def test_static_files_have_a_url(before, base, tmp_path):
    if before:
        pytest.importorskip("django")
    done = subprocess.run(
        [sys.executable, "-c", before + STATIC], capture_output=True, text=True, check=False
    )
    place = f"{base}plugins/my-plugin/"
    assert done.stdout == f"{place}js/a%20b.js {place}admin.js:render\n", done.stderr


def test_a_class_tells_its_file_also_where_its_module_is_not_registered(tmp_path):
    text = "from inventree_plugins.sdk import InvenTreePlugin\nclass P(InvenTreePlugin):\n    NAME = 'p'\n"
    found = []
    for more in ("    def go(self): pass\n", ""):
        file = tmp_path / "unregistered.py"
        file.write_text(text + more)
        spec = importlib.util.spec_from_file_location("unregistered", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found.append(module.P)
        file.unlink()
    assert (found[0].file(), found[0].path()) == (tmp_path / "unregistered.py", tmp_path)
    with pytest.raises(PluginError, match=r"unregistered\.P") as caught:
        found[1].file()
    assert caught.value.plugin == "p"
    assert found[1]().description == "p"
