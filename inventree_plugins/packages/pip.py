"""invplug's own pip, run for the target interpreter, which needs none."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from inventree_plugins.errors import InstallError
from inventree_plugins.packages.diagnosis import diagnose
from inventree_plugins.packages.installer import InstalledPackage, InstallReport, InstallRequest
from inventree_plugins.packages.names import normalize
from inventree_plugins.process import Completed, Runner

__all__ = ["PipInstaller"]

_QUIET = ("--disable-pip-version-check", "--no-input", "--no-color")
_REMOVED = re.compile(r"^\s*Successfully uninstalled (\S+)-[^-\s]+$", re.MULTILINE)
_FOUND = re.compile(r"^Found existing installation: (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PipInstaller:
    """An Installer for the interpreter `target`; `runner` is `process.run`, or a test's."""

    target: Path
    runner: Runner

    def install(
        self, request: InstallRequest, *, on_line: Callable[[str], None] | None = None
    ) -> InstallReport:
        """Install what `request` names, or with `dry_run` only resolve it. Raises InstallError."""
        with tempfile.TemporaryDirectory(prefix="invplug-") as folder:
            texts, report = Path(folder, "requirements.txt"), Path(folder, "report.json")
            lines = (*request.options, *request.requirements)
            texts.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            arguments = _install_arguments(request, texts=texts, report=report)
            # pip resolves the relative paths of a requirements file against where it runs.
            cwd = request.requirements_file.absolute().parent if request.requirements_file else None
            done = self._run(arguments, cwd=cwd, on_line=on_line)
            if done.returncode:
                output = _without_file(done.stdout + done.stderr, texts, lines=lines)
                raise diagnose(output, request.declarations)
            return _read_report(report)

    def uninstall(
        self, names: Sequence[str], *, on_line: Callable[[str], None] | None = None
    ) -> tuple[str, ...]:
        """Remove packages and return those that were there, by normalised name.

        Raises InstallError, also when pip leaves a package in place because it lies outside the target.
        """
        if not names:
            return ()
        done = self._run(("uninstall", *_QUIET, "--yes", *names), cwd=None, on_line=on_line)
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

    def _run(
        self, arguments: Sequence[str], *, cwd: Path | None, on_line: Callable[[str], None] | None
    ) -> Completed:
        command = [sys.executable, "-m", "pip", "--python", str(self.target), *arguments]
        # With a line callback both streams come as one, in order: the diagnosis needs that.
        return self.runner(command, cwd=cwd, env={"PYTHONIOENCODING": "utf-8"}, on_line=on_line or _discard)


def _discard(_line: str) -> None:
    """Drop a line of output."""


def _install_arguments(request: InstallRequest, *, texts: Path, report: Path) -> list[str]:
    arguments = ["install", *_QUIET, "--report", str(report)]
    if request.upgrade:
        arguments.append("--upgrade")
    if request.dry_run:
        arguments.append("--dry-run")
    if request.requirements_file is not None:
        arguments += ["--requirement", str(request.requirements_file.absolute())]
    if request.requirements or request.options:
        arguments += ["--requirement", str(texts)]
    return arguments


def _without_file(output: str, texts: Path, *, lines: Sequence[str]) -> str:
    """Put requirements for the temporary file's lines, which mean nothing to the reader."""
    for number, line in enumerate(lines, 1):
        output = output.replace(f"-r {texts} (line {number})", line)
    return output


def _read_report(path: Path) -> InstallReport:
    try:
        data = json.loads(path.read_bytes())
        installed = tuple(
            InstalledPackage(item["metadata"]["name"], item["metadata"]["version"], item["requested"])
            for item in data["install"]
        )
    except FileNotFoundError:
        return InstallReport()  # pip writes none when it had nothing to resolve
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InstallError("pip's report of what it installed cannot be read", detail=str(error)) from error
    return InstallReport(installed)
