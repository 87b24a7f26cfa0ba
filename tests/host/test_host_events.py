"""Events: delivered outside the caller's thread, in order for each plugin, whoever else fails."""

from __future__ import annotations

import threading
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import pytest

from inventree_plugins.host import PluginHost
from tests.host.conftest import PATIENCE, failures_of, finished

RECORD = """
def process_event(self, event, *args, **kwargs):
    self.seen.append((event, args, kwargs))

def __init__(self):
    super().__init__()
    self.seen = []
"""


def recorder(world, name="Demo", *, more=""):
    return world.plugin(name, "EventMixin", body=RECORD + more)


def test_an_event_is_delivered_with_its_arguments(world):
    recorder(world)
    host = world.boot("demo")
    finished(host.trigger("part.created", 1, "two", model="Part", id=3))
    assert host.get("demo").seen == [("part.created", (1, "two"), {"model": "Part", "id": 3})]


def test_arguments_may_have_any_name(world):
    body = "def process_event(self, event, *args, **kwargs): self.seen = kwargs"
    world.plugin("Demo", "EventMixin", body=body)
    host = world.boot("demo")
    finished(host.trigger("x", slug=1, phase=2, host=3, function=4, job=5))
    assert host.get("demo").seen == {"slug": 1, "phase": 2, "host": 3, "function": 4, "job": 5}


def test_an_event_runs_in_another_thread(world):
    body = "def process_event(self, event): self.thread = threading.get_ident()"
    world.plugin("Demo", "EventMixin", body=body, before="import threading")
    host = world.boot("demo")
    finished(host.trigger("x"))
    assert host.get("demo").thread != threading.get_ident()


def test_inactive_plugins_get_no_events(world):
    recorder(world, "Demo")
    recorder(world, "Asleep")
    host = world.boot("demo")
    assert len(host.trigger("x")) == 1


def test_a_plugin_gets_only_what_it_wants(world):
    recorder(world, more="def wants_process_event(self, event): return event.startswith('part')")
    host = world.boot("demo")
    finished(host.trigger("part.created"))
    finished(host.trigger("stock.moved"))
    assert [event for event, _, _ in host.get("demo").seen] == ["part.created"]


def test_who_cannot_say_what_it_wants_is_told_of_and_others_get_it(world):
    recorder(world, "Demo")
    recorder(world, "Bad", more="def wants_process_event(self, event): raise SystemExit")
    host = world.boot("demo", "bad")
    finished(host.trigger("x"))
    assert len(host.get("demo").seen) == 1
    assert not host.get("bad").seen
    assert failures_of(host) == [("bad", "events", "SystemExit")]


RAISING = ["raise ValueError", "raise SystemExit", "raise GeneratorExit", "self.process_event(event)"]


@pytest.mark.parametrize("text", RAISING)
def test_a_handler_that_raises_stops_no_other_and_not_itself(world, text):
    recorder(world)
    world.plugin("Bad", "EventMixin", body=f"def process_event(self, event): {text}")
    host = world.boot("demo", "bad")
    for _ in range(3):
        finished(host.trigger("x"))
    assert len(host.get("demo").seen) == 3
    assert [(each.slug, each.phase) for each in host.failures] == [("bad", "events")] * 3


def test_an_event_is_delivered_while_another_plugin_raises_in_the_middle_of_it(world):
    world.plugin("Slow", "EventMixin", body="def process_event(self, event, go): self.done = go.wait(20)")
    world.plugin("Bad", "EventMixin", body="def process_event(self, event, go): raise ValueError")
    host = world.boot("slow", "bad")
    go = threading.Event()
    bad, slow = host.trigger("x", go)
    finished([bad])
    assert failures_of(host) == [("bad", "events", "ValueError")]
    assert not slow.done()
    go.set()
    finished([slow])
    assert host.get("slow").done


def test_a_plugin_that_does_not_say_what_to_do_is_told_of(world):
    world.plugin("Demo", "EventMixin")
    host = world.boot("demo")
    finished(host.trigger("x"))
    assert failures_of(host) == [("demo", "events", "MixinNotImplementedError")]


def test_events_keep_their_order_under_load(world):
    for name in ("One", "Two", "Three"):
        recorder(world, name)
    host = world.boot("one", "two", "three", workers=4)
    futures = [each for number in range(500) for each in host.trigger("x", number)]
    finished(futures)
    for slug in ("one", "two", "three"):
        assert [args[0] for _, args, _ in host.get(slug).seen] == list(range(500))


def test_events_of_several_threads_keep_the_order_of_each(world):
    recorder(world)
    host = world.boot("demo")

    def send(sender):
        for number in range(100):
            host.trigger("x", sender, number)

    threads = [threading.Thread(target=send, args=(each,)) for each in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)
    host.close()
    seen = [args for _, args, _ in host.get("demo").seen]
    assert len(seen) == 400
    for sender in range(4):
        assert [number for each, number in seen if each == sender] == list(range(100))


def test_a_plugin_never_handles_two_events_at_once(world):
    body = """
    def process_event(self, event):
        assert self.lock.acquire(blocking=False)
        self.turn.wait(0.001)
        self.lock.release()
    lock = threading.Lock()
    turn = threading.Event()
    """
    world.plugin("Demo", "EventMixin", body=body, before="import threading")
    host = world.boot("demo", workers=4)
    finished([each for _ in range(50) for each in host.trigger("x")])
    assert host.failures == ()


