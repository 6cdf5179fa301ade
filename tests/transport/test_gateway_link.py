"""One connection to the gateway, from its beginning to its end."""

import asyncio
import itertools
import json
import socket
import ssl
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from app.domain.events import Family
from app.ringcentral.filters import FilterSet
from app.ringcentral.gateway import (
    CloseReason,
    Delivered,
    GatewayProtocol,
    Opened,
    Subscribed,
    Timing,
    Unreadable,
)
from app.transport.gateway_link import EndReason, LinkEnd
from tests.ringcentral import samples
from tests.ringcentral.playbook import details, notification
from tests.transport.gateway import ONE, TWO, Caller, Gateway, gateway, introduce
from tests.transport.test_http import CERTIFICATE


class TestConversation:
    async def test_from_the_details_to_the_farewell(self) -> None:
        async def then(peer: Gateway, connection: ServerConnection) -> None:
            await peer.introduce(connection)
            await peer.say(
                connection, samples.text("websocket-notification"), notification(samples.value("opt-in"))
            )
            await connection.close(4001)

        async with gateway(then) as peer:
            caller = Caller()
            end = await caller.run(peer.uri)
        assert end == LinkEnd(EndReason.CLOSED, 4001)
        assert caller.kinds == ["Opened", "Subscribed", "Delivered", "Delivered"]
        assert peer.paths == ["/ws?access_token=SECRET"]
        assert peer.requests == [("POST", "/restapi/v1.0/subscription", ONE.event_filters())]

    async def test_a_replay_in_the_same_read_as_the_details(self) -> None:
        async def then(peer: Gateway, connection: ServerConnection) -> None:
            transport = connection.transport
            # Corked: all of it leaves in one segment.
            sock = transport.get_extra_info("socket")
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
            frames = [notification(samples.value("message-batch")) for _ in range(100)]
            await asyncio.gather(
                *(peer.say(connection, f) for f in (details(recoveryState="Successful"), *frames))
            )
            await connection.close()

        async with gateway(then) as peer:
            caller = Caller()
            await caller.run(peer.uri)
        assert caller.kinds[0] == "Opened"
        assert caller.kinds.count("Delivered") == 100

    async def test_frames_no_sdk_survives(self) -> None:
        hostile = ["not json", "[" * 100_000, b"\xff\xfe\x00", "", '"half a \\ud83d"', b"binary"]

        async def then(peer: Gateway, connection: ServerConnection) -> None:
            await peer.introduce(connection)
            await peer.say(connection, *hostile)
            await peer.say(connection, notification(samples.value("opt-in")))
            await connection.close()

        async with gateway(then) as peer:
            caller = Caller()
            await caller.run(peer.uri)
        kept = [event for event in caller.events if isinstance(event, Unreadable)]
        assert len(kept) == len(hostile)
        last = caller.events[-1]
        assert isinstance(last, Delivered)
        assert last.event.family is Family.OPTOUT

    async def test_text_that_is_not_utf_8(self) -> None:
        async def then(peer: Gateway, connection: ServerConnection) -> None:
            await peer.introduce(connection)
            await connection.send(b"\xff\xfe{}", text=True)
            await peer.say(connection, notification(samples.value("opt-in")))
            await connection.close()

        async with gateway(then) as peer:
            caller = Caller()
            await caller.run(peer.uri)
        assert caller.kinds[2:] == ["Unreadable", "Delivered"]

    async def test_choosing_while_connected(self) -> None:
        async def then(peer: Gateway, connection: ServerConnection) -> None:
            await peer.introduce(connection)
            await peer.answer(connection)
            await connection.close()

        async with gateway(then) as peer:
            caller = Caller()
            caller.react_to(Subscribed, lambda: caller.link.choose(TWO))
            await caller.run(peer.uri)
        assert peer.requests[1] == ("PUT", "/restapi/v1.0/subscription/sub-1", TWO.event_filters())
        assert caller.kinds == ["Opened", "Subscribed", "Subscribed"]

    @pytest.mark.asyncio(loop_factories=["qt"])
    async def test_on_the_loop_of_the_windows(self) -> None:
        async with gateway(introduce) as peer:
            caller = Caller()
            caller.react_to(Subscribed, caller.link.finish)
            assert (await caller.run(peer.uri)).reason is EndReason.FINISHED

    async def test_choosing_without_a_connection_does_nothing(self) -> None:
        Caller().link.choose(TWO)

    async def test_tls(self, monkeypatch: pytest.MonkeyPatch) -> None:
        if not ssl.get_default_verify_paths().openssl_cafile_env:
            pytest.skip("this system's own store decides")
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))

        async def then(peer: Gateway, connection: ServerConnection) -> None:
            await peer.introduce(connection)
            await connection.close()

        async with gateway(then, tls=True) as peer:
            caller = Caller()
            assert (await caller.run(peer.uri)).reason is EndReason.CLOSED
        assert caller.kinds == ["Opened", "Subscribed"]


