"""Package names, without the weight of `packaging`, which a mere listing cannot afford."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

__all__ = ["normalize"]

_SEPARATORS = re.compile(r"[-_.]+")


def normalize(name: str) -> NormalizedName:
    """Return the name in the one form that PEP 503 compares."""
    return cast("NormalizedName", _SEPARATORS.sub("-", name).lower())
