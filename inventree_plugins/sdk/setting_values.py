"""Setting values between Python and the store's text, as the server converts them (SPEC §3)."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inventree_plugins.sdk.errors import SettingValueError
from inventree_plugins.vocabulary import TRUE_WORDS

__all__ = ["Saving", "default_of", "folded", "is_missing", "native_value", "notify", "to_text"]

KINDS = ((int, "a whole number"), (float, "a number"))


@dataclass(slots=True)
class Saving:
    """A setting on its way into the store: what a definition's `before_save` and `after_save` are given."""

    key: str
    value: str
    plugin: Any


def notify(moment: str, definition: Mapping[str, Any], saving: Saving) -> None:
    """Call what the definition gives for this moment, `before_save` or `after_save`."""
    function = definition.get(moment)
    if callable(function):
        function(saving)


def folded(stored: Mapping[str, str]) -> dict[str, str]:
    """Return stored settings by the keys that servers look for."""
    return {key.upper(): text for key, text in stored.items()}


def native_value(text: str | None, definition: Mapping[str, Any], backup: Any = None) -> Any:
    """Return a stored text as `bool` or `int` where the definition says so.

    Where there is none, or no number, it is the backup, else the default.
    """
    default = default_of(definition) if backup is None else backup
    if text is None:
        return default
    if _is(definition, bool):
        return text.lower() in TRUE_WORDS
    if _is(definition, int):
        try:
            return int(text)
        except ValueError:
            return default
    return text


def default_of(definition: Mapping[str, Any], absent: Any = "") -> Any:
    """Return the default, which a function may make; `absent` where the definition gives none."""
    default = definition.get("default", absent)
    return default() if callable(default) else default


def is_missing(value: Any, definition: Mapping[str, Any]) -> bool:
    """Tell whether a required setting has no value."""
    value = value or default_of(definition)
    # Neither is a default of None: servers look for the empty text.
    return isinstance(value, str) and not value


def to_text(key: str, value: Any, definition: Mapping[str, Any], *, plugin: str) -> str:
    """Return the text to store; raise SettingValueError for what the definition does not allow."""
    validators = tuple(_flat(definition.get("validator")))
    native, complaint = value, ""
    for kind, name in KINDS:
        if kind in validators and _number(value, kind) is None:
            complaint = complaint or f"is not {name}"
    if not complaint:
        native = _converted(value, definition)
        choices = _choices(definition)
        if choices is not None and native not in choices and str(native) not in choices:
            complaint = "is no such choice"
    for validator in validators:
        complaint = complaint or _complaint(validator, native)
    if complaint:
        is_secret = definition.get("protected")
        reason = "its new value is not allowed" if is_secret else f"`{value}` {complaint}"
        raise SettingValueError(f"`{key}`: {reason}", plugin=plugin, mixin="settings")
    return str(native)


def _converted(value: Any, definition: Mapping[str, Any]) -> Any:
    if _is(definition, bool):
        return value if isinstance(value, bool) else str(value).lower() in TRUE_WORDS
    for kind, _ in KINDS:
        if _is(definition, kind):
            return _number(value, kind)
    return "" if value is None else str(value)


def _number(value: Any, kind: type) -> Any:
    """Return the number that a text is; as on a server, `True` and, for a whole number, `2.5` are none."""
    try:
        return kind(str(value))
    except (ValueError, OverflowError):
        return None


def _choices(definition: Mapping[str, Any]) -> list[Any] | None:
    """Return the keys that may be chosen, None where all may."""
    choices = definition.get("choices")
    if callable(choices):
        choices = choices()
    return [each[0] if isinstance(each, (list, tuple)) else each for each in choices] if choices else None


def _complaint(validator: Any, value: Any) -> str:
    """Return what a plugin's own validator says against a value, empty where it says nothing."""
    if not callable(validator) or validator in (bool, int, float, str):
        return ""
    try:
        validator(value)
    except _refusals() as error:
        words = " ".join(str(each) for each in getattr(error, "messages", ())) or str(error)
        return f"is refused: {words or type(error).__name__}"
    return ""


def _refusals() -> tuple[type[Exception], ...]:
    """Return what a validator may raise; whatever else it raises is its own failure."""
    common = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError)
    if "django" not in sys.modules:
        return common
    from django.core.exceptions import ValidationError  # noqa: PLC0415 - only where Django is there already

    return (*common, ValidationError)


def _is(definition: Mapping[str, Any], kind: type) -> bool:
    validator = definition.get("validator")
    return kind in validator if isinstance(validator, (list, tuple)) else validator is kind


def _flat(validator: Any) -> Iterator[Any]:
    """Yield the validators that a definition names, however deeply."""
    if isinstance(validator, (list, tuple)):
        for each in validator:
            yield from _flat(each)
    elif validator is not None:
        yield validator
