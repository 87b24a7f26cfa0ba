"""uv as an installer, and pip's configuration in its words."""

from __future__ import annotations

import hashlib
import json
import os
import ssl
import subprocess
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from inventree_plugins.errors import InstallError
from inventree_plugins.models import Declaration
from inventree_plugins.packages import InstallRequest, PipInstaller, ResolvedPackage
from inventree_plugins.packages.choice import OLDEST_UV, Facts, choose_installer, find_uv, open_installer
from inventree_plugins.packages.likeness import plant, uproot
from inventree_plugins.packages.package_sources import PackageSources
from inventree_plugins.packages.pip_settings import PipSetting, PipSettings, read_pip_settings
from inventree_plugins.packages.request_lines import build_option, has_hashes, lines_of, remote_include
from inventree_plugins.packages.uv import Uv, UvInstaller
from inventree_plugins.packages.uv_settings import UvSettings, in_words_of_uv, place_variables
from inventree_plugins.process import run
from tests.builders import build_wheel, install_folder

UV = find_uv(run)
needs_uv = pytest.mark.skipif(UV is None, reason="uv is not there")


@pytest.fixture
def uv_target(target):
    """The target with uv for its installer; what pip can do instead does not count."""
    if UV is None:
        pytest.skip("uv is not there")
    pip = PipInstaller(target.interpreter, run)
    settings = UvSettings({"UV_NO_CACHE": "1"})
    target.installer = UvInstaller(
        target=target.interpreter, runner=run, uv=UV, settings=settings, pip=pip, instead=False
    )
    return target


@pytest.fixture
def stock(wheels):
    for version in ("1.0", "1.1", "2.0"):
        build_wheel(wheels, "foo", version)
    build_wheel(wheels, "needy", "1.0", requires=["foo<2", "absent; python_version < '3'"])
    return wheels


