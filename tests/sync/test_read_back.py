"""What the stream cannot have told is in the log all the same, once."""

import asyncio
from collections import Counter

from app.domain.events import OPTED_IN, OPTED_OUT, Family, Source
from app.domain.status import Reach
from app.sandbox import Sandbox
from app.sync.engine import Engine
from tests.sync.rig import APPOINTMENTS, CUSTOMER, FRONT, Installation, became, reached, stored

CROWD = 250
"""More texts than the gateway replays."""


def customer(number: int) -> str:
    return f"+1212555{number:04d}"


async def outage(box: Sandbox, engine: Engine) -> None:
    """The connection is gone, nobody can come back, and the session is forgotten."""
    await box.refuse_connections()
    box.gateway.drop(close_frame=False)
    await became(engine, lambda status: status.reach is Reach.RECONNECTING)
    box.gateway.forget_sessions()


async def over(box: Sandbox, engine: Engine) -> None:
    await box.accept_connections()
    await engine.check_now()
    await reached(engine, Reach.LIVE)


async def everything(engine: Engine) -> Counter[tuple[str, str, str]]:
    found: Counter[tuple[str, str, str]] = Counter()
    async for chunk in engine.log.reader.stream():
        for entry in chunk:
            event = entry.event
            found[event.family.value, event.ref or event.customer, event.state] += 1
    return found


async def test_a_gap_beyond_the_replay_is_closed(box: Sandbox, shop: Installation) -> None:
    async with shop.watching() as engine:
        box.world.inbound(CUSTOMER, "before", number=FRONT)
        await stored(engine, 1)
        await outage(box, engine)
        for number in range(CROWD):
            box.world.inbound(customer(number), f"text {number}", number=FRONT)
        box.world.inbound(CUSTOMER, "another number's", number=APPOINTMENTS)
        await over(box, engine)
        entries = await stored(engine, CROWD + 1, "type:inbound")
    late = [entry.event for entry in entries if entry.event.source is Source.READ_BACK]
    assert len(late) == CROWD
    assert {event.text for event in late} == {f"text {number}" for number in range(CROWD)}


async def test_consent_that_changed_back_and_forth_in_a_gap_is_told_in_full(
    box: Sandbox, shop: Installation
) -> None:
    async with shop.watching() as engine:
        await outage(box, engine)
        box.world.opt_out(CUSTOMER, number=FRONT)
        # The consent history orders changes by time: what happens to one pair takes its moments.
        await asyncio.sleep(0.01)
        box.world.opt_in(CUSTOMER, number=FRONT)
        box.world.opt_out(customer(1), number=FRONT)
        await over(box, engine)
        entries = await stored(engine, 3, "type:optout")
        states = sorted((entry.event.customer, entry.event.state) for entry in entries)
        assert states == [(customer(1), OPTED_OUT), (CUSTOMER, OPTED_IN), (CUSTOMER, OPTED_OUT)]
        [notice] = await shop.desktop.showed(1)
        assert "2 customers opted out" in notice.body or "2 customers opted out" in notice.title
        [consent] = await engine.log.reader.consent(customer(1))
        assert consent.state == OPTED_OUT


async def test_a_batch_made_before_the_gap_and_finished_in_it_is_found_by_its_id(
    box: Sandbox, shop: Installation
) -> None:
    async with shop.watching() as engine:
        batch = box.world.create_batch("Winter hours", number=FRONT, size=20)
        await stored(engine, 1, "type:batch")
        await outage(box, engine)
        box.world.complete_batch(batch.id)
        await over(box, engine)
        await stored(engine, 2, "type:batch")
        async with asyncio.timeout(10):
            while (summary := await engine.log.reader.batch(batch.id)) is None or summary.waiting:
                await asyncio.sleep(0.02)
        assert summary.completed_at is not None
        assert summary.delivered + summary.failed == 20
        assert len(await shop.desktop.showed(1)) == 1


async def test_what_came_while_the_program_was_closed_is_added_at_the_next_start(
    box: Sandbox, shop: Installation
) -> None:
    async with shop.watching() as engine:
        box.world.inbound(CUSTOMER, "before", number=FRONT)
        await stored(engine, 1)
    box.gateway.forget_sessions()
    for number in range(5):
        box.world.opt_out(customer(number), number=FRONT)
    async with shop.watching() as engine:
        await stored(engine, 5, "type:optout")
        [notice] = await shop.desktop.showed(1)
        assert notice.title == "While you were away" or "5 customers" in notice.title
        box.world.opt_out(CUSTOMER, number=FRONT)
        await stored(engine, 6, "type:optout")
        again = await everything(engine)
    assert set(again.values()) == {1}
    # A third start reads the same window again, and finds nothing new in it.
    announced = len(shop.desktop.shown)
    async with shop.watching() as engine:
        box.world.inbound(CUSTOMER, "after", number=FRONT)
        await stored(engine, 1, "after")
        assert set((await everything(engine)).values()) == {1}
    assert len(shop.desktop.shown) == announced


async def test_the_first_connection_of_all_brings_no_past(box: Sandbox, shop: Installation) -> None:
    box.world.inbound(CUSTOMER, "long ago", number=FRONT)
    async with shop.watching() as engine:
        box.world.inbound(CUSTOMER, "today", number=FRONT)
        [entry] = await stored(engine, 1)
        assert entry.event.text == "today"
        assert entry.event.family is Family.INBOUND
