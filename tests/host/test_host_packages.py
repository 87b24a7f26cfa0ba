"""Installed packages: entry points, and what happens when they meet directories."""

from __future__ import annotations

import datetime
import zipfile

import pytest

from tests.builders import build_wheel, install_folder
from tests.host.conftest import failures_of, plugin_text


def test_an_entry_point_is_a_plugin(world):
    world.package("demo-dist", plugin_text("Demo"), attr="DemoPlugin")
    host = world.boot("demo")
    assert list(host.plugins) == ["demo"]
    assert host.failures == ()


def test_a_wheel_on_the_import_path_is_installed(world, monkeypatch):
    wheel = build_wheel(
        world.folder,
        "zipped",
        "2.0",
        modules={"zipped_plugin.py": plugin_text("Zipped")},
        entry_points={"Zipped": "zipped_plugin:ZippedPlugin"},
    )
    monkeypatch.syspath_prepend(str(wheel))
    assert world.boot("zipped").get("zipped").version == "2.0"


def test_an_unpacked_wheel_is_installed(world):
    wheel = build_wheel(
        world.folder,
        "plain",
        "2.0",
        modules={"plain_plugin/__init__.py": "", "plain_plugin/core.py": plugin_text("Plain")},
        entry_points={"Plain": "plain_plugin.core:PlainPlugin"},
    )
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(world.site)
    assert world.boot("plain").get("plain").version == "2.0"


def test_the_distribution_tells_what_the_class_does_not(world):
    metadata = {
        "Summary": "A summary",
        "Author-email": "Ada <ada@example.org>",
        "License": "MIT",
        "Home-page": "https://example.org",
    }
    world.package("demo-dist", plugin_text("Demo"), attr="DemoPlugin", version="3.4", **metadata)
    plugin = world.boot("demo").get("demo")
    assert (plugin.description, plugin.version, plugin.license) == ("A summary", "3.4", "MIT")
    assert (plugin.author, plugin.website) == ("Ada <ada@example.org>", "https://example.org")


def test_the_class_beats_the_distribution(world):
    body = "VERSION = '9'\nAUTHOR = 'Me'\nPUBLISH_DATE = '2024-01-02'"
    world.package("demo-dist", plugin_text("Demo", body=body), attr="DemoPlugin", version="3.4")
    plugin = world.boot("demo").get("demo")
    assert (plugin.version, plugin.author) == ("9", "Me")
    assert plugin.pub_date == datetime.date(2024, 1, 2)


def test_the_facts_are_those_of_the_owner_of_the_entry_point(world):
    """Another distribution that shares the module is not asked."""
    world.package("owner", plugin_text("Demo"), attr="DemoPlugin", version="2.0")
    install_folder(world.site, "aaa", "1.0")
    (world.site / "aaa-1.0.dist-info" / "top_level.txt").write_text("owner\n")
    assert world.boot("demo").get("demo").version == "2.0"


def test_a_dotted_attribute_is_found(world):
    text = "class Box:\n" + "\n".join(f"    {line}" for line in plugin_text("Demo").splitlines())
    world.package("boxed", text, attr="Box.DemoPlugin")
    assert list(world.boot("demo").plugins) == ["demo"]


def test_a_class_without_a_name_but_with_an_entry_point_needs_a_slug(world):
    """Entry points get no NAME check; without any name there is no key."""
    text = "from plugin import InvenTreePlugin\nclass A(InvenTreePlugin): {}\n"
    world.package("nameless", text.format("pass"), attr="A")
    world.package("slugged", text.format("SLUG = 'slugged'"), attr="A")
    host = world.boot("slugged")
    assert list(host.plugins) == ["slugged"]
    assert [(each.phase, each.module) for each in host.failures] == [("identity", "nameless:A")]


@pytest.mark.parametrize(
    ("attr", "kind"),
    [
        ("Nothing", "AttributeError"),
        ("DemoPlugin.deeper", "AttributeError"),
        ("InvenTreePlugin", "TypeError"),
    ],
)
def test_an_entry_point_that_leads_nowhere_is_told_of(world, attr, kind):
    world.package("demo-dist", plugin_text("Demo"), attr=attr)
    world.plugin("Good")
    host = world.boot("good")
    assert list(host.plugins) == ["good"]
    assert [each.phase for each in host.failures] == ["import"]
    assert failures_of(host)[0][2] == kind


