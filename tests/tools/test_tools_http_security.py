"""Keys go to the place that the profile names and are seen nowhere; only the internet at large is asked."""

import json
import subprocess
import sys
import threading

import pytest
from aiohttp import web
from http_places import asked, names, nowhere, place, runner

from rtvoice_tui.profiles import secrets
from rtvoice_tui.tools import http
from rtvoice_tui.tools.http import is_public
from rtvoice_tui.tools.runner import MAX_OUTPUT, Call

KEY = "geheim-0815"
QUOTED_KEY = 'ge"heim\\0815'


@pytest.fixture
async def here():
    async with place() as made:
        yield made


@pytest.fixture
async def there():
    async with place() as made:
        yield made


@pytest.fixture(autouse=True)
def empty_store(monkeypatch):
    monkeypatch.setattr(secrets, "_in_store", lambda account: "")


def error_of(outcome):
    assert not outcome.ok
    return json.loads(outcome.output)["error"]


def told(outcome):
    """All that anybody sees of an outcome."""
    return "\n".join([outcome.output, outcome.note, *(text for detail in outcome.details for text in detail)])


def text(body, **more):
    async def answer(request):
        return web.Response(text=body, **more)

    return answer


class TestKeys:
    async def test_headers_have_their_keys_from_the_environment(self, here):
        await asked(here.url, headers={"Authorization": "Bearer ${TOKEN}", "X-Two": "${A}-${B}", "X-Plain": "$A {A}"},
                    environ={"TOKEN": f" {KEY}\n", "A": "1", "B": "${A}"})  # fmt: skip
        ((_, _, headers, _),) = here.asked
        assert headers["authorization"] == f"Bearer {KEY}"
        assert headers["x-two"] == "1-${A}"
        assert headers["x-plain"] == "$A {A}"

    async def test_arguments_of_the_model_are_no_headers(self, here):
        await asked(here.url, {"TOKEN": "mine"}, headers={"X-Key": "{TOKEN} ${TOKEN}"}, environ={"TOKEN": KEY})
        ((_, _, headers, _),) = here.asked
        assert headers["x-key"] == f"{{TOKEN}} {KEY}"

    async def test_a_key_that_is_missing_is_told_and_nothing_is_asked(self, here):
        outcome = await asked(here.url, headers={"Authorization": "Bearer ${TOKEN}"})
        assert error_of(outcome) == "tool was not asked: a key is missing or not usable"
        assert outcome.note == "TOKEN is not set: set TOKEN in the environment, or take it out"
        assert here.asked == []

    async def test_the_key_store_is_asked_on_another_thread(self, here, monkeypatch):
        """It may ask the user, and other tools must not stand still meanwhile."""
        threads = []

        def store(account):
            threads.append(threading.current_thread())
            return KEY

        monkeypatch.setattr(secrets, "_in_store", store)
        assert (await asked(here.url, headers={"X-Key": "${TOKEN}"})).ok
        assert threads
        assert threading.current_thread() not in threads

    @pytest.mark.parametrize("status", [200, 403])
    @pytest.mark.parametrize("key", [KEY, QUOTED_KEY])
    async def test_a_key_that_the_server_repeats_is_blotted_out(self, here, status, key):
        here.answer = text(f"you said {key}, {key}", status=status, reason=f"no {KEY}")
        outcome = await asked(here.url, headers={"X-Key": "${TOKEN}", "X-2": "${K}"}, environ={"TOKEN": key, "K": KEY})
        assert "[key]" in outcome.output
        for form in (key, json.dumps(key)[1:-1]):
            assert form not in told(outcome)

    @pytest.mark.parametrize("limit", [2000, MAX_OUTPUT])
    @pytest.mark.parametrize("status", [200, 500])
    async def test_a_key_that_stands_where_the_text_is_cut_is_blotted_out(self, here, status, limit):
        here.answer = text("x" * (limit - 6) + KEY + "y" * 5000, status=status)
        outcome = await asked(here.url, headers={"X-Key": "${TOKEN}"}, environ={"TOKEN": KEY})
        assert KEY[:4] not in told(outcome)

    async def test_a_key_that_begins_another_is_blotted_out_with_it(self, here):
        here.answer = text(f"{KEY} and {KEY}-longer")
        outcome = await asked(
            here.url, headers={"X-Key": "${A}", "X-Other": "${B}"}, environ={"A": KEY, "B": f"{KEY}-longer"}
        )
        assert outcome.output == "[key] and [key]"

    @pytest.mark.parametrize("before", ["http://example.com/", "http://example.com/" + "x" * 175])
    async def test_a_key_in_a_redirect_that_is_not_followed_is_blotted_out(self, here, before):
        here.answer = text("", status=302, headers={"Location": before + KEY})
        outcome = await asked(here.url, headers={"X-Key": "${TOKEN}"}, environ={"TOKEN": KEY})
        assert "redirects to" in error_of(outcome)
        assert KEY[:4] not in told(outcome)

    def test_no_key_is_in_the_preview(self):
        made = runner("http://example.com/{x}", headers={"X-Key": "${TOKEN}"}, environ={"TOKEN": KEY}, method="POST")
        assert KEY not in made.preview(Call("tool", {"x": "${TOKEN}", "y": "${TOKEN}"}))

    async def test_a_key_that_no_header_can_hold_is_told(self, here):
        outcome = await asked(here.url, headers={"X-Key": "${TOKEN}"}, environ={"TOKEN": "a\r\nX-Other: b"})
        assert error_of(outcome) == "tool was not asked: a key is missing or not usable"
        assert "a line break" in outcome.note
        assert here.asked == []
        assert "X-Other" not in told(outcome)


