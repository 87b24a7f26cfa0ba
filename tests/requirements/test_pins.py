"""A pin is written into a line and taken out of it; test_round_trip.py holds that nothing else moves."""

from __future__ import annotations

import pytest

from inventree_plugins.errors import PluginsFileError
from inventree_plugins.requirements import PluginsFile, add, declarations, is_pinned, pin, unpin


def file_of(tmp_path, text):
    return PluginsFile(tmp_path / "plugins.txt", text, exists=True)


@pytest.mark.parametrize(
    ("before", "pinned", "unpinned"),
    [
        ("foo\n", "foo==2.0\n", "foo\n"),
        ("Foo [x, y] >= 1.0  # why\r\nbar", "Foo [x, y]==2.0  # why\r\nbar",
         "Foo [x, y] >= 1.0  # why\r\nbar"),
        ("foo==1.0;os_name=='posix'\n", "foo==2.0;os_name=='posix'\n", "foo;os_name=='posix'\n"),
        ("foo == 1.0 ; os_name=='posix' -C a=b\n", "foo==2.0 ; os_name=='posix' -C a=b\n",
         "foo ; os_name=='posix' -C a=b\n"),
        ("foo==1.0, !=1.1,== 1.0\n", "foo==2.0\n", "foo!=1.1\n"),
        ("foo (==1.0)\n", "foo==2.0\n", "foo\n"),
        ("foo (==1.0,<2)\n", "foo==2.0\n", "foo<2\n"),
        ("foo==1.*\n", "foo==2.0\n", "foo==1.*\n"),
        ("foo \\\n  ==1.0 \\\n  # closing\n", "foo==2.0 \\\n  # closing\n", "foo \\\n  # closing\n"),
        ("foo==2\n", "foo==2\n", "foo\n"),
        ("foo==1 ; python_version<'3'\nfoo==2.0 ; python_version>='3'\n",
         "foo==2.0 ; python_version<'3'\nfoo==2.0 ; python_version>='3'\n",
         "foo ; python_version<'3'\nfoo ; python_version>='3'\n"),
        ("bar==1\n", "bar==1\n", "bar==1\n"),
        ("-e git+https://h/x#egg=foo\n", "-e git+https://h/x#egg=foo\n", "-e git+https://h/x#egg=foo\n"),
        ("foo @ https://h/x.zip\n", "foo @ https://h/x.zip\n", "foo @ https://h/x.zip\n"),
        ("./foo-1.0.tar.gz\n", "./foo-1.0.tar.gz\n", "./foo-1.0.tar.gz\n"),
    ],
)  # fmt: skip
def test_pin_and_unpin(tmp_path, before, pinned, unpinned):
    assert pin(file_of(tmp_path, before), "FOO", "2.0") == pinned
    assert unpin(file_of(tmp_path, before), "FOO") == unpinned


def test_a_variable_may_hide_the_version(tmp_path, monkeypatch):
    monkeypatch.setenv("WANTED", "1.0")
    monkeypatch.setenv("NAME", "foo")
    monkeypatch.setenv("BOUND", "[x]==1.0")
    for text, pinned, unpinned in (
        ("foo==${WANTED} # x\n", "foo==2.0 # x\n", "foo # x\n"),
        ("foo${BOUND} -C a=b\n", "foo[x]==2.0 -C a=b\n", "foo[x] -C a=b\n"),
        (
            "${NAME}==1.0 ; os_name=='posix'\n",
            'foo==2.0 ; os_name == "posix"\n',
            'foo ; os_name == "posix"\n',
        ),
    ):
        assert pin(file_of(tmp_path, text), "foo", "2.0") == pinned
        assert unpin(file_of(tmp_path, text), "foo") == unpinned
        assert pin(file_of(tmp_path, text), "foo", "1.0.0") == text


def test_only_the_lines_of_the_target_are_changed(tmp_path):
    text = "foo==1 ; python_version<'3'\nfoo==1 ; python_version>='3'  # ours\n"
    ours = {"applies": lambda declared: ">=" in declared.text}
    file = file_of(tmp_path, text)
    assert pin(file, "foo", "2", **ours) == text.replace(
        "foo==1 ; python_version>", "foo==2 ; python_version>"
    )
    assert unpin(file, "foo", **ours) == text.replace("foo==1 ; python_version>", "foo ; python_version>")


