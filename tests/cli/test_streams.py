"""Data on stdout, everything else on stderr; one JSON document under --json; colour for terminals only."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ESCAPE = "\x1b"
KEYS = {
    "schema",
    "command",
    "status",
    "exit_code",
    "changed",
    "dry_run",
    "data",
    "next_steps",
    "warnings",
    "errors",
}


@pytest.fixture
def alpha(instance):
    """An instance in which `alpha` is installed and `inventree-beta` could be; pip is not the point here."""
    instance.wheel("beta")
    site = next(instance.environment.glob("lib/python*/site-packages"))
    with zipfile.ZipFile(instance.wheel("alpha")) as archive:
        archive.extractall(site)
    instance.plugins_file.write_text("inventree-alpha\n")
    assert instance.run("discover").code == 0
    return instance


GOOD = [
    ("install",),
    ("install", "inventree-beta"),
    ("install", "--dry-run", "inventree-beta"),
    ("uninstall", "alpha"),
    ("uninstall", "gone"),
    ("uninstall", "alpha", "--dry-run"),
    ("list",),
    ("list", "--names"),
    ("show", "alpha"),
    ("enable", "alpha"),
    ("enable", "alpha", "--dry-run"),
    ("disable", "alpha"),
    ("discover",),
    ("discover", "--prune"),
    ("config", "show"),
    ("is-installed", "alpha"),
]
BAD = [
    (("install", "inventree-nowhere"), 1, "install"),
    (("install", "a=b"), 2, "install"),
    (("install", "--no-such-option"), 2, "install"),
    (("uninstall",), 2, "uninstall"),
    (("list", "--enabled", "--disabled"), 2, "list"),
    (("list", "--source", "moon"), 2, "list"),
    (("ls", "extra"), 2, "list"),
    (("show", "gamma"), 1, "show"),
    (("enable", "gamma"), 1, "enable"),
    (("disable", "gamma"), 1, "disable"),
    (("discover", "--database", "no.sqlite3"), 2, "discover"),
    (("config", "no-such-command"), 2, "config"),
    (("config", "show", "--config", "no.yaml"), 2, "config show"),
    (("is-enabled", "alpha", "--database", "no.sqlite3"), 2, "is-enabled"),
    (("is-installed", "alpha", "--python", "nowhere"), 2, "is-installed"),
    (("no-such-command",), 2, None),
]


@pytest.mark.parametrize("arguments", GOOD, ids=" ".join)
@pytest.mark.parametrize("place", ["before", "after"])
def test_one_json_document_on_success(alpha, arguments, place):
    words = ("--json", *arguments) if place == "before" else (*arguments, "--json")
    result = alpha.run(*words)
    assert result.code == 0
    assert set(result.json) == KEYS
    assert (result.json["schema"], result.json["status"]) == ("invplug/1", "ok")
    assert result.json["exit_code"] == 0
    assert result.json["errors"] == []
    assert result.err == ""
    assert result.out.endswith("}\n")


@pytest.mark.parametrize(("arguments", "code", "command"), BAD, ids=str)
def test_one_json_document_on_failure(alpha, arguments, code, command):
    for words in (("--json", *arguments), (*arguments, "--json")):
        result = alpha.run(*words)
        assert result.code == code, result.err
        assert set(result.json) == KEYS
        assert (result.json["status"], result.json["exit_code"]) == ("error", code)
        assert (result.json["command"], result.json["changed"]) == (command, False)
        assert len(result.json["errors"]) == 1
        assert result.err == ""
        assert result.json == json.loads(alpha.run(*words).out)


@pytest.mark.parametrize(("arguments", "code", "command"), BAD, ids=str)
def test_errors_never_reach_stdout(alpha, arguments, code, command):
    result = alpha.run(*arguments)
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith("error: ")
    assert result.err.count("error: ") == 1
    assert alpha.run("--quiet", *arguments).err == result.err


def test_a_false_predicate_is_no_error(alpha):
    for words in (("is-enabled", "alpha"), ("is-installed", "gamma")):
        assert alpha.run(*words) == type(alpha.run(*words))(1, "", "")
        result = alpha.run(*words, "--json")
        assert (result.code, result.json["exit_code"], result.json["errors"]) == (1, 1, [])


@pytest.mark.parametrize("arguments", GOOD, ids=" ".join)
def test_talk_never_reaches_stdout(alpha, arguments):
    result = alpha.run(*arguments)
    assert result.code == 0
    if arguments[0] in {"list", "show", "config"}:
        assert result.out
        assert result.err == ""
    else:
        assert result.out == ""


@pytest.mark.parametrize("arguments", GOOD, ids=" ".join)
def test_quiet_says_nothing_but_data(alpha, arguments):
    result = alpha.run("--quiet", *arguments)
    assert (result.code, result.err) == (0, "")
    assert bool(result.out) == (arguments[0] in {"list", "show", "config"})


def test_the_environment_can_ask_for_json(alpha, monkeypatch):
    monkeypatch.setenv("INVPLUG_JSON", "1")
    assert alpha.run("list").json["command"] == "list"
    assert alpha.run("no-such-command").json["errors"][0]["code"] == "usage"


def test_the_version_under_json(invplug):
    assert invplug("--version", "--json").json["data"]["version"]
    assert invplug("--version").out.startswith("invplug ")


def test_without_arguments_help_is_shown(invplug):
    result = invplug()
    assert (result.code, result.err) == (0, "")
    assert "install" in result.out


# --- pipes


def start(instance, *arguments, **more):
    command = [sys.executable, "-m", "inventree_plugins", "--python", str(instance.environment), *arguments]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **more)


@pytest.fixture
def many(instance):
    """Two hundred plugins of a directory: more than a pipe takes at once."""
    folder = instance.folder / "plugins"
    folder.mkdir()
    for number in range(200):
        name = f"Plugin {number} {'of a very long name ' * 20}"
        (folder / f"p{number}.py").write_text(
            f"from plugin import InvenTreePlugin\nclass P(InvenTreePlugin):\n"
            f"    NAME = '{name.strip()}'\n    SLUG = 'plugin-{number}'\n"
        )
    return instance


@pytest.mark.parametrize("arguments", [("list",), ("list", "--names"), ("list", "--json")], ids=" ".join)
def test_a_reader_that_leaves_early(many, arguments):
    with start(many, *arguments, stdout=subprocess.PIPE) as child:
        assert child.stdout.readline()
        child.stdout.close()
        err = child.stderr.read()
    assert err == ""
    assert child.returncode in {0, 1}


def test_a_reader_that_is_gone_already(many):
    reading, writing = os.pipe()
    os.close(reading)
    with start(many, "list", "--names", stdout=writing) as child:
        os.close(writing)
        err = child.stderr.read()
    assert err == ""


def test_a_full_disk_below_stdout_is_told(many):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("w") as full, start(many, "list", "--json", stdout=full) as child:
        err = child.stderr.read()
    assert child.returncode == 1
    assert "Traceback" not in err
    assert "No space left" in err


def test_a_piped_table_is_neither_cut_nor_wrapped(many):
    for columns in ("20", "80"):
        result = many.run_binary("list", env={"COLUMNS": columns})
        rows = [line for line in result.out.splitlines() if line.strip().startswith("plugin-")]
        assert len(rows) == 200
        assert all("of a very long name of a very" in row for row in rows)
        assert "…" not in result.out
        assert result.out.count("of a very long name") == 200 * 20


def test_a_terminal_decides_nothing_about_the_words_of_the_data(alpha):
    text = on_terminal(alpha, "show", "alpha")[1]
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).replace("\r\n", "\n")
    assert plain.split() == alpha.run("show", "alpha").out.split()


# --- colour


def on_terminal(instance, *arguments, env=None, streams="both"):
    """Run the program on a pseudo-terminal; return exit code, what the terminal showed, and piped stdout."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "250", **(env or {})}
    environment.pop("NO_COLOR", None) if env is None or "NO_COLOR" not in env else None
    command = [sys.executable, "-m", "inventree_plugins", "--python", str(instance.environment), *arguments]
    stdout = slave if streams == "both" else subprocess.PIPE
    with subprocess.Popen(command, stdin=slave, stdout=stdout, stderr=slave, env=environment) as child:
        os.close(slave)
        shown = bytearray()
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        piped = child.stdout.read().decode() if child.stdout else ""
    os.close(master)
    return child.returncode, shown.decode(), piped


