"""From an entry point to its class."""

# The sources of plugins read best on one line.
# ruff: noqa: E501, ISC004

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES

import pytest

BODY = "from plugin import InvenTreePlugin\nclass Demo(InvenTreePlugin):\n    SLUG = 'demo'\n"


@pytest.mark.parametrize(
    ("entry_point", "files", "module"),
    [
        ("demo:Demo", {"demo.py": BODY}, "demo"),
        ("demo.core:Demo", {"demo/__init__.py": "", "demo/core.py": BODY}, "demo.core"),
        ("demo:Demo", {"demo/__init__.py": "from .core import Demo", "demo/core.py": BODY}, "demo.core"),
        ("demo:Demo", {"demo/__init__.py": "from .core import *", "demo/core.py": BODY}, "demo.core"),
        ("demo:Alias", {"demo/__init__.py": "from demo.core import Demo as Alias", "demo/core.py": BODY}, "demo.core"),
        ("demo:core.Demo", {"demo/__init__.py": "from . import core", "demo/core.py": BODY}, "demo.core"),
        ("demo:core.Demo", {"demo/__init__.py": "import demo.core", "demo/core.py": BODY}, "demo.core"),
        ("demo:core.Demo", {"demo/__init__.py": "from .core import Demo as _Demo", "demo/core.py": BODY}, "demo.core"),
        (
            "demo:core.Demo",
            {"demo/__init__.py": "from . import other", "demo/other.py": "from .core import Demo", "demo/core.py": BODY},
            "demo.core",
        ),
        ("space.demo:Demo", {"space/demo.py": BODY}, "space.demo"),
        ("demo:Outer.Demo", {"demo.py": BODY.replace("class", "class Outer:\n  class").replace("    SLUG", "      SLUG")}, "demo"),
        ("demo:Demo", {"demo.py": "\ufeff" + BODY}, "demo"),
        ("demo:Demo", {"demo.py": f"# -*- coding: latin-1 -*-\n# \xe9\n{BODY}".encode("latin-1")}, "demo"),
    ],
)  # fmt: skip
def test_entry_point_leads_to_the_class(world, entry_point, files, module):
    world.package(entry_point)
    for name, text in files.items():
        world.write(f"site/{name}", text)
    plugin = world.plugin()
    assert (plugin.slug, plugin.module, plugin.class_name, plugin.problems) == ("demo", module, "Demo", ())
    assert plugin.distribution == world.distributions[0]


@pytest.mark.parametrize(
    ("entry_point", "files", "code"),
    [
        ("absent:Demo", {}, "entry-point-unresolved"),
        ("demo:Absent", {"demo.py": BODY}, "entry-point-unresolved"),
        ("demo:core.Demo", {"demo/__init__.py": ""}, "entry-point-unresolved"),
        ("demo:Demo", {"demo/__init__.py": "from .absent import Demo"}, "entry-point-unresolved"),
        ("demo:Demo", {"demo/__init__.py": "Demo = make()"}, "entry-point-unresolved"),
        ("demo", {"demo.py": BODY}, "not-a-plugin"),
        ("demo:CONSTANT", {"demo.py": "CONSTANT = 1"}, "not-a-plugin"),
        ("demo:Demo", {"demo.py": "class Demo:\n    NAME = 'x'"}, "not-a-plugin"),
        ("demo:core", {"demo/__init__.py": "from . import core", "demo/core.py": BODY}, "not-a-plugin"),
        ("demo:Demo", {"demo.py": BODY.replace("'demo'", "'日本'")}, "no-slug"),
        ("demo:Demo", {"demo.py": BODY.replace("SLUG", "OTHER")}, "no-slug"),
        ("demo:Demo", {"demo.py": "def broken(:"}, "syntax-error"),
        ("demo:Demo", {"demo.py": b"x = 1\0"}, "syntax-error"),
        ("demo:Demo", {"demo.py": b"# -*- coding: nonsense -*-\n"}, "syntax-error"),
        ("demo:Demo", {"demo.py": b"x = '\xff'\n"}, "syntax-error"),
        (
            "demo:Demo",
            {"demo/__init__.py": "from .core import Demo", "demo/core.py": "class Demo(:"},
            "syntax-error",
        ),
    ],
)
def test_entry_point_that_leads_nowhere(world, codes, entry_point, files, code):
    world.package(entry_point)
    for name, text in files.items():
        world.write(f"site/{name}", text)
    found = world.discover()
    assert found.plugins == ()
    assert codes(found.problems) == [code]
    assert found.problems[0].severity == "error"
    assert found.problems[0].path is not None


