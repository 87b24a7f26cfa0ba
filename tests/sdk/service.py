"""A real service on this machine that answers as the path says, and a plugin that calls it."""

from __future__ import annotations

import gzip
import json
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler

from inventree_plugins.sdk import APICallMixin, InvenTreePlugin, MemoryRuntime, SettingsMixin

TEXT = '{"a": "ä"}'
LATIN = {"Content-Type": "application/json; charset=iso-8859-1"}
# Path -> status, headers, body; without a body the request comes back.
ANSWERS = {
    "/missing": (404, {}, None),
    "/text": (200, {}, b"no json"),
    "/deep": (200, {}, b"[" * 100_000),
    "/slash": (301, {"Location": "/slash/"}, b""),
    "/once301": (301, {"Location": "there"}, b'{"redirect": 1}'),
    "/once302": (302, {"Location": "/there"}, b'{"redirect": 1}'),
    "/once303": (303, {"Location": "/there"}, b'{"redirect": 1}'),
    "/once307": (307, {"Location": "/there"}, b'{"redirect": 1}'),
    "/once308": (308, {"Location": "/there?x=ä#part"}, b'{"redirect": 1}'),
    "/loop": (302, {"Location": "/loop"}, b'{"redirect": 1}'),
    "/file": (302, {"Location": "file:///etc/hostname"}, b""),
    "/ill": (302, {"Location": "http://[::1"}, b""),
    "/several": (300, {}, b"{}"),
    "/unchanged": (304, {}, b""),
    "/gzip": (200, {"Content-Encoding": "gzip"}, gzip.compress(TEXT.encode())),
    "/twice": (200, {"Content-Encoding": "deflate, gzip"}, gzip.compress(zlib.compress(TEXT.encode()))),
    "/deflate": (200, {"Content-Encoding": "deflate"}, zlib.compress(TEXT.encode())),
    "/raw": (200, {"Content-Encoding": "deflate"}, zlib.compress(TEXT.encode())[2:-4]),
    "/badzip": (200, {"Content-Encoding": "gzip"}, b"no gzip"),
    "/cutzip": (200, {"Content-Encoding": "gzip"}, gzip.compress(TEXT.encode())[:-9]),
    "/utf8": (200, {}, TEXT.encode()),
    "/bom": (200, {}, TEXT.encode("utf-8-sig")),
    "/utf16": (200, {}, TEXT.encode("utf-16")),
    "/utf32": (200, {}, TEXT.encode("utf-32")),
    "/latin": (200, LATIN, TEXT.encode("latin-1")),
    "/odd": (200, {"Content-Type": "text/plain; charset=nonsense"}, TEXT.encode()),
    "/binary": (200, {"Content-Type": "image/png", "X-Own": "1"}, bytes(range(256))),
}


class Service(BaseHTTPRequestHandler):
    """Answer as the path says."""

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode("latin-1")
        path, _, query = self.path.partition("?")
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        echo = {"method": self.command, "path": self.path, "body": body, "headers": dict(self.headers)}
        if path == "/slow":
            time.sleep(1.5)
        if path.startswith("/short"):
            return self.send(int(query), {}, b"cut", length=100, wait="slow" in path)
        if path == "/away":
            host = "localhost" if query == "host" else "127.0.0.1"
            port = self.server.other.server_port if query == "port" else self.server.server_port
            return self.send(307, {"Location": f"http://{host}:{port}/there"}, b"")
        status, headers, sent = ANSWERS.get(path, (200, {}, None))
        return self.send(status, headers, json.dumps(echo).encode() if sent is None else sent)

    def send(self, status, headers, body, *, length=None, wait=False):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value.encode().decode("latin-1"))
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        if wait:
            time.sleep(1.5)

    do_GET = do_POST = do_PATCH = do_HEAD = answer  # noqa: N815 - the library's names

    def log_message(self, *_):
        pass


def started(server):
    server.daemon_threads = True
    server.seen = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    return thread


def made(service="", **attributes):
    defaults = {
        "NAME": "My Plugin",
        "SETTINGS": {"URL": {"default": service}, "TOKEN": {"default": "t0ken"}},
        "API_METHOD": "http",
        "API_URL_SETTING": "URL",
        "API_TOKEN_SETTING": "TOKEN",
        "API_TIMEOUT": 0.5,
    }
    plugin = type("Made", (APICallMixin, SettingsMixin, InvenTreePlugin), {**defaults, **attributes})()
    plugin._runtime = MemoryRuntime()
    return plugin
