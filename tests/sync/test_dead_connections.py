"""Connections that die without a word, at every stage, and how soon that is noticed. Real sockets."""

import asyncio
import time
from functools import partial
from typing import Any

import pytest

from app.domain.status import Reach
from app.ringcentral.gateway_events import Timing
from app.sandbox import Sandbox
from app.sandbox.oauth import OAuth
from app.sync import service as service_module
from app.sync import watch as watch_module
from app.sync.engine import Engine
from app.transport import gateway_link, ws_tokens
from app.transport.gateway_link import EndReason, GatewayLink, LinkEnd
from tests.sync.rig import CUSTOMER, Installation, became, reached, reaches, stored
from tests.transport.servers import listening

SOON = 45.0
"""Seconds within which a dead peer must be noticed, in life."""
FASTER = 50.0
"""How many times faster than life these tests let the timeouts pass."""


def test_every_timeout_is_short_enough() -> None:
    timing = Timing()
    assert timing.dead_after + gateway_link._CLOSE_WITHIN <= SOON
    assert timing.dead_after >= gateway_link._PING_EVERY * 2, "two pings at least, lest one lost is death"
    assert timing.details_within + gateway_link._CLOSE_WITHIN <= SOON
    assert timing.answer_within + gateway_link._CLOSE_WITHIN <= SOON
    assert gateway_link._OPEN_WITHIN <= SOON
    assert ws_tokens._ANSWER_WITHIN <= SOON


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """All timeouts of connections pass faster than in life."""
    usual = Timing()
    timing = Timing(
        details_within=usual.details_within / FASTER,
        answer_within=usual.answer_within / FASTER,
        dead_after=usual.dead_after / FASTER,
    )
    monkeypatch.setattr("app.sync.connection.GatewayProtocol", partial(_protocol(), timing=timing))
    ping_every = gateway_link._PING_EVERY / FASTER
    monkeypatch.setattr(service_module, "GatewayLink", partial(GatewayLink, ping_every=ping_every))
    monkeypatch.setattr(gateway_link, "_OPEN_WITHIN", gateway_link._OPEN_WITHIN / FASTER)
    monkeypatch.setattr(ws_tokens, "_ANSWER_WITHIN", ws_tokens._ANSWER_WITHIN / FASTER)


def _protocol() -> Any:
    from app.ringcentral.gateway import GatewayProtocol

    return GatewayProtocol


async def _noticed(engine: Engine, began: float) -> None:
    """The engine knows that nobody is there, soon enough."""
    await became(engine, lambda status: status.reach is not Reach.LIVE)
    assert time.monotonic() - began <= SOON / FASTER + 0.3


