"""Sessions that outlive connections, and the ways a network fails."""

import asyncio

import httpx
import pytest
from websockets.asyncio.client import connect

from app.sandbox import NO_RATE_LIMITS, Sandbox, SandboxOptions
from tests.conftest import Until
from tests.sandbox.visitor import ACCOUNT, INBOUND, OPT_OUTS, Link, Visitor

CUSTOMER = "+12125550100"


@pytest.mark.parametrize("close_frame", [True, False])
async def test_what_was_missed_is_replayed(visitor: Visitor, close_frame: bool) -> None:
    box = visitor.box
    async with visitor.link(INBOUND) as link:
        box.world.inbound(CUSTOMER, "before")
        await link.body()
        assert box.gateway.drop(close_frame=close_frame, code=1012) == 1
        box.world.inbound(CUSTOMER, "one")
        assert await link.ending() == (1012 if close_frame else 1006)
        box.world.inbound(CUSTOMER, "two")
        async with visitor.link(wsc=link.wsc) as second:
            assert second.details["recoveryState"] == "Successful"
            assert "recoveryErrorCode" not in second.details
            replayed = await second.settle()
            assert [envelope["body"]["text"] for envelope in replayed] == ["one", "two"]
            assert {envelope["subscriptionId"] for envelope in replayed} == {link.subscription["id"]}
            box.world.inbound(CUSTOMER, "three")
            assert (await second.body())["body"]["text"] == "three"
            assert second.wsc != link.wsc


async def test_only_the_newest_hundred_are_replayed(visitor: Visitor) -> None:
    async with visitor.link(INBOUND) as link:
        visitor.box.gateway.drop()
        visitor.box.world.flood(150)
        async with visitor.link(wsc=link.wsc) as second:
            assert second.details["recoveryState"] == "Successful"
            texts = [envelope["body"]["text"] for envelope in await second.settle()]
    assert texts == [f"Message {number} of 150" for number in range(51, 151)]


async def test_an_orderly_goodbye_can_be_recovered_too(visitor: Visitor, until: Until) -> None:
    async with visitor.link(INBOUND) as link:
        pass
    await until(lambda: not list(visitor.box.gateway.connections()))
    visitor.box.world.inbound(CUSTOMER, "while away")
    async with visitor.link(wsc=link.wsc) as second:
        assert [envelope["body"]["text"] for envelope in await second.settle()] == ["while away"]


async def test_a_session_is_taken_over_from_a_connection_that_seems_alive(visitor: Visitor) -> None:
    async with visitor.link(INBOUND) as link:
        async with visitor.link(wsc=link.wsc) as second:
            assert second.details["recoveryState"] == "Successful"
            visitor.box.world.inbound(CUSTOMER, "hello")
            assert (await second.body())["body"]["text"] == "hello"
        assert await link.ending() == 1006


async def test_too_late(visitor: Visitor) -> None:
    async with visitor.link(INBOUND) as link:
        visitor.box.gateway.drop()
        visitor.box.world.inbound(CUSTOMER, "lost")
        visitor.box.clock.skip(181)
        async with visitor.link(wsc=link.wsc) as second:
            assert second.details["recoveryState"] == "Failed"
            assert second.details["recoveryErrorCode"] == "WSG-1005"
            assert await second.settle() == []
            await second.subscribe(INBOUND)
            visitor.box.world.inbound(CUSTOMER, "on the same connection")
            assert (await second.body())["body"]["text"] == "on the same connection"


async def test_nothing_to_recover_without_a_subscription(visitor: Visitor) -> None:
    async with visitor.link() as link:
        visitor.box.gateway.drop()
    async with visitor.link(wsc=link.wsc) as second:
        assert second.details["recoveryErrorCode"] == "WSG-1005"


async def test_another_oauth_session_recovers_nothing(visitor: Visitor) -> None:
    async with visitor.link(INBOUND) as link:
        visitor.box.gateway.drop()
    await visitor.sign_in()
    async with visitor.link(wsc=link.wsc) as second:
        assert second.details["recoveryState"] == "Failed"
        assert second.details["recoveryErrorCode"] == "WSG-1003"