def state(folder):
    """Return everything about every file below a folder that a program could change."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        found[str(path)] = (status.st_mtime_ns, status.st_ino, status.st_mode, status.st_size)
    return found


# The installer


def test_resolves_with_what_packages_need_and_touches_nothing(uv_target, stock, offline):
    uv_target.install(InstallRequest(requirements=("foo==1.0",), options=offline))
    before = state(uv_target.interpreter.prefix)
    found = uv_target.installer.resolve(InstallRequest(requirements=("needy",), options=offline))
    assert [(each.name, each.version, each.requested, each.line, each.requires) for each in found] == [
        ("needy", "1.0", True, "needy==1.0", ("foo<2", "absent; python_version < '3'"))
    ]
    assert state(uv_target.interpreter.prefix) == before


def test_names_packages_as_they_call_themselves(uv_target, wheels, offline):
    build_wheel(wheels, "Some-Thing.Else", "1.0")
    (found,) = uv_target.installer.resolve(InstallRequest(requirements=("some_thing_else",), options=offline))
    assert (found.name, found.requested, found.python) == ("Some-Thing.Else", True, None)


def test_unpacks_exactly_what_it_is_given(uv_target, stock, offline, tmp_path):
    request = InstallRequest(requirements=("needy",), options=offline)
    packages = [ResolvedPackage(name="foo", version="2.0", requested=False, line="foo==2.0")]
    staged = uv_target.installer.stage(request, packages, tmp_path / "stage")
    assert (staged.tree, staged.place) == (tmp_path / "stage", uv_target.interpreter.prefix)
    site = staged.tree / uv_target.site.relative_to(uv_target.interpreter.prefix)
    assert sorted(path.name for path in site.iterdir()) == ["foo-2.0.dist-info", "foo.py"]
    assert not list(site.glob("*/REQUESTED"))
    assert sorted(path.name for path in staged.tree.iterdir()) == ["lib"]


@pytest.mark.parametrize("of", ["package", "request", "file"])
def test_unpacks_nothing_with_another_hash(uv_target, stock, offline, tmp_path, of):
    wrong = f"sha256:{'0' * 64}"
    package = ResolvedPackage(name="foo", version="1.0", requested=True, line="foo==1.0")
    request = InstallRequest(options=offline)
    if of == "package":
        package = replace(package, hashes=(wrong,))
    elif of == "request":
        request = InstallRequest(requirements=(f"foo==1.0 --hash={wrong}",), options=offline)
    else:
        path = tmp_path / "plugins.txt"
        path.write_text(f"foo==1.0 \\\n  --hash={wrong}\n")
        request = InstallRequest(requirements_file=path, options=offline)
    said = []
    with pytest.raises(InstallError):
        uv_target.installer.stage(request, [package], tmp_path / "stage", on_line=said.append)
    assert any("Hash mismatch" in line for line in said)
    right = hashlib.sha256((stock / "foo-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    good = replace(package, hashes=(f"sha512:{'0' * 128}", f"sha256:{right}"))
    assert uv_target.installer.stage(InstallRequest(options=offline), [good], tmp_path / "good").packages == (
        good,
    )


def test_a_record_that_leads_elsewhere_harms_nobody(uv_target, stock, offline, tmp_path):
    """What another tool installed is replaced in the likeness only; its list of files may say anything."""
    victim = tmp_path / "victim"
    victim.write_text("dear")
    info = install_folder(uv_target.site, "foo", "1.0")
    near = os.path.relpath(victim, uv_target.site)
    (info / "RECORD").write_text(f"{victim},,\n{near},,\nfoo-1.0.dist-info/METADATA,,\n")
    (uv_target.site / "old.egg-info").write_text("Name: old\nVersion: 0.5\n")
    before = state(tmp_path / "target")
    for requirement in ("foo>=2", "needy"):
        folder = tmp_path / "stage" / requirement
        request = InstallRequest(requirements=(requirement, "old"), options=offline)
        staged = uv_target.installer.resolve_and_stage(request, folder)
        site = staged.tree / uv_target.site.relative_to(uv_target.interpreter.prefix)
        assert not (site / "foo-1.0.dist-info").exists()
        assert not list(site.glob("old*"))
    assert victim.read_text() == "dear"
    assert state(tmp_path / "target") == before


def test_a_likeness_has_all_that_is_there_and_goes_without_a_trace(target, tmp_path):
    install_folder(target.site, "Foo-Bar", "1.0", requires=["baz"])
    egg = target.site / "egg.egg-info"
    egg.mkdir()
    (egg / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: egg\nVersion: 2\n")
    (egg / "requires.txt").write_text("yolk\n\n[hard]\nshell\n")
    plant(tmp_path / "site", target.distributions())
    assert sorted(path.name for path in (tmp_path / "site").iterdir()) == [
        "egg-2.dist-info",
        "foo_bar-1.0.dist-info",
    ]
    text = (tmp_path / "site" / "egg-2.dist-info" / "METADATA").read_text()
    assert "Requires-Dist: yolk\n" in text
    assert 'Requires-Dist: shell ; extra == "hard"' in text
    for info in (tmp_path / "site").iterdir():
        listed = {line.split(",")[0] for line in (info / "RECORD").read_text().splitlines()}
        assert listed == {f"{info.name}/{path.name}" for path in info.iterdir()}
    uproot(tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_uvs_own_settings_decide_nothing(uv_target, stock, offline, tmp_path, monkeypatch):
    monkeypatch.setenv("UV_EXCLUDE_NEWER", "2001-01-01")
    monkeypatch.setenv("UV_INDEX_URL", "http://127.0.0.1:1/")
    monkeypatch.setenv("UV_RESOLUTION", "lowest")
    monkeypatch.setenv("UV_OVERRIDE", str(tmp_path / "nowhere"))
    (tmp_path / "work" / "uv.toml").write_text("[pip]\nno-deps = true\n")
    found = uv_target.installer.resolve(InstallRequest(requirements=("needy",), options=offline))
    assert [(each.name, each.version) for each in found] == [("foo", "1.1"), ("needy", "1.0")]


def test_python_compiles_when_it_imports_unless_uv_is_told(uv_target, stock, offline, monkeypatch):
    uv_target.install(InstallRequest(requirements=("foo==1.0",), options=offline))
    assert not list(uv_target.site.rglob("*.pyc"))
    monkeypatch.setenv("UV_COMPILE_BYTECODE", "1")
    uv_target.install(InstallRequest(requirements=("foo==1.1",), options=offline))
    assert [path.parent.parent for path in uv_target.site.rglob("foo.*.pyc")] == [uv_target.site]


# pip's settings


def pip_says(target, environ):
    """Ask the real pip, run by the target's Python, what its options are."""
    code = """
import json, sys
sys.path.insert(0, sys.argv[1])
from pip._internal.commands import create_command
options = create_command("install").parse_args([])[0]
names = ["index_url", "extra_index_urls", "find_links", "no_index", "trusted_hosts", "timeout", "retries",
         "cert", "proxy", "constraints", "pre", "prefer_binary", "keyring_provider"]
print(json.dumps({name: getattr(options, name, None) for name in names}))
"""
    folder = Path(find_spec("pip").origin).parent.parent
    done = subprocess.run(
        [target.interpreter.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        env=environ,
    )
    return json.loads(done.stdout)


FILES = {
    "system": "[global]\nindex-url = https://system/simple\ntimeout = 1\n[install]\nretries = 1\n",
    "system-install": "[install]\nindex-url = https://install/simple\n",
    "legacy": "[global]\nindex_url: https://legacy/simple\nFind-Links =\n    /one\n    /two three\n",
    "user": "[global]\n--index-url = https://user/simple\nextra-index-url = https://a/ https://b/\nproxy =\n",
    "site": "[install]\nretries = 3\ncert = /site.pem\n[freeze]\ntimeout = 77\n",
    "named": "[global]\ntimeout = 9\npre = yes\nconstraint = c.txt\n",
}


@pytest.mark.parametrize(
    "layout",
    [
        (),
        ("system",),
        ("system", "legacy"),
        ("system-install", "user"),
        ("system", "legacy", "user"),
        ("system", "user", "site"),
        ("legacy", "user", "named"),
        ("user", "site", "named"),
        ("system", "user", "variables"),
        ("system-install", "named", "variables"),
        ("system", "user", "site", "nothing"),
    ],
    ids=",".join,
)
def test_reads_what_pip_reads(target, tmp_path, layout):
    home = tmp_path / "someone"
    places = {
        "system": tmp_path / "etc" / "pip" / "pip.conf",
        "system-install": tmp_path / "etc2" / "pip" / "pip.conf",
        "legacy": home / ".pip" / "pip.conf",
        "user": home / ".config" / "pip" / "pip.conf",
        "site": target.interpreter.prefix / "pip.conf",
        "named": tmp_path / "named.conf",
    }
    for name in layout:
        if name in places:
            places[name].parent.mkdir(parents=True, exist_ok=True)
            places[name].write_text(FILES[name])
    environ = {
        "HOME": str(home),
        "XDG_CONFIG_DIRS": f"{tmp_path / 'etc'}:{tmp_path / 'etc2'}",
        "PATH": os.environ["PATH"],
    }
    if "named" in layout:
        environ["PIP_CONFIG_FILE"] = str(places["named"])
    if "nothing" in layout:
        environ["PIP_CONFIG_FILE"] = os.devnull
    if "variables" in layout:
        environ |= {
            "PIP_INDEX_URL": "https://variable/simple",
            "PIP_RETRIES": "8",
            "PIP_TRUSTED_HOST": "a b:1",
        }
        environ |= {"PIP_FIND_LINKS": "", "PIP_DEFAULT_TIMEOUT": "4", "PIP_NO_INDEX": "0"}
    said = pip_says(target, environ)
    settings = read_pip_settings(environ, prefix=target.interpreter.prefix)
    assert settings.damaged is None
    words = in_words_of_uv(settings, environ, is_virtual=True)
    sources = words.sources
    assert sources.index_url in {said["index_url"], None}
    assert (sources.index_url is None) == (said["index_url"] == "https://pypi.org/simple")
    assert list(sources.extra_index_urls) == said["extra_index_urls"]
    assert list(sources.find_links) == said["find_links"]
    assert list(sources.trusted_hosts) == said["trusted_hosts"]
    assert (sources.no_index, sources.prereleases) == (bool(said["no_index"]), bool(said["pre"]))
    if said["timeout"] != 15:
        assert words.environment["UV_HTTP_TIMEOUT"] == str(int(said["timeout"]))
    if said["retries"] != 5:
        assert words.environment["UV_HTTP_RETRIES"] == str(said["retries"])
    if said["cert"]:
        assert words.environment["SSL_CERT_FILE"] == said["cert"]
    constraints = [word for path in said["constraints"] for word in ("--constraint", path)]
    assert list(words.arguments) == constraints


@pytest.mark.parametrize("text", ["index-url = https://x/\n", "[global\n", "[a]\nb = 1\nb = 2\n", "\xff\xfe"])
def test_a_damaged_file_is_left_to_pip(tmp_path, text):
    path = tmp_path / "pip.conf"
    path.write_bytes(text.encode("latin-1"))
    settings = read_pip_settings({"PIP_CONFIG_FILE": str(path), "PIP_RETRIES": "2"}, prefix=tmp_path / "none")
    assert settings.damaged == path
    assert settings.options["retries"].value == "2"
    assert in_words_of_uv(settings, {}, is_virtual=True).obstacle == f"`{path}` cannot be read"


def words_for(is_virtual=True, **options):
    """Translate settings of pip's variables."""
    settings = {
        name.replace("_", "-"): PipSetting(value, f"`PIP_{name.upper()}`", is_variable=True)
        for name, value in options.items()
    }
    return in_words_of_uv(PipSettings(settings), {}, is_virtual=is_virtual)


@pytest.mark.parametrize(
    ("options", "environment", "arguments"),
    [
        ({"cert": "/ca.pem"}, {"SSL_CERT_FILE": "/ca.pem"}, ()),
        ({"cert": "/"}, {"SSL_CERT_DIR": "/"}, ()),
        ({"client_cert": "/me.pem"}, {"SSL_CLIENT_CERT": "/me.pem"}, ()),
        ({"timeout": "2.5"}, {"UV_HTTP_TIMEOUT": "3"}, ()),
        ({"default_timeout": "0"}, {"UV_HTTP_TIMEOUT": "1"}, ()),
        ({"cache_dir": "/cache"}, {"UV_CACHE_DIR": "/cache/uv"}, ()),
        ({"no_cache_dir": "off"}, {"UV_NO_CACHE": "1"}, ()),
        ({"keyring_provider": "subprocess"}, {"UV_KEYRING_PROVIDER": "subprocess"}, ()),
        ({"keyring_provider": "auto", "prefer_binary": "no", "upgrade_strategy": "only-if-needed"}, {}, ()),
        ({"proxy": "u:p@proxy:1"}, {"HTTPS_PROXY": "http://u:p@proxy:1", "no_proxy": None}, ()),
        ({"no_binary": "a, b"}, {}, ("--no-binary", "a", "--no-binary", "b")),
        ({"only_binary": ":all:"}, {}, ("--only-binary", ":all:")),
        ({"constraint": "a.txt b.txt"}, {}, ("--constraint", "a.txt", "--constraint", "b.txt")),
        ({"require_virtualenv": "1", "quiet": "2", "disable_pip_version_check": "1"}, {}, ()),
        # pip is started without these.
        ({"target": "/elsewhere", "user": "1", "dry_run": "1"}, {}, ()),
    ],
)
def test_settings_in_uvs_words(options, environment, arguments):
    words = words_for(**options)
    assert words.obstacle is None
    assert words.arguments == arguments
    system = {"UV_SYSTEM_CERTS", "UV_NATIVE_TLS"}
    told = {name: value for name, value in words.environment.items() if name not in system}
    assert environment.items() <= told.items()
    assert bool(told) == bool(environment)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"timeout": "soon"}, "timeout"),
        ({"keyring_provider": "import"}, "keyring-provider"),
        ({"constraint": "https://example.org/c.txt"}, "constraint"),
        ({"prefer_binary": "true"}, "prefer-binary"),
        ({"require_hashes": "1"}, "require-hashes"),
        ({"no_build_isolation": "0"}, "no-build-isolation"),
        ({"use_feature": "fast-deps"}, "use-feature"),
        ({"config_settings": "a=b"}, "config-settings"),
        ({"something_new": "1"}, "something-new"),
    ],
)
def test_settings_that_uv_does_not_know(options, name):
    origin = f"`PIP_{name.upper().replace('-', '_')}`"
    assert words_for(**options).obstacle == f"uv does not know pip's setting `{name}` ({origin})"


