"""What a plugin asks its server for; without a server, a runtime of its own answers from memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

__all__ = ["Facts", "MemoryRuntime", "Runtime"]


class Facts(NamedTuple):
    """What is known of a plugin beside its class: from its distribution or the last commit (SPEC §2)."""

    description: str | None = None
    author: str | None = None
    version: str | None = None
    website: str | None = None
    license: str | None = None
    pub_date: str | None = None
    is_sample: bool = False


class Runtime(Protocol):
    """The server's side of a plugin."""

    def facts(self, plugin: Any) -> Facts:
        """Return what stands in for attributes that the plugin's class does not give."""

    def is_active(self, slug: str) -> bool:
        """Tell whether the server has the plugin active."""

    def overrides(self, slug: str) -> Mapping[str, Any]:
        """Return the settings that the configuration decides, as they stand there (SPEC §4)."""

    def stored_settings(self, slug: str) -> Mapping[str, str]:
        """Return the stored settings, as text."""

    def store_setting(self, slug: str, key: str, text: str) -> None:
        """Store a setting."""


class MemoryRuntime:
    """A runtime without a server: every plugin is active, and settings last as long as the process."""

    def __init__(self) -> None:
        self._settings: dict[str, dict[str, str]] = {}

    def facts(self, plugin: Any) -> Facts:
        """Return what distribution and git tell."""
        from inventree_plugins.sdk.provenance import facts_of  # noqa: PLC0415 - only where it is asked for

        return facts_of(type(plugin).__module__)

    def is_active(self, slug: str) -> bool:  # noqa: ARG002 - the contract's signature
        """Tell that it is."""
        return True

    def overrides(self, slug: str) -> Mapping[str, Any]:  # noqa: ARG002
        """Return nothing: there is no configuration."""
        return {}

    def stored_settings(self, slug: str) -> Mapping[str, str]:
        """Return what was stored in this process."""
        return self._settings.get(slug, {})

    def store_setting(self, slug: str, key: str, text: str) -> None:
        """Keep the text."""
        self._settings.setdefault(slug, {})[key] = text
