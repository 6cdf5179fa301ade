"""Signing in and out, and sessions that end."""

import asyncio
import json
import socket

import pytest

from app.domain.problems import Remedy, SignInFailed, SignInNeeded, Unreachable
from app.domain.status import Reach
from app.notices.port import NoticeKind
from app.sandbox import Sandbox
from tests.sync.rig import (
    APPOINTMENTS,
    CUSTOMER,
    FRONT,
    Installation,
    became,
    browse_and_cancel,
    free_port,
    open_nothing,
    own,
    reached,
    reaches,
    run,
    sign_in,
    stored,
)


async def test_signing_in_leads_to_watching(shop: Installation, box: Sandbox) -> None:
    async with shop.running() as engine:
        await reached(engine, Reach.SIGNED_OUT)
        seen = reaches(engine)
        link = await sign_in(engine)
        status = await reached(engine, Reach.LIVE)
        assert link.startswith(f"{box.server_url}/restapi/oauth/authorize?")
        assert status.account == "Dana Whitfield"
        assert [number.e164 for number in status.numbers] == [FRONT]
        assert status.problem is None
        assert seen == [Reach.SIGNED_OUT, Reach.SIGNING_IN, Reach.CONNECTING, Reach.LIVE]


async def test_the_session_outlives_the_program(shop: Installation, box: Sandbox) -> None:
    async with shop.watching():
        pass
    async with shop.idle() as engine:
        assert engine.signed_in
        assert engine.status.account == "Dana Whitfield"
        assert engine.status.reach is Reach.CONNECTING
        async with run(engine):
            await reached(engine, Reach.LIVE)
    assert len(box.oauth.live_sessions()) == 1


async def test_refused_in_the_browser(shop: Installation, box: Sandbox) -> None:
    box.oauth.auto_approve = False
    shop.browse = browse_and_cancel
    async with shop.running() as engine:
        with pytest.raises(SignInFailed, match=r"\w+.*\."):
            await sign_in(engine)
        assert not engine.signed_in
        assert engine.status.reach is Reach.SIGNED_OUT
    assert box.oauth.live_sessions() == []


async def test_cancelled_while_the_browser_is_open(shop: Installation) -> None:
    shop.browse = open_nothing
    async with shop.running() as engine:
        shown = asyncio.Event()
        signing_in = asyncio.get_running_loop().create_task(engine.sign_in(lambda _: shown.set()))
        await shown.wait()
        assert engine.status.reach is Reach.SIGNING_IN
        signing_in.cancel()
        with pytest.raises(asyncio.CancelledError):
            await signing_in
        assert engine.status.reach is Reach.SIGNED_OUT
        # The port is free again.
        with socket.create_server(("127.0.0.1", shop.settings.value.redirect_ports[0])):
            pass


async def test_all_ports_taken(shop: Installation) -> None:
    with socket.create_server(("127.0.0.1", shop.settings.value.redirect_ports[0])):
        async with shop.idle() as engine:
            with pytest.raises(SignInFailed, match=r"\."):
                await engine.sign_in(lambda _: None)
            assert engine.status.reach is Reach.SIGNED_OUT


async def test_the_next_port_serves_when_the_first_is_taken(shop: Installation) -> None:
    port = shop.settings.value.redirect_ports[0]
    with socket.create_server(("127.0.0.1", 0)) as other:
        shop.settings.update(redirect_ports=[other.getsockname()[1], port])
        async with shop.idle() as engine:
            assert f"%3A{port}%2F" in await sign_in(engine)
            assert engine.signed_in


async def test_without_a_client_id(shop: Installation, box: Sandbox) -> None:
    shop.settings.update(client_id="")
    async with shop.idle() as engine:
        with pytest.raises(SignInFailed, match="client ID"):
            await engine.sign_in(lambda _: None)
    assert box.requests.counts == {}


async def test_nobody_is_asked_for_numbers_before_the_sign_in(shop: Installation) -> None:
    shop.settings.update(server_url=f"http://127.0.0.1:{free_port()}")
    async with shop.idle() as engine:
        with pytest.raises(SignInNeeded, match="sign in"):
            await engine.list_numbers()


async def test_numbers_are_listed_and_chosen(shop: Installation) -> None:
    shop.settings.update(follow=[])
    async with shop.running() as engine:
        await sign_in(engine)
        await reached(engine, Reach.NO_NUMBERS)
        numbers = await engine.list_numbers()
        assert [(n.e164, n.label) for n in numbers[:2]] == [
            (FRONT, "Front desk"),
            (APPOINTMENTS, "Appointments"),
        ]
        assert len(numbers) == 4
        await engine.choose(numbers[:1])
        status = await reached(engine, Reach.LIVE)
        assert status.numbers == numbers[:1]
        assert [n.e164 for n in shop.settings.value.follow] == [FRONT]
        await engine.choose(())
        await reached(engine, Reach.NO_NUMBERS)


