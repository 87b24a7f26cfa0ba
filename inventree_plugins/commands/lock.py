"""`invplug lock`: all that plugins.txt leads to, with versions and hashes, in one file."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from inventree_plugins.commands.applying import take_installed
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.culprit import with_culprit
from inventree_plugins.commands.indexes import NO_SOURCES, Sources
from inventree_plugins.commands.install_plan import Plan, lines_of, make_plan, request_for
from inventree_plugins.commands.lock_file import lock_path, lock_text, read_lock
from inventree_plugins.commands.lock_inputs import Difference, Input, inputs_of, requirement_text
from inventree_plugins.commands.lock_packages import Naming, as_locked, has_strong_hash
from inventree_plugins.errors import InstallError
from inventree_plugins.files import ensure_writable, replace_text, would_change
from inventree_plugins.models import Declaration
from inventree_plugins.packages import (
    InstallRequest,
    PipInstaller,
    ResolvedPackage,
    applying,
    normalize,
    why_needed,
)
from inventree_plugins.packages.satisfaction import comes_from
from inventree_plugins.process import run
from inventree_plugins.requirements import declarations

if TYPE_CHECKING:
    from packaging.pylock import Package

_REPOSITORY = re.compile(r"(?:git|hg|svn|bzr)\+[a-z+]+:", re.IGNORECASE)

__all__ = [
    "Difference",
    "LockOptions",
    "LockResult",
    "Resolution",
    "Sources",
    "lock",
    "locked_packages",
    "resolve_all",
    "sha256_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOptions:
    """What to do besides writing the lock: only compare it, or only say what would be written.

    `sources` are indexes and folders besides those of plugins.txt.
    """

    check: bool = False
    dry_run: bool = False
    sources: Sources = NO_SOURCES


@dataclass(frozen=True, slots=True)
class LockResult:
    """The lock, or with `check` how it differs from what plugins.txt asks for.

    `packages` are names and versions; the version of a source tree is not locked.
    """

    path: Path
    packages: tuple[tuple[str, str | None], ...] = ()
    differences: tuple[Difference, ...] = ()
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Resolution:
    """All that plugins.txt leads to, as if nothing of the plugins were installed yet.

    `names` are the packages of requirements that do not name one.
    """

    plan: Plan
    request: InstallRequest
    packages: tuple[ResolvedPackage, ...]
    inputs: tuple[Input, ...]
    names: Mapping[str, str]


def lock(context: Context, options: LockOptions) -> LockResult:
    """Resolve plugins.txt for the target and write the lock beside it, or compare the one that is there.

    Raises PluginsFileError, InstallError, LockFileError and FileAccessError.
    """
    path = lock_path(context.instance.plugins_file.value)
    if options.check:
        return _check(context, path)
    if not options.dry_run:
        ensure_writable(path)
    found = resolve_all(context, options.sources)
    packages = locked_packages(context, found, path.parent)
    text = lock_text(packages, context.interpreter, inputs=found.inputs, names=found.names)
    changed = would_change(path, text) if options.dry_run else replace_text(path, text)
    return LockResult(path, _listed(packages), changed=changed)


def _check(context: Context, path: Path) -> LockResult:
    inputs = inputs_of(make_plan(context, ()).file)
    found = read_lock(path)
    if found is None:
        return LockResult(path, differences=(Difference("missing", path=path),))
    return LockResult(path, _listed(found.content.packages), found.differences(inputs, context.interpreter))


def _listed(packages: Iterable[Package]) -> tuple[tuple[str, str | None], ...]:
    return tuple((each.name, str(each.version) if each.version else None) for each in packages)


def resolve_all(context: Context, sources: Sources) -> Resolution:
    """Find what plugins.txt leads to, while the server's own packages stay as they are.

    Raises PluginsFileError and InstallError.
    """
    plan = replace(make_plan(context, ()), sources=sources)
    installed = take_installed(context, declarations(plan.file))
    request = _without_checkouts(request_for(plan, installed), plan)
    packages: tuple[ResolvedPackage, ...] = ()
    if plan.unread or applying(plan.wanted, context.interpreter):
        unseen = {each.key for each in installed.distributions} - installed.host.versions.keys()
        pip = PipInstaller(context.interpreter, run)

        def ask(request: InstallRequest) -> tuple[ResolvedPackage, ...]:
            return pip.resolve_without(request, unseen, on_line=context.on_output)

        try:
            packages = ask(request)
        except InstallError as error:
            raise with_culprit(context, request, error, lines_of(plan), ask=ask) from error
        packages = tuple(_hashed(context, pip, request, packages))
    return Resolution(plan, request, packages, inputs_of(plan.file), dict(_named(plan.wanted, packages)))


def _without_checkouts(request: InstallRequest, plan: Plan) -> InstallRequest:
    """Ask for plain packages in place of editable repositories: no lock can hold a checkout.

    pip would also check it out at once, in the target's own folder.
    """
    lines = lines_of(plan)
    if not any(map(_is_checkout, (item for item, _ in lines))):
        return request
    includes = (f"-r {url}" for url in plan.unread)
    plain = (item.text if _is_checkout(item) else line for item, line in lines)
    return replace(
        request,
        requirements_file=None,
        requirements=(*request.requirements, *includes, *plain),
        declarations=tuple(
            item._replace(editable=False) if _is_checkout(item) else item for item in request.declarations
        ),
    )


def _is_checkout(item: Declaration) -> bool:
    return item.editable and _REPOSITORY.search(item.text) is not None


def _hashed(
    context: Context, pip: PipInstaller, request: InstallRequest, packages: Sequence[ResolvedPackage]
) -> Iterator[ResolvedPackage]:
    """Fetch the files of which the index tells no hash that counts, and add it."""
    unknown = [each for each in packages if not has_strong_hash(each)]
    yield from (each for each in packages if each not in unknown)
    if not unknown:
        return
    with tempfile.TemporaryDirectory(prefix="invplug-") as folder:
        pip.download(request, unknown, Path(folder), on_line=context.on_output)
        for each in unknown:
            path = Path(folder, unquote(urlsplit(each.url or "").path.rpartition("/")[2]))
            if not path.is_file():
                raise InstallError(f"`{each.name}` cannot be locked: its file has no hash")
            yield replace(each, hashes=(f"sha256:{sha256_of(path)}",))


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def locked_packages(context: Context, found: Resolution, base: Path) -> tuple[Package, ...]:
    """Return what was found as packages of a lock in the folder `base`."""
    naming = Naming.of(base, found.inputs)
    needs = _needs(context, found)
    return tuple(as_locked(each, needs[normalize(each.name)], naming) for each in found.packages)


def _needs(context: Context, found: Resolution) -> Mapping[str, frozenset[str]]:
    """Return for each package which others of those that were found it requires."""
    required: dict[str, tuple[str, ...]] = {normalize(each.name): each.requires for each in found.packages}
    asked = [each.pep508 for each in found.plan.wanted if each.pep508]
    wanted_by = why_needed(required, context.interpreter, asked=asked)
    return {
        name: frozenset(other for other, users in wanted_by.items() if name in users) for name in required
    }


def _named(wanted: Iterable[Declaration], packages: Sequence[ResolvedPackage]) -> Iterator[tuple[str, str]]:
    """Yield the packages of requirements that do not name one; a path may lead nowhere on another machine."""
    for item in wanted:
        for package in packages if item.requirement is None else ():
            if package.source is not None and comes_from(item, package.source):
                yield requirement_text(item), normalize(package.name)
