"""Wordings of real pip runs that a test cannot bring about everywhere, or that only an older pip prints."""

# ruff: noqa: E501, RUF001, W293  # the outputs are quoted as pip printed them
from __future__ import annotations

from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from inventree_plugins.models import Declaration
from inventree_plugins.packages.diagnosis import diagnose, is_unexplained

FILE = Path("/srv/plugins.txt")
NOISE = "WARNING: Location 'file:///opt/simple/foo/' is ignored: it is neither a file nor a directory.\n"


# What each pip between 24.0 and 26.3 says in its own way leads to one sentence.
LINE = "-r /srv/plugins.txt (line 2)"
ASKED = f"Looking in indexes: https://host.invalid/simple\nCollecting foo (from {LINE})\n"
NOTHING = """\
Looking in indexes: https://host.invalid/simple
ERROR: Could not find a version that satisfies the requirement foo (from versions: none)
ERROR: No matching distribution found for foo
"""
OS_FAULT = (
    "ERROR: Could not install packages due to an OSError: HTTPSConnectionPool(host='host.invalid', port=443): \
Max retries exceeded with url: /files/foo-1.0-py3-none-any.whl (Caused by {})\n\n"
)
BOX = """\
error: {}

× {}
╰─> {}

hint: There may be a firewall or proxy that's preventing the connection.
"""
URL = "https://host.invalid/files/foo-1.0-py3-none-any.whl"


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
WHEEL = "https://host.invalid/foo-1.0-py3-none-any.whl"
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
        (
            OLD_BUILD,
            "install-build-failed",
            "`foo` could not be built: the Python module `nothing_here_at_all` is missing",
            2,
        ),
        (
            COMPILER,
            "install-build-failed",
            "`foo` could not be built: cc1: fatal error: missing.c: No such file or directory",
            2,
        ),
        (
            OLD_NETWORK,
            "install-network",
            f"`{WHEEL}` could not be fetched: `host.invalid` cannot be reached",
            2,
        ),
        (
            NEW_NETWORK,
            "install-network",
            f"`{WHEEL}` could not be fetched: `host.invalid` cannot be reached",
            2,
        ),
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


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (
            OS_FAULT.format("ResponseError('too many 503 error responses')"),
            "`host.invalid` answered with HTTP status 503",
        ),
        (
            (
                f"  ERROR: HTTP error 401 while getting {URL}#sha256=00 (from https://host.invalid/simple/foo/)\n"
                f"ERROR: Could not install requirement foo from {URL}#sha256=00 (from {LINE}) because of HTTP error"
                f" 401 Client Error: Unauthorized for url: {URL} for URL {URL}#sha256=00\n"
            ),
            "`host.invalid` answered with HTTP status 401",
        ),
        (
            f"  ERROR: HTTP error 404 while getting {URL} (from https://host.invalid/simple/foo/)\n",
            "`host.invalid` answered with HTTP status 404",
        ),
        (
            OS_FAULT.format(
                "ReadTimeoutError(\"HTTPSConnectionPool(host='host.invalid', port=443): Read timed out.\")"
            ),
            "`host.invalid` did not answer in time",
        ),
        (
            BOX.format(
                "connection-timeout",
                f"Unable to fetch {URL}",
                "host.invalid didn't respond within 1.0 seconds",
            ),
            "`host.invalid` did not answer in time",
        ),
        (
            OS_FAULT.format(
                "ProtocolError('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))"
            ),
            "`host.invalid` broke off the connection",
        ),
        (
            BOX.format(
                "connection-failed",
                f"Failed to connect to host.invalid while fetching {URL}",
                "the connection was closed without a reply from the server.",
            ),
            "`host.invalid` broke off the connection",
        ),
        (
            BOX.format(
                "incomplete-download",
                "Download failed because not enough bytes were received (425 bytes/850 bytes)",
                f"URL: {URL}#sha256=00",
            ),
            "`host.invalid` sent only a part of the file",
        ),
        (
            BOX.format(
                "incomplete-download",
                "Download failed after 6 attempts because not enough bytes were received (425 bytes/850 bytes)",
                f"URL: {URL}#sha256=00",
            ),
            "`host.invalid` sent only a part of the file",
        ),
        (
            OS_FAULT.format(
                "ProxyError('Cannot connect to proxy.', NewConnectionError('<object>: [Errno 111]'))"
            ),
            "the proxy on the way to `host.invalid` cannot be reached, or refuses",
        ),
        (
            BOX.format(
                "proxy-connection-failed",
                f"Failed to connect to proxy http://127.0.0.1:1 while fetching {URL}",
                "('Unable to connect to proxy', NewConnectionError(\"HTTPSConnection(host='127.0.0.1', port=1)\"))",
            ),
            "the proxy on the way to `host.invalid` cannot be reached, or refuses",
        ),
        (
            OS_FAULT.format(
                "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate'))"
            ),
            "the certificate of `host.invalid` is not trusted",
        ),
        (
            OS_FAULT.format(
                "NewConnectionError('<object>: Failed to establish a new connection: [Errno 111]')"
            ),
            "`host.invalid` cannot be reached",
        ),
    ],
)
def test_a_file_that_cannot_be_fetched(output, sentence):
    error = diagnose(ASKED + output, declared("bar", "foo"))
    assert error.message == f"`foo` could not be fetched: {sentence} (`plugins.txt` line 2)"
    assert (error.code, error.line, error.names) == ("install-network", 2, ("foo",))


