"""An option is set in the text of `config.yaml`, and nothing else changes."""

from __future__ import annotations

import os

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from inventree_plugins.errors import ConfigurationError
from inventree_plugins.instance.config_file import option_in, with_option

# The suite draws the same examples each time; `INVPLUG_TEST_EXAMPLES=20000 pytest …` looks for new ones.
EXAMPLES = int(os.environ.get("INVPLUG_TEST_EXAMPLES", "0"))
THOROUGH = settings(
    max_examples=EXAMPLES or 300,
    deadline=None,
    derandomize=not EXAMPLES,
    database=None,
    suppress_health_check=list(HealthCheck),
)
# As long and as commented as the server's own file, and in its manner.
SERVER_FILE = """\
# The configuration of a server
# Each value can also come from the environment

# Where the data are
database:
  # ENGINE: one of sqlite3, mysql, postgresql
  ENGINE: sqlite3
  NAME: '/data/db.sqlite3'   # a file
  #USER: inventree
  # plugin_dir: not here, this belongs to the database
  OPTIONS: {timeout: 10}

# True shows more than a stranger should see
debug: False
log_level: WARNING

# Plugins, see also INVENTREE_PLUGINS_ENABLED
plugins_enabled: False
#plugin_noinstall: True
#plugin_file: '/data/plugins.txt'
#plugin_dir: '/data/plugins/'
# plugins_mandatory:
#   - one
#   - two

allowed_hosts:
  - '*'

motto: |
  # plugins_enabled: is no option here
  plugins_enabled: nor here

#plugin_settings:
#  some-slug:
#    KEY: 'value'
"""

