"""All places to one list of plugins: the server's order, later wins, nobody hidden unnoticed (SPEC §1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache as remember
from pathlib import Path
from typing import TypeAlias

from inventree_plugins.collection import without_collection
from inventree_plugins.discovery.cache import FactsCache
from inventree_plugins.discovery.candidates import Candidate, Found
from inventree_plugins.discovery.directories import directory_candidates, module_candidates
from inventree_plugins.discovery.editable import editable_modules
from inventree_plugins.discovery.entry_points import package_candidates
from inventree_plugins.discovery.folders import package_folder
from inventree_plugins.discovery.identity import identify
from inventree_plugins.discovery.installed import InstalledVersions
from inventree_plugins.discovery.locations import Editable, Location
from inventree_plugins.discovery.metadata import describe
from inventree_plugins.discovery.module_refs import Modules
from inventree_plugins.discovery.modules import Finder, Library
from inventree_plugins.discovery.places import Places
from inventree_plugins.discovery.resolve import Resolver
from inventree_plugins.discovery.snapshot import State
from inventree_plugins.models import Discovery, Plugin, Problem, Source

__all__ = ["Identity", "Search", "collect", "discover", "identity_of", "search"]


def discover(places: Places, *, cache: FactsCache | None = None) -> Discovery:
    """Find the plugins of all places by reading alone; a cache saves parsing what has not changed."""
    return search(places, cache=cache)[0]


def search(places: Places, *, cache: FactsCache | None = None) -> tuple[Discovery, Mapping[str, State]]:
    """Find the plugins of all places, and tell the state of every file and folder that was looked at."""
    library = Library(cache)
    # With 1,000 plugins the collector would take two thirds of the time, and more than its share with 2,000.
    with without_collection():
        result = _search(places, library)
    if cache is not None:
        cache.save()
    return result, library.seen


def _search(places: Places, library: Library) -> Discovery:
    search = Search(places, library)
    found, _ = collect(search, places)
    search.forget()
    return found


Identity: TypeAlias = tuple[Path, int, str]


def collect(search: Search, places: Places) -> tuple[Discovery, Mapping[Identity, Candidate]]:
    """Return what the sources hold, and the candidate that each plugin was made of."""
    candidates: list[Candidate] = []
    problems: list[Problem] = list(search.torn_distributions())
    for found in search.sources():
        candidates += found.candidates
        problems += found.problems
    plugins: list[Plugin] = []
    by_plugin: dict[Identity, Candidate] = {}
    for candidate in _each_once(candidates):
        result = _described(candidate, places)
        if isinstance(result, Problem):
            problems.append(result)
        else:
            plugins.append(result)
            by_plugin[identity_of(result)] = candidate
    return Discovery(tuple(_winners(plugins)), tuple(problems)), by_plugin


def identity_of(plugin: Plugin) -> Identity:
    """Return what tells a plugin's class from all others."""
    return plugin.path, plugin.line, plugin.class_name


