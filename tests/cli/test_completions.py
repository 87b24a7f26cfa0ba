"""Completion: the scripts in the repository, and what they ask the program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_scripts_are_what_the_program_generates():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "completions.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", ["invplug.bash", "_invplug", "invplug.fish", "invplug.ps1"])
def test_each_shell_has_its_script(name):
    assert "_INVPLUG_COMPLETE" in (ROOT / "completions" / name).read_text()


def complete(instance, line: str) -> list[str]:
    words = line.split(" ")
    result = instance.run_binary(
        env={
            "_INVPLUG_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        }
    )
    assert result.err == ""
    return result.out.split()


def test_slugs_complete_from_the_store(instance):
    instance.wheel("alpha")
    instance.wheel("alpine")
    instance.wheel("beta")
    instance.run("install", "inventree-alpha", "inventree-alpine", "inventree-beta")
    assert complete(instance, "invplug enable al") == ["alpha", "alpine"]
    assert complete(instance, "invplug disable b") == ["beta"]
    assert complete(instance, "invplug --database nowhere.sqlite3 show a") == []


def test_commands_and_options_complete(instance):
    assert complete(instance, "invplug is-") == ["is-enabled", "is-installed"]
    assert "--dry-run" in complete(instance, "invplug enable --d")
    assert complete(instance, "invplug list --source d") == ["directory"]