class TestRedirects:
    async def test_none_is_followed_unless_the_profile_says_so(self, here, there):
        here.answer = text("", status=302, headers={"Location": f"{there.url}/x"})
        outcome = await asked(here.url)
        assert error_of(outcome) == (
            f"tool failed: the server redirects to {there.url}/x, and the profile follows none"
        )
        assert there.asked == []

    @pytest.mark.parametrize(
        ("status", "method", "then"),
        [
            (301, "GET", "GET"),
            (301, "POST", "GET"),
            (302, "POST", "GET"),
            (303, "POST", "GET"),
            (303, "PUT", "GET"),
            (303, "DELETE", "GET"),
            (303, "HEAD", "HEAD"),
            (302, "HEAD", "HEAD"),
            (301, "DELETE", "DELETE"),
            (302, "PUT", "PUT"),
            (307, "POST", "POST"),
            (308, "POST", "POST"),
            (307, "DELETE", "DELETE"),
        ],
    )
    async def test_the_method_is_what_http_says(self, here, there, status, method, then):
        here.answer = text("", status=status, headers={"Location": f"{there.url}/x?a=b"})
        outcome = await asked(here.url, {"c": 1}, method=method, redirects=True)
        assert outcome.ok
        ((came, path, headers, body),) = there.asked
        assert (came, path) == (then, "/x?a=b")
        assert body == ('{"c": 1}' if then in ("POST", "PUT") else "")
        assert ("content-type" in headers) == (then in ("POST", "PUT"))

    @pytest.mark.parametrize("times", [0, 1, 5])
    async def test_five_are_followed(self, here, times):
        async def answer(request):
            count = int(request.query.get("n", 0))
            if count == times:
                return web.Response(text="arrived")
            return web.Response(status=302, headers={"Location": f"?n={count + 1}"})

        here.answer = answer
        assert (await asked(f"{here.url}/a/b", redirects=True)).output == "arrived"
        assert len(here.asked) == times + 1
        assert all(path.startswith("/a/b") for _, path, _, _ in here.asked)

    async def test_a_sixth_is_not(self, here):
        here.answer = text("", status=302, headers={"Location": "/"})
        outcome = await asked(here.url, redirects=True)
        assert error_of(outcome) == "tool failed: the server redirects more than 5 times"
        assert len(here.asked) == 6

    async def test_a_redirect_within_the_same_place_keeps_the_keys(self, here):
        async def answer(request):
            return (
                await here.echo(request)
                if request.path == "/x"
                else web.Response(status=302, headers={"Location": "/x"})
            )

        here.answer = answer
        await asked(here.url, redirects=True, headers={"X-Key": "${TOKEN}"}, environ={"TOKEN": KEY})
        assert [headers["x-key"] for _, _, headers, _ in here.asked] == [KEY, KEY]

    async def test_another_place_gets_no_key_and_neither_does_the_first_after_it(self, here, there):
        async def answer(request):
            return (
                await here.echo(request)
                if request.path == "/back"
                else web.Response(status=302, headers={"Location": there.url})
            )

        here.answer = answer
        there.answer = text("", status=302, headers={"Location": f"{here.url}/back"})
        headers = {"Authorization": "Bearer ${TOKEN}", "X-Key": "${TOKEN}"}
        outcome = await asked(here.url, redirects=True, headers=headers, environ={"TOKEN": KEY})
        assert outcome.ok
        assert KEY in str(here.asked[0])
        assert KEY not in str(there.asked)
        assert KEY not in str(here.asked[1])

    async def test_a_name_and_its_address_are_two_places(self, here, monkeypatch):
        names(monkeypatch, same_example=["127.0.0.1"])
        port = here.url.rpartition(":")[2]

        async def answer(request):
            if request.path == "/x":
                return await here.echo(request)
            return web.Response(status=307, headers={"Location": f"http://same.example:{port}/x"})

        here.answer = answer
        await asked(here.url, redirects=True, headers={"X-Key": "${TOKEN}"}, environ={"TOKEN": KEY})
        assert ["x-key" in headers for _, _, headers, _ in here.asked] == [True, False]

    @pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://example.com/", "javascript:alert(1)", "data:,x"])
    async def test_only_the_web_is_followed(self, here, location):
        here.answer = text("", status=302, headers={"Location": location})
        assert error_of(await asked(here.url, redirects=True)).startswith("tool failed: ")
        assert len(here.asked) == 1


