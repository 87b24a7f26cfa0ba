"""`invplug uninstall`: switch off, remove the package, its plugins.txt line, and with purge its row."""

from __future__ import annotations

from dataclasses import dataclass, replace

from inventree_plugins.commands.context import Context
from inventree_plugins.commands.find import not_found
from inventree_plugins.commands.gates import restart_step
from inventree_plugins.commands.inventory import Entry, Inventory, take_inventory
from inventree_plugins.commands.survey import Survey, take_survey
from inventree_plugins.errors import (
    InvplugError,
    MandatoryPluginError,
    PluginEnabledError,
    RowReferencedError,
    UsageError,
)
from inventree_plugins.files import ensure_writable, replace_text
from inventree_plugins.models import NextStep, Problem, Source
from inventree_plugins.packages import PipInstaller, normalize
from inventree_plugins.process import run
from inventree_plugins.requirements import PluginsFile, find_declaration, read_plugins_file, remove

__all__ = ["UninstallOptions", "UninstallResult", "uninstall"]


@dataclass(frozen=True, slots=True)
class UninstallOptions:
    """What to remove, by slug or package; `disable` allows it for enabled plugins."""

    names: tuple[str, ...]
    disable: bool = False
    purge: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class UninstallResult:
    """What was removed, or with a dry run would be; `error` is what went wrong after something was."""

    packages: tuple[str, ...] = ()
    unrecorded: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    error: InvplugError | None = None

    @property
    def changed(self) -> bool:
        """Tell whether anything was there to remove."""
        return bool(self.packages or self.unrecorded or self.disabled or self.deleted)


@dataclass(frozen=True, slots=True)
class Removal:
    """The packages to remove, the entries that they provide, and plugins.txt without them.

    `absent` are names that mean nothing, each with what may have been meant.
    """

    packages: tuple[str, ...]
    entries: tuple[Entry, ...]
    absent: tuple[tuple[str, str | None], ...]
    file: PluginsFile
    new_text: str
    unrecorded: tuple[str, ...]


def uninstall(context: Context, options: UninstallOptions) -> UninstallResult:
    """Remove packages with their plugins.txt lines; their rows stay, inactive, unless `purge`.

    Raises PluginEnabledError, MandatoryPluginError, UsageError for a plugin that is
    no package, RowReferencedError, InstallError and FileAccessError, before anything changes where that
    can be known.
    """
    if options.dry_run:
        return _result(context, options, _plan(context, options))
    with context.environment_lock():
        removal = _plan(context, options)
        if removal.unrecorded:
            ensure_writable(removal.file.path)
        if options.purge and any(entry.row for entry in removal.entries):
            context.require_writable_store()
        return _apply(context, options, removal)


def _apply(context: Context, options: UninstallOptions, removal: Removal) -> UninstallResult:
    plan = _result(context, options, removal)
    done = UninstallResult(absent=plan.absent, problems=plan.problems)
    try:
        # Inactive first: whatever fails later, the server does not look for a plugin that is half gone.
        _disable(context, removal)
        done = replace(done, disabled=plan.disabled, next_steps=plan.next_steps if plan.disabled else ())
        if removal.packages:
            installer = PipInstaller(context.interpreter.executable, run)
            installer.uninstall(removal.packages, on_line=context.on_output)
            done = replace(done, packages=plan.packages, next_steps=plan.next_steps)
        if removal.unrecorded:
            replace_text(removal.file.path, removal.new_text)
            done = replace(done, unrecorded=plan.unrecorded)
        if options.purge:
            _purge(context, removal)
            done = replace(done, deleted=plan.deleted)
    except InvplugError as error:
        if not done.changed:
            raise
        return replace(done, error=error)
    return done


def _plan(context: Context, options: UninstallOptions) -> Removal:
    survey = take_survey(context)
    with context.open_store().reading() as reader:
        inventory = take_inventory(context, survey, reader.rows())
    file = read_plugins_file(context.instance.plugins_file.value)
    keys: dict[str, None] = {}
    slugs: set[str] = set()
    absent: list[tuple[str, str | None]] = []
    for name in dict.fromkeys(options.names):
        entry = inventory.find(name)
        key = _package_key(name, entry)
        _refuse_ambiguous(survey, file, name, key=key)
        known = _is_known(survey, file, key)
        left = {entry.slug} if entry else _left_by(inventory, key)
        if not known and not left:
            absent.append((name, not_found(name, inventory.entries).hint))
            continue
        slugs |= left
        if known:
            keys[key] = None
        elif not options.purge:
            absent.append((name, None))
    _refuse_strangers(survey, file, inventory, keys=tuple(keys))
    entries = _entries_of(inventory, keys, slugs)
    configured = context.instance.plugins_mandatory.value
    _refuse(entries, options, configured=configured)
    # A package that hides one of the server's own plugins goes; the row is the server's own.
    own = tuple(entry for entry in entries if not entry.mandatory)
    if options.purge:
        _refuse_referred(context, own)
    return _removal(survey, file, own, tuple(keys), tuple(absent))


