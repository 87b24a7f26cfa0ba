"""Editable installs and namespace packages: where Python would find the module, told from text alone.

The finders below are written as the build back ends write them (seen with setuptools 84, editables 0.6,
scikit-build-core 1.1, meson-python 0.22), without the code that does not matter. setuptools is also
run for real.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from inventree_plugins.discovery import Places, discover
from inventree_plugins.instance.interpreter import inspect_interpreter
from inventree_plugins.packages import installed_distributions

BODY = "from plugin import InvenTreePlugin\nclass Demo(InvenTreePlugin):\n    SLUG = 'demo'\n"
EXTEND_PATH = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
DECLARE = "__import__('pkg_resources').declare_namespace(__name__)\n"
BOTH = """\
try:
    import pkg_resources
    pkg_resources.declare_namespace(__name__)
except ImportError:
    from pkgutil import extend_path
    __path__ = extend_path(__path__, __name__)
"""
DERIVED = "from ..other.base import Demo as Base\nclass Demo(Base): pass\n"
SCIKIT = '''"""Finder."""
import os
DIR = os.path.abspath(os.path.dirname(__file__))
def install(known_source_files, known_wheel_files, known_directories=None, *more):
    sys.meta_path.insert(0, ScikitBuildRedirectingFinder(known_source_files, known_wheel_files, *more))
install({arguments})
'''
MESON = """\
import os, sys
class MesonpyMetaFinder:
    def __init__(self, package: str, names: set, path: str, cmd: list, verbose: bool = False):
        self._build_path = path
def init():
    finder = MesonpyMetaFinder(
        'demo-dist',
        {{'demo'}},
        {build!r},
        ['/env/bin/ninja'],
        False,
    )
    sys.meta_path.insert(0, finder)
