"""Distributions in a zip file on the import path: found as Python finds them, and never a crash."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
import venv
import zipfile
from importlib.metadata import distributions
from zipimport import zipimporter

import pytest

from inventree_plugins.discovery import Places, discover, discover_again
from inventree_plugins.instance.interpreter import inspect_interpreter
from inventree_plugins.packages import (
    direct_url,
    installed_distributions,
    read_metadata,
)
from tests.builders import build_wheel, metadata_text

BODY = "\n\nfrom plugin import InvenTreePlugin\n\nclass Demo(InvenTreePlugin):\n    SLUG = 'demo'\n"
HEADERS = {"Summary": "Zipped", "Author": "Ann"}
ENTRY_POINTS = "[inventree_plugins]\nDemo = demo.core:Demo\n"


def write_zip(path, files, *, method=zipfile.ZIP_DEFLATED, folders=()):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", method) as archive:
        for folder in folders:
            archive.writestr(zipfile.ZipInfo(f"{folder}/"), "")
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def egg_files(body=BODY):
    return {
        "EGG-INFO/PKG-INFO": metadata_text(
            "Demo-Dist", "3.1", metadata={"Summary": "Zipped", "Author": "Ann"}
        ),
        "EGG-INFO/entry_points.txt": ENTRY_POINTS,
        "EGG-INFO/requires.txt": "bar>=1\n\n[x]\nbaz\n",
        "demo/__init__.py": "",
        "demo/core.py": body,
    }


def info_files(info="demo_dist-3.1.dist-info", header="METADATA", **more):
    files = {**egg_files(**more)}
    metadata, points = files.pop("EGG-INFO/PKG-INFO"), files.pop("EGG-INFO/entry_points.txt")
    del files["EGG-INFO/requires.txt"]
    return {f"{info}/{header}": metadata, f"{info}/entry_points.txt": points, **files}


def places_of(*import_path):
    return Places(distributions=installed_distributions(import_path), import_path=import_path)


def discovered(*import_path):
    return discover(places_of(*import_path))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("demo.zip", info_files()),
        ("demo.whl", info_files()),
        ("demo.zip", info_files("demo_dist.egg-info", "PKG-INFO")),
        ("demo_dist-3.1-py3.11.egg", egg_files()),
    ],
    ids=["zip", "wheel", "egg-info", "egg"],
)
def test_zipped_distribution_is_found_as_python_finds_it(tmp_path, name, files, method):
    path = write_zip(tmp_path / name, files, method=method)
    (theirs,) = distributions(path=[str(path)])
    (ours,) = installed_distributions([path])
    assert (ours.name, ours.version, ours.location) == (theirs.metadata["Name"], theirs.version, path)
    assert [(each.name, each.module, each.attr) for each in ours.entry_points] == [
        (each.name, each.module, each.attr) for each in theirs.entry_points
    ]
    found = discovered(path)
    assert found.problems == ()
    (plugin,) = found.plugins
    assert str(plugin.path) == zipimporter(str(path)).find_spec("demo").submodule_search_locations[0] + (
        f"{os.sep}core.py"
    )
    assert (plugin.slug, plugin.module, plugin.line) == ("demo", "demo.core", 5)
    assert (plugin.version, plugin.description, plugin.author) == ("3.1", "Zipped", "Ann")
    assert plugin.problems == ()


def test_metadata_requirements_and_origin_of_a_zipped_distribution(tmp_path):
    egg = write_zip(tmp_path / "demo.egg", egg_files())
    (found,) = installed_distributions([egg])
    assert read_metadata(found).requires_dist == ("bar>=1", 'baz ; extra == "x"')
    assert direct_url(found) is None
    files = {**info_files(), "demo_dist-3.1.dist-info/direct_url.json": '{"url": "https://host/x.zip"}'}
    (found,) = installed_distributions([write_zip(tmp_path / "demo.zip", files)])
    assert direct_url(found) == "https://host/x.zip"
    assert read_metadata(found).requires_dist == ()


def test_line_ends_of_zipped_metadata(tmp_path):
    text = "Name: demo-dist\r\nVersion: 1\r\nSummary: One\r\n\r\nSummary: Two\r\n"
    (found,) = installed_distributions([write_zip(tmp_path / "demo.egg", {"EGG-INFO/PKG-INFO": text})])
    assert (found.name, read_metadata(found).summary) == ("demo-dist", "One")


def test_wheel_on_the_path_of_a_real_environment(tmp_path, monkeypatch):
    """A line of a `.pth` file leads to a wheel; the environment's own Python sees the same."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    wheel = build_wheel(
        tmp_path / "wheels",
        "demo-dist",
        "3.1",
        modules={"demo/__init__.py": "from .core import Demo", "demo/core.py": BODY},
        entry_points={"Demo": "demo:Demo"},
    )
    venv.create(tmp_path / "env", with_pip=False, symlinks=True)
    python = tmp_path / "env" / "bin" / "python"
    interpreter = inspect_interpreter(python, probe=_no_probe)
    (interpreter.site_packages / "more.pth").write_text(f"{wheel}\n")
    (interpreter.site_packages / "plugin.py").write_text("class InvenTreePlugin: pass\n")
    interpreter = inspect_interpreter(python, probe=_no_probe)
    (plugin,) = discovered(*interpreter.import_path).plugins
    code = (
        "import sys; from importlib.metadata import entry_points\n"
        "(point,) = entry_points(group='inventree_plugins')\n"
        "print(sys.modules[point.load().__module__].__file__, point.dist.version)"
    )
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(plugin.path), plugin.version]


