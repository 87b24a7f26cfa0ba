"""What reading tells of a plugin, and what its host tells: in the same words, so that they can be compared.

Run as a program it boots every plugin on its import path, in the working directory, and prints that as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from inventree_plugins.discovery import Places, discover
from inventree_plugins.host import PluginHost
from inventree_plugins.models import Discovery, Plugin
from inventree_plugins.packages import installed_distributions
from inventree_plugins.sdk import InvenTreePlugin
from inventree_plugins.store import open_store
from inventree_plugins.vocabulary import SERVER_LIBRARIES, SERVER_PACKAGES, mixin_keys

Facts = dict[str, Any]


def told_by_reading(found: Discovery, *, git: bool = True) -> dict[str, Facts]:
    """Return the facts of discovered plugins by slug, without `git` only what code and metadata tell."""
    return {plugin.slug: _read(plugin, git=git) for plugin in found.plugins}


def _read(plugin: Plugin, *, git: bool) -> Facts:
    names = ("slug", "name", "title", "description", "author", "version", "website", "license", "pub_date")
    left_out = () if git else [name for name, origin in plugin.origins.items() if origin == "git"]
    facts = {name: None if name in left_out else getattr(plugin, name) for name in names}
    return {**facts, "mixins": sorted(mixin_keys(plugin.mixins))}


def told_by_host(host: PluginHost) -> dict[str, Facts]:
    """Return the facts of active plugins by slug."""
    # The key, which an old slug beside a modern name makes another than the plugin's own (SPEC §2).
    return {slug: {**_hosted(plugin), "slug": slug} for slug, plugin in host.plugins.items()}


def _hosted(plugin: InvenTreePlugin) -> Facts:
    names = ("name", "description", "author", "version", "website", "license")
    facts: Facts = {name: getattr(plugin, name) for name in names}
    facts["title"] = plugin.human_name
    facts["pub_date"] = plugin.pub_date.isoformat() if plugin.pub_date else None
    return {**facts, "mixins": sorted(plugin.registered_mixins)}


def differences(read: dict[str, Facts], hosted: dict[str, Facts]) -> list[str]:
    """Return a line for each fact in which the two differ."""
    lines = [f"{slug}: only read" for slug in read.keys() - hosted.keys()]
    lines += [f"{slug}: only hosted" for slug in hosted.keys() - read.keys()]
    for slug in read.keys() & hosted.keys():
        for name, value in read[slug].items():
            if value != hosted[slug][name]:
                lines.append(f"{slug}: {name}: read {value!r}, hosted {hosted[slug][name]!r}")
    return sorted(lines)


def boot_all(host: PluginHost) -> PluginHost:
    """Boot a host with every plugin active."""
    host.boot()
    with open_store(host.instance.require_database(), timeout=10.0).writing() as writer:
        writer.set_active([row.key for row in writer.rows()], True)
    host.reload()
    return host


class Nothing(type):
    """Classes that stand for what only a server has: to import, derive from, decorate with and call."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__") or "is_nothing" not in vars(cls):
            raise AttributeError(name)
        return nothing(name)

    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        if "is_nothing" not in vars(cls):
            return super().__call__(*arguments, **options)
        return arguments[0] if len(arguments) == 1 and callable(arguments[0]) and not options else cls


def nothing(name: str) -> type:
    """Return such a class."""

    def init(self: object, *arguments: Any, **options: Any) -> None:
        """Take whatever a server's class takes."""

    def as_view(cls: type, **options: Any) -> Any:
        return lambda request: None

    return Nothing(name, (), {"is_nothing": True, "__init__": init, "as_view": classmethod(as_view)})


class ServersModules(MetaPathFinder, Loader):
    """Stands for the packages of a server and the libraries that it needs, where they are not installed."""

    tops = (SERVER_PACKAGES | SERVER_LIBRARIES) - {"plugin", "django"}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return (
            ModuleSpec(fullname, self, is_package=True) if fullname.partition(".")[0] in self.tops else None
        )

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        class Stand(ModuleType):
            def __getattr__(self, name: str) -> Any:
                if name.startswith("__"):
                    raise AttributeError(name)
                return nothing(name)

        return Stand(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Leave it empty."""


def set_django_up() -> None:
    """Configure as little as lets models of Django's own be imported."""
    import django
    from django.conf import settings

    apps = ["django.contrib.contenttypes", "django.contrib.auth"]
    settings.configure(USE_I18N=False, INSTALLED_APPS=apps)
    django.setup()


def main() -> None:
    """Print what reading and the host tell of the packages in the folder that is named."""
    set_django_up()
    folder, stands = sys.argv[1:]
    site = Path(folder)
    sys.path.insert(0, folder)
    if stands == "stands":
        sys.meta_path.append(ServersModules())
    read = discover(Places(distributions=installed_distributions((site,)), import_path=(site,)))
    # What a plugin prints is not the answer.
    answer, sys.stdout = sys.stdout, sys.stderr
    host = boot_all(PluginHost.from_config())
    told = {
        "read": told_by_reading(read),
        "hosted": told_by_host(host),
        "inactive": list(host.inactive),
        "failures": [str(each) for each in host.failures],
    }
    json.dump(told, answer)
    answer.flush()
    # Some packages start threads.
    os._exit(0)


if __name__ == "__main__":
    main()