def test_a_setting_of_a_file_that_pip_would_obey_is_left_to_it(tmp_path):
    (tmp_path / "pip.conf").write_text("[install]\nuser = true\n")
    settings = read_pip_settings({"HOME": "/nowhere", "XDG_CONFIG_DIRS": "/nowhere"}, prefix=tmp_path)
    assert "`user`" in in_words_of_uv(settings, {}, is_virtual=True).obstacle


def test_a_python_that_pip_is_to_refuse():
    assert words_for(require_virtualenv="1").obstacle is None
    assert "virtual environment" in words_for(is_virtual=False, require_virtualenv="1").obstacle


def test_whom_to_trust(tmp_path, monkeypatch):
    bundle = tmp_path / "bundle.pem"
    words = in_words_of_uv(PipSettings(), {"REQUESTS_CA_BUNDLE": str(bundle)}, is_virtual=True)
    assert words.environment == {"SSL_CERT_FILE": str(bundle)}
    words = in_words_of_uv(PipSettings(), {"CURL_CA_BUNDLE": str(tmp_path)}, is_virtual=True)
    assert words.environment == {"SSL_CERT_DIR": str(tmp_path)}
    empty = ssl.DefaultVerifyPaths(None, None, "", "", "", "")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: empty)
    assert in_words_of_uv(PipSettings(), {}, is_virtual=True).environment == {}
    found = ssl.DefaultVerifyPaths("/ca.pem", None, "", "", "", "")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: found)
    assert in_words_of_uv(PipSettings(), {}, is_virtual=True).environment["UV_SYSTEM_CERTS"] == "1"


