"""`disable --all` and the way back: the command that is printed is pasted into a real shell."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest


@pytest.fixture
def two(instance):
    instance.wheel("alpha")
    instance.wheel("beta")
    assert instance.run("install", "inventree-alpha", "inventree-beta").code == 0
    return instance


def restored(two, tmp_path):
    """Paste what `disable --all` prints into a shell, in another folder."""
    command = two.run("disable", "--all", "--json").data["restore_command"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
    )
    return done, command


def test_the_same_set_comes_back_whatever_its_rows_are_called(two, tmp_path):
    two.run("enable", "alpha", "beta")
    odd = ["gone", "a b; touch PWNED", "it's", "--all", "`id`", "$HOME"]
    with closing(sqlite3.connect(two.store, isolation_level=None)) as database:
        for key in odd:
            database.execute("INSERT INTO plugin_pluginconfig (key, active) VALUES (?, 1)", [key])
    before = two.active()
    two.folder.rename(two.folder.with_name("a folder's name"))
    two.folder = two.folder.with_name("a folder's name")
    two.store = two.folder / ".invplug" / "store.sqlite3"
    os.chdir(two.folder)
    (tmp_path / "elsewhere").mkdir()
    arguments = ("--database", ".invplug/store.sqlite3", "--plugins-file", "plugins.txt")
    two.run = partial(two.run, *arguments)
    done, command = restored(two, tmp_path / "elsewhere")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert two.active() == before
    assert not list(tmp_path.rglob("PWNED"))
    assert str(two.folder / ".invplug") in command.replace("'\"'\"'", "'")


def test_the_same_set_comes_back_without_an_interpreter(two, tmp_path):
    two.run("enable", "alpha", "beta")
    two.run = partial(two.run, "--database", ".invplug/store.sqlite3", "--python", "/no/where")
    done, _ = restored(two, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "warning: there is no Python at" in done.stderr
    assert two.active() == ["alpha", "beta"]


def test_a_command_to_paste_holds_no_password(two):
    two.run("enable", "alpha")
    result = two.run("disable", "--all", "--database", f"sqlite:///{two.store}", "--json")
    assert f"--database sqlite:///{two.store}" in result.data["restore_command"]
    result = two.run("doctor", "--database", "postgresql://u:s3cret@127.0.0.1:1/x", "--json")
    assert "s3cret" not in result.out + result.err
