"""Whatever interrupts it, and however often: what was missed is read back, and the record says so."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from app.domain.clock import isoformat
from app.domain.events import OPTED_IN, OPTED_OUT, Appended, Family, Source
from app.domain.gaps import Gap, GapReason
from app.domain.status import CatchingUp, Reach, Status
from app.ringcentral.bodies import BATCHES, MESSAGES
from app.sandbox import Sandbox, SandboxOptions
from app.sandbox.consents import OPT_IN, OPT_OUT
from app.sandbox.model import DELIVERED, QUEUED, SENT, Message
from app.sync import catch_up, read_back
from app.sync.engine import Engine
from app.sync.to_read import NAME, Listing, from_json
from tests.sync.conftest import WIDE_LIMITS
from tests.sync.rig import (
    APPOINTMENTS,
    CUSTOMER,
    FRONT,
    PATIENCE,
    Installation,
    became,
    callback,
    reached,
    sign_in,
    stored,
)

HOUR = 3600.0


@pytest.fixture
def options(port: int) -> SandboxOptions:
    """As in the other tests, but that rate limits, where there are any, are those of some seconds."""
    return SandboxOptions(
        rate_limits=WIDE_LIMITS,
        rate_window=3,
        rate_penalty=3,
        redirect_uris=(callback(port),),
        auto_approve=True,
    )


@pytest.fixture
def shop(shop: Installation, box: Sandbox) -> Installation:
    """An installation whose clock goes with the sandbox's, so that days can pass for both."""
    shop.clock = box.clock
    return shop


def customer(number: int) -> str:
    return f"+1212555{number:04d}"


async def caught_up(engine: Engine, within: float = PATIENCE) -> None:
    async with asyncio.timeout(within):
        await engine.caught_up()


async def lost(box: Sandbox, engine: Engine) -> None:
    """The connection is gone, nobody can come back, and the session is forgotten."""
    await box.refuse_connections()
    box.gateway.drop(close_frame=False)
    await became(engine, lambda status: status.reach is Reach.RECONNECTING)
    box.gateway.forget_sessions()


async def back(box: Sandbox, engine: Engine) -> None:
    await box.accept_connections()
    await engine.check_now()
    await reached(engine, Reach.LIVE)
    await caught_up(engine)


async def everything(engine: Engine) -> Counter[tuple[str, str, str]]:
    found: Counter[tuple[str, str, str]] = Counter()
    async for chunk in engine.log.reader.stream():
        for entry in chunk:
            event = entry.event
            if event.family is not Family.BATCH:
                found[event.family.value, event.ref or event.customer, event.state] += 1
    return found


def hours_pass(box: Sandbox, hours: int, *, texts: int = 2) -> int:
    """Hours in which customers write and opt out; how many events that makes."""
    for hour in range(hours):
        box.clock.skip(HOUR)
        for number in range(texts):
            box.world.inbound(customer(number), f"text {hour} {number}", number=FRONT)
    return hours * texts


def requests(box: Sandbox, path: str) -> int:
    return box.requests.count(path, "GET")


# ------------------------------------------------------------------ the program was closed


async def test_a_weekend_is_read_back_in_slices_and_recorded(
    box: Sandbox, shop: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_back, "SLICE", 30)
    async with shop.watching() as engine:
        box.world.inbound(CUSTOMER, "before", number=FRONT)
        await stored(engine, 1)
    texts = hours_pass(box, 48)
    box.world.opt_out(CUSTOMER, number=FRONT)
    seen: list[CatchingUp] = []
    before = requests(box, MESSAGES)
    async with shop.watching() as engine:
        engine.listen(lambda status: seen.append(status.catching_up) if status.catching_up else None)
        await caught_up(engine)
        await stored(engine, 1 + texts + 1, "type:inbound")
        [gap] = await engine.log.reader.gaps()
        assert engine.status.catching_up is None
        assert engine.status.offline_since is None
    assert (gap.reason, gap.late, gap.closed) == (GapReason.CLOSED, texts + 2, True)
    assert gap.ended is not None
    assert gap.ended - gap.began > timedelta(hours=47)
    assert requests(box, MESSAGES) - before == 3
    left = [each.left for each in seen if each.left is not None]
    assert left[0] > texts - 2
    assert left == sorted(left, reverse=True)
    assert {each.since for each in seen} == {gap.began}