# Where packages are looked for


def test_lines_change_the_sources_as_they_do_for_pip():
    sources = PackageSources("https://setting/", ("https://more/",), ("/links",))
    lines = (
        "--find-links '/with space'",
        "--extra-index-url=https://extra/",
        "-i ${INDEX} --pre",
        "--trusted-host host:80",
        "-f ${UNSET}/x",
        "--only-binary :all:",
    )
    after = sources.and_lines(lines, {"INDEX": "https://u:p@main/"})
    assert (after.index_url, after.extra_index_urls, after.superseded) == ("https://u:p@main/", (), True)
    assert after.find_links == ("/links", "/with space", "${UNSET}/x")
    assert (after.trusted_hosts, after.prereleases, after.no_index) == (("host:80",), True, False)
    none = sources.and_lines(("--no-index", "--index-url https://late/", "--extra-index-url https://x/"), {})
    assert (none.no_index, none.index_url, none.extra_index_urls) == (True, None, ())
    assert none.find_links == ("/links",)
    assert "u:p" not in repr(after)


@pytest.mark.parametrize(
    ("url", "trusted", "host"),
    [
        ("https://host/simple", (), None),
        ("http://localhost:8080/simple", (), None),
        ("http://127.0.0.5/simple", (), None),
        ("http://[::1]:3141/simple", (), None),
        ("file:///simple", (), None),
        ("/a/folder", (), None),
        ("http://host:8080/simple", (), "host"),
        ("http://host:8080/simple", ("host",), None),
        ("http://host:8080/simple", ("host:8080",), None),
        ("http://host:8080/simple", ("host:80", "other"), "host"),
    ],
)
def test_places_that_pip_passes_over(url, trusted, host):
    assert PackageSources(url, trusted_hosts=trusted).untrusted() == host
    assert PackageSources(extra_index_urls=(url,), trusted_hosts=trusted).untrusted() == host
    assert PackageSources(find_links=(url,), trusted_hosts=trusted).untrusted() == host


