"""Rate limits: when the next request of a group may be sent.

The service counts requests per user, app and group over 60 seconds, and says in the headers
``X-Rate-Limit-Group/-Limit/-Remaining/-Window`` how it stands. After a 429 every request sent before
``Retry-After`` is over starts the penalty anew, so the whole group is held until then.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.ringcentral.errors import RATE_PENALTY, header, judge

WINDOW = 60.0
RESERVE = 0.2
"""The part of every group that only calls on behalf of a waiting user may use, while somebody is there."""
RESERVE_ALONE = 0.1
"""The same while nobody has waited for anything lately."""
LATELY = 300.0
"""Seconds after a call on behalf of a user for which more of them are to be expected."""


class Group(StrEnum):
    """The usage plan groups of RingCentral's API."""

    LIGHT = "light"
    MEDIUM = "medium"
    HEAVY = "heavy"
    AUTH = "auth"


_LIMITS = {Group.LIGHT: 50, Group.MEDIUM: 40, Group.HEAVY: 10, Group.AUTH: 5}


@dataclass(slots=True)
class _State:
    limit: int
    window: float = WINDOW
    sent: deque[float] = field(default_factory=deque)
    held_until: float = float("-inf")
    somebody_at: float = float("-inf")  # When somebody last waited for an answer.

    def usable(self, now: float, *, interactive: bool) -> int:
        """How many requests of a window such a call may make it."""
        if interactive:
            return self.limit
        reserve = RESERVE if now - self.somebody_at < LATELY else RESERVE_ALONE
        return max(1, self.limit - max(1, round(self.limit * reserve)))


class RateWindows:
    """Counts requests per group and says how long to wait. ``now`` is any monotonic clock, in seconds."""

    def __init__(self, limits: Mapping[Group, int] = _LIMITS) -> None:
        self._states = {group: _State(limit) for group, limit in (_LIMITS | dict(limits)).items()}

    def ask(self, group: Group, now: float, interactive: bool) -> float:
        """Return 0 and count the request as sent, or return the seconds to wait before asking again.

        A request nobody waits for leaves the reserve of its group to those somebody waits for.
        """
        state = self._states[group]
        while state.sent and state.sent[0] <= now - state.window:
            state.sent.popleft()
        if interactive:
            state.somebody_at = now
        if now < state.held_until:
            return state.held_until - now
        usable = state.usable(now, interactive=interactive)
        if len(state.sent) < usable:
            state.sent.append(now)
            return 0.0
        # The request that must leave the window before there is room again.
        return state.sent[len(state.sent) - usable] + state.window - now

    def note(self, headers: Mapping[str, str], status: int, now: float, group: Group | None = None) -> None:
        """Learn from an answer. The group is the one the service names, else ``group``."""
        named = header(headers, "X-Rate-Limit-Group").lower()
        found = next((known for known in Group if known == named), group)
        if found is None:
            return
        state = self._states[found]
        if limit := _whole(header(headers, "X-Rate-Limit-Limit")):
            state.limit = limit
        if window := _whole(header(headers, "X-Rate-Limit-Window")):
            state.window = float(window)
        if (remaining := _whole(header(headers, "X-Rate-Limit-Remaining"))) is not None:
            # The same user's other programs draw on the same window: count what they used as ours.
            unseen = state.limit - remaining - len(state.sent)
            state.sent.extend([now] * min(max(0, unseen), state.limit))
        if status == 429:
            wait = judge(status, headers, None).retry_after
            for penalised in {found, group or found}:
                self.hold(penalised, RATE_PENALTY if wait is None else wait, now)

    def hold(self, group: Group, seconds: float, now: float) -> None:
        """Send nothing in the group for that long."""
        state = self._states[group]
        state.held_until = max(state.held_until, now + seconds)

    def held(self, group: Group, now: float) -> float:
        """Seconds until a penalty of the group is over; 0 if there is none."""
        return max(0.0, self._states[group].held_until - now)


def _whole(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= 6 else None
