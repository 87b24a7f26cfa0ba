"""`invplug install` on a disk that fills up, at every moment at which it may."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from inventree_plugins.cli import main
from tests.builders import build_wheel

KIB = 1024


@pytest.fixture
def small_disk(tmp_path):
    """Mount file systems of a few hundred KiB, which only root can."""
    with ExitStack() as stack:

        def mount(name: str, size: int) -> Path:
            folder = tmp_path / name
            folder.mkdir()
            command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                pytest.skip("no file system can be mounted here")
            stack.callback(subprocess.run, ["umount", "--lazy", folder], check=True)
            return folder

        yield mount


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, but for the lock and what is left to fill the disk."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in {".invplug.lock", "filler"}
    }


def fill(folder: Path, leave: int) -> None:
    """Fill the disk of a folder until `leave` bytes are free."""
    import os

    status = os.statvfs(folder)
    free = status.f_bavail * status.f_frsize
    (folder / "filler").write_bytes(b"\0" * max(0, free - leave))


@pytest.fixture
def wheels(instance):
    for version, size in (("1.0", 40), ("2.0", 120)):
        modules = {f"helper/part_{n}.py": f"DATA = {'x' * 4 * KIB!r}\n" for n in range(size // 4)}
        build_wheel(instance.wheels, "helper", version, modules={"helper/__init__.py": "", **modules})
        instance.wheel("alpha", version, requires=[f"helper=={version}"])
    return instance.wheels


def is_new(site: Path) -> bool:
    return (site / "inventree_alpha-2.0.dist-info").exists()


@pytest.mark.parametrize("offset", range(2))
def test_the_environments_disk(instance, wheels, small_disk, offset, capsys):
    disk = small_disk("disk", 3 * KIB * KIB)
    subprocess.run(["cp", "-a", instance.environment, disk / "env"], check=True)
    python = ["--python", str(disk / "env")]
    instance.plugins_file.write_text("inventree-alpha==1.0\n")
    assert main([*python, "install"]) == 0
    site = next(disk.glob("env/lib/python*/site-packages"))
    old, outcomes = snapshot(disk / "env"), set()
    for step in range(offset, 14, 3):
        fill(disk, step * 56 * KIB)
        capsys.readouterr()
        code = main([*python, "install", "inventree-alpha==2.0"])
        said = capsys.readouterr().err
        (disk / "filler").unlink()
        outcomes.add(code)
        if code:
            assert "no space" in said.lower(), said
            assert snapshot(disk / "env") == old
            assert instance.plugins_file.read_text() == "inventree-alpha==1.0\n"
        else:
            assert is_new(site)
            assert instance.plugins_file.read_text() == "inventree-alpha==2.0\n"
            assert main([*python, "install", "inventree-alpha==1.0"]) == 0
            assert {key for key in snapshot(disk / "env") if "__pycache__" not in key} == {
                key for key in old if "__pycache__" not in key
            }
            old = snapshot(disk / "env")
    assert outcomes == {0, 1}


def test_the_disk_of_plugins_txt(instance, wheels, small_disk):
    disk = small_disk("data", 16 * KIB)
    instance.plugins_file.write_text("inventree-alpha==1.0\n")
    assert instance.run("install").code == 0
    before = instance.installed()
    file = disk / "plugins.txt"
    file.write_text(instance.plugins_file.read_text())
    fill(disk, 0)
    result = instance.run("--plugins-file", str(file), "install", "inventree-alpha==2.0", "--json")
    assert result.code == 1
    assert "No space left" in result.json["errors"][0]["message"]
    assert (instance.installed(), file.read_text()) == (before, "inventree-alpha==1.0\n")
    assert sorted(path.name for path in disk.iterdir()) == ["filler", "plugins.txt"]
    (disk / "filler").unlink()
    assert instance.run("--plugins-file", str(file), "install", "inventree-alpha==2.0").code == 0
    assert file.read_text() == "inventree-alpha==2.0\n"
