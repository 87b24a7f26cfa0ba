"""A package of a lock: made from what an installer found, told to one again, and looked for in the target."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from inventree_plugins.commands.lock_inputs import Input
from inventree_plugins.errors import InstallError
from inventree_plugins.models import Declaration, Distribution
from inventree_plugins.packages import DirectUrl, ResolvedPackage, normalize, read_checkout, read_direct_url
from inventree_plugins.packages.pip import STRONG_HASHES
from inventree_plugins.packages.provenance import without_credentials

if TYPE_CHECKING:
    from packaging.pylock import (
        Package,
        PackageArchive,
        PackageDirectory,
        PackageSdist,
        PackageVcs,
        PackageWheel,
    )
    from packaging.version import Version

__all__ = ["Naming", "as_locked", "as_resolved", "has_strong_hash", "is_there", "version_of"]

_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_URL = re.compile(r"[^\s@]+://[^\s;]+")
# A shorter value is no secret, but may well be a part of a URL by chance.
_SECRET_LENGTH = 8


class _Place(NamedTuple):
    """Where a file lies, as a lock has it: one of the two."""

    path: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Naming:
    """How a lock names where packages lie: `base` is its folder, `secrets` maps values to variables."""

    base: Path
    secrets: Mapping[str, str]

    @classmethod
    def of(cls, base: Path, inputs: Iterable[Input]) -> Naming:
        """Take for secret what the variables hold that the lines name."""
        names = sorted({name for each in inputs for name in _VARIABLE.findall(each.text)})
        values = {os.environ.get(name, ""): name for name in names}
        secrets = {text for text in values if len(text) >= _SECRET_LENGTH and "://" not in text}
        return cls(base, {text: values[text] for text in secrets})

    def place(self, url: str) -> _Place:
        """Return the path of what lies on this machine, relative where it is below the lock, else the URL."""
        if url.startswith("file:"):
            path = Path(unquote(urlsplit(url).path))
            below = path.is_relative_to(self.base)
            return _Place(path=(path.relative_to(self.base) if below else path).as_posix())
        # What follows the path may be a signature that lets in whoever knows it.
        public = without_credentials(url).partition("#")[0].partition("?")[0]
        for value, name in self.secrets.items():
            public = public.replace(value, f"${{{name}}}")
        return _Place(url=public)

    def uri(self, path: str | None, url: str | None) -> str:
        """Return the URL that a lock means."""
        return (self.base / path).resolve().as_uri() if path else url or ""


def has_strong_hash(package: ResolvedPackage) -> bool:
    """Tell whether what a lock must know of the package's file is known, or there is no file."""
    return bool(_strong(package.hashes) or package.source)


def as_locked(package: ResolvedPackage, needs: Collection[str], naming: Naming) -> Package:
    """Describe a package as PEP 751 does; `needs` are normalised names of others that it requires.

    Raises InstallError for a version that the standard does not know.
    """
    from packaging import pylock  # noqa: PLC0415 - for locks only
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    source, place = package.source, naming.place(package.url or "")
    wheel, sdist, archive = _file(package, place)
    return pylock.Package(
        name=canonicalize_name(package.name),
        # A source tree may say something else tomorrow.
        version=None if source is not None and source.folder else _version(package),
        dependencies=[{"name": name} for name in sorted(needs)] or None,
        vcs=_vcs(source, place),
        directory=_directory(source, place),
        archive=archive,
        sdist=sdist,
        wheels=[wheel] if wheel else None,
    )


def _version(package: ResolvedPackage) -> Version:
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - as above

    try:
        return Version(package.version)
    except InvalidVersion as error:
        raise InstallError(
            f"`{package.name}` cannot be locked: `{package.version}` is no version of the standard (PEP 440)",
            names=(normalize(package.name),),
        ) from error


def _vcs(source: DirectUrl | None, place: _Place) -> PackageVcs | None:
    from packaging.pylock import PackageVcs  # noqa: PLC0415 - as above

    if source is None or not source.vcs:
        return None
    return PackageVcs(
        type=source.vcs,
        path=place.path,
        url=place.url,
        requested_revision=source.revision,
        commit_id=source.commit or "",
        subdirectory=source.subdirectory,
    )


def _directory(source: DirectUrl | None, place: _Place) -> PackageDirectory | None:
    from packaging.pylock import PackageDirectory  # noqa: PLC0415 - as above

    if source is None or not source.folder:
        return None
    return PackageDirectory(
        path=place.path or "", editable=source.editable or None, subdirectory=source.subdirectory
    )


def _file(
    package: ResolvedPackage, place: _Place
) -> tuple[PackageWheel | None, PackageSdist | None, PackageArchive | None]:
    """Return the package's file as one of three kinds; none for a repository or a source tree."""
    from packaging.pylock import PackageArchive, PackageSdist, PackageWheel  # noqa: PLC0415 - as above

    source, path, url = package.source, place.path, place.url
    if source is not None:
        if source.vcs or source.folder:
            return None, None, None
        hashes = _strong(source.hashes)
        archive = PackageArchive(path=path, url=url, hashes=hashes, subdirectory=source.subdirectory)
        return None, None, archive
    hashes, name = _strong(package.hashes), _filename(package.url or "")
    if name.endswith(".whl"):
        return PackageWheel(name=name, path=path, url=url, hashes=hashes), None, None
    if _is_regular(name, package):
        return None, PackageSdist(name=name, path=path, url=url, hashes=hashes), None
    return None, None, PackageArchive(path=path, url=url, hashes=hashes)


