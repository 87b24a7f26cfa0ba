"""What counts as a plugin, and which mixins it has, whatever way its bases are spelt."""

# The sources of plugins read best on one line.
# ruff: noqa: E501, ISC004

from __future__ import annotations

import pytest

from inventree_plugins.discovery import Places, discover
from inventree_plugins.models import Discovery

PLUGIN_BODY = "    NAME = 'Demo'\n"


def _module(before, bases):
    return f"{before}\nclass Demo({bases}):\n{PLUGIN_BODY}"


BASES = [
    ("from plugin import InvenTreePlugin", "InvenTreePlugin"),
    ("from plugin.plugin import InvenTreePlugin as P", "P"),
    ("import plugin", "plugin.InvenTreePlugin"),
    ("import plugin as p", "p.InvenTreePlugin"),
    ("import plugin.plugin", "plugin.plugin.InvenTreePlugin"),
    ("from plugin import *", "InvenTreePlugin"),
    (
        "try:\n    from plugin import InvenTreePlugin\nexcept ImportError:\n    InvenTreePlugin = object",
        "InvenTreePlugin",
    ),
    (
        "try:\n    from plugin import InvenTreePlugin as _P\nexcept ImportError:\n    _P = None\nBase = _P or object",
        "Base",
    ),
    (
        "try:\n    from plugin import InvenTreePlugin\nexcept ImportError:\n    class InvenTreePlugin:\n        pass",
        "InvenTreePlugin",
    ),
    (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    class Base: pass\n"
        "else:\n    from plugin import InvenTreePlugin as Base",
        "Base",
    ),
    ("from plugin import InvenTreePlugin\nclass Base(InvenTreePlugin):\n    pass", "Base"),
    ("from plugin import InvenTreePlugin\nBase = InvenTreePlugin", "Base"),
    ("from .compat import Base", "Base"),
    ("from .compat import *", "Base"),
    ("from . import compat", "compat.Base"),
    ("from plugins.compat import Base", "Base"),
    ("from plugin import InvenTreePlugin\nfrom typing import Generic, T", "InvenTreePlugin, Generic[T]"),
    (
        "from plugin import InvenTreePlugin\nclass InvenTreePlugin(InvenTreePlugin):\n    NAME = None",
        "InvenTreePlugin",
    ),
]


@pytest.mark.parametrize(("before", "bases"), BASES)
def test_class_of_the_plugin_base_is_a_plugin(world, before, bases):
    world.directory()
    world.write(
        "plugins/compat.py", "from plugin import InvenTreePlugin as _P\nclass Base(_P):\n    NAME = ''\n"
    )
    world.write("plugins/demo.py", _module(before, bases))
    plugin = world.plugin()
    assert (plugin.slug, plugin.problems) == ("demo", ())


@pytest.mark.parametrize(
    ("before", "bases"),
    [
        ("", "object"),
        ("from plugin.machine.machine_types import LabelPrinterBaseDriver", "LabelPrinterBaseDriver"),
        ("from plugin.mixins import SettingsMixin", "SettingsMixin"),
        ("from django.db.models import Model", "Model"),
        ("from other import InvenTreePlugin as Thing\nclass InvenTreePlugin: pass", "InvenTreePlugin"),
        ("from rest_framework import serializers", "serializers.Serializer"),
    ],
)
def test_decoy_with_a_name_is_no_plugin(world, before, bases):
    world.directory()
    world.write("plugins/demo.py", _module(before, bases))
    assert world.discover().plugins == ()


@pytest.mark.parametrize("name", ["''", "None", "0"])
def test_class_without_a_truthy_name_is_no_plugin(world, name):
    world.directory()
    world.write(
        "plugins/demo.py",
        f"from plugin import InvenTreePlugin\nclass Demo(InvenTreePlugin):\n    NAME = {name}",
    )
    assert world.discover().plugins == ()


