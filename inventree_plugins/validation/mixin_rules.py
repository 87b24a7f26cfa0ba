"""Rules about mixins: what each one needs of the plugin, and what it is given without one (SPEC §5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from inventree_plugins.anatomy import Attribute, NotKnown
from inventree_plugins.validation.interface import Check, Fault, Rule, Subject, fault_at

__all__ = ["RULES"]

SCHEDULES = frozenset("IHDWMQY")

# Mixin -> methods, of which the plugin must have one, in the words of old servers too.
NEEDED_METHODS = {
    "ActionMixin": ("perform_action", "get_result", "get_info", "get_response"),
    "BarcodeMixin": (
        *("scan", "generate", "validate"),
        *("getStockItem", "getStockLocation", "getPart", "renderStockItem", "renderPart"),
    ),
    "CurrencyExchangeMixin": ("update_exchange_rates",),
    "EventMixin": ("process_event",),
    "IconPackMixin": ("icon_packs",),
    "LabelPrintingMixin": ("print_label", "print_labels"),
    "LocateMixin": ("locate_stock_location", "locate_stock_item"),
    "MailMixin": ("process_mail_out", "process_mail_in"),
    "PanelMixin": ("get_custom_panels",),
    "SettingsContentMixin": ("get_settings_content",),
    "SupplierBarcodeMixin": ("extract_barcode_fields",),
    "SupplierMixin": ("get_suppliers",),
}


def has_no_effect(name: str, mixin: str) -> Check:
    """Return the check for an attribute that the server does not read without a mixin."""

    def check(subject: Subject) -> Iterator[Fault]:
        attribute = subject.attribute(name)
        if attribute is not None and attribute.value and not subject.has_mixin(mixin):
            hint = f"derive the class from `{mixin}` too"
            yield fault_at(attribute, f"`{name}` has no effect without `{mixin}`", hint=hint)

    return check


def gives_nothing(mixin: str, *, name: str, method: str) -> Check:
    """Return the check for a mixin whose attribute and method the plugin both lacks."""

    def check(subject: Subject) -> Iterator[Fault]:
        is_given = subject.has_value(name) or method in subject.anatomy.members
        if subject.has_mixin(mixin) and not is_given and not _has_unread_base(subject):
            plugin = subject.plugin
            message = f"`{plugin.class_name}` uses `{mixin}` but has neither `{name}` nor `{method}`"
            yield fault_at(plugin, message)

    return check


def method_missing(subject: Subject) -> Iterator[Fault]:
    """Yield a mixin none of whose methods the plugin has."""
    members, plugin = subject.anatomy.members, subject.plugin
    if _has_unread_base(subject) or "__getattr__" in members:
        return  # which may have them
    for mixin, methods in NEEDED_METHODS.items():
        inherits = mixin == "BarcodeMixin" and subject.has_mixin("SupplierBarcodeMixin")
        if subject.has_mixin(mixin) and not inherits and not any(name in members for name in methods):
            lack = f"has no `{methods[0]}`" if len(methods) == 1 else f"has none of {_listed(methods)}"
            message = f"`{plugin.class_name}` uses `{mixin}` but {lack}"
            yield fault_at(plugin, message, hint=f"define `{methods[0]}`")


def _has_unread_base(subject: Subject) -> bool:
    return any(problem.code == "unresolved-base" for problem in subject.plugin.problems)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def urls_malformed(subject: Subject) -> Iterator[Fault]:
    """Yield URLS that are no list of patterns."""
    attribute, value = _known(subject, "URLS", "UrlsMixin")
    if attribute is None:
        return
    if not isinstance(value, (list, tuple)):
        yield fault_at(attribute, "`URLS` is no list of URL patterns")
    elif any(not isinstance(each, (NotKnown, list, tuple)) for each in value):
        yield fault_at(
            attribute, "`URLS` has an item that is no URL pattern", hint="use `path()` or `re_path()`"
        )


def navigation_malformed(subject: Subject) -> Iterator[Fault]:
    """Yield links that the server refuses: it wants a list of dicts with name and link."""
    attribute, value = _known(subject, "NAVIGATION", "NavigationMixin")
    if attribute is None:
        return
    if not isinstance(value, (list, tuple)):
        yield fault_at(attribute, "`NAVIGATION` is no list of links")
        return
    for number, link in enumerate(value, 1):
        if isinstance(link, NotKnown):
            continue
        missing = [key for key in ("name", "link") if not isinstance(link, Mapping) or key not in link]
        if missing and not _has_open_keys(link):
            yield fault_at(attribute, f"link {number} of `NAVIGATION` has no {_listed(missing)}")


def tasks_malformed(subject: Subject) -> Iterator[Fault]:
    """Yield tasks that the server refuses to schedule."""
    attribute, value = _known(subject, "SCHEDULED_TASKS", "ScheduleMixin")
    if attribute is None:
        return
    if not isinstance(value, dict):
        yield fault_at(attribute, "`SCHEDULED_TASKS` is no dict of tasks")
        return
    for key, task in value.items():
        if isinstance(key, NotKnown) or isinstance(task, NotKnown):
            continue
        for what in _task_faults(task, subject):
            yield fault_at(attribute, f"the task `{key}` {what}")


def _task_faults(task: object, subject: Subject) -> Iterator[str]:
    if not isinstance(task, Mapping):
        yield "is no dict"
        return
    for key in ("func", "schedule"):
        if key not in task and not _has_open_keys(task):
            yield f"has no `{key}`"
    if "schedule" in task:
        yield from _schedule_faults(task["schedule"], task)
    function = task.get("func")
    if isinstance(function, str) and "." not in function:
        if function.strip() not in subject.anatomy.members and not _has_unread_base(subject):
            yield f"calls `{function}`, which the plugin does not have"
    elif "func" in task and not isinstance(function, (str, NotKnown)):
        yield "has a `func` that is no text"


def _schedule_faults(schedule: object, task: Mapping[object, object]) -> Iterator[str]:
    if isinstance(schedule, NotKnown):
        return
    if not isinstance(schedule, str):
        yield "has a schedule that is no text"
        return
    letter = schedule.strip().upper()
    if letter not in SCHEDULES:
        yield f"has the schedule `{schedule}`, which is none of {_listed('IHDWMQY')}"
    elif letter != schedule:
        # The server accepts it, and stores it as it is written (seen on 1.5).
        yield f"has the schedule `{schedule}`, which its worker knows only as `{letter}`"
    if letter == "I" and "minutes" not in task and not _has_open_keys(task):
        yield "has the schedule `I` but no `minutes`"


def _known(subject: Subject, name: str, mixin: str) -> tuple[Attribute | None, object]:
    """Return an attribute that the server reads, and its value; none when that is empty or not known."""
    attribute = subject.attribute(name)
    value = attribute.value if attribute else None
    if not value or isinstance(value, NotKnown) or not subject.has_mixin(mixin):
        return None, None
    return attribute, value


def _has_open_keys(value: object) -> bool:
    return isinstance(value, Mapping) and any(isinstance(key, NotKnown) for key in value)


RULES = (
    Rule("method-missing", "error", "a mixin without the method that it needs", method_missing),
    Rule("urls-without-mixin", "warning", "URLS without UrlsMixin", has_no_effect("URLS", "UrlsMixin")),
    Rule("urls-malformed", "error", "URLS is not a list of URL patterns", urls_malformed),
    Rule(
        "urls-missing",
        "warning",
        "UrlsMixin without URLs",
        gives_nothing("UrlsMixin", name="URLS", method="setup_urls"),
    ),
    Rule(
        "navigation-without-mixin",
        "warning",
        "NAVIGATION without NavigationMixin",
        has_no_effect("NAVIGATION", "NavigationMixin"),
    ),
    Rule("navigation-malformed", "error", "a navigation link without name or link", navigation_malformed),
    Rule(
        "navigation-missing",
        "warning",
        "NavigationMixin without links",
        gives_nothing("NavigationMixin", name="NAVIGATION", method="setup_navigation"),
    ),
    Rule(
        "tasks-without-mixin",
        "warning",
        "SCHEDULED_TASKS without ScheduleMixin",
        has_no_effect("SCHEDULED_TASKS", "ScheduleMixin"),
    ),
    Rule("tasks-malformed", "error", "a scheduled task that the server refuses", tasks_malformed),
    Rule(
        "tasks-missing",
        "warning",
        "ScheduleMixin without tasks",
        gives_nothing("ScheduleMixin", name="SCHEDULED_TASKS", method="get_scheduled_tasks"),
    ),
)
