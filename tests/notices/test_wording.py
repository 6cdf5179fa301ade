"""The sentences of notices, word for word."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.disclosure import Disclosure
from app.notices.port import NoticeKind
from app.notices.rules import NoticeRules
from app.notices.wording import (
    OptChange,
    batch_words,
    digest_words,
    first_words,
    local_time,
    not_watching,
    opt_words,
    plain,
    sign_in_needed,
    trial_notice,
    trouble,
)
from tests.notices.builders import FRONT_DESK, NOON, SALES, customer, summary

EAST = timezone(timedelta(hours=-5))
RULES = NoticeRules(labels={FRONT_DESK: "Front desk", SALES: "Sales"}, zone=EAST)
NUMBER = NoticeRules(labels=RULES.labels, zone=EAST, disclosure=Disclosure.NUMBER)
NEITHER = NoticeRules(labels=RULES.labels, zone=EAST, disclosure=Disclosure.NEITHER)
UNNAMED = NoticeRules(zone=EAST)
OUT, IN = NoticeKind.OPTED_OUT, NoticeKind.OPTED_IN


def changes(count: int, *numbers: str) -> list[OptChange]:
    numbers = numbers or (FRONT_DESK,)
    return [OptChange(i, customer(i), numbers[i % len(numbers)], NOON) for i in range(100, 100 + count)]


@pytest.mark.parametrize(
    ("kind", "given", "rules", "title", "body"),
    [
        (
            *(OUT, changes(1), RULES),
            "(212) 555-0100 opted out",
            "Since 4:12 pm, RingCentral blocks texts to them from Front desk.",
        ),
        (
            *(OUT, changes(1), UNNAMED),
            "(212) 555-0100 opted out",
            "Since 4:12 pm, RingCentral blocks texts to them from (650) 555-0100.",
        ),
        (
            *(OUT, changes(1), NEITHER),
            "A customer opted out",
            "Since 4:12 pm, RingCentral blocks texts to them from Front desk.",
        ),
        (
            *(OUT, [OptChange(1, customer(7), n, NOON) for n in (FRONT_DESK, SALES)], RULES),
            "(212) 555-0007 opted out",
            "Since 4:12 pm, RingCentral blocks texts to them from Front desk and Sales.",
        ),
        (
            *(OUT, [OptChange(1, "", "", NOON)], RULES),
            "A customer opted out",
            "Since 4:12 pm, RingCentral blocks texts to them.",
        ),
        (
            *(OUT, [OptChange(1, "not\na \u202enumber", FRONT_DESK, NOON)], RULES),
            "not a number opted out",
            "Since 4:12 pm, RingCentral blocks texts to them from Front desk.",
        ),
        (
            *(IN, changes(1), RULES),
            "(212) 555-0100 opted back in",
            "Since 4:12 pm, RingCentral lets texts from Front desk reach them again.",
        ),
        (
            *(OUT, changes(2), RULES),
            "2 customers opted out",
            "(212) 555-0101 and (212) 555-0100. RingCentral blocks texts to them from Front desk.",
        ),
        (
            *(OUT, changes(14), NUMBER),
            "14 customers opted out",
            "(212) 555-0113, (212) 555-0112, (212) 555-0111 and 11 more. "
            "RingCentral blocks texts to them from Front desk.",
        ),
        (
            *(OUT, changes(1500, FRONT_DESK, SALES), RULES),
            "1,500 customers opted out",
            "(212) 555-1599, (212) 555-1598, (212) 555-1597 and 1,497 more. "
            "RingCentral blocks texts to them.",
        ),
        (
            *(OUT, changes(14), NEITHER),
            "14 customers opted out",
            "RingCentral blocks texts to them from Front desk.",
        ),
        (
            *(IN, changes(3), RULES),
            "3 customers opted back in",
            "(212) 555-0102, (212) 555-0101 and (212) 555-0100. "
            "RingCentral lets texts from Front desk reach them again.",
        ),
    ],
)
def test_customers(
    kind: NoticeKind, given: list[OptChange], rules: NoticeRules, title: str, body: str
) -> None:
    assert opt_words(kind, given, rules, NOON) == (title, body)


HOURS = "“Hi! Our holiday hours are Monday to Thursday, 9…” from Front desk."
TEXT = "Hi! Our holiday hours are Monday to Thursday, 9 to 5."


@pytest.mark.parametrize(
    ("known", "rules", "title", "body"),
    [
        (
            *([summary()], RULES),
            "Batch finished: 1,204 texts",
            f"{HOURS} 1,150 delivered, 41 failed, 13 still waiting.",
        ),
        (
            *([summary()], NUMBER),
            "Batch finished: 1,204 texts",
            "From Front desk. 1,150 delivered, 41 failed, 13 still waiting.",
        ),
        (
            *([summary(text="")], UNNAMED),
            "Batch finished: 1,204 texts",
            "From (650) 555-0100. 1,150 delivered, 41 failed, 13 still waiting.",
        ),
        (
            *([summary(delivered=0, failed=0)], NEITHER),
            "Batch finished: 1,204 texts",
            "From Front desk. No delivery reports yet.",
        ),
        (
            *([summary(delivered=1204, failed=0)], NUMBER),
            "Batch finished: 1,204 texts",
            "From Front desk. All delivered.",
        ),
        (
            *([summary(size=1, delivered=1, failed=0)], NUMBER),
            "Batch finished: 1 text",
            "From Front desk. Delivered.",
        ),
        (
            *([summary(size=1, delivered=0, failed=1)], NUMBER),
            "Batch finished: 1 text",
            "From Front desk. 1 failed.",
        ),
        (
            *([summary(size=10, delivered=5, failed=0, rejected=3)], NUMBER),
            "Batch finished: 10 texts",
            "From Front desk. 5 delivered, 3 refused, 2 still waiting.",
        ),
        ([summary(size=0, delivered=0, failed=0, number="", text="")], RULES, "Batch finished", ""),
        (
            *([summary(size=0, delivered=0, failed=0, number="", text="Sale")], RULES),
            "Batch finished",
            "“Sale”.",
        ),
        (
            *([summary(), summary("b2", number=SALES)], RULES),
            "2 batches finished: 2,408 texts",
            "From Front desk and Sales. 2,300 delivered, 82 failed, 26 still waiting.",
        ),
    ],
)
def test_batches(known: list, rules: NoticeRules, title: str, body: str) -> None:
    assert batch_words(known, rules) == (title, body)


def test_a_digest() -> None:
    assert digest_words(2, 3, 0, after_pause=False) == (
        "While you were away",
        "2 batches finished, 3 customers opted out.",
    )
    assert digest_words(1, 0, 1, after_pause=True) == (
        "While Textbell was quiet",
        "1 batch finished, 1 customer opted back in.",
    )


def test_what_stands_for_no_event() -> None:
    lost = not_watching(datetime(2026, 11, 3, 14, 41, tzinfo=UTC), NOON, EAST)
    assert lost.body == "No connection since 9:41 am. Missed events will be added when it is back."
    reason = trouble("The account may\nnot receive events.")
    assert reason.title == lost.title == "Textbell is not watching"
    assert reason.tag == lost.tag, "one of them is enough on the screen"
    assert sign_in_needed().title == "Please sign in again"
    assert trial_notice(sound=True).sound
    kinds = {notice.kind for notice in (lost, sign_in_needed(), trial_notice())}
    assert kinds == {NoticeKind.TROUBLE, NoticeKind.SIGN_IN, NoticeKind.TEST}


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (NOON, "4:12 pm"),
        (datetime(2026, 11, 3, 5, 5, tzinfo=UTC), "12:05 am"),
        (datetime(2026, 11, 3, 17, 0, tzinfo=UTC), "12:00 pm"),
        (datetime(2026, 11, 3, 4, 59, tzinfo=UTC), "Mon 2 Nov, 11:59 pm"),
        (datetime(2025, 12, 31, 20, 0, tzinfo=UTC), "Wed 31 Dec 2025, 3:00 pm"),
    ],
)
def test_times_are_local(moment: datetime, shown: str) -> None:
    assert local_time(moment, NOON, EAST) == shown


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("Hi!", "Hi!"),
        (" a\r\nb\tc ", "a b c"),
        (TEXT, "Hi! Our holiday hours are Monday to Thursday, 9…"),
        ("x" * 60, "x" * 48 + "…"),
        ("x" * 47 + "e\u0301" + "y" * 20, "x" * 47 + "…"),
        ("x" * 47 + "👩\u200d👩\u200d👧" + "y" * 20, "x" * 47 + "…"),
        ("a bell\x00 \ud800 rings \u202ereversed", "a bell rings reversed"),
        ("word, " * 20, "word, word, word, word, word, word, word, word…"),
    ],
)
def test_first_words(text: str, words: str) -> None:
    assert first_words(text) == words


@given(st.text(st.characters(exclude_categories=()), max_size=200), st.integers(4, 80))
def test_first_words_of_anything(text: str, limit: int) -> None:
    words = first_words(text, limit)
    assert len(words) <= limit + 1
    assert words == plain(words)
    words.encode()
    assert "\0" not in words
    if not words.endswith("…"):
        assert words == plain(text)
