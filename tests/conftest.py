"""What every test stands on: no configuration of this machine reaches a test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


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
