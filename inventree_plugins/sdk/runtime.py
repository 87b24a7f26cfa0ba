"""What a plugin asks its server for, and what a server answers with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

__all__ = ["Commit", "Facts", "Runtime"]


class Facts(NamedTuple):
    """What is known of a plugin beside its class, from its distribution and its place (SPEC §2)."""

    description: str | None = None
    author: str | None = None
    version: str | None = None
    website: str | None = None
    license: str | None = None
    is_sample: bool = False
    is_builtin: bool = False
    is_package: bool = False
    package_name: str | None = None
    is_mandatory: bool = False


class Commit(NamedTuple):
    """The last commit of a plugin's file: its author's name, and its day as `YYYY-MM-DD`."""

    author: str
    date: str


class Runtime(Protocol):
    """The server's side of a plugin."""

    def facts(self, plugin: Any) -> Facts:
        """Return what stands in for attributes that the plugin's class does not give."""

    def commit(self, plugin: Any) -> Commit | None:
        """Return the last commit; asked only where neither class nor distribution tells, for git is slow."""

    def is_active(self, slug: str) -> bool:
        """Tell whether the server has the plugin active."""

    def overrides(self, slug: str) -> Mapping[str, Any]:
        """Return the settings that the configuration decides, as they stand there (SPEC §4)."""

    def stored_settings(self, slug: str) -> Mapping[str, str]:
        """Return the stored settings, as text."""

    def store_setting(self, slug: str, key: str, text: str) -> None:
        """Store a setting."""

    def stored_user_settings(self, slug: str, user_id: int) -> Mapping[str, str]:
        """Return what is stored of one user's settings, as text."""

    def store_user_setting(self, slug: str, user_id: int, key: str, text: str) -> None:
        """Store a setting of one user."""
