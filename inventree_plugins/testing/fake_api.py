"""A service on loopback that answers as a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

__all__ = ["FakeApi", "Received"]


@dataclass(frozen=True, slots=True)
class Received:
    """A request that came in; `query` holds a list of values by name, `headers` are by lower-case name."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON has it."""
        return json.loads(self.body)


class _Server(ThreadingHTTPServer):
    # Those who wait to be served are asked to try again a second later when there are more.
    request_queue_size = 128


class FakeApi:
    """Answers requests at `url` and keeps them in `requests`; the answer to what was not announced is 404."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self._answers: dict[tuple[str, str], tuple[int, bytes, Mapping[str, str]]] = {}
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Return the address, for the plugin's setting."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(
        self,
        path: str,
        content: Any = None,
        *,
        method: str = "GET",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer requests for a path with JSON from now on, or with bytes as they are."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        self._answers[method.upper(), f"/{path.strip('/')}"] = (status, body, sent)

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                api._respond(self)

            def log_message(self, *_arguments: Any) -> None:
                """Say nothing: the test asks for what it wants to know."""

        return Handler

    def _respond(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        method = handler.command.upper()
        self.requests.append(Received(method, parts.path, parse_qs(parts.query), headers, body))
        unknown = (404, b'{"detail": "the fake has no such answer"}', {"Content-Type": "application/json"})
        status, content, sent = self._answers.get((method, f"/{parts.path.strip('/')}"), unknown)
        handler.send_response(status)
        for name, value in {**sent, "Content-Length": str(len(content))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if method != "HEAD":
            handler.wfile.write(content)
