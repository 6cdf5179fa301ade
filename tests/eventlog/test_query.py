"""What is typed into the search box, and what it means."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.events import Family
from app.eventlog import BadQuery, Query, parse_query

NOW = datetime(2026, 11, 3, 16, 0, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")


def parse(text: str) -> Query:
    return parse_query(text, NOW, ZONE)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", Query()),
        ("  \t ", Query()),
        ("order", Query(words=("order*",))),
        ("order ", Query(words=("order",))),
        ("order rea", Query(words=("order", "rea*"))),
        ("order ready!", Query(words=("order", "ready!"))),
        ("deliv* now ", Query(words=("deliv*", "now"))),
        ('"order ready"', Query(phrases=("order ready",))),
        ('"order ready', Query(phrases=("order ready",))),
        ('say "order ready" now', Query(words=("say", "now*"), phrases=("order ready",))),
        ('""', Query()),
        ("-refund", Query(excluded=("refund",))),
        ('order -"call us"', Query(words=("order",), excluded=("call us",))),
        ("ready OR shipped", Query(either=(("ready", "shipped"),))),
        (
            'now ready OR "on its way" OR sent',
            Query(words=("now",), either=(("ready", "on its way", "sent"),)),
        ),
        ("OR", Query()),
        ("ready OR", Query(words=("ready",))),
        ("OR ready", Query(words=("ready*",))),
        ("sale - today – ", Query(words=("sale", "today", "–"))),
        ("note: call", Query(words=("note:", "call*"))),
        ("https://example.com/a", Query(words=("https://example.com/a*",))),
        ("😀", Query(words=("😀",))),
        # numbers
        ("650 555 0100", Query(fragments=("+16505550100",))),
        ("(650) 555-0100", Query(fragments=("+16505550100",))),
        ("6505550100", Query(fragments=("+16505550100",))),
        ("+1 650.555.0100", Query(fragments=("+16505550100",))),
        ("1-650-555-0100", Query(fragments=("+16505550100",))),
        ("+44 20 7946 0000", Query(fragments=("+442079460000",))),
        ("650 555 0100 212-555-0142", Query(fragments=("+16505550100", "+12125550142"))),
        ("650 555 0100 thanks", Query(fragments=("+16505550100",), words=("thanks*",))),
        ("555-01", Query(digits=("555-01",))),
        ("650 555", Query(digits=("650 555",))),
        ("4471", Query(digits=("4471",))),
        ("12", Query(words=("12*",))),
        ("2026-11-03", Query(words=("2026-11-03*",))),
        ('"6505550100"', Query(phrases=("6505550100",))),
        # operators
        ("type:optout", Query(families=(Family.OPTOUT,))),
        ("TYPE:Opt-Out,inbound", Query(families=(Family.OPTOUT, Family.INBOUND))),
        ("type:batch type:outbound", Query(families=(Family.BATCH, Family.OUTBOUND))),
        ("-type:outbound", Query(without=(Query(families=(Family.OUTBOUND,)),))),
        ("status:failed", Query(states=("failed",))),
        ('status:"opted out"', Query(states=("optedout",))),
        ("error:413,SMS-UP-430", Query(errors=("413", "SMS-UP-430"))),
        ("from:6505550100", Query(senders=("+16505550100",))),
        ('to:"(650) 555-0100"', Query(recipients=("+16505550100",))),
        ("number:555-01", Query(numbers=("55501",))),
        ("batch:b6f5610f", Query(batches=("b6f5610f",))),
        ("is:unread", Query(unread=True)),
        ("-is:unread", Query(without=(Query(unread=True),))),
        # dates, in the zone of the person
        ("after:2026-11-01", Query(after=datetime(2026, 11, 1, 4, tzinfo=UTC))),
        ("before:2026-11-02", Query(before=datetime(2026, 11, 2, 5, tzinfo=UTC))),
        (
            "on:today",
            Query(after=datetime(2026, 11, 3, 5, tzinfo=UTC), before=datetime(2026, 11, 4, 5, tzinfo=UTC)),
        ),
        (
            "on:Yesterday",
            Query(after=datetime(2026, 11, 2, 5, tzinfo=UTC), before=datetime(2026, 11, 3, 5, tzinfo=UTC)),
        ),
        (
            "after:2026-10-01 after:2026-11-01 before:today before:2026-12-01",
            Query(after=datetime(2026, 11, 1, 4, tzinfo=UTC), before=datetime(2026, 11, 3, 5, tzinfo=UTC)),
        ),
    ],
)
def test_meaning(text: str, query: Query) -> None:
    found = parse(text)
    assert found.text == text
    assert found == Query(**{**{name: getattr(query, name) for name in Query.__slots__}, "text": text})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("order type:fax", "There is no kind of event called “fax”. Try batch, inbound, outbound or optout."),
        ("order type:", "“type:” needs a kind of event, such as type:optout."),
        ("order status:,", "“status:” needs a status, such as status:failed."),
        ("order from:bob", "“bob” is not a phone number. Type at least 3 of its digits."),
        ("order number:12", "“12” is not a phone number. Type at least 3 of its digits."),
        ("order on:someday", "“someday” is not a date. Write it like 2026-11-30, today or yesterday."),
        ("order on:2026-13-45", "“2026-13-45” is not a date. Write it like 2026-11-30, today or yesterday."),
        ("order after:", "“after:” needs a date. Write it like 2026-11-30, today or yesterday."),
        ("order on:9999-12-31", "“9999-12-31” is too far away."),
        ("order is:blue", "“is:blue” means nothing here. Try is:unread."),
    ],
)
def test_what_cannot_be_meant_is_said_and_where(text: str, sentence: str) -> None:
    with pytest.raises(BadQuery) as caught:
        parse(text)
    assert str(caught.value) == sentence
    assert text[caught.value.at : caught.value.end] == text.removeprefix("order ")


PIECES = (
    *(
        "type:",
        "on:",
        "number:",
        "before:",
        "batch:",
        "is:unread",
        "-",
        '"',
        "OR",
        " ",
        ",",
        ":",
        "*",
        "(",
        ")",
        "+",
    ),
    *("2026-01-01", "0001-01-01", "9999-12-31", "today", "650", "word", "\0", "\ud800", "٣", "²", "é", "😀"),
)


@given(st.lists(st.sampled_from(PIECES) | st.text(st.characters(), max_size=5), max_size=12).map("".join))
def test_any_text_is_a_query_or_a_sentence(text: str) -> None:
    problem: BadQuery | None = None
    try:
        assert parse(text).text == text
    except BadQuery as error:
        problem = error
    if problem is not None:
        assert str(problem).endswith(".")
        assert 0 <= problem.at < problem.end <= len(text)


def test_now_and_the_zone_are_the_computers_unless_told() -> None:
    after = parse_query("after:today").after
    assert after is not None
    assert timedelta(0) <= datetime.now(UTC) - after < timedelta(hours=26)
