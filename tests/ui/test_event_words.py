from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.events import OPTED_IN, BatchSummary, Entry, Event, Family, Source
from app.ui import detail_facts, event_words
from app.ui.words import Labels
from tests.ui import shop
from tests.ui.conftest import ZONE

AT = shop.NOW - timedelta(minutes=18)
MADE = shop.Shop()
WHO = "+12125550100"
LABELS = Labels(shop.NUMBERS)
BATCH = BatchSummary(
    "b1", shop.FRONT_DESK.e164, 1204, "Completed", shop.HOLIDAY, delivered=1150, failed=41, completed_at=AT
)

SENTENCES = [
    (MADE.optout(AT, WHO), None, "(212) 555-0100 opted out of Front desk (650) 555-0100. Today 4:12 pm."),
    (
        MADE.optout(AT, WHO, state=OPTED_IN),
        None,
        "(212) 555-0100 opted back in to Front desk (650) 555-0100. Today 4:12 pm.",
    ),
    (
        MADE.inbound(AT, "Are you open?", WHO),
        None,
        "Text from (212) 555-0100 to Front desk (650) 555-0100: Are you open? Today 4:12 pm.",
    ),
    (
        MADE.outbound(AT, "DeliveryFailed", "SMS-CAR-411", "Ready.", WHO),
        None,
        "Text to (212) 555-0100 from Deliveries (650) 555-0101: "
        "Failed: can’t get texts, Ready. Today 4:12 pm.",
    ),
    (
        MADE.batch(AT, "b1"),
        BATCH,
        "Batch “Hi! Our holiday hours: closed Thursday and…” from Front desk (650) 555-0100: "
        "1,150 of 1,204 delivered, 41 failed, 13 waiting. Today 4:12 pm.",
    ),
]


@pytest.mark.parametrize(("event", "batch", "said"), SENTENCES)
def test_a_row_reads_as_one_sentence(event: Event, batch: BatchSummary | None, said: str) -> None:
    assert event_words.sentence(Entry(1, event), batch, LABELS, shop.NOW, ZONE) == said


def test_new_and_late_are_said() -> None:
    late = MADE.optout(AT, WHO)._replace(source=Source.READ_BACK)
    said = event_words.sentence(Entry(1, late, unread=True), None, LABELS, shop.NOW, ZONE)
    assert said.startswith("New. (212) 555-0100")
    assert said.endswith("Received late.")


def test_any_event_has_a_row_a_sentence_and_facts() -> None:
    for family in Family:
        for state in ("", "Queued", "Nonsense", "Completed", "OptedOut"):
            bare = Event(family, "", "", AT, AT, Source.LIVE, "not json", state=state)
            entry = Entry(1, bare)
            assert event_words.row(bare, None).who
            assert event_words.sentence(entry, None, LABELS, shop.NOW, ZONE)
            assert event_words.brief(entry, None, ZONE)
            assert detail_facts.facts(entry, None, LABELS, shop.NOW, ZONE)


def test_an_unknown_error_code_is_still_a_failure() -> None:
    shown = event_words.row(MADE.outbound(AT, "DeliveryFailed", "SMS-XX-999"), None)
    assert (shown.icon, shown.lead) == ("cross", "Failed")


def test_no_answer_yet_is_no_failure() -> None:
    shown = event_words.row(MADE.outbound(AT, "DeliveryFailed", "SMS-CAR-104"), None)
    assert (shown.tone, shown.lead) == ("waiting", "No answer yet")


def test_every_text_of_a_batch_is_accounted_for() -> None:
    done = replace(BATCH, rejected=2)
    assert event_words.outcome(done) == "1,150 of 1,204 delivered, 41 failed, 2 refused, 11 waiting"


def test_rows_of_a_finished_batch_do_not_say_that_it_waits() -> None:
    running = replace(BATCH, completed_at=None)
    for state, processed, now, then in (
        ("Queued", 0, "Waiting to be sent", "Started"),
        ("Processing", 0, "Sending", "Was being sent"),
        ("Processing", 600, "Sending", "Was being sent"),
    ):
        event = MADE.batch(AT, "b1", state, 1204, processed)
        assert event_words.row(event, running).lead == now
        assert event_words.row(event, BATCH).lead == then


def test_a_row_may_stand_for_the_batch_as_it_is_now() -> None:
    queued = MADE.batch(AT, "b1", "Queued", 1204, 0)
    done = event_words.row(queued, BATCH, whole=True)
    assert (done.lead, done.what) == ("", "1,150 of 1,204 delivered, 41 failed, 13 waiting")
    assert done.summary == BATCH
    for changes, said in (
        ({"completed_at": None}, ("Sending", "1,150 of 1,204 delivered, 41 failed, 13 waiting")),
        ({"delivered": 0, "failed": 0}, ("Finished", "1,204 texts")),
        (
            {"delivered": 0, "failed": 0, "completed_at": None, "processed": 600},
            ("Sending", "600 of 1,204 handed on"),
        ),
        (
            {"delivered": 0, "failed": 0, "completed_at": None, "processed": 0},
            ("Waiting to be sent", "1,204 texts"),
        ),
    ):
        shown = event_words.row(queued, replace(BATCH, **changes), whole=True)
        assert (shown.lead, shown.what) == said


def test_a_batch_has_no_outcome_before_its_end() -> None:
    sending = event_words.row(MADE.batch(AT, "b2", "Processing", 1204, 812), None)
    assert (sending.lead, sending.what) == ("Sending", "812 of 1,204 handed on")
    queued = event_words.row(MADE.batch(AT, "b2", "Queued", 1204, 0), None)
    assert (queued.lead, queued.what) == ("Waiting to be sent", "1,204 texts")


def test_failures_are_heaped_by_what_to_do() -> None:
    errors = {"SMS-CAR-411": 20, "SMS-UP-410": 10, "SMS-CAR-430": 9, "SMS-XX-1": 2}
    lines = detail_facts.failure_lines(replace(BATCH, errors=errors))
    assert [(said, count) for said, count, _ in lines] == [
        ("Can’t get texts", 30),
        ("Text was blocked", 9),
        ("Another reason", 2),
    ]


def test_raw_json_is_shown_readably_and_never_fails() -> None:
    assert detail_facts.readable_json('{"a":1}') == '{\n  "a": 1\n}'
    assert detail_facts.readable_json("{broken") == "{broken"
    assert detail_facts.readable_json("[" * 100_000) == "[" * 100_000
