"""Test plugins without an InvenTree server: a pytest plugin with the fixture `plugin_host`.

In a project's `conftest.py`: `pytest_plugins = ["inventree_plugins.testing"]`. From then on the imports of a
plugin, as `from plugin import InvenTreePlugin`, reach the SDK where nothing else provides them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from inventree_plugins.sdk.stand_ins import stand_ins
from inventree_plugins.testing.fake_api import FakeApi, Received
from inventree_plugins.testing.plugin_host import PluginTestHost

__all__ = ["FakeApi", "PluginTestHost", "Received", "plugin_host"]

_STACK = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Let plugins and their tests be imported, from now to the end."""
    stack = config.stash.setdefault(_STACK, ExitStack())
    stack.enter_context(stand_ins())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take the stand-ins away."""
    config.stash[_STACK].close()


@pytest.fixture
def plugin_host(tmp_path: Path) -> Iterator[PluginTestHost]:
    """Return a host with a store of its own, in which all integration switches are on."""
    with PluginTestHost(tmp_path / "plugin_host") as host:
        yield host
