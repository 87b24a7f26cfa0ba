"""Text in is text out, whatever the text, and pip reads what an edit meant."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from inventree_plugins.requirements import (
    PluginsFile,
    add,
    find_damage,
    logical_lines,
    mend,
    pin,
    read_plugins_file,
    remember_sources,
    remove,
    unpin,
)
from inventree_plugins.requirements.lines import expand_variables
from inventree_plugins.requirements.sources import Sources
from inventree_plugins.requirements.specification import _PLAIN
from tests.requirements.crude_editor import crude_edit

# The suite draws the same examples each time; `INVPLUG_TEST_EXAMPLES=20000 pytest …` looks for new ones.
EXAMPLES = int(os.environ.get("INVPLUG_TEST_EXAMPLES", "0"))
THOROUGH = settings(
    max_examples=EXAMPLES or 250,
    deadline=None,
    derandomize=not EXAMPLES,
    database=None,
    suppress_health_check=list(HealthCheck),
)
pytestmark = [
    # Setuptools says so of pip's imports, when another test has imported it first.
    pytest.mark.filterwarnings("ignore:Setuptools is replacing distutils"),
    # pip 24 brings one of its own.
    pytest.mark.filterwarnings("ignore:pkg_resources is deprecated"),
]
# One folder for all examples: a fixture would be made once a test, and hypothesis warns of that.
FOLDER = Path(tempfile.gettempdir(), f"round-trip-{os.getpid()}")


@pytest.fixture(scope="module", autouse=True)
def folder() -> Iterator[None]:
    """Make the folder, and remove it in the end."""
    FOLDER.mkdir()
    yield
    shutil.rmtree(FOLDER)


BOM = "\ufeff"
# What has a meaning in the format, and line ends that only Python knows.
PECULIAR = st.sampled_from(
    [
        *(
            "\\",
            "\\\n",
            "\n",
            "\r\n",
            "\r",
            "#",
            " #",
            " ",
            "\t",
            "\x0c",
            "\x85",
            "\u2028",
            "-",
            "--hash=",
            "==",
        ),
        *(";", "${A}", "$", "'", '"', "foo", "-e ", "-r ", BOM, "@", "[x]", ",", "1.0"),
    ]
)
ANY_TEXT = st.lists(st.one_of(PECULIAR, st.text(max_size=4)), max_size=25).map("".join)


def pieces(text: str) -> list[str]:
    """Cut a text at its logical lines; a comment line that closes one is a piece of its own."""
    found = [text[: logical_lines(text)[0].outer_start]] if logical_lines(text) else [text]
    for line in logical_lines(text):
        found += [text[line.outer_start : line.outer_end], text[line.outer_end : line.end]]
    return [piece for piece in found if piece]


@THOROUGH
@given(ANY_TEXT)
@example(BOM)
@example("foo \\\n # note\n")
def test_logical_lines_cover_any_text(text):
    lines = logical_lines(text)
    assert "".join(pieces(text)) == text
    places = [(line.outer_start, line.outer_end, line.end) for line in lines]
    assert all(start < outer <= end for start, outer, end in places)
    assert all(text[outer:end].lstrip().startswith("#") for _, outer, end in places if outer < end)
    assert [start for start, _, _ in places[1:]] == [end for _, _, end in places[:-1]]


@THOROUGH
@given(ANY_TEXT)
def test_pip_cuts_any_text_alike(text):
    from pip._internal.req.req_file import preprocess

    ours = [(line.first, expand_variables(line.content)) for line in logical_lines(text) if line.content]
    assert ours == list(preprocess(text.removeprefix(BOM)))


@THOROUGH
@given(ANY_TEXT)
def test_what_is_read_is_written_as_the_same_bytes(text):
    assume("\0" not in text)
    path = FOLDER / "any.txt"
    path.write_bytes(text.encode())
    assert read_plugins_file(path).text.encode() == text.encode()


@settings(THOROUGH, max_examples=EXAMPLES or 60)
@given(st.from_regex(_PLAIN, fullmatch=True))
def test_what_is_read_without_packaging_is_what_packaging_reads(text):
    requirement = Requirement(text)
    assert requirement.url is None
    assert requirement.marker is None
    assert "===" not in str(requirement.specifier)


# Files that pip reads, one line a package but for markers.

SPELLINGS = {"foo-bar": ["foo-bar", "Foo_Bar", "FOO.bar"], "baz": ["baz", "Baz"], "qux": ["qux"]}
BOUNDS = ["", "==1.0", " == 1.0", "===1.0", "==1.*", ">=1,<2", " ~= 1.2", " (>=1.0)", "==1.0,!=1.1"]
MARKERS = ["", " ; python_version > '3'", "; sys_platform == 'linux'", ";os_name=='posix'"]
OPTIONS = ["", "", "", " -C key=value", " \\\n    --config-settings key=value"]
COMMENTS = ["", "", "  # why", " # a \\\n and so on", " \\\n  # closing", "\t#"]
OTHERS = [
    "# a comment",
    "#baz==1",
    "",
    "   ",
    "--pre",
    "-i https://${USER_OF_INDEX}@host/simple",
    "--extra-index-url=https://other/simple \\\n  --trusted-host other",
    "-c constraints.txt",
    "git+https://host/x.git@v1  # a branch",
    "-e git+https://host/y.git#egg=why",
    "other @ https://host/other.zip ; python_version > '3'",
    "https://host/more-1.0.tar.gz",
    "# ends in a backslash \\",
]


@st.composite
def declaring(draw: st.DrawFn, name: str) -> str:
    """Write a line for a package, in any way that pip reads."""
    written = draw(st.sampled_from(SPELLINGS[name])) + draw(st.sampled_from(["", "", "[x]", " [x,y]"]))
    line = written + draw(st.sampled_from(BOUNDS)) + draw(st.sampled_from(MARKERS))
    if draw(st.booleans()) and " ;" in line:
        line = line.replace(" ;", " \\\n  ;")
    lead = draw(st.sampled_from(["", "", "  ", "\t"]))
    return lead + line + draw(st.sampled_from(OPTIONS)) + draw(st.sampled_from(COMMENTS))


@st.composite
def files(draw: st.DrawFn) -> str:
    """Write a file in which each package has one line."""
    lines = draw(st.lists(st.sampled_from(OTHERS), max_size=5, unique=True))
    for name in SPELLINGS:
        if draw(st.booleans()):
            place = draw(st.integers(0, len(lines)))
            lines.insert(place, draw(declaring(name)))
    text = "\n".join(lines) + draw(st.sampled_from(["\n", "\n", "", " \\", "\n\n"]))
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from(["", "", BOM])) + text


def file_of(text: str) -> PluginsFile:
    return PluginsFile(FOLDER / "plugins.txt", text, exists=True)


def asked(text: str) -> list[tuple]:
    """Let pip's own parser read a text: name, versions, extras, marker, editable, options, place."""
    from packaging.utils import canonicalize_name
    from pip._internal.req.constructors import install_req_from_parsed_requirement
    from pip._internal.req.req_file import parse_requirements

    (FOLDER / "constraints.txt").write_text("")
    path = FOLDER / "read.txt"
    path.write_bytes(text.encode())
    found = []
    for parsed in parse_requirements(str(path), session=None):
        made = install_req_from_parsed_requirement(parsed)
        if parsed.constraint:
            continue
        name = canonicalize_name(made.name) if made.name else None
        bounds = frozenset(str(made.req.specifier).split(",")) - {""} if made.req else frozenset()
        options = tuple(sorted((key, str(value)) for key, value in (parsed.options or {}).items()))
        place = str(made.link) if made.link else None
        found.append((name, bounds, frozenset(made.extras), str(made.markers), made.editable, options, place))
    return found


