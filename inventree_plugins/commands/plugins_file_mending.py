"""Put right in plugins.txt what is damaged, where that loses nothing or somebody agrees."""

from __future__ import annotations

from collections.abc import Callable

from inventree_plugins.commands.changing import changing
from inventree_plugins.commands.diagnosis import Diagnosis, examine_instance, is_servers_python
from inventree_plugins.commands.plugins_file_damage import damage_of, mended_text
from inventree_plugins.errors import InvplugError
from inventree_plugins.files import ensure_writable, replace_text
from inventree_plugins.requirements import PluginsFile, read_plugins_file

__all__ = ["mend_plugins_file"]


def mend_plugins_file(
    diagnosis: Diagnosis, is_left: Callable[[str], bool]
) -> tuple[str, tuple[str, ...]] | None:
    """Mend the file and return what was done and the lines of a unified diff; None where nothing was.

    `is_left` is asked about each line that only a person can tell from a new one, and given what there is to
    say of it; where it says so, the line goes too.

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
    doubtful = (each for each in damage_of(diagnosis, file) if each.code == "left-line")
    left = tuple(each for each in doubtful if is_left(each.message))
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
