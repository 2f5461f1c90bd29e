"""A request puts each value where the profile wants it, and its answer is told as far as it is kept."""

import asyncio
import gzip
import json
import tracemalloc
from urllib.parse import parse_qsl, unquote

import aiohttp
import pytest
from aiohttp import web
from command_programs import until
from http_places import asked, names, nowhere, place, runner, saying

from rtvoice_tui.errors import ToolError
from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.profiles.runs import HttpRun
from rtvoice_tui.tools import http
from rtvoice_tui.tools.registry import Registry
from rtvoice_tui.tools.runner import MAX_OUTPUT, Call
from rtvoice_tui.tools.toolbox import Toolbox

LEADING = [
    "a/b",
    "a?b",
    "a#b",
    "%2f",
    "%2e%2e",
    "../x",
    "..%2fx",
    "a\\b",
    "é🦜",
    "a b",
    "a;b",
    "a&b=c",
    "a\r\nX: y",
    "{other}",
    "@evil",
    "//evil/",
    ":80",
    "a+b",
    "\0",
]
"""Values that would lead out of their place."""


@pytest.fixture
async def here():
    async with place() as made:
        yield made


def error_of(outcome):
    assert not outcome.ok
    return json.loads(outcome.output)["error"]


def answering(*parts, **more):
    """An answer in parts."""

    async def answer(request):
        response = web.StreamResponse(**more)
        response.enable_chunked_encoding()
        await response.prepare(request)
        for part in parts:
            await response.write(part)
        return response

    return answer


