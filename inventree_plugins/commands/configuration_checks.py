"""The gates that the configuration shuts: what the server reads there, plugin support and directories."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from inventree_plugins.commands.command_lines import command_line
from inventree_plugins.commands.diagnosis import (
    Check,
    Diagnosis,
    Patient,
    is_out_of_reach,
    missing_directories,
    unread,
)
from inventree_plugins.commands.gates import SUPPORT_VARIABLE, support_command
from inventree_plugins.errors import InvplugError
from inventree_plugins.models import Problem, Source

__all__ = ["configuration", "plugin_directories", "plugin_support"]

DIRECTORY_VARIABLE = "INVENTREE_PLUGIN_DIR"


def configuration(diagnosis: Diagnosis) -> Check:
    """Check whether the server can read what invplug, in a hurry, reads more kindly."""
    code, instance, read = "configuration", diagnosis.context.instance, diagnosis.configured
    path = instance.config_file.value
    if isinstance(read, InvplugError):
        return Check(code, "failed", read.message, read.hint, path=read.path, line=read.line)
    problems = [*instance.problems, *_no_mappings(diagnosis)]
    if problems:
        worst = min(problems, key=lambda each: each.severity != "error")
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        status: Literal["failed", "warning"] = "failed" if worst.severity == "error" else "warning"
        message = worst.message + more
        return Check(code, status, message, worst.hint, path=worst.path, line=worst.line)
    if path is not None:
        return Check(code, "ok", f"`{path}` is read as the server reads it")
    if instance.standalone:
        return Check(code, "ok", "a standalone instance has no configuration")
    return Check(code, "ok", "there is no `config.yaml`: configured by the environment")


def _no_mappings(diagnosis: Diagnosis) -> Iterator[Problem]:
    """Yield plugins whose settings in the configuration are no mapping (SPEC §4)."""
    instance = diagnosis.context.instance
    found = instance.plugin_settings
    is_in_file = not found.is_from_environment
    # A standalone instance has no server that would stumble.
    for slug, value in found.value.items() if not instance.standalone else ():
        is_walked = isinstance(value, (str, list))
        if isinstance(value, Mapping) or (is_walked and not value):
            continue
        effect = "fails where it asks for one" if is_walked else "does not start"
        yield Problem(
            "configuration",
            f"{found.origin}: `{slug}` has no settings but {_kind(value)}: the server {effect}",
            "error",
            hint=f"give `{slug}` a mapping of settings, or take it out",
            path=instance.config_file.value if is_in_file else None,
            line=_line_of(instance.config_file.value, slug) if is_in_file else None,
        )


def _kind(value: object) -> str:
    return "null" if value is None else f"{type(value).__name__} data"


def _line_of(path: Path | None, slug: str) -> int | None:
    """Return the line of a plugin in `plugin_settings`, or of those as a whole."""
    if path is None:
        return None
    from inventree_plugins.instance.yaml_layout import lay_out  # noqa: PLC0415 - imports yaml

    pair = lay_out(path.read_text(encoding="utf-8")).pair("plugin_settings")
    if pair is None:
        return None
    lines = (event.line for event in pair.value.events if event.kind == "scalar" and event.value == slug)
    return next(lines, pair.key.first.line)


def plugin_support(diagnosis: Diagnosis) -> Check:
    """Check whether plugins are loaded at all."""
    code, support = "plugin-support", diagnosis.context.instance.plugins_enabled
    if support.value:
        return Check(code, "ok", f"plugin support is on ({support.origin})")
    state = f"plugin support is off ({support.origin})"
    if diagnosis.patients and all(_is_builtin(patient) for patient in diagnosis.patients):
        return Check(code, "ok", f"{state}, which the server's own plugins do without")
    command = support_command(diagnosis.context)
    hint = "the server loads no plugins but its own"
    if command is None:
        hint += f"; set {SUPPORT_VARIABLE}=true in the environment that the server starts in"
    if isinstance(diagnosis.configured, InvplugError):
        command = None  # a file that cannot be read is not changed either
    return Check(code, "failed", state, hint, command)


def _is_builtin(patient: Patient) -> bool:
    return patient.entry is not None and patient.entry.source is Source.BUILTIN


def plugin_directories(diagnosis: Diagnosis) -> Check:
    """Check where the server looks for plugins that are no packages, and what lies there."""
    code, instance = "plugin-directories", diagnosis.context.instance
    directories = instance.plugin_dirs.value
    unusable = _unusable_value(diagnosis)
    if unusable is not None:
        return unusable
    for directory in directories:
        if is_out_of_reach(directory):
            hint = "make it readable for the server's user, and run invplug as that user"
            return Check(code, "failed", f"`{directory}` cannot be read", hint, path=directory)
    # A standalone instance has no server that would import them, and the server's source is the server.
    apart = () if instance.standalone else directories
    beside = [
        path for each in apart if each.parent != instance.source_root.value for path in _modules_beside(each)
    ]
    found = unread(diagnosis)
    if found:
        # What keeps the plugin that was named from working, its own checks tell, where it is known at all.
        is_read = diagnosis.name is not None and any(each.anatomy for each in diagnosis.patients)
        status: Literal["failed", "warning"] = "warning" if is_read else "failed"
        worst = found[0] if found[0].status == "warning" else replace(found[0], status=status)
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        # A volume that is missing is told beside what is worse.
        missing = (each.message for each in missing_directories(instance) if each != found[0])
        advice = "; ".join(filter(None, (worst.hint, *missing))) or None
        return replace(worst, message=worst.message + more, hint=advice)
    if beside:
        hint = "the server imports what lies beside a plugin directory too: give that a folder of its own"
        return Check(code, "warning", f"`{beside[0]}` lies beside a plugin directory", hint, path=beside[0])
    present = [f"`{each}`" for each in directories if each.is_dir()]
    return Check(code, "ok", ", ".join(present) or "there is no plugin directory")


def _unusable_value(diagnosis: Diagnosis) -> Check | None:
    """Judge `plugin_dir` as it is written: the server splits a text at its commas, no more."""
    code, instance, written = "plugin-directories", diagnosis.context.instance, diagnosis.configured
    path, variable = instance.config_file.value, instance.environment.get(DIRECTORY_VARIABLE)
    place = None if variable is not None else path
    origin = f"environment {DIRECTORY_VARIABLE}" if place is None else f"{place}: plugin_dir"
    if variable is not None:
        written = variable
    if written is None or isinstance(written, InvplugError):
        return None
    if isinstance(written, str) and all(item.strip() for item in written.split(",")):
        return None
    if isinstance(written, str):
        message = f"{origin} names an empty folder: the server takes its own source for that, and fails"
    else:
        message = f"{origin} is no text but {_kind(written)}: the server loads no plugin at all"
    items = written if isinstance(written, list) else []
    if items and all(isinstance(item, str) and item.strip() for item in items):
        command = command_line("config set plugin_dir", ",".join(item.strip() for item in items))
        hint = "the server splits a text at its commas, and stumbles over a list"
        return Check(code, "failed", message, hint, command, path=place)
    hint = "name folders with commas between them, or take it out"
    return Check(code, "failed", message, hint, path=place)


def _modules_beside(directory: Path) -> Iterable[Path]:
    try:
        siblings = sorted(directory.parent.iterdir())
    except OSError:
        return ()
    return (path for path in siblings if path != directory and _is_module(path))


def _is_module(path: Path) -> bool:
    # Those of pathlib raise where a folder may not be entered.
    return path.suffix == ".py" or os.path.isfile(path / "__init__.py")  # noqa: PTH113
