"""Rules about the key: what the server calls the plugin, and who else may be called so."""

from __future__ import annotations

from collections.abc import Iterator

from inventree_plugins.models import Source
from inventree_plugins.validation.interface import Fault, Rule, Subject, fault_at

__all__ = ["RULES"]


def slug_changed(subject: Subject) -> Iterator[Fault]:
    """Yield a SLUG that the server does not take as it is written (SPEC §2)."""
    name = "SLUG" if subject.has_value("SLUG") or subject.has_value("NAME") else "PLUGIN_SLUG"
    attribute, slug = subject.attribute(name), subject.plugin.slug
    written = attribute.value if attribute else None
    if attribute is not None and isinstance(written, str) and written and written != slug:
        message = f"`{name}` is `{written}`, but the server's key is `{slug}`"
        yield fault_at(attribute, message, hint=f"write `{name} = {slug!r}`")


def slug_reserved(subject: Subject) -> Iterator[Fault]:
    """Yield a key that one of the server's own plugins has (SPEC §1, §3)."""
    plugin = subject.plugin
    if plugin.source in {Source.BUILTIN, Source.SAMPLE}:
        return
    if plugin.slug in subject.server.mandatory:
        what = "a mandatory plugin of the server"
    elif plugin.slug in subject.server.builtin:
        what = "one of the server's built-in plugins"
    else:
        return
    yield fault_at(
        plugin,
        f"`{plugin.slug}` is the key of {what}, which this one would replace",
        hint="give the class another `SLUG`",
    )


def slug_taken(subject: Subject) -> Iterator[Fault]:
    """Yield a key that another plugin of the server has (SPEC §1)."""
    plugin = subject.plugin
    for other in subject.neighbours:
        if other.slug == plugin.slug and not _is_same(subject, other):
            owner = f" of `{other.distribution.name}`" if other.distribution else ""
            yield fault_at(
                plugin,
                f"`{plugin.slug}` is also the key of `{other.module}.{other.class_name}`{owner}",
                hint="the server loads only the later of the two, unnoticed",
            )


def _is_same(subject: Subject, other: object) -> bool:
    """Tell whether the other one is this plugin, or another installation of its distribution."""
    plugin = subject.plugin
    distribution = getattr(other, "distribution", None)
    same_place = (getattr(other, "path", None), getattr(other, "line", None)) == (plugin.path, plugin.line)
    same_package = (
        plugin.distribution is not None
        and distribution is not None
        and distribution.key == plugin.distribution.key
    )
    return same_place or same_package


RULES = (
    Rule("no-slug", "error", "the class has neither a usable SLUG nor NAME"),
    Rule("slug-changed", "warning", "the server's key differs from the SLUG as written", slug_changed),
    Rule("slug-reserved", "error", "the key belongs to one of the server's own plugins", slug_reserved),
    Rule("slug-taken", "error", "the key belongs to another plugin of the server", slug_taken),
    Rule("slug-collision", "error", "two plugins that were checked claim one key"),
    Rule("two-keys", "warning", "NAME together with PLUGIN_SLUG gives the plugin two keys"),
    Rule("legacy-spelling", "error", "PLUGIN_NAME alone, which servers since 0.8 do not read"),
)
