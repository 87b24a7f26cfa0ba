"""What rules must not say of plugins that work, and what they must say beyond their simplest case."""

from __future__ import annotations

import pytest

from inventree_plugins.validation import RULES
from tests.validation.cases import plugin
from tests.validation.conftest import write

BASE = "from plugin import InvenTreePlugin"
DJANGO = f"from django.urls import path, re_path\n{BASE}"
API = "APICallMixin, SettingsMixin"
APP = {
    "plugins/__init__.py": "",
    "plugins/x/__init__.py": "",
    "plugins/x/core.py": plugin(mixins="AppMixin"),
}
EVENT = "def process_event(self, event, *args, **kwargs): ..."


def tasks(text, *body, **more):
    return plugin(*body, mixins="ScheduleMixin", SCHEDULED_TASKS=text, **more)


WORKING = {
    "mixins from a base of its own": plugin(
        EVENT,
        imports=f"{BASE}\nfrom plugin.mixins import EventMixin\nclass Base(EventMixin, InvenTreePlugin): ...",
        bases="Base",
    ),
    "method from a plain base": plugin(
        imports=f"{BASE}\nfrom plugin.mixins import EventMixin\nclass Events:\n    {EVENT}",
        bases="Events, EventMixin, InvenTreePlugin",
    ),
    "method bound to a function": plugin(
        "process_event = handle", mixins="EventMixin", imports=f"def handle(self, event): ...\n{BASE}"
    ),
    "method below if": plugin("if True:", f"    {EVENT}", mixins="EventMixin"),
    "async method": plugin("async def scan(self, barcode_data): ...", mixins="BarcodeMixin"),
    "one of several methods": plugin("def print_labels(self, label): ...", mixins="LabelPrintingMixin"),
    "supplier's barcodes": plugin(
        "def extract_barcode_fields(self, data): ...", mixins="SupplierBarcodeMixin"
    ),
    "base right of the plugin base": plugin(
        bases="InvenTreePlugin, SettingsMixin",
        imports=f"{BASE}\nfrom plugin.mixins import SettingsMixin",
        SETTINGS='{"A": {}}',
    ),
    "data where a final method is": plugin(plugin_name='"x"'),
    "links that only running tells": plugin(
        "@property",
        "def NAVIGATION(self): ...",
        mixins="NavigationMixin",
    ),
    "links with dict()": plugin(mixins="NavigationMixin", NAVIGATION='[dict(name="a", link="b")]'),
    "links as a tuple": plugin(mixins="NavigationMixin", NAVIGATION='({"name": "a", "link": "b"},)'),
    "links built in a loop": plugin(
        mixins="NavigationMixin", NAVIGATION='[{"name": x, "link": x} for x in "ab"]'
    ),
    "urls built in part": plugin(
        mixins="UrlsMixin",
        imports=DJANGO,
        URLS='[path("a/", print), *[re_path(each, print) for each in "ab"]]',
    ),
    "a task of the server": tasks('{"a": {"func": "InvenTree.tasks.x", "schedule": "I", "minutes": 5}}'),
    "a task of a static method": tasks(
        '{"a": {"func": "run", "schedule": "Y", "repeats": -1}}', "@staticmethod", "def run(): ..."
    ),
    "a task of a method of the base": tasks(
        '{"a": {"func": "run", "schedule": "D"}}',
        imports=f"{BASE}\nfrom plugin.mixins import ScheduleMixin\nclass Base:\n    def run(self): ...",
        bases="Base, ScheduleMixin, InvenTreePlugin",
    ),
    "task with a spread definition": tasks('{"a": {**COMMON, "func": "x.y"}}', imports=f"{BASE}\nCOMMON = x"),
    "address of its own": plugin(
        "@property", 'def api_url(self): return "https://example.org"', mixins="APICallMixin"
    ),
    "address and token of its own": plugin(
        *("@property", 'def api_url(self): return "https://example.org"'),
        *("@property", "def api_headers(self): return {}"),
        mixins="APICallMixin",
        API_TOKEN_SETTING='"TOKEN"',
    ),
    "settings of a call, put together": plugin(
        mixins=API,
        SETTINGS='{"API_URL": {}, "API_TOKEN": {}}',
        API_URL_SETTING='"API_" + "URL"',
        API_TOKEN_SETTING='f"API_{1 and "TOKEN"}"'.replace('"TOKEN"', "'TOKEN'"),
    ),
    "settings with a default that is called": plugin(
        mixins="SettingsMixin", SETTINGS='{"A": {"default": lambda: 1, "validator": [int, bool]}}'
    ),
    "settings of users alone": plugin(mixins="SettingsMixin", USER_SETTINGS='{"A": {}}'),
    "settings of a supplier": plugin("def get_suppliers(self): ...", mixins="SupplierMixin"),
    "date without dashes": plugin(PUBLISH_DATE='"20240229"'),
    "date with a time": plugin(PUBLISH_DATE='"2024-02-29T10:00:00.5+01:00"'),
    "high bound": plugin(MAX_VERSION='"99.99.99"'),
    "two empty bounds": plugin(MIN_VERSION='""', MAX_VERSION='""'),
    "bound with a suffix": plugin(MIN_VERSION='"0.17.0-beta"'),
    "bound with an operator": plugin(MIN_VERSION='">=0.17.0"'),
    "optional import": plugin(imports=f"try:\n    import zebra\nexcept ImportError: zebra = None\n{BASE}"),
    "import for types": plugin(
        imports=f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import zebra\n{BASE}"
    ),
    "import in a method": plugin("def run(self):", "    import zebra"),
    "what a server brings": plugin(
        imports=f"import django.db\nimport structlog, requests\nimport yaml\n{BASE}"
    ),
    "slug with an underscore": plugin(SLUG='"my_example"'),
    "translated text": plugin(
        imports=f"from django.utils.translation import gettext_lazy as _\n{BASE}", DESCRIPTION='_("text")'
    ),
    "future syntax of annotations": plugin(NAME=None, imports=BASE).replace(
        "SLUG =", 'NAME: "ClassVar[str]" = "Example"\n    SLUG: str ='
    ),
}


