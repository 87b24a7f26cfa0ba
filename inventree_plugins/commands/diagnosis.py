"""What `doctor` looks at: everything is asked once, and what cannot be asked is kept as the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from inventree_plugins.anatomy import Anatomy
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.find import not_found
from inventree_plugins.commands.inventory import Entry, Inventory, take_inventory
from inventree_plugins.commands.settings import SettingState, read_settings
from inventree_plugins.commands.survey import Survey, take_survey
from inventree_plugins.commands.switches import Switch, is_true, read_switches
from inventree_plugins.commands.validate import ValidateOptions, validate
from inventree_plugins.commands.validate_targets import anatomy_of
from inventree_plugins.errors import InvplugError
from inventree_plugins.models import Distribution, Interpreter, Problem, Source
from inventree_plugins.packages import normalize
from inventree_plugins.store import Reader

__all__ = ["Check", "Diagnosis", "Patient", "Stored", "examine_instance"]

T = TypeVar("T")

ON_STARTUP = "PLUGIN_ON_STARTUP"


@dataclass(frozen=True, slots=True)
class Check:
    """One gate: a stable code, whether it is open, and the way to open it.

    `skipped` is what could not be judged because of a gate before it. `command` mends it, if one can.
    """

    code: str
    status: Literal["ok", "warning", "failed", "skipped"]
    message: str
    hint: str | None = None
    command: str | None = None
    slug: str | None = None
    path: Path | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store says, read in one moment."""

    inventory: Inventory
    switches: Mapping[str, Switch]
    migrations: Mapping[str, frozenset[str]]
    installs_at_start: bool
    settings: Mapping[str, tuple[SettingState, ...]]


@dataclass(frozen=True, slots=True)
class Patient:
    """A plugin that is to work: what is known of its slug, and of the package that was named instead."""

    slug: str
    entry: Entry | None = None
    distribution: Distribution | None = None
    anatomy: Anatomy | None = None
    findings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the checks judge; an error stands where something could not be asked.

    `survey` needs the interpreter, and `stored` the survey: it is None where only that is missing.
    """

    context: Context
    interpreter: Interpreter | InvplugError
    survey: Survey | InvplugError
    stored: Stored | InvplugError | None
    patients: tuple[Patient, ...] = ()


def examine_instance(context: Context, slug: str | None) -> Diagnosis:
    """Ask everything that the checks need, about one plugin or about all that are enabled.

    Raises PluginNotFoundError for a slug that neither files nor the store know.
    """
    interpreter = _attempt(lambda: context.interpreter)
    survey = interpreter if isinstance(interpreter, InvplugError) else _attempt(lambda: take_survey(context))
    if isinstance(survey, InvplugError):
        return Diagnosis(context, interpreter, survey, _attempt(lambda: _open(context)))
    stored = _attempt(lambda: _stored(context, survey, slug))
    # Without the store, files still tell a good part.
    inventory = stored.inventory if isinstance(stored, Stored) else take_inventory(context, survey, ())
    names = (slug,) if slug is not None else _own_names(inventory)
    patients = tuple(_patient(context, survey, inventory, name) for name in names)
    return Diagnosis(context, interpreter, survey, stored, patients)


def _attempt(ask: Callable[[], T]) -> T | InvplugError:
    try:
        return ask()
    except InvplugError as error:
        return error


def _open(context: Context) -> None:
    with context.open_store().reading():
        return


def _own_names(inventory: Inventory) -> tuple[str, ...]:
    """Return the slugs of the plugins that somebody enabled; the server looks after its own."""
    return tuple(
        entry.slug for entry in inventory.entries if entry.enabled and entry.source is not Source.BUILTIN
    )


def _stored(context: Context, survey: Survey, slug: str | None) -> Stored:
    with context.open_store().reading() as reader:
        inventory = take_inventory(context, survey, reader.rows())
        names = [slug] if slug is not None else _own_names(inventory)
        known = {entry.slug for entry in inventory.entries}
        return Stored(
            inventory,
            read_switches(context, reader),
            reader.applied_migrations(),
            _installs_at_start(context, reader),
            {name: read_settings(context, survey, name, reader).settings for name in names if name in known},
        )


def _installs_at_start(context: Context, reader: Reader) -> bool:
    """Tell whether the server runs pip on plugins.txt when it starts, as containers do by default."""
    fixed = context.instance.global_settings.value
    if ON_STARTUP in fixed:
        return bool(fixed[ON_STARTUP])
    stored = reader.global_values([ON_STARTUP]).get(ON_STARTUP)
    return context.instance.in_container if stored is None else is_true(stored)


def _patient(context: Context, survey: Survey, inventory: Inventory, name: str) -> Patient:
    entry = inventory.find(name) or _of_package(inventory, name)
    key = normalize(entry.package_name if entry and entry.package_name else name)
    distribution = next((each for each in survey.distributions if each.key == key), None)
    is_declared = any(item.name == key for item in survey.declared)
    if entry is None and distribution is None and not is_declared:
        raise not_found(name, inventory.entries)
    slug = entry.slug if entry else name
    has_plugin = entry is not None and entry.plugin is not None
    target = slug if has_plugin else distribution.name if distribution else None
    findings = validate(context, ValidateOptions(targets=(target,))).findings if target else ()
    anatomy = anatomy_of(context, survey, slug) if has_plugin else None
    return Patient(slug, entry, distribution, anatomy, findings)


def _of_package(inventory: Inventory, name: str) -> Entry | None:
    """Return the entry that a package of this name brings, where it brings just one."""
    key = normalize(name)
    found = [each for each in inventory.entries if each.package_name and normalize(each.package_name) == key]
    return found[0] if len(found) == 1 else None
