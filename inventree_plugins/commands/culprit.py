"""Which requirement it is that cannot be installed, where the installer does not say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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


def blamed(error: InstallError, declared: Sequence[Declaration]) -> Declaration | None:
    """Return the requirement that an error names: of several the last, which the others can do without."""
    for item in declared:
        if error.line is not None and item.line == error.line and item.path == error.path:
            by_line: Declaration | None = item
            break
    else:
        by_line = None
    named = [item for name in error.names for item in declared if item.name == normalize(name)]
    return max(named, key=declared.index) if named else by_line


def with_culprit(
    context: Context, request: InstallRequest, error: InstallError, lines: Sequence[_Line]
) -> InstallError:
    """Return an error that names a requirement: the given one, or what asking for fewer of them tells."""
    declared = [item for item, _ in lines]
    if error.code in OF_THE_MACHINE or len(lines) < 2 or blamed(error, declared):  # noqa: PLR2004 - of one, it is it
        return error
    for line in lines:
        alone = _failure(context, request, [line])
        if alone is not None:
            return _naming(alone, [line])
    for count in range(2, len(lines) + 1):
        last = lines[count - 1]
        if _failure(context, request, lines[:count]) is None:
            continue
        for other in lines[: count - 1]:
            both = _failure(context, request, [other, last])
            if both is not None:
                return _naming(both, [other, last])
        break
    return error


def _failure(context: Context, request: InstallRequest, lines: Sequence[_Line]) -> InstallError | None:
    """Ask for some of the requirements only, and for nothing but a plan."""
    fewer = replace(
        request,
        requirements_file=None,
        requirements=tuple(text for _, text in lines),
        declarations=tuple(item for item, _ in lines),
    )
    try:
        context.installer.resolve(fewer, on_line=context.on_output)
    except InstallError as error:
        return error
    return None


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
