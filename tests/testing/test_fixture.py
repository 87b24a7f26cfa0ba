"""The pytest plugin in authors' projects: real runs of pytest, in processes of their own."""

from __future__ import annotations

import pytest

PLUGIN = """
    from plugin import InvenTreePlugin
    from plugin.mixins import EventMixin, SettingsMixin


    class Mark(EventMixin, SettingsMixin, InvenTreePlugin):
        NAME = "Mark"
        SETTINGS = {"SEEN": {"name": "Seen", "default": 0, "validator": int}}

        def process_event(self, event, *args, **kwargs):
            self.set_setting("SEEN", self.get_setting("SEEN") + kwargs["step"])
"""
# What each test of these finds is what it made itself.
LEAKS = """
    import pytest
    from plugin import registry

    from inventree_plugins.sdk import InvenTreePlugin
    from marks import Mark


    @pytest.mark.parametrize("number", range(4))
    def test_alone(plugin_host, number, tmp_path):
        assert dict(plugin_host.host.plugins) == dict(plugin_host.host.inactive) == {}
        assert plugin_host.host.failures == plugin_host.host.tasks() == ()
        mark = plugin_host.enable("marks")
        assert mark.get_setting("SEEN") == 0
        plugin_host.trigger("step", step=number + 1)
        assert mark.get_setting("SEEN") == number + 1
        assert registry.get_plugin("mark") is mark
        assert type(mark) is Mark
        with pytest.raises(KeyError):
            plugin_host.trigger("no step")
        assert len(plugin_host.host.failures) == 1
        assert [each.name for each in tmp_path.iterdir()] == ["plugin_host"]
"""
URLS = """
    from django.http import HttpResponse
    from django.urls import path, reverse
    from plugin import InvenTreePlugin
    from plugin.mixins import UrlsMixin


    class Page(UrlsMixin, InvenTreePlugin):
        NAME = "Page"

        def page(self, request, number=0):
            if number == 13:
                raise ArithmeticError("unlucky")
            if request.method == "POST":
                number = int(request.POST["number"])
            where = reverse("plugin:page:page", args=[number])
            return HttpResponse(f"{where} {sorted(request.GET.items())} {hasattr(request, 'user')}")

        def setup_urls(self):
            return [path("", self.page), path("<int:number>/", self.page, name="page")]
"""
URL_TESTS = """
    import pytest


    @pytest.fixture(autouse=True)
    def page(plugin_host):
        return plugin_host.enable("pages")


    def test_get_and_post(plugin_host):
        assert plugin_host.get("/plugin/page/").content.decode() == f"/plugin/page/0/ [] {HAS_USER}"
        found = plugin_host.get("/plugin/page/7/", {"a": "1"}).content.decode()
        assert found == f"/plugin/page/7/ [('a', '1')] {HAS_USER}"
        assert plugin_host.post("/plugin/page/", {"number": 9}).content.startswith(b"/plugin/page/9/")


    def test_what_the_view_raises(plugin_host):
        with pytest.raises(ArithmeticError, match="unlucky"):
            plugin_host.get("/plugin/page/13/")


    def test_what_is_not_there(plugin_host):
        assert plugin_host.get("/plugin/page/x/").status_code == 404
        assert plugin_host.get("/plugin/other/").status_code == 404
        plugin_host.disable("page")
        assert plugin_host.get("/plugin/page/").status_code == 404
"""
CONFIGURED = """
    ALLOWED_HOSTS = ["testserver"]
    SECRET_KEY = "x"
    USE_TZ = True
    ROOT_URLCONF = "own_urls"
    DATABASES = {}
    INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
    MIDDLEWARE = ["middle.give_user"]
"""
MIDDLE = """
    def give_user(get_response):
        def middleware(request):
            request.user = "ada"
            return get_response(request)

        return middleware
"""


def test_the_fixture_is_there_by_one_line(project):
    project.write("marks.py", PLUGIN)
    project.write("test_marks.py", LEAKS)
    done = project.pytest("--fixtures", "-q")
    assert "plugin_host" in done.out
    done = project.pytest()
    assert (done.code, done.counts) == (0, {"passed": 4}), done.out


def test_nothing_of_the_kit_is_there_without_that_line(project):
    project.write("conftest.py", "")
    project.write("test_plugin.py", "def test_import():\n    import plugin\n")
    project.write("test_host.py", "def test_host(plugin_host):\n    pass\n")
    done = project.pytest()
    assert done.counts == {"failed": 1, "error": 1}, done.out
    assert "No module named 'plugin'" in done.out
    assert "fixture 'plugin_host' not found" in done.out


def test_plugin_can_be_imported_from_collection_to_the_end_and_not_after(project):
    project.write("marks.py", PLUGIN)
    project.write(
        "test_marks.py",
        """
        from plugin import InvenTreePlugin
        from inventree_plugins import sdk

        assert InvenTreePlugin is sdk.InvenTreePlugin


        def test_import():
            from plugin.mixins import EventMixin

            assert EventMixin is sdk.EventMixin


        def test_import_of_a_plugin():
            from marks import Mark

            assert issubclass(Mark, sdk.EventMixin)
        """,
    )
    project.write(
        "run.py",
        """
        import sys
        import pytest


        def state():
            return list(sys.meta_path), [name for name in sys.modules if name.partition(".")[0] == "plugin"]


        before = state()
        codes = [pytest.main(["-q", "-p", "no:cacheprovider"]) for _ in range(2)]
        assert codes == [0, 0], codes
        assert before[1] == state()[1] == []
        assert [each for each in state()[0] if "inventree_plugins" in type(each).__module__] == []
        try:
            import plugin
        except ModuleNotFoundError:
            print("gone")
        """,
    )
    done = project.python("run.py")
    assert done.out.endswith("gone\n"), done.out


