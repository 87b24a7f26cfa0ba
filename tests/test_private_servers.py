"""The servers of the tests end with the processes that use them, however those end."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.private_servers import PREPARATIONS, Address, MissingServerError, shared_server

ROOT = Path(__file__).parents[1]
USER = """
import json, sys, time
from pathlib import Path
from tests.private_servers import shared_server
with shared_server(sys.argv[1], Path(sys.argv[2])) as address:
    print(json.dumps(address._asdict()), flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("engine", PREPARATIONS)
def test_a_server_is_shared_and_ends_with_its_last_user(engine, tmp_path):
    try:
        PREPARATIONS[engine].require()
    except MissingServerError as error:
        pytest.skip(str(error))
    command = [sys.executable, "-c", USER, engine, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as user:
        address = Address(**json.loads(user.stdout.readline()))
        with shared_server(engine, tmp_path) as same:
            assert same == address
            user.kill()
            user.wait()
            assert is_listening(address)
    deadline = time.monotonic() + 10
    while (is_listening(address) or Path(address.socket).exists()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_listening(address)
    assert not Path(address.socket).exists()


def is_listening(address):
    with suppress(OSError), closing(socket.create_connection((address.host, address.port), timeout=1)):
        return True
    return False
