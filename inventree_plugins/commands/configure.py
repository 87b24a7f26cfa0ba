"""`invplug config set`: one plugin option in `config.yaml`, and what the environment makes of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from inventree_plugins.commands.context import Context
from inventree_plugins.commands.gates import restart_step
from inventree_plugins.errors import ConfigurationError, FileAccessError, UsageError
from inventree_plugins.files import brief_lock, ensure_writable, replace_text
from inventree_plugins.instance.configuration import TRUTHY, to_bool, to_list
from inventree_plugins.models import NextStep, Problem

__all__ = ["PLUGIN_OPTIONS", "PluginOption", "SetOptionOptions", "SetOptionResult", "set_option"]

FALSY = frozenset({"0", "n", "no", "f", "false", "off"})
SUGGESTIONS = 3
LONGEST_NUMBER = 6


class PluginOption(NamedTuple):
    """An option of the server's that is about plugins, under its name in `config.yaml`."""

    name: str
    kind: Literal["switch", "path", "paths", "slugs", "number"]
    meaning: str

    @property
    def variable(self) -> str:
        """Return the environment variable that beats the file."""
        return f"INVENTREE_{self.name.upper()}"


PLUGIN_OPTIONS = {
    option.name: option
    for option in (
        PluginOption("plugins_enabled", "switch", "load plugins other than the server's own"),
        PluginOption("plugin_noinstall", "switch", "bar installations through the web"),
        PluginOption("plugin_file", "path", "the server's plugins.txt"),
        PluginOption("plugin_dir", "paths", "folders with plugins"),
        PluginOption("plugins_mandatory", "slugs", "plugins that are always active"),
        # The server asks for this one in capitals, and YAML tells them apart.
        PluginOption("PLUGIN_RETRY", "number", "how often loading is tried"),
    )
}


class SetOptionOptions(NamedTuple):
    """Which option is set to what, as typed, and whether anything is written at all."""

    name: str
    values: tuple[str, ...]
    dry_run: bool = False


class SetOptionResult(NamedTuple):
    """The option's value in the file before and after, and what beats it.

    Values are as the server reads them: a truth value, a number, a text or a tuple of texts; `old` is None
    where the file did not say. `overridden_by` is an environment variable or None.
    """

    name: str
    old: Any
    new: Any
    path: Path
    changed: bool
    overridden_by: str | None = None
    next_steps: tuple[NextStep, ...] = ()
    problems: tuple[Problem, ...] = ()


def set_option(context: Context, options: SetOptionOptions) -> SetOptionResult:
    """Set a plugin option in the server's `config.yaml`; its comments and its order stay.

    Raises UsageError, ConfigurationError where there is no file or one that cannot be edited safely, and
    FileAccessError.
    """
    option = _find_option(options.name)
    new = _value(option, options.values)
    path = context.instance.config_file.value
    if path is None:
        raise ConfigurationError(
            "there is no `config.yaml` to change",
            hint=f"name one with `--config FILE`, or set {option.variable} in the server's environment",
        )
    found, changed = _edit(path, option, new, write=False)
    if changed and not options.dry_run:
        ensure_writable(path, option="--config")
        target = path.resolve()
        # Two that read the same text would each write it without the other's change: it is read again.
        with brief_lock(target.with_name(f".{target.name}.lock"), timeout=context.lock_timeout):
            found, changed = _edit(path, option, new, write=True)
    overriding = context.instance.environment.get(option.variable)
    if overriding == "" and option.kind != "switch":
        overriding = None  # an empty variable says false, and nothing else
    return SetOptionResult(
        option.name,
        _as_read(option, found),
        new,
        path,
        changed,
        overridden_by=None if overriding is None else option.variable,
        next_steps=(restart_step(context, ()),) if changed else (),
        problems=() if overriding is None else (_overridden(option, overriding, path),),
    )


