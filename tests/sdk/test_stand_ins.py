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


def test_other_names_are_missing_with_a_reason(tmp_path):
    done = run(with_stand_ins("from plugin import registry"), tmp_path)
    assert "ImportError: cannot import name 'registry'" in done.stderr


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
