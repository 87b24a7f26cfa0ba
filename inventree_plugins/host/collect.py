"""Import what the sources hold, in the server's order (SPEC §1)."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

from inventree_plugins.host.guard import Guard, record
from inventree_plugins.host.interface import Candidate, Failure, HostOptions
from inventree_plugins.host.modules import MODULES, Tried, unit_of
from inventree_plugins.host.roots import ROOTS, units_in, walk
from inventree_plugins.instance import Instance
from inventree_plugins.models import Distribution, Source
from inventree_plugins.packages import installed_distributions
from inventree_plugins.sdk import InvenTreePlugin, PluginError
from inventree_plugins.sdk.names import name_of, slug_of

__all__ = ["IMPORTING", "Collector"]

# What Django imports of an app when it is installed.
DJANGOS_OWN = frozenset({"admin", "migrations", "models"})
TOO_EARLY = frozenset({"AppRegistryNotReady", "ImproperlyConfigured"})
Load = Callable[[], list[type[InvenTreePlugin]]]
# Two hosts may have plugins in common.
IMPORTING = threading.RLock()
SAMPLES = "inventree_plugins.samples"


class Found(NamedTuple):
    """A class on its way to be a candidate."""

    cls: type[InvenTreePlugin]
    source: Source
    distribution: Distribution | None = None
    # Named by an entry point or the server: then a class without NAME is an error, else it is no plugin.
    is_named: bool = False
    is_old: bool = False


class Collector:
    """Collects plugin classes, once; what was imported before is imported anew where it has changed."""

    def __init__(
        self,
        instance: Instance,
        options: HostOptions,
        guard: Guard,
        *,
        on_exchange: Callable[[], None],
        held: frozenset[str] = frozenset(),
    ) -> None:
        # Called before modules are taken out; `held` are units that stay as they are, though they changed.
        self._on_exchange = on_exchange
        self._held = held
        self._instance = instance
        self._options = options
        self._guard = guard
        self._failures: list[Failure] = []
        # Units that go on with the code they had: it failed, or cannot be loaded twice.
        self._old: set[str] = set()
        self._fixed: set[str] = set()
        # The units of this time.
        self._tried: dict[str, Tried] = {}

    def collect(self) -> tuple[dict[str, Candidate], tuple[Failure, ...]]:
        """Return one candidate a slug, and what could not be imported.

        A unit that worked and cannot be imported any more stays as it was. The caller holds `IMPORTING`.
        """
        importlib.invalidate_caches()
        found = list(self._found())
        # Of those that cannot be exchanged the old state is kept, so that they are told of each time.
        MODULES.note({unit: tried for unit, tried in self._tried.items() if unit not in self._fixed})
        return self._by_slug(_each_once(found)), tuple(self._failures)

    def _found(self) -> Iterator[Found]:
        root = self._instance.source_root.value
        debug = self._instance.debug.value if self._options.debug is None else self._options.debug
        if root is not None:
            yield from self._directory(root / "plugin" / "builtin", Source.BUILTIN, name="plugin.builtin")
        for package in self._options.builtins:
            yield from self._package(package, Source.BUILTIN)
        if self._instance.plugins_enabled.value:
            if debug:
                if root is not None:
                    yield from self._directory(
                        root / "plugin" / "samples", Source.SAMPLE, name="plugin.samples"
                    )
                yield from self._package(SAMPLES, Source.SAMPLE)
            for directory in self._instance.plugin_dirs.value:
                yield from self._directory(directory, Source.DIRECTORY)
            for distribution in installed_distributions(tuple(map(Path, sys.path))):
                if distribution.entry_points:
                    yield from self._distribution(distribution)
        for each in self._options.plugins:
            yield from self._given(each)

    # Where classes come from.

    def _directory(self, directory: Path, source: Source, *, name: str | None = None) -> Iterator[Found]:
        if not directory.is_dir():
            if source is Source.DIRECTORY and not self._is_optional(directory):
                error = FileNotFoundError(f"there is no plugin directory `{directory}`")
                self._failures.append(record(error, None, "import", module=directory.name))
            return
        with self._guard.calling(None, "import", module=directory.name) as attempt:
            name = ROOTS.name_of(directory, name)
        self._keep(attempt.failure, directory / "__init__.py")
        if attempt and name is not None:
            yield from self._units(name, source)

    def _is_optional(self, directory: Path) -> bool:
        """Tell whether it is a directory that nobody named."""
        root = self._instance.source_root.value
        return self._instance.standalone or (root is not None and directory == root / "plugins")

    def _package(self, name: str, source: Source) -> Iterator[Found]:
        with self._guard.calling(None, "import", module=name) as attempt:
            importlib.import_module(name)
        self._keep(attempt.failure)
        if attempt:
            yield from self._units(name, source)

    def _units(self, root: str, source: Source) -> Iterator[Found]:
        classes: list[type[InvenTreePlugin]] = []
        units: list[tuple[str, bool]] = []
        with self._guard.calling(None, "import", module=root) as attempt:
            classes = _classes(vars(sys.modules[root]))
            units = list(units_in(root))
        self._keep(attempt.failure)
        loads = {unit: partial(self._load, root, unit, is_package) for unit, is_package in units}
        classes += self._renewed(loads)
        for cls in classes:
            yield Found(cls, source)

    def _load(self, root: str, unit: str, is_package: bool) -> list[type[InvenTreePlugin]]:  # noqa: FBT001 - given to partial
        """Import the modules of a unit and return their plugin classes."""
        classes: list[type[InvenTreePlugin]] = []
        for name in walk(unit, is_package=is_package):
            with self._guard.calling(None, "import", module=name) as attempt:
                classes += _classes(vars(importlib.import_module(name)))
            if attempt.failure is not None and not _awaits_its_app(name, unit, attempt.failure):
                self._keep(attempt.failure, _file_of(name, root))
        return classes

    def _distribution(self, distribution: Distribution) -> Iterator[Found]:
        units: dict[str, list[tuple[str, str]]] = {}
        for each in distribution.entry_points:
            units.setdefault(unit_of(each.module), []).append((each.module, each.attr))
        for unit, points in units.items():
            load = partial(self._load_points, points, distribution)
            for cls in self._renewed({unit: load}):
                is_old = unit in self._old | self._fixed
                yield Found(cls, Source.PACKAGE, distribution, is_named=True, is_old=is_old)
            self._note_as(unit, unit_of(points[0][0]))

    def _load_points(
        self, points: list[tuple[str, str]], distribution: Distribution
    ) -> list[type[InvenTreePlugin]]:
        classes: list[type[InvenTreePlugin]] = []
        for module, attribute in points:
            with self._guard.calling(None, "import", module=f"{module}:{attribute}") as attempt:
                classes.append(_named(module, attribute))
            self._keep(attempt.failure, distribution=distribution)
        return classes

    def _given(self, given: type | str) -> Iterator[Found]:
        """Yield a class that the server brings along, imported where it is given by name."""
        if isinstance(given, str):
            module, _, attribute = given.partition(":")
            load = partial(self._load_given, module, attribute)
            unit = unit_of(module)
            found = self._renewed({unit: load})
            self._note_as(unit, unit_of(module))
        else:
            found = [given]
        for cls in found:
            owner = self._owner_of(cls)
            yield Found(cls, Source.PACKAGE if owner else Source.DIRECTORY, owner, is_named=True)

    def _owner_of(self, cls: type) -> Distribution | None:
        """Return the distribution whose entry point leads to the package of a class that was given."""
        unit = unit_of(cls.__module__)
        return next(
            (
                each
                for each in installed_distributions(map(Path, sys.path))
                if any(unit_of(point.module) == unit for point in each.entry_points)
            ),
            None,
        )

    def _load_given(self, module: str, attribute: str) -> list[type[InvenTreePlugin]]:
        with self._guard.calling(None, "import", module=f"{module}:{attribute}") as attempt:
            if attribute:
                return [_named(module, attribute)]
            return list(_classes(vars(importlib.import_module(module))))
        self._keep(attempt.failure)
        return []

    def _note_as(self, unit: str, better: str) -> None:
        """Note a unit under the name that only importing it told: that of a package in a namespace."""
        if better != unit and unit in self._tried:
            self._tried[better] = self._tried.pop(unit)

    # What is done with them.

    def _renewed(self, loads: Mapping[str, Load]) -> list[type[InvenTreePlugin]]:
        """Return the classes of units, imported anew where they, or what they import from, have changed.

        All that is exchanged is taken out before anything is imported, so that nobody binds what goes.
        """
        exchanged = self._to_exchange(loads)
        if exchanged:
            self._on_exchange()
        for unit in exchanged:
            MODULES.take_out(unit)
        found, new = {}, set()
        for unit, load in loads.items():
            found[unit], failed = self._loaded(load)
            self._tried[unit] = Tried(failed, again=unit in self._held)
            if unit in exchanged and failed - MODULES.tried(unit).failed:
                new.add(unit)
        for unit in self._put_back(new, exchanged):
            told = len(self._failures)
            found[unit] = loads[unit]()
            del self._failures[told:]
            self._tried[unit] = MODULES.tried(unit)
        self._old |= {unit for unit in loads if unit in self._tried and self._tried[unit].again}
        return [cls for classes in found.values() for cls in classes]

    def _to_exchange(self, loads: Mapping[str, Load]) -> frozenset[str]:
        """Return the units to be imported anew; tell of those that changed and cannot be."""
        changed = {unit for unit in loads if MODULES.changed(unit)}
        if not changed and not any(MODULES.tried(unit).again for unit in loads):
            return frozenset()
        from inventree_plugins.host.dependents import with_dependents  # noqa: PLC0415 - not for a boot

        changed |= {unit for unit in loads if MODULES.tried(unit).again}
        fixed = {unit for unit in changed if MODULES.is_fixed(unit)}
        for unit in sorted(fixed):
            error = PluginError("its code has changed, but models cannot be loaded twice: restart")
            self._failures.append(record(error, None, "app", module=unit))
        self._fixed |= fixed
        return with_dependents(changed - fixed, loads) - fixed - self._held

    @staticmethod
    def _put_back(failed: set[str], exchanged: frozenset[str]) -> list[str]:
        """Put back what failed that did not before, and what imports from it; return what was put back."""
        if not failed:
            return []
        from inventree_plugins.host.dependents import with_dependents  # noqa: PLC0415 - as above

        return [unit for unit in sorted(with_dependents(failed, exchanged)) if MODULES.put_back(unit)]

    def _loaded(self, load: Load) -> tuple[list[type[InvenTreePlugin]], frozenset[str]]:
        """Return the classes of a unit, and the modules that failed."""
        before = len(self._failures)
        classes = load()
        return classes, frozenset(each.module or "" for each in self._failures[before:])

    def _keep(
        self, failure: Failure | None, file: Path | None = None, *, distribution: Distribution | None = None
    ) -> None:
        """Keep a failure, with the slug that reading alone tells."""
        if failure is None:
            return
        from inventree_plugins.host.suspects import suspect  # noqa: PLC0415 - few boots have any

        slug = suspect(failure, file=file, distribution=distribution)
        self._failures.append(failure._replace(slug=slug))

    def _by_slug(self, found: Iterable[Found]) -> dict[str, Candidate]:
        """Return the candidates by slug: of two, the later one, and the other one is told of (SPEC §1)."""
        candidates: dict[str, Candidate] = {}
        for each in found:
            candidate: Candidate | None = None
            label = f"{each.cls.__module__}:{each.cls.__qualname__}"
            with self._guard.calling(None, "identity", module=label) as attempt:
                candidate = _candidate(each, label)
            if attempt.failure is not None:
                self._failures.append(attempt.failure)
            if not attempt or candidate is None:
                continue
            slug = candidate.slug
            hidden = candidates.pop(slug, None)
            if hidden is not None:
                place = f"{hidden.cls.__module__}:{hidden.cls.__qualname__}"
                error = PluginError(f"`{label}` hides `{place}`, which has the same key", plugin=slug)
                self._failures.append(record(error, slug, "collision", module=place))
            candidates[slug] = candidate
        return candidates


def _awaits_its_app(module: str, unit: str, failure: Failure) -> bool:
    """Tell whether Django refused a module that is its own to import, as soon as the app is installed."""
    inside = module.removeprefix(unit).split(".")[1:2]
    if not DJANGOS_OWN.issuperset(inside or [""]):
        return False
    kind = type(failure.error)
    is_too_early = kind.__module__ == "django.core.exceptions" and kind.__name__ in TOO_EARLY
    return is_too_early or (kind is RuntimeError and "INSTALLED_APPS" in failure.message)


def _classes(names: dict[str, Any]) -> list[type[InvenTreePlugin]]:
    """Return the plugin classes among a module's names (SPEC §1)."""
    wanted = names.get("__all__")
    values = [names[each] for each in wanted if each in names] if wanted is not None else list(names.values())
    return [each for each in values if _is_plugin(each) and _is_current(each)]