def _no_probe(command):
    raise AssertionError(command)


def test_zipped_and_unzipped_beside_each_other(tmp_path):
    zipped = write_zip(tmp_path / "demo.zip", info_files())
    site = tmp_path / "site"
    for name, text in info_files(body=BODY.replace("demo", "other")).items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    assert discovered(zipped, site).plugins[0].slug == "demo"
    assert discovered(site, zipped).plugins[0].slug == "other"


def test_namespace_package_over_a_zip_and_a_folder(tmp_path):
    files = {**info_files(), "space/core.py": BODY, "demo/core.py": "from space.core import Demo"}
    zipped = write_zip(tmp_path / "demo.zip", files, folders=["space"])
    (tmp_path / "site" / "space").mkdir(parents=True)
    (plugin,) = discovered(tmp_path / "site", zipped).plugins
    assert plugin.path == zipped / "space" / "core.py"
    assert zipimporter(str(zipped)).find_spec("space").loader is None


def test_a_zip_that_is_no_entry_of_the_path_is_not_looked_into(tmp_path):
    site = tmp_path / "site"
    write_zip(site / "demo", {"core.py": BODY, "__init__.py": ""})
    for name, text in info_files().items():
        if ".dist-info" in name:
            (site / name).parent.mkdir(exist_ok=True)
            (site / name).write_text(text)
    found = discovered(site)
    assert [problem.code for problem in found.problems] == ["entry-point-unresolved"]


def test_compiled_module_without_source_is_a_problem(tmp_path):
    files = info_files()
    files["demo/core.pyc"] = b"\xa7\r\r\n" + bytes(12) + files.pop("demo/core.py").encode()
    found = discovered(write_zip(tmp_path / "demo.zip", files))
    assert found.plugins == ()
    (problem,) = found.problems
    assert (problem.code, problem.path) == ("unreadable-file", tmp_path / "demo.zip" / "demo" / "core.pyc")
    assert "compiled" in problem.message


def test_the_snapshot_and_the_cache_notice_that_the_zip_changed(tmp_path):
    path, cache = tmp_path / "demo.zip", tmp_path / "cache.json"
    for number, description in enumerate(["One", "Two", "Three"]):
        files = info_files(body=BODY.replace("demo", f"slug-{description}"))
        files["demo_dist-3.1.dist-info/METADATA"] = metadata_text(
            "demo-dist", "3.1", metadata={"Summary": description}
        )
        write_zip(path, files)
        stamp = 1_600_000_000 + number
        os.utime(path, (stamp, stamp))
        time.sleep(0.1)  # a change of the last moment makes no snapshot
        for _ in range(3):
            (plugin,) = discover_again(places_of(path), cache=cache).plugins
            assert (plugin.slug, plugin.description) == (f"slug-{description.lower()}", description)
    assert cache.with_suffix(".snapshot").exists()


def test_the_snapshot_notices_a_change_of_metadata_alone(tmp_path):
    """The module comes from a folder before the zip file, its description from the zip file."""
    path, cache, site = tmp_path / "demo.zip", tmp_path / "cache.json", tmp_path / "site"
    (site / "demo").mkdir(parents=True)
    (site / "demo" / "__init__.py").write_text("")
    (site / "demo" / "core.py").write_text(BODY)
    old = 1_600_000_000
    for each in (site / "demo" / "__init__.py", site / "demo" / "core.py", site / "demo", site):
        os.utime(each, (old, old))
    for number, description in enumerate(["One", "Two"]):
        files = info_files()
        files["demo_dist-3.1.dist-info/METADATA"] = metadata_text(
            "demo-dist", "3.1", metadata={"Summary": description}
        )
        write_zip(path, files)
        os.utime(path, (old + number, old + number))
        time.sleep(0.1)
        (plugin,) = discover_again(places_of(site, path), cache=cache).plugins
        assert (plugin.path.parent.parent, plugin.description) == (site, description)


def rubbish(path):
    path.write_bytes(b"PK\3\4" + os.urandom(5000))


def truncated(path):
    path.write_bytes(write_zip(path, info_files()).read_bytes()[:-30])


def text_file(path):
    path.write_text("just text\n" * 1000)


def empty(path):
    path.write_bytes(b"")


def end_alone(path):
    path.write_bytes(b"PK\5\6" + bytes(18))


def absurd_list(path):
    """The list of members is said to be 4 GB long."""
    data = bytearray(write_zip(path, info_files()).read_bytes())
    struct.pack_into("<L", data, data.rfind(b"PK\5\6") + 12, 0xFFFFFFFF)
    path.write_bytes(data)


