"""What discovery says of a constant is what Python makes of it, or that it is not known: never another value."""

# The sources of plugins read best on one line.
# ruff: noqa: E501

from __future__ import annotations

import json
import os
import time
import warnings

import pytest
from hypothesis import HealthCheck, given, settings

from inventree_plugins.discovery.facts import ModuleFacts
from inventree_plugins.discovery.installed import InstalledVersions
from inventree_plugins.discovery.module_refs import Modules
from inventree_plugins.discovery.modules import Finder, Library
from inventree_plugins.discovery.resolve import Resolver
from inventree_plugins.discovery.syntax import read_facts
from inventree_plugins.discovery.values import Module, Scope, Unknown, is_plain
from tests.discovery.modules_of_constants import expressions, modules

# The suite draws the same examples each time; `INVPLUG_TEST_EXAMPLES=20000 pytest …` looks for new ones.
EXAMPLES = int(os.environ.get("INVPLUG_TEST_EXAMPLES", "0"))
THOROUGH = settings(
    max_examples=EXAMPLES or 400,
    deadline=None,
    derandomize=not EXAMPLES,
    database=None,
    suppress_health_check=list(HealthCheck),
)
# Said of expressions that raise nothing: lower means that the test compares little.
LEAST_KNOWN = 0.6


class Reading:
    """What discovery says of a module's names, with the facts as the cache would give them back."""

    def __init__(self, source: str) -> None:
        facts = read_facts(source.encode())
        assert facts.problem is None, (source, facts.problem)
        facts = ModuleFacts.from_json(json.loads(json.dumps(facts.to_json())))
        library = Library()
        found = Modules(library, Finder(library, ()))
        versions = InstalledVersions((), library=library, import_path=())
        self._resolver = Resolver(found, versions=versions)
        self._scope = Scope(Module("m", "m.py", is_package=False, facts=facts))

    def __getitem__(self, name):
        return self._resolver.name(self._scope, name)


def executed(source, variables=None):
    """Return the variables of a module that was run, or the exception it raises."""
    variables = {} if variables is None else variables
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(source, variables)  # the source is this test's own
    except Exception as error:  # noqa: BLE001 - whatever it is, the module has no values
        return error
    return variables