def test_places_are_told_in_variables(tmp_path):
    (tmp_path / "a, b").mkdir()
    links = ("a, b", "nowhere", "https://x/?a,b", (tmp_path / "none").as_uri(), tmp_path.as_uri())
    sources = PackageSources("https://u:p@main/", ("https://one/", "https://two/"), links)
    url = f"{tmp_path.as_uri()}/a%2C%20b"
    assert place_variables(sources, tmp_path) == {
        "UV_DEFAULT_INDEX": "https://u:p@main/",
        "UV_INDEX": "https://one/ https://two/",
        "UV_FIND_LINKS": f"{url},https://x/?a%2Cb,{tmp_path.as_uri()}",
    }
    assert place_variables(PackageSources(), tmp_path) == {}


# The lines of a request


def test_lines_of_includes_count(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "more.txt").write_text("-r ../main.txt\nbar --hash=sha256:1 # why\n")
    path = tmp_path / "main.txt"
    path.write_text(
        "\ufefffoo \\\n  >=1\n\n# no\n-r sub/more.txt\n--requirement=https://u:p@host/r.txt\n-rgone\n"
    )
    lines = lines_of(InstallRequest(requirements_file=path, requirements=("baz",)))
    assert lines == ("foo    >=1", "bar --hash=sha256:1", "--requirement=https://u:p@host/r.txt", "baz")
    assert has_hashes(lines)
    assert remote_include(lines) == "https://u:p@host/r.txt"
    assert build_option(lines) is None


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("foo --global-option=x", "--global-option"),
        ("foo --config-settings a=b", "--config-settings"),
        ("foo --config-setting a=b", "--config-setting"),
        ("foo -C a=b", "-C"),
        ("foo --hash=sha256:1", None),
        ("./foo-C a", None),
    ],
)
def test_options_with_which_a_line_is_built(line, option):
    assert build_option((line,)) == option


