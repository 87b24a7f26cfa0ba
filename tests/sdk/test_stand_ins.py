"""The import paths of a real server lead to the SDK, and only where nothing else provides them."""

from __future__ import annotations

import subprocess
import sys

import pytest

IMPORTS = (
    "from plugin import InvenTreePlugin, IntegrationPluginBase, MixinNotImplementedError",
    "from plugin.plugin import InvenTreePlugin",
    "from plugin.integration import IntegrationPluginBase",
    "from plugin.mixins import ActionMixin, SettingsMixin, UrlsMixin",
    "from plugin.base.integration.mixins import APICallMixin, AppMixin, ScheduleMixin",
    "from plugin.base.integration.SettingsMixin import SettingsMixin",
    "from plugin.base.event.mixins import EventMixin",
    "from plugin.builtin.integration.mixins import NavigationMixin",
    "from plugin.builtin.barcode.mixins import BarcodeMixin",
    "import plugin.mixins; plugin.mixins.SettingsMixin",
)


def run(code, tmp_path):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )


def with_stand_ins(body):
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    return f"from inventree_plugins.sdk.stand_ins import stand_ins\nwith stand_ins():\n{indented}\n"


@pytest.mark.parametrize("statement", IMPORTS)
def test_import_paths_of_the_field_lead_to_the_sdk(statement, tmp_path):
    done = run(with_stand_ins(statement), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_comes_is_the_sdks_own(tmp_path):
    code = with_stand_ins("from plugin import InvenTreePlugin\nfrom plugin.mixins import UrlsMixin")
    code += "from inventree_plugins import sdk\nassert InvenTreePlugin is sdk.InvenTreePlugin\n"
    code += "assert UrlsMixin is sdk.UrlsMixin\n"
    done = run(code, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_mixin_of_real_servers_only_is_there_and_does_nothing(tmp_path):
    body = """from plugin import InvenTreePlugin
from plugin.mixins import LabelPrintingMixin, PanelMixin
class P(PanelMixin, LabelPrintingMixin, InvenTreePlugin):
    NAME = "p"
p = P()
print(p.get_registered_mixins(with_cls=False)["panel"], p.mixin_enabled("labels"), PanelMixin.is_inert)
print(PanelMixin.__doc__)
"""
    done = run(with_stand_ins(body), tmp_path)
    assert done.stdout == (
        "{'key': 'panel', 'human_name': 'Panel'} True True\n"
        "Stands for InvenTree's `PanelMixin`, which has no effect outside a real server.\n"
    ), done.stderr


def test_what_no_mixin_is_can_be_imported_and_has_no_effect(tmp_path):
    body = """from plugin.base.ui.mixins import UIFeature
from plugin.helpers import render_template
from plugin.machine.machine_types import LabelPrinterBaseDriver
class Driver(LabelPrinterBaseDriver):
    SLUG = "driver"
print(UIFeature.is_inert, LabelPrinterBaseDriver.__doc__)
render_template("page.html")
"""
    done = run(with_stand_ins(body), tmp_path)
    assert done.stdout == (
        "True Stands for InvenTree's `plugin.machine.machine_types.LabelPrinterBaseDriver`,"
        " which has no effect outside a real server.\n"
    ), done.stderr
    assert "`plugin.helpers.render_template` is there in a real InvenTree server only" in done.stderr


def test_what_no_server_has_is_missing(tmp_path):
    done = run(with_stand_ins("import plugin.mixin"), tmp_path)
    assert "No module named 'plugin.mixin'" in done.stderr
    done = run(with_stand_ins("from plugin import SETTINGS"), tmp_path)
    assert "ImportError: cannot import name 'SETTINGS'" in done.stderr


def test_without_a_server_the_registry_is_empty(tmp_path):
    body = """from plugin import PluginMixinEnum, registry
from plugin.registry import registry as again
from plugin.base.event.events import trigger_event
trigger_event("part.created", id=1)
print(registry is again, registry.get_plugin("x"), registry.with_mixin(PluginMixinEnum.SETTINGS))
print(PluginMixinEnum.SETTINGS, PluginMixinEnum.SETTINGS == "settings")
"""
    done = run(with_stand_ins(body), tmp_path)
    assert done.stdout == "True None []\nsettings True\n", done.stderr


def test_blocks_may_be_nested_and_overlap_in_threads(tmp_path):
    body = """import threading
inside, go = threading.Event(), threading.Event()
def other():
    with stand_ins():
        inside.set()
        go.wait(10)
        import plugin.mixins
        done.append(plugin.mixins.SettingsMixin)
done = []
thread = threading.Thread(target=other)
thread.start()
inside.wait(10)
with stand_ins():
    import plugin.mixins
import plugin.mixins"""
    code = with_stand_ins(body) + "\ngo.set()\nthread.join()\nprint(len(done))\n"
    code += "import sys\nprint([name for name in sys.modules if name.startswith('plugin')])\nimport plugin\n"
    done = run(code, tmp_path)
    assert done.stdout == "1\n[]\n", done.stderr
    assert "No module named 'plugin'" in done.stderr


def test_a_real_package_of_that_name_is_not_hidden(tmp_path):
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin" / "__init__.py").write_text("InvenTreePlugin = 'the real one'\n")
    body = "import plugin\nprint(plugin.InvenTreePlugin)\nimport plugin.mixins"
    done = run(with_stand_ins(body), tmp_path)
    assert done.stdout == "the real one\n"
    assert "No module named 'plugin.mixins'" in done.stderr


def test_outside_the_block_nobody_answers(tmp_path):
    done = run(with_stand_ins("import plugin.mixins") + "import plugin\n", tmp_path)
    assert "No module named 'plugin'" in done.stderr


def test_the_registry_stays_the_registry_whoever_imports_it_first(tmp_path):
    body = """from plugin.registry import registry
from plugin import registry as again
import importlib, plugin.registry
module = importlib.import_module("plugin.registry")
print(again is registry, plugin.registry is registry, module.call_function("x", "f"), registry.plugins)
"""
    done = run(with_stand_ins(body), tmp_path)
    assert done.stdout == "True True None {}\n", done.stderr


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("from plugin.urls import PLUGIN_BASES", "cannot import name 'PLUGIN_BASES'"),
        ("import plugin.mixins.nonsense", "No module named 'plugin.mixins.nonsense'"),
        ("import plugin.base.nonsense.deep", "No module named 'plugin.base.nonsense.deep'"),
        ("from plugin import regsitry", "cannot import name 'regsitry'"),
        ("from plugin.helpers import render_tempalte", "cannot import name 'render_tempalte'"),
        ("from plugin.mixins import SetingsMixin", "is it `SettingsMixin`?"),
        ("from plugin.base.integration.mixins import UrlMixin", "is it `UrlsMixin`?"),
        ("from plugin.mixins import EventsMixin", "is it `EventMixin`?"),
        ("from plugin import InvenTreePlugn", "is it `InvenTreePlugin`?"),
    ],
)
def test_a_slip_is_no_import(statement, words, tmp_path):
    done = run(with_stand_ins(statement), tmp_path)
    assert done.returncode == 1
    assert words in done.stderr
    assert "ImportError" in done.stderr or "ModuleNotFoundError" in done.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "from plugin.mixins import HologramMixin",
        "from plugin.base.hologram.mixins import HologramMixin",
        "from plugin.models import MetadataMixin",
        "from plugin.views import InvenTreePluginViewMixin",
        "from plugin.helpers import get_plugins, log_error",
        "from plugin.base.barcodes.mixins import hash_barcode; hash_barcode('x')",
        "from plugin.base.label import label; label.print_label",
        "from plugin.mixins import supplier; supplier.SearchResult",
        "from plugin.builtin.labels.inventree_label import InvenTreeLabelPlugin",
        "from plugin.plugin import MetaBase, MixinBase, VersionMixin",
        "from plugin.urls import PLUGIN_BASE; assert PLUGIN_BASE == 'plugin'",
        "from plugin.mixins import *; SettingsMixin, LabelPrintingMixin",
        "from plugin.base.integration.mixins import *; SettingsMixin",
        "from plugin.base.integration.UrlsMixin import *; UrlsMixin",
        "from plugin import *; InvenTreePlugin, registry",
    ],
)
def test_what_servers_have_or_may_have_can_be_imported(statement, tmp_path):
    # `import *` is allowed on the outermost level only.
    done = run(with_stand_ins(f"exec({statement!r}, {{}})"), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_mixin_is_the_same_wherever_it_comes_from(tmp_path):
    body = """from plugin.mixins import LabelPrintingMixin as one
from plugin.base.label.mixins import LabelPrintingMixin as two
print(one is two)
"""
    assert run(with_stand_ins(body), tmp_path).stdout == "True\n"


def test_a_mixin_that_is_also_another_one_is_so_here(tmp_path):
    body = """from plugin import InvenTreePlugin
from plugin.mixins import APICallMixin, SupplierMixin, SupplierBarcodeMixin, SettingsMixin
from plugin.base.integration.mixins import GlobalSettingsMixin
class Data: pass
class P(SupplierMixin[Data], SupplierBarcodeMixin, InvenTreePlugin):
    NAME = "p"
    SETTINGS = {"A": {"default": 1}}
class Q(GlobalSettingsMixin, InvenTreePlugin):
    NAME = "q"
    SETTINGS = {"A": {"default": 2}}
class R(SupplierMixin, APICallMixin, InvenTreePlugin):
    NAME = "r"
print(sorted(P().registered_mixins), P().get_setting("A"), P.QUANTITY, P.DATE_CODE)
print(sorted(Q().registered_mixins), Q().get_setting("A"), issubclass(P, SettingsMixin))
print(R().api_url)
"""
    done = run(with_stand_ins(body), tmp_path)
    assert done.stdout == (
        "['barcode', 'settings', 'supplier', 'supplier-barcode'] 1 quantity date_code\n"
        "['settings'] 2 True\nhttps://\n"
    ), done.stderr


def test_base_classes_of_2022_are_base_classes(tmp_path):
    body = """from plugin import ActionPlugin, InvenTreePluginBase, InvenTreePlugin
from plugin.action import ActionPlugin as again
from plugin.plugin import mark_final
class P(ActionPlugin):
    PLUGIN_NAME = "p"
    ACTION_NAME = "go"
    @mark_final
    def mine(self):
        return 1
print(P().action_name(), P().mixin("action"), P().mine(), again is ActionPlugin)
print(InvenTreePluginBase is InvenTreePlugin)
"""
    done = run(with_stand_ins(body), tmp_path)
    assert done.stdout == "go True 1 True\nTrue\n", done.stderr


def test_members_of_what_has_no_effect_are_their_names(tmp_path):
    body = """from abc import ABC
from plugin import InvenTreePlugin
from plugin.events import PluginEvents
from plugin.machine import BaseDriver
from plugin.mixins import PanelMixin
from plugin.models import MetadataMixin
class Driver(BaseDriver, ABC):
    SLUG = "d"
class Meta(type): pass
class Model(metaclass=Meta): pass
class Mine(MetadataMixin, Model): pass
class P(PanelMixin, InvenTreePlugin):
    NAME = "p"
print(PluginEvents.PLUGINS_LOADED, Driver.SLUG, hasattr(Driver, "NAME"), hasattr(PluginEvents, "other"))
print(hasattr(P, "PLUGIN_SLUG"), hasattr(PanelMixin, "NAME"), P().slug)
"""
    done = run(with_stand_ins(body), tmp_path)
    assert done.stdout == "PLUGINS_LOADED d False False\nFalse False p\n", done.stderr
