"""What an uninstallation is to take away; whatever must be refused is refused here."""

from __future__ import annotations

from dataclasses import dataclass

from inventree_plugins.commands.context import Context
from inventree_plugins.commands.departure import Departure, find_departure
from inventree_plugins.commands.find import not_found
from inventree_plugins.commands.inventory import Entry, Inventory, take_inventory
from inventree_plugins.commands.remains import Remainder, find_remains
from inventree_plugins.commands.survey import Survey, take_survey
from inventree_plugins.errors import (
    MandatoryPluginError,
    PluginEnabledError,
    RowReferencedError,
    UsageError,
)
from inventree_plugins.models import Source
from inventree_plugins.packages import normalize
from inventree_plugins.requirements import PluginsFile, find_declaration, read_plugins_file, remove

__all__ = ["Removal", "UninstallOptions", "plan_removal"]


@dataclass(frozen=True, slots=True)
class UninstallOptions:
    """What to remove, by slug or package; `disable` allows it for enabled plugins."""

    names: tuple[str, ...]
    disable: bool = False
    purge: bool = False
    keep_dependencies: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Removal:
    """The packages that go, the entries that they provide, and plugins.txt without them.

    `absent` are names that mean nothing, each with what may have been meant. `remains` is what stays of the
    entries.
    """

    departure: Departure
    entries: tuple[Entry, ...]
    absent: tuple[tuple[str, str | None], ...]
    file: PluginsFile
    new_text: str
    unrecorded: tuple[str, ...]
    remains: tuple[Remainder, ...]

    @property
    def active(self) -> tuple[str, ...]:
        """Return the slugs whose rows are active."""
        return tuple(entry.slug for entry in self.entries if entry.row and entry.row.active)

    @property
    def rows(self) -> tuple[str, ...]:
        """Return the slugs that have a row."""
        return tuple(entry.slug for entry in self.entries if entry.row)


@dataclass(frozen=True, slots=True)
class _Named:
    """What names mean: packages by normalised name, and slugs of their plugins, which may be gone."""

    keys: tuple[str, ...]
    slugs: frozenset[str]
    absent: tuple[tuple[str, str | None], ...]


def plan_removal(context: Context, options: UninstallOptions) -> Removal:
    """Compare what is to go with what there is; nothing changes.

    Raises PluginEnabledError, MandatoryPluginError, UsageError for a plugin that is no package,
    RowReferencedError, and InstallError for a package that something else needs.
    """
    survey = take_survey(context)
    with context.open_store().reading() as reader:
        inventory = take_inventory(context, survey, reader.rows())
    file = read_plugins_file(context.instance.plugins_file.value)
    named = _understand(survey, file, inventory, options)
    plugins = _plugin_packages(survey, inventory)
    _refuse_strangers(file, named.keys, plugins)
    entries = _entries_of(inventory, named)
    _refuse(entries, options, configured=context.instance.plugins_mandatory.value)
    # A package that hides one of the server's own plugins goes; the row is the server's own.
    own = tuple(entry for entry in entries if not entry.mandatory)
    if options.purge:
        _refuse_referred(context, own)
    new_text, unrecorded = _without(file, named.keys)
    keep = options.keep_dependencies
    return Removal(
        find_departure(context, survey, named.keys, plugins=plugins, keep_dependencies=keep),
        own,
        named.absent,
        file,
        new_text,
        unrecorded,
        find_remains(context, survey, own, purge=options.purge),
    )


def _understand(survey: Survey, file: PluginsFile, inventory: Inventory, options: UninstallOptions) -> _Named:
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
    return _Named(tuple(keys), frozenset(slugs), tuple(absent))


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


def _plugin_packages(survey: Survey, inventory: Inventory) -> frozenset[str]:
    """Return the normalised names of packages that bring plugins, or that rows say so of."""
    installed = {str(distribution.key) for distribution in survey.distributions if distribution.entry_points}
    return frozenset(
        installed | {normalize(entry.package_name) for entry in inventory.entries if entry.package_name}
    )


def _refuse_strangers(file: PluginsFile, keys: tuple[str, ...], plugins: frozenset[str]) -> None:
    """Raise UsageError for a package that is no plugin's and not declared: the server may need it."""
    for key in keys:
        if key not in plugins and not find_declaration(file, key):
            raise UsageError(
                f"`{key}` brings no plugin and is not in plugins.txt: it may be the server's own",
                hint="pip removes packages of any kind",
            )


def _entries_of(inventory: Inventory, named: _Named) -> tuple[Entry, ...]:
    return tuple(
        entry
        for entry in inventory.entries
        if entry.slug in named.slugs or (entry.package_name and normalize(entry.package_name) in named.keys)
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


def _without(file: PluginsFile, keys: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the text of plugins.txt without lines of these packages, and those that had some."""
    current, unrecorded = file, []
    for key in keys:
        new_text = remove(current, key)
        if new_text != current.text:
            unrecorded.append(key)
            current = PluginsFile(file.path, new_text, exists=True)
    return current.text, tuple(unrecorded)
