"""Rules about settings: what the store can hold, and who reads them (SPEC §3, §5)."""

from __future__ import annotations

from collections.abc import Iterator

from inventree_plugins.anatomy import NotKnown, SettingDefinition
from inventree_plugins.validation.interface import Fault, Rule, Subject, fault_at

__all__ = ["RULES"]

MAX_KEY = 50
# The column was widened in 0.13.
MAX_VALUE, MAX_OLD_VALUE = 2000, 200
WIDENED = (0, 13)
MIXINS = ("SettingsMixin", "SupplierMixin", "GlobalSettingsMixin")


def _definitions(subject: Subject) -> tuple[SettingDefinition, ...]:
    """Return the definitions that the server reads: without the mixin it reads none."""
    if not subject.has_mixin(*MIXINS):
        return ()
    return (*subject.anatomy.settings, *subject.anatomy.user_settings)


def settings_without_mixin(subject: Subject) -> Iterator[Fault]:
    """Yield SETTINGS that the server does not read."""
    if subject.has_mixin(*MIXINS):
        return
    for name in ("SETTINGS", "USER_SETTINGS"):
        attribute = subject.attribute(name)
        if attribute is not None and attribute.value:
            hint = "derive the class from `SettingsMixin` too"
            yield fault_at(attribute, f"`{name}` has no effect without `SettingsMixin`", hint=hint)


def mixin_without_settings(subject: Subject) -> Iterator[Fault]:
    """Yield a SettingsMixin that nothing is defined for."""
    if not subject.has_mixin("SettingsMixin", "GlobalSettingsMixin") or subject.has_mixin("SupplierMixin"):
        return
    if not any(subject.has_value(name) for name in ("SETTINGS", "USER_SETTINGS")):
        message = f"`{subject.plugin.class_name}` uses `SettingsMixin` but defines no `SETTINGS`"
        yield fault_at(subject.plugin, message)


def settings_malformed(subject: Subject) -> Iterator[Fault]:
    """Yield SETTINGS that are no dict of dicts with string keys."""
    if not subject.has_mixin(*MIXINS):
        return
    for name in ("SETTINGS", "USER_SETTINGS"):
        attribute = subject.attribute(name)
        value = attribute.value if attribute else None
        if attribute is None or not value or isinstance(value, NotKnown):
            continue
        if not isinstance(value, dict):
            yield fault_at(attribute, f"`{name}` is no dict of settings")
            continue
        for key, definition in value.items():
            if not isinstance(key, (str, NotKnown)):
                yield fault_at(attribute, f"`{name}` has a key that is no text: {key!r}")
            elif not isinstance(definition, (dict, NotKnown)):
                yield fault_at(attribute, f"the setting `{key}` is not defined by a dict")


def key_too_long(subject: Subject) -> Iterator[Fault]:
    """Yield keys that the store's column cannot hold (SPEC §3)."""
    for definition in _definitions(subject):
        if len(definition.key) > MAX_KEY:
            message = f"the setting `{definition.key}` has {len(definition.key)} characters, over {MAX_KEY}"
            yield fault_at(definition, message)


def key_case(subject: Subject) -> Iterator[Fault]:
    """Yield keys in lower case: the server looks definitions up in capitals, and never finds these."""
    for definition in _definitions(subject):
        if definition.key != definition.key.upper():
            message = f"the setting `{definition.key}` is not in capitals: the server ignores its definition"
            yield fault_at(definition, message, hint=f"name it `{definition.key.upper()}`")


def default_too_long(subject: Subject) -> Iterator[Fault]:
    """Yield defaults that the store's column cannot hold (SPEC §3)."""
    numbers = subject.server.numbers
    most = MAX_OLD_VALUE if numbers and numbers < WIDENED else MAX_VALUE
    for definition in _definitions(subject):
        length = len(str(definition.default)) if definition.default is not None else 0
        if length > most:
            message = f"the default of the setting `{definition.key}` has {length} characters, over {most}"
            yield fault_at(definition, message)


def api_settings(subject: Subject) -> Iterator[Fault]:
    """Yield an APICallMixin that does not name its settings, or names none that exist (SPEC §5).

    A class with an `api_url` of its own needs neither setting, as the server's own currency plugin shows.
    """
    if not subject.has_mixin("APICallMixin"):
        return
    members = subject.anatomy.members
    replaced = {"API_URL_SETTING": "api_url" in members, "API_TOKEN_SETTING": "api_headers" in members}
    used = [name for name, is_replaced in replaced.items() if not is_replaced]
    if "api_url" in members:
        used = [name for name in used if subject.has_value(name)]
    for name in used:
        yield from _api_setting(subject, name)
    if used and not subject.has_mixin(*MIXINS):
        message = f"`{subject.plugin.class_name}` uses `APICallMixin` without `SettingsMixin`"
        yield fault_at(subject.plugin, message, hint="derive the class from `SettingsMixin` too")


def _api_setting(subject: Subject, name: str) -> Iterator[Fault]:
    attribute = subject.attribute(name)
    defined = {each.key for each in subject.anatomy.settings}
    if not subject.has_value(name):
        message = f"`{subject.plugin.class_name}` uses `APICallMixin` but sets no `{name}`"
        yield fault_at(attribute or subject.plugin, message, hint=f"set `{name}` to the key of a setting")
    elif attribute is None:
        return
    elif isinstance(attribute.value, str) and attribute.value not in defined and not _has_open_keys(subject):
        yield fault_at(attribute, f"`{name}` names `{attribute.value}`, which `SETTINGS` does not define")


def _has_open_keys(subject: Subject) -> bool:
    attribute = subject.attribute("SETTINGS")
    value = attribute.value if attribute else None
    return isinstance(value, NotKnown) or (
        isinstance(value, dict) and any(isinstance(key, NotKnown) for key in value)
    )


RULES = (
    Rule("settings-without-mixin", "warning", "SETTINGS without SettingsMixin", settings_without_mixin),
    Rule("settings-missing", "warning", "SettingsMixin without SETTINGS", mixin_without_settings),
    Rule("settings-malformed", "error", "SETTINGS is not a dict of dicts", settings_malformed),
    Rule("setting-key-case", "warning", "a setting's key that is not in capitals", key_case),
    Rule("setting-key-too-long", "error", "a setting's key has over 50 characters", key_too_long),
    Rule(
        "setting-default-too-long", "error", "a setting's default has over 2,000 characters", default_too_long
    ),
    Rule("api-settings", "error", "APICallMixin without its two settings", api_settings),
)
