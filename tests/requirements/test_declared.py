from __future__ import annotations

import pytest

from inventree_plugins.errors import PluginsFileError
from inventree_plugins.requirements import (
    PluginsFile,
    declarations,
    find_declaration,
    option_lines,
    read_plugins_file,
    remote_includes,
    requirement_lines,
    requires_hashes,
)


def file_of(tmp_path, text):
    return PluginsFile(tmp_path / "plugins.txt", text, exists=True)


@pytest.mark.parametrize(
    ("line", "name", "text"),
    [
        ("Foo_Bar==1.0  # why", "foo-bar", "Foo_Bar==1.0"),
        ("foo[x,y]>=1,<2 ; python_version > '3'", "foo", "foo[x,y]>=1,<2 ; python_version > '3'"),
        ("foo==1.0 --hash=sha256:aa --hash sha256:bb", "foo", "foo==1.0"),
        ("foo --config-settings key=value", "foo", "foo"),
        ("foo --global-option='--x'", "foo", "foo"),
        ("foo @ https://host/foo.zip", "foo", "foo @ https://host/foo.zip"),
        ("git+https://host/x.git@v1#egg=foo", "foo", "git+https://host/x.git@v1#egg=foo"),
        ("git+ssh://git@host/x.git@main#egg=foo[bar]&subdirectory=s", "foo", None),
        ("git+https://host/x.git", None, "git+https://host/x.git"),
        ("https://host/dir/foo-1.0-py3-none-any.whl", "foo", None),
        ("https://host/foo-1.0.tar.gz#sha256=aa", "foo", None),
        ("./wheels/foo_bar-1.0-py3-none-any.whl", "foo-bar", None),
        ("foo-1.0.tar.gz", "foo", None),
        ("./project", None, "./project"),
        ("/srv/project[extra] ; python_version > '3'", None, None),
        ("foo @ https://host/foo.zip; python_version > '3'", "foo", None),
        ("foo==1.0 ;", "foo", "foo==1.0 ;"),
    ],
)
def test_reads_a_requirement(tmp_path, line, name, text):
    (declared,) = declarations(file_of(tmp_path, f"\n{line}\n"))
    assert (declared.name, declared.line, declared.editable) == (name, 2, False)
    if text is not None:
        assert declared.text == text


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("-e ./project", "my-project"),
        ("--editable=./project", "my-project"),
        ("-e ./project[extra]", "my-project"),
        ("-e git+https://host/x.git#egg=foo", "foo"),
        ("-e 'foo @ file:///srv/foo'", "foo"),
        ("-e ./elsewhere", None),
    ],
)
def test_reads_an_editable(tmp_path, line, name):
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "pyproject.toml").write_text('[project]\nname = "My.Project"\n')
    (declared,) = declarations(file_of(tmp_path, line))
    assert (declared.name, declared.editable) == (name, True)
    assert "-e" not in declared.text.split()


def test_keeps_the_marker_and_extras_of_a_url(tmp_path):
    (declared,) = declarations(file_of(tmp_path, "git+https://h/x.git#egg=foo[a] ; python_version < '3'\n"))
    assert str(declared.requirement.marker) == 'python_version < "3"'
    assert declared.requirement.extras == {"a"}


@pytest.mark.parametrize("separator", ["; ", " ;", ";", " ; "])
def test_the_marker_of_a_named_url_begins_at_the_first_semicolon(tmp_path, separator):
    (declared,) = declarations(file_of(tmp_path, f"foo @ https://h/x.zip{separator}python_version < '3'\n"))
    assert declared.requirement.url == "https://h/x.zip"
    assert str(declared.requirement.marker) == 'python_version < "3"'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("foo==", "Expected"),
        ("foo===1.0, !=2.0", "Expected"),
        ("foo=1.0", "Expected"),
        ("foo bar", "Expected"),
        ("<<<<<<< HEAD", "Expected package name"),
        ("--no-such-option", "no such option"),
        ("-x", "no such option"),
        ("foo --hash", "needs a value"),
        ("--pre=yes", "takes no value"),
        ("--no", "could be"),
        ("foo ; python_version ==", "Expected"),
        ("-e foo", "path to a local project"),
        ("-e git+https://host/x.git", "name is missing"),
        ("foo --hash='sha256:aa", "No closing quotation"),
    ],
)
def test_names_the_line_that_pip_would_refuse(tmp_path, line, reason):
    with pytest.raises(PluginsFileError, match=reason) as caught:
        declarations(file_of(tmp_path, f"ok\n\n{line}\n"))
    assert caught.value.line == 3
    assert f"`{line}`" in caught.value.message
    assert caught.value.hint


def test_says_what_a_single_equals_sign_meant(tmp_path):
    with pytest.raises(PluginsFileError) as caught:
        declarations(file_of(tmp_path, "foo=1.0\n"))
    assert "`==`" in caught.value.hint