"""
# Up to 0.16: the call at the end has no package, or has one.
OLD_MESON = "def install(*args):\n    pass\n\ninstall({first}{{'demo'}}, {build!r}, ['ninja'], False)\n"
NSPKG = (
    "import sys, types, os;has_mfs = sys.version_info > (3, 5);p = os.path.join({folder}, *({name!r},));"
    "importlib = has_mfs and __import__('importlib.util');m = m or sys.modules.setdefault({name!r}, "
    "types.ModuleType({name!r}));mp = (m or []) and m.__dict__.setdefault('__path__',[]);"
    "(p not in mp) and mp.append(p)\n"
)


def finder_of_setuptools(world, mapping, namespaces):
    def absolute(path):
        return str(world.root / path)

    mapping = {name: absolute(path) for name, path in mapping.items()}
    namespaces = {name: [absolute(path) for path in paths] for name, paths in namespaces.items()}
    world.write(
        "site/__editable___demo_dist_1_0_finder.py",
        f"MAPPING: dict[str, str] = {mapping!r}\nNAMESPACES: dict[str, list[str]] = {namespaces!r}\n",
    )


def test_setuptools_namespace_without_a_folder(world):
    """`package-dir` maps only the inner package: MAPPING has it, NAMESPACES has an empty list."""
    world.package("space.demo.core:Demo")
    world.write("checkout/lib/code/__init__.py", "")
    core = world.write("checkout/lib/code/core.py", BODY)
    finder_of_setuptools(world, {"space.demo": "checkout/lib/code"}, {"space": []})
    assert world.plugin().path == core


def test_setuptools_namespace_beside_an_installed_portion(world):
    world.package("space.demo.core:Demo")
    world.write("site/space/other/__init__.py", "")
    core = world.write("checkout/space/demo/core.py", BODY)
    finder_of_setuptools(world, {"space": "checkout/space"}, {"space": ["checkout/space"]})
    assert world.plugin().path == core


def test_setuptools_package_in_another_folder_than_its_parent(world):
    world.package("demo.core:Demo")
    world.write("checkout/lib/code/__init__.py", "")
    world.write("checkout/lib/code/core.py", "from .sub.real import Demo\n")
    world.write("checkout/other/__init__.py", "")
    real = world.write("checkout/other/real.py", BODY)
    finder_of_setuptools(world, {"demo": "checkout/lib/code", "demo.sub": "checkout/other"}, {})
    assert world.plugin().path == real


def test_editables_module_and_package(world):
    world.package("demo:Demo")
    core = world.write("checkout/core_of_demo.py", BODY)
    module = world.write("checkout/demo.py", "from core_of_demo import Demo\n")
    world.write(
        "site/_editable_impl_demo_dist.py",
        "from editables.redirector import RedirectingFinder as F\nF.install()\n"
        f"F.map_module('demo', {str(module)!r})\nF.map_module('core_of_demo', {str(core)!r})",
    )
    assert world.plugin().path == core


@pytest.mark.parametrize("name", ["_editable_skbc_demo_dist.py", "_demo_dist_editable.py"])
@pytest.mark.parametrize("is_new", [True, False])
def test_scikit_build_core(world, name, is_new):
    """Some modules are in the checkout, generated ones beside the finder; old finders have no folders."""
    world.package("demo.core:Demo")
    init = world.write("checkout/src/demo/__init__.py", "")
    core = world.write("checkout/src/demo/core.py", "from .generated import Demo\n")
    generated = world.write("site/demo/generated.py", BODY)
    sources = {"demo": str(init), "demo.core": str(core)}
    arguments = [sources, {"demo.generated": "demo/generated.py"}]
    arguments += [{"demo": [str(init.parent), "demo"]}, ["demo"]] if is_new else []
    arguments += [None, False, True, [], [], ""]
    world.write(f"site/{name}", SCIKIT.replace("{arguments}", ", ".join(map(repr, arguments))))
    plugin = world.plugin()
    assert (plugin.path, plugin.problems) == (generated, ())


def test_scikit_build_core_namespace(world):
    world.package("space.demo.core:Demo")
    init = world.write("checkout/lib/space/demo/__init__.py", "from space.installed import NAME\n")
    core = world.write("checkout/lib/space/demo/core.py", "from space.installed import Demo\n")
    real = world.write("site/space/installed.py", BODY + "NAME = 1\n")
    arguments = [
        {"space.demo": str(init), "space.demo.core": str(core)},
        {},
        {"space.demo": [str(init.parent)], "space": [str(init.parent.parent)]},
        ["space.demo"],
        None,
    ]
    world.write(
        "site/_editable_skbc_demo_dist.py", SCIKIT.replace("{arguments}", ", ".join(map(repr, arguments)))
    )
    assert world.plugin().path == real


@pytest.mark.parametrize(
    "text",
    [MESON, OLD_MESON.replace("{first}", ""), OLD_MESON.replace("{first}", "'demo-dist', ")],
    ids=["0.17", "0.13", "0.16"],
)
def test_meson_python(world, text):
    """The loader names the build folder, whose install plan maps every file."""
    world.package("demo.inner.core:Demo")
    build = world.root / "checkout" / "build" / "cp311"
    core = world.write("checkout/lib/other/core.py", "from ..real import Demo\n")
    files = {
        world.write("checkout/lib/__init__.py", ""): "{py_purelib}/demo/__init__.py",
        core: "{py_platlib}/demo/inner/core.py",
        world.write("checkout/lib/other/__init__.py", ""): "{py_purelib}/demo/inner/__init__.py",
        world.write("checkout/lib/data.txt", ""): "{datadir}/data.txt",
    }
    subdirs = {str(world.write("checkout/more/real.py", BODY).parent): {"destination": "{py_purelib}/demo"}}
    plan = {
        "targets": {},
        "python": {str(path): {"destination": target, "tag": "x"} for path, target in files.items()},
        "install_subdirs": subdirs,
    }
    world.write("checkout/build/cp311/meson-info/intro-install_plan.json", json.dumps(plan))
    world.write("site/_demo_dist_editable_loader.py", text.format(build=str(build)))
    plugin = world.plugin()
    assert (plugin.path, plugin.problems) == (world.root / "checkout" / "more" / "real.py", ())


@pytest.mark.parametrize(
    "plan", [None, "", "[]", '{"python": []}', '{"python": {"/x": 3, "/y": {}}}', "[" * 99999]
)
def test_meson_plan_that_cannot_be_read(world, codes, plan):
    world.package("demo.core:Demo")
    if plan is not None:
        world.write("build/meson-info/intro-install_plan.json", plan)
    world.write("site/_demo_dist_editable_loader.py", MESON.format(build=str(world.root / "build")))
    assert codes(world.discover().problems) == ["entry-point-unresolved"]


@pytest.mark.parametrize(
    "name", ["_editable_skbc_demo.py", "_demo_editable_loader.py", "_editable_impl_x.py"]
)
@pytest.mark.parametrize(
    "text", ["install(", "install()", "install({1: 2}, 3)", "install({f(): 1}, *x, **y)", "\0", b"\xff"]
)
def test_finder_that_is_rubbish(world, codes, name, text):
    world.package("demo:Demo")
    world.write(f"site/{name}", text)
    assert codes(world.discover().problems) == ["entry-point-unresolved"]


@pytest.mark.parametrize("init", [EXTEND_PATH, DECLARE, BOTH], ids=["pkgutil", "pkg_resources", "both"])
@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_old_namespace_over_two_folders(world, init, order):
    world.package("space.inner.demo.core:Demo")
    for folder, module in (("a", "other"), ("b", "demo")):
        world.write(f"{folder}/space/__init__.py", init)
        world.write(f"{folder}/space/inner/__init__.py", init)
        world.write(f"{folder}/space/inner/{module}/__init__.py", "")
    world.write("a/space/inner/other/base.py", BODY)
    core = world.write("b/space/inner/demo/core.py", DERIVED)
    found = on_path(world, *order)
    assert [plugin.path for plugin in found.plugins] == [core]
    assert found.problems == ()


def on_path(world, *folders):
    import_path = tuple(world.root / folder for folder in folders)
    return discover(Places(distributions=tuple(world.distributions), import_path=import_path))


def test_pkgutil_portion_without_init(world):
    """`extend_path` takes any folder of the name, `declare_namespace` only packages."""
    world.package("space.demo:Demo")
    world.write("a/space/__init__.py", EXTEND_PATH)
    demo = world.write("b/space/demo.py", BODY)
    assert [plugin.path for plugin in on_path(world, "a", "b").plugins] == [demo]
    world.write("a/space/__init__.py", DECLARE)
    assert on_path(world, "a", "b").plugins == ()


@pytest.mark.parametrize("init", ["", "# extend_path(__path__, __name__)\n", "'declare_namespace'\n"])
def test_regular_package_has_no_second_portion(world, codes, init):
    world.package("space.demo:Demo")
    world.write("a/space/__init__.py", init)
    world.write("b/space/__init__.py", EXTEND_PATH)
    world.write("b/space/demo.py", BODY)
    assert codes(on_path(world, "a", "b").problems) == ["entry-point-unresolved"]


def test_new_namespace_over_two_folders(world):
    world.package("space.demo.core:Demo")
    world.write("a/space/other/base.py", BODY)
    core = world.write("b/space/demo/core.py", DERIVED)
    assert [plugin.path for plugin in on_path(world, "a", "b").plugins] == [core]


def test_namespace_path_file_beside_a_package_with_init(world):
    """`-nspkg.pth` makes the package before any `__init__` runs: from all portions that such files name."""
    world.package("space.demo:Demo")
    world.write("checkout/space/__init__.py", DECLARE)
    world.write("checkout/space/other.py", "")
    demo = world.write("site/space/demo.py", BODY)
    world.write(
        "site/demo_dist-1.0-py3.11-nspkg.pth",
        NSPKG.format(folder="sys._getframe(1).f_locals['sitedir']", name="space"),
    )
    world.write("site/other-nspkg.pth", NSPKG.format(folder=repr(str(world.root / "checkout")), name="space"))
    assert [plugin.path for plugin in on_path(world, "checkout", "site").plugins] == [demo]


def test_compiled_module_without_source_is_a_problem(world, codes):
    world.package("demo:Demo")
    path = world.write("site/demo.pyc", b"\xa7\r\r\n\0\0\0\0")
    (problem,) = world.discover().problems
    assert (problem.code, problem.path) == ("unreadable-file", path)
    world.write("site/demo/__init__.pyc", b"\xa7\r\r\n\0\0\0\0")
    (problem,) = world.discover().problems
    assert (problem.code, problem.path) == ("unreadable-file", world.root / "site" / "demo" / "__init__.pyc")


# --- real environments: what their own Python says


@pytest.fixture
def environment(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.delenv("PYTHONNOUSERSITE", raising=False)
    venv.create(tmp_path / "env", with_pip=False, symlinks=True)
    return tmp_path / "env"


def site_of(environment):
    return environment / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def no_probe(command):
    raise AssertionError(command)


def probe(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def real_path(environment):
    """Return what is on the path of the environment's own Python, without the standard library."""
    code = "import json, sys, sysconfig; print(json.dumps([sys.path, sysconfig.get_path('stdlib')]))"
    path, standard = json.loads(probe([str(environment / "bin" / "python"), "-c", code]))
    zipped = Path(standard).with_name(f"{Path(standard).name.replace('.', '')}.zip")
    return [each for each in path if each and each not in {standard, f"{standard}/lib-dynload", str(zipped)}]


