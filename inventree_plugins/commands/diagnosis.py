"""What `doctor` looks at: everything is asked once, and what cannot be asked is kept as the reason."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from inventree_plugins.anatomy import Anatomy
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.discover import DiscoverOptions, DiscoverResult, discover_plugins
from inventree_plugins.commands.find import not_found
from inventree_plugins.commands.inventory import Entry, Inventory, take_inventory
from inventree_plugins.commands.second_writer import installs_at_start
from inventree_plugins.commands.settings import SettingState, read_settings
from inventree_plugins.commands.survey import Survey, take_survey
from inventree_plugins.commands.switches import read_switches
from inventree_plugins.commands.validate import ValidateOptions, validate
from inventree_plugins.commands.validate_targets import anatomy_of
from inventree_plugins.errors import ConfigurationError, InvplugError
from inventree_plugins.instance import STANDALONE_ORIGIN, Instance
from inventree_plugins.models import Declaration, Distribution, Interpreter, Problem, Source
from inventree_plugins.packages import normalize
from inventree_plugins.switches import Switch

__all__ = [
    "Check",
    "Diagnosis",
    "Patient",
    "Stored",
    "examine_instance",
    "is_out_of_reach",
    "is_servers_python",
    "missing_directories",
    "unread",
    "why_kept",
]

T = TypeVar("T")

DIRECTORIES = "plugin-directories"
# Where invplug reads the file, the hint of its own error would be wrong.
UNREAD = "mend the file: invplug can do with it, but the server does not start"


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

    @property
    def rowless(self) -> tuple[str, ...]:
        """Return the plugins without a row."""
        return tuple(each.slug for each in self.inventory.entries if each.plugin and each.row is None)


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
    # `plugin_dir` as the server reads it in `config.yaml`, or why it cannot read that.
    configured: object = None
    # What pruning would do, None where there is nothing to prune.
    pruned: DiscoverResult | None = None


def examine_instance(context: Context, name: str | None) -> Diagnosis:
    """Ask everything that the checks need, about one plugin or package or about all that are enabled.

    Raises PluginNotFoundError for a name that neither files nor the store know.
    """
    configured = _attempt(lambda: _plugin_dir(context.instance.config_file.value))
    interpreter = _attempt(lambda: context.interpreter)
    survey = interpreter if isinstance(interpreter, InvplugError) else _attempt(lambda: take_survey(context))
    if isinstance(survey, InvplugError):
        stored = _attempt(lambda: _open(context))
        return Diagnosis(context, name, interpreter, survey, stored, configured=configured)
    known = _attempt(lambda: _stored(context, survey, name))
    # Without the store, files still tell a good part.
    inventory = known.inventory if isinstance(known, Stored) else take_inventory(context, survey, ())
    patients = tuple(_patient(context, survey, entry) for entry in _asked_about(inventory, name))
    if not patients and name is not None:
        directories = context.instance.plugin_dirs.value
        hidden = (each for each in survey.discovery.problems if _is_below(each.path, directories))
        is_all_known = isinstance(known, Stored) and not survey.problems and not any(hidden)
        patients = _package(context, survey, name)
        if not patients and is_all_known:
            raise not_found(name, inventory.entries)
    pruned = _attempt(lambda: _pruned(context, inventory))
    return Diagnosis(
        context,
        name,
        interpreter,
        survey,
        known,
        patients,
        configured,
        None if isinstance(pruned, InvplugError) else pruned,
    )


def is_servers_python(diagnosis: Diagnosis) -> bool:
    """Tell whether a server can run in the target: what is installed in another one is not its business."""
    if isinstance(diagnosis.interpreter, InvplugError):
        return False
    survey = diagnosis.survey
    has_django = isinstance(survey, Survey) and any(each.key == "django" for each in survey.distributions)
    return has_django or diagnosis.context.instance.standalone


def is_out_of_reach(directory: Path) -> bool:
    """Tell whether a folder is there, or may be, and this user cannot look into it."""
    try:
        return directory.is_dir() and not os.access(directory, os.R_OK | os.X_OK)
    except OSError:
        return True


def unread(diagnosis: Diagnosis, slug: str | None = None) -> list[Check]:
    """Return what hides plugins of directories, the worst first: broken files, and missing folders.

    Of what is as bad, a file that is called like the plugin comes first, and then folders.
    """
    directories = diagnosis.context.instance.plugin_dirs.value
    problems = diagnosis.survey.discovery.problems if isinstance(diagnosis.survey, Survey) else ()
    found = missing_directories(diagnosis.context.instance)
    found += (_broken(each) for each in problems if _is_below(each.path, directories))
    return sorted(found, key=lambda each: (each.status != "failed", not _is_called(each.path, slug)))


def missing_directories(instance: Instance) -> list[Check]:
    """Return the configured plugin directories that do not exist, or are none."""
    own = instance.source_root.value / "plugins" if instance.source_root.value else None
    is_configured = instance.plugin_dirs.origin != STANDALONE_ORIGIN
    return [
        _missing(each)
        for each in (instance.plugin_dirs.value if is_configured else ())
        if each != own and not is_out_of_reach(each) and not each.is_dir()
    ]


def _broken(problem: Problem) -> Check:
    line = f", line {problem.line}" if problem.line else ""
    is_said = str(problem.path) in problem.message
    message = problem.message if is_said else f"`{problem.path}`{line}: {problem.message}"
    status: Literal["failed", "warning"] = "failed" if problem.severity == "error" else "warning"
    hint = problem.hint or (
        "mend the file: no plugin in it is loaded" if problem.severity == "error" else None
    )
    return Check(DIRECTORIES, status, message, hint, path=problem.path, line=problem.line)


def why_kept(diagnosis: Diagnosis, slug: str) -> str | None:
    """Return why pruning keeps a row that nothing provides, None where it does not."""
    problems = diagnosis.pruned.problems if diagnosis.pruned else ()
    kept = (each for each in problems if (each.code, each.slug) == ("kept-row", slug))
    return next((each.message for each in kept), None)


def _is_below(path: Path | None, folders: Iterable[Path]) -> bool:
    return path is not None and any(path.is_relative_to(folder) for folder in folders)


def _is_called(path: Path | None, slug: str | None) -> bool:
    """Tell whether a file, or a folder that it is in, has a plugin's name."""
    parts = (*path.parent.parts, path.stem) if path else ()
    return slug is not None and any(normalize(part) == normalize(slug) for part in parts)


