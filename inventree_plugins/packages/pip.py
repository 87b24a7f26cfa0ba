"""invplug's own pip, run by the target interpreter, which needs none."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

from inventree_plugins.errors import InstallError
from inventree_plugins.models import Interpreter
from inventree_plugins.packages.installer import InstallRequest, ResolvedPackage, Staged
from inventree_plugins.packages.names import normalize
from inventree_plugins.packages.permission import needs_user_site
from inventree_plugins.packages.report import read_report
from inventree_plugins.packages.staging import mark_requested
from inventree_plugins.process import Completed, Runner

__all__ = ["STRONG_HASHES", "PipInstaller", "offers"]

OnLine = Callable[[str], None]

STRONG_HASHES = frozenset({"sha256", "sha384", "sha512"})
_QUIET = ("--disable-pip-version-check", "--no-input", "--no-color")
_REMOVED = re.compile(r"^\s*Successfully uninstalled (\S+)-[^-\s]+$", re.MULTILINE)
_FOUND = re.compile(r"^Found existing installation: (\S+)", re.MULTILINE)
# Settings of pip that would send packages elsewhere than where they are staged.
_ELSEWHERE = (
    "DRY_RUN",
    "IGNORE_INSTALLED",
    "NO_DEPS",
    "PREFIX",
    "PYTHON",
    "REPORT",
    "ROOT",
    "TARGET",
    "USER",
)
_ENVIRONMENT: dict[str, str | None] = {f"PIP_{name}": None for name in _ELSEWHERE}
# pip must ask Python's finders what is installed, which is its way only since Python 3.11.
_BY_FINDERS = {"_PIP_USE_IMPORTLIB_METADATA": "1"}
# Links in pip's own settings, and URLs in the metadata of packages, would still lead out: to nowhere.
_OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_PROXY": "http://127.0.0.1:9",
    "PIP_RETRIES": "0",
    "GIT_ALLOW_PROTOCOL": "file",
}


@dataclass(frozen=True, slots=True)
class PipInstaller:
    """An Installer for the interpreter `target`; `runner` is `process.run`, or a test's."""

    target: Interpreter
    runner: Runner
    name: str = "pip"

    def resolve(
        self, request: InstallRequest, *, on_line: OnLine | None = None
    ) -> tuple[ResolvedPackage, ...]:
        """Find what would have to be installed, by a dry run. Raises InstallError."""
        with _Work(request) as work:
            return self._install(work, ("--dry-run", *work.everything), on_line=on_line)

    def resolve_without(
        self, request: InstallRequest, unseen: Collection[str], *, on_line: OnLine | None = None
    ) -> tuple[ResolvedPackage, ...]:
        """Find what would have to be installed if distributions were not there, by a dry run.

        `unseen` are their normalised names. Raises InstallError.
        """
        with _Work(request) as work:
            return self._install(work, ("--dry-run", *work.everything), unseen=unseen, on_line=on_line)

    def newest(
        self, request: InstallRequest, *, on_line: OnLine | None = None
    ) -> tuple[ResolvedPackage, ...]:
        """Find the newest release of each package that the request names, by a dry run. Raises InstallError.

        What they need, what is installed and what Python the target has do not count.
        """
        alone = ("--dry-run", "--no-deps", "--ignore-installed", "--ignore-requires-python")
        with _Work(request) as work:
            return self._install(work, (*alone, *work.everything), on_line=on_line)

    def stage(
        self,
        request: InstallRequest,
        packages: Sequence[ResolvedPackage],
        folder: Path,
        *,
        on_line: OnLine | None = None,
    ) -> Staged:
        """Unpack and build exactly `packages` below `folder`. Raises InstallError."""
        root = (*self._root(folder), "--ignore-installed", "--no-deps")
        with _Work(request) as work:
            for part in _parts(packages):
                self._install(work, (*root, *work.only(part)), on_line=on_line)
        mark_requested(folder, {normalize(each.name) for each in packages if each.requested})
        return Staged(tuple(packages), folder, Path("/"))

    def resolve_and_stage(
        self, request: InstallRequest, folder: Path, *, on_line: OnLine | None = None
    ) -> Staged:
        """Do both in one run; pip takes away what it would replace, so that must be nothing."""
        with _Work(request) as work:
            packages = self._install(work, (*self._root(folder), *work.everything), on_line=on_line)
        return Staged(packages, folder, Path("/"))

    def collect(
        self,
        request: InstallRequest,
        packages: Sequence[ResolvedPackage],
        folder: Path,
        *,
        on_line: OnLine | None = None,
    ) -> None:
        """Write wheels of exactly `packages` into `folder`, built where need be. Raises InstallError."""
        self._fetch(("wheel", "--wheel-dir", str(folder)), request, packages, on_line=on_line)

    def download(
        self,
        request: InstallRequest,
        packages: Sequence[ResolvedPackage],
        folder: Path,
        *,
        on_line: OnLine | None = None,
    ) -> None:
        """Write the archives of exactly `packages` into `folder`, as they come. Raises InstallError."""
        self._fetch(("download", "--dest", str(folder)), request, packages, on_line=on_line)

    def _fetch(
        self,
        command: Sequence[str],
        request: InstallRequest,
        packages: Sequence[ResolvedPackage],
        *,
        on_line: OnLine | None,
    ) -> None:
        with _Work(request) as work:
            for part in _parts(packages):
                arguments = (*command, *_QUIET, "--no-deps", *work.only(part))
                done = self._run(arguments, request, on_line=on_line)
                if done.returncode:
                    raise work.failure(done)

    def uninstall(self, names: Sequence[str], *, on_line: OnLine | None = None) -> tuple[str, ...]:
        """Remove packages at once and return those that were there, by normalised name.

        Only for what older tools installed, without a list of files. Raises InstallError, also when pip
        leaves a package in place because it lies outside the target.
        """
        if not names:
            return ()
        done = self._run(("uninstall", *_QUIET, "--yes", *names), InstallRequest(), on_line=on_line)
        output = done.stdout + done.stderr
        if done.returncode:
            from inventree_plugins.packages.diagnosis import diagnose  # noqa: PLC0415 - failures only

            raise diagnose(output, ())
        removed = {normalize(name) for name in _REMOVED.findall(output)}
        left = [name for name in _FOUND.findall(output) if normalize(name) not in removed]
        if left:
            raise InstallError(
                f"`{left[0]}` cannot be removed: it lies outside the target interpreter's environment",
                hint="remove it with the tool that installed it",
                detail=output.strip(),
            )
        return tuple(sorted(removed))

    def _root(self, folder: Path) -> tuple[str, ...]:
        root = ("--root", str(folder), "--no-warn-script-location")
        return (*root, "--user") if needs_user_site(self.target) else root

    def _install(
        self,
        work: _Work,
        arguments: Sequence[str],
        *,
        unseen: Collection[str] = (),
        on_line: OnLine | None,
    ) -> tuple[ResolvedPackage, ...]:
        report = work.folder / "report.json"
        command = ("install", *_QUIET, "--no-warn-conflicts", "--report", str(report), *arguments)
        log = work.folder / "pip.log"
        if work.has_several_indexes:
            command += ("--log", str(log))
        done = self._run(command, work.request, unseen=unseen, on_line=on_line)
        if done.returncode:
            raise work.failure(done, log=self._log(command, work, done, unseen=unseen))
        _require_answers(log)
        return read_report(report, work.request.declarations)

    def _log(self, command: Sequence[str], work: _Work, done: Completed, *, unseen: Collection[str]) -> str:
        """Ask once more, with a log, where pip's output does not say why an index had nothing.

        A log costs a good part of a run, so that only failures write one.
        """
        from inventree_plugins.packages.diagnosis import is_unexplained  # noqa: PLC0415 - failures only

        if not is_unexplained(done.stdout + done.stderr):
            return ""
        log = work.folder / "pip.log"
        self._run((*command, "--dry-run", "--log", str(log)), work.request, unseen=unseen, on_line=None)
        return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""

    def _run(
        self,
        arguments: Sequence[str],
        request: InstallRequest,
        *,
        unseen: Collection[str] = (),
        on_line: OnLine | None,
    ) -> Completed:
        env = {**_ENVIRONMENT, "PYTHONIOENCODING": "utf-8", "_PIP_RUNNING_IN_SUBPROCESS": "1"}
        if unseen:
            env |= _BY_FINDERS
        if request.offline:
            env |= _OFFLINE
        # With a line callback both streams come as one, in order: the diagnosis needs that.
        return self.runner(
            [*_program(self.target.executable, unseen=unseen), *arguments],
            cwd=request.directory,
            env={**env, **request.secrets},
            on_line=on_line or _discard,
        )


