"""Small distributions, built byte by byte, so that no test needs a network or a build back end."""

from __future__ import annotations

import base64
import hashlib
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path


def build_wheel(
    directory: Path,
    name: str,
    version: str,
    *,
    modules: Mapping[str, str] | None = None,
    entry_points: Mapping[str, str] | None = None,
    requires: Sequence[str] = (),
    metadata: Mapping[str, str] | None = None,
    tag: str = "py3-none-any",
) -> Path:
    """Write a wheel into `directory` and return its path.

    `modules` maps file names (`pkg/plugin.py`) to text, `entry_points` names to objects in the group
    `inventree_plugins`, `metadata` further header names to values (`Requires-Python`, `Provides-Extra`).
    """
    escaped = name.replace("-", "_")
    info = f"{escaped}-{version}.dist-info"
    files = dict(modules if modules is not None else {f"{escaped.lower()}.py": ""})
    files[f"{info}/METADATA"] = metadata_text(name, version, requires=requires, metadata=metadata)
    files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n"
    if entry_points:
        lines = "".join(f"{key} = {value}\n" for key, value in entry_points.items())
        files[f"{info}/entry_points.txt"] = f"[inventree_plugins]\n{lines}"
    record = "".join(f"{path},{_digest(text)},{len(text.encode())}\n" for path, text in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    directory.mkdir(parents=True, exist_ok=True)
    wheel = directory / f"{escaped}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


def build_sdist(directory: Path, name: str, version: str, *, files: Mapping[str, str]) -> Path:
    """Write a source archive with `files` below its one folder, and return its path."""
    directory.mkdir(parents=True, exist_ok=True)
    sdist = directory / f"{name}-{version}.tar.gz"
    content = {"PKG-INFO": metadata_text(name, version), **files}
    with tarfile.open(sdist, "w:gz") as archive:
        for path, text in content.items():
            member = tarfile.TarInfo(f"{name}-{version}/{path}")
            member.size = len(text.encode())
            archive.addfile(member, BytesIO(text.encode()))
    return sdist


def install_folder(
    site: Path,
    name: str,
    version: str,
    *,
    entry_points: str | None = None,
    requires: Sequence[str] = (),
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write the `.dist-info` of an installed distribution, without any installer, and return it."""
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        metadata_text(name, version, requires=requires, metadata=metadata), encoding="utf-8"
    )
    if entry_points is not None:
        (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")
    return info


def metadata_text(
    name: str, version: str, *, requires: Sequence[str] = (), metadata: Mapping[str, str] | None = None
) -> str:
    """Return the text of a METADATA file."""
    headers = [("Metadata-Version", "2.1"), ("Name", name), ("Version", version)]
    headers += [*(metadata or {}).items(), *(("Requires-Dist", text) for text in requires)]
    return "".join(f"{key}: {value}\n" for key, value in headers)


def _digest(text: str) -> str:
    raw = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
