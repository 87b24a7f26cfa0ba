"""The base class of plugins, with all options of SPEC §2 in both spellings."""

from __future__ import annotations

import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from inventree_plugins.dates import iso_date
from inventree_plugins.sdk.errors import PluginError
from inventree_plugins.sdk.memory_runtime import MemoryRuntime
from inventree_plugins.sdk.mixin_base import MixinBase
from inventree_plugins.sdk.names import MetaBase, name_of, slug_of
from inventree_plugins.sdk.runtime import Facts, Runtime
from inventree_plugins.sdk.static_files import static_url
from inventree_plugins.version_gate import excluded_by
from inventree_plugins.vocabulary import FINAL_MEMBERS

__all__ = ["IntegrationPluginBase", "InvenTreePlugin", "VersionMixin", "name_of", "slug_of"]

_MEMORY = MemoryRuntime()


class VersionMixin:
    """The server versions that a plugin works with."""

    MIN_VERSION: ClassVar[Any] = None
    MAX_VERSION: ClassVar[Any] = None

    def check_version(self, latest: Any = None) -> bool:
        """Tell whether `MIN_VERSION` and `MAX_VERSION` admit the server version `latest` (SPEC §2).

        It is text or its numbers. Without it there is no server to compare with: then only a `MAX_VERSION`
        that no server can read is refused.
        """
        if isinstance(latest, (list, tuple)):
            latest = ".".join(map(str, latest))
        bounds = (self.MIN_VERSION, self.MAX_VERSION)
        low, high = (None if each is None else str(each) for each in bounds)
        return excluded_by(low, high, latest) is None


