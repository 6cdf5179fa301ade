"""How long a gateway connection may be silent, and how long it may live."""

from app.ringcentral.gateway_events import RenewalDue, Timing


class Lifetime:
    """Knows when a connection counts as dead, and when the next one should be made beside it."""

    def __init__(self, timing: Timing) -> None:
        self.began: float | None = None
        self._timing = timing
        self._heard = 0.0  # A frame or a pong came.
        self._doubted_until: float | None = None
        self._renew_at: float | None = None
        self._ends_at = 0.0

    def begin(self, now: float) -> None:
        """The connection was made. Only the first call counts."""
        if self.began is None:
            self.began = self._heard = now

    def heard(self, now: float) -> None:
        """The peer showed a sign of life."""
        self._heard = now
        self._doubted_until = None

    def doubt(self, now: float, within: float) -> None:
        """Want a sign of life within so many seconds. A doubt that stands is not put off by another."""
        until = now + within
        self._doubted_until = until if self._doubted_until is None else min(self._doubted_until, until)

    def limit(self, now: float, absolute_timeout: float) -> None:
        """The service ends the connection after so many seconds."""
        self._ends_at = now + absolute_timeout
        self._renew_at = self._ends_at - min(self._timing.renew_ahead, absolute_timeout / 4)

    @property
    def heard_at(self) -> float:
        """When the peer last showed a sign of life."""
        return self._heard

    @property
    def dead_at(self) -> float:
        """When it counts as dead, if nothing is heard before."""
        silent = self._heard + self._timing.dead_after
        return silent if self._doubted_until is None else min(silent, self._doubted_until)

    def renewal(self, now: float) -> RenewalDue | None:
        """That the next connection should be made, once it should; told once."""
        if self._renew_at is None or now < self._renew_at:
            return None
        self._renew_at = None
        return RenewalDue(max(0.0, self._ends_at - now))

    def deadlines(self) -> list[float]:
        """When something may be due."""
        return [self.dead_at] if self._renew_at is None else [self.dead_at, self._renew_at]

    def silent_since_beginning(self, now: float) -> bool:
        """Whether the time in which a new connection must be introduced is over."""
        # The same sum as that of the deadline: the difference may be smaller by the last digit.
        return self.began is not None and now >= self.introduced_by

    @property
    def introduced_by(self) -> float:
        """When that is."""
        return (self.began or 0.0) + self._timing.details_within