def _missing(directory: Path) -> Check:
    message = f"`{directory}` does not exist: the server makes it, empty; is a volume missing?"
    if directory.exists():
        message = f"`{directory}` is no folder: the server passes it over"
    return Check(DIRECTORIES, "warning", message, "mount it, or correct `plugin_dir`", path=directory)


def _plugin_dir(path: Path | None) -> object:
    """Return `plugin_dir` as the server reads it, None where the file does not name it.

    It reads the file with YAML's reader in Python, which refuses more than the one that every start uses.
    """
    if path is None:
        return None
    from inventree_plugins.instance.config_file import option_in  # noqa: PLC0415 - imports yaml

    try:
        return option_in(path.read_bytes().decode("utf-8"), "plugin_dir")
    except UnicodeDecodeError as error:
        message = f"`{path}` is not UTF-8 text"
        raise ConfigurationError(message, hint=UNREAD, path=path) from error
    except ConfigurationError as error:
        message = error.message.replace("the configuration", f"`{path}`", 1)
        message += f" (line {error.line})" if error.line else ""
        raise ConfigurationError(message, hint=UNREAD, path=path, line=error.line) from error
    except OSError as error:
        raise ConfigurationError(f"cannot read `{path}`: {error.strerror}", path=path) from error


def _pruned(context: Context, inventory: Inventory) -> DiscoverResult | None:
    """Tell what `discover --prune` would do, which is asked only where there are rows for it."""
    if all(entry.source or entry.row is None for entry in inventory.entries):
        return None
    return discover_plugins(context, DiscoverOptions(prune=True, dry_run=True))


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
            installs_at_start(context, reader),
            {slug: read_settings(context, survey, slug, reader).settings for slug in slugs},
        )


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
