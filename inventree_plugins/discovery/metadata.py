"""What is known of a plugin: the class's own word, then its distribution's, then git's (SPEC §2)."""

# A pathlib.Path for each of thousands of look-ups would cost more than the look-ups.
# ruff: noqa: PTH112, PTH118, PTH120

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inventree_plugins.dates import iso_date
from inventree_plugins.discovery.bases import base_problems, final_members, mixins_of
from inventree_plugins.discovery.candidates import Candidate
from inventree_plugins.discovery.fallbacks import commit_of, may_be_tracked, words_of
from inventree_plugins.discovery.identity import Identity
from inventree_plugins.discovery.places import Places
from inventree_plugins.discovery.values import MISSING, REST, Unknown, is_plain, text_of
from inventree_plugins.git_facts import watched_files
from inventree_plugins.models import Plugin, Problem

__all__ = ["describe"]

# A field of Plugin -> the class attributes it is read from, the first non-empty one.
_ATTRIBUTES = {
    "title": ("TITLE", "PLUGIN_TITLE"),
    "description": ("DESCRIPTION",),
    "author": ("AUTHOR",),
    "pub_date": ("PUBLISH_DATE",),
    "version": ("VERSION",),
    "website": ("WEBSITE",),
    "license": ("LICENSE",),
    "min_version": ("MIN_VERSION",),
    "max_version": ("MAX_VERSION",),
}
_WITHOUT_ORIGIN = ("min_version", "max_version")


def describe(candidate: Candidate, identity: Identity, places: Places) -> Plugin:
    """Return the plugin; a value that only running it would tell is None, with a problem."""
    cls, resolver = candidate.cls, candidate.resolver
    reader = _Reader(candidate, identity)
    reader.read_class()
    reader.fill_from_distribution()
    if may_be_tracked(candidate.source, candidate.distribution, Path(cls.module.path)):
        reader.fill_from_git(places)
    reader.fill_defaults()
    settings = tuple(reader.settings())
    path = Path(cls.module.path)
    resolver.modules.watch(os.path.dirname(cls.module.path))
    problems = (
        *candidate.problems,
        *identity.problems,
        *base_problems(candidate, identity.slug, places),
        *final_members(candidate, identity.slug, places),
        *reader.problems,
    )
    return Plugin(
        slug=identity.slug,
        name=identity.name,
        source=candidate.source,
        module=cls.module.name,
        class_name=cls.facts.name,
        path=path,
        line=cls.facts.line,
        mixins=mixins_of(resolver.order(cls)),
        settings=settings,
        has_static_files=os.path.isdir(os.path.join(os.path.dirname(cls.module.path), "static")),
        distribution=candidate.distribution,
        origins=dict(sorted(reader.origins.items())),
        problems=problems,
        **reader.values,
    )


class _Reader:
    """Fill the fields of one plugin, source by source; a field once filled, or unknown, stays."""

    def __init__(self, candidate: Candidate, identity: Identity) -> None:
        self._candidate = candidate
        self._identity = identity
        self._unknown: set[str] = set()
        self.values: dict[str, Any] = dict.fromkeys(_ATTRIBUTES)
        self.origins: dict[str, str] = {}
        self.problems: list[Problem] = []

    def read_class(self) -> None:
        """Take what the class says."""
        for field, attributes in _ATTRIBUTES.items():
            for attribute in attributes:
                value = self._candidate.resolver.class_attribute(self._candidate.cls, attribute)
                if value is MISSING or (is_plain(value) and not value):
                    continue
                text = text_of(value)
                if text is None:
                    self._note_unknown(attribute, value)
                    self._unknown.add(field)
                elif field == "pub_date":
                    self._set_date(text)
                else:
                    self._set(field, text, "class")
                break

    def fill_from_distribution(self) -> None:
        """Fall back to the distribution that owns the entry point, not to one found by a name."""
        distribution = self._candidate.distribution
        missing = [field for field in ("description", "author", "website", "license") if self._is_open(field)]
        if distribution is None:
            return
        if self._is_open("version"):
            self._set("version", distribution.version, "distribution")
        if missing:
            words = words_of(distribution)
            for field in missing:
                self._set(field, words[field], "distribution")

    def fill_from_git(self, places: Places) -> None:
        """Fall back to the last commit that touched the plugin's files: its package, or its one file."""
        if not self._is_open("author") and not self._is_open("pub_date"):
            return
        path = Path(self._candidate.cls.module.path)
        for file in watched_files(path):
            self._candidate.resolver.modules.watch(file)
        commit = commit_of(path, directories=places.directories)
        if commit is not None:
            for field, text in (("author", commit.author), ("pub_date", commit.date)):
                if self._is_open(field):
                    self._set(field, text, "git")

    def fill_defaults(self) -> None:
        """Let the name stand for a title and a description that nothing gives."""
        for field in ("title", "description"):
            if self._is_open(field):
                self._set(field, self._identity.name, "default")

    def settings(self) -> Iterator[str]:
        """Yield the keys of SETTINGS, noting those that cannot be known."""
        keys = self._candidate.resolver.literal_keys(self._candidate.cls, "SETTINGS")
        if keys is not None:
            yield from dict.fromkeys(keys)
            return
        value = self._candidate.resolver.class_attribute(self._candidate.cls, "SETTINGS")
        if isinstance(value, dict):
            yield from (key for key in value if isinstance(key, str))
            value = value.get(REST, MISSING)
        # What is no dict, but known, is for validation to judge.
        if value is not MISSING and not is_plain(value):
            self._note_unknown("SETTINGS", value)

    def _is_open(self, field: str) -> bool:
        return self.values[field] is None and field not in self._unknown

    def _set(self, field: str, text: str | None, origin: str) -> None:
        if text:
            self.values[field] = text
            if field not in _WITHOUT_ORIGIN:
                self.origins[field] = origin

    def _set_date(self, text: str) -> None:
        date = iso_date(text)
        if date is not None:
            self._set("pub_date", date, "class")
            return
        self._unknown.add("pub_date")
        self._note(
            "unreadable-date", f"`PUBLISH_DATE` `{text}` is not a date that can be read; write YYYY-MM-DD"
        )

    def _note_unknown(self, attribute: str, value: object) -> None:
        unknown = value if isinstance(value, Unknown) else None
        reason = unknown.reason if unknown else "it is no text"
        message = f"`{attribute}` cannot be known without running the plugin: {reason}"
        self._note("unknown-value", message, unknown=unknown)

    def _note(self, code: str, message: str, *, unknown: Unknown | None = None) -> None:
        cls = self._candidate.cls
        path = unknown.path if unknown and unknown.path else cls.module.path
        line = unknown.line if unknown and unknown.line else cls.facts.line
        self.problems.append(Problem(code, message, slug=self._identity.slug, path=Path(path), line=line))
