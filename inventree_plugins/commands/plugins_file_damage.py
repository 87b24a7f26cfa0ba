"""What is damaged in an instance's plugins.txt, seen with what is installed and which rows there are."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from inventree_plugins.commands.diagnosis import Diagnosis, Stored, is_servers_python
from inventree_plugins.commands.survey import Survey
from inventree_plugins.errors import InvplugError
from inventree_plugins.models import Declaration
from inventree_plugins.packages import normalize
from inventree_plugins.requirements import PluginsFile, entries

if TYPE_CHECKING:  # only doctor pays for it
    from inventree_plugins.requirements import Damage

__all__ = ["applies_here", "damage_of", "is_mended_by_doctor", "mended_text"]

# Parting lines may show that they repeat each other.
ROUNDS = 5


def damage_of(diagnosis: Diagnosis, file: PluginsFile) -> tuple[Damage, ...]:
    """List what is damaged in the file, as far as the instance tells."""
    from inventree_plugins.requirements import find_damage  # noqa: PLC0415 - imports packaging

    installed: dict[str, str] = {}
    uninstalled: tuple[str, ...] = ()
    if isinstance(diagnosis.survey, Survey) and is_servers_python(diagnosis):
        installed = {each.key: each.version for each in diagnosis.survey.distributions}
        uninstalled = tuple(_unknown(diagnosis, file, installed))
    return find_damage(
        file,
        installed=installed,
        known=_packages_of_rows(diagnosis),
        uninstalled=uninstalled,
        applies=lambda declared: applies_here(diagnosis, declared),
    )


def is_mended_by_doctor(damage: Damage, left: Collection[Damage] = ()) -> bool:
    """Tell whether mending is certain to lose nothing.

    A line of a package that is neither installed nor known to the store may be left of an uninstallation, or
    be new: both look the same, so it is for a person to say. `left` are those of which that was said.
    """
    return bool(damage.splices) and (damage.code != "left-line" or damage in left)


def mended_text(
    diagnosis: Diagnosis, file: PluginsFile, left: Collection[Damage]
) -> tuple[str, tuple[Damage, ...]]:
    """Return the file's text with all mended that doctor mends, and what that was."""
    from inventree_plugins.requirements import mend  # noqa: PLC0415 - imports packaging

    done: list[Damage] = []
    for _ in range(ROUNDS):
        found = [damage for damage in damage_of(diagnosis, file) if is_mended_by_doctor(damage, left)]
        if not found:
            break
        done += found
        file = PluginsFile(file.path, mend(file, found), exists=True)
    return file.text, tuple(done)


def applies_here(diagnosis: Diagnosis, declared: Declaration) -> bool:
    """Tell whether a declaration holds for the target; without one, whether it holds everywhere."""
    requirement = declared.requirement
    if requirement is None or requirement.marker is None:
        return True
    if isinstance(diagnosis.interpreter, InvplugError):
        return False
    from inventree_plugins.packages import applying  # noqa: PLC0415 - imports packaging

    return bool(applying((declared,), diagnosis.interpreter))


def _packages_of_rows(diagnosis: Diagnosis) -> set[str]:
    """Return the normalised names of the packages that rows name."""
    entries = diagnosis.stored.inventory.entries if isinstance(diagnosis.stored, Stored) else ()
    names = (each.row.package_name for each in entries if each.row)
    return {normalize(name) for name in names if name}


def _unknown(diagnosis: Diagnosis, file: PluginsFile, installed: Collection[str]) -> Iterator[str]:
    """Yield the declared packages that are not installed, and that no row knows."""
    # Without a server there is no editor of it.
    if not isinstance(diagnosis.stored, Stored) or diagnosis.context.instance.standalone:
        return
    orphans = (each.row for each in diagnosis.stored.inventory.entries if each.source is None)
    if any(row and not row.package_name for row in orphans):
        return  # which may be any package's, as rows were before 0.14
    rows = _packages_of_rows(diagnosis)
    for declared in _declared(file):
        name = declared.name
        if name and name not in installed and name not in rows and applies_here(diagnosis, declared):
            yield name


def _declared(file: PluginsFile) -> Iterator[Declaration]:
    try:
        yield from (entry.declaration for entry in entries(file) if entry.declaration is not None)
    except InvplugError:  # pip refuses the file: that comes first
        return
