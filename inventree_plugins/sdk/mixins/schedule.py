"""Schedules: tasks that the server runs again and again (SPEC §5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from inventree_plugins.sdk.mixins.base import Base, wrong

__all__ = ["ScheduleMixin"]


class ScheduleMixin(Base):
    """Run methods of the plugin, or functions named with dots, by a schedule."""

    MIXIN_KEY: ClassVar[str] = "schedule"
    MIXIN_NAME: ClassVar[str] = "Schedule"
    MIXIN_ENABLED: ClassVar[str] = "has_scheduled_tasks"
    # In minutes, hours, days, weeks, months, quarters, years.
    ALLOWABLE_SCHEDULE_TYPES: ClassVar[tuple[str, ...]] = ("I", "H", "D", "W", "M", "Q", "Y")
    SCHEDULED_TASKS: Any = {}  # noqa: RUF012 - authors override it on class and object alike

    def __init__(self) -> None:
        super().__init__()
        # What is registered; a list as long as there is nothing, as on a server.
        self.scheduled_tasks: Any = []
        if self.SCHEDULED_TASKS is ScheduleMixin.SCHEDULED_TASKS:
            # One of its own, for what a plugin adds must not become the task of all others.
            self.SCHEDULED_TASKS = {}

    def get_scheduled_tasks(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the tasks by key: `{func, schedule, minutes?, repeats?}`."""
        return self.SCHEDULED_TASKS or {}

    @property
    def has_scheduled_tasks(self) -> bool:
        """Tell whether there are tasks."""
        return bool(self.get_scheduled_tasks())

    def validate_scheduled_tasks(self) -> None:
        """Raise MixinImplementationError for a task that no server can run."""
        tasks = self.get_scheduled_tasks()
        if not tasks:
            raise wrong(self, "schedule", "`SCHEDULED_TASKS` holds no task")
        if not isinstance(tasks, Mapping):
            raise wrong(self, "schedule", f"`SCHEDULED_TASKS` must be a dictionary, not {tasks!r:.60}")
        for key, task in tasks.items():
            complaint = _complaint(task, self.ALLOWABLE_SCHEDULE_TYPES)
            if complaint:
                raise wrong(self, "schedule", f"the task `{key}` {complaint}")

    def get_task_name(self, key: str) -> str:
        """Return the name under which a server knows the task."""
        return f"plugin.{self.plugin_slug()}.{key}"

    def get_task_names(self) -> list[str]:
        """Return the names of all tasks."""
        return [self.get_task_name(key) for key in self.get_scheduled_tasks()]

    def register_tasks(self) -> None:
        """Check the tasks and take note of them; whoever runs them asks for `scheduled_tasks`."""
        self.validate_scheduled_tasks()
        self.scheduled_tasks = self.get_scheduled_tasks()

    def unregister_tasks(self) -> None:
        """Forget the tasks."""
        self.scheduled_tasks = []


def _complaint(task: Any, kinds: tuple[str, ...]) -> str:
    """Return what is wrong with a task, empty where nothing is."""
    if not isinstance(task, Mapping):
        return f"must be a dictionary, not {task!r:.60}"
    for part in ("func", "schedule"):
        if part not in task:
            return f"has no `{part}`"
    if not isinstance(task["func"], str) or not task["func"].strip():
        return f"names no function: its `func` is {task['func']!r:.60}"
    kind = str(task["schedule"]).upper().strip()
    if kind not in kinds:
        return f"has the schedule `{task['schedule']}`, which is none of {', '.join(kinds)}"
    if kind == "I" and "minutes" not in task:
        return "runs every so many minutes and has no `minutes`"
    return ""
