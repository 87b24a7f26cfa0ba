"""Package indexes on loopback: a well-kept one, pypiserver, and one that misbehaves as it is told.

Both serve a folder, which may grow meanwhile, from where their `with` block begins to where it ends.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Mapping
from email.parser import HeaderParser
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import quote, unquote, urlsplit

import pytest
from packaging.utils import canonicalize_name

from tests.builders import build_sdist, build_wheel

if TYPE_CHECKING:
    from typing_extensions import Self

HOST = "127.0.0.1"
JSON = "application/vnd.pypi.simple.v1+json"
# Seconds after which a connection on which nothing comes is dropped.
PATIENCE = 10.0

# Serves until its standard input ends, which it does with whoever started it, however that ended.
SERVER = """
import sys, threading
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from pypiserver import app_from_config, setup_routes_from_config
from pypiserver.config import Config


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


folder, passwords = sys.argv[1:]
protected = "list,download,update" if passwords else "."
config = Config.from_args(
    ["run", folder, "--authenticate", protected, "--passwords", passwords or ".", "--disable-fallback"]
)
app = setup_routes_from_config(app_from_config(config), config)
server = make_server("127.0.0.1", 0, app, server_class=Server, handler_class=Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
"""


def only_from_indexes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep settings of installers, TLS and proxies away; let nothing be tried twice or waited for long."""
    for name in list(os.environ):
        is_of_tls = name.startswith("SSL_CERT_") or name in {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}
        if name.startswith(("PIP_", "UV_")) or name.lower().endswith("_proxy") or is_of_tls:
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "1")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")


class Shelf:
    """A folder of packages that is served at `url`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        """Return the URL of the index, as `--index-url` takes it."""
        return f"http://{HOST}:{self.port}/simple/"

    def url_with(self, user: str, password: str = "") -> str:
        """Return the URL with credentials; what looks like `${VARIABLE}` stays so."""
        parts = [text if text.startswith("${") else quote(text, safe="") for text in (user, password) if text]
        return self.url.replace("://", f"://{':'.join(parts)}@")

    def wheel(self, name: str, version: str = "1.0", **more: object) -> Path:
        """Build a wheel into the folder; `more` is what `build_wheel` takes."""
        return build_wheel(self.folder, name, version, **more)

    def sdist(self, name: str, version: str = "1.0", *, files: Mapping[str, str]) -> Path:
        """Build a source archive into the folder."""
        return build_sdist(self.folder, name, version, files=files)


class PackageIndex(Shelf):
    """pypiserver in a process of its own; with `user` and `password` it answers nobody else."""

    def __init__(self, folder: Path, *, user: str | None = None, password: str = "") -> None:
        super().__init__(folder)
        self._user = user
        self._password = password

    def __enter__(self) -> Self:
        self._private = tempfile.TemporaryDirectory(prefix="index-")
        passwords = ""
        if self._user:
            passwords = f"{self._private.name}/passwords"
            digest = base64.b64encode(hashlib.sha1(self._password.encode()).digest()).decode()
            Path(passwords).write_text(f"{self._user}:{{SHA}}{digest}\n", encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(self.folder), passwords],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self._process.stdout.readline()
        if not line:
            self.__exit__()
            raise RuntimeError("pypiserver did not start: it says why on standard error")
        self.port = int(line)
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            self._process.stdin.close()
        self._private.cleanup()


class Request(NamedTuple):
    """What a client asked for: `path` is a whole URL when it took the index for a proxy."""

    method: str
    path: str
    authorization: str | None

    @property
    def credentials(self) -> str | None:
        """Return `user:password` of Basic authentication."""
        kind, _, value = (self.authorization or "").partition(" ")
        return base64.b64decode(value).decode() if kind == "Basic" else None


# Close without a word; half a file; other bytes than the page's hash is of; no answer at all; go elsewhere.
Fault = int | Literal["close", "half", "corrupt", "silence", "redirect"]


class Misbehaviour(NamedTuple):
    """A fault for requests whose path has `at` in it, as often as `left` says."""

    fault: Fault
    at: str
    left: list[None] | None
    to: str

    def takes(self, path: str) -> bool:
        """Tell whether a request meets the fault, and count it."""
        if self.at not in path:
            return False
        if self.left is None:
            return True
        try:
            self.left.pop()
        except IndexError:
            return False
        return True


class FaultyIndex(Shelf):
    """A simple index (PEP 503) in a thread, which records every request and fails where it is told to.

    With `upload_times`, file names to ISO times, it speaks JSON (PEP 691, 700) to clients that do. It also
    takes whole URLs, as a proxy does, and answers them from its own folder. `on_request` is called before
    each answer. `credentials` is the `user:password` without which it answers 401. `tls` is a folder with
    `certificates.certify`'s files, `asks_client` whether a client has to have one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        upload_times: Mapping[str, str] | None = None,
        on_request: Callable[[Request], None] | None = None,
        credentials: str | None = None,
        tls: Path | None = None,
        asks_client: bool = False,
    ) -> None:
        super().__init__(folder)
        self.upload_times = upload_times
        self.on_request = on_request
        self.credentials = credentials
        self.tls = tls
        self.asks_client = asks_client
        self.requests: list[Request] = []
        self.connections = 0
        self.ended = threading.Event()
        self._faults: list[Misbehaviour] = []

    @property
    def url(self) -> str:
        """Return the URL of the index, as `--index-url` takes it."""
        return super().url.replace("http:", "https:") if self.tls else super().url

    def misbehave(self, fault: Fault, *, at: str = "/", times: int | None = None, to: str = "") -> None:
        """Meet requests whose path has `at` in it with `fault`, the first `times` or all; see `Fault`.

        `to` is the server, without a path, that "redirect" leads to.
        """
        left = None if times is None else [None] * times
        self._faults.append(Misbehaviour(fault, at, left, to))

    def behave(self) -> None:
        """Be a good index from now on."""
        self._faults.clear()

    def fault_of(self, path: str) -> Misbehaviour | None:
        """Return what the request for `path` is to meet."""
        return next((each for each in self._faults if each.takes(path)), None)

    @property
    def paths(self) -> list[str]:
        """Return the paths that were asked for, in order."""
        return [request.path for request in self.requests]

    def __enter__(self) -> Self:
        self._server = Server(self)
        self.port = self._server.server_port
        # It looks that often whether it should end.
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Server(ThreadingHTTPServer):
    """A thread for each connection; closing waits for them."""

    daemon_threads = False

    def __init__(self, index: FaultyIndex) -> None:
        self.index = index
        super().__init__((HOST, 0), Handler)
        if index.tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(index.tls / "server.pem", index.tls / "server.key")
            if index.asks_client:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(index.tls / "ca.pem")
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def verify_request(self, *_: object) -> bool:
        """Count the connection."""
        self.index.connections += 1
        return True

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that went away; anything else is a fault of the test's own."""
        if not isinstance(sys.exc_info()[1], OSError):
            raise  # noqa: PLE0704 - called while it is handled


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: Server
    timeout = PATIENCE

    def do_GET(self) -> None:
        """Record, obey the faults, and answer."""
        index = self.server.index
        request = Request(self.command, self.path, self.headers["Authorization"])
        index.requests.append(request)
        if index.on_request:
            index.on_request(request)
        if index.credentials and request.credentials != index.credentials:
            self._send(401, b"who are you?", headers={"WWW-Authenticate": 'Basic realm="packages"'})
            return
        met = index.fault_of(self.path)
        path = unquote(urlsplit(self.path).path)
        if met is None:
            self._answer(path)
        elif met.fault == "silence":
            index.ended.wait()
        elif met.fault == "redirect":
            self._send(302, b"", headers={"Location": f"{met.to}{path}"})
        elif isinstance(met.fault, int):
            self._send(met.fault, b"no", headers={})
        elif met.fault != "close":
            self._answer(path, fault=met.fault)

    def do_HEAD(self) -> None:
        """Answer without the body."""
        self.do_GET()

    def do_CONNECT(self) -> None:
        """Record that a tunnel was wanted, and open none."""
        self.server.index.requests.append(Request(self.command, self.path, None))
        self._send(403, b"no tunnels", headers={})

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, path: str, *, fault: Fault | None = None) -> None:
        index = self.server.index
        kind, _, name = path.strip("/").partition("/")
        if kind == "files" and (index.folder / name).is_file():
            self._send(200, (index.folder / name).read_bytes(), headers={}, fault=fault)
            return
        files = files_of(index.folder, name) if kind == "simple" else []
        if not files:
            self._send(404, b"not here", headers={})
        elif index.upload_times is not None and JSON in self.headers["Accept"]:
            text = json_page(name, files, upload_times=index.upload_times)
            self._send(200, text.encode(), headers={"Content-Type": JSON}, fault=fault)
        else:
            text = html_page(files)
            self._send(200, text.encode(), headers={"Content-Type": "text/html"}, fault=fault)

    def _send(
        self, status: int, body: bytes, *, headers: Mapping[str, str], fault: Fault | None = None
    ) -> None:
        if fault == "corrupt":
            body = body[:-1] + bytes([body[-1] ^ 1])
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if fault == "half" else body)


