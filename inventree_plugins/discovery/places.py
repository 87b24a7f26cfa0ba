"""Where discovery looks."""

import re
from pathlib import Path
from typing import NamedTuple

from inventree_plugins.models import Distribution

__all__ = ["Places"]

# The first server that reads NAME instead of PLUGIN_NAME and has no IntegrationPluginBase (SPEC §2).
_MODERN = (0, 8)


class Places(NamedTuple):
    """The places a server collects plugins from (SPEC §1), and the server's version when known.

    `source_root` is the folder with `manage.py`, `samples` is for debug mode only, a directory that is
    missing holds no plugins, and `import_path` is where the modules of packages are looked up.
    `server_version` decides between legacy and modern rules; without one the rules are modern and legacy
    plugins keep their slugs. `modules` are files looked at alone, outside any plugin directory. Without
    `builtin` the server's own plugins are not collected; its modules are found all the same. `packages` are
    names with the folders that they lie in, where those are called otherwise.
    """

    source_root: Path | None = None
    samples: bool = False
    directories: tuple[Path, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    import_path: tuple[Path, ...] = ()
    server_version: str | None = None
    modules: tuple[Path, ...] = ()
    builtin: bool = True
    packages: tuple[tuple[str, Path], ...] = ()

    @property
    def is_legacy(self) -> bool:
        """Tell whether the server is known to be older than 0.8."""
        return bool(self.server_numbers) and self.server_numbers < _MODERN

    @property
    def server_numbers(self) -> tuple[int, ...]:
        """Return the first two numbers of the server's version, none when it is not known."""
        return tuple(int(each[:9]) for each in re.findall(r"\d+", self.server_version or "")[:2])
