"""Plugins that fail, in every way and at every time: told of, and no harm to anybody else."""

from __future__ import annotations

import gc
import logging
import weakref

import pytest

from inventree_plugins.sdk import MixinImplementationError
from tests.host.conftest import failures_of, finished, plugin_text

RECURSION = "def again(): again()\nagain()"
# At import: text of the module -> kind of error.
IMPORTS = {
    "raise SystemExit": "SystemExit",
    "raise SystemExit(3)": "SystemExit",
    "import sys; sys.exit('bye')": "SystemExit",
    "raise GeneratorExit": "GeneratorExit",
    "raise StopIteration": "StopIteration",
    "raise MemoryError": "MemoryError",
    "import asyncio; raise asyncio.CancelledError": "CancelledError",
    "class Stop(BaseException): pass\nraise Stop": "Stop",
    RECURSION: "RecursionError",
    "class (": "SyntaxError",
    "\tx = 1\n  y = 2": "IndentationError",
    "import nowhere_at_all": "ModuleNotFoundError",
    "from json import nothing_such": "ImportError",
    "1 / 0": "ZeroDivisionError",
    "assert False": "AssertionError",
    "class Odd(Exception):\n    def __str__(self): raise ValueError('no text')\nraise Odd": "Odd",
    "class Odd(Exception):\n    def __str__(self): raise SystemExit\nraise Odd": "Odd",
    "class Odd(Exception):\n    def __repr__(self): return 5\n    __str__ = __repr__\nraise Odd": "Odd",
    "raise Exception('\\udcff')": "Exception",
    "raise Exception('x' * 10_000_000)": "Exception",
    "import sys; del sys.modules[__name__]": "KeyError",
    "raise type('Several', (Exception,), {'exceptions': [ValueError(1)]})": "Several",
    "__all__ = 5": "TypeError",
    "__all__ = [['unhashable']]": "TypeError",
}


def boots_with(world, *, failing=1):
    """Boot with `Good` beside what the test wrote, and return the host; `Good` works."""
    world.plugin("Good", "BarcodeMixin", body="def scan(self, barcode_data): return {'good': barcode_data}")
    host = world.boot("good", "bad")
    assert host.scan("x") == {"good": "x"}
    assert len(host.failures) == failing
    for each in host.failures:
        assert "Traceback" in each.traceback or each.phase == "collision"
        assert each.error.__traceback__ is None
        assert str(each).startswith(each.slug or each.module)
        assert "\n" not in str(each)
    return host


@pytest.mark.parametrize(("text", "kind"), IMPORTS.items(), ids=range(len(IMPORTS)))
def test_a_module_that_fails_at_import_is_told_of(world, text, kind):
    world.write("plugins/bad.py", text)
    host = boots_with(world)
    assert [(phase, found) for _, phase, found in failures_of(host)] == [("import", kind)]
    assert host.failures[0].module == "plugins.bad"


def test_reading_tells_whose_module_does_not_import(world):
    world.plugin("Bad", before="raise ValueError")
    assert failures_of(boots_with(world)) == [("bad", "import", "ValueError")]


def test_reading_tells_whose_module_of_a_builtin_package_does_not_import(world):
    (world.site / "own_builtins").mkdir()
    (world.site / "own_builtins" / "__init__.py").write_text("")
    (world.site / "own_builtins" / "bad.py").write_text(plugin_text("Bad", before="raise ValueError"))
    assert failures_of(world.boot("bad", builtins=("own_builtins",))) == [("bad", "import", "ValueError")]


def test_two_plugins_in_a_module_that_does_not_import_are_nobodys(world):
    text = plugin_text("Bad") + "\n" + plugin_text("Worse") + "\nraise ValueError"
    world.write("plugins/bad.py", text)
    assert failures_of(boots_with(world)) == [(None, "import", "ValueError")]


@pytest.mark.parametrize(
    "text",
    [b"\xff\xfe\x00x", b"# coding: nonsense\n", b"x = 1\n\x00", b"# coding: utf-8\nx = '\xff'\n"],
    ids=["bom", "coding", "nul", "bytes"],
)
def test_a_file_that_is_no_python_is_told_of(world, text):
    world.write("plugins/bad.py", text)
    assert boots_with(world).failures[0].phase == "import"


