"""Rules about what a plugin says of itself, and of the servers it is made for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from inventree_plugins.anatomy import NotKnown
from inventree_plugins.models import Source
from inventree_plugins.validation.interface import Fault, Rule, Subject, fault_at
from inventree_plugins.version_gate import excluded_by, is_misread, numbers_read

__all__ = ["RULES"]

# What `datetime.fromisoformat` takes since Python 3.11, but for weeks.
_ISO = re.compile(
    r"(\d{4})(-?)(\d\d)\2(\d\d)"
    r"(.\d\d(:?\d\d(:?\d\d([.,]\d+)?)?)?(Z|[+-]\d\d(:?\d\d(:?\d\d([.,]\d+)?)?)?)?)?"
)


# Above every server: with `99.0.0`, of which the server reads 9.0.0, none is refused.
_BEYOND = (9, 0, 0)
# The first server with bounds, and the first that can read bounds without three numbers.
_GATED, _TOLERATED = (0, 9), (1, 1)


def missing_version(subject: Subject) -> Iterator[Fault]:
    """Yield a plugin without VERSION whose distribution gives none either (SPEC §2)."""
    plugin = subject.plugin
    # An empty version is one that is made when the project is built.
    made_later = plugin.distribution is not None and not plugin.distribution.version
    if plugin.version is None and not made_later and not _is_unknown(subject, "VERSION"):
        yield fault_at(plugin, f"`{plugin.class_name}` has no `VERSION`", hint="add `VERSION = '1.0.0'`")


def missing_author(subject: Subject) -> Iterator[Fault]:
    """Yield a plugin of which neither class, distribution nor git tells the author (SPEC §2)."""
    plugin = subject.plugin
    if plugin.author is None and not _is_unknown(subject, "AUTHOR"):
        yield fault_at(plugin, f"`{plugin.class_name}` has no `AUTHOR`", hint="add `AUTHOR = 'Your name'`")


def missing_description(subject: Subject) -> Iterator[Fault]:
    """Yield a plugin whose description is only its name (SPEC §2)."""
    plugin = subject.plugin
    if plugin.origins.get("description") == "default":
        message = f"`{plugin.class_name}` has no `DESCRIPTION`; the server shows its name instead"
        yield fault_at(plugin, message, hint="add `DESCRIPTION = 'What it does'`")


def _is_unknown(subject: Subject, attribute: str) -> bool:
    """Tell whether the class has the attribute: then it is not missing, only not known."""
    found = subject.attribute(attribute)
    return found is not None and isinstance(found.value, NotKnown)


def version_differs(subject: Subject) -> Iterator[Fault]:
    """Yield a VERSION that is not the distribution's."""
    attribute, distribution = subject.attribute("VERSION"), subject.plugin.distribution
    if attribute is None or distribution is None or not distribution.version:
        return
    if isinstance(attribute.value, str) and not _is_same(attribute.value, distribution.version):
        yield fault_at(
            attribute,
            f"`VERSION` is {attribute.value}, but `{distribution.name}` is {distribution.version}",
            hint=f"take it from the distribution: `importlib.metadata.version({distribution.name!r})`",
        )


def _is_same(version: str, other: str) -> bool:
    """Tell whether two versions are one as PEP 440 compares them, or as written when that knows them not."""
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - for plugins with both versions

    try:
        return Version(version) == Version(other)
    except InvalidVersion:
        return version == other


def unreadable_date(subject: Subject) -> Iterator[Fault]:
    """Yield a PUBLISH_DATE that is not ISO: reading it, the server dies when it starts (seen on 1.5)."""
    attribute, plugin = subject.attribute("PUBLISH_DATE"), subject.plugin
    value = attribute.value if attribute else None
    if attribute is not None and isinstance(value, str) and value and not _is_date(value):
        written = plugin.pub_date or "2026-01-31"
        message = (
            f"`PUBLISH_DATE` `{value}` is not an ISO date: with the plugin enabled the server does not start"
        )
        yield fault_at(attribute, message, hint=f"write `PUBLISH_DATE = '{written}'`")


