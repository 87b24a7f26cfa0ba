"""A plugin's settings, as far as their definitions are literal (SPEC §3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from inventree_plugins.anatomy import Attribute, NotKnown, SettingDefinition
from inventree_plugins.discovery.facts import Expression

__all__ = ["lines_of_keys", "setting_definitions"]


def setting_definitions(
    attribute: Attribute | None, lines: Mapping[str, int]
) -> tuple[SettingDefinition, ...]:
    """Return the definitions that a SETTINGS attribute holds; `lines` tell where each key stands."""
    if attribute is None or not isinstance(attribute.value, dict):
        return ()
    return tuple(
        _definition(key, value, attribute.path, lines.get(key, attribute.line))
        for key, value in attribute.value.items()
        if isinstance(key, str)
    )


def lines_of_keys(display: Expression) -> dict[str, int]:
    """Return the line of each key of a dict display, as far as its values are displays too."""
    if not isinstance(display, list) or display[0] != "dict":
        return {}
    return {
        key: value[-1]
        for key, value in display[1]
        if isinstance(key, str) and isinstance(value, list) and isinstance(value[-1], int)
    }


def _definition(key: str, value: object, path: Path, line: int) -> SettingDefinition:
    if isinstance(value, NotKnown):
        return SettingDefinition(key, unknown={"definition": value.reason}, path=path, line=line)
    if not isinstance(value, dict):
        unknown = {"definition": "it is no dict"}
        return SettingDefinition(key, unknown=unknown, path=path, line=line)
    return _Reader(value).definition(key, path, line)


class _Reader:
    """Reads one definition's parts, and notes those that are not known."""

    def __init__(self, parts: Mapping[object, object]) -> None:
        self._parts = parts
        self._unknown: dict[str, str] = {}
        for key in parts:
            if isinstance(key, NotKnown):
                self._unknown["keys"] = key.reason

    def definition(self, key: str, path: Path, line: int) -> SettingDefinition:
        """Return the definition."""
        return SettingDefinition(
            key=key,
            name=self._text("name"),
            description=self._text("description"),
            default=self._known("default"),
            choices=self._choices(),
            validators=tuple(self._validators()),
            protected=bool(self._known("protected")),
            required=bool(self._known("required")),
            units=self._text("units"),
            model=self._text("model"),
            unknown=self._unknown,
            path=path,
            line=line,
        )

    def _known(self, part: str) -> object:
        value = self._parts.get(part)
        if not isinstance(value, NotKnown):
            return value
        self._unknown[part] = value.reason
        return None

    def _text(self, part: str) -> str | None:
        value = self._known(part)
        return value if isinstance(value, str) else None

    def _choices(self) -> tuple[tuple[object, str], ...] | None:
        value = self._known("choices")
        if not isinstance(value, (list, tuple)):
            return None
        found = []
        for each in value:
            pair = each if isinstance(each, (list, tuple)) and len(each) == 2 else (each, each)  # noqa: PLR2004
            if isinstance(pair[0], NotKnown):
                self._unknown["choices"] = pair[0].reason
                return None
            found.append((pair[0], pair[1] if isinstance(pair[1], str) else str(pair[0])))
        return tuple(found)

    def _validators(self) -> Iterator[str]:
        value = self._parts.get("validator")
        for each in value if isinstance(value, (list, tuple)) else () if value is None else (value,):
            if isinstance(each, NotKnown) and each.function:
                yield each.function
            else:
                self._unknown["validator"] = (
                    each.reason if isinstance(each, NotKnown) else "it is no function"
                )
