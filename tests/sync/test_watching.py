"""Watching: what arrives is stored once, whatever the connection does."""

from collections import Counter

import pytest

from app.domain.events import Family, Source
from app.domain.problems import Remedy
from app.domain.status import Reach
from app.sandbox import Sandbox
from app.sandbox.gateway import GatewaySession
from app.sync.engine import Engine
from tests.sync.rig import (
    APPOINTMENTS,
    CUSTOMER,
    FRONT,
    Installation,
    became,
    own,
    reached,
    reaches,
    sign_in,
    stored,
)


async def _down(engine: Engine) -> None:
    await became(engine, lambda status: status.reach is not Reach.LIVE)


def _session(box: Sandbox) -> GatewaySession:
    [connection] = box.gateway.connections()
    assert connection.session is not None
    return connection.session


def _requests(box: Sandbox, path: str) -> int:
    return sum(count for name, count in box.requests.counts.items() if path in name)


async def test_all_four_families_are_stored_once(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        box.world.opt_out(CUSTOMER)
        batch = box.world.create_batch("Hello", size=3)
        box.world.complete_batch(batch.id)
        told = sum(1 for change in box.world.journal.truth for _ in change.uuids)
        entries = await stored(engine, told)
        assert {entry.event.family for entry in entries} == set(Family) - {Family.UNKNOWN}
        assert {entry.event.source for entry in entries} == {Source.LIVE}
        assert Counter(entry.event.uuid for entry in entries) == Counter(
            uuid for change in box.world.journal.truth for uuid in change.uuids
        )
        assert engine.status.last_event_at is not None


async def test_texts_of_numbers_not_chosen_stay_away(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        box.world.inbound(CUSTOMER, "for somebody else", number=APPOINTMENTS)
        box.world.inbound(CUSTOMER, "for us", number=FRONT)
        [entry] = await stored(engine, 1)
        assert entry.event.text == "for us"


async def test_another_choice_is_made_on_the_same_connection(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        seen = reaches(engine)
        before = _session(box)
        assert before.subscription is not None
        subscription, filters = before.subscription.id, before.subscription.by_key.keys()
        box.world.inbound(CUSTOMER, "before", number=FRONT)
        await engine.choose(own(FRONT, APPOINTMENTS))
        box.world.inbound(CUSTOMER, "meanwhile", number=FRONT)
        await stored(engine, 2)
        while len(_session(box).subscription.by_key) == len(filters):  # type: ignore[union-attr]
            box.world.inbound(CUSTOMER, "again", number=FRONT)
            await stored(engine, len(box.world.journal.truth))
        box.world.inbound(CUSTOMER, "after", number=APPOINTMENTS)
        await stored(engine, 1, "after")
        assert _session(box) is before
        assert before.subscription.id == subscription
        assert box.gateway.connections_made == 1
        assert seen == [Reach.LIVE]


async def test_what_the_service_will_not_send_is_said(shop: Installation, box: Sandbox) -> None:
    box.gateway.subscriptions.disabled_filters["opt-outs"] = "Not allowed for this user"
    async with shop.watching() as engine:
        assert engine.status.disabled_filters == ("Opt-outs of (650) 555-0100",)
    async with shop.watching() as engine:
        assert engine.status.disabled_filters == ("Opt-outs of (650) 555-0100",)
    assert box.gateway.connections_made == 2


@pytest.mark.parametrize("close_frame", [True, False])
async def test_a_dropped_connection_is_taken_up_where_it_was(
    shop: Installation, box: Sandbox, close_frame: bool
) -> None:
    async with shop.watching() as engine:
        box.world.inbound(CUSTOMER, "live")
        await stored(engine, 1)
        subscription = _session(box).subscription
        box.gateway.drop(close_frame=close_frame)
        await _down(engine)
        box.world.inbound(CUSTOMER, "missed 1")
        box.world.inbound(CUSTOMER, "missed 2")
        await engine.check_now()
        await reached(engine, Reach.LIVE)
        await stored(engine, 3)
        box.world.inbound(CUSTOMER, "live again")
        entries = await stored(engine, 4)
        assert [(e.event.text, e.event.source) for e in reversed(entries)] == [
            ("live", Source.LIVE),
            ("missed 1", Source.REPLAYED),
            ("missed 2", Source.REPLAYED),
            ("live again", Source.LIVE),
        ]
        assert _session(box).subscription is subscription
        assert engine.status.problem is None


async def test_the_same_change_under_two_uuids_is_stored_once(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        box.world.inbound(CUSTOMER, "once")
        box.world.journal.tell_again(box.world.journal.truth[-1])
        assert len(set(box.world.journal.truth[-1].uuids)) == 2
        box.world.inbound(CUSTOMER, "and another")
        entries = await stored(engine, 2)
        assert [entry.event.text for entry in entries] == ["and another", "once"]


async def test_a_lost_session_is_begun_anew(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        before = _session(box).subscription
        box.gateway.drop()
        await _down(engine)
        box.gateway.forget_sessions()
        await engine.check_now()
        await reached(engine, Reach.LIVE)
        after = _session(box).subscription
        assert after is not None
        assert after is not before
        assert box.gateway.connections_made == 3, "refused the session, then made a new one"
        box.world.inbound(CUSTOMER, "here")
        await stored(engine, 1)


async def test_a_session_too_old_to_take_up(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        before = _session(box).subscription
        box.gateway.drop()
        await _down(engine)
        box.clock.skip(box.options.recovery_timeout + 1)
        await engine.check_now()
        await reached(engine, Reach.LIVE)
        assert _session(box).subscription is not before
        box.world.inbound(CUSTOMER, "here")
        await stored(engine, 1)


@pytest.mark.parametrize("limit", ["idle_timeout", "absolute_timeout"])
async def test_the_planned_end_of_a_connection_is_not_seen(
    shop: Installation, box: Sandbox, limit: str
) -> None:
    async with shop.watching() as engine:
        seen = reaches(engine)
        made = box.gateway.connections_made
        box.clock.skip(getattr(box.options, limit))
        box.clock.skip(0)
        box.world.inbound(CUSTOMER, "first")
        [entry] = await stored(engine, 1)
        assert entry.event.text == "first"
        assert box.gateway.connections_made == made + 1
        assert seen == [Reach.LIVE]
        assert engine.status.problem is None


async def test_a_token_that_expires_meanwhile(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        box.oauth.expire_access_tokens()
        box.world.inbound(CUSTOMER, "still listening")
        await stored(engine, 1)
        box.gateway.drop()
        await _down(engine)
        box.world.inbound(CUSTOMER, "missed")
        await engine.check_now()
        await stored(engine, 2)
        await reached(engine, Reach.LIVE)


@pytest.mark.parametrize(("status", "retry_after"), [(429, 1), (503, 1), (500, None)])
async def test_a_service_that_needs_a_moment(
    shop: Installation, box: Sandbox, status: int, retry_after: int | None
) -> None:
    async with shop.idle() as engine:
        await sign_in(engine)
    box.faults.add(status, path="/restapi/oauth/wstoken", count=1, retry_after=retry_after)
    async with shop.watching():
        assert _requests(box, "wstoken") == 2


async def test_a_service_that_is_away_for_a_while(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        await box.refuse_connections()
        box.gateway.drop()
        status = await reached(engine, Reach.RECONNECTING)
        assert status.problem is None, "most drops heal by themselves"
        for _ in range(20):
            if engine.status.problem is not None:
                break
            await engine.check_now()
            try:
                await became(engine, lambda status: status.problem is not None, within=0.2)
            except AssertionError:
                continue
        assert engine.status.problem is not None
        assert engine.status.problem.message.endswith(".")
        assert engine.status.problem.remedy is Remedy.TRY_AGAIN
        assert engine.status.reach is Reach.RECONNECTING
        box.world.inbound(CUSTOMER, "meanwhile")
        await box.accept_connections()
        await engine.check_now()
        status = await reached(engine, Reach.LIVE)
        assert status.problem is None
        [entry] = await stored(engine, 1)
        assert entry.event.source is Source.REPLAYED


async def test_a_start_without_the_service_says_so_at_once(shop: Installation, box: Sandbox) -> None:
    async with shop.idle() as engine:
        await sign_in(engine)
    await box.refuse_connections()
    async with shop.running() as engine:
        status = await became(engine, lambda status: status.problem is not None)
        assert status.reach is Reach.CONNECTING
        await box.accept_connections()
        await engine.check_now()
        await reached(engine, Reach.LIVE)


async def test_a_missing_permission_stops_the_watching(shop: Installation, box: Sandbox) -> None:
    async with shop.idle() as engine:
        await sign_in(engine)
    box.faults.denied["WebSocket"] = "CMN-401"
    async with shop.running() as engine:
        status = await became(engine, lambda status: status.problem is not None)
        assert status.problem is not None
        assert "WebSocket" in status.problem.message
        box.faults.clear()
        await engine.check_now()
        status = await reached(engine, Reach.LIVE)
        assert status.problem is None


async def test_after_waking_up_the_connection_is_made_anew(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        box.gateway.go_dark()
        engine.woke()
        await _down(engine)
        box.gateway.light_up()
        await reached(engine, Reach.LIVE)
        assert box.gateway.connections_made == 2
        box.world.inbound(CUSTOMER, "awake")
        await stored(engine, 1)


async def test_the_next_run_takes_the_session_up(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        box.world.inbound(CUSTOMER, "first run")
        await stored(engine, 1)
        subscription = _session(box).subscription
    box.world.inbound(CUSTOMER, "in between")
    async with shop.watching() as engine:
        entries = await stored(engine, 2)
        assert (entries[0].event.text, entries[0].event.source) == ("in between", Source.REPLAYED)
        assert _session(box).subscription is subscription


async def test_a_run_without_events_can_be_taken_up_too(shop: Installation, box: Sandbox) -> None:
    async with shop.watching():
        subscription = _session(box).subscription
    box.world.inbound(CUSTOMER, "in between")
    async with shop.watching() as engine:
        await stored(engine, 1)
        assert _session(box).subscription is subscription


async def test_another_choice_between_two_runs(shop: Installation, box: Sandbox) -> None:
    async with shop.watching():
        pass
    shop.follow(FRONT, APPOINTMENTS)
    box.world.inbound(CUSTOMER, "in between")
    async with shop.watching() as engine:
        box.world.inbound(CUSTOMER, "new number", number=APPOINTMENTS)
        entries = await stored(engine, 2)
        assert [entry.event.text for entry in entries] == ["new number", "in between"]
