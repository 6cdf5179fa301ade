"""The sandbox in a thread of its own, so that whoever shows its events stays smooth."""

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from app.sandbox.options import PUBLIC_CLIENT_ID, SandboxOptions
from app.sandbox.server import Sandbox

T = TypeVar("T")


class SandboxThread:
    """A context manager: inside it the sandbox runs on another thread's event loop."""

    client_id = PUBLIC_CLIENT_ID

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self._options = options
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._box: Sandbox | None = None
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self.server_url = ""
        self.control_url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def call(self, function: Callable[[Sandbox], T]) -> T:
        """Run ``function(box)`` in the sandbox's own thread, and return or raise what it does.

        Raises:
            RuntimeError: the sandbox is not running.
        """
        loop, box = self._loop, self._box
        if loop is None or box is None or not self._thread.is_alive():
            raise RuntimeError("the sandbox is not running")

        async def apply() -> T:
            return function(box)

        return asyncio.run_coroutine_threadsafe(apply(), loop).result()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:
            if self._ready.is_set():
                raise
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        async with Sandbox(self._options) as box:
            self._loop, self._box = asyncio.get_running_loop(), box
            self.server_url, self.control_url = box.server_url, box.control_url
            self._ready.set()
            await self._stop.wait()
