"""The documents say what the program does: commands, options, codes, variables, links and the picture."""

from __future__ import annotations

import ast
import json
import re
import shlex
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer.main

from inventree_plugins import __version__
from inventree_plugins.cli import boundary, main
from inventree_plugins.cli.app import ALIASES, GLOBAL_NAMES, app
from inventree_plugins.cli.options import Invocation
from inventree_plugins.commands.plugin_checks import RULES_OF
from inventree_plugins.errors import InvplugError
from inventree_plugins.instance.resolve import DATABASE_KEYS
from inventree_plugins.validation import RULES
from tests.test_architecture import ROOT as SOURCE
from tests.test_architecture import TABLE

ROOT = SOURCE.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])
# Pages whose commands and options are all invplug's.
MANUAL = [ROOT / "README.md", DOCS / "commands.md"]
NO_COMMAND = "invplug"
# Typer carries these out while it parses, in the home folder of whoever runs the tests: they are not parsed.
AT_ONCE = {"--install-completion", "--show-completion"}


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """Return what stands between a heading and the next one of the same level or above."""
    match = re.search(rf"^(#+) {re.escape(heading)}\n", text, re.MULTILINE)
    assert match, f"there is no heading `{heading}`"
    rest = text[match.end() :]
    end = re.search(rf"^#{{1,{len(match[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def rows(text: str) -> list[list[str]]:
    """Return the cells of all table rows that start with code; `\\|` is a stroke inside a cell."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [
        [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        for line in lines
    ]


def code(text: str) -> str:
    """Return the first text in backticks."""
    return text.split("`")[1]


# Commands and options.


def commands() -> dict[str, Any]:
    """Return every command by its words after `invplug`, the program itself under its own name."""

    def walk(command: Any, path: tuple[str, ...], context: Any) -> Iterator[tuple[str, Any]]:
        yield " ".join(path) or NO_COMMAND, command
        if hasattr(command, "list_commands"):
            for name in command.list_commands(context):
                yield from walk(command.get_command(context, name), (*path, name), context)

    return dict(walk(PROGRAM, (), CONTEXT))


def options(command: Any) -> list[Any]:
    return [each for each in command.get_params(CONTEXT) if each.param_type_name == "option"]


def own_options(command: Any) -> list[Any]:
    shared = GLOBAL_NAMES | {"version"}
    return [each for each in options(command) if each.name not in shared and "--help" not in each.opts]


def names(option: Any) -> str:
    metavar = f" {option.metavar}" if option.metavar else ""
    first, *others = option.opts
    return ", ".join(f"`{name}`" for name in (f"{first}{metavar}", *others))


def sentence(option: Any) -> str:
    return " ".join(option.help.split())


PROGRAM = typer.main.get_command(app)
CONTEXT = PROGRAM.context_class(PROGRAM, info_name="invplug", obj=Invocation(json=False))
COMMANDS = commands()


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - {NO_COMMAND, "config"}))
def test_each_command_is_described_as_its_help_says(name):
    found = section(text_of("docs/commands.md"), f"invplug {name}")
    summary = " ".join(COMMANDS[name].help.split("\n\n")[0].split())
    assert summary in " ".join(found.split())
    expected = [f"| {names(each)} | {sentence(each)} |" for each in own_options(COMMANDS[name])]
    shown = [line for line in found.splitlines() if line.startswith("| `-")]
    assert shown == expected, "the table of options must read:\n" + "\n".join(expected)
    aliases = sorted(alias for alias, command in ALIASES.items() if command == name)
    assert [f"`invplug {alias}`" for alias in aliases] == re.findall(r"`[^`]+`", _line(found, "Alias: "))
    assert _line(found, "Exit codes: ")


def _line(text: str, start: str) -> str:
    return next((line for line in text.splitlines() if line.startswith(start)), "")


def test_global_options_are_described_with_their_variables():
    found = rows(section(text_of("docs/commands.md"), "Global options"))
    expected = [
        [f"`{names(each).strip('`')}`", f"`{each.envvar}`", sentence(each)]
        for each in options(PROGRAM)
        if each.name in GLOBAL_NAMES
    ]
    assert found == expected
    others = {name for each in own_options(PROGRAM) for name in each.opts} | {"--version", "--help", "-h"}
    program = section(text_of("docs/commands.md"), "invplug")
    assert {name for row in rows(program) for name in re.findall(r"`(-[^` ]+)", row[0])} == others


def command_lines(text: str) -> Iterator[tuple[str, bool]]:
    """Yield what follows `invplug `, and whether it is meant to be run: in a block it is, in prose maybe."""
    for block in re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            for part in re.split(r"&&|\|\||[|;>]|^\$ |^if ", line.partition(" #")[0]):
                words = part.strip().removeprefix("! ")
                if words.startswith("invplug "):
                    yield words.removeprefix("invplug "), True
    for inline in re.findall(r"(?<!`)`invplug ([^`]+)`(?!`)", text):
        yield inline, False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_in_the_documents_parses(page, capsys):
    for line, is_whole in command_lines(page.read_text(encoding="utf-8")):
        words = shlex.split(line)
        if AT_ONCE & set(words):
            continue
        try:
            understand(PROGRAM, words, None)
        except typer.Exit:
            capsys.readouterr()
        except boundary.ParseError as error:
            message = error.format_message()
            if is_whole or not message.startswith("Missing"):
                pytest.fail(f"{page.name}: `invplug {line}`: {message}")


def understand(command: Any, words: list[str], parent: Any) -> None:
    """Parse the words, down to the last subcommand, and run nothing."""
    context = command.make_context(
        command.name or "invplug", list(words), parent=parent, obj=Invocation(json=False)
    )
    if hasattr(command, "list_commands"):
        # Click keeps the subcommand's name under one of two names, by its version.
        first = vars(context).get("_protected_args", vars(context).get("protected_args", []))
        _, found, rest = command.resolve_command(context, [*first, *context.args])
        understand(found, rest, context)


@pytest.mark.parametrize("page", MANUAL, ids=lambda page: page.name)
def test_every_option_in_the_manual_exists(page):
    known = {name for command in COMMANDS.values() for each in options(command) for name in each.opts}
    known |= {"-h", "--help"}
    named = set(re.findall(r"`(--?[a-zA-Z][a-z-]*)", page.read_text(encoding="utf-8")))
    assert named <= known


def test_readme_opens_with_the_picture_and_the_two_commands():
    first_screen = text_of("README.md")[:1200]
    for part in ("docs/list.svg", "make run", "make test"):
        assert part in first_screen


# Codes.


@pytest.fixture(scope="module")
def every_module():
    """Import the whole package: an error may live in a module that is imported late."""
    for path in SOURCE.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        # What is for a Django project needs the settings of one.
        is_for_django = parts[1:3] == ("host", "django") or parts[1] == "samples"
        if parts[-1] != "__main__" and not is_for_django:
            import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))


def error_classes(cls: type[InvplugError] = InvplugError) -> Iterator[type[InvplugError]]:
    yield cls
    for below in cls.__subclasses__():
        if below.__module__.startswith(f"{SOURCE.name}."):
            yield from error_classes(below)


# Its exit code is the signal's, not the class's.
BY_SIGNAL = {"terminated": "129 or 143"}


def documented(page: str, heading: str) -> dict[str, list[str]]:
    found = {code(row[0]): row for row in rows(section(text_of(page), heading))}
    assert found, f"{page} has no table under `{heading}`"
    return found


def codes_in_source() -> dict[str, set[str]]:
    """Return the codes that the source spells out, by what takes them: problems, verdicts, steps."""
    found: dict[str, set[str]] = {"problem": set(), "verdict": set(), "step": set()}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for kind, expression in _coded(node, room=path.relative_to(SOURCE).parts[0]):
                # A problem's code has a dash, which tells it from the other words that functions take.
                found[kind] |= {word for word in _codes(expression) if "-" in word or kind == "step"}
    return found


KINDS = {"Verdict": "verdict", "InstallError": "verdict", "NextStep": "step"}


def _coded(node: ast.AST, *, room: str) -> Iterator[tuple[str, ast.expr]]:
    """Yield expressions that give a code, with what the code is for."""
    if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
        called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        kind = KINDS.get(called) or ("problem" if "problem" in called.lower() else None)
        if kind is not None:
            yield from ((kind, word.value) for word in node.keywords if word.arg == "code")
            # The first argument of an error is its message.
            yield from ((kind, first) for first in node.args[:1] if called != "InstallError")
    elif (
        isinstance(node, ast.Tuple)
        and len(node.elts) > 2
        and isinstance(node.elts[1], (ast.JoinedStr, ast.Name))
    ):
        # Put together first and a problem later: code, message, and more.
        yield "problem", node.elts[0]
    elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "code":
        if isinstance(node.value, ast.IfExp):
            yield ("verdict" if room == "packages" else "problem"), node.value


def _codes(expression: ast.expr) -> Iterator[str]:
    """Return the words in the expression that look like a code."""
    branches = [expression.body, expression.orelse] if isinstance(expression, ast.IfExp) else [expression]
    for each in branches:
        if isinstance(each, ast.Constant) and re.fullmatch(r"[a-z]+(-[a-z]+)*", str(each.value)):
            yield str(each.value)


def test_every_error_is_documented_with_its_exit_code_and_no_other(every_module):
    found = documented("docs/errors.md", "Errors")
    expected = {cls.code: str(cls.exit_code) for cls in error_classes()} | BY_SIGNAL
    assert {name: row[1] for name, row in found.items()} == expected


def test_every_cause_of_a_failed_installation_is_documented_and_no_other():
    found = documented("docs/errors.md", "Errors of an installation")
    assert set(found) == codes_in_source()["verdict"] | {"install-failed"}


def test_every_problem_is_documented_and_no_other():
    found, in_source = set(documented("docs/errors.md", "Problems")), codes_in_source()["problem"]
    assert found <= in_source
    assert in_source - found <= RULES.keys(), "a code is in neither table"


def test_every_rule_is_documented_with_its_severity_title_and_page():
    found = rows(section(text_of("docs/validation.md"), "Rules").replace("| [`", "| `"))
    expected = [
        [f"`{rule.code}`](../inventree_plugins/validation/pages/{rule.code}.md)", rule.severity, rule.title]
        for rule in RULES.values()
    ]
    table = "\n".join(f"| [{place} | {severity} | {title} |" for place, severity, title in expected)
    assert found == expected, f"the table of rules must read:\n{table}"


def test_every_next_step_is_documented_and_no_other():
    assert set(documented("docs/json.md", "Next steps")) == codes_in_source()["step"]


def test_every_code_says_a_way_out():
    for heading in ("Errors", "Errors of an installation", "Problems"):
        for name, row in documented("docs/errors.md", heading).items():
            assert all(row), f"{name} has an empty cell"


def test_both_tables_of_exit_codes_hold_every_code(every_module):
    expected = {str(cls.exit_code) for cls in error_classes()} | {"0", "129", "143"}
    for page in ("README.md", "docs/exit-codes.md"):
        table = rows(section(text_of(page), "Exit codes"))
        # A code that is named inside a meaning is described as well.
        assert expected <= {each for row in table for cell in row for each in re.findall(r"`(\d+)`", cell)}, (
            page
        )


# The JSON document.

PLUGIN = 'from plugin import InvenTreePlugin\n\n\nclass Hello(InvenTreePlugin):\n    NAME = "Hello"\n'


@pytest.fixture
def answer(isolated, capsys):
    """Return a function that runs a command in a standalone instance with one plugin, and its answer."""
    Path("plugins").mkdir()
    Path("plugins/hello.py").write_text(PLUGIN, encoding="utf-8")
    Path("plugins.txt").write_text("# nothing\n", encoding="utf-8")

    def run(line: str) -> dict[str, Any]:
        capsys.readouterr()
        main(["--json", "--no-cache", "--python", sys.executable, *shlex.split(line)])
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return run


def test_keys_of_the_document_and_of_a_plugin_are_documented_and_no_others(answer):
    document = answer("list")
    page = "docs/json.md"
    assert documented(page, "The document").keys() == document.keys()
    plugin = next(row for row in document["data"]["plugins"] if row["key"] == "hello")
    assert documented(page, "A plugin").keys() == plugin.keys()
    assert documented(page, "`meta`").keys() == plugin["meta"].keys()
    assert documented(page, "A warning or a problem").keys() == plugin["problems"][0].keys()
    answer("discover")
    assert documented(page, "Keys of a next step").keys() == answer("enable hello")["next_steps"][0].keys()
    setting = answer("settings set hello KEY x --force")["data"]["setting"]
    assert documented(page, "A setting").keys() == setting.keys()
    assert documented(page, "An error").keys() == answer("enable nothing")["errors"][0].keys()


@pytest.mark.parametrize(
    "line",
    [
        "install --dry-run",
        "uninstall nothing --dry-run",
        "lock --check",
        "bundle away --dry-run",
        "outdated",
        "upgrade --all --dry-run",
        "list",
        "show hello",
        "enable hello",
        "disable hello",
        "is-enabled hello",
        "is-installed hello",
        "discover",
        "validate",
        "doctor hello",
        "settings list hello",
        "settings set hello KEY x --force",
        "settings get hello KEY",
        "settings unset hello KEY",
        "config show",
    ],
)
def test_keys_of_data_are_documented_for_each_command(answer, line):
    command = next(name for name in sorted(COMMANDS, key=len, reverse=True) if line.startswith(name))
    if command == "settings get":
        answer("settings set hello KEY x --force")
    row = documented("docs/json.md", "`data` of each command")[command]
    assert set(re.findall(r"`([^`]+)`", row[1])) == answer(line)["data"].keys()


def test_every_check_of_doctor_is_documented_in_its_order_and_no_other(answer):
    every = [check["code"] for check in answer("doctor hello")["data"]["checks"]]
    summary = [check["code"] for check in answer("doctor")["data"]["checks"]]
    # Where no plugin is named, one line stands for all that its gates would say.
    place = summary.index("plugin")
    table = documented("docs/doctor.md", "The checks")
    assert list(table) == [*every[:place], "plugin", *every[place:]]
    assert all(len(row) == 6 and all(row) for row in table.values())


def test_how_each_check_of_doctor_can_be_shut_is_documented():
    table = documented("docs/doctor.md", "The checks")
    shown = {
        name: {status for status, cell in zip(("failed", "warning"), row[2:4], strict=True) if len(cell) > 1}
        for name, row in table.items()
    }
    assert shown == statuses_in_source(set(table))


def statuses_in_source(checks: set[str]) -> dict[str, set[str]]:
    """Return how each check can be shut, as the functions that make it spell it."""
    found: dict[str, set[str]] = {name: set() for name in checks}
    for path in (SOURCE / "commands").glob("*_checks.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                words = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
                # A plugin is also what messages are about.
                named = (checks - {"plugin"}) & {word for word in words if isinstance(word, str)}
                for name in named if len(named) == 1 else ():
                    found[name] |= {"failed", "warning"} & words
    # These are judged by rules of validation, in one function for all.
    severities = {"error": "failed", "warning": "warning"}
    for name, rules in RULES_OF.items():
        found[name] |= {severities[RULES[rule].severity] for rule in rules}
    return found


def test_keys_of_a_check_and_of_what_was_mended_are_documented_and_no_others(answer):
    data = answer("doctor --fix")["data"]
    for name, heading in (("checks", "A check"), ("mended", "What doctor mended")):
        assert data[name]
        assert all(documented("docs/json.md", heading).keys() == row.keys() for row in data[name])


# Configuration and architecture.


def test_every_variable_of_the_server_that_is_read_is_documented_and_no_other():
    read = {f"INVENTREE_DB_{key.upper()}" for key in DATABASE_KEYS}
    for path in (SOURCE / "instance").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                read |= set(re.findall(r"\AINVENTREE_[A-Z_]+[A-Z]\Z", node.value))
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"read", "switch", "read_overrides"}:
                # A plugin option's variable follows from its key.
                key = node.args[1 if ast.unparse(node.func) == "read_overrides" else 0]
                read.add(f"INVENTREE_{ast.literal_eval(key).upper()}")
    table = rows(section(text_of("docs/configuration.md"), "Variables of the server"))
    assert {name for row in table for name in re.findall(r"`(INVENTREE_\w+)`", row[0])} == read


def test_architecture_shows_the_import_table():
    table = rows(section(text_of("docs/architecture.md"), "Rooms"))
    found = {code(row[0]).removesuffix(".py").removesuffix("/"): row for row in table}
    assert found.keys() == TABLE.keys() - {"__init__", "__main__"}
    for room, (_, what, imports) in found.items():
        expected = TABLE[room]
        if imports != "all above":
            assert {name.removesuffix("/") for name in re.findall(r"`([^`]+)`", imports)} == expected, room
        exists = (SOURCE / room).is_dir() or (SOURCE / f"{room}.py").is_file()
        assert exists is not ("not written yet" in what), room


# Links, files, picture, changes.


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_named_files_exist(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name) if name else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target
    for name in re.findall(r"`((?:inventree_plugins|tests|tools|docs|completions|\.ci)/[\w./-]*)`", text):
        assert (ROOT / name).exists(), name


def test_lower_bounds_to_try_are_those_of_the_project():
    declared = re.findall(r'^  "([\w.-]+)>=([\d.]+)",$', text_of("pyproject.toml"), re.MULTILINE)
    tried = re.findall(r"([\w.-]+)==([\d.]+)", section(text_of("CONTRIBUTING.md"), "Lower bounds"))
    assert set(tried) == {(name, bound) for name, bound in declared if name != "pip"}


def test_changelog_has_this_version_or_what_is_unreleased():
    headings = re.findall(r"^## \[?([^\]\s]+)", text_of("CHANGELOG.md"), re.MULTILINE)
    assert {__version__, "Unreleased"} & set(headings)


def test_picture_is_small_and_asks_nothing_of_the_net():
    picture = text_of("docs/list.svg")
    assert "invplug" in picture
    assert len(picture) < 60_000
    assert "@font-face" not in picture
    assert set(re.findall(r"\w+://[^\"'\s<]+", picture)) == {"http://www.w3.org/2000/svg"}