def _is_current(cls: type[InvenTreePlugin]) -> bool:
    """Tell whether the class is what its own module has under its name, not what it had before a reload."""
    value: Any = sys.modules.get(cls.__module__)
    for name in cls.__qualname__.split("."):
        value = getattr(value, "__dict__", {}).get(name)
    return value is cls or not _is_plugin(value)


def _candidate(found: Found, label: str) -> Candidate | None:
    """Return the candidate, None for a class that is no plugin; raise PluginError for one without a key."""
    cls = found.cls
    name = name_of(cls)
    if not name and not found.is_named:
        return None
    slug = slug_of(cls)
    if not slug:
        what = f"no key can be made of the name `{name}`" if name else f"`{label}` has no `NAME`"
        raise PluginError(what)
    return Candidate(slug, name, _bounds(cls), cls, found.source, found.distribution, found.is_old)


def _bounds(cls: type[InvenTreePlugin]) -> tuple[str | None, str | None]:
    low, high = cls.MIN_VERSION, cls.MAX_VERSION
    return (str(low) if low else None, str(high) if high else None)


def _is_plugin(value: object) -> bool:
    # By the type itself: what only says that it is a class, as a mock does, cannot be asked for its bases.
    is_class = issubclass(type(value), type)
    return is_class and value is not InvenTreePlugin and issubclass(cast("type", value), InvenTreePlugin)


def _named(module: str, attribute: str) -> type[InvenTreePlugin]:
    value: Any = importlib.import_module(module)
    for name in attribute.split(".") if attribute else ():
        value = getattr(value, name)
    if not _is_plugin(value):
        raise TypeError(f"`{module}:{attribute}` is no plugin class, but {value!r:.80}")
    found: type[InvenTreePlugin] = value
    return found


def _each_once(found: list[Found]) -> Iterator[Found]:
    """Drop a class seen before: the first way to it stays, but a package beats a directory."""
    # By identity: the hash of a class is its metaclass's code.
    packaged = {id(each.cls) for each in found if each.source is Source.PACKAGE}
    seen: set[int] = set()
    for each in found:
        own = id(each.cls)
        if own not in seen and (own in packaged) is (each.source is Source.PACKAGE):
            seen.add(own)
            yield each


def _file_of(module: str, root: str) -> Path | None:
    """Return the file of a module below a package, which itself may not be importable."""
    for folder in getattr(sys.modules.get(root), "__path__", ()):
        path = Path(folder, *module.removeprefix(f"{root}.").split("."))
        found = path / "__init__.py" if path.is_dir() else path.with_name(f"{path.name}.py")
        if found.is_file():
            return found
    return None