def test_an_entry_point_whose_module_is_missing_is_told_of(world):
    install_folder(world.site, "gone", "1.0", entry_points="[inventree_plugins]\nx = gone_module:Gone\n")
    assert failures_of(world.boot()) == [(None, "import", "ModuleNotFoundError")]


def test_reading_tells_whose_entry_point_does_not_import(world):
    world.package("demo-dist", plugin_text("Demo", before="raise SystemExit"), attr="DemoPlugin")
    assert failures_of(world.boot("demo")) == [("demo", "import", "SystemExit")]


def test_a_package_beats_a_directory_and_that_is_told_of(world):
    world.plugin("Same", body="WHERE = 'directory'")
    world.package("packed", plugin_text("Same", body="WHERE = 'package'"), attr="SamePlugin")
    host = world.boot("same")
    assert host.get("same").WHERE == "package"
    (failure,) = host.failures
    assert (failure.slug, failure.phase, failure.module) == ("same", "collision", "plugins.same:SamePlugin")


def test_a_directory_beats_a_builtin_and_that_is_told_of(world):
    (world.site / "own").mkdir()
    (world.site / "own" / "__init__.py").write_text("")
    (world.site / "own" / "one.py").write_text(plugin_text("Same", body="WHERE = 'builtin'"))
    world.plugin("Same", body="WHERE = 'directory'")
    host = world.boot("same", builtins=("own",))
    assert host.get("same").WHERE == "directory"
    assert failures_of(host) == [("same", "collision", "PluginError")]


def test_slugs_collide_also_where_names_differ(world):
    world.plugin("Same Name", file="one.py")
    world.plugin("Other", body="SLUG = 'same-name'", file="two.py")
    host = world.boot("same-name")
    assert [each.phase for each in host.failures] == ["collision"]


def test_a_package_whose_class_a_directory_also_names_counts_once_as_the_package(world):
    world.package("packed", plugin_text("Packed"), attr="PackedPlugin", version="7.0")
    world.write("plugins/again.py", "from packed import PackedPlugin")
    host = world.boot("packed")
    assert host.failures == ()
    assert host.get("packed").version == "7.0"


def test_two_entry_points_of_one_package(world):
    (world.site / "two.py").write_text(plugin_text("One") + "\n" + plugin_text("Two"))
    points = "[inventree_plugins]\na = two:OnePlugin\nb = two:TwoPlugin\nc = two:OnePlugin\n"
    install_folder(world.site, "two", "1.0", entry_points=points)
    host = world.boot("one", "two")
    assert list(host.plugins) == ["one", "two"]
    assert host.failures == ()


def test_one_bad_entry_point_does_not_harm_the_other_one_of_its_package(world):
    (world.site / "two.py").write_text(plugin_text("One"))
    points = "[inventree_plugins]\na = two.nowhere:Gone\nb = two:OnePlugin\n"
    install_folder(world.site, "two", "1.0", entry_points=points)
    assert list(world.boot("one").plugins) == ["one"]


def test_packages_in_a_namespace_are_apart(world):
    for name in ("one", "two"):
        (world.site / "shared_space").mkdir(exist_ok=True)
        (world.site / "shared_space" / f"{name}.py").write_text(plugin_text(name.title()))
        install_folder(
            world.site,
            f"shared-{name}",
            "1.0",
            entry_points=f"[inventree_plugins]\na = shared_space.{name}:{name.title()}Plugin\n",
        )
    assert list(world.boot("one", "two").plugins) == ["one", "two"]


def test_a_package_of_the_name_of_a_plugin_directory(world):
    """The directory is called `plugins`, and so is the package."""
    world.plugin("InFolder")
    (world.site / "plugins").mkdir()
    (world.site / "plugins" / "__init__.py").write_text("")
    (world.site / "plugins" / "core.py").write_text(plugin_text("InPackage"))
    install_folder(
        world.site, "plugins", "1.0", entry_points="[inventree_plugins]\na = plugins.core:InPackagePlugin\n"
    )
    host = world.boot("infolder", "inpackage")
    assert list(host.plugins) == ["infolder", "inpackage"]
    assert host.failures == ()
