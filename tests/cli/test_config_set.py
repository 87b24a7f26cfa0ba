"""`invplug config set`: plugin options in `config.yaml`."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from inventree_plugins.commands.configure import PLUGIN_OPTIONS
from inventree_plugins.instance.resolve import ENVIRONMENT_KEPT

CONFIG = """\
# Written by hand
database:
  engine: sqlite3
  name: db.sqlite3  # beside

# Plugins
plugins_enabled: False  # for now
#plugin_noinstall: True
#plugin_dir: '/data/plugins'

debug: no
"""
RESTART = "next: a running server and its worker see the change after a restart\n"


@pytest.fixture
def config(isolated, monkeypatch) -> Path:
    path = Path.cwd() / "config.yaml"
    path.write_text(CONFIG)
    monkeypatch.setenv("INVPLUG_CONFIG", str(path))
    return path


@pytest.fixture
def set_option(invplug):
    return lambda *words: invplug("config", "set", *words)


def test_an_option_is_set_once_and_said_to_be_so_the_second_time(config, set_option):
    first = set_option("plugins_enabled", "true")
    assert (first.code, first.out) == (0, "")
    assert first.err == f"set `plugins_enabled` to true in `{config}` (was false)\n{RESTART}"
    assert config.read_text() == CONFIG.replace("False ", "True ")
    os.utime(config, ns=(1, 1))
    second = set_option("plugins_enabled", "true")
    assert (second.code, second.out) == (0, "")
    assert second.err == f"`plugins_enabled` is true already in `{config}`\n"
    assert config.stat().st_mtime_ns == 1


def test_an_option_that_is_commented_out_gets_a_line_below(config, set_option):
    first = set_option("plugin_noinstall", "on")
    assert (first.code, first.out) == (0, "")
    assert first.err == f"set `plugin_noinstall` to true in `{config}` (was not set)\n{RESTART}"
    comment = "#plugin_noinstall: True\n"
    assert config.read_text() == CONFIG.replace(comment, f"{comment}plugin_noinstall: true\n")
    assert set_option("plugin_noinstall", "yes").err.endswith(f"true already in `{config}`\n")


@pytest.mark.parametrize(
    ("words", "line", "new"),
    [
        (("plugins_enabled", "YES"), "plugins_enabled: True  # for now", True),
        (("plugin_noinstall", "0"), "plugin_noinstall: false", False),
        (("plugin_file", "/srv/my plugins.txt"), "plugin_file: '/srv/my plugins.txt'", "/srv/my plugins.txt"),
        (("plugin_dir", "/a", "/b"), "plugin_dir: '/a,/b'", ["/a", "/b"]),
        (("plugin_dir", "/a, /b,"), "plugin_dir: '/a,/b'", ["/a", "/b"]),
        (("plugin_dir", "/a"), "plugin_dir: /a", ["/a"]),
        (("plugins_mandatory", "one,two", "no"), "plugins_mandatory: [one, two, 'no']", ["one", "two", "no"]),
        (("plugins_mandatory", ""), "plugins_mandatory: []", []),
        (("plugin_retry", "5"), "PLUGIN_RETRY: 5", 5),
    ],
)
def test_each_kind_of_option(config, invplug, words, line, new):
    document = invplug("config", "set", *words, "--json").json
    option = document["data"]["option"]
    assert (document["command"], document["changed"], document["dry_run"]) == ("config set", True, False)
    assert [step["code"] for step in document["next_steps"]] == ["restart"]
    assert option == {
        "name": line.partition(":")[0],
        "old": False if words[0] == "plugins_enabled" else None,
        "new": new,
        "path": str(config),
        "overridden_by": None,
    }
    lines = config.read_text().splitlines()
    assert line in lines
    assert len(set(CONFIG.splitlines()) - set(lines)) == (words[0] == "plugins_enabled")
    again = invplug("config", "set", *words, "--json").json
    assert (again["changed"], again["next_steps"], again["data"]["option"]["old"]) == (False, [], new)
    assert config.read_text().splitlines() == lines


def test_what_is_set_is_what_counts(config, set_option, invplug):
    assert set_option("plugins_enabled", "on").code == 0
    assert set_option("plugin_dir", "/a", "/b").code == 0
    assert set_option("plugins_mandatory", "one", "two").code == 0
    shown = invplug("config", "show", "--json").data["config"]
    assert shown["plugins_enabled"] == {"value": True, "origin": f"{config}: plugins_enabled"}
    assert shown["plugin_dirs"]["value"] == ["/a", "/b"]
    assert shown["plugins_mandatory"]["value"] == ["one", "two"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("plugins_enabled: 'yes'", ("plugins_enabled", "true")),
        ("plugins_enabled: 0", ("plugins_enabled", "false")),
        ("plugin_dir: ' /a , /b '", ("plugin_dir", "/a", "/b")),
        ("plugins_mandatory: one, two", ("plugins_mandatory", "one", "two")),
        ("plugins_mandatory:\n  - one\n  - two", ("plugins_mandatory", "one,two")),
        ("PLUGIN_RETRY: '5'", ("PLUGIN_RETRY", "5")),
    ],
)
def test_what_means_the_same_to_the_server_stays(config, set_option, line, words):
    config.write_text(f"debug: no\n{line}\n")
    result = set_option(*words)
    assert (result.code, result.out) == (0, "")
    assert "already" in result.err
    assert config.read_text() == f"debug: no\n{line}\n"


@pytest.mark.parametrize("value", [".inf", "{a: b, 1: c}", "2024-01-01", "[~]", "!!set {a}"])
@pytest.mark.parametrize(
    ("name", "new"), [("PLUGIN_RETRY", "3"), ("plugin_dir", "/a"), ("plugins_enabled", "on")]
)
def test_nonsense_in_the_file_is_replaced(config, invplug, name, new, value):
    config.write_text(f"{name}: {value}  # why\n")
    document = invplug("config", "set", name, new, "--json").json
    assert (document["exit_code"], document["changed"]) == (0, True)
    assert config.read_text() == f"{name}: {'true' if new == 'on' else new}  # why\n"


def test_a_list_of_folders_becomes_text_since_the_server_reads_no_list(config, set_option):
    config.write_text("plugin_dir:\n  - /a  # one\n  - /b\n")
    assert set_option("plugin_dir", "/a,/b").code == 0
    assert config.read_text() == "plugin_dir: '/a,/b'\n  # one\n"


def test_a_list_keeps_the_lines_of_what_stays(config, set_option):
    config.write_text("plugins_mandatory:\n  - one  # needed\n  - two\ndebug: no\n")
    assert set_option("plugins_mandatory", "one", "three").code == 0
    assert config.read_text() == "plugins_mandatory:\n  - one  # needed\n  - three\ndebug: no\n"


def test_a_dry_run_says_it_and_writes_nothing(config, set_option):
    config.chmod(0o444)
    for form in ((), ("--json",)):
        result = set_option("plugins_enabled", "true", "--dry-run", *form)
        assert result.code == 0
        assert config.read_text() == CONFIG
    assert (result.json["changed"], result.json["dry_run"], result.data["option"]["new"]) == (
        False,
        True,
        True,
    )
    result = set_option("plugins_enabled", "true", "--dry-run")
    assert result.err == f"would set `plugins_enabled` to true in `{config}` (was false)\n{RESTART}"
    assert set_option("plugins_enabled", "false", "--dry-run").err.startswith(
        "`plugins_enabled` is false already"
    )


@pytest.mark.parametrize("option", PLUGIN_OPTIONS.values(), ids=lambda option: option.name)
def test_it_is_said_when_the_environment_beats_the_file(config, invplug, monkeypatch, option):
    value = {"switch": "on", "number": "4"}.get(option.kind, "/x")
    monkeypatch.setenv(option.variable, "7")
    for changed in (True, False):
        document = invplug("config", "set", option.name, value, "--json").json
        assert (document["exit_code"], document["changed"]) == (0, changed)
        assert document["data"]["option"]["overridden_by"] == option.variable
        (warning,) = document["warnings"]
        assert (warning["code"], warning["severity"]) == ("environment-overrides", "warning")
        assert warning["message"] == (
            f"{option.variable} is `7` in the environment: `{option.name}` in `{config}` has no effect"
        )
    result = invplug("config", "set", option.name, value)
    assert (result.code, result.out) == (0, "")
    assert f"warning: {option.variable} is `7`" in result.err
    # An empty variable is false to the server, and says nothing where no truth value is asked for.
    monkeypatch.setenv(option.variable, "")
    warnings = invplug("config", "set", option.name, value, "--json").json["warnings"]
    is_switch = option.kind == "switch"
    assert [each["code"] for each in warnings] == ["environment-overrides"] * is_switch
    assert not is_switch or "is empty in the environment" in warnings[0]["message"]


def test_the_environment_of_every_option_is_kept():
    assert {option.variable for option in PLUGIN_OPTIONS.values()} <= set(ENVIRONMENT_KEPT)


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (
            ("plugin_enabled", "1"),
            "there is no plugin option `plugin_enabled`",
            "did you mean `plugins_enabled`",
        ),
        (("debug", "1"), "there is no plugin option `debug`", "the options are `plugins_enabled`"),
        (("plugins_enabled", "maybe"), "`plugins_enabled` is true or false, not `maybe`", ""),
        (("plugins_enabled", ""), "`plugins_enabled` is true or false, not ``", ""),
        (("plugins_enabled", "yes", "no"), "`plugins_enabled` takes one value, not 2", ""),
        (("plugin_file", " "), "`plugin_file` takes the path of a file", ""),
        (("plugin_file", "a\nb"), "`plugin_file` cannot hold control characters", ""),
        (("plugin_file", "a\udcff"), "`plugin_file` cannot hold control characters or undecodable bytes", ""),
        (("plugin_dir", ","), "`plugin_dir` takes at least one folder", ""),
        (("PLUGIN_RETRY", "²"), "`PLUGIN_RETRY` is a number, not `²`", ""),
        (("PLUGIN_RETRY", "9" * 5000), "`PLUGIN_RETRY` is a number, not `999", ""),
        (("plugins_enabled",), "missing argument 'VALUE'", "`invplug config set --help` shows how"),
        ((), "missing argument 'NAME'", "`invplug config set --help` shows how"),
    ],
)
def test_a_wrong_command_line_changes_nothing(config, set_option, words, message, hint):
    result = set_option(*words)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"error: {message}")
    assert hint in result.err
    document = set_option(*words, "--json").json
    assert (document["exit_code"], document["errors"][0]["code"]) == (2, "usage")
    assert config.read_text() == CONFIG


def test_help_lists_the_options(set_option):
    result = set_option("--help")
    assert (result.code, result.err) == (0, "")
    for option in PLUGIN_OPTIONS.values():
        assert f"{option.name}: {option.meaning}" in result.out


@pytest.mark.parametrize("options", [(), ("--database", "db.sqlite3")])
def test_without_a_file_it_is_said_how_to_name_one(set_option, options):
    result = set_option("plugin_dir", "/a", *options)
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "error: there is no `config.yaml` to change\n"
        "hint: name one with `--config FILE`, or set INVENTREE_PLUGIN_DIR in the server's environment\n"
    )
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"debug: no\nplugin_file: &x a\nother: *x\n", 2, "by hand: `plugin_file: b`"),
        ("debug: no\n".encode("utf-16"), None, "not UTF-8 text"),
        (b"debug: no\nmotto: |\n  text", None, "by hand: `plugin_file: b`"),
        (b"plugin_file: a\n---\nb: 1\n", 2, "YAML"),
        (b"- a\n", None, "list"),
    ],
)
def test_a_file_that_cannot_be_edited_is_refused_and_stays(config, set_option, content, line, words):
    config.write_bytes(content)
    result = set_option("plugin_file", "b", "--json")
    (error,) = result.json["errors"]
    assert (result.code, result.err, error["code"], error["path"]) == (2, "", "configuration", str(config))
    assert error["line"] == line
    assert words in f"{error['message']} {error['hint']}"
    assert config.read_bytes() == content
    said = set_option("plugin_file", "b")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: ")
    assert str(config) in said.err


def test_a_read_only_file_is_refused_with_a_hint_that_helps(config, set_option):
    config.chmod(0o444)
    result = set_option("plugins_enabled", "true")
    assert (result.code, result.out) == (1, "")
    assert result.err == (
        f"error: `{config}` is read-only\nhint: make it writable, or name another one with `--config`\n"
    )
    assert config.read_text() == CONFIG
    # What is so already needs no right to write.
    assert set_option("plugins_enabled", "false").code == 0


def test_mode_and_symbolic_link_stay(config, set_option):
    real = config.rename(config.with_name("real.yaml"))
    config.symlink_to(real.name)
    real.chmod(0o640)
    assert set_option("plugins_enabled", "1").code == 0
    assert config.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert yaml.safe_load(real.read_text())["plugins_enabled"] is True
    assert sorted(path.name for path in real.parent.iterdir()) == ["config.yaml", "real.yaml"]


def test_the_documents_list_the_options_and_the_keys(config, invplug):
    docs = Path(__file__).resolve().parents[2] / "docs"
    page = (docs / "configuration.md").read_text()
    for option in PLUGIN_OPTIONS.values():
        assert re.search(rf"^\| `{option.name}` \| .* \| {option.meaning} \|$", page, re.MULTILINE), (
            option.name
        )
    data = invplug("config", "set", "plugins_enabled", "on", "--json").data
    assert data.keys() == {"option"}
    described = (docs / "json.md").read_text().partition("## An option\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", described, re.MULTILINE)) == data["option"].keys()


def test_dots_alone_are_quoted(config, invplug):
    config.write_text("a: 1\n")
    assert invplug("config", "set", "plugin_file", "...").code == 0
    assert config.read_text() == "a: 1\nplugin_file: '...'\n"


def test_all_of_several_at_once_are_kept(config):
    config.write_text("a: 1\n")
    wanted = {"plugins_enabled": "true", "plugin_noinstall": "true", "PLUGIN_RETRY": "7", "plugin_dir": "/a"}
    command = [sys.executable, "-m", "inventree_plugins", "config", "set"]
    for _ in range(3):
        config.write_text("a: 1\n")
        running = [
            subprocess.Popen([*command, name, value], stderr=subprocess.PIPE)
            for name, value in wanted.items()
        ]
        assert [(process.communicate()[1], process.returncode)[1] for process in running] == [0] * len(wanted)
        found = yaml.safe_load(config.read_text())
        assert {name: str(found[name]).lower() for name in wanted} == wanted
        assert [path.name for path in config.parent.glob("*config.yaml*")] == [config.name]
        assert not list(config.parent.glob(".config*"))
