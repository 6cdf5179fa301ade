"""Tokens: refreshed ahead, one at a time, stored before use, never burnt twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from app.domain.problems import (
    RateHeld,
    ServiceError,
    SignInFailed,
    SignInNeeded,
    Unreachable,
    VaultUnavailable,
)
from app.ringcentral.oauth import TokenPair
from app.transport.auth_pace import AuthPace
from app.transport.token_keeper import TOKENS, TokenKeeper
from app.transport.vault import MemoryVault, Vault
from tests.transport.conftest import ManualClock
from tests.transport.service import SERVER, TokenService, client_for


class Shop:
    """A service, a vault, and programs that share them."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.service = TokenService()
        self.vault = MemoryVault()
        self.client = client_for(self.service)
        self.pace = AuthPace(clock)
        self.pace.note({"X-Rate-Limit-Limit": "1000"}, 200)

    def program(self, vault: Vault | None = None) -> TokenKeeper:
        return TokenKeeper(
            self.client,
            vault or self.vault,
            self.clock,
            server_url=SERVER + "/",
            client_id="id",
            pace=self.pace,
            sleep=self.clock.sleep,
        )

    async def signed_in(self) -> TokenKeeper:
        keeper = self.program()
        await keeper.exchange("good", "verifier", "http://127.0.0.1:1/oauth/callback")
        self.service.forms.clear()
        return keeper

    async def stored(self) -> TokenPair:
        text = await self.vault.get(TOKENS)
        assert text is not None
        return TokenPair.from_json(text)

    @property
    def refreshes(self) -> int:
        return sum(form.get("grant_type") == "refresh_token" for form in self.service.forms)


@pytest.fixture
async def shop(clock: ManualClock) -> AsyncIterator[Shop]:
    shop = Shop(clock)
    yield shop
    await shop.client.aclose()


class TestSignIn:
    async def test_the_code_is_redeemed_and_the_pair_stored(self, shop: Shop) -> None:
        keeper = shop.program()
        assert not keeper.signed_in
        assert keeper.owner_id == ""
        await keeper.exchange("good", "verifier", "http://127.0.0.1:1/oauth/callback")
        assert keeper.signed_in
        assert keeper.owner_id == "7"
        assert await keeper.access_token() == "A0"
        assert (await shop.stored()).refresh_token == "R0"
        assert shop.service.forms == [
            {
                "grant_type": "authorization_code",
                "client_id": "id",
                "code": "good",
                "code_verifier": "verifier",
                "redirect_uri": "http://127.0.0.1:1/oauth/callback",
            }
        ]

    async def test_it_survives_a_restart(self, shop: Shop) -> None:
        await shop.signed_in()
        restarted = shop.program()
        assert await restarted.load()
        assert await restarted.access_token() == "A0"

    async def test_without_loading_too(self, shop: Shop) -> None:
        await shop.signed_in()
        assert await shop.program().access_token() == "A0"
        assert shop.refreshes == 0

    @pytest.mark.parametrize("status", [400, 403])
    async def test_a_bad_code(self, shop: Shop, status: int) -> None:
        shop.service.script = [httpx.Response(status, json={"error": "invalid_grant"})]
        with pytest.raises(SignInFailed, match="did not accept the sign-in"):
            await shop.program().exchange("bad", "v", "http://x")
        assert await shop.vault.get(TOKENS) is None

    async def test_an_answer_that_is_no_pair(self, shop: Shop) -> None:
        shop.service.script = [httpx.Response(200, json={"token": "?"})]
        with pytest.raises(ServiceError, match="server address"):
            await shop.program().exchange("good", "v", "http://x")

    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(200, text="<html>Welcome to our hotel"),
            httpx.Response(302, headers={"Location": "http://portal.test/"}),
            httpx.Response(511, text="<html>"),
            httpx.Response(403, text="<html>Blocked", headers={"Content-Type": "text/html"}),
            httpx.Response(403, text="Blocked by your administrator"),
            httpx.Response(400),
            httpx.Response(401, json={"message": "who are you"}),
        ],
    )
    async def test_a_networks_own_page_ends_no_session(self, shop: Shop, answer: httpx.Response) -> None:
        keeper = await shop.signed_in()
        shop.clock.passed = 3000
        shop.service.script = [answer]
        with pytest.raises(Unreachable, match="wants you to sign in first"):
            await keeper.access_token()
        assert keeper.signed_in
        assert await keeper.access_token() == "A1"

    async def test_nobody_signed_in(self, shop: Shop) -> None:
        keeper = shop.program()
        assert not await keeper.load()
        with pytest.raises(SignInNeeded, match="not signed in"):
            await keeper.access_token()
        assert shop.service.forms == []

    @pytest.mark.parametrize("text", ["", "null", "nonsense"])
    async def test_a_damaged_vault_entry_counts_as_none(self, shop: Shop, text: str) -> None:
        await shop.vault.set(TOKENS, text)
        assert not await shop.program().load()


