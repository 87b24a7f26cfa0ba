"""Which modules are the InvenTree server's, and what their names mean; they are known, not read (SPEC §2)."""

from __future__ import annotations

import sys
from functools import cache

from inventree_plugins.discovery.values import External
from inventree_plugins.vocabulary import BASE_CLASSES, BASE_MODULES, LEGACY_BASE_CLASSES, MIXINS

__all__ = [
    "is_base",
    "is_exported",
    "is_external",
    "is_legacy_base",
    "is_misspelt",
    "is_mixin",
    "is_sdk",
    "is_server_module",
    "is_translation",
]

# What people put before `plugin`, from the path of the file in the server's repository.
_PREFIXES = frozenset({"src", "backend", "inventree"})

# Namespaces of the environment that no plugin lives in: never read, even when they are installed.
_ENVIRONMENT = frozenset({"django", "rest_framework"})

_READ = ("plugin.builtin", "plugin.samples")
# The framework for hosts, which are no InvenTree servers.
_SDK = "inventree_plugins.sdk"


@cache
def is_server_module(module: str) -> bool:
    """Tell whether the module is, or lies in, the server's `plugin` package, also misspelt."""
    parts = module.split(".")
    if "plugin" not in parts:
        return False
    return all(part.lower() in _PREFIXES for part in parts[: parts.index("plugin")])


def is_sdk(module: str) -> bool:
    """Tell whether the module is, or lies in, invplug's own framework for plugins."""
    return module == _SDK or module.startswith(f"{_SDK}.")


@cache
def is_external(module: str) -> bool:
    """Tell whether the module is never read: the server's framework, Django, the standard library."""
    if is_sdk(module):
        return True
    if is_server_module(module):
        return not module.startswith(_READ) or module == "plugin.builtin.integration.mixins"
    top = module.partition(".")[0]
    return top in _ENVIRONMENT or top in sys.stdlib_module_names


def is_base(value: object) -> bool:
    """Tell whether the value is the plugin base class: the server's, or the one for hosts."""
    if not isinstance(value, External) or value.name not in BASE_CLASSES:
        return False
    return is_server_module(value.module) or is_sdk(value.module)


def is_legacy_base(value: External) -> bool:
    """Tell whether the base class is one that servers since 0.8 do not have."""
    return value.name in LEGACY_BASE_CLASSES or value.module == "plugin.integration"


def is_misspelt(value: External) -> bool:
    """Tell whether no server can import the base class from where the plugin does."""
    return value.module not in BASE_MODULES


def is_mixin(value: object) -> bool:
    """Tell whether the value is a mixin of the server, known, or new but by place and name one."""
    if not isinstance(value, External) or not (is_server_module(value.module) or is_sdk(value.module)):
        return False
    return value.name in MIXINS or (value.name.endswith("Mixin") and _is_mixins_module(value.module))


def _is_mixins_module(module: str) -> bool:
    return module.endswith(("mixins", ".integration")) or ".base." in f"{module}."


def is_exported(value: External) -> bool:
    """Tell whether `import *` brings the value: a base class or a mixin, from where the server has it."""
    is_own_mixin = is_mixin(value) and _is_mixins_module(value.module)
    return is_own_mixin or (is_base(value) and value.module in BASE_MODULES)


def is_translation(function: External) -> bool:
    """Tell whether the function marks its first argument for translation and gives it back."""
    return function.name.rstrip("_").removeprefix("u").startswith(("gettext", "_")) and (
        function.module.startswith(("django.utils.translation", "gettext"))
    )


def known(module: str, name: str) -> External | bool:
    """Return what a name of a module that is not read stands for: itself, or its value at run time."""
    if name == "TYPE_CHECKING" and module in {"typing", "typing_extensions"}:
        return False
    return External(module, name)
