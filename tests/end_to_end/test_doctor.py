"""``rtvoice-tui doctor`` as it is installed: what is missing, what mends it, and exit code 1 if it was asked for."""

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime_server import Session, in_thread, plain
from terminal import COMMAND
from virtual_audio import VirtualAudio

SECRET = "geheim-0815"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "config" / "rtvoice-tui" / "profiles"
    found.mkdir(parents=True)
    return found


@pytest.fixture
def doctor(environment: dict[str, str]):
    """Run the doctor; no key and no traceback may be in what it says."""

    def runs(*arguments: str, code: int, **more: str) -> str:
        done = subprocess.run(
            [COMMAND, "doctor", *arguments],
            env=environment | more,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=90,
        )
        assert "Traceback" not in done.stdout + done.stderr
        assert SECRET not in done.stdout + done.stderr
        assert done.returncode == code, done.stdout + done.stderr
        assert not done.stderr
        return done.stdout

    return runs


def about(told: str, name: str) -> str:
    """What is said about one thing, with the remedies below."""
    found = re.findall(rf"^. {re.escape(name)} .*(?:\n   +-> .*)*", told, re.MULTILINE)
    assert found, told
    return "\n".join(found)


async def silent(session: Session) -> None:
    """Say nothing more."""


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def test_a_new_machine_is_looked_at_as_a_whole_and_nothing_that_was_asked_for_is_wrong(doctor):
    told = doctor(code=0)
    for name in ("terminal", "sound", "speech", "profiles", "local", "yandex", "openai", "azure", "xai", "hf"):
        assert about(told, name)
    assert about(told, "local").startswith("✓")
    assert "✗" not in told


def test_a_profile_with_its_key_is_fit_and_its_source_is_named(doctor):
    told = about(doctor("openai", code=0, OPENAI_API_KEY=SECRET), "openai")
    assert told.startswith("✓")
    assert "key from OPENAI_API_KEY" in told
    assert "wss://api.openai.com/v1/realtime" in told


def test_only_the_profiles_that_were_named_are_looked_at(doctor):
    told = doctor("openai", "hf", code=0, OPENAI_API_KEY=SECRET)
    assert about(told, "hf").startswith("✓")
    assert "yandex" not in told


def test_a_profile_without_its_key_is_told_with_the_variable_to_set(doctor, folder):
    (folder / "work.toml").write_text('provider = "xai"\n')
    told = about(doctor("work", code=1), "work")
    assert told.startswith("✗")
    assert "XAI_API_KEY" in told
    assert "->" in told


def test_a_built_in_profile_without_its_key_is_worth_a_note_and_no_more(doctor):
    told = about(doctor(code=0), "xai")
    assert told.startswith("·")
    assert "XAI_API_KEY" in told


@pytest.mark.parametrize(("text", "word"), [("model = 5\n", "model"), ("x = \n", "line 1")])
def test_a_broken_file_is_told_with_its_place_and_ends_with_1(doctor, folder, text, word):
    (folder / "bad.toml").write_text(text)
    for arguments in (["bad"], []):
        told = doctor(*arguments, code=1)
        assert about(told, "bad").startswith("✗")
        assert "bad.toml" in about(told, "bad")
        assert word in about(told, "bad")
        assert "->" in about(told, "bad")


def test_a_broken_file_that_was_not_asked_for_does_not_matter(doctor, folder):
    (folder / "bad.toml").write_text("model = 5\n")
    assert "bad.toml" not in doctor("local", code=0)


def test_a_profile_that_is_not_there_is_told(doctor):
    assert about(doctor("nobody", code=1), "nobody").startswith("✗")


def test_a_model_that_nobody_knows_is_worth_a_note(doctor, folder):
    (folder / "work.toml").write_text('provider = "openai"\nmodel = "gpt-9"\n')
    told = about(doctor("work", code=0, OPENAI_API_KEY=SECRET), "work")
    assert "gpt-9" in told
    assert "gpt-realtime-2.1" in told