class TestRequests:
    @pytest.mark.parametrize(
        ("method", "address", "arguments", "path", "body"),
        [
            ("GET", "/w", {}, "/w", None),
            ("GET", "", {}, "/", None),
            ("GET", "?a={a}", {"a": 1}, "/?a=1", None),
            ("GET", "/w/{city}", {"city": "Oslo"}, "/w/Oslo", None),
            ("GET", "/w/{n}/{yes}", {"n": -1.5, "yes": True}, "/w/-1.5/true", None),
            ("GET", "/w?q={city}&units=metric", {"city": "Oslo"}, "/w?q=Oslo&units=metric", None),
            ("GET", "/w?q={city}&d={days}", {"city": "Oslo"}, "/w?q=Oslo", None),
            ("GET", "/w?q=in+{city}", {"city": "São Paulo"}, "/w?q=in%20S%C3%A3o%20Paulo", None),
            ("GET", "/w?{key}={value}", {"key": "a&b", "value": "c=d"}, "/w?a%26b=c%3Dd", None),
            ("GET", "/w", {"city": "Oslo", "days": 3}, "/w?city=Oslo&days=3", None),
            ("GET", "/w/{city}", {"city": "Oslo", "days": [1]}, "/w/Oslo?days=%5B1%5D", None),
            ("DELETE", "/w/{id}", {"id": 1, "x": "y"}, "/w/1?x=y", None),
            ("GET", "/две/ a%20b/{x}", {"x": "ы"}, "/%D0%B4%D0%B2%D0%B5/%20a%20b/%D1%8B", None),
            ("GET", "/w#part", {}, "/w", None),
            ("POST", "/w/{id}", {"id": 1, "x": "é", "deep": {"a": [None]}}, "/w/1", {"x": "é", "deep": {"a": [None]}}),
            ("PUT", "/w?a={a}", {"a": 1, "b": 2}, "/w?a=1", {"b": 2}),
            ("PATCH", "/w", {}, "/w", {}),
        ],
    )  # fmt: skip
    async def test_every_argument_has_its_place(self, here, method, address, arguments, path, body):
        outcome = await asked(here.url + address, arguments, method=method)
        assert outcome.ok
        ((came_method, came_path, _, came_body),) = here.asked
        assert (came_method, came_path) == (method, path)
        assert (json.loads(came_body) if came_body else None) == body

    @pytest.mark.parametrize("method", ["POST", "GET"])
    async def test_a_body_of_the_profile_s_is_filled_to_its_depth(self, here, method):
        body = {"query": {"text": "about {q}", "limits": ["{n}", {"all": "{yes}"}]}, "gone": "{missing}", "fixed": 1}
        arguments = {"q": '"quoted" {n}', "n": 5, "yes": False, "left": "over"}
        await asked(f"{here.url}/w", arguments, method=method, body=body)
        ((came_method, path, headers, came),) = here.asked
        assert (came_method, path, headers["content-type"]) == (method, "/w", "application/json")
        assert json.loads(came) == {
            "query": {"text": 'about "quoted" {n}', "limits": [5, {"all": False}]},
            "fixed": 1,
        }

    @pytest.mark.parametrize("value", LEADING)
    async def test_no_value_leaves_its_place(self, here, value):
        arguments = {"x": value, "other": "expanded"}
        await asked(f"{here.url}/a/{{x}}/b?q={{x}}&o={{other}}", arguments)
        ((_, path, headers, _),) = here.asked
        before, _, query = path.partition("?")
        first, middle, last = before.lstrip("/").split("/")
        assert (first, unquote(middle), last) == ("a", value, "b")
        assert parse_qsl(query) == [("q", value), ("o", "expanded")]
        assert "x" not in headers

    @pytest.mark.parametrize("value", ["", " ", ".", "..", " .. "])
    async def test_a_part_of_the_path_that_would_make_another_path_is_refused(self, here, value):
        outcome = await asked(f"{here.url}/a/{{x}}/b", {"x": value})
        assert "tool was not asked: x is a part of the address" in error_of(outcome)
        assert here.asked == []

    @pytest.mark.parametrize("address", ["/{x}{y}", "/.{x}", "/{x}.", "/.{x}/b"])
    async def test_values_that_make_another_path_only_together_are_refused(self, here, address):
        assert error_of(await asked(here.url + address, {"x": ".", "y": "."}))
        assert here.asked == []

    async def test_a_part_of_the_path_that_is_missing_is_told(self, here):
        assert "x is a part of the address" in error_of(await asked(f"{here.url}/{{x}}"))
        assert here.asked == []

    async def test_an_address_beyond_measure_is_refused(self, here):
        assert "the address would have" in error_of(await asked(here.url, {"x": "y" * 10_000}))
        assert here.asked == []

    @pytest.mark.parametrize(("address", "method"), [("/{x}", "GET"), ("/?q={x}", "GET"), ("/", "GET"), ("/", "POST")])
    async def test_text_that_no_utf_8_can_say_is_told(self, here, address, method):
        call = Call("tool", {"x": "half \ud83d"})
        made = runner(here.url + address, method=method)
        assert isinstance(made.preview(call), str)
        outcome = await made.run(call)
        assert outcome.ok is (method == "POST"), "JSON can escape it, an address cannot"
        assert outcome.ok is ("was not asked" not in outcome.output)

    def test_the_preview_is_the_request(self):
        made = runner("http://example.com/{a}", method="POST")
        call = Call("tool", {"a": "x y", "b": "é"})
        assert made.preview(call) == 'POST http://example.com/x%20y\n{"b": "é"}'
        assert made.preview(Call("tool", {"a": ".."})).startswith("nothing: ")

    @pytest.mark.parametrize(
        "url",
        [
            "{scheme}://example.com/",
            "http{s}://example.com/",
            "http://{host}/",
            "http://{host}.example.com/",
            "http://example.com{path}",
            "http://example.com:{port}/",
            "http://{user}@example.com/",
            "http://[{host}]/",
            "{url}",
            "ftp://example.com/",
            "file:///etc/passwd",
            "/path",
            "http://",
            "http:///path",
            "http://example.com:99999/",
            "http://example.com/?key=${KEY}",
            "",
        ],
    )
    def test_an_address_whose_place_is_not_fixed_is_refused_when_it_is_loaded(self, url, tmp_path):
        with pytest.raises(ToolError, match=r"^tool tool: "):
            runner(url)
        profile = Profile(tools=[ToolEntry(name="bad", run=HttpRun(url=url))])
        toolset, problems = Registry(tmp_path, {}).toolset(profile)
        assert (toolset, len(problems)) == ({}, 1)


