"""Calls of a real service on this machine: what it is sent, where it leads on to, and what it answers."""

from __future__ import annotations

import io
import ssl
from http.server import ThreadingHTTPServer

import pytest

from inventree_plugins.sdk import (
    APICallError,
    APICallMixin,
    InvenTreePlugin,
    MixinNotImplementedError,
)
from tests.sdk.service import TEXT, Service, made, started


def test_an_api_is_called_with_token_query_and_body(caller):
    answer = caller.api_call("/things", url_args={"ids": [1, 2], "q": "a b"})
    assert (answer["method"], answer["path"]) == ("GET", "/things?ids=1,2&q=a%20b")
    assert answer["headers"]["Authorization"] == "Bearer t0ken"
    posted = caller.api_call("things", method="post", json={"x": 1}, headers={"X-Own": "yes"})
    assert (posted["method"], posted["body"], posted["headers"]["X-Own"]) == ("POST", '{"x": 1}', "yes")
    assert posted["headers"]["Content-Type"] == "application/json"
    assert caller.api_call(f"{caller.api_url}/whole", endpoint_is_url=True)["path"] == "/whole"


def test_the_token_also_stands_in_the_header_of_its_name(service):
    headers = made(service, API_TOKEN="X-Api-Key").api_call("x")["headers"]
    assert (headers["X-Api-Key"], headers["Authorization"]) == ("t0ken", "X-Api-Key t0ken")
    # A word that no header can have as its name.
    assert "Authorization" in made(service, API_TOKEN="Token token:").api_call("x")["headers"]


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}])
def test_headers_of_the_call_stand_in_the_place_of_the_usual_ones(caller, headers):
    sent = caller.api_call("x", headers=headers)["headers"]
    assert "t0ken" not in str(sent)
    assert sent.get("Accept") == headers.get("Accept")


def test_headers_may_be_numbers_and_none_is_left_out(caller):
    sent = caller.api_call("x", headers={"A": 5, "B": b"b", "C": None})["headers"]
    assert (sent["A"], sent["B"], "C" in sent) == ("5", "b", False)


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ({"a": {1}, "b": (each for each in "xy"), "c": {"k": 1}.keys()}, "a=1&b=x,y&c=k"),
        ({"q": "a%20b", "p": "50%", "n": None, "t": True}, "q=a%20b&p=50%25&n=None&t=True"),
        ({"q": "a&b=c#d+e"}, "q=a%26b%3Dc%23d%2Be"),
        ({"ä": "ö"}, "%C3%A4=%C3%B6"),
    ],
)
def test_a_query_is_quoted_once(caller, arguments, query):
    assert caller.api_call("x", url_args=arguments)["path"] == f"/x?{query}"


def test_a_query_may_have_several_sources(caller):
    assert caller.api_call("x?a=1", url_args={"b": 2})["path"] == "/x?a=1&b=2"
    params = {"c": [1, 2], "d": None}
    assert caller.api_call("x?a=1#part", url_args={"b": 2}, params=params)["path"] == "/x?a=1&b=2&c=1&c=2"
    assert caller.api_call("x", params=[("a", 1)])["path"] == "/x?a=1"
    assert caller.api_call("x", params="a=1")["path"] == "/x?a=1"


def test_addresses_may_hold_any_letter(caller):
    assert caller.api_call("teile/ä ö%20")["path"] == "/teile/%C3%A4%20%C3%B6%20"