@pytest.mark.parametrize(
    ("before", "bases", "mixins"),
    [
        ("from plugin.mixins import A, SettingsMixin, UrlsMixin", "UrlsMixin, SettingsMixin, P", ("UrlsMixin", "SettingsMixin")),
        ("from plugin.mixins import UrlsMixin as U", "P, U", ("UrlsMixin",)),
        ("import plugin.mixins as m", "m.EventMixin, P", ("EventMixin",)),
        ("from plugin.base.integration.mixins import PanelMixin", "PanelMixin, P", ("PanelMixin",)),
        ("from plugin.builtin.integration.mixins import UrlsMixin", "UrlsMixin, P", ("UrlsMixin",)),
        ("from plugin.base.integration.AppMixin import AppMixin", "AppMixin, P", ("AppMixin",)),
        ("from plugin.mixins import BrandNewMixin", "BrandNewMixin, P", ("BrandNewMixin",)),
        ("class SettingsMixin: pass", "SettingsMixin, P", ()),
        (
            "from plugin.mixins import *",
            "ScheduleMixin, P",
            ("ScheduleMixin",),
        ),
        (
            "from plugin.mixins import SettingsMixin, UrlsMixin\nclass A(SettingsMixin, P): pass\nclass B(UrlsMixin, P): pass",
            "A, B",
            ("SettingsMixin", "UrlsMixin"),
        ),
        (
            "from plugin.mixins import SettingsMixin, UrlsMixin\nclass A(SettingsMixin): pass\nclass B(UrlsMixin, SettingsMixin): pass",
            "B, A, P",
            ("UrlsMixin", "SettingsMixin"),
        ),
        (
            "try:\n    from plugin.mixins import PanelMixin\nexcept ImportError:\n    class PanelMixin: pass",
            "PanelMixin, P",
            ("PanelMixin",),
        ),
    ],
)  # fmt: skip
def test_mixins_in_method_resolution_order(world, before, bases, mixins):
    world.directory()
    world.write("plugins/demo.py", _module(f"from plugin import InvenTreePlugin as P\n{before}", bases))
    assert world.plugin().mixins == mixins


def test_inconsistent_bases_are_reported(world, codes):
    world.directory()
    world.write(
        "plugins/demo.py", _module("from plugin import InvenTreePlugin as P\nclass A(P): pass", "P, A")
    )
    plugin = world.plugin()
    assert codes(plugin.problems) == ["inconsistent-bases"]


@pytest.mark.parametrize(
    ("version", "severity"), [(None, "warning"), ("1.5.0", "error"), ("0.8.0 dev", "error"), ("0.7.2", None)]
)
def test_legacy_base_class(world, version, severity):
    world.directory()
    world.server_version = version
    world.write(
        "plugins/demo.py",
        """
        from plugin import IntegrationPluginBase

        class Demo(IntegrationPluginBase):
            PLUGIN_NAME = "Old Demo"
            PLUGIN_SLUG = "old"
            PLUGIN_TITLE = "Old title"
        """,
    )
    plugin = world.plugin()
    assert (plugin.slug, plugin.name, plugin.title) == ("old", "Old Demo", "Old title")
    found = {problem.code: problem.severity for problem in plugin.problems}
    assert found == ({"legacy-base": severity, "legacy-spelling": severity} if severity else {})


@pytest.mark.parametrize(
    ("version", "slug", "expected"),
    [(None, "new-name", ["two-keys"]), ("1.0", "new-name", ["two-keys"]), ("0.7.0", "old", [])],
)
def test_name_with_plugin_slug_has_two_keys(world, codes, version, slug, expected):
    world.directory()
    world.server_version = version
    world.write(
        "plugins/demo.py",
        "from plugin import InvenTreePlugin\nclass D(InvenTreePlugin):\n    NAME = 'New name'\n    PLUGIN_SLUG = 'old'\n",
    )
    plugin = world.plugin()
    assert (plugin.slug, codes(plugin.problems)) == (slug, expected)


@pytest.mark.parametrize(
    "module", ["inventree.plugin", "InvenTree.plugin", "src.backend.InvenTree.plugin.plugin"]
)
def test_wrong_import_path_is_a_plugin_with_an_error(world, module):
    world.directory()
    world.write("plugins/demo.py", _module(f"from {module} import InvenTreePlugin", "InvenTreePlugin"))
    (problem,) = world.plugin().problems
    assert (problem.code, problem.severity) == ("wrong-import-path", "error")


def test_base_of_a_missing_distribution_is_said(world, codes):
    world.package("demo:Demo")
    world.write("site/demo.py", _module("from absent_plugins.base import BasePlugin", "BasePlugin"))
    plugin = world.plugin()
    assert codes(plugin.problems) == ["unresolved-base"]
    assert "absent_plugins.base.BasePlugin" in plugin.problems[0].message


def test_base_in_another_distribution_is_followed(world):
    world.package("demo:Demo")
    world.write("site/shared_plugins/__init__.py", "from .base import BasePlugin")
    world.write(
        "site/shared_plugins/base.py",
        "from plugin import InvenTreePlugin\nclass BasePlugin(InvenTreePlugin):\n    AUTHOR = 'Shared'",
    )
    world.write("site/demo.py", _module("from shared_plugins import BasePlugin", "BasePlugin"))
    plugin = world.plugin()
    assert (plugin.author, plugin.problems) == ("Shared", ())


# Members that the plugin base keeps for itself (INVE-E11, run on a 1.5 server).


