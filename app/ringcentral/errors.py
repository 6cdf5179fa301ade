"""What an answer of the service means for us, as a table over status and error code.

Source: the developer guide's pages on errors, rate limits and token refreshing. The service's own
messages are never decided by; only the name of a missing permission is read from one, for display.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from app.domain.problems import Expected, PermissionMissing, RateHeld, ServiceError, SignInNeeded

RATE_PENALTY = 30.0
"""Seconds to wait where a 429 carries no ``Retry-After``."""


class VerdictKind(StrEnum):
    """What to do about an answer."""

    OK = "ok"
    REFRESH = "refresh"
    """The access token is no good: refresh it once and ask again."""
    SIGN_IN_AGAIN = "sign_in_again"
    """The session is over; never retried."""
    RATE = "rate"
    """Wait ``retry_after`` seconds; a request sent before that starts the penalty anew."""
    PERMISSION = "permission"
    BAD_REQUEST = "bad_request"
    """Asking again would be answered the same."""
    NOT_FOUND = "not_found"
    RETRY = "retry"
    """The service's own trouble: ask again, with growing delays."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer, judged."""

    kind: VerdictKind
    status: int = 0
    code: str = ""
    """RingCentral's ``errorCode``, else OAuth's ``error``, else empty."""
    message: str = ""
    """The service's own words, for the diagnostic log; not for users, and never decided by."""
    permission: str = ""
    """The name of the permission that is missing, where the service names it."""
    retry_after: float | None = None
    """Seconds; always set where ``kind`` is RATE."""


_BY_CODE: tuple[tuple[re.Pattern[str], VerdictKind], ...] = (
    (re.compile(r"OAU-(128|129|149|151|213|232)"), VerdictKind.REFRESH),
    (re.compile(r"CMN-(30[1-9]|310)"), VerdictKind.RATE),
    (re.compile(r"CMN-(401|408)"), VerdictKind.PERMISSION),
    (re.compile(r"CMN-102"), VerdictKind.NOT_FOUND),
    (re.compile(r"SUB-50[58]"), VerdictKind.BAD_REQUEST),
)

# First match wins: (from, to, kind), both ends included.
_BY_STATUS: tuple[tuple[int, int, VerdictKind], ...] = (
    (200, 399, VerdictKind.OK),
    (401, 401, VerdictKind.REFRESH),
    (403, 403, VerdictKind.PERMISSION),
    (404, 404, VerdictKind.NOT_FOUND),
    (408, 408, VerdictKind.RETRY),
    (410, 410, VerdictKind.NOT_FOUND),
    (429, 429, VerdictKind.RATE),
    (400, 499, VerdictKind.BAD_REQUEST),
    (500, 599, VerdictKind.RETRY),
)

# The token endpoint speaks for the session itself ("Refresh tokens": 400 = let the user sign in). A bad
# authorization code is 403 in one table of the guide and 400 in another.
_BY_TOKEN_STATUS: tuple[tuple[int, int, VerdictKind], ...] = (
    (200, 299, VerdictKind.OK),
    (400, 401, VerdictKind.SIGN_IN_AGAIN),
    (403, 403, VerdictKind.SIGN_IN_AGAIN),
    (429, 429, VerdictKind.RATE),
    (503, 503, VerdictKind.RATE),
    (408, 408, VerdictKind.RETRY),
    (400, 499, VerdictKind.BAD_REQUEST),
    (500, 599, VerdictKind.RETRY),
)

_NAMED_IN_TEXT = re.compile(r"\[(\w+)\] permission")


def judge(status: int, headers: Mapping[str, str], body: Any) -> Verdict:
    """Judge an answer of the REST API or the gateway. ``body`` is parsed JSON, or ``None``."""
    kind = _by_status(_BY_STATUS, status)
    if kind is not VerdictKind.OK:
        code = error_code(body)
        kind = next((k for pattern, k in _BY_CODE if pattern.fullmatch(code)), kind)
    return _verdict(kind, status, headers, body)


