from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventree_plugins.discovery import slugify


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


@given(st.text())
def test_slug_follows_the_rule_step_by_step(text):
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    kept = "".join(c for c in ascii_text.lower() if re.match(r"[\w\s-]", c))
    expected = re.sub(r"[\s-]+", "-", kept).strip("-_")
    assert slugify(text) == expected


@given(st.text())
def test_slug_of_a_slug_is_itself(text):
    assert slugify(slugify(text)) == slugify(text)
