from __future__ import annotations

import pytest

from inventree_plugins.requirements import LineKind, logical_lines

TEXTS = [
    "",
    "\ufeff",
    "\ufefffoo==1.0\n",
    "foo\r\n# x\r\n\r\nbar",
    "foo \\\n  --hash=sha256:aa \\\n  --hash=sha256:bb # why\nbar\n",
    "foo \\\n# a note\n--pre\n",
    "foo \\",
    "foo # note \\\nbar\nbaz\n",
    "# note \\\nbar\n",
    "git+https://host/x.git@v1#egg=x\n",
    "\\\n\\\nfoo\n",
    "a\x0cb\u2028c\r",
    "-e ./x\n--editable=./y\n--pre\n",
]


# Setuptools says so of pip's imports, when another test has imported it first.
@pytest.mark.filterwarnings("ignore:Setuptools is replacing distutils")
@pytest.mark.parametrize("text", TEXTS)
def test_agrees_with_pip_on_every_line(text):
    from pip._internal.req.req_file import preprocess

    ours = [(line.first, line.content) for line in logical_lines(text) if line.content]
    assert ours == list(preprocess(text.removeprefix("\ufeff")))


@pytest.mark.parametrize("text", TEXTS)
def test_content_maps_back_to_the_text(text):
    for line in logical_lines(text):
        assert "".join(text[start] for start in line.starts) == line.content


def test_kinds_and_physical_lines():
    text = "# a\n\nfoo \\\n  --hash=sha256:aa\n-i https://x\n-e ./y\n"
    assert [(line.kind, line.first, line.last) for line in logical_lines(text)] == [
        (LineKind.COMMENT, 1, 1),
        (LineKind.BLANK, 2, 2),
        (LineKind.REQUIREMENT, 3, 4),
        (LineKind.OPTION, 5, 5),
        (LineKind.EDITABLE, 6, 6),
    ]
