"""Check a setting's value as the server would, as far as its definition can be read (SPEC §3)."""

from __future__ import annotations

from inventree_plugins.anatomy import SettingDefinition
from inventree_plugins.commands.switches import TRUE_WORDS
from inventree_plugins.errors import SettingError
from inventree_plugins.store import SettingLimits

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
    if definition.choices is None or "choices" in definition.unknown:
        return
    allowed = [str(choice) for choice, _ in definition.choices]
    if value not in allowed:
        shown = ", ".join(f"`{each}`" for each in allowed[:SHOWN_CHOICES])
        more = ", …" if len(allowed) > SHOWN_CHOICES else ""
        raise SettingError(f"`{key}` has no such choice", hint=f"choose one of {shown}{more}")
