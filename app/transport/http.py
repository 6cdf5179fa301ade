"""The HTTP client, the computer's trusted certificates, and what their failures are in plain words."""

import errno
import logging
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import truststore

from app import __version__
from app.domain.problems import Unreachable
from app.transport.proxies import (
    ProxiedTransport,
    ProxyRefused,
    ProxyUnreachable,
    is_loopback,
    refusal,
    silence,
)

__all__ = [
    "Intercepted",
    "intercepted",
    "is_foreign",
    "is_loopback",
    "new_client",
    "tls_context",
    "translate_errors",
    "unreachable",
]

TIMEOUTS = httpx.Timeout(30.0, connect=10.0)

_AGAIN = "Check the internet connection"
_SETTINGS = "the server address in Settings"


def tls_context() -> ssl.SSLContext:
    """A TLS context that trusts what the operating system trusts, a company's own authority included."""
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Intercepted(Unreachable):
    """Somebody else answers in the service's place: a network's sign-in page, a filter, a wrong address."""


def intercepted(url: str) -> Intercepted:
    """The problem for an answer that ``is_foreign``."""
    return Intercepted(
        f"This network wants you to sign in first, it seems: what answers at {_place(url)[0]} is not "
        "RingCentral. Open the browser and pass the network's own sign-in page; if there is none, check "
        f"{_SETTINGS}."
    )


def is_foreign(status: int, headers: Mapping[str, str], content: bytes) -> bool:
    """Whether an answer cannot be the service's own, which answers in JSON, and never with a redirect.

    Its front doors may be out of order or busy (5xx, 429) in any form.
    """
    if 300 <= status < 400 or status == 511:  # RFC 6585: network authentication required
        return True
    if status >= 500 or status == 429 or not content.strip():
        return False
    if status < 300:
        return content.lstrip()[:1] not in (b"{", b"[")
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    return "html" in kind.lower() and content.lstrip()[:1] == b"<"


def new_client(server_url: str) -> httpx.AsyncClient:
    """A client whose relative paths belong to ``server_url``. Proxies are those of the moment of asking."""
    for name in ("httpx", "httpcore"):
        # They log addresses with customers' numbers, and headers with tokens.
        logging.getLogger(name).setLevel(logging.WARNING)
    # For a plain http address a context without any authority: the certificates need not be read.
    secure = server_url.startswith("https:")
    context = tls_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.AsyncClient(
        base_url=server_url,
        transport=ProxiedTransport(context),
        timeout=TIMEOUTS,
        trust_env=False,
        headers={"User-Agent": f"Textbell/{__version__}", "Accept": "application/json"},
    )


@contextmanager
def translate_errors(server_url: str = "") -> Iterator[None]:
    """Turn what httpx raises into ``Unreachable``; ``server_url`` is for errors that name no address."""
    try:
        yield
    except httpx.InvalidURL as error:
        raise unreachable(error, server_url) from error
    except httpx.RequestError as error:
        raise unreachable(error, _url_of(error) or server_url) from error


def unreachable(error: BaseException, url: str) -> Unreachable:
    """The problem behind an error of httpx, websockets or the system, met on the way to ``url``.

    The sentence names the host and, where it matters, the port; never the rest of the address, which
    may hold secrets.
    """
    host, place = _place(url)
    if isinstance(error, httpx.ProxyError):
        return Unreachable(refusal(0))
    if isinstance(error, ProxyRefused):
        return Unreachable(refusal(error.status))
    if isinstance(error, ProxyUnreachable):
        return Unreachable(silence(str(error)))
    for cause in _causes(error):
        if sentence := _sentence(cause, host, place):
            return Unreachable(sentence)
    return Unreachable(f"The connection to {host} broke off. {_AGAIN}; Textbell tries again by itself.")


def _sentence(cause: BaseException, host: str, place: str) -> str:
    match cause:
        case ssl.SSLCertVerificationError():
            reason = (cause.verify_message or "it cannot be verified").rstrip(".")
            return (
                f"The certificate of {host} is not trusted: {reason}. Textbell will not connect until it is. "
                "If this network has a sign-in page of its own, open the browser and pass it first; "
                "otherwise check this computer's date, or ask your administrator."
            )
        case ssl.SSLError():
            return f"{place} does not offer a secure connection. Check {_SETTINGS}."
        case socket.gaierror():
            return f"Textbell can't find the server {host}. {_AGAIN}, and {_SETTINGS}."
        case ConnectionRefusedError():
            return f"Nothing answers at {place}. {_AGAIN}, and {_SETTINGS}."
        case TimeoutError() | httpx.TimeoutException():
            return f"{host} did not answer in time. {_AGAIN}; Textbell tries again by itself."
        case httpx.UnsupportedProtocol() | httpx.InvalidURL():
            return f"“{place}” is not an address that Textbell can connect to. Check {_SETTINGS}."
        case OSError(errno=errno.ENETUNREACH | errno.EHOSTUNREACH | errno.ENETDOWN):
            return f"There is no way to {host} from here. {_AGAIN}."
    return ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that led to it, groups opened, innermost first: that is where the reason is."""
    seen: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        found = todo.pop()
        if found is None or found in seen:
            continue
        seen.append(found)
        todo += (found.__context__, found.__cause__)
        if isinstance(found, BaseExceptionGroup):
            todo += found.exceptions
    return reversed(seen)


def _url_of(error: httpx.RequestError) -> str:
    try:
        return str(error.request.url)
    except RuntimeError:
        return ""


def _place(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host:
        return "the server", "the server"
    if ":" in host:
        host = f"[{host}]"
    default = {"https": 443, "wss": 443}.get(parts.scheme, 80)
    return host, f"{host}:{port or default}"