def split(text: str, name: str) -> tuple[list[str], list[str]]:
    """Return the pieces of a text that declare a package, and all others."""
    own, others = [], []
    for piece in pieces(text):
        (line,) = logical_lines(piece) or (None,)
        written = re.match(r"[A-Za-z0-9._-]+", line.content) if line else None
        is_own = written and re.sub(r"[-_.]+", "-", written[0]).lower() == name
        (own if is_own else others).append(piece)
    return own, others


def same_but_for_the_end(before: list[str], after: list[str]) -> bool:
    """Compare pieces; the last one may have got the line end that it lacked."""
    if before == after:
        return True
    if len(before) != len(after) or before[:-1] != after[:-1]:
        return False
    return bool(re.fullmatch(r"(?:\r?\n){1,2}", after[-1].removeprefix(before[-1])))


NAMES = st.sampled_from(sorted(SPELLINGS))


def read(text: str, name: str) -> tuple[list[tuple], list[tuple]]:
    found = asked(text)
    return [each for each in found if each[0] == name], [each for each in found if each[0] != name]


def comments_of(text: str, name: str) -> list[str]:
    lines = logical_lines(text)
    return [line.comment for line in lines if split(text[line.outer_start : line.outer_end], name)[0]]


@THOROUGH
@given(files(), NAMES, st.sampled_from(["==9.9", ">=8", "[x]==9.9"]))
def test_add_changes_one_requirement(text, name, bound):
    new = add(file_of(text), [f"{name}{bound}"])
    assert same_but_for_the_end(split(text, name)[1], split(new, name)[1])
    (own, others), (_, others_before) = read(new, name), read(text, name)
    assert others == others_before
    ((_, bounds, extras, marker, editable, _, place),) = own
    assert bounds == {bound.removeprefix("[x]")}
    # Extras that the new text does not speak of stay.
    standing = read(text, name)[0]
    assert extras == ({"x"} if "[x]" in bound else standing[0][2] if standing else set())
    assert (marker, editable, place) == ("None", False, None)
    assert add(file_of(new), [f"{name}{bound}"]) == new
    assert comments_of(new, name) == (comments_of(text, name) or [""])


