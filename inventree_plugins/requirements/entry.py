"""What each line of one requirements file declares; an include is named here, not followed."""

from typing import NamedTuple

from inventree_plugins.errors import PluginsFileError
from inventree_plugins.models import Declaration
from inventree_plugins.requirements.lines import LineKind, LogicalLine, expand_variables
from inventree_plugins.requirements.options import Option, OptionError, parse_options, split_options
from inventree_plugins.requirements.plugins_file import PluginsFile
from inventree_plugins.requirements.specification import SpecificationError, specify, specify_editable

__all__ = ["Entry", "entries", "readable_entries"]


class Entry(NamedTuple):
    """A line that says something: a declaration, or options for all of the file.

    `options` have their variables expanded, `written` have not; both are in the line's order. Where a
    variable holds more than the value of an option, `written` has not as many.
    """

    line: LogicalLine
    options: tuple[Option, ...] = ()
    written: tuple[Option, ...] = ()
    declaration: Declaration | None = None


def entries(file: PluginsFile) -> tuple[Entry, ...]:
    """Read every line that is neither blank nor comment.

    Raises PluginsFileError, naming the line, for the first one that pip would refuse.
    """
    return tuple(_entry(file, line) for line in _speaking(file))


def readable_entries(file: PluginsFile) -> tuple[tuple[LogicalLine, Entry | None], ...]:
    """Read every line that is neither blank nor comment, with None for one that pip would refuse."""
    return tuple((line, _entry_or_none(file, line)) for line in _speaking(file))


def _speaking(file: PluginsFile) -> tuple[LogicalLine, ...]:
    return tuple(line for line in file.logical_lines if line.kind not in {LineKind.BLANK, LineKind.COMMENT})


def _entry_or_none(file: PluginsFile, line: LogicalLine) -> Entry | None:
    try:
        return _entry(file, line)
    except PluginsFileError:
        return None


def _entry(file: PluginsFile, line: LogicalLine) -> Entry:
    try:
        return _read(file, line)
    except (OptionError, SpecificationError) as error:
        raise PluginsFileError(
            f"`{file.path}` line {line.first}: cannot read `{line.content}`: {error}",
            path=file.path,
            line=line.first,
            hint=getattr(error, "hint", None)
            or "correct the line, or put `#` before it: pip refuses the whole file",
        ) from error


def _read(file: PluginsFile, line: LogicalLine) -> Entry:
    text, written_options = split_options(line.content)
    expanded, expanded_options = split_options(expand_variables(line.content))
    options, written = parse_options(expanded_options), _as_written(written_options)
    declaration = None
    if expanded.strip():
        declaration = _declaration(file, line, text=text, expanded=expanded)
    else:
        values = [option.value for option in options if option.name == "--editable"]
        texts = [option.value for option in written if option.name == "--editable"]
        if values and values[0] is not None:
            declaration = _editable(file, line, text=texts[0] or "", expanded=values[0])
    return Entry(line, options, written, declaration)


def _as_written(text: str) -> tuple[Option, ...]:
    try:
        return parse_options(text)
    except OptionError:  # only its variables make it one
        return ()


def _declaration(file: PluginsFile, line: LogicalLine, *, text: str, expanded: str) -> Declaration:
    found = specify(expanded.strip())
    return Declaration(text.strip(), file.path, line.first, found.name, found.pep508)


def _editable(file: PluginsFile, line: LogicalLine, *, text: str, expanded: str) -> Declaration:
    found = specify_editable(expanded, directory=file.path.absolute().parent)
    return Declaration(text, file.path, line.first, found.name, found.pep508, editable=True)