@pytest.mark.parametrize("text", WORKING.values(), ids=WORKING)
def test_nothing_is_said_of_a_plugin_that_works(check, text):
    write({"example.py": text})
    result = check("./example.py", "--against", "1.5", "--json", "--ignore", "unknown-value")
    assert result.findings == []
    assert len(result.data["plugins"]) == 1


# Without its mixin an attribute means nothing to the server, however it looks: a warning is enough.
@pytest.mark.parametrize(
    ("attribute", "value", "code"),
    [
        ("URLS", '{"api": "https://example.org"}', "urls-without-mixin"),
        ("NAVIGATION", '"north"', "navigation-without-mixin"),
        ("SCHEDULED_TASKS", "5", "tasks-without-mixin"),
        ("SETTINGS", '("a", "b")', "settings-without-mixin"),
        ("SETTINGS", f'{{"{"k" * 60}": {{}}}}', "settings-without-mixin"),
    ],
)
def test_attribute_that_the_server_does_not_read_is_only_a_warning(check, attribute, value, code):
    write({"example.py": plugin(**{attribute: value})})
    result = check("./example.py", "--json", "--ignore", "unknown-value")
    assert result.codes == [code]
    assert result.code == 0


TASK_FAULTS = {
    "[1]": "`SCHEDULED_TASKS` is no dict of tasks",
    '{"a": 1}': "the task `a` is no dict",
    '{"a": {}}': "the task `a` has no `func`|the task `a` has no `schedule`",
    '{"a": {"func": "x.y", "schedule": 5}}': "the task `a` has a schedule that is no text",
    '{"a": {"func": "x.y", "schedule": None}}': "the task `a` has a schedule that is no text",
    '{"a": {"func": "x.y", "schedule": "I"}}': "the task `a` has the schedule `I` but no `minutes`",
    '{"a": {"func": "x.y", "schedule": "d"}}': (
        "the task `a` has the schedule `d`, which its worker knows only as `D`"
    ),
    '{"a": {"func": "x.y", "schedule": " D "}}': (
        "the task `a` has the schedule ` D `, which its worker knows only as `D`"
    ),
    '{"a": {"func": "run", "schedule": "D"}}': "the task `a` calls `run`, which the plugin does not have",
    '{"a": {"func": 5, "schedule": "D"}}': "the task `a` has a `func` that is no text",
    '{"a": {"func": "x.y", "schedule": "D"}, 5: []}': "the task `5` is no dict",
}


