"""A standalone instance, the plugins in it, and hosts that boot them in this process."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent, indent
from types import ModuleType
from typing import Any

import pytest

from inventree_plugins.cli import main
from inventree_plugins.host import HostOptions, PluginHost
from inventree_plugins.instance import Instance, InstanceOptions, resolve_instance
from inventree_plugins.sdk import server
from inventree_plugins.store import Store, open_store
from inventree_plugins.switches import ALL_SWITCHES
from tests.builders import install_folder

# No test waits that long, unless it fails.
PATIENCE = 20.0


def plugin_text(name: str, *mixins: str, body: str = "", before: str = "") -> str:
    """Return a module with one plugin."""
    imports = f"from plugin.mixins import {', '.join(mixins)}\n" if mixins else ""
    bases = ", ".join((*mixins, "InvenTreePlugin"))
    head = f"class {name.replace(' ', '')}Plugin({bases}):\n    NAME = {name!r}\n"
    top = f"from plugin import InvenTreePlugin\n{imports}{dedent(before)}\n"
    return top + head + indent(dedent(body), "    ")


@dataclass
class World:
    """The working directory as a standalone instance; every host of it is closed after the test."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    hosts: list[PluginHost] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=dict)
    clock: int = 1_000_000_000

    @property
    def plugins(self) -> Path:
        """Return the plugin directory."""
        return self.folder / "plugins"

    @property
    def store(self) -> Store:
        """Return the instance's store."""
        return open_store(self.instance().require_database(), timeout=10.0)

    @property
    def site(self) -> Path:
        """Return a folder of installed packages, on the import path."""
        made = self.folder.parent / "site"
        if not made.is_dir():
            made.mkdir()
            self.monkeypatch.syspath_prepend(str(made))
        return made

    def write(self, path: str, text: str | bytes) -> Path:
        """Write a file below the working directory."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else dedent(text).encode("utf-8", "surrogatepass"))
        # Python's cache of bytecode goes by whole seconds: no two texts are of the same one.
        self.clock += 1
        os.utime(target, (self.clock, self.clock))
        return target

    def plugin(
        self, name: str, *mixins: str, body: str = "", before: str = "", file: str | None = None
    ) -> Path:
        """Write a plugin into the directory, in a module of its name."""
        text = plugin_text(name, *mixins, body=body, before=before)
        return self.write(f"plugins/{file or name.lower() + '.py'}", text)

    def package(self, name: str, text: str, *, attr: str, version: str = "1.0", **metadata: str) -> Path:
        """Install a distribution with one module of its name, and one entry point."""
        module = name.replace("-", "_")
        (self.site / f"{module}.py").write_text(dedent(text), encoding="utf-8")
        points = f"[inventree_plugins]\n{name} = {module}:{attr}\n"
        return install_folder(self.site, name, version, entry_points=points, metadata=metadata)

    def instance(self, config: Path | None = None) -> Instance:
        """Return the instance that `invplug` would find here."""
        options = InstanceOptions(config=config)
        return resolve_instance(options, directory=self.folder, environ=self.environ)

    def host(self, config: Path | None = None, **options: Any) -> PluginHost:
        """Return a host that has not booted."""
        made = PluginHost(self.instance(config), HostOptions(**options))
        self.hosts.append(made)
        return made

    def boot(self, *slugs: str, switches: bool = True, **options: Any) -> PluginHost:
        """Boot a host with these plugins active, and all switches on."""
        host = self.host(**options)
        self.activate(*slugs)
        if switches:
            self.switch(*ALL_SWITCHES)
        return host.boot()

    def activate(self, *slugs: str) -> None:
        """Let the store say that these plugins are active; rows are made where there are none."""
        with self.store.writing() as writer:
            present = {row.key for row in writer.rows()}
            for slug in slugs:
                if slug not in present:
                    writer.insert(slug, name=None)
            writer.set_active(slugs, True)

    def deactivate(self, *slugs: str) -> None:
        """Let the store say that these plugins are not active."""
        with self.store.writing() as writer:
            writer.set_active(slugs, False)

    def switch(self, *names: str, on: bool = True) -> None:
        """Turn integration switches on or off."""
        self.set_global(**dict.fromkeys(names, str(on)))

    def set_global(self, **values: str) -> None:
        """Store global settings."""
        with self.store.writing() as writer:
            for name, value in values.items():
                writer.set_global_value(name, value)

    def set_setting(self, slug: str, key: str, value: str) -> None:
        """Store a plugin's setting."""
        with self.store.writing() as writer:
            writer.set_plugin_setting(slug, key, value)

    def rows(self) -> dict[str, bool]:
        """Return what the store says: slugs, and whether they are active."""
        with self.store.reading() as reader:
            return {row.key: row.active for row in reader.rows()}


@pytest.fixture(autouse=True)
def forgetful(isolated: None, tmp_path: Path) -> Iterator[None]:
    """Leave no module of the test's folder behind, and no host that plugins could find."""
    before = dict(sys.modules)
    yield
    for name, module in list(sys.modules.items()):
        if before.get(name) is not module and _is_below(module, tmp_path):
            del sys.modules[name]
    server._registered.clear()


def _is_below(module: ModuleType, folder: Path) -> bool:
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    return any(place and Path(place).is_relative_to(folder) for place in places)


@pytest.fixture
def world(isolated: None, forgetful: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(Path.cwd(), monkeypatch)
    yield made
    for host in made.hosts:
        host.close()


@pytest.fixture
def invplug(capsys: pytest.CaptureFixture[str]) -> Callable[..., int]:
    """Call `main([...])` for this interpreter; what it prints is dropped."""

    def call(*arguments: str) -> int:
        code = main(["--python", sys.executable, *arguments])
        capsys.readouterr()
        return code

    return call


def finished(futures: Any) -> None:
    """Wait for deliveries and tasks."""
    for each in futures:
        each.result(PATIENCE)


def failures_of(host: PluginHost) -> list[tuple[str | None, str, str]]:
    """Return slug, phase and kind of each failure."""
    return [(each.slug, each.phase, type(each.error).__name__) for each in host.failures]
