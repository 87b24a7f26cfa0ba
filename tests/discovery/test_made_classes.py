"""Plugin classes that no plain statement of a module defines: in functions, in classes, by `type()`."""

from __future__ import annotations

import pytest

BASE = "from plugin import InvenTreePlugin\n"


def _one(world):
    found = world.discover()
    assert [problem.message for problem in found.problems] == []
    assert len(found.plugins) == 1
    return found.plugins[0]


def test_class_of_a_function_is_read_with_its_own_imports(world):
    world.directory()
    world.write(
        "plugins/demo.py",
        """
        TITLE = "Of the module"

        def make(version):
            from plugin import InvenTreePlugin
            from plugin.mixins import UrlsMixin
            name = "Inside"

            class Inner(UrlsMixin, InvenTreePlugin):
                NAME = name
                TITLE = TITLE
                VERSION = version

            return Inner

        Demo = make("1.0")
        """,
    )
    plugin = _one(world)
    assert (plugin.slug, plugin.class_name, plugin.line) == ("inside", "Inner", 9)
    assert plugin.mixins == ("UrlsMixin",)
    assert plugin.title == "Of the module"
    assert plugin.version is None
    assert [problem.message for problem in plugin.problems] == [
        "`VERSION` cannot be known without running the plugin: it is an argument of `make()`"
    ]


def test_class_of_a_function_that_is_not_called_is_no_plugin(world):
    world.directory()
    world.write(
        "plugins/demo.py",
        f"{BASE}def make():\n    class Inner(InvenTreePlugin):\n        NAME = 'x'\n    return Inner\n",
    )
    found = world.discover()
    assert (found.plugins, found.problems) == ((), ())


def test_entry_point_names_a_class_inside_a_class_whose_base_is_imported_there(world):
    world.package("pack.core:Outer.Inner")
    world.write(
        "site/pack/core.py",
        """
        class Outer:
            from plugin import InvenTreePlugin as Base
            NAME = "of the outer"

            class Inner(Base):
                NAME = "Inner"
        """,
    )
    assert _one(world).slug == "inner"


@pytest.mark.parametrize(
    "built",
    [
        "type('Made', (UrlsMixin, InvenTreePlugin), {'NAME': 'Made ' + str(1), 'VERSION': '2'})",
        "type('Made', (UrlsMixin, InvenTreePlugin,), {'NAME': 'Made 1', 'VERSION': f'{2}'})",
    ],
)
def test_class_built_by_type_is_read(world, built):
    world.directory()
    world.write("plugins/demo.py", f"{BASE}from plugin.mixins import UrlsMixin\nDemo = {built}\n")
    plugin = _one(world)
    assert (plugin.slug, plugin.class_name, plugin.version) == ("made-1", "Made", "2")
    assert (plugin.line, plugin.mixins) == (3, ("UrlsMixin",))


def test_call_of_what_is_no_function_makes_no_class(world):
    world.directory()
    world.write("plugins/demo.py", f"{BASE}One = 1(x=2)\nTwo = 'x'()\nThree = None(InvenTreePlugin)\n")
    assert [(each.code, each.line) for each in world.discover().problems] == [("unresolved-class", 4)]


@pytest.mark.parametrize(
    "text",
    [
        "Demo = type(name(), (InvenTreePlugin,), {'NAME': 'x'})",
        "Demo = type('Demo', (InvenTreePlugin,), load())",
        "Demo = decorated(InvenTreePlugin, name='x')",
    ],
)
def test_class_that_only_running_would_tell_is_reported(world, text):
    world.directory()
    world.write("plugins/demo.py", f"{BASE}{text}\nLOG = getLogger('x')\n")
    found = world.discover()
    assert found.plugins == ()
    assert [(each.code, each.line) for each in found.problems] == [("unresolved-class", 2)]
    assert found.problems[0].message.startswith("`Demo` may be a plugin: ")