# Text before, option, value, text after.
CHANGED = {
    "the case of the old word": ("p: False\n", True, "p: True\n"),
    "lower case": ("p: yes\n", False, "p: false\n"),
    "a comment behind": ("p: false   # why\n", True, "p: true   # why\n"),
    "quotes around the old value": ("p: 'no'\n", True, "p: true\n"),
    "no line break at the end": ("a: 1\np: false", True, "a: 1\np: true"),
    "no value": ("p:\na: 1\n", True, "p: true\na: 1\n"),
    "no value but a comment": ("p:  # why\n", True, "p: true  # why\n"),
    "null": ("p: ~\n", True, "p: true\n"),
    "windows line breaks": ("a: 1\r\np: no # c\r\nb: 2\r\n", True, "a: 1\r\np: true # c\r\nb: 2\r\n"),
    "a byte order mark": ("\ufeffp: no\nb: 2\n", True, "\ufeffp: true\nb: 2\n"),
    "a byte order mark and an indent": ("\ufeff  a: 1\n", True, "\ufeff  a: 1\n  p: true\n"),
    "document marks": ("---\np: no\n...\n", True, "---\np: true\n...\n"),
    "a directive": ("%YAML 1.1\n---\na: 1\n", True, "%YAML 1.1\n---\na: 1\np: true\n"),
    "the same key twice": ("p: 1\na: 2\np: no\n", True, "p: 1\na: 2\np: true\n"),
    "a quoted key": ("'p': no\n", True, "'p': true\n"),
    "a key with a question mark": ("? p\n: no\n", True, "? p\n: true\n"),
    "space before the colon": ("p : no\n", True, "p : true\n"),
    "an indented file": ("  a: 1\n  b: 2\n", True, "  a: 1\n  b: 2\n  p: true\n"),
    "the same key inside": ("a:\n  p: no\n", True, "a:\n  p: no\np: true\n"),
    "an alias": ("a: &x no\np: *x\n", True, "a: &x no\np: true\n"),
    "an anchor nobody uses": ("p: &x no\n", True, "p: true\n"),
    "a merged key": ("b: &b {p: no}\n<<: *b\n", True, "b: &b {p: no}\n<<: *b\np: true\n"),
    "an empty text": ("", True, "p: true\n"),
    "only a byte order mark": ("\ufeff", True, "\ufeffp: true\n"),
    "only a comment": ("# nothing", True, "# nothing\np: true"),
    "only a mark": ("---", True, "---\np: true"),
    "appended without a line break": ("a: 1", True, "a: 1\np: true"),
    "appended before the end mark": ("a: 1\n...\n", True, "a: 1\np: true\n...\n"),
    "appended behind spaces": ("a: 1\n  ", True, "a: 1\n  \np: true"),
    "below the comment": ("#p: yes\n\na: 1\n", True, "#p: yes\np: true\n\na: 1\n"),
    "below the comment at the end": ("a: 1\n# p : x", True, "a: 1\n# p : x\np: true"),
    "below the comment's list": ("# p:\n#  - a\n#  - b\n# z\n", True, "# p:\n#  - a\n#  - b\np: true\n# z\n"),
    "below the last of two": ("# p: tells\n#p: no\na: 1\n", True, "# p: tells\n#p: no\np: true\na: 1\n"),
    "not below one inside": ("a:\n  # p: 1\n  b: 2\n", True, "a:\n  # p: 1\n  b: 2\np: true\n"),
    "not inside of a text": ("a: |\n  # p: 1\n  b\n", True, "a: |\n  # p: 1\n  b\np: true\n"),
    "not below another's": ("#pp: 1\n#p.p: 1\na: 1\n", True, "#pp: 1\n#p.p: 1\na: 1\np: true\n"),
    "braces": ("{a: 1}\n", True, "{a: 1, p: true}\n"),
    "empty braces": ("{}\n", True, "{p: true}\n"),
    "braces over a comma": ("{a: 1,}\n", True, "{a: 1, p: true,}\n"),
    "json": ('{"a": {"b": 1}}', "x", '{"a": {"b": 1}, "p": "x"}'),
    "a value in json": ('{"p":false,"a":1}', True, '{"p":true,"a":1}'),
    "json in lines": ('{\n  "a": 1\n}\n', True, '{\n  "a": 1,\n  "p": true\n}\n'),
    "lines in braces": ("{\n  a: 1, # c\n}\n", True, "{\n  a: 1, # c\n  p: true,\n}\n"),
    "a plain text": ("p: old\n", "/data/x.txt", "p: /data/x.txt\n"),
    "single quotes": ("p: 'old' # c\n", "it's", "p: 'it''s' # c\n"),
    "double quotes": ('p: "old"\n', 'a"ä\\', 'p: "a\\"ä\\\\"\n'),
    "text that looks like something else": ("p: x\n", "no", "p: 'no'\n"),
    "text that looks like a comment": ("p: x\n", "a #b: c", "p: 'a #b: c'\n"),
    "a text over several lines": ("p: one\n  two # c\na: 1\n", "x", "p: x # c\na: 1\n"),
    "a quoted text over several lines": ("p: 'one # no\n  two' # c\na: 1\n", "x", "p: 'x' # c\na: 1\n"),
    "a block of text": ("p: |\n  one\n  # two\n\n# c\na: 1\n", "x", "p: x\n\n# c\na: 1\n"),
    "a value on the next line": ("p: # c\n  one # d\n", "x", "p: # c\n  x # d\n"),
    "a list on the next lines": ("p: # c\n  [a,\n  b] # d\n", ("x",), "p: # c\n  [x] # d\n"),
    "a list behind a colon of its own": ("? p\n: - a\n  - b\n", (), None),
    "a list in brackets": ("p: [a, b] # c\n", ("b", "no"), "p: [b, 'no'] # c\n"),
    "an empty list": ("p: [a, b] # c\n", (), "p: [] # c\n"),
    "a list in brackets and lines": (
        "p: [ # one\n  a, # two\n  b ] # three\nz: 1\n",
        ("b",),
        "p: [b] # one\n  # two\n  # three\nz: 1\n",
    ),
    "a list": (
        "p: # c\n  # of a\n  - a # A\n\n  - b # B\n  - c\n\n# end\nz: 1\n",
        ("a", "c", "d"),
        "p: # c\n  # of a\n  - a # A\n\n  # B\n  - c\n  - d\n\n# end\nz: 1\n",
    ),
    "a list in another order": ("p:\n- a # A\n- b", ("b", "a"), "p:\n# A\n- b\n- a"),
    "a list that becomes empty": ("p:\n  - a # A\n  - b\nz: 1\n", (), "p: []\n  # A\nz: 1\n"),
    "a list that becomes a text": ("p:\n  - a # A\n  - b # B\n", "a,b", "p: 'a,b'\n  # A\n  # B\n"),
    "a quoted list": ('p:\n  - "a"\n', ("a", "b"), 'p:\n  - "a"\n  - "b"\n'),
    "a list of other things": ("p:\n  - 1\n  - {a: b}\n", ("1",), "p: ['1']\n"),
    "a mapping": ("p:\n  # c\n  a: b # d\nz: 1\n", True, "p: true\n  # c\n  # d\nz: 1\n"),
    "windows line breaks in a list": ("p:\r\n- a # A\r\nz: 1\r\n", ("b",), "p:\r\n# A\r\n- b\r\nz: 1\r\n"),
    "a number": ("p: 3 # c\n", 5, "p: 5 # c\n"),
    "an anchor that is needed": ("p: &x no\na: *x\n", True, None),
    "a tag": ("p: !!str no\n", True, "p: true\n"),
    "a comment behind a tag": ("p: !!str # c\n  no\n", True, None),
    "a comment behind the mark of a block": ("p: | # c\n  no\n", True, None),
    "a comment inside of braces": ("{p: [a, # c\n b]}\n", ("a",), None),
    "the word null": ("null\n", True, None),
}


