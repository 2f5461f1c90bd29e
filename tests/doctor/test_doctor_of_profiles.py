"""What doctor finds in profiles, tools and the network, without the installed command: that has tests of its own."""

import os
from pathlib import Path

import pytest

from rtvoice_tui.doctor.checks import Verdict, machine, profile_findings
from rtvoice_tui.profiles import library, paths

SECRET = "geheim-0815"
MARKS = {Verdict.OK: "✓", Verdict.NOTE: "·", Verdict.BAD: "✗"}
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    for name in (*VARIABLES, *(name.lower() for name in VARIABLES), "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder() -> Path:
    found = paths.profiles_folder()
    found.mkdir(parents=True)
    return found


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch):
    """What is found about one profile, a line each with its remedy; no key may be in it."""

    def look(name: str, code: int, **environ: str) -> str:
        for variable, value in environ.items():
            monkeypatch.setenv(variable, value)
        (entry,) = (entry for entry in library.listed() if entry.name == name)
        found = list(profile_findings(entry, os.environ))
        told = "\n".join(f"{MARKS[f.verdict]} {f.about:<12} {f.sentence} -> {f.remedy}" for f in found)
        assert SECRET not in told
        assert any(finding.verdict is Verdict.BAD for finding in found) is bool(code), told
        return told

    return look


def about(told: str, name: str) -> str:
    """What is said about a profile."""
    assert name in told
    return told


def test_tools_that_no_server_would_accept_are_found_before_a_session_does(doctor, folder: Path) -> None:
    tool = '[[tools]]\nname = "{}"\nparameters = {}\nrun = {{kind = "mock", result = "x"}}\n'
    (folder / "tools.toml").write_text(
        'provider = "local"\n'
        + tool.format("strin", '{type = "object", properties = {city = {type = "strin"}}}')
        + tool.format("absent", '{type = "object", properties = {}, required = ["city"]}')
        + tool.format("моя погода", "{}")
        + tool.format("twice", "{}") * 2
        + tool.format("good", "{}"),
        encoding="utf-8",
    )
    told = about(doctor("tools", code=1), "tools")
    for word in ("properties.city.type", "no property 'city'", "'моя погода'", "several tools are called 'twice'"):
        assert word in told
    assert "'good'" not in told


KEYS = {
    "a line break": f"{SECRET}\nX: y",
    "a space": f"{SECRET} more",
    "quotation marks": f'"{SECRET}"',
    "a letter": f"{SECRET}ключ",
    "a control character": f"{SECRET}\x07",
}


@pytest.mark.parametrize("wrong", KEYS)
def test_a_key_that_cannot_be_sent_is_found_without_a_connection(doctor, folder, wrong):
    (folder / "work.toml").write_text('provider = "generic"\nurl = "wss://host.example/v1"\n')
    told = about(doctor("work", code=1, REALTIME_API_KEY=KEYS[wrong]), "work")
    assert f"the key from REALTIME_API_KEY has {wrong}" in told
    assert "copy it again" in told


@pytest.mark.parametrize(
    ("network", "part", "code"),
    [
        (
            {"HTTPS_PROXY": "http://user:geheim-0815@proxy.example:3128"},
            "· work         it connects through the proxy proxy.example:3128",
            0,
        ),
        ({"HTTPS_PROXY": "socks5://proxy.example:1080"}, "socks5 proxies are not supported", 1),
        ({"HTTPS_PROXY": "http://"}, "no address of a proxy", 1),
        ({"SSL_CERT_FILE": "/no/such/file.pem"}, "SSL_CERT_FILE names /no/such/file.pem, which does not exist", 1),
        ({"SSL_CERT_FILE": "/dev/null"}, "SSL_CERT_FILE names /dev/null, which is no file", 1),
        (
            {"SSL_CERT_FILE": "/etc/passwd"},
            "SSL_CERT_FILE names /etc/passwd, which holds no certificates in PEM form",
            1,
        ),
        ({"SSL_CERT_DIR": "/no/such/folder"}, "SSL_CERT_DIR names /no/such/folder, which does not exist", 1),
    ],
)
def test_the_network_of_a_company_is_looked_at(doctor, folder, network, part, code):
    (folder / "work.toml").write_text('provider = "generic"\nurl = "wss://host.example/v1"\n')
    assert part in about(doctor("work", code=code, REALTIME_API_KEY=SECRET, **network), "work")


