"""What can be wrong around the program ends in one plain sentence, and never in a lost event."""

import os
import socket
import sqlite3
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.sandbox import SandboxThread
from tests.desktop.conftest import StartDesktop
from tests.desktop.running import BusWatch, Daemon, Running, command
from tests.desktop.session import PASSWORD

pytestmark = pytest.mark.desktop

SHOTS = os.environ.get("SHOTS")

CANCELS = """\
import sys, html, re, urllib.parse, urllib.request
page = urllib.request.urlopen(sys.argv[1]).read().decode()
fields = re.findall('<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
form = {name: html.unescape(value) for name, value in fields} | {"decision": "cancel"}
target = urllib.parse.urljoin(sys.argv[1], "/restapi/oauth/authorize")
urllib.request.urlopen(target, urllib.parse.urlencode(form).encode()).read()
"""
"""A browser whose user presses Cancel."""
REDIRECTS = """\
import sys, urllib.parse, urllib.request
query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(sys.argv[1]).query))
answer = urllib.parse.urlencode({"code": "abc", "state": query["state"]})
urllib.request.urlopen(query["redirect_uri"] + "?" + answer).read()
"""
"""A browser that comes back signed in, whatever the page is."""


def look(program: Running, name: str) -> None:
    if SHOTS:
        program.session.screenshot(Path(SHOTS) / f"trouble-{name}.png")


def use_browser(program: Running, script: str) -> None:
    file = program.folder.with_name("browser.py")
    file.write_text(script)
    program.browser = f"/usr/bin/python3 {file} %s"


def try_to_sign_in(program: Running) -> None:
    program.start()
    program.activate("Welcome - Textbell")
    program.press("space")


def ends_with(program: Running, sentence: str, name: str) -> None:
    """It cannot start, says why, and ends when it is asked to."""
    program.until(lambda: program.says(sentence))
    look(program, name)
    assert program.end() == 1
    assert program.printed == f"textbell: {sentence}\n"
    assert "Traceback" not in program.diagnostics


# ------------------------------------------------------------------ the keyring


def test_no_keyring(desktop: StartDesktop, sandbox: SandboxThread, tmp_path: Path) -> None:
    program = Running(desktop(keyring="none"), tmp_path / "data", sandbox.server_url)
    program.start()
    sentence = "No keyring is running to keep the sign-in in. "
    sentence += "Start one, such as GNOME Keyring or KWallet, then start Textbell again."
    ends_with(program, sentence, "no-keyring")
    assert "cannot start: VaultUnavailable" in program.diagnostics


def test_a_locked_keyring(desktop: StartDesktop, sandbox: SandboxThread, tmp_path: Path) -> None:
    program = Running(desktop(keyring="locked"), tmp_path / "data", sandbox.server_url)
    prompt = "Unlock Login Keyring|Unlock Keyring"
    program.start()
    program.activate(prompt)
    assert program.end() == 0  # while it waits for the user's answer
    program.start()

    def dismissed() -> bool:
        # That of the first start is still there, and may come before the second's.
        if program.window(prompt):
            program.activate(prompt)
            program.press("Escape")
        return program.says("The keyring stayed locked.")

    program.until(dismissed)
    look(program, "locked-keyring")
    program.press("Return")  # Try again
    program.activate(prompt)
    program.session.run(["xdotool", "type", program.session.environment[PASSWORD]], check=True)
    program.press("Return")
    program.activate("Welcome - Textbell")
    assert program.end() == 0


# ------------------------------------------------------------------ the desktop


def test_no_notification_daemon(desktop: StartDesktop, sandbox: SandboxThread, tmp_path: Path) -> None:
    program = Running(desktop(notifier="none"), tmp_path / "data", sandbox.server_url)
    program.prepare()
    program.sign_in()
    program.start_watching("--minimized")
    command(sandbox, "opt-out", customer="+12125550143")
    program.until(lambda: program.says("(212) 555-0143 opted out"))
    look(program, "no-daemon")
    assert "Open: (212) 555-0143 opted out" in program.spoken()
    assert program.end() == 0
    assert program.printed == ""


def test_no_tray(desktop: StartDesktop, sandbox: SandboxThread, tmp_path: Path) -> None:
    program = Running(desktop(tray="none"), tmp_path / "data", sandbox.server_url)
    program.prepare()
    program.sign_in()
    program.start_watching()
    program.activate("^Textbell$")
    program.press("ctrl+w")
    iconic = ["xprop", "-name", "Textbell", "WM_STATE"]
    program.until(lambda: b"Iconic" in program.session.run(iconic, capture_output=True).stdout)
    assert program.reach == "live"
    assert program.end() == 0

    program.start_watching("--minimized")
    program.until(lambda: b"Iconic" in program.session.run(iconic, capture_output=True).stdout)
    assert program.end() == 0


def test_no_session_bus(desktop: StartDesktop, sandbox: SandboxThread, tmp_path: Path) -> None:
    session = desktop(notifier="none", keyring="none", bus=False, tray="trayer")
    program = Running(session, tmp_path / "data", sandbox.server_url)
    program.start()
    program.until(lambda: "textbell: " in program.printed)
    program.activate("^Textbell$")
    look(program, "no-bus")
    assert program.end() == 1
    said = [line for line in program.printed.splitlines() if "qt.qpa" not in line and line[0] != " "]
    assert said == [
        "textbell: No keyring is running to keep the sign-in in. "
        "Start one, such as GNOME Keyring or KWallet, then start Textbell again."
    ]


# ------------------------------------------------------------------ the sign-in and the service


