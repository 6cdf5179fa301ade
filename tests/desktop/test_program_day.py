"""An ordinary day with the tray program: set up once, then news, the window, the tray, the end."""

import re
import time

import pytest

from app.sandbox import SandboxThread
from tests.desktop.running import BusWatch, Daemon, Running, command
from tests.ringcentral import samples

pytestmark = pytest.mark.desktop

CUSTOMER = "+12125550143"
SIX = samples.NOTIFICATIONS[:6]
TRAY_ICON = ("1264", "784")
"""Where the panel shows a single icon's centre on a screen of 1280 x 800."""


def test_set_up_by_the_keyboard_then_every_start_is_signed_in(
    program: Running, sandbox: SandboxThread
) -> None:
    daemon = Daemon(program.session)
    program.start()
    program.activate("Welcome - Textbell")
    program.press("space")
    program.until(lambda: program.says("Watch 4 numbers"))
    program.press("Tab", "space")
    program.until(lambda: program.reach == "live")
    program.until(lambda: program.says("Show a test notification"))
    program.press("space")
    program.until(lambda: daemon.displayed() == 1)
    program.until(lambda: program.says("Did you see it?"))
    program.press("space")
    program.until(lambda: program.says("Good. That is all."))
    program.press("space")
    program.activate("^Textbell$")
    command(sandbox, "inbound", customer=CUSTOMER, text="Is the blue door open?")
    program.until(lambda: program.says("Is the blue door open?"))
    assert program.end() == 0
    assert program.status == {}

    program.browser = "false"  # from now on nobody signs in
    program.start_watching("--minimized")
    assert program.status["account"] == "Dana Whitfield"
    assert not program.window("Textbell")
    assert program.start_another() == 0  # it asked the first to show its window
    program.activate("^Textbell$")
    program.until(lambda: program.says("Is the blue door open?"))
    program.press("ctrl+q")
    program.until(lambda: not program.status)
    assert [event["body"]["text"] for event in program.search("type:inbound")] == ["Is the blue door open?"]
    assert program.printed == ""


def test_the_guides_six_notifications(program: Running, sandbox: SandboxThread) -> None:
    daemon = Daemon(program.session)
    settings = program.prepare()
    settings.update(notifications=settings.value.notifications.model_copy(update={"opted_in": True}))
    program.sign_in()
    program.start_watching("--minimized")
    with BusWatch(program.session) as bus:
        for name in SIX:
            assert command(sandbox, "raw-body", text=samples.text(name))["connections"] == 1
        program.until(lambda: bus.calls == 3)
        program.until(lambda: len(program.search("")) == 5)  # two tell the same about the same batch
        assert bus.calls == 3
    assert daemon.displayed() == 3
    daemon.open_first()
    program.activate("^Textbell$")
    program.until(lambda: program.says("Customer: (212) 555-0100"))
    assert {"Details", "Opted out", "Exact time: 2020-09-30T20:00:00-04:00"} <= set(program.spoken())
    daemon.dismiss()
    since = "Since Wed 30 Sep 2020, 8:00 pm, RingCentral"
    assert sorted(daemon.history()) == [
        ("(212) 555-0100 opted back in", f"{since} lets texts from (650) 555-0100 reach them again."),
        ("(212) 555-0100 opted out", f"{since} blocks texts to them from (650) 555-0100."),
        ("Batch finished: 1 text", "From (408) 915-0788. No delivery reports yet."),
    ]
    assert program.end() == 0
    # What is for support holds no number, no text and no token.
    assert "live" in program.diagnostics
    assert not re.search(r"\d{7,}|Thank you|[\w-]{24,}", program.diagnostics)
    assert program.printed == ""


def test_two_hundred_opt_outs_are_three_notifications_at_most(
    program: Running, sandbox: SandboxThread
) -> None:
    daemon = Daemon(program.session)
    program.prepare()
    program.sign_in()
    with BusWatch(program.session) as bus:
        program.start_watching("--minimized")
        command(sandbox, "emit", count=200, family="optout")
        program.until(lambda: len(program.search("type:optout")) == 200)
        time.sleep(12)  # the first at once, all of them ten seconds later; or all at once, if they came so
        calls = bus.calls
        assert 1 <= calls <= 3
        assert daemon.displayed() == 1
        program.session.run(["xdotool", "mousemove", *TRAY_ICON, "click", "3"], check=True)
        program.until(lambda: program.window("xfce4-panel|wrapper"))
        program.press("Up", "Return")
        assert program.ended() == 0
        assert bus.calls == calls
    daemon.dismiss()
    ((title, _),) = daemon.history()
    assert title == "200 customers opted out"
