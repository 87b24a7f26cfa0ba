"""The cache: right when it is there, harmless when it is not."""

# The sources of plugins read best on one line.
# ruff: noqa: E501

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from inventree_plugins.discovery import FactsCache, Places, discover


@pytest.fixture
def cached(world, plugin_text):
    world.directory()
    world.write("plugins/demo.py", plugin_text)
    world.path = world.root / "cache" / "facts"
    world.cache = FactsCache(world.path)
    return world


@pytest.fixture
def parsed(monkeypatch):
    """Return the paths that were parsed."""
    from inventree_plugins.discovery import modules

    real, paths = modules._parse, []
    monkeypatch.setattr(
        modules, "_parse", lambda path, size: paths.append(Path(path).name) or real(path, size)
    )
    return paths


def _fresh(world):
    world.cache = FactsCache(world.path)
    return world.plugin()


def test_second_run_parses_nothing_and_finds_the_same(cached, parsed):
    first = cached.plugin()
    assert parsed == ["demo.py"]
    assert _fresh(cached) == first
    assert parsed == ["demo.py"]


def test_nothing_is_written_when_nothing_is_new(cached):
    cached.plugin()
    before = cached.path.stat().st_ino
    _fresh(cached)
    assert cached.path.stat().st_ino == before


def test_changed_file_is_read_again(cached, plugin_text):
    cached.plugin()
    cached.write("plugins/demo.py", plugin_text.replace("Demo", "Dem2"))
    assert _fresh(cached).slug == "dem2"


def test_same_size_and_other_time_is_read_again(cached, plugin_text, parsed):
    cached.plugin()
    path = cached.root / "plugins/demo.py"
    os.utime(path, ns=(1, 1))
    _fresh(cached)
    assert parsed == ["demo.py", "demo.py"]


def test_file_that_newly_shadows_is_noticed(world):
    world.cache = FactsCache(world.root / "facts")
    world.package("demo:Demo")
    body = "from plugin import InvenTreePlugin\nclass Demo(InvenTreePlugin):\n    SLUG = "
    world.write("site/demo.py", body + "'module'")
    assert world.plugin().slug == "module"
    world.write("site/demo/__init__.py", body + "'package'")
    assert world.plugin().slug == "package"


@pytest.mark.parametrize(
    "content",
    [b"", b"rubbish", b"\0" * 100, b"\xff\xfe", b"{}", b"\n\n", b"invplug-facts\t0\t3.9\nx\ty\n"],
)
def test_rubbish_counts_as_empty(cached, content):
    first = cached.plugin()
    cached.path.write_bytes(content)
    assert _fresh(cached) == first
    assert _fresh(cached) == first


def test_every_truncation_and_flipped_byte_is_survived(cached):
    first = cached.plugin()
    whole = cached.path.read_bytes()
    for position in range(0, len(whole), 7):
        cached.path.write_bytes(whole[:position])
        assert _fresh(cached) == first
        cached.path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        assert _fresh(cached) == first


def test_cache_that_cannot_be_written_or_read(cached):
    cached.path.mkdir(parents=True)
    assert _fresh(cached).slug == "demo"
    cached.path = cached.write("file", "x") / "facts"
    assert _fresh(cached).slug == "demo"
    assert list((cached.root / "cache").iterdir()) == [cached.root / "cache" / "facts"]


def test_entries_of_deleted_files_go(cached, plugin_text):
    cached.plugin()
    (cached.root / "plugins/demo.py").rename(cached.root / "plugins/renamed.py")
    _fresh(cached)
    assert cached.path.read_bytes().count(b"demo.py") == 0


def _discover(directory, path):
    return [
        p.slug for p in discover(Places(directories=(Path(directory),)), cache=FactsCache(Path(path))).plugins
    ]


def test_many_writers(cached, plugin_text):
    for index in range(20):
        cached.write(f"plugins/p{index}.py", plugin_text.replace("Demo", f"Demo{index}"))
    with ProcessPoolExecutor(4) as pool:
        arguments = [str(cached.root / "plugins")] * 16, [str(cached.path)] * 16
        results = list(pool.map(_discover, *arguments))
    assert all(result == results[0] and len(result) == 21 for result in results)
    assert [path.name for path in cached.path.parent.iterdir()] == ["facts"]


def test_warm_run_imports_no_parser(cached):
    cached.plugin()
    code = (
        "import sys; from pathlib import Path; import inspect; before = set(sys.modules)\n"
        "sys.modules.pop('ast', None)\n"
        "from inventree_plugins.discovery import FactsCache, Places, discover\n"
        "found = discover(Places(directories=(Path(sys.argv[1]),)), cache=FactsCache(Path(sys.argv[2])))\n"
        "assert len(found.plugins) == 1\n"
        "print([m for m in ('ast', 'tempfile', 'importlib.metadata', 'email', 'rich', 'git') if m in sys.modules])"
    )
    run = [sys.executable, "-c", code, str(cached.root / "plugins"), str(cached.path)]
    # A class with no AUTHOR asks git; without a repository GitPython is not imported either.
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "[]\n"