LOG = """\
2026-11-23T01:34:02,212 1 location(s) to search for versions of bar:
2026-11-23T01:34:02,212 * https://host.invalid/simple/bar/
2026-11-23T01:34:02,215 Could not fetch URL https://host.invalid/simple/bar/: 500 Server Error: no - skipping
2026-11-23T01:34:02,212 2 location(s) to search for versions of foo:
2026-11-23T01:34:02,212 * https://host.invalid/simple/foo/
2026-11-23T01:34:02,213 * https://other.invalid/simple/foo/
2026-11-23T01:34:02,215 {}
2026-11-23T01:34:02,215 Skipping link: not a file: https://host.invalid/simple/foo/
2026-11-23T01:34:02,215 Given no hashes to check 0 links for project 'foo': discarding no candidates
2026-11-23T01:34:02,219 ERROR: Could not find a version that satisfies the requirement foo (from versions: none)
"""
PAGE = "https://host.invalid/simple/foo/"


@pytest.mark.parametrize(
    ("line", "code", "sentence"),
    [
        (
            f"Could not fetch URL {PAGE}: 404 Client Error: Not Found for url: {PAGE} - skipping",
            "install-not-found",
            "no package for `foo` was found",
        ),
        (
            f"Could not fetch URL {PAGE}: 401 Client Error: Unauthorized for url: {PAGE} - skipping",
            "install-network",
            "`foo` could not be looked up: `host.invalid` answered with HTTP status 401",
        ),
        (
            (
                f"Could not fetch URL {PAGE}: HTTPSConnectionPool(host='host.invalid', port=443): Max retries exceeded"
                " with url: /simple/foo/ (Caused by ResponseError('too many 500 error responses')) - skipping"
            ),
            "install-network",
            "`foo` could not be looked up: `host.invalid` answered with HTTP status 500",
        ),
        (
            (
                f"Could not fetch URL {PAGE}: connection error: HTTPSConnectionPool(host='host.invalid', port=443): Max"
                " retries exceeded with url: /simple/foo/ (Caused by ProtocolError('Connection aborted.',"
                " RemoteDisconnected('Remote end closed connection without response'))) - skipping"
            ),
            "install-network",
            "`foo` could not be looked up: `host.invalid` broke off the connection",
        ),
        (
            (
                f"Could not fetch URL {PAGE}: connection error: the connection was closed without a reply from the server."
                " - skipping"
            ),
            "install-network",
            "`foo` could not be looked up: `host.invalid` broke off the connection",
        ),
        (
            f"Could not fetch URL {PAGE}: host.invalid didn't respond within 1.0 seconds - skipping",
            "install-network",
            "`foo` could not be looked up: `host.invalid` did not answer in time",
        ),
        (
            (
                f"Could not fetch URL {PAGE}: proxy connection error: ('Unable to connect to proxy', OSError('Tunnel"
                " connection failed: 403 no')) - skipping"
            ),
            "install-network",
            "`foo` could not be looked up: the proxy on the way to `host.invalid` cannot be reached, or refuses",
        ),
        (
            (
                "  Skipping link: none of the wheel's tags (cp311-cp311-win_amd64) are compatible (run pip debug --verbose"
                f" to show compatible tags): {URL} (from {PAGE})"
            ),
            "install-no-wheel",
            (
                "no wheel of `foo` is for the target's Python and platform, and there is no source archive; there are:"
                " cp311-cp311-win_amd64"
            ),
        ),
        (
            "  Skipping link: No sources permitted for foo: https://host.invalid/files/foo-1.0.tar.gz",
            "install-no-wheel",
            "`foo` has source archives only, and `--only-binary` forbids to build them",
        ),
        (
            "  Skipping link: Upload time 2030-01-01 00:00:00+00:00 not prior to 2026-01-01 00:00:00+00:00: "
            + URL,
            "install-no-version",
            "every version of `foo` is younger than 2026-01-01",
        ),
    ],
)
def test_a_log_tells_why_an_index_had_nothing(line, code, sentence):
    assert is_unexplained(NOTHING)
    error = diagnose(NOTHING, declared("bar", "foo"), log=LOG.format(line))
    assert (error.code, error.message) == (code, f"{sentence} (`plugins.txt` line 2)")
    assert (error.line, error.names) == (2, ("foo",))


