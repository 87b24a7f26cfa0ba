"""What `validate` is asked to look at: a slug, a package, a file, a folder, a checkout, or everything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from inventree_plugins.anatomy import Anatomy
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.survey import Survey, places_of
from inventree_plugins.discovery import FactsCache, Places, discover, examine, package_folder
from inventree_plugins.errors import PluginNotFoundError, UsageError
from inventree_plugins.models import Distribution, EntryPoint, Plugin, Problem, Source
from inventree_plugins.packages import (
    entry_points_elsewhere,
    installed_distributions,
    normalize,
    read_checkout,
)
from inventree_plugins.vocabulary import ENTRY_POINT_GROUP

__all__ = [
    "Target",
    "anatomy_of",
    "directory_of",
    "find_target",
    "path_of",
    "plugin_target",
    "whole_instance",
]

ARCHIVES = (".whl", ".zip", ".egg")
# Groups that have nothing to do with plugins, whatever is in them.
OTHER_GROUPS = ("console_scripts", "gui_scripts", "distutils.", "setuptools.", "egg_info.", "pytest11")


class Target(NamedTuple):
    """One thing to be checked: what to call it, and where its plugins are.

    `slug` restricts it to one plugin, `path` is the file or folder that was named. `import_path` and
    `plugin_dir` are what loading its plugins needs beside the interpreter's own path. `problems` were found
    on the way; `is_whole` marks everything that the instance has.
    """

    label: str
    places: Places
    slug: str | None = None
    path: Path | None = None
    import_path: tuple[Path, ...] = ()
    plugin_dir: Path | None = None
    problems: tuple[Problem, ...] = ()
    is_whole: bool = False


def whole_instance(places: Places) -> Target:
    """Return the target that is everything but the server's own plugins."""
    problems = tuple(
        _wrong_group(each, distribution)
        for distribution in places.distributions
        for each in entry_points_elsewhere(distribution)
        if _is_meant(each.group)
    )
    return Target("", places._replace(builtin=False), problems=problems, is_whole=True)


def find_target(name: str, places: Places, survey: Survey | None) -> Target:
    """Return what a person named: with a slash a path, else a slug, a package or a path, in this order.

    `places` are those of the instance. Raises PluginNotFoundError, and UsageError for an empty name.
    """
    if not name:
        raise UsageError("an empty name cannot be checked", hint="`.` is the folder you are in")
    path = path_of(name)
    is_path = os.sep in name or name in {".", ".."}
    if not is_path and survey is not None:
        target = plugin_target(name, places, survey) or _package_target(name, places, survey)
        if target is not None:
            return target
    if path.exists():
        return _path_target(name, path.resolve(), places)._replace(path=path.resolve())
    what = "no such file or folder" if is_path else "nothing installed, and no file or folder, is called so"
    hint = None if is_path else "`invplug list` shows what there is"
    raise PluginNotFoundError(f"cannot check `{name}`: {what}", hint=hint, slug=None if is_path else name)


def path_of(name: str) -> Path:
    """Return a path as it was typed, with the home folder it may begin with."""
    return Path(os.path.expanduser(name))  # noqa: PTH111 - pathlib's raises where there is no such user


def plugin_target(slug: str, places: Places, survey: Survey) -> Target | None:
    """Return the target that is one plugin of the instance, None where nothing provides it."""
    plugin = next((each for each in survey.discovery.plugins if each.slug == slug), None)
    if plugin is None:
        return None
    if plugin.distribution is not None:
        return _of_distribution(slug, plugin.distribution, places)._replace(slug=slug)
    if plugin.source is not Source.DIRECTORY:
        return Target(slug, _alone(places)._replace(builtin=True), slug=slug)
    directory = directory_of(plugin, places)
    return Target(slug, _alone(places)._replace(directories=(directory,)), slug=slug, plugin_dir=directory)


def anatomy_of(context: Context, survey: Survey, slug: str) -> Anatomy | None:
    """Look closely at one plugin of the instance; None where nothing provides it."""
    target = plugin_target(slug, places_of(context, survey), survey)
    if target is None:
        return None
    cache = FactsCache(context.cache_file) if context.use_cache else None
    anatomies = examine(target.places, cache=cache).anatomies
    return next((each for each in anatomies if each.plugin.slug == slug), None)


def directory_of(plugin: Plugin, places: Places) -> Path:
    """Return the plugin directory that a plugin's file lies in."""
    return next((each for each in places.directories if plugin.path.is_relative_to(each)), plugin.path.parent)


