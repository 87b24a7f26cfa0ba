"""Which modules of a directory the server would read, and which classes of theirs are plugins."""

from __future__ import annotations

import pytest

from inventree_plugins.discovery import Places, discover
from inventree_plugins.models import Source


def _slugs(found):
    return [plugin.slug for plugin in found.plugins]


def _named(name):
    return f"from plugin import InvenTreePlugin\nclass {name}(InvenTreePlugin):\n    NAME = '{name}'\n"


def test_directory_is_walked_as_packages(world, codes):
    world.directory()
    world.write("plugins/__init__.py", _named("Root"))
    world.write("plugins/single.py", _named("Single"))
    world.write("plugins/my-dash.py", _named("Dash"))
    world.write("plugins/pack/__init__.py", _named("Pack"))
    world.write("plugins/pack/deep/__init__.py", "")
    world.write("plugins/pack/deep/core.py", _named("Deep"))
    for ignored in (".hidden.py", "a.b.py", "notes.txt", "__pycache__/x.py", ".git/x.py"):
        world.write(f"plugins/{ignored}", _named("Ignored"))
    world.write("plugins/loose/core.py", _named("Loose"))
    found = world.discover()
    assert _slugs(found) == ["root", "dash", "pack", "deep", "single"]
    assert codes(found.problems) == ["not-a-package"]
    deep = found.plugins[3]
    assert (deep.module, deep.class_name, deep.source) == ("plugins.pack.deep.core", "Deep", Source.DIRECTORY)
    assert (deep.path, deep.line) == (world.root / "plugins/pack/deep/core.py", 2)


def test_missing_directory_holds_no_plugins(tmp_path):
    assert discover(Places(directories=(tmp_path / "absent",), source_root=tmp_path / "none")).plugins == ()


def test_symlink_loop_ends(world):
    world.directory()
    world.write("plugins/pack/__init__.py", _named("Pack"))
    (world.root / "plugins/pack/again").symlink_to(world.root / "plugins/pack")
    (world.root / "plugins/pack/up").symlink_to(world.root / "plugins")
    (world.root / "plugins/pack/self.py").symlink_to(world.root / "plugins/pack/self.py")
    assert _slugs(world.discover()) == ["pack"]


@pytest.mark.parametrize("exported", ["['One']", "[]", "('One',) + ('Two',)", "[One]", "load()"])
def test_dunder_all_hides_no_plugin(world, exported):
    """The server reads `__all__`, and then takes every class of the module all the same."""
    world.directory()
    world.write("plugins/demo.py", _named("One") + _named("Two") + f"__all__ = {exported}\n")
    assert _slugs(world.discover()) == ["one", "two"]


def test_an_underscore_hides_no_plugin(world):
    world.directory()
    world.write("plugins/a.py", _named("_Hidden").replace("'_Hidden'", "'Hidden'"))
    assert _slugs(world.discover()) == ["hidden"]
    world.write("plugins/b.py", "from .a import _Hidden as Shown")
    assert _slugs(world.discover()) == ["hidden"]


def test_class_imported_elsewhere_counts_once(world):
    world.directory()
    world.write("plugins/__init__.py", "from .core import Demo\nfrom plugins.core import Demo as Same")
    world.write("plugins/core.py", _named("Demo"))
    found = world.discover()
    assert _slugs(found) == ["demo"]
    assert found.plugins[0].problems == ()


def test_class_of_an_installed_library_imported_into_a_directory(world):
    world.directory()
    world.write("site/lib_plugins.py", _named("Library"))
    world.write("plugins/use.py", "from lib_plugins import Library")
    assert _slugs(world.discover()) == ["library"]


def test_same_class_name_in_two_files_are_two_plugins(world):
    world.directory()
    world.write("plugins/a.py", _named("Demo"))
    world.write("plugins/b.py", _named("Demo").replace("'Demo'", "'Other'"))
    assert _slugs(world.discover()) == ["demo", "other"]


def test_alias_at_the_end_counts_once(world):
    world.directory()
    world.write("plugins/a.py", _named("Demo") + "Alias = Demo\n")
    assert _slugs(world.discover()) == ["demo"]


def test_name_that_cannot_be_known_with_a_slug_that_can(world, codes):
    world.directory()
    world.write(
        "plugins/a.py",
        "from plugin import InvenTreePlugin\nclass Demo(InvenTreePlugin):\n    NAME = load()\n    SLUG = 's'",
    )
    assert world.plugin().slug == "s"


def test_slug_that_cannot_be_known_is_a_problem(world, codes):
    world.directory()
    world.write("plugins/a.py", _named("Demo") + "    SLUG = load()\n")
    found = world.discover()
    assert (found.plugins, codes(found.problems)) == ((), ["unknown-value"])
    assert found.problems[0].line == 4


def test_name_without_ascii_has_no_slug(world, codes):
    world.directory()
    world.write("plugins/a.py", _named("Demo").replace("'Demo'", "'日本'"))
    found = world.discover()
    assert (found.plugins, codes(found.problems)) == ((), ["no-slug"])
    assert found.problems[0].severity == "error"


def test_builtins_and_samples_of_a_source_root(world):
    world.source_root = world.root / "server"
    world.write("server/plugin/__init__.py", "raise RuntimeError")
    world.write("server/plugin/builtin/__init__.py", "")
    world.write("server/plugin/builtin/labels/__init__.py", "")
    world.write("server/plugin/builtin/labels/core.py", _named("Label"))
    world.write("server/plugin/samples/__init__.py", "")
    world.write("server/plugin/samples/one.py", _named("Sample"))
    found = world.discover()
    assert [(p.slug, p.source, p.module) for p in found.plugins] == [
        ("label", Source.BUILTIN, "plugin.builtin.labels.core")
    ]
    world.samples = True
    assert [p.source for p in world.discover().plugins] == [Source.BUILTIN, Source.SAMPLE]
    world.directory()
    world.write(
        "plugins/derived.py",
        "from plugin.builtin.labels.core import Label\nclass Mine(Label):\n    NAME = 'Mine'",
    )
    assert [p.slug for p in world.discover().plugins] == ["label", "sample", "mine"]


def test_later_source_wins_and_carries_what_it_hides(world):
    world.source_root = world.root / "server"
    world.write("server/plugin/builtin/core.py", _named("Demo"))
    world.directory()
    world.write("plugins/demo.py", _named("Demo"))
    world.package("demo:Demo")
    world.write("site/demo.py", _named("Demo"))
    plugin = world.plugin()
    assert plugin.source is Source.PACKAGE
    assert [loser.source for loser in plugin.shadowed] == [Source.DIRECTORY, Source.BUILTIN]
    messages = [p.message for p in plugin.problems if p.code == "slug-collision" and p.severity == "error"]
    assert len(messages) == 2
    assert str(world.root / "plugins/demo.py") in messages[0]
    assert str(world.root / "site/demo.py") in messages[0]


def test_one_file_as_directory_and_package_counts_once(world):
    world.directory("site")
    world.package("demo:Demo")
    world.write("site/demo.py", _named("Demo"))
    plugin = world.plugin()
    assert (plugin.source, plugin.shadowed, plugin.problems) == (Source.PACKAGE, (), ())