@pytest.mark.parametrize("log", ["2026-11-23T01:34:02,212 Using pip 26.3\n", LOG.replace(" foo:", " other:")])
def test_a_log_that_says_nothing_of_the_package(log):
    error = diagnose(NOTHING, declared("bar", "foo"), log=log)
    assert (error.code, error.line) == ("install-not-found", 2)


RETRY = """\
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by \
'RemoteDisconnected('Remote end closed connection without response')': /simple/{}/
"""


def test_what_explains_itself_needs_no_log():
    assert not is_unexplained(MANY)
    assert not is_unexplained(IGNORED)
    assert not is_unexplained(COMPILER)
    assert not is_unexplained(RETRY.format("foo") + NOTHING)


def test_trouble_with_another_package_explains_nothing():
    output = RETRY.format("bar") + NOTHING
    assert is_unexplained(output)
    assert diagnose(output, declared("bar", "foo")).code == "install-not-found"
    assert diagnose(RETRY.format("foo") + NOTHING, declared("bar", "foo")).message == (
        "`foo` could not be looked up: `host.invalid` broke off the connection (`plugins.txt` line 2)"
    )


CONFLICT = """\
Collecting bar (from -r /srv/plugins.txt (line 1))
Collecting foo (from -r /srv/plugins.txt (line 2))
Collecting between (from foo->-r /srv/plugins.txt (line 2))
INFO: pip is looking at multiple versions of foo to determine which version is compatible with other requirements. \
This could take a while.
ERROR: Cannot install {who} because these package versions have conflicting dependencies.

The conflict is caused by:
{causes}

To fix this you could try to:
1. loosen the range of package versions you've specified
2. remove package versions to allow pip to attempt to solve the dependency conflict

ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/
"""
LINES = {"bar": 1, "foo": 2}
BOTH = "-r /srv/plugins.txt (line 1) and -r /srv/plugins.txt (line 2)"


