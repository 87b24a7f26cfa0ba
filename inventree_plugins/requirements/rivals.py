"""Several lines for one package: which can stand together, and which one stays where they cannot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple
from urllib.parse import urldefrag

from packaging.specifiers import Specifier, SpecifierSet
from packaging.version import InvalidVersion

from inventree_plugins.models import Declaration
from inventree_plugins.requirements.entry import Entry
from inventree_plugins.requirements.options import Option
from inventree_plugins.requirements.splice import Splice, fold

__all__ = ["Rival", "Rivalry", "contradict", "rivalries"]


class Rival(NamedTuple):
    """A line that declares a package."""

    entry: Entry
    declaration: Declaration

    @property
    def options(self) -> tuple[Option, ...]:
        """Return what else the line says of the package."""
        return self.entry.options if not self.declaration.editable else self.entry.options[1:]

    @property
    def has_hash(self) -> bool:
        """Tell whether the line names the files that it allows."""
        return any(option.name == "--hash" for option in self.options)


class Rivalry(NamedTuple):
    """Lines for one package, whether no version can be all of them, and what mends that."""

    rivals: tuple[Rival, ...]
    is_contradiction: bool
    splices: tuple[Splice, ...]


def rivalries(
    text: str, rivals: Iterable[Rival], *, installed: Mapping[str, str], hashed: bool
) -> Iterator[Rivalry]:
    """Yield the packages that have more than one line in a text; `hashed` where every line needs a hash."""
    groups: dict[tuple[str, str], list[Rival]] = {}
    for rival in rivals:
        # Without a name, only the very same text is surely the same package.
        name: str = rival.declaration.name or ""
        groups.setdefault((name, "" if name else rival.declaration.text), []).append(rival)
    for (name, _), group in groups.items():
        version = installed.get(name)
        pairs = [pair for pair in combinations(group, 2) if _quarrel(*pair, installed=version)]
        if pairs:
            involved = [rival for rival in group if any(rival in pair for pair in pairs)]
            splices = _one_kept(text, involved, version, hashed=hashed)
            yield Rivalry(tuple(involved), is_contradiction=True, splices=splices)
        elif len(group) > 1:
            yield Rivalry(tuple(group), is_contradiction=False, splices=_needless(text, group))


def contradict(one: Declaration, other: Declaration, *, installed: str | None = None) -> bool:
    """Tell whether nothing can be both, as far as pins, places and the installed version tell."""
    if _is_place(one) and _is_place(other):
        return None not in {_url(one), _url(other)} and _url(one) != _url(other)
    if _is_place(one) or _is_place(other):
        # What a place brings only an installer knows, unless it has been there.
        bound = _specifier(other if _is_place(one) else one)
        return installed is not None and not _allows(bound, installed)
    return any(
        not _allows(_specifier(bound), pinned.version)
        for pins, bound in ((one, other), (other, one))
        for pinned in _pins(pins)
    )


def _quarrel(one: Rival, other: Rival, *, installed: str | None) -> bool:
    return contradict(one.declaration, other.declaration, installed=installed)


def _one_kept(
    text: str, involved: Sequence[Rival], installed: str | None, *, hashed: bool
) -> tuple[Splice, ...]:
    """Keep the line that is true of what is installed, else the last one: an editor appends."""
    usable = [rival for rival in involved if rival.has_hash] if hashed else []
    usable = usable or list(involved)
    places = [rival for rival in usable if installed and _is_place(rival.declaration)]
    true = [rival for rival in usable if rival not in places and _holds(rival.declaration, installed)]
    exact = [rival for rival in true if _pins(rival.declaration)]
    kept = next(chosen[-1] for chosen in (exact, true, places, usable) if chosen)
    gone = [rival for rival in involved if rival is not kept and _quarrel(kept, rival, installed=installed)]
    if any(_loses(rival, kept) for rival in gone):
        return ()
    return tuple(fold(text, [rival.entry.line for rival in gone], kept=kept.entry.line))


def _holds(declaration: Declaration, installed: str | None) -> bool:
    return installed is not None and _allows(_specifier(declaration), installed)


def _loses(gone: Rival, kept: Rival) -> bool:
    """Tell whether more than a version would go with a line, which no simple editor wrote."""
    old, new = gone.declaration, kept.declaration
    others = {option for option in gone.options if option.name != "--hash"}
    return _marker(old) != _marker(new) or not _extras(old) <= _extras(new) or not others <= set(kept.options)


def _needless(text: str, group: Sequence[Rival]) -> tuple[Splice, ...]:
    """Take out the lines without which the file asks for the very same."""
    alive = list(group)
    for rival in reversed(group):
        if any(_implies(other, rival) for other in alive if other is not rival):
            alive.remove(rival)
    splices: list[Splice] = []
    gone = [rival for rival in group if rival not in alive]
    for kept in alive:
        mine = [rival for rival in gone if _implies(kept, rival)]
        splices += fold(text, [rival.entry.line for rival in mine], kept=kept.entry.line)
        gone = [rival for rival in gone if rival not in mine]
    return tuple(splices)


def _implies(one: Rival, other: Rival) -> bool:
    """Tell whether a line asks for all that another one does."""
    said, asked = one.declaration, other.declaration
    if said.editable != asked.editable or _marker(said) != _marker(asked):
        return False
    if other.options and other.options != one.options:
        return False
    if said.text == asked.text:
        return True
    if asked.requirement is None or not _extras(asked) <= _extras(said):
        return False
    if _is_place(asked):
        return _url(asked) == _url(said)
    return _is_within(said, _specifier(asked))


def _is_within(declaration: Declaration, bound: SpecifierSet) -> bool:
    """Tell whether every version that a declaration allows is within a bound, as far as pins tell."""
    if not bound or _specifier(declaration) == bound:
        return True
    pins = _pins(declaration)
    return bool(pins) and all(_allows(bound, pinned.version) for pinned in pins)


def _is_place(declaration: Declaration) -> bool:
    """Tell whether it names a place and not a version."""
    return declaration.requirement is None or bool(declaration.requirement.url)


def _specifier(declaration: Declaration) -> SpecifierSet:
    return declaration.requirement.specifier if declaration.requirement else SpecifierSet()


def _pins(declaration: Declaration) -> list[Specifier]:
    exact, bounds = {"==", "==="}, _specifier(declaration)
    return [each for each in bounds if each.operator in exact and not each.version.endswith(".*")]


def _allows(specifier: SpecifierSet, version: str) -> bool:
    try:
        return specifier.contains(version, prereleases=True)
    except InvalidVersion:  # `===` and old packages may have any
        return all(clause == Specifier(f"==={version}") for clause in specifier)


def _url(declaration: Declaration) -> str | None:
    """Return its URL without the name that the fragment may tell, as installers compare it."""
    if declaration.requirement is None or declaration.requirement.url is None:
        return None
    url, fragment = urldefrag(declaration.requirement.url)
    kept = "&".join(part for part in fragment.split("&") if part and not part.startswith("egg="))
    return f"{url}#{kept}" if kept else url


def _extras(declaration: Declaration) -> set[str]:
    return set(declaration.requirement.extras) if declaration.requirement else set()


def _marker(declaration: Declaration) -> str:
    return str(declaration.requirement.marker or "") if declaration.requirement else ""
