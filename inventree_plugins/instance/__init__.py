"""Which InvenTree is meant: configuration with origins, source root, interpreter (SPEC §4).

The interpreter is a matter of its own, `instance.interpreter`: many commands never ask for it.
"""

from inventree_plugins.instance.model import (
    DISTRIBUTION_PACKAGE_ORIGIN,
    STANDALONE_ORIGIN,
    Instance,
    InstanceOptions,
    Mandatory,
)
from inventree_plugins.instance.resolve import resolve_instance

__all__ = [
    "DISTRIBUTION_PACKAGE_ORIGIN",
    "STANDALONE_ORIGIN",
    "Instance",
    "InstanceOptions",
    "Mandatory",
    "resolve_instance",
]