@THOROUGH
@given(files(), NAMES)
def test_add_of_a_version_for_the_target_keeps_the_marker(text, name):
    before = read(text, name)[0]
    assume(before)
    new = add(file_of(text), [f"{name}==9.9"], applies=lambda declared: declared.name == name)
    ((_, bounds, _, marker, _, _, _),) = read(new, name)[0]
    assert (bounds, marker) == ({"==9.9"}, before[0][3])
    # The line of another environment is not touched; this one then needs its own.
    new = add(file_of(text), [f"{name}==9.9"], applies=lambda _: False)
    assert new.startswith(text)
    assert [each[1] for each in read(new, name)[0]] == [before[0][1], {"==9.9"}]


@THOROUGH
@given(files(), NAMES)
def test_remove_takes_one_requirement_out(text, name):
    new = remove(file_of(text), name)
    assert split(new, name) == ([], split(text, name)[1])
    assert read(new, name) == ([], read(text, name)[1])


@THOROUGH
@given(files(), NAMES)
def test_pin_changes_the_version_and_nothing_else(text, name):
    new = pin(file_of(text), name, "9.9")
    assert split(new, name)[1] == split(text, name)[1]
    (own, others), (own_before, others_before) = read(new, name), read(text, name)
    assert others == others_before
    assert own == [(each[0], {"==9.9"}, *each[2:]) for each in own_before]
    assert [line.comment for line in logical_lines(new)] == [line.comment for line in logical_lines(text)]
    assert pin(file_of(new), name, "9.9.0") == new
    assert pin(file_of(text), "absent", "1.0") == text
    assert pin(file_of(text), name, "9.9", applies=lambda _: False) == text