@pytest.mark.parametrize("text", TASK_FAULTS)
def test_faults_of_tasks(check, text):
    write({"example.py": tasks(text)})
    result = check("./example.py", "--json")
    assert set(result.codes) == {"tasks-malformed"}
    assert [finding["message"] for finding in result.findings] == TASK_FAULTS[text].split("|")


def test_task_may_be_a_method_of_a_base_that_cannot_be_read(check):
    text = tasks(
        '{"a": {"func": "run", "schedule": "D"}}',
        imports=f"{BASE}\nfrom plugin.mixins import ScheduleMixin\nfrom zebra import Base",
        bases="Base, ScheduleMixin, InvenTreePlugin",
    )
    write({"example.py": text})
    assert check("./example.py", "--json").codes == ["import-missing", "unresolved-base"]


@pytest.mark.parametrize(
    "value", ['"x"', "5", '{"name": "a", "link": "b"}', '["name link"]', '[["name", "link"]]', "[None]"]
)
def test_links_of_wrong_types(check, value):
    write({"example.py": plugin(mixins="NavigationMixin", NAVIGATION=value)})
    result = check("./example.py", "--json")
    assert result.codes == ["navigation-malformed"]


@pytest.mark.parametrize("value", ['"x"', "5", '{"a": 1}', "[None]", '["a/"]', "[{}]"])
def test_urls_of_wrong_types(check, value):
    write({"example.py": plugin(mixins="UrlsMixin", URLS=value)})
    assert check("./example.py", "--json").codes == ["urls-malformed"]


@pytest.mark.parametrize(
    "value", ['"x"', "5", "[1]", '{"A": 1}', '{"A": []}', "{1: {}}", '{None: {"name": "x"}}']
)
@pytest.mark.parametrize("name", ["SETTINGS", "USER_SETTINGS"])
def test_settings_of_wrong_types(check, name, value):
    write({"example.py": plugin(mixins="SettingsMixin", **{name: value})})
    result = check("./example.py", "--json", "--ignore", "unknown-value")
    assert result.codes == ["settings-malformed"]


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"MAX_VERSION": '"abc"'}, "`MAX_VERSION` `abc` has fewer than three parts: every server refuses"),
        ({"MAX_VERSION": "(1, 5, 0)"}, "`MAX_VERSION` is no text: `(1, 5, 0)`: every server refuses"),
        (
            {"MAX_VERSION": '"1.5.0.1"'},
            "`MAX_VERSION` `1.5.0.1` does not have three parts: the server reads 5.0.1",
        ),
        ({"MAX_VERSION": '"10.2.3"'}, "`MAX_VERSION` `10.2.3` starts with a number of two digits"),
        ({"MAX_VERSION": '""', "MIN_VERSION": '"1.0.0"'}, "`MAX_VERSION` is empty, beside a `MIN_VERSION`"),
        ({"MIN_VERSION": "0.18"}, "`MIN_VERSION` is no text: `0.18`: no server is refused"),
        ({"MIN_VERSION": '"1.5.0.1"'}, "`MIN_VERSION` `1.5.0.1` does not have three parts"),
    ],
)
def test_bounds_that_are_misread(check, bounds, message):
    write({"example.py": plugin(**bounds)})
    (finding,) = check("./example.py", "--json").findings
    assert finding["code"].endswith("-version-misread")
    assert finding["message"].startswith(message)


@pytest.mark.parametrize(
    "value", ["2023-02-30", "2024-1-5", "31.01.2024", "January", "2024-01", "2024-01-31 "]
)
def test_dates_that_the_server_dies_of(check, value):
    write({"example.py": plugin(PUBLISH_DATE=f'"{value}"')})
    assert check("./example.py", "--json").codes == ["unreadable-date"]


@pytest.mark.parametrize(
    ("attributes", "count"),
    [
        ({}, 3),
        ({"API_URL_SETTING": '"URL"', "API_TOKEN_SETTING": '"TOKEN"'}, 3),
        ({"API_URL_SETTING": '""', "API_TOKEN_SETTING": "None"}, 3),
        ({"API_URL_SETTING": "find()", "API_TOKEN_SETTING": "find()"}, 1),
    ],
)
def test_calls_without_settings(check, attributes, count):
    write({"example.py": plugin(mixins="APICallMixin", **attributes)})
    assert check("./example.py", "--json").codes == ["api-settings"] * count