async def test_a_reading_that_is_killed_goes_on_where_it_was(
    box: Sandbox, shop: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_back, "SLICE", 20)
    async with shop.watching():
        pass
    texts = hours_pass(box, 50)
    async with shop.watching() as engine:
        await after_some(engine, 30, lambda: box.slowness.answer_after(60, path=MESSAGES))
    box.slowness.clear()
    async with shop.idle() as engine:
        plan = from_json(await engine.log.meta(NAME))
        rest = plan.of(Listing.MESSAGES)
        assert not plan.of(Listing.CONSENTS)
        assert not plan.of(Listing.BATCHES)
        assert rest, "it was to be killed in the middle"
        assert rest[0].until - rest[-1].since < timedelta(hours=45), "what was read is not read again"
        kept = (await engine.log.reader.stats()).events
    assert 30 <= kept < texts
    # And again: an interruption of the interrupted.
    more = hours_pass(box, 1)
    async with shop.watching() as engine:
        await caught_up(engine)
        assert set((await everything(engine)).values()) == {1}
        await stored(engine, texts + more, "type:inbound")
        gaps = await engine.log.reader.gaps()
    assert all(gap.closed and gap.reason is GapReason.CLOSED for gap in gaps)
    assert sum(gap.late for gap in gaps) == texts + more


async def after_some(engine: Engine, count: int, do: Callable[[], None]) -> None:
    """Do something as soon as so many events were stored, before anything else is asked for."""
    done = asyncio.Event()
    seen = 0

    def note(appended: Appended) -> None:
        nonlocal seen
        seen += len(appended.new)
        if seen >= count and not done.is_set():
            do()
            done.set()

    unlisten = engine.listen_changes(note)
    async with asyncio.timeout(PATIENCE):
        await done.wait()
    unlisten()


# ------------------------------------------------------------------ the service is slow to answer


async def test_rate_limits_are_waited_for_and_told(
    box: Sandbox, shop: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_back, "SLICE", 20)
    async with shop.watching():
        pass
    texts = hours_pass(box, 60)
    box.limits.limits["Light"] = 6
    seen: list[Status] = []
    async with shop.watching() as engine:
        engine.listen(seen.append)
        await became(engine, lambda status: status.catching_up and status.catching_up.waiting_until)
        # Somebody who waits is not made to, nor answered with a refusal.
        async with asyncio.timeout(1.5):
            await engine.list_numbers()
        await caught_up(engine, within=30)
        await stored(engine, texts, "type:inbound")
    assert all(entry["status"] != 429 for entry in box.requests.entries)


async def test_a_refusal_in_the_middle_delays_and_loses_nothing(
    box: Sandbox, shop: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_back, "SLICE", 20)
    async with shop.watching():
        pass
    texts = hours_pass(box, 40)
    async with shop.watching() as engine:
        await after_some(engine, 15, lambda: box.faults.add(429, path=MESSAGES, count=1, retry_after=3))
        status = await became(engine, lambda s: s.catching_up and s.catching_up.waiting_until)
        assert status.reach is Reach.LIVE
        box.faults.add(503, path=MESSAGES, count=2)
        await caught_up(engine, within=30)
        await stored(engine, texts, "type:inbound")
    # Held for as long as was asked: one request was refused, and none came before its time.
    assert sum(entry["status"] == 429 for entry in box.requests.entries) == 1


async def test_a_list_that_is_refused_keeps_nothing_else_back(box: Sandbox, shop: Installation) -> None:
    async with shop.watching() as engine:
        batch = box.world.create_batch("Winter hours", number=FRONT, size=5)
        await stored(engine, 5, "type:outbound")
    box.clock.skip(24 * HOUR)
    async with shop.watching() as engine:
        await caught_up(engine)
    box.clock.skip(24 * HOUR)
    box.world.inbound(CUSTOMER, "refused at first", number=FRONT)
    box.world.complete_batch(batch.id)
    box.faults.add(400, path=BATCHES, count=1)
    async with shop.watching() as engine:
        await stored(engine, 1, "type:inbound")
        await stored(engine, 2, "type:batch")
        last, _ = await engine.log.reader.gaps()
        assert not last.closed, "another attempt is still to come"
        await caught_up(engine, within=20)
        last, _ = await engine.log.reader.gaps()
        assert last.closed


