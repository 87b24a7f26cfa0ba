"""`invplug is-enabled` and `is-installed`: silent, 0 or 1."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def one(instance):
    instance.wheel("alpha")
    instance.run("install", "inventree-alpha")
    return instance


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (("is-enabled", "alpha"), 1),
        (("is-enabled", "nobody"), 1),
        (("is-installed", "alpha"), 0),
        (("is-installed", "inventree-alpha"), 0),
        (("is-installed", "Inventree_Alpha"), 0),
        (("is-installed", "nobody"), 1),
    ],
)
def test_answers_silently(one, question, code):
    result = one.run(*question)
    assert (result.code, result.out, result.err) == (code, "", "")


def test_enabled_is_zero(one):
    one.run("enable", "alpha")
    result = one.run("is-enabled", "alpha")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_json_gives_the_answer_as_data(one):
    result = one.run("is-enabled", "alpha", "--json")
    assert result.code == 1
    assert result.json["exit_code"] == 1
    assert result.json["status"] == "ok"
    assert result.data == {"slug": "alpha", "enabled": False}


def test_mandatory_counts_as_enabled(one, monkeypatch):
    monkeypatch.setenv("INVENTREE_PLUGINS_MANDATORY", "other, alpha")
    assert one.run("is-enabled", "alpha").code == 0


def test_is_enabled_asks_no_interpreter(one, invplug):
    assert invplug("is-enabled", "alpha", "--python", "/nowhere").code == 1
    assert invplug("is-installed", "alpha", "--python", "/nowhere").code == 2


def test_a_database_that_is_missing_is_not_a_no(invplug):
    result = invplug("is-enabled", "alpha", "--database", "missing.sqlite3")
    assert (result.code, result.out) == (2, "")
    assert "missing.sqlite3" in result.err


@pytest.mark.parametrize("command", ["is-enabled", "is-installed"])
def test_an_error_is_no_answer(invplug, instance, command):
    """A script must not take what cannot be read for disabled."""
    Path("loop").symlink_to("loop")
    arguments = ("--database", "loop") if command == "is-enabled" else ("--python", "/no/where")
    result = invplug(command, "alpha", *arguments, "--json")
    assert (result.code, result.json["exit_code"]) == (2, 2)
    assert result.json["errors"]