def test_submodule_that_nothing_imports_is_found_but_said(world, codes):
    world.package("demo:core.Demo")
    world.write("site/demo/__init__.py", "")
    world.write("site/demo/core.py", BODY)
    plugin = world.plugin()
    assert plugin.slug == "demo"
    assert [(p.code, p.severity) for p in plugin.problems] == [("entry-point-unresolved", "error")]


def test_two_entry_points_to_one_class_count_once(world):
    world.package("demo:Demo", name="one")
    world.package("demo.core:Demo", name="two")
    world.write("site/demo/__init__.py", "from .core import Demo")
    world.write("site/demo/core.py", BODY)
    assert world.plugin().distribution.name == "one"


def test_syntax_error_has_path_and_line(world):
    world.package("demo:Demo")
    path = world.write("site/demo.py", "x = 1\ny = (\n")
    (problem,) = world.discover().problems
    assert (problem.path, problem.line) == (path, 2)


@pytest.mark.parametrize(
    ("finder", "text"),
    [
        (
            "__editable___demo_1_0_finder.py",
            "MAPPING: dict[str, str] = {{'demo': {path!r}}}\nNAMESPACES = {{}}\n",
        ),
        (
            "_editable_impl_demo.py",
            "from editables.redirector import RedirectingFinder as F\nF.install()\n"
            "F.map_module('demo', {init!r})\n",
        ),
    ],
)
def test_editable_finder_is_read_as_text(world, finder, text):
    world.package("demo.core:Demo")
    core = world.write("checkout/src/demo/core.py", BODY)
    init = world.write("checkout/src/demo/__init__.py", "")
    world.write(f"site/{finder}", text.format(path=str(init.parent), init=str(init)))
    assert world.plugin().path == core


def test_first_entry_of_the_import_path_wins(world):
    world.package("demo:Demo")
    world.write("site/demo.py", BODY)
    world.write("site/demo/__init__.py", BODY.replace("'demo'", "'package'"))
    assert world.plugin().slug == "package"


def test_static_folder_beside_the_module(world):
    world.package("demo.core:Demo")
    world.write("site/demo/__init__.py", "")
    world.write("site/demo/core.py", BODY)
    assert not world.plugin().has_static_files
    world.write("site/demo/static/x.js", "")
    assert world.plugin().has_static_files


def test_package_that_lost_its_metadata_is_read_and_reported(world, plugin_text):
    distribution = world.package("pack:Demo")
    world.write("site/pack.py", plugin_text)
    (distribution.info / "METADATA").unlink()
    found = world.discover()
    assert [plugin.slug for plugin in found.plugins] == ["demo"]
    (problem,) = found.problems
    assert (problem.code, problem.severity, problem.path) == ("no-metadata", "warning", distribution.info)


def test_compiled_module_cannot_be_read_but_is_no_error(world):
    world.package("pack:Demo")
    world.write(f"site/pack{EXTENSION_SUFFIXES[0]}", b"\x7fELF")
    found = world.discover()
    assert found.plugins == ()
    (problem,) = found.problems
    assert (problem.code, problem.severity) == ("unreadable-file", "warning")
    assert "`pack` is compiled" in problem.message
