"""The gates of one plugin, from its package to its settings, in the order in which the server meets them."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from inventree_plugins.anatomy import AppFolder, NotKnown
from inventree_plugins.commands.command_lines import command_line
from inventree_plugins.commands.diagnosis import Check, Diagnosis, Patient, Stored, unread, why_kept
from inventree_plugins.commands.gates import migrate_command
from inventree_plugins.commands.inventory import Entry
from inventree_plugins.commands.switches import needed_switches
from inventree_plugins.errors import InvplugError
from inventree_plugins.models import Declaration, Plugin, Problem, Source
from inventree_plugins.version_gate import release_of

__all__ = ["checks_of"]

# Rules of validation (docs/validation.md), by the gate that they are about; all others are the class's.
RULES_OF = {
    "entry-point": frozenset(
        {"no-entry-point", "wrong-group", "entry-point-unresolved", "not-a-plugin", "no-metadata"}
    ),
    "key": frozenset({"no-slug", "slug-changed", "two-keys", "legacy-spelling"}),
    "collision": frozenset({"slug-collision", "slug-reserved", "slug-taken", "shared-module"}),
    "version-gate": frozenset({"version-gate", "max-version-misread", "min-version-misread"}),
}
GROUPED = frozenset().union(*RULES_OF.values())
# How many migrations are named.
SHOWN = 3
# Static files of plugins are collected since then.
COLLECTS_SINCE = (0, 16)


def checks_of(diagnosis: Diagnosis, patient: Patient) -> Iterator[Check]:
    """Check every gate between a plugin's package and its effect."""
    gates = _Gates(diagnosis, patient)
    for check in (
        gates.package(),
        gates.ruled("entry-point", "an entry point leads to it"),
        gates.found_class(),
        gates.ruled("key", f"its key is `{patient.slug}`"),
        gates.ruled("collision", "no other plugin claims its key"),
        gates.row(),
        gates.enabled(),
        gates.mandatory(),
        gates.ruled("version-gate", "it accepts this version of InvenTree"),
        gates.switches(),
        gates.migrations(),
        gates.static_files(),
        gates.settings(),
    ):
        yield replace(check, slug=patient.slug)


