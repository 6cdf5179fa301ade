"""Rate limits per group, as the service applies them to one user and app."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from app.sandbox.clock import SandboxClock
from app.sandbox.errors import ServiceRefusal


@dataclass(slots=True)
class _Window:
    began: float
    used: int = 0
    penalty_until: float = 0.0
    penalty_length: float = 0.0


class RateLimits:
    """Counts requests in windows; past the limit a penalty begins, which every request restarts."""

    def __init__(
        self, clock: SandboxClock, limits: Mapping[str, int], *, window: float, penalty: float
    ) -> None:
        self._clock = clock
        self.limits = dict(limits)
        self._window = window
        self._penalty = penalty
        self._windows: dict[tuple[str, str], _Window] = {}

    def take(self, client_id: str, group: str) -> dict[str, str]:
        """Count one request and return the ``X-Rate-Limit-*`` headers of its answer.

        Raises:
            ServiceRefusal: 429; the group is in its penalty, which now begins again.
        """
        limit = self.limits.get(group)
        if limit is None:
            return {}
        now = self._clock.monotonic()
        window = self._windows.setdefault((client_id, group), _Window(now))
        if window.penalty_until > now:
            raise self._refuse(window, group, limit, now)
        window.penalty_length = self._penalty
        if now - window.began >= self._window:
            window.began, window.used = now, 0
        if window.used >= limit:
            raise self._refuse(window, group, limit, now)
        window.used += 1
        return self._headers(group, limit, limit - window.used)

    def penalize(self, client_id: str, group: str, seconds: float) -> None:
        """Put a group into a penalty, as if its limit had just been passed."""
        now = self._clock.monotonic()
        window = self._windows.setdefault((client_id, group), _Window(now))
        window.penalty_until, window.penalty_length = now + seconds, seconds

    def forget(self) -> None:
        """Begin all windows afresh and end all penalties."""
        self._windows.clear()

    def _refuse(self, window: _Window, group: str, limit: int, now: float) -> ServiceRefusal:
        window.penalty_until = now + window.penalty_length
        window.began, window.used = window.penalty_until, 0
        headers = self._headers(group, limit, 0)
        headers["Retry-After"] = f"{max(1, math.ceil(window.penalty_length))}"
        return ServiceRefusal(429, "CMN-301", "Request rate exceeded", headers=headers)

    def _headers(self, group: str, limit: int, remaining: int) -> dict[str, str]:
        return {
            "X-Rate-Limit-Group": group.lower(),
            "X-Rate-Limit-Limit": str(limit),
            "X-Rate-Limit-Remaining": str(remaining),
            "X-Rate-Limit-Window": f"{round(self._window)}",
        }
