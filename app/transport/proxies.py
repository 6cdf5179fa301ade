"""The way out through a proxy: which one leads to an address, and the tunnel through it.

The environment decides (``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY``, ``NO_PROXY``), else the operating
system's own settings. They are looked at anew for every connection, for a laptop changes networks.
"""

import asyncio
import base64
import socket
import ssl
import sys
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from app.domain.problems import Unreachable

_HEAD_LIMIT = 65_536
_CHECK = "Check this computer's proxy settings, or ask your administrator."


class ProxyRefused(Exception):
    """The proxy answered the request for a tunnel with this status; 0: with something that is no answer."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the proxy answered {status}")
        self.status = status


class ProxyUnreachable(Exception):
    """Nothing answers where the proxy should be. ``str()`` is its host and port."""


def is_loopback(url: str) -> bool:
    """Whether the address is this computer's own, to which no proxy leads."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return host in ("localhost", "::1") or host.startswith("127.")


def proxy_for(url: str) -> str | None:
    """The address of the HTTP proxy that leads to ``url``; ``None``: there is a direct way.

    Raises:
        Unreachable: the settings name a proxy that cannot be used.
    """
    parts = urlsplit(url)
    if is_loopback(url) or not parts.hostname:
        return None
    secure = parts.scheme in ("https", "wss")
    if proxy_bypass(f"{parts.hostname}:{parts.port or (443 if secure else 80)}"):
        return None
    known = getproxies()
    found = next(
        (known[kind] for kind in ("https" if secure else "http", "all", "socks") if known.get(kind)), None
    )
    if found is None:
        return None
    proxy = found if "://" in found else f"{'socks5' if found == known.get('socks') else 'http'}://{found}"
    try:
        scheme, host, _ = (named := urlsplit(proxy)).scheme, named.hostname, named.port
    except ValueError:
        scheme, host = "", None
    if scheme.startswith("socks"):
        raise Unreachable(
            "This computer's settings name a SOCKS proxy, which Textbell cannot use. "
            "Ask your administrator for an HTTP proxy."
        )
    if scheme not in ("http", "https") or not host:
        raise Unreachable(
            "The proxy that this computer's settings name cannot be used. "
            "Check HTTPS_PROXY and ALL_PROXY, or ask your administrator."
        )
    return proxy


async def find_proxy(url: str) -> str | None:
    """The same, where looking may take a moment: Windows' own settings are asked in a thread."""
    if sys.platform == "win32":
        return await asyncio.to_thread(proxy_for, url)
    return proxy_for(url)


def refusal(status: int) -> str:
    """The sentence for a proxy that will not let us through."""
    if status == 407:
        return (
            "The proxy of this network wants a user name and a password. "
            "Ask your administrator for a proxy address that holds them, and set it as HTTPS_PROXY."
        )
    return f"The proxy of this network does not let Textbell through to RingCentral. {_CHECK}"


def silence(place: str) -> str:
    """The sentence for a proxy where nothing answers; ``place`` is its host and port."""
    return f"The proxy {place} of this network does not answer. {_CHECK}"


def place_of(proxy: str) -> str:
    """A proxy's host and port, without the password that may stand beside them."""
    parts = urlsplit(proxy)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


async def open_tunnel(proxy: str, host: str, port: int, user_agent: str) -> socket.socket:
    """A socket that leads through the ``http://`` proxy to ``host`` (RFC 9110, 9.3.6).

    Raises:
        ProxyRefused, ProxyUnreachable
    """
    parts = urlsplit(proxy)
    loop = asyncio.get_running_loop()
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", f"User-Agent: {user_agent}"]
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair).decode('ascii')}")
    sock = await _connected(parts.hostname or "", parts.port or 80)
    try:
        await loop.sock_sendall(sock, "\r\n".join([*lines, "", ""]).encode("ascii", "replace"))
        status = _status(await _answer_head(sock))
    except OSError as error:
        sock.close()
        raise ProxyRefused(0) from error
    except BaseException:
        sock.close()
        raise
    if 200 <= status < 300:
        return sock
    sock.close()
    raise ProxyRefused(status)


async def _answer_head(sock: socket.socket) -> bytes:
    # Nobody behind the tunnel speaks before we do: what arrives is the proxy's answer alone.
    loop = asyncio.get_running_loop()
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _HEAD_LIMIT:
        chunk = await loop.sock_recv(sock, 4096)
        if not chunk:
            break
        head += chunk
    return head


async def _connected(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    failure: OSError = OSError("the proxy's name has no address")
    try:
        places = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ProxyUnreachable(f"{host}:{port}") from error
    for family, kind, protocol, _, address in places:
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            await loop.sock_connect(sock, address)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise ProxyUnreachable(f"{host}:{port}") from failure


def _status(head: bytes) -> int:
    words = head.split(b"\r\n", 1)[0].split(b" ")
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        return 0
    return int(words[1][:3])


class ProxiedTransport(httpx.AsyncBaseTransport):
    """Sends each request by the way that the proxy settings of the moment name."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._ways: dict[str | None, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises what httpx does, and Unreachable for a proxy that cannot be used."""
        proxy = await find_proxy(str(request.url))
        way = self._ways.get(proxy)
        if way is None:
            way = self._ways[proxy] = httpx.AsyncHTTPTransport(
                verify=self._context,
                proxy=None if proxy is None else self._named(proxy),
                trust_env=False,
            )
        if proxy is None:
            return await way.handle_async_request(request)
        try:
            answer = await way.handle_async_request(request)
        except httpx.ProxyError as error:
            status = str(error)[:3]
            raise Unreachable(refusal(int(status) if status.isdecimal() else 0)) from error
        except httpx.ConnectError as error:
            if _of_tls(error):
                raise
            raise Unreachable(silence(place_of(proxy))) from error
        if answer.status_code == 407:  # a plain http address is asked for without a tunnel
            await answer.aclose()
            raise Unreachable(refusal(407))
        return answer

    def _named(self, proxy: str) -> httpx.Proxy:
        return httpx.Proxy(proxy, ssl_context=self._context if proxy.startswith("https:") else None)

    async def aclose(self) -> None:
        """Close all ways."""
        for way in self._ways.values():
            await way.aclose()


def _of_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
