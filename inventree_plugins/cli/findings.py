"""What `validate` found, in the forms that people and other programs read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from inventree_plugins import __version__
from inventree_plugins.cli.output import Talk, printable
from inventree_plugins.commands.validate import LoadResult, Rule, Validation, all_rules
from inventree_plugins.models import Problem

__all__ = ["FORMATS", "Printer"]

Printer = Callable[[Talk, Validation], None]

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
COLORS = {"error": "red", "warning": "yellow"}


def as_text(talk: Talk, result: Validation) -> None:
    """Print a line a finding: place, severity, code and message, with the way out below it."""
    for finding in result.findings:
        place = _place(finding) or finding.slug
        label = f"{finding.severity}[{finding.code}]"
        talk.labelled(f"{place}: " if place else "", label, finding.message, color=COLORS[finding.severity])
        if finding.hint:
            talk.data(f"    {finding.hint}")
    _say_summary(talk, result)


def _say_summary(talk: Talk, result: Validation) -> None:
    count = len(result.plugins)
    for checked in result.plugins:
        if checked.loaded is not None:
            talk.say(f"`{checked.plugin.slug}` {_outcome(checked.loaded)} ({checked.loaded.seconds:.1f} s)")
    server = f" for InvenTree {result.server_version}" if result.server_version else ""
    talk.say(f"checked {count} plugin{'s' * (count != 1)}{server}")
    if not result.findings:
        talk.say("all is well" if count else "no plugins to check", color="green" if count else None)


def _outcome(loaded: LoadResult) -> str:
    if loaded.needs_server:
        return "was not judged, as it needs a server"
    return {"ok": "loads", "failed": "does not load", "timed-out": "did not load in time"}[loaded.result]


def _place(finding: Problem) -> str:
    if finding.path is None:
        return ""
    path = _relative(finding.path)
    return f"{path}:{finding.line}" if finding.line else path


def _relative(path: Path) -> str:
    """Return the path as seen from here when it is below, which is how other programs want it."""
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        return str(path)


def as_github(talk: Talk, result: Validation) -> None:
    """Print annotations, as workflow commands of GitHub Actions."""
    for finding in result.findings:
        properties = {"file": _relative(finding.path) if finding.path else None, "line": finding.line}
        properties["title"] = finding.code
        named = ",".join(f"{key}={_escaped(value, ',:')}" for key, value in properties.items() if value)
        text = finding.message + (f" ({finding.hint})" if finding.hint else "")
        talk.data(f"::{finding.severity} {named}::{_escaped(printable(text))}")
    _say_summary(talk, result)


def _escaped(value: object, more: str = "") -> str:
    text = str(value)
    for char in "%\r\n" + more:
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def as_sarif(talk: Talk, result: Validation) -> None:
    """Print one SARIF 2.1.0 document."""
    rules = [rule for rule in all_rules() if rule.code in {each.code for each in result.findings}]
    document = {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "invplug",
                        "version": __version__,
                        "rules": [_sarif_rule(rule) for rule in rules],
                    }
                },
                "results": list(_sarif_results(result.findings)),
            }
        ],
    }
    talk.data(json.dumps(document, ensure_ascii=True, sort_keys=True))
    _say_summary(talk, result)


def _sarif_rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "help": {"text": f"invplug validate --explain {rule.code}"},
        "defaultConfiguration": {"level": rule.severity},
    }


def _sarif_results(findings: Iterable[Problem]) -> Iterable[dict[str, Any]]:
    for finding in findings:
        text = printable(finding.message + (f"\n{finding.hint}" if finding.hint else ""))
        result: dict[str, Any] = {
            "ruleId": finding.code,
            "level": finding.severity,
            "message": {"text": text},
        }
        if finding.path is not None:
            place: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.path)}}
            if finding.line:
                place["region"] = {"startLine": finding.line}
            result["locations"] = [{"physicalLocation": place}]
        yield result


def _uri(path: Path) -> str:
    from urllib.parse import quote  # noqa: PLC0415

    relative = _relative(path)
    return path.absolute().as_uri() if os.path.isabs(relative) else quote(os.fsencode(relative))  # noqa: PTH117


FORMATS: dict[str, Printer] = {"text": as_text, "github": as_github, "sarif": as_sarif}
