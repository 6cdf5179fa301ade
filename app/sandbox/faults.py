"""Failures a test asks for: answers forced for some requests, permissions taken away."""

from dataclasses import dataclass

from app.sandbox.clock import SandboxClock
from app.sandbox.errors import ServiceRefusal, permission_missing

_MESSAGES = {
    400: ("CMN-101", "Parameter value is invalid"),
    401: ("OAU-129", "Access token corrupted"),
    403: ("CMN-401", "In order to call this API endpoint, application needs to have permission"),
    404: ("CMN-102", "Resource is not found"),
    429: ("CMN-301", "Request rate exceeded"),
    500: ("CMN-203", "Internal Server Error"),
    502: ("CMN-202", "Bad Gateway"),
    503: ("CMN-211", "Service is temporary unavailable"),
}


@dataclass(slots=True)
class Fault:
    """Requests that fit are answered with ``status``, for a number of times or for some seconds."""

    status: int
    group: str = ""
    """Only this rate group."""
    path: str = ""
    """Only paths that begin so."""
    count: int | None = None
    until: float | None = None
    retry_after: int | None = None
    code: str = ""

    def refusal(self) -> ServiceRefusal:
        code, message = _MESSAGES.get(self.status, ("CMN-203", "Internal Server Error"))
        oauth_error = "invalid_request" if self.path.startswith("/restapi/oauth") else ""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return ServiceRefusal(
            self.status, self.code or code, message, oauth_error=oauth_error, headers=headers
        )


class Faults:
    """All faults in force, and the permissions the account has not."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._faults: list[Fault] = []
        self.denied: dict[str, str] = {}
        """Permissions refused: name of the permission to error code, ``CMN-401`` or ``CMN-408``."""
        self.v2_refused = 0
        """The status with which every v2 endpoint is answered, 0 for none."""

    def add(
        self,
        status: int,
        *,
        group: str = "",
        path: str = "",
        count: int | None = None,
        seconds: float | None = None,
        retry_after: int | None = None,
        code: str = "",
    ) -> None:
        """Fail the next ``count`` requests that fit, or all within ``seconds``; one, if neither is given."""
        until = None if seconds is None else self._clock.monotonic() + seconds
        left = 1 if count is None and until is None else count
        self._faults.append(Fault(status, group, path, left, until, retry_after, code))

    def clear(self) -> None:
        """End all of them, and give all permissions back."""
        self._faults.clear()
        self.denied.clear()
        self.v2_refused = 0

    def check(self, path: str, group: str) -> None:
        """Raise the refusal a request is to meet, if any."""
        now = self._clock.monotonic()
        self._faults = [f for f in self._faults if f.count != 0 and (f.until is None or f.until > now)]
        for fault in self._faults:
            if path.startswith(fault.path) and (not fault.group or fault.group == group):
                if fault.count is not None:
                    fault.count -= 1
                raise fault.refusal()

    def check_permission(self, path: str, permission: str) -> None:
        """Raise 403 (or what v2 is refused with) if the account may not do this."""
        if self.v2_refused and path.startswith("/restapi/v2/"):
            if self.v2_refused == 403:
                raise permission_missing("CMN-401", permission)
            raise ServiceRefusal(self.v2_refused, "CMN-102", "Resource is not found")
        if code := self.denied.get(permission):
            raise permission_missing(code, permission)
