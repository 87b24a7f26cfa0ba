"""uv, run for the target interpreter: pip's plan, sooner.

pip stays the judge: what uv cannot resolve, pip resolves or refuses, in its own words, and so it does where
uv is known to decide otherwise.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from inventree_plugins.errors import InstallError
from inventree_plugins.models import Interpreter
from inventree_plugins.packages.installed import installed_distributions
from inventree_plugins.packages.installer import Installer, InstallRequest, ResolvedPackage, Staged
from inventree_plugins.packages.likeness import plant, uproot
from inventree_plugins.packages.names import normalize
from inventree_plugins.packages.package_sources import PackageSources
from inventree_plugins.packages.provenance import without_credentials
from inventree_plugins.packages.request_lines import (
    build_option,
    has_hashes,
    lines_of,
    option_lines,
    remote_include,
    variables,
    wanted,
)
from inventree_plugins.packages.staging import mark_requested
from inventree_plugins.packages.unpacked import read_unpacked
from inventree_plugins.packages.uv_request import RequestFiles, choices
from inventree_plugins.packages.uv_settings import UvSettings, place_variables
from inventree_plugins.process import Runner

__all__ = ["Uv", "UvInstaller"]

OnLine = Callable[[str], None]

_ALWAYS = (
    "--color=never",
    "--no-progress",
    # pip's settings count, and not what the projects it builds say to uv.
    "--no-config",
    "--no-sources",
    "--index-strategy=unsafe-best-match",
    # Whether the target may be changed is asked elsewhere; here it is not.
    "--break-system-packages",
    "--no-python-downloads",
)
# Of uv's own variables those that say how it works; what it finds is pip's settings' to say. Without
# UV_COMPILE_BYTECODE Python compiles a module when it is first imported, as after any installation by uv.
_KEPT = frozenset(
    {
        "UV_CACHE_DIR",
        "UV_COMPILE_BYTECODE",
        "UV_CONCURRENT_BUILDS",
        "UV_CONCURRENT_DOWNLOADS",
        "UV_CONCURRENT_INSTALLS",
        "UV_HTTP_RETRIES",
        "UV_HTTP_TIMEOUT",
        "UV_NO_CACHE",
    }
)
_IGNORED = re.compile(r"Ignoring unsupported option in `[^`]*`: `(--[a-z-]+)`")
# uv is told these in another way.
_TOLD = frozenset({"--pre", "--trusted-host"})
_ERROR = re.compile(r"\s*(?:error:|\u00d7)\s*")


@dataclass(frozen=True, slots=True)
class Uv:
    """The program, its version, and where it was found, in words a person can follow."""

    program: Path
    version: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UvInstaller:
    """An Installer for the interpreter `target`; `runner` is `process.run`, or a test's.

    `pip` tells what is wrong where uv fails; with `instead` it also does what only it can do.
    """

    target: Interpreter
    runner: Runner
    uv: Uv
    settings: UvSettings
    pip: Installer
    instead: bool = True
    name: str = "uv"

    def resolve(
        self, request: InstallRequest, *, on_line: OnLine | None = None
    ) -> tuple[ResolvedPackage, ...]:
        """Find what would have to be installed. Raises InstallError.

        uv's own dry run does not tell what packages need, so they are unpacked, and thrown away.
        """
        if not self._is_left_to_pip(request, on_line):
            with tempfile.TemporaryDirectory(prefix="invplug-") as name:
                try:
                    return self._solve(request, Path(name, "stage"), on_line)
                except InstallError as failure:
                    _say(on_line, f"pip resolves: {failure.message}")
        return self.pip.resolve(request, on_line=on_line)

    def stage(
        self,
        request: InstallRequest,
        packages: Sequence[ResolvedPackage],
        folder: Path,
        *,
        on_line: OnLine | None = None,
    ) -> Staged:
        """Unpack and build exactly `packages` below `folder`. Raises InstallError."""
        if self._is_left_to_pip(request, on_line):
            return self.pip.stage(request, packages, folder, on_line=on_line)
        try:
            return self._unpack(request, packages, folder, on_line=on_line)
        except InstallError as failure:
            _say(on_line, f"pip installs: {failure.message}")
            shutil.rmtree(folder, ignore_errors=True)
            # Most often it fails too, and says why.
            staged = self.pip.stage(request, packages, folder, on_line=on_line)
            if not self.instead:
                raise
            return staged

    def resolve_and_stage(
        self, request: InstallRequest, folder: Path, *, on_line: OnLine | None = None
    ) -> Staged:
        """Do both in one run. Raises InstallError."""
        if self._is_left_to_pip(request, on_line):
            return self.pip.resolve_and_stage(request, folder, on_line=on_line)
        try:
            return Staged(self._solve(request, folder, on_line), folder, self.target.prefix)
        except InstallError as failure:
            _say(on_line, f"pip resolves: {failure.message}")
        shutil.rmtree(folder, ignore_errors=True)
        return self.stage(request, self.pip.resolve(request, on_line=on_line), folder, on_line=on_line)

    def _is_left_to_pip(self, request: InstallRequest, on_line: OnLine | None) -> bool:
        """Tell whether uv would do something else than what is asked; where it was insisted on, raise."""
        option = build_option(lines_of(request))
        sources = self.settings.sources.and_lines(option_lines(request), variables(request))
        if option is not None:
            reason = f"uv does not know the option `{option}` of a requirement"
        elif sources.untrusted() is not None:
            reason = f"pip passes over `{sources.untrusted()}`, which has no TLS, and uv would not"
        elif self.instead and sources.extra_index_urls:
            reason = "uv passes over one of several indexes that refuses to answer"
        else:
            return False
        if not self.instead:
            self.pip.resolve(request, on_line=on_line)  # what is wrong anyway comes first
            raise InstallError(
                f"uv cannot be used: {reason}", code="install-no-uv", hint="leave it to `--installer auto`"
            )
        _say(on_line, f"installer: pip, since {reason}")
        return True

    def _solve(
        self, request: InstallRequest, folder: Path, on_line: OnLine | None
    ) -> tuple[ResolvedPackage, ...]:
        """Resolve and unpack in one run, in a folder that looks to uv like the target."""
        lines = lines_of(request)
        _require_clear(request, lines)
        installed = installed_distributions(self.target.import_path)
        declared = wanted(request, self.target)
        site = self._site(folder)
        plant(site, installed)
        with RequestFiles(request) as files:
            arguments = [*files.everything, *choices(request, declared, installed)]
            if has_hashes(lines):
                arguments.append("--require-hashes")
            self._run(folder, arguments, request, on_line=on_line)
        uproot(site)
        packages = read_unpacked(site, declared)
        self._require_this_python(packages)
        mark_requested(folder, {normalize(each.name) for each in packages if each.requested})
        return packages

    def _unpack(
        self,
        request: InstallRequest,
        packages: Sequence[ResolvedPackage],
        folder: Path,
        *,
        on_line: OnLine | None,
    ) -> Staged:
        with RequestFiles(request) as files:
            self._run(folder, ["--no-deps", *files.only(packages)], request, on_line=on_line)
        found = {normalize(each.name): each.version for each in read_unpacked(self._site(folder), ())}
        # Of a source tree the version may not have been known: it is empty then.
        missing = [
            each.name
            for each in packages
            if (version := found.get(normalize(each.name))) is None or each.version not in {"", version}
        ]
        if missing:
            raise InstallError(f"uv did not unpack `{missing[0]}`", names=(normalize(missing[0]),))
        mark_requested(folder, {normalize(each.name) for each in packages if each.requested})
        return Staged(tuple(packages), folder, self.target.prefix)

    def _site(self, folder: Path) -> Path:
        return folder / self.target.site_packages.relative_to(self.target.prefix)

    def _require_this_python(self, packages: Iterable[ResolvedPackage]) -> None:
        """Raise InstallError for a package that is for another Python: uv passes over upper ends."""
        for package in packages:
            if package.python and not _is_in(self.target.version, package.python):
                raise InstallError(f"`{package.name}` {package.version} is for Python {package.python}")

    def _run(
        self, folder: Path, arguments: Sequence[str], request: InstallRequest, *, on_line: OnLine | None
    ) -> None:
        sources = self.settings.sources.and_lines(option_lines(request), variables(request))
        command = [str(self.uv.program), "pip", "install", *_ALWAYS, *self.settings.arguments]
        command += ["--python", str(self.target.executable), "--prefix", str(folder)]
        if request.offline:
            sources = sources.and_lines(("--no-index",), {})
            command.append("--offline")
        if sources.no_index:
            command.append("--no-index")
        if sources.prereleases or request.prereleases:
            command.append("--prerelease=allow")
        environment: dict[str, str | None] = {name: None for name in os.environ if name.startswith("UV_")}
        environment |= self.settings.environment
        environment |= place_variables(sources, request.directory or Path.cwd())
        environment |= {name: value for name, value in os.environ.items() if name in _KEPT}
        done = self.runner(
            [*command, *arguments],
            cwd=request.directory,
            env={**environment, **request.secrets},
            on_line=lambda line: _say(on_line, without_credentials(line)),
        )
        (folder / ".lock").unlink(missing_ok=True)
        output = without_credentials(done.stdout + done.stderr)
        if done.returncode:
            raise _failure(output)
        ignored = set(_IGNORED.findall(output)) - _TOLD
        if ignored:
            raise InstallError(f"uv does not know the option `{min(ignored)}` of a requirements file")


def _require_clear(request: InstallRequest, lines: tuple[str, ...]) -> None:
    """Raise InstallError for a request of which uv would not tell, or not take, what pip does."""
    include = remote_include(lines)
    if include is not None:
        raise InstallError(f"only pip tells what `{without_credentials(include)}` asks for")
    if PackageSources().and_lines(option_lines(request), variables(request)).superseded:
        raise InstallError("uv would search indexes that a later `--index-url` takes back")


def _is_in(version: str, specifier: str) -> bool:
    """Tell whether a version is within a range; a range that is none, as pip has it, excludes nothing."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - for installing only
    from packaging.version import InvalidVersion  # noqa: PLC0415

    try:
        return SpecifierSet(specifier).contains(version, prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return True


def _failure(output: str) -> InstallError:
    """Return the error that uv's last words make."""
    lines = [line for line in output.splitlines() if line.strip() and not line.startswith("warning:")]
    start = next((number for number, line in enumerate(lines) if _ERROR.match(line)), max(0, len(lines) - 1))
    words = lines[start:] or ["it printed nothing"]
    reason = _ERROR.sub("", words[0], count=1)
    return InstallError(
        f"uv failed: {reason}", detail="\n".join(words), hint="`--installer pip` does without uv"
    )


def _say(on_line: OnLine | None, line: str) -> None:
    if on_line is not None:
        on_line(line)
