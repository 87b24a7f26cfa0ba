"""What is left of a plugin when its package is gone, found before it goes, and how to be rid of each."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from inventree_plugins.anatomy import NotKnown
from inventree_plugins.commands.command_lines import command_line
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.inventory import Entry
from inventree_plugins.commands.survey import Survey
from inventree_plugins.commands.validate_targets import anatomy_of
from inventree_plugins.errors import InvplugError
from inventree_plugins.models import Distribution, Plugin, PluginConfig
from inventree_plugins.packages import has_record, is_within, read_direct_url, unlisted_files
from inventree_plugins.store import Reader
from inventree_plugins.vocabulary import SERVER_PACKAGES

__all__ = ["Remainder", "find_remains"]

Kind = Literal[
    "table", "migrations", "static-files", "row", "settings", "configuration", "directory", "plugin"
]

# How many names a message has.
SHOWN = 5
# Apps that a plugin's cannot be called like: tables of these names are never its own.
OTHERS_APPS = SERVER_PACKAGES | {"admin", "auth", "contenttypes", "sessions", "sites"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remainder:
    """Something of the plugin `slug` that stays.

    `label` is that of its Django app, `names` those of tables, migrations or settings, `count` how many of
    them or of files there are, None where that is not known. `command` is what takes it away, if one does.
    """

    kind: Kind
    slug: str
    message: str
    hint: str
    label: str | None = None
    names: tuple[str, ...] = ()
    count: int | None = None
    path: Path | None = None
    command: str | None = None


def find_remains(
    context: Context, survey: Survey, entries: Iterable[Entry], *, purge: bool
) -> tuple[Remainder, ...]:
    """Return what stays of these plugins when their packages go, and with `purge` their rows too."""
    entries = tuple(entries)
    if not entries:
        return ()
    with context.open_store().reading() as reader:
        return tuple(
            each
            for entry in entries
            for each in (
                *_of_app(context, survey, entry, reader),
                *_static_files(context, entry.slug),
                *(() if purge else _of_row(entry, reader)),
                *_configuration(context, entry.slug),
                *_of_package(context, entry),
            )
        )


def _of_app(context: Context, survey: Survey, entry: Entry, reader: Reader) -> Iterator[Remainder]:
    """Yield the tables and applied migrations of a plugin that is a Django app."""
    if entry.plugin is None or "AppMixin" not in entry.plugin.mixins:
        return
    anatomy = anatomy_of(context, survey, entry.slug)
    if anatomy is None or not anatomy.app.is_package:
        return
    label = anatomy.app.label
    if isinstance(label, NotKnown):
        yield Remainder(
            kind="table",
            slug=entry.slug,
            message=f"tables of the app of `{entry.slug}`, if there are any: its label is not known,"
            f" as {label.reason}",
            hint=_before("python manage.py migrate LABEL zero"),
        )
    elif label not in OTHERS_APPS:
        yield from _of_label(entry.slug, label, reader)


def _of_label(slug: str, label: str, reader: Reader) -> Iterator[Remainder]:
    applied = reader.applied_migrations()
    tables = _tables_of(label, reader.tables(), applied.keys())
    command = f"python manage.py migrate {label} zero"
    migrations = tuple(sorted(applied.get(label, ())))
    found: tuple[tuple[Kind, tuple[str, ...], str], ...] = (
        ("table", tables, "table"),
        ("migrations", migrations, "applied migration"),
    )
    for kind, names, what in found:
        if names:
            yield Remainder(
                kind=kind,
                slug=slug,
                message=f"{_counted(names, what)} of the app `{label}`: {_listed(names)}",
                hint=_before(command),
                label=label,
                names=names,
                count=len(names),
                command=command,
            )


def _before(command: str) -> str:
    needs = "it needs the plugin installed and enabled, so run it before uninstalling"
    return f"`{command}` takes them back; {needs}"


def _tables_of(label: str, tables: Iterable[str], labels: Iterable[str]) -> tuple[str, ...]:
    """Return the tables that Django would name so for an app; those of `a_b` are none of `a`."""
    longer = tuple(f"{each}_" for each in labels if each.startswith(f"{label}_"))
    return tuple(sorted(t for t in tables if t.startswith(f"{label}_") and not t.startswith(longer)))


def _static_files(context: Context, slug: str) -> Iterator[Remainder]:
    root = context.instance.static_root.value
    folder = root / "plugins" / slug if root is not None else None
    count = _count_files(folder) if folder is not None else 0
    if folder is not None and count:
        yield Remainder(
            kind="static-files",
            slug=slug,
            message=f"static files of `{slug}`, {count} in `{folder}`",
            hint="delete the folder: nothing serves them any more",
            count=count,
            path=folder,
        )


def _count_files(folder: Path) -> int:
    return sum(len(names) for _, _, names in os.walk(folder))


def _of_row(entry: Entry, reader: Reader) -> Iterator[Remainder]:
    if entry.row is None:
        return
    command = command_line("uninstall --purge", entry.slug)
    hint = f"`{command}` deletes it; a later installation finds it again"
    yield _row(entry.row, hint, command)
    stored = tuple(reader.plugin_settings(entry.slug))
    if stored:
        yield Remainder(
            kind="settings",
            slug=entry.slug,
            message=f"{_counted(stored, 'setting')} of `{entry.slug}`: {_listed(stored)}",
            hint=hint,
            names=stored,
            count=len(stored),
            command=command,
        )


def _row(row: PluginConfig, hint: str, command: str) -> Remainder:
    message = f"the row of `{row.key}`, inactive"
    return Remainder(kind="row", slug=row.key, message=message, hint=hint, count=1, command=command)


def _configuration(context: Context, slug: str) -> Iterator[Remainder]:
    settings = context.instance.plugin_settings
    values = settings.value.get(slug)
    if isinstance(values, Mapping) and values:
        names = tuple(map(str, values))
        yield Remainder(
            kind="configuration",
            slug=slug,
            message=f"{_counted(names, 'setting')} of `{slug}` in the configuration ({settings.origin}):"
            f" {_listed(names)}",
            hint="take them out of `plugin_settings` by hand",
            names=names,
            count=len(names),
            path=None if settings.is_from_environment else context.instance.config_file.value,
        )


def _of_package(context: Context, entry: Entry) -> Iterator[Remainder]:
    """Yield what lies beside the package's own files, and the plugin that takes its place."""
    plugin = entry.plugin
    if plugin is None or plugin.distribution is None:
        return
    yield from _directories(entry.slug, plugin.distribution, _project(context, plugin.distribution))
    if plugin.shadowed:
        yield _next_of(plugin)


