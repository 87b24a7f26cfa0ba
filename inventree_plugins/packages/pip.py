"""invplug's own pip, run by the target interpreter, which needs none."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from inventree_plugins.errors import InstallError
from inventree_plugins.models import Interpreter
from inventree_plugins.packages.diagnosis import diagnose
from inventree_plugins.packages.installer import InstallRequest, ResolvedPackage, Staged
from inventree_plugins.packages.names import normalize
from inventree_plugins.packages.permission import needs_user_site
from inventree_plugins.packages.report import read_report
from inventree_plugins.packages.staging import mark_requested
from inventree_plugins.process import Completed, Runner

__all__ = ["PipInstaller"]

OnLine = Callable[[str], None]

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

    def stage(
        self,
        request: InstallRequest,
        packages: Sequence[ResolvedPackage],
        folder: Path,
        *,
        on_line: OnLine | None = None,
    ) -> Staged:
        """Unpack and build exactly `packages` below `folder`. Raises InstallError."""
        with _Work(request) as work:
            arguments = (*self._root(folder), "--ignore-installed", "--no-deps", *work.only(packages))
            self._install(work, arguments, on_line=on_line)
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
        with _Work(request) as work:
            command = ("wheel", *_QUIET, "--no-deps", "--wheel-dir", str(folder), *work.only(packages))
            done = self._run(command, request, on_line=on_line)
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
        self, work: _Work, arguments: Sequence[str], *, on_line: OnLine | None
    ) -> tuple[ResolvedPackage, ...]:
        report = work.folder / "report.json"
        command = ("install", *_QUIET, "--no-warn-conflicts", "--report", str(report), *arguments)
        done = self._run(command, work.request, on_line=on_line)
        if done.returncode:
            raise work.failure(done)
        return read_report(report, work.request.declarations)

    def _run(self, arguments: Sequence[str], request: InstallRequest, *, on_line: OnLine | None) -> Completed:
        env = {**_ENVIRONMENT, "PYTHONIOENCODING": "utf-8", "_PIP_RUNNING_IN_SUBPROCESS": "1"}
        # With a line callback both streams come as one, in order: the diagnosis needs that.
        return self.runner(
            [*_program(self.target.executable), *arguments],
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

    def only(self, packages: Sequence[ResolvedPackage]) -> tuple[str, ...]:
        """Return the arguments for exactly these packages, by their hashes where all have some."""
        lines = [each.line for each in packages]
        if all(each.hashes for each in packages):
            lines = [f"{each.line} --hash={each.hashes[0]}" for each in packages]
        return ("--requirement", self._write("requirements.txt", *self.request.options, *lines))

    def failure(self, done: Completed) -> InstallError:
        """Return the error that tells why pip failed, without the temporary file's name."""
        output = done.stdout + done.stderr
        for number, line in enumerate(self._lines, 1):
            output = output.replace(f"-r {self.folder / 'requirements.txt'} (line {number})", line)
        return diagnose(output, self.request.declarations)

    def _write(self, name: str, *lines: str) -> str:
        if name == "requirements.txt":
            self._lines = lines
        path = self.folder / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return str(path)


def _program(executable: Path) -> tuple[str, ...]:
    """Return how the target runs this very pip: by the file that pip has for that, which saves a process."""
    spec = find_spec("pip")
    runner = Path(spec.origin).parent / "__pip-runner__.py" if spec and spec.origin else None
    if runner is not None and runner.is_file():
        return (str(executable), str(runner))
    return (sys.executable, "-m", "pip", "--python", str(executable))


def _discard(_line: str) -> None:
    """Drop a line of output."""
