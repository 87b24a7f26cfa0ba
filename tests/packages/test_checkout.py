"""A plugin project's own files, whichever tool they were written for."""

# Files read best on one line.
# ruff: noqa: E501

from __future__ import annotations

from textwrap import dedent

import pytest

from inventree_plugins.discovery import Places, discover
from inventree_plugins.packages import read_checkout, read_metadata

PLUGIN = "from plugin import InvenTreePlugin\n\n\nclass Demo(InvenTreePlugin):\n    NAME = 'Demo'\n"

PROJECTS = {
    "pep 621": {
        "pyproject.toml": """
            [project]
            name = "Demo_Dist"
            version = "1.2"
            description = "What it does"
            authors = [{name = "Ann", email = "ann@example.org"}, {name = "Bob"}]
            license = "MIT"
            urls = {Homepage = "https://example.org"}
            entry-points.inventree_plugins.Demo = "demo.core:Demo"
        """
    },
    "poetry": {
        "pyproject.toml": """
            [tool.poetry]
            name = "Demo_Dist"
            version = "1.2"
            description = "What it does"
            authors = ["Ann <ann@example.org>"]
            license = "MIT"
            homepage = "https://example.org"
            packages = [{include = "demo", from = "lib"}]
            [tool.poetry.plugins."inventree_plugins"]
            Demo = "demo.core:Demo"
        """
    },
    "setup.cfg": {
        "pyproject.toml": "[build-system]\nrequires = ['setuptools']\n",
        "setup.cfg": """
            [metadata]
            name = Demo_Dist
            version = 1.2
            description = What it does
            author_email = Ann <ann@example.org>
            license = MIT
            url = https://example.org
            [options]
            package_dir =
                = lib
            [options.entry_points]
            inventree_plugins =
                Demo = demo.core:Demo
        """,
    },
    "setup.py": {
        "setup.py": """
            import setuptools

            VERSION = "1.2"
            setuptools.setup(
                name="Demo_Dist",
                version="1.2",
                long_description=open("README").read(),
                description="What it does",
                author_email="Ann <ann@example.org>",
                license="MIT",
                project_urls={"Homepage": "https://example.org"},
                entry_points={"inventree_plugins": ["Demo = demo.core:Demo"]},
            )
        """
    },
    "flit": {
        "pyproject.toml": "[tool.flit.entrypoints.inventree_plugins]\nDemo = 'demo.core:Demo'\n",
        "setup.cfg": """
            [metadata]
            name = Demo_Dist
            version = 1.2
            summary = What it does
            author-email = Ann <ann@example.org>
            license = MIT
            home-page = https://example.org
        """,
    },
}


def _write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")


NAMES_A_FOLDER = ("poetry", "setup.cfg")


@pytest.mark.parametrize(
    ("project", "layout"),
    [
        (project, layout)
        for project in PROJECTS
        for layout in ("", "src/", *(["lib/"] if project in NAMES_A_FOLDER else []))
    ],
)
def test_plugin_of_a_project_is_found_with_its_metadata(tmp_path, project, layout):
    _write(tmp_path, {**PROJECTS[project], f"{layout}demo/__init__.py": "", f"{layout}demo/core.py": PLUGIN})
    checkout = read_checkout(tmp_path)
    distribution = checkout.distribution
    assert (distribution.name, distribution.key, distribution.version) == ("Demo_Dist", "demo-dist", "1.2")
    metadata = read_metadata(distribution)
    assert (metadata.summary, metadata.license) == ("What it does", "MIT")
    assert (metadata.author_email, metadata.website) == ("Ann <ann@example.org>", "https://example.org")
    found = discover(Places(distributions=(distribution,), import_path=checkout.import_path))
    (plugin,) = found.plugins
    assert (plugin.slug, plugin.path) == ("demo", tmp_path / layout / "demo/core.py")
    assert (plugin.version, plugin.author, plugin.description) == (
        "1.2",
        "Ann <ann@example.org>",
        "What it does",
    )
    assert found.problems == ()


REQUIREMENTS = {
    "pyproject.toml": "[project]\nname = 'x'\ndependencies = ['one>=1', 'two; python_version > \"3\"']\n",
    "setup.cfg": "[metadata]\nname = x\n[options]\ninstall_requires =\n    one>=1\n    two; python_version > '3'\n",
    "setup.py": "from setuptools import setup\nsetup(name='x', install_requires=('one>=1', 'two'))\n",
}


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_requirements_of_a_project_are_read(tmp_path, name):
    _write(tmp_path, {name: REQUIREMENTS[name]})
    one, two = read_metadata(read_checkout(tmp_path).distribution).requires_dist
    assert (one, two.partition(";")[0]) == ("one>=1", "two")