PTH = {
    "plain.pth": "{tmp}/one\n",
    "relative.pth": "below\n./dotted\n../beside\nbelow/../below\n",
    "comments.pth": "# {tmp}/comment\n\n   \n{tmp}/after\n",
    "indented.pth": " # {tmp}/one\n  {tmp}/two\n",
    "import.pth": "import os\nimport\tsys\n{tmp}/three   \n",
    "important.pth": "important\n",
    "again.pth": "{tmp}/one\n{tmp}/one/\n{tmp}//one\n",
    "absent.pth": "{tmp}/absent\n",
    "windows.pth": "{tmp}/four\r\n{tmp}/five\r\n",
    "file.pth": "{tmp}/a.zip\n{tmp}/text\n",
    "name.PTH": "{tmp}/hidden\n",
    "noend.pth": "{tmp}/six",
    "umlaut.pth": "{tmp}/ä ö\n",
    "self.pth": ".\n",
    "mark.pth": "\ufeff{tmp}/bom\n{tmp}/seven\n",
    "null.pth": "{tmp}/one\0\n{tmp}/eight\n",
}


def test_import_path_is_what_python_makes_of_the_path_files(tmp_path, environment):
    site = site_of(environment)
    for name in ("one", "two", "three", "four", "five", "six", "seven", "eight", "after", "hidden", "bom"):
        (tmp_path / name).mkdir()
    for name in ("below", "dotted", "important", "../beside"):
        (site / name).mkdir()
    (tmp_path / "ä ö").mkdir()
    (tmp_path / "text").write_text("")
    zipfile.ZipFile(tmp_path / "a.zip", "w").close()
    for name, text in PTH.items():
        (site / name).write_text(text.format(tmp=tmp_path), encoding="utf-8", newline="")
    found = inspect_interpreter(environment / "bin" / "python", probe=no_probe)
    assert list(map(str, found.import_path)) == real_path(environment)
    assert len(found.import_path) > 10


