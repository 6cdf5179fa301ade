from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.problems import Problem, Remedy
from app.domain.status import Reach, Status
from app.ui.status_words import menu_line, standing, tooltip
from tests.ui.conftest import ZONE
from tests.ui.shop import NOW, NUMBERS

LIVE = Status(Reach.LIVE, NOW - timedelta(hours=1), numbers=NUMBERS)

TABLE = [
    (LIVE, "Textbell: watching 3 numbers", "tray-live", ""),
    (replace(LIVE, numbers=NUMBERS[:1]), "Textbell: watching 1 number", "tray-live", ""),
    (
        replace(LIVE, paused_until=NOW + timedelta(minutes=30)),
        "Textbell: paused until 5:00 pm",
        "tray-paused",
        "",
    ),
    (
        replace(LIVE, paused_until=NOW + timedelta(days=1)),
        "Textbell: paused until Wed 4 Nov, 4:30 pm",
        "tray-paused",
        "",
    ),
    (replace(LIVE, paused_until=NOW), "Textbell: watching 3 numbers", "tray-live", ""),
    (replace(LIVE, reach=Reach.CONNECTING), "Textbell: connecting", "tray-connecting", ""),
    (
        replace(LIVE, reach=Reach.RECONNECTING),
        "Textbell: reconnecting since 3:30 pm",
        "tray-connecting",
        "Try again",
    ),
    (
        replace(LIVE, reach=Reach.STOPPED),
        "Textbell: not watching since 3:30 pm",
        "tray-attention",
        "Try again",
    ),
    (
        replace(LIVE, reach=Reach.STOPPED, problem=Problem("It ended.", Remedy.SIGN_IN)),
        "Textbell: not watching since 3:30 pm",
        "tray-attention",
        "Sign in",
    ),
    (replace(LIVE, reach=Reach.SIGNED_OUT), "Textbell: sign-in needed", "tray-signed-out", "Sign in"),
    (
        replace(LIVE, reach=Reach.SIGNING_IN),
        "Textbell: waiting for the sign-in",
        "tray-connecting",
        "",
    ),
    (
        replace(LIVE, reach=Reach.NO_NUMBERS, numbers=()),
        "Textbell: no numbers chosen",
        "tray-attention",
        "Choose numbers",
    ),
]


@pytest.mark.parametrize(("status", "tip", "icon", "button"), TABLE)
def test_how_the_program_stands(status: Status, tip: str, icon: str, button: str) -> None:
    shown = standing(status, NOW, ZONE)
    assert tooltip(status, NOW, ZONE) == tip
    assert (shown.tray, shown.button) == (icon, button)


def test_every_reach_is_in_the_table() -> None:
    assert {status.reach for status, *_ in TABLE} == set(Reach)


def test_a_connection_lost_for_a_moment_leaves_the_icon_alone() -> None:
    lost = replace(LIVE, reach=Reach.RECONNECTING, since=NOW - timedelta(seconds=29))
    assert standing(lost, NOW, ZONE).tray == "tray-live"
    assert standing(lost, NOW + timedelta(seconds=1), ZONE).tray == "tray-connecting"
    assert tooltip(lost, NOW, ZONE) == "Textbell: reconnecting since 4:29 pm"


def test_news_shows_on_the_icon_only_while_watching() -> None:
    assert standing(LIVE, NOW, ZONE, news=True).tray == "tray-new"
    stopped = replace(LIVE, reach=Reach.STOPPED)
    assert standing(stopped, NOW, ZONE, news=True).tray == "tray-attention"


def test_a_problem_that_waits_says_until_when() -> None:
    problem = Problem("RingCentral asked to wait.", Remedy.WAIT, NOW + timedelta(minutes=2))
    shown = standing(replace(LIVE, reach=Reach.RECONNECTING, problem=problem), NOW, ZONE)
    assert shown.detail == "RingCentral asked to wait. Next try at 4:32 pm."


def test_words_of_the_trade_stay_out() -> None:
    said = " ".join(menu_line(status, NOW, ZONE) for status, *_ in TABLE).lower()
    for word in ("socket", "subscription", "token", "null", "connected", "websocket"):
        assert word not in said.split()