def test_scripts_that_cannot_be_started_are_found(doctor, folder):
    (folder / "plain.sh").write_bytes(b"#!/bin/sh\necho hi\n")
    (folder / "windows.sh").write_bytes(b"#!/bin/sh\r\necho hi\r\n")
    (folder / "windows.sh").chmod(0o755)
    (folder / "work.toml").write_text(
        'provider = "local"\n'
        '[[tools]]\nname = "a"\nrun = {kind = "command", argv = ["./plain.sh"]}\n'
        '[[tools]]\nname = "b"\nrun = {kind = "mcp", argv = ["./windows.sh"]}\n'
    )
    told = about(doctor("work", code=1), "work")
    assert "plain.sh is not executable" in told
    assert "chmod +x" in told
    assert "windows.sh has the line ends of Windows" in told


def test_files_that_only_look_like_profiles_are_named(folder):
    for name in ("my profile.toml", "моя.toml", "mine.toml.txt", "Mine.TOML", "notes.md", "good.toml"):
        (folder / name).write_text('provider = "local"\n')
    told = [found.sentence.partition(" is not read")[0] for found in machine([]) if found.verdict is Verdict.NOTE]
    assert {"my profile.toml", "моя.toml", "mine.toml.txt", "Mine.TOML"} <= set(told)
    assert not {"notes.md", "good.toml"} & set(told)


def test_what_a_tool_would_lack_when_it_is_called_is_found_before(doctor, folder):
    city = 'parameters = {type = "object", properties = {city = {type = "string"}}, additionalProperties = false}'
    (folder / "work.toml").write_text(
        f"""
provider = "local"
[[tools]]
name = "a"
{city}
run = {{kind = "command", argv = ["echo", "{{city}}", "{{town}}"]}}
[[tools]]
name = "b"
{city}
run = {{kind = "http", url = "https://host.example/{{land}}", method = "POST", body = {{deep = ["{{year}}"]}}}}
[[tools]]
name = "c"
run = {{kind = "http", url = "http://host.example/", headers = {{Authorization = "${{MY_KEY}}"}}}}
[[tools]]
name = "d e"
run = {{kind = "mock", result = "1"}}
"""
    )
    told = about(doctor("work", code=1, MY_KEY=SECRET), "work")
    for lost in ("tool a: there is no argument for {town}", "argument for {land}", "argument for {year}"):
        assert lost in told
    assert "{city}" not in told
    assert "MY_KEY would go unencrypted to host.example" in told
    assert "name: 1 to 64 letters, digits, '_' or '-': it has a space" in told
    assert f"correct it in {folder / 'work.toml'}" in told


def tool_lines(**targets: str) -> str:
    return 'provider = "local"\n' + "".join(
        f'[[tools]]\nname = "{name}"\nrun = {{kind = "python", target = "{target}"}}\n'
        for name, target in targets.items()
    )


def test_python_tools_that_cannot_be_called_are_found_without_running_them(doctor, folder):
    (folder / "broken.py").write_text("def a(:\n")
    (folder / "wide.py").write_bytes("def b(): pass".encode("utf-16"))
    (folder / "good.py").write_text(
        "import os\nfrom json import dumps as say\nif os.name:\n    def c(): ...\nd = c\nopen('ran', 'w')\n"
    )
    (folder / "work.toml").write_text(
        tool_lines(a="broken.py:a", b="wide.py:b", c="good.py:c", d="good.py:d", e="good.py:say", f="good.py:gone")
    )
    told = about(doctor("work", code=1), "work")
    assert "tool a: " in told
    assert "is no Python" in told
    assert "in line 1" in told
    assert "tool b: " in told
    assert "has no function 'gone'" in told
    for good in ("tool c:", "tool d:", "tool e:"):
        assert good not in told
    assert not (folder / "ran").exists()


@pytest.mark.parametrize(
    ("network", "part"),
    [
        ({"SSL_CERT_FILE": "/no/such/file.pem"}, "which does not exist"),
        ({"HTTPS_PROXY": "socks5://proxy.example:1080"}, "socks5 proxies are not supported"),
        ({"SSL_CERT_DIR": "/nor/this:/no/such/folder"}, "SSL_CERT_DIR names /nor/this"),
    ],
)
@pytest.mark.parametrize("kind", ["http", "mcp"])
def test_the_network_of_tools_is_looked_at_too(doctor, folder, kind, network, part):
    run = f'{{kind = "{kind}", url = "https://host.example/x"}}'
    (folder / "work.toml").write_text(f'provider = "local"\n[[tools]]\nname = "a"\nrun = {run}\n')
    assert part in about(doctor("work", code=1, **network), "work")


