"""A proxy of a network, and what stands between it and a service. Real sockets."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.transport.servers import listening

RC_TEST = Path(__file__).parents[1] / "data" / "tls" / "rc-test.pem"
"""The certificate of ``rc.test`` and ``ws.test``."""


async def pipe(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, first: bytes = b""
) -> None:
    """Carry bytes both ways between a visitor and a port of loopback until either is done."""
    there, back = await asyncio.open_connection("127.0.0.1", port)
    back.write(first)

    async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                target.write(data)
                await target.drain()
        target.close()

    try:
        await asyncio.gather(carry(reader, back), carry(there, writer))
    finally:
        back.transport.abort()


@asynccontextmanager
async def secured(port: int) -> AsyncIterator[int]:
    """A TLS server for ``rc.test`` in front of a plain one; gives its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(RC_TEST)
    async with listening(lambda r, w: pipe(r, w, port), tls=context) as outer:
        yield outer


class Proxy:
    """An HTTP proxy that leads everywhere to one port."""

    def __init__(self, leads_to: int) -> None:
        self.leads_to = leads_to
        self.wants = ""
        """``name:password``; empty: everybody may pass."""
        self.asked: list[str] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line, *headers = head.decode("latin-1").split("\r\n")
        self.asked.append(line)
        given = next((h.partition(": ")[2] for h in headers if h.lower().startswith("proxy-auth")), "")
        if self.wants and given != f"Basic {base64.b64encode(self.wants.encode()).decode()}":
            writer.write(
                b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                b'Proxy-Authenticate: Basic realm="office"\r\nContent-Length: 0\r\n\r\n'
            )
            await writer.drain()
        elif line.startswith("CONNECT "):
            writer.write(b"HTTP/1.1 200 Connection established\r\nVia: office\r\n\r\n")
            await pipe(reader, writer, self.leads_to)
        else:
            await pipe(reader, writer, self.leads_to, first=head)


@asynccontextmanager
async def proxy(leads_to: int) -> AsyncIterator[Proxy]:
    """Run such a proxy."""
    found = Proxy(leads_to)
    async with listening(found.serve) as port:
        found.url = f"http://127.0.0.1:{port}"
        yield found
