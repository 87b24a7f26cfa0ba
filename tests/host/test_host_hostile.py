"""Plugins that go about it in a way that nobody would think of; the boot and the caller live on."""

from __future__ import annotations

import pytest

from inventree_plugins.sdk import PluginError
from tests.host.conftest import failures_of, finished

GOOD = "def process_event(self, event):\n    self.heard = event"


def with_good_one(world, *slugs):
    world.plugin("Good", "EventMixin", body=GOOD)
    return world.boot("good", *slugs)


@pytest.mark.parametrize(
    "lines",
    [
        "class Odd(Exception):\n    exceptions = {'a': 1}\nraise Odd",
        "class Odd(Exception):\n    @property\n    def exceptions(self): raise OSError\nraise Odd",
        "import dataclasses as d\n@d.dataclass(frozen=True)\nclass Odd(Exception): x: int = 1\nraise Odd()",
        "class Odd(Exception):\n    def __setattr__(self, *a): raise OSError\nraise Odd",
        "e = ValueError('a'); e.__context__ = None; e.__cause__ = KeyError('b'); raise e",
        "e = ValueError('a'); f = ValueError('b'); e.__cause__ = f; f.__cause__ = e; raise e",
    ],
)
def test_an_odd_exception_is_recorded_as_any_other(world, lines):
    world.write("plugins/bad.py", lines)
    host = with_good_one(world)
    assert [phase for _, phase, _ in failures_of(host)] == ["import"]
    assert list(host.plugins) == ["good"]


def test_a_name_whose_text_raises_is_told_of_although_nobody_needs_it_for_the_key(world):
    body = "class Lazy:\n    def __str__(self): raise RuntimeError('no translation')\n"
    world.plugin("Bad", before=body, body="NAME = Lazy()\nSLUG = 'bad'")
    host = with_good_one(world)
    assert failures_of(host) == [(None, "identity", "RuntimeError")]
    assert list(host.plugins) == ["good"]


def test_a_reload_that_a_constructor_asks_for_does_nothing(world):
    body = "def __init__(self):\n    super().__init__()\n    registry.reload_plugins()"
    world.plugin("Eager", before="from plugin import registry", body=body)
    host = with_good_one(world, "eager")
    assert (sorted(host.plugins), host.failures) == (["eager", "good"], ())
    assert host.reload() is False


def test_a_handler_may_ask_for_a_reload(world):
    body = "def process_event(self, event):\n    registry.reload_plugins()"
    world.plugin("Eager", "EventMixin", before="from plugin import registry", body=body)
    host = with_good_one(world, "eager")
    world.deactivate("good")
    finished(host.trigger("x"))
    assert (list(host.plugins), host.failures) == (["eager"], ())


def test_a_handler_that_is_not_there_is_told_of_and_the_next_plugin_hears(world):
    world.plugin("Bad", "EventMixin", body="process_event = property(lambda self: 1 / 0)")
    host = with_good_one(world, "bad")
    finished(host.trigger("x"))
    assert failures_of(host) == [("bad", "events", "ZeroDivisionError")]
    assert host.get("good").heard == "x"


def test_settings_that_cannot_be_had_are_an_error_of_the_plugin(world):
    body = "SETTINGS = {'A': {}}\ndef get_setting(self, *a, **k): raise OSError('no')"
    world.plugin("Bad", "SettingsMixin", body=body)
    host = with_good_one(world, "bad")
    with pytest.raises(PluginError, match="OSError: no") as error:
        host.settings_of("bad")
    assert (error.value.plugin, error.value.mixin) == ("bad", "settings")


def test_metadata_of_a_plugin_that_cannot_tell_all_of_it(world):
    world.plugin("Bad", body="AUTHOR = 'Ada'\nversion = property(lambda self: 1 / 0)")
    host = with_good_one(world, "bad")
    said = host.metadata_of("bad")
    assert (said["author"], "version" in said) == ("Ada", False)
    assert host.metadata_of("nobody") == {}


def test_a_mixin_that_breaks_when_it_is_asked_for_is_told_of(world):
    body = "API_URL_SETTING = property(lambda self: 1 / 0)"
    world.plugin("Bad", "APICallMixin", "SettingsMixin", body=body)
    host = with_good_one(world, "bad")
    assert host.with_mixin("api_call") == ()
    assert failures_of(host) == [("bad", "api_call", "ZeroDivisionError")]


def test_what_only_needs_an_implementation_at_use_is_no_failure(world):
    world.plugin("Half", "APICallMixin", "SettingsMixin")
    host = with_good_one(world, "half")
    assert (host.with_mixin("api_call"), host.failures) == ((), ())


def test_an_error_in_models_below_a_folder_called_django_is_told_of(world):
    world.write("plugins/django/__init__.py", "")
    world.write("plugins/django/models.py", "raise ValueError('mine')")
    assert failures_of(with_good_one(world)) == [(None, "import", "ValueError")]


def test_the_code_of_an_app_stays_as_it_is_also_after_it_was_disabled(world):
    pytest.importorskip("django")
    world.write("plugins/shelf/__init__.py", "")
    world.plugin("Shelf", "AppMixin", file="shelf/core.py")
    host = with_good_one(world, "shelf")
    before = type(host.get("shelf"))
    world.deactivate("shelf")
    host.reload()
    world.plugin("Shelf", "AppMixin", body="VERSION = '2'", file="shelf/core.py")
    world.activate("shelf")
    host.reload()
    assert type(host.get("shelf")) is before
    assert [(phase, str(kind)) for _, phase, kind in failures_of(host)] == [("app", "PluginError")]