@pytest.mark.parametrize(
    "url",
    [
        "wss://host.example:99999/?api_key=geheim-0815",
        "ftp://me:geheim-0815@host.example/",
        "wss://a..b/",
        "wss://${HOST}/",
        "wss://*.example/",
        "wss://a.example,b.example/",
        "wss://" + "a" * 64 + ".example/",
        "wss://me:geheim-0815@host.example/",
    ],
)
def test_an_address_that_cannot_be_connected_is_found_and_its_keys_are_not_shown(doctor, folder, url):
    (folder / "work.toml").write_text(f'provider = "generic"\nurl = "{url}"\n')
    assert "✗ work" in about(doctor("work", code=1, REALTIME_API_KEY=SECRET), "work")


@pytest.mark.parametrize("value", ["b1gabc\r", " b1gabc "])
def test_a_folder_id_is_taken_without_what_is_around_it(doctor, value):
    told = doctor("yandex", code=0, YANDEX_API_KEY=SECRET, YANDEX_CLOUD_API_KEY=SECRET, YANDEX_CLOUD_FOLDER_ID=value)
    assert "✓ yandex" in told


def test_a_folder_id_that_is_none_is_found(doctor):
    keys = {"YANDEX_API_KEY": SECRET, "YANDEX_CLOUD_API_KEY": SECRET, "YANDEX_CLOUD_FOLDER_ID": '"b1gabc"'}
    assert "the folder id has a sign in it" in doctor("yandex", code=0, **keys)


def test_a_module_that_a_python_tool_lacks_is_found(doctor, folder):
    (folder / "beside.py").write_text("x = 1\n")
    (folder / "lacking.py").write_text("import os.path, beside\nimport no_such_module.inner\ndef a(): ...\n")
    (folder / "work.toml").write_text(tool_lines(a="lacking.py:a"))
    told = about(doctor("work", code=1), "work")
    assert "imports no_such_module, which is not installed" in told
    assert "beside" not in told


def test_a_mock_whose_placeholder_no_argument_fills_is_found(doctor, folder):
    (folder / "work.toml").write_text(
        'provider = "local"\n[[tools]]\nname = "a"\nrun = {kind = "mock", result = "noon in {twn}"}\n'
        'parameters = {type = "object", properties = {town = {type = "string"}}}\n'
    )
    assert "no argument for {twn}" in about(doctor("work", code=1), "work")


def test_where_a_tool_s_key_may_go_unencrypted_is_said_as_it_is_written(doctor, folder):
    run = '{kind = "http", url = "http://host.example/", headers = {X = "${MY_KEY}"}%s}'
    profile = 'provider = "local"\n[[tools]]\nname = "a"\nrun = '
    (folder / "work.toml").write_text(profile + run % "" + "\n")
    assert "set key_in_clear = true in this tool's run" in about(doctor("work", code=1, MY_KEY=SECRET), "work")
    (folder / "work.toml").write_text(profile + run % "" + "\nkey_in_clear = true\n")
    assert "key_in_clear inside run = {...}" in about(doctor("work", code=1, MY_KEY=SECRET), "work")
    (folder / "work.toml").write_text(profile + run % ", key_in_clear = true" + "\n")
    doctor("work", code=0, MY_KEY=SECRET)


@pytest.mark.parametrize(
    ("pattern", "broken"),
    [
        ("[a-", True),
        ("(", True),
        ("*", True),
        ("^[A-Z]{3}$", False),
        (r"^\p{L}+$", False),
        (r"(?<year>\d{4})", False),
        (r"[\w-.]+", False),
        (r"(?<=a+)b", False),
        ("[^]", False),
    ],
)
def test_a_pattern_that_no_flavour_can_read_is_found(doctor, folder: Path, pattern: str, broken: bool) -> None:
    (folder / "tools.toml").write_text(
        'provider = "local"\n[[tools]]\nname = "find"\nrun = {kind = "mock", result = "x"}\n'
        f"parameters = {{type = 'object', properties = {{city = {{type = 'string', pattern = '{pattern}'}}}}}}\n"
    )
    told = doctor("tools", int(broken))
    assert (f"the pattern {pattern} is no regular expression" in told) is broken