def test_a_slow_plugin_does_not_hold_up_another(world):
    recorder(world)
    world.plugin("Slow", "EventMixin", body="def process_event(self, event, go): assert go.wait(20)")
    host = world.boot("slow", "demo", workers=2)
    go = threading.Event()
    deliveries = [host.trigger("x", go) for _ in range(20)]
    finished(demo for demo, _ in deliveries)
    assert not any(slow.done() for _, slow in deliveries)
    go.set()
    finished(slow for _, slow in deliveries)


def test_a_plugin_may_trigger_events_while_it_handles_one(world):
    body = """
    def process_event(self, event, number):
        self.seen.append(number)
        if number:
            trigger_event("again", number - 1)
        else:
            self.done.set()
    seen = []
    done = threading.Event()
    """
    before = "import threading\nfrom plugin.events import trigger_event"
    world.plugin("Demo", "EventMixin", body=body, before=before)
    host = world.boot("demo", workers=1)
    host.trigger("again", 20)
    assert host.get("demo").done.wait(PATIENCE)
    assert host.get("demo").seen == list(range(20, -1, -1))


def test_events_run_in_the_callers_executor(world):
    body = "def process_event(self, event): self.thread = threading.current_thread().name"
    world.plugin("Demo", "EventMixin", body=body, before="import threading")
    with ThreadPoolExecutor(1, thread_name_prefix="of-the-caller") as executor:
        host = world.boot("demo", executor=executor)
        finished(host.trigger("x"))
        assert host.get("demo").thread.startswith("of-the-caller")
        host.close()
        assert executor.submit(int).result(PATIENCE) == 0


class AtOnce(Executor):
    """Runs in the caller's thread, as a server's tests may want it."""

    def submit(self, function, /, *args, **kwargs):
        function(*args, **kwargs)


def test_an_executor_may_run_things_at_once(world):
    recorder(world)
    host = world.boot("demo", executor=AtOnce())
    for number in range(3):
        host.trigger("x", number)
        assert len(host.get("demo").seen) == number + 1


def test_an_executor_that_runs_things_at_once_keeps_order_where_events_make_events(world):
    body = """
    def process_event(self, event, number):
        self.seen.append(number)
        if number < 3:
            trigger_event("x", number + 1)
            self.seen.append(-number)
    seen = []
    """
    world.plugin("Demo", "EventMixin", body=body, before="from plugin.events import trigger_event")
    host = world.boot("demo", executor=AtOnce())
    host.trigger("x", 1)
    assert host.get("demo").seen == [1, -1, 2, -2, 3]


class Refusing(AtOnce):
    """Refuses work until it is told otherwise, as one that has been shut down."""

    refuses = True

    def submit(self, function, /, *args, **kwargs):
        if self.refuses:
            raise RuntimeError("cannot schedule new futures after shutdown")
        super().submit(function, *args, **kwargs)


def test_an_executor_that_refuses_once_does_not_silence_the_plugin(world):
    recorder(world)
    executor = Refusing()
    host = world.boot("demo", executor=executor)
    with suppress(RuntimeError):
        host.trigger("lost")
    executor.refuses = False
    host.trigger("x")
    assert [event for event, _, _ in host.get("demo").seen][-1:] == ["x"]


class Later(Executor):
    """Does what was submitted when the test says so, and drops what it raises, as a thread pool does."""

    def __init__(self):
        self.waiting = []

    def submit(self, function, /, *args, **kwargs):
        self.waiting.append(partial(function, *args, **kwargs))

    def work(self):
        while self.waiting:
            with suppress(BaseException):
                self.waiting.pop(0)()


def test_a_delivery_that_the_caller_cancels_does_not_silence_the_plugin(world):
    recorder(world)
    executor = Later()
    host = world.boot("demo", executor=executor)
    host.trigger("first")[0].cancel()
    host.trigger("second")
    executor.work()
    host.trigger("third")
    executor.work()
    assert [event for event, _, _ in host.get("demo").seen][-2:] == ["second", "third"]


def test_ctrl_c_in_a_handler_does_not_silence_the_plugin(world):
    raising = "if event == 'stop': raise KeyboardInterrupt\n    self.seen = event"
    world.plugin("Demo", "EventMixin", body=f"def process_event(self, event):\n    {raising}")
    executor = Later()
    host = world.boot("demo", executor=executor)
    host.trigger("stop")
    executor.work()
    host.trigger("x")
    executor.work()
    assert host.get("demo").seen == "x"


def test_closing_waits_for_events(world):
    recorder(world)
    with PluginHost(world.instance()) as host:
        world.activate("demo")
        world.switch("ENABLE_PLUGINS_EVENTS")
        host.boot()
        for number in range(100):
            host.trigger("x", number)
    assert len(host.get("demo").seen) == 100


def test_closing_twice_is_fine(world):
    recorder(world)
    host = world.boot("demo")
    host.trigger("x")
    host.close()
    host.close()


def test_no_thread_is_left_when_the_host_is_closed(world):
    recorder(world)
    before = set(threading.enumerate())
    host = world.boot("demo")
    host.start_scheduler(seconds=0.01)
    finished(host.trigger("x"))
    host.close()
    assert set(threading.enumerate()) <= before


def test_a_handler_may_close_the_host(world):
    """As on a shutdown that an event brings about."""
    world.plugin(
        "Demo", "EventMixin", body="def process_event(self, event, host): host.close(); self.done = True"
    )
    host = world.boot("demo")
    finished(host.trigger("x", host))
    assert host.failures == ()
    assert host.get("demo").done


def test_a_plugin_that_was_disabled_meanwhile_still_gets_what_was_sent_before(world):
    recorder(world)
    host = world.boot("demo")
    plugin = host.get("demo")
    futures = host.trigger("x")
    world.deactivate("demo")
    host.reload()
    finished(futures)
    assert len(plugin.seen) == 1
    assert host.trigger("y") == ()
