"""Plugin directories: names of all kinds, links, and what lies about in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.host.conftest import failures_of, plugin_text


def with_directories(world, *names):
    """Name plugin directories; the store is that of the standalone instance."""
    world.activate()
    world.environ["INVENTREE_DB_ENGINE"] = "sqlite3"
    world.environ["INVENTREE_DB_NAME"] = str(world.folder / ".invplug" / "store.sqlite3")
    world.environ["INVENTREE_PLUGINS_ENABLED"] = "1"
    world.environ["INVENTREE_PLUGIN_DIR"] = ",".join(names)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "my-plugins",
            "plugins.d",
            "2024",
            "with space",
            "plügins",
            "插件",
            "class",
            "json",
            "yaml",
            "plugin",
        ),
        *("inventree_plugins", "encodings", "host", "django", ".hidden", "deep/plugins", "sqlite3", "test"),
    ],
)
def test_a_plugin_directory_may_have_any_name(world, name):
    world.write(f"{name}/demo.py", plugin_text("Demo"))
    with_directories(world, name)
    host = world.boot("demo")
    assert list(host.plugins) == ["demo"]
    assert host.failures == ()
    assert json.loads("[1]") == [1]


@pytest.mark.parametrize("name", ["plugins", "my-plugins", "plugins.d", "json"])
def test_reading_tells_whose_module_fails_in_any_directory(world, name):
    world.write(f"{name}/deep/demo.py", plugin_text("Demo") + "\nraise ValueError")
    world.write(f"{name}/deep/__init__.py", "")
    with_directories(world, name)
    assert failures_of(world.boot("demo")) == [("demo", "import", "ValueError")]


def test_two_directories_of_the_same_name_are_both_collected(world):
    world.write("a/plugins/one.py", plugin_text("One"))
    world.write("b/plugins/two.py", plugin_text("Two"))
    with_directories(world, "a/plugins", "b/plugins")
    assert list(world.boot("one", "two").plugins) == ["one", "two"]


def test_modules_of_the_same_name_in_two_directories_are_two(world):
    world.write("a/plugins/demo.py", plugin_text("One"))
    world.write("b/plugins/demo.py", plugin_text("Two"))
    with_directories(world, "a/plugins", "b/plugins")
    assert list(world.boot("one", "two").plugins) == ["one", "two"]


def test_one_directory_named_twice_counts_once(world):
    world.plugin("Demo")
    with_directories(world, "plugins", "plugins", str(world.plugins))
    host = world.boot("demo")
    assert list(host.plugins) == ["demo"]
    assert host.failures == ()


def test_a_directory_and_a_link_to_it_count_once(world):
    world.plugin("Demo")
    (world.folder / "linked").symlink_to("plugins")
    with_directories(world, "plugins", "linked")
    host = world.boot("demo")
    assert list(host.plugins) == ["demo"]


def test_the_server_can_import_the_directory_under_its_own_name(world, monkeypatch):
    """As on a server: its working directory is on the import path."""
    monkeypatch.syspath_prepend(str(world.folder))
    world.plugin("Demo", before="from plugins.words import WORD", body="WORD = WORD")
    world.write("plugins/words.py", "WORD = 'word'")
    assert world.boot("demo").get("demo").WORD == "word"


def test_plugins_may_import_each_other_relatively(world):
    world.plugin("Demo", before="from .words import WORD", body="WORD = WORD")
    world.write("plugins/words.py", "WORD = 'word'")
    assert world.boot("demo").get("demo").WORD == "word"


def test_a_missing_directory_is_passed_over(world):
    world.plugin("Demo")
    with_directories(world, "nowhere", "plugins")
    assert list(world.boot("demo").plugins) == ["demo"]


def test_a_file_in_the_place_of_a_directory_is_passed_over(world):
    world.plugin("Demo")
    world.write("file", "x")
    with_directories(world, "file", "plugins")
    assert list(world.boot("demo").plugins) == ["demo"]


def test_nothing_is_written_into_a_directory(world, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    world.plugin("Demo")
    world.boot("demo")
    assert [path.name for path in world.plugins.iterdir()] == ["demo.py"]


def test_classes_of_the_directorys_own_init_are_plugins(world):
    world.plugin("Demo", file="__init__.py")
    assert list(world.boot("demo").plugins) == ["demo"]


INITS = ["raise ValueError", "raise SystemExit", "class (", "def f(): f()\nf()"]


@pytest.mark.parametrize("text", INITS)
def test_a_directory_whose_init_raises_is_told_of_and_the_next_one_goes_on(world, text):
    world.write("a/__init__.py", text)
    world.write("b/good.py", plugin_text("Good"))
    with_directories(world, "a", "b")
    host = world.boot("good")
    assert list(host.plugins) == ["good"]
    assert [each.phase for each in host.failures] == ["import"]


@pytest.mark.parametrize("text", ["__all__ = 5", "__all__ = [[]]"], ids=["number", "list"])
def test_a_directory_whose_all_is_nonsense_is_told_of(world, text):
    world.write("a/__init__.py", text)
    world.write("b/good.py", plugin_text("Good"))
    with_directories(world, "a", "b")
    host = world.boot("good")
    assert list(host.plugins) == ["good"]
    assert [each.phase for each in host.failures] == ["import"]


def test_a_directory_whose_init_takes_its_path_away_does_not_stop_the_boot(world):
    world.write("a/__init__.py", "del __path__")
    world.write("b/good.py", plugin_text("Good"))
    with_directories(world, "a", "b")
    assert list(world.boot("good").plugins) == ["good"]


def test_packages_are_walked_to_the_bottom(world):
    for folder in ("one", "one/two", "one/two/three"):
        world.write(f"plugins/{folder}/__init__.py", "")
    world.plugin("Deep", file="one/two/three/deep.py")
    assert list(world.boot("deep").plugins) == ["deep"]


def test_folders_without_an_init_are_walked_like_the_server_does(world):
    """pkgutil sees packages only."""
    world.plugin("Deep", file="no_init/deep.py")
    assert not world.boot().inactive


def test_a_symlink_loop_ends(world):
    world.write("plugins/pack/__init__.py", "")
    world.plugin("Demo", file="pack/demo.py")
    (world.plugins / "pack" / "up").symlink_to("..")
    (world.plugins / "again").symlink_to("pack")
    (world.plugins / "itself.py").symlink_to("itself")
    (world.plugins / "pack" / "sub").mkdir()
    (world.plugins / "pack" / "sub" / "top").symlink_to("../..")
    host = world.boot("demo")
    assert "demo" in host.plugins


def test_a_dangling_link_is_told_of(world):
    world.plugin("Good")
    (world.plugins / "bad.py").symlink_to("nowhere.py")
    host = world.boot("good")
    assert list(host.plugins) == ["good"]
    assert [(each.phase, each.module) for each in host.failures] == [("import", "plugins.bad")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_told_of(world):
    world.plugin("Good")
    world.plugin("Bad").chmod(0)
    assert failures_of(world.boot("good")) == [(None, "import", "PermissionError")]


def test_other_files_are_no_plugins(world):
    world.plugin("Demo")
    for name in ("README.md", "demo.txt", "my-script.py", "2fast.py", "~demo.py", "demo.py.bak", ".demo.py"):
        world.write(f"plugins/{name}", "raise SystemExit")
    host = world.boot("demo")
    assert list(host.plugins) == ["demo"]


def test_a_module_with_a_dash_is_collected_like_on_a_server(world):
    world.plugin("Demo", file="my-plugin.py")
    assert list(world.boot("demo").plugins) == ["demo"]


def test_a_class_that_two_modules_name_counts_once(world):
    world.plugin("Demo", file="one.py")
    world.write("plugins/two.py", "from plugins.one import DemoPlugin")
    world.write("plugins/a_first.py", "from plugins.one import DemoPlugin as Same")
    host = world.boot("demo")
    assert list(host.plugins) == ["demo"]
    assert host.failures == ()


def test_all_restricts_the_names(world):
    text = plugin_text("Seen") + "\n" + plugin_text("Hidden") + "\n__all__ = ['SeenPlugin', 'nothing']"
    world.write("plugins/both.py", text)
    assert list(world.boot().inactive) == ["seen"]


def test_an_empty_all_hides_everything(world):
    world.write("plugins/both.py", plugin_text("Hidden") + "\n__all__ = []")
    assert not world.boot().inactive


def test_classes_without_a_name_are_no_plugins(world):
    world.write(
        "plugins/demo.py",
        "from plugin import InvenTreePlugin\n"
        "class Base(InvenTreePlugin): pass\n"
        "class Empty(InvenTreePlugin): NAME = ''\n"
        "class Demo(Base): NAME = 'Demo'\n",
    )
    host = world.boot()
    assert list(host.inactive) == ["demo"]
    assert host.failures == ()


def test_legacy_names_work(world):
    text = "from plugin import IntegrationPluginBase\nclass P(IntegrationPluginBase):\n"
    world.write("plugins/old.py", text + "    PLUGIN_NAME = 'Old One'\n    PLUGIN_SLUG = 'oldest'")
    assert list(world.boot("oldest").plugins) == ["oldest"]


def test_of_two_plugins_with_one_slug_the_later_wins_and_the_other_is_told_of(world):
    world.plugin("Same", body="WHICH = 1", file="one.py")
    world.plugin("Same", body="WHICH = 2", file="two.py")
    host = world.boot("same")
    assert host.get("same").WHICH == 2
    assert failures_of(host) == [("same", "collision", "PluginError")]
    assert "plugins.one:SamePlugin" in str(host.failures[0].error)


def commit(folder, *, author="Ann Author", date="2024-05-06T12:00:00+00:00"):
    env = {
        **os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": author, "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_NAME": "C", "GIT_COMMITTER_EMAIL": "c@example.org", "GIT_COMMITTER_DATE": date,
    }  # fmt: skip
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run(["git", *arguments], cwd=folder, env=env, check=True, capture_output=True)


def test_git_tells_author_and_date(world):
    world.plugin("Demo")
    commit(world.plugins)
    plugin = world.boot("demo").get("demo")
    assert (plugin.author, str(plugin.pub_date)) == ("Ann Author", "2024-05-06")


@pytest.mark.parametrize("broken", ["empty", "no program", "garbage"])
def test_git_never_fails_and_never_prints(world, capfd, monkeypatch, broken):
    world.plugin("Demo")
    if broken == "garbage":
        commit(world.plugins)
        world.write("plugins/.git/HEAD", "garbage")
    elif broken == "empty":
        subprocess.run(["git", "init", "-q"], cwd=world.plugins, check=True)
    else:
        commit(world.plugins)
        monkeypatch.setenv("PATH", "/nowhere")
    host = world.boot("demo")
    capfd.readouterr()
    assert host.get("demo").author in (None, "Ann Author")
    assert capfd.readouterr() == ("", "")
    assert host.failures == ()