@pytest.mark.parametrize("edit", [lambda file: pin(file, "foo", "2"), lambda file: unpin(file, "foo")])
def test_a_line_with_a_hash_cannot_ask_for_another_version(tmp_path, edit):
    for text in (
        "foo==1 --hash=sha256:aa\n",
        "foo==1\nbar==1 --hash=sha256:aa\n",
        "--require-hashes\nfoo==1\n",
    ):
        with pytest.raises(PluginsFileError, match="has hashes") as caught:
            edit(file_of(tmp_path, text))
        assert (caught.value.path, "--hash" in caught.value.hint) == (tmp_path / "plugins.txt", True)
    assert pin(file_of(tmp_path, "foo==1 --hash=sha256:aa\n"), "foo", "1.0") == "foo==1 --hash=sha256:aa\n"


def test_an_included_line_is_not_this_files(tmp_path):
    (tmp_path / "more.txt").write_text("foo==1\n")
    assert pin(file_of(tmp_path, "-r more.txt\n"), "foo", "2") == "-r more.txt\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("foo==1", True),
        ("foo===weird", True),
        ("foo>=1,==1.5", True),
        ("foo", False),
        ("foo>=1", False),
        ("foo==1.*", False),
        ("foo @ https://h/foo-1.0.zip", False),
        ("./foo-1.0.tar.gz", False),
        ("-e git+https://h/x@v1#egg=foo", False),
    ],
)
def test_is_pinned(tmp_path, line, expected):
    (declared,) = declarations(file_of(tmp_path, line))
    assert is_pinned(declared) is expected


@pytest.mark.parametrize(
    ("new", "after"),
    [
        ("foo==2", "foo==1 ; python_version<'3'\nfoo==2 ; python_version >= \"3\"  # ours\n"),
        ("foo[x]", "foo==1 ; python_version<'3'\nfoo[x]==1.5 ; python_version >= \"3\"  # ours\n"),
        ("foo", None),
        ("foo==1.5.0", None),
        ("foo==2 ; os_name=='posix'", "foo==1 ; python_version<'3'\nfoo==2 ; os_name=='posix'  # ours\n"),
        ("foo @ https://h/x.zip",
         "foo==1 ; python_version<'3'\nfoo @ https://h/x.zip ; python_version >= \"3\"  # ours\n"),
    ],
)  # fmt: skip
def test_add_for_the_target_keeps_the_lines_of_others(tmp_path, new, after):
    text = "foo==1 ; python_version<'3'\nfoo==1.5 ; python_version>='3'  # ours\n"
    file = file_of(tmp_path, text)
    assert add(file, [new], applies=lambda declared: "<" not in declared.text) == (after or text)
    if after:
        assert (
            add(file_of(tmp_path, after), [new], applies=lambda declared: "<" not in declared.text) == after
        )


def test_add_for_the_target_joins_all_lines_that_hold_there(tmp_path):
    text = "foo==1 ; python_version>'3' # a\nfoo>=1 ; os_name=='posix' # b\nfoo==3 ; os_name=='nt'\n"
    after = add(file_of(tmp_path, text), ["foo==2"], applies=lambda declared: "nt" not in declared.text)
    assert after == "foo==2 ; python_version > \"3\" # a\n# b\nfoo==3 ; os_name=='nt'\n"


@pytest.mark.parametrize(
    ("new", "after"),
    [
        ("foo==2", 'foo[y]==2 ; python_version >= "3"  # ours\n'),
        ("foo[x]", 'foo[x,y]==1.5 ; python_version >= "3"  # ours\n'),
        ("foo[x]==2", 'foo[x]==2 ; python_version >= "3"  # ours\n'),
        ("foo==1.5", None),
        ("foo==2 ; os_name=='posix'", "foo[y]==2 ; os_name=='posix'  # ours\n"),
    ],
)
def test_a_single_line_that_holds_for_the_target_keeps_its_marker(tmp_path, new, after):
    text = "foo[y]==1.5 ; python_version>='3'  # ours\n"
    found = add(file_of(tmp_path, text), [new], applies=lambda _: True)
    assert found == (after or text)
    assert add(file_of(tmp_path, found), [new], applies=lambda _: True) == found


@pytest.mark.parametrize("new", ["foo==2", "foo[x]", "foo"])
def test_lines_that_do_not_hold_for_the_target_stay(tmp_path, new):
    """Byte for byte, and the target gets a line of its own."""
    text = "Foo [y] == 1 ; os_name=='nt'  # theirs\r\nfoo>=1;os_name=='java'\r\n"
    after = add(file_of(tmp_path, text), [new], applies=lambda declared: "os_name" not in declared.text)
    assert after == f"{text}{new}\r\n"
    assert pin(file_of(tmp_path, text), "foo", "2", applies=lambda _: False) == text


def test_a_marker_keeps_its_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("OS", "posix")
    text = "foo==1 ; os_name=='${OS}'\n"
    assert add(file_of(tmp_path, text), ["foo==2"], applies=lambda _: True) == "foo==2 ; os_name=='${OS}'\n"