@pytest.mark.usefixtures("hasty")
class TestWithoutAWord:
    async def test_a_black_hole(self, shop: Installation, box: Sandbox) -> None:
        async with shop.watching() as engine:
            box.gateway.go_dark()
            await _noticed(engine, time.monotonic())
            box.gateway.light_up()
            await engine.check_now()
            await reached(engine, Reach.LIVE)
            box.world.inbound(CUSTOMER, "back")
            await stored(engine, 1)

    async def test_a_black_hole_in_the_middle_of_a_stream(self, shop: Installation, box: Sandbox) -> None:
        async with shop.watching() as engine:
            box.world.flood(200)
            box.gateway.go_dark()
            began = time.monotonic()
            box.world.flood(50)
            await _noticed(engine, began)
            box.gateway.light_up()
            await engine.check_now()
            await reached(engine, Reach.LIVE)
            await stored(engine, 250)

    async def test_a_service_that_answers_nothing_at_all(self, shop: Installation, box: Sandbox) -> None:
        async with shop.watching() as engine:
            box.gateway.go_dark(everything=True)
            await _noticed(engine, time.monotonic())
            # Attempts against it end as well, and go on.
            for _ in range(2):
                await engine.check_now()
                await asyncio.sleep(0.5)
            box.gateway.light_up()
            await engine.check_now()
            await reached(engine, Reach.LIVE)

    @pytest.mark.parametrize("says", [b"", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"])
    async def test_a_peer_that_dies_in_the_opening_handshake(
        self, shop: Installation, box: Sandbox, says: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        visits = 0

        async def half_open(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal visits
            visits += 1
            await reader.readuntil(b"\r\n\r\n")
            writer.write(says)
            await reader.read()

        async with listening(half_open) as port:
            token_uri = ws_tokens.WsToken.connect_uri
            monkeypatch.setattr(
                ws_tokens.WsToken,
                "connect_uri",
                lambda token, resume: token_uri(token, resume).replace(
                    box.server_url.replace("http", "ws"), f"ws://127.0.0.1:{port}"
                ),
            )
            async with shop.running() as engine:
                await engine.sign_in(lambda _: None)
                status = await became(engine, lambda status: status.problem is not None, within=2)
                assert "did not answer in time" in status.problem.message  # type: ignore[union-attr]
                assert visits == 1
                await engine.check_now()
                async with asyncio.timeout(5):
                    while visits < 2:
                        await asyncio.sleep(0.02)

    @pytest.mark.parametrize("mute", ["details", "subscription"])
    async def test_a_gateway_that_connects_and_does_not_go_on(
        self, shop: Installation, box: Sandbox, mute: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if mute == "details":
            monkeypatch.setattr(box.gateway, "_attach", lambda *_: None)
        else:
            monkeypatch.setattr(box.gateway, "receive", lambda *_: None)
        ends: list[tuple[EndReason, float]] = []
        run = GatewayLink.run

        async def timed(link: GatewayLink, *arguments: Any) -> LinkEnd:
            began = time.monotonic()
            end = await run(link, *arguments)
            ends.append((end.reason, time.monotonic() - began))
            return end

        monkeypatch.setattr(GatewayLink, "run", timed)
        async with shop.running() as engine:
            await engine.sign_in(lambda _: None)
            async with asyncio.timeout(10):
                while len(ends) < 2:
                    await asyncio.sleep(0.01)
            assert {reason for reason, _ in ends} == {EndReason.UNANSWERED}
            assert max(seconds for _, seconds in ends) <= SOON / FASTER + 0.3
            monkeypatch.undo()
            await engine.check_now()
            await reached(engine, Reach.LIVE)


class TestTheNetworkChanges:
    async def test_a_connection_that_lives_goes_on(self, shop: Installation, box: Sandbox) -> None:
        async with shop.watching() as engine:
            seen = reaches(engine)
            for _ in range(5):
                engine.network_changed()
                await asyncio.sleep(0.02)
            box.world.inbound(CUSTOMER, "still here")
            await stored(engine, 1)
            assert seen == [Reach.LIVE]
            assert box.gateway.connections_made == 1

    async def test_a_dead_one_is_given_up_within_seconds(
        self, shop: Installation, box: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(watch_module, "PROBE", 0.3)
        async with shop.watching() as engine:
            box.gateway.go_dark()
            engine.network_changed()
            began = time.monotonic()
            await became(engine, lambda status: status.reach is not Reach.LIVE)
            assert time.monotonic() - began < 3
            box.gateway.light_up()
            engine.network_changed()
            await reached(engine, Reach.LIVE)

    async def test_an_attempt_that_waits_is_made_at_once(self, shop: Installation, box: Sandbox) -> None:
        async with shop.watching() as engine:
            await box.refuse_connections()
            box.gateway.drop()
            await reached(engine, Reach.RECONNECTING)
            await asyncio.sleep(0.3)
            await box.accept_connections()
            engine.network_changed()
            await became(engine, lambda status: status.reach is Reach.LIVE, within=1.5)

    async def test_a_request_that_is_stuck_is_made_anew(
        self, shop: Installation, box: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(watch_module, "STUCK", 0.1)
        async with shop.watching() as engine:
            box.slowness.answer_after(30, path="/restapi/oauth/wstoken", lasting=0.6)
            box.gateway.drop()
            await reached(engine, Reach.RECONNECTING)
            await engine.check_now()
            await asyncio.sleep(0.8)
            engine.network_changed()
            await became(engine, lambda status: status.reach is Reach.LIVE, within=3)


class TestSleep:
    async def test_it_says_farewell_and_comes_back(self, shop: Installation, box: Sandbox) -> None:
        async with shop.watching() as engine:
            engine.going_to_sleep()
            await reached(engine, Reach.RECONNECTING)
            async with asyncio.timeout(5):
                while list(box.gateway.connections()):
                    await asyncio.sleep(0.01)
            box.world.inbound(CUSTOMER, "asleep")
            await asyncio.sleep(0.2)
            assert engine.status.reach is Reach.RECONNECTING, "nothing is tried just before the sleep"
            engine.woke()
            await reached(engine, Reach.LIVE)
            await stored(engine, 1)

    async def test_one_sleep_that_is_reported_twice(self, shop: Installation, box: Sandbox) -> None:
        async with shop.watching() as engine:
            engine.woke()
            await became(engine, lambda status: status.reach is not Reach.LIVE)
            await reached(engine, Reach.LIVE)
            seen = reaches(engine)
            engine.woke()
            await asyncio.sleep(0.2)
            assert seen == [Reach.LIVE]
            assert box.gateway.connections_made == 2


async def test_no_key_is_used_twice(
    shop: Installation, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent: list[str] = []
    spend = OAuth.spend_ws_token

    def note(oauth: OAuth, token: str) -> Any:
        spent.append(token)
        return spend(oauth, token)

    monkeypatch.setattr(OAuth, "spend_ws_token", note)
    async with shop.watching() as engine:
        for trouble in (
            lambda: box.gateway.drop(),
            lambda: box.gateway.drop(close_frame=False),
            box.gateway.forget_sessions,
            engine.woke,
            lambda: box.oauth.expire_access_tokens() and box.gateway.drop(),
        ):
            trouble()
            await asyncio.sleep(0.05)
            await engine.check_now()
            await reached(engine, Reach.LIVE)
    assert len(spent) == len(set(spent)) >= 5
