"""Where packages come from is remembered in plugins.txt, and no password with it."""

from __future__ import annotations

import pytest

from inventree_plugins.errors import PluginsFileError, UsageError
from inventree_plugins.requirements import (
    PluginsFile,
    Sources,
    option_lines,
    remember_sources,
    without_password,
)


def file_of(tmp_path, text):
    return PluginsFile(tmp_path / "plugins.txt", text, exists=True)


def remembered(tmp_path, text, **sources):
    """Return the new text; asked again, nothing changes."""
    found = remember_sources(file_of(tmp_path, text), Sources(**sources), cwd=tmp_path / "cwd")
    again = remember_sources(file_of(tmp_path, found.text), Sources(**sources), cwd=tmp_path / "cwd")
    assert again == found
    return found.text


MINE = "--index-url https://mine/simple\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", MINE),
        ("\ufeff", f"\ufeff{MINE}"),
        ("\ufefffoo\n", f"\ufeff{MINE}foo\n"),
        ("foo", f"{MINE}foo"),
        ("# plugins\nfoo\n", f"# plugins\n{MINE}foo\n"),
        ("# plugins\n\n# about foo\nfoo\n", f"# plugins\n\n{MINE}# about foo\nfoo\n"),
        ("--pre\r\n-c c.txt\r\nfoo\r\n", f"--pre\r\n-c c.txt\r\n{MINE.strip()}\r\nfoo\r\n"),
        ("# only\n--pre", f"# only\n--pre\n{MINE}"),
        ("--pre \\", f"--pre \\\n\n{MINE}"),
        ("-e ./foo\n", f"{MINE}-e ./foo\n"),
        # For pip, what comes later drops the extra ones before it.
        ("--extra-index-url https://b\nfoo\n", f"{MINE}--extra-index-url https://b\nfoo\n"),
        ("foo\n--extra-index-url https://b\n", f"{MINE}foo\n--extra-index-url https://b\n"),
        # Another one is replaced where it stands.
        ("foo\n-i https://old/simple  # ours\n", "foo\n-i https://mine/simple  # ours\n"),
        ("--index-url='https://old' --pre\n", "--index-url='https://mine/simple' --pre\n"),
        ("-i https://first\n-i https://last\n", "-i https://first\n-i https://mine/simple\n"),
        # The same one stays, whoever asks there.
        ("--index-url https://mine/simple/\n", None),
        ("-i HTTPS://Mine/simple\n", None),
        ("-i https://${USER}:${PASS}@mine/simple\n", None),
        ("-i https://me@mine/simple\n", None),
    ],
)
def test_an_index(tmp_path, before, after):
    text = before if after is None else after
    assert remembered(tmp_path, before, index_url="https://mine/simple") == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("foo\n", "--extra-index-url https://b/s\n--extra-index-url https://c\nfoo\n"),
        ("--extra-index-url=https://c/\nfoo\n",
         "--extra-index-url=https://c/\n--extra-index-url https://b/s\nfoo\n"),
        ("-i https://b/s/\nfoo\n", "-i https://b/s/\n--extra-index-url https://c\nfoo\n"),
        ("foo\n-i https://a\n", "foo\n-i https://a\n--extra-index-url https://b/s\n--extra-index-url https://c\n"),
        # pip forgets those before the index.
        ("--extra-index-url https://b/s\n-i https://a\n--extra-index-url https://c",
         "--extra-index-url https://b/s\n-i https://a\n--extra-index-url https://c\n{b}"),
        ("-i https://a --extra-index-url https://b/s --extra-index-url https://c\n", None),
    ],
)  # fmt: skip
def test_extra_indexes(tmp_path, before, after):
    text = before if after is None else after.replace("{b}", "--extra-index-url https://b/s\n")
    assert remembered(tmp_path, before, extra_index_urls=("https://b/s", "https://c", "https://b/s")) == text


def test_folders_are_remembered_as_absolute_paths(tmp_path):
    folder = tmp_path / "cwd"
    new = remembered(tmp_path, "foo\n", find_links=("wheels", "../x", "/srv/my wheels", "https://h/links/"))
    assert new == (
        f"--find-links {folder}/wheels\n--find-links {tmp_path}/x\n--find-links file:///srv/my%20wheels\n"
        "--find-links https://h/links/\nfoo\n"
    )
    # A relative one of the file counts from the file, and may be the same.
    assert remembered(tmp_path, "-f cwd/wheels\n", find_links=("wheels",)) == "-f cwd/wheels\n"
    text = f"-f {folder.as_uri()}/wheels/\n"
    assert remembered(tmp_path, text, find_links=("wheels",)) == text


def test_includes_are_read_too(tmp_path):
    (tmp_path / "more.txt").write_text("--extra-index-url https://b\n-f wheels\nbar\n")
    text = "-r more.txt\nfoo\n"
    sources = {"extra_index_urls": ("https://b",), "find_links": (str(tmp_path / "wheels"),)}
    assert remembered(tmp_path, text, **sources) == text
    # Its extra index must stay behind the index.
    assert remembered(tmp_path, text, index_url="https://mine/simple") == f"{MINE}{text}"
    (tmp_path / "more.txt").write_text("-i https://theirs\n")
    assert remembered(tmp_path, text, index_url="https://theirs/") == text
    with pytest.raises(PluginsFileError, match=r"more\.txt") as caught:
        remembered(tmp_path, text, index_url="https://mine")
    assert (caught.value.path, caught.value.line) == (tmp_path / "more.txt", 1)


