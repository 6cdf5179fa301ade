"""Times in which nobody watched, as rows between the events."""

from datetime import timedelta

import pytest
from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtTest import QAbstractItemModelTester

from app.domain.events import Entry
from app.domain.gaps import Gap, GapReason
from app.domain.status import CatchingUp, Reach
from app.ui import gap_words
from app.ui.event_model import ROW_ROLE, Column, EventTableModel
from app.ui.filters import View
from app.ui.gap_rows import key_of
from app.ui.status_words import catching_up, standing, tooltip
from tests.ui import shop
from tests.ui.conftest import ZONE, DeskKit
from tests.ui.test_status_words import LIVE

MADE = shop.Shop()
NOW = shop.NOW


def _gap(began: float, ended: float | None, reason: GapReason = GapReason.ASLEEP, **more: object) -> Gap:
    """From and until so many minutes ago."""
    end = None if ended is None else NOW - timedelta(minutes=ended)
    return Gap(int(began), NOW - timedelta(minutes=began), end, reason, **more)  # type: ignore[arg-type]


def _entry(minutes_ago: int, place: int = 0) -> Entry:
    at = NOW - timedelta(minutes=minutes_ago)
    return Entry((int(at.timestamp()) << 8) + place, MADE.inbound(at, f"{minutes_ago} min ago"))


def _kinds(model: EventTableModel) -> list[str]:
    return [
        "gap" if (entry := model.entry_at(row)) is None else entry.event.text
        for row in range(model.rowCount())
    ]


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        (
            _gap(240, 60, late=14, closed=True),
            "Today 12:30 pm to 3:30 pm: this computer slept. 14 events were received late.",
        ),
        (
            _gap(60, 30, GapReason.OFFLINE, late=1, closed=True),
            "Today 3:30 pm to 4:00 pm: no connection. 1 event was received late.",
        ),
        (
            _gap(24 * 60, 60, GapReason.CLOSED, closed=True),
            "Yesterday 4:30 pm to today 3:30 pm: Textbell was not running. Nothing was missed.",
        ),
        (
            _gap(60, 30, GapReason.SIGNED_OUT, late=3),
            "Today 3:30 pm to 4:00 pm: signed out. 3 events were received late so far.",
        ),
        (
            _gap(60, 30, GapReason.STOPPED),
            "Today 3:30 pm to 4:00 pm: not watching. What was missed is still to be added.",
        ),
        (
            _gap(72 * 60, 24 * 60, GapReason.OFFLINE, late=2, closed=True),
            "Sat 31 Oct, 5:30 pm to yesterday 4:30 pm: no connection. 2 events were received late.",
        ),
        (_gap(60, None), "Since today 3:30 pm: this computer slept. What was missed is still to be added."),
    ],
)
def test_a_gap_as_a_sentence(gap: Gap, said: str) -> None:
    assert gap_words.sentence(gap, NOW, ZONE) == said


async def test_gaps_stand_where_they_ended_and_keep_qts_rules(app: object) -> None:
    model = EventTableModel(lambda: NOW, ZONE)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.set_gaps([_gap(50, 40)])
    assert _kinds(model) == []  # an empty log says so itself
    model.reset([_entry(10), _entry(30), _entry(45), _entry(60)], {}, more=True)
    model.set_gaps([_gap(50, 30, late=1), _gap(300, 200)])
    assert _kinds(model) == ["10 min ago", "30 min ago", "gap", "45 min ago", "60 min ago"]
    model.merge([_entry(5), _entry(30, 1), _entry(40)], {})
    assert _kinds(model)[2:6] == ["30 min ago", "30 min ago", "gap", "40 min ago"]
    model.append_older([_entry(400)], {}, more=False)
    model.set_gaps([_gap(50, 30, late=2), _gap(300, 200)])
    assert _kinds(model)[-2:] == ["gap", "400 min ago"]
    assert model.top == _entry(5).id
    assert model.bottom == _entry(400).id
    model.keep_newest(2)
    model.set_gaps([_gap(50, 30, late=2), _gap(300, 200)])
    assert _kinds(model) == ["5 min ago", "10 min ago"]
    del tester


async def test_the_oldest_row_may_be_a_gap(app: object) -> None:
    model = EventTableModel(lambda: NOW, ZONE)
    model.reset([_entry(10)], {}, more=False)
    model.set_gaps([_gap(90, 60)])
    assert _kinds(model) == ["10 min ago", "gap"]
    assert model.bottom == model.top == _entry(10).id
    model.set_gaps([])
    assert _kinds(model) == ["10 min ago"]


async def test_the_cells_of_a_gap(app: object) -> None:
    model = EventTableModel(lambda: NOW, ZONE)
    model.reset([_entry(10)], {}, more=False)
    model.set_gaps([_gap(240, 60, late=14, closed=True)])
    assert [model.index(1, column).data() for column in Column] == [
        "This computer slept",
        "14 events were received late, today 12:30 pm to 3:30 pm",
        "",
        "Today 3:30 pm",
    ]
    spoken = "Today 12:30 pm to 3:30 pm: this computer slept. 14 events were received late."
    assert model.index(1, 0).data(Qt.ItemDataRole.AccessibleTextRole) == spoken == model.sentence(1)
    assert model.index(1, 0).data(ROW_ROLE)[0] is None


def test_ids_and_gaps_are_of_one_scale() -> None:
    first, second = _entry(30), _entry(30, 255)
    key = key_of(NOW - timedelta(minutes=30))
    assert -second.id < -first.id < key < -_entry(31, 255).id


async def test_the_window_shows_gaps_until_somebody_searches(kit: DeskKit) -> None:
    log = kit.engine.log
    events = [MADE.inbound(NOW - timedelta(minutes=ago), f"{ago} min ago") for ago in (10, 70)]
    await log.append(events)
    gap = await log.open_gap(NOW - timedelta(minutes=60), GapReason.ASLEEP)
    await log.change_gap(gap.id, ended=NOW - timedelta(minutes=20))
    kit.desk.show_main()
    await kit.settled()
    model: QAbstractItemModel = kit.main.log.model
    assert _kinds(kit.main.log.model) == ["10 min ago", "gap", "70 min ago"]
    assert "What was missed is still to be added" in model.index(1, Column.WHAT).data()
    await log.close_gaps([gap.id])
    kit.engine.become(reach=Reach.RECONNECTING)
    kit.engine.become(reach=Reach.LIVE)
    await kit.settled()
    assert "Nothing was missed" in model.index(1, Column.WHAT).data()
    kit.main.log.show_view(View.RECEIVED)
    await kit.settled()
    assert _kinds(kit.main.log.model) == ["10 min ago", "70 min ago"]


def test_catching_up_is_said() -> None:
    since = NOW - timedelta(hours=2)
    reading = LIVE.__class__(Reach.LIVE, NOW, numbers=LIVE.numbers, catching_up=CatchingUp(since, 1204))
    assert catching_up(reading, NOW, ZONE) == "Catching up since 2:30 pm: 1,204 left"
    assert tooltip(reading, NOW, ZONE) == "Textbell: catching up since 2:30 pm: 1,204 left"
    waits = CatchingUp(since, 1204, NOW + timedelta(minutes=1))
    assert catching_up(LIVE.__class__(Reach.LIVE, NOW, catching_up=waits), NOW, ZONE) == (
        "Catching up since 2:30 pm: goes on at 4:31 pm"
    )
    held = LIVE.__class__(Reach.RECONNECTING, NOW, waiting_until=NOW + timedelta(minutes=1))
    assert "lets us in again at 4:31 pm" in standing(held, NOW, ZONE).detail