def test_a_failure_is_reported_with_the_plugins_line_and_type(project):
    project.write(
        "torn.py",
        """
        from plugin import InvenTreePlugin
        from plugin.mixins import EventMixin


        class Torn(EventMixin, InvenTreePlugin):
            NAME = "Torn"

            def process_event(self, event, *args, **kwargs):
                raise BufferError("here it is torn")


        class Shut(InvenTreePlugin):
            NAME = "Shut"

            def __init__(self):
                super().__init__()
                raise BlockingIOError("here it is shut")
        """,
    )
    project.write(
        "test_torn.py",
        """
        def test_event(plugin_host):
            plugin_host.enable("torn:Torn")
            plugin_host.trigger("anything")


        def test_constructor(plugin_host):
            plugin_host.enable("torn:Shut")
        """,
    )
    done = project.pytest()
    assert done.counts == {"failed": 2}, done.out
    for line in (
        'raise BufferError("here it is torn")',
        "BufferError: here it is torn",
        'raise BlockingIOError("here it is shut")',
        "BlockingIOError: here it is shut",
        "torn.py:10",
        "torn.py:18",
    ):
        assert line in done.out


def test_it_works_under_xdist(project):
    pytest.importorskip("xdist")
    project.write("marks.py", PLUGIN)
    project.write("test_marks.py", LEAKS)
    done = project.pytest("-n", "2")
    assert (done.code, done.counts) == (0, {"passed": 4}), done.out


def test_a_real_package_of_that_name_is_used(project):
    project.write("plugin/__init__.py", "class InvenTreePlugin:\n    real = True\n")
    project.write("plugin/mixins.py", "class EventMixin:\n    real = True\n")
    project.write(
        "test_real.py",
        """
        import pytest
        from plugin import InvenTreePlugin
        from plugin.mixins import EventMixin

        from inventree_plugins.sdk import InvenTreePlugin as Ours


        def test_imports_are_the_real_ones():
            assert InvenTreePlugin.real and EventMixin.real
            with pytest.raises(ImportError):
                from plugin.mixins import ActionMixin
            with pytest.raises(ImportError):
                import plugin.registry


        def test_plugins_of_the_sdk_are_hosted_all_the_same(plugin_host):
            class Mine(Ours):
                NAME = "Mine"

            assert plugin_host.enable(Mine).name == "Mine"
            assert InvenTreePlugin.real
        """,
    )
    done = project.pytest()
    assert (done.code, done.counts) == (0, {"passed": 2}), done.out


def test_urls_without_any_configuration_of_django(project):
    pytest.importorskip("django")
    project.write("pages.py", URLS)
    project.write("test_pages.py", "HAS_USER = False\n" + _dedented(URL_TESTS))
    done = project.pytest()
    assert (done.code, done.counts) == (0, {"passed": 3}), done.out


def _dedented(text):
    return "\n".join(line.removeprefix("    ") for line in text.splitlines())


def test_urls_with_a_configured_django_keep_to_it(project):
    pytest.importorskip("django")
    project.write("pages.py", URLS)
    project.write("middle.py", MIDDLE)
    project.write("own_settings.py", CONFIGURED)
    project.write("own_urls.py", "urlpatterns = []\n")
    project.write(
        "conftest.py",
        """
        import django

        pytest_plugins = ["inventree_plugins.testing"]
        django.setup()
        """,
    )
    after = """
        def test_the_projects_own_urls_are_back():
            from django.conf import settings

            assert settings.ROOT_URLCONF == "own_urls"
    """
    project.write("test_pages.py", "HAS_USER = True\n" + _dedented(URL_TESTS))
    project.write("test_z.py", after)
    done = project.pytest(DJANGO_SETTINGS_MODULE="own_settings")
    assert (done.code, done.counts) == (0, {"passed": 4}), done.out


def test_urls_with_settings_that_nobody_has_read_yet_keep_to_them(project):
    pytest.importorskip("django")
    project.write("pages.py", URLS)
    project.write("middle.py", MIDDLE)
    project.write("own_settings.py", CONFIGURED)
    project.write("own_urls.py", "urlpatterns = []\n")
    project.write("test_pages.py", "HAS_USER = True\n" + _dedented(URL_TESTS))
    done = project.pytest(DJANGO_SETTINGS_MODULE="own_settings")
    assert (done.code, done.counts) == (0, {"passed": 3}), done.out


def test_a_test_without_a_host_finds_none_of_the_test_before(project):
    project.write("marks.py", PLUGIN)
    project.write(
        "test_marks.py",
        """
        from plugin import registry
        from plugin.events import trigger_event


        def test_with(plugin_host):
            plugin_host.enable("marks")
            assert registry.get_plugin("mark")


        def test_without():
            assert registry.get_plugin("mark") is None
            trigger_event("step", step=1)
        """,
    )
    done = project.pytest()
    assert (done.code, done.counts) == (0, {"passed": 2}), done.out


def test_the_kit_reads_nothing_that_lies_around(project):
    database = "database: {ENGINE: mysql, NAME: x}"
    project.write("config.yaml", f"plugins_enabled: true\nplugin_dir: plugins\n{database}\n")
    project.write("plugins/around.py", PLUGIN.replace("Mark", "Around"))
    project.write(
        "test_around.py",
        """
        def test_around(plugin_host):
            assert dict(plugin_host.host.inactive) == {}
        """,
    )
    done = project.pytest(INVENTREE_CONFIG_FILE="config.yaml", INVENTREE_PLUGINS_MANDATORY="around")
    assert (done.code, done.counts) == (0, {"passed": 1}), done.out
    assert not (project.folder / ".invplug").exists()
