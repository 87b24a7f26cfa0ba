"""Which distribution needs which, and who brought it."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventree_plugins.models import Interpreter
from inventree_plugins.packages import (
    brought_by_plugins,
    installed_distributions,
    needed_by_others,
    orphaned_by,
    why_needed,
)
from tests.builders import install_folder

POINT = "[inventree_plugins]\nP = p:P\n"
TARGET = Interpreter(Path("/x/bin/python"), Path("/x"), "3.11.4", "cpython", (), Path("/x"))


@pytest.fixture
def world(tmp_path):
    """Return a function that installs distributions, by name, with what they require.

    A name in capitals is one that somebody asked for; one that starts with `plugin` brings a plugin.
    """

    def install(**requires: tuple[str, ...]):
        for name, texts in requires.items():
            points = POINT if name.startswith("plugin") else None
            info = install_folder(
                tmp_path, name.lower().replace("_", "-"), "1.0", requires=texts, entry_points=points
            )
            if name.isupper():
                (info / "REQUESTED").touch()
        return installed_distributions([tmp_path])

    return install


def brought(distributions, **more):
    options = {"plugins": (), "server": (), **more}
    return sorted(brought_by_plugins(distributions, TARGET, **options))


def orphans(distributions, *removed, **more):
    found = brought_by_plugins(distributions, TARGET, **{"plugins": (), "server": (), **more})
    return sorted(orphaned_by(removed, distributions, TARGET, brought=found))


def test_a_plugins_dependencies_are_brought_by_it(world):
    found = world(plugin=("a",), a=("b",), b=(), django=("c",), c=(), alone=())
    assert brought(found) == ["a", "b", "plugin"]
    assert orphans(found, "plugin") == ["a", "b"]


def test_without_plugins_nothing_is_brought(world):
    assert brought(world(django=("a",), a=())) == []


@pytest.mark.parametrize("how", ["needed", "deeply needed", "asked for", "of its files"])
def test_what_the_server_has_is_not_brought(world, how):
    found = {
        "needed": lambda: world(plugin=("a",), a=(), django=("a",)),
        "deeply needed": lambda: world(plugin=("a",), a=(), django=("b",), b=("a",)),
        "asked for": lambda: world(plugin=("a",), A=()),
        "of its files": lambda: world(plugin=("a",), a=()),
    }[how]()
    server = ("A",) if how == "of its files" else ()
    assert brought(found, server={name.lower() for name in server}) == ["plugin"]
    assert orphans(found, "plugin", server={name.lower() for name in server}) == []


def test_a_declared_package_counts_as_a_plugins(world):
    found = world(LIBRARY=("a",), a=())
    assert brought(found) == []
    assert brought(found, plugins=("library",)) == ["a", "library"]
    assert orphans(found, "library", plugins=("library",)) == ["a"]


def test_what_another_plugin_needs_stays(world):
    found = world(plugin_1=("a", "c"), plugin_2=("b",), a=(), b=("c",), c=())
    assert orphans(found, "plugin-1") == ["a"]
    assert orphans(found, "plugin-1", "plugin-2") == ["a", "b", "c"]


def test_a_plugin_is_no_orphan_and_keeps_what_it_needs(world):
    found = world(plugin_1=("plugin_2", "a"), plugin_2=("b",), a=(), b=())
    assert orphans(found, "plugin-1") == ["a"]


def test_the_tools_of_an_environment_are_no_orphans(world):
    found = world(plugin=("setuptools", "a"), setuptools=(), a=())
    assert "setuptools" in brought(found)
    assert orphans(found, "plugin") == ["a"]


def test_what_is_left_out_of_the_brought_keeps_what_it_needs(world):
    found = world(plugin=("a",), a=("b",), b=())
    assert orphaned_by(["plugin"], found, TARGET, brought={"b", "plugin"}) == frozenset()


def test_a_circle_goes_as_a_whole(world):
    found = world(plugin=("a",), a=("b",), b=("a", "plugin"))
    assert orphans(found, "plugin") == ["a", "b"]


def test_names_compare_as_the_standard_says(world):
    found = world(plugin=("Foo.Bar_Baz>=1",), foo_bar_baz=())
    assert orphans(found, "plugin") == ["foo-bar-baz"]


@pytest.mark.parametrize(
    ("marker", "is_brought"),
    [
        ("python_version >= '3'", True),
        ("python_version < '3'", False),
        ("implementation_name == 'cpython'", True),
        ("extra == 'x'", False),
        ("python_version < '3' or extra == 'x'", False),
        ("python_version > '3' or extra == 'x'", True),
        # No version of anything; an installer on such a machine must know.
        ("platform_version ~= '1.0'", True),
    ],
)
def test_markers_are_the_targets(world, marker, is_brought):
    found = world(plugin=(f"a ; {marker}",), a=())
    assert ("a" in brought(found)) is is_brought


def test_an_extra_counts_where_it_is_asked_for(world):
    found = world(plugin=("a[x]",), a=("b ; extra == 'x'", "c ; extra == 'y'"), b=(), c=())
    assert brought(found) == ["a", "b", "plugin"]
    assert orphans(found, "plugin") == ["a", "b"]


def test_an_extra_of_an_extra(world):
    found = world(plugin=("a[All_of-it]",), a=("a[x] ; extra == 'all-of-it'", "b ; extra == 'x'"), b=())
    assert orphans(found, "plugin") == ["a", "b"]


def test_an_extra_of_plugins_txt_brings_more(world):
    found = world(plugin=("a ; extra == 'pdf'",), a=("b",), b=())
    assert brought(found) == ["plugin"]
    asked = ("plugin[pdf]>=1", "nothing ; python_version < '3'", "no requirement !")
    assert brought(found, asked=asked) == ["a", "b", "plugin"]
    assert orphans(found, "plugin", asked=asked) == ["a", "b"]
    assert brought(found, asked=("plugin[pdf] ; python_version < '3'",)) == ["plugin"]


@pytest.mark.parametrize("holder", ["django", "plugin_2"])
def test_what_stays_may_have_been_asked_for_with_any_extra(world, holder):
    """Nothing records it, and what was needed after all would be missed when it is gone."""
    found = world(plugin=("a",), a=("b",), b=(), **{holder: ("a ; extra == 'x' and python_version < '3'",)})
    assert "a" in brought(found)
    assert orphans(found, "plugin") == []


def test_an_extra_that_only_what_goes_asked_for_goes_too(world):
    found = world(plugin_1=("a[x]",), plugin_2=("mid",), mid=("a",), a=("b ; extra == 'x'",), b=())
    # What is there for plugins only has the extras that these ask for.
    assert orphans(found, "plugin-1") == ["b"]
    assert orphans(found, "plugin-1", "plugin-2") == ["a", "b", "mid"]


def test_a_requirement_that_is_none_is_passed_over(world):
    found = world(plugin=("=broken=", "a"), a=())
    assert orphans(found, "plugin") == ["a"]


def test_what_is_not_installed_is_nobodys(world):
    found = world(plugin=("absent", "a"), a=("absent",))
    assert brought(found) == ["a", "plugin"]
    assert orphans(found, "plugin", "absent") == ["a"]


def test_who_else_needs_it(world):
    found = world(plugin=("a",), a=(), b=("A>1", "c ; extra == 'x'"), c=("c",))
    every = ("a", "c", "absent")
    assert needed_by_others(every, found, TARGET, leaving=()) == {"a": ("b", "plugin"), "c": (), "absent": ()}
    assert needed_by_others(["a"], found, TARGET, leaving={"a", "plugin"}) == {"a": ("b",)}
    assert needed_by_others(["c"], found, TARGET, leaving=(), asked=("b[x]",)) == {"c": ("b",)}
    assert needed_by_others(["c"], found, TARGET, leaving={"b"}, asked=("b[x]",)) == {"c": ()}


def test_why_a_package_is_needed():
    required = {
        "top": ("mid[x]>=1",),
        "mid": ("low ; extra == 'x'", "other ; extra == 'y'"),
        "low": (),
        "other": (),
    }
    assert why_needed(required, TARGET) == {"top": (), "mid": ("top",), "low": ("mid",), "other": ()}
    assert why_needed(required, TARGET, asked=["mid[y]"])["other"] == ("mid",)
