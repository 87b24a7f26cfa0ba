"""What requirements of the command line mean, and how plugins.txt records them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from inventree_plugins.commands.applying import take_installed
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.markers import for_target
from inventree_plugins.errors import InstallError, PluginsFileError, RequirementError
from inventree_plugins.models import Declaration
from inventree_plugins.packages import applying, installed_distributions
from inventree_plugins.requirements import (
    Applies,
    PluginsFile,
    add,
    declarations,
    parse_requirement_argument,
    requires_hashes,
    without_password,
)

__all__ = ["recorded_arguments", "refuse_the_servers_own"]


def _refuse_password(asked: Declaration) -> None:
    """Raise RequirementError for a URL whose password plugins.txt would keep."""
    url = asked.url or asked.text
    if "://" in url and without_password(url) != url:
        raise RequirementError(
            f"`{without_password(url)}` was given with a password, which plugins.txt would keep",
            hint="put it into ~/.netrc, or write `${NAME}` for it and set that variable",
        )


def _says_which(asked: Declaration) -> bool:
    """Tell whether the requirement names a version or a place, not only a package."""
    requirement = asked.requirement
    return requirement is None or bool(requirement.specifier or requirement.url)


def _standing(
    context: Context, file: PluginsFile, name: str, *, says_which: bool
) -> tuple[Declaration | None, Applies | None]:
    """Return the line of plugins.txt that stands for a package, and which lines the target goes by.

    A package may have a line for each of several environments. Where none is for the target, the first line
    stands for it, which then is not applicable.
    """
    lines = tuple(item for item in declarations(file) if item.name == name)
    fitting = applying(lines, context.interpreter)
    standing = next(iter((*fitting, *lines)), None)
    if not fitting and not says_which:
        return standing, None  # a bare name means the line that is there, though it does not apply
    return standing, for_target(context)


def recorded_arguments(
    context: Context, file: PluginsFile, texts: Iterable[str]
) -> tuple[tuple[tuple[str, Declaration], ...], tuple[str, ...], str]:
    """Return what the command line's requirements mean, those to record, and the text that records them.

    A bare name stands for the line of plugins.txt that has it already, pin included.
    """
    arguments = []
    named: dict[str, str] = {}
    recorded = []
    current = file
    for text in texts:
        asked = parse_requirement_argument(text, cwd=Path.cwd())
        _refuse_password(asked)
        if asked.name and _says_which(asked):
            other = named.setdefault(asked.name, asked.text)
            if other != asked.text:
                raise RequirementError(f"`{other}` and `{asked.text}` cannot both be installed")
        which = _says_which(asked)
        applies = _standing(context, current, asked.name, says_which=which)[1] if asked.name else None
        new_text = add(current, [asked.text], applies=applies)
        if new_text != current.text:
            recorded.append(asked.text)
            current = PluginsFile(file.path, new_text, exists=True)
        standing = _standing(context, current, asked.name, says_which=which)[0] if asked.name else None
        if standing is not None and new_text != file.text:
            # As the file will read, extras and pins joined; but it does not stand there yet.
            standing = standing._replace(line=0)
        arguments.append((text, standing or asked))
    if recorded and requires_hashes(file):
        raise PluginsFileError(
            f"`{file.path}` has hashes, so pip wants one for every line: `{recorded[0]}` has none",
            hint="add the line by hand, with `--hash=sha256:…`, then `invplug install`",
            path=file.path,
        )
    return tuple(arguments), tuple(recorded), current.text


def refuse_the_servers_own(context: Context, file: PluginsFile, wanted: Iterable[Declaration]) -> None:
    """Raise InstallError for a named package of the server's: in plugins.txt it would count as a plugin's."""
    named = {item.name for item in wanted} - {item.name for item in declarations(file)}
    found = [each for each in installed_distributions(context.interpreter.import_path) if each.key in named]
    if all(each.entry_points for each in found):
        return
    host = take_installed(context, declarations(file)).host
    for each in found:
        if each.key in host.versions and not each.entry_points:
            raise InstallError(
                f"`{each.name}` {each.version} is the server's own package, not a plugin's",
                code="install-host-conflict",
                hint="`--allow-host-changes` lets plugins.txt decide about it",
                names=(each.key,),
            )