def files_of(folder: Path, name: str) -> list[Path]:
    """Return the files of a package, or with no name one of each package."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        found.setdefault(canonicalize_name(name_and_version(path)[0]), []).append(path)
    return found.get(canonicalize_name(name), []) if name else [paths[0] for paths in found.values()]


def name_and_version(path: Path) -> tuple[str, str]:
    """Return what the name of a wheel or a source archive says; a source archive's name may have dashes."""
    if path.suffix == ".whl":
        name, version, *_ = path.name.split("-")
    else:
        name, _, version = path.name.removesuffix(".tar.gz").rpartition("-")
    return name, version


def html_page(files: list[Path]) -> str:
    """Return the page of a package in HTML (PEP 503)."""
    lines = []
    for path in files:
        needed = python_of(path)
        python = f' data-requires-python="{escape(needed)}"' if needed else ""
        href = f"../../files/{path.name}#sha256={digest_of(path)}"
        lines.append(f'<a href="{href}"{python}>{path.name}</a><br>')
    return "<!DOCTYPE html><html><body>\n" + "\n".join(lines) + "\n</body></html>\n"


def json_page(name: str, files: list[Path], *, upload_times: Mapping[str, str]) -> str:
    """Return the page of a package in JSON (PEP 691) with sizes and upload times (PEP 700)."""
    entries = []
    for path in files:
        entry = {
            "filename": path.name,
            "url": f"../../files/{path.name}",
            "hashes": {"sha256": digest_of(path)},
            "size": path.stat().st_size,
            "requires-python": python_of(path),
            "upload-time": upload_times.get(path.name),
        }
        entries.append({key: value for key, value in entry.items() if value is not None})
    versions = sorted({name_and_version(path)[1] for path in files})
    page = {"meta": {"api-version": "1.1"}, "name": name.strip("/"), "versions": versions, "files": entries}
    return json.dumps(page)


def digest_of(path: Path) -> str:
    """Return the file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def python_of(path: Path) -> str | None:
    """Return the Requires-Python of a wheel."""
    if path.suffix != ".whl":
        return None
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return HeaderParser().parsestr(archive.read(name).decode())["Requires-Python"]
