"""The log in the window, as somebody at the keyboard has it."""

import itertools
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from app.domain.events import Entry, Family
from app.domain.problems import LogUnavailable
from app.eventlog import EventLog, Query
from app.ui import filters
from app.ui.feed import FeedState
from app.ui.filters import View
from tests.ui import shop
from tests.ui.conftest import DeskKit
from tests.ui.engine import DeskEngine

Until = Callable[..., Awaitable[None]]


async def _opened(kit: DeskKit, until: Until, *, fill: bool = True, sent_texts: bool = True) -> None:
    if fill:
        await kit.engine.log.append(kit.shop.morning())
    kit.desk.show_main()
    log = kit.main.log
    if sent_texts:
        QTest.mouseClick(log.search.texts, Qt.MouseButton.LeftButton)
    await until(lambda: log.feed.state is FeedState.READY and (log.model.rowCount() > 0) == fill)
    await until(lambda: not fill or log.feed.total > log.model.rowCount() or not log.model.more)


def _top_row(kit: DeskKit) -> int:
    return kit.main.log.model.id_at(kit.main.log.list.rowAt(1))


def _shown(kit: DeskKit) -> list[Entry]:
    model = kit.main.log.model
    return [entry for entry in map(model.entry_at, range(model.rowCount())) if entry is not None]


async def test_new_events_appear_on_top_and_the_selection_stays(kit: DeskKit, until: Until) -> None:
    await _opened(kit, until)
    log = kit.main.log
    log.list.setFocus()
    log.list.select_id(log.model.id_at(3))
    picked = log.model.id_at(3)
    rows = log.model.rowCount()
    await kit.engine.happen(*[kit.shop.inbound(shop.NOW + timedelta(seconds=n), "new") for n in range(5)])
    await until(lambda: log.model.rowCount() == rows + 5)
    assert log.model.id_at(log.list.currentIndex().row()) == picked
    assert [log.model.id_at(i.row()) for i in log.list.selectionModel().selectedRows()] == [picked]
    assert log.list.verticalScrollBar().value() == 0
    assert log.search.count_text == "620 events"
    await kit.settled()


async def test_scrolled_away_nothing_moves_and_a_pill_leads_back(kit: DeskKit, until: Until) -> None:
    await _opened(kit, until)
    log = kit.main.log
    log.list.verticalScrollBar().setValue(900)
    seen, rows = _top_row(kit), log.model.rowCount()
    await kit.engine.happen(*[kit.shop.inbound(shop.NOW + timedelta(seconds=n), "new") for n in range(12)])
    await until(log.list.pill.isVisible)
    assert log.list.pill.text() == "↑  12 new events"
    assert _top_row(kit) == seen
    assert log.model.rowCount() == rows
    assert log.search.count_text == "627 events"
    await kit.engine.happen(kit.shop.inbound(shop.NOW + timedelta(minutes=1), "one more"))
    await until(lambda: log.list.pill.text() == "↑  13 new events")
    QTest.mouseClick(log.list.pill, Qt.MouseButton.LeftButton)
    await until(lambda: log.model.rowCount() == rows + 13)
    assert log.list.pill.isHidden()
    assert log.model.index(0, 1).data() == "one more"
    assert log.list.verticalScrollBar().value() == 0
    await kit.settled()


async def test_an_event_received_late_goes_to_its_place(kit: DeskKit, until: Until) -> None:
    await _opened(kit, until)
    log = kit.main.log
    rows = log.model.rowCount()
    late = kit.shop.inbound(shop.NOW - timedelta(minutes=8), "late")
    appended = await kit.engine.happen(late)
    await until(lambda: log.model.rowCount() == rows + 1)
    row = log.model.row_of(appended.new[0].id)
    assert 0 < row < 12
    assert log.model.index(row, 1).data() == "late"
    await kit.settled()


async def test_scrolling_down_brings_the_older_ones(kit: DeskKit, until: Until) -> None:
    await _opened(kit, until)
    log = kit.main.log
    log.list.setFocus()
    for _ in range(8):
        QTest.keyClick(log.list, Qt.Key.Key_End)
        await until(lambda: not log._tasks.running("log-older"))
    assert log.model.rowCount() == 615
    assert not log.model.more
    QTest.keyClick(log.list, Qt.Key.Key_Home)
    assert log.list.currentIndex().row() == 0
    await kit.settled()


