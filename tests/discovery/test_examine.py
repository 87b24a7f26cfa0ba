"""The close look: attributes, members, imports, settings definitions and the Django app of a plugin."""

from __future__ import annotations

import pytest

from inventree_plugins.anatomy import NotKnown
from inventree_plugins.discovery import examine

CLASS = """
from plugin import InvenTreePlugin
{before}

class Demo(InvenTreePlugin):
    NAME = "Demo"
{body}
"""


@pytest.fixture
def anatomy(world):
    """Return a function that looks closely at the one plugin of a directory."""

    def look(body="", *, before="", path="plugins/demo.py"):
        world.directory()
        indented = "\n".join(f"    {line}" for line in body.splitlines())
        world.write(path, CLASS.format(before=before, body=indented))
        (found,) = examine(world.places()).anatomies
        return found

    return look


def test_attributes_carry_value_and_place(world, anatomy):
    found = anatomy('VERSION = "1" + ".2"\nNAVIGATION = [{"name": "A", "link": load()}, 3]').attributes
    assert (found["VERSION"].value, found["VERSION"].line) == ("1.2", 7)
    assert found["VERSION"].path == world.root / "plugins/demo.py"
    first, second = found["NAVIGATION"].value
    assert (first["name"], second) == ("A", 3)
    assert isinstance(first["link"], NotKnown)
    assert first["link"].line == 8
    assert "AUTHOR" not in found


def test_attribute_of_a_base_class_is_where_that_sets_it(anatomy):
    found = anatomy(before="class Own:\n    URLS = []\n").attributes
    assert "URLS" not in found
    found = anatomy(before="class Own(InvenTreePlugin):\n    AUTHOR = 'A'\nInvenTreePlugin = Own").attributes
    assert (found["AUTHOR"].value, found["AUTHOR"].line) == ("A", 4)


def test_attribute_that_is_set_after_the_class_is_there(world):
    world.directory()
    world.write(
        "plugins/demo.py", CLASS.format(before="", body="") + "Demo.VERSION = '2'\nDemo.scan = print\n"
    )
    (found,) = examine(world.places()).anatomies
    assert (found.attributes["VERSION"].value, found.attributes["VERSION"].line) == ("2", 8)
    assert "scan" in found.members


def test_members_come_from_the_plugins_own_classes(anatomy):
    own = "class Own:\n    def scan(self):\n        pass\n"
    before = own + "class InvenTreePlugin(Own, InvenTreePlugin):\n    pass"
    body = "@property\ndef title(self):\n    return 1\nLIMIT = 3\nclass Meta:\n    pass"
    assert anatomy(body, before=before).members == {"NAME", "title", "LIMIT", "Meta", "scan"}


def test_constructor_of_the_nearest_class_is_told(anatomy):
    body = "def __init__(self, one, two=2, *, three, four=4):\n    self.URLS = []\n    self.other = 1"
    told = anatomy(body).constructor
    assert (told.class_name, told.line, told.calls_base, told.required) == ("Demo", 7, False, 2)
    assert told.sets == ("URLS",)
    own = "class Own:\n    def __init__(self):\n        super().__init__()\n"
    told = anatomy(before=f"{own}class InvenTreePlugin(Own, InvenTreePlugin):\n    pass").constructor
    assert (told.class_name, told.calls_base, told.required) == ("Own", True, 0)
    assert anatomy().constructor is None


def test_settings_definitions_are_read_as_far_as_they_are_literal(anatomy):
    before = """
from django.core.validators import MinValueValidator, URLValidator as Url
from django.utils.translation import gettext_lazy as _
COMMON = {"TOKEN": {"name": _("Token"), "protected": True, "required": True}}
"""
    body = """SETTINGS = {
    **COMMON,
    "LEVEL": {
        "name": f"Level {1}",
        "description": _("How " "much"),
        "default": 2 * 3,
        "validator": [int, MinValueValidator(0)],
        "choices": [(1, _("low")), (2, "high"), 3],
        "units": "mm",
    },
    "URL": {"default": make(), "validator": Url(), "model": "part.part"},
    "CALLED": define(),
    "ANY": {"choices": find_choices, "validator": lambda value: value},
}"""
    token, level, url, called, anything = anatomy(body, before=before).settings
    assert (token.key, token.name, token.protected, token.required) == ("TOKEN", "Token", True, True)
    assert (level.name, level.description, level.default, level.units) == ("Level 1", "How much", 6, "mm")
    assert level.validators == ("int", "django.core.validators.MinValueValidator")
    assert level.choices == ((1, "low"), (2, "high"), (3, "3"))
    assert (level.line, level.unknown, level.protected) == (13, {}, False)
    assert (url.validators, url.model) == (("django.core.validators.URLValidator",), "part.part")
    assert url.unknown == {"default": "`make` is not bound by anything that can be read"}
    assert called.unknown == {"definition": "`define` is not bound by anything that can be read"}
    assert set(anything.unknown) == {"choices", "validator"}


def test_user_settings_are_read_too(anatomy):
    (setting,) = anatomy("USER_SETTINGS = {'THEME': {'default': 'dark'}}").user_settings
    assert (setting.key, setting.default) == ("THEME", "dark")


def _imports(found):
    return {(each.module, each.name): (each.is_server, each.is_found) for each in found.imports}


