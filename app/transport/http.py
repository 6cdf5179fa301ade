"""The HTTP client, the computer's trusted certificates, and what their failures are in plain words."""

import errno
import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import truststore

from app import __version__
from app.domain.problems import Unreachable

TIMEOUTS = httpx.Timeout(30.0, connect=10.0)

_AGAIN = "Check the internet connection"
_SETTINGS = "the server address in Settings"


def tls_context() -> ssl.SSLContext:
    """A TLS context that trusts what the operating system trusts, a company's own authority included."""
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def new_client(server_url: str) -> httpx.AsyncClient:
    """A client whose relative paths belong to ``server_url``. Proxies come from the environment.

    Raises:
        Unreachable: the environment names a proxy that cannot be used.
    """
    for name in ("httpx", "httpcore"):
        # They log addresses with customers' numbers, and headers with tokens.
        logging.getLogger(name).setLevel(logging.WARNING)
    # For a plain http address a context without any authority: the certificates need not be read.
    secure = server_url.startswith("https:")
    context = tls_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return httpx.AsyncClient(
            base_url=server_url,
            verify=context,
            timeout=TIMEOUTS,
            trust_env=not is_loopback(server_url),
            headers={"User-Agent": f"Textbell/{__version__}", "Accept": "application/json"},
        )
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        raise Unreachable(
            "The proxy that this computer's environment names cannot be used. "
            "Check HTTPS_PROXY and ALL_PROXY, or ask your administrator."
        ) from error


def is_loopback(url: str) -> bool:
    """Whether the address is this computer's own, to which no proxy leads."""
    host = _place(url)[0].strip("[]")
    return host in ("localhost", "::1") or host.startswith("127.")


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
        return Unreachable(
            f"The proxy does not let Textbell through to {host}. "
            "Check this computer's proxy settings, or ask your administrator."
        )
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
                "Check this computer's date, or ask your administrator."
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