def test_follows_includes_but_not_constraints(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "more.txt").write_text("-r deep.txt\nbar==2\n")
    (tmp_path / "sub" / "deep.txt").write_text("deep\n")
    file = file_of(tmp_path, "foo\n-r sub/more.txt\n-c absent.txt\n-r https://host/x.txt\n")
    found = [(declared.text, declared.path.name, declared.line) for declared in declarations(file)]
    assert found == [("foo", "plugins.txt", 1), ("deep", "deep.txt", 1), ("bar==2", "more.txt", 2)]
    assert find_declaration(file, "BAR").path == tmp_path / "sub" / "more.txt"
    assert find_declaration(file, "absent") is None


def test_a_missing_include_names_the_including_line(tmp_path):
    with pytest.raises(PluginsFileError, match=r"absent\.txt") as caught:
        declarations(file_of(tmp_path, "foo\n-r absent.txt\n"))
    assert (caught.value.path, caught.value.line) == (tmp_path / "plugins.txt", 2)


def test_a_circular_include_ends_as_it_does_for_pip(tmp_path):
    path = tmp_path / "plugins.txt"
    path.write_text("foo\n-r other.txt\n")
    (tmp_path / "other.txt").write_text("-r plugins.txt\n")
    with pytest.raises(PluginsFileError, match="includes itself"):
        declarations(read_plugins_file(path))


def test_the_same_include_twice_declares_once(tmp_path):
    (tmp_path / "a.txt").write_text("foo\n")
    file = file_of(tmp_path, "-r a.txt\n-r ./a.txt\n")
    assert [declared.text for declared in declarations(file)] == ["foo"]


def test_expands_variables_for_reading_only(tmp_path, monkeypatch):
    monkeypatch.setenv("PLUGIN_VERSION", "1.5")
    monkeypatch.delenv("UNSET_ONE", raising=False)
    (declared,) = declarations(file_of(tmp_path, "foo==${PLUGIN_VERSION}\n"))
    assert declared.text == "foo==${PLUGIN_VERSION}"
    assert str(declared.requirement.specifier) == "==1.5"
    with pytest.raises(PluginsFileError, match="UNSET_ONE"):
        declarations(file_of(tmp_path, "foo==${UNSET_ONE}\n"))


def test_keeps_the_options_that_another_installation_needs(tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "secret")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "more.txt").write_text("--find-links wheels\n--pre\n")
    text = (
        "-i https://${TOKEN}@host/simple --extra-index-url=https://b\n-c c.txt\n-r sub/more.txt\n"
        "--require-hashes\n--trusted-host h\n--no-binary :all:\nfoo --hash=sha256:aa\n-f https://links\n"
    )
    assert option_lines(file_of(tmp_path, text)) == (
        "--index-url 'https://${TOKEN}@host/simple'",
        "--extra-index-url https://b",
        f"--constraint {tmp_path / 'c.txt'}",
        f"--find-links {tmp_path / 'sub' / 'wheels'}",
        "--pre",
        "--trusted-host h",
        "--no-binary :all:",
        "--find-links https://links",
    )


def test_a_variable_may_hold_several_options(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCES", "https://a --extra-index-url https://b")
    monkeypatch.setenv("OPTIONS", "--pre")
    text = "-i ${SOURCES}\n${OPTIONS}\n--${OPTIONS}\nfoo\n"
    assert option_lines(file_of(tmp_path, text.replace("--${", "${"))) == (
        "-i ${SOURCES}",
        "${OPTIONS}",
        "${OPTIONS}",
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("foo==1 --hash=sha256:aa\nbar\n", True),
        ("--require-hashes\nfoo\n", True),
        ("foo\n", False),
        # pip ignores hashes that belong to no requirement.
        ("foo\n    --hash=sha256:aa\n", False),
        ("--no-require-hashes\nfoo==1 --hash=sha256:aa\n", False),
    ],
)
def test_says_whether_pip_wants_hashes(tmp_path, text, wanted):
    assert requires_hashes(file_of(tmp_path, text)) is wanted


def test_a_switch_for_hashes_concerns_other_installations_too(tmp_path):
    text = "--no-require-hashes\n--require-hashes\nfoo==1 --hash=sha256:aa\n"
    assert option_lines(file_of(tmp_path, text)) == ("--no-require-hashes",)


def test_lines_can_be_handed_on_as_pip_needs_them(tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "secret")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "more.txt").write_text("deep[x] >= 1 ; python_version > '3'\n")
    text = (
        "# why\nfoo==1.0 \\\n  --hash=sha256:aa \\\n  --hash=sha256:bb  # note\n-c c.txt\n-r sub/more.txt\n"
        "-e git+https://${TOKEN}@h/x.git#egg=bar -C a=b\n-r https://host/x.txt\n"
    )
    file = file_of(tmp_path, text)
    found = requirement_lines(file)
    assert [(declared.name, line) for declared, line in found] == [
        ("foo", "foo==1.0   --hash=sha256:aa   --hash=sha256:bb"),
        ("deep", "deep[x] >= 1 ; python_version > '3'"),
        ("bar", "-e git+https://${TOKEN}@h/x.git#egg=bar -C a=b"),
    ]
    assert tuple(declared for declared, _ in found) == declarations(file)
    # A list elsewhere is for the installer to read: neither lines nor options have it.
    assert remote_includes(file) == ("https://host/x.txt",)
    assert option_lines(file) == (f"--constraint {tmp_path / 'c.txt'}",)
