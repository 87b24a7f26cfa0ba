"""Apply the rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from inventree_plugins.models import Problem
from inventree_plugins.validation.catalog import RULES, require_rule
from inventree_plugins.validation.interface import Subject

__all__ = ["judge", "selected"]


def judge(subject: Subject) -> Iterator[Problem]:
    """Yield what is wrong with a plugin: what discovery found out, and what breaks a rule."""
    checked = {rule.code for rule in RULES.values() if rule.check}
    # Discovery speaks for every command; where a rule of the same code looks closer, that one counts.
    yield from (each for each in subject.plugin.problems if each.code not in checked)
    for rule in RULES.values():
        yield from rule.judge(subject)


def selected(problems: Iterable[Problem], *, select: Iterable[str], ignore: Iterable[str]) -> list[Problem]:
    """Return the problems of the codes selected (all, when none is named) and not ignored, in order.

    Raises UsageError for a code that is none.
    """
    wanted = {require_rule(code).code for code in select}
    unwanted = {require_rule(code).code for code in ignore}
    # One import may concern several plugins of a file: it is one finding, of the first.
    unique: dict[Problem, Problem] = {}
    for each in problems:
        unique.setdefault(each._replace(slug=None), each)
    chosen = (
        each for each in unique.values() if each.code not in unwanted and (not wanted or each.code in wanted)
    )
    return sorted(chosen, key=_place)


def _place(problem: Problem) -> tuple[str, int, str]:
    return str(problem.path or ""), problem.line or 0, problem.code