def _project(context: Context, distribution: Distribution) -> Path | None:
    """Return the folder that an editable installation leads to."""
    source = read_direct_url(distribution)
    if source is not None and source.editable and source.url.startswith("file:"):
        return Path(unquote(urlsplit(source.url).path))
    # What `setup.py develop` left: the import path leads into the project.
    is_elsewhere = not has_record(distribution) and not is_within(distribution, context.interpreter)
    return distribution.location if is_elsewhere else None


def _directories(slug: str, distribution: Distribution, project: Path | None) -> Iterator[Remainder]:
    if project is not None:
        yield Remainder(
            kind="directory",
            slug=slug,
            message=f"the project of `{slug}`, which was installed editable, in `{project}`",
            hint="delete the folder if nobody works on it",
            path=project,
        )
    for folder, count in _unlisted(distribution).items():
        yield Remainder(
            kind="directory",
            slug=slug,
            message=f"{count} {'file' if count == 1 else 'files'} in `{folder}`, not of the package's own",
            hint="delete the folder if nobody needs them",
            count=count,
            path=folder,
        )


def _unlisted(distribution: Distribution) -> dict[Path, int]:
    try:
        return unlisted_files(distribution) if has_record(distribution) else {}
    except (InvplugError, OSError):  # nobody asked for them to go
        return {}


def _next_of(plugin: Plugin) -> Remainder:
    other = plugin.shadowed[0]
    return Remainder(
        kind="plugin",
        slug=plugin.slug,
        message=f"another plugin `{plugin.slug}`, in `{other.path}`, which takes the place of this one",
        hint=f"`{command_line('show', plugin.slug)}` tells about it",
        path=other.path,
    )


def _counted(names: Collection[str], what: str) -> str:
    return f"{len(names)} {what}" if len(names) == 1 else f"{len(names)} {what}s"


def _listed(names: Iterable[str]) -> str:
    names = tuple(names)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(f"`{name}`" for name in names[:SHOWN]) + more
