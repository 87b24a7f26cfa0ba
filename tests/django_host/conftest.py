"""A Django project of its own, served by a real process, and an administrator's browser."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

from inventree_plugins.models import Database

pytest.importorskip("django")

SETTINGS = """
from pathlib import Path

BASE_DIR = Path(__file__).parent
SECRET_KEY = "for this test"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "site_urls"
USE_TZ = True
STATIC_URL = "/static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
    "django.contrib.sessions", "django.contrib.messages", "django.contrib.staticfiles",
    "inventree_plugins.host.django",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "site.sqlite3"}}
INVENTREE_PLUGINS = {"reload_seconds": 0}
"""
URLS = """
from django.contrib import admin
from django.http import HttpResponse
from django.urls import path

from inventree_plugins.host.django.urls import plugin_urls

urlpatterns = [
    path("admin/", admin.site.urls),
    plugin_urls(),
    path("alive/", lambda request: HttpResponse("alive")),
]
"""
MANAGE = """
import os
import sys

from django.core.management import execute_from_command_line

os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
execute_from_command_line(sys.argv)
"""
SERVE = """
import os
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server

os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
from django.core.wsgi import get_wsgi_application


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


server = make_server("127.0.0.1", 0, get_wsgi_application(), server_class=Server)
print(server.server_port, flush=True)
server.serve_forever()
"""


@dataclass(frozen=True)
class Page:
    """What was answered."""

    status: int
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


class Browser:
    """Asks one server process, and keeps its cookies."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str, form: dict[str, Any] | None = None) -> Page:
        data = urllib.parse.urlencode(form, doseq=True).encode() if form is not None else None
        request = urllib.request.Request(self._base + path, data, {"Referer": self._base})
        try:
            with self._opener.open(request, timeout=30) as response:
                return Page(response.status, response.read().decode())
        except urllib.error.HTTPError as error:
            return Page(error.code, error.read().decode())

    def post(self, path: str, form: dict[str, Any]) -> Page:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path).text)[1]
        return self.get(path, {**form, "csrfmiddlewaretoken": token})

    def log_in(self) -> None:
        page = self.post("/admin/login/?next=/admin/", {"username": "ada", "password": "countess"})
        assert "Site administration" in page.text


class Site:
    """A project folder; `.invplug` and `plugins` in it are the standalone instance's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "server.log"
        for name, text in (
            ("site_settings", SETTINGS),
            ("site_urls", URLS),
            ("manage", MANAGE),
            ("serve", SERVE),
        ):
            (folder / f"{name}.py").write_text(text)
        (folder / "plugins").mkdir()

    def write(self, path: str, text: str) -> None:
        file = self.folder / "plugins" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def configure(self, text: str) -> None:
        with (self.folder / "site_settings.py").open("a") as file:
            file.write(text)

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0 or not check, done.stderr
        return done

    @property
    def database(self) -> Database:
        return Database("sqlite3", str(self.folder / ".invplug" / "store.sqlite3"), standalone=True)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "DJANGO_SUPERUSER_PASSWORD": "countess"}

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("manage.py", *arguments, check=check)

    def invplug(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "inventree_plugins", "--python", sys.executable, *arguments)

    def make_administrator(self) -> None:
        self.manage("migrate", "-v", "0")
        self.manage("createsuperuser", "--noinput", "--username", "ada", "--email", "ada@example.com")

    @contextmanager
    def serving(self) -> Iterator[Browser]:
        with (
            self.log.open("a") as log,
            subprocess.Popen(
                [sys.executable, "serve.py"],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            ) as process,
        ):
            try:
                port = process.stdout.readline()
                assert port, self.log.read_text()
                yield Browser(int(port))
            finally:
                process.kill()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    folder = tmp_path / "site"
    folder.mkdir()
    return Site(folder)
