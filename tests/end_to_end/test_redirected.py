"""A server that sends the app elsewhere: the user is told where to, and nobody there hears of the key."""

import subprocess
from pathlib import Path

import pytest
from speaking import in_state, quit_cleanly

from recorder import CANARY, Recorder, files_with, redirect
from terminal import COMMAND, Terminal


@pytest.fixture
def folder(environment: dict[str, str]) -> Path:
    found = Path(environment["XDG_CONFIG_HOME"]) / "rtvoice-tui" / "profiles"
    found.mkdir(parents=True)
    return found


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of this machine, in one file."""
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*made, "-keyout", str(file), "-out", f"{file}.crt"], check=True, capture_output=True)
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file


def doctor(environment: dict[str, str], **more: str) -> str:
    """What the doctor finds about the profile, connected to its server; it is not well."""
    done = subprocess.run(
        [COMMAND, "doctor", "work", "--live"],
        env=environment | {"REALTIME_API_KEY": CANARY, "AZURE_OPENAI_API_KEY": CANARY} | more,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert CANARY not in done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("provider", ["generic", "azure"])
def test_doctor_says_where_a_server_redirects_to_and_asks_nobody_there(
    environment: dict[str, str], folder: Path, tmp_path: Path, provider: str
) -> None:
    with Recorder() as there, Recorder(redirect(307, there.url("http", path=f"/x?key={CANARY}"))) as here:
        (folder / "work.toml").write_text(f'provider = "{provider}"\nurl = "{here.url()}"\n')
        told = doctor(environment)
        assert (there.connections, there.seen) == (0, [])
        assert CANARY in here.everything
        assert f"redirects to {there.url('http', path='')}" in told
        assert "->" in told
    assert files_with(tmp_path) == []


def test_a_connection_with_tls_is_not_led_to_one_without(
    environment: dict[str, str], folder: Path, certificate: Path
) -> None:
    with Recorder() as there, Recorder(redirect(302, there.url()), certificate=certificate) as here:
        (folder / "work.toml").write_text(f'provider = "azure"\nurl = "{here.url("wss", "localhost")}"\n')
        told = doctor(environment, SSL_CERT_FILE=str(certificate))
        assert CANARY in here.everything, told
        assert (there.connections, there.seen) == (0, [])
    assert "redirects to ws://127.0.0.1" in told


def test_the_app_says_where_a_server_redirects_to_and_c_asks_it_again(
    environment: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    with Recorder() as there, Recorder(redirect(302, there.url("http", path=f"/x?key={CANARY}"))) as here:
        (folder / "work.toml").write_text(f'provider = "azure"\nurl = "{here.url()}"\n')
        given = environment | {"AZURE_OPENAI_API_KEY": CANARY}
        with Terminal([COMMAND, "--profile", "work", "--no-audio"], given) as terminal:
            terminal.wait_for(f"redirects to {there.url('http', path='')}", limit=20)
            terminal.wait_for(in_state("OFFLINE"))
            asked = len(here.upgrades)
            terminal.press("c").wait_for(lambda _: len(here.upgrades) > asked, "the server is asked again")
            terminal.wait_for(in_state("OFFLINE"))
            quit_cleanly(terminal)
            assert CANARY not in terminal.written
        assert (there.connections, there.seen) == (0, [])
    assert files_with(tmp_path) == []