def test_path_file_that_cannot_be_read_is_passed_over(tmp_path, environment):
    site = site_of(environment)
    (site / "dangling.pth").symlink_to(tmp_path / "absent")
    (site / "more").mkdir()
    (site / "z.pth").write_text("more\n")
    found = inspect_interpreter(environment / "bin" / "python", probe=no_probe)
    assert found.import_path == (site, site / "more")


def test_user_and_system_packages_are_asked_for(tmp_path, environment, monkeypatch):
    """With system packages, Python itself is asked: it has the user's folder and zip files as well."""
    home = tmp_path / "user"
    monkeypatch.setenv("PYTHONUSERBASE", str(home))
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    user = home / "lib" / version / "site-packages"
    user.mkdir(parents=True)
    zipfile.ZipFile(tmp_path / "a.zip", "w").close()
    (user / "more.pth").write_text(f"{tmp_path}/a.zip\n")
    settings = environment / "pyvenv.cfg"
    settings.write_text(settings.read_text().replace("packages = false", "packages = true"))
    found = inspect_interpreter(environment / "bin" / "python", probe=probe)
    assert list(map(str, found.import_path)) == real_path(environment)
    assert {user, tmp_path / "a.zip", site_of(environment)} < set(found.import_path)


@pytest.mark.parametrize("safe", ["", "1"])
def test_python_path_of_the_environment_variable(tmp_path, environment, monkeypatch, safe):
    (tmp_path / "more").mkdir()
    zipfile.ZipFile(tmp_path / "a.zip", "w").close()
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}/more:{tmp_path}/a.zip")
    monkeypatch.setenv("PYTHONSAFEPATH", safe)
    found = inspect_interpreter(environment / "bin" / "python", probe=probe)
    assert list(map(str, found.import_path)) == real_path(environment)
    assert found.import_path[:2] == (tmp_path / "more", tmp_path / "a.zip")


SETUP = """
from setuptools import setup
setup(name="demo-dist", version="1.0", entry_points={{"inventree_plugins": ["Demo = {module}:Demo"]}}, {more})
"""
LAYOUTS = {
    "src": ("demo.core", "src/demo", 'packages=["demo"], package_dir={"": "src"}'),
    "flat": ("demo.core", "demo", 'packages=["demo"]'),
    "module": ("core", ".", 'py_modules=["core"]'),
    "elsewhere": ("demo.core", "lib/code", 'packages=["demo"], package_dir={"demo": "lib/code"}'),
    "namespace": ("space.demo.core", "space/demo", 'packages=["space.demo"]'),
    "namespace elsewhere": (
        "space.demo.core",
        "lib/code",
        'packages=["space.demo"], package_dir={"space.demo": "lib/code"}',
    ),
}


