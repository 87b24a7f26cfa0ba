"""Which InvenTree is meant: configuration with origins, source root, interpreter (SPEC §4).

The interpreter is a matter of its own, `instance.interpreter`: many commands never ask for it.
"""

from inventree_plugins.instance.model import Instance, InstanceOptions
from inventree_plugins.instance.resolve import resolve_instance

__all__ = ["Instance", "InstanceOptions", "resolve_instance"]
