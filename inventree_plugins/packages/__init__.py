"""Distributions of the target interpreter: what is installed, and installing."""

from importlib import import_module
from typing import TYPE_CHECKING

from inventree_plugins.packages.installed import installed_distributions
from inventree_plugins.packages.metadata import read_metadata
from inventree_plugins.packages.names import normalize

if TYPE_CHECKING:
    from inventree_plugins.packages.checkout import Checkout, read_checkout
    from inventree_plugins.packages.diagnosis import diagnose
    from inventree_plugins.packages.groups import entry_points_elsewhere
    from inventree_plugins.packages.installer import (
        InstalledPackage,
        Installer,
        InstallReport,
        InstallRequest,
    )
    from inventree_plugins.packages.pip import PipInstaller
    from inventree_plugins.packages.provenance import DirectUrl, direct_url, read_direct_url
    from inventree_plugins.packages.satisfaction import applying, missing_requirements, unmet
    from inventree_plugins.packages.top_level import modules_brought, shared_modules

__all__ = [
    "Checkout",
    "DirectUrl",
    "InstallReport",
    "InstallRequest",
    "InstalledPackage",
    "Installer",
    "PipInstaller",
    "applying",
    "diagnose",
    "direct_url",
    "entry_points_elsewhere",
    "installed_distributions",
    "missing_requirements",
    "modules_brought",
    "normalize",
    "read_checkout",
    "read_direct_url",
    "read_metadata",
    "shared_modules",
    "unmet",
]

# Imported when first named (PEP 562): most commands only list, and must not pay for installing.
_LATER = {
    "Checkout": "checkout",
    "DirectUrl": "provenance",
    "InstallReport": "installer",
    "InstallRequest": "installer",
    "InstalledPackage": "installer",
    "Installer": "installer",
    "PipInstaller": "pip",
    "applying": "satisfaction",
    "diagnose": "diagnosis",
    "direct_url": "provenance",
    "entry_points_elsewhere": "groups",
    "missing_requirements": "satisfaction",
    "modules_brought": "top_level",
    "read_checkout": "checkout",
    "read_direct_url": "provenance",
    "shared_modules": "top_level",
    "unmet": "satisfaction",
}


def __getattr__(name: str) -> object:
    """Import what only some commands need."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value
    return value
