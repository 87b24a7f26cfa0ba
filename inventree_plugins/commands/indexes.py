"""Package indexes of the command line: for the installer with their passwords, for plugins.txt without."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inventree_plugins.commands.context import Context
from inventree_plugins.models import Problem
from inventree_plugins.packages import ResolvedPackage, offers
from inventree_plugins.process import run
from inventree_plugins.requirements import (
    PluginsFile,
    Sources,
    expand_variables,
    option_lines,
    remember_sources,
    without_password,
)

__all__ = ["NO_SOURCES", "SourceLines", "Sources", "in_both", "remember", "source_lines"]

NO_SOURCES = Sources()


@dataclass(frozen=True, slots=True)
class SourceLines:
    """Sources as lines of a requirements file; URLs with a user stand in `secrets`, by the variable there."""

    lines: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def source_lines(sources: Sources) -> SourceLines:
    """Say to an installer where to look, so that no password reaches a file or a command line."""
    lines: list[str] = []
    secrets: dict[str, str] = {}
    named = [("--index-url", sources.index_url)] if sources.index_url else []
    for option, value in (
        *named,
        *(("--extra-index-url", each) for each in sources.extra_index_urls),
        *(("--find-links", each) for each in sources.find_links),
    ):
        if "://" not in value:
            lines.append(f"{option} {shlex.quote(str(Path.cwd() / value))}")
        elif without_password(value) == value:
            lines.append(f"{option} {value}")
        else:
            name = f"INVPLUG_SOURCE_{len(secrets)}"
            secrets[name] = value
            lines.append(f"{option} ${{{name}}}")
    return SourceLines(tuple(lines), secrets)


def remember(file: PluginsFile, text: str, sources: Sources) -> tuple[str, tuple[Problem, ...]]:
    """Return the text of plugins.txt with the sources, and what there is to say about it.

    Raises UsageError for what is no URL, and PluginsFileError.
    """
    if sources == NO_SOURCES:
        return text, ()
    remembered = remember_sources(PluginsFile(file.path, text, exists=True), sources, cwd=Path.cwd())
    if not remembered.password_left_out:
        return remembered.text, ()
    return remembered.text, (
        Problem(
            "password-not-kept",
            f"`{file.path}` keeps the index without its password",
            hint="give it to the next installation in ~/.netrc or a keyring, or write `${NAME}` for it in the"
            " URL there and set that variable",
            path=file.path,
        ),
    )


def in_both(
    context: Context, file: PluginsFile, sources: Sources, packages: tuple[ResolvedPackage, ...]
) -> Iterator[Problem]:
    """Report requested packages that several indexes have, when the command line named an index.

    An installer takes the highest version, wherever it is: whoever can publish the name elsewhere is trusted.
    """
    if not (sources.index_url or sources.extra_index_urls):
        return
    places = _places(file, sources)
    for package in packages:
        if not package.requested or " @ " in package.line:
            continue
        found = [
            shown for shown, url in places.items() if offers(context.interpreter, package.name, url, run)
        ]
        if len(found) > 1:
            yield Problem(
                "name-on-both-indexes",
                f"`{package.name}` is on {' and on '.join(found)}: the higher version wins",
                hint="make the private index the only one with `--index-url`, or declare it with a hash",
            )


def _places(file: PluginsFile, sources: Sources) -> dict[str, str | None]:
    """Return the indexes that are asked, as they may be shown, the main one first."""
    main, extras = _index_urls(file)
    main = sources.index_url or main
    places: dict[str, str | None] = {f"`{without_password(main)}`" if main else "the main index": main}
    for url in (*extras, *sources.extra_index_urls):
        places[f"`{without_password(url)}`"] = url
    return places


def _index_urls(file: PluginsFile) -> tuple[str | None, tuple[str, ...]]:
    """Return the index and the extra ones that plugins.txt names, as pip reads it: the last index counts."""
    main: str | None = None
    extras: list[str] = []
    for line in option_lines(file):
        name, _, value = line.partition(" ")
        url = expand_variables("".join(shlex.split(value)))
        if name == "--index-url":
            main, extras = url, []
        elif name == "--extra-index-url":
            extras.append(url)
    return main, tuple(extras)
