"""Which InvenTree is meant: configuration with origins, source root, interpreter (SPEC §4)."""

from inventree_plugins.instance.interpreter import choose_interpreter, inspect_interpreter
from inventree_plugins.instance.model import Instance, InstanceOptions
from inventree_plugins.instance.resolve import resolve_instance

__all__ = [
    "Instance",
    "InstanceOptions",
    "choose_interpreter",
    "inspect_interpreter",
    "resolve_instance",
]
