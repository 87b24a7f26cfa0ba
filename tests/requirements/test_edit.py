from __future__ import annotations

import pytest

from inventree_plugins.errors import PluginsFileError, RequirementError
from inventree_plugins.requirements import PluginsFile, add, declarations, remove


def file_of(tmp_path, text):
    return PluginsFile(tmp_path / "plugins.txt", text, exists=True)


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        ("", "foo", "foo\n"),
        ("\ufeff", "foo", "\ufefffoo\n"),
        ("bar", "foo==1", "bar\nfoo==1\n"),
        ("bar\r\n# x\r\n", "foo", "bar\r\n# x\r\nfoo\r\n"),
        ("a\r\nbar", "foo", "a\r\nbar\r\nfoo\r\n"),
        ("bar \\", "foo", "bar \\\n\nfoo\n"),
        ("bar \\\n", "foo", "bar \\\n\nfoo\n"),
        ("# bar \\", "foo", "# bar \\\nfoo\n"),
        ("foo==1.0 # pinned\n", "foo", "foo==1.0 # pinned\n"),
        ("Foo_X == 1.0\n", "foo-x==1.0", "Foo_X == 1.0\n"),
        ("a\n  foo==1.0  # pinned\nb", "foo==2.0", "a\n  foo==2.0  # pinned\nb"),
        ("foo\n", "foo==2.0", "foo==2.0\n"),
        ("foo==1.0 --config-settings a=b # x\n", "foo==2", "foo==2 --config-settings a=b # x\n"),
        ("foo==1.0 \\\n  --hash=sha256:aa \\\n  --hash=sha256:bb # x\nb\n", "foo==2", "foo==2 # x\nb\n"),
        ("foo==1.0 \\\n ; python_version > '3'\n", "foo==2", "foo==2\n"),
        ("foo==1.0\nfoo==2.0 # two\n", "foo==2.0", "foo==2.0 # two\n"),
        ("foo==1.0\nb\nfoo>=2.0\n", "foo==3", "foo==3\nb\n"),
        ("foo==1.0 ; python_version>'3'\n", "foo[x]", 'foo[x]==1.0 ; python_version > "3"\n'),
        ("foo[x,y]==1.0\n", "foo[x]", "foo[x,y]==1.0\n"),
        # What the new text does not speak of stays.
        ("foo[x]==1.0  # keep\n", "foo==1.1", "foo[x]==1.1  # keep\n"),
        ("Foo [y, x] == 1.0\n", "foo==1.0", "Foo [y, x] == 1.0\n"),
        ("foo[x,y]==1.0\n", "foo[z]==1.1", "foo[z]==1.1\n"),
        ("foo[x]==1\n", "foo @ file:///x/foo.zip", "foo[x] @ file:///x/foo.zip\n"),
        ("foo[x]==1\n", "file:///x/foo-1.0.zip", "foo[x] @ file:///x/foo-1.0.zip\n"),
        ("foo[x]==1\n", "foo==1.1 ; os_name=='posix'", "foo[x]==1.1 ; os_name=='posix'\n"),
        ("foo[x]==1\n", "-e git+https://h/x.git#egg=foo", "-e git+https://h/x.git#egg=foo\n"),
        ("-e ./foo\n", "-e ./foo", "-e ./foo\n"),
        ("./foo.whl\n", "./foo.whl", "./foo.whl\n"),
        ("foo==1\n", "foo @ file:///x/foo.zip", "foo @ file:///x/foo.zip\n"),
        ("foo==1 # x\n", "-e git+https://h/x.git#egg=foo", "-e git+https://h/x.git#egg=foo # x\n"),
        (
            "foo==1; python_version<'3.12'\n",
            "foo==2; python_version>='3.12'",
            "foo==1; python_version<'3.12'\nfoo==2; python_version>='3.12'\n",
        ),
    ],
)
def test_add(tmp_path, before, text, after):
    assert add(file_of(tmp_path, before), [text]) == after
    assert add(file_of(tmp_path, after), [text]) == after


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        ("Inv_Extra==${V}  # ours\n", "inv-extra[x]", "Inv_Extra[x]==${V}  # ours\n"),
        ("inv-extra [y] >= ${V} ; os_name=='${OS}'\n", "inv-extra[x]",
         "inv-extra[x,y] >= ${V} ; os_name=='${OS}'\n"),
        ("inv-extra[x]==${V}\n", "inv-extra[x]", "inv-extra[x]==${V}\n"),
        ("inv-extra[x]==${V}\n", "inv-extra==1.1", "inv-extra[x]==1.1\n"),
        ("inv-extra[x] @ https://${TOKEN}@h/x.zip\n", "inv-extra==1.1", "inv-extra[x]==1.1\n"),
        ("git+https://${TOKEN}@h/x.git#egg=inv-extra[x]\n", "inv-extra==1.1", "inv-extra[x]==1.1\n"),
    ],
)  # fmt: skip
def test_no_variable_is_written_out(tmp_path, monkeypatch, before, text, after):
    for name, value in {"V": "1.0", "OS": "posix", "TOKEN": "s3cret"}.items():
        monkeypatch.setenv(name, value)
    assert add(file_of(tmp_path, before), [text]) == after
    assert add(file_of(tmp_path, after), [text]) == after


