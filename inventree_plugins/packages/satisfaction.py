"""Which declarations the target already satisfies, so that no installer need start for them."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from inventree_plugins.models import Declaration, Distribution, Interpreter, parse_requirement
from inventree_plugins.packages.metadata import read_metadata
from inventree_plugins.packages.names import normalize
from inventree_plugins.packages.provenance import DirectUrl, read_direct_url, without_credentials

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.utils import NormalizedName

__all__ = ["applying", "comes_from", "marker_environment", "missing_requirements", "unmet"]

# A requirement that only an extra asks for. An `or` may let it apply without the extra: parse that one.
_ONLY_FOR_EXTRA = re.compile(r"\bextra\s*==")

_Node = tuple["NormalizedName", frozenset[str]]


def unmet(
    declarations: Iterable[Declaration],
    distributions: Iterable[Distribution],
    interpreter: Interpreter,
    *,
    constraints: Iterable[Declaration] = (),
) -> tuple[Declaration, ...]:
    """Return the declarations that need an installer.

    One is met when its marker rules it out, or when its package is installed in a fitting version, from
    the declared URL if there is one, and everything that it requires is met too. `constraints` restrict
    the versions of whatever is looked at.
    """
    check = _Check(distributions, marker_environment(interpreter), constraints)
    return tuple(declared for declared in declarations if not check.is_met(declared))


def applying(declarations: Iterable[Declaration], interpreter: Interpreter) -> tuple[Declaration, ...]:
    """Return the declarations whose markers, if any, hold for the target."""
    environment = {**marker_environment(interpreter), "extra": ""}
    return tuple(
        declared
        for declared in declarations
        if not declared.may_have_marker
        or declared.requirement is None
        or declared.requirement.marker is None
        or declared.requirement.marker.evaluate(environment)
    )


def missing_requirements(
    required: Iterable[str], installed: Iterable[Distribution], interpreter: Interpreter
) -> tuple[str, ...]:
    """Return the names in requirements that hold for the target and that nothing installed has."""
    present = {each.key for each in installed}
    environment = {**marker_environment(interpreter), "extra": ""}
    missing = []
    for text in required:
        try:
            requirement = parse_requirement(text)
            holds = requirement.marker is None or requirement.marker.evaluate(environment)
        except ValueError:  # packaging's errors; an installer refuses it
            continue
        if holds and normalize(requirement.name) not in present:
            missing.append(requirement.name)
    return tuple(missing)


def marker_environment(interpreter: Interpreter) -> dict[str, str]:
    """Return the values of PEP 508 markers for the target, which shares this machine and its system."""
    implementation = interpreter.implementation.lower()
    spelled = {"cpython": "CPython", "pypy": "PyPy"}.get(implementation, interpreter.implementation)
    return {
        "implementation_name": implementation,
        "implementation_version": interpreter.version,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": spelled,
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": interpreter.version,
        "python_version": ".".join(interpreter.version.split(".")[:2]),
        "sys_platform": sys.platform,
    }


class _Check:
    """One comparison: what is installed, and what has been found good so far."""

    def __init__(
        self,
        distributions: Iterable[Distribution],
        environment: dict[str, str],
        constraints: Iterable[Declaration],
    ) -> None:
        self._installed = {distribution.key: distribution for distribution in distributions}
        self._environment = environment
        self._requires: dict[str, tuple[str, ...]] = {}
        self._parsed: dict[str, Requirement] = {}
        self._good: set[_Node] = set()
        self._constraints: dict[str, list[Requirement]] = {}
        for declared in constraints:
            requirement = declared.requirement
            if requirement is not None and self._applies(requirement, frozenset()):
                self._constraints.setdefault(normalize(requirement.name), []).append(requirement)

    def is_met(self, declared: Declaration) -> bool:
        """Tell whether nothing needs to be done for `declared`."""
        if (
            declared.name is not None
            and declared.name not in self._installed
            and not declared.may_have_marker
        ):
            return False  # it need not be parsed
        requirement = declared.requirement
        if requirement is not None and not self._applies(requirement, frozenset()):
            return True
        distribution = self._distribution(declared)
        if distribution is None:
            return False
        if requirement is not None and not _fits(requirement, distribution):
            return False
        if not _comes_from(declared, distribution):
            return False
        extras = _extras(requirement) if requirement is not None else frozenset[str]()
        return self._closure_is_good((distribution.key, extras))

    def _distribution(self, declared: Declaration) -> Distribution | None:
        if declared.name is not None:
            return self._installed.get(declared.name)
        return next((one for one in self._installed.values() if _comes_from(declared, one)), None)

    def _closure_is_good(self, start: _Node) -> bool:
        seen = {start}
        waiting = [start]
        while waiting:
            node = waiting.pop()
            if node in self._good:
                continue
            if not self._is_allowed(node[0]):
                return False
            for requirement in self._dependencies(node):
                distribution = self._installed.get(normalize(requirement.name))
                if distribution is None or not _fits(requirement, distribution):
                    return False
                reached = (distribution.key, _extras(requirement))
                if reached not in seen:
                    seen.add(reached)
                    waiting.append(reached)
        self._good |= seen
        return True

    def _is_allowed(self, key: NormalizedName) -> bool:
        return all(_fits(constraint, self._installed[key]) for constraint in self._constraints.get(key, ()))

    def _dependencies(self, node: _Node) -> list[Requirement]:
        key, extras = node
        if key not in self._requires:
            self._requires[key] = read_metadata(self._installed[key]).requires_dist
        found = []
        for text in self._requires[key]:
            if not extras and _ONLY_FOR_EXTRA.search(text) and " or " not in text:
                continue
            requirement = self._parse(text)
            if requirement is not None and self._applies(requirement, extras):
                found.append(requirement)
        return found

    def _parse(self, text: str) -> Requirement | None:
        """Parse a Requires-Dist line; one that breaks the standard cannot be checked and is left to pip."""
        from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415

        if text not in self._parsed:
            try:
                self._parsed[text] = Requirement(text)
            except InvalidRequirement:
                return None
        return self._parsed[text]

    def _applies(self, requirement: Requirement, extras: frozenset[str]) -> bool:
        marker = requirement.marker
        if marker is None:
            return True
        return any(marker.evaluate({**self._environment, "extra": extra}) for extra in extras or {""})


def _extras(requirement: Requirement) -> frozenset[str]:
    return frozenset(normalize(extra) for extra in requirement.extras)


def _fits(requirement: Requirement, distribution: Distribution) -> bool:
    """Compare versions; an installed pre-release counts, as it does for pip."""
    from packaging.version import InvalidVersion  # noqa: PLC0415  # listing must not pay

    if not requirement.specifier:
        return True
    try:
        return requirement.specifier.contains(distribution.version, prereleases=True)
    except InvalidVersion:
        return False


def _comes_from(declared: Declaration, distribution: Distribution) -> bool:
    """Tell whether the distribution was installed from the declared URL or path, if one is declared."""
    found = read_direct_url(distribution)
    if found is not None:
        return comes_from(declared, found)
    url = _declared_url(declared)
    if url is None:
        return True
    # What `setup.py develop` left: the import path leads into the source tree.
    return declared.editable and url.startswith("file:") and _is_in(distribution.location, _path_of(url))


def comes_from(declared: Declaration, found: DirectUrl) -> bool:
    """Tell whether `found` is the declared URL or path, if one is declared."""
    url = _declared_url(declared)
    return url is None or (found.editable == declared.editable and _is_same(url, found))


def _declared_url(declared: Declaration) -> str | None:
    if declared.requirement is not None and declared.requirement.url:
        return declared.requirement.url
    if declared.requirement is not None and not declared.editable:
        return None
    location = re.sub(r"\[[^\[\]]*\]$", "", declared.text.split(";", 1)[0].strip())
    if re.match(r"[a-z][a-z+]+:", location, re.IGNORECASE):
        return location
    return (declared.path.absolute().parent / location).resolve().as_uri()


def _is_same(url: str, found: DirectUrl) -> bool:
    vcs, location, revision = _split_vcs(url.partition("#")[0])
    if vcs != found.vcs or _plain(location) != _plain(found.url):
        return False
    subdirectory = parse_qs(url.partition("#")[2]).get("subdirectory", [None])[0]
    if (subdirectory or None) != found.subdirectory:
        return False
    return revision in {found.revision, found.commit} if revision else found.revision is None


def _split_vcs(url: str) -> tuple[str | None, str, str | None]:
    vcs, plus, location = url.partition("+")
    if not plus or ":" in vcs:
        return None, url, None
    parts = urlsplit(location)
    path, _, revision = parts.path.rpartition("@")  # an `@` before the path is a user's
    if not path:
        return vcs, location, None
    return vcs, parts._replace(path=path).geturl(), revision or None


def _plain(url: str) -> str:
    """Return the URL in the one form two spellings share: no credentials, `file:` paths resolved."""
    if url.startswith("file:"):
        return str(Path(_path_of(url)).resolve())
    return unquote(without_credentials(url)).rstrip("/")


def _path_of(url: str) -> str:
    return unquote(urlsplit(url).path)


def _is_in(location: Path, directory: str) -> bool:
    return location.resolve().is_relative_to(Path(directory).resolve())
