"""Which stored events are announced, and when: a state machine without a clock of its own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.domain.events import (
    BATCH_COMPLETED,
    OPTED_IN,
    OPTED_OUT,
    Appended,
    BatchSummary,
    Entry,
    Family,
    Source,
)
from app.notices.batches import Finished, FinishedBatches
from app.notices.pace import Burst
from app.notices.port import Notice, NoticeKind
from app.notices.rules import NoticeRules
from app.notices.wording import OptChange, digest_words, opt_words

GATHER = timedelta(seconds=10)
"""How long after the first customer the next are gathered into one notice."""
GATHER_AGAIN = timedelta(minutes=1)

_OPT_KINDS = {OPTED_OUT: NoticeKind.OPTED_OUT, OPTED_IN: NoticeKind.OPTED_IN}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Thing:
    """One event that may be announced."""

    kind: NoticeKind
    what: OptChange | Finished

    @property
    def entry_id(self) -> int:
        return self.what.entry_id


class NoticeBoard:
    """Turns what was stored into notices: calmly, and without losing any of it.

    Tell it what was stored (``offer``), let it act when time has passed (``tick`` no later than
    ``next_deadline``), and show the notices it returns in their order. All times are aware.

    - The first customer who opts out is announced at once. Those of the next minute join in the
      same notice, drawn again after 10 s and after a minute: at most three calls in any minute.
    - A batch is announced at its first ``Completed``. When its sum changes its own notice is
      updated quietly, at growing distances of at least 5 s, and once more when nothing is open.
    - While paused nothing is said; afterwards what happened is summed up in one notice.
    """

    def __init__(self, rules: NoticeRules) -> None:
        self.rules = rules
        """May be replaced at any time; counts from the next call on."""
        self._opts: dict[NoticeKind, Burst[OptChange]] = {
            kind: Burst(GATHER, GATHER_AGAIN) for kind in _OPT_KINDS.values()
        }
        self._batches = FinishedBatches()
        self._held: list[_Thing] = []
        self._after_pause = False
        self._restored: set[int] = set()
        self._latest = _LONG_AGO

    @property
    def held(self) -> frozenset[int]:
        """Ids of entries that were taken in and are still to be announced."""
        ids = {change.entry_id for burst in self._opts.values() for change in burst.waiting}
        ids.update(finished.entry_id for finished in self._batches.waiting)
        ids.update(thing.entry_id for thing in self._held)
        return frozenset(ids)

    def offer(self, appended: Appended, batches: Mapping[str, BatchSummary], now: datetime) -> list[Notice]:
        """Take in what was just stored; returns what is to be shown now.

        ``batches`` holds the summaries of the batches that ``appended`` changed, as far as known.
        What was read back later is not news and is not announced here: see ``restore``.
        """
        self._note_time(now)
        self._batches.changed(batches)
        news = [entry for entry in appended.new if entry.event.source is not Source.READ_BACK]
        self._take_in(_things(news, batches, set(appended.first_completed)), now)
        return self._flush(now)

    def restore(
        self, due: Sequence[Entry], batches: Mapping[str, BatchSummary], now: datetime
    ) -> list[Notice]:
        """Announce entries that should have been announced and were not: several of them as one.

        An entry given here is not announced again when it is offered as well.
        """
        self._note_time(now)
        things = list(_things(due, batches, None))
        self._restored.update(thing.entry_id for thing in things)
        self._held.extend(things)
        return self._flush(now)

    def tick(self, now: datetime) -> list[Notice]:
        """Let time pass; returns what is to be shown now."""
        self._note_time(now)
        return self._flush(now)

    def next_deadline(self) -> datetime | None:
        """When ``tick`` has something to do; ``None`` while nothing is waiting for time to pass."""
        moments = [burst.due_at(self._latest) for burst in self._opts.values()]
        moments.append(self._batches.due_at(self._latest))
        if self._held:
            moments.append(self._latest)
        waiting = [moment for moment in moments if moment is not None]
        if not waiting:
            return None
        return max(min(waiting), self.rules.paused_until or _LONG_AGO)

    def _take_in(self, things: Iterator[_Thing], now: datetime) -> None:
        for thing in things:
            if thing.entry_id in self._restored:
                self._restored.discard(thing.entry_id)
            elif not self.rules.announces(thing.kind):
                continue
            elif self.rules.paused(now):
                self._held.append(thing)
                self._after_pause = True
            else:
                self._queue(thing)

    def _queue(self, thing: _Thing) -> None:
        if isinstance(thing.what, Finished):
            self._batches.add(thing.what)
        else:
            self._opts[thing.kind].add((thing.what,))

    def _flush(self, now: datetime) -> list[Notice]:
        self._drop_unwanted()
        if self.rules.paused(now):
            return []
        notices = self._flush_held(now)
        for kind, burst in self._opts.items():
            _, said = burst.take(now)
            if said:
                notices.append(self._opt_notice(kind, said, now))
        notices.extend(self._batches.flush(self.rules, now))
        return notices

    def _drop_unwanted(self) -> None:
        self._held = [thing for thing in self._held if self.rules.announces(thing.kind)]
        for kind, burst in self._opts.items():
            if not self.rules.announces(kind):
                burst.drop()
        if not self.rules.announces(NoticeKind.BATCH):
            self._batches.drop()

    def _flush_held(self, now: datetime) -> list[Notice]:
        # Not through the queues: what is told afterwards must not hold up what happens now.
        held, self._held = self._held, []
        after_pause, self._after_pause = self._after_pause, False
        if not held:
            return []
        if len(held) > 1:
            return [self._digest(held, after_pause=after_pause)]
        [thing] = held
        if isinstance(thing.what, Finished):
            return [self._batches.announce(thing.what, self.rules, now)]
        return [self._opt_notice(thing.kind, (thing.what,), now)]

    def _digest(self, held: Sequence[_Thing], *, after_pause: bool) -> Notice:
        counts = {
            kind: len({_counted_once(thing) for thing in held if thing.kind is kind})
            for kind in (NoticeKind.OPTED_OUT, NoticeKind.BATCH, NoticeKind.OPTED_IN)
        }
        title, body = digest_words(
            counts[NoticeKind.BATCH],
            counts[NoticeKind.OPTED_OUT],
            counts[NoticeKind.OPTED_IN],
            after_pause=after_pause,
        )
        ids = _newest_first(thing.entry_id for thing in held)
        kind = next(kind for kind, count in counts.items() if count)
        return Notice(f"digest-{ids[-1]}", kind, title, body, ids, sound=self.rules.sound)

    def _opt_notice(self, kind: NoticeKind, said: Sequence[OptChange], now: datetime) -> Notice:
        title, body = opt_words(kind, said, self.rules, now)
        ids = _newest_first(change.entry_id for change in said)
        # The tag is the episode's: a later episode must not take an unseen notice off the screen.
        tag = f"{kind}-{said[0].entry_id}"
        return Notice(tag, kind, title, body, ids, sound=self.rules.sound)

    def _note_time(self, now: datetime) -> None:
        if now < self._latest:
            back = self._latest - now
            for burst in self._opts.values():
                burst.clock_went_back(back)
            self._batches.clock_went_back(back)
        self._latest = now


def _things(
    entries: Iterable[Entry], batches: Mapping[str, BatchSummary], first_completed: set[str] | None
) -> Iterator[_Thing]:
    """What of these entries may be announced; of each batch its first ``Completed`` only.

    ``first_completed`` names the batches for which that is among the entries; ``None``: all of them.
    """
    seen: set[str] = set()
    for entry in entries:
        event = entry.event
        if event.family is Family.OPTOUT and event.state in _OPT_KINDS:
            change = OptChange(entry.id, event.customer, event.number, event.timestamp)
            yield _Thing(_OPT_KINDS[event.state], change)
        elif event.family is Family.BATCH and event.state == BATCH_COMPLETED:
            batch_id = event.batch_id or event.ref
            if batch_id in seen or (first_completed is not None and batch_id not in first_completed):
                continue
            seen.add(batch_id)
            summary = batches.get(batch_id) or BatchSummary(
                batch_id,
                event.number,
                event.size or 0,
                event.state,
                processed=event.processed or 0,
                rejected=event.rejected or 0,
                completed_at=event.timestamp,
            )
            yield _Thing(NoticeKind.BATCH, Finished(entry.id, summary))


def _counted_once(thing: _Thing) -> str:
    return thing.what.customer if isinstance(thing.what, OptChange) else thing.what.summary.batch_id


def _newest_first(ids: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(ids, reverse=True))