async def test_a_permission_that_is_missing_is_told_until_it_is_given(
    box: Sandbox, shop: Installation
) -> None:
    async with shop.watching() as engine:
        await lost(box, engine)
        box.world.inbound(CUSTOMER, "meanwhile", number=FRONT)
        box.faults.denied["A2PSMS"] = "CMN-401"
        await box.accept_connections()
        await engine.check_now()
        status = await became(engine, lambda status: status.reach is Reach.LIVE and status.problem)
        assert status.problem is not None
        assert "A2PSMS" in status.problem.message
        box.faults.denied.clear()
        await caught_up(engine, within=20)
        await became(engine, lambda status: status.problem is None)
        await stored(engine, 1)


async def test_what_is_too_long_ago_to_be_told_is_given_up(box: Sandbox, shop: Installation) -> None:
    async with shop.watching():
        pass
    box.clock.skip(6 * 24 * HOUR)
    async with shop.watching() as engine:
        await caught_up(engine)
        await engine.log.set_meta(catch_up.COMPLETE_UNTIL, isoformat(box.clock.now() - timedelta(days=60)))
        box.world.inbound(CUSTOMER, "lately", number=FRONT)
        await stored(engine, 1)
    box.faults.add(400, path=MESSAGES, count=1)
    async with shop.watching() as engine:
        async with asyncio.timeout(PATIENCE):
            await engine.caught_up()
        assert await engine.log.meta(NAME) is None


# ------------------------------------------------------------------ gaps over gaps


async def test_the_connection_is_lost_again_while_reading(box: Sandbox, shop: Installation) -> None:
    async with shop.watching() as engine:
        await lost(box, engine)
        box.world.inbound(customer(1), "first gap", number=FRONT)
        box.slowness.answer_after(1.0, path=MESSAGES)
        await box.accept_connections()
        await engine.check_now()
        await reached(engine, Reach.LIVE)
        box.world.inbound(customer(2), "between", number=FRONT)
        await lost(box, engine)
        box.world.inbound(customer(3), "second gap", number=FRONT)
        await back(box, engine)
        await stored(engine, 3)
        assert set((await everything(engine)).values()) == {1}
        assert all(gap.closed for gap in await engine.log.reader.gaps())
        assert await engine.log.unfinished_gaps() == ()


async def test_lists_that_lag_behind_are_looked_at_again(
    box: Sandbox, shop: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catch_up, "LOOK_AGAIN", 0.5)
    async with shop.watching() as engine:
        await lost(box, engine)
        box.slowness.lag = 30
        box.world.inbound(CUSTOMER, "not listed yet", number=FRONT)
        box.world.opt_out(customer(7), number=FRONT)
        await back(box, engine)
        assert (await engine.log.reader.stats()).events == 0
        box.slowness.lag = 0
        await stored(engine, 1, "type:optout")
        await stored(engine, 2, "type:inbound")
        [gap] = await engine.log.reader.gaps()
    assert (gap.late, gap.reason) == (3, GapReason.OFFLINE)


# ------------------------------------------------------------------ what is unfinished


async def test_a_batch_of_days_ago_that_went_on_in_the_gap_is_found_by_its_id(
    box: Sandbox, shop: Installation
) -> None:
    async with shop.watching() as engine:
        batch = box.world.create_batch("Winter hours", number=FRONT, size=20)
        await stored(engine, 20, "type:outbound")
        box.world.progress_batch(batch.id, 5)
        await stored(engine, 25, "type:outbound")
    box.clock.skip(72 * HOUR)
    async with shop.watching() as engine:
        await caught_up(engine)
    box.clock.skip(2 * HOUR)
    box.world.complete_batch(batch.id)
    async with shop.watching() as engine:
        await caught_up(engine)
        summary = await engine.log.reader.batch(batch.id)
        assert summary is not None
        assert summary.completed_at is not None
        assert summary.delivered + summary.failed + sum(m.status == SENT for m in batch.messages) == 20
        assert set((await everything(engine)).values()) == {1}
        first = requests(box, f"{BATCHES}/{batch.id}")
    # What has not changed since is not read again.
    box.clock.skip(2 * HOUR)
    messages = requests(box, MESSAGES)
    async with shop.watching() as engine:
        await caught_up(engine)
    assert requests(box, f"{BATCHES}/{batch.id}") == first
    assert requests(box, MESSAGES) == messages + 1


