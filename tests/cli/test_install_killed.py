"""`invplug install`, cut short at any moment: all is as before, or all is new, and plugins.txt agrees."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.builders import build_wheel

# A hundred for the two signals; those of uv take half as long.
ROUNDS = {"pip": 15, "uv": 35}
LOOKS = 5
STATES = {
    "1.0": ["helper==1.0", "inventree-alpha==1.0"],
    "2.0": ["helper==2.0", "inventree-alpha==2.0", "newcomer==1.0"],
}


@pytest.fixture
def changing(instance):
    """An instance that goes from one version of a plugin to another; modules come and go with it."""
    for version in ("1.0", "2.0"):
        modules = {
            f"helper/{name}.py": f"VERSION = {version!r}\n" for name in ("__init__", f"only_{version[0]}")
        }
        build_wheel(instance.wheels, "helper", version, modules=modules)
    build_wheel(instance.wheels, "newcomer", "1.0", modules={"newcomer/__init__.py": ""})
    instance.wheel("alpha", "1.0", requires=["helper==1.0"])
    instance.wheel("alpha", "2.0", requires=["helper==2.0", "newcomer"])
    instance.plugins_file.write_text("# mine\ninventree-alpha==1.0  # why\n")
    assert instance.run("install").code == 0
    return instance


def frozen(instance) -> list[str]:
    """Ask a real pip, started anew, what the environment holds."""
    command = [sys.executable, "-m", "pip", "--python", instance.environment, "freeze", "--all"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def declared(instance) -> str:
    text = instance.plugins_file.read_text()
    version = text.removeprefix("# mine\ninventree-alpha==").removesuffix("  # why\n")
    assert version in STATES, text
    return version


def assert_whole(instance) -> str:
    """Hold that packages, their files and plugins.txt are all of one state, and return it."""
    version = declared(instance)
    installed = frozen(instance)
    expected = STATES[version]
    # What a state before had brought stays when nothing asks for it to go.
    assert [each for each in installed if each != "newcomer==1.0" or each in expected] == expected
    site = next(instance.environment.glob("lib/python*/site-packages"))
    modules = {path.name: path.read_text() for path in (site / "helper").glob("*.py")}
    assert modules == dict.fromkeys(("__init__.py", f"only_{version[0]}.py"), f"VERSION = {version!r}\n")
    return version


def start(instance, version: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "inventree_plugins", "--python", instance.environment]
    return subprocess.Popen(
        [*command, "install", f"inventree-alpha=={version}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_for_the_commit(instance) -> None:
    """Let a commit that is under way, in a process of its own, come to its end.

    One that was just started has its parent's command line or, for a moment, none: so it takes several looks
    to know that there is no process.
    """
    deadline, looks = time.monotonic() + 20, 0
    while time.monotonic() < deadline:
        running = command_lines(str(instance.environment))
        looks = 0 if any("inventree_plugins" in line for line in running) else looks + 1
        if looks == LOOKS:
            return
        time.sleep(0.01)
    raise AssertionError("the commit does not end")


def await_decision(instance, child: subprocess.Popen[bytes]) -> None:
    """Wait until the journal is written, and with it what is to happen: the moment that matters most."""
    area = instance.environment / ".invplug-changes"
    while child.poll() is None:
        with suppress(FileNotFoundError):  # it goes while it is looked at
            if any(area.glob("change-*/journal")):
                return


def command_lines(part: str) -> dict[str, int]:
    """Return the command lines that name `part`, with their processes."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if part in line:
            found[line] = int(path.parent.name)
    return found


def duration(instance) -> float:
    begun = time.monotonic()
    assert start(instance, "2.0").wait(timeout=60) == 0
    assert assert_whole(instance) == "2.0"
    return time.monotonic() - begun


@pytest.mark.parametrize("installer", ["pip", "uv"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=lambda each: each.name)
def test_the_state_is_the_old_or_the_new_one(changing, number, installer, monkeypatch):
    monkeypatch.setenv("INVPLUG_INSTALLER", installer)
    chance = random.Random(f"{number} {installer}")
    longest = duration(changing)
    version, outcomes = "2.0", set()
    for turn in range(ROUNDS[installer]):
        other = "1.0" if version == "2.0" else "2.0"
        child = start(changing, other)
        if turn % 4:
            time.sleep(chance.uniform(0, longest))
        else:
            await_decision(changing, child)
            time.sleep(chance.uniform(0, 0.005))
        child.send_signal(number)
        code = child.wait(timeout=60)
        wait_for_the_commit(changing)
        now = assert_whole(changing)
        if code == 0:
            assert now == other
        outcomes.add((code, now == other))
        version = now
    assert any(code != 0 for code, _ in outcomes), "nothing was ever cut short"


def test_when_everything_dies_at_once_the_next_run_mends(changing):
    """As when a container is stopped: pip, builds and the commit go with invplug, in any order."""
    chance = random.Random(7)
    longest = duration(changing)
    version = "2.0"
    for _ in range(8):
        other = "1.0" if version == "2.0" else "2.0"
        child = start(changing, other)
        time.sleep(chance.uniform(longest / 4, longest))
        for process in [child.pid, *command_lines(str(changing.environment)).values()]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        child.wait(timeout=60)
        again = changing.run("install", "--json")
        assert again.code == 0
        version = assert_whole(changing)
        assert not (changing.environment / ".invplug-changes").exists()


def test_what_was_cut_short_is_told_by_the_run_that_ends_it(changing):
    """A journal that nobody carried out is carried out first."""
    hold = "import inventree_plugins.transaction as t, os; t.commit.complete = lambda f: os._exit(9); "
    hold += "t.Transaction.commit.__globals__['sys'].executable = '/bin/false'; "
    hold += "from inventree_plugins.cli import main; main()"
    command = [sys.executable, "-c", hold, "--python", str(changing.environment)]
    done = subprocess.run([*command, "install", "inventree-alpha==2.0"], capture_output=True, check=False)
    assert done.returncode == 9
    assert assert_whole(changing) == "1.0"
    assert list((changing.environment / ".invplug-changes").iterdir()) != []
    checks = {each["code"]: each for each in changing.run("doctor", "--json").data["checks"]}
    assert checks["unfinished"]["status"] == "failed"
    assert checks["unfinished"]["command"].endswith(" install")
    result = changing.run("install", "--json")
    assert result.code == 0
    assert [each["code"] for each in result.json["warnings"]] == ["cut-short"]
    assert assert_whole(changing) == "2.0"
    assert changing.run("install", "--json").json["warnings"] == []