def _filename(url: str) -> str:
    return unquote(urlsplit(url).path.rpartition("/")[2])


def _is_regular(filename: str, package: ResolvedPackage) -> bool:
    """Tell whether a source archive is named as PEP 625 has it, which a lock insists on."""
    from packaging.utils import InvalidSdistFilename, parse_sdist_filename  # noqa: PLC0415 - as above

    try:
        name, version = parse_sdist_filename(filename)
    except InvalidSdistFilename:
        return False
    return name == normalize(package.name) and version == _version(package)


def _strong(hashes: Iterable[str]) -> dict[str, str]:
    pairs = (each.partition(":") for each in hashes)
    return {kind: digest for kind, _, digest in pairs if kind in STRONG_HASHES}


def version_of(package: Package) -> str:
    """Return the version of a locked package, empty for a source tree, whose version is not locked."""
    from packaging.utils import parse_sdist_filename, parse_wheel_filename  # noqa: PLC0415 - as above

    if package.version is not None:
        return str(package.version)
    if package.wheels and package.wheels[0].name:
        return str(parse_wheel_filename(package.wheels[0].name)[1])
    if package.sdist and package.sdist.name:
        return str(parse_sdist_filename(package.sdist.name)[1])
    return ""


def as_resolved(
    package: Package, declared: Declaration | None, naming: Naming, *, requested: bool
) -> ResolvedPackage:
    """Tell an installer to put in exactly this package; `declared` is the line that it is locked for."""
    needs = tuple(str(each["name"]) for each in package.dependencies or () if "name" in each)
    files = [*(package.wheels or ()), *((package.sdist,) if package.sdist else ())]
    if package.archive is not None:
        hashes: Iterable[str] = (f"{kind}:{digest}" for kind, digest in package.archive.hashes.items())
    else:
        hashes = (f"{kind}:{digest}" for file in files for kind, digest in file.hashes.items())
    return ResolvedPackage(
        name=package.name,
        version=version_of(package) or _version_in(package.directory, naming),
        requested=requested,
        line=_line(package, declared, naming),
        requires=needs,
        hashes=tuple(dict.fromkeys(hashes)),
    )


def _version_in(directory: PackageDirectory | None, naming: Naming) -> str:
    """Return the version that a source tree declares, empty where only building it tells."""
    folder = naming.base / directory.path / (directory.subdirectory or "") if directory else None
    checkout = read_checkout(folder) if folder is not None else None
    return checkout.distribution.version if checkout is not None else ""


def _line(package: Package, declared: Declaration | None, naming: Naming) -> str:
    """Return the requirement; as plugins.txt has it where that names a place: it knows the credentials."""
    vcs, directory, archive = package.vcs, package.directory, package.archive
    if vcs is not None:
        return _commit_line(package, vcs, declared, naming)
    is_from_place = declared is not None and (declared.requirement is None or declared.requirement.url)
    if declared is not None and is_from_place and (directory or archive):
        return f"-e {declared.text}" if declared.editable else declared.text
    if directory is not None:
        url = naming.uri(directory.path, None) + _subdirectory(directory.subdirectory)
        return f"-e {url}" if directory.editable else f"{package.name} @ {url}"
    if archive is not None:
        url = naming.uri(archive.path, archive.url) + _subdirectory(archive.subdirectory)
        return f"{package.name} @ {url}"
    return f"{package.name}=={version_of(package)}"


def _commit_line(package: Package, vcs: PackageVcs, declared: Declaration | None, naming: Naming) -> str:
    """Return the requirement for one commit, with the URL of plugins.txt where there is one."""
    url = f"{vcs.type}+{naming.uri(vcs.path, vcs.url)}"
    text = declared.text if declared is not None else ""
    written = _URL.search(text)
    if written is not None:
        scheme, _, rest = written[0].partition("#")[0].partition("://")
        host, _, path = rest.partition("/")  # an `@` before the path is a user's
        url = f"{scheme}://{host}/{path.rpartition('@')[0] or path}"
    if written is not None and written.start() == 0:
        # Before 24.1 pip takes no name before a repository on this machine.
        more = f"&subdirectory={vcs.subdirectory}" if vcs.subdirectory else ""
        return f"{url}@{vcs.commit_id}#egg={package.name}{more}"
    return f"{package.name} @ {url}@{vcs.commit_id}{_subdirectory(vcs.subdirectory)}"


def _subdirectory(text: str | None) -> str:
    return f"#subdirectory={text}" if text else ""


def is_there(package: Package, distribution: Distribution | None, naming: Naming) -> bool:
    """Tell whether the target has a package as it is locked."""
    if distribution is None:
        return False
    if package.vcs is None and package.directory is None and package.archive is None:
        return _is_same_version(version_of(package), distribution.version)
    found = read_direct_url(distribution)
    return found is not None and _comes_from(found, package, naming)


def _comes_from(found: DirectUrl, package: Package, naming: Naming) -> bool:
    vcs, directory, archive = package.vcs, package.directory, package.archive
    if vcs is not None:
        return found.commit == vcs.commit_id
    if directory is not None:
        is_same = found.url.rstrip("/") == naming.uri(directory.path, None)
        return is_same and found.editable == bool(directory.editable)
    if archive is not None and found.hashes:
        return archive.hashes.items() <= _strong(found.hashes).items()
    return archive is not None and naming.place(found.url) == (archive.path, archive.url)


def _is_same_version(locked: str, installed: str) -> bool:
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - as above

    try:
        return Version(locked) == Version(installed)
    except InvalidVersion:
        return locked == installed
