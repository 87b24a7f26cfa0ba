from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from inventree_plugins.errors import InstallError
from inventree_plugins.models import Interpreter
from inventree_plugins.packages import InstallRequest, read_direct_url, require_changeable, unmet
from inventree_plugins.requirements import declarations, option_lines, read_plugins_file
from tests.builders import build_sdist, build_wheel


@pytest.fixture
def stock(wheels):
    """Fill the folder of wheels: `foo` in four versions, and some that need it."""
    for version in ("1.0", "1.1", "1.2", "2.0b1"):
        build_wheel(wheels, "foo", version)
    build_wheel(wheels, "old", "1.0", requires=["foo<1.1"])
    build_wheel(wheels, "new", "1.0", requires=["foo>=1.2"])
    build_wheel(wheels, "needy", "1.0", requires=["nowhere>=2"])
    return wheels


@pytest.fixture
def failure(target, stock, offline, tmp_path):
    """Install the lines of a plugins.txt, which fails, and return the error."""

    def install(*lines, options=offline):
        path = tmp_path / "plugins.txt"
        path.write_text("\n".join(["# plugins", *options, *lines, ""]))
        declared = declarations(read_plugins_file(path))
        with pytest.raises(InstallError) as caught:
            target.install(InstallRequest(requirements_file=path, declarations=declared))
        assert target.installed() == {}
        return caught.value

    return install


def test_installs_reports_and_is_met_afterwards(target, stock, offline, tmp_path):
    path = tmp_path / "plugins.txt"
    path.write_text("\n".join([*offline, "old==1.0  # pinned", ""]))
    declared = declarations(read_plugins_file(path))
    lines = []
    report = target.install(InstallRequest(requirements_file=path), on_line=lines.append)
    assert sorted(report) == [("foo", "1.0", False), ("old", "1.0", True)]
    assert target.installed() == {"foo": "1.0", "old": "1.0"}
    assert unmet(declared, target.distributions(), target.interpreter) == ()
    assert any("Successfully installed" in line for line in lines)
    assert target.install(InstallRequest(requirements_file=path)) == ()


def test_a_dry_run_reports_the_same_and_installs_nothing(target, stock, offline):
    request = InstallRequest(requirements=("foo<1.2",), options=offline)
    (found,) = target.installer.resolve(request)
    assert (found.name, found.version, found.requested, found.line) == ("foo", "1.1", True, "foo==1.1")
    assert found.hashes[0].startswith("sha256:")
    assert target.installed() == {}


def test_upgrades_what_is_named_only(target, stock, offline):
    target.install(InstallRequest(requirements=("foo==1.0",), options=offline))
    plain = InstallRequest(requirements=("foo",), options=offline)
    assert target.install(plain) == ()
    report = target.install(InstallRequest(requirements=("foo",), options=offline, upgrade=True))
    assert report == (("foo", "1.2", True),)


def test_the_options_of_plugins_txt_hold_for_other_requirements(target, stock, tmp_path):
    (tmp_path / "constraints.txt").write_text("foo<1.1\n")
    path = tmp_path / "plugins.txt"
    path.write_text("--no-index\n--find-links wheels\n-c constraints.txt\n")
    options = option_lines(read_plugins_file(path))
    report = target.install(InstallRequest(requirements=("foo",), options=options))
    assert report[0][1] == "1.0"


def test_relative_paths_count_from_the_file(target, tmp_path, monkeypatch):
    build_wheel(tmp_path, "foo", "1.0")
    path = tmp_path / "plugins.txt"
    path.write_text("--no-index\n./foo-1.0-py3-none-any.whl\n")
    monkeypatch.chdir("/")
    target.install(InstallRequest(requirements_file=path))
    assert target.installed() == {"foo": "1.0"}
    (distribution,) = target.distributions()
    assert read_direct_url(distribution).url == (tmp_path / "foo-1.0-py3-none-any.whl").as_uri()
    declared = declarations(read_plugins_file(path))
    assert unmet(declared, target.distributions(), target.interpreter) == ()


def test_uninstalls_what_is_there(target, stock, offline):
    target.install(InstallRequest(requirements=("foo",), options=offline))
    assert target.installer.uninstall(["Foo", "absent"]) == ("foo",)
    assert target.installed() == {}
    assert target.installer.uninstall(["foo"]) == ()
    assert target.installer.uninstall([]) == ()


def test_says_when_pip_cannot_uninstall(target, stock, offline):
    target.install(InstallRequest(requirements=("foo",), options=offline))
    (distribution,) = target.distributions()
    (distribution.info / "RECORD").unlink()
    with pytest.raises(InstallError, match=r"foo.*RECORD"):
        target.installer.uninstall(["foo"])