class TestRefresh:
    async def test_ahead_of_expiry(self, shop: Shop) -> None:
        keeper = await shop.signed_in()
        shop.clock.passed = 2879
        assert await keeper.access_token() == "A0"
        shop.clock.passed = 2880
        assert await keeper.access_token() == "A1"
        assert (await shop.stored()).access_token == "A1"
        assert shop.service.forms[-1] == {
            "grant_type": "refresh_token",
            "client_id": "id",
            "refresh_token": "R0",
        }

    async def test_one_flight_for_all(self, shop: Shop) -> None:
        keeper = await shop.signed_in()
        shop.clock.passed = 3000
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(keeper.access_token()) for _ in range(20)]
        assert {task.result() for task in tasks} == {"A1"}
        assert shop.refreshes == 1

    async def test_because_it_was_rejected(self, shop: Shop) -> None:
        keeper = await shop.signed_in()
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(keeper.refresh("A0"))
        assert shop.refreshes == 1
        assert await keeper.access_token() == "A1"
        await keeper.refresh("A0")
        assert shop.refreshes == 1, "another token is in force by now"

    async def test_stored_before_anybody_uses_it(self, shop: Shop) -> None:
        await shop.signed_in()
        shop.clock.passed = 3000
        slow = Slow(shop.vault)
        keeper = shop.program(slow)
        async with asyncio.TaskGroup() as group:
            asking = [group.create_task(keeper.access_token()) for _ in range(3)]
            await slow.storing.wait()
            for _ in range(10):
                await asyncio.sleep(0)
            assert shop.refreshes == 1
            assert not any(task.done() for task in asking)
            slow.go_on.set()
        assert {task.result() for task in asking} == {"A1"}

    async def test_if_it_cannot_be_stored_it_is_not_used(self, shop: Shop) -> None:
        await shop.signed_in()
        shop.clock.passed = 3000
        locked = Locked()
        locked._values = shop.vault._values
        keeper = shop.program(locked)
        with pytest.raises(VaultUnavailable):
            await keeper.access_token()
        locked.open = True
        assert await keeper.access_token() == "A1", "the old refresh token still gives the same pair"

    async def test_a_crash_between_answer_and_storing(self, shop: Shop) -> None:
        await shop.signed_in()
        shop.clock.passed = 3000
        with pytest.raises(VaultUnavailable):
            await shop.program(Locked(shop.vault)).access_token()
        restarted = shop.program()
        assert await restarted.access_token() == "A1"

    async def test_cancelled_while_storing_it_is_stored_all_the_same(self, shop: Shop) -> None:
        await shop.signed_in()
        shop.clock.passed = 3000
        slow = Slow(shop.vault)
        keeper = shop.program(slow)
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(keeper.access_token())
            await slow.storing.wait()
            asking.cancel()
            await asyncio.sleep(0)
            slow.go_on.set()
        assert asking.cancelled()
        assert await keeper.access_token() == "A1"
        assert (await shop.stored()).access_token == "A1"

    async def test_the_session_is_over(self, shop: Shop) -> None:
        keeper = await shop.signed_in()
        shop.service.valid_refresh.clear()
        shop.clock.passed = 3000
        with pytest.raises(SignInNeeded, match="sign in again"):
            await keeper.access_token()
        assert not keeper.signed_in
        assert await shop.vault.get(TOKENS) is None
        with pytest.raises(SignInNeeded):
            await keeper.access_token()
        assert shop.refreshes == 1, "a refused refresh token is never tried again"


class Locked(MemoryVault):
    """Reads, but does not store, until it is open."""

    def __init__(self, shared: MemoryVault | None = None) -> None:
        super().__init__()
        if shared is not None:
            self._values = shared._values
        self.open = False

    async def set(self, name: str, value: str) -> None:
        if not self.open:
            raise VaultUnavailable("locked")
        await super().set(name, value)


class Slow(MemoryVault):
    """Stores when told to."""

    def __init__(self, shared: MemoryVault) -> None:
        super().__init__()
        self._values = shared._values
        self.storing, self.go_on = asyncio.Event(), asyncio.Event()

    async def set(self, name: str, value: str) -> None:
        self.storing.set()
        await self.go_on.wait()
        await super().set(name, value)


