"""The fake of an external service: what it answers, and what it remembers."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from inventree_plugins.sdk import APICallError, APICallMixin, InvenTreePlugin, SettingsMixin
from inventree_plugins.testing import FakeApi


class Service(APICallMixin, SettingsMixin, InvenTreePlugin):
    NAME = "Service"
    API_URL_SETTING = "URL"
    API_TOKEN_SETTING = "TOKEN"
    SETTINGS = {
        "URL": {"name": "URL", "default": "nowhere.invalid"},
        "TOKEN": {"name": "Token", "protected": True, "default": ""},
    }


@pytest.fixture
def service(host):
    return host.enable(Service)


@pytest.fixture
def api(host, service):
    with host.fake_api(service, token="secret") as api:
        yield api


def answered(api, path, method="GET", body=None):
    """Return status, headers and body, by nothing of the SDK's."""
    connection = http.client.HTTPConnection(urlsplit(api.url).netloc, timeout=20)
    try:
        connection.request(method, path, body=body)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def test_what_was_not_announced_is_404(api, service):
    with pytest.raises(APICallError) as caught:
        service.api_call("nothing")
    assert caught.value.status == 404
    assert [each.path for each in api.requests] == ["/nothing"]


def test_address_and_token_become_the_plugins_settings(api, service):
    assert service.api_url == api.url
    api.answer("/", {})
    service.api_call("")
    assert api.requests[0].headers["authorization"] == "Bearer secret"


def test_without_a_token_there_is_no_header(host, service):
    with host.fake_api(service) as api:
        api.answer("/", {})
        service.api_call("")
    assert "authorization" not in api.requests[0].headers


def test_without_a_plugin_it_only_serves(host, service):
    with host.fake_api() as api:
        assert service.get_setting("URL") == "nowhere.invalid"
        assert answered(api, "/")[0] == 404


@pytest.mark.parametrize("path", ["/a/b", "a/b", "/a/b/", "a/b/"])
def test_slashes_at_the_ends_do_not_count(api, service, path):
    api.answer(path, "yes")
    assert [service.api_call("a/b"), service.api_call("/a/b/")] == ["yes", "yes"]


def test_answers_are_by_method_and_the_last_one_counts(api, service):
    api.answer("/part", {"n": 1})
    api.answer("/part", {"n": 2}, method="post")
    api.answer("/part", {"n": 3})
    assert service.api_call("part") == {"n": 3}
    assert service.api_call("part", method="POST") == {"n": 2}
    assert [each.method for each in api.requests] == ["GET", "POST"]
    assert answered(api, "/part", "DELETE")[0] == 404


def test_status_headers_and_bytes(api, service):
    api.answer("/logo", b"\x89PNG", status=206, headers={"Content-Type": "image/png", "X-Part": "1"})
    status, headers, body = answered(api, "/logo")
    assert (status, body) == (206, b"\x89PNG")
    assert (headers["Content-Type"], headers["X-Part"], headers["Content-Length"]) == ("image/png", "1", "4")
    assert service.api_call("logo", simple_response=False).status_code == 206


def test_json_is_what_it_answers_with_unless_told_otherwise(api):
    api.answer("/nothing-in-it")
    status, headers, body = answered(api, "/nothing-in-it")
    assert (status, headers["Content-Type"], json.loads(body)) == (200, "application/json", None)


def test_head_has_headers_and_no_body(api):
    api.answer("/part", {"n": 1}, method="HEAD")
    status, headers, body = answered(api, "/part", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, "8", b"")


def test_query_and_json_body_are_kept(api, service):
    api.answer("/order", {}, method="PUT")
    asked = {"tag": ["a", "b"], "empty": "x y"}
    service.api_call("order", method="PUT", url_args=asked, json={"é": [1, None]})
    [received] = api.requests
    assert (received.path, received.query) == ("/order", {"tag": ["a,b"], "empty": ["x y"]})
    assert received.json() == {"é": [1, None]}
    assert received.headers["content-type"] == "application/json"


def test_several_values_of_one_name_are_a_list(api):
    answered(api, "/?a=1&a=2")
    assert api.requests[0].query == {"a": ["1", "2"]}


def test_a_body_that_is_no_json_is_kept_as_it_is(api):
    answered(api, "/", "POST", b"\x00\xff")
    assert api.requests[0].body == b"\x00\xff"
    with pytest.raises(ValueError, match=r"codec|JSON|Expecting"):
        api.requests[0].json()


def test_several_requests_at_once(api):
    count = 16
    meeting = threading.Barrier(count)

    def ask(number):
        meeting.wait(20)
        return answered(api, f"/{number}")

    for number in range(count):
        api.answer(str(number), {"number": number})
    with ThreadPoolExecutor(count) as pool:
        found = [json.loads(body) for _, _, body in pool.map(ask, range(count))]
    assert found == [{"number": number} for number in range(count)]
    assert sorted(int(each.path[1:]) for each in api.requests) == list(range(count))


def test_after_its_block_nobody_answers(host, service):
    with host.fake_api(service) as api:
        pass
    with pytest.raises(APICallError) as caught:
        service.api_call("part")
    assert caught.value.status is None
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(api.url, timeout=20)


def test_two_fakes_are_apart():
    first, second = FakeApi(), FakeApi()
    try:
        first.answer("/", 1)
        second.answer("/", 2)
        assert first.url != second.url
        assert [answered(each, "/")[2] for each in (first, second)] == [b"1", b"2"]
    finally:
        first.close()
        second.close()


def test_a_fake_that_the_test_leaves_with_an_error_is_closed(host, service):
    with pytest.raises(KeyError), host.fake_api(service) as api:
        raise KeyError
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(api.url, timeout=20)