def test_an_unknown_package(failure):
    error = failure("foo", "nowhere-at-all>=1  # what?")
    assert (error.code, error.line) == ("install-not-found", 5)
    assert error.message == "no package for `nowhere-at-all>=1` was found (`plugins.txt` line 5)"


def test_a_version_that_is_not_there(failure):
    error = failure("foo==9")
    assert (error.code, error.line) == ("install-no-version", 4)
    assert "available: 1.0, 1.1, 1.2, 2.0b1" in error.message


def test_a_dependency_that_is_not_there_blames_the_line_that_wants_it(failure):
    error = failure("foo", "needy")
    assert (error.code, error.line) == ("install-not-found", 5)
    assert "`nowhere>=2`, which `needy` needs" in error.message


def test_a_package_for_another_python(failure, stock):
    build_wheel(stock, "future", "1.0", metadata={"Requires-Python": ">=3.99"})
    error = failure("future")
    assert (error.code, error.line) == ("install-no-version", 4)
    assert ">=3.99" in error.message


def test_two_packages_that_exclude_each_other(failure):
    error = failure("old", "new==1.0")
    assert (error.code, error.line) == ("install-conflict", 4)
    assert error.message.startswith("`old` and `new==1.0` cannot be installed together: ")
    assert {"old 1.0 depends on foo<1.1", "new 1.0 depends on foo>=1.2"} == set(error.detail.splitlines())


def test_two_lines_that_contradict_each_other(failure):
    error = failure("foo==1.0", "foo==1.1")
    assert (error.code, error.line) == ("install-conflict", 4)
    assert "`foo==1.0` and `foo==1.1` cannot be installed together" in error.message


def test_a_conflict_of_given_requirements_names_no_temporary_file(target, stock, offline):
    with pytest.raises(InstallError) as caught:
        target.install(InstallRequest(requirements=("old", "new"), options=offline))
    assert caught.value.message.startswith("`old` and `new` cannot be installed together")
    assert (caught.value.path, caught.value.line) == (None, None)


