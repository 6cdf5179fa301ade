"""What the log is narrowed down to: a built-in view, chips, and the typed words, as one query.

A batch of 10,000 texts brings some 30,000 events. Where everything stands together, the texts that are on
their way or arrived, and the steps of the sending, are left out until somebody asks for them: the row of the
finished batch sums them up. What failed always stands there, and so does everything as soon as somebody looks
for something.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import Enum

from app.domain.events import DELIVERED, FAILED_STATES, Event, Family
from app.domain.numbers import format_number
from app.eventlog.query import EVERYTHING, Query, parse_query
from app.ui.event_words import KINDS
from app.ui.words import Labels, first_words

_GOING_WELL = ("Accepted", "Queued", "Sent", DELIVERED)
SENT_TEXTS = Query(families=(Family.OUTBOUND,), states=_GOING_WELL)
"""Texts that are waiting, on their way or delivered. Statuses nobody knows yet are not among them."""
_SENDING = "Processing"
NEWS = Query(without=(SENT_TEXTS, Query(families=(Family.BATCH,), states=(_SENDING,))))
"""Everything but these and the many steps of a batch that is being sent: ``500 of 1,204 handed on``."""


def is_news(event: Event) -> bool:
    """Whether ``NEWS`` finds it."""
    sent = event.family is Family.OUTBOUND and event.state in _GOING_WELL
    return not sent and not (event.family is Family.BATCH and event.state == _SENDING)


class View(Enum):
    """The built-in views, in the order of the side bar: name and icon."""

    ACTIVITY = ("Activity", "bell")
    TODAY = ("Today", "calendar")
    OPT_OUTS = ("Opt-outs this week", "opted-out")
    BATCHES = ("Batches", "batch")
    RECEIVED = ("Texts received", "inbound")
    FAILED = ("Failed texts", "cross")

    @property
    def title(self) -> str:
        return self.value[0]

    @property
    def icon(self) -> str:
        return self.value[1]

    @property
    def mixed(self) -> bool:
        """All kinds of event stand together in it."""
        return self in (View.ACTIVITY, View.TODAY)

    def query(self, today: datetime) -> Query:
        """What the view shows. ``today`` is midnight, local time."""
        monday = today - timedelta(days=today.weekday())
        return {
            View.ACTIVITY: EVERYTHING,
            View.TODAY: Query(after=today),
            View.OPT_OUTS: Query(families=(Family.OPTOUT,), after=monday),
            View.BATCHES: Query(families=(Family.BATCH,), batch_starts=True),
            View.RECEIVED: Query(families=(Family.INBOUND,)),
            View.FAILED: Query(families=(Family.OUTBOUND,), states=tuple(sorted(FAILED_STATES))),
        }[self]


@dataclass(frozen=True, slots=True)
class Chip:
    """One refinement that can be taken away by a click."""

    name: str
    value: str
    query: Query
    beside: bool = False
    """May stand beside another of the same name, which else it replaces."""
    seeks: bool = False
    """Somebody looks for something: sent texts belong to it."""

    @property
    def title(self) -> str:
        return f"{self.name}: {self.value}"


def customer_chip(e164: str) -> Chip:
    """Only events of this customer."""
    return Chip("Customer", format_number(e164), Query(customers=(e164,)), seeks=True)


def own_number_chip(e164: str, labels: Labels) -> Chip:
    """Only events of this number of ours."""
    return Chip("Your number", labels.short(e164), Query(own_numbers=(e164,)))


def kind_chip(family: Family) -> Chip:
    """Only events of this kind."""
    return Chip("Kind", KINDS[family], Query(families=(family,)), seeks=True)


def without_kind_chip(family: Family) -> Chip:
    """Everything but events of this kind."""
    return Chip("Hidden", KINDS[family], Query(without=(Query(families=(family,)),)), beside=True)


def batch_chip(batch_id: str, name: str) -> Chip:
    """Only what belongs to this batch."""
    return Chip("Batch", name, Query(batches=(batch_id,)), seeks=True)


NEW_ONLY = Chip("Only", "new", Query(unread=True))


@dataclass(frozen=True, slots=True)
class Filters:
    """Everything that narrows the log down now."""

    view: View = View.ACTIVITY
    chips: tuple[Chip, ...] = ()
    typed: str = ""
    all_texts: bool = False
    """Sent texts stand in the mixed views, too."""

    def plain(self, view: View = View.ACTIVITY) -> "Filters":
        """A view without chips and words; what was decided about sent texts holds on."""
        return Filters(view, all_texts=self.all_texts)

    def with_chip(self, chip: Chip) -> "Filters":
        """A chip of the same name is replaced: two customers at once are not meant."""
        kept = tuple(
            other for other in self.chips if other != chip and (chip.beside or other.name != chip.name)
        )
        return replace(self, chips=(*kept, chip))

    def without_chip(self, chip: Chip) -> "Filters":
        return replace(self, chips=tuple(other for other in self.chips if other != chip))

    def query(self, now: datetime, zone: tzinfo | None = None) -> Query:
        """The whole as one query: everything must be true of an event.

        Raises:
            BadInput: what was typed cannot be understood; the sentence says what.
        """
        today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        found = parse_query(self.typed, now, zone)
        if self.leaves_out:
            found = _both(found, NEWS)
        for part in (self.view.query(today), *(chip.query for chip in self.chips)):
            found = _both(found, part)
        return found

    @property
    def said(self) -> str:
        """The words and chips in one line."""
        typed = first_words(self.typed)
        chips = [chip.title for chip in self.chips]
        if self.leaves_out:
            chips.append("Sent texts are not shown")
        return " · ".join([f"“{typed}”", *chips] if typed else chips)

    @property
    def can_leave_out(self) -> bool:
        """Whether sent texts may be left out here: nobody looks for anything in particular."""
        return self.view.mixed and not self.typed.strip() and not any(chip.seeks for chip in self.chips)

    @property
    def leaves_out(self) -> bool:
        """Sent texts are left out."""
        return self.can_leave_out and not self.all_texts

    @property
    def with_gaps(self) -> bool:
        """Times in which nobody watched stand between the events: where an event might be missed."""
        return not self.narrowed and (self.view.mixed or self.view is View.OPT_OUTS)

    @property
    def narrowed(self) -> bool:
        """Whether the user narrowed the view down: there is something to clear."""
        return bool(self.chips or self.typed.strip())


def _both(one: Query, other: Query) -> Query:
    """What is true of both. Within a tuple of a query one must fit, so kinds are intersected."""
    families = one.families or other.families
    without = one.without + other.without
    if one.families and other.families:
        families = tuple(family for family in one.families if family in other.families)
        if not families:
            without = (*without, EVERYTHING)  # no kind is both: nothing can be found
    starts = [moment for moment in (one.after, other.after) if moment is not None]
    ends = [moment for moment in (one.before, other.before) if moment is not None]
    return replace(
        one,
        families=families,
        states=one.states + other.states,
        batches=one.batches + other.batches,
        customers=one.customers + other.customers,
        own_numbers=one.own_numbers + other.own_numbers,
        after=max(starts, default=None),
        before=min(ends, default=None),
        unread=one.unread or other.unread,
        batch_starts=one.batch_starts or other.batch_starts,
        without=without,
    )