CONSTRUCTORS = {
    "raise SystemExit": "SystemExit",
    "raise ValueError('no')": "ValueError",
    "return 5": "TypeError",
    "self.again() if hasattr(self, 'again') else self.__init__()": "RecursionError",
    "raise StopIteration": "StopIteration",
    "class Odd(Exception):\n        def __str__(self): raise ValueError\n    raise Odd": "Odd",
}


@pytest.mark.parametrize(("text", "kind"), CONSTRUCTORS.items(), ids=range(len(CONSTRUCTORS)))
def test_a_plugin_that_cannot_be_constructed_is_told_of(world, text, kind):
    world.plugin("Bad", body=f"def __init__(self):\n    {text}")
    host = boots_with(world)
    assert failures_of(host) == [("bad", "construct", kind)]
    assert "bad" in host.inactive
    assert world.rows()["bad"] is True


def test_a_constructor_that_wants_arguments_is_told_of(world):
    world.plugin("Bad", body="def __init__(self, config): pass")
    assert failures_of(boots_with(world)) == [("bad", "construct", "TypeError")]


def test_an_abstract_class_is_told_of(world):
    world.write(
        "plugins/bad.py",
        "import abc\nfrom plugin import InvenTreePlugin\n"
        "class Bad(InvenTreePlugin, abc.ABC):\n    NAME = 'Bad'\n"
        "    @abc.abstractmethod\n    def f(self): ...",
    )
    assert failures_of(boots_with(world)) == [("bad", "construct", "TypeError")]


def test_a_class_that_overrides_a_final_member_is_told_of(world):
    world.plugin("Bad", body="def plugin_slug(self): return 'x'")
    host = boots_with(world)
    assert failures_of(host) == [("bad", "import", "TypeError")]
    assert "INVE-E11" in host.failures[0].traceback


@pytest.mark.parametrize("name", ["'中文'", "'!!!'", "'---'", "'\U0001f600'"])
def test_a_name_that_gives_no_key_is_told_of(world, name):
    world.write(
        "plugins/bad.py", f"from plugin import InvenTreePlugin\nclass P(InvenTreePlugin): NAME = {name}"
    )
    host = boots_with(world)
    assert failures_of(host) == [(None, "identity", "PluginError")]
    assert "plugins.bad" in host.failures[0].module


def test_a_name_that_cannot_be_read_is_told_of(world):
    world.write(
        "plugins/bad.py",
        "from plugin import InvenTreePlugin\n"
        "class Lazy:\n    def __str__(self): raise RuntimeError('no translation')\n"
        "class Bad(InvenTreePlugin): NAME = Lazy()",
    )
    assert [(phase, kind) for _, phase, kind in failures_of(boots_with(world))] == [
        ("identity", "RuntimeError")
    ]


def test_a_class_that_cannot_be_named_does_not_hide_the_other_one_of_its_module(world):
    world.write(
        "plugins/bad.py",
        "from plugin import InvenTreePlugin\n"
        "class Lazy:\n    def __str__(self): raise RuntimeError('no translation')\n"
        "class Bad(InvenTreePlugin): NAME = Lazy()\n"
        "class Neighbour(InvenTreePlugin): NAME = 'Neighbour'\n",
    )
    world.activate("neighbour")
    assert "neighbour" in boots_with(world).plugins


MIXINS = {
    "SETTINGS = 5": ("SettingsMixin", "settings"),
    "SETTINGS = {1: {}}": ("SettingsMixin", "settings"),
    "SETTINGS = {'A': 'text'}": ("SettingsMixin", "settings"),
    "SETTINGS = ['A']": ("SettingsMixin", "settings"),
    "SCHEDULED_TASKS = {'a': {}}": ("ScheduleMixin", "schedule"),
    "SCHEDULED_TASKS = {'a': {'func': 'f'}}": ("ScheduleMixin", "schedule"),
    "SCHEDULED_TASKS = {'a': {'func': 'f', 'schedule': 'X'}}": ("ScheduleMixin", "schedule"),
    "SCHEDULED_TASKS = {'a': {'func': 'f', 'schedule': 'I'}}": ("ScheduleMixin", "schedule"),
    "SCHEDULED_TASKS = {'a': {'func': 'f', 'schedule': 'I', 'minutes': 0}}": ("ScheduleMixin", "schedule"),
    "SCHEDULED_TASKS = {'a': {'func': 'f', 'schedule': 'I', 'minutes': None}}": ("ScheduleMixin", "schedule"),
    "SCHEDULED_TASKS = {'a': {'func': 5, 'schedule': 'D'}}": ("ScheduleMixin", "schedule"),
    "SCHEDULED_TASKS = {'a': None}": ("ScheduleMixin", "schedule"),
    "SCHEDULED_TASKS = ['a']": ("ScheduleMixin", "schedule"),
    "SCHEDULED_TASKS = 5": ("ScheduleMixin", "schedule"),
    "URLS = ['text']": ("UrlsMixin", "urls"),
    "URLS = 5": ("UrlsMixin", "urls"),
}


