"""Setting values between Python and the store's text, as the server converts them (SPEC §3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventree_plugins.sdk.errors import SettingValueError
from inventree_plugins.vocabulary import TRUE_WORDS

__all__ = ["to_text", "to_value"]


def to_value(text: str, definition: Mapping[str, Any], default: Any) -> Any:
    """Return a stored text as `bool` or `int` where the definition says so, the default for a bad number."""
    if _is(definition, bool):
        return text.lower() in TRUE_WORDS
    if _is(definition, int):
        try:
            return int(text)
        except ValueError:
            return default
    return text


def to_text(key: str, value: Any, definition: Mapping[str, Any], *, plugin: str) -> str:
    """Return the text to store; raise SettingValueError for what the definition does not allow."""
    native = _converted(key, value, definition, plugin=plugin)
    choices = definition.get("choices")
    if choices and not callable(choices) and native not in [choice for choice, *_ in choices]:
        raise SettingValueError(f"`{key}` has no such choice: `{value}`", plugin=plugin, mixin="settings")
    for validator in _validators(definition):
        if callable(validator) and validator not in (bool, int, float, str):
            validator(native)
    return str(native)


def _converted(key: str, value: Any, definition: Mapping[str, Any], *, plugin: str) -> Any:
    if _is(definition, bool):
        return value if isinstance(value, bool) else str(value).lower() in TRUE_WORDS
    for kind, name in ((int, "a whole number"), (float, "a number")):
        if _is(definition, kind):
            try:
                return kind(value)
            except (TypeError, ValueError):
                raise SettingValueError(
                    f"`{key}` must be {name}, not `{value}`", plugin=plugin, mixin="settings"
                ) from None
    return "" if value is None else str(value)


def _validators(definition: Mapping[str, Any]) -> tuple[Any, ...]:
    validator = definition.get("validator")
    if isinstance(validator, (list, tuple)):
        return tuple(validator)
    return () if validator is None else (validator,)


def _is(definition: Mapping[str, Any], kind: type) -> bool:
    return kind in _validators(definition)
