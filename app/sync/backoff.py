"""How long to wait before the next attempt."""

from collections.abc import Callable

FIRST_DELAY = 2.0
LONGEST_DELAY = 60.0


class Backoff:
    """Exponential delays with jitter, reset by success."""

    def __init__(
        self, chance: Callable[[], float], *, first: float = FIRST_DELAY, longest: float = LONGEST_DELAY
    ) -> None:
        """``chance`` returns a number in [0, 1); the delays are seconds."""
        self._chance = chance
        self._first = first
        self._longest = longest
        self._failures = 0

    @property
    def failures(self) -> int:
        """Attempts that failed since the last success."""
        return self._failures

    def next(self) -> float:
        """Count a failure and return the seconds to wait: between half and the whole of the step."""
        step = min(self._longest, self._first * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return step * (0.5 + 0.5 * self._chance())

    def reset(self) -> None:
        """Something worked: the next failure starts from the first step again."""
        self._failures = 0