@pytest.mark.parametrize(
    "folder", ["templatetags", "templates", "static", "management", "locale", "fixtures"]
)
def test_package_with_a_folder_of_django_is_an_app(check, folder):
    write(APP)
    assert check("plugins", "--json").codes == ["app-empty"]
    write({f"plugins/x/{folder}/": ""})
    assert check("plugins", "--json").codes == []


def test_missing_module_is_reported_once_a_plugin(check):
    imports = f"import zebra\nimport zebra.label\nfrom zebra.printer import Printer\nimport giraffe\n{BASE}"
    write({"example.py": plugin(imports=imports)})
    result = check("./example.py", "--json")
    assert result.codes == ["import-missing", "import-missing"]
    assert [finding["line"] for finding in result.findings] == [1, 4]


WRONG = {
    "none": "None",
    "number": "5",
    "float": "1.5",
    "bool": "True",
    "text": '"abc"',
    "bytes": 'b"x"',
    "list": "[1, 'a', None]",
    "dicts": "[{}]",
    "tuple": "()",
    "set": "{1, 2}",
    "dict": "{1: 2}",
    "nested": "{'A': {'default': {'x': [1]}, 'choices': 5, 'validator': 'int', 'name': 3}}",
    "unknown keys": "{**y, 'A': 1, z: {}}",
    "function": "lambda: 1",
    "class": "int",
    "ellipsis": "...",
    "call": "find()",
    "loop": "[x for x in y]",
    "long": "'x' * 5000",
    "deep": "[" * 60 + "]" * 60,
    "large": "{" + ", ".join(f"'KEY_{number}': {{'name': 'x'}}" for number in range(3_000)) + "}",
}
EVERYTHING = (
    *("SETTINGS", "USER_SETTINGS", "NAVIGATION", "SCHEDULED_TASKS", "URLS", "API_URL_SETTING"),
    *("API_TOKEN_SETTING", "MIN_VERSION", "MAX_VERSION", "PUBLISH_DATE", "VERSION", "AUTHOR", "DESCRIPTION"),
    *("TITLE", "WEBSITE", "LICENSE", "ACTION_NAME"),
)


@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("version", ["0.6", "1.5"])
def test_every_attribute_of_every_wrong_type(check, value, version):
    mixins = "SettingsMixin, NavigationMixin, ScheduleMixin, UrlsMixin, APICallMixin, AppMixin"
    attributes = dict.fromkeys(EVERYTHING, "VALUE")
    imports = f"{BASE}\nVALUE = {value}"
    write({"example.py": plugin(imports=imports, mixins=mixins, **attributes)})
    result = check("./example.py", "--against", version, "--json")
    assert result.code == 4
    assert set(result.codes) <= set(RULES), "a finding that no page explains"
    for form in ("text", "github", "sarif"):
        assert check("./example.py", "--against", version, "--format", form).code == 4


@pytest.mark.parametrize("name", ["SLUG", "NAME", "PLUGIN_SLUG", "PLUGIN_NAME"])
@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG)
def test_every_wrong_type_of_a_name(check, name, value):
    write({"example.py": plugin(**{"NAME": None, "SLUG": None, name: value})})
    result = check("./example.py", "--json")
    assert result.code in {0, 4}
    assert set(result.codes) <= set(RULES), "a finding that no page explains"


@pytest.mark.parametrize("option", ["abstract = True", "proxy = True", "managed = False"])
def test_models_without_a_table_of_their_own_need_no_migration(check, option):
    models = f"from django.db import models\nclass Shelf(models.Model):\n    class Meta:\n        {option}\n"
    files = {"p/__init__.py": "", "p/x/__init__.py": "", "p/x/apps.py": "", "p/x/models.py": models}
    write({**files, "p/x/core.py": plugin(mixins="AppMixin")})
    assert check("p", "--json").codes == []


def test_methods_may_be_made_on_demand(check):
    write({"example.py": plugin("def __getattr__(self, name): ...", mixins="EventMixin")})
    assert check("./example.py", "--json").codes == []
