"""Certificates for 127.0.0.1, made by openssl."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

OPENSSL = shutil.which("openssl")


def certify(root: Path) -> None:
    """Write `server.pem`, signed by `ca.pem`, and `client.pem`, too, and `other.pem`, which signed nothing.

    Each has its `.key` beside it.
    """
    for name in ("ca", "other"):
        _certificate(root, name, "-subj", f"/CN=invplug test {name}")
    leaf = ("-addext", "basicConstraints=critical,CA:FALSE")
    signed = (*leaf, "-CA", root / "ca.pem", "-CAkey", root / "ca.key")
    host = ("-addext", "subjectAltName=IP:127.0.0.1")
    _certificate(root, "server", "-subj", "/CN=invplug", *host, *signed)
    _certificate(root, "client", "-subj", "/CN=ada", *signed)


def _certificate(root: Path, name: str, *options: str | Path) -> None:
    command = [
        OPENSSL or "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    files = ["-keyout", root / f"{name}.key", "-out", root / f"{name}.pem"]
    subprocess.run([*command, *files, "-days", "2", *options], check=True)
