"""Two programs on one installation: the tray and the console companion. And sessions that end elsewhere."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.events import Source
from app.domain.problems import VaultUnavailable
from app.domain.status import Reach
from app.notices.port import NoticeKind
from app.sandbox import Sandbox, SandboxOptions
from app.sync import account as account_module
from app.transport.token_store import TOKENS
from app.transport.vault import MemoryVault
from tests.sync.rig import CUSTOMER, Installation, became, callback, reached, reaches, sign_in, stored


async def test_a_sign_in_elsewhere_is_noticed_when_somebody_checks(shop: Installation) -> None:
    async with shop.running() as tray:
        await reached(tray, Reach.SIGNED_OUT)
        async with shop.idle() as console:
            await sign_in(console)
        await tray.check_now()
        status = await reached(tray, Reach.LIVE)
        assert status.account == "Dana Whitfield"
        assert status.problem is None


async def test_or_when_somebody_looks_or_by_itself_after_a_while(
    shop: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_module.Account.__init__, "__kwdefaults__", {"look_every": 0.05})
    async with shop.running() as tray:
        async with shop.idle() as console:
            await sign_in(console)
        await reached(tray, Reach.LIVE)
        async with shop.idle() as console:
            await console.sign_out()
        await reached(tray, Reach.SIGNED_OUT)


async def test_a_sign_out_elsewhere_ends_the_watching_calmly(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as tray:
        async with shop.idle() as console:
            await console.sign_out()
        assert tray.status.reach is Reach.LIVE
        tray.look_again()
        status = await reached(tray, Reach.SIGNED_OUT)
        assert (status.account, status.problem) == ("", None)
        assert list(box.gateway.connections()) == []
        assert shop.desktop.shown == []


async def test_another_session_is_taken_over(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as tray:
        async with shop.idle() as console:
            await console.sign_out()
            await sign_in(console)
        await tray.check_now()
        await became(tray, lambda status: box.gateway.connections_made == 2)
        await reached(tray, Reach.LIVE)
        assert len(box.oauth.live_sessions()) == 1
        box.world.inbound(CUSTOMER, "after")
        await stored(tray, 1)


async def test_nothing_happens_while_nothing_changes(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as tray:
        seen = reaches(tray)
        for _ in range(3):
            await tray.check_now()
            await asyncio.sleep(0.05)
        assert seen == [Reach.LIVE]
        assert box.gateway.connections_made == 1


async def test_five_more_sign_ins_end_ours_and_nothing_is_lost(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        box.world.inbound(CUSTOMER, "before")
        await stored(engine, 1)
        port = shop.settings.value.redirect_ports[0]
        async with Installation(box, shop.choices.data_dir / "other", port).idle() as elsewhere:
            for _ in range(box.options.max_sessions):
                await sign_in(elsewhere)
        box.gateway.drop()
        await became(engine, lambda status: status.reach is not Reach.LIVE)
        await engine.check_now()
        status = await reached(engine, Reach.SIGNED_OUT)
        assert status.problem is not None
        box.world.inbound(CUSTOMER, "while signed out")
        box.world.opt_out("+12125550177")
        [notice] = await shop.desktop.showed(1)
        assert notice.kind is NoticeKind.SIGN_IN
        await engine.check_now()
        await asyncio.sleep(0.1)
        assert len(shop.desktop.shown) == 1, "said once"
        await sign_in(engine)
        await reached(engine, Reach.LIVE)
        entries = await stored(engine, len(box.world.journal.truth))
        late = [e.event for e in entries if e.event.text == "while signed out"]
        assert [event.source for event in late] == [Source.READ_BACK]


class _Stubborn(MemoryVault):
    """Takes no new tokens until it is told to."""

    shut = False

    async def set(self, name: str, value: str) -> None:
        if self.shut and name == TOKENS:
            raise VaultUnavailable("The keyring stayed locked. Unlock it, then try again.")
        await super().set(name, value)


async def test_a_keyring_that_takes_no_tokens_is_told_of(shop: Installation, box: Sandbox) -> None:
    shop.vault = vault = _Stubborn()
    async with shop.watching() as engine:
        vault.shut = True
        box.oauth.expire_access_tokens()
        box.gateway.drop()
        await became(engine, lambda status: status.reach is not Reach.LIVE)
        await engine.check_now()
        status = await became(engine, lambda status: status.problem is not None)
        assert status.problem is not None
        assert "keyring" in status.problem.message
        vault.shut = False
        await engine.check_now()
        status = await reached(engine, Reach.LIVE)
        assert status.problem is None
    [session] = box.oauth.live_sessions()
    assert session.generation == 2, "the new pair was asked for once"


class TestRateLimit:
    """Five requests of the group Auth a minute, as in life."""

    @pytest.fixture
    def options(self, port: int) -> SandboxOptions:
        return SandboxOptions(redirect_uris=(callback(port),), auto_approve=True)

    async def test_a_third_sign_in_within_a_minute_says_until_when_it_waits(
        self, shop: Installation, box: Sandbox
    ) -> None:
        async with shop.running() as engine:
            for _ in range(2):
                await sign_in(engine)
                await reached(engine, Reach.LIVE)
            await sign_in(engine)
            status = await became(engine, lambda status: status.waiting_until is not None)
            assert status.waiting_until is not None
            assert timedelta(0) < status.waiting_until - datetime.now(UTC) < timedelta(seconds=70)
            made = box.gateway.connections_made
            for _ in range(5):
                await engine.check_now()
                await asyncio.sleep(0.02)
            assert box.gateway.connections_made == made, "checking now does not break the limit"
            fourth = asyncio.get_running_loop().create_task(engine.sign_in(lambda _: None))
            status = await became(
                engine, lambda s: s.reach is Reach.SIGNING_IN and s.waiting_until is not None
            )
            fourth.cancel()
            await asyncio.wait({fourth})
            assert engine.status.reach is not Reach.SIGNING_IN
        assert not _penalties(box)

    async def test_a_program_started_again_and_again(self, shop: Installation, box: Sandbox) -> None:
        async with shop.watching():
            pass
        for _ in range(3):
            async with shop.watching():
                pass
        async with shop.running() as engine:
            await became(engine, lambda status: status.waiting_until is not None)
        assert not _penalties(box)

    async def test_a_service_that_accepts_and_drops_at_once(self, shop: Installation, box: Sandbox) -> None:
        async with shop.running() as engine:
            engine.listen(lambda s: box.gateway.drop() and None if s.reach is Reach.LIVE else None)
            await sign_in(engine)
            await became(engine, lambda status: status.waiting_until is not None, within=30)
        assert box.gateway.connections_made <= 4
        assert not _penalties(box)


def _penalties(box: Sandbox) -> list[object]:
    return [entry for entry in box.requests.entries if entry["status"] == 429]
