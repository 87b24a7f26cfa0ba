"""Discovery reads; it never imports or runs what it reads."""

# The sources of plugins read best on one line.
# ruff: noqa: E501

from __future__ import annotations

import os
import subprocess
import sys
from textwrap import dedent

TRAP = """
from pathlib import Path
Path({trace!r}).write_text("ran")
raise SystemExit("plugin code ran")
"""

CHILD = """
import sys
from pathlib import Path

from inventree_plugins.models import Distribution, EntryPoint

root = Path(sys.argv[1])
seen = []


def watch(event, arguments):
    if event in {"exec", "import"}:
        text = " ".join(str(each) for each in arguments[:2])
        if event == "exec":
            text = arguments[0].co_filename
        if str(root) in text:
            seen.append((event, text))
    elif event in {"subprocess.Popen", "os.system", "os.exec", "socket.connect"}:
        seen.append((event, str(arguments)))


sys.path[:0] = [str(root / "site"), str(root)]
sys.addaudithook(watch)

from inventree_plugins.discovery import FactsCache, Places, discover, examine
from inventree_plugins.validation import Server, Subject, judge

point = EntryPoint("inventree_plugins", "demo", "demo.core", "Demo")
dist = Distribution("demo", "demo", "1", root / "site", root / "site/demo-1.dist-info", (point,))
places = Places(
    source_root=root / "server", samples=True, directories=(root / "plugins",), distributions=(dist,), import_path=(root / "site",)
)
for _ in range(2):
    found = discover(places, cache=FactsCache(root / "cache"))
for anatomy in examine(places).anatomies:
    assert list(judge(Subject(anatomy, Server("1.5.0"))))
print([p.slug for p in found.plugins], seen)
print([name for name in sys.modules if name.partition(".")[0] in {"demo", "plugins", "plugin", "inner", "server"}])
"""


def test_no_planted_module_leaves_a_trace(world):
    trace = world.root / "trace"
    trap = dedent(TRAP).format(trace=str(trace))
    plugin = "from plugin import InvenTreePlugin\nfrom .version import V\nclass {0}(InvenTreePlugin):\n    NAME = '{0}'\n    VERSION = V\n"
    world.write("plugins/__init__.py", trap)
    world.write("plugins/inner.py", trap + plugin.format("Inner"))
    world.write("plugins/version.py", "V = '1'\n" + trap)
    world.write("server/plugin/__init__.py", trap)
    world.write("server/plugin/builtin/__init__.py", trap)
    world.write("server/plugin/builtin/version.py", "V = '1'\n" + trap)
    world.write("server/plugin/builtin/core.py", trap + plugin.format("Builtin"))
    world.write("site/demo/__init__.py", trap)
    world.write("site/demo/version.py", "V = '1'\n" + trap)
    world.write("site/demo/core.py", trap + plugin.format("Packaged"))
    world.write("site/demo-1.dist-info/METADATA", "Name: demo\n")
    world.write("site/__editable___x_finder.py", trap + "MAPPING = {'x': '/x'}")
    world.write("site/sitecustomize.py", trap)
    text = (world.root / "site/demo/core.py").read_text().replace("class Packaged", "class Demo")
    (world.root / "site/demo/core.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-S", "-c", CHILD, str(world.root)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "['builtin', 'inner', 'packaged'] []\n[]\n", done.stderr
    assert not trace.exists()
