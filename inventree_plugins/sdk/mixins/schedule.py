"""Schedules: tasks that the server runs again and again (SPEC §5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from inventree_plugins.sdk.errors import MixinImplementationError
from inventree_plugins.sdk.mixins.base import Base

__all__ = ["ScheduleMixin"]


class ScheduleMixin(Base):
    """Run methods of the plugin, or functions named with dots, by a schedule."""

    MIXIN_KEY: ClassVar[str] = "schedule"
    MIXIN_ENABLED: ClassVar[str] = "has_scheduled_tasks"
    # In minutes, hours, days, weeks, months, quarters, years.
    ALLOWABLE_SCHEDULE_TYPES: ClassVar[tuple[str, ...]] = ("I", "H", "D", "W", "M", "Q", "Y")
    SCHEDULED_TASKS: ClassVar[Any] = None

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
            raise self._wrong("`SCHEDULED_TASKS` holds no task")
        for key, task in tasks.items():
            for part in ("func", "schedule"):
                if part not in task:
                    raise self._wrong(f"the task `{key}` has no `{part}`")
            schedule = str(task["schedule"]).upper().strip()
            if schedule not in self.ALLOWABLE_SCHEDULE_TYPES:
                kinds = ", ".join(self.ALLOWABLE_SCHEDULE_TYPES)
                raise self._wrong(
                    f"the task `{key}` has the schedule `{task['schedule']}`, which is none of {kinds}"
                )
            if schedule == "I" and "minutes" not in task:
                raise self._wrong(f"the task `{key}` runs every so many minutes and has no `minutes`")

    def get_task_name(self, key: str) -> str:
        """Return the name under which a server knows the task."""
        return f"plugin.{self.plugin_slug()}.{key}"

    def get_task_names(self) -> list[str]:
        """Return the names of all tasks."""
        return [self.get_task_name(key) for key in self.get_scheduled_tasks()]

    def _wrong(self, message: str) -> MixinImplementationError:
        slug = self.plugin_slug()
        return MixinImplementationError(f"the plugin `{slug}`: {message}", plugin=slug, mixin="schedule")
