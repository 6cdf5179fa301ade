from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.domain.events import FAILED_STATES, Family
from app.domain.problems import BadInput
from app.eventlog.query import EVERYTHING
from app.ui import filters
from app.ui.filters import Filters, View
from app.ui.words import Labels
from tests.ui.conftest import ZONE
from tests.ui.shop import FRONT_DESK, NOW, NUMBERS

LABELS = Labels(NUMBERS)
MIDNIGHT = datetime(2026, 11, 3, 5, tzinfo=UTC)
MONDAY = datetime(2026, 11, 2, 5, tzinfo=UTC)


def test_views_are_queries() -> None:
    assert Filters(View.TODAY).query(NOW, ZONE).after == MIDNIGHT
    week = Filters(View.OPT_OUTS).query(NOW, ZONE)
    assert (week.after, week.families) == (MONDAY, (Family.OPTOUT,))
    assert set(Filters(View.FAILED).query(NOW, ZONE).states) == FAILED_STATES


def test_view_chips_and_words_must_all_be_true() -> None:
    asked = Filters(View.TODAY, typed="holiday is:unread after:yesterday")
    asked = asked.with_chip(filters.own_number_chip(FRONT_DESK.e164, LABELS))
    asked = asked.with_chip(filters.customer_chip("+12125550100"))
    query = asked.query(NOW, ZONE)
    assert query.words == ("holiday",)
    assert query.unread
    assert query.after == MIDNIGHT
    assert query.own_numbers == (FRONT_DESK.e164,)
    assert query.customers == ("+12125550100",)


def test_sent_texts_are_left_out_only_where_nobody_looks_for_anything() -> None:
    own = filters.own_number_chip(FRONT_DESK.e164, LABELS)
    for asked in (Filters(), Filters(View.TODAY, typed=" "), Filters().with_chip(own)):
        assert asked.can_leave_out
        assert set(filters.NEWS.without) <= set(asked.query(NOW, ZONE).without)
        assert filters.SENT_TEXTS not in replace(asked, all_texts=True).query(NOW, ZONE).without
    for seeking in (
        Filters(View.FAILED),
        Filters(typed="holiday"),
        Filters().with_chip(filters.customer_chip("+12125550100")),
        Filters().with_chip(filters.kind_chip(Family.OUTBOUND)),
        Filters().with_chip(filters.batch_chip("b1", "Holiday")),
    ):
        assert not seeking.can_leave_out
        assert filters.SENT_TEXTS not in seeking.query(NOW, ZONE).without


def test_what_is_decided_about_sent_texts_outlives_views_and_chips() -> None:
    asked = Filters(View.TODAY, typed="x", all_texts=True).with_chip(filters.NEW_ONLY)
    assert asked.plain() == Filters(all_texts=True)
    assert Filters().with_chip(filters.NEW_ONLY).said == "Only: new · Sent texts are not shown"


def test_two_kinds_are_none() -> None:
    query = Filters(View.BATCHES, typed="type:optout").query(NOW, ZONE)
    assert query.families == ()
    assert EVERYTHING in query.without


def test_a_second_customer_replaces_the_first_but_kinds_can_be_hidden_together() -> None:
    asked = Filters().with_chip(filters.customer_chip("+12125550100"))
    asked = asked.with_chip(filters.customer_chip("+12125550101"))
    assert [chip.value for chip in asked.chips] == ["(212) 555-0101"]
    for family in (Family.BATCH, Family.OUTBOUND, Family.BATCH):
        asked = asked.with_chip(filters.without_kind_chip(family))
    assert [chip.value for chip in asked.chips] == ["(212) 555-0101", "Texts sent", "Batches"]
    assert len(asked.query(NOW, ZONE).without) == 2
    assert asked.said == "Customer: (212) 555-0101 · Hidden: Texts sent · Hidden: Batches"


def test_what_cannot_be_understood_is_a_sentence() -> None:
    with pytest.raises(BadInput, match="banana"):
        Filters(typed="type:banana").query(NOW, ZONE)


@pytest.mark.parametrize("view", View)
def test_nothing_typed_is_nothing_to_clear(view: View) -> None:
    assert not Filters(view).narrowed
    assert not Filters(view, typed="  ").narrowed
    assert Filters(view, typed="x").narrowed
