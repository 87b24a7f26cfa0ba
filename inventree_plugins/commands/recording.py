"""What plugins.txt is to say besides the requirements themselves: pins, and where packages come from."""

from __future__ import annotations

from dataclasses import replace

from inventree_plugins.commands.applying import Installed, Prepared
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.install_plan import Plan
from inventree_plugins.commands.markers import for_target
from inventree_plugins.packages import normalize
from inventree_plugins.requirements import PluginsFile, is_pinned, option_lines, pin

__all__ = ["kept_options", "pinned_plan"]


def pinned_plan(context: Context, plan: Plan, installed: Installed, prepared: Prepared) -> Plan:
    """Return the plan with each requirement pinned in plugins.txt, in the version that it gets or has."""
    applies = for_target(context)
    versions: dict[str, str] = {each.key: each.version for each in installed.distributions}
    versions |= {normalize(each.name): each.version for each in prepared.packages}
    file, recorded = PluginsFile(plan.file.path, plan.new_text, exists=True), list(plan.recorded)
    for item in plan.wanted:
        if item.name is None or item.name not in versions or is_pinned(item):
            continue
        text = pin(file, item.name, versions[item.name], applies=applies)
        if text != file.text:
            file = PluginsFile(file.path, text, exists=True)
            recorded = [each for each in recorded if each != item.text]
            recorded.append(f"{item.name}=={versions[item.name]}")
    return replace(plan, new_text=file.text, recorded=tuple(recorded))


def kept_options(plan: Plan) -> tuple[str, ...]:
    """Return the options that are new in plugins.txt."""
    if not plan.changes_file:
        return ()
    before = option_lines(plan.file)
    new = PluginsFile(plan.file.path, plan.new_text, exists=True)
    return tuple(each for each in option_lines(new) if each not in before)