class _Work:
    """The files that tell pip one request, and what its failures mean."""

    def __init__(self, request: InstallRequest) -> None:
        self.request = request
        self._folder = tempfile.TemporaryDirectory(prefix="invplug-")
        self.folder = Path(self._folder.name)
        self._lines: tuple[str, ...] = ()

    def __enter__(self) -> _Work:  # noqa: PYI034 - Self came with Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    @property
    def everything(self) -> tuple[str, ...]:
        """Return the arguments for all that the request names."""
        request = self.request
        arguments = ["--upgrade"] if request.upgrade else []
        if request.prereleases:
            arguments.append("--pre")
        if request.uploaded_before:
            arguments += ["--uploaded-prior-to", request.uploaded_before]
        if request.requirements_file is not None:
            arguments += ["--requirement", str(request.requirements_file.absolute())]
        if request.requirements or request.requirements_file is None:
            options = () if request.requirements_file else request.options
            arguments += ["--requirement", self._write("requirements.txt", *options, *request.requirements)]
        if request.constraints:
            arguments += ["--constraint", self._write("constraints.txt", *request.constraints)]
        return tuple(arguments)

    @property
    def has_several_indexes(self) -> bool:
        """Tell whether one index may fail without pip saying so, as another one has the package."""
        lines = (*self.request.options, *self.request.requirements)
        is_extra = any(line.startswith("--extra-index-url") for line in lines)
        return is_extra or bool(os.environ.get("PIP_EXTRA_INDEX_URL"))

    def only(self, packages: Sequence[ResolvedPackage]) -> tuple[str, ...]:
        """Return the arguments for exactly these packages, by their hashes; see `_parts`."""
        lines = [" ".join([each.line, *_hash_options(each)]) for each in packages]
        return ("--requirement", self._write("requirements.txt", *self.request.options, *lines))

    def failure(self, done: Completed, *, log: str = "") -> InstallError:
        """Return the error that tells why pip failed, without the temporary file's name."""
        output = done.stdout + done.stderr
        for number, line in enumerate(self._lines, 1):
            output = output.replace(f"-r {self.folder / 'requirements.txt'} (line {number})", line)
        from inventree_plugins.packages.diagnosis import diagnose  # noqa: PLC0415 - failures only

        return diagnose(output, self.request.declarations, host=self.request.host, log=log)

    def _write(self, name: str, *lines: str) -> str:
        if name == "requirements.txt":
            self._lines = lines
        path = self.folder / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return str(path)