@pytest.mark.parametrize(
    ("line", "text"),
    [("${N}==1.0", "inv-extra[x]"), ("inv-extra${ALL}", "inv-extra[y]"), ("inv-extra${ALL}", "inv-extra==2")],
)
def test_a_line_whose_variables_hide_what_must_stay_is_left(tmp_path, monkeypatch, line, text):
    monkeypatch.setenv("N", "inv-extra")
    monkeypatch.setenv("ALL", "[x]==1.5 ; os_name=='posix'")
    with pytest.raises(PluginsFileError, match="variable") as caught:
        add(file_of(tmp_path, f"bar\n{line}\n"), [text], applies=lambda _: True)
    assert (caught.value.path, caught.value.line) == (tmp_path / "plugins.txt", 2)
    assert "1.5" not in str(caught.value)
    assert caught.value.hint


def test_adds_several_at_once(tmp_path):
    assert add(file_of(tmp_path, "b==1\n"), ["a", "b==2", "a"]) == "b==2\na\n"


def test_the_result_says_what_was_asked(tmp_path):
    text = add(file_of(tmp_path, "x \\\n  # note\n--pre\ny \\"), ["foo==1"])
    assert [declared.text for declared in declarations(file_of(tmp_path, text))] == ["x", "y", "foo==1"]


@pytest.mark.parametrize("text", ["", "  ", "foo==", "--pre", "foo\nbar", "# foo"])
def test_add_refuses_what_is_no_requirement(tmp_path, text):
    with pytest.raises(RequirementError):
        add(file_of(tmp_path, "bar\n"), [text])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("foo==1.0\n", ""),
        ("a\nfoo", "a\n"),
        ("\ufefffoo\nb\n", "\ufeffb\n"),
        ("# about foo\nfoo # gone\r\nb\r\n", "# about foo\nb\r\n"),
        ("a\nfoo==1 \\\n  --hash=sha256:aa \\\n  --hash=sha256:bb\nb\n", "a\nb\n"),
        ("foo \\\n  # stays\nb\n", "  # stays\nb\n"),
        ("foo==1\nb\nFoo>=2\n", "b\n"),
        ("-e git+https://h/x.git#egg=foo\nb", "b"),
        ("foobar\nfoo-bar\n", "foobar\nfoo-bar\n"),
    ],
)
def test_remove(tmp_path, before, after):
    assert remove(file_of(tmp_path, before), "FOO") == after
    assert remove(file_of(tmp_path, after), "FOO") == after


def test_edits_leave_included_files_alone(tmp_path):
    (tmp_path / "more.txt").write_text("x\nfoo==1\n")
    file = file_of(tmp_path, "-r more.txt\nfoo\n")
    for edit in (lambda: remove(file, "foo"), lambda: add(file_of(tmp_path, "-r more.txt\n"), ["foo==2"])):
        with pytest.raises(PluginsFileError, match=r"more\.txt") as caught:
            edit()
        assert (caught.value.path, caught.value.line) == (tmp_path / "more.txt", 2)
    only_included = file_of(tmp_path, "-r more.txt\n")
    assert add(only_included, ["foo"]) == only_included.text
    assert remove(only_included, "bar") == only_included.text
