"""What `doctor` looks at: everything is asked once, and what cannot be asked is kept as the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
from inventree_plugins.models import Declaration, Distribution, Interpreter, Problem, Source
from inventree_plugins.packages import normalize
from inventree_plugins.store import Reader

__all__ = ["Check", "Diagnosis", "Patient", "Stored", "examine_instance", "is_below"]

T = TypeVar("T")

ON_STARTUP = "PLUGIN_ON_STARTUP"
# Before, the setting was off in containers too.
CONTAINERS_INSTALL_SINCE = (0, 13)


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
    """A plugin that is to work: what is known of its slug, or of a package that brings none yet."""

    slug: str
    entry: Entry | None = None
    declared: Declaration | None = None
    distribution: Distribution | None = None
    anatomy: Anatomy | None = None
    findings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the checks judge; an error stands where something could not be asked.

    `name` is what somebody asked about, None for all that is enabled. `survey` needs the interpreter, and
    `stored` the survey: it is None where only that is missing.
    """

    context: Context
    name: str | None
    interpreter: Interpreter | InvplugError
    survey: Survey | InvplugError
    stored: Stored | InvplugError | None
    patients: tuple[Patient, ...] = ()


def examine_instance(context: Context, name: str | None) -> Diagnosis:
    """Ask everything that the checks need, about one plugin or package or about all that are enabled.

    Raises PluginNotFoundError for a name that neither files nor the store know.
    """
    interpreter = _attempt(lambda: context.interpreter)
    survey = interpreter if isinstance(interpreter, InvplugError) else _attempt(lambda: take_survey(context))
    if isinstance(survey, InvplugError):
        return Diagnosis(context, name, interpreter, survey, _attempt(lambda: _open(context)))
    stored = _attempt(lambda: _stored(context, survey, name))
    # Without the store, files still tell a good part.
    inventory = stored.inventory if isinstance(stored, Stored) else take_inventory(context, survey, ())
    patients = tuple(_patient(context, survey, entry) for entry in _asked_about(inventory, name))
    if not patients and name is not None:
        directories = context.instance.plugin_dirs.value
        unread = (each for each in survey.discovery.problems if is_below(each.path, directories))
        is_all_known = isinstance(stored, Stored) and not survey.problems and not any(unread)
        patients = _package(context, survey, name)
        if not patients and is_all_known:
            raise not_found(name, inventory.entries)
    return Diagnosis(context, name, interpreter, survey, stored, patients)


def is_below(path: Path | None, folders: Iterable[Path]) -> bool:
    """Tell whether a path lies below one of these folders."""
    return path is not None and any(path.is_relative_to(folder) for folder in folders)


def _attempt(ask: Callable[[], T]) -> T | InvplugError:
    try:
        return ask()
    except InvplugError as error:
        return error


def _open(context: Context) -> None:
    with context.open_store().reading():
        return


def _asked_about(inventory: Inventory, name: str | None) -> tuple[Entry, ...]:
    """Return the plugin of this slug, or those of a package of this name; of None all that are enabled."""
    if name is None:
        # The server looks after its own.
        return tuple(each for each in inventory.entries if each.enabled and each.source is not Source.BUILTIN)
    entry = inventory.find(name)
    if entry is not None:
        return (entry,)
    key = normalize(name)
    return tuple(
        each for each in inventory.entries if each.package_name and normalize(each.package_name) == key
    )


def _stored(context: Context, survey: Survey, name: str | None) -> Stored:
    with context.open_store().reading() as reader:
        inventory = take_inventory(context, survey, reader.rows())
        slugs = [entry.slug for entry in _asked_about(inventory, name)]
        return Stored(
            inventory,
            read_switches(context, reader),
            reader.applied_migrations(),
            _installs_at_start(context, reader),
            {slug: read_settings(context, survey, slug, reader).settings for slug in slugs},
        )


def _installs_at_start(context: Context, reader: Reader) -> bool:
    """Tell whether the server runs pip on plugins.txt when it starts, as containers do by default."""
    fixed = context.instance.global_settings.value
    if ON_STARTUP in fixed:
        return bool(fixed[ON_STARTUP])
    stored = reader.global_values([ON_STARTUP]).get(ON_STARTUP)
    return _installs_by_default(context) if stored is None else is_true(stored)


def _installs_by_default(context: Context) -> bool:
    version = context.instance.server_version.value
    knows_containers = version is None or tuple(map(int, version.split(".")[:2])) >= CONTAINERS_INSTALL_SINCE
    return context.instance.in_container and knows_containers


def _patient(context: Context, survey: Survey, entry: Entry) -> Patient:
    plugin, distribution = entry.plugin, entry.plugin.distribution if entry.plugin else None
    if plugin is None:
        # The row may tell the package; before 0.14 it does not, and often package and slug are called alike.
        distribution = _distribution(survey, entry.package_name or entry.slug)
    target = entry.slug if plugin else distribution.name if distribution else None
    return Patient(
        entry.slug,
        entry,
        entry.declared,
        distribution,
        anatomy_of(context, survey, entry.slug) if plugin else None,
        _findings(context, target),
    )


def _package(context: Context, survey: Survey, name: str) -> tuple[Patient, ...]:
    """Return a package that brings no plugin, installed or declared only; nothing where it is neither."""
    key, distribution = normalize(name), _distribution(survey, name) or _with_entry_point(survey, name)
    declared = next((item for item in survey.declared if item.name == key), None)
    if distribution is None and declared is None:
        return ()
    findings = _findings(context, distribution.name if distribution else None)
    return (Patient(name, None, declared, distribution, None, findings),)


def _distribution(survey: Survey, name: str) -> Distribution | None:
    key = normalize(name)
    return next((each for each in survey.distributions if each.key == key), None)


def _with_entry_point(survey: Survey, name: str) -> Distribution | None:
    """Return the package with an entry point of this name, which often is the slug."""
    key = normalize(name)
    return next(
        (each for each in survey.distributions if any(normalize(ep.name) == key for ep in each.entry_points)),
        None,
    )


def _findings(context: Context, target: str | None) -> tuple[Problem, ...]:
    return validate(context, ValidateOptions(targets=(target,))).findings if target else ()