class TestPrivateAddresses:
    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "127.1",
            "127.255.255.254",
            "localhost",
            "LOCALHOST",
            "0.0.0.0",
            "0",
            "[::1]",
            "[::]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::127.0.0.1]",
            "[64:ff9b:1::7f00:1]",
            "[2002:7f00:1::]",
            "[fe80::1]",
            "[fc00::1]",
            "[fec0::1]",
            "[ff02::1]",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0x7f.0x0.0x0.0x1",
            "0177.0.0.1",
            "017700000001",
            "public@127.0.0.1",
            "example.com@127.0.0.1",
            "example.com:80@127.0.0.1",
            "①②⑦.⓪.⓪.①",
        ],
    )
    async def test_it_is_not_asked(self, here, host):
        port = here.url.rpartition(":")[2]
        outcome = await asked(f"http://{host}:{port}/x", private=False)
        assert error_of(outcome)
        assert here.asked == []

    @pytest.mark.parametrize(
        "host", ["example.com%40127.0.0.1", "127.0.0.1%23.example.com", "127.0.0.1%2f.example.com", "a\\@127.0.0.1"]
    )
    async def test_no_spelling_hides_it(self, here, host, monkeypatch):
        names(monkeypatch, example_com=["127.0.0.1"])
        port = here.url.rpartition(":")[2]
        assert error_of(await asked(f"http://{host}:{port}/x", private=False))
        assert here.asked == []

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "public@127.0.0.1", "0.0.0.0"])
    async def test_it_is_told_why(self, here, host):
        port = here.url.rpartition(":")[2]
        outcome = await asked(f"http://{host}:{port}/x", private=False)
        assert "is a private address: 'private = true' in the profile allows it" in error_of(outcome)

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "public@127.0.0.1"])
    async def test_it_is_asked_where_the_profile_allows_it(self, here, host):
        port = here.url.rpartition(":")[2]
        assert (await asked(f"http://{host}:{port}/x")).ok
        assert len(here.asked) == 1

    @pytest.mark.parametrize(
        "addresses",
        [["127.0.0.1"], ["::1", "127.0.0.1"], ["10.0.0.1", "127.0.0.1"], ["169.254.169.254"], ["fe80::1%1"]],
    )
    async def test_a_name_that_leads_to_one_is_not_asked(self, here, addresses, monkeypatch):
        names(monkeypatch, public_example=addresses)
        port = here.url.rpartition(":")[2]
        outcome = await asked(f"http://public.example:{port}/x", private=False)
        assert "public.example is a private address" in error_of(outcome)
        assert here.asked == []

    async def test_of_a_name_that_leads_to_both_only_the_public_one_is_asked(self, here, monkeypatch):
        names(monkeypatch, public_example=["10.0.0.1", "127.0.0.1"])
        monkeypatch.setattr(http, "is_public", lambda host: host == "127.0.0.1")
        port = here.url.rpartition(":")[2]
        assert (await asked(f"http://public.example:{port}/x", private=False)).ok

    @pytest.mark.parametrize("host", ["127.0.0.2", "localhost.example", "[::1]", "0x7f000002"])
    async def test_a_public_place_does_not_lead_to_one(self, here, there, host, monkeypatch):
        names(monkeypatch, localhost_example=["127.0.0.2"], **{"0x7f000002": ["127.0.0.2"]})
        monkeypatch.setattr(http, "is_public", lambda address: address == "127.0.0.1")
        port = there.url.rpartition(":")[2]
        here.answer = text("", status=302, headers={"Location": f"http://{host}:{port}/x"})
        outcome = await asked(here.url, private=False, redirects=True)
        assert len(here.asked) == 1
        assert "is a private address" in error_of(outcome)
        assert there.asked == []

    async def test_a_private_place_that_is_not_there_looks_the_same_as_one_that_is(self, here):
        one = error_of(await asked(f"{here.url}/x", private=False))
        assert one == error_of(await asked(f"{nowhere()}/x", private=False))

    @pytest.mark.parametrize(
        "address",
        ["8.8.8.8", "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"],
    )
    def test_the_internet_at_large_may_be_asked(self, address):
        assert is_public(address)

    async def test_no_proxy_of_the_environment_is_used(self, here, there, monkeypatch):
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, there.url)
        monkeypatch.delenv("no_proxy", raising=False)
        assert (await asked(here.url)).ok
        assert (len(here.asked), there.asked) == (1, [])

    async def test_no_password_file_is_used(self, here, monkeypatch, tmp_path):
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password geheim\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        await asked(here.url)
        assert "authorization" not in here.asked[0][2]

    async def test_no_cookie_is_kept(self, here):
        here.answer = text("", headers={"Set-Cookie": "a=b"})
        made = runner(here.url)
        await made.run(Call("tool", {}))
        await made.run(Call("tool", {}))
        assert all("cookie" not in headers for _, _, headers, _ in here.asked)


def test_nothing_that_is_not_needed_is_imported():
    program = (
        "import sys, pathlib\n"
        "from rtvoice_tui.profiles import runs\n"
        "from rtvoice_tui.profiles.model import Profile, ToolEntry\n"
        "from rtvoice_tui.tools.registry import Registry\n"
        "import rtvoice_tui.tools.registry\n"
        "tools = [ToolEntry(name='a', run=runs.CommandRun(argv=['x'])),\n"
        "         ToolEntry(name='b', run=runs.HttpRun(url='http://example.com/')),\n"
        "         ToolEntry(name='c', run=runs.McpRun(argv=['x']))]\n"
        "made, problems = Registry(pathlib.Path()).toolset(Profile(tools=tools))\n"
        "assert len(made) == 3, problems\n"
        "print(sorted({'mcp', 'aiohttp', 'httpx2', 'pydantic', 'keyring'} & set(sys.modules)))\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ran.stdout == "[]\n"