PRINTING = [
    ("list",),
    ("show", "alpha"),
    ("enable", "alpha"),
    ("enable", "gamma"),
    ("install", "inventree-beta"),
]


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_a_terminal_gets_colour(alpha, arguments):
    _, shown, _ = on_terminal(alpha, *arguments)
    assert f"{ESCAPE}[" in shown


@pytest.mark.parametrize(
    "arguments", [*PRINTING, ("config", "show"), ("--help",), ("install", "--help")], ids=" ".join
)
@pytest.mark.parametrize("how", ["NO_COLOR", "--no-color", "INVPLUG_NO_COLOR"])
def test_no_colour_means_no_escape_code(alpha, arguments, how):
    env = {how: "1"} if not how.startswith("-") else {}
    words = (how, *arguments) if how.startswith("-") else arguments
    _, shown, _ = on_terminal(alpha, *words, env=env)
    assert shown.strip()
    assert ESCAPE not in shown


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_pipes_get_no_colour(alpha, arguments):
    result = alpha.run_binary(*arguments, env={"TERM": "xterm-256color"})
    assert ESCAPE not in result.out + result.err


def test_json_is_plain_on_a_terminal(alpha):
    code, shown, _ = on_terminal(alpha, "install", "inventree-beta", "--json")
    assert code == 0
    assert ESCAPE not in shown
    assert json.loads(shown)["changed"] is True


