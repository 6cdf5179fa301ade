"""How the stream misbehaves while it runs: repeats, disorder, and frames that make no sense."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from app.sandbox.hostile import HOSTILE


@dataclass(slots=True)
class Disorder:
    """Shares of the notifications, 0 to 1, with which something goes wrong."""

    rng: Random
    twice: float = 0.0
    """The same frame comes twice."""
    renamed: float = 0.0
    """The same change comes twice, the second time under another uuid."""
    late: float = 0.0
    """The frame is held back, so that later ones overtake it."""
    late_by: float = 2.0
    """For so many seconds at most."""
    hostile: float = 0.0
    """A frame that makes no sense follows."""

    def calm(self) -> None:
        """No more of all that."""
        self.twice = self.renamed = self.late = self.hostile = 0.0

    def happens(self, share: float) -> bool:
        return share > 0 and self.rng.random() < share

    def delays(self) -> Iterator[float]:
        """When the frame is to be sent: after so many seconds, once for each time it comes."""
        for _ in range(2 if self.happens(self.twice) else 1):
            yield self.rng.uniform(0, self.late_by) if self.happens(self.late) else 0.0

    def hostile_frame(self) -> str | bytes:
        """Any of the frames that make no sense."""
        return HOSTILE[self.rng.choice(list(HOSTILE))]()
