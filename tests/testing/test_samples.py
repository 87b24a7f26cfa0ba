"""Each sample by its effect, through the kit that authors use."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from importlib import import_module

import pytest

from inventree_plugins.sdk import APICallError
from inventree_plugins.testing import PluginTestHost

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def host(tmp_path):
    with PluginTestHost(tmp_path / "host") as host:
        yield host


def sample(host, name, **options):
    return host.enable(f"inventree_plugins.samples.{name}", **options)


def test_action(host):
    sample(host, "action")
    answer = {"action": "count-words", "result": True, "info": {"words": 3}}
    assert host.perform_action("count-words", data={"text": "one two three"}) == answer
    assert host.perform_action("count-words")["result"] is False


def test_api_call(host):
    plugin = sample(host, "api_call")
    with host.fake_api(plugin, token="secret") as api:
        api.answer("/prices", {"price": 12.5})
        assert plugin.price("R 100") == 12.5
        assert api.requests[0].query == {"part": ["R 100"]}
        assert api.requests[0].headers["authorization"] == "Bearer secret"
        api.answer("/prices", {"detail": "no"}, status=503)
        with pytest.raises(APICallError) as error:
            plugin.price("R 100")
    assert (error.value.status, error.value.plugin) == (503, "sample-api-call")


def test_barcode(host):
    sample(host, "barcode")
    assert host.scan("PART-42") == {"part": {"pk": 42}}
    assert host.scan("PART-x") is None
    assert host.scan("42") is None


def test_event(host):
    plugin = sample(host, "event")
    host.trigger("part_part.created", id=1)
    host.trigger("part_part.deleted", id=1)
    host.trigger("part_part.created", id=2)
    assert plugin.created == [1, 2]


def test_navigation(host):
    sample(host, "navigation")
    (tab,) = host.host.navigation()
    assert (tab.name, tab.icon) == ("Manual", "fas fa-book")
    assert [(link.name, link.link, link.icon) for link in tab.links] == [
        ("First steps", "/manual/first-steps/", "fas fa-play"),
        ("Barcodes", "/manual/barcodes/", None),
    ]


def test_schedule(host):
    plugin = sample(host, "schedule")
    # The module that the host imported, wherever this test stands in the order.
    greetings = import_module("inventree_plugins.samples.schedule").greetings
    before = len(greetings)
    names = ["plugin.sample-schedule.count", "plugin.sample-schedule.greet"]
    assert host.run_due_tasks(NOON) == names
    assert host.run_due_tasks(NOON + timedelta(minutes=4)) == []
    assert host.run_due_tasks(NOON + timedelta(minutes=5)) == names[1:]
    assert host.run_due_tasks(NOON + timedelta(hours=1)) == names
    assert (plugin.counts, len(greetings) - before) == (2, 3)


def test_settings(host):
    plugin = sample(host, "settings", settings={"TIMES": 2})
    assert plugin.greet() == "hello hello"
    host.set_setting("sample-settings", "GREETING", "moin")
    host.set_setting("sample-settings", "LOUD", True)
    assert plugin.greet() == "MOIN MOIN"


def test_urls(host):
    pytest.importorskip("django")
    sample(host, "urls")
    assert host.get("/plugin/sample-urls/hello/Ada/").json() == {"hello": "Ada"}


def test_the_broken_ones_break(host):
    with pytest.raises(ModuleNotFoundError, match="a_module_that_nobody_has"):
        sample(host, "broken_import")
    with pytest.raises(RuntimeError, match="fails when it is constructed"):
        sample(host, "broken_construction")
