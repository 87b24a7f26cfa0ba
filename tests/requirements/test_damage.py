"""What a crude editor leaves in plugins.txt is found, and mended where that is certain."""

from __future__ import annotations

import pytest

from inventree_plugins.requirements import PluginsFile, declarations, find_damage, mend


def file_of(tmp_path, text):
    return PluginsFile(tmp_path / "plugins.txt", text, exists=True)


def found(tmp_path, text, **facts):
    """Return code, lines, package and whether it is mendable for each damage, and the mended text."""
    file = file_of(tmp_path, text)
    damages = find_damage(file, **facts)
    for damage in damages:
        assert all(str(number) in damage.message for number in damage.lines)
    return [(each.code, each.lines, each.package, bool(each.splices)) for each in damages], mend(
        file, damages
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\ufefffoo==1.0 # x\r\n-e ./bar\r\n",
        "foo==1 ; python_version < '3'\nfoo==2 ; python_version >= '3'\n",
        "foo==1.0 \\\n  --hash=sha256:aa \\\n  --hash=sha256:bb\n",
        "--find-links \\\n  wheels\n",
        "git+https://h/x\ngit+https://h/y\n",
        "not a requirement\n",
        "foo=1.0\n",
        "foo>=1.0 and <2\n",
        "foobar\n# foo==1bar==2\n",
        "foo==1.0b2\n",
    ],
)
def test_leaves_alone_what_is_whole_or_cannot_be_known(tmp_path, text):
    facts = {"known": {"foo", "bar", "wheels"}, "applies": lambda each: "< '3'" not in each.text}
    assert found(tmp_path, text, **facts) == ([], text)


# Two lines that contradict each other.


@pytest.mark.parametrize(
    ("text", "installed", "after"),
    [
        # Nothing is installed: the editor wrote the last one.
        ("foo==1.0\nbar\nfoo==2.0\n", None, "bar\nfoo==2.0\n"),
        ("foo==1.0\nbar\nfoo==2.0\n", "1.0", "foo==1.0\nbar\n"),
        ("foo==1.0\nbar\nfoo==2.0\n", "2.0", "bar\nfoo==2.0\n"),
        ("foo==1.0\nbar\nfoo==2.0\n", "3.0", "bar\nfoo==2.0\n"),
        ("Foo_Bar==1\nfoo.bar==2\nFOO-BAR==3\n", None, "FOO-BAR==3\n"),
        ("foo>=2\nfoo==1.0\n", "2.5", "foo>=2\n"),
        ("foo==1.*\nfoo===2.0\n", None, "foo===2.0\n"),
        ("foo @ git+https://h/x@v1\nfoo@git+https://h/x@v2\n", None, "foo@git+https://h/x@v2\n"),
        # What was installed from the repository is no 1.0.
        ("foo==1.0\nfoo@git+https://h/x\n", "1.1.dev0", "foo@git+https://h/x\n"),
        ("foo@git+https://h/x\nfoo==1.0\n", "1.1.dev0", "foo@git+https://h/x\n"),
        # Without a hash, pip would refuse the line in this file.
        ("foo==1 --hash=sha256:aa\nfoo==2\n", "2", "foo==1 --hash=sha256:aa\n"),
        ("foo==1\r\nbar\r\nfoo==2", None, "bar\r\nfoo==2"),
        ("foo==1 \\\n  --hash=sha256:aa # one\nfoo==2 \\\n  --hash=sha256:bb\n", None,
         "foo==2 \\\n  --hash=sha256:bb  # one\n"),
    ],
)  # fmt: skip
def test_of_lines_that_contradict_one_stays(tmp_path, text, installed, after):
    facts = {"installed": {"foo": installed, "foo-bar": installed} if installed else {}}
    damages, mended = found(tmp_path, text, **facts)
    assert [(code, mendable) for code, _, _, mendable in damages] == [("contradiction", True)]
    assert mended == after
    assert found(tmp_path, after, **facts) == ([], after)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("foo==1  # pinned, see #12\nfoo==2\n", "foo==2  # pinned, see #12\n"),
        ("foo==1  # one\nfoo==2  # two\n", "# one\nfoo==2  # two\n"),
        ("  foo==1\t# same\r\nfoo==2 # same\r\n", "foo==2 # same\r\n"),
        ("foo==1 # a\nfoo==2 # b\nfoo==3", "# b\nfoo==3  # a"),
        ("# about foo\nfoo==1 \\\n  # closing\nfoo==2\n", "# about foo\n  # closing\nfoo==2\n"),
        ("foo==1 # a \\\n  goes on\nfoo==2 \\\n", "foo==2  # a   goes on \\\n"),
    ],
)
def test_comments_of_lines_that_go_stay(tmp_path, text, after):
    assert found(tmp_path, text)[1] == after