def test_the_sign_in_is_refused(program: Running, sandbox: SandboxThread) -> None:
    command(sandbox, "auto-approve", on=False)
    use_browser(program, CANCELS)
    try_to_sign_in(program)
    program.until(lambda: program.says("The sign-in was cancelled in the browser. Try again when you are"))
    look(program, "cancelled")
    with ExitStack() as ports:
        for port in (53682, 53683, 53684):
            ports.enter_context(socket.create_server(("127.0.0.1", port)))
        program.press("space")
        program.until(lambda: program.says("The sign-in needs one of the ports 53682, 53683, 53684"))
        look(program, "ports")
    command(sandbox, "auto-approve", on=True)
    program.press("space")
    program.until(lambda: program.says("Watch 4 numbers"))
    assert program.end() == 0


def test_the_service_cannot_be_reached(program: Running, sandbox: SandboxThread) -> None:
    program.prepare()
    program.sign_in()
    command(sandbox, "refuse")
    program.start()
    program.until(lambda: program.status.get("problem"))
    program.activate("^Textbell$")
    look(program, "unreachable")
    sentence = "Check the internet connection, and the server address in Settings."
    assert program.status["problem"].startswith("Nothing answers at 127.0.0.1")
    assert program.status["problem"].endswith(sentence)
    program.until(lambda: program.says(sentence))
    assert program.status["reach"] == "connecting"
    command(sandbox, "accept")
    program.press("F5")
    program.until(lambda: program.reach == "live")
    assert program.status["problem"] is None
    assert program.end() == 0


@contextmanager
def self_signed(folder: Path) -> Iterator[str]:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # it hears what we test
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_certificate_nobody_vouches_for(program: Running, tmp_path: Path) -> None:
    with self_signed(tmp_path) as server:
        program.server = server
        use_browser(program, REDIRECTS)
        try_to_sign_in(program)
        sentence = "The certificate of 127.0.0.1 is not trusted: self-signed certificate."
        program.until(lambda: program.says(sentence))
        look(program, "certificate")
        assert program.end() == 0


# ------------------------------------------------------------------ the data directory


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    done = subprocess.run(["mount", *options, folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("may not mount a file system here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_the_disk_is_full(program: Running, sandbox: SandboxThread) -> None:
    program.folder.mkdir()
    with mounted(program.folder, "-t", "tmpfs", "-o", "size=900k", "tmpfs"):
        program.prepare()
        program.sign_in()
        program.start_watching()
        program.activate("^Textbell$")
        filler = program.folder / "filler"
        with filler.open("wb") as full:
            room = os.statvfs(program.folder)
            full.write(bytes(room.f_bavail * room.f_frsize - 8192))
        command(sandbox, "emit", count=50)
        sentence = f"The disk that holds “{program.folder}” is full, so nothing more can be logged. "
        sentence += "Free some space; Textbell then goes on by itself."
        program.until(lambda: program.says(sentence))
        look(program, "disk-full")
        filler.unlink()
        program.until(lambda: len(program.search("type:inbound")) == 50, 30)
        program.until(lambda: program.reach == "live" and program.status["problem"] is None)
        assert program.end() == 0
        assert "Traceback" not in program.diagnostics


def test_a_folder_that_may_not_be_written(program: Running) -> None:
    program.prepare()
    with mounted(program.folder, "--bind", str(program.folder)):
        subprocess.run(["mount", "-o", "remount,ro,bind", program.folder], check=True)
        program.start()
        sentence = f"The data folder {program.folder} may not be written by you. "
        sentence += "Change its permissions or name another with --data-dir."
        program.until(lambda: program.says(sentence))
        look(program, "read-only")
        assert program.end() == 1
    assert program.printed == f"textbell: {sentence}\n"


def test_damaged_files(program: Running) -> None:
    settings = program.prepare().path
    program.sign_in()
    settings.write_text(settings.read_text().replace("],", "]"))
    program.start()
    program.until(
        lambda: program.says("The settings were damaged and begin anew; the damaged file is kept as")
    )
    look(program, "damaged-settings")
    program.until(lambda: program.says("Which numbers should Textbell watch?"))  # the sign-in is still known
    assert program.end() == 0

    program.prepare()
    log = program.folder / "log.db"
    log.write_bytes(log.read_bytes()[:4096] + os.urandom(65536))
    program.start_watching()
    program.until(
        lambda: program.says("The log was damaged and a new one was begun; the damaged file is kept")
    )
    look(program, "damaged-log")
    assert program.end() == 0
    assert program.printed == ""

    for file in program.folder.glob("log.db*"):
        file.unlink()
    with closing(sqlite3.connect(log)) as foreign:
        foreign.execute("CREATE TABLE recipes (name)")
        foreign.commit()
    theirs = log.read_bytes()
    program.start()
    sentence = f"“{log}” is another program’s database, not a log of Textbell’s. "
    ends_with(program, sentence + "Move it away, then restart Textbell.", "foreign-log")
    assert log.read_bytes() == theirs


def test_killed_and_started_again(program: Running, sandbox: SandboxThread) -> None:
    daemon = Daemon(program.session)
    program.prepare()
    program.sign_in()
    with BusWatch(program.session) as bus:
        program.start_watching("--minimized")
        command(sandbox, "opt-out", customer="+12125550143")
        program.until(lambda: bus.calls == 1)
        assert program.process is not None
        program.process.kill()
        program.process.wait()
        command(sandbox, "opt-out", customer="+12125550144")
        program.start_watching("--minimized")
        program.until(lambda: bus.calls == 2)
        assert daemon.displayed() == 2
        program.until(lambda: len(program.search("type:optout")) == 2)
        assert program.end() == 0
        assert bus.calls == 2