@pytest.mark.parametrize(("body", "expected"), MIXINS.items(), ids=range(len(MIXINS)))
def test_a_mixin_that_is_wrongly_implemented_keeps_its_plugin_out(world, body, expected):
    mixin, phase = expected
    world.plugin("Bad", mixin, body=body)
    host = boots_with(world)
    assert [(each.slug, each.phase) for each in host.failures] == [("bad", phase)]
    assert "bad" in host.inactive
    assert not host.tasks()


def test_the_error_knows_plugin_and_mixin(world):
    world.plugin("Bad", "SettingsMixin", body="SETTINGS = 5")
    (failure,) = boots_with(world).failures
    assert isinstance(failure.error, MixinImplementationError)
    assert (failure.error.plugin, failure.error.mixin) == ("bad", "settings")


@pytest.mark.parametrize("link", ["{'name': 'a'}", "{'link': 'a'}", "{}", "5", "None"])
def test_a_link_without_name_or_link_keeps_its_plugin_out(world, link):
    world.plugin("Bad", "NavigationMixin", body=f"NAVIGATION = [{link}]")
    host = boots_with(world)
    assert [each.slug for each in host.failures] == ["bad"]
    assert not host.navigation()


def test_a_mixin_without_its_super_call_is_told_of(world):
    world.plugin("Bad", "UrlsMixin", body="URLS = ['a']\ndef __init__(self): pass")
    assert failures_of(boots_with(world)) == [("bad", "urls", "AttributeError")]


HANDLERS = [
    "raise ValueError('no')",
    "raise SystemExit",
    "raise GeneratorExit",
    "self.scan(barcode_data)",
    "raise StopIteration",
    "class Odd(Exception):\n        def __str__(self): raise ValueError\n    raise Odd",
    "class Odd(Exception):\n        def __str__(self): raise SystemExit\n    raise Odd",
]


@pytest.mark.parametrize("text", HANDLERS, ids=range(len(HANDLERS)))
def test_a_scan_that_raises_is_told_of_and_the_next_plugin_is_asked(world, text):
    world.plugin("Bad", "BarcodeMixin", body=f"def scan(self, barcode_data):\n    {text}", file="a_bad.py")
    world.plugin("Good", "BarcodeMixin", body="def scan(self, barcode_data): return {'good': barcode_data}")
    host = world.boot("good", "bad")
    assert host.scan("x") == {"good": "x"}
    assert [(each.slug, each.phase) for each in host.failures] == [("bad", "barcode")]
    assert str(host.failures[0]).startswith("bad (barcode): ")


def test_failures_of_active_plugins_are_logged(world, caplog):
    world.plugin("Bad", "BarcodeMixin", body="def scan(self, barcode_data): raise ValueError('such a thing')")
    host = world.boot("bad")
    with caplog.at_level(logging.ERROR, "inventree_plugins.host"):
        host.scan("x")
    assert "such a thing" in caplog.text
    assert caplog.records[0].plugin == "bad"
    assert "ValueError" in caplog.records[0].traceback


def test_endless_failures_are_not_all_remembered(world):
    world.plugin("Bad", "BarcodeMixin", body="def scan(self, barcode_data): raise ValueError(barcode_data)")
    host = world.boot("bad")
    for number in range(1000):
        host.scan(str(number))
    assert 10 < len(host.failures) < 1000
    assert str(host.failures[-1].error) == "999"


def test_a_mixin_that_cannot_tell_whether_it_is_there_does_not_stop_others(world):
    body = "@property\ndef has_barcode(self): raise ValueError\nMIXIN_KEY = 'barcode'\n"
    world.plugin("Bad", "BarcodeMixin", body=body + "MIXIN_ENABLED = 'has_barcode'", file="a_bad.py")
    world.plugin("Good", "BarcodeMixin", body="def scan(self, barcode_data): return 'good'")
    assert world.boot("good", "bad").scan("x") == "good"