class Search:
    """The sources of a set of places, over one library."""

    def __init__(self, places: Places, library: Library) -> None:
        self._places = places
        self._library = library
        self._editable = remember(lambda: _mapped(library, places))
        self._resolvers: list[Resolver] = []
        self._versions = InstalledVersions(
            places.distributions, library=library, import_path=places.import_path
        )

    def sources(self) -> Iterator[Found]:
        """Yield what each source holds, in the server's order (SPEC §1)."""
        root = self._places.source_root
        if root is not None and self._places.builtin:
            builtin = [
                ("builtin", Source.BUILTIN),
                *([("samples", Source.SAMPLE)] if self._places.samples else []),
            ]
            resolver = self._resolver()
            for name, source in builtin:
                yield self._directory(root / "plugin" / name, f"plugin.{name}", source, resolver)
        for directory in self._places.directories:
            resolver = self._resolver(directory.parent, directory)
            yield self._directory(directory, directory.name, Source.DIRECTORY, resolver)
        for path in self._places.modules:
            top = package_folder(path, directories=())
            home = top.parent if top else path.parent
            yield module_candidates(path, home, resolver=self._resolver(home))
        if self._places.distributions:
            yield package_candidates(self._places.distributions, resolver=self._resolver())

    def torn_distributions(self) -> Iterator[Problem]:
        """Yield the distributions that lost their METADATA: the server loads their plugins all the same."""
        for distribution in self._places.distributions:
            path = str(distribution.info / "METADATA")
            if distribution.entry_points and distribution.info.suffix == ".dist-info":
                self._library.watch(path)
                if self._library.seen[path] is None and distribution.location.is_dir():
                    message = f"`{distribution.name}` has lost its METADATA; an installer takes it for whole"
                    hint = f"`pip install --force-reinstall {distribution.name}` with the server's Python"
                    yield Problem("no-metadata", message, hint=hint, path=distribution.info)

    def _directory(self, directory: Path, name: str, source: Source, resolver: Resolver) -> Found:
        return directory_candidates(directory, name, source=source, resolver=resolver, library=self._library)

    def _resolver(self, *first: Path) -> Resolver:
        root = (self._places.source_root,) if self._places.source_root else ()
        roots = tuple(dict.fromkeys(str(path) for path in (*root, *first, *self._places.import_path)))
        finder = Finder(self._library, roots, editable=self._editable)
        resolver = Resolver(Modules(self._library, finder), versions=self._versions)
        self._resolvers.append(resolver)
        return resolver

    def forget(self) -> None:
        """Free what was read at once, not when the collector comes round to it."""
        for resolver in self._resolvers:
            resolver.forget()
        self._library.forget()


def _mapped(library: Library, places: Places) -> Editable:
    """Return what editable installs map, and the packages of a checkout in folders of other names."""
    editable = editable_modules(library, places.import_path)
    named = {name: Location(str(folder / "__init__.py"), (str(folder),)) for name, folder in places.packages}
    return Editable({**named, **editable.first}, editable.last)


def _each_once(candidates: list[Candidate]) -> list[Candidate]:
    """Drop a class seen before: the first way to it stays, but a package beats a directory."""
    packaged = {each.cls.identity for each in candidates if each.source is Source.PACKAGE}
    seen: set[tuple[str, int]] = set()
    kept = []
    for candidate in candidates:
        identity = candidate.cls.identity
        if identity not in seen and (identity in packaged) is (candidate.source is Source.PACKAGE):
            seen.add(identity)
            kept.append(candidate)
    return kept


def _described(candidate: Candidate, places: Places) -> Plugin | Problem:
    candidate.resolver.restart()
    try:
        identity = identify(candidate, places)
        return identity if isinstance(identity, Problem) else describe(candidate, identity, places)
    except RecursionError:
        facts, path = candidate.cls.facts, Path(candidate.cls.module.path)
        message = f"`{facts.name}` nests too deeply to be read"
        return Problem("too-complex", message, severity="error", path=path, line=facts.line)


def _winners(plugins: list[Plugin]) -> Iterator[Plugin]:
    """Yield one plugin a slug; it carries those it hides, most recent first, and says so."""
    by_slug: dict[str, list[Plugin]] = {}
    for plugin in plugins:
        by_slug.setdefault(plugin.slug, []).append(plugin)
    for plugin in plugins:
        *losers, winner = by_slug[plugin.slug]
        if plugin is not winner:
            continue
        if losers:
            shadowed = tuple(reversed(losers))
            collisions = tuple(_collision(winner, loser) for loser in shadowed)
            yield winner._replace(shadowed=shadowed, problems=(*winner.problems, *collisions))
        else:
            yield winner


def _collision(winner: Plugin, loser: Plugin) -> Problem:
    return Problem(
        "slug-collision",
        f"two plugins claim `{winner.slug}`: {_place(winner)} hides {_place(loser)}",
        severity="error",
        hint="the server loads the later one, unnoticed; remove one of them",
        slug=winner.slug,
        path=winner.path,
        line=winner.line,
    )


def _place(plugin: Plugin) -> str:
    owner = f" of `{plugin.distribution.name}`" if plugin.distribution else ""
    return f"{plugin.source.value} `{plugin.module}:{plugin.class_name}`{owner} ({plugin.path}:{plugin.line})"