def _package_key(name: str, entry: Entry | None) -> str:
    """Return the normalised package name that `name` means; a slug means the package that provides it."""
    if entry is None:
        return normalize(name)
    if entry.source in {Source.BUILTIN, Source.SAMPLE, Source.DIRECTORY}:
        where = f"`{entry.plugin.path}`" if entry.plugin else "the server"
        raise UsageError(
            f"`{name}` is not a package but part of {where}",
            hint=None if entry.mandatory else "`invplug disable` switches it off",
            slug=name,
        )
    return normalize(entry.package_name or name)


def _is_known(survey: Survey, file: PluginsFile, key: str) -> bool:
    installed = any(distribution.key == key for distribution in survey.distributions)
    return installed or find_declaration(file, key) is not None


def _refuse_ambiguous(survey: Survey, file: PluginsFile, name: str, *, key: str) -> None:
    """Raise UsageError where `name` is one package, and as a slug belongs to another."""
    if normalize(name) != key and _is_known(survey, file, normalize(name)):
        raise UsageError(
            f"`{name}` is a package, and the slug of a plugin that `{key}` provides",
            hint=f"name `{key}`, or remove that one first",
            slug=name,
        )


def _left_by(inventory: Inventory, key: str) -> set[str]:
    """Return the slugs whose rows name the package, which itself may be gone."""
    return {
        entry.slug
        for entry in inventory.entries
        if entry.package_name and normalize(entry.package_name) == key
    }


def _refuse_strangers(
    survey: Survey, file: PluginsFile, inventory: Inventory, *, keys: tuple[str, ...]
) -> None:
    """Raise UsageError for a package that is no plugin's and not declared: the server may need it."""
    plugin_packages = {distribution.key for distribution in survey.distributions if distribution.entry_points}
    for key in keys:
        if key not in plugin_packages and not _left_by(inventory, key) and not find_declaration(file, key):
            raise UsageError(
                f"`{key}` brings no plugin and is not in plugins.txt: it may be the server's own",
                hint="pip removes packages of any kind",
            )


def _entries_of(inventory: Inventory, keys: dict[str, None], slugs: set[str]) -> tuple[Entry, ...]:
    return tuple(
        entry
        for entry in inventory.entries
        if entry.slug in slugs or (entry.package_name and normalize(entry.package_name) in keys)
    )


def _refuse(entries: tuple[Entry, ...], options: UninstallOptions, *, configured: tuple[str, ...]) -> None:
    for entry in entries:
        if entry.mandatory and entry.slug not in configured:
            continue
        if entry.mandatory:
            raise MandatoryPluginError(
                f"`{entry.slug}` is mandatory: the server activates it, whatever its row says",
                hint="take it out of `plugins_mandatory` first",
                slug=entry.slug,
            )
        if entry.enabled and not options.disable:
            raise PluginEnabledError(
                f"`{entry.slug}` is enabled",
                hint=f"`invplug disable {entry.slug}` first, or pass `--disable`",
                slug=entry.slug,
            )


def _refuse_referred(context: Context, entries: tuple[Entry, ...]) -> None:
    """Raise RowReferencedError for a row that another table needs, before its package is gone."""
    with context.open_store().reading() as reader:
        for entry in entries:
            table = reader.referring_table(entry.slug)
            if table is not None:
                raise RowReferencedError(
                    f"cannot delete the row of `{entry.slug}`: the table `{table}` refers to it",
                    hint="remove what refers to it in InvenTree first, or leave `--purge` out",
                    slug=entry.slug,
                )


def _removal(
    survey: Survey,
    file: PluginsFile,
    entries: tuple[Entry, ...],
    keys: tuple[str, ...],
    absent: tuple[tuple[str, str | None], ...],
) -> Removal:
    installed = {distribution.key: distribution.name for distribution in survey.distributions}
    current, unrecorded = file, []
    for key in keys:
        new_text = remove(current, key)
        if new_text != current.text:
            unrecorded.append(key)
            current = PluginsFile(file.path, new_text, exists=True)
    packages = tuple(installed[key] for key in map(normalize, keys) if key in installed)
    return Removal(packages, entries, absent, file, current.text, tuple(unrecorded))


def _disable(context: Context, removal: Removal) -> None:
    active = [entry.slug for entry in removal.entries if entry.row and entry.row.active]
    if active:
        with context.open_store().writing() as writer:
            writer.set_active(active, active=False)


def _purge(context: Context, removal: Removal) -> None:
    rows = [entry.slug for entry in removal.entries if entry.row]
    if rows:
        with context.open_store().writing() as writer:
            for slug in rows:
                writer.delete(slug)


def _result(context: Context, options: UninstallOptions, removal: Removal) -> UninstallResult:
    rows = tuple(entry for entry in removal.entries if entry.row)
    disabled = tuple(entry.slug for entry in rows if entry.row and entry.row.active)
    slugs = tuple(entry.slug for entry in removal.entries)
    return UninstallResult(
        packages=removal.packages,
        unrecorded=removal.unrecorded,
        disabled=disabled,
        deleted=tuple(entry.slug for entry in rows) if options.purge else (),
        absent=tuple(name for name, _ in removal.absent),
        problems=tuple(
            Problem("not-installed", f"`{name}` is not installed and not in plugins.txt", hint=hint)
            for name, hint in removal.absent
        ),
        next_steps=(restart_step(context, slugs),) if slugs and (removal.packages or disabled) else (),
    )
