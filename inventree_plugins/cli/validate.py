"""`invplug validate [PATH|SLUG|PACKAGE…]`."""

# No `from __future__ import annotations`: Typer would compile each annotation again at every start.

import sys
from typing import Annotated, Any

import typer

from inventree_plugins.cli.app import Command
from inventree_plugins.cli.completion import complete_rule, complete_slug
from inventree_plugins.cli.findings import FORMATS
from inventree_plugins.cli.options import flag
from inventree_plugins.cli.output import Outcome, Talk, problem_to_json
from inventree_plugins.cli.session import open_session
from inventree_plugins.commands.validate import (
    Checked,
    LoadOptions,
    Rule,
    ValidateOptions,
    Validation,
    all_rules,
    explain,
    require_rule,
    validate,
)
from inventree_plugins.errors import UsageError

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")

ALL = "all"


@app.command(cls=Command)
def validate_plugins(  # noqa: PLR0913 - the contract's list
    ctx: typer.Context,
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH|SLUG|PACKAGE",
            help="What to check; everything installed when nothing is named.",
            autocompletion=complete_slug,
        ),
    ] = None,
    *,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="VERSION", help="Judge for another version of the server."),
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select", metavar="CODE", help="Only this rule; repeatable.", autocompletion=complete_rule
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore", metavar="CODE", help="Not this rule; repeatable.", autocompletion=complete_rule
        ),
    ] = None,
    strict: Annotated[bool, flag("--strict", text="Fail for warnings too.")] = False,
    output: Annotated[
        str,
        typer.Option("--format", metavar="KIND", help="Print `text`, `github` annotations or `sarif`."),
    ] = "text",
    load: Annotated[
        bool, flag("--load", text="Also import and construct each plugin, in a process of its own.")
    ] = False,
    load_timeout: Annotated[
        str, typer.Option("--load-timeout", metavar="SECONDS", help="How long loading one may take.")
    ] = "60",
    load_memory: Annotated[
        str, typer.Option("--load-memory", metavar="MIB", help="How much memory loading one may take.")
    ] = "2048",
    explanation: Annotated[
        str | None,
        typer.Option(
            "--explain",
            metavar="CODE",
            help="Explain a rule, or list `all`, and check nothing.",
            autocompletion=complete_rule,
        ),
    ] = None,
) -> Outcome:
    """Check plugins by rules, without running them.

    A path is a plugin project, a folder with plugins, a file or a wheel. What is wrong is printed with its
    code, file and line; the exit code is 4 when one of the findings is an error.
    """
    if explanation is not None:
        return _explained(explanation)
    if output not in FORMATS:
        raise UsageError(f"there is no format `{output}`", hint=f"choose one of {', '.join(FORMATS)}")
    if output != "text" and ctx.obj.options.json:
        raise UsageError("`--format` and `--json` exclude each other")
    options = ValidateOptions(
        targets=tuple(targets or ()),
        against=against,
        select=_codes(select),
        ignore=_codes(ignore),
        strict=strict,
        load=LoadOptions(_number("--load-timeout", load_timeout), int(_number("--load-memory", load_memory)))
        if load
        else None,
    )
    result = validate(open_session(ctx), options)
    return Outcome(
        data={
            "findings": [problem_to_json(finding) for finding in result.findings],
            "plugins": [_row(checked, result) for checked in result.plugins],
            "server_version": result.server_version,
        },
        text=lambda talk: FORMATS[output](talk, result),
        errors=(result.error,) if result.error else (),
        exit_code=result.error.exit_code if result.error else 0,
    )


def _codes(given: list[str] | None) -> tuple[str, ...]:
    """Return the codes, which may also stand in one value with commas between."""
    return tuple(code.strip() for each in given or () for code in each.split(",") if code.strip())


def _number(option: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 1 <= number <= 1_000_000:  # noqa: PLR2004 - a day's seconds, a machine's memory
        raise UsageError(f"`{option}` takes a number from 1 on, not `{text}`")
    return number


def _row(checked: Checked, result: Validation) -> dict[str, Any]:
    plugin, loaded = checked.plugin, checked.loaded
    own = [each for each in result.findings if each.slug == plugin.slug]
    return {
        "slug": plugin.slug,
        "source": plugin.source.value,
        "package_name": plugin.distribution.name if plugin.distribution else None,
        "module": plugin.module,
        "class": plugin.class_name,
        "path": str(plugin.path),
        "errors": sum(1 for each in own if each.severity == "error"),
        "warnings": sum(1 for each in own if each.severity == "warning"),
        "load": None
        if loaded is None
        else {
            "result": loaded.result,
            "with_server": loaded.with_server,
            "seconds": loaded.seconds,
            "stage": loaded.stage,
            "error": loaded.error,
            "missing_module": loaded.missing_module,
            "traceback": [
                {"path": str(frame.path), "line": frame.line, "name": frame.name, "code": frame.code}
                for frame in loaded.frames
            ],
            "output": loaded.output,
        },
    }


def _explained(code: str) -> Outcome:
    rules = all_rules() if code == ALL else (require_rule(code),)
    page = None if code == ALL else explain(code)
    return Outcome(
        data={"rules": [_rule(rule) for rule in rules], "page": page},
        text=lambda talk: _print_rules(talk, rules) if page is None else _print_page(talk, page),
    )


def _rule(rule: Rule) -> dict[str, str]:
    return {"code": rule.code, "severity": rule.severity, "title": rule.title}


def _print_rules(talk: Talk, rules: tuple[Rule, ...]) -> None:
    from rich.table import Table  # noqa: PLC0415 - here only

    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("code", "severity", "what it finds"):
        table.add_column(heading, no_wrap=heading != "what it finds")
    for rule in rules:
        color = "red" if rule.severity == "error" else "yellow"
        table.add_row(rule.code, f"[{color}]{rule.severity}[/{color}]", rule.title)
    talk.table(table)


def _print_page(talk: Talk, page: str) -> None:
    if not sys.stdout.isatty():
        for line in page.rstrip().splitlines():
            talk.data(line)
        return
    from rich.markdown import Markdown  # noqa: PLC0415 - for a terminal only

    talk.table(Markdown(page))