async def test_a_text_of_no_batch_that_went_on_in_the_gap_is_found_by_its_id(
    box: Sandbox, shop: Installation
) -> None:
    async with shop.watching() as engine:
        made = box.clock.now() - timedelta(days=2)
        text = Message(
            id=777_001,
            from_=FRONT,
            to=CUSTOMER,
            text="Your order is ready",
            direction="Outbound",
            status=QUEUED,
            created=made,
            modified=made,
            segments=1,
        )
        box.world.journal.keep(text)
        box.world.journal.tell_message(text)
        await stored(engine, 1)
        await lost(box, engine)
        text.status, text.modified = DELIVERED, box.clock.now()
        await back(box, engine)
        newest, _ = await stored(engine, 2)
        assert (newest.event.state, newest.event.source) == (DELIVERED, Source.READ_BACK)
        [gap] = await engine.log.reader.gaps()
        assert gap.late == 1
        asked = requests(box, f"{MESSAGES}/777001")
        await lost(box, engine)
        await back(box, engine)
        assert requests(box, f"{MESSAGES}/777001") == asked, "it has come to its end"


# ------------------------------------------------------------------ consents


async def test_an_account_without_the_history_is_searched(box: Sandbox, shop: Installation) -> None:
    box.world.opt_out(customer(5), number=FRONT)
    async with shop.watching() as engine:
        await lost(box, engine)
        box.world.set_consent(FRONT, CUSTOMER, OPT_OUT)
        box.world.set_consent(FRONT, customer(5), OPT_IN)
        box.world.set_consent(APPOINTMENTS, CUSTOMER, OPT_OUT)
        box.faults.add(403, path="/restapi/v2/accounts/~/sms/consents/history", seconds=60)
        await back(box, engine)
        changes = await stored(engine, 2, "type:optout")
    assert {(entry.event.customer, entry.event.state) for entry in changes} == {
        (CUSTOMER, OPTED_OUT),
        (customer(5), OPTED_IN),
    }


async def test_after_a_long_gap_the_history_is_checked(
    box: Sandbox, shop: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catch_up, "LOOK_AGAIN", 0.2)
    async with shop.watching():
        pass
    box.clock.skip(10 * HOUR)
    box.world.set_consent(FRONT, CUSTOMER, OPT_OUT)
    # The history knows nothing of it.
    box.world.consents.history.clear()
    async with shop.watching() as engine:
        [change] = await stored(engine, 1, "type:optout")
        assert (change.event.customer, change.event.source) == (CUSTOMER, Source.READ_BACK)
        assert (await only_gap(engine)).late == 1


@pytest.mark.parametrize("status", [403, 404])
async def test_an_older_account_is_compared_with_what_is_known(
    box: Sandbox, shop: Installation, status: int
) -> None:
    box.faults.v2_refused = status
    box.world.set_consent(FRONT, customer(5), OPT_OUT)
    box.world.set_consent(FRONT, customer(6), OPT_OUT)
    async with shop.watching() as engine:
        await caught_up(engine)
        assert (await engine.log.reader.stats()).events == 0, "what was before is not news"
        await lost(box, engine)
        box.world.set_consent(FRONT, CUSTOMER, OPT_OUT)
        box.world.set_consent(FRONT, customer(5), OPT_IN)
        await back(box, engine)
        changes = await stored(engine, 2, "type:optout")
        assert {(entry.event.customer, entry.event.state) for entry in changes} == {
            (CUSTOMER, OPTED_OUT),
            (customer(5), OPTED_IN),
        }
        await lost(box, engine)
        await back(box, engine)
        await stored(engine, 2, "type:optout")


# ------------------------------------------------------------------ signed out elsewhere


async def test_signed_out_elsewhere_and_back(box: Sandbox, shop: Installation) -> None:
    async with shop.watching() as engine:
        box.world.inbound(CUSTOMER, "before", number=FRONT)
        await stored(engine, 1)
        box.oauth.revoke_all()
        box.gateway.drop()
        await reached(engine, Reach.SIGNED_OUT)
        status = await became(engine, lambda status: status.offline_since)
        box.gateway.forget_sessions()
        box.world.inbound(CUSTOMER, "while signed out", number=FRONT)
        box.clock.skip(HOUR)
        box.world.opt_out(CUSTOMER, number=FRONT)
        await sign_in(engine)
        await reached(engine, Reach.LIVE)
        await caught_up(engine)
        await stored(engine, 4)
        gap = await only_gap(engine)
        assert engine.status.offline_since is None
    assert (gap.reason, gap.late, gap.closed) == (GapReason.SIGNED_OUT, 3, True)
    assert status.offline_since == gap.began


async def only_gap(engine: Engine) -> Gap:
    [gap] = await engine.log.reader.gaps()
    return gap