BACK_END = """\
def {hook}(*args, **kwargs):
    raise RuntimeError("the compiler is missing")
"""
PREPARE = """
import os
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    info = os.path.join(folder, "brittle-1.0.dist-info")
    os.mkdir(info)
    with open(os.path.join(info, "METADATA"), "w") as file:
        file.write("Metadata-Version: 2.1\\nName: brittle\\nVersion: 1.0\\n")
    return os.path.basename(info)
"""
PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "brittle"
version = "1.0"
"""


@pytest.mark.parametrize(
    "back_end",
    [BACK_END.format(hook="prepare_metadata_for_build_wheel"), BACK_END.format(hook="build_wheel") + PREPARE],
)
def test_sources_that_do_not_build(failure, stock, back_end):
    build_sdist(stock, "brittle", "1.0", files={"pyproject.toml": PYPROJECT, "backend.py": back_end})
    error = failure("foo", "brittle")
    assert (error.code, error.line) == ("install-build-failed", 5)
    assert "`brittle` could not be built: RuntimeError: the compiler is missing" in error.message
    assert len(error.detail.splitlines()) <= 6


def test_a_build_requirement_that_is_missing(failure, stock):
    text = PYPROJECT.replace("requires = []", 'requires = ["no-such-back-end"]')
    build_sdist(stock, "brittle", "1.0", files={"pyproject.toml": text, "backend.py": ""})
    error = failure("brittle")
    assert (error.code, error.line) == ("install-build-failed", 4)
    assert "no-such-back-end" in error.message


FACTS = """
import platform, sys, sysconfig
print(sys.prefix, platform.python_version(), sysconfig.get_path("purelib"))
"""


def test_an_environment_that_the_system_manages(target, stock, offline):
    stdlib = subprocess.run(
        ["/usr/bin/python3", "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    if not Path(stdlib, "EXTERNALLY-MANAGED").exists():
        pytest.skip("this system does not manage its Python")
    done = subprocess.run(["/usr/bin/python3", "-c", FACTS], capture_output=True, text=True, check=True)
    prefix, version, site = done.stdout.split()
    system = Interpreter(Path("/usr/bin/python3"), Path(prefix), version, "cpython", (), Path(site))
    with pytest.raises(InstallError) as caught:
        require_changeable(system)
    assert caught.value.code == "install-externally-managed"
    assert "--python" in caught.value.hint


def test_a_repository_that_is_not_there(failure, tmp_path):
    error = failure(f"git+file://{tmp_path}/nowhere#egg=mine")
    assert (error.code, error.line) == ("install-not-found", 4)
    assert "repository of `mine`" in error.message


def test_a_revision_that_is_not_there(failure, tmp_path):
    repository = tmp_path / "repository"
    for arguments in (["init", "-q", str(repository)], ["-C", str(repository), *COMMIT]):
        subprocess.run(["git", *arguments], check=True)
    error = failure(f"git+file://{repository}@v9#egg=mine")
    assert (error.code, error.line) == ("install-no-version", 4)
    assert "no revision `v9`" in error.message


COMMIT = ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-q", "--allow-empty", "-m", "first"]


def test_an_index_that_cannot_be_reached(failure, monkeypatch):
    monkeypatch.setenv("PIP_RETRIES", "1")
    error = failure("foo", options=("-i https://user:secret@127.0.0.1:1/simple",))
    assert (error.code, error.line) == ("install-network", 3)
    assert "`127.0.0.1` cannot be reached" in error.message
    assert "secret" not in f"{error.message}{error.detail}"


def test_a_url_that_cannot_be_reached(failure, monkeypatch):
    monkeypatch.setenv("PIP_RETRIES", "0")
    error = failure("foo @ https://127.0.0.1:1/foo-1.0-py3-none-any.whl")
    assert (error.code, error.line) == ("install-network", 4)
    assert "127.0.0.1" in error.message


def test_a_url_that_is_not_there(failure, tmp_path):
    handler = partial(QuietHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        error = failure(f"foo @ http://127.0.0.1:{server.server_port}/foo-1.0-py3-none-any.whl")
        server.shutdown()
    assert (error.code, error.line) == ("install-not-found", 4)
    assert "/foo-1.0-py3-none-any.whl` does not exist" in error.message


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_environment_that_may_not_be_written(failure, target):
    target.site.chmod(0o555)
    error = failure("foo")
    target.site.chmod(0o755)
    assert error.code == "install-permission"
    assert str(target.site) in error.message


def test_a_file_with_another_hash(failure):
    error = failure(f"foo==1.0 --hash=sha256:{'0' * 64}")
    assert (error.code, error.line) == ("install-hash-mismatch", 4)


def test_a_wheel_for_another_platform(failure, stock):
    wheel = build_wheel(stock, "winonly", "1.0", tag="cp311-cp311-win_amd64")
    error = failure(f"winonly @ {wheel.as_uri()}")
    assert (error.code, error.line) == ("install-no-wheel", 4)


def test_a_broken_wheel_is_a_plain_failure(failure, stock):
    (stock / "junk-1.0-py3-none-any.whl").write_text("junk")
    error = failure("foo", "junk")
    assert (error.code, error.line) == ("install-failed", 5)
    assert "Wheel 'junk'" in error.message


def test_leaves_no_temporary_file(target, stock, offline, tmp_path, monkeypatch):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("TMPDIR", str(temporary))
    target.install(InstallRequest(requirements=("foo",), options=offline))
    with pytest.raises(InstallError):
        target.install(InstallRequest(requirements=("nowhere",), options=offline))
    assert list(temporary.iterdir()) == []


def test_an_interrupt_removes_the_temporary_file_and_goes_on(target, tmp_path):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    build_sdist(tmp_path, "slow", "1.0", files={"pyproject.toml": PYPROJECT, "backend.py": SLEEP})
    code = f"""
        from pathlib import Path
        from inventree_plugins.models import Interpreter
        from inventree_plugins.packages import InstallRequest, PipInstaller
        from inventree_plugins.process import run
        project = {str(tmp_path / "slow-1.0.tar.gz")!r}
        request = InstallRequest(requirements=(project,), options=("--no-index",))
        try:
            executable = Path({str(target.interpreter.executable)!r})
            prefix = executable.parent.parent
            target = Interpreter(executable, prefix, "3.11.0", "cpython", (), prefix)
            PipInstaller(target, run).resolve(request)
        except KeyboardInterrupt:
            print("interrupted")
    """
    environment = {**os.environ, "TMPDIR": str(temporary)}
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        deadline = time.monotonic() + 20
        while not list(temporary.glob("invplug-*/requirements.txt")) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        child.send_signal(signal.SIGINT)
        output, _ = child.communicate(timeout=30)
    assert output.strip() == "interrupted"
    assert list(temporary.glob("invplug-*")) == []


SLEEP = """
import time
time.sleep(60)
"""


@pytest.mark.network
def test_a_package_that_no_index_has(target, monkeypatch):
    monkeypatch.delenv("PIP_CONFIG_FILE")
    with pytest.raises(InstallError) as caught:
        target.install(InstallRequest(requirements=("invplug-no-such-package-anywhere",)))
    if caught.value.code == "install-network":
        pytest.skip("no package index")
    assert caught.value.code == "install-not-found"