@THOROUGH
@given(files(), NAMES)
def test_unpin_drops_exact_versions_and_nothing_else(text, name):
    new = unpin(file_of(text), name)
    assert split(new, name)[1] == split(text, name)[1]
    (own, others), (own_before, others_before) = read(new, name), read(text, name)
    assert others == others_before
    loose = [{bound for bound in each[1] if not re.match(r"===?[\d.]+$", bound)} for each in own_before]
    assert own == [(each[0], bounds, *each[2:]) for each, bounds in zip(own_before, loose, strict=True)]
    assert unpin(file_of(new), name) == new


SOURCES = Sources("https://mine/simple", ("https://other/simple/", "https://third"), ("wheels",))


@THOROUGH
@given(files())
def test_sources_are_remembered_before_the_requirements(text):
    new, left_out = remember_sources(file_of(text), SOURCES, cwd=FOLDER)
    assert not left_out
    assert asked(new) == asked(text)
    old = [piece for piece in pieces(text) if "-i https" not in piece]
    kept = [piece for piece in pieces(new) if piece in old]
    assert same_but_for_the_end(old, kept) or same_but_for_the_end(old[:-1], kept)
    urls = ["https://mine/simple", "https://other/simple", "https://third"]
    assert indexes(new) == (urls, [str(FOLDER / "wheels")])
    assert remember_sources(file_of(new), SOURCES, cwd=FOLDER).text == new


def indexes(text: str) -> tuple[list[str], list[str]]:
    """Return the indexes and folders that pip would use."""
    from pip._internal.index.collector import LinkCollector
    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.models.search_scope import SearchScope
    from pip._internal.models.selection_prefs import SelectionPreferences
    from pip._internal.network.session import PipSession
    from pip._internal.req.req_file import parse_requirements

    path = FOLDER / "indexes.txt"
    path.write_bytes(text.encode())
    with PipSession() as session:
        scope = SearchScope.create(find_links=[], index_urls=["https://pypi.org/simple"], no_index=False)
        finder = PackageFinder.create(
            link_collector=LinkCollector(session=session, search_scope=scope),
            selection_prefs=SelectionPreferences(allow_yanked=False),
        )
        list(parse_requirements(str(path), session=session, finder=finder))
    return [url.rstrip("/") for url in finder.index_urls], finder.find_links


# Damage.


@THOROUGH
@given(files(), NAMES, st.sampled_from(["==9.9", ""]))
def test_what_a_crude_editor_leaves_is_mended(text, name, bound):
    # What such an editor leaves of a marker, or of a comment that goes on, pip refuses: nobody knows whose it
    # is. Nor is it known whether a comment was meant to go on.
    assume("\r" not in text and not re.search(r"\\\n  ;|\\\n and so on|#[^\n]*\\$", text))
    damaged = crude_edit(text, f"{name}{bound}")
    mended = damaged
    for _ in range(3):
        damages = find_damage(file_of(mended), installed={name: "9.9"})
        mended = mend(file_of(mended), damages)
    left = find_damage(file_of(mended), installed={name: "9.9"})
    assert all(damage.splices == () and damage.package == name for damage in left)
    if not left:
        # pip reads it, and it says of the package what was wanted, once.
        own, others = read(mended, name)
        assert len(own) == 1
        before = [each[1] for each in read(text, name)[0]]
        assert own[0][1] in before or "9.9" in SpecifierSet(",".join(own[0][1]))
        assert others == read(text, name)[1]
    # No comment is lost but by the crude editor.
    comments = {line.comment for line in logical_lines(mended)} | {""}
    assert {line.comment for line in logical_lines(damaged)} <= comments


@THOROUGH
@given(files(), NAMES)
def test_an_undamaged_file_is_left_alone(text, name):
    assert [damage.code for damage in find_damage(file_of(text), installed={name: "1.0"})] == []
