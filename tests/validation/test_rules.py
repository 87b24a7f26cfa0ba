"""Every rule: files that break it, files that keep it, and a page that says so."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from inventree_plugins.validation import RULES, explain
from inventree_plugins.validation.catalog import PAGES
from tests.validation.cases import CASES, MARK
from tests.validation.conftest import write

TEXTS = {code: (PAGES / f"{code}.md").read_text(encoding="utf-8") for code in RULES}
WORDS = {"error": "An error", "warning": "A warning"}
# An installed package's or a project's plugin, to go with a page's `pyproject.toml`.
CORE = 'from plugin import InvenTreePlugin\n\n\nclass ExamplePlugin(InvenTreePlugin):\n    NAME = "Example"\n'
# What a page's example needs around it.
LOADING = ("load-failed", "load-timed-out")
SURROUNDED = {"slug-taken", "version-differs", "app-not-a-package"}


def place(case, files):
    """Return file and line at which the finding is to be."""
    for name, text in files.items():
        if isinstance(text, str) and MARK in text:
            return name, text[: text.index(MARK)].count("\n") + 1
    return case.at, None


def run(check, install, case, code, *, good):
    """Write the files, install the packages, and check once by all rules and once by this one."""
    write(case.good if good else case.bad)
    packages = case.installed if case.good_installed is None or not good else case.good_installed
    environment = None
    for package in packages:
        environment = install(**package)
    options = case.options if case.good_options is None or not good else case.good_options
    target = case.target
    if not Path(target).exists() and Path("plugins").is_dir():
        target = "plugins"
    more = {"environment": environment} if environment else {}
    whole = check(target, *options, "--json", **more)
    only = check(target, *options, "--select", code, "--json", **more)
    assert whole.err == only.err == ""
    assert [each for each in whole.findings if each["code"] == code] == only.findings
    return only, whole


@pytest.mark.parametrize("code", RULES)
def test_rule_finds_what_breaks_it(check, install, code):
    case = CASES[code]
    result, _ = run(check, install, case, code, good=False)
    (finding,) = result.findings
    severity = RULES[code].severity
    assert (finding["code"], finding["severity"]) == (code, severity)
    assert finding["message"]
    assert not finding["message"].endswith(".")
    files = case.bad
    if not files:  # what is installed
        files = {name: text for each in case.installed for name, text in each["modules"].items()}
    file, line = place(case, files)
    if file is None:
        assert finding["path"] is None
    else:
        path = Path(finding["path"])
        assert path.is_absolute()
        assert path.as_posix().endswith(f"/{file}")
    assert finding["line"] == line
    assert result.code == (4 if severity == "error" else 0)


@pytest.mark.parametrize("code", RULES)
def test_rule_is_silent_about_what_keeps_it(check, install, code):
    result, whole = run(check, install, CASES[code], code, good=True)
    assert result.findings == []
    assert result.code == 0
    assert whole.data["plugins"], "the files that keep the rule hold a plugin"


def test_each_rule_has_its_files_and_its_page():
    assert set(CASES) == set(RULES)
    assert {path.stem for path in PAGES.glob("*.md")} == set(RULES)
    assert all(rule.severity in WORDS and rule.title for rule in RULES.values())


@pytest.mark.parametrize("code", RULES)
def test_page_has_its_form(code):
    text = TEXTS[code]
    lines = text.splitlines()
    assert explain(code) == text
    assert lines[0] == f"# {code}"
    assert lines[1] == ""
    assert lines[2].startswith(f"{WORDS[RULES[code].severity]}: ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Why", "Example", "Better"]
    assert 15 <= len(lines) <= 40
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert text.count("```") % 2 == 0
    assert blocks(code, "Example")
    assert blocks(code, "Better")


def blocks(code, heading):
    """Return language and text of each block below a heading of a page."""
    part = TEXTS[code].partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```(\w+)\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", RULES)
def test_page_shows_valid_python(code):
    for language, text in blocks(code, "Better"):
        if language == "python":
            ast.parse(text)


def is_whole(code):
    """Tell whether a page's blocks are whole plugins or projects."""
    ((language, text), *_) = blocks(code, "Example")
    return code not in SURROUNDED and (language == "toml" or "from plugin import" in text)


WHOLE = [code for code in RULES if is_whole(code)]


def as_files(language, text):
    if language == "python":
        return {"example.py": text}, "example.py"
    return {
        "project/pyproject.toml": text,
        "project/inventree_example/__init__.py": "",
        "project/inventree_example/core.py": CORE,
    }, "project"


def test_most_pages_show_whole_plugins():
    assert len(WHOLE) >= 45


@pytest.mark.parametrize("code", WHOLE)
def test_example_of_the_page_breaks_the_rule_and_better_keeps_it(check, code):
    options = ("--json", "--select", code)
    if code not in LOADING:
        options += ("--against", "1.5")
    for heading, expected, seconds in (("Example", {code}, "1"), ("Better", set(), "30")):
        ((language, text),) = blocks(code, heading)
        files, target = as_files(language, text)
        write(files)
        loading = ("--load", "--load-timeout", seconds) if code in LOADING else ()
        assert set(check(target, *options, *loading).codes) == expected, heading