def test_progress_leaves_stdout_alone(alpha):
    code, shown, piped = on_terminal(alpha, "install", "inventree-beta", streams="stderr")
    assert (code, piped) == (0, "")
    assert "installing" in shown
    assert "installed inventree-beta 1.0" in shown


def test_a_deletion_is_asked_about_on_a_terminal_only(alpha):
    command = [sys.executable, "-m", "inventree_plugins", "--python", str(alpha.environment)]
    for answer, left in (("n", ["inventree_alpha-1.0"]), ("y", [])):
        master, slave = pty.openpty()
        with subprocess.Popen(
            [*command, "uninstall", "alpha", "--purge"],
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as child:
            os.write(master, f"{answer}\n".encode())
            out, err = child.communicate(timeout=60)
        os.close(slave)
        os.close(master)
        assert "Remove `inventree-alpha`, `alpha`?" in err
        assert out == ""
        assert child.returncode == (1 if left else 0)
        assert "Traceback" not in err
        assert [path.name[:-10] for path in alpha.environment.rglob("*.dist-info")] == left


# --- what a stream cannot take


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_stream_of_another_encoding(instance, encoding):
    folder = instance.folder / "plugins"
    folder.mkdir()
    (folder / "p.py").write_text(
        "from plugin import InvenTreePlugin\n"
        "class P(InvenTreePlugin):\n    NAME = 'Café → ☕'\n    SLUG = 'cafe'\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "inventree_plugins", "--python", str(instance.environment)]
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    for words in (["list"], ["show", "cafe"], ["discover"], ["list", "--json"]):
        done = subprocess.run([*command, *words], capture_output=True, check=False, env=env)
        assert done.returncode == 0, done.stderr
        assert b"Traceback" not in done.stderr
        done.stdout.decode(encoding)
    assert json.loads(done.stdout.decode(encoding))["data"]["plugins"][0]["name"] == "Café → ☕"


def test_arguments_that_are_no_text(alpha):
    command = [sys.executable, "-m", "inventree_plugins", "--python", str(alpha.environment)]
    for words in (["enable", b"caf\xe9"], ["enable", b"caf\xe9", "--json"], ["install", b"\xff", "--json"]):
        done = subprocess.run([*command, *words], capture_output=True, check=False)
        assert done.returncode in {1, 2}, done.stderr
        assert b"Traceback" not in done.stderr
        if "--json" in words:
            assert json.loads(done.stdout)["status"] == "error"