def _package_target(name: str, places: Places, survey: Survey) -> Target | None:
    key = normalize(name)
    distribution = next((each for each in survey.distributions if each.key == key), None)
    return None if distribution is None else _of_distribution(name, distribution, places)


def _of_distribution(name: str, distribution: Distribution, places: Places) -> Target:
    elsewhere = entry_points_elsewhere(distribution)
    return _with_entry_points(Target(name, _alone(places)), distribution, elsewhere)


def _with_entry_points(
    target: Target, distribution: Distribution, elsewhere: tuple[EntryPoint, ...]
) -> Target:
    """Add a distribution's plugins; those in a wrong group too, when there are no others."""
    misplaced = tuple(each for each in elsewhere if _is_misplaced(each, distribution, target.places))
    problems = [_wrong_group(each, distribution) for each in misplaced]
    if not distribution.entry_points:
        distribution = distribution._replace(
            entry_points=tuple(each._replace(group=ENTRY_POINT_GROUP) for each in misplaced)
        )
        # Entry points that only running setup.py would tell are not missing.
        if not misplaced and not target.problems:
            problems.append(_no_entry_point(distribution))
    return target._replace(
        places=target.places._replace(distributions=(distribution,)),
        problems=(*target.problems, *problems),
    )


def _is_misplaced(entry_point: EntryPoint, distribution: Distribution, places: Places) -> bool:
    """Tell whether an entry point was meant to name a plugin, by its group's name or because it does."""
    if _is_meant(entry_point.group):
        return True
    if not entry_point.attr or entry_point.group.startswith(OTHER_GROUPS):
        return False
    alone = distribution._replace(entry_points=(entry_point._replace(group=ENTRY_POINT_GROUP),))
    return bool(discover(places._replace(distributions=(alone,))).plugins)


def _is_meant(group: str) -> bool:
    letters = "".join(char for char in group.lower() if char.isalpha())
    return group != ENTRY_POINT_GROUP and letters in {"inventreeplugins", "inventreeplugin", "inventree"}


def _path_target(name: str, path: Path, places: Places) -> Target:
    alone = _alone(places)
    if path.is_file() and path.suffix in ARCHIVES:
        return _archive_target(name, path, alone)
    if path.is_file():
        top = package_folder(path, directories=())
        return Target(name, alone._replace(modules=(path,)), import_path=(top.parent,) if top else ())
    checkout = read_checkout(path)
    if checkout is None:
        return Target(name, alone._replace(directories=(path,)), plugin_dir=path)
    import_path = (*checkout.import_path, *places.import_path)
    target = Target(
        name,
        alone._replace(import_path=import_path, packages=tuple(checkout.packages.items())),
        import_path=checkout.import_path,
        problems=checkout.problems,
    )
    elsewhere = tuple(each for each in checkout.entry_points if each.group != ENTRY_POINT_GROUP)
    target = _with_entry_points(target, checkout.distribution, elsewhere)
    if target.places.distributions[0].entry_points:
        return target
    # A repository that is copied into a plugin directory as it is.
    return target._replace(places=target.places._replace(directories=(path,)), plugin_dir=path)


def _archive_target(name: str, path: Path, alone: Places) -> Target:
    target = Target(name, alone._replace(import_path=(path, *alone.import_path)), import_path=(path,))
    found = installed_distributions((path,))
    if not found:
        problem = Problem("unreadable-file", f"`{path.name}` holds no distribution", "error", path=path)
        return target._replace(problems=(problem,))
    return _of_distribution(name, found[0], target.places)._replace(import_path=(path,))


def _alone(places: Places) -> Places:
    """Return places without any plugins, for a target to add its own."""
    return places._replace(builtin=False, directories=(), distributions=(), modules=())


def _wrong_group(entry_point: EntryPoint, distribution: Distribution) -> Problem:
    return Problem(
        "wrong-group",
        f"entry point `{entry_point.name}` of `{distribution.name}` is in the group `{entry_point.group}`,"
        " where the server does not look",
        "error",
        hint=f"move it to the group `{ENTRY_POINT_GROUP}`",
        path=distribution.info,
    )


def _no_entry_point(distribution: Distribution) -> Problem:
    return Problem(
        "no-entry-point",
        f"`{distribution.name}` has no entry point in the group `{ENTRY_POINT_GROUP}`:"
        " as a package it brings no plugin",
        "error",
        path=distribution.info,
    )
