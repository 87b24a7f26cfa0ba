"""How one request is told to uv."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from inventree_plugins.models import Declaration, Distribution
from inventree_plugins.packages.installer import InstallRequest, ResolvedPackage
from inventree_plugins.packages.package_sources import names_source
from inventree_plugins.packages.request_lines import has_hashes, lines_of
from inventree_plugins.packages.unpacked import is_meant

__all__ = ["RequestFiles", "choices"]


# The options that still matter where versions are known.
_FORMATS = ("--no-binary", "--only-binary")


class RequestFiles:
    """The files that tell uv one request."""

    def __init__(self, request: InstallRequest) -> None:
        self._request = request
        self._folder = tempfile.TemporaryDirectory(prefix="invplug-")

    def __enter__(self) -> RequestFiles:  # noqa: PYI034 - Self came with Python 3.11
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the files."""
        self._folder.cleanup()

    @property
    def everything(self) -> tuple[str, ...]:
        """Return the arguments for all that the request names."""
        constraints = self._request.constraints
        held = ("--constraint", self._write("constraints.txt", *constraints)) if constraints else ()
        return (*(word for path in self._named() for word in ("--requirement", path)), *held)

    def only(self, packages: Sequence[ResolvedPackage]) -> tuple[str, ...]:
        """Return the arguments for exactly these packages, by their hashes or those that the request has."""
        lines = [" ".join([each.line, *(f"--hash={one}" for one in each.hashes)]) for each in packages]
        formats = (line for line in self._request.options if line.startswith(_FORMATS))
        exact = ("--requirement", self._write("exact.txt", *formats, *lines))
        if all(each.hashes for each in packages) or not has_hashes(lines_of(self._request)):
            return exact
        return (*exact, *(word for path in self._named() for word in ("--constraint", path)))

    def _named(self) -> Iterator[str]:
        request = self._request
        if request.requirements_file is not None:
            yield str(request.requirements_file.absolute())
        if request.requirements or request.requirements_file is None:
            options = () if request.requirements_file else request.options
            yield self._write("requirements.txt", *options, *request.requirements)

    def _write(self, name: str, *lines: str) -> str:
        path = Path(self._folder.name, name)
        # uv is told by variables where to look, and takes one index from a file at most.
        said = (line for line in lines if not names_source(line))
        path.write_text("".join(f"{line}\n" for line in said), encoding="utf-8")
        return str(path)


def choices(
    request: InstallRequest, declared: Sequence[Declaration], installed: Sequence[Distribution]
) -> Iterator[str]:
    """Yield the arguments for which of the versions that would do is taken: the one that pip takes."""
    if request.uploaded_before:
        yield f"--exclude-newer={request.uploaded_before}"
    if request.upgrade:
        yield from (f"--upgrade-package={each.name}" for each in declared if each.name)
    # What lies in a folder may have changed: pip builds it again each time.
    rebuilt = [each for each in declared if _is_built_from_file(each)]
    for distribution in installed:
        if any(is_meant(each, distribution) for each in rebuilt):
            yield f"--reinstall-package={distribution.key}"


def _is_built_from_file(declared: Declaration) -> bool:
    """Tell whether a requirement is a project or source archive on this machine."""
    if declared.pep508 is not None and declared.url is None and not declared.editable:
        return False
    place = declared.url or declared.text.partition(";")[0].strip()
    is_remote = "://" in place and not place.startswith("file:")
    return declared.editable or not (is_remote or place.endswith(".whl"))
