"""Values of class attributes: each known one exactly, each unknowable one said to be so."""

# The sources of plugins read best on one line.
# ruff: noqa: E501, ISC004

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventree_plugins.discovery.facts import ModuleFacts
from inventree_plugins.discovery.installed import InstalledVersions
from inventree_plugins.discovery.module_refs import Modules
from inventree_plugins.discovery.modules import Finder, Library
from inventree_plugins.discovery.resolve import Resolver
from inventree_plugins.discovery.syntax import read_facts
from inventree_plugins.discovery.values import Module, Scope, Unknown

KNOWN = [
    ("'a' 'b'", "ab"),
    ("'a' + 'b' + 'c'", "abc"),
    ("f'v{MAJOR}.{MINOR:02d}'", "v1.02"),
    ("f'{NAME_PART!r}'", "'core'"),
    ("str(1.5)", "1.5"),
    ("'.'.join(['1', '2'])", "1.2"),
    ("'.'.join(str(n) for n in VERSION_TUPLE)", "1.2.3"),
    ("'.'.join(map(str, (1, 2)))", "1.2"),
    ("'{}.{}'.format(MAJOR, MINOR)", "1.2"),
    ("'{a}'.format(a=MAJOR)", "1"),
    ("'%d.%s' % (MAJOR, 'x')", "1.x"),
    ("'yes' if MAJOR > 0 else 'no'", "yes"),
    ("'x' if unknown() else 'x'", None),
    ("'x' if unknown() else 'y'", None),
    ("'' or 'fallback'", "fallback"),
    ("_('Translated')", "Translated"),
    ("tr('Translated')", "Translated"),
    ("own('kept')", "kept"),
    ("text('Kept').strip().lower()", "kept"),
    ("META['version']", "9"),
    ("META.get('absent', 'none')", "none"),
    ("{**META, 'version': '10'}['version']", "10"),
    ("VERSION_TUPLE[0]", "1"),
    ("'abc'[1:]", "bc"),
    ("Config.version", "7"),
    ("__doc__", "The module's words."),
    ("__name__", "plugins.demo"),
    ("CHANGED", "one two"),
    ("LOCAL", "local"),
    ("ANNOTATED", "annotated"),
    ("A", "1"),
    ("LEN", "3"),
    ("open('VERSION').read()", None),
    ("os.environ.get('VERSION', '1')", None),
    ("undefined", None),
    ("CYCLE", None),
    ("IN_LOOP", None),
    ("'a' * 10**9", None),
    ("'%1000000000d' % 1", None),
    ("f'{1:1000000000}'", None),
    ("'xx'.replace('x', 'y' * 90000)", None),
    ("1 // 0", None),
    ("lambda: 'x'", None),
    ("[].pop()", None),
    ("(lambda x: x)('same')", "same"),
]

BEFORE = '''
"""The module's words."""
import os
from django.utils.translation import gettext_lazy as _
from django.utils import translation
tr = translation.gettext_lazy
MAJOR, MINOR = 1, 2
NAME_PART = "core"
VERSION_TUPLE = (1, 2, 3)
META = {"version": "9"}
LEN = len(VERSION_TUPLE)
CHANGED = "one"
CHANGED += " two"
ANNOTATED: str = "annotated"
A = B = 1
CYCLE = CYCLE2
CYCLE2 = CYCLE
for IN_LOOP in ("a", "b"):
    pass
def own(text):
    return text
text = lambda value: value
class Config:
    version = "7"
'''


@pytest.mark.parametrize(("expression", "value"), KNOWN)
def test_value_of_an_expression(world, codes, expression, value):
    plugin = world.body(f"LOCAL = 'local'\nVERSION = {expression}", before=BEFORE)
    assert plugin.version == value
    assert codes(plugin.problems) == ([] if value is not None else ["unknown-value"])
    assert plugin.origins.get("version") == (None if value is None else "class")


def test_unknown_value_names_its_file_and_line(world):
    plugin = world.body("VERSION = read_version()")
    (problem,) = plugin.problems
    assert (problem.code, problem.path.name, problem.line, problem.slug) == (
        "unknown-value",
        "demo.py",
        5,
        "demo",
    )
    assert "VERSION" in problem.message