@pytest.mark.parametrize(
    "text",
    [
        "foo==1 ; python_version > '3'\nfoo==2\n",
        "foo[x]==1\nfoo==2\n",
        "foo==1 -C key=value\nfoo==2\n",
    ],
)
def test_more_than_a_version_is_not_lost(tmp_path, text):
    assert found(tmp_path, text) == ([("contradiction", (1, 2), "foo", False)], text)


# One package on several lines.


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("Foo_Bar  # why\nfoo-bar\n", "Foo_Bar  # why\n"),
        ("foo-bar==1\nbaz\nFoo.Bar==1.0  # why\n", "foo-bar==1  # why\nbaz\n"),
        ("foo-bar\nfoo-bar==1\n", "foo-bar==1\n"),
        ("foo-bar>=1\nfoo-bar==1.5\n", "foo-bar==1.5\n"),
        ("foo-bar[x]==1\nfoo-bar==1\n", "foo-bar[x]==1\n"),
        ("foo-bar==1\nfoo-bar==1 --hash=sha256:aa\n", "foo-bar==1 --hash=sha256:aa\n"),
        ("foo-bar @ git+https://h/x#egg=foo-bar\nfoo-bar\n", "foo-bar @ git+https://h/x#egg=foo-bar\n"),
        ("git+https://h/x#egg=foo-bar\nfoo_bar@git+https://h/x\n", "git+https://h/x#egg=foo-bar\n"),
        ("-e git+https://h/x#egg=foo-bar\n-e git+https://h/x#egg=foo-bar\n", "-e git+https://h/x#egg=foo-bar\n"),
        ("foo-bar\nfoo_bar\nFOO.BAR # third\n", "foo-bar  # third\n"),
    ],
)  # fmt: skip
def test_a_line_that_says_nothing_of_its_own_goes(tmp_path, text, after):
    damages, mended = found(tmp_path, text)
    assert [(code, package, mendable) for code, _, package, mendable in damages] == [
        ("repetition", "foo-bar", True)
    ]
    assert mended == after
    assert found(tmp_path, after) == ([], after)


def test_a_repository_without_a_name_may_stand_twice(tmp_path):
    damages, mended = found(tmp_path, "git+https://h/x\nfoo\ngit+https://h/x  # again\n")
    assert damages == [("repetition", (1, 3), None, True)]
    assert mended == "git+https://h/x  # again\nfoo\n"


@pytest.mark.parametrize(
    "text",
    [
        "foo>=1\nfoo<3\n",
        "foo[x]\nfoo==1\n",
        "foo\nfoo==1 ; python_version > '3'\n",
        "foo==1\nfoo@git+https://h/x\n",
        "foo==1 --hash=sha256:aa\nfoo==1 --hash=sha256:bb\n",
        "-e git+https://h/x#egg=foo\nfoo\n",
    ],
)
def test_lines_that_each_say_something_are_for_a_person(tmp_path, text):
    assert found(tmp_path, text) == ([("repetition", (1, 2), "foo", False)], text)


# Lines without an end between them.


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("foo==1.0bar==2.0", "foo==1.0\nbar==2.0"),
        ("# x\r\n  foo>=1.0bar>=2 # y\r\n", "# x\r\n  foo>=1.0\r\nbar>=2 # y\r\n"),
        ("foo==1.0foo==2.0\n", "foo==1.0\nfoo==2.0\n"),
        ("foo[x]~=1.0,<2bar[y]!=3\n", "foo[x]~=1.0,<2\nbar[y]!=3\n"),
        ("foo==1.*bar==2\n", "foo==1.*\nbar==2\n"),
        ("foo===1.0bar==2\n", "foo===1.0\nbar==2\n"),
        ("foo==1.0 ; python_version < '3'bar==2\n", "foo==1.0 ; python_version < '3'\nbar==2\n"),
        ("foo==1bar==2baz==3\n", "foo==1\nbar==2\nbaz==3\n"),
        ("foo==1.0bar@git+https://h/x\n", "foo==1.0\nbar@git+https://h/x\n"),
        ("foo==1.0git+https://h/x.git\n", "foo==1.0\ngit+https://h/x.git\n"),
        # A backslash that had nothing to continue.
        ("foo==1 \\\nbar==2\n", "foo==1\nbar==2\n"),
        ("foo==1\\\nbar==2\n", "foo==1\nbar==2\n"),
        ("foo \\\n  bar==2\n", "foo\nbar==2\n"),
        ("foo==1 --hash=sha256:aa \\\nbar==2\n", "foo==1 --hash=sha256:aa\nbar==2\n"),
        ("--pre \\\nbar==2\n", "--pre\nbar==2\n"),
        ("-e ./foo \\\nbar==2\n", "-e ./foo\nbar==2\n"),
        ("https://h/foo.zip \\\nbar==2\n", "https://h/foo.zip\nbar==2\n"),
        ("foo @ https://h/foo.zip ; python_version > '3' \\\nbar==2\n",
         "foo @ https://h/foo.zip ; python_version > '3'\nbar==2\n"),
    ],
)  # fmt: skip
def test_glued_lines_are_parted(tmp_path, text, after):
    damages, mended = found(tmp_path, text)
    assert [(code, mendable) for code, _, _, mendable in damages] == [("glued-lines", True)]
    assert mended == after
    # Of the very same package two lines are left, which is another damage.
    assert [code for code, *_ in found(tmp_path, after)[0]] == ["contradiction"] * ("foo==2.0" in after)
    assert declarations(file_of(tmp_path, after))