PEP_660 = ["lenient", "strict", "compat"]
CASES = [(mode, layout) for mode in (*PEP_660, "develop", "egg") for layout in LAYOUTS]
# A zipped namespace has to be told by a member of its own before Python 3.12.5.
CASES = [case for case in CASES if case[0] not in {"develop", "egg"} or "namespace" not in case[1]]
# A path alone cannot map one folder to another name: Python finds nothing either.
CASES = [case for case in CASES if case[0] not in {"develop", "compat"} or "elsewhere" not in case[1]]


@pytest.mark.parametrize(("mode", "layout"), CASES)
def test_setuptools_for_real(tmp_path, environment, layout, mode):
    """The class is found in the file that the environment's own Python loads it from."""
    module, folder, more = LAYOUTS[layout]
    checkout = tmp_path / "checkout"
    (checkout / folder).mkdir(parents=True)
    if folder != ".":
        (checkout / folder / "__init__.py").write_text("")
    (checkout / folder / "core.py").write_text(BODY)
    (checkout / "setup.py").write_text(SETUP.format(module=module, more=f"{more}, zip_safe=True"))
    install_with_setuptools(checkout, environment, mode)
    (site_of(environment) / "plugin.py").write_text("class InvenTreePlugin: pass\n")

    interpreter = inspect_interpreter(environment / "bin" / "python", probe=no_probe)
    distributions = installed_distributions(interpreter.import_path)
    found = discover(Places(distributions=distributions, import_path=interpreter.import_path))
    code = (
        "import sys; from importlib.metadata import entry_points\n"
        "(point,) = entry_points(group='inventree_plugins')\n"
        "print(sys.modules[point.load().__module__].__file__)"
    )
    theirs = probe([str(environment / "bin" / "python"), "-c", code]).strip()
    assert [str(plugin.path) for plugin in found.plugins] == [theirs], found.problems


def install_with_setuptools(checkout, environment, mode):
    """Install with the setuptools of this environment, if there is one, and without an index."""
    # Not imported: in a process that has imported pip, setuptools refuses to be.
    try:
        setuptools = metadata.distribution("setuptools")
    except metadata.PackageNotFoundError:
        pytest.skip("there is no setuptools")
    release = tuple(int(part) for part in setuptools.version.split(".")[:2])
    tools = Path(str(setuptools.locate_file("")))
    if mode in PEP_660 and release < (70, 1) and not (tools / "wheel").exists():
        pytest.skip("this setuptools needs `wheel` for an editable install")
    if mode == "develop" and release >= (80, 0):
        pytest.skip("this setuptools leaves `develop` to pip")
    python, site = environment / "bin" / "python", site_of(environment)
    command = {
        "develop": [python, "setup.py", "-q", "develop", "--no-deps"],
        "egg": [python, "setup.py", "-q", "bdist_egg", "--dist-dir", site],
    }.get(mode)
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-index", "--no-deps"]
    pip += ["--no-build-isolation", "--config-settings", f"editable_mode={mode}", "-e", checkout]
    environ = {**os.environ, "PYTHONPATH": str(tools), "PIP_CONFIG_FILE": os.devnull}
    subprocess.run(command or pip, cwd=checkout, env=environ, capture_output=True, check=True)
    if mode == "egg":
        (egg,) = site.glob("*.egg")
        (site / "easy-install.pth").write_text(f"./{egg.name}\n")


def test_hatchling_for_real(tmp_path, environment):
    checkout = tmp_path / "checkout"
    (checkout / "src" / "demo").mkdir(parents=True)
    (checkout / "src" / "demo" / "__init__.py").write_text("")
    core = checkout / "src" / "demo" / "core.py"
    core.write_text(BODY)
    (checkout / "pyproject.toml").write_text(
        "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n"
        "[project]\nname = 'demo'\nversion = '1.0'\n"
        "[project.entry-points.inventree_plugins]\nDemo = 'demo.core:Demo'\n"
        "[tool.hatch.build]\ndev-mode-dirs = ['src']\n"
    )
    code = "import sys; from hatchling.build import build_editable; print(build_editable(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], cwd=checkout, capture_output=True, text=True, check=True
    )
    with zipfile.ZipFile(tmp_path / done.stdout.split()[-1]) as wheel:
        wheel.extractall(site_of(environment))
    interpreter = inspect_interpreter(environment / "bin" / "python", probe=no_probe)
    distributions = installed_distributions(interpreter.import_path)
    found = discover(Places(distributions=distributions, import_path=interpreter.import_path))
    assert [plugin.path for plugin in found.plugins] == [core]