def test_the_built_in_agent_is_called_and_its_latency_told(doctor):
    told = about(doctor("local", "--live", code=0), "local")
    assert re.search(r"live: \d+ ms to connect, \d+ ms to session\.created", told)


def test_a_server_is_called_and_its_latency_told(doctor, folder):
    with in_thread(plain(silent)) as server:
        (folder / "work.toml").write_text(f'provider = "generic"\nurl = "{server.url}"\n')
        told = about(doctor("work", "--live", code=0, REALTIME_API_KEY=SECRET), "work")
    assert re.search(r"live: \d+ ms to connect", told)
    assert "key from REALTIME_API_KEY" in told


def test_without_live_no_server_is_called(doctor, folder):
    (folder / "work.toml").write_text(f'provider = "generic"\nurl = "ws://127.0.0.1:{closed_port()}/"\n')
    assert about(doctor("work", code=0), "work").startswith("✓")


def test_a_closed_port_is_a_sentence_with_a_remedy_and_exit_code_1(doctor, folder):
    port = closed_port()
    (folder / "work.toml").write_text(f'provider = "generic"\nurl = "ws://127.0.0.1:{port}/"\n')
    told = about(doctor("work", "--live", code=1, REALTIME_API_KEY=SECRET), "work").splitlines()
    assert told[1].startswith("✗")
    assert "->" in told[2]


def test_a_key_that_no_header_can_carry_is_a_sentence_and_is_not_repeated(doctor, folder):
    with in_thread(plain(silent)) as server:
        (folder / "work.toml").write_text(f'provider = "generic"\nurl = "{server.url}"\n')
        told = doctor("work", "--live", code=1, REALTIME_API_KEY=f"{SECRET}\nX-Other: 1")
    assert "✗" in about(told, "work")


def test_a_model_that_nobody_knows_is_called_nevertheless(doctor, folder):
    with in_thread(plain(silent)) as server:
        (folder / "work.toml").write_text(f'provider = "openai"\nurl = "{server.url}"\nmodel = "my-finetune"\n')
        told = about(doctor("work", "--live", code=0, OPENAI_API_KEY=SECRET), "work")
    assert "my-finetune" in told
    assert "live:" in told


def test_an_address_with_a_password_does_not_show_it(doctor, folder):
    (folder / "work.toml").write_text(f'provider = "generic"\nurl = "ws://me:{SECRET}@127.0.0.1:1/"\n')
    doctor("work", code=0)


def test_tools_that_cannot_run_are_named_with_what_mends_them(doctor, folder: Path) -> None:
    (folder / "bench.toml").write_text(
        'provider = "local"\n'
        + "".join(
            f'[[tools]]\nname = "{name}"\nrun = {run}\n'
            for name, run in {
                "program": '{kind = "command", argv = ["no-such-program-here", "{x}"]}',
                "present": '{kind = "command", argv = ["sh"]}',
                "function": '{kind = "python", target = "gone.py:f"}',
                "service": '{kind = "http", url = "https://host.example/", headers = {X = "${NO_SUCH_KEY_HERE}"}}',
                "keyed": '{kind = "http", url = "https://host.example/", headers = {X = "${A_KEY}"}}',
            }.items()
        )
    )
    told = about(doctor("bench", code=1, A_KEY=SECRET), "bench")
    assert "there is no program no-such-program-here" in told
    assert "install no-such-program-here" in told
    assert re.search(r"tool function: there is no file .*gone.py", told)
    assert "NO_SUCH_KEY_HERE is not set" in told
    assert "present" not in told
    assert "keyed" not in told


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


def named(folder: Path, name: str, microphone: str, speaker: str) -> None:
    """Write a profile that names its devices."""
    text = f'provider = "local"\n[audio]\ninput_device = "{microphone}"\noutput_device = "{speaker}"\n'
    (folder / f"{name}.toml").write_text(text)


