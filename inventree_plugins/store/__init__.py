"""PluginConfig and settings rows, in whichever database the server keeps them."""

from __future__ import annotations

from inventree_plugins.models import Database
from inventree_plugins.store.engines import copy_store, open_store
from inventree_plugins.store.interface import Reader, SettingLimits, Store, Writer

__all__ = ["Database", "Reader", "SettingLimits", "Store", "Writer", "copy_store", "open_store"]
