"""The service that API calls go to."""

from __future__ import annotations

from http.server import ThreadingHTTPServer

import pytest

from tests.sdk.service import Service, made, started


@pytest.fixture
def server():
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Service) for _ in range(2)]
    servers[0].other = servers[1]
    threads = [started(each) for each in servers]
    yield servers[0]
    for each, thread in zip(servers, threads, strict=True):
        each.shutdown()
        thread.join()
        each.server_close()


@pytest.fixture
def service(server):
    return f"127.0.0.1:{server.server_port}"


@pytest.fixture
def caller(service):
    return made(service)
