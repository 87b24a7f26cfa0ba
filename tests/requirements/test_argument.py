from __future__ import annotations

import pytest

from inventree_plugins.errors import RequirementError
from inventree_plugins.requirements import parse_requirement_argument
from tests.builders import build_wheel


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Foo.Bar>=1", "foo-bar"),
        ("foo[x] @ https://host/foo.zip", "foo"),
        ("git+https://host/x.git@v1#egg=foo", "foo"),
        ("git+ssh://git@host/x.git", None),
        ("git+https://host/x.git", None),
        ("git+http://host/x.git@v1", None),
        ("git+file:///srv/x.git", None),
        ("hg+https://host/x ; python_version > '3'", None),
        ("https://host/foo-1.0.zip", "foo"),
    ],
)
def test_takes_names_and_urls_as_they_are(tmp_path, text, name):
    declared = parse_requirement_argument(f" {text} ", cwd=tmp_path)
    assert (declared.text, declared.name, declared.line) == (text, name, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "foo==",
        "-r x",
        "-e .",
        "foo bar",
        "foo\nbar",
        "./absent",
        "absent.whl",
        ".",
        "=1",
        "a:b/absent",
    ],
)
def test_refuses_garbage(tmp_path, text):
    with pytest.raises(RequirementError) as caught:
        parse_requirement_argument(text, cwd=tmp_path)
    assert caught.value.exit_code == 2
    assert caught.value.hint


def test_a_wheel_is_recorded_by_name_and_absolute_url(tmp_path):
    wheel = build_wheel(tmp_path / "my wheels", "Foo-Bar", "1.0")
    declared = parse_requirement_argument(f"my wheels/{wheel.name}[x]", cwd=tmp_path)
    assert declared.text == f"foo-bar[x] @ {wheel.as_uri()}"
    assert declared.requirement.url == wheel.as_uri()


def test_a_project_is_recorded_by_the_name_it_declares(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "Foo_Bar"\n')
    assert parse_requirement_argument(".", cwd=tmp_path).text == f"foo-bar @ {tmp_path.as_uri()}"


@pytest.mark.parametrize("file", ["setup.py", "pyproject.toml"])
def test_a_project_without_a_plain_name_is_recorded_by_path(tmp_path, file):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / file).write_text("")
    declared = parse_requirement_argument("./p", cwd=tmp_path)
    assert (declared.text, declared.name) == (str(tmp_path / "p"), None)