def _is_date(text: str) -> bool:
    match = _ISO.fullmatch(text)
    try:
        return match is not None and bool(date(int(match[1]), int(match[3]), int(match[4])))
    except ValueError:  # such as the 30th of February
        return False


def version_gate(subject: Subject) -> Iterator[Fault]:
    """Yield bounds that keep the server away (SPEC §2)."""
    plugin, server = subject.plugin, subject.server
    excluded = excluded_by(plugin.min_version, plugin.max_version, server.version)
    if excluded is not None and not excluded.is_unread:  # that is said by a rule of its own
        place = subject.attribute(excluded.bound) or plugin
        hint = "the server would deactivate it for good" if plugin.source is not Source.BUILTIN else None
        yield fault_at(place, f"{server.label} refuses `{plugin.slug}`: {excluded.reason}", hint=hint)


def misread_max_version(subject: Subject) -> Iterator[Fault]:
    """Yield a MAX_VERSION of which the server reads something else, or nothing: then it refuses (SPEC §2)."""
    yield from _misread(subject, "MAX_VERSION", nothing="every server refuses the plugin", last="999")


def misread_min_version(subject: Subject) -> Iterator[Fault]:
    """Yield a MIN_VERSION of which the server reads something else, or nothing: then it passes (SPEC §2)."""
    yield from _misread(subject, "MIN_VERSION", nothing="no server is refused", last="0")


def _misread(subject: Subject, name: str, *, nothing: str, last: str) -> Iterator[Fault]:
    attribute, numbers = subject.attribute(name), subject.server.numbers
    value = attribute.value if attribute else None
    # The server looks at the bounds when one of them says anything; an empty one is a bound then.
    is_empty = value == "" and name == "MAX_VERSION" and bool(subject.plugin.min_version)
    if attribute is None or isinstance(value, NotKnown) or not (value or is_empty):
        return
    text = str(value)
    read = numbers_read(text)
    is_harmless = name == "MAX_VERSION" and read >= _BEYOND
    if (read and not is_misread(text)) or is_harmless or (numbers and numbers < _GATED):
        return
    if read:
        reason = f"the server reads {'.'.join(map(str, read))} in it"
    else:
        reason = "the server stops loading plugins at it" if numbers and numbers < _TOLERATED else nothing
    fault = _what_is_misread(value, read)
    hint = f"write `{name} = '{_three_parts(text, last=last)}'`"
    yield fault_at(attribute, f"`{name}` {fault}: {reason}", hint=hint)


def _what_is_misread(value: object, read: tuple[int, ...]) -> str:
    if value == "":
        return "is empty, beside a `MIN_VERSION`"
    if not isinstance(value, str):
        return f"is no text: `{value}`"
    if len(re.findall(r"\d+", value)) == len(read) > 0:
        return f"`{value}` starts with a number of two digits"
    return f"`{value}` does not have three parts" if read else f"`{value}` has fewer than three parts"


def _three_parts(version: str, *, last: str) -> str:
    """Return what was meant by a bound, in a form that the server reads."""
    first, second = (*re.findall(r"\d+", version), last, last)[:2]
    return f"{first if len(first) == 1 else 9}.{second}.{last}"


RULES = (
    Rule(
        "missing-version",
        "warning",
        "neither the class nor its distribution gives a version",
        missing_version,
    ),
    Rule("missing-author", "warning", "nothing tells who made the plugin", missing_author),
    Rule("missing-description", "warning", "nothing says what the plugin does", missing_description),
    Rule("version-differs", "warning", "VERSION is not the distribution's version", version_differs),
    Rule(
        "unreadable-date", "error", "PUBLISH_DATE is not an ISO date, which stops the server", unreadable_date
    ),
    Rule("unknown-value", "warning", "a value that only running the plugin would tell"),
    Rule("version-gate", "error", "MIN_VERSION or MAX_VERSION excludes this server", version_gate),
    Rule("max-version-misread", "error", "MAX_VERSION has not three parts", misread_max_version),
    Rule("min-version-misread", "warning", "MIN_VERSION has not three parts", misread_min_version),
)
