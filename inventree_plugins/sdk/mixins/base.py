"""What a mixin may count on: that it stands beside the base class."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["Base"]

if TYPE_CHECKING:
    from inventree_plugins.sdk.plugin import InvenTreePlugin as Base
else:
    Base = object
