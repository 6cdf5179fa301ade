"""Secrets in the keyring."""

import asyncio
import sys
import threading
from collections.abc import Iterator

import keyring
import keyring.backend
import keyring.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.problems import VaultUnavailable
from app.transport.vault import SERVICE, KeyringVault, MemoryVault, Vault


class DictKeyring(keyring.backend.KeyringBackend):
    """A keyring like Windows': items have a limit. Can be told to fail."""

    priority = 1  # type: ignore[assignment]
    limit = 1280

    def __init__(self) -> None:
        super().__init__()
        self.items: dict[tuple[str, str], str] = {}
        self.failure: Exception | None = None
        self.writes_left: int | None = None
        self.threads: set[str] = set()

    def get_password(self, service: str, username: str) -> str | None:
        self._visit()
        return self.items.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._visit()
        if self.writes_left is not None:
            self.writes_left -= 1
            if self.writes_left < 0:
                raise keyring.errors.PasswordSetError("crash")
        assert len(password) <= self.limit
        self.items[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._visit()
        if self.items.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("no such item")

    def _visit(self) -> None:
        self.threads.add(threading.current_thread().name)
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def ring() -> Iterator[DictKeyring]:
    before = keyring.get_keyring()
    ring = DictKeyring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


def memory(_: DictKeyring) -> Vault:
    return MemoryVault()


def in_keyring(_: DictKeyring) -> Vault:
    return KeyringVault("abc", item_limit=1200)


@pytest.mark.parametrize("make", [memory, in_keyring])
class TestAnyVault:
    async def test_keeps_and_forgets(self, ring: DictKeyring, make: type) -> None:
        vault = make(ring)
        assert await vault.get("a") is None
        await vault.set("a", "1")
        await vault.set("b", "ü")
        assert (await vault.get("a"), await vault.get("b")) == ("1", "ü")
        await vault.set("a", "2")
        assert await vault.get("a") == "2"
        await vault.delete("a")
        assert await vault.get("a") is None
        assert await vault.get("b") == "ü"
        await vault.delete("a")

    async def test_any_length(self, ring: DictKeyring, make: type) -> None:
        vault = make(ring)
        for length in (0, 1, 1198, 1199, 1200, 1201, 2400, 5000, 10, 2500, 0):
            value = "#x=" + "v" * length
            await vault.set("a", value)
            assert await vault.get("a") == value
        await vault.delete("a")
        assert ring.items == {}, "no part is left behind"


class TestKeyring:
    async def test_one_item_a_secret_named_after_the_installation(self, ring: DictKeyring) -> None:
        await KeyringVault("abc").set("tokens", "secret")
        assert list(ring.items) == [(SERVICE, "abc/tokens")]
        assert await KeyringVault("other").get("tokens") is None

    async def test_never_on_the_loops_thread(self, ring: DictKeyring) -> None:
        await KeyringVault("abc").get("tokens")
        assert ring.threads == {"keyring"}

    async def test_a_crash_while_replacing_leaves_the_old_value(self, ring: DictKeyring) -> None:
        vault = KeyringVault("abc", item_limit=10)
        for old, new in (("o" * 35, "n" * 45), ("o" * 35, "short"), ("short", "n" * 45)):
            await vault.set("a", old)
            writes = len(new) // 10 + 2
            for left in range(writes):
                ring.writes_left = left
                try:
                    await vault.set("a", new)
                except VaultUnavailable:
                    assert await vault.get("a") == old
                else:
                    assert await vault.get("a") == new
                    break
            ring.writes_left = None

    async def test_missing_parts_count_as_no_secret(self, ring: DictKeyring) -> None:
        vault = KeyringVault("abc", item_limit=10)
        await vault.set("a", "v" * 35)
        del ring.items[SERVICE, "abc/a.a2"]
        assert await vault.get("a") is None
        await vault.set("a", "again")
        assert await vault.get("a") == "again"

    @pytest.mark.parametrize("strange", ["", "#", "#a", "#ax", "plain"])
    async def test_strange_items_do_no_harm(self, ring: DictKeyring, strange: str) -> None:
        ring.items[SERVICE, "abc/a"] = strange
        vault = KeyringVault("abc")
        assert await vault.get("a") in (None, "", "plain")
        await vault.set("a", "x")
        assert await vault.get("a") == "x"
        await vault.delete("a")
        assert ring.items == {}

    @pytest.mark.parametrize(
        ("failure", "sentence"),
        [
            (keyring.errors.NoKeyringError("x"), "No keyring is running"),
            (keyring.errors.KeyringLocked("x"), "stayed locked"),
            (keyring.errors.InitError("x"), "cannot be used"),
            (OSError("bus"), "cannot be used"),
            (RuntimeError("anything"), "cannot be used"),
        ],
    )
    async def test_failures_become_sentences(
        self, ring: DictKeyring, failure: Exception, sentence: str
    ) -> None:
        ring.failure = failure
        vault = KeyringVault("abc")
        for call in (vault.get("a"), vault.set("a", "secret"), vault.delete("a")):
            with pytest.raises(VaultUnavailable, match=sentence) as raised:
                await call
            assert raised.value.__cause__ is failure
            assert "secret" not in str(raised.value)

    @pytest.mark.asyncio(loop_factories=["qt"])
    async def test_on_the_loop_of_the_windows(self, ring: DictKeyring) -> None:
        vault = KeyringVault("abc")
        await vault.set("a", "1")
        assert await vault.get("a") == "1"

    async def test_an_item_that_cannot_be_deleted_is_told(self, ring: DictKeyring) -> None:
        vault = KeyringVault("abc")
        await vault.set("a", "1")

        class Stubborn(DictKeyring):
            def delete_password(self, service: str, username: str) -> None:
                raise keyring.errors.PasswordDeleteError("no")

        stubborn = Stubborn()
        stubborn.items = ring.items
        keyring.set_keyring(stubborn)
        with pytest.raises(VaultUnavailable):
            await vault.delete("a")

    async def test_waiting_for_the_user_can_be_cancelled(self, ring: DictKeyring) -> None:
        asked, answered = threading.Event(), threading.Event()

        class Asking(DictKeyring):
            def get_password(self, service: str, username: str) -> str | None:
                asked.set()
                assert answered.wait(10)
                return "=late"

        keyring.set_keyring(Asking())
        vault = KeyringVault("abc")
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(vault.get("a"))
            await asyncio.to_thread(asked.wait, 10)
            waiting.cancel()
        assert waiting.cancelled()
        answered.set()
        keyring.set_keyring(ring)
        assert await vault.get("a") is None

    def test_an_answer_after_the_end_is_dropped(self, ring: DictKeyring) -> None:
        answered = threading.Event()

        class Asking(DictKeyring):
            def get_password(self, service: str, username: str) -> str | None:
                assert answered.wait(10)
                return None

        keyring.set_keyring(Asking())

        async def ask() -> None:
            async with asyncio.timeout(0.01):
                await KeyringVault("abc").get("a")

        with pytest.raises(TimeoutError):
            asyncio.run(ask())
        thread = next(t for t in threading.enumerate() if t.name == "keyring")
        answered.set()
        thread.join(10)
        assert not thread.is_alive()

    @given(st.lists(st.text(st.characters(codec="utf-8"), max_size=60), max_size=6))
    def test_the_last_value_counts(self, values: list[str]) -> None:
        ring = DictKeyring()
        keyring.set_keyring(ring)

        async def use() -> None:
            vault = KeyringVault("abc", item_limit=10)
            for value in values:
                await vault.set("a", value)
                assert await vault.get("a") == value
            await vault.delete("a")

        asyncio.run(use())
        assert ring.items == {}


PROGRAM = """
import asyncio
from app.domain.problems import VaultUnavailable
from app.transport.vault import KeyringVault
try:
    asyncio.run(KeyringVault("abc").set("tokens", "secret"))
except VaultUnavailable as problem:
    print(problem)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only there the keyring can be missing")
async def test_without_a_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert err.decode() == ""
    assert out.decode().startswith("No keyring is running to keep the sign-in in. Start one")


@pytest.mark.desktop
class TestRealKeyring:
    """Against the Secret Service of the desktop session."""

    async def test_there_and_back(self) -> None:
        vault = KeyringVault("test-installation", item_limit=50)
        try:
            for value in ("short", "ü" * 120, "", "v" * 400):
                await vault.set("tokens", value)
                assert await KeyringVault("test-installation").get("tokens") == value
        finally:
            await vault.delete("tokens")
        assert await vault.get("tokens") is None
        await vault.delete("tokens")
