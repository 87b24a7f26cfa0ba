"""Settings: what an administrator may decide of a plugin, kept in the server's store (SPEC §3, §5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from inventree_plugins.sdk.mixins.base import Base
from inventree_plugins.sdk.setting_values import to_text, to_value

__all__ = ["SettingsMixin"]


class SettingsMixin(Base):
    """Read and write the plugin's settings."""

    MIXIN_KEY: ClassVar[str] = "settings"
    MIXIN_ENABLED: ClassVar[str] = "has_settings"
    SETTINGS: ClassVar[Any] = {}

    @property
    def settings(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the definitions by key."""
        return self.SETTINGS or {}

    @property
    def has_settings(self) -> bool:
        """Tell whether it defines any."""
        return bool(self.settings)

    def get_setting(self, key: str, cache: bool = False, backup_value: Any = None) -> Any:  # noqa: ARG002, FBT001, FBT002 - the server's signature
        """Return the value: what the configuration decides, else what is stored, else the default.

        Stored text becomes what the definition's validator says, `bool` or `int`.
        """
        key = str(key).strip().upper()
        slug = self.plugin_slug()
        runtime = self.runtime
        overrides = runtime.overrides(slug)
        if key in overrides:
            return overrides[key]
        definition = self.settings.get(key, {})
        stored = {name.upper(): text for name, text in runtime.stored_settings(slug).items()}
        default = _default(definition) if backup_value is None else backup_value
        return to_value(stored[key], definition, default) if key in stored else default

    def set_setting(self, key: str, value: Any, user: Any = None) -> None:  # noqa: ARG002 - the server's signature
        """Store a value; raise SettingValueError for one that the definition does not allow."""
        key = str(key).strip().upper()
        slug = self.plugin_slug()
        text = to_text(key, value, self.settings.get(key, {}), plugin=slug)
        self.runtime.store_setting(slug, key, text)

    def check_settings(self) -> tuple[bool, list[str]]:
        """Tell whether every required setting has a value, and which have none."""
        missing = [
            key
            for key, definition in self.settings.items()
            if definition.get("required") and self.get_setting(key) in ("", None)
        ]
        return not missing, missing

    def get_settings_dict(self) -> dict[str, Any]:
        """Return the value of every setting that is defined."""
        return {key: self.get_setting(key) for key in self.settings}


def _default(definition: Mapping[str, Any]) -> Any:
    default = definition.get("default", "")
    return default() if callable(default) else default
