"""Which requirement it is that cannot be installed, where the installer does not say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from inventree_plugins.commands.context import Context
from inventree_plugins.errors import InstallError
from inventree_plugins.models import Declaration
from inventree_plugins.packages import InstallRequest, normalize

__all__ = ["OF_THE_MACHINE", "blamed", "with_culprit"]

# What no requirement is to blame for: asking for each alone would only fail as often.
OF_THE_MACHINE = frozenset(
    {
        "install-externally-managed",
        "install-network",
        "install-no-space",
        "install-no-upload-times",
        "install-no-uv",
        "install-permission",
    }
)

_Line = tuple[Declaration, str]
_Ask = Callable[[InstallRequest], object]


def blamed(error: InstallError, declared: Sequence[Declaration]) -> Declaration | None:
    """Return the requirement that an error names: of several the last, which the others can do without."""
    place = (error.path, error.line)
    by_line = next((item for item in declared if item.line and (item.path, item.line) == place), None)
    named = [item for name in error.names for item in declared if item.name == normalize(name)]
    return max(named, key=declared.index) if named else by_line


def with_culprit(
    context: Context,
    request: InstallRequest,
    error: InstallError,
    lines: Sequence[_Line],
    *,
    ask: _Ask | None = None,
) -> InstallError:
    """Return an error that names a requirement: the given one, or what asking for fewer of them tells.

    `ask` is what failed, where that is not the installer's `resolve`. Raises InstallError where asking tells
    nothing, as without a network.
    """

    def resolve(request: InstallRequest) -> object:
        return context.installer.resolve(request, on_line=context.on_output)

    declared = [item for item, _ in lines]
    if error.code in OF_THE_MACHINE or len(lines) < 2 or blamed(error, declared):  # noqa: PLR2004 - of one, it is it
        return error
    search = _Search(request, ask or resolve)
    if search.failure(lines) is None:
        return error
    *others, last = lines[: search.shortest_failing(lines)]
    for suspects in ([last], *([other, last] for other in others)):
        failure = search.failure(suspects)
        if failure is not None:
            return _naming(failure, suspects)
    return error


@dataclass(frozen=True, slots=True)
class _Search:
    """Asks for some of a request's requirements only, and for nothing but a plan."""

    request: InstallRequest
    ask: _Ask

    def failure(self, lines: Sequence[_Line]) -> InstallError | None:
        """Return why the lines fail, None where they do not."""
        fewer = replace(
            self.request,
            requirements_file=None,
            requirements=tuple(text for _, text in lines),
            declarations=tuple(item for item, _ in lines),
        )
        try:
            self.ask(fewer)
        except InstallError as error:
            if error.code in OF_THE_MACHINE:
                raise
            return error
        return None

    def shortest_failing(self, lines: Sequence[_Line]) -> int:
        """Return how many of the lines, from the first, are enough to fail, where all of them do.

        What fails goes on failing with more lines, so that half of those in question are ruled out each time.
        """
        good, bad = 0, len(lines)
        while bad - good > 1:
            middle = (good + bad) // 2
            if self.failure(lines[:middle]) is None:
                good = middle
            else:
                bad = middle
        return bad


def _naming(error: InstallError, lines: Sequence[_Line]) -> InstallError:
    """Add the requirements to an error that names none."""
    if error.line is None and error.names:
        return error
    declared = lines[-1][0]
    if error.line is None:
        which = " and ".join(f"`{item.text}`" for item, _ in lines)
        error.message = f"{which}: {error.message}"
        error.line = declared.line or None
        error.path = declared.path if declared.line else None
    error.names = error.names or tuple(item.name for item, _ in lines if item.name)
    return error
