"""Plugins of packages: the class that an entry point names (SPEC §1)."""

from __future__ import annotations

from pathlib import Path

from inventree_plugins.discovery import server
from inventree_plugins.discovery.candidates import Candidate, Found
from inventree_plugins.discovery.resolve import Resolver
from inventree_plugins.discovery.values import (
    MISSING,
    ClassRef,
    External,
    Module,
    ModuleRef,
    Scope,
    Unknown,
    Value,
)
from inventree_plugins.models import Distribution, EntryPoint, Problem, Source

__all__ = ["package_candidates"]

# Modules of a package that are read to learn whether one of them imports a submodule.
_MOST_MODULES = 50


def package_candidates(distributions: tuple[Distribution, ...], *, resolver: Resolver) -> Found:
    """Return the classes that the distributions' entry points name, and those that name none."""
    found = Found([], [])
    for distribution in distributions:
        for entry_point in distribution.entry_points:
            result = _resolve(entry_point, distribution, resolver)
            (found.problems if isinstance(result, Problem) else found.candidates).append(result)  # type: ignore[arg-type]
    return found


def _resolve(entry_point: EntryPoint, distribution: Distribution, resolver: Resolver) -> Candidate | Problem:
    text = f"{entry_point.module}:{entry_point.attr}" if entry_point.attr else entry_point.module
    label = f"entry point `{entry_point.name} = {text}` of `{distribution.name}`"
    source = resolver.modules.find(entry_point.module)
    if source is None:
        return _unresolved(f"{label}: there is no module `{entry_point.module}`", distribution.info)
    problem = _unreadable(source, label)
    if problem is not None:
        return problem._replace(path=problem.path or distribution.info)
    value, missing_import = _attribute(source, entry_point.attr, resolver)
    if isinstance(value, Unknown):
        unread = resolver.modules.problem_at(value.path)
        code = unread.code if unread else "entry-point-unresolved"
        message, path = f"{label}: {value.reason}", Path(value.path or distribution.info)
        return Problem(code, message, severity="error", path=path, line=value.line or None)
    if value is MISSING or (isinstance(value, External) and not value.is_found):
        reason = f"`{entry_point.module}` has no `{entry_point.attr}`"
        if isinstance(value, External):
            reason = f"there is no module `{value.module}`"
        return _unresolved(f"{label}: {reason}", distribution.info)
    if not isinstance(value, ClassRef) or not _is_plugin(value, resolver):
        return Problem(
            "not-a-plugin", f"{label} names no plugin class", severity="error", path=distribution.info
        )
    problems = (_unresolved(f"{label}: {missing_import}", distribution.info),) if missing_import else ()
    return Candidate(Source.PACKAGE, value, resolver, distribution, problems)


def _unresolved(message: str, path: Path) -> Problem:
    return Problem("entry-point-unresolved", message, severity="error", path=path)


def _unreadable(source: ModuleRef, label: str) -> Problem | None:
    module = source.module
    if module is None and not source.directories:
        return Problem("unreadable-file", f"{label}: `{source.name}` is compiled and cannot be read")
    if module is None or module.facts.problem is None:
        return None
    problem = module.facts.problem
    message = f"{label}: {problem.message}"
    return Problem(problem.code, message, severity="error", path=Path(module.path), line=problem.line)


def _attribute(source: ModuleRef, attribute: str, resolver: Resolver) -> tuple[Value, str | None]:
    """Return what the dotted attribute leads to, and what keeps Python from getting there, if anything."""
    value: Value = source
    missing_import: str | None = None
    for part in attribute.split(".") if attribute else ():
        owner, value = value, resolver.attribute(value, part)
        if isinstance(owner, ModuleRef) and owner.module and isinstance(value, ModuleRef):
            is_bound = resolver.name(Scope(owner.module), part) is not MISSING
            if not is_bound and not _imports(owner.module, value.name, resolver):
                missing_import = f"importing `{owner.name}` does not import its module `{part}`"
    return value, missing_import


def _imports(package: Module, submodule: str, resolver: Resolver) -> bool:
    """Tell whether importing the package imports the submodule, so that it becomes an attribute."""
    waiting, seen = [package], {package.path}
    while waiting and len(seen) < _MOST_MODULES:
        module = waiting.pop()
        for name in _imported_names(module):
            if name == submodule or name.startswith(f"{submodule}."):
                return True
            if name.startswith(f"{package.name}."):
                inner = resolver.modules.find(name)
                if inner is not None and inner.module is not None and inner.module.path not in seen:
                    seen.add(inner.module.path)
                    waiting.append(inner.module)
    return False


def _imported_names(module: Module) -> list[str]:
    bindings = [each for every in module.facts.names.values() for each in every if each[0] == "import"]
    names: list[str] = []
    for _, payload, _, _ in (*bindings, *module.facts.stars):
        target, level, attribute = payload[:3]
        if level:
            parts = module.name.split(".") if module.is_package else module.name.split(".")[:-1]
            base = ".".join(parts[: len(parts) - level + 1])
            target = f"{base}.{target}" if target else base
        names.append(payload[3] if len(payload) > 3 else target)  # noqa: PLR2004 - `import a.b`, see facts.py
        if attribute:
            names.append(f"{target}.{attribute}")
    return names


def _is_plugin(cls: ClassRef, resolver: Resolver) -> bool:
    """Tell whether the class derives from the plugin base, or may: from a base that cannot be read."""
    order = resolver.order(cls)
    return any(
        server.is_base(each)
        or isinstance(each, Unknown)
        or (isinstance(each, External) and not each.is_found)
        for each in order
    )