@pytest.fixture
def plugged() -> Iterator[dict[str, str]]:
    """The variables that lead to a sound server with devices."""
    with VirtualAudio() as audio:
        yield {name: value for name, value in audio.environment.items() if name.startswith(("PULSE_", "ALSA_"))}


@pytest.mark.device
def test_devices_that_a_profile_names_and_that_are_not_listed_are_worth_a_note(doctor, folder, plugged):
    named(folder, "desk", microphone="Jabra", speaker="virtual_microphone")
    named(folder, "room", microphone="Virtual_Mic", speaker="AL_SPEAKER")
    told = doctor("desk", "room", code=0, **plugged)
    assert "· desk         no microphone is called 'Jabra'\n" in told
    assert "correct audio.input_device: 'rtvoice-tui devices' lists the names" in about(told, "desk")
    assert "no speaker is called 'virtual_microphone'" in about(told, "desk"), "a microphone is no speaker"
    assert "is called" not in about(told, "room"), "a part of the name suffices"


def test_without_any_device_one_that_a_profile_names_is_not_there_either(doctor, folder):
    named(folder, "desk", microphone="Jabra", speaker="")
    told = doctor("desk", code=0)
    assert "no microphone is called 'Jabra'" in about(told, "desk")
    assert "no speaker is called" not in told


def test_a_device_that_is_not_there_does_not_keep_the_server_from_being_called(doctor, folder):
    named(folder, "desk", microphone="Jabra", speaker="")
    assert "live:" in about(doctor("desk", "--live", code=0), "desk")


@pytest.mark.device
def test_of_devices_that_a_hanging_sound_server_keeps_to_itself_nothing_is_said(doctor, folder, hung):
    named(folder, "desk", microphone="Jabra", speaker="")
    assert "Jabra" not in doctor("desk", code=0, **hung)


@pytest.fixture
def hung() -> Iterator[dict[str, str]]:
    """The variables that lead to a sound server that answers nobody."""
    with VirtualAudio(pluggable=True) as audio:
        audio.hang(True)
        yield {name: value for name, value in audio.environment.items() if name.startswith(("PULSE_", "ALSA_"))}
        audio.hang(False)


@pytest.mark.device
def test_a_sound_server_that_hangs_is_told_with_what_restarts_it(doctor, hung):
    told = about(doctor("local", code=0, **hung), "sound")
    assert "the sound server does not answer" in told
    assert "systemctl --user restart pipewire pipewire-pulse" in told
    assert "install" not in told


@pytest.mark.device
def test_the_list_of_devices_of_a_sound_server_that_hangs_fails_with_what_restarts_it(environment, hung):
    begun = time.monotonic()
    done = subprocess.run([COMMAND, "devices"], env=environment | hung, capture_output=True, text=True, timeout=60)
    assert time.monotonic() - begun < 10, "libpulse alone would wait 30 s"
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: the sound server does not answer (restart it: ")


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


def test_files_that_only_look_like_profiles_are_named(doctor, folder):
    for name in ("my profile.toml", "моя.toml", "mine.toml.txt", "Mine.TOML", "notes.md", "good.toml"):
        (folder / name).write_text('provider = "local"\n')
    told = about(doctor(code=0), "profiles")
    for name in ("my profile.toml", "моя.toml", "mine.toml.txt", "Mine.TOML"):
        assert f"{name} is not read" in told
    assert "notes.md" not in told
    assert "good.toml is" not in told


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


@pytest.mark.parametrize("words", ["press c", "F6", "press p"])
def test_what_helps_in_the_cockpit_alone_is_not_said_in_a_shell(doctor, folder, words):
    (folder / "work.toml").write_text(f'provider = "generic"\nurl = "ws://127.0.0.1:{closed_port()}/"\n')
    assert words not in about(doctor("work", "--live", code=1), "work")