@pytest.mark.parametrize(
    ("before", "version"),
    [
        ("try:\n    V = '1'\nexcept ImportError:\n    V = '2'", "1"),
        ("try:\n    from .absent import V\nexcept ImportError:\n    V = '2'", "2"),
        ("try:\n    from plugins.absent import V\nexcept ImportError:\n    V = '2'", "2"),
        ("try:\n    from .absent import V\nexcept ImportError:\n    V = '2'\nelse:\n    V += 'x'", "2"),
        ("from importlib.metadata import version\nV = version('installed')", "4.5"),
        ("import importlib.metadata as m\nV = m.version('In.Stalled_')", None),
        ("from importlib import metadata\nV = metadata.version('Installed')", "4.5"),
        ("from importlib.metadata import version, PackageNotFoundError\n"
         "try:\n    V = version('absent')\nexcept PackageNotFoundError:\n    V = '0.dev'", "0.dev"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    V = 'checked'\nelse:\n    V = 'run'", "run"),
        ("if __name__ == '__main__':\n    V = 'main'\nelse:\n    V = 'imported'", "imported"),
        ("if unknown():\n    V = '1'\nelse:\n    V = '1'", "1"),
        ("if unknown():\n    V = '1'\nelse:\n    V = '2'", None),
        ("V = '1'\nif unknown():\n    V = '2'", None),
        ("V = '1'\nif False:\n    V = '2'", "1"),
        ("V = '0'\nif 2 > 1:\n    V = '3'\nelif True:\n    V = '2'", "3"),
        ("with suppress(ImportError):\n    V = '1'", "1"),
        ("V = '1'\ndel V", None),
        ("V = '1'\ndel V\nV = '2'", "2"),
        ("from .version import *", "8"),
        ("from .version import __version__ as V", "9"),
        ("from . import version as v\nV = v.V", "8"),
        ("import plugins.version\nV = plugins.version.V", "8"),
        ("from .package import V", "package"),
        ("from .package.inner import V", "inner"),
    ],
)  # fmt: skip
def test_value_through_the_module(world, before, version):
    world.write("site/installed-4.5.dist-info/METADATA", "")
    world.write("plugins/__init__.py", "")
    world.write("plugins/version.py", "V = '8'\n__version__ = '9'\n")
    world.write("plugins/package/__init__.py", "from .inner import OTHER as V")
    world.write("plugins/package/inner.py", "V = 'inner'\nOTHER = 'package'")
    assert world.body("VERSION = V", before=before).version == version


def test_attribute_is_inherited_and_patched(world):
    world.directory()
    world.write(
        "plugins/demo.py",
        """
        from plugin import InvenTreePlugin

        class Base(InvenTreePlugin):
            NAME = ""
            AUTHOR = "Base"
            VERSION = "1"
            SETTINGS = {"A": {}}

        class Demo(Base):
            NAME = "Demo"
            VERSION = Base.VERSION + ".1"
            SETTINGS = {**Base.SETTINGS, "B": {}}

        Demo.WEBSITE = "https://example.org"
        """,
    )
    plugin = world.plugin()
    assert (plugin.author, plugin.version, plugin.website) == ("Base", "1.1", "https://example.org")
    assert plugin.settings == ("A", "B")


@pytest.mark.parametrize(
    ("body", "settings", "problems"),
    [
        ("SETTINGS = {'A': {'validator': bool}, 'B': {}}", ("A", "B"), []),
        ("SETTINGS = {}", (), []),
        ("SETTINGS: dict = {'A': {}}", ("A",), []),
        ("SETTINGS = dict(A={}, B={})", ("A", "B"), []),
        ("SETTINGS = {k: {} for k in ('A', 'B') if k != 'B'}", ("A",), []),
        ("SETTINGS = {'A': {}} | {'B': {}}", ("A", "B"), []),
        ("SETTINGS = {'A': {}}\nSETTINGS['B'] = {}\nSETTINGS.update({'C': {}})", ("A", "B", "C"), []),
        ("KEY = 'A'\nSETTINGS = {KEY: {}, f'{KEY}2': {}}", ("A", "A2"), []),
        ("SETTINGS = {'A': {}, **load()}", ("A",), ["unknown-value"]),
        ("SETTINGS = {'A': {}, name(): {}}", ("A",), ["unknown-value"]),
        ("SETTINGS = load()", (), ["unknown-value"]),
        ("@property\ndef SETTINGS(self):\n    return {}", (), ["unknown-value"]),
    ],
)
def test_keys_of_settings(world, codes, body, settings, problems):
    plugin = world.body(body)
    assert (plugin.settings, codes(plugin.problems)) == (settings, problems)


ATOMS = st.one_of(
    st.integers(-999, 999).map(repr),
    st.text("ab{}% -", max_size=4).map(repr),
    st.booleans().map(repr),
    st.just("None"),
)


def _composed(children):
    pair = st.tuples(children, children)
    return st.one_of(
        pair.map(lambda p: f"({p[0]} + {p[1]})"),
        pair.map(lambda p: f"({p[0]} * {p[1]})"),
        pair.map(lambda p: f"({p[0]} % {p[1]})"),
        pair.map(lambda p: f"({p[0]} or {p[1]})"),
        pair.map(lambda p: f"({p[0]} and {p[1]})"),
        pair.map(lambda p: f"({p[0]} == {p[1]})"),
        pair.map(lambda p: f"({p[0]} in [{p[1]}])"),
        pair.map(lambda p: f"[{p[0]}, *[{p[1]}]]"),
        pair.map(lambda p: f"[{p[0]}, {p[1]}][0]"),
        pair.map(lambda p: f"{{'k': {p[0]}, 'l': {p[1]}}}['k']"),
        st.tuples(children, children, children).map(lambda p: f"({p[1]} if {p[0]} else {p[2]})"),
        children.map(lambda c: f"str({c})"),
        children.map(lambda c: f"(not {c})"),
        children.map(lambda c: f"'-'.join([str({c}), 'x'])"),
        children.map(lambda c: f"[x for x in [{c}, 1] if x]"),
    )


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.recursive(ATOMS, _composed, max_leaves=8))
def test_evaluator_agrees_with_python(expression):
    facts: ModuleFacts = read_facts(f"V = {expression}".encode())
    library = Library()
    modules = Modules(library, Finder(library, ()))
    resolver = Resolver(modules, versions=InstalledVersions((), library=library, import_path=()))
    value = resolver.name(Scope(Module("m", "m.py", is_package=False, facts=facts)), "V")
    try:
        expected = eval(expression)  # the expression is this test's own
    except (TypeError, ValueError, IndexError, KeyError, ZeroDivisionError):
        return  # a module that raises has no values
    if not isinstance(value, Unknown):
        assert value == expected
        assert type(value) is type(expected)