def test_variables_are_read_and_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("OURS", "https://b")
    monkeypatch.setenv("BOTH", "https://a --extra-index-url https://c")
    assert remembered(tmp_path, "-i ${OURS}\n", index_url="https://b/") == "-i ${OURS}\n"
    assert remembered(tmp_path, "-i ${BOTH}\n", extra_index_urls=("https://c",)) == "-i ${BOTH}\n"
    with pytest.raises(PluginsFileError, match="among variables") as caught:
        remembered(tmp_path, "foo\n-i ${BOTH}\n", index_url="https://b")
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("url", "written", "is_left_out"),
    [
        ("https://h/s", "https://h/s", False),
        ("https://me:pass@h:8080/s", "https://me@h:8080/s", True),
        ("https://TOKEN@h/s", "https://h/s", True),
        ("https://TOKEN:@h/s", "https://h/s", True),
        ("https://TOKEN:x-oauth-basic@h/s", "https://h/s", True),
        ("https://:pass@h/s", "https://h/s", True),
        ("https://me:p@ss:word@h/s", "https://me@h/s", True),
        ("https://me:p/ss#w@h/s", "https://me@h/s", True),
        ("https://me:p?ss@h/s", "https://me@h/s", True),
        ("https://${ME}:${PASS}@h/s", "https://${ME}:${PASS}@h/s", False),
        ("https://me:${PASS}@h/s", "https://me:${PASS}@h/s", False),
        ("https://${TOKEN}@h/s", "https://${TOKEN}@h/s", False),
        ("https://${ME}:pass@h/s", "https://${ME}@h/s", True),
        ("https://me:pa${S}@h/s", "https://me@h/s", True),
        ("https://h/feed@local/s", "https://h/feed@local/s", False),
        ("https://h:8080/feed@local/s", "https://h:8080/feed@local/s", False),
        ("https://[::1]:80/feed@local/s", "https://[::1]:80/feed@local/s", False),
        ("git+ssh://git@h/x", "git+ssh://git@h/x", False),
    ],
)
def test_a_password_never_enters_the_file(tmp_path, url, written, is_left_out):
    assert without_password(url) == written
    for name, option in (
        ("index_url", "--index-url"),
        ("extra_index_urls", "--extra-index-url"),
        ("find_links", "--find-links"),
    ):
        sources = Sources(**{name: url if name == "index_url" else (url,)})
        text, left_out = remember_sources(file_of(tmp_path, "foo\n"), sources, cwd=tmp_path)
        assert left_out is is_left_out
        (line,) = option_lines(file_of(tmp_path, text))
        assert line.replace("'", "") == f"{option} {written}"
        assert text.endswith("foo\n")


def test_nothing_is_missing_where_variables_tell_the_password(tmp_path):
    text = "-i https://${ME}:${PASS}@h/s\n"
    sources = Sources("https://me:secret@h/s")
    assert remember_sources(file_of(tmp_path, text), sources, cwd=tmp_path) == (text, False)
    # They are taken over where they were missing.
    found = remember_sources(
        file_of(tmp_path, "-i https://h/s\n"), Sources("https://${ME}:${PASS}@h/s"), cwd=tmp_path
    )
    assert found == (text, False)


@pytest.mark.parametrize(
    "url", ["", "h/simple", "https://h/a b", "https://h/\n--pre", "https://h/'", 'https://"']
)
def test_what_is_no_url_is_refused(tmp_path, url):
    with pytest.raises(UsageError) as caught:
        remember_sources(file_of(tmp_path, "foo\n"), Sources(extra_index_urls=(url,)), cwd=tmp_path)
    assert (caught.value.exit_code, bool(caught.value.hint)) == (2, True)


def test_a_refusal_shows_no_password(tmp_path):
    with pytest.raises(UsageError) as caught:
        remember_sources(file_of(tmp_path, ""), Sources("https://me:se cret@h"), cwd=tmp_path)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize("name", ["index_url", "extra_index_urls", "find_links"])
@pytest.mark.parametrize(
    "url",
    [
        "ada:pw@host/simple",
        "//ada:pw@host/simple",
        "http:/ada:pw@host/simple",
        "http:///ada:pw@host/simple",
        "http:ada:pw@host/simple",
        "htp:/ada:pw@host/simple",
        "x:/ada:p@pw@host/simple",
        "./ada:pw@host/simple",
    ],
)
def test_what_only_looks_like_a_url_is_refused_without_its_password(tmp_path, name, url):
    sources = Sources(**{name: url if name == "index_url" else (url,)})
    with pytest.raises(UsageError, match="host/simple` is no URL") as caught:
        remember_sources(file_of(tmp_path, "foo\n"), sources, cwd=tmp_path)
    for secret in ("pw", "ada"):
        assert secret not in f"{caught.value} {caught.value.hint}"


def test_a_token_alone_is_not_shown_either(tmp_path):
    with pytest.raises(UsageError, match="@host") as caught:
        remember_sources(file_of(tmp_path, ""), Sources("TOKEN@host/simple"), cwd=tmp_path)
    assert "TOKEN" not in str(caught.value)


def test_a_folder_may_have_an_at_sign(tmp_path):
    text = remembered(tmp_path, "", find_links=("of@ada", "file:///srv/a:b@c"))
    assert text == f"--find-links {tmp_path}/cwd/of@ada\n--find-links file:///srv/a:b@c\n"


def test_one_slash_after_file_names_the_same_folder(tmp_path):
    text = "-f file:/srv/wheels\n"
    assert remembered(tmp_path, text, find_links=("/srv/wheels",)) == text