def options(text: str) -> list[tuple[str, str]]:
    """Return what YAML reads, with types, in order."""
    return [(key, repr(value)) for key, value in (yaml.safe_load(text) or {}).items()]


@pytest.mark.parametrize("case", CHANGED)
def test_shapes_of_files(case):
    before, value, after = CHANGED[case]
    if after is None:
        with pytest.raises(ConfigurationError, match="shape in which invplug will not change `p`") as raised:
            with_option(before, "p", value)
        assert raised.value.hint.startswith("write it by hand: `p: ")
        return
    assert with_option(before, "p", value) == after
    assert option_in(after, "p") == (list(value) if isinstance(value, tuple) else value)
    assert with_option(after, "p", value) == after
    others = [[each for each in options(text) if each[0] != "p"] for text in (before, after)]
    assert others[0] == others[1]


@pytest.mark.parametrize(
    ("name", "value", "line", "above"),
    [
        ("plugins_enabled", True, "plugins_enabled: True", "# Plugins, see also INVENTREE_PLUGINS_ENABLED"),
        ("plugin_noinstall", True, "plugin_noinstall: true", "#plugin_noinstall: True"),
        ("plugin_file", "/etc/p.txt", "plugin_file: /etc/p.txt", "#plugin_file: '/data/plugins.txt'"),
        ("plugin_dir", "/a,/b c", "plugin_dir: '/a,/b c'", "#plugin_dir: '/data/plugins/'"),
        ("plugins_mandatory", ("a", "b"), "plugins_mandatory: [a, b]", "#   - two"),
        ("PLUGIN_RETRY", 5, "PLUGIN_RETRY: 5", "#    KEY: 'value'"),
    ],
)
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_the_server_s_own_file(name, value, line, above, line_break):
    before = SERVER_FILE.replace("\n", line_break)
    lines = with_option(before, name, value).split(line_break)
    assert lines[lines.index(line) - 1] == above
    lines.remove(line)
    others = before.split(line_break)
    if name == "plugins_enabled":
        others.remove("plugins_enabled: False")
    assert lines == others


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("a: 1\nb: [\n", "not valid YAML", 3),
        ("- a\n", "list data", None),
        ("a: 1\n---\nb: 2\n", "not valid YAML", 2),
        ("a: !!bool maybe\n", "not valid YAML", None),
        ("a: 1\n\nplugin_dir: &x a\nb: *x\n", "plugin_dir", 3),
    ],
)
def test_what_cannot_be_changed(text, words, line):
    with pytest.raises(ConfigurationError, match=words) as raised:
        with_option(text, "plugin_dir", "b")
    assert raised.value.line == line
    assert raised.value.hint


# Texts that are made of what configurations are made of.

WORDS = st.sampled_from(
    ["a", "b", "true", "False", "'it''s # no'", '"x # y"', "12", "~", "", "/a/b.txt", "'1,2'"]
)
COMMENTS = st.sampled_from(["", "", " # why", "  # p: no", " #", ' # it\'s "so"'])
KEYS = st.sampled_from(["p", "p", "q", "r", "'p'", '"s"', "pp"])
INDENTS = st.sampled_from(["  ", "    "])
OTHER_LINES = st.sampled_from(["", "# p: 1", "#p: no", "#p:", "#  - p: 2", "   # indented", "# q", "  "])


