"""Secrets, in the keyring of the operating system and nowhere else."""

import asyncio
import logging
import sys
import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from app.domain.problems import VaultUnavailable

SERVICE = "Textbell"

_log = logging.getLogger("app.transport.vault")
_T = TypeVar("_T")

# Windows allows 2,560 bytes an item, in UTF-16 (CRED_MAX_CREDENTIAL_BLOB_SIZE).
_WINDOWS_LIMIT = 1200
_NO_LIMIT = 1 << 20
# How an item begins: a whole value, or the list of the items that hold its parts.
_WHOLE, _PARTS = "=", "#"


class Vault(Protocol):
    """Keeps named secrets across restarts."""

    async def get(self, name: str) -> str | None:
        """The secret, or ``None``. Raises VaultUnavailable."""

    async def set(self, name: str, value: str) -> None:
        """Store the secret durably, in place of an older one. Raises VaultUnavailable."""

    async def delete(self, name: str) -> None:
        """Forget the secret, if there is one. Raises VaultUnavailable."""


class MemoryVault:
    """Keeps secrets until the program ends."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    async def get(self, name: str) -> str | None:
        """The secret, or ``None``."""
        return self._values.get(name)

    async def set(self, name: str, value: str) -> None:
        """Keep the secret."""
        self._values[name] = value

    async def delete(self, name: str) -> None:
        """Forget the secret."""
        self._values.pop(name, None)


class KeyringVault:
    """Keeps secrets in the Secret Service, the Windows Credential Locker or the macOS Keychain.

    A call may wait for the user, who is asked to unlock the keyring; it can be cancelled meanwhile. A
    value too long for one item is spread over several, and replaced in one step: a crash leaves the old or
    the new value.
    """

    def __init__(self, installation: str, *, item_limit: int | None = None) -> None:
        """``installation`` tells one data directory's secrets from another's."""
        self._installation = installation
        self._limit = item_limit or (_WINDOWS_LIMIT if sys.platform == "win32" else _NO_LIMIT)
        # One at a time, lest the user be asked twice to unlock the same keyring.
        self._lock = asyncio.Lock()

    async def get(self, name: str) -> str | None:
        """The secret, or ``None``. Raises VaultUnavailable."""
        async with self._lock:
            return await _in_thread(lambda: self._get(name))

    async def set(self, name: str, value: str) -> None:
        """Store the secret, in place of an older one. Raises VaultUnavailable."""
        async with self._lock:
            await _in_thread(lambda: self._set(name, value))

    async def delete(self, name: str) -> None:
        """Forget the secret, if there is one. Raises VaultUnavailable."""
        async with self._lock:
            await _in_thread(lambda: self._delete(name))

    # On the keyring's thread

    def _get(self, name: str) -> str | None:
        head = self._read(name)
        if head is None or not head.startswith(_PARTS):
            return head.removeprefix(_WHOLE) if head else head
        parts = [self._read(part) for part in self._part_names(name, head)]
        if any(part is None for part in parts):
            _log.warning("parts of a secret are missing in the keyring")
            return None
        return "".join(part for part in parts if part is not None)

    def _set(self, name: str, value: str) -> None:
        old = self._read(name) or ""
        if len(value) < self._limit:
            self._write(name, _WHOLE + value)
        else:
            chunks = [value[at : at + self._limit] for at in range(0, len(value), self._limit)]
            # Never over the parts in use: the first item is what makes the new ones valid.
            generation = "b" if old.startswith(f"{_PARTS}a") else "a"
            head = f"{_PARTS}{generation}{len(chunks)}"
            for part, chunk in zip(self._part_names(name, head), chunks, strict=True):
                self._write(part, chunk)
            self._write(name, head)
        for part in self._part_names(name, old):
            self._remove(part)

    def _delete(self, name: str) -> None:
        old = self._read(name)
        if old is not None:
            self._remove(name)
            for part in self._part_names(name, old):
                self._remove(part)

    def _part_names(self, name: str, head: str) -> list[str]:
        if not (head.startswith(_PARTS) and head[2:].isdecimal()):
            return []
        return [f"{name}.{head[1]}{number}" for number in range(int(head[2:]))]

    def _user(self, name: str) -> str:
        return f"{self._installation}/{name}"

    def _read(self, name: str) -> str | None:
        import keyring

        return keyring.get_password(SERVICE, self._user(name))

    def _write(self, name: str, value: str) -> None:
        import keyring

        keyring.set_password(SERVICE, self._user(name), value)

    def _remove(self, name: str) -> None:
        import keyring
        from keyring.errors import PasswordDeleteError

        try:
            keyring.delete_password(SERVICE, self._user(name))
        except PasswordDeleteError:
            # Also what an item that is not there is reported as; one that is says so when it is read.
            if self._read(name) is not None:
                raise


async def _in_thread(call: Callable[[], _T]) -> _T:
    """Run a keyring call on a thread that may wait for the user without keeping the program from ending."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[_T] = loop.create_future()

    def settle(result: _T | None, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)  # type: ignore[arg-type] # None only where _T is

    def run() -> None:
        result, failure = None, None
        try:
            result = call()
        except Exception as error:  # noqa: BLE001 - a backend raises whatever its bus library does
            failure = _translated(error)
        try:
            loop.call_soon_threadsafe(settle, result, failure)
        except RuntimeError:
            _log.debug("the keyring answered after the program had ended")

    threading.Thread(target=run, name="keyring", daemon=True).start()
    return await answer


def _translated(error: Exception) -> VaultUnavailable:
    from keyring.errors import KeyringLocked, NoKeyringError

    if isinstance(error, NoKeyringError):
        start = "Start one, such as GNOME Keyring or KWallet" if sys.platform == "linux" else "Turn it on"
        sentence = f"No keyring is running to keep the sign-in in. {start}, then start Textbell again."
    elif isinstance(error, KeyringLocked):
        sentence = "The keyring stayed locked. Unlock it when you are asked to, then try again."
    else:
        sentence = "The keyring cannot be used at the moment. Try again, or sign in to this computer anew."
    _log.info("keyring: %s", type(error).__name__)
    translated = VaultUnavailable(sentence)
    translated.__cause__ = error
    return translated