@pytest.mark.parametrize(
    ("data", "body"),
    [
        ({"a": "b c"}, "a=b+c"),
        ({"a": [1, 2], "n": None}, "a=1&a=2"),
        ([("a", 1), ("a", 2)], "a=1&a=2"),
        ("text", "text"),
        (b"bytes", "bytes"),
        (bytearray(b"bytes"), "bytes"),
        (io.BytesIO(b"file"), "file"),
        ((each for each in (b"par", "ts")), "parts"),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_body_may_be_given_in_many_ways(caller, data, body):
    assert caller.api_call("x", "POST", data=data)["body"] == body


def test_what_is_empty_is_not_sent(caller):
    assert caller.api_call("x", "POST", json={})["body"] == ""
    assert caller.api_call("x", "POST", data={}, json={"a": 1})["body"] == '{"a": 1}'
    with pytest.raises(ValueError, match="either"):
        caller.api_call("x", data="a", json="b")


def test_some_arguments_of_requests_are_understood_and_others_refused(caller, service):
    assert caller.api_call("slow", timeout=5)["path"] == "/slow"
    assert caller.api_call("slow", timeout=(1, 5))["path"] == "/slow"
    basic = "Basic bWU6cHc="
    assert caller.api_call("x", auth=("me", "pw"))["headers"]["Authorization"] == basic
    url = f"http://me:pw@{service}/x"
    assert caller.api_call(url, endpoint_is_url=True)["headers"]["Authorization"] == basic
    assert caller.api_call("x", verify=False)["path"] == "/x"
    with pytest.raises(APICallError, match="certificates"):
        caller.api_call("x", verify="/missing.pem")
    with pytest.raises(TypeError, match="`auth`"):
        caller.api_call("x", auth="me")
    for name in ("files", "allow_redirects", "stream"):
        with pytest.raises(TypeError, match=f"`{name}`"):
            caller.api_call("x", **{name: 1})


def test_a_bad_status_is_an_error_of_its_own(caller):
    with pytest.raises(APICallError, match="404") as caught:
        caller.api_call("missing")
    assert (caught.value.status, caught.value.plugin, caught.value.mixin) == (404, "my-plugin", "api_call")
    assert caught.value.url.endswith("/missing")
    assert '"method"' in caught.value.body
    answer = caller.api_call("missing", simple_response=False)
    assert (answer.status_code, answer.json()["path"]) == (404, "/missing")
    assert (bool(answer), answer.ok, answer.reason) == (False, False, "Not Found")
    with pytest.raises(APICallError, match="404 Not Found") as caught:
        answer.raise_for_status()
    assert caught.value.plugin == "my-plugin"
    assert caller.api_call("x", simple_response=False).raise_for_status() is None


@pytest.mark.parametrize("path", ["several", "unchanged"])
def test_what_is_neither_success_nor_led_on_is_an_error(caller, path):
    with pytest.raises(APICallError, match="answered 30"):
        caller.api_call(path)


@pytest.mark.parametrize(
    ("path", "method", "expected"),
    [
        ("once301", "POST", ("GET", "", "/there")),
        ("once301", "PATCH", ("PATCH", "", "/there")),
        ("once302", "PATCH", ("GET", "", "/there")),
        ("once303", "PATCH", ("GET", "", "/there")),
        ("once307", "POST", ("POST", '{"a": 1}', "/there")),
        ("once308", "PATCH", ("PATCH", '{"a": 1}', "/there?x=%C3%A4")),
    ],
)
def test_a_redirect_is_followed(caller, path, method, expected):
    answer = caller.api_call(path, method, json={"a": 1})
    assert (answer["method"], answer["body"], answer["path"]) == expected
    assert answer["headers"]["Authorization"] == "Bearer t0ken"
    assert caller.api_call(path, "HEAD", simple_response=False).url.endswith("/there")


def test_the_same_service_gets_the_token_again(caller):
    answer = caller.api_call("slash")
    assert (answer["path"], answer["headers"]["Authorization"]) == ("/slash/", "Bearer t0ken")


@pytest.mark.parametrize("where", ["host", "port"])
def test_another_service_gets_no_header_that_may_hold_a_secret(service, where):
    plugin = made(service, API_TOKEN="X-Api-Key")
    answer = plugin.api_call("away", "POST", params=where, json={"a": 1})
    assert (answer["path"], answer["body"]) == ("/there", '{"a": 1}')
    assert "t0ken" not in str(answer["headers"])
    assert answer["headers"]["Content-Type"] == "application/json"
    own = {"Cookie": "sid=t0ken", "X-Secret": "t0ken", "Accept": "*/*"}
    sent = plugin.api_call("away", params=where, headers=own)["headers"]
    assert ("t0ken" in str(sent), sent["Accept"]) == (False, "*/*")
    sent = plugin.api_call("away", params=where, auth=("me", "pw"))["headers"]
    assert "Authorization" not in sent


@pytest.mark.parametrize(
    ("path", "words"), [("loop", "more than 30"), ("file", "leads on"), ("ill", "leads on")]
)
@pytest.mark.parametrize("simple_response", [True, False])
def test_a_redirect_to_nowhere_is_an_error(caller, server, path, words, simple_response):
    with pytest.raises(APICallError, match=words) as caught:
        caller.api_call(path, simple_response=simple_response)
    assert caught.value.plugin == "my-plugin"
    assert len(server.seen) <= 31


def test_what_does_not_answer_or_not_in_json_is_an_error(caller):
    for path in ("text", "deep"):
        with pytest.raises(APICallError, match="JSON"):
            caller.api_call(path)
    assert caller.api_call("text", simple_response=False).text == "no json"
    with pytest.raises(APICallError, match="cannot reach") as caught:
        caller.api_call("slow")
    assert caught.value.status is None
    caller.set_setting("URL", "127.0.0.1:1")
    with pytest.raises(APICallError, match="cannot reach"):
        caller.api_call("x")


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("path", ["short", "short-slow"])
def test_a_body_that_does_not_end_is_an_error(caller, path, status):
    with pytest.raises(APICallError, match="the answer") as caught:
        caller.api_call(path, params=str(status), simple_response=False)
    assert (caught.value.status, caught.value.plugin) == (status, "my-plugin")


@pytest.mark.parametrize("path", ["badzip", "cutzip"])
def test_a_body_that_cannot_be_unpacked_is_an_error(caller, path):
    with pytest.raises(APICallError, match="cannot be read"):
        caller.api_call(path)


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/hostname", 'data:application/json,{"a": 1}', "ftp://127.0.0.1/x"),
        *("127.0.0.1/x", "", "http://", "http://[::1", "http://127.0.0.1:port/x", "http://a..b/"),
    ],
)
@pytest.mark.parametrize("simple_response", [True, False])
def test_only_http_and_https_are_called(caller, url, simple_response):
    with pytest.raises(APICallError, match="http:// or https://") as caught:
        caller.api_call(url, endpoint_is_url=True, simple_response=simple_response)
    assert caught.value.plugin == "my-plugin"