def _edit(path: Path, option: PluginOption, new: Any, *, write: bool) -> tuple[Any, bool]:
    """Return what the file said before, and whether that had to be changed."""
    from inventree_plugins.instance.config_file import option_in  # noqa: PLC0415 - `config show` needs it not

    text = _read(path)
    try:
        found = option_in(text, option.name)
        written = _changed_text(text, option, found, new)
    except ConfigurationError as error:
        error.path = path
        raise
    if written != text and write:
        replace_text(path, written)
    return found, written != text


def _find_option(name: str) -> PluginOption:
    found = next((option for option in PLUGIN_OPTIONS.values() if option.name.lower() == name.lower()), None)
    if found is not None:
        return found
    from difflib import get_close_matches  # noqa: PLC0415 - only where something went wrong

    near = get_close_matches(name.lower(), PLUGIN_OPTIONS, n=SUGGESTIONS, cutoff=0.75)
    meant = f"did you mean {' or '.join(f'`{each}`' for each in near)}? " if near else ""
    known = ", ".join(f"`{each}`" for each in PLUGIN_OPTIONS)
    raise UsageError(f"there is no plugin option `{name}`", hint=f"{meant}the options are {known}")


# Values: as typed, as the server reads them, as they are written.


def _value(option: PluginOption, words: Sequence[str]) -> Any:
    """Understand the words of the command line; raise UsageError."""
    for word in words:
        if not word.isprintable():
            raise UsageError(f"`{option.name}` cannot hold control characters or undecodable bytes")
    if option.kind in {"paths", "slugs"}:
        items = tuple(dict.fromkeys(item for word in words for item in to_list(word)))
        # The server would take the empty text for its own working directory.
        if not items and option.kind == "paths":
            raise UsageError(f"`{option.name}` takes at least one folder")
        return items
    if len(words) != 1:
        raise UsageError(f"`{option.name}` takes one value, not {len(words)}")
    return _single_value(option, words[0].strip())


def _single_value(option: PluginOption, word: str) -> bool | int | str:
    if option.kind == "switch":
        if word.lower() not in TRUTHY | FALSY:
            raise UsageError(f"`{option.name}` is true or false, not `{word}`")
        return to_bool(word)
    if option.kind == "number":
        if not (word.isascii() and word.isdecimal() and len(word) <= LONGEST_NUMBER):
            raise UsageError(f"`{option.name}` is a number, not `{word}`")
        return int(word)
    if not word:
        raise UsageError(f"`{option.name}` takes the path of a file")
    return word


def _as_read(option: PluginOption, value: Any) -> Any:
    """Return what the server makes of a value in the file."""
    if value is None:
        return None
    if option.kind == "switch":
        return to_bool(value)
    if option.kind in {"paths", "slugs"}:
        return to_list(value)
    if option.kind == "number":
        try:
            return int(value)
        except (TypeError, ValueError, OverflowError):
            return str(value)
    return str(value)


def _changed_text(text: str, option: PluginOption, found: Any, new: Any) -> str:
    """Return the text with the new value, or as it is where it says so already."""
    # The server splits folders at commas, and stumbles over a list.
    is_usable = option.kind != "paths" or not isinstance(found, list)
    if _as_read(option, found) == new and is_usable:
        return text
    from inventree_plugins.instance.config_file import with_option  # noqa: PLC0415 - only for a change

    return with_option(text, option.name, ",".join(new) if option.kind == "paths" else new)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"`{path}` is not UTF-8 text", hint="mend the file; the server cannot read it either", path=path
        ) from error
    except OSError as error:
        raise FileAccessError(f"cannot read `{path}`: {error.strerror}", path=path) from error


def _overridden(option: PluginOption, value: str, path: Path) -> Problem:
    return Problem(
        "environment-overrides",
        f"{option.variable} is {f'`{value}`' if value else 'empty'} in the environment:"
        f" `{option.name}` in `{path}` has no effect",
        hint=f"unset {option.variable} where the server is started, or change it there",
    )