@pytest.mark.parametrize(
    "body",
    ["def plugin_slug(self):\n    return 'x'", "@property\ndef is_active(self):\n    return True"],
)
def test_overriding_a_final_member_is_an_error(world, body):
    world.server_version = "1.5.0"
    (problem,) = world.body(body).problems
    assert (problem.code, problem.severity) == ("final-member", "error")
    assert (problem.path, problem.line) == (world.root / "plugins/demo.py", 5 + body.startswith("@"))


@pytest.mark.parametrize("body", ["def name(self):\n    return 'x'", "version = '1'"])
def test_overriding_what_is_only_marked_as_final_is_a_warning(world, body):
    world.server_version = "1.5.0"
    (problem,) = world.body(body).problems
    assert (problem.code, problem.severity, problem.line) == ("final-member", "warning", 5)


@pytest.mark.parametrize(
    ("version", "body"), [("0.17.9", "def plugin_slug(self):\n    pass"), ("1.5.0", "plugin_slug = 'x'")]
)
def test_what_the_server_lets_pass_is_no_final_member(world, version, body):
    world.server_version = version
    assert world.body(body).problems == ()


def test_class_that_does_not_derive_from_the_base_may_have_such_members(world):
    """The server looks at each class below the plugin base by itself."""
    world.server_version = "1.5.0"
    before = "class Own:\n    def is_active(self):\n        return True\n"
    world.directory()
    world.write(
        "plugins/demo.py",
        f"from plugin import InvenTreePlugin\n{before}\nclass Demo(Own, InvenTreePlugin):\n    NAME = 'Demo'\n",
    )
    assert world.plugin().problems == ()


@pytest.mark.parametrize(
    ("base", "reason"),
    [
        ("make_base()", "a base class cannot be known without running it"),
        ("Lost", "its base `lost_library.Lost` is not installed"),
    ],
)
def test_class_with_a_name_on_a_base_that_is_lost_may_be_a_plugin(world, base, reason):
    world.directory()
    world.write("plugins/demo.py", f"from lost_library import Lost\nclass Demo({base}):\n    NAME = 'Demo'\n")
    found = world.discover()
    assert found.plugins == ()
    (problem,) = found.problems
    assert (problem.code, problem.line) == ("unresolved-base", 2)
    assert reason in problem.message


def test_class_on_a_base_of_the_server_is_no_plugin_without_its_source(world):
    world.directory()
    text = "from machine.machine_types import LabelPrinterBaseDriver as Base\nclass Driver(Base):\n    NAME = 'D'\n"
    world.write("plugins/demo.py", text)
    assert world.discover() == Discovery()


@pytest.mark.parametrize("test", ["TYPE_CHECKING", "False"])
def test_class_that_is_never_run_is_no_plugin(world, test):
    world.directory()
    text = f"from typing import TYPE_CHECKING\nfrom plugin import InvenTreePlugin\nif {test}:\n    class Demo(InvenTreePlugin):\n        NAME = 'D'\n"
    world.write("plugins/demo.py", text)
    assert world.discover() == Discovery()


@pytest.mark.parametrize("has", [True, False])
def test_guarded_mixin_is_looked_up_in_the_server(world, has):
    world.source_root = world.root / "server"
    world.write("server/plugin/__init__.py", "from .plugin import InvenTreePlugin\n")
    world.write("server/plugin/plugin.py", "class InvenTreePlugin: ...\n")
    world.write("server/plugin/mixins/__init__.py", "class PanelMixin: ...\n" if has else "")
    world.directory()
    text = "from plugin import InvenTreePlugin\ntry:\n    from plugin.mixins import PanelMixin\nexcept ImportError:\n    class PanelMixin: ...\n"
    world.write("plugins/demo.py", f"{text}class Demo(PanelMixin, InvenTreePlugin):\n    NAME = 'Demo'\n")
    assert world.plugin().mixins == (("PanelMixin",) if has else ())


def test_a_plugin_of_the_sdk_is_one_for_hosts_and_none_for_inventree(tmp_path):
    folder = tmp_path / "plugins"
    folder.mkdir()
    text = "from inventree_plugins.sdk import InvenTreePlugin, SettingsMixin\n"
    text += "class P(SettingsMixin, InvenTreePlugin):\n    NAME = 'p'\n"
    (folder / "p.py").write_text(text)
    (plugin,) = discover(Places(directories=(folder,))).plugins
    assert (plugin.slug, plugin.mixins, plugin.problems) == ("p", ("SettingsMixin",), ())
    (plugin,) = discover(Places(directories=(folder,), server_version="1.5.0")).plugins
    (problem,) = plugin.problems
    assert (problem.code, problem.severity) == ("wrong-import-path", "error")
    assert "`plugin.InvenTreePlugin`" in problem.message
