"""What `install` refuses though an installer would do it."""

from __future__ import annotations

from collections.abc import Iterable

from inventree_plugins.commands.applying import Installed, Prepared
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.staged_plugins import knows_server, refused
from inventree_plugins.commands.survey import take_survey
from inventree_plugins.errors import InstallError
from inventree_plugins.packages import normalize, staged_distributions

__all__ = ["refuse_unfit", "require_plugins", "require_staged_plugins"]


def require_staged_plugins(prepared: Prepared) -> None:
    """Raise InstallError for a requested package that brings no plugin; a dry run unpacks none."""
    if prepared.staged is not None:
        requested = {normalize(each.name) for each in prepared.packages if each.requested}
        staged = staged_distributions(prepared.staged.tree)
        require_plugins((each.name, bool(each.entry_points)) for each in staged if each.key in requested)


def refuse_unfit(context: Context, prepared: Prepared, installed: Installed) -> None:
    """Raise InstallError for a newer release that the server would refuse, and so disable for good."""
    if prepared.staged is None or not knows_server(context):
        return
    replaced = [each for package in prepared.packages if (each := installed.find(package.name)) is not None]
    found = refused(context, take_survey(context), prepared.staged.tree, replaced) if replaced else ()
    if found:
        raise InstallError(
            f"`{found[0].key}` {found[0].version} is not for this server: {found[0].reason}",
            code="install-unfit",
            hint=f"`invplug upgrade {found[0].key}` looks for the newest release that is",
            names=(found[0].key,),
        )


def require_plugins(packages: Iterable[tuple[str, bool]]) -> None:
    """Raise InstallError for a package that brings no plugin."""
    for name, has_plugins in packages:
        if not has_plugins:
            raise InstallError(
                f"`{name}` has no `inventree_plugins` entry point, so it brings no plugin",
                code="install-no-plugin",
                hint="without `--require-plugin` it is installed all the same",
                names=(normalize(name),),
            )
