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
print(p.registered_mixins["panel"], p.mixin_enabled("labels"), PanelMixin.is_inert)
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
