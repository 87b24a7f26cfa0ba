"""Ctrl-C and other requests to end, and faults of invplug's own, through the real binary."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from inventree_plugins.cli import main
from tests.builders import build_sdist

INSTALLER = "pip"

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "inventree-slow"
version = "1.0"
"""
# Writes who it is, so that the test knows when to interrupt and whom to look for, and then takes its time.
SLOW_BACK_END = """
import os, time
with open({mark!r}, "w") as file:
    file.write(str(os.getpid()))
time.sleep(60)
"""
STUBBORN = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
"""


@pytest.fixture
def mark(tmp_path):
    """The file that appears when pip has started the build back end."""
    return tmp_path / "building"


@pytest.fixture
def slow(instance, mark):
    """The instance with an `inventree-slow` whose build does not end."""
    instance.wheel("alpha")
    instance.plugins_file.write_text("# mine\n")
    files = {"pyproject.toml": PYPROJECT, "backend.py": SLOW_BACK_END.format(mark=str(mark))}
    build_sdist(instance.wheels, "inventree-slow", "1.0", files=files)
    return instance


@contextmanager
def started(instance, *arguments, temporary=None):
    """Start the real program in a process group of its own."""
    command = [sys.executable, "-m", "inventree_plugins", "--python", str(instance.environment), *arguments]
    environment = {**os.environ, **({"TMPDIR": str(temporary)} if temporary else {})}
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
        # Under `nohup` the suite ignores it, and so would what it starts.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # noqa: PLW1509 - no threads
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def wait_for(path: Path, child) -> int:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline and child.poll() is None:
        if path.exists() and path.read_text():
            return int(path.read_text())
        time.sleep(0.05)
    raise AssertionError(child.communicate()[1])


def is_running(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def processes_naming(text: str) -> list[str]:
    """Return the command lines of the running processes that hold `text`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in line:
            found.append(line)
    return found


@pytest.fixture
def temporary(tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "ended by SIGTERM"),
        (signal.SIGHUP, 129, "ended by SIGHUP"),
    ],
)
def test_a_request_to_end_during_an_install(slow, mark, temporary, number, code, words):
    with started(slow, "install", "inventree-alpha", "inventree-slow", temporary=temporary) as child:
        builder = wait_for(mark, child)
        os.killpg(child.pid, number)
        out, err = child.communicate(timeout=30)
    assert (child.returncode, out) == (code, "")
    assert f"error: {words}" in err
    assert "Traceback" not in err
    assert not is_running(builder)
    assert processes_naming(str(slow.environment)) == []
    assert slow.plugins_file.read_text() == "# mine\n"
    assert slow.installed() == []
    assert not slow.store.exists()
    assert list(temporary.iterdir()) == []
    assert sorted(path.name for path in slow.folder.iterdir()) == ["plugins.txt"]


def test_a_request_to_end_that_reaches_invplug_alone(slow, mark, temporary):
    with started(slow, "install", "inventree-slow", "--json", temporary=temporary) as child:
        builder = wait_for(mark, child)
        child.send_signal(signal.SIGTERM)
        out, _ = child.communicate(timeout=30)
    assert child.returncode == 143
    document = json.loads(out)
    assert (document["status"], document["exit_code"], document["command"]) == ("error", 143, "install")
    assert document["errors"][0]["code"] == "terminated"
    assert not is_running(builder)
    assert processes_naming(str(slow.environment)) == []
    assert list(temporary.iterdir()) == []


def test_a_builder_that_ignores_ctrl_c_is_ended_all_the_same(slow, mark):
    back_end = STUBBORN + SLOW_BACK_END.format(mark=str(mark))
    build_sdist(
        slow.wheels, "inventree-slow", "1.0", files={"pyproject.toml": PYPROJECT, "backend.py": back_end}
    )
    with started(slow, "install", "inventree-slow") as child:
        builder = wait_for(mark, child)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=30)
    assert child.returncode == 130
    assert not is_running(builder)
    assert processes_naming(str(slow.environment)) == []


