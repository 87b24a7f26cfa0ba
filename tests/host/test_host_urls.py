"""URLs of plugins, served by Django over a real socket."""

from __future__ import annotations

import sys
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from types import ModuleType
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

django = pytest.importorskip("django")

from django.conf import settings  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.test.utils import override_settings  # noqa: E402
from django.urls import clear_url_caches, include, path, reverse, set_urlconf  # noqa: E402

from tests.host.conftest import failures_of  # noqa: E402

if not settings.configured:
    settings.configure(USE_I18N=False, ALLOWED_HOSTS=["*"])

VIEWS = """
from django.http import HttpResponse
from django.urls import path, re_path
"""
URLS = """
def setup_urls(self):
    return [path("hello/<str:who>/", self.hello, name="hello"), re_path("^old$", self.hello)]

def hello(self, request, who="old"):
    return HttpResponse(f"{self.slug}: {who}")
"""


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments):
        """Be silent."""


@pytest.fixture
def serve():
    @contextmanager
    def serving(host):
        module = ModuleType("urls_of_the_test")
        module.urlpatterns = [path("plugin/", include((host.urlpatterns(), "plugin")))]
        sys.modules[module.__name__] = module
        with override_settings(ROOT_URLCONF=module.__name__, ALLOWED_HOSTS=["*"], DEBUG=False, MIDDLEWARE=[]):
            clear_url_caches()
            set_urlconf(None)
            server = make_server("127.0.0.1", 0, WSGIHandler(), handler_class=Quiet)
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
                thread.join(20)
                server.server_close()
                del sys.modules[module.__name__]
                clear_url_caches()

    return serving


def get(url):
    with urllib.request.urlopen(url, timeout=20) as response:
        return response.read().decode()


def test_a_plugins_urls_are_served_below_its_slug(world, serve):
    world.plugin("Demo", "UrlsMixin", body=URLS, before=VIEWS)
    host = world.boot("demo")
    with serve(host) as address:
        assert get(f"{address}/plugin/demo/hello/ada/") == "demo: ada"
        assert get(f"{address}/plugin/demo/old") == "demo: old"


def test_a_plugins_urls_have_names(world, serve):
    world.plugin("Demo", "UrlsMixin", body=URLS, before=VIEWS)
    host = world.boot("demo")
    with serve(host):
        assert reverse("plugin:demo:hello", kwargs={"who": "ada"}) == "/plugin/demo/hello/ada/"
        assert host.get("demo").internal_name + "hello" == "plugin:demo:hello"


def test_urls_of_the_class_are_served(world, serve):
    body = "URLS = [path('x', lambda request: HttpResponse('x'))]"
    world.plugin("Demo", "UrlsMixin", body=body, before=VIEWS)
    with serve(world.boot("demo")) as address:
        assert get(f"{address}/plugin/demo/x") == "x"


def test_two_plugins_do_not_mix(world, serve):
    for name in ("Demo", "Demo Two"):
        world.plugin(name, "UrlsMixin", body=URLS, before=VIEWS, file=name.replace(" ", "") + ".py")
    with serve(world.boot("demo", "demo-two")) as address:
        assert get(f"{address}/plugin/demo/hello/a/") == "demo: a"
        assert get(f"{address}/plugin/demo-two/hello/a/") == "demo-two: a"


def test_without_the_switch_there_are_no_urls(world):
    world.plugin("Demo", "UrlsMixin", body=URLS, before=VIEWS)
    assert world.boot("demo", switches=False).urlpatterns() == []


def test_plugins_without_urls_add_none(world):
    world.plugin("Demo", "UrlsMixin")
    host = world.boot("demo")
    assert host.urlpatterns() == []
    assert host.failures == ()


def test_a_disabled_plugins_urls_are_gone_after_a_reload(world, serve):
    world.plugin("Demo", "UrlsMixin", body=URLS, before=VIEWS)
    host = world.boot("demo")
    world.deactivate("demo")
    host.reload()
    with serve(host) as address, pytest.raises(urllib.error.HTTPError):
        get(f"{address}/plugin/demo/old")


def test_a_setup_that_raises_is_told_of(world):
    world.plugin("Bad", "UrlsMixin", body="def setup_urls(self): raise SystemExit")
    assert failures_of(world.boot("bad")) == [("bad", "construct", "SystemExit")]


VIEW = """
def setup_urls(self):
    return [path("ask", self.ask)]

def ask(self, request):
    {imports}
    found = registry.get_plugin("demo")
    return HttpResponse("me" if found is self else repr(found))
"""


def test_a_view_finds_the_registry_that_its_module_imported(world, serve):
    before = VIEWS + "from plugin.registry import registry"
    world.plugin("Demo", "UrlsMixin", body=VIEW.format(imports="pass"), before=before)
    with serve(world.boot("demo")) as address:
        assert get(f"{address}/plugin/demo/ask") == "me"


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_view_may_import_the_registry_when_it_is_called(world, serve):
    world.plugin(
        "Demo", "UrlsMixin", body=VIEW.format(imports="from plugin.registry import registry"), before=VIEWS
    )
    with serve(world.boot("demo")) as address:
        assert get(f"{address}/plugin/demo/ask") == "me"