# The choice

THERE = Uv(Path("/uv"), "1.2.3", "on the path")


@pytest.mark.parametrize(
    ("requested", "facts", "choice"),
    [
        ("pip", Facts(THERE), ("pip", "it was asked for")),
        ("auto", Facts(THERE), ("uv", "1.2.3, on the path")),
        ("uv", Facts(THERE), ("uv", "1.2.3, on the path")),
        ("auto", Facts(), ("pip", "uv is not there")),
        ("auto", Facts(replace(THERE, version="0.1.9")), ("pip", f"uv 0.1.9 is older than {OLDEST_UV}")),
        ("auto", Facts(replace(THERE, version=OLDEST_UV)), ("uv", f"{OLDEST_UV}, on the path")),
        ("auto", Facts(THERE, target="of the target"), ("pip", "of the target")),
        ("auto", Facts(THERE, settings="of a setting"), ("pip", "of a setting")),
    ],
)
def test_the_choice_and_its_reason(requested, facts, choice):
    assert choose_installer(requested, facts) == choice


@pytest.mark.parametrize(
    ("facts", "reason", "hint"),
    [
        (Facts(), "uv is not there", "pip install"),
        (Facts(replace(THERE, version="0.1")), "uv 0.1 is older", "pip install --upgrade 'invplug[uv]'"),
        (Facts(THERE, target="of the target"), "of the target", "--installer auto"),
    ],
)
def test_uv_that_was_insisted_on_and_cannot_be_used(facts, reason, hint):
    with pytest.raises(InstallError, match=reason) as caught:
        choose_installer("uv", facts)
    assert (caught.value.code, caught.value.exit_code) == ("install-no-uv", 1)
    assert hint in caught.value.hint


def test_targets_that_are_pips(target, monkeypatch):
    if UV is None:
        pytest.skip("uv is not there")
    said = []
    opened = open_installer(target.interpreter, run, requested="auto", on_line=said.append)
    assert opened.name == "uv"
    debian = target.interpreter._replace(
        site_packages=target.interpreter.prefix / "lib/python3/dist-packages"
    )
    assert open_installer(debian, run, requested="auto", on_line=said.append).name == "pip"
    (target.interpreter.prefix / "pyvenv.cfg").unlink()
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert open_installer(target.interpreter, run, requested="auto", on_line=said.append).name == "pip"
    assert said[1:] == [
        f"installer: pip (packages of this Python lie in `{debian.site_packages}`)",
        "installer: pip (packages go to the user's site, which uv does not know)",
    ]


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\necho something else\n", "no program"])
def test_a_uv_that_does_not_work_is_none(tmp_path, monkeypatch, text):
    (tmp_path / "uv").write_text(text)
    (tmp_path / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("inventree_plugins.packages.choice._beside", lambda: None)
    assert find_uv(run) is None


def test_declarations_tell_what_was_asked_for(uv_target, wheels, offline, tmp_path):
    """A path has no name before it is unpacked, and a line that is not for this Python asks for nothing."""
    wheel = build_wheel(wheels, "foo", "1.0", requires=["bar"])
    build_wheel(wheels, "bar", "1.0")
    path = tmp_path / "plugins.txt"
    path.write_text("\n".join([*offline, str(wheel), "bar; python_version < '3'"]))
    declared = (
        Declaration(str(wheel), path, 3),
        Declaration("bar; python_version < '3'", path, 4, "bar", "bar; python_version < '3'"),
    )
    request = InstallRequest(requirements_file=path, declarations=declared)
    found = {each.name: (each.requested, each.line) for each in uv_target.installer.resolve(request)}
    assert found == {"foo": (True, str(wheel)), "bar": (False, "bar==1.0")}