@pytest.mark.parametrize(
    ("text", "known", "after", "guess"),
    [
        ("foo==1.0bar", {"bar"}, "foo==1.0\nbar", None),
        ("foo==1.0bar==2", {"ar"}, "foo==1.0b\nar==2", "foo==1.0\nbar==2"),
        ("foo==1.0rc1bar==2", {"bar"}, "foo==1.0rc1\nbar==2", None),
        ("foo==1.0rc1bar==2", {"rc1bar"}, "foo==1.0\nrc1bar==2", None),
        ("foo==1.05bar==2", {"5bar"}, "foo==1.0\n5bar==2", "foo==1.05\nbar==2"),
        ("foo==1.0 bar", {"bar"}, "foo==1.0\nbar", None),
        ("foo bar==2", {"foo", "bar"}, "foo\nbar==2", None),
        ("--pre \\\nbar", {"bar"}, "--pre\nbar", None),
    ],
)
def test_names_that_are_known_tell_where_to_cut(tmp_path, text, known, after, guess):
    assert found(tmp_path, text, known=known)[1] == after
    assert found(tmp_path, text, installed=dict.fromkeys(known, "9"))[1] == after
    assert found(tmp_path, "".join(f"{name}\n" for name in known) + text)[1].endswith(f"\n{after}")
    assert found(tmp_path, text)[1] == (guess or text)


def test_what_may_be_cut_in_two_ways_is_for_a_person(tmp_path):
    text = "foo==1.0rc1bar==2\n"
    assert found(tmp_path, text) == ([("glued-lines", (1,), None, False)], text)
    assert found(tmp_path, text, known={"bar", "rc1bar"}) == ([("glued-lines", (1,), None, False)], text)


def test_a_long_line_costs_no_time(tmp_path):
    for text in ("a==1" * 60, "a==1." + "1" * 10_000, "a==1 \\\n" * 40, "a" * 10_000 + "=="):
        assert found(tmp_path, text)[1].count("a") == text.count("a")


# What is left of a line.


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("foo\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nbar\n", "foo\nbar\n"),
        ("    --hash=sha256:aa  # why\n", "# why\n"),
        ("foo\n  --config-settings a=b\n", "foo\n"),
    ],
)
def test_options_of_no_requirement_go(tmp_path, text, after):
    damages, mended = found(tmp_path, text)
    assert [(code, mendable) for code, _, _, mendable in damages] == [("stray-options", True)]
    assert mended == after


@pytest.mark.parametrize(
    "line", ["foo", "  Foo", "foo>=1.0", "foo~=1.0", "foo[x]==1", "foo;python_version>'3'"]
)
def test_a_line_that_the_servers_editor_cannot_take_out_may_be_left(tmp_path, line):
    text = f"bar\n{line}\n"
    assert found(tmp_path, text, uninstalled={"foo"}) == ([("left-line", (2,), "foo", True)], "bar\n")
    assert found(tmp_path, text) == ([], text)


@pytest.mark.parametrize(
    "line", ["foo==1.0", "foo # mine", "foo >=1", "foo@git+https://h/x", "-e ./foo#egg=foo"]
)
def test_a_line_that_it_would_have_taken_out_is_not_left(tmp_path, line):
    assert found(tmp_path, f"{line}\n", uninstalled={"foo"})[0] == []


def test_all_kinds_at_once(tmp_path):
    text = (
        "# plugins\nfoo==1.0 # pinned\nBaz\nqux==1quux==2\n  --hash=sha256:aa\nbaz\nfoo==2.0\nold\n"
        "left \\\n  # note\nlast==1 \\\nmore==2"
    )
    damages, mended = found(tmp_path, text, uninstalled={"old"})
    assert [(code, lines) for code, lines, _, _ in damages] == [
        ("contradiction", (2, 7)),
        ("repetition", (3, 6)),
        ("glued-lines", (4,)),
        ("stray-options", (5,)),
        ("left-line", (8,)),
        ("glued-lines", (11,)),
    ]
    assert mended == (
        "# plugins\nBaz\nqux==1\nquux==2\nfoo==2.0  # pinned\nleft \\\n  # note\nlast==1\nmore==2"
    )