@pytest.mark.parametrize(
    ("who", "causes", "code", "sentence", "names"),
    [
        (  # as pip 24.0 says it: one side twice
            BOTH,
            (
                "bar 1.0 depends on Django>=5\nbar 1.0 depends on Django>=5\nfoo 1.0 depends on Django<5\n"
                "The user requested (constraint) django==5.2.1"
            ),
            "install-host-conflict",
            "`foo` needs `Django<5`, and the server has Django 5.2.1",
            ("foo",),
        ),
        (  # of several versions that were tried, the newest
            LINE,
            (
                "foo 1.1 depends on Django<5\nfoo 1.0 depends on Django<4\nThe user requested (constraint) django==5.2.1\n\n"
                "Additionally, some packages in these conflicts have no matching distributions available for your"
                " environment:\ndjango"
            ),
            "install-host-conflict",
            "`foo` needs `Django<5`, and the server has Django 5.2.1",
            ("foo",),
        ),
        (  # pip joins the constraints of all files
            LINE,
            "foo 1.1 depends on Django<5\nThe user requested (constraint) django<5.3,==5.2.1,>=5",
            "install-host-conflict",
            "`foo` needs `Django<5`, and the server has Django 5.2.1",
            ("foo",),
        ),
        (
            "foo",
            "between 1.0 depends on Django<5\nThe user requested (constraint) django==5.2.1",
            "install-host-conflict",
            "`between`, which `foo` needs, needs `Django<5`, and the server has Django 5.2.1",
            ("between", "foo"),
        ),
        (
            BOTH,
            "bar 1.0 depends on Django<4\nfoo 1.0 depends on Django>=6\nThe user requested (constraint) django==5.2.1",
            "install-host-conflict",
            "`bar` needs `Django<4` and `foo` needs `Django>=6`, and the server has Django 5.2.1",
            ("bar", "foo"),
        ),
        (
            "foo<5",
            "The user requested foo<5\nThe user requested (constraint) foo==5.2.1",
            "install-host-conflict",
            "`foo<5` is asked for, and the server has foo 5.2.1",
            ("foo",),
        ),
        (
            LINE,
            "foo 1.0 depends on Django>=5\nThe user requested (constraint) django<5,==5.2.1",
            "install-host-conflict",
            "the server has Django 5.2.1, and a constraint of plugins.txt keeps that out: `django<5,==5.2.1`",
            (),
        ),
        (
            BOTH,
            "bar 1.0 depends on other>=5\nfoo 1.0 depends on other<5\nThe user requested (constraint) other<5.3,>=5",
            "install-conflict",
            "`foo` needs `other<5`, and the constraints allow only `other<5.3,>=5`",
            ("foo",),
        ),
        (
            BOTH,
            "bar 1.0 depends on other>=5\nfoo 1.1 depends on other<5\nfoo 1.0 depends on other<4",
            "install-conflict",
            "`bar` and `foo` cannot be installed together: bar 1.0 depends on other>=5; foo 1.1 depends on other<5",
            ("bar", "foo"),
        ),
        (  # what the command line asked for has no line
            "bar==1.0 and foo>=1, <2; python_version > '3' and extra == 'x'",
            "bar 1.0 depends on other>=5\nfoo 1.0 depends on other<5",
            "install-conflict",
            (
                "`bar==1.0` and `foo>=1, <2; python_version > '3' and extra == 'x'` cannot be installed together: bar 1.0"
                " depends on other>=5; foo 1.0 depends on other<5"
            ),
            ("bar", "foo"),
        ),
    ],
)
def test_conflicts(who, causes, code, sentence, names):
    indented = "\n".join(f"    {line}" if line else "" for line in causes.splitlines())
    output = CONFLICT.format(who=who, causes=indented)
    host = {"django": "5.2.1", "foo": "5.2.1"}
    error = diagnose(output, declared("bar", "foo"), host=host)
    assert (error.code, error.message.partition(" (`plugins.txt`")[0]) == (code, sentence)
    assert error.names == names
    assert error.line == next((LINES[name] for name in names if name in LINES), None)


@pytest.mark.parametrize(
    "output",
    [
        (
            "pip._vendor.pyproject_hooks._impl.BackendUnavailable: Traceback (most recent call last):\n"
            '  File "_in_process.py", line 77, in _build_backend\n'
            "ModuleNotFoundError: No module named 'builder'\n\n"
        ),
        "pip._vendor.pyproject_hooks._impl.BackendUnavailable: Cannot import 'builder'\n",
        (
            "  error: backend-unavailable\n  \n  × Cannot import build backend 'builder'.\n"
            "  ╰─> ModuleNotFoundError: No module named 'builder'\n  \n  note: This is likely not a problem with pip.\n"
            "ERROR: Failed to build 'foo' when calling build backend hook get_requires_for_build_wheel\n"
        ),
    ],
)
def test_a_build_back_end_that_is_missing(output):
    before = (
        f"Processing ./foo-1.0.tar.gz (from {LINE})\nERROR: Exception:\nTraceback (most recent call last):\n"
    )
    error = diagnose(before + output, declared("bar", "foo"))
    assert (error.code, error.line) == ("install-build-failed", 2)
    assert error.message.startswith("`foo` could not be built: its build back end `builder` is missing")


def test_a_fault_of_pips_own_is_quoted():
    output = "ERROR: Exception:\nTraceback (most recent call last):\n  File x\nAssertionError: 'a' != 'b' for wheel\n"
    assert diagnose(output, []).message == "the installer failed: AssertionError: 'a' != 'b' for wheel"


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("0" * 64, "does not have the declared hash"),
        ("a" + "0" * 63, "does not have the declared hash"),
        ("a" * 64, "does not have the hash that the index tells"),
    ],
)
def test_who_told_a_hash_that_is_not_the_files(told, words):
    output = (
        f"{ASKED}ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the"
        " package versions, please update the hashes.\n"
        f"    foo from {URL}#sha256={'a' * 64} (from {LINE}):\n"
        f"        Expected sha256 {told}\n             Got        {'b' * 64}\n\n"
    )
    error = diagnose(output, declared("bar", "foo"))
    assert (error.code, error.line, error.names) == ("install-hash-mismatch", 2, ("foo",))
    assert words in error.message


def test_a_full_quota_is_a_full_disk():
    output = "ERROR: Could not install packages due to an OSError: [Errno 122] Disk quota exceeded\n"
    assert diagnose(output, []).code == "install-no-space"