class TestEnds:
    async def test_asked_to_finish(self) -> None:
        async with gateway(introduce) as peer:
            caller = Caller()
            caller.react_to(Subscribed, caller.link.finish)
            assert (await caller.run(peer.uri)).reason is EndReason.FINISHED
            await peer.gone.wait()
            assert peer.close_code == 1000, "in good order"

    async def test_cancelled(self) -> None:
        async with gateway(introduce) as peer:
            caller = Caller()
            subscribed = asyncio.Event()
            caller.react_to(Subscribed, subscribed.set)
            async with asyncio.TaskGroup() as group:
                running = group.create_task(caller.run(peer.uri))
                await subscribed.wait()
                running.cancel()
            assert running.cancelled()
            await peer.gone.wait()
            assert peer.close_code == 1000

    async def test_cancelled_while_the_other_side_is_dead(self) -> None:
        async def then(peer: Gateway, connection: ServerConnection) -> None:
            await peer.introduce(connection)
            connection.transport.pause_reading()

        async with gateway(then) as peer:
            caller = Caller()
            subscribed = asyncio.Event()
            caller.react_to(Subscribed, subscribed.set)
            loop = asyncio.get_running_loop()
            async with asyncio.TaskGroup() as group:
                running = group.create_task(caller.run(peer.uri))
                await subscribed.wait()
                began = loop.time()
                running.cancel()
            assert loop.time() - began < 3.0

    async def test_the_peer_vanishes(self) -> None:
        async def then(peer: Gateway, connection: ServerConnection) -> None:
            await peer.introduce(connection)
            connection.transport.abort()

        async with gateway(then) as peer:
            assert await Caller().run(peer.uri) == LinkEnd(EndReason.LOST)

    async def test_the_peer_says_nothing_any_more(self) -> None:
        async def then(peer: Gateway, connection: ServerConnection) -> None:
            await peer.introduce(connection)
            connection.transport.pause_reading()

        async with gateway(then) as peer:
            caller = Caller(timing=Timing(dead_after=0.3), ping_every=0.1)
            assert (await caller.run(peer.uri)).reason is EndReason.DEAD

    async def test_pongs_keep_a_quiet_connection(self) -> None:
        async def then(peer: Gateway, connection: ServerConnection) -> None:
            await peer.introduce(connection)
            heartbeats = 0
            while heartbeats < 3:
                meta, *_ = json.loads(await connection.recv())
                heartbeats += meta["type"] == "Heartbeat"
            await connection.close(4002)

        async with gateway(then) as peer:
            caller = Caller(timing=Timing(dead_after=0.6, heartbeat_after=0.4), ping_every=0.1)
            assert await caller.run(peer.uri) == LinkEnd(EndReason.CLOSED, 4002)

    @pytest.mark.parametrize(
        ("frame", "reason"),
        [
            ([{"type": "Error"}, {"errorCode": "WSG-902"}], EndReason.LIMIT),
            ([{"type": "Error"}, {"errorCode": "WSG-903"}], EndReason.LIMIT),
            ([{"type": "Error", "status": 401}, {"errorCode": "OAU-129"}], EndReason.REFUSED),
        ],
    )
    async def test_what_the_protocol_wants(self, frame: Any, reason: EndReason) -> None:
        async def then(peer: Gateway, connection: ServerConnection) -> None:
            await peer.introduce(connection)
            await peer.say(connection, frame)

        async with gateway(then) as peer:
            assert (await Caller().run(peer.uri)).reason is reason

    async def test_a_limit_counts_as_one_even_if_the_service_closes_first(self) -> None:
        async def then(peer: Gateway, connection: ServerConnection) -> None:
            await peer.introduce(connection)
            await peer.say(connection, [{"type": "Error"}, {"errorCode": "WSG-903"}])
            await connection.close(1001)

        async with gateway(then) as peer:
            assert (await Caller().run(peer.uri)).reason is EndReason.LIMIT

    async def test_no_introduction(self) -> None:
        async def then(peer: Gateway, connection: ServerConnection) -> None:
            await connection.wait_closed()

        async with gateway(then) as peer:
            caller = Caller(timing=Timing(details_within=0.05))
            assert (await caller.run(peer.uri)).reason is EndReason.UNANSWERED
        assert caller.events == []

    async def test_nothing_to_follow(self) -> None:
        async def then(peer: Gateway, connection: ServerConnection) -> None:
            await peer.say(connection, details())

        async with gateway(then) as peer:
            assert (await Caller(FilterSet()).run(peer.uri)).reason is EndReason.UNFOLLOWED

    async def test_a_full_sink_drops_the_connection(self) -> None:
        def full() -> None:
            raise asyncio.QueueFull

        async with gateway(introduce) as peer:
            caller = Caller()
            caller.react_to(Subscribed, full)
            assert (await caller.run(peer.uri)).reason is EndReason.OVERFLOW

    async def test_a_bug_in_the_sink_comes_out(self) -> None:
        def bug() -> None:
            raise ZeroDivisionError

        async with gateway(introduce) as peer:
            caller = Caller()
            caller.react_to(Opened, bug)
            with pytest.raises(ExceptionGroup) as raised:
                await caller.run(peer.uri)
            assert raised.group_contains(ZeroDivisionError)
            await peer.gone.wait()

    async def test_one_link_serves_many_connections(self) -> None:
        async with gateway(introduce) as peer:
            caller = Caller()
            for _ in range(3):
                numbers = itertools.count(1)
                caller.protocol = GatewayProtocol(ONE, new_id=lambda n=numbers: f"m{next(n)}")
                caller.react_to(Subscribed, caller.link.finish)
                assert (await caller.run(peer.uri)).reason is EndReason.FINISHED
        assert caller.kinds == ["Opened", "Subscribed"] * 3

    def test_every_wish_to_close_has_its_end(self) -> None:
        assert {EndReason(reason) for reason in CloseReason} <= set(EndReason)


async def test_no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "app")
    caplog.set_level("DEBUG", "websockets.client")

    async def then(peer: Gateway, connection: ServerConnection) -> None:
        await peer.introduce(connection)
        await peer.say(connection, notification(samples.value("batch-messages-1")))
        await connection.close()

    async with gateway(then) as peer:
        await Caller().run(peer.uri)
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("websockets.server")]
    assert any("connection ended: closed" in message for message in ours)
    assert not any(word in message for message in ours for word in ("SECRET", "Thank you", "+1928"))
