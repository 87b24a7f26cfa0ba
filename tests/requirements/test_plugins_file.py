from __future__ import annotations

import os

import pytest

from inventree_plugins.errors import FileAccessError, PluginsFileError
from inventree_plugins.requirements import read_plugins_file


def test_a_missing_file_reads_as_empty(tmp_path):
    file = read_plugins_file(tmp_path / "plugins.txt")
    assert (file.text, file.exists, file.logical_lines) == ("", False, ())


@pytest.mark.parametrize("data", [b"\xef\xbb\xbffoo\r\nbar", b"foo\r\nbar\n\r", "# ä\nfoo".encode()])
def test_keeps_every_byte(tmp_path, data):
    path = tmp_path / "plugins.txt"
    path.write_bytes(data)
    assert read_plugins_file(path).text.encode() == data


@pytest.mark.parametrize(
    ("data", "line", "word"),
    [(b"foo\n\xffbar\n", 2, "0xff"), (b"foo\n\nb\0", 3, "binary"), ("foo\n".encode("utf-16"), 1, "binary")],
)
def test_refuses_what_is_no_utf8_text(tmp_path, data, line, word):
    path = tmp_path / "plugins.txt"
    path.write_bytes(data)
    with pytest.raises(PluginsFileError, match=word) as caught:
        read_plugins_file(path)
    assert (caught.value.path, caught.value.line) == (path, line)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_refuses_a_directory(tmp_path):
    with pytest.raises(PluginsFileError, match="is a directory"):
        read_plugins_file(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_says_when_it_may_not_read(tmp_path):
    path = tmp_path / "plugins.txt"
    path.write_text("foo\n")
    path.chmod(0)
    with pytest.raises(FileAccessError, match=r"plugins\.txt"):
        read_plugins_file(path)


def test_a_loop_of_links_cannot_be_read(tmp_path):
    path = tmp_path / "plugins.txt"
    path.symlink_to(path)
    with pytest.raises(FileAccessError, match=r"plugins\.txt"):
        read_plugins_file(path)
