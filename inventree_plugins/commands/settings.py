"""`invplug settings`: what a plugin defines, what the store has, and what the configuration decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from inventree_plugins.anatomy import Anatomy, NotKnown, SettingDefinition
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.find import not_found
from inventree_plugins.commands.inventory import Entry, take_entries
from inventree_plugins.commands.rows import create_row
from inventree_plugins.commands.setting_values import checked_value
from inventree_plugins.commands.survey import Survey, take_survey
from inventree_plugins.commands.validate_targets import anatomy_of
from inventree_plugins.errors import SettingError, SettingOverriddenError
from inventree_plugins.models import Problem, Setting
from inventree_plugins.store import Reader, Writer

__all__ = [
    "SetOptions",
    "SettingChange",
    "SettingState",
    "SettingsResult",
    "get_setting",
    "list_settings",
    "read_settings",
    "set_setting",
    "unset_setting",
]

Origin = Literal["store", "configuration", "default"]


@dataclass(frozen=True, slots=True)
class SettingState:
    """A setting of a plugin: what the server would read, and where from.

    `definition` is None for a key that the plugin does not define. `stored` is the store's text, `override`
    what the configuration says; None means that it says nothing.
    """

    key: str
    definition: SettingDefinition | None = None
    stored: str | None = None
    override: Setting[object] | None = None

    @property
    def origin(self) -> Origin:
        """Tell who decides the value: the configuration before the store, and that before the default."""
        if self.override is not None:
            return "configuration"
        return "default" if self.stored is None else "store"

    @property
    def value(self) -> object:
        """Return the value: as configured, as stored text, or as the definition has it."""
        if self.override is not None:
            return self.override.value
        return self.default if self.stored is None else self.stored

    @property
    def default(self) -> object:
        """Return the definition's default, None where there is none or only running would tell it."""
        return self.definition.default if self.definition else None

    @property
    def is_protected(self) -> bool:
        """Tell whether the value may be a secret; where nothing tells, it may."""
        return self.definition is None or self.definition.protected or self._is_unknown("protected")

    @property
    def is_missing(self) -> bool:
        """Tell whether the plugin needs a value and has none."""
        if self.definition is None or not self.definition.required or self.is_default_unknown:
            return False
        # An empty row leaves it to the default.
        return self.value in (None, "") and self.default in (None, "")

    @property
    def is_default_unknown(self) -> bool:
        """Tell whether there may be a default that only running the plugin would tell."""
        return self.default is None and self._is_unknown("default")

    def _is_unknown(self, part: str) -> bool:
        """Tell whether the definition may say of `part` what cannot be read."""
        unknown = self.definition.unknown if self.definition else {}
        return any(name in unknown for name in (part, "keys", "definition"))


