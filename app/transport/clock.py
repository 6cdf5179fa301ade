"""The system's clocks, in the shape the rooms expect."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The real time: fits ``app.domain.clock.Clock``."""

    def now(self) -> datetime:
        """The wall time, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()
