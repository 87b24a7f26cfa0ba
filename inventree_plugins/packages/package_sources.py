"""Where packages are looked for: what settings say and what the lines of a requirements file change in it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

__all__ = ["PackageSources", "names_source"]

_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_SHORT = {"-f": "--find-links", "-i": "--index-url"}
_FLAGS = frozenset({"--no-index", "--pre"})
_WITH_VALUE = frozenset({"--extra-index-url", "--find-links", "--index-url", "--trusted-host"})
# To these a connection without TLS is as good as one with it.
_OWN_MACHINE = re.compile(r"localhost|127(?:\.\d+){3}|::1")


@dataclass(frozen=True, slots=True)
class PackageSources:
    """Indexes and other places, as pip understands them; URLs may hold passwords.

    `superseded` tells that a later index took the place of extra ones, which pip then forgets.
    """

    index_url: str | None = field(default=None, repr=False)
    extra_index_urls: tuple[str, ...] = field(default=(), repr=False)
    find_links: tuple[str, ...] = field(default=(), repr=False)
    no_index: bool = False
    trusted_hosts: tuple[str, ...] = ()
    prereleases: bool = False
    superseded: bool = False

    def and_lines(self, lines: Iterable[str], variables: Mapping[str, str]) -> PackageSources:
        """Return the sources after option lines of a requirements file, `${NAME}` replaced by variables."""
        sources = self
        for line in lines:
            expanded = _VARIABLE.sub(lambda match: variables.get(match[1]) or match[0], line)
            if expanded.startswith("-"):
                sources = _after(sources, shlex.split(expanded))
        return sources

    def untrusted(self) -> str | None:
        """Return the host of a place that pip passes over, as neither TLS nor a setting vouches for it."""
        for url in (self.index_url, *self.extra_index_urls, *self.find_links):
            parts = urlsplit(url or "")
            host = parts.hostname or ""
            if parts.scheme.lower() != "http" or _OWN_MACHINE.fullmatch(host):
                continue
            if not {host, f"{host}:{parts.port}"} & set(self.trusted_hosts):
                return host
        return None


def names_source(line: str) -> bool:
    """Tell whether a line of a requirements file is an option that says where packages are looked for."""
    name = re.split(r"[\s=]", line, maxsplit=1)[0]
    return _SHORT.get(name, name) in _FLAGS | _WITH_VALUE


def _after(sources: PackageSources, words: list[str]) -> PackageSources:
    """Return the sources after the options of one line."""
    rest = iter(words)
    for word in rest:
        name, has_value, value = _SHORT.get(word, word).partition("=")
        if name in _FLAGS:
            sources = _with_flag(sources, name)
        elif name in _WITH_VALUE:
            sources = _with_value(sources, name, value if has_value else next(rest, ""))
    return sources


def _with_flag(sources: PackageSources, name: str) -> PackageSources:
    if name == "--pre":
        return replace(sources, prereleases=True)
    return replace(sources, no_index=True, index_url=None, extra_index_urls=())


def _with_value(sources: PackageSources, name: str, value: str) -> PackageSources:
    if name == "--find-links":
        return replace(sources, find_links=(*sources.find_links, value))
    if name == "--trusted-host":
        return replace(sources, trusted_hosts=(*sources.trusted_hosts, value))
    if sources.no_index:
        return sources
    if name == "--extra-index-url":
        return replace(sources, extra_index_urls=(*sources.extra_index_urls, value))
    superseded = sources.superseded or bool(sources.extra_index_urls)
    return replace(sources, index_url=value, extra_index_urls=(), superseded=superseded)
