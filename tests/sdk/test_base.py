"""The base class: names in both spellings, what stands in for them, and what nobody may override."""

from __future__ import annotations

import datetime
import subprocess
import sys
from pathlib import Path

import pytest

from inventree_plugins.sdk import (
    ActionMixin,
    AppMixin,
    Facts,
    IntegrationPluginBase,
    InvenTreePlugin,
    MemoryRuntime,
    MixinNotImplementedError,
    NavigationMixin,
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
        # Servers since 0.8 ignore the old slug beside a modern name.
        ({"NAME": "New", "PLUGIN_SLUG": "older"}, ("New", "new", "New")),
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
            return Facts("described", "author", "1.0", "web", "MIT", "2026-01-02", is_sample=True)

    bare, full = (
        made(NAME="x"),
        made(NAME="x", AUTHOR="Ada", VERSION=2, PUBLISH_DATE="2025-03-04", LICENSE="BSD"),
    )
    bare.runtime = full.runtime = Known()
    assert (bare.description, bare.author, bare.version, bare.website) == (
        "described",
        "author",
        "1.0",
        "web",
    )
    assert (bare.license, bare.pub_date, bare.is_sample) == ("MIT", datetime.date(2026, 1, 2), True)
    assert (full.author, full.version, full.license) == ("Ada", "2", "BSD")
    assert full.pub_date == datetime.date(2025, 3, 4)
    bare.runtime = MemoryRuntime()
    assert bare.description == "x"
    assert made(NAME="x", PUBLISH_DATE="yesterday").pub_date is None


PLUGIN = "from inventree_plugins.sdk import InvenTreePlugin\nclass P(InvenTreePlugin):\n    NAME = 'p'\n"
SHOW = (
    "from {module} import P\np = P()\nprint([p.author, p.version, p.description, p.website, str(p.pub_date)])"
)


def shown(module, folder, path):
    """Let a Python of its own show what a plugin says of itself."""
    code = f"import sys; sys.path.insert(0, {str(path)!r})\n" + SHOW.format(module=module)
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )


def test_git_stands_in_for_a_plugin_of_a_folder(tmp_path):
    (tmp_path / "here.py").write_text(PLUGIN)
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=Ada", "-c", "user.email=a@b.c", "commit", "-qm", "x", "--date=2024-05-06T12:00:00"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    done = subprocess.run(
        [sys.executable, "-c", SHOW.format(module="here")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("['Ada', None, 'p', None, '2024-05-06']\n", "")


def test_the_distribution_stands_in_for_an_installed_plugin(tmp_path):
    site = tmp_path / "site-packages"
    info = site / "acme_plugin-3.1.dist-info"
    info.mkdir(parents=True)
    (site / "acme.py").write_text(PLUGIN)
    (info / "top_level.txt").write_text("acme\n")
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: acme-plugin\nVersion: 3.1\nSummary: Counts\nAuthor-email: Bo <b@x>\n"
        "Project-URL: Home, https://acme.example\n"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(site)!r})\n" + SHOW.format(module="acme"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "['Bo <b@x>', '3.1', 'Counts', 'https://acme.example', 'None']\n", done.stderr


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
    assert plugin.registered_mixins == {"settings": {"key": "settings", "human_name": "Settings"}}
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


def test_an_error_knows_plugin_and_mixin():
    error = made(NAME="My Plugin").not_implemented("events", "`process_event`")
    assert isinstance(error, MixinNotImplementedError)
    assert isinstance(error, NotImplementedError)
    assert (error.plugin, error.mixin) == ("my-plugin", "events")
    assert "`process_event`" in str(error)


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