def is_same(one, other):
    """Tell whether two values are equal and of the same types throughout, in the same order."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return is_same(list(one.items()), list(other.items()))
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(is_same, one, other))
    return one == other if isinstance(one, set) else repr(one) == repr(other)


def agrees(value, expected):
    """Tell whether what is said is right or unknown; of a container each known item must be right."""
    if is_plain(value):
        return is_same(value, expected)
    if isinstance(value, (list, tuple)):
        is_whole = type(value) is type(expected) and len(value) == len(expected)
        return is_whole and all(map(agrees, value, expected))
    if isinstance(value, dict):
        keys = [key for key in value if is_plain(key)]
        return isinstance(expected, dict) and all(key in expected for key in keys)
    return True


@THOROUGH
@given(expressions())
def test_expression_is_what_python_makes_of_it_or_unknown(expression):
    value, expected = Reading(f"V = {expression}")["V"], executed(f"V = {expression}")
    if isinstance(expected, dict):
        assert agrees(value, expected["V"])
    else:
        assert not is_plain(value), f"Python raises {expected!r}"


@THOROUGH
@given(modules())
def test_names_of_a_module_are_what_python_makes_of_them_or_unknown(statements):
    # Asked for at the module's end, as an attribute of the plugin would be.
    asked = [f"asked_{name} = {name}" for name in "ABCDE"]
    reading, variables = Reading("\n".join((*statements, *asked))), {}
    for statement in statements:
        result = executed(statement, variables)
        if isinstance(result, Exception):
            return  # a module that raises has no values
    for name in "ABCDE":
        if name in variables:
            assert agrees(reading[f"asked_{name}"], variables[name]), name


def test_most_expressions_are_known():
    """Hold the two tests above to comparing something."""
    counts = {True: 0, False: 0}

    @settings(
        max_examples=300,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(expressions(strays=False))
    def count(expression):
        if isinstance(executed(f"V = {expression}"), dict):
            counts[is_plain(Reading(f"V = {expression}")["V"])] += 1

    count()
    assert counts[True] / sum(counts.values()) > LEAST_KNOWN, counts


def test_many_names_of_modules_are_known():
    counts = {True: 0, False: 0}

    @settings(
        max_examples=200,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(modules())
    def count(statements):
        variables = executed("\n".join(statements))
        if isinstance(variables, dict):
            reading = Reading("\n".join(statements))
            for name in "ABCDE":
                if name in variables:
                    counts[is_plain(reading[name])] += 1

    count()
    assert counts[True] / sum(counts.values()) > LEAST_KNOWN, counts


F = "def f():\n    return object()\n"

# Each was wrong once: the module, and what V is (None for unknown).
FOUND = [
    ("A = 1\nB = A\nA = 2\nV = B", None),
    ("A = [1]\nB = A\nB.append(2)\nV = A", None),
    ("A = {}\nB = A if 1 else {}\nB['x'] = 1\nV = A", None),
    ("A = [[1]]\nB = A[0]\nB.append(2)\nV = A", None),
    ("A = [1]\nB = A.pop()\nV = A", None),
    ("A = {'a': 1}\nB = A.keys()\nA['b'] = 2\nV = list(B)", None),
    ("A = {'a': 1}\nB = {**A}\nB['b'] = 2\nV = A", {"a": 1}),
    ("A = [1]\nB = list(A)\nB.append(2)\nV = A", [1]),
    ("A = [1]\nA.append(2)\nV = A", [1, 2]),
    ("A = [1]\nA.extend((2, 3))\nA += 'x'\nV = A", [1, 2, 3, "x"]),
    ("X = 5\nclass C:\n    X = 1\n    Y = [X for _ in (1,)]\nV = C.Y", [5]),
    ("class C:\n    X = (1,)\n    Y = [x for x in X]\nV = C.Y", [1]),
    ("class C:\n    X = 1\nV = C.X\nC.X = 2", None),
    ("class C:\n    X = 1\nV = C.X\nclass C:\n    X = 2", None),
    ("X = 1\nclass C:\n    Y = X\n    X = 2\nV = C.Y", None),
    ("V = '%s' % None", "None"),
    ("V = {1} | {2}", {1, 2}),
    ("V = '%(k)s' % {'k': 1}", "1"),
    (F + "V = '%s' % (f(),)", None),
    (F + "V = '%s' % [f()]", None),
    (F + "V = {'a': 1, **f()}['a']", None),
    (F + "V = {**f(), 'a': 1}['a']", 1),
    (F + "V = {**f(), 'a': 1, **f()}['a']", None),
    (F + "V = {'a': 1, **f()}.get('a')", None),
    (F + "V = {f(): 1 for x in (1,)}['z']", None),
    (F + "V = 1 if f() else True", None),
    (F + "V = 0.0 if f() else -0.0", None),
    ("V = str({'a': 1}.keys())", None),
    ("V = {'a': 1}.keys()[0]", None),
    ("V = ', '.join({'a': 1}.keys())", "a"),
    ("V = [k + v for k, v in {'a': 'b'}.items()]", ["ab"]),
    ("V = 1000 is 1000", None),
    ("V = [] is []", None),
    ("V = 1 is not None", True),
    ("V = dict({'a': 1}, b=2)", {"a": 1, "b": 2}),
    ("V = dict({'a': 1}, {'b': 2})", None),
    ("V = ((1 / {}), 2)[1]", None),
    ("V = ','.join({'a', 'b'})", None),
    ("V = [x for x in {'a', 'b'}]", None),
    ("V = [*{'a', 'b'}]", None),
    ("V = str({'a', 'b'})", None),
    ("V = f\"{ {'a', 'b'} }\"", None),
    ("V = sorted({'b', 'a'})", ["a", "b"]),
    ("V = '{0.__class__}'.format(1)", None),
    ("V = '{:.2f}'.format(1.5)", "1.50"),
    ("V = [x for x in (0, 1) if x if 1 // x]", [1]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), FOUND)
def test_bug_found(source, expected):
    value = Reading(source)["V"]
    assert is_same(value, expected) if expected is not None else not is_plain(value), value


@pytest.mark.parametrize(
    "source",
    [
        F + "V = f()" + ".a()" * 45,
        "V = '{:{}}'.format(1, 10 ** 9)",
        "V = '{:{}}'.format(1, 1000000000)",
        "A = 'x' * 100000\nB = [A] * 40000\nV = ''.join(B)",
        "A = 'x' * 100000\nB = [A] * 40000\nV = str(B)",
        "A = 'x' * 100000\nB = [A] * 40000\nV = f'{B}'",
        "A = 'x' * 100000\nB = [A] * 40000\nV = '%s' % B",
        "A = 'x' * 100000\nB = [A] * 40000\nV = '{}'.format(B)",
        "A = 'x' * 9000\nV = ('%(k)s' * 9000) % {'k': A}",
    ],
)
def test_costly_expression_is_left_alone(source):
    start = time.perf_counter()
    assert isinstance(Reading(source)["V"], Unknown)
    assert time.perf_counter() - start < 1


# What Python makes of these, run; each was wrong once.
SETTLED = {
    "def: the argument is bound again": "def g(x):\n    x = x + 'b'\n    return x\nV = g('a')",
    "def: another return comes first": "def g(x):\n    if x:\n        return 'b'\n    return x\nV = g('a')",
    "insert": "V = [1]\nV.insert(0, 2)",
    "pop": "V = [1]\nV.pop()",
    "clear": "V = [1]\nV.clear()",
    "sort": "V = [2, 1]\nV.sort()",
    "add": "V = {1}\nV.add(2)",
    "del of an item": "V = {'a': 1}\ndel V['a']",
    "change of an item's item": "V = {'a': []}\nV['a'].append(1)",
    "item of an item": "V = {'a': {}}\nV['a']['b'] = 1",
    "augmented attribute": "class C:\n    X = 1\nC.X += 1\nV = C.X",
    "change of an attribute": "class C:\n    X = [1]\nC.X.append(2)\nV = C.X",
    "item of an attribute": "class C:\n    X = {}\nC.X['a'] = 1\nV = C.X",
    "branches that are equal but not the same": F + "if not f():\n    V = 1\nelse:\n    V = True",
    "attribute set under a condition": F + "class C:\n    X = 1\nif not f():\n    C.X = 2\nV = C.X",
    "base's attribute set under a condition": F + "class B:\n    X = 1\nclass C(B):\n    if not f():\n        X = 2\nV = C.X",
    "generator": "V = str(x for x in (1, 2))[0:1]",
    "long docstring": f"'''{'x' * 3000}'''\nV = __doc__",
    "shared container, asked for by its own name": "V = [1]\nB = V\nB.append(2)",
    "global statement": "V = 1\ndef g():\n    global V\n    V = 2\ng()",
    "with": "import contextlib\nV = 1\nwith contextlib.nullcontext(2) as V:\n    pass",
    "never bound": "if 0:\n    V = 1",
}  # fmt: skip


# Known limits: what would not be said if every `try`, every loop and every expression were doubted.
LIMITS = {
    "try: a statement before the value raises": "try:\n    X = 1 // 0\n    V = '1'\nexcept ZeroDivisionError:\n    V = '2'",
    "walrus": "V = 1\nB = (V := 2)",
    "item of a loop": "V = [[1]]\nfor x in V:\n    x.append(2)",
    "handler's name goes": "V = 1\ntry:\n    1 // 0\nexcept ZeroDivisionError as V:\n    pass",
    "import star binds again": "V = 1\nfrom string import *\nascii_letters = 1\nfrom string import *\nV = ascii_letters",
}  # fmt: skip


@pytest.mark.parametrize("source", SETTLED.values(), ids=SETTLED.keys())
def test_agrees_with_python_or_is_unknown(source):
    _compare(source)


@pytest.mark.xfail(strict=True, reason="a known limit")
@pytest.mark.parametrize("source", LIMITS.values(), ids=LIMITS.keys())
def test_known_limit(source):
    _compare(source)


def _compare(source):
    value, expected = Reading(source)["V"], executed(source)
    if isinstance(expected, dict) and "V" in expected:
        assert agrees(value, expected["V"]), (value, expected["V"])
    else:
        assert not is_plain(value), value
