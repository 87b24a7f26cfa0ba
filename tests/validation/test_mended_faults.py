"""What `validate` once got wrong."""

from __future__ import annotations

import pytest

from tests.validation.cases import GROUP, plugin, project
from tests.validation.conftest import write

BASE = "from plugin import InvenTreePlugin"
EVENTS = plugin(mixins="EventMixin")


def test_version_in_other_digits_than_ascii_is_refused(check):
    write({"example.py": plugin()})
    assert check("./example.py", "--against", "1.\u0665").code == 2


def test_home_of_nobody_is_no_fault_of_invplug(check):
    assert check("~nobody-here/x").code == 1


def test_empty_target_is_refused(check):
    assert check("").code == 2


def test_file_called_plugin_does_not_hide_the_server_when_loaded(check):
    write({"plugin.py": plugin()})
    assert check("./plugin.py", "--load", "--json").codes == ["loaded-without-server"]


def test_file_of_a_package_is_loaded_as_its_module(check):
    core = plugin(imports=f"{BASE}\nfrom .version import VALUE")
    write({"inventree_x/__init__.py": "", "inventree_x/core.py": core, "inventree_x/version.py": "VALUE = 1"})
    assert check("./inventree_x/core.py", "--load", "--json").codes == ["loaded-without-server"]


def test_method_that_is_assigned_after_the_class_is_there(check):
    write({"example.py": f"{EVENTS}\n\nExamplePlugin.process_event = print\n"})
    assert check("./example.py", "--json").codes == []


def test_attribute_that_the_constructor_sets_is_there(check):
    body = ("def __init__(self):", "    self.NAVIGATION = []", "    super().__init__()")
    write({"example.py": plugin(*body, mixins="NavigationMixin")})
    assert check("./example.py", "--json").codes == []


def test_declared_requirement_of_a_checkout_is_not_missing(check):
    files = project(f'dependencies = ["zebra>=1"]\n{GROUP}\nExample = "inventree_example.core:ExamplePlugin"')
    write({**files, "project/inventree_example/core.py": plugin(imports=f"import zebra\n{BASE}")})
    assert check("project", "--json").codes == []


def test_folder_without_plugins_is_a_place(check):
    write({"code/__init__.py": ""})
    (finding,) = check("code", "--json").findings
    assert finding["path"]


def test_settings_that_are_a_number_are_known(check):
    write({"example.py": plugin(mixins="SettingsMixin", SETTINGS="5")})
    assert check("./example.py", "--json").codes == ["settings-malformed"]


@pytest.mark.parametrize(
    "statement",
    [
        "import threading, time; threading.Thread(target=time.sleep, args=(4,)).start()",
        "import subprocess; subprocess.Popen(['sleep', '4'])",
    ],
)
def test_plugin_that_starts_something_is_loaded_when_it_is_loaded(check, statement):
    write({"example.py": plugin(imports=f"{BASE}\n{statement}")})
    result = check("./example.py", "--load", "--load-timeout", "2", "--json")
    assert result.codes == ["loaded-without-server"]


def test_one_import_of_a_file_with_several_plugins_is_one_finding(check):
    text = "".join(plugin(name=name, SLUG=f'"{name}"', imports="").lstrip() for name in ("first", "second"))
    write({"example.py": f"import zebra\n{BASE}\n{text}"})
    (finding,) = check("./example.py", "--json").findings
    assert finding["code"] == "import-missing"
