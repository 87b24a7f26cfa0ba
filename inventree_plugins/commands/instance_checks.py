"""The gates that are the same for every plugin: configuration, store, plugins.txt and environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from inventree_plugins.commands import second_writer
from inventree_plugins.commands.configuration_checks import (
    configuration,
    plugin_directories,
    plugin_support,
)
from inventree_plugins.commands.diagnosis import Check, Diagnosis, Stored, is_servers_python, why_kept
from inventree_plugins.commands.plugins_file_checks import plugins_file, plugins_file_damage
from inventree_plugins.commands.survey import Survey
from inventree_plugins.errors import InvplugError
from inventree_plugins.instance.interpreter import choose_interpreter
from inventree_plugins.transaction import is_unfinished

__all__ = ["checks_after", "checks_before", "interpreter_check"]


def checks_before(diagnosis: Diagnosis) -> Iterator[Check]:
    """Check what stands before every plugin, in the order in which the server meets it."""
    yield configuration(diagnosis)
    yield _server_source(diagnosis)
    yield _database(diagnosis)
    yield plugin_support(diagnosis)
    yield plugin_directories(diagnosis)
    yield plugins_file(diagnosis)
    yield plugins_file_damage(diagnosis)
    yield interpreter_check(diagnosis)
    yield _writable(diagnosis)
    yield _unfinished(diagnosis)
    yield _declared_packages(diagnosis)


def checks_after(diagnosis: Diagnosis) -> Iterator[Check]:
    """Check what concerns no single plugin, and keeps none from working today."""
    yield _second_writer(diagnosis)
    yield _other_rows(diagnosis)
    yield _orphan_rows(diagnosis)


def _server_source(diagnosis: Diagnosis) -> Check:
    code, instance = "server-source", diagnosis.context.instance
    if instance.source_root.value is not None:
        version = instance.server_version.value or "of unknown version"
        return Check(code, "ok", f"InvenTree {version} in `{instance.source_root.value}`")
    if instance.standalone:
        return Check(code, "ok", "a standalone instance has no server")
    hint = "name it with `--server DIR`; without it, version and built-in plugins are not known"
    return Check(code, "warning", "the server's source is not known", hint)


def _database(diagnosis: Diagnosis) -> Check:
    code, stored = "database", diagnosis.stored
    if isinstance(stored, InvplugError):
        return Check(code, "failed", stored.message, stored.hint, path=stored.path)
    database = diagnosis.context.instance.require_database()
    if database.standalone and not Path(database.name).exists():
        return Check(code, "ok", f"`{database.name}` is made with the first row")
    return Check(code, "ok", f"`{database.name}` ({database.engine}) can be read")


def interpreter_check(diagnosis: Diagnosis) -> Check:
    """Check that the target is a Python, and one that a server can run in."""
    code, interpreter = "interpreter", diagnosis.interpreter
    if isinstance(interpreter, InvplugError):
        return Check(code, "failed", interpreter.message, interpreter.hint)
    text = f"Python {interpreter.version} at `{interpreter.executable}`"
    if not is_servers_python(diagnosis):
        hint = "name the Python that runs the server with `--python PATH`; packages belong there"
        return Check(code, "failed", f"{text} has no Django, so no server runs in it", hint)
    return Check(code, "ok", f"{text} ({choose_interpreter(diagnosis.context.instance).origin})")


def _writable(diagnosis: Diagnosis) -> Check:
    code, interpreter = "writable", diagnosis.interpreter
    if isinstance(interpreter, InvplugError):
        return Check(code, "skipped", "not judged without the server's Python")
    folder = interpreter.site_packages
    if os.access(folder, os.W_OK):
        return Check(code, "ok", f"packages can be installed in `{folder}`")
    hint = "run invplug as the user who owns the environment; pip would install where the server may not look"
    return Check(code, "warning", f"`{folder}` may not be written by this user", hint, path=folder)


def _unfinished(diagnosis: Diagnosis) -> Check:
    code = "unfinished"
    if isinstance(diagnosis.interpreter, InvplugError):
        return Check(code, "skipped", "not judged without the server's Python")
    area = diagnosis.context.transaction_area
    if not is_unfinished(area):
        return Check(code, "ok", "no change of packages was cut short")
    message = f"a change of packages was cut short, and packages may be half there (`{area}`)"
    return Check(code, "failed", message, "it is brought to its end first", "invplug install")


def _declared_packages(diagnosis: Diagnosis) -> Check:
    from inventree_plugins.packages import unmet  # noqa: PLC0415 - imports packaging

    code, survey = "declared-packages", diagnosis.survey
    if not isinstance(survey, Survey) or survey.problems:
        return Check(code, "skipped", "not judged without the server's Python and a plugins.txt to read")
    wanting = unmet(survey.declared, survey.distributions, survey.interpreter)
    installed = {each.key for each in survey.distributions}
    missing = [each for each in wanting if each.name not in installed]
    if not wanting:
        return Check(code, "ok", "what plugins.txt declares is installed")
    item = (*missing, *wanting)[0]
    more = f", and {len(wanting) - 1} more" if len(wanting) > 1 else ""
    status: Literal["failed", "warning"] = "warning"
    message = f"what is installed for `{item.text}` is another version, or lacks what it needs{more}"
    hint = None
    if missing:
        # What keeps the plugin that was named from working, its own check tells.
        status = "failed" if diagnosis.name is None else "warning"
        message = f"`{item.text}` is declared but not installed{more}"
        hint = "plugins.txt says what should be installed, not what is"
    return Check(code, status, message, hint, "invplug install", path=item.path, line=item.line)


def _second_writer(diagnosis: Diagnosis) -> Check:
    code, stored = "second-writer", diagnosis.stored
    if not isinstance(stored, Stored):
        return Check(code, "skipped", "not judged without Python and database")
    if not stored.installs_at_start:
        return Check(code, "ok", "the server does not run pip itself (PLUGIN_ON_STARTUP is off)")
    return Check(code, "warning", second_writer.MESSAGE, second_writer.HINT)


def _other_rows(diagnosis: Diagnosis) -> Check:
    code, stored = "all-rows", diagnosis.stored
    if not isinstance(stored, Stored):
        return Check(code, "skipped", "not judged without Python and database")
    asked = {patient.slug for patient in diagnosis.patients}
    rowless = [slug for slug in stored.rowless if slug not in asked]
    if not rowless:
        return Check(code, "ok", "every other plugin has its row" if asked else "every plugin has its row")
    message = f"{_counted(len(rowless), 'plugin')} without a row, such as `{rowless[0]}`"
    hint = "until they have one, `invoke migrate` on servers up to 1.5 leaves external plugins out"
    return Check(code, "warning", message, hint, "invplug discover")


def _orphan_rows(diagnosis: Diagnosis) -> Check:
    code, stored, pruned = "orphan-rows", diagnosis.stored, diagnosis.pruned
    if not isinstance(stored, Stored):
        return Check(code, "skipped", "not judged without Python and database")
    asked = {patient.slug for patient in diagnosis.patients}
    entries = [each for each in stored.inventory.entries if each.slug not in asked]
    # What plugins.txt declares is to come back.
    orphans = [each.slug for each in entries if each.source is None and each.row and not each.declared]
    if not orphans:
        return Check(code, "ok", "every other row has its plugin" if asked else "every row has its plugin")
    gone = [slug for slug in orphans if pruned and slug in pruned.deleted]
    kept = [reason for slug in orphans if (reason := why_kept(diagnosis, slug))]
    way_out = "install what they belong to" + (
        ", or delete them; their settings go with them" if gone else ""
    )
    also = [slug for slug in pruned.deleted if slug in asked] if pruned and gone else []
    hint = "; ".join([*kept, way_out, *(f"that deletes the row of `{slug}` too" for slug in also)])
    message = f"nothing provides the plugins of these rows: {', '.join(f'`{slug}`' for slug in orphans)}"
    return Check(code, "warning", message, hint, "invplug discover --prune" if gone else None)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