def judge_token(status: int, headers: Mapping[str, str], body: Any) -> Verdict:
    """Judge an answer of the token endpoint, where a refusal ends the session."""
    return _verdict(_by_status(_BY_TOKEN_STATUS, status), status, headers, body)


def error_code(body: Any) -> str:
    """The code an error body is decided by; empty if it has none. Never raises."""
    return _first(body, "errorCode") or _first(body, "error")


def as_expected(verdict: Verdict, now: datetime) -> Expected:
    """The exception, with a sentence for the user, for an answer that is not OK."""
    code = f" [{verdict.code or verdict.status}]" if verdict.code or verdict.status else ""
    match verdict.kind:
        case VerdictKind.SIGN_IN_AGAIN | VerdictKind.REFRESH:
            return SignInNeeded(f"RingCentral ended the session. Please sign in again.{code}")
        case VerdictKind.RATE:
            return rate_held(verdict.retry_after or RATE_PENALTY, now)
        case VerdictKind.PERMISSION:
            named = f"the permission “{verdict.permission}”" if verdict.permission else "a permission"
            return PermissionMissing(
                f"Textbell lacks {named} in RingCentral. Ask your administrator there to allow it.{code}"
            )
    sentence = {
        VerdictKind.NOT_FOUND: "RingCentral does not have what Textbell asked for.",
        VerdictKind.RETRY: "RingCentral cannot answer at the moment. Try again in a few minutes.",
    }.get(verdict.kind, "RingCentral refused the request.")
    if verdict.code == "SUB-508":
        sentence = "RingCentral cannot follow one of the chosen numbers. Choose the numbers again."
    if verdict.code == "SUB-505":
        sentence = (
            "RingCentral allows no more subscriptions for this user. "
            "Close other programs that watch RingCentral, then try again."
        )
    return ServiceError(sentence + code, status=verdict.status, code=verdict.code)


def rate_held(seconds: float, now: datetime) -> RateHeld:
    """The exception for a request that must wait ``seconds`` longer."""
    whole = max(1, round(seconds))
    return RateHeld(
        f"RingCentral asks to wait {whole} {'second' if whole == 1 else 'seconds'} before the next request.",
        now + timedelta(seconds=seconds),
    )


def _verdict(kind: VerdictKind, status: int, headers: Mapping[str, str], body: Any) -> Verdict:
    message = _first(body, "message") or _first(body, "error_description")
    permission = ""
    if kind is VerdictKind.PERMISSION:
        named = _NAMED_IN_TEXT.search(message)
        permission = _first(body, "permissionName") or (named[1] if named else "")
    retry_after = _retry_after(headers)
    if kind is VerdictKind.RATE and retry_after is None:
        retry_after = RATE_PENALTY
    return Verdict(kind, status, error_code(body), message, permission, retry_after)


def _by_status(table: tuple[tuple[int, int, VerdictKind], ...], status: int) -> VerdictKind:
    return next((kind for low, high, kind in table if low <= status <= high), VerdictKind.RETRY)


def _first(body: Any, name: str) -> str:
    """The member of the body itself, or else of the first entry of its ``errors``, if it is a text."""
    if not isinstance(body, Mapping):
        return ""
    errors = body.get("errors")
    entry = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], Mapping) else {}
    return next((v for v in (body.get(name), entry.get(name)) if isinstance(v, str) and v), "")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from ``Retry-After``, which is a number or an HTTP date (RFC 9110, 10.2.3)."""
    value = header(headers, "Retry-After").strip()
    if value.isascii() and value.isdecimal():
        return float(value[:6])
    try:
        # Both times are the server's, so that a wrong clock here does not matter.
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(header(headers, "Date"))
    except (ValueError, TypeError):
        return None
    return max(0.0, wait.total_seconds())


def header(headers: Mapping[str, str], name: str) -> str:
    """A header's value whatever the case of its name; empty if it is absent."""
    wanted = name.lower()
    return next((value for key, value in headers.items() if key.lower() == wanted), "")