class TestTwoPrograms:
    """The tray and the console companion share one vault."""

    async def test_a_pair_the_other_got_is_taken_over(self, shop: Shop) -> None:
        tray, console = await shop.signed_in(), shop.program()
        await console.load()
        shop.clock.passed = 3000
        assert await tray.access_token() == "A1"
        assert await console.access_token() == "A1"
        assert shop.refreshes == 1

    async def test_also_when_the_service_rejected_the_old_one(self, shop: Shop) -> None:
        tray, console = await shop.signed_in(), shop.program()
        await console.load()
        await tray.refresh("A0")
        await console.refresh("A0")
        assert shop.refreshes == 1
        assert await console.access_token() == "A1"

    async def test_both_at_once(self, shop: Shop) -> None:
        tray, console = await shop.signed_in(), shop.program()
        await console.load()
        shop.clock.passed = 3000
        tokens = await asyncio.gather(tray.access_token(), console.access_token())
        assert set(tokens) == {"A1"}
        assert (await shop.stored()).refresh_token == "R1"

    async def test_the_other_was_faster_and_the_old_token_is_dead(self, shop: Shop) -> None:
        tray, console = await shop.signed_in(), shop.program()
        await console.load()
        shop.clock.passed = 3000

        async def overtake() -> None:
            shop.service.before_answer = None
            assert await console.access_token() == "A1"
            del shop.service.valid_refresh["R0"]

        shop.service.before_answer = overtake
        assert await tray.access_token() == "A1"
        assert tray.signed_in

    async def test_the_other_signed_out(self, shop: Shop) -> None:
        tray, console = await shop.signed_in(), shop.program()
        await console.load()
        await console.revoke_and_forget()
        shop.clock.passed = 3000
        with pytest.raises(SignInNeeded):
            await tray.access_token()


class TestTrouble:
    @pytest.mark.parametrize("status", [500, 502])
    async def test_three_tries_ten_seconds_apart(self, shop: Shop, status: int) -> None:
        keeper = await shop.signed_in()
        shop.clock.passed = 3000
        shop.service.script = [httpx.Response(status), httpx.Response(status)]
        assert await keeper.access_token() == "A1"
        assert shop.clock.sleeps == [10.0, 10.0]

    async def test_and_no_fourth(self, shop: Shop) -> None:
        keeper = await shop.signed_in()
        shop.clock.passed = 3000
        shop.service.script = [httpx.Response(500)] * 9
        with pytest.raises(ServiceError, match="Try again"):
            await keeper.access_token()
        assert shop.refreshes == 3
        assert keeper.signed_in, "it is not the session's fault"

    async def test_timeouts_are_tried_again(self, shop: Shop) -> None:
        keeper = await shop.signed_in()
        shop.clock.passed = 3000
        shop.service.script = [httpx.ReadTimeout("")]
        assert await keeper.access_token() == "A1"
        assert shop.clock.sleeps == [10.0]
        shop.clock.passed = 9000
        shop.service.script = [httpx.ReadTimeout("")] * 3
        with pytest.raises(Unreachable, match="in time"):
            await keeper.access_token()

    async def test_no_connection_is_told_at_once(self, shop: Shop) -> None:
        keeper = await shop.signed_in()
        shop.clock.passed = 3000
        shop.service.script = [httpx.ConnectError("")]
        with pytest.raises(Unreachable):
            await keeper.access_token()
        assert shop.clock.sleeps == []

    @pytest.mark.parametrize("status", [429, 503])
    async def test_a_penalty_is_waited_for(self, shop: Shop, status: int) -> None:
        keeper = await shop.signed_in()
        shop.clock.passed = 3000
        shop.service.script = [httpx.Response(status, headers={"Retry-After": "17"})]
        assert await keeper.access_token() == "A1"
        assert sum(shop.clock.sleeps) == 17.0

    async def test_a_long_penalty_is_told(self, shop: Shop) -> None:
        keeper = await shop.signed_in()
        shop.clock.passed = 3000
        shop.service.script = [httpx.Response(429, headers={"Retry-After": "600"})]
        with pytest.raises(RateHeld) as held:
            await keeper.access_token()
        assert held.value.until == shop.clock.now() + timedelta(seconds=600)
        with pytest.raises(RateHeld):
            await keeper.access_token()
        assert shop.refreshes == 1, "nothing is sent during a penalty"

    async def test_the_rate_limit_is_kept_by_itself(self, shop: Shop) -> None:
        keeper = await shop.signed_in()
        shop.pace.hold(5.0)
        await keeper.refresh("A0")
        assert shop.clock.sleeps == [5.0]


class TestSignOut:
    async def test_forgotten_and_revoked(self, shop: Shop) -> None:
        keeper = await shop.signed_in()
        await keeper.revoke_and_forget()
        assert not keeper.signed_in
        assert await shop.vault.get(TOKENS) is None
        assert shop.service.revoked == ["R0"]

    async def test_without_having_loaded(self, shop: Shop) -> None:
        await shop.signed_in()
        await shop.program().revoke_and_forget()
        assert shop.service.revoked == ["R0"]

    async def test_nobody_to_sign_out(self, shop: Shop) -> None:
        await shop.program().revoke_and_forget()
        assert shop.service.forms == []

    @pytest.mark.parametrize("trouble", [httpx.Response(500), httpx.ConnectError(""), httpx.ReadTimeout("")])
    async def test_trouble_with_the_service_does_not_matter(
        self, shop: Shop, trouble: httpx.Response | Exception
    ) -> None:
        keeper = await shop.signed_in()
        shop.service.script = [trouble]
        await keeper.revoke_and_forget()
        assert not keeper.signed_in
        assert len(shop.service.forms) == 1, "never tried again"
