"""The end of the sign-in: a tiny web server on this computer, to which the browser is sent back.

RFC 8252, 7.3, with ports that are known beforehand, as RingCentral requires.
"""

import asyncio
import base64
import hashlib
import hmac
import html
import logging
import re
from collections.abc import Sequence
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from app.domain.problems import SignInFailed

PATH = "/oauth/callback"

_log = logging.getLogger("app.transport.loopback")

_HEAD_LIMIT = 16 * 1024
_HEAD_WITHIN = 10.0
_SHOWABLE = re.compile(r"[\w.-]{1,60}")


class LoopbackReceiver:
    """Waits for the one redirect that carries our ``state``; answers everything else and goes on waiting.

    ``async with`` binds the first free port; ``wait`` may be cancelled at any time.
    """

    def __init__(self, ports: Sequence[int], state: str) -> None:
        """``ports`` in the order to try; each is registered with the app as part of a redirect address."""
        self._ports = ports
        self._state = state
        self._server: asyncio.Server | None = None
        self._port = 0
        self._answer: asyncio.Future[str] | None = None
        self._visits: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            SignInFailed: none of the ports is free.
        """
        self._answer = asyncio.get_running_loop().create_future()
        for port in self._ports:
            try:
                self._server = await asyncio.start_server(self._visit, "127.0.0.1", port, limit=_HEAD_LIMIT)
            except OSError as error:
                _log.info("port %d is not free: %s", port, error.strerror)
                continue
            self._port = self._server.sockets[0].getsockname()[1]
            return self
        tried = ", ".join(str(port) for port in self._ports)
        raise SignInFailed(
            f"The sign-in needs one of the ports {tried} of this computer, and other programs use them all. "
            "Close those programs, or restart the computer, then try again."
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        # Not cancelled, but cut off: asyncio's streams report a cancelled visit as an error on Python 3.11.
        for writer in self._visits.values():
            writer.transport.abort()
        await asyncio.gather(*self._visits)
        if self._answer is not None and not self._answer.cancel():
            self._answer.exception()  # Looked at, lest an answer nobody waited for be reported as lost.

    @property
    def redirect_uri(self) -> str:
        """The address to name in the authorization request."""
        return f"http://127.0.0.1:{self._port}{PATH}"

    async def wait(self, timeout: float = 300.0) -> str:
        """Return the authorization code.

        Raises:
            SignInFailed: refused or cancelled in the browser, or not finished in time.
        """
        assert self._answer is not None, "use it in async with"
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.shield(self._answer)
        except TimeoutError:
            minutes = max(1, round(timeout / 60))
            limit = "a minute" if minutes == 1 else f"{minutes} minutes"
            raise SignInFailed(f"The sign-in was not finished within {limit}. Try again.") from None

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._visits[task] = writer
        try:
            # Browsers open connections ahead and say nothing on them: those end here by themselves.
            async with asyncio.timeout(_HEAD_WITHIN):
                await self._answer_request(reader, writer)
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            _log.debug("a visit ended early: %s", type(error).__name__)
        finally:
            del self._visits[task]
            writer.close()

    async def _answer_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            await _respond(writer, "431 Request Header Fields Too Large", _REFUSED)
            return
        status, page, outcome = self._judge(head.decode("latin-1"))
        try:
            await _respond(writer, status, page)
        finally:
            # The page first: closing up after the answer must not cut it short.
            if outcome is not None and self._answer is not None and not self._answer.done():
                if isinstance(outcome, SignInFailed):
                    self._answer.set_exception(outcome)
                else:
                    self._answer.set_result(outcome)

    def _judge(self, head: str) -> tuple[str, str, str | SignInFailed | None]:
        """The status, the page, and the outcome if this is the visit that was waited for."""
        request, *fields = head.split("\r\n")
        words = request.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return "400 Bad Request", _REFUSED, None
        host = next((f.partition(":")[2].strip() for f in fields if f.lower().startswith("host:")), "")
        if host != f"127.0.0.1:{self._port}":
            # Another name for this address is a page elsewhere trying to reach us (DNS rebinding).
            return "400 Bad Request", _REFUSED, None
        try:
            target = urlsplit(words[1])
            query = parse_qs(target.query, keep_blank_values=True, max_num_fields=20)
        except ValueError:
            return "400 Bad Request", _REFUSED, None
        if target.path != PATH:
            return "404 Not Found", _REFUSED, None
        if words[0] != "GET":
            return "405 Method Not Allowed", _REFUSED, None
        states, codes, errors = query.get("state", []), query.get("code", []), query.get("error", [])
        if len(states) != 1 or not hmac.compare_digest(states[0].encode(), self._state.encode()):
            _log.warning("a callback without the right state was refused")
            return "400 Bad Request", _REFUSED, None
        if self._answer is None or self._answer.done():
            return "410 Gone", _USED, None
        if errors:
            return "200 OK", _FAILED, SignInFailed(_refusal(errors[0]))
        if len(codes) != 1 or not codes[0]:
            return "400 Bad Request", _REFUSED, None
        return "200 OK", _DONE, codes[0]


def _refusal(error: str) -> str:
    if error == "access_denied":
        return "The sign-in was cancelled in the browser. Try again when you are ready."
    code = f" [{error}]" if _SHOWABLE.fullmatch(error) else ""
    return f"RingCentral refused the sign-in. Try again, or ask your administrator.{code}"


_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center;"
    "background:Canvas;color:CanvasText}"
    "main{max-width:26rem;padding:2rem;text-align:center}"
    "h1{font-size:1.5rem;font-weight:600;margin:0 0 .5rem}p{margin:0;opacity:.8}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_CSP = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'"


def _page(title: str, text: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)} – Textbell</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{html.escape(title)}</h1><p>{html.escape(text)}</p></main></body></html>"
    )


_DONE = _page("You are signed in", "You can close this window and go back to Textbell.")
_FAILED = _page("You are not signed in", "You can close this window. Textbell shows what to do next.")
_USED = _page("This sign-in is over", "You can close this window.")
_REFUSED = _page("Nothing to see here", "This address only serves the sign-in of Textbell.")


async def _respond(writer: asyncio.StreamWriter, status: str, page: str) -> None:
    body = page.encode("utf-8")
    head = (
        f"HTTP/1.1 {status}\r\n"
        "Content-Type: text/html; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\n"
        f"Content-Security-Policy: {_CSP}\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Referrer-Policy: no-referrer\r\n"
        "Connection: close\r\n\r\n"
    )
    writer.write(head.encode("ascii") + body)
    await writer.drain()
    writer.write_eof()