@pytest.mark.parametrize(
    "path", ["gzip", "twice", "deflate", "raw", "utf8", "bom", "utf16", "utf32", "latin"]
)
def test_a_body_is_read_as_it_was_written(caller, path):
    assert caller.api_call(path) == {"a": "ä"}
    answer = caller.api_call(path, simple_response=False)
    assert answer.text == TEXT or path in {"utf16", "utf32"}


def test_an_answer_tells_all(caller, service):
    answer = caller.api_call("binary", simple_response=False)
    assert answer.content == bytes(range(256))
    assert (answer.headers["content-type"], answer.headers["X-OWN"]) == ("image/png", "1")
    assert ("x-own" in answer.headers, answer.headers.get("nothing")) == (True, None)
    assert (answer.ok, bool(answer), answer.reason, answer.encoding) == (True, True, "OK", "utf-8")
    assert caller.api_call("latin", simple_response=False).encoding == "iso8859-1"
    assert caller.api_call("odd", simple_response=False).text == TEXT
    answer = caller.api_call("once308", "HEAD", params={"key": "s3cret"}, simple_response=False)
    assert answer.url == f"http://{service}/there"
    assert dict(answer.headers)["Content-Length"] == str(len(answer.content)) or answer.content == b""


SECRET = "hunter2"


def test_no_error_shows_a_secret(caller, service):
    calls = [
        ("text", {"url_args": {"api_key": SECRET}}),
        ("missing", {"params": {"api_key": SECRET}}),
        ("loop", {"auth": ("me", SECRET)}),
        ("short?500&", {"url_args": {"k": SECRET}}),
        ("x", {"headers": {"Authorization": f"Bearer {SECRET}\n"}}),
        ("x", {"headers": {"Authorization": f"Bearer {SECRET}€"}}),
        (f"http://me:{SECRET}@{service}/missing", {"endpoint_is_url": True}),
        (f"http://me:{SECRET}@127.0.0.1:1/x", {"endpoint_is_url": True}),
        (f"http://me:{SECRET}/@{service}/x", {"endpoint_is_url": True}),
        (f"me:{SECRET}@{service}/x", {"endpoint_is_url": True}),
        (f"http://127.0.0.1:1/x?key={SECRET}#{SECRET}", {"endpoint_is_url": True}),
        (f"x?key={SECRET}", {"method": "G ET\r\n"}),
    ]
    for endpoint, options in calls:
        with pytest.raises(APICallError) as caught:
            caller.api_call(endpoint, **options)
        error = caught.value
        shown = f"{error} {error.url} {error.__cause__}"
        assert SECRET not in shown, endpoint
        assert "?" not in error.url
        assert error.__cause__ is None or SECRET not in repr(error.__cause__)


def test_a_certificate_that_nobody_knows_is_refused_unless_all_are_trusted(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made_certificate(key, certificate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = started(server)
    try:
        plugin = made(f"localhost:{server.server_port}", API_METHOD="https", API_TIMEOUT=5)
        with pytest.raises(APICallError, match="certificate"):
            plugin.api_call("x")
        assert plugin.api_call("x", verify=False)["path"] == "/x"
        assert plugin.api_call("x", verify=str(certificate))["headers"]["Authorization"] == "Bearer t0ken"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def made_certificate(key, certificate):
    import shutil
    import subprocess

    if shutil.which("openssl") is None:
        pytest.skip("needs the program openssl")
    command = [
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
        *("-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate),
    ]
    subprocess.run(command, check=True, capture_output=True)


def test_an_api_needs_both_settings_named_and_a_place_for_them():
    for attributes in ({"API_URL_SETTING": None}, {"API_TOKEN_SETTING": None}):
        with pytest.raises(MixinNotImplementedError, match="API_"):
            made(**attributes).mixin_enabled("api_call")
    attributes = {"NAME": "x", "API_URL_SETTING": "URL", "API_TOKEN_SETTING": "TOKEN"}
    without = type("Without", (APICallMixin, InvenTreePlugin), attributes)()
    assert without.mixin_enabled("api_call")
    with pytest.raises(MixinNotImplementedError, match="SettingsMixin"):
        without.api_call("x")


def test_settings_may_come_from_elsewhere(service):
    class Stored:
        def get_setting(self, key):
            return {"URL": service, "TOKEN": ""}[key]

    attributes = {"NAME": "x", "API_URL_SETTING": "URL", "API_TOKEN_SETTING": "TOKEN", "API_METHOD": "http"}
    plugin = type("With", (Stored, APICallMixin, InvenTreePlugin), attributes)()
    assert plugin.api_call("x")["path"] == "/x"