def test_imports_of_the_plugins_own_modules_are_followed(world, anatomy):
    world.directory()
    world.write("plugins/pack/__init__.py", "import absent_library\n")
    world.write("plugins/pack/other.py", "from part.models import Part\nfrom .gone import x\n")
    world.write("plugins/pack/unused.py", "import never_read\n")
    world.write("site/present/__init__.py", "")
    before = "import os\nimport present\nfrom . import other\nfrom .other import Part, lost\n"
    found = _imports(anatomy(before=before, path="plugins/pack/demo.py"))
    assert found == {
        ("plugin", "InvenTreePlugin"): (True, None),
        ("absent_library", None): (False, False),
        ("present", None): (False, True),
        (".", "other"): (False, True),
        (".other", "Part"): (False, True),
        (".other", "lost"): (False, False),
        ("part.models", "Part"): (True, None),
        (".gone", "x"): (False, False),
    }


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    import gone\nexcept ImportError:\n    gone = None",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import gone",
        "def later():\n    import gone",
        "import contextlib\nwith contextlib.suppress(ImportError):\n    import gone",
    ],
)
def test_guarded_imports_say_nothing(anatomy, text):
    assert not any(each.module == "gone" for each in anatomy(before=text).imports)


def test_imports_of_the_server_are_looked_up_in_its_source(world, anatomy):
    world.source_root = world.root / "server"
    world.write("server/plugin/__init__.py", "from .plugin import InvenTreePlugin\n")
    world.write("server/plugin/plugin.py", "class InvenTreePlugin:\n    pass\n")
    world.write("server/plugin/mixins/__init__.py", "from plugin.base.urls import UrlsMixin\n")
    world.write("server/part/__init__.py", "")
    world.write("server/part/models.py", "class Part:\n    pass\n")
    world.write("server/part/lazy.py", "def __getattr__(name):\n    return name\n")
    before = (
        "from plugin.mixins import UrlsMixin, PanelMixin\nfrom part.models import Part, Gone\n"
        "from part.lazy import anything\nimport part.absent\n"
    )
    assert _imports(anatomy(before=before)) == {
        ("plugin", "InvenTreePlugin"): (True, True),
        ("plugin.mixins", "UrlsMixin"): (True, True),
        ("plugin.mixins", "PanelMixin"): (True, False),
        ("part.models", "Part"): (True, True),
        ("part.models", "Gone"): (True, False),
        ("part.lazy", "anything"): (True, None),
        ("part.absent", None): (True, False),
    }


MODELS = """
from django.db import models

class Base(models.Model):
    class Meta:
        abstract = True

class Thing(Base):
    pass

class Plain:
    pass
"""


def test_app_of_a_package_is_its_top_package(world):
    world.package("pack.sub.core:Demo")
    world.write("site/pack/__init__.py", "")
    world.write("site/pack/sub/__init__.py", "")
    world.write("site/pack/sub/core.py", CLASS.format(before="", body=""))
    world.write("site/pack/models.py", MODELS)
    world.write("site/pack/migrations/__init__.py", "")
    world.write("site/pack/migrations/0001_initial.py", "")
    world.write(
        "site/pack/apps.py", "from django.apps import AppConfig\nclass P(AppConfig):\n    name = 'other'\n"
    )
    (found,) = examine(world.places()).anatomies
    app = found.app
    assert (app.package, app.path, app.is_package) == ("pack", world.site / "pack", True)
    assert (app.models, app.migrations) == (("Thing",), ("0001_initial.py",))
    assert (app.has_config, app.config_name, app.config_line) == (True, "other", 3)


@pytest.mark.parametrize(
    ("body", "label"),
    [
        ("    name = 'pack'\n", "pack"),
        ("    name = 'pack'\n    label = 'parts'\n", "parts"),
        ("    label = 'pa' + 'rts'\n", "parts"),
        ("    name = label = 'parts'\nclass Q(P):\n    label = 'more'\n", "pack"),
        ("    name = label = 'parts'\n    default = False\nclass Q(P):\n    default = True\n", "parts"),
        ("    default = True\n    label = 'parts'\nclass Q(AppConfig):\n    label = 'more'\n", "parts"),
    ],
)
def test_label_of_an_app_is_that_of_the_config_that_django_takes(world, body, label):
    assert app_with(world, body).label == label


@pytest.mark.parametrize("value", ["input()", "None", "5"])
def test_label_of_an_app_that_is_not_known(world, value):
    label = app_with(world, f"    label = {value}\n").label
    assert isinstance(label, NotKnown)
    assert label.reason


def app_with(world, body):
    """Return the app of a package with one class in `apps.py`."""
    world.package("pack.core:Demo")
    world.write("site/pack/__init__.py", "")
    world.write("site/pack/core.py", CLASS.format(before="", body=""))
    world.write("site/pack/apps.py", f"from django.apps import AppConfig\nclass P(AppConfig):\n{body}")
    (found,) = examine(world.places()).anatomies
    return found.app


def test_app_in_a_plugin_directory_is_the_plugins_folder(world, anatomy):
    world.directory()
    world.write("plugins/__init__.py", "")
    world.write("plugins/pack/__init__.py", "")
    world.write("plugins/pack/inner/__init__.py", "")
    app = anatomy(path="plugins/pack/inner/demo.py").app
    assert (app.package, app.is_package, app.models) == ("plugins.pack.inner", True, ())


def test_a_plugin_of_one_file_is_no_app(anatomy):
    app = anatomy().app
    assert (app.package, app.is_package) == ("plugins.demo", False)
