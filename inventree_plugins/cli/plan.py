"""How a plan for packages is shown, before it is carried out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from inventree_plugins.cli.output import printable

if TYPE_CHECKING:
    from rich.table import Table

    from inventree_plugins.commands.applying import PlannedPackage

__all__ = ["plan_rows", "plan_table"]

_COLORS = {"install": "green", "upgrade": "green", "downgrade": "yellow", "remove": "red", "again": "green"}


def plan_rows(plan: Sequence[PlannedPackage]) -> list[dict[str, Any]]:
    """Return the plan as the JSON document has it."""
    return [
        {
            "name": each.name,
            "from": each.old,
            "to": each.new,
            "action": each.action,
            "why": list(each.why),
            "requested": each.requested,
            "host": each.host,
        }
        for each in plan
    ]


def plan_table(plan: Sequence[PlannedPackage]) -> Table:
    """Return the plan as a table: what happens, to which package, from which version to which, and why."""
    from rich.table import Table  # noqa: PLC0415 - plans only
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Plan", "Package", "From", "To", "Why"):
        table.add_column(title, no_wrap=title != "Why")
    for each in plan:
        action = Text(each.action, style=_COLORS[each.action])
        mark = " (the server's own)" if each.host else ""
        cells = (each.name + mark, each.old or "", each.new or "", _why(each))
        table.add_row(action, *(Text(printable(cell)) for cell in cells))
    return table


def _why(each: PlannedPackage) -> str:
    if each.requested or each.new is None or not each.why:
        return ", ".join(each.why)
    return f"needed by {', '.join(each.why)}"
