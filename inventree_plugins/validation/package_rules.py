"""Rules about the package: entry points, imports, the Django app, and what it shares with others."""

from __future__ import annotations

from collections.abc import Iterator

from inventree_plugins.anatomy import Import
from inventree_plugins.validation.history import NEWEST, span_of
from inventree_plugins.validation.interface import Fault, Rule, Subject, fault_at, version_numbers
from inventree_plugins.vocabulary import SERVER_LIBRARIES

__all__ = ["RULES"]

# What Django looks for in each app, beside models.
APP_FOLDERS = frozenset({"fixtures", "locale", "management", "static", "templates", "templatetags"})


def server_lacks(subject: Subject) -> Iterator[Fault]:
    """Yield imports of modules and names that this server does not have."""
    for each in subject.anatomy.imports:
        if not each.is_server:
            continue
        reason = _lack(each, subject.server.version)
        if reason is not None:
            name = f"{each.module}.{each.name}" if each.name else each.module
            yield fault_at(each, f"{subject.server.label} has no `{name}`: {reason}")


def _lack(each: Import, version: str | None) -> str | None:
    """Return why the server lacks what is imported, None when it has it or nothing tells."""
    if each.is_found:
        return None
    span = span_of(each.module, each.name)
    if span is not None:
        own, (first, end) = version_numbers(version or NEWEST)[:2], span
        if own < version_numbers(first):
            return f"it came with {first}"
        if end is not None and own >= version_numbers(end):
            return f"it went with {end}"
    return "its source does not define it" if each.is_found is False else None


def import_missing(subject: Subject) -> Iterator[Fault]:
    """Yield imports of modules that are not there: the plugin's own, and other packages, each once."""
    said: set[str] = set()
    for each in subject.anatomy.imports:
        top = each.module.partition(".")[0]
        if each.is_found is not False or each.is_server or top in SERVER_LIBRARIES:
            continue
        if top and not subject.is_installed and subject.lacking:
            continue  # it comes with what is installed along with the plugin
        if not top:
            name = f"from {each.module} import {each.name}" if each.name else f"from . import {each.module}"
            yield fault_at(each, f"`{name}` fails: the plugin has no such module or name")
        elif top not in said:
            said.add(top)
            hint = "declare it as a requirement of the plugin's package, and install that"
            if subject.lacking:
                named = ", ".join(f"`{name}`" for name in subject.lacking)
                hint = f"install what the plugin's package requires: {named}"
            message = f"`import {each.module}` fails: the server's Python has no such module"
            yield fault_at(each, message, hint=hint)


def app_not_a_package(subject: Subject) -> Iterator[Fault]:
    """Yield an AppMixin on a plugin that is one file."""
    if subject.has_mixin("AppMixin") and not subject.anatomy.app.is_package:
        message = f"`{subject.plugin.class_name}` uses `AppMixin`, but a single file is no Django app"
        yield fault_at(subject.plugin, message, hint="make it a package, with `__init__.py` and `apps.py`")


def app_empty(subject: Subject) -> Iterator[Fault]:
    """Yield an AppMixin whose package has nothing of an app."""
    app = subject.anatomy.app
    if not subject.has_mixin("AppMixin") or not app.is_package:
        return
    if not (app.has_config or app.models or app.folders & APP_FOLDERS):
        name = subject.plugin.class_name
        message = f"`{name}` uses `AppMixin`, but `{app.package}` has nothing that an app may have"
        yield fault_at(subject.plugin, message, hint="such as models, template tags or an `apps.py`")


def app_config_name(subject: Subject) -> Iterator[Fault]:
    """Yield an AppConfig whose name is not what the server adds to its apps: that stops the server."""
    app = subject.anatomy.app
    if subject.has_mixin("AppMixin") and app.config_name is not None and app.config_name != app.package:
        message = f"the app is called `{app.config_name}`, but the server adds it as `{app.package}`"
        hint = f"write `name = '{app.package}'`; with another name the server does not start"
        yield Fault(message, app.path / "apps.py", app.config_line, hint)


def migrations_missing(subject: Subject) -> Iterator[Fault]:
    """Yield models that no migration makes a table for."""
    app = subject.anatomy.app
    if subject.has_mixin("AppMixin") and app.models and not app.migrations:
        named = ", ".join(f"`{name}`" for name in app.models[:3])
        message = f"`{app.package}` has models ({named}) but no migrations: their tables are never made"
        hint = "run `makemigrations` and ship the `migrations` folder"
        yield fault_at(subject.plugin, message, hint=hint)


def shared_module(subject: Subject) -> Iterator[Fault]:
    """Yield top-level modules that another distribution brings as well: one overwrites the other."""
    for module, others in sorted(subject.shared.items()):
        named = ", ".join(f"`{name}`" for name in others)
        yield fault_at(
            subject.plugin,
            f"the module `{module}` is also brought by {named}: installed together, one overwrites the other",
            hint="name the top-level package after the distribution",
        )


RULES = (
    Rule("no-plugin-found", "error", "what was to be checked holds no plugin"),
    Rule("no-metadata", "warning", "a package that has lost its METADATA"),
    Rule("no-entry-point", "error", "the package has no plugin entry point"),
    Rule("wrong-group", "error", "an entry point in a group that the server does not read"),
    Rule("entry-point-unresolved", "error", "an entry point that leads nowhere"),
    Rule("not-a-plugin", "error", "an entry point that names no plugin class"),
    Rule("not-on-this-server", "error", "an import that this server does not have", server_lacks),
    Rule("import-missing", "error", "an import that is not there", import_missing),
    Rule("app-not-a-package", "error", "AppMixin on a plugin of one file", app_not_a_package),
    Rule("app-empty", "warning", "AppMixin on a package with nothing of an app", app_empty),
    Rule("app-config-name", "error", "an AppConfig with another name than the package", app_config_name),
    Rule("migrations-missing", "error", "models without migrations", migrations_missing),
    Rule(
        "shared-module", "warning", "a top-level module that another distribution brings too", shared_module
    ),
)
