from __future__ import annotations

import re
import unicodedata

import pytest
from django.utils.text import slugify as django_slugify
from hypothesis import example, given
from hypothesis import strategies as st

from inventree_plugins.slug import slugify


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("InvenTree Common Data", "inventree-common-data"),
        ("inventree_common_data", "inventree_common_data"),
        ("  Zebra -- labels  ", "zebra-labels"),
        ("__private__", "private"),
        ("Größe & Maß", "groe-ma"),
        ("Crème brûlée", "creme-brulee"),
        ("ﬁne ½", "fine-12"),
        ("a.b/c", "abc"),
        ("tab\tand\nline", "tab-and-line"),
        ("日本語", ""),
        ("", ""),
        ("-_-", ""),
    ],
)
def test_slug_of_known_names(text, slug):
    assert slugify(text) == slug


# Any text at all: control characters, and lone surrogates, which a source may spell `"\\ud800"`.
ANY_TEXT = st.one_of(
    st.text(), st.text(st.characters()), st.text("aZ09_- \t\n\x1c\x1f\x85\xa0\u2028İ\u0131ßﬁ\u017fK\ud800")
)


@given(ANY_TEXT)
@example("\ud800")
@example("a\ud800b")
@example("İstanbul K")
@example("a\x1cb\x85c\xa0d")
def test_slug_is_django_s(text):
    assert slugify(text) == django_slugify(text)


@given(ANY_TEXT)
def test_slug_is_made_of_what_the_rule_leaves(text):
    assert re.fullmatch(r"(?:[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)?", slugify(text))
    assert "--" not in slugify(text)


@given(ANY_TEXT)
def test_slug_follows_the_rule_step_by_step(text):
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    kept = "".join(c for c in ascii_text.lower() if re.match(r"[\w\s-]", c))
    expected = re.sub(r"[\s-]+", "-", kept).strip("-_")
    assert slugify(text) == expected


@given(st.text())
def test_slug_of_a_slug_is_itself(text):
    assert slugify(slugify(text)) == slugify(text)
