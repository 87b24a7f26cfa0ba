"""The cache: right when it is there, harmless when it is not."""

# The sources of plugins read best on one line.
# ruff: noqa: E501

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inventree_plugins.discovery import FactsCache, discover_again
from inventree_plugins.discovery.cache import _is_whole
from inventree_plugins.discovery.cache_file import GRAIN_NS
from inventree_plugins.discovery.search import search
from inventree_plugins.discovery.snapshot import keep


def _long_ago(path):
    """Let the file's last change lie well before any reading of it; nobody can set that time."""
    assert path.is_file()
    time.sleep(2 * GRAIN_NS / 10**9)


@pytest.fixture
def cached(world, plugin_text):
    world.directory()
    _long_ago(world.write("plugins/demo.py", plugin_text))
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


def test_change_whose_time_and_size_are_set_back_is_read(cached, plugin_text, parsed):
    """As copying tools do that keep times."""
    cached.plugin()
    path = cached.root / "plugins/demo.py"
    before = path.stat().st_mtime_ns
    cached.write("plugins/demo.py", plugin_text.replace("Demo", "Dem2"))
    os.utime(path, ns=(before, before))
    assert _fresh(cached).slug == "dem2"


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
    _long_ago((cached.root / "plugins/demo.py").rename(cached.root / "plugins/renamed.py"))
    _fresh(cached)
    assert cached.path.read_bytes().count(b"demo.py") == 0


PROCESS = """
import sys, time
from pathlib import Path
from inventree_plugins.discovery import Places, discover_again
while not Path(sys.argv[3]).exists():
    time.sleep(0.001)
for _ in range(3):
    found = discover_again(Places(directories=(Path(sys.argv[1]),)), cache=Path(sys.argv[2]))
    print(*(plugin.slug for plugin in found.plugins))
"""


def test_sixteen_processes_at_once(cached, plugin_text):
    """Start real processes and let them go at the same moment, over an empty cache."""
    for index in range(20):
        _long_ago(cached.write(f"plugins/p{index:02}.py", plugin_text.replace("Demo", f"Demo{index:02}")))
    start = cached.root / "start"
    command = [sys.executable, "-c", PROCESS, str(cached.root / "plugins"), str(cached.path), str(start)]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(16)
    ]
    start.touch()
    answer = " ".join(["demo", *(f"demo{index:02}" for index in range(20))]) + "\n"
    for process in processes:
        assert process.communicate(timeout=100) == (answer * 3, "")
        assert process.returncode == 0
    assert {path.name for path in cached.path.parent.iterdir()} <= {"facts", "facts.snapshot"}
    lines = cached.path.read_bytes().split(b"\n")[1:-1]
    assert len(lines) == 21
    assert all(_is_whole(line.split(b"\t")) for line in lines)


def _again(world):
    return discover_again(world.places(), cache=world.path)


@pytest.fixture
def settled(cached, monkeypatch):
    """Return a world with a cache and a snapshot, made long after its files."""
    # Folders cannot be old: each new file is a change of theirs.
    monkeypatch.setattr("inventree_plugins.discovery.cache_file.GRAIN_NS", 0)
    _again(cached)
    assert cached.path.with_suffix(".snapshot").is_file()
    return cached


def _remove(path):
    path.unlink()


def _truncate(length):
    def damage(path):
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * length)])

    return damage


def _fill(content):
    return lambda path: path.write_bytes(content)


def _make_directory(path):
    path.unlink()
    path.mkdir()


def _make_pointless_link(path):
    path.unlink()
    path.symlink_to(path.name)


DAMAGES = {
    "removed": _remove,
    **{f"cut to {length}": _truncate(length) for length in (0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)},
    "empty lines": _fill(b"\n" * 50),
    "rubbish": _fill(bytes(range(256)) * 20),
    "other JSON": _fill(b'{"question": null, "seen": [], "answer": [[], []]}'),
    "JSON of other types": _fill(b"[1, 2]"),
    "deep JSON": _fill(b"[" * 100_000),
    "long number": _fill(b"9" * 10_000),
    "directory": _make_directory,
    "link to itself": _make_pointless_link,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("files", [("facts",), ("facts.snapshot",), ("facts", "facts.snapshot")])
def test_damaged_files_change_no_answer(settled, plugin_text, files, damage):
    before = _again(settled)
    for name in files:
        DAMAGES[damage](settled.path.with_name(name))
    assert _again(settled) == before
    # And what was changed meanwhile is seen all the same.
    settled.write("plugins/demo.py", plugin_text.replace("Demo", "Other"))
    assert [plugin.slug for plugin in _again(settled).plugins] == ["other"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_files_that_may_not_be_read(settled):
    before = _again(settled)
    for name in ("facts", "facts.snapshot"):
        settled.path.with_name(name).chmod(0)
    assert _again(settled) == before


@pytest.mark.parametrize("error", [PermissionError, IsADirectoryError, OSError])
def test_files_that_fail_to_be_read(settled, monkeypatch, error):
    before = _again(settled)

    def refuse(path):
        raise error(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert _again(settled) == before


@pytest.mark.parametrize("name", ["facts", "facts.snapshot"])
def test_command_ends_well_with_a_directory_in_the_place_of_its_cache(world, plugin_text, name):
    world.directory()
    world.write("plugins/demo.py", plugin_text)
    run = [
        sys.executable,
        "-m",
        "inventree_plugins",
        "--plugin-dir",
        str(world.root / "plugins"),
        "list",
        "--names",
    ]
    environ = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(world.root / "cache")}
    first = subprocess.run(run, cwd=world.root, env=environ, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr
    caches = [path for path in (world.root / "cache").rglob("*") if path.is_file()]
    assert caches
    for path in caches:
        _make_directory(path)
    second = subprocess.run(run, cwd=world.root, env=environ, capture_output=True, text=True, check=False)
    assert (second.returncode, second.stdout, second.stderr) == (0, first.stdout, first.stderr)


@pytest.mark.parametrize("shift", [-(10**9), -1, 1, 10**9])
def test_other_time_at_the_same_size_is_noticed(settled, plugin_text, shift):
    path = settled.root / "plugins/demo.py"
    stamp = path.stat().st_mtime_ns
    settled.write("plugins/demo.py", plugin_text.replace("Demo", "Dem2"))
    os.utime(path, ns=(stamp, stamp + shift))
    assert [plugin.slug for plugin in _again(settled).plugins] == ["dem2"]


def test_snapshot_of_files_that_changed_while_they_were_looked_at_is_not_kept(settled, plugin_text):
    """Judge by when the looking began: it may take longer than the clock's tick."""
    snapshot = settled.path.with_suffix(".snapshot")
    found, seen = search(settled.places())
    newest = max(state[0] for state in seen.values() if state)
    snapshot.unlink()
    keep(snapshot, settled.places(), found, seen, since=newest)
    assert not snapshot.exists()
    keep(snapshot, settled.places(), found, seen, since=newest + 1)
    assert snapshot.exists()


def test_change_within_the_grain_of_the_clock_is_noticed(cached, plugin_text):
    """Change a file between its being read and the clock's next tick: its time and size stay the same."""
    path = cached.write("plugins/demo.py", plugin_text)
    _again(cached)
    stamp = path.stat().st_mtime_ns
    cached.write("plugins/demo.py", plugin_text.replace("Demo", "Dem2"))
    os.utime(path, ns=(stamp, stamp))
    assert [plugin.slug for plugin in _again(cached).plugins] == ["dem2"]


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
