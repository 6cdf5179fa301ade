"""News and no storm: what the desktop is asked to show after an absence, a crash, and in a rush."""

import os
from pathlib import Path

import pytest

from app.sandbox import SandboxThread
from tests.desktop.conftest import StartDesktop
from tests.desktop.running import BusWatch, Daemon, Running, command

pytestmark = pytest.mark.desktop

SHOTS = os.environ.get("SHOTS")


def customer(number: int) -> str:
    return f"+1212555{number:04}"


def finish_batches(sandbox: SandboxThread, count: int) -> None:
    for _ in range(count):
        made = command(sandbox, "create-batch", text="Our holiday hours", size=20)
        command(sandbox, "complete-batch", batch_id=made["batch_id"])


def a_weekend(sandbox: SandboxThread) -> None:
    """What happens while the program is closed, for so long that the service forgets its session."""
    command(sandbox, "forget-sessions")
    for number in range(14):
        command(sandbox, "opt-out", customer=customer(number))
    finish_batches(sandbox, 3)


def before(program: Running, sandbox: SandboxThread) -> None:
    """A first day: there is a time from which on things are missed."""
    program.prepare()
    program.sign_in()
    program.start_watching("--minimized")
    command(sandbox, "inbound", customer=customer(99), text="Are you open?")
    program.until(lambda: program.search("type:inbound"))


def test_an_absence_is_one_notification_and_news_does_not_wait_for_it(
    program: Running, sandbox: SandboxThread
) -> None:
    daemon = Daemon(program.session)
    before(program, sandbox)
    assert program.end() == 0
    a_weekend(sandbox)
    with BusWatch(program.session) as bus:
        program.start_watching("--minimized")
        program.until(lambda: bus.calls == 1)
        command(sandbox, "opt-out", customer=customer(50))
        program.until(lambda: bus.calls == 2, timeout=3)
        assert daemon.displayed() == 2
        if SHOTS:
            program.session.screenshot(Path(SHOTS) / "digest-dunst.png")
        daemon.dismiss()
        assert sorted(title for title, _ in daemon.history()) == [
            "(212) 555-0050 opted out",
            "While you were away",
        ]
        assert "3 batches finished, 14 customers opted out." in dict(daemon.history()).values()
        assert program.end() == 0
        # The next start has nothing more to say.
        program.start_watching("--minimized")
        command(sandbox, "opt-out", customer=customer(51))
        program.until(lambda: bus.calls == 3)
    assert program.end() == 0
    daemon.dismiss()
    assert sum(title == "While you were away" for title, _ in daemon.history()) == 1


def test_a_crash_repeats_nothing(program: Running, sandbox: SandboxThread) -> None:
    daemon = Daemon(program.session)
    before(program, sandbox)
    with BusWatch(program.session) as bus:
        command(sandbox, "opt-out", customer=customer(1))
        program.until(lambda: bus.calls == 1)
        command(sandbox, "opt-out", customer=customer(2))  # waits for its turn
        program.until(lambda: len(program.search("type:optout")) == 2)
        assert program.process is not None
        program.process.kill()
        program.process.wait()
        command(sandbox, "opt-out", customer=customer(3))
        program.start_watching("--minimized")
        program.until(lambda: bus.calls == 2)
        command(sandbox, "opt-out", customer=customer(4))
        program.until(lambda: bus.calls == 3)
        assert program.end() == 0
    daemon.dismiss()
    assert daemon.history() == [
        ("(212) 555-0004 opted out", daemon.history()[0][1]),
        ("While you were away", "2 customers opted out."),
        ("(212) 555-0001 opted out", daemon.history()[2][1]),
    ]


def test_a_rush_of_batches_is_two_notifications(program: Running, sandbox: SandboxThread) -> None:
    daemon = Daemon(program.session)
    before(program, sandbox)
    with BusWatch(program.session) as bus:
        finish_batches(sandbox, 20)
        program.until(lambda: len(program.search("type:batch status:completed")) == 20)
        program.until(lambda: daemon.displayed() == 2)
        assert bus.calls <= 4, "sums may change once"
        assert program.end() == 0
    daemon.dismiss()
    assert sorted(title for title, _ in daemon.history())[:1] == ["19 batches finished: 380 texts"]


def test_the_same_with_the_daemon_of_xfce(
    desktop: StartDesktop, sandbox: SandboxThread, tmp_path: Path
) -> None:
    program = Running(desktop(notifier="xfce4-notifyd"), tmp_path / "data", sandbox.server_url)

    def windows() -> int:
        found = program.session.run(
            ["xdotool", "search", "--onlyvisible", "--class", "xfce4-notifyd"],
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
        return len(found.stdout.split())

    before(program, sandbox)
    assert program.end() == 0
    a_weekend(sandbox)
    with BusWatch(program.session) as bus:
        program.start_watching("--minimized")
        program.until(lambda: windows() == 1)
        command(sandbox, "opt-out", customer=customer(50))
        program.until(lambda: windows() == 2, timeout=3)
        if SHOTS:
            program.session.screenshot(Path(SHOTS) / "digest-xfce4-notifyd.png")
        assert bus.calls == 2
    assert program.end() == 0
