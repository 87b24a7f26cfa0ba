"""A world of files: packages with entry points, plugin directories, and what discovery finds there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

import pytest

from inventree_plugins.discovery import FactsCache, Places, discover
from inventree_plugins.models import Discovery, Distribution, EntryPoint, Plugin

PLUGIN = """
from plugin import InvenTreePlugin


class Demo(InvenTreePlugin):
    NAME = "Demo"
"""


@dataclass
class World:
    root: Path
    distributions: list[Distribution] = field(default_factory=list)
    directories: list[Path] = field(default_factory=list)
    source_root: Path | None = None
    server_version: str | None = None
    samples: bool = False
    cache: FactsCache | None = None

    @property
    def site(self) -> Path:
        return self.root / "site"

    def write(self, path: str, text: str | bytes) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return target

    def package(
        self, entry_point: str, *, name: str = "demo-dist", version: str = "3.2.1", metadata: str = ""
    ):
        """Install a distribution of one entry point `module:attribute`."""
        module, _, attr = entry_point.partition(":")
        stem = name.replace("-", "_")
        info = self.write(
            f"site/{stem}-{version}.dist-info/METADATA", f"Name: {name}\nVersion: {version}\n{metadata}"
        ).parent
        point = EntryPoint("inventree_plugins", name, module, attr)
        distribution = Distribution(name, name, version, self.site, info, (point,))
        self.distributions.append(distribution)
        return distribution

    def directory(self, name: str = "plugins") -> Path:
        path = self.root / name
        path.mkdir(exist_ok=True)
        if path not in self.directories:
            self.directories.append(path)
        return path

    def places(self) -> Places:
        return Places(
            source_root=self.source_root,
            samples=self.samples,
            directories=tuple(self.directories),
            distributions=tuple(self.distributions),
            import_path=(self.site,),
            server_version=self.server_version,
        )

    def discover(self) -> Discovery:
        return discover(self.places(), cache=self.cache)

    def plugin(self) -> Plugin:
        found = self.discover()
        assert len(found.plugins) == 1, found
        return found.plugins[0]

    def body(self, body: str, *, before: str = "") -> Plugin:
        """Return the plugin of a directory whose class has this body, `NAME` given."""
        self.directory()
        lines = [
            dedent(before),
            "from plugin import InvenTreePlugin",
            "class Demo(InvenTreePlugin):",
            '    NAME = "Demo"',
        ]
        lines += [f"    {line}" for line in dedent(body).splitlines()]
        self.write("plugins/demo.py", "\n".join(lines))
        return self.plugin()


@pytest.fixture
def world(tmp_path):
    (tmp_path / "site").mkdir()
    return World(tmp_path)


def codes(problems):
    return [problem.code for problem in problems]


@pytest.fixture(name="codes")
def _codes():
    return codes


@pytest.fixture
def plugin_text():
    return PLUGIN
