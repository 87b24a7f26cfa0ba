"""Look at the instance from outside: what is declared, installed and discovered."""

from pathlib import Path
from typing import Literal, NamedTuple

from inventree_plugins.commands.context import Context
from inventree_plugins.discovery import Places, discover_again
from inventree_plugins.errors import InvplugError
from inventree_plugins.models import Declaration, Discovery, Distribution, Interpreter, Problem
from inventree_plugins.packages import installed_distributions
from inventree_plugins.requirements import declarations, read_plugins_file

__all__ = ["Survey", "blind_survey", "places_of", "take_survey"]


class Survey(NamedTuple):
    """What files tell about an instance; the store is not asked."""

    interpreter: Interpreter
    distributions: tuple[Distribution, ...]
    discovery: Discovery
    declared: tuple[Declaration, ...] = ()
    problems: tuple[Problem, ...] = ()


def take_survey(context: Context) -> Survey:
    """Read plugins.txt, list the installed distributions and discover plugins.

    A plugins.txt that cannot be read is a problem, not an error: the server may be down because of it.
    Raises InterpreterError.
    """
    interpreter = context.interpreter
    distributions = installed_distributions(interpreter.import_path)
    declared, problems = _read_declared(context)
    return Survey(
        interpreter=interpreter,
        distributions=distributions,
        discovery=_discover(context, distributions),
        declared=declared,
        problems=problems,
    )


def blind_survey(error: InvplugError) -> Survey:
    """Return a survey that saw nothing, because of an error: rows can be judged without one."""
    nowhere = Interpreter(Path(), Path(), "", "", (), Path())
    return Survey(nowhere, (), Discovery(), problems=(_as_problem(error, "warning"),))


def _as_problem(error: InvplugError, severity: Literal["error", "warning"]) -> Problem:
    return Problem(error.code, error.message, severity, hint=error.hint, path=error.path, line=error.line)


def _read_declared(context: Context) -> tuple[tuple[Declaration, ...], tuple[Problem, ...]]:
    try:
        return declarations(read_plugins_file(context.instance.plugins_file.value)), ()
    except InvplugError as error:
        return (), (_as_problem(error, "error"),)


def places_of(context: Context, survey: Survey) -> Places:
    """Return the places that a survey looked at."""
    return _places(context, survey.distributions)


def _places(context: Context, distributions: tuple[Distribution, ...]) -> Places:
    instance = context.instance
    return Places(
        source_root=instance.source_root.value,
        samples=instance.debug.value,
        directories=instance.plugin_dirs.value,
        distributions=distributions,
        import_path=context.interpreter.import_path,
        server_version=instance.server_version.value,
    )


def _discover(context: Context, distributions: tuple[Distribution, ...]) -> Discovery:
    places = _places(context, distributions)
    if not context.use_cache:
        from inventree_plugins.discovery import discover  # noqa: PLC0415 - imports all of the search

        return discover(places)
    return discover_again(places, cache=context.cache_file)
