"""Check a setting's value as the server would, as far as its definition can be read (SPEC §3)."""

from __future__ import annotations

from inventree_plugins.anatomy import SettingDefinition
from inventree_plugins.commands.switches import ON
from inventree_plugins.errors import SettingError
from inventree_plugins.store import SettingLimits
from inventree_plugins.vocabulary import TRUE_WORDS

__all__ = ["checked_value"]

FALSE_WORDS = frozenset({"0", "n", "no", "f", "false", "none", "off"})
# A list of choices longer than this helps nobody in a hint.
SHOWN_CHOICES = 20


def checked_value(key: str, text: str, definition: SettingDefinition | None, limits: SettingLimits) -> str:
    """Return the text that the server would store for `text`; raise SettingError where it refuses."""
    _require_text(key, text)
    value = text
    if definition is not None:
        for name in definition.validators:
            value = _converted(key, value, name)
        _require_choice(key, value, definition)
    for what, content, limit in (("key", key, limits.key), ("value", value, limits.value)):
        if limit is not None and len(content) > limit:
            raise SettingError(
                f"the {what} of `{key}` has {len(content)} characters, and the database has room for {limit}"
            )
    return value


def _require_text(key: str, text: str) -> None:
    if not key.strip():
        raise SettingError("a setting's key cannot be empty")
    for content in (key, text):
        if "\0" in content or any("\ud800" <= char <= "\udfff" for char in content):
            raise SettingError(f"what is given for `{key!a}` is not text that a database can hold")


def _converted(key: str, text: str, validator: str) -> str:
    """Return the value in the server's spelling; validators that only the server can run pass all."""
    word = text.strip()
    if validator == "bool":
        if word.lower() not in TRUE_WORDS | FALSE_WORDS:
            raise SettingError(f"`{key}` is true or false", hint="give `true` or `false`")
        return str(word.lower() in TRUE_WORDS)
    try:
        if validator == "int":
            return str(int(word))
        if validator == "float":
            return str(float(word))
    except ValueError:
        kind = "a whole number" if validator == "int" else "a number"
        raise SettingError(f"`{key}` must be {kind}") from None
    return text


def _require_choice(key: str, value: str, definition: SettingDefinition) -> None:
    # The server takes an empty list for none.
    if not definition.choices or "choices" in definition.unknown:
        return
    choices = [choice for choice, _ in definition.choices]
    if _native(value, definition) in choices:
        return
    if value in map(str, choices):
        raise SettingError(
            f"the server takes no value for `{key}`: its choices are no texts, and it has no validator",
            hint="that is a fault of the plugin; `int` in its definition would mend it",
        )
    shown = ", ".join(f"`{each}`" for each in choices[:SHOWN_CHOICES])
    more = ", …" if len(choices) > SHOWN_CHOICES else ""
    raise SettingError(f"`{key}` has no such choice", hint=f"choose one of {shown}{more}")


def _native(value: str, definition: SettingDefinition) -> object:
    """Return the value as the server compares it with the choices."""
    if "bool" in definition.validators:
        return value == ON
    if "int" in definition.validators:
        return int(value)
    return float(value) if "float" in definition.validators else value
