"""What every test stands on: no configuration of this machine reaches a test."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.databases import Case, Databases
from tests.private_servers import MissingServerError


def pytest_configure() -> None:
    """Let Ctrl-C reach what the tests start: a shell has what it starts in the background ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """Have one worker more than there are cores: many tests wait, for locks and for servers."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the test a working directory, cache and log folder of its own, and no server's variables."""
    for name in list(os.environ):
        if name.startswith(("INVENTREE_", "INVPLUG_", "FORCE_COLOR", "NO_COLOR")):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))
    # Nothing that pip could find elsewhere may decide a test.
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Make servers' databases on any engine; its servers are those of all of xdist's workers."""
    base = tmp_path_factory.getbasetemp()
    databases = Databases(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)
    yield databases
    databases.close()


@pytest.fixture
def make_case(databases: Databases, tmp_path: Path) -> Iterator[Callable[..., Case]]:
    """Return a function that makes a database for this test; see `Databases.case`."""
    with ExitStack() as stack:

        def make(engine: str, version: str = "1.5", **options: object) -> Case:
            folder = tmp_path / f"database-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            try:
                return stack.enter_context(databases.case(engine, version, folder, **options))
            except MissingServerError as error:
                pytest.skip(str(error))

        yield make
