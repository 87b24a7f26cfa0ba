"""Install from a lock: its packages in its versions, with its hashes, and nothing else."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from inventree_plugins.commands.applying import Installed, Prepared, prepare
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.install_plan import Plan, request_for
from inventree_plugins.commands.lock_file import LOCK_NAME, Lock, lock_path, python_difference, read_lock
from inventree_plugins.commands.lock_inputs import inputs_of, requirement_text
from inventree_plugins.commands.lock_packages import Naming, as_resolved, is_there, version_of
from inventree_plugins.commands.offline import as_offline
from inventree_plugins.errors import (
    BundleFolderError,
    InstallError,
    LockMissingError,
    LockOutdatedError,
    LockPythonError,
)
from inventree_plugins.models import Declaration, Distribution, Interpreter, parse_requirement
from inventree_plugins.packages import (
    applying,
    installed_distributions,
    normalize,
    read_metadata,
    staged_distributions,
)
from inventree_plugins.packages.satisfaction import marker_environment

if TYPE_CHECKING:
    from packaging.pylock import Package
    from packaging.requirements import Requirement

__all__ = ["LockedPart", "bound_to_bundle", "bound_to_lock", "prepare_locked"]

_AGAIN = "`invplug lock` makes it anew"


@dataclass(frozen=True, slots=True)
class LockedPart:
    """What of a lock an installation is about: `missing` is what the target does not have like that.

    `names` leads from names of packages to the requirements that mean them. `bundle` is the folder that all
    of it comes from, if it is one.
    """

    lock: Lock
    names: Mapping[str, Declaration]
    missing: tuple[Package, ...]
    bundle: Path | None = None


def bound_to_lock(context: Context, plan: Plan) -> Plan:
    """Bind a plan for all of plugins.txt to its lock.

    Raises LockFileError, LockMissingError, LockOutdatedError and LockPythonError.
    """
    path = lock_path(plan.file.path)
    lock = read_lock(path)
    if lock is None:
        raise LockMissingError(
            f"there is no lock `{path}`", hint="`invplug lock` makes one from plugins.txt", path=path
        )
    _require_python(lock, context.interpreter)
    if lock.inputs is None:
        raise LockOutdatedError(
            f"`{path}` is not from `invplug lock`: it does not tell which plugins.txt it belongs to",
            hint=_AGAIN,
            path=path,
        )
    differences = lock.differences(inputs_of(plan.file), context.interpreter)
    if differences:
        first = next((each for each in differences if each.line), None)
        raise LockOutdatedError(
            f"plugins.txt has moved on since it was locked: {'; '.join(map(str, differences))}",
            hint=_AGAIN,
            path=first.path if first else path,
            line=first.line if first else None,
        )
    return _bound(context, plan, lock, lock.content.packages)


def bound_to_bundle(context: Context, plan: Plan, folder: Path) -> Plan:
    """Bind a plan to a bundle: what the requirements lead to there.

    Raises BundleFolderError, LockFileError, LockPythonError, and InstallError for what it does not have.
    """
    lock = read_lock(folder / LOCK_NAME)
    if lock is None:
        raise BundleFolderError(
            f"`{folder}` is not a bundle: it holds no `{LOCK_NAME}`",
            hint="`invplug bundle DIR` makes one",
            path=folder,
        )
    _require_python(lock, context.interpreter)
    names = _names(plan, lock, context.interpreter)
    for item in applying(plan.wanted, context.interpreter):
        _require_in_bundle(item, lock, folder)
    return _bound(context, plan, lock, _reached(lock, names), bundle=folder)


def _require_python(lock: Lock, interpreter: Interpreter) -> None:
    difference = python_difference(lock, interpreter)
    if difference is not None:
        raise LockPythonError(
            f"`{lock.path}` is for {difference.was}, and the target is {difference.text}",
            hint="make one for this target",
            path=lock.path,
        )


def _bound(
    context: Context, plan: Plan, lock: Lock, packages: Iterable[Package], *, bundle: Path | None = None
) -> Plan:
    names = _names(plan, lock, context.interpreter)
    naming = Naming(lock.path.parent, {})
    installed: dict[str, Distribution] = {
        each.key: each for each in installed_distributions(context.interpreter.import_path)
    }
    missing = tuple(each for each in packages if not is_there(each, installed.get(each.name), naming))
    lacking = {each.name for each in missing}
    return replace(
        plan,
        missing=tuple(item for name, item in names.items() if name in lacking),
        unread=(),
        locked=LockedPart(lock, names, missing, bundle),
    )


def _names(plan: Plan, lock: Lock, interpreter: Interpreter) -> dict[str, Declaration]:
    """Return the requirements that hold for the target by the names of their packages."""
    found = {}
    for item in applying(plan.wanted, interpreter):
        name = item.name or lock.names.get(requirement_text(item))
        if name:
            found[str(name)] = item
    return found


def _require_in_bundle(item: Declaration, lock: Lock, folder: Path) -> None:
    """Raise InstallError where the bundle has not what a requirement asks for."""
    name = item.name or lock.names.get(requirement_text(item))
    package = lock.find(name) if name else None
    if package is None:
        reason, code = f"the bundle `{folder}` does not have it", "install-not-found"
    elif item.requirement is None or item.requirement.specifier.contains(
        version_of(package), prereleases=True
    ):
        return
    else:
        reason, code = f"the bundle `{folder}` has {version_of(package)}", "install-no-version"
    raise InstallError(
        f"`{item.text}` cannot be installed: {reason}",
        code=code,
        hint="make the bundle again, with `invplug bundle DIR`, where there is a network",
        path=item.path if item.line else None,
        line=item.line or None,
        names=(name,) if name else (),
    )


def _reached(lock: Lock, names: Iterable[str]) -> tuple[Package, ...]:
    """Return the packages that `names` lead to, themselves included, in the lock's order."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        package = lock.find(waiting.pop())
        if package is not None and package.name not in seen:
            seen.add(package.name)
            waiting += [str(each.get("name")) for each in package.dependencies or ()]
    return tuple(each for each in lock.content.packages if each.name in seen)