async def test_a_refreshed_token_is_the_same_session(visitor: Visitor) -> None:
    async with visitor.link(INBOUND) as link:
        visitor.box.gateway.drop()
    visitor.tokens = (await visitor.refresh(visitor.tokens["refresh_token"])).json()
    async with visitor.link(wsc=link.wsc) as second:
        assert second.details["recoveryState"] == "Successful"


@pytest.mark.parametrize("forget", [True, False])
async def test_an_unknown_session_is_refused_and_closed(visitor: Visitor, forget: bool) -> None:
    async with visitor.link(INBOUND) as link:
        visitor.box.gateway.drop()
    if forget:
        visitor.box.gateway.forget_sessions()
    token = await visitor.ws_token()
    wsc = link.wsc if forget else "made-up"
    address = f"{token['uri']}?access_token={token['ws_access_token']}&wsc={wsc}"
    async with connect(address, proxy=None) as socket:
        meta, error = await Link(socket).frame()
        assert (meta["type"], error["errorCode"]) == ("Error", "WSG-400")
        await Link(socket).ending()


class TestDarkness:
    """Peers that do not answer, and do not say so."""

    @pytest.fixture
    def options(self) -> SandboxOptions:
        return SandboxOptions(rate_limits=NO_RATE_LIMITS, ping_interval=30, pong_timeout=10)

    async def test_frames_into_a_dark_connection_are_lost(self, visitor: Visitor, until: Until) -> None:
        box = visitor.box
        async with visitor.link(INBOUND) as link:
            box.gateway.go_dark()
            box.world.inbound(CUSTOMER, "into the void")
            pong = await link.socket.ping()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(pong), 0.2)

            def given_up() -> bool:
                box.clock.skip(11)  # a ping falls due, later its pong
                return not list(box.gateway.connections())

            assert not given_up()
            await until(given_up)
            box.world.inbound(CUSTOMER, "after the gateway noticed")
            async with visitor.link(wsc=link.wsc) as second:
                assert second.details["recoveryState"] == "Successful"
                texts = [envelope["body"]["text"] for envelope in await second.settle()]
            assert texts == ["after the gateway noticed"]
            box.gateway.light_up()
            assert await link.ending() == 1006

    async def test_light_returns(self, visitor: Visitor) -> None:
        async with visitor.link(INBOUND) as link:
            visitor.box.gateway.go_dark()
            pong = await link.socket.ping()
            visitor.box.gateway.light_up()
            await asyncio.wait_for(pong, 5)
            assert await link.settle() == []

    async def test_nothing_at_all_answers(self, visitor: Visitor) -> None:
        visitor.box.gateway.go_dark(everything=True)
        with pytest.raises(httpx.ReadTimeout):
            await visitor.request("GET", f"{ACCOUNT}/extension/~", timeout=0.2)
        visitor.box.gateway.light_up()
        assert (await visitor.get(f"{ACCOUNT}/extension/~")).status_code == 200


async def test_connections_are_refused_and_accepted_again(visitor: Visitor) -> None:
    async with visitor.link(OPT_OUTS) as link:
        await visitor.box.refuse_connections()
        async with httpx.AsyncClient(base_url=visitor.box.server_url, trust_env=False) as fresh:
            with pytest.raises(httpx.ConnectError):
                await fresh.get("/restapi/oauth/authorize")
            visitor.box.world.opt_out(CUSTOMER)
            assert (await link.body())["body"]["active"] is True
            await visitor.box.accept_connections()
            assert (await fresh.get("/restapi/oauth/authorize")).status_code == 400


async def test_notifications_may_carry_the_session() -> None:
    options = SandboxOptions(rate_limits=NO_RATE_LIMITS, wsc_on_notifications=True)
    async with Sandbox(options) as box, Visitor(box) as visitor:
        await visitor.sign_in()
        async with visitor.link(INBOUND) as link:
            box.world.flood(3)
            metas = [(await link.frame())[0] for _ in range(3)]
    assert [meta["wsc"] for meta in metas] == [{"token": link.wsc, "sequence": n} for n in (2, 3, 4)]
