"""Put right in plugins.txt what is damaged, where that loses nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from inventree_plugins.commands.changing import changing
from inventree_plugins.commands.diagnosis import Diagnosis, examine_instance, is_servers_python
from inventree_plugins.commands.plugins_file_damage import damage_of, mended_text
from inventree_plugins.errors import InvplugError
from inventree_plugins.files import ensure_writable, replace_text
from inventree_plugins.requirements import PluginsFile, read_plugins_file

if TYPE_CHECKING:  # only doctor pays for it
    from inventree_plugins.requirements import Damage

__all__ = ["left_lines", "mend_plugins_file"]


def left_lines(diagnosis: Diagnosis) -> tuple[Damage, ...]:
    """Return the lines that may be left of plugins that were uninstalled: a person has to say it."""
    if not is_servers_python(diagnosis):
        return ()
    try:
        file = read_plugins_file(diagnosis.context.instance.plugins_file.value)
    except InvplugError:  # its check says so
        return ()
    return tuple(each for each in damage_of(diagnosis, file) if each.code == "left-line")


def mend_plugins_file(diagnosis: Diagnosis, left: Collection[str] = ()) -> tuple[str, tuple[str, ...]] | None:
    """Mend the file and return what was done and the lines of a unified diff; None where nothing was.

    `left` are the packages whose `left_lines` go as well.
    What is installed in another Python than the server's tells nothing, so that nothing is mended then.
    Raises FileAccessError and LockTimeoutError.
    """
    if not is_servers_python(diagnosis):
        return None
    context = diagnosis.context
    path = context.instance.plugins_file.value
    try:
        file = read_plugins_file(path)
    except InvplugError:  # no text file: its check says so
        return None
    if mended_text(diagnosis, file, left)[0] == file.text:
        return None
    with changing(context) as finished:
        if finished:
            diagnosis = examine_instance(context, diagnosis.name)
        file = read_plugins_file(path)
        text, damages = mended_text(diagnosis, file, left)
        ensure_writable(path)
        if not replace_text(path, text):
            return None
    return f"`{path}`: {'; '.join(damage.message for damage in damages)}", _diff(file, text)


def _diff(file: PluginsFile, text: str) -> tuple[str, ...]:
    from difflib import unified_diff  # noqa: PLC0415 - only where there is damage

    old, new = file.text.splitlines(), text.splitlines()
    return tuple(unified_diff(old, new, str(file.path), str(file.path), lineterm=""))