async def test_numbers_cannot_be_listed_without_the_service(shop: Installation, box: Sandbox) -> None:
    async with shop.idle() as engine:
        await sign_in(engine)
    await box.refuse_connections()
    async with shop.idle() as engine:
        with pytest.raises(Unreachable):
            await engine.list_numbers()


async def test_signing_out_forgets_and_revokes(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        await engine.sign_out()
        assert not engine.signed_in
        assert engine.status.reach is Reach.SIGNED_OUT
        assert engine.status.account == ""
        assert engine.status.problem is None
        assert await shop.vault.get("tokens") is None
        assert list(box.gateway.connections()) == []
    assert box.oauth.live_sessions() == []
    assert shop.desktop.shown == []
    async with shop.idle() as engine:
        assert engine.status.reach is Reach.SIGNED_OUT


async def test_signing_out_without_the_service(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        await box.refuse_connections()
        box.gateway.drop()
        async with asyncio.timeout(5):
            await engine.sign_out()
        assert await shop.vault.get("tokens") is None
        assert engine.status.reach is Reach.SIGNED_OUT


async def test_signing_in_again_watches_with_the_new_session(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        await sign_in(engine)
        await reached(engine, Reach.LIVE)
        box.world.inbound(CUSTOMER, "after")
        await stored(engine, 1)
        assert len(list(box.gateway.connections())) == 1


async def test_a_cancelled_second_sign_in_goes_on_as_before(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        box.oauth.auto_approve = False
        shown = asyncio.Event()
        signing_in = asyncio.get_running_loop().create_task(engine.sign_in(lambda _: shown.set()))
        await shown.wait()
        signing_in.cancel()
        await asyncio.wait({signing_in})
        await reached(engine, Reach.LIVE)
        box.world.inbound(CUSTOMER, "still here")
        await stored(engine, 1)


async def test_tokens_are_shown_to_no_other_service(shop: Installation, box: Sandbox) -> None:
    async with shop.watching():
        pass
    async with Sandbox(box.options) as other:
        shop.settings.update(server_url=other.server_url)
        async with shop.running() as engine:
            await reached(engine, Reach.SIGNED_OUT)
            with pytest.raises(SignInNeeded):
                await engine.list_numbers()
            assert other.requests.counts == {}
            await sign_in(engine)
            await reached(engine, Reach.LIVE)
        assert other.oauth.live_sessions()


async def test_a_change_of_address_takes_effect_with_the_next_sign_in(
    shop: Installation, box: Sandbox
) -> None:
    async with shop.watching() as engine, Sandbox(box.options) as other:
        shop.settings.update(server_url=other.server_url)
        assert len(await engine.list_numbers()) == 4
        assert other.requests.counts == {}
        box.world.inbound(CUSTOMER, "to the old one")
        await stored(engine, 1)
        await sign_in(engine)
        await became(engine, lambda status: status.reach is Reach.LIVE and other.gateway.connections_made)
        assert list(box.gateway.connections()) == []


async def test_a_session_ended_by_the_administrator(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        box.oauth.revoke_all()
        box.gateway.drop()
        await became(engine, lambda status: status.reach is not Reach.LIVE)
        await engine.check_now()
        status = await reached(engine, Reach.SIGNED_OUT)
        assert status.problem is not None
        assert status.problem.remedy is Remedy.SIGN_IN
        [notice] = await shop.desktop.showed(1)
        assert notice.kind is NoticeKind.SIGN_IN
        assert notice.title == "Please sign in again"
        await sign_in(engine)
        status = await reached(engine, Reach.LIVE)
        assert status.problem is None
        assert set(shop.desktop.withdrawn) == {notice.tag}
        assert len(shop.desktop.shown) == 1


async def test_an_access_token_that_expires_is_renewed_unseen(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        box.oauth.expire_access_tokens()
        box.gateway.drop()
        await became(engine, lambda status: status.reach is not Reach.LIVE)
        await engine.check_now()
        await reached(engine, Reach.LIVE)
        assert engine.signed_in
    [session] = box.oauth.live_sessions()
    assert session.generation == 2
    tokens = await shop.vault.get("tokens")
    assert tokens is not None
    assert session.pair.refresh in json.dumps(json.loads(tokens))


async def test_nothing_is_left_when_it_is_over(shop: Installation) -> None:
    before = asyncio.all_tasks()
    async with shop.watching() as engine:
        await engine.choose(own(APPOINTMENTS))
        assert len(asyncio.all_tasks()) > len(before)
    left = {task for task in asyncio.all_tasks() - before if "aiohttp" not in repr(task.get_coro())}
    assert left == set()
