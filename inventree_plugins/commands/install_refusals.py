"""What `install` refuses though an installer would do it."""

from __future__ import annotations

from collections.abc import Iterable

from inventree_plugins.commands.applying import Installed, Prepared, take_installed
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.install_plan import Plan
from inventree_plugins.commands.install_terms import InstallOptions
from inventree_plugins.commands.staged_plugins import knows_server, refused
from inventree_plugins.commands.survey import take_survey
from inventree_plugins.errors import InstallError
from inventree_plugins.packages import installed_distributions, normalize, staged_distributions
from inventree_plugins.requirements import declarations

__all__ = ["refuse_prepared", "refuse_the_servers_own", "require_plugins"]


def refuse_the_servers_own(context: Context, plan: Plan) -> None:
    """Raise InstallError for a named package of the server's: in plugins.txt it would count as a plugin's."""
    named = {item.name for item in plan.wanted} - {item.name for item in declarations(plan.file)}
    found = [each for each in installed_distributions(context.interpreter.import_path) if each.key in named]
    if all(each.entry_points for each in found):
        return
    host = take_installed(context, declarations(plan.file)).host
    for each in found:
        if each.key in host.versions and not each.entry_points:
            raise InstallError(
                f"`{each.name}` {each.version} is the server's own package, not a plugin's",
                code="install-host-conflict",
                hint="`--allow-host-changes` lets plugins.txt decide about it",
                names=(each.key,),
            )


def refuse_prepared(
    context: Context, prepared: Prepared, installed: Installed, options: InstallOptions
) -> None:
    """Raise InstallError for what only the unpacked files of a package tell against it."""
    if options.require_plugin:
        _require_staged_plugins(prepared)
    if options.upgrade:
        _refuse_unfit(context, prepared, installed)


def _require_staged_plugins(prepared: Prepared) -> None:
    """Raise InstallError for a requested package that brings no plugin; a dry run unpacks none."""
    if prepared.staged is not None:
        requested = {normalize(each.name) for each in prepared.packages if each.requested}
        staged = staged_distributions(prepared.staged.tree)
        require_plugins((each.name, bool(each.entry_points)) for each in staged if each.key in requested)


def _refuse_unfit(context: Context, prepared: Prepared, installed: Installed) -> None:
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
