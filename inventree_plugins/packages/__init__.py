"""Distributions of the target interpreter: what is installed, and installing."""

from importlib import import_module
from typing import TYPE_CHECKING

from inventree_plugins.packages.installed import installed_distributions
from inventree_plugins.packages.metadata import read_metadata
from inventree_plugins.packages.names import normalize

if TYPE_CHECKING:
    from inventree_plugins.packages.checkout import Checkout, read_checkout
    from inventree_plugins.packages.dependents import (
        TOOLS,
        brought_by_plugins,
        needed_by_others,
        orphaned_by,
        why_needed,
    )
    from inventree_plugins.packages.diagnosis import diagnose
    from inventree_plugins.packages.groups import entry_points_elsewhere
    from inventree_plugins.packages.installer import (
        Installer,
        InstallRequest,
        ResolvedPackage,
        Staged,
    )
    from inventree_plugins.packages.permission import is_virtual, require_changeable
    from inventree_plugins.packages.pip import PipInstaller, offers
    from inventree_plugins.packages.provenance import DirectUrl, direct_url, read_direct_url
    from inventree_plugins.packages.record import (
        base_of,
        files_of,
        has_record,
        installer_of,
        is_within,
        unlisted_files,
    )
    from inventree_plugins.packages.satisfaction import applying, missing_requirements, unmet
    from inventree_plugins.packages.staging import staged_distributions
    from inventree_plugins.packages.top_level import modules_brought, shared_modules

__all__ = [
    "TOOLS",
    "Checkout",
    "DirectUrl",
    "InstallRequest",
    "Installer",
    "PipInstaller",
    "ResolvedPackage",
    "Staged",
    "applying",
    "base_of",
    "brought_by_plugins",
    "diagnose",
    "direct_url",
    "entry_points_elsewhere",
    "files_of",
    "has_record",
    "installed_distributions",
    "installer_of",
    "is_virtual",
    "is_within",
    "missing_requirements",
    "modules_brought",
    "needed_by_others",
    "normalize",
    "offers",
    "orphaned_by",
    "read_checkout",
    "read_direct_url",
    "read_metadata",
    "require_changeable",
    "shared_modules",
    "staged_distributions",
    "unlisted_files",
    "unmet",
    "why_needed",
]

# Imported when first named (PEP 562): most commands only list, and must not pay for installing.
_LATER = {
    "Checkout": "checkout",
    "DirectUrl": "provenance",
    "InstallRequest": "installer",
    "Installer": "installer",
    "PipInstaller": "pip",
    "ResolvedPackage": "installer",
    "Staged": "installer",
    "TOOLS": "dependents",
    "applying": "satisfaction",
    "base_of": "record",
    "brought_by_plugins": "dependents",
    "diagnose": "diagnosis",
    "direct_url": "provenance",
    "entry_points_elsewhere": "groups",
    "files_of": "record",
    "has_record": "record",
    "installer_of": "record",
    "is_virtual": "permission",
    "is_within": "record",
    "missing_requirements": "satisfaction",
    "modules_brought": "top_level",
    "needed_by_others": "dependents",
    "offers": "pip",
    "orphaned_by": "dependents",
    "read_checkout": "checkout",
    "read_direct_url": "provenance",
    "require_changeable": "permission",
    "shared_modules": "top_level",
    "staged_distributions": "staging",
    "unlisted_files": "record",
    "unmet": "satisfaction",
    "why_needed": "dependents",
}


def __getattr__(name: str) -> object:
    """Import what only some commands need."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value
    return value
