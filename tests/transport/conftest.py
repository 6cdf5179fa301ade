"""A clock that only moves when somebody sleeps."""

from datetime import UTC, datetime, timedelta

import pytest


class ManualClock:
    """Fits ``app.domain.clock.Clock``; ``sleep`` takes no time but moves it."""

    def __init__(self) -> None:
        self.start = datetime(2026, 11, 3, 16, 12, tzinfo=UTC)
        self.passed = 0.0
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return 1000.0 + self.passed

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.passed += seconds


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()
