"""A plugin's name and key, by the rules of the server that will read them (SPEC §2)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from inventree_plugins.discovery.candidates import Candidate
from inventree_plugins.discovery.places import Places
from inventree_plugins.discovery.values import MISSING, Unknown, Value, text_of
from inventree_plugins.models import Problem
from inventree_plugins.slug import slugify

__all__ = ["Identity", "identify"]


@dataclass(frozen=True, slots=True)
class Identity:
    """What a plugin is called, its key, and what is wrong with either."""

    name: str
    slug: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Names:
    """The four attributes that names and keys are made of, as text, and the first one that is not known."""

    name: str | None
    slug: str | None
    legacy_name: str | None
    legacy_slug: str | None
    unknown: tuple[str, Unknown] | None

    def of_key(self, *, is_legacy: bool) -> str | None:
        """Return what the key is made of."""
        modern, legacy = self.slug or self.name, self.legacy_slug or self.legacy_name
        # The server ignores the other spelling: it keeps a key here, and a problem says that it is dead.
        return (legacy or modern) if is_legacy else (modern or legacy)


def identify(candidate: Candidate, places: Places) -> Identity | Problem:
    """Return the plugin's identity, or why it has no key."""
    names = _names(candidate)
    cls = candidate.cls
    path, line = Path(cls.module.path), cls.facts.line
    text = names.of_key(is_legacy=places.is_legacy)
    decisive = names.unknown
    if decisive is not None and (not text or _decides(decisive[0], names, is_legacy=places.is_legacy)):
        attribute, unknown = decisive
        message = f"the slug of `{cls.facts.name}` cannot be known: `{attribute}`: {unknown.reason}"
        return Problem("unknown-value", message, path=Path(unknown.path), line=unknown.line or None)
    slug = slugify(text or "")
    if not slug:
        what = f"nothing of `{text}` can be part of one" if text else "it has neither `NAME` nor `SLUG`"
        message, hint = f"`{cls.facts.name}` has no usable slug: {what}", "give the class a `SLUG`"
        return Problem("no-slug", message, severity="error", hint=hint, path=path, line=line)
    name = names.name or names.legacy_name or cls.facts.name
    return Identity(name, slug, tuple(_spelling(names, slug, places, candidate)))


def _names(candidate: Candidate) -> _Names:
    unknown: tuple[str, Unknown] | None = None
    texts: list[str | None] = []
    for attribute in ("SLUG", "NAME", "PLUGIN_SLUG", "PLUGIN_NAME"):
        value: Value = candidate.resolver.class_attribute(candidate.cls, attribute)
        if isinstance(value, Unknown) and unknown is None:
            unknown = (attribute, value)
        texts.append(None if value is MISSING else text_of(value))
    return _Names(texts[1], texts[0], texts[3], texts[2], unknown)


def _decides(attribute: str, names: _Names, *, is_legacy: bool) -> bool:
    """Tell whether the unknown attribute is the one the key is made of."""
    if attribute.startswith("PLUGIN_") is not is_legacy:
        return False
    if attribute.endswith("SLUG"):
        return True
    return not (names.legacy_slug if is_legacy else names.slug)


def _spelling(names: _Names, slug: str, places: Places, candidate: Candidate) -> list[Problem]:
    if places.is_legacy:
        return []
    cls = candidate.cls
    found: tuple[str, str, str] | None = None
    other = slugify(names.legacy_slug or "")
    if not names.name and names.legacy_name:
        found = (
            "legacy-spelling",
            f"`{cls.facts.name}` has only `PLUGIN_NAME`, which servers since 0.8 do not read",
            "rename `PLUGIN_NAME` to `NAME` and `PLUGIN_SLUG` to `SLUG`",
        )
    elif names.legacy_slug and not names.slug and other != slug:
        found = (
            "two-keys",
            f"`NAME` with `PLUGIN_SLUG` gives the plugin two keys, `{slug}` and `{other}`",
            "rename `PLUGIN_SLUG` to `SLUG`",
        )
    if found is None:
        return []
    code, message, hint = found
    is_fatal = code == "legacy-spelling" and places.server_version is not None
    path, line = Path(cls.module.path), cls.facts.line
    severity: Literal["error", "warning"] = "error" if is_fatal else "warning"
    return [Problem(code, message, severity=severity, hint=hint, slug=slug, path=path, line=line)]