# What a `try` gives when one of its imports fails, certainly or not.
LOST = "try:\n    import nosuch_library\n    V = 'try'\nexcept ImportError:\n    V = 'except'"


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("try:\n    from .nosuch import x\n    V = '1'\nexcept ImportError:\n    V = '2'", "2"),
        ("try:\n    from .nosuch import x\nexcept ImportError:\n    V = '2'\nelse:\n    V = '1'", "2"),
        ("try:\n    import json\nexcept ImportError:\n    V = '2'\nelse:\n    V = '1'", "1"),
        (LOST, None),
        (f"{LOST}\nelse:\n    V = 'try'", None),
        ("V = '0'\nimport contextlib\nwith contextlib.suppress(ImportError):\n    import nosuch\n    V = '1'", None),
        ("try:\n    from .first import *\nexcept ImportError:\n    from .second import *", "first"),
        ("try:\n    from .nosuch import *\nexcept ImportError:\n    from .second import *", "second"),
        ("from .first import *\nif False:\n    from .second import *", "first"),
        ("V = '1'\nV = V + '.2'", "1.2"),
        ("T = (1, 2, 3)\nV = '.'.join(map(str, T))\nV = V + ('-dev' if len(T) == 4 else '')", "1.2.3"),
    ],
)  # fmt: skip
def test_value_of_a_module_with_attempts(world, before, expected):
    world.directory()
    world.write("plugins/pack/first.py", "V = 'first'\n__all__ = ['V']\n")
    world.write("plugins/pack/second.py", "V = 'second'\n")
    world.write("plugins/pack/__init__.py", "")
    text = f"from plugin import InvenTreePlugin\n{before}\nclass Demo(InvenTreePlugin):\n    NAME = 'Demo'\n    VERSION = V\n"
    world.write("plugins/pack/demo.py", text)
    assert world.plugin().version == expected