@dataclass(frozen=True, slots=True)
class _Gates:
    """The checks of one plugin; each is judged by itself, or skipped where what it needs is not known."""

    diagnosis: Diagnosis
    patient: Patient

    @property
    def plugin(self) -> Plugin | None:
        return self.patient.entry.plugin if self.patient.entry else None

    @property
    def entry(self) -> Entry | None:
        return self.patient.entry

    @property
    def stored(self) -> Stored | None:
        return self.diagnosis.stored if isinstance(self.diagnosis.stored, Stored) else None

    def _skipped(self, code: str) -> Check:
        """Return the check that what is missing keeps from being judged."""
        is_known = self.stored is None and self.entry is not None
        reason = "not judged without the database" if is_known else "there is no plugin to look at"
        return Check(code, "skipped", reason)

    def package(self) -> Check:
        code, plugin, distribution = "package", self.plugin, self.patient.distribution
        if distribution is not None:
            return Check(code, "ok", f"`{distribution.name}` {distribution.version} is installed")
        if plugin is not None:
            where = "part of the server" if plugin.source is Source.BUILTIN else f"in `{plugin.path}`"
            return Check(code, "ok", f"it is {where}")
        if self.entry is not None and self.entry.source is Source.BUILTIN:
            return Check(code, "ok", "it is the server's own, whose source is not known")
        problem = self.entry.problems[0] if self.entry and self.entry.problems else None
        name = (self.entry.package_name if self.entry else None) or self.patient.slug
        declared = self.patient.declared
        if declared is not None and not self._applies(declared):
            message = f"`{name}` is not installed: the marker of `{declared.text}` rules this Python out"
            hint = "change or remove the marker"
            return Check(code, "failed", message, hint, path=declared.path, line=declared.line)
        if declared is not None:
            message = problem.message if problem else f"`{name}` is in plugins.txt but not installed"
            return Check(code, "failed", message, command="invplug install")
        return self._orphan(problem)

    def _orphan(self, problem: Problem | None) -> Check:
        """Judge a row that nothing provides: its package, or what hides its file."""
        code, slug = "package", self.patient.slug
        message = problem.message if problem else f"nothing provides a plugin `{slug}`"
        package = self.entry.package_name if self.entry else None
        if package:
            return Check(code, "failed", message, command=command_line("install", package))
        hidden = unread(self.diagnosis, slug)
        if hidden:
            first = hidden[0]
            hint = first.hint or "mend the file: it may hold the plugin"
            return Check(
                code, "failed", f"{message}: {first.message}", hint, path=first.path, line=first.line
            )
        kept = why_kept(self.diagnosis, slug) if self.entry and not self.entry.enabled else None
        return Check(code, "failed", message, kept or (problem.hint if problem else None))

    def _applies(self, declared: Declaration) -> bool:
        from inventree_plugins.packages import applying  # noqa: PLC0415 - imports packaging

        interpreter = self.diagnosis.interpreter
        return isinstance(interpreter, InvplugError) or bool(applying((declared,), interpreter))

    def ruled(self, code: str, message: str) -> Check:
        """Judge by the rules of validation that belong to this gate."""
        if self.patient.distribution is None and self.plugin is None:
            return self._skipped(code)
        found = [each for each in self.patient.findings if each.code in RULES_OF[code]]
        if self.plugin is not None and not found:
            # A plugin that is looked at alone hides no other.
            found = [each for each in self.plugin.problems if each.code in RULES_OF[code]]
        if code != "entry-point" and self.plugin is None and not found:
            return self._skipped(code)
        if code == "entry-point" and self.plugin and self.plugin.source is not Source.PACKAGE:
            message = "it needs none, as it is no package"
        return _by_findings(code, found, message, self.patient.slug)

    def found_class(self) -> Check:
        code, plugin = "class", self.plugin
        found = [each for each in self.patient.findings if each.code not in GROUPED]
        errors = [each for each in found if each.severity == "error"]
        if plugin is not None:
            where = f"`{plugin.class_name}` in `{plugin.path}`"
            return _by_findings(code, errors, f"{where} can be loaded as far as reading tells", plugin.slug)
        if self.patient.distribution is None:
            return self._skipped(code)
        if errors:
            return _by_findings(code, errors, "", self.patient.distribution.name)
        if any(each.severity == "error" for each in self.patient.findings):
            return Check(code, "skipped", "not judged before its entry point and key are right")
        message = f"`{self.patient.distribution.name}` brings no plugin class"
        return Check(code, "failed", message, "is it a plugin for InvenTree, and the right package?")

    def row(self) -> Check:
        code, entry = "row", self.entry
        if self.stored is None or entry is None:
            return self._skipped(code)
        if entry.row is not None:
            return Check(code, "ok", f"the store has a row for it (number {entry.row.pk})")
        hint = "servers up to 1.5 skip every external plugin while one has no row"
        return Check(code, "failed", "the store has no row for it", hint, "invplug discover")

    def enabled(self) -> Check:
        code, entry = "enabled", self.entry
        if self.stored is None or entry is None:
            return self._skipped(code)
        if entry.enabled:
            is_kept = entry.mandatory and not (entry.row and entry.row.active)
            return Check(code, "ok", "its row does not count" if is_kept else "it is enabled")
        blocking = self._blocking
        if blocking is not None:
            hint = f"`invplug enable` refuses it before that is mended: {blocking.message}"
            return Check(code, "failed", "it is not enabled", hint)
        command = command_line("enable", entry.slug)
        return Check(code, "failed", "it is not enabled", "plugins start disabled", command)

    @property
    def _blocking(self) -> Problem | None:
        """Return why `invplug enable` would refuse the plugin."""
        if self.entry is None or self.entry.enabled:
            return None
        problems = self.entry.blocking_problems if self.entry.source else self.entry.problems
        return next(iter(problems), None)

    def mandatory(self) -> Check:
        if self.entry is None:
            return self._skipped("mandatory")
        if self.entry.mandatory:
            return Check("mandatory", "ok", "the server keeps it active, whatever its row says")
        return Check("mandatory", "ok", "its row decides: it is not mandatory")

    def switches(self) -> Check:
        code, stored = "switches", self.stored
        if stored is None or self.plugin is None:
            return self._skipped(code)
        needed = needed_switches([self.plugin])
        off = [stored.switches[name] for name in needed if not stored.switches[name].on]
        if not off:
            return Check(code, "ok", f"on: {', '.join(needed)}" if needed else "its mixins need none")
        names = ", ".join(switch.name for switch in off)
        fixed = [switch for switch in off if switch.fixed_by]
        if fixed:
            kept = ", ".join(switch.name for switch in fixed)
            hint = f"{kept}: change it where it is fixed, in {fixed[0].fixed_by}"
            return Check(code, "failed", f"off: {names}", hint)
        hint = "its mixins have no effect until these are on"
        command = command_line("enable --with-integration", self.plugin.slug)
        return Check(code, "failed", f"off: {names}", hint, None if self._blocking else command)

    def migrations(self) -> Check:
        code, stored, anatomy = "migrations", self.stored, self.patient.anatomy
        if self.plugin is None:
            return self._skipped(code)
        is_package = anatomy is None or anatomy.app.is_package
        if "AppMixin" not in self.plugin.mixins or not is_package:
            return Check(code, "ok", "it has none, as it is no app")
        if stored is None or anatomy is None:
            return self._skipped(code)
        if isinstance(anatomy.app.label, NotKnown):
            reason = f"the label of its app is not known: {anatomy.app.label.reason}"
            return Check(code, "skipped", reason)
        return self._migrated(stored, anatomy.app, anatomy.app.label)

    def _migrated(self, stored: Stored, app: AppFolder, label: str) -> Check:
        code = "migrations"
        wanted = {Path(name).stem for name in app.migrations}
        missing = sorted(wanted - stored.migrations.get(label, frozenset()))
        if not missing:
            return Check(code, "ok", f"all of the app `{label}` are applied")
        if not (self.entry and self.entry.enabled):
            return Check(code, "skipped", "they are run when it is enabled")
        message = f"not applied of the app `{label}`: {', '.join(missing[:SHOWN])}"
        if len(missing) > SHOWN:
            message += f", and {len(missing) - SHOWN} more"
        hint, rowless = "InvenTree 1.0 and later do not start without them", stored.rowless
        if rowless:
            hint += f"; `invoke migrate` does nothing while a plugin, such as `{rowless[0]}`, has no row"
        return Check(code, "failed", message, hint, migrate_command(has_rowless=bool(rowless)))

    def static_files(self) -> Check:
        code, plugin, instance = "static-files", self.plugin, self.diagnosis.context.instance
        if plugin is None:
            return self._skipped(code)
        if not plugin.has_static_files:
            return Check(code, "ok", "it brings none")
        root, release = instance.static_root.value, release_of(instance.server_version.value)
        reason = None
        if release is not None and release < COLLECTS_SINCE:
            reason = "servers before 0.16 collect none"
        elif not (self.entry and self.entry.enabled):
            reason = "they are collected when it is enabled"
        if reason:
            return Check(code, "skipped", reason)
        if root is None or not os.access(root, os.R_OK | os.X_OK):
            return Check(code, "skipped", "the server's static folder is not to be seen from here")
        return self._collected(plugin, root)

    def _collected(self, plugin: Plugin, root: Path) -> Check:
        code = "static-files"
        target = root / "plugins" / plugin.slug
        try:
            stale = _not_collected(plugin.path.parent / "static", target)
        except OSError as error:
            return Check(code, "skipped", f"they cannot be compared: {error}")
        if not stale:
            return Check(code, "ok", f"all are in `{target}`")
        hint = "the server serves what was collected, and collects nothing when it starts"
        more = f" and {len(stale) - 1} more" if len(stale) > 1 else ""
        message = f"not in `{target}`, or not the same there: `{stale[0]}`{more}"
        return Check(code, "failed", message, hint, "python manage.py collectplugins")

    def settings(self) -> Check:
        code, stored = "settings", self.stored
        if stored is None or self.plugin is None:
            return self._skipped(code)
        missing = [each.key for each in stored.settings.get(self.plugin.slug, ()) if each.is_missing]
        if not missing:
            return Check(code, "ok", "none that is required is empty")
        command = command_line("settings set", self.plugin.slug, missing[0])
        hint = f"`{command} VALUE` gives it one; for a secret, `--stdin` in place of the value"
        return Check(code, "failed", f"required and empty: {', '.join(missing)}", hint)


def _by_findings(code: str, found: list[Problem], message: str, target: str) -> Check:
    if not found:
        return Check(code, "ok", message)
    worst = min(found, key=lambda each: each.severity != "error")
    hint, message = worst.hint, worst.message
    if worst.severity == "error" and not hint:
        hint = "install another version of it, or report this to its author"
    if len(found) > 1:
        message += f" (and {len(found) - 1} more)"
        hint = "; ".join(filter(None, (hint, f"`invplug validate {target}` tells all of it")))
    status: Literal["failed", "warning"] = "failed" if worst.severity == "error" else "warning"
    return Check(code, status, message, hint, path=worst.path, line=worst.line)


def _not_collected(source: Path, target: Path) -> list[str]:
    """Return the files of a plugin that the server's static folder has not, or has otherwise."""
    files = (path.relative_to(source) for path in source.rglob("*") if path.is_file())
    return sorted(file.as_posix() for file in files if not _is_same(source / file, target / file))


def _is_same(one: Path, other: Path) -> bool:
    return other.is_file() and filecmp.cmp(one, other, shallow=False)
