"""Wordings of real pip runs that a test cannot bring about everywhere, or that only an older pip prints."""

# ruff: noqa: E501, RUF001, W293  # the outputs are quoted as pip printed them
from __future__ import annotations

from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from inventree_plugins.models import Declaration
from inventree_plugins.packages import diagnose

FILE = Path("/srv/plugins.txt")
NOISE = "WARNING: Location 'file:///opt/simple/foo/' is ignored: it is neither a file nor a directory.\n"


def declared(*names):
    return [Declaration(name, FILE, line, canonicalize_name(name)) for line, name in enumerate(names, 1)]


OLD_BUILD = """\
Processing ./w/foo-1.0.tar.gz
  Preparing metadata (setup.py): started
  Preparing metadata (setup.py): finished with status 'error'
  error: subprocess-exited-with-error
  
  × python setup.py egg_info did not run successfully.
  │ exit code: 1
  ╰─> [6 lines of output]
      Traceback (most recent call last):
        File "<string>", line 2, in <module>
          import nothing_here_at_all
      ModuleNotFoundError: No module named 'nothing_here_at_all'
      [end of output]
  
  note: This error originates from a subprocess, and is likely not a problem with pip.
error: metadata-generation-failed

× Encountered error while generating package metadata.
╰─> See above for output.

note: This is an issue with the package mentioned above, not pip.
hint: See above for details.
"""
COMPILER = """\
Building wheels for collected packages: foo
  error: subprocess-exited-with-error
  
  × Building wheel for foo (pyproject.toml) did not run successfully.
  │ exit code: 1
  ╰─> [10 lines of output]
      running build_ext
      gcc -c missing.c -o build/missing.o
      cc1: fatal error: missing.c: No such file or directory
      compilation terminated.
      error: command '/usr/bin/gcc' failed with exit code 1
      [end of output]
  
  note: This error originates from a subprocess, and is likely not a problem with pip.
  ERROR: Failed building wheel for foo
Failed to build foo
ERROR: Could not build wheels for foo, which is required to install pyproject.toml-based projects
"""
OLD_NETWORK = """\
Collecting foo@ https://host.invalid/foo-1.0-py3-none-any.whl
ERROR: Could not install packages due to an OSError: HTTPSConnectionPool(host='host.invalid', port=443): Max retries \
exceeded with url: /foo-1.0-py3-none-any.whl (Caused by NewConnectionError('<pip._vendor.urllib3.connection>: Failed \
to establish a new connection: [Errno -2] Name or service not known'))
"""
NEW_NETWORK = """\
Collecting foo @ https://host.invalid/foo-1.0-py3-none-any.whl
error: connection-failed

× Failed to connect to host.invalid while fetching https://host.invalid/foo-1.0-py3-none-any.whl
╰─> Failed to resolve IP address for 'host.invalid' ([Errno -2] Name or service not known)

hint: Are you connected to the Internet?
"""
OTHER_PYTHONS = """\
ERROR: Packages require a different Python. 3.11.7 not in:
'>=3.99' (required by foo 1.0 (from /w/foo-1.0-py3-none-any.whl))
'<3' (required by foo 0.9 (from /w/foo-0.9-py3-none-any.whl))
"""
IGNORED = """\
ERROR: Ignored the following versions that require a different python version: 6.0 Requires-Python >=3.12; 6.1 \
Requires-Python >=3.12
ERROR: Could not find a version that satisfies the requirement foo (from versions: none)
ERROR: No matching distribution found for foo
"""
MANY = """\
ERROR: Ignored the following yanked versions: 4.2.12, 5.0.5
ERROR: Could not find a version that satisfies the requirement foo==99 (from versions: 1, 2, 3, 4, 5, 6, 7)
ERROR: No matching distribution found for foo==99
"""
OS_ERROR = "ERROR: Could not install packages due to an OSError: [Errno {}"
SYSTEM = """\
error: externally-managed-environment

× This environment is externally managed
╰─> To install Python packages system-wide, try apt install
    python3-xyz, where xyz is the package you are trying to
    install.

note: If you believe this is a mistake, please contact your Python installation or OS distribution provider.
"""
NO_RECORD = """\
Found existing installation: foo 1.2
error: uninstall-no-record-file

× Cannot uninstall foo 1.2
╰─> The package's contents are unknown: no RECORD file was found for foo.

hint: You might be able to recover from this via: pip install --ignore-installed --no-deps foo==1.2
"""


@pytest.mark.parametrize(
    ("output", "code", "words", "line"),
    [
        (OLD_BUILD, "install-build-failed", "`foo` could not be built: ModuleNotFoundError: No module", 2),
        (
            COMPILER,
            "install-build-failed",
            "`foo` could not be built: error: command '/usr/bin/gcc' failed",
            2,
        ),
        (OLD_NETWORK, "install-network", "`host.invalid` cannot be reached", 2),
        (NEW_NETWORK, "install-network", "failed to connect to host.invalid", 2),
        (OTHER_PYTHONS, "install-no-version", "`foo` needs Python >=3.99, and the target has 3.11.7", 2),
        (IGNORED, "install-no-version", "no version of `foo` supports the target's Python", 2),
        (MANY, "install-no-version", "no version satisfies `foo==99`; available: …, 3, 4, 5, 6, 7", 2),
        (OS_ERROR.format("28] No space left on device\n\n"), "install-no-space", "no space", None),
        (OS_ERROR.format("13] Permission denied: '/x/foo'\n"), "install-permission", "`/x/foo`", None),
        (OS_ERROR.format("30] Read-only file system: '/x'\n"), "install-permission", "read-only", None),
        (SYSTEM, "install-externally-managed", "operating system", None),
        (NO_RECORD, "install-failed", "Cannot uninstall foo 1.2: The package's contents are unknown", 2),
        (
            "This version of pip does not support python 3.8 (requires >=3.10).\n",
            "install-failed",
            "3.8",
            None,
        ),
        ("ERROR: Double requirement given: foo==2 (already in foo==1)\n", "install-conflict", "`foo==2`", 2),
        (
            "ERROR: Something unheard of\n",
            "install-failed",
            "the installer failed: Something unheard of",
            None,
        ),
        ("Killed\n", "install-failed", "Killed", None),
        ("", "install-failed", "printed nothing", None),
    ],
)
def test_names_cause_and_line(output, code, words, line):
    error = diagnose(NOISE + output + NOISE, declared("bar", "foo"))
    assert (error.code, error.line) == (code, line)
    assert words in error.message
    assert error.message.count("\n") == 0
    assert "is ignored" not in f"{error.message}{error.detail}"
    assert ("(`plugins.txt` line 2)" in error.message) == (line is not None)


def test_a_chain_of_dependencies_leads_to_the_declared_one():
    output = (
        "ERROR: Could not find a version that satisfies the requirement low>=2 (from mid->foo==1->-r /srv/plugins.txt"
        " (line 2)) (from versions: 1.0)\n"
    )
    error = diagnose(output, declared("bar", "foo"))
    assert (error.code, error.path, error.line) == ("install-no-version", FILE, 2)
    assert "`low>=2`, which `mid` needs" in error.message


def test_shows_no_credentials():
    output = "ERROR: cannot read https://user:pass@host/simple/foo\n"
    error = diagnose(output, [])
    assert "pass" not in f"{error.message}{error.detail}"