def test_after_an_interrupt_the_command_can_be_run_again(slow, mark):
    with started(slow, "install", "inventree-slow", "--json") as child:
        wait_for(mark, child)
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=30)
    assert child.returncode == 130
    assert json.loads(out)["errors"][0]["code"] == "interrupted"
    assert slow.run("--lock-timeout", "0", "install", "inventree-alpha").code == 0
    assert slow.plugins_file.read_text() == "# mine\ninventree-alpha\n"


def test_ctrl_c_while_a_locked_database_is_waited_for(instance):
    instance.wheel("alpha")
    instance.run("install", "inventree-alpha")
    with closing(sqlite3.connect(instance.store, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        other.execute("UPDATE plugin_pluginconfig SET name = 'changed'")
        for arguments in (("list",), ("enable", "alpha")):
            with started(instance, "--lock-timeout", "60", *arguments) as child:
                time.sleep(1.5)
                assert child.poll() is None, child.communicate()
                os.killpg(child.pid, signal.SIGINT)
                out, err = child.communicate(timeout=10)
            assert (child.returncode, out) == (130, "")
            assert "error: interrupted" in err
            assert "Traceback" not in err
        other.execute("ROLLBACK")
    assert instance.active() == []


def test_ctrl_c_while_another_invplug_is_waited_for(slow, mark):
    with started(slow, "install", "inventree-slow") as first:
        wait_for(mark, first)
        with started(slow, "--lock-timeout", "60", "install", "inventree-alpha") as second:
            time.sleep(1.5)
            assert second.poll() is None
            second.send_signal(signal.SIGINT)
            out, err = second.communicate(timeout=10)
        assert (second.returncode, out) == (130, "")
        assert "Traceback" not in err
        assert first.poll() is None
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=30)


SECRETS = [
    "postgresql://u:secret@h/x",
    "postgresql://u:s%40secret@h/x?sslmode=require",
    "postgresql://u:p@ss/secret@h/x",
    "mysql://h/x?user=u&password=secret",
]


@pytest.mark.parametrize("url", SECRETS)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_fault_is_logged_without_any_password(monkeypatch, capsys, tmp_path, url, as_json):
    def broken(*_arguments, **_options):
        raise ValueError(f"a bug, met with {url}")

    monkeypatch.setattr("inventree_plugins.cli.listing.list_plugins", broken)
    monkeypatch.setenv("INVENTREE_DB_PASSWORD", "hidden")
    python = ["--python", str(tmp_path)]
    code = main([*python, "--database", url, "list", *(["--json"] if as_json else [])])
    out, err = capsys.readouterr()
    assert code == 70
    logs = list((tmp_path / "home").rglob("*.log"))
    assert len(logs) == 1
    if as_json:
        document = json.loads(out)
        assert (document["exit_code"], document["errors"][0]["code"]) == (70, "internal")
        said = document["errors"][0]["message"] + document["errors"][0]["hint"]
    else:
        assert out == ""
        said = err
    assert "fault" in said
    assert "ValueError" in said
    assert str(logs[0]) in said
    text = logs[0].read_text()
    assert "Traceback" in text
    assert "in broken" in text
    assert "Traceback" not in out + err
    for secret in ("secret", "hidden", "p@ss"):
        assert secret not in text
        assert secret not in out + err
    assert logs[0].stat().st_mode & 0o077 == 0


def test_a_fault_where_no_log_can_be_written_is_told_all_the_same(monkeypatch, capsys, tmp_path):
    def broken(*_arguments, **_options):
        raise ValueError("a bug")

    monkeypatch.setattr("inventree_plugins.cli.listing.list_plugins", broken)
    blocked = tmp_path / "blocked"
    blocked.write_text("no folder")
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked))
    monkeypatch.setattr("tempfile.tempdir", str(blocked))
    assert main(["--python", str(tmp_path), "list", "--json"]) == 70
    assert json.loads(capsys.readouterr().out)["errors"][0]["code"] == "internal"
