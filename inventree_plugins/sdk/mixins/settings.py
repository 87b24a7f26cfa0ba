"""Settings: what an administrator, or each user, may decide of a plugin (SPEC §3, §5)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from inventree_plugins.sdk.mixins.base import Base
from inventree_plugins.sdk.names import slug_of
from inventree_plugins.sdk.setting_values import (
    Saving,
    default_of,
    folded,
    is_missing,
    native_value,
    notify,
    to_text,
)

__all__ = ["SettingsMixin"]


class SettingsMixin(Base):
    """Read and write the plugin's settings, and those that each user has for himself."""

    MIXIN_KEY: ClassVar[str] = "settings"
    MIXIN_NAME: ClassVar[str] = "Settings"
    MIXIN_ENABLED: ClassVar[str] = "has_settings"
    SETTINGS: Any = {}  # noqa: RUF012 - authors override it on class and object alike
    USER_SETTINGS: Any = {}  # noqa: RUF012 - as above

    def __init__(self) -> None:
        super().__init__()
        # Of its own, for what a plugin adds must not become a setting of all others.
        if self.SETTINGS is SettingsMixin.SETTINGS:
            self.SETTINGS = {}
        if self.USER_SETTINGS is SettingsMixin.USER_SETTINGS:
            self.USER_SETTINGS = {}

    # Attributes that a constructor may assign, there also where it calls no other one.

    @cached_property
    def settings(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the definitions by key."""
        return self.SETTINGS or {}

    @cached_property
    def user_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the definitions of what each user decides, by key."""
        return self.USER_SETTINGS or {}

    @property
    def has_settings(self) -> bool:
        """Tell whether it defines any."""
        return bool(self.settings) or bool(self.user_settings)

    def get_setting(self, key: str, cache: bool = False, backup_value: Any = None) -> Any:  # noqa: ARG002, FBT001, FBT002 - the server's signature
        """Return the value: what the configuration decides, else what is stored, else the default.

        Stored text becomes what the definition's validator says, `bool` or `int`.
        """
        key, runtime, place = _folded(key), self._runtime, _place_of(self)
        overrides = runtime.overrides(place)
        if key in overrides:
            return overrides[key]
        stored = folded(runtime.stored_settings(place))
        return native_value(stored.get(key), self.settings.get(key, {}), backup_value)

    def set_setting(self, key: str, value: Any, user: Any = None, **kwargs: Any) -> None:  # noqa: ARG002 - the server's signature
        """Store a value; raise SettingValueError for one that the definition does not allow."""
        key, place = _folded(key), _place_of(self)
        definition = self.settings.get(key, {})
        saving = Saving(key, to_text(key, value, definition, plugin=slug_of(self)), self)
        notify("before_save", definition, saving)
        self._runtime.store_setting(place, key, saving.value)
        notify("after_save", definition, saving)

    def get_user_setting(
        self,
        key: str,
        user: Any,
        cache: bool = False,  # noqa: ARG002, FBT001, FBT002 - the server's signature
        backup_value: Any = None,
    ) -> Any:
        """Return one user's value, else the default; `user` is an object with `pk` or `id`, or its number."""
        key = _folded(key)
        stored = folded(self._runtime.stored_user_settings(_place_of(self), _number_of(user)))
        return native_value(stored.get(key), self.user_settings.get(key, {}), backup_value)

    def set_user_setting(self, key: str, value: Any, user: Any) -> None:
        """Store one user's value; raise SettingValueError for one that the definition does not allow."""
        key, number = _folded(key), _number_of(user)
        definition = self.user_settings.get(key, {})
        saving = Saving(key, to_text(key, value, definition, plugin=slug_of(self)), self)
        notify("before_save", definition, saving)
        self._runtime.store_user_setting(_place_of(self), number, key, saving.value)
        notify("after_save", definition, saving)

    def check_settings(self) -> tuple[bool, list[str]]:
        """Tell whether every required setting has a value, and which have none.

        As on a server, `False` and 0 are none, and a default stands in for an empty value.
        """
        missing = [
            key
            for key, definition in self.settings.items()
            if definition.get("required") and is_missing(self.get_setting(key), definition)
        ]
        return not missing, missing

    def get_settings_dict(self) -> dict[str, Any]:
        """Return every setting that is defined: as it is stored, else its default, else None.

        It is not converted: what is stored is text.
        """
        place = _place_of(self)
        known = folded(self._runtime.stored_settings(place)) | dict(self._runtime.overrides(place))
        return {
            key: known[key] if key in known else default_of(definition, None)
            for key, definition in self.settings.items()
        }


def _folded(key: Any) -> str:
    return str(key).strip().upper()


def _place_of(plugin: SettingsMixin) -> str:
    """Return the key that the settings are stored under; a class without a name has them for itself."""
    cls = type(plugin)
    return slug_of(plugin) or f"{cls.__module__}.{cls.__qualname__}"


def _number_of(user: Any) -> int:
    number = user if isinstance(user, int) else getattr(user, "pk", None) or getattr(user, "id", None)
    if number is None:
        raise TypeError("a user is an object with `pk` or `id`, or its number")
    return int(number)
