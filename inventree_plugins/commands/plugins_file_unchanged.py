"""Whether plugins.txt is still what a plan was made for."""

from __future__ import annotations

from inventree_plugins.errors import PluginsFileError
from inventree_plugins.requirements import PluginsFile, read_plugins_file

__all__ = ["require_unchanged"]


def require_unchanged(file: PluginsFile) -> None:
    """Raise PluginsFileError where somebody edited the file since it was read, as the web interface may."""
    if read_plugins_file(file.path).text != file.text:
        raise PluginsFileError(
            f"`{file.path}` was changed while packages were fetched: nothing was installed or removed",
            hint="run the command again",
            path=file.path,
        )
