"""Author and date of the last commit that touched a file or folder, where a repository tells (SPEC §2)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from git import Repo

__all__ = ["GitFacts", "last_commit", "watched_files"]

# The repository is a stranger's: git must not ask, fetch, sign or run what its configuration names.
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ASKPASS": "true",
    "LC_ALL": "C",
}
_TIMEOUT = 10
_LOG = ("git", "-c", "core.fsmonitor=false", "log", "-1", "--no-show-signature", "--format=%an%x00%aI")


@dataclass(frozen=True, slots=True)
class GitFacts:
    """The last commit's author name and its author date, `YYYY-MM-DD`."""

    author: str
    date: str


def last_commit(path: Path) -> GitFacts | None:
    """Return who last changed the file or folder and when; None, and silence, when no repository can tell."""
    root = _repository(path)
    if root is None:
        return None
    try:
        with _quiet():
            import git  # noqa: PLC0415 - 100 ms, and only directory plugins ever need it
    except ImportError:  # GitPython refuses to be imported without a git program
        return None
    try:
        repo = git.Repo(root)
    except (git.GitError, OSError, ValueError):
        return None
    try:
        return _facts(repo, path.resolve().relative_to(root))
    except (git.GitError, OSError, ValueError):
        return None
    finally:
        repo.close()


def watched_files(path: Path) -> Iterator[str]:
    """Yield the files whose change may change the answer about `path`: another commit, another repository."""
    try:
        parents = path.resolve().parents
    except (OSError, RuntimeError):
        return
    for folder in parents:
        inside = folder / ".git"
        yield str(inside)
        if inside.is_dir():
            yield from (
                str(inside / name) for name in ("HEAD", "logs/HEAD", "index", "packed-refs", "shallow")
            )
            return


def _repository(path: Path) -> Path | None:
    """Return the work tree around the file, None unless its history is whole and its own.

    In a shallow clone the oldest commit seems to add every file. A `.git` file (submodule, linked work tree)
    points to a repository elsewhere, which is not looked into.
    """
    try:
        for folder in path.resolve().parents:
            inside = folder / ".git"
            if inside.is_dir():
                return None if (inside / "shallow").exists() else folder
            if inside.exists():
                return None
    except (OSError, RuntimeError):
        return None
    return None


def _facts(repo: Repo, file: Path) -> GitFacts | None:
    with repo.git.custom_environment(**_ENVIRONMENT):
        line = repo.git.execute(
            [*_LOG, "--", file.as_posix()],
            kill_after_timeout=_TIMEOUT,
            strip_newline_in_stdout=True,
        )
    author, _, date = str(line).partition("\0")
    return GitFacts(author, date[:10]) if author and date else None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep GitPython from printing when it finds no git program; the variable is for its import alone."""
    name = "GIT_PYTHON_REFRESH"
    before = os.environ.get(name)
    os.environ[name] = "quiet"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
