"""`invplug validate` as a command: its options, its formats, its exit codes and its two streams."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

import pytest

from inventree_plugins import __version__
from inventree_plugins.validation import RULES
from tests.builders import build_wheel
from tests.validation.cases import plugin
from tests.validation.conftest import write

BASE = "from plugin import InvenTreePlugin"
GOOD = {"plugins/__init__.py": "", "plugins/good.py": plugin()}
# Two warnings and one error.
BAD = plugin(AUTHOR=None, DESCRIPTION=None, MAX_VERSION='"1.5"')
# One warning.
WARNED = plugin(AUTHOR=None)
HINT = "hint: `invplug validate --explain CODE` tells what a code means and how to mend it\n"


def test_clean_folder_says_so_on_stderr_and_ends_with_0(check):
    write(GOOD)
    result = check("plugins")
    assert (result.code, result.out) == (0, "")
    assert result.err == "checked 1 plugin\nall is well\n"
    assert check("plugins", "--against", "1.5").err == "checked 1 plugin for InvenTree 1.5.0\nall is well\n"


def test_findings_go_to_stdout_and_the_verdict_to_stderr(check):
    write({"bad.py": BAD})
    result = check("./bad.py")
    assert result.code == 4
    assert result.out == (
        "bad.py:4: warning[missing-author] `ExamplePlugin` has no `AUTHOR`\n"
        "    add `AUTHOR = 'Your name'`\n"
        "bad.py:4: warning[missing-description] `ExamplePlugin` has no `DESCRIPTION`;"
        " the server shows its name instead\n"
        "    add `DESCRIPTION = 'What it does'`\n"
        "bad.py:8: error[max-version-misread] `MAX_VERSION` `1.5` has fewer than three parts:"
        " every server refuses the plugin\n"
        "    write `MAX_VERSION = '1.5.999'`\n"
    )
    assert result.err == f"checked 1 plugin\nerror: found 1 error and 2 warnings\n{HINT}"


def test_quiet_leaves_findings_and_the_error(check):
    write({"bad.py": BAD, "good.py": plugin()})
    loud, quiet = check("./bad.py"), check("./bad.py", "--quiet")
    assert quiet.out == loud.out
    assert "checked" not in quiet.err
    assert quiet.err.startswith("error: found")
    assert quiet.code == 4
    good = check("./good.py", "--quiet")
    assert (good.code, good.out, good.err) == (0, "", "")


def test_twice_is_the_same(check):
    write({"bad.py": BAD, **GOOD})
    for arguments in (("./bad.py",), ("plugins", "./bad.py", "--json"), ("./bad.py", "--format", "sarif")):
        assert check(*arguments) == check(*arguments)
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["bad.py", "plugins"], "nothing is written"


def test_real_binary_keeps_streams_and_exit_code(binary, empty_environment):
    write({"bad.py": BAD})
    words = [*binary, "--python", str(empty_environment), "validate", "./bad.py"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stdout.count("\n    ") == 3
    assert done.stderr == f"checked 1 plugin\nerror: found 1 error and 2 warnings\n{HINT}"


# Selecting and ignoring.


@pytest.mark.parametrize(
    ("options", "codes", "code"),
    [
        ((), ["missing-author", "missing-description", "max-version-misread"], 4),
        (("--select", "missing-author"), ["missing-author"], 0),
        (("--select", "no-slug"), [], 0),
        (
            ("--select", "missing-author", "--select", "missing-description"),
            ["missing-author", "missing-description"],
            0,
        ),
        (("--select", "missing-author, max-version-misread,"), ["missing-author", "max-version-misread"], 4),
        (("--ignore", "max-version-misread"), ["missing-author", "missing-description"], 0),
        (("--ignore", "max-version-misread,missing-author"), ["missing-description"], 0),
        (("--ignore", "max-version-misread", "--ignore", "missing-author,missing-description"), [], 0),
        (("--select", "missing-author", "--ignore", "missing-author"), [], 0),
        (("--strict", "--select", "missing-author"), ["missing-author"], 4),
        (("--strict", "--ignore", "missing-author,missing-description,max-version-misread"), [], 0),
    ],
)
def test_select_and_ignore(check, options, codes, code):
    write({"bad.py": BAD})
    result = check("./bad.py", "--json", *options)
    assert result.codes == codes
    assert result.code == code


@pytest.mark.parametrize("option", ["--select", "--ignore", "--explain"])
def test_unknown_code_is_a_usage_error_with_suggestions(check, option):
    write({"bad.py": BAD})
    result = check("./bad.py", option, "missing-autor")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(
        "error: there is no rule `missing-autor`\nhint: did you mean `missing-author`"
    )
    assert result.err.endswith("?\n")
    nothing = check("./bad.py", option, "xyzzy")
    assert nothing.err == (
        "error: there is no rule `xyzzy`\nhint: `invplug validate --explain all` lists them\n"
    )
    document = json.loads(check("./bad.py", option, "xyzzy", "--json").out)
    assert (document["exit_code"], document["errors"][0]["code"]) == (2, "usage")


def test_strict_makes_warnings_count(check):
    write({"warned.py": WARNED})
    relaxed, strict = check("./warned.py"), check("./warned.py", "--strict")
    assert relaxed.out == strict.out != ""
    assert (relaxed.code, strict.code) == (0, 4)
    assert relaxed.err == "checked 1 plugin\n"
    assert strict.err == f"checked 1 plugin\nerror: found 1 warning\n{HINT}"


# Another server.

PANEL = plugin("def get_custom_panels(self, view, request): ...", mixins="PanelMixin")
SUPPLIER = plugin("def get_suppliers(self): ...", mixins="SupplierMixin")
SCHEDULE = plugin(mixins="ScheduleMixin", SCHEDULED_TASKS='{"a": {"func": "x.y", "schedule": "D"}}')
LEGACY = plugin(
    imports="from plugin import IntegrationPluginBase",
    bases="IntegrationPluginBase",
    NAME=None,
    SLUG=None,
    PLUGIN_NAME='"Example"',
)
FINAL = plugin("def is_active(self): ...")
TEXT = '{"TOKEN": {"default": "x" * 201}}'
LONG = plugin(mixins="SettingsMixin", SETTINGS=TEXT)


@pytest.mark.parametrize(
    ("text", "version", "codes"),
    [
        (PANEL, "0.6", ["not-on-this-server", "not-on-this-server"]),
        (PANEL, "0.17", []),
        (PANEL, "0.17.10", []),
        (PANEL, "1.0", ["not-on-this-server"]),
        (SUPPLIER, "1.0", ["not-on-this-server"]),
        (SUPPLIER, "1.1", []),
        (LEGACY, "0.6", []),
        (LEGACY, "0.7", []),
        (LEGACY, "0.8", ["not-on-this-server", "legacy-base", "legacy-spelling"]),
        (FINAL, "0.17", []),
        (FINAL, "1.0", ["final-member"]),
        (LONG, "0.12", ["setting-default-too-long"]),
        (LONG, "0.13", []),
        (plugin(MIN_VERSION='"0.12.5"'), "0.12.4", ["version-gate"]),
        (plugin(MIN_VERSION='"0.12.5"'), "0.12.5", []),
        (plugin(MAX_VERSION='"0.17.10"'), "0.17.10", []),
        (plugin(MAX_VERSION='"0.17.9"'), "0.17.10", ["version-gate"]),
        (plugin(MAX_VERSION='"0.17.9"'), "1.0", ["version-gate"]),
        (plugin(MIN_VERSION='"1.0.0"', MAX_VERSION='"1.4.99"'), "1.2.3", []),
        (plugin(MIN_VERSION='"1.0.0"', MAX_VERSION='"0.17.0"'), "1.2.3", ["version-gate"]),
        (plugin(MAX_VERSION='"0.6.0"'), "0.8", []),  # not looked at before 0.9
        (plugin(MAX_VERSION='"1.5"'), "0.8.0", []),
        (plugin(MAX_VERSION='"1.5"'), "0.9", ["max-version-misread"]),
    ],
)
def test_against_judges_for_another_server(check, text, version, codes):
    write({"example.py": text})
    result = check("./example.py", "--against", version, "--json", "--ignore", "missing-version")
    assert sorted(result.codes) == sorted(codes)
    assert result.code == (4 if codes else 0)
    assert result.data["server_version"] == (version if version.count(".") == 2 else f"{version}.0")


def test_bounds_without_three_numbers_stop_old_servers(check):
    write({"example.py": plugin(MIN_VERSION='"0.18"')})
    old = check("./example.py", "--against", "1.0").out
    assert "the server stops loading plugins at it" in old
    assert "no server is refused" in check("./example.py", "--against", "1.1").out


@pytest.mark.parametrize(
    "version",
    ["", "1", "one", "1.5.0.1", "v1.5", "1.5 ", " 1.5", "1.5-dev", "1.5\n", "-1.5", "latest"],
)
def test_bad_version_is_a_usage_error(check, version):
    write(GOOD)
    result = check("plugins", f"--against={version}")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: `")
    assert result.err.endswith("hint: give one such as `1.5` or `1.5.2`\n")


# Formats.


def test_unknown_format_and_format_beside_json(check):
    write(GOOD)
    result = check("plugins", "--format", "xml")
    assert (result.code, result.out) == (2, "")
    assert result.err == "error: there is no format `xml`\nhint: choose one of text, github, sarif\n"
    result = check("plugins", "--format", "sarif", "--json")
    assert result.code == 2
    assert json.loads(result.out)["errors"][0]["message"] == "`--format` and `--json` exclude each other"


def test_json_is_one_document_with_its_keys(check):
    write({"bad.py": BAD})
    result = check("./bad.py", "--json")
    assert result.err == ""
    assert result.out.count("\n") == 1
    document = json.loads(result.out)
    assert (document["command"], document["status"], document["exit_code"]) == ("validate", "error", 4)
    assert [each["code"] for each in document["errors"]] == ["unhealthy"]
    assert set(document["data"]) == {"findings", "plugins", "server_version"}
    for finding in result.findings:
        assert set(finding) == {"code", "severity", "message", "hint", "slug", "path", "line"}
        assert finding["slug"] == "example"
    (row,) = result.data["plugins"]
    assert set(row) == {
        *("slug", "source", "package_name", "module", "class", "path", "errors", "warnings", "load")
    }
    assert (row["slug"], row["errors"], row["warnings"], row["load"]) == ("example", 1, 2, None)


def test_github_annotations_are_escaped(check):
    name = "100%,a: b.py"
    write({name: plugin(SETTINGS='{"A": {}}', SLUG='"50% off: a, b\\n\\r::error::x"')})
    result = check(f"./{name}", "--format", "github")
    assert result.code == 0
    line = next(line for line in result.out.splitlines() if "slug-changed" in line)
    assert line.startswith("::warning file=100%25%2Ca%3A b.py,line=6,title=slug-changed::")
    message = line.split("::", 2)[2]
    assert "50%25 off: a, b" in message
    assert all(line.startswith("::") for line in result.out.splitlines())
    assert result.err == "checked 1 plugin\n"
    properties = line.split("::")[1].removeprefix("warning ").split(",")
    assert [each.partition("=")[0] for each in properties] == ["file", "line", "title"]
    assert unquote(properties[0].partition("=")[2]) == name


def test_github_annotation_of_an_error(check):
    write({"bad.py": BAD})
    lines = check("./bad.py", "--format", "github").out.splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("::error file=bad.py,line=8,title=max-version-misread::`MAX_VERSION`")
    assert lines[2].endswith(" (write `MAX_VERSION = '1.5.999'`)")


def sarif(result):
    """Return the run of a SARIF document, after checking what the standard and its readers demand."""
    document = json.loads(result.out)
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-2.1.0.json")
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("invplug", __version__)
    rules = [rule["id"] for rule in driver["rules"]]
    assert len(set(rules)) == len(rules)
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] == RULES[rule["id"]].severity
    for each in run["results"]:
        assert each["ruleId"] in rules
        assert each["level"] in {"error", "warning", "note", "none"}
        assert each["message"]["text"]
        for place in each.get("locations", ()):
            physical = place["physicalLocation"]
            uri = physical["artifactLocation"]["uri"]
            assert re.fullmatch(r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]+", uri)
            assert not uri.startswith("/")
            assert physical.get("region", {"startLine": 1})["startLine"] >= 1
    return run


def test_sarif_document(check):
    write({"bad.py": BAD})
    result = check("./bad.py", "--format", "sarif")
    assert result.code == 4
    run = sarif(result)
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [
        *("missing-author", "missing-description", "max-version-misread")
    ]
    places = [each["locations"][0]["physicalLocation"] for each in run["results"]]
    assert [place["artifactLocation"]["uri"] for place in places] == ["bad.py"] * 3
    assert [place["region"]["startLine"] for place in places] == [4, 4, 8]
    assert result.err == f"checked 1 plugin\nerror: found 1 error and 2 warnings\n{HINT}"


def test_sarif_of_nothing_found_is_a_document_too(check):
    write(GOOD)
    result = check("plugins", "--format", "sarif")
    assert result.code == 0
    assert sarif(result)["results"] == []


def test_sarif_uris_are_encoded_and_relative(check):
    name = "ordner mit platz/plugin#1?ü%.py"
    write({name: WARNED})
    (result,) = sarif(check(f"./{name}", "--format", "sarif"))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(uri) == name
    assert "#" not in uri
    assert "?" not in uri


def test_sarif_of_a_file_elsewhere_has_a_file_uri(check, tmp_path):
    write({"bad.py": WARNED}, tmp_path / "else where")
    (result,) = sarif(check(str(tmp_path / "else where" / "bad.py"), "--format", "sarif"))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.startswith("file:///")
    assert uri.endswith("/else%20where/bad.py")


# Explanations.


def test_explain_prints_the_page(check):
    result = check("--explain", "no-slug")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("# no-slug\n\nAn error: ")
    assert "\n## Better\n" in result.out
    document = json.loads(check("--explain", "no-slug", "--json").out)["data"]
    assert document["page"] == result.out
    assert document["rules"] == [{"code": "no-slug", "severity": "error", "title": RULES["no-slug"].title}]


def test_explain_all_lists_every_rule_in_a_line(check):
    result = check("--explain", "all")
    assert (result.code, result.err) == (0, "")
    heading, *lines = result.out.splitlines()
    assert heading.split() == ["code", "severity", "what", "it", "finds"]
    assert [line.split()[0] for line in lines] == list(RULES)
    assert [line.split()[1] for line in lines] == [rule.severity for rule in RULES.values()]
    assert len(json.loads(check("--explain", "all", "--json").out)["data"]["rules"]) == len(RULES)


@pytest.mark.parametrize(
    "code", ["", "ALL", "No-Slug", "../no-slug", "no-slug.md", "/etc/passwd", "\n", "[red]x"]
)
def test_explain_nonsense(check, code):
    result = check(f"--explain={code}")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: there is no rule `")
    assert "\nhint: " in result.err


# Targets.


def test_nothing_installed(check):
    result = check()
    assert (result.code, result.out, result.err) == (0, "", "checked 0 plugins\nno plugins to check\n")


@pytest.mark.parametrize("target", ["./nowhere", "nowhere/plugin.py", "/nonexistent"])
def test_path_that_does_not_exist(check, target):
    result = check(target)
    assert (result.code, result.out) == (1, "")
    assert result.err == f"error: cannot check `{target}`: no such file or folder\n"


def test_name_of_nothing(check):
    result = check("nowhere")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("error: cannot check `nowhere`: nothing installed, and no file or folder,")


def test_one_bad_target_and_nothing_is_printed_for_the_good_ones(check):
    write({**GOOD, "bad.py": BAD})
    result = check("plugins", "./bad.py", "./nowhere")
    assert (result.code, result.out) == (1, "")


def test_folder_without_plugins(check):
    write({"empty/": "", "code/module.py": "x = 1\n", "code/__init__.py": "", "text/README.md": "# x\n"})
    for target in ("empty", "code", "text", "./code/module.py"):
        result = check(target)
        assert result.code == 4
        assert result.out == f"{Path(target)}: error[no-plugin-found] `{target}` holds no plugin\n"
        assert result.err.startswith("checked 0 plugins\nerror: found 1 error\n")


def test_several_targets_are_checked_together(check):
    write({"code/__init__.py": "", "code/good.py": plugin(), "bad.py": BAD, "warned.py": WARNED})
    result = check("code", "./bad.py", "./warned.py", "--json")
    assert [row["module"] for row in result.data["plugins"]] == ["code.good", "bad", "warned"]
    assert len(result.findings) == 4
    assert result.code == 4


def test_installed_package_by_slug_and_by_name(check, install):
    modules = {"inventree_x/__init__.py": "", "inventree_x/core.py": BAD}
    points = {"X": "inventree_x.core:ExamplePlugin"}
    environment = install("inventree-x", modules=modules, entry_points=points)
    results = [
        check(*target, "--json", environment=environment)
        for target in (("example",), ("inventree-x",), ("Inventree_X",), ())
    ]
    assert {tuple(result.codes) for result in results} == {
        ("missing-author", "missing-description", "max-version-misread")
    }
    assert {result.code for result in results} == {4}


def test_wheel_is_checked_without_installing_it(check, tmp_path):
    from tests.builders import build_wheel

    wheel = build_wheel(
        tmp_path / "dist",
        "inventree-x",
        "1.0.0",
        modules={"inventree_x/__init__.py": "", "inventree_x/core.py": BAD},
        entry_points={"X": "inventree_x.core:ExamplePlugin"},
    )
    result = check(str(wheel), "--json")
    assert result.codes == ["missing-author", "missing-description", "max-version-misread"]
    assert all(str(wheel) in finding["path"] for finding in result.findings)
    sarif(check(str(wheel), "--format", "sarif"))


def test_strange_names_of_files(check):
    names = ["a b.py", "ümläut.py", "日本.py", "-dash.py", "quote'.py", "[red]x.py", "new\nline.py"]
    for name in names:
        write({f"strange/{name}": WARNED})
        result = check(f"strange/{name}")
        assert result.code == 0
        assert result.out.startswith(f"strange/{name}:4: warning[".replace("\n", "\\u000a"))
        assert result.out.count("\n") == 2


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\x7fELF\x02\x01\x01\x00\x00", "syntax-error"),
        (b"\xff\xfe\x00", "syntax-error"),
        (b"# -*- coding: nonsense -*-\n", "syntax-error"),
        (b"", "no-plugin-found"),
        (b"\xef\xbb\xbf\n", "no-plugin-found"),
        (b"PK\x03\x04", "syntax-error"),
    ],
)
def test_files_that_are_no_source(check, content, code):
    write({"strange.py": content})
    result = check("./strange.py", "--json")
    assert result.codes == [code]
    assert result.code == 4


def test_links_that_lead_nowhere_or_in_circles(check):
    write(GOOD)
    links = {
        "loop": "loop",
        "dead.py": "nothing",
        "plugins/again": "../plugins",
        "plugins/dead.py": "nothing",
    }
    for name, target in links.items():
        Path(name).symlink_to(target)
    os.mkfifo("plugins/pipe.py")
    os.mkfifo("pipe.py")
    assert check("./loop").code == check("./dead.py").code == 1
    assert check("plugins").code == 0
    assert check("./pipe.py").code == 4


# Loading.


@pytest.mark.parametrize("option", ["--load-timeout", "--load-memory"])
@pytest.mark.parametrize("value", ["0", "-1", "soon", "", "nan", "inf", "1e9"])
def test_bad_numbers_for_loading(check, option, value):
    write(GOOD)
    result = check("plugins", "--load", f"{option}={value}")
    assert (result.code, result.out) == (2, "")
    assert result.err == f"error: `{option}` takes a number from 1 on, not `{value}`\n"


def test_load_tells_how_it_went(check):
    write(GOOD)
    result = check("plugins", "--load")
    assert result.code == 0
    assert "warning[loaded-without-server]" in result.out
    assert re.match(r"`example` loads \(\d+\.\d s\)\nchecked 1 plugin\n", result.err)
    (row,) = check("plugins", "--load", "--json").data["plugins"]
    assert (row["load"]["result"], row["load"]["with_server"]) == ("ok", False)


@pytest.mark.parametrize(
    ("statement", "stage", "error"),
    [
        ("raise SystemExit(3)", "import", "SystemExit: 3"),
        ("import os; os._exit(0)", None, "the process ended with exit code 0 before it could tell why"),
        ("import os; os.abort()", None, "the process ended with signal 6 before it could tell why"),
        ("raise KeyboardInterrupt", "import", "KeyboardInterrupt"),
        ("1 / 0", "import", "ZeroDivisionError: division by zero"),
        ("import zebra_printers", "import", "ModuleNotFoundError: No module named 'zebra_printers'"),
        ("x = bytearray(2 ** 40)", "import", "MemoryError"),
    ],
)
def test_load_survives_whatever_a_module_does(check, statement, stage, error):
    write({"example.py": plugin(imports=f"from plugin import InvenTreePlugin\nprint('noise')\n{statement}")})
    result = check("./example.py", "--load", "--json", "--ignore", "import-missing")
    assert result.codes == ["load-failed"]
    assert result.code == 4
    assert result.err == ""
    load = result.data["plugins"][0]["load"]
    assert (load["result"], load["stage"], load["error"]) == ("failed", stage, error)


READS_SETTING = """SETTINGS = {"A": {"default": "a"}}

    def __init__(self):
        super().__init__()
        1 / len(self.get_setting("A")[1:])"""


@pytest.mark.parametrize(
    ("base", "body", "stage", "error"),
    [
        (
            "ScheduleMixin",
            "SCHEDULED_TASKS = {'t': {'func': 'run', 'schedule': 'X'}}",
            "activate",
            "MixinImplementationError",
        ),
        ("SettingsMixin", "SETTINGS = ['A']", "activate", "MixinImplementationError"),
        ("NavigationMixin", "NAVIGATION = [{'link': '/'}]", "construct", "MixinNotImplementedError"),
        ("SettingsMixin", READS_SETTING, "construct", "ZeroDivisionError"),
    ],
)
def test_load_without_a_server_activates_mixins_in_the_host(check, base, body, stage, error):
    imports = f"from plugin import InvenTreePlugin\nfrom plugin.mixins import {base}"
    text = f"{imports}\n\n\nclass Example({base}, InvenTreePlugin):\n    NAME = 'Example'\n    {body}\n"
    write({"example.py": text})
    load = check("./example.py", "--load", "--json").data["plugins"][0]["load"]
    assert (load["result"], load["stage"]) == ("failed", stage)
    assert load["error"].startswith(f"{error}: ")
    assert {Path(frame["path"]).name for frame in load["traceback"]} <= {"example.py"}


@pytest.mark.parametrize(
    "statement",
    ["from plugin.no_such_place import x", "from part.models import Part", "from plugin import NO_SUCH"],
)
def test_what_only_a_server_has_makes_a_load_tell_nothing(check, statement):
    write({"example.py": plugin(imports=f"from plugin import InvenTreePlugin\n{statement}")})
    result = check("./example.py", "--load", "--json", "--select", "loaded-without-server,load-failed")
    assert (result.code, result.codes) == (0, ["loaded-without-server"])
    assert "cannot be told without a server" in result.findings[0]["message"]


def test_what_has_no_effect_outside_a_server_does_not_fail(check):
    imports = "from plugin import InvenTreePlugin, registry\nfrom plugin.mixins import ReportMixin\n"
    imports += "from plugin.base.ui.mixins import UIFeature\nfrom plugin.helpers import render_template"
    write({"example.py": plugin(imports=imports, bases="ReportMixin, InvenTreePlugin")})
    load = check("./example.py", "--load", "--json").data["plugins"][0]["load"]
    assert (load["result"], load["error"]) == ("ok", None)


def test_load_keeps_what_a_plugin_prints_out_of_the_output(check):
    write({"example.py": plugin(imports="from plugin import InvenTreePlugin\nprint('noise')")})
    result = check("./example.py", "--load", "--json")
    assert result.data["plugins"][0]["load"]["output"] == "noise\n"
    assert "noise" not in check("./example.py", "--load").out


def test_nothing_is_loaded_without_being_asked(check):
    write({"example.py": plugin(imports="from plugin import InvenTreePlugin\nopen('trace', 'w')")})
    check("./example.py")
    assert [path.name for path in Path.cwd().iterdir()] == ["example.py"]


def test_load_judges_for_the_server_at_hand_only(check):
    write(GOOD)
    result = check("plugins", "--load", "--against", "1.5")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: `--against` and `--load` exclude each other\nhint: ")


@pytest.mark.parametrize(
    ("files", "codes"),
    [
        ({"example.py": plugin(MAX_VERSION=f'"1.2.{"9" * 5000}"')}, ["version-gate"]),
        ({"example.py": plugin(imports=f"import {'.'.join('a' * 1500)}\n{BASE}")}, ["import-missing"]),
        ({"example.py": plugin(MAX_VERSION='"fewer 0.9.1"')}, ["version-gate"]),
    ],
)
def test_absurd_values(check, files, codes):
    write(files)
    assert check("./example.py", "--against", "1.5", "--json").codes == codes
    assert check("./example.py", "--against", "1" * 5000).code == 2


def test_entry_point_of_absurd_depth(check):
    name = ".".join("a" * 1500)
    write({"pyproject.toml": f"[project]\nname = 'x'\nentry-points.inventree_plugins.A = '{name}:B'\n"})
    assert check(".", "--json").codes == ["entry-point-unresolved"]


def test_sarif_of_a_name_that_is_no_text(check):
    Path(os.fsdecode(b"odd\xff.py")).write_text(plugin(AUTHOR=None), encoding="utf-8")
    document = json.loads(check(".", "--format", "sarif").out)
    (result,) = document["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "odd%FF.py"


@pytest.mark.parametrize("name", ["5", "None", "['x']"])
def test_module_not_found_with_an_odd_name(check, name):
    write({"example.py": plugin(imports=f"{BASE}\nraise ModuleNotFoundError('first\\nsecond', name={name})")})
    (finding,) = check("./example.py", "--load", "--json").findings
    assert finding["message"].endswith("ModuleNotFoundError: first second")


def test_answer_that_the_plugin_forges_is_not_believed(check):
    forged = "import sys, json; answer = json.loads(sys.argv[1])['answer']\n"
    forged += (
        'open(answer, \'w\').write(\'{"frames": [1, {"path": 3}], "error": 5}\'); import os; os._exit(0)'
    )
    write({"example.py": plugin(imports=f"{BASE}\n{forged}")})
    (finding,) = check("./example.py", "--load", "--json").findings
    assert finding["code"] == "load-failed"


def test_app_in_a_wheel_is_read(check, tmp_path):
    modules = {
        "pk/__init__.py": "",
        "pk/core.py": plugin(mixins="AppMixin", imports=f"from . import other\n{BASE}"),
        "pk/other.py": "from .gone import thing\n",
        "pk/models.py": "from django.db import models\nclass Shelf(models.Model): ...\n",
    }
    wheel = build_wheel(tmp_path, "pk", "1.0.0", modules=modules, entry_points={"E": "pk.core:ExamplePlugin"})
    assert check(str(wheel), "--json").codes == ["migrations-missing", "import-missing"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            "class Odd(ValueError):\n    def __str__(self): raise OSError\nraise Odd",
            "Odd: (its text cannot be had: OSError)",
        ),
        ("import sys\nsys.stdout = None", None),
        ("import sys\nsys.stdout.close()", None),
        ("import json\njson.dumps = lambda *a, **k: '[]'", None),
        ("e = SyntaxError('odd')\ne.filename = object()\nraise e", "SyntaxError: odd"),
    ],
)  # fmt: skip
def test_load_tells_the_truth_of_odd_modules(check, lines, said):
    write({"example.py": plugin(imports=f"{BASE}\n{lines}")})
    (finding,) = check("./example.py", "--load", "--json").findings
    expected = "loaded-without-server" if said is None else "load-failed"
    assert finding["code"] == expected
    assert said is None or finding["message"] == f"`example` cannot be imported: {said}"


def test_star_import_of_the_server_brings_what_it_has(check):
    imports = "from plugin import InvenTreePlugin\nfrom plugin.helpers import *\nfrom plugin.mixins import *"
    bases = "SettingsMixin, InvenTreePlugin"
    write({"example.py": plugin(imports=imports, bases=bases, SETTINGS='{"A": {"name": "a"}}')})
    assert check("./example.py", "--json").codes == []


@pytest.mark.parametrize("text", ["demo:A:B", "demo:", "demo/A", "..demo:A", "demo:A-b"])
def test_malformed_entry_points_are_not_passed_over(check, text):
    files = {f"project/{name}": content for name, content in {"demo.py": plugin()}.items()}
    header = f"[project]\nname = 'x'\nentry-points.inventree_plugins.A = '{text}'\n"
    write({**files, "project/pyproject.toml": header})
    assert check("project", "--json").codes == ["entry-point-unresolved"]


def test_plugin_whose_slug_is_unknown_is_no_missing_plugin(check):
    write({"plugins/__init__.py": "", "plugins/hat.py": plugin(NAME="open().read()", SLUG=None)})
    result = check("plugins", "--json")
    assert (result.code, result.codes) == (0, ["unknown-value"])


def test_import_of_a_module_that_its_own_package_lacks(check):
    write({"p/__init__.py": "", "p/x/__init__.py": f"from . import nosuch\n{plugin()}"})
    assert check("p", "--json").codes == ["import-missing"]


def test_slug_of_other_letters_than_ascii_is_changed(check):
    write({"example.py": plugin(SLUG='"café-größe"')})
    (finding,) = check("./example.py", "--json").findings
    assert (finding["code"], finding["slug"]) == ("slug-changed", "cafe-groe")


def test_folders_too_deep_are_reported(check):
    deep = "p/" + "d/" * 45
    parts = deep.rstrip("/").split("/")
    inits = {"/".join(parts[: n + 1]) + "/__init__.py": "" for n in range(len(parts))}
    write({**inits, f"{deep}core.py": plugin()})
    assert check("p", "--json").codes == ["too-complex"]


def test_setup_py_whose_entry_points_only_running_tells(check):
    write({"project/setup.py": "from setuptools import setup\nsetup(name='x', entry_points=read())\n"})
    result = check("project", "--json")
    assert (result.code, result.codes) == (0, ["project-file"])


@pytest.mark.parametrize("last", ["from __future__ import annotations", "return 5", "break"])
def test_errors_that_only_compiling_finds(check, last):
    write({"example.py": f"{plugin()}{last}\n"})
    (finding,) = check("./example.py", "--json").findings
    assert (finding["code"], finding["line"]) == ("syntax-error", plugin().count("\n") + 1)


# A server of a few files: what a source root and a store need to be taken for such.
SERVER = {
    "server/manage.py": "",
    "server/InvenTree/__init__.py": "",
    "server/InvenTree/version.py": 'INVENTREE_SW_VERSION = "1.5.0"\n',
    "server/plugin/__init__.py": "class InvenTreePlugin:\n    pass\n",
    "server/django/__init__.py": "import os, sys\ndef setup():\n"
    "    assert sys.argv == ['manage.py', 'check']\n"
    "    assert os.environ['DJANGO_SETTINGS_MODULE'] == 'InvenTree.settings'\n"
    "    assert 'INVENTREE_DB_PASSWORD' not in os.environ\n",
}
# It says which database it was given, and writes to it.
WRITER = (
    "def __init__(self):",
    "    super().__init__()",
    "    import os, sqlite3",
    "    name = os.environ['INVENTREE_DB_NAME']",
    "    connection = sqlite3.connect(name)",
    "    print(name, connection.execute('SELECT count(*) FROM thing').fetchall())",
    "    connection.execute('DELETE FROM thing')",
    "    connection.commit()",
)


def test_load_with_a_server_gives_each_plugin_a_copy_of_the_store(check, tmp_path, monkeypatch):
    monkeypatch.setenv("INVENTREE_DB_PASSWORD", "s3cret")
    write(SERVER)
    write({f"plugins/{name}.py": plugin(*WRITER, SLUG=f'"{name}"') for name in ("__init__", "one", "two")})
    write({"plugins/__init__.py": ""})
    store = tmp_path / "db.sqlite3"
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("CREATE TABLE thing (name)")
        connection.execute("INSERT INTO thing VALUES ('kept')")
        connection.commit()
    before = store.read_bytes()
    options = ("--server", "server", "--database", str(store))
    result = check("plugins", "--load", "--json", *options)
    assert (result.code, result.codes) == (0, [])
    loads = [row["load"] for row in result.data["plugins"]]
    assert [(each["result"], each["with_server"], each["stage"]) for each in loads] == [
        ("ok", True, None)
    ] * 2
    assert all(each["output"].endswith(" [(1,)]\n") and str(store) not in each["output"] for each in loads)
    assert store.read_bytes() == before
    assert sorted(path.name for path in tmp_path.glob("db.sqlite3*")) == ["db.sqlite3"]


def test_load_with_a_server_that_does_not_start(check):
    write({**SERVER, "server/django/__init__.py": "def setup():\n    raise OSError('no settings')\n", **GOOD})
    result = check("plugins", "--load", "--json", "--server", "server")
    (finding,) = result.findings
    expected = "`example` cannot be tried, as the server does not start: OSError: no settings"
    assert (finding["code"], finding["message"]) == ("load-failed", expected)


def test_everything_of_an_instance_is_checked(check, install):
    environment = install(
        "inventree-example", modules={"ex.py": plugin(AUTHOR=None)}, entry_points={"E": "ex:ExamplePlugin"}
    )
    write({**GOOD, "plugins/good.py": plugin(SLUG='"good"', DESCRIPTION=None), "plugins.txt": ""})
    result = check("--json", environment=environment)
    assert {row["slug"]: row["source"] for row in result.data["plugins"]} == {
        "good": "directory",
        "example": "package",
    }
    assert sorted(result.codes) == ["missing-author", "missing-description"]
    assert result.code == 0
    assert check("--json", "--strict", environment=environment).code == 4