@dataclass(frozen=True, slots=True)
class SettingsResult:
    """The settings of one plugin, by key, and what is to be known of them."""

    slug: str
    settings: tuple[SettingState, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class SetOptions:
    """What to set; `force` also sets what the plugin does not define."""

    slug: str
    key: str
    value: str = ""
    force: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting as it is after a command, and whether that changed it."""

    slug: str
    setting: SettingState
    changed: bool
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Plugin:
    """A plugin, as far as its settings are concerned."""

    entry: Entry
    anatomy: Anatomy | None
    overrides: Setting[Mapping[str, object]]
    configured: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        return self.entry.slug

    @property
    def definitions(self) -> dict[str, SettingDefinition]:
        """Return the definitions that the server finds: it looks them up in upper case."""
        found = self.anatomy.settings if self.anatomy else ()
        return {each.key: each for each in found if each.key == each.key.upper()}

    @property
    def gap(self) -> NotKnown | None:
        """Return why there may be more definitions than those, None when all are known."""
        attribute = self.anatomy.attributes.get("SETTINGS") if self.anatomy else None
        value = attribute.value if attribute else None
        if isinstance(value, NotKnown):
            return value
        keys = value if isinstance(value, dict) else ()
        return next((key for key in keys if isinstance(key, NotKnown)), None)

    def state(self, key: str, stored: Mapping[str, str]) -> SettingState:
        override = None
        if key in self.overrides.value:
            override = Setting(self.overrides.value[key], self.overrides.origin)
        # Of keys that differ in case only, the server reads the first.
        by_key = {each.upper(): value for each, value in reversed(tuple(stored.items()))}
        return SettingState(key, self.definitions.get(key), by_key.get(key), override)

    def states(self, stored: Mapping[str, str]) -> Iterator[SettingState]:
        overridden = (each for each in self.overrides.value if each == each.upper())
        keys = (*self.definitions, *sorted(each.upper() for each in stored), *overridden)
        for key in dict.fromkeys(keys):
            yield self.state(key, stored)

    def problems(self, key: str | None = None) -> Iterator[Problem]:
        """Report what is odd about the plugin's settings, or about one of them."""
        if self.gap is not None:
            message = f"`{self.slug}` may define more settings than can be read: {self.gap.reason}"
            where = self.gap if self.gap.path else self.anatomy and self.anatomy.attributes["SETTINGS"]
            path, line = (where.path, where.line) if where else (None, None)
            yield Problem("settings-unknown", message, slug=self.slug, path=path, line=line)
        for each in self.anatomy.settings if self.anatomy else ():
            if each.key != each.key.upper() and key in {None, each.key.upper()}:
                message = f"the server never finds what `{self.slug}` defines as `{each.key}`"
                hint = f"it looks for `{each.key.upper()}`: the plugin must write the key in upper case"
                found = Problem("definition-ignored", message, hint=hint, slug=self.slug)
                yield found._replace(path=each.path, line=each.line)
        for slug in self.configured:
            if slug != self.slug and slug.lower() == self.slug.lower():
                message = f"{self.overrides.origin} names `{slug}`, which is not `{self.slug}` to the server"
                yield Problem("override-ignored", message, hint="write the slug as it is", slug=self.slug)
        for name in self.overrides.value:
            if name != name.upper() and key in {None, name.upper()}:
                yield Problem(
                    "override-ignored",
                    f"{self.overrides.origin} names `{name}` of `{self.slug}`, which the server looks up as"
                    f" `{name.upper()}`",
                    hint="write the key in upper case",
                    slug=self.slug,
                )


def list_settings(context: Context, slug: str) -> SettingsResult:
    """Return every setting that the plugin defines, or that the store or the configuration has.

    Raises PluginNotFoundError.
    """
    survey = take_survey(context)
    with context.open_store().reading() as reader:
        return read_settings(context, survey, slug, reader)


def read_settings(context: Context, survey: Survey, slug: str, reader: Reader) -> SettingsResult:
    """Return the settings of a plugin as the store has them now; raise PluginNotFoundError."""
    plugin = _plugin(context, survey, slug, reader)
    return SettingsResult(slug, tuple(plugin.states(reader.plugin_settings(slug))), tuple(plugin.problems()))


def get_setting(context: Context, slug: str, key: str) -> SettingState:
    """Return one setting; raise PluginNotFoundError, and SettingError where nothing knows the key."""
    survey = take_survey(context)
    with context.open_store().reading() as reader:
        plugin = _plugin(context, survey, slug, reader)
        state = plugin.state(_key(key), reader.plugin_settings(slug))
    if state.definition is None and state.stored is None and state.override is None:
        raise _unknown_key(plugin, state.key)
    return state


def set_setting(context: Context, options: SetOptions) -> SettingChange:
    """Store a plugin's setting, creating its row if that is missing.

    Raises PluginNotFoundError, SettingOverriddenError, and SettingError for a key or value that the plugin's
    definitions, or the database's columns, do not allow.
    """
    survey = take_survey(context)
    store = context.open_store()
    with store.reading() as reader:
        plugin = _plugin(context, survey, options.slug, reader)
        state = plugin.state(_key(options.key), reader.plugin_settings(options.slug))
        _refuse_override(plugin, state)
        _require_defined(plugin, state, force=options.force)
        value = checked_value(state.key, options.value, state.definition, reader.setting_limits())
    changed = state.stored != value
    if changed and not options.dry_run:
        with store.writing() as writer:
            changed = _store(writer, plugin, state.key, value)
    state = replace(state, stored=value)
    return SettingChange(plugin.slug, state, changed, (*plugin.problems(state.key), *_doubts(plugin, state)))


def _store(writer: Writer, plugin: _Plugin, key: str, value: str) -> bool:
    if writer.row(plugin.slug) is None and plugin.entry.plugin is not None:
        create_row(writer, plugin.entry.plugin)
    return writer.set_plugin_setting(plugin.slug, key, value)


def unset_setting(context: Context, options: SetOptions) -> SettingChange:
    """Delete a stored setting, so that its default holds again.

    Raises PluginNotFoundError and SettingOverriddenError.
    """
    survey = take_survey(context)
    store = context.open_store()
    with store.reading() as reader:
        plugin = _plugin(context, survey, options.slug, reader)
        state = plugin.state(_key(options.key), reader.plugin_settings(options.slug))
        _refuse_override(plugin, state)
    problems: tuple[Problem, ...] = ()
    if state.definition is None and state.stored is None:
        # Not an error: the second run of a script must do what the first did.
        unknown = _unknown_key(plugin, state.key)
        problems = (Problem("setting-undefined", unknown.message, hint=unknown.hint, slug=plugin.slug),)
    changed = state.stored is not None
    if changed and not options.dry_run:
        with store.writing() as writer:
            changed = writer.unset_plugin_setting(plugin.slug, state.key)
    return SettingChange(plugin.slug, replace(state, stored=None), changed, problems)


def _plugin(context: Context, survey: Survey, slug: str, reader: Reader) -> _Plugin:
    rows = reader.rows()
    found = take_entries(context, survey, rows, [slug])
    if not found:
        raise not_found(slug, take_entries(context, survey, rows))
    configured = context.instance.plugin_settings
    own = configured.value.get(slug)
    overrides = Setting(own if isinstance(own, Mapping) else {}, configured.origin)
    return _Plugin(found[0], anatomy_of(context, survey, slug), overrides, tuple(configured.value))


def _key(text: str) -> str:
    """Return the key as the server stores and looks for it."""
    return text.strip().upper()


def _refuse_override(plugin: _Plugin, state: SettingState) -> None:
    if state.override is not None:
        raise SettingOverriddenError(
            f"`{state.key}` of `{plugin.slug}` is decided by `plugin_settings` of {state.override.origin}",
            hint="change it there; in the store it would have no effect",
            slug=plugin.slug,
        )


def _require_defined(plugin: _Plugin, state: SettingState, *, force: bool) -> None:
    if state.definition is None and plugin.gap is None and not force:
        error = _unknown_key(plugin, state.key)
        force_hint = "`--force` stores it all the same"
        error.hint = f"{error.hint}; {force_hint}" if error.hint else force_hint
        raise error


def _unknown_key(plugin: _Plugin, key: str) -> SettingError:
    if plugin.anatomy is None:
        return SettingError(
            f"what `{plugin.slug}` defines cannot be read, as its plugin is not there", slug=plugin.slug
        )
    from difflib import get_close_matches  # noqa: PLC0415 - only where something went wrong

    near = get_close_matches(key, plugin.definitions, n=3)
    hint = f"did you mean {' or '.join(f'`{each}`' for each in near)}?" if near else None
    if hint is None and plugin.definitions:
        hint = f"it defines {', '.join(f'`{each}`' for each in plugin.definitions)}"
    return SettingError(f"`{plugin.slug}` defines no setting `{key}`", hint=hint, slug=plugin.slug)


def _doubts(plugin: _Plugin, state: SettingState) -> tuple[Problem, ...]:
    """Report what was stored although it may not be meant."""
    if not state.is_missing:
        return ()
    message = f"`{state.key}` of `{plugin.slug}` is required and now empty"
    return (Problem("setting-missing", message, slug=plugin.slug),)