class InvenTreePlugin(VersionMixin, MixinBase, MetaBase):
    """A plugin: name it, describe it, and add mixins for what it does."""

    AUTHOR: ClassVar[Any] = None
    DESCRIPTION: ClassVar[Any] = None
    VERSION: ClassVar[Any] = None
    WEBSITE: ClassVar[Any] = None
    LICENSE: ClassVar[Any] = None
    PUBLISH_DATE: ClassVar[Any] = None
    # A JavaScript file among the plugin's static files, shown with its settings.
    ADMIN_SOURCE: ClassVar[Any] = None

    # Who answers for the server; a host puts itself here.
    _runtime: Runtime = _MEMORY

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse a class that overrides what servers rely on, as they do (SPEC §2)."""
        super().__init_subclass__(**options)
        for name in FINAL_MEMBERS & vars(cls).keys():
            member = vars(cls)[name]
            if callable(member) or isinstance(member, (classmethod, staticmethod, property)):
                raise TypeError(f"INVE-E11: `{cls.__name__}` overrides `{name}`, which is final")

    def __init__(self) -> None:
        super().__init__()
        self.define_package()

    # Description: what the class says, else its distribution, else the last commit.

    @property
    def description(self) -> str:
        """Return what the class, else its distribution says, else the name."""
        return str(self.DESCRIPTION or _facts(self).description or self.plugin_name())

    @property
    def author(self) -> str | None:
        """Return what the class, else its distribution, else the last commit says."""
        said = self.AUTHOR or _facts(self).author
        if not said:
            commit = self._runtime.commit(self)
            said = commit.author if commit else None
        return _text(said)

    @property
    def version(self) -> str | None:
        """Return what the class, else its distribution says."""
        return _text(self.VERSION or _facts(self).version)

    @property
    def website(self) -> str | None:
        """Return what the class, else its distribution says."""
        return _text(self.WEBSITE or _facts(self).website)

    @property
    def license(self) -> str | None:
        """Return what the class, else its distribution says."""
        return _text(self.LICENSE or _facts(self).license)

    @property
    def pub_date(self) -> datetime.date | None:
        """Return the day of `PUBLISH_DATE`, else of the last commit; None for what is no day."""
        said = self.PUBLISH_DATE
        if not said:
            commit = self._runtime.commit(self)
            said = commit.date if commit else ""
        day = iso_date(str(said))
        return datetime.date.fromisoformat(day) if day else None

    # Where it comes from.

    @property
    def is_sample(self) -> bool:
        """Tell whether it is one of the samples, which no server loads in production."""
        return _facts(self).is_sample

    @property
    def is_package(self) -> bool:
        """Tell whether a distribution brings it."""
        return _facts(self).is_package

    @property
    def package_install_name(self) -> str | None:
        """Return the name by which that distribution is installed."""
        return _facts(self).package_name

    package_name = package_install_name

    @property
    def package_path(self) -> Any:
        """Return its module for one of a distribution, else its file."""
        return type(self).__module__ if self.is_package else self.file()

    @cached_property
    def package(self) -> dict[str, Any]:
        """Return what its distribution, else its last commit tells."""
        facts = _facts(self)
        if facts.is_package:
            names = ("author", "description", "version", "website", "license")
            return {name: getattr(facts, name) for name in names}
        commit = self._runtime.commit(self)
        return {"author": commit.author, "date": commit.date} if commit else {}

    def is_builtin(self) -> bool:
        """Tell whether the server itself brings it."""
        return _facts(self).is_builtin

    def is_editable(self) -> bool:
        """Tell whether its distribution is installed as a link to the source."""
        from inventree_plugins.sdk.provenance import is_installed  # noqa: PLC0415 - only where asked for

        return self.is_package and not is_installed(type(self))

    def check_is_builtin(self) -> bool:
        """Tell whether the server itself brings it."""
        return self.is_builtin()

    def check_is_package(self) -> bool:
        """Tell whether a distribution brings it."""
        return self.is_package

    def check_is_sample(self) -> bool:
        """Tell whether it is one of the samples."""
        return self.is_sample

    def check_package_path(self) -> Any:
        """Return its module for one of a distribution, else its file."""
        return self.package_path

    def check_package_install_name(self) -> str | None:
        """Return the name by which its distribution is installed."""
        return self.package_install_name

    def define_package(self) -> None:
        """Do nothing: all of this is looked up when it is asked for."""

    @classmethod
    def file(cls) -> Path:
        """Return the file that defines the class; raise PluginError where nothing tells which."""
        from inventree_plugins.sdk.provenance import file_of  # noqa: PLC0415 - only where it is asked for

        file = file_of(cls)
        if file is None:
            raise PluginError(
                f"nothing tells which file defines `{cls.__module__}.{cls.__qualname__}`", plugin=slug_of(cls)
            )
        return file

    @classmethod
    def path(cls) -> Path:
        """Return the folder of that file."""
        return cls.file().parent

    # The server's view.

    def is_active(self) -> bool:
        """Tell whether the server has it active."""
        return self._runtime.is_active(slug_of(self))

    def is_mandatory(self) -> bool:
        """Tell whether the server keeps it active, whatever an administrator says."""
        return _facts(self).is_mandatory

    def plugin_config(self) -> Any:
        """Return None: only a real server has an object for the plugin's row."""
        return None

    @property
    def settings_url(self) -> str:
        """Return nothing: only a real server has a page for the settings."""
        return ""

    # Static files.

    def get_static_path(self) -> list[str]:
        """Return the folders that lead to the plugin's static files."""
        return ["plugins", self.plugin_slug()]

    def plugin_static_file(
        self,
        *args: str,
        check_exists: bool = True,  # noqa: ARG002 - the server's signature
        check_hash: bool = True,  # noqa: ARG002
    ) -> str:
        """Return the URL of one of the plugin's static files, as `/static/plugins/<slug>/<path>`."""
        return static_url(*self.get_static_path(), *args)

    def get_admin_source(self) -> str | None:
        """Return the URL of `ADMIN_SOURCE`, None where there is none."""
        return self.plugin_static_file(self.ADMIN_SOURCE) if self.ADMIN_SOURCE else None

    def get_admin_context(self) -> dict[str, Any] | None:
        """Return what the page behind `ADMIN_SOURCE` is given; nothing, unless somebody says otherwise."""
        return None


def _facts(plugin: InvenTreePlugin) -> Facts:
    return plugin._runtime.facts(plugin)  # noqa: SLF001 - this file's own


def _text(said: object) -> str | None:
    return str(said) if said else None


# What plugins of 2022 call it.
IntegrationPluginBase = InvenTreePlugin