class TestAnswers:
    async def test_an_answer_is_the_result_and_its_status_is_kept(self, here):
        here.answer = answering(b'{"t": ', b"12}", status=201, reason="Made")
        outcome = await asked(here.url)
        assert (outcome.output, outcome.ok, outcome.note) == ('{"t": 12}', True, "")
        assert dict(outcome.details) == {"status": "201 Made", "request": f"GET {here.url}"}

    @pytest.mark.parametrize("status", [400, 401, 404, 500, 503, 599])
    async def test_an_error_has_its_status_and_the_beginning_of_its_body(self, here, status):
        here.answer = answering(b"no such city" + b"x" * 9000, status=status, reason="Sorry")
        outcome = await asked(here.url)
        told = json.loads(outcome.output)
        assert told["error"] == f"tool failed: HTTP {status} Sorry"
        assert told["body"].startswith("no such cityxxx")
        assert len(told["body"]) < 2200
        assert dict(outcome.details)["body"] == "no such city" + "x" * 9000

    async def test_nothing_is_a_result_too(self, here):
        here.answer = answering(status=204)
        outcome = await asked(here.url, method="HEAD")
        assert (outcome.output, outcome.ok) == ("", True)

    @pytest.mark.parametrize("size", [MAX_OUTPUT, MAX_OUTPUT + 1, http.KEPT_BYTES, http.KEPT_BYTES + 1])
    async def test_only_a_result_beyond_measure_is_cut_and_both_are_told(self, here, size):
        here.answer = answering(b"x" * size)
        outcome = await asked(here.url)
        assert outcome.output.startswith("x" * MAX_OUTPUT)
        assert ("[cut: " in outcome.output, bool(outcome.note)) == (size > MAX_OUTPUT,) * 2
        assert ("were read" in outcome.note) == (size > http.KEPT_BYTES)

    async def test_an_endless_body_is_read_no_further_than_it_is_kept(self, here):
        async def endless(request):
            response = web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(b"x" * 65_536)

        here.answer = endless
        tracemalloc.start()
        try:
            outcome = await asked(here.url)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert outcome.ok
        assert "were read" in outcome.note
        assert most < 20 * http.KEPT_BYTES

    async def test_a_body_that_unpacks_to_an_endless_one_is_kept_small_too(self, here):
        packed = gzip.compress(bytes(50_000_000).replace(b"\0", b"x"))

        here.answer = answering(packed, headers={"Content-Encoding": "gzip"})
        outcome = await asked(here.url)
        assert len(outcome.output) < MAX_OUTPUT + 100
        assert "were read" in outcome.note

    @pytest.mark.parametrize(
        ("body", "kind"),
        [(b"\x89PNG\r\n\0\0", "application/octet-stream"), (b"abc", "image/png"), (b"a", "audio/wav")],
    )
    async def test_what_is_no_text_is_told_by_its_kind_and_size(self, here, body, kind):
        async def answer(request):
            return web.Response(body=body, content_type=kind)

        here.answer = answer
        assert error_of(await asked(here.url)) == f"tool failed: the answer is no text but {kind}, {len(body)} bytes"

    @pytest.mark.parametrize(
        ("charset", "body", "text"),
        [
            ("utf-8", "é".encode(), "é"),
            ("latin-1", b"\xe9", "é"),
            ("utf-16", "é12".encode("utf-16"), "é12"),
            ("utf-8", b"a\xffb", "a�b"),
            ("ascii", b"a\xffb", "a�b"),
            ("no-such-charset", "é".encode(), "é"),
            ("hex", b"6162", "6162"),
            ("idna", "é".encode(), "é"),
            ("undefined", "é".encode(), "é"),
            ("punycode", b"abc-def", "abc-def"),
            ("unicode_escape", b"\\u0041", "\\u0041"),
        ],
    )
    async def test_any_charset_gives_a_text(self, here, charset, body, text):
        here.answer = answering(body, headers={"Content-Type": f"text/plain; charset={charset}"})
        outcome = await asked(here.url)
        assert (outcome.output, outcome.ok) == (text, True)

    @pytest.mark.parametrize(
        "head",
        [
            '<!doctype html><meta charset="windows-1251">',
            "<html><head><META http-equiv=Content-Type content='text/html; charset=windows-1251'>",
            '<?xml version="1.0" encoding="windows-1251"?>',
        ],
    )
    async def test_a_page_may_name_its_charset_itself(self, here, head):
        here.answer = answering((head + "Привет").encode("windows-1251"), headers={"Content-Type": "text/html"})
        assert (await asked(here.url)).output == head + "Привет"

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"garbage\r\n\r\n" * 500,
            b"\0" * 100,
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
            b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\nabc",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
            b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
            b"HTTP/1.1 999999 OK\r\n\r\n",
            b"HTTP/1.1 302 Found\r\nLocation: http://[bad/\r\nContent-Length: 0\r\n\r\n",
        ],
    )
    async def test_a_server_that_answers_no_answer_is_told(self, raw):
        async with saying(raw) as url:
            outcome = await asked(url, redirects=True)
        assert error_of(outcome).startswith("tool failed: 127.0.0.1")
        assert 0 < len(outcome.note) < 1000
        assert "Traceback" not in outcome.note

    async def test_a_server_that_is_not_there_is_told(self):
        outcome = await asked(nowhere())
        assert error_of(outcome).startswith("tool failed: 127.0.0.1 cannot be reached: ")
        assert outcome.note == "check the url"


