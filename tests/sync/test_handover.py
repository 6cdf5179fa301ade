"""The age limit of a connection passes unnoticed: one is handed over to the next while both bring events."""

import asyncio
from collections import Counter

import pytest

from app.domain.events import Family, Source
from app.domain.status import Reach
from app.sandbox import Sandbox, SandboxOptions
from tests.sync.conftest import WIDE_LIMITS
from tests.sync.rig import (
    APPOINTMENTS,
    CUSTOMER,
    FRONT,
    Installation,
    became,
    callback,
    own,
    reached,
    reaches,
    sign_in,
    stored,
)

AGE = 1.6
"""Seconds that the service lets a connection live here, instead of a day."""


@pytest.fixture
def options(port: int) -> SandboxOptions:
    return SandboxOptions(
        rate_limits=WIDE_LIMITS,
        redirect_uris=(callback(port),),
        auto_approve=True,
        absolute_timeout=AGE,
        recovery_timeout=0,  # no recovery at all: nothing may depend on it
    )


async def _stream(box: Sandbox, connections: int) -> list[str]:
    """Make events all the time until so many connections were made; returns the hostile ones."""
    odd: list[str] = []
    number = 0
    while box.gateway.connections_made < connections:
        number += 1
        box.world.inbound(CUSTOMER, f"text {number}")
        if number % 7 == 0:
            box.world.flood(20, "outbound")
        if number % 10 == 0:
            customer = f"+1212555{1000 + number}"
            box.world.opt_out(customer)
            box.world.opt_in(customer)
        if number % 9 == 0:
            odd.append(f'{{"what is this":{number}}}')
            box.gateway.send_raw_body(odd[-1])
        await asyncio.sleep(0.02)
    return odd


async def test_every_event_comes_once_and_live_across_many_handovers(
    shop: Installation, box: Sandbox
) -> None:
    async with shop.watching() as engine:
        seen = reaches(engine)
        odd = await _stream(box, 12)
        changes = [change for change in box.world.journal.truth if change.uuids]
        entries = await stored(engine, len(changes) + len(odd))
        assert seen == [Reach.LIVE]
        assert {entry.event.source for entry in entries} == {Source.LIVE}
        assert Counter(e.event.raw for e in entries if e.event.family is Family.UNKNOWN) == Counter(odd)
        assert engine.status.problem is None
        assert await engine.log.reader.gaps() == ()
        # While both connections live every change comes twice.
        assert sum(len(change.uuids) for change in changes) > len(changes)
        assert len(list(box.gateway.connections())) <= 2


async def test_the_next_run_takes_up_what_was_handed_over(shop: Installation, box: Sandbox) -> None:
    async with shop.watching():
        await _stream(box, 3)
        [*_, newest] = (c.session for c in box.gateway.connections() if c.session is not None)
    async with shop.idle() as engine:
        point = await engine.log.resume_point()
        assert point is not None
        assert newest is not None
        assert point.token == newest.wsc


async def test_another_choice_during_a_handover(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        await _stream(box, 2)
        await engine.choose(own(FRONT, APPOINTMENTS))
        while box.gateway.connections_made < 4:
            await asyncio.sleep(0.02)
        box.world.inbound(CUSTOMER, "for the other number", number=APPOINTMENTS)
        await stored(engine, 1, '"other number"')
        assert engine.status.reach is Reach.LIVE


async def test_a_handover_that_cannot_be_made_leaves_the_connection_alone(
    shop: Installation, box: Sandbox
) -> None:
    async with shop.watching() as engine:
        seen = reaches(engine)
        box.faults.add(503, path="/restapi/oauth/wstoken", seconds=AGE + 1)
        made = box.gateway.connections_made
        await asyncio.sleep(AGE * 0.8)
        assert box.gateway.connections_made == made
        box.world.inbound(CUSTOMER, "still here")
        await stored(engine, 1)
        assert seen == [Reach.LIVE]
        await became(engine, lambda status: status.reach is not Reach.LIVE)
        box.faults.clear()
        await engine.check_now()
        await reached(engine, Reach.LIVE)


async def test_a_session_that_ended_is_found_at_the_handover(shop: Installation, box: Sandbox) -> None:
    async with shop.idle() as engine:
        await sign_in(engine)
    async with shop.watching() as engine:
        box.oauth.revoke_all()
        status = await reached(engine, Reach.SIGNED_OUT)
        assert status.problem is not None
        assert len(await shop.desktop.showed(1)) == 1