async def test_search_by_keyboard_alone(kit: DeskKit, until: Until) -> None:
    await _opened(kit, until)
    log = kit.main.log
    QTest.keyClick(kit.main, "/")
    assert log.search.field.hasFocus()
    QTest.keyClicks(log.search.field, "parking")
    await until(lambda: log.search.count_text == "1 event")
    QTest.keyClick(log.search.field, Qt.Key.Key_Return)
    assert log.list.hasFocus()
    QTest.keyClick(log.list, Qt.Key.Key_Down)
    QTest.keyClick(log.list, Qt.Key.Key_Return)
    await until(log.details.isVisible)
    entry = log.details.entry
    assert entry is not None
    assert "parking" in entry.event.text
    QTest.keyClick(log.list, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().startswith("Text from ")
    kit.main.log.list.copy_number()
    assert QGuiApplication.clipboard().text().startswith("(")
    QTest.keyClick(kit.main, Qt.Key.Key_Escape)
    assert log.details.isHidden()
    QTest.keyClick(kit.main, Qt.Key.Key_Escape)
    await until(lambda: log.search.count_text == "615 events")
    assert log.search.field.text() == ""
    await kit.settled()


async def test_a_bad_query_keeps_text_and_rows(kit: DeskKit, until: Until) -> None:
    await _opened(kit, until)
    log = kit.main.log
    log.search.field.setText("type:banana")
    await until(lambda: log.search.wrong)
    assert "banana" in log.search.wrong
    assert log.search.field.text() == "type:banana"
    assert log.model.rowCount() > 0
    log.search.field.setText("type:optout")
    await until(lambda: log.search.count_text == "4 events")
    assert log.search.wrong == ""
    await kit.settled()


async def test_chips_narrow_down_and_go_one_by_one(kit: DeskKit, until: Until) -> None:
    await _opened(kit, until)
    log = kit.main.log
    log.search.add(filters.own_number_chip(shop.SURVEYS.e164, log.model.labels))
    await until(lambda: log.search.count_text == "2 events")
    log.only_customer("+12125559999")
    await until(lambda: log.empty.isVisible())
    assert log.empty.title == "Nothing found"
    assert [chip.accessibleName() for chip in log.search.chips] == [
        "Remove the filter Customer: (212) 555-9999"
    ]
    QTest.keyClick(log.search.chips[0], Qt.Key.Key_Space)
    await until(lambda: log.search.count_text == "615 events")
    await kit.settled()


async def test_views_by_keyboard(kit: DeskKit, until: Until) -> None:
    await _opened(kit, until)
    log = kit.main.log
    found = {}
    for at, view in enumerate(View, start=1):
        QTest.keyClick(kit.main, getattr(Qt.Key, f"Key_{at}"), Qt.KeyboardModifier.ControlModifier)
        await until(lambda view=view: log._filters.view is view and not log._tasks.running("log-page"))
        assert kit.main.sidebar.current is kit.main.sidebar.entry(view)
        found[view] = log.feed.total
    assert found[View.ACTIVITY] == 615
    assert found[View.OPT_OUTS] == 4
    assert found[View.BATCHES] == 4  # one row for each, of eight events
    assert found[View.RECEIVED] == len(shop.QUESTIONS)
    assert 0 < found[View.FAILED] < found[View.TODAY] < 615
    await kit.settled()


async def test_two_kinds_at_once_find_nothing(kit: DeskKit, until: Until) -> None:
    await _opened(kit, until)
    log = kit.main.log
    log.show_view(View.BATCHES)
    log.search.field.setText("type:optout")
    await until(lambda: log.empty.isVisible() and log.empty.title == "Nothing found")
    await kit.settled()


async def test_looking_at_a_row_makes_it_read_and_leaving_reads_what_was_seen(
    kit: DeskKit, until: Until
) -> None:
    await _opened(kit, until)
    log = kit.main.log
    row = next(r for r in range(10) if log.model.entry_at(r).unread)  # type: ignore[union-attr]
    picked = log.model.id_at(row)
    log.list.select_id(picked)
    await until(lambda: kit.engine.read == [picked])
    await until(kit.main.isActiveWindow)
    log.list._note_sight()
    kit.main.hide()
    await until(lambda: len(kit.engine.read) > 3)
    entry = log.model.entry_at(0)
    assert entry is not None
    assert not entry.unread
    await kit.settled()


async def test_all_can_be_marked_as_read(kit: DeskKit, until: Until) -> None:
    await _opened(kit, until)
    assert await kit.engine.log.reader.unread_count() > 0
    kit.main.log.marks.all_looked_at()

    async def none_left() -> bool:
        return await kit.engine.log.reader.unread_count() == 0

    await until(none_left)
    await kit.settled()


async def test_an_event_is_led_to_from_any_view(kit: DeskKit, until: Until) -> None:
    await _opened(kit, until)
    log = kit.main.log
    page = await kit.engine.log.reader.page(filters.kind_chip(shop.Family.OPTOUT).query)
    log.show_view(View.BATCHES)
    await until(lambda: log.feed.total == 4)
    kit.desk.show_event(page.entries[0].id)
    await until(lambda: log.details.isVisible() and log.model.row_of(page.entries[0].id) >= 0)
    await until(lambda: log.list.currentIndex().row() == log.model.row_of(page.entries[0].id))
    assert kit.main.sidebar.current is kit.main.sidebar.entry(View.ACTIVITY)
    oldest = page.entries[-1].id
    kit.desk.show_event(oldest)
    await until(lambda: log.details.entry is not None and log.details.entry.id == oldest)
    await kit.settled()


async def test_a_log_that_cannot_be_read_says_so_and_can_be_tried_again(kit: DeskKit, until: Until) -> None:
    await _opened(kit, until)
    log = kit.main.log
    log.feed._failed(LogUnavailable("The disk is full. Make room, then try again."))
    assert log.empty.isVisible()
    assert log.empty.title == "The log cannot be read"
    log.feed.reload()
    await until(lambda: log.list.isVisible())
    await kit.settled()


async def test_empty_states_say_what_will_appear(kit: DeskKit, until: Until) -> None:
    await _opened(kit, until, fill=False)
    log = kit.main.log
    assert log.empty.title == "No news yet"
    log.show_view(View.OPT_OUTS)
    await until(lambda: log.empty.title == "Nobody opted out this week")
    log.show_view(View.ACTIVITY)
    await kit.engine.happen(kit.shop.inbound(shop.NOW, "the first"))
    await until(lambda: log.list.isVisible() and log.model.rowCount() == 1)
    await kit.settled()


async def test_sent_texts_are_left_out_until_somebody_asks_or_looks_for_something(
    kit: DeskKit, until: Until
) -> None:
    await _opened(kit, until, sent_texts=False)
    search, feed = kit.main.log.search, kit.main.log.feed
    news = feed.total
    assert news == len(_shown(kit)) < 80
    assert {e.event.state for e in _shown(kit) if e.event.family is Family.OUTBOUND} == {"DeliveryFailed"}
    assert not any(e.event.family is Family.BATCH and e.event.state == "Processing" for e in _shown(kit))
    await kit.engine.happen(*[kit.shop.outbound(shop.NOW + timedelta(seconds=n)) for n in range(30)])
    await kit.settled()
    assert feed.total == news
    assert search.texts.text() == "Show sent &texts"
    QTest.mouseClick(search.texts, Qt.MouseButton.LeftButton)
    await until(lambda: search.count_text == "645 events")
    kit.main.log.show_view(View.OPT_OUTS)
    assert search.texts.isHidden()
    kit.main.log.show_view(View.TODAY)
    assert search.texts.text() == "Hide sent &texts"
    QTest.mouseClick(search.texts, Qt.MouseButton.LeftButton)
    kit.main.log.show_view(View.ACTIVITY)
    await until(lambda: feed.total == news)
    search.field.setText("pick-up")
    await until(search.texts.isHidden)
    await until(lambda: feed.total > 30 and {e.event.state for e in _shown(kit)} >= {"Delivered", "Sent"})
    search.clear()
    sent = (await kit.engine.log.reader.page(Query(families=(Family.OUTBOUND,)), limit=1)).entries[0]
    await until(lambda: feed.total == news)
    kit.desk.show_event(sent.id)
    await until(lambda: kit.main.log.model.row_of(sent.id) == kit.main.log.list.currentIndex().row() >= 0)
    await kit.settled()


async def test_the_menu_of_a_row_narrows_down(kit: DeskKit, until: Until) -> None:
    await _opened(kit, until)
    log = kit.main.log
    entry = log.model.entry_at(log.model.rowCount() - 1)
    assert entry is not None
    menu = log.row_menu(entry)
    texts = [action.text().replace("&", "") for action in menu.actions() if action.text()]
    assert texts == [
        "Show details",
        "Copy as text",
        "Copy number",
        "Only this customer",
        "Only this number of yours",
        "Only texts sent",
        "Hide texts sent",
        "Mark all as read",
        "Export…",
    ]
    next(a for a in menu.actions() if a.text() == "&Hide texts sent").trigger()
    await until(lambda: 0 < log.feed.total < 40)
    await kit.settled()


async def test_ten_thousand_events_pour_in_while_the_window_is_open(
    kit: DeskKit, engine: DeskEngine, log: EventLog, until: Until
) -> None:
    await _opened(kit, until)
    panel = kit.main.log
    picked = panel.model.id_at(2)
    panel.list.select_id(picked)
    changes: list[float] = []
    panel.model.rowsInserted.connect(lambda: changes.append(time.monotonic()))
    panel.model.modelReset.connect(lambda: changes.append(time.monotonic()))
    for part in range(20):
        made = [kit.shop.outbound(shop.NOW + timedelta(milliseconds=part * 500 + n)) for n in range(500)]
        await engine.happen(*made)
    newest = (await log.reader.page(limit=1)).entries[0].id
    await until(lambda: panel.model.top == newest, timeout=20.0)
    await until(lambda: panel.search.count_text == "more than 10,000 events")
    # Pages of one update belong together; updates keep their distance.
    updates = [b for a, b in itertools.pairwise(changes) if b - a > 0.05]
    assert len(updates) <= 1 + (changes[-1] - changes[0]) / 0.1
    row = panel.model.row_of(picked)
    assert row < 0 or panel.model.id_at(panel.list.currentIndex().row()) == picked
    await kit.settled()