class TestTime:
    async def test_a_server_that_cannot_be_reached_in_time_is_told(self, monkeypatch):
        async def never(*_, **__):
            await asyncio.Event().wait()

        names(monkeypatch, slow_example=[])
        monkeypatch.setattr("aiohttp.connector.DefaultResolver.resolve", never)
        monkeypatch.setattr(http, "CONNECT_S", 0.05)
        assert error_of(await asked("http://slow.example/")) == "tool failed: slow.example does not answer"

    async def test_how_long_an_answer_takes_is_up_to_the_profile_alone(self, here, monkeypatch):
        """The library's own limit would end a request that the profile allows an hour."""
        monkeypatch.setattr(aiohttp.client, "DEFAULT_TIMEOUT", aiohttp.ClientTimeout(total=0.05))

        async def late(request):
            await asyncio.sleep(0.2)
            return web.Response(text="late")

        here.answer = late
        assert (await asked(here.url)).output == "late"

    async def test_cancelling_closes_the_connection(self, here):
        async def never(request):
            await asyncio.Event().wait()

        here.answer = never
        call = asyncio.ensure_future(asked(here.url))
        await until(lambda: here.asked, "the request came")
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await until(lambda: here.left == 1, "the server saw the client go")

    async def test_cancelling_while_the_body_comes_closes_the_connection(self, here):
        async def slow(request):
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"beginning")
            await asyncio.Event().wait()

        here.answer = slow
        call = asyncio.ensure_future(asked(here.url))
        await until(lambda: here.asked, "the request came")
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await until(lambda: here.left == 1, "the server saw the client go")

    async def test_a_request_that_takes_too_long_is_ended_and_told(self, here, tmp_path):
        async def never(request):
            await asyncio.Event().wait()

        here.answer = never
        entry = ToolEntry(name="slow", run=HttpRun(url=here.url, private=True), timeout_s=1.0)
        profile = Profile(tools=[entry])
        box = Toolbox()
        box.use(Registry(tmp_path, {}).toolset(profile)[0], profile.tool_specs)
        box.open()
        try:
            outcome = await box.run("slow", "{}", "c1")
            assert error_of(outcome) == "slow gave no result within 1 s"
            await until(lambda: here.left == len(here.asked), "the server saw the client go")
        finally:
            await box.close()
