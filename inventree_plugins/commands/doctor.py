"""`invplug doctor`: which gate keeps a plugin from working, and what opens it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from inventree_plugins.commands.context import Context
from inventree_plugins.commands.diagnosis import (
    Check,
    Diagnosis,
    Stored,
    examine_instance,
    is_servers_python,
)
from inventree_plugins.commands.gates import restart_step
from inventree_plugins.commands.instance_checks import checks_after, checks_before
from inventree_plugins.commands.plugin_checks import checks_of
from inventree_plugins.commands.plugins_file_mending import mend_plugins_file
from inventree_plugins.commands.rows import create_rows
from inventree_plugins.commands.survey import Survey
from inventree_plugins.commands.switches import ON, needed_switches
from inventree_plugins.errors import InvplugError, UnhealthyError
from inventree_plugins.models import NextStep, Plugin

__all__ = ["Check", "DoctorOptions", "DoctorResult", "Mend", "doctor"]


def _nobody_knows(_: str) -> bool:
    """Leave a line where it is."""
    return False


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """Which plugin or package is asked about, None for all plugins that are enabled; whether to mend.

    `is_left` tells of a line in plugins.txt, as described to it, whether an uninstalled plugin left it.
    """

    name: str | None = None
    fix: bool = False
    is_left: Callable[[str], bool] = _nobody_knows


@dataclass(frozen=True, slots=True)
class Mend:
    """Something that was put right; of a file, `diff` has the lines of the change."""

    code: str
    message: str
    slugs: tuple[str, ...] = ()
    diff: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DoctorResult:
    """The checks in the order in which the server meets their gates, and what was mended before them.

    `name` is what was asked about, None for all that is enabled. `failure` is what kept the rest from being
    mended after something was.
    """

    name: str | None
    checks: tuple[Check, ...]
    mended: tuple[Mend, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    failure: InvplugError | None = None

    @property
    def first_failed(self) -> Check | None:
        """Return the first gate that is shut: those behind it may open with it."""
        return next((check for check in self.checks if check.status == "failed"), None)

    @property
    def error(self) -> UnhealthyError | None:
        """Return what the command ends with when a gate is shut."""
        first = self.first_failed
        if first is None:
            return None
        count = sum(1 for check in self.checks if check.status == "failed")
        what = "1 check failed" if count == 1 else f"{count} checks failed; mend the first one first"
        whose = f" of `{first.slug}`" if first.slug else ""
        return UnhealthyError(
            f"{what}: {first.code}{whose}: {first.message}",
            hint=first.hint,
            slug=first.slug,
            path=first.path,
            line=first.line,
        )


def doctor(context: Context, options: DoctorOptions) -> DoctorResult:
    """Check every gate between a plugin and its effect; with `fix`, mend what may be mended first.

    Raises PluginNotFoundError for a slug that nothing knows, and what writing raises where it mends.
    """
    diagnosis = examine_instance(context, options.name)
    mended, failure = _mend(diagnosis, options) if options.fix else ((), None)
    if mended:
        diagnosis = examine_instance(context, options.name)
    # A row that is new and inactive changes nothing for the server.
    steps = tuple(restart_step(context, mend.slugs) for mend in mended if mend.code == "switches")
    return DoctorResult(options.name, tuple(_checks(diagnosis)), mended, steps, failure)


def _checks(diagnosis: Diagnosis) -> Iterator[Check]:
    yield from checks_before(diagnosis)
    if not diagnosis.patients:
        yield _nobody(diagnosis)
    for patient in diagnosis.patients:
        checks = tuple(checks_of(diagnosis, patient))
        shut = tuple(check for check in checks if check.status in {"failed", "warning"})
        if diagnosis.name is not None:
            yield from checks
        elif shut:
            yield from shut
        else:
            yield Check(
                "plugin", "ok", "nothing stands in its way, as far as reading tells", slug=patient.slug
            )
    yield from checks_after(diagnosis)


def _nobody(diagnosis: Diagnosis) -> Check:
    name = diagnosis.name
    if name is not None:
        message = f"`{name}` cannot be judged: nothing that can be read knows it"
        return Check("plugin", "skipped", message, "mend what failed before, and ask again")
    if not isinstance(diagnosis.stored, Stored):
        return Check("plugin", "skipped", "not judged without Python and database")
    hint = "with its slug or package, `doctor` examines a plugin that is not enabled too"
    return Check("plugin", "skipped", "no plugin is enabled but the server's own", hint)


def _mend(diagnosis: Diagnosis, options: DoctorOptions) -> tuple[tuple[Mend, ...], InvplugError | None]:
    """Mend plugins.txt and then the store; what fails after a change is told together with that change."""
    change = mend_plugins_file(diagnosis, options.is_left)
    mended = (Mend("plugins-file-damage", change[0], diff=change[1]),) if change else ()
    try:
        return (*mended, *_mend_store(diagnosis, options)), None
    except InvplugError as error:
        if not mended:
            raise
        return mended, error


def _mend_store(diagnosis: Diagnosis, options: DoctorOptions) -> Iterator[Mend]:
    """Create missing rows, and turn on what the plugin that was named, and is enabled, needs."""
    stored, survey = diagnosis.stored, diagnosis.survey
    if not isinstance(stored, Stored) or not isinstance(survey, Survey) or not is_servers_python(diagnosis):
        return
    enabled = _enabled_plugins(diagnosis) if options.name is not None else ()
    needed = (stored.switches[name] for name in needed_switches(enabled))
    off = tuple(switch.name for switch in needed if not switch.on and switch.fixed_by is None)
    if not stored.rowless and not off:
        return
    with diagnosis.context.open_store().writing() as writer:
        created = create_rows(writer, survey)
        turned_on = tuple(name for name in off if writer.set_global_value(name, ON))
    if created:
        yield Mend("row", f"created rows, inactive: {_named(created)}", created)
    if turned_on:
        slugs = tuple(plugin.slug for plugin in enabled)
        yield Mend("switches", f"turned on {', '.join(turned_on)}", slugs)


def _enabled_plugins(diagnosis: Diagnosis) -> tuple[Plugin, ...]:
    entries = (patient.entry for patient in diagnosis.patients if patient.entry)
    return tuple(entry.plugin for entry in entries if entry.plugin and entry.enabled)


def _named(slugs: tuple[str, ...]) -> str:
    return ", ".join(f"`{slug}`" for slug in slugs)
