"""What can go wrong, in the words the user reads.

    Expected                the world's fault: shown as a Problem, never as a traceback
    ├── SignInNeeded        the session ended, or there never was one
    ├── SignInFailed        the sign-in did not come to its end
    ├── PermissionMissing   the account's administrator must allow something
    ├── RateHeld            the service asked to wait
    ├── Unreachable         no connection, bad address, bad certificate, proxy, service down
    ├── ServiceError        the service refused the request
    ├── VaultUnavailable    no keyring, or it stays locked
    ├── LogUnavailable      disk full, unreadable, foreign or damaged log
    └── BadInput            a file, a query, a number or a setting that cannot be used

``str()`` of an Expected is one sentence or two fit to show: what happened and what to do. Any other
exception that escapes is a bug of ours.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Remedy(StrEnum):
    """What the user can do about a problem: the one button beside the sentence."""

    NONE = "none"
    SIGN_IN = "sign_in"
    TRY_AGAIN = "try_again"
    OPEN_SETTINGS = "open_settings"
    CHOOSE_NUMBERS = "choose_numbers"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something the user should know. ``message`` is plain language; the code comes last in brackets."""

    message: str
    remedy: Remedy = Remedy.NONE
    until: datetime | None = None
    """With ``Remedy.WAIT``: when it is over."""


class Expected(Exception):
    """The world's fault. ``str()`` is fit to show to the user."""

    remedy = Remedy.TRY_AGAIN

    def problem(self) -> Problem:
        """The same as a value that can cross into the interface."""
        return Problem(str(self), self.remedy)


class SignInNeeded(Expected):
    """There is no session, or the service ended it."""

    remedy = Remedy.SIGN_IN


class SignInFailed(Expected):
    """The sign-in was refused, cancelled, or ran out of time."""

    remedy = Remedy.SIGN_IN


class PermissionMissing(Expected):
    """The account may not do this until an administrator allows it."""

    remedy = Remedy.NONE


class RateHeld(Expected):
    """The service asked to wait; nothing may be sent in this group before ``until``."""

    remedy = Remedy.WAIT

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until

    def problem(self) -> Problem:
        return Problem(str(self), Remedy.WAIT, self.until)


class Unreachable(Expected):
    """The service cannot be reached from here, for now."""


class ServiceError(Expected):
    """The service answered, and refused."""

    def __init__(self, message: str, *, status: int = 0, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class VaultUnavailable(Expected):
    """Secrets cannot be kept or read: no keyring, or it stays locked."""


class LogUnavailable(Expected):
    """The log cannot be opened, read or written."""


class BadInput(Expected):
    """A file, a query, a number or a setting cannot be used."""

    remedy = Remedy.NONE