@pytest.mark.parametrize("raised", ["raise inner from cause", "raise inner"], ids=["cause", "context"])
def test_no_failure_keeps_what_the_plugin_had_in_its_hands(world, raised):
    body = f"""
    def scan(self, barcode_data):
        big = self.Big()
        self.seen.append(weakref.ref(big))
        try:
            raise OSError("cause")
        except OSError as cause:
            inner = ValueError("inner")
            {raised}

    class Big: pass
    seen = []
    """
    world.plugin("Bad", "BarcodeMixin", before="import weakref", body=body)
    host = world.boot("bad")
    host.scan("x")
    gc.collect()
    (seen,) = host.get("bad").seen
    assert isinstance(seen, weakref.ref)
    assert seen() is None


def test_ctrl_c_at_import_comes_through_and_a_later_boot_works(world):
    world.write("plugins/bad.py", "raise KeyboardInterrupt")
    world.plugin("Good")
    world.activate("good")
    host = world.host()
    with pytest.raises(KeyboardInterrupt):
        host.boot()
    assert not host.plugins
    (world.plugins / "bad.py").unlink()
    assert list(host.boot().plugins) == ["good"]


def test_a_plugin_that_prints_does_no_harm(world, capsys):
    world.plugin("Good", before="import sys\nprint('hello')\nsys.stdout.flush()")
    assert list(world.boot("good").plugins) == ["good"]


def test_the_host_itself_prints_nothing(world, capfd):
    world.plugin("Bad", before="raise ValueError")
    boots_with(world)
    assert capfd.readouterr() == ("", "")


WAYS = [
    ("import", "", "raise ValueError('{n}')"),
    ("import", "", "raise SystemExit({n})"),
    ("import", "", "import nowhere_{n}"),
    ("import", "", "def f(): f()\nf()"),
    ("import", "", "class ("),
    ("import", "", "raise type('Stop{n}', (BaseException,), {{}})"),
    ("import", "", "class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd"),
    ("construct", "def __init__(self): raise ValueError", ""),
    ("construct", "def __init__(self): raise SystemExit", ""),
    ("construct", "def __init__(self, x): pass", ""),
    ("construct", "def __init__(self): self.__init__()", ""),
    ("construct", "def __init__(self): self.x.y", ""),
    ("import", "is_active = lambda self: True", ""),
    ("version", "MIN_VERSION = '9.0.0'", ""),
    ("version", "MAX_VERSION = '1.0'", ""),
    ("settings", "SETTINGS = 5", ""),
    ("schedule", "SCHEDULED_TASKS = {{'a': {{}}}}", ""),
    ("schedule", "SCHEDULED_TASKS = {{'a': {{'func': 'f', 'schedule': 'Z'}}}}", ""),
    ("urls", "URLS = [5]", ""),
    ("construct", "NAVIGATION = [{{}}]", ""),
]


def write_hundred(world):
    for number in range(100):
        name, file = f"P{number:02}", f"p{number:02}.py"
        mixins = ("SettingsMixin", "ScheduleMixin", "UrlsMixin", "NavigationMixin", "EventMixin")
        body, before = "def process_event(self, event): self.seen = event\n", ""
        if number % 5 == 0:
            _, bad, before = WAYS[number // 5]
            body += bad.format(n=number)
            before = before.format(n=number)
        world.plugin(name, *mixins, body=body, before=before, file=file)


def test_of_a_hundred_plugins_twenty_fail_in_different_ways_and_eighty_work(world):
    write_hundred(world)
    slugs = [f"p{number:02}" for number in range(100)]
    host = world.boot(*slugs, version="1.5.0")
    bad = slugs[::5]
    good = [slug for slug in slugs if slug not in bad]
    assert list(host.plugins) == good
    # Nothing can be read of what is no Python, but its place.
    told = [("" if slug == "p20" else slug, phase) for slug, (phase, _, _) in zip(bad, WAYS, strict=True)]
    assert sorted((each.slug or "", each.phase) for each in host.failures) == sorted(told)
    assert len(host.failures) == 20
    assert set(world.rows()) == set(slugs)
    finished(host.trigger("hello"))
    assert {host.get(slug).seen for slug in good} == {"hello"}
