"""What is still to be read back: kept in the log, so that whoever is interrupted goes on where he was."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

NAME = "to_read"
"""Under this name the log keeps what is still to be read back."""


class Listing(StrEnum):
    """The service's lists, in the order in which they are read: what people wait for first."""

    CONSENTS = "consents"
    BATCHES = "batches"
    MESSAGES = "messages"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A time by the service's clock: what was made in it is still to be read. Both ends belong to it."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class ToRead:
    """What is still to be read, list by list. A value: changing it makes another."""

    spans: tuple[tuple[Listing, Span], ...] = ()
    """Spans of one list neither overlap nor touch."""
    newest: Span | None = None
    """The span that was added last, as a whole: what was made in it was read, or will be, after it ended."""
    settled: bool = True
    """What is known to be unfinished has been asked for since then."""

    def __bool__(self) -> bool:
        return bool(self.spans) or not self.settled

    def of(self, listing: Listing) -> tuple[Span, ...]:
        """What is to be read of one list, newest first."""
        return tuple(sorted((span for name, span in self.spans if name is listing), reverse=True))

    def plus(self, span: Span, listings: Iterable[Listing] = tuple(Listing)) -> "ToRead":
        """This, and the span of these lists."""
        found = self
        for listing in listings:
            found = found._with(listing, _united([*found.of(listing), span]))
        return found

    def asked_for(self, span: Span) -> "ToRead":
        """This, and the span of every list, and whatever is unfinished after that."""
        return replace(self.plus(span), newest=span, settled=False)

    def minus(self, listing: Listing, span: Span) -> "ToRead":
        """This without the span of this list."""
        left = []
        for old in self.of(listing):
            if span.since <= old.since and old.until <= span.until:
                continue
            if span.until <= old.since or old.until <= span.since:
                left.append(old)
                continue
            if old.since < span.since:
                left.append(Span(old.since, span.since))
            if span.until < old.until:
                left.append(Span(span.until, old.until))
        return self._with(listing, left)

    def with_unfinished_settled(self) -> "ToRead":
        """This, after what is unfinished was asked for."""
        return replace(self, settled=True)

    def _with(self, listing: Listing, spans: Iterable[Span]) -> "ToRead":
        others = tuple(each for each in self.spans if each[0] is not listing)
        return replace(self, spans=others + tuple((listing, span) for span in spans))

    def to_json(self) -> str:
        """As the log keeps it."""
        return json.dumps(
            {
                "spans": [[listing.value, *_written(span)] for listing, span in self.spans],
                "newest": None if self.newest is None else _written(self.newest),
                "settled": self.settled,
            }
        )


def from_json(text: str | None) -> ToRead:
    """The inverse of ``to_json``; nothing to read for ``None``.

    Raises:
        ValueError: it is none of ours.
    """
    if text is None:
        return ToRead()
    kept = json.loads(text)
    try:
        spans = tuple((Listing(listing), _read(span)) for listing, *span in kept["spans"])
        newest = None if kept["newest"] is None else _read(kept["newest"])
        return ToRead(spans, newest, bool(kept["settled"]))
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError("not a list of what is to be read") from error


def _united(spans: Iterable[Span]) -> list[Span]:
    united: list[Span] = []
    for span in sorted(spans):
        if united and span.since <= united[-1].until:
            united[-1] = Span(united[-1].since, max(united[-1].until, span.until))
        else:
            united.append(span)
    return united


def _written(span: Span) -> list[str]:
    return [span.since.isoformat(), span.until.isoformat()]


def _read(written: list[Any]) -> Span:
    since, until = (datetime.fromisoformat(part).astimezone(UTC) for part in written)
    return Span(since, until)
