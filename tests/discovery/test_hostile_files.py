"""Files that would crash, hang or fool a careless reader."""

from __future__ import annotations

import os
import time

import pytest

HEAD = "from plugin import InvenTreePlugin\n"
GOOD = f"{HEAD}class Good(InvenTreePlugin):\n    NAME = 'Good'\n"

HOSTILE = {
    "nul": b"x = 1\0\n",
    "encoding": b"# -*- coding: klingon -*-\n",
    "bytes": b"x = '\xff\xfe'\n",
    "new syntax": b"type X = int\nmatch:\n",
    "parentheses": b"(" * 5000,
    "minus": b"x = " + b"-" * 100_000 + b"1\n",
    "brackets": b"x = " + b"[" * 150 + b"]" * 150 + b"\n",
    "elif": b"if a: pass\n" + b"elif a: pass\n" * 3000,
    "attributes": b"x = a" + b".a" * 20_000 + b"\n",
    "binary": os.urandom(2000),
    "large": b"x = '" + b"y" * 10_000_000 + b"'\n",
    "indent": b"if 1:\n\tx = 1\n        y = 2\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_unreadable_file_is_a_problem_and_the_next_is_read(world, name):
    world.directory()
    world.write("plugins/a_bad.py", HOSTILE[name])
    world.write("plugins/good.py", GOOD)
    start = time.monotonic()
    found = world.discover()
    assert [plugin.slug for plugin in found.plugins] == ["good"]
    assert time.monotonic() - start < 10
    assert all(problem.path.name == "a_bad.py" for problem in found.problems)
    if name not in {"brackets", "attributes", "elif", "minus"}:
        assert len(found.problems) == 1


def test_pipe_in_the_place_of_a_module(world):
    world.directory()
    os.mkfifo(world.root / "plugins/pipe.py")
    world.write("plugins/good.py", GOOD)
    assert [plugin.slug for plugin in world.discover().plugins] == ["good"]


def test_import_cycle(world):
    world.directory()
    world.write(
        "plugins/a.py", f"from .b import V, Base\nfrom .b import *\n{HEAD}W = V\nclass A(Base):\n    NAME = V"
    )
    world.write(
        "plugins/b.py",
        f"from .a import W, A\nfrom .a import *\n{HEAD}V = W\nclass Base(InvenTreePlugin): pass",
    )
    found = world.discover()
    assert found.plugins == ()
    assert [problem.code for problem in found.problems] == ["unknown-value"]


def test_classes_that_derive_from_each_other(world):
    world.directory()
    world.write(
        "plugins/a.py", "class A(B):\n    NAME = 'a'\nclass B(A):\n    NAME = 'b'\nclass C(C.D): NAME = 'c'"
    )
    assert world.discover().plugins == ()


def test_deep_class_tree(world):
    world.directory()
    lines = [HEAD, "class C0(InvenTreePlugin):\n    NAME = ''"]
    lines += [f"class C{n}(C{n - 1}): pass" for n in range(1, 1000)]
    world.write("plugins/deep.py", "\n".join([*lines, "class Deep(C999):\n    NAME = 'Deep'"]))
    start = time.monotonic()
    assert world.plugin().slug == "deep"
    assert time.monotonic() - start < 20


def test_deep_constant_chain(world):
    world.directory()
    names = "\n".join(f"V{n} = V{n - 1} + 'x'" for n in range(1, 2000))
    world.write("plugins/a.py", f"V0 = 'x'\n{names}\n{GOOD}    VERSION = V1999\n")
    plugin = world.plugin()
    assert (plugin.version, [problem.code for problem in plugin.problems]) == (None, ["unknown-value"])


def test_doubling_values_stay_bounded(world):
    world.directory()
    doubling = "\n".join(f"V{n} = V{n - 1} + V{n - 1}" for n in range(1, 35))
    lists = "\n".join(f"L{n} = [L{n - 1}, L{n - 1}]" for n in range(1, 35))
    world.write(
        "plugins/a.py",
        f"V0 = 'xxxxxxxx'\nL0 = [1]\n{doubling}\n{lists}\n{GOOD}    VERSION = V34\n    AUTHOR = L34\n",
    )
    start = time.monotonic()
    assert world.plugin().version is None
    assert time.monotonic() - start < 5


def test_nested_loops_stay_bounded(world):
    loops = " ".join(f"for a{n} in R" for n in range(9))
    start = time.monotonic()
    plugin = world.body(f"VERSION = ''.join('x' {loops})", before=f"R = {list(range(30))}")
    assert plugin.version is None
    assert time.monotonic() - start < 5
