"""RingCentral's own example notifications, byte for byte: into the log and onto the desktop."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.events import Entry, Family
from app.notices.port import NoticeKind
from app.ringcentral.bodies import event_to_line
from app.sandbox import Sandbox
from tests.sync.rig import Installation, stored

GUIDE = Path(__file__).parents[1] / "data" / "guide"

SAMPLES = {
    "batch-message-optout": (
        Family.OPTOUT, "OptedOut", "+16505550100", "+12125550100", "", datetime(2020, 10, 1, tzinfo=UTC),
    ),
    "opt-in": (
        Family.OPTOUT, "OptedIn", "+16505550100", "+12125550100", "",
        datetime(2020, 10, 1, 0, 0, 1, tzinfo=UTC),
    ),
    "batch-messages-1": (
        Family.INBOUND, "Delivered", "+12406680432", "+19287680662", "Thank you for the message",
        datetime(2021, 5, 26, 4, 16, 43, 533000, tzinfo=UTC),
    ),
    "batch-messages-2": (
        Family.OUTBOUND, "Delivered", "+13102375087", "+14842910071", "Thank you for the message",
        datetime(2021, 5, 26, 4, 16, 8, 244000, tzinfo=UTC),
    ),
    "message-batch": (
        Family.BATCH, "Completed", "+14089150788", "", "",
        datetime(2021, 5, 26, 4, 15, 54, 394000, tzinfo=UTC),
    ),
    "specific-message-batch": (
        Family.BATCH, "Completed", "+14089150788", "", "",
        datetime(2021, 5, 26, 4, 15, 54, 394000, tzinfo=UTC),
    ),
}  # fmt: skip


def text_of(name: str) -> str:
    return (GUIDE / f"{name}.json").read_text(encoding="utf-8")


def holds(entry: Entry, name: str) -> None:
    """The log's entry says what the example says, and still has it as it came."""
    event = entry.event
    found = (event.family, event.state, event.number, event.customer, event.text, event.timestamp)
    assert found == SAMPLES[name]
    sample = json.loads(text_of(name))
    assert json.loads(event.raw) == sample
    line = json.loads(event_to_line(event))
    assert line["body"] == sample["body"]
    assert (line["uuid"], line["event"]) == (sample["uuid"], sample["event"])


@pytest.mark.parametrize("name", SAMPLES)
async def test_each_is_stored_as_it_came(shop: Installation, box: Sandbox, name: str) -> None:
    async with shop.watching() as engine:
        assert box.gateway.send_raw_body(text_of(name)) == 1
        [entry] = await stored(engine, 1)
        assert entry.event.raw == text_of(name).strip()
        holds(entry, name)
        for query in (f"type:{SAMPLES[name][0].value}", SAMPLES[name][2], "after:2020-09-01"):
            await stored(engine, 1, query)


async def test_all_together_and_once_each(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        for name in [*SAMPLES, *SAMPLES]:
            box.gateway.send_raw_body(text_of(name))
        box.gateway.send_raw_body(
            text_of("opt-in").replace("+12125550100", "+12125550177").replace("891", "899")
        )
        await stored(engine, 1, "+12125550177")
        entries = await stored(engine, len(SAMPLES))
        for name in SAMPLES:
            if name == "specific-message-batch":
                continue  # the same batch in the same state, told under two filters
            [entry] = [e for e in entries if e.event.uuid == json.loads(text_of(name))["uuid"]]
            holds(entry, name)


async def test_what_is_announced(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        box.gateway.send_raw_body(text_of("opt-in"))
        box.gateway.send_raw_body(text_of("batch-message-optout"))
        [notice] = await shop.desktop.showed(1)
        assert notice.kind is NoticeKind.OPTED_OUT
        assert notice.title == "(212) 555-0100 opted out"
        assert "Front desk" in notice.body
        box.gateway.send_raw_body(text_of("message-batch"))
        notice = (await shop.desktop.showed(2))[-1]
        assert notice.kind is NoticeKind.BATCH
        assert notice.title == "Batch finished: 1 text"
        # The same batch by its own filter is no second piece of news; texts are none at all.
        box.gateway.send_raw_body(text_of("specific-message-batch"))
        box.gateway.send_raw_body(text_of("batch-messages-1"))
        box.gateway.send_raw_body(text_of("batch-messages-2"))
        await stored(engine, 1, "type:outbound")
        assert len([each for each in shop.desktop.shown if not each.quiet]) == 2


async def test_opt_ins_are_announced_once_switched_on(shop: Installation, box: Sandbox) -> None:
    shop.settings.update(notifications={"opted_in": True})
    async with shop.watching():
        box.gateway.send_raw_body(text_of("opt-in"))
        [notice] = await shop.desktop.showed(1)
        assert notice.kind is NoticeKind.OPTED_IN
        assert notice.title == "(212) 555-0100 opted back in"


async def test_an_impossible_time_keeps_nothing_out(shop: Installation, box: Sandbox) -> None:
    impossible = "20211-11-14T20:19:56.505461Z"
    raw = text_of("batch-messages-1")
    for moment in ("2021-05-26T04:16:42.985974Z", "2021-05-26T04:16:43.533Z"):
        raw = raw.replace(moment, impossible)
    assert raw.count(impossible) == 3
    async with shop.watching() as engine:
        before = datetime.now(UTC)
        box.gateway.send_raw_body(raw)
        [entry] = await stored(engine, 1)
        assert entry.event.raw == raw
        assert entry.event.family is Family.INBOUND
        assert before <= entry.event.timestamp <= datetime.now(UTC)
        for query in ("Thank you", "+19287680662", "on:today", "type:inbound"):
            await stored(engine, 1, query)


async def test_what_nobody_knows_is_kept_and_found(shop: Installation, box: Sandbox) -> None:
    stranger = text_of("websocket-notification")
    async with shop.watching() as engine:
        box.gateway.send_raw("this is no frame")
        box.gateway.send_raw('["neither", "is this"]')
        box.gateway.send_raw('[{"type":"ServerNotification"},{"uuid":"')
        box.gateway.send_raw(stranger)
        entries = await stored(engine, 4, "type:unknown")
        raws = [entry.event.raw for entry in entries]
        assert any("this is no frame" in raw for raw in raws)
        assert any("message-store" in raw for raw in raws)
        assert all(entry.event.text.endswith(".") for entry in entries)
        # And the conversation goes on.
        box.gateway.send_raw_body(text_of("batch-messages-1"))
        await stored(engine, 1, "type:inbound")
