"""A vault that does not take the new tokens: they are kept, held back for a while, and stored later."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.domain.problems import SignInNeeded, VaultUnavailable
from app.transport.token_keeper import TokenKeeper
from app.transport.token_store import HELD_BACK
from tests.transport.conftest import ManualClock
from tests.transport.test_token_keeper import Locked, Shop


@pytest.fixture
async def shop(clock: ManualClock) -> AsyncIterator[Shop]:
    shop = Shop(clock)
    await shop.signed_in()
    clock.passed = 3000
    yield shop
    await shop.client.aclose()


@pytest.fixture
async def locked(shop: Shop) -> Locked:
    return Locked(shop.vault)


async def unstored(shop: Shop, locked: Locked) -> TokenKeeper:
    """A program that refreshed, and whose vault did not take the pair."""
    keeper = shop.program(locked)
    with pytest.raises(VaultUnavailable):
        await keeper.access_token()
    return keeper


async def test_it_is_asked_for_once_and_stored_as_soon_as_it_can_be(shop: Shop, locked: Locked) -> None:
    keeper = await unstored(shop, locked)
    for _ in range(3):
        with pytest.raises(VaultUnavailable):
            await keeper.access_token()
    assert shop.refreshes == 1
    assert keeper.signed_in
    locked.open = True
    assert await keeper.access_token() == "A1"
    assert (await shop.stored()).refresh_token == "R1"
    assert shop.refreshes == 1


async def test_it_is_used_after_all_if_the_vault_stays_shut(shop: Shop, locked: Locked) -> None:
    keeper = await unstored(shop, locked)
    shop.clock.passed += HELD_BACK - 1
    with pytest.raises(VaultUnavailable):
        await keeper.access_token()
    shop.clock.passed += 1
    assert await keeper.access_token() == "A1", "watching matters more by now"
    assert (await shop.stored()).refresh_token == "R0"
    shop.clock.passed += 3600
    assert await keeper.access_token() == "A2", "and it is refreshed like any other"
    locked.open = True
    assert await keeper.access_token() == "A2"
    assert (await shop.stored()).refresh_token == "R2"


async def test_whoever_watches_over_it_stores_it_and_tells(shop: Shop, locked: Locked) -> None:
    async def sleep(seconds: float) -> None:
        await shop.clock.sleep(seconds)
        await asyncio.sleep(0)

    keeper = shop.program(locked)
    keeper._sleep = sleep
    told: list[VaultUnavailable | None] = []
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(keeper.keep_saved(told.append))
        await asyncio.sleep(0)
        with pytest.raises(VaultUnavailable):
            await keeper.access_token()
        await _until(lambda: len(shop.clock.sleeps) >= 4)
        assert [str(trouble) for trouble in told] == ["locked"]
        locked.open = True
        await _until(lambda: len(told) > 1)
        assert told[1] is None
        assert (await shop.stored()).refresh_token == "R1"
        waited = len(shop.clock.sleeps)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(shop.clock.sleeps) == waited, "nothing to do any more"
        watching.cancel()
    assert shop.clock.sleeps[:4] == [5.0, 10.0, 20.0, 40.0]


async def _until(condition: object) -> None:
    async with asyncio.timeout(5):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0)


async def test_what_another_process_stored_meanwhile_is_taken_over(shop: Shop, locked: Locked) -> None:
    keeper = await unstored(shop, locked)
    other = shop.program()
    assert await other.access_token() == "A1", "the same pair, while nobody used it"
    await other.refresh("A1")
    assert await keeper.access_token() == "A2"
    assert shop.refreshes == 3


async def test_a_sign_out_elsewhere_counts(shop: Shop, locked: Locked) -> None:
    keeper = await unstored(shop, locked)
    await shop.program().revoke_and_forget()
    with pytest.raises(SignInNeeded):
        await keeper.access_token()
    assert not keeper.signed_in


async def test_signing_out_revokes_the_pair_that_was_not_stored(shop: Shop, locked: Locked) -> None:
    keeper = await unstored(shop, locked)
    await keeper.revoke_and_forget()
    assert shop.service.revoked == ["R1"]
    assert not keeper.signed_in


async def test_a_refused_token_is_not_shown_again_though_the_vault_keeps_it(shop: Shop) -> None:
    class Stuck(Locked):
        async def delete(self, name: str) -> None:
            raise VaultUnavailable("locked")

    keeper = shop.program(Stuck(shop.vault))
    shop.service.valid_refresh.clear()
    for _ in range(3):
        with pytest.raises(SignInNeeded, match="sign in again"):
            await keeper.access_token()
    assert shop.refreshes == 1


async def test_an_old_pair_put_over_ours_does_not_end_the_session(shop: Shop) -> None:
    keeper, old = shop.program(), await shop.stored()
    assert await keeper.access_token() == "A1"
    shop.clock.passed += 3600
    assert await keeper.access_token() == "A2"
    del shop.service.valid_refresh["R0"]
    await shop.vault.set("tokens", old.to_json())  # by a process that was stopped for long
    await keeper.refresh("A2")
    assert await keeper.access_token() in ("A2", "A3")
    assert (await shop.stored()).refresh_token in ("R2", "R3")
    assert keeper.signed_in