def test_entry_points_of_other_groups_are_kept_apart(tmp_path):
    text = "[project]\nname = 'x'\n[project.entry-points.inventree_plugin]\nA = 'a:B'\n[project.scripts]\nx = 'a:m'\n"
    _write(tmp_path, {"pyproject.toml": text})
    checkout = read_checkout(tmp_path)
    assert checkout.distribution.entry_points == ()
    assert [(each.group, each.name) for each in checkout.entry_points] == [("inventree_plugin", "A")]


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": "[project]\nname = 'demo'\ndynamic = ['version']\n"},
        {"setup.cfg": "[metadata]\nname = demo\nversion = attr: demo.VERSION\n"},
        {"setup.py": "from setuptools import setup\nfrom demo import V\nsetup(name='demo', version=V)\n"},
    ],
)
def test_version_that_the_build_makes_is_left_open(tmp_path, files):
    _write(tmp_path, files)
    _write(
        tmp_path,
        {"demo.py": f"from importlib.metadata import version\n{PLUGIN}    VERSION = version('demo')\n"},
    )
    checkout = read_checkout(tmp_path)
    assert checkout.distribution.version == ""
    point = checkout.distribution._replace(entry_points=_points("demo:Demo"))
    (plugin,) = discover(Places(distributions=(point,), import_path=checkout.import_path)).plugins
    assert plugin.version is None
    assert [each.message for each in plugin.problems] == [
        "`VERSION` cannot be known without running the plugin: the version of `demo` is made when it is built"
    ]


def _points(text):
    from inventree_plugins.models import EntryPoint

    module, _, attribute = text.partition(":")
    return (EntryPoint("inventree_plugins", "Demo", module, attribute),)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("pyproject.toml", "[project\n", "`pyproject.toml` cannot be read: "),
        ("setup.cfg", "name = x\n", "`setup.cfg` cannot be read: "),
        ("setup.py", "setup(\n", "`setup.py` is not valid Python: "),
        ("setup.py", "setup(entry_points=read())\n", "the entry points of `setup.py` cannot be known"),
        ("setup.py", "setup(**read())\n", "the entry points of `setup.py` cannot be known"),
    ],
)
def test_file_that_cannot_be_read_is_a_problem(tmp_path, name, text, message):
    _write(tmp_path, {name: text})
    checkout = read_checkout(tmp_path)
    (problem,) = checkout.problems
    assert (problem.code, problem.path) == ("project-file", tmp_path / name)
    assert problem.message.startswith(message)


@pytest.mark.parametrize(
    "files", [{}, {"pyproject.toml": "[tool.ruff]\nline-length = 100\n"}, {"setup.cfg": "[flake8]\n"}]
)
def test_folder_that_is_no_project_is_none(tmp_path, files):
    _write(tmp_path, files)
    assert read_checkout(tmp_path) is None


@pytest.mark.parametrize(
    "text",
    [
        "project = 3\n",
        "[project]\nname = 4\nversion = [1]\nauthors = 'x'\nurls = []\nentry-points = 5\n",
        "[project]\nname = 'x'\nentry-points.inventree_plugins = ['a']\nauthors = [1, {}]\nlicense = {file = 'L'}\n",
        "[tool]\npoetry = []\nflit = 1\nsetuptools = {package-dir = 1, packages = {find = 2}}\n",
        "[project]\nname = 'x'\n[tool.hatch.build.targets.wheel]\npackages = [1]\n",
    ],
)
def test_strange_values_do_no_harm(tmp_path, text):
    _write(tmp_path, {"pyproject.toml": text})
    checkout = read_checkout(tmp_path)
    assert checkout is None or checkout.problems == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[project]\nname = 'x'\n[tool.setuptools]\npackage-dir = {demo = 'code'}\n"),
        ("setup.cfg", "[metadata]\nname = x\n[options]\npackage_dir =\n    demo = code\n"),
        ("setup.py", "from setuptools import setup\nsetup(name='x', package_dir={'demo': 'code'})\n"),
    ],
)
def test_package_in_a_folder_of_another_name_is_found(tmp_path, name, text):
    _write(tmp_path, {name: text, "code/__init__.py": "", "code/core.py": PLUGIN})
    checkout = read_checkout(tmp_path)
    distribution = checkout.distribution._replace(entry_points=_points("demo.core:Demo"))
    places = Places(
        distributions=(distribution,),
        import_path=checkout.import_path,
        packages=tuple(checkout.packages.items()),
    )
    (plugin,) = discover(places).plugins
    assert (plugin.module, plugin.path) == ("demo.core", tmp_path / "code/core.py")