def many_members(path):
    write_zip(path, {**info_files(), **{f"{'x' * 200}{number}": "" for number in range(20_000)}})


def shifted_members(path):
    """Every member is said to start where none does."""
    data = bytearray(write_zip(path, info_files()).read_bytes())
    start = data.find(b"PK\1\2")
    while start >= 0:
        struct.pack_into("<L", data, start + 42, 7)
        start = data.find(b"PK\1\2", start + 4)
    path.write_bytes(data)


def long_form(path):
    """The list of members is as long as another end says, that of ZIP64."""
    data = write_zip(path, info_files()).read_bytes()
    end = data.rfind(b"PK\5\6")
    more = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 1 << 40, 0)
    path.write_bytes(data[:end] + more + struct.pack("<4sLQL", b"PK\6\7", 0, end, 1) + data[end:])


def unknown_packing(path):
    write_zip(path, info_files(), method=zipfile.ZIP_LZMA)


def encrypted(path):
    data = bytearray(write_zip(path, info_files()).read_bytes())
    start = data.find(b"PK\1\2")
    while start >= 0:
        struct.pack_into("<H", data, start + 8, 1)
        start = data.find(b"PK\1\2", start + 4)
    path.write_bytes(data)


@pytest.mark.parametrize(
    "make",
    [
        rubbish,
        truncated,
        text_file,
        empty,
        end_alone,
        absurd_list,
        many_members,
        long_form,
        shifted_members,
        unknown_packing,
        encrypted,
    ],
)
def test_broken_zip_on_the_path_holds_nothing(tmp_path, make):
    path = tmp_path / "broken.zip"
    make(path)
    found = discovered(path)
    assert found.plugins == ()
    for problem in found.problems:
        assert problem.code in {"unreadable-file", "entry-point-unresolved"}


def flip_bytes(data, number):
    import random

    chance = random.Random(number)
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    if chance.random() < 0.3:
        del changed[chance.randrange(len(changed)) :]
    return bytes(changed)


def test_mutated_zips_never_crash(tmp_path):
    data = write_zip(tmp_path / "demo.zip", info_files()).read_bytes()
    for number in range(300):
        path = tmp_path / f"{number}.zip"
        path.write_bytes(flip_bytes(data, number))
        discovered(path)


def test_damaged_member_is_a_problem(tmp_path):
    path = write_zip(tmp_path / "demo.zip", info_files(body=BODY + "# some text\n" * 500))
    data = bytearray(path.read_bytes())
    start = data.find(b"demo/core.py") + len("demo/core.py")
    data[start + 10 : start + 60] = os.urandom(50)
    path.write_bytes(data)
    found = discovered(path)
    if not found.plugins:  # what was damaged may still be inflated, to something that is no Python
        assert found.problems[0].code in {"unreadable-file", "syntax-error"}


@pytest.mark.parametrize("name", ["demo/core.py", "demo_dist-3.1.dist-info/METADATA"])
def test_bomb_is_not_inflated(tmp_path, name):
    import tracemalloc

    files = info_files()
    files[name] = b"#" * 200_000_000
    path = write_zip(tmp_path / "demo.zip", files)
    del files
    tracemalloc.start()
    found = discovered(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000_000
    if name.endswith(".py"):
        assert [problem.code for problem in found.problems] == ["file-too-large"]


def test_deep_and_odd_names_take_no_memory(tmp_path):
    import tracemalloc

    files = {
        **info_files(),
        "a/" * 30_000 + "b.py": "",
        "/": "",
        "//x": "",
        "../up.py": "",
        "demo/../y.py": "",
    }
    files |= {f"{number}/" * 1000 + "x.py": "" for number in range(50)}
    path = write_zip(tmp_path / "demo.zip", files)
    tracemalloc.start()
    (plugin,) = discovered(path).plugins
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert plugin.slug == "demo"
    assert peak < 10_000_000


def test_a_size_that_is_a_lie(tmp_path):
    path = write_zip(tmp_path / "demo.zip", info_files())
    data = bytearray(path.read_bytes())
    start = data.find(b"PK\1\2")
    while start >= 0:
        struct.pack_into("<LL", data, start + 20, 0xFFFFFFF0, 0xFFFFFFF0)
        start = data.find(b"PK\1\2", start + 4)
    path.write_bytes(data)
    assert discovered(path).plugins == ()


def test_nothing_of_zip_files_is_imported_without_one(tmp_path):
    (tmp_path / "old-1.0-py3.11.egg-info").write_text(metadata_text("old", "1.0"))
    code = (
        "import sys; from pathlib import Path\n"
        "from inventree_plugins.packages import installed_distributions\n"
        f"sys.path.append({str(tmp_path)!r})\n"
        "found = installed_distributions([Path(p) for p in sys.path])\n"
        "assert 'old' in [each.key for each in found]\n"
        "print([m for m in ('zipfile', 'inventree_plugins.packages.archives') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
