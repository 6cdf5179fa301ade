"""What the user wants to be told, and how."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from app.domain.disclosure import Disclosure
from app.notices.port import NoticeKind


@dataclass(frozen=True, slots=True)
class NoticeRules:
    """The user's choices that bear on notices."""

    batch_completed: bool = True
    opted_out: bool = True
    opted_in: bool = False
    sound: bool = False
    disclosure: Disclosure = Disclosure.NUMBER_AND_TEXT
    paused_until: datetime | None = None
    """Nothing is announced before then (aware). ``None``: not paused."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """The names of the business's own numbers, by E.164."""
    zone: tzinfo | None = None
    """The time zone for times in sentences; ``None`` is the computer's own."""

    def announces(self, kind: NoticeKind) -> bool:
        """Whether the user wants this kind at all."""
        match kind:
            case NoticeKind.BATCH:
                return self.batch_completed
            case NoticeKind.OPTED_OUT:
                return self.opted_out
            case NoticeKind.OPTED_IN:
                return self.opted_in
            case _:
                return True

    def paused(self, now: datetime) -> bool:
        """Whether nothing may be announced at ``now``."""
        return self.paused_until is not None and now < self.paused_until
