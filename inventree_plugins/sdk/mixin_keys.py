"""The keys of the mixins, by the names that servers since 1.0 give them."""

from __future__ import annotations

from enum import Enum

__all__ = ["PluginMixinEnum"]


class PluginMixinEnum(str, Enum):
    """A mixin's key."""

    BASE = "base"
    ACTION = "action"
    API_CALL = "api_call"
    APP = "app"
    BARCODE = "barcode"
    CURRENCY_EXCHANGE = "currencyexchange"
    EVENTS = "events"
    EXPORTER = "exporter"
    ICON_PACK = "icon_pack"
    LABELS = "labels"
    LOCATE = "locate"
    MACHINE = "machine"
    MAIL = "mail"
    NAVIGATION = "navigation"
    NOTIFICATION = "notification"
    REPORT = "report"
    SCHEDULE = "schedule"
    SETTINGS = "settings"
    SETTINGS_CONTENT = "settingscontent"
    SUPPLIER = "supplier"
    STATE_TRANSITION = "statetransition"
    SUPPLIER_BARCODE = "supplier-barcode"
    URLS = "urls"
    USER_INTERFACE = "ui"
    VALIDATION = "validation"

    def __str__(self) -> str:
        """Return the key, as the server's own enumeration does."""
        return str(self.value)
