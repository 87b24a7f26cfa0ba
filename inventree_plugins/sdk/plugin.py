"""The base class of plugins, with all options of SPEC §2 in both spellings."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from inventree_plugins.dates import iso_date
from inventree_plugins.sdk.errors import MixinNotImplementedError
from inventree_plugins.sdk.runtime import Facts, MemoryRuntime, Runtime
from inventree_plugins.slug import slugify
from inventree_plugins.version_gate import excluded_by
from inventree_plugins.vocabulary import FINAL_MEMBERS

__all__ = ["IntegrationPluginBase", "InvenTreePlugin", "name_of", "slug_of"]

_MEMORY = MemoryRuntime()


class InvenTreePlugin:
    """A plugin: name it, describe it, and add mixins for what it does."""

    NAME: ClassVar[Any] = None
    SLUG: ClassVar[Any] = None
    TITLE: ClassVar[Any] = None
    AUTHOR: ClassVar[Any] = None
    DESCRIPTION: ClassVar[Any] = None
    VERSION: ClassVar[Any] = None
    WEBSITE: ClassVar[Any] = None
    LICENSE: ClassVar[Any] = None
    PUBLISH_DATE: ClassVar[Any] = None
    MIN_VERSION: ClassVar[Any] = None
    MAX_VERSION: ClassVar[Any] = None

    # Who answers for the server; a host puts itself here.
    runtime: Runtime = _MEMORY

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse a class that overrides what servers rely on, as they do (SPEC §2)."""
        super().__init_subclass__(**options)
        for name in FINAL_MEMBERS & vars(cls).keys():
            member = vars(cls)[name]
            if callable(member) or isinstance(member, (classmethod, staticmethod, property)):
                raise TypeError(
                    f"INVE-E11: Plugin '{cls.__name__}' cannot override the final method '{name}'."
                )

    def __init__(self) -> None:
        super().__init__()

    # Names.

    def plugin_name(self) -> str:
        """Return the name as the class gives it."""
        return name_of(self)

    def plugin_slug(self) -> str:
        """Return the key: of `SLUG`, else of the name."""
        return slug_of(self)

    def plugin_title(self) -> str:
        """Return the title, else the name."""
        return str(self.TITLE or getattr(self, "PLUGIN_TITLE", None) or self.plugin_name())

    name = property(plugin_name)
    slug = property(plugin_slug)
    human_name = property(plugin_title)

    # Description.

    @property
    def description(self) -> str:
        """Return what the class, else its distribution says, else the name."""
        return str(self.DESCRIPTION or self._facts.description or self.plugin_name())

    @property
    def author(self) -> str | None:
        """Return what the class, else its distribution, else the last commit says."""
        return self._said(self.AUTHOR, self._facts.author)

    @property
    def version(self) -> str | None:
        """Return what the class, else its distribution says."""
        return self._said(self.VERSION, self._facts.version)

    @property
    def website(self) -> str | None:
        """Return what the class, else its distribution says."""
        return self._said(self.WEBSITE, self._facts.website)

    @property
    def license(self) -> str | None:
        """Return what the class, else its distribution says."""
        return self._said(self.LICENSE, self._facts.license)

    @property
    def pub_date(self) -> datetime.date | None:
        """Return the day of `PUBLISH_DATE`, else of the last commit; None for what is no day."""
        day = iso_date(str(self.PUBLISH_DATE or self._facts.pub_date or ""))
        return datetime.date.fromisoformat(day) if day else None

    @property
    def is_sample(self) -> bool:
        """Tell whether it is one of the samples, which no server loads in production."""
        return self._facts.is_sample

    @property
    def _facts(self) -> Facts:
        return self.runtime.facts(self)

    @staticmethod
    def _said(own: object, fallback: str | None) -> str | None:
        return str(own) if own else fallback

    @classmethod
    def file(cls) -> Path:
        """Return the file that defines the class."""
        return Path(str(sys.modules[cls.__module__].__file__))

    @classmethod
    def path(cls) -> Path:
        """Return the folder of that file."""
        return cls.file().parent

    # The server's view.

    def is_active(self) -> bool:
        """Tell whether the server has it active."""
        return self.runtime.is_active(self.plugin_slug())

    def check_version(self, latest: str | None = None) -> bool:
        """Tell whether `MIN_VERSION` and `MAX_VERSION` admit the server version `latest` (SPEC §2)."""
        bounds = (self.MIN_VERSION, self.MAX_VERSION)
        low, high = (None if each is None else str(each) for each in bounds)
        return excluded_by(low, high, latest) is None

    @classmethod
    def _mixin_classes(cls) -> Iterator[type]:
        return (each for each in cls.__mro__ if "MIXIN_KEY" in vars(each))

    def mixin(self, key: str) -> bool:
        """Tell whether the class has the mixin with this key."""
        return any(vars(each)["MIXIN_KEY"] == key for each in self._mixin_classes())

    def mixin_enabled(self, key: str) -> bool:
        """Tell whether the mixin is there and has what it needs; raise MixinNotImplementedError."""
        found = [vars(each) for each in self._mixin_classes() if vars(each)["MIXIN_KEY"] == key]
        return any("MIXIN_ENABLED" not in each or getattr(self, each["MIXIN_ENABLED"]) for each in found)

    def get_registered_mixins(self) -> dict[str, dict[str, str]]:
        """Return each mixin by key, with its key and a name for people."""
        return {
            vars(each)["MIXIN_KEY"]: {
                "key": vars(each)["MIXIN_KEY"],
                "human_name": each.__name__.removesuffix("Mixin"),
            }
            for each in self._mixin_classes()
        }

    @property
    def registered_mixins(self) -> dict[str, dict[str, str]]:
        """Return each mixin by key."""
        return self.get_registered_mixins()

    def not_implemented(self, mixin: str, what: str) -> MixinNotImplementedError:
        """Return the error that says what a mixin needs and the plugin does not give."""
        return MixinNotImplementedError(
            f"the plugin `{self.plugin_slug()}` must give {what}", plugin=self.plugin_slug(), mixin=mixin
        )


def name_of(plugin: InvenTreePlugin | type[InvenTreePlugin]) -> str:
    """Return the name of a plugin or its class, in either spelling; empty where it has none."""
    return str(plugin.NAME or getattr(plugin, "PLUGIN_NAME", None) or "")


def slug_of(plugin: InvenTreePlugin | type[InvenTreePlugin]) -> str:
    """Return the key of a plugin or its class (SPEC §2); empty where its name has no ASCII letter."""
    # Beside a modern name, servers ignore an old slug.
    old = None if plugin.NAME else getattr(plugin, "PLUGIN_SLUG", None)
    return slugify(str(plugin.SLUG or old or name_of(plugin)))


# What plugins of 2022 call it.
IntegrationPluginBase = InvenTreePlugin