@st.composite
def pairs(draw):
    key, comment, indent = draw(KEYS), draw(COMMENTS), draw(INDENTS)
    kind = draw(st.sampled_from(["word", "word", "items", "flat items", "flow", "text", "mapping", "lines"]))
    if kind == "word":
        return [f"{key}: {draw(WORDS)}{comment}"]
    if kind == "flow":
        return [f"{key}: [{draw(WORDS) or 'x'},{comment}", f"{indent}{draw(WORDS) or 'y'}]{draw(COMMENTS)}"]
    if kind == "lines":
        return [f"{key}: one", f"{indent}two{comment}"]
    if kind == "text":
        header = draw(st.sampled_from(["|", ">", "|-", ">+"]))
        return [f"{key}: {header}", f"{indent}# p: text", f"{indent}{draw(WORDS)}x"]
    lead = {"items": f"{indent}- ", "flat items": "- ", "mapping": indent}[kind]
    names = ["k: ", "l: ", "p: "] if kind == "mapping" else [""] * 3
    lines = [f"{key}:{comment}"]
    for name in names[: draw(st.integers(1, 3))]:
        lines += [f"{indent}# between"] if draw(st.booleans()) else []
        lines.append(f"{lead}{name}{draw(WORDS)}{draw(COMMENTS)}")
    return lines


@st.composite
def texts(draw):
    parts = draw(st.lists(st.one_of(pairs(), OTHER_LINES.map(lambda line: [line])), max_size=7))
    lines = [line for part in parts for line in part]
    lines = [*draw(st.sampled_from([[], ["---"]])), *lines, *draw(st.sampled_from([[], ["..."]]))]
    line_break = draw(st.sampled_from(["\n", "\r\n"]))
    return line_break.join(lines) + draw(st.sampled_from(["", line_break]))


VALUES = st.one_of(
    st.booleans(),
    st.integers(0, 9),
    st.sampled_from(["a", "/a/b.txt", "no", "", "a: b", "'", '"', "# x", "ä ö", "a,b"]),
    st.lists(st.sampled_from(["a", "b", "true", "it's # no", "12", "x y"]), unique=True, max_size=3).map(
        tuple
    ),
)


def comments_of(text: str) -> list[str]:
    """Return the comments that the generated texts hold, found without a parser."""
    return [
        mark
        for mark in ("# why", "# between", "# it's", "# q", "# indented")
        for _ in range(text.count(mark))
    ]


@THOROUGH
@given(texts(), VALUES)
@example("p: a\n\n  \nq: 1\n", True)
def test_only_the_option_changes(text, value):
    try:
        before = options(text)
    except yaml.YAMLError:
        with pytest.raises(ConfigurationError):
            with_option(text, "p", value)
        return
    try:
        after = with_option(text, "p", value)
    except ConfigurationError as error:
        assert "shape" in error.message  # noqa: PT017 - to be refused is right as well
        return
    wanted = list(value) if isinstance(value, tuple) else value
    assert dict(options(after))["p"] == repr(wanted)
    assert [each for each in options(after) if each[0] != "p"] == [each for each in before if each[0] != "p"]
    assert comments_of(after) == comments_of(text)
    assert with_option(after, "p", value) == after
    assert_other_lines_stay(text, after)


def assert_other_lines_stay(text: str, after: str) -> None:
    """Hold that one part of the text was replaced, within the lines of the last `p`, or one line added."""
    old, new = text.splitlines(keepends=True), after.splitlines(keepends=True)
    common = len(os.path.commonprefix([old, new]))
    tail = len(os.path.commonprefix([old[common:][::-1], new[common:][::-1]]))
    removed, added = old[common : len(old) - tail], new[common : len(new) - tail]
    if not any(line.startswith(("p:", "'p':")) for line in old):
        # The line before may only have got the line break that it lacked.
        assert len(new) == len(old) + 1
        assert "".join(removed).rstrip("\r\n") in "".join(added)
    starts = [number for number, line in enumerate(old) if line.startswith(("p:", "'p':"))]
    if starts and removed:
        assert common >= starts[-1]
        others = [
            line for line in old[common + 1 : len(old) - tail] if line[:1].isalpha() or line[:1] in "'\""
        ]
        assert not others


def test_most_generated_texts_are_changed_and_not_refused():
    counts = {"changed": 0, "refused": 0}

    @THOROUGH
    @given(texts(), VALUES)
    def count(text, value):
        try:
            options(text)
        except yaml.YAMLError:
            return
        try:
            with_option(text, "p", value)
            counts["changed"] += 1
        except ConfigurationError:
            counts["refused"] += 1

    count()
    assert counts["changed"] > 9 * counts["refused"], counts
