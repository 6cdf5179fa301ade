"""Whether an event is before somebody's eyes."""

from datetime import timedelta

import pytest

from app.domain.events import Entry, Event
from app.ui import attention
from app.ui.filters import View, customer_chip
from tests.ui import shop
from tests.ui.conftest import DeskKit

MADE = shop.Shop()
CUSTOMER = "+12125550100"


def _new(event: Event) -> Entry:
    """An event that was stored just now, and is not in the table yet."""
    return Entry(int(event.timestamp.timestamp()) << 8, event, unread=True)


@pytest.fixture
async def filled(kit: DeskKit) -> DeskKit:
    events = [MADE.inbound(shop.NOW - timedelta(minutes=ago), f"{ago} min ago") for ago in range(1, 300)]
    await kit.engine.log.append(events)
    kit.desk.show_main()
    await kit.settled()
    return kit


async def test_a_row_in_sight_is_seen_and_one_below_is_not(filled: DeskKit) -> None:
    panel = filled.main.log
    rows = [panel.model.entry_at(row) for row in range(200)]
    top, far = rows[0], rows[150]
    assert top is not None
    assert far is not None
    assert attention.shows(panel, top)
    assert not attention.shows(panel, far)
    panel.list.verticalScrollBar().setValue(panel.list.verticalScrollBar().maximum())
    assert not attention.shows(panel, top)
    await filled.settled()


async def test_what_is_about_to_appear_counts_as_seen(filled: DeskKit) -> None:
    panel = filled.main.log
    coming = _new(MADE.optout(shop.NOW, CUSTOMER))
    assert attention.shows(panel, coming)
    late = _new(MADE.optout(shop.NOW - timedelta(hours=4), CUSTOMER))
    assert not attention.shows(panel, late)  # its row is far below
    panel.list.verticalScrollBar().setValue(panel.list.verticalScrollBar().maximum())
    assert not attention.shows(panel, coming)
    await filled.settled()


@pytest.mark.parametrize(
    ("view", "seen"),
    [(View.TODAY, True), (View.OPT_OUTS, True), (View.RECEIVED, False), (View.BATCHES, False)],
)
async def test_another_view_shows_other_events(filled: DeskKit, view: View, seen: bool) -> None:
    panel = filled.main.log
    panel.show_view(view)
    await filled.settled()
    assert attention.shows(panel, _new(MADE.optout(shop.NOW, CUSTOMER))) is seen


async def test_a_search_hides_what_it_does_not_find(filled: DeskKit) -> None:
    panel = filled.main.log
    panel.search.add(customer_chip("+12125550199"))
    await filled.settled()
    assert not attention.shows(panel, _new(MADE.optout(shop.NOW, CUSTOMER)))


async def test_nobody_sees_a_closed_window(filled: DeskKit) -> None:
    coming = _new(MADE.optout(shop.NOW, CUSTOMER))
    assert filled.main.sees(coming) is filled.main.isActiveWindow()
    filled.main.hide()
    assert not filled.main.sees(coming)
    assert not attention.shows(filled.main.log, coming)
