"""A sample of ScheduleMixin: do something again and again."""

from __future__ import annotations

from inventree_plugins.sdk import InvenTreePlugin, ScheduleMixin

__all__ = ["SampleSchedule"]


class SampleSchedule(ScheduleMixin, InvenTreePlugin):
    """Counts stock every hour, and greets every five minutes."""

    NAME = "SampleSchedule"
    SLUG = "sample-schedule"
    TITLE = "Count again and again"
    AUTHOR = "The invplug authors"
    VERSION = "1.0.0"
    SCHEDULED_TASKS = {  # noqa: RUF012 - as servers expect it
        "count": {"func": "count", "schedule": "H"},
        "greet": {"func": "inventree_plugins.samples.schedule.greet", "schedule": "I", "minutes": 5},
    }

    def __init__(self) -> None:
        super().__init__()
        self.counts = 0

    def count(self) -> None:
        """Count."""
        self.counts += 1


greetings: list[str] = []


def greet() -> None:
    """Greet: a function that is no method is named with its module."""
    greetings.append("hello")