def _program(executable: Path, *, unseen: Collection[str] = ()) -> tuple[str, ...]:
    """Return how the target runs this very pip: by the file that pip has for that, which saves a process."""
    spec = PathFinder.find_spec("pip")  # setuptools has a hook that watches who else asks for pip
    runner = Path(spec.origin).parent / "__pip-runner__.py" if spec and spec.origin else None
    if runner is not None and runner.is_file():
        without = (str(Path(__file__).with_name("pip_without.py")), ",".join(sorted(unseen)))
        return (str(executable), *(without if unseen else ()), str(runner))
    if unseen:
        raise InstallError("invplug's own pip is not installed as a folder, which this needs")
    return (sys.executable, "-m", "pip", "--python", str(executable))


def _parts(packages: Sequence[ResolvedPackage]) -> tuple[Sequence[ResolvedPackage], ...]:
    """Divide packages into those with hashes and those without: pip wants one for all, or for none."""
    hashed = [each for each in packages if _hash_options(each)]
    others = [each for each in packages if not _hash_options(each)]
    return tuple(part for part in (hashed, others) if part)


def _hash_options(package: ResolvedPackage) -> list[str]:
    """Return the hashes that pip takes as options; an index may have weaker ones too."""
    return [f"--hash={each}" for each in package.hashes if each.partition(":")[0] in STRONG_HASHES]


def _require_answers(log: Path) -> None:
    """Raise InstallError where an index did not answer, and pip went on with what others have.

    Somebody else's package of the same name could come then, as when a password is missing.
    """
    if not log.exists():
        return
    from inventree_plugins.packages.index_log import unanswered  # noqa: PLC0415 - several indexes are rare

    failed = unanswered(log.read_text(encoding="utf-8", errors="replace"))
    if failed is not None:
        url, reason = failed
        raise InstallError(
            f"`{url}` did not answer ({reason}): another index must not stand in for it",
            code="install-network",
            hint="give its password in ~/.netrc, a keyring or a variable, or take the index out",
        )


def _discard(_line: str) -> None:
    """Drop a line of output."""


def offers(target: Interpreter, name: str, index_url: str | None, runner: Runner) -> bool:
    """Tell whether one index has the package, None being the configured one; False without an answer."""
    index: dict[str, str | None] = {"PIP_INDEX_URL": index_url} if index_url else {}
    command = ("index", "versions", name, *_QUIET, "--pre", "--retries", "0")
    env = {**_ENVIRONMENT, "PIP_EXTRA_INDEX_URL": None, "PIP_FIND_LINKS": None, **index}
    done = runner([*_program(target.executable), *command], env={**env, "_PIP_RUNNING_IN_SUBPROCESS": "1"})
    return done.returncode == 0