def prepare_locked(
    context: Context,
    plan: Plan,
    installed: Installed,
    folder: Path | None,
    *,
    allow_host_changes: bool,
) -> Prepared:
    """Unpack what is missing of the lock; see `prepare`.

    Raises InstallError, also where the target lacks what the lock takes for granted.
    """
    part = plan.locked
    if part is None:
        raise InstallError("the plan is not bound to a lock")
    naming = Naming(part.lock.path.parent, {})
    packages = tuple(
        as_resolved(
            each,
            part.names.get(each.name) if part.bundle is None else None,
            naming,
            requested=each.name in part.names,
        )
        for each in part.missing
    )
    request = request_for(plan, installed, allow_host_changes=allow_host_changes)
    if part.bundle is not None:
        options = ("--no-index", f"--find-links {shlex.quote(str(part.bundle.absolute()))}")
        request = replace(request, options=options, offline=True)
    elif plan.offline:
        request = as_offline(request, plan, installed)
    prepared = prepare(context, request, installed, folder, resolved=packages)
    if prepared.staged is None:
        return prepared
    staged = staged_distributions(prepared.staged.tree)
    _require_suitable(context, plan, installed, staged)
    versions: dict[str, str] = {each.key: each.version for each in staged}
    # Of a source tree the version may be known only now.
    rows = (replace(each, new=versions.get(normalize(each.name), each.new)) for each in prepared.plan)
    return replace(prepared, plan=tuple(rows))


def _require_suitable(
    context: Context, plan: Plan, installed: Installed, staged: Sequence[Distribution]
) -> None:
    """Raise InstallError where packages of the lock need what the target has not, or otherwise."""
    there: dict[str, Distribution] = {each.key: each for each in (*installed.distributions, *staged)}
    asked = [each.requirement for each in plan.wanted if each.requirement is not None]
    for distribution, requirement in _requirements(staged, context.interpreter, asked):
        found = there.get(normalize(requirement.name))
        if found is not None and requirement.specifier.contains(found.version, prereleases=True):
            continue
        has = f"the target has {found.version}" if found else "the target does not have it"
        raise InstallError(
            f"the lock does not suit this server: `{distribution.name}` needs `{requirement}`, and {has}",
            code="install-lock-unfit",
            hint="the server's own packages are not locked; make the lock on a server like this one",
            names=(distribution.key,),
        )


def _requirements(
    distributions: Sequence[Distribution], interpreter: Interpreter, asked: Iterable[Requirement]
) -> Iterator[tuple[Distribution, Requirement]]:
    """Yield what each distribution requires, with the extras that it is asked for with."""
    environment = marker_environment(interpreter)
    required = {each.key: tuple(_parsed(read_metadata(each).requires_dist)) for each in distributions}
    extras: dict[str, set[str]] = {}
    for each in (*asked, *(one for group in required.values() for one in group)):
        extras.setdefault(normalize(each.name), set()).update(map(normalize, each.extras))
    for distribution in distributions:
        wanted = extras.get(distribution.key, set()) | {""}
        for each in required[distribution.key]:
            marker = each.marker
            if marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in wanted):
                yield distribution, each


def _parsed(texts: Iterable[str]) -> Iterator[Requirement]:
    for text in texts:
        with suppress(ValueError):  # packaging's InvalidRequirement; an installer refuses it
            yield parse_requirement(text)
