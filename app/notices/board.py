"""Which stored events are announced, and when: a state machine without a clock of its own."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from app.domain.events import Appended, BatchSummary, Entry
from app.notices.batches import Finished, FinishedBatches
from app.notices.lateness import Backlog, Presence
from app.notices.pace import Burst, Pace
from app.notices.port import Notice, NoticeKind
from app.notices.rules import NoticeRules
from app.notices.things import OPT_KINDS, Opted, Thing, things_of
from app.notices.wording import digest_words, opt_words

GATHER = timedelta(seconds=10)
"""How long after the first customer, or the first digest, the next are gathered into one notice."""
GATHER_AGAIN = timedelta(minutes=1)

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class NoticeBoard:
    """Turns what was stored into notices: calmly, and without losing any of it.

    Tell it what was stored (``offer``) and how the connection fares, let it act when time has passed
    (``tick`` no later than ``next_deadline``), and show the notices it returns in their order. All
    times are aware.

    - The first customer who opts out is announced at once. Those of the next minute join in the
      same notice, drawn again after 10 s and after a minute: at most three calls in any minute.
    - A batch is announced at its first ``Completed``, the next not sooner than 5 s later, and those
      after it together. When its sum changes its own notice is updated quietly, at growing distances
      of at least 5 s, and once more when nothing is open.
    - What came late (read back, or replayed after more than a blip) waits until the gap is closed and
      is summed up in one notice; if nobody closes it, for a minute. It never holds up what is live.
    - While paused nothing is said; afterwards what happened is summed up in one notice.
    - What somebody is looking at is not announced.
    """

    def __init__(self, rules: NoticeRules) -> None:
        self.rules = rules
        """May be replaced at any time; counts from the next call on."""
        self.seen: Callable[[Entry], bool] = _nobody_looks
        """Asked before an event is announced: whether somebody is looking at it just now."""
        self._opts: dict[NoticeKind, Burst[Opted]] = {
            kind: Burst(GATHER, GATHER_AGAIN) for kind in OPT_KINDS.values()
        }
        self._batches = FinishedBatches()
        self._presence = Presence()
        self._late: Backlog[Thing] = Backlog()
        self._held: list[Thing] = []
        self._after_pause = False
        self._digests = Pace(GATHER, GATHER_AGAIN)
        self._owed: set[int] = set()
        self._dropped_by = rules
        self._latest = _LONG_AGO

    @property
    def held(self) -> frozenset[int]:
        """Ids of entries that were taken in and are still to be announced."""
        ids = {opted.entry_id for burst in self._opts.values() for opted in burst.waiting}
        ids.update(finished.entry_id for finished in self._batches.waiting)
        ids.update(self._late)
        ids.update(thing.entry.id for thing in self._held)
        return frozenset(ids)

    def lost(self, now: datetime) -> None:
        """Events do not come any more."""
        self._note_time(now)
        self._presence.lost(now)
        self._late.gap(now, closing=False)

    def connected(self, now: datetime) -> None:
        """Events come again; what was missed is being read back until ``sum_up`` or ``gave_up``."""
        self._note_time(now)
        self._presence.connected(now)
        self._late.gap(now, closing=True)

    def gave_up(self, now: datetime) -> None:
        """Reading back what was missed did not come to its end, and will be tried again."""
        self._note_time(now)
        self._late.gap(now, closing=False)

    def offer(self, appended: Appended, batches: Mapping[str, BatchSummary], now: datetime) -> list[Notice]:
        """Take in what was just stored; returns what is to be shown now.

        ``batches`` holds the summaries of the batches that ``appended`` changed, as far as known.
        """
        self._note_time(now)
        self._batches.changed(batches)
        first_completed = set(appended.first_completed)
        # Of a batch with two reports in one write, the one that counts is marked as unread.
        entries = (entry for entry in appended.new if entry.unread)
        for thing in things_of(entries, batches, first_completed):
            late = self._presence.late(thing.entry)
            if self._is_taken_in(thing.entry.id, late=late):
                continue
            self._take_in(thing, now, late=late)
        return self._flush(now)

    def owe(self, due: Sequence[Entry], batches: Mapping[str, BatchSummary], now: datetime) -> list[Notice]:
        """Take in entries that should have been announced and were not; returns what is to be shown now.

        An entry given here is not announced again when it is offered as well.
        """
        self._note_time(now)
        held = self.held
        for thing in things_of(due, batches, None):
            if thing.entry.id not in held:
                self._owed.add(thing.entry.id)
                self._take_in(thing, now, late=self._presence.owed_late(thing.entry, now))
        return self._flush(now)

    def sum_up(self, now: datetime) -> list[Notice]:
        """The gap is closed: everything late is known. Returns what is to be shown now."""
        self._note_time(now)
        self._presence.closed()
        self._late.gap(now, closing=False)
        self._held.extend(self._late.take().values())
        return self._flush(now)

    def tick(self, now: datetime) -> list[Notice]:
        """Let time pass; returns what is to be shown now."""
        self._note_time(now)
        return self._flush(now)

    def next_deadline(self) -> datetime | None:
        """When ``tick`` has something to do; ``None`` while nothing is waiting for time to pass."""
        moments = [burst.due_at(self._latest) for burst in self._opts.values()]
        moments += [self._batches.due_at(self._latest), self._late.due_at()]
        if self._held:
            moments.append(self._digests.allowed_at(self._latest))
        waiting = [moment for moment in moments if moment is not None]
        if not waiting:
            return None
        return max(min(waiting), self.rules.paused_until or _LONG_AGO)

    def _is_taken_in(self, entry_id: int, *, late: bool) -> bool:
        """Whether this was owed already. What is live after all is taken from what came late."""
        if entry_id not in self._owed:
            return False
        self._owed.discard(entry_id)
        if late or entry_id not in self._late:
            return True
        self._late.pop(entry_id)
        return False

    def _take_in(self, thing: Thing, now: datetime, *, late: bool) -> None:
        if not self.rules.announces(thing.kind) or (not late and self.seen(thing.entry)):
            return
        if isinstance(thing.what, Finished):
            self._batches.expect(thing.what)
        if late:
            self._late.add(thing.entry.id, thing, now)
        elif self.rules.paused(now):
            self._held.append(thing)
            self._after_pause = True
        elif isinstance(thing.what, Finished):
            self._batches.add(thing.what)
        else:
            self._opts[thing.kind].add((thing.what,))

    def _flush(self, now: datetime) -> list[Notice]:
        self._drop_unwanted()
        if self.rules.paused(now):
            return []
        late_at = self._late.due_at()
        if late_at is not None and late_at <= now:
            self._held.extend(self._late.take().values())
        notices = self._flush_held(now)
        for kind, burst in self._opts.items():
            if burst.ready(now):
                burst.drop_those(lambda opted: self.seen(opted.entry))
            _, said = burst.take(now)
            if said:
                notices.append(self._opt_notice(kind, said, now))
        notices.extend(self._batches.flush(self.rules, now, self.seen))
        return notices

    def _drop_unwanted(self) -> None:
        if self.rules is self._dropped_by:
            return  # What is not wanted was not taken in.
        self._dropped_by = self.rules
        self._held = [thing for thing in self._held if self.rules.announces(thing.kind)]
        self._late.keep(lambda thing: self.rules.announces(thing.kind))
        for kind, burst in self._opts.items():
            if not self.rules.announces(kind):
                burst.drop()
        if not self.rules.announces(NoticeKind.BATCH):
            self._batches.drop()

    def _flush_held(self, now: datetime) -> list[Notice]:
        # Not through the bursts: what is told afterwards must not hold up what happens now.
        if not self._held:
            self._after_pause = False
        if not self._held or self._digests.allowed_at(now) > now:
            return []
        held, self._held = self._held, []
        after_pause, self._after_pause = self._after_pause, False
        if all(self.seen(thing.entry) for thing in held):
            self._forget(held)
            return []
        self._digests.speak(now)
        if len(held) > 1:
            self._forget(held)
            return [self._digest(held, after_pause=after_pause)]
        [thing] = held
        if isinstance(thing.what, Finished):
            return [self._batches.announce(thing.what, self.rules, now)]
        return [self._opt_notice(thing.kind, (thing.what,), now)]

    def _forget(self, things: Iterable[Thing]) -> None:
        self._batches.forget(thing.what for thing in things if isinstance(thing.what, Finished))

    def _digest(self, held: Sequence[Thing], *, after_pause: bool) -> Notice:
        counts = {
            kind: len({thing.counted_once for thing in held if thing.kind is kind})
            for kind in (NoticeKind.OPTED_OUT, NoticeKind.BATCH, NoticeKind.OPTED_IN)
        }
        title, body = digest_words(
            counts[NoticeKind.BATCH],
            counts[NoticeKind.OPTED_OUT],
            counts[NoticeKind.OPTED_IN],
            after_pause=after_pause,
        )
        ids = _newest_first(thing.entry.id for thing in held)
        kind = next(kind for kind, count in counts.items() if count)
        return Notice(f"digest-{ids[-1]}", kind, title, body, ids, sound=self.rules.sound)

    def _opt_notice(self, kind: NoticeKind, said: Sequence[Opted], now: datetime) -> Notice:
        title, body = opt_words(kind, [opted.change for opted in said], self.rules, now)
        ids = _newest_first(opted.entry_id for opted in said)
        # The tag is the episode's: a later episode must not take an unseen notice off the screen.
        tag = f"{kind}-{said[0].entry_id}"
        return Notice(tag, kind, title, body, ids, sound=self.rules.sound)

    def _note_time(self, now: datetime) -> None:
        if now < self._latest:
            back = self._latest - now
            for burst in self._opts.values():
                burst.clock_went_back(back)
            self._batches.clock_went_back(back)
            self._presence.clock_went_back(back)
            self._late.clock_went_back(back)
            self._digests.clock_went_back(back)
        self._latest = now


def _nobody_looks(_entry: Entry) -> bool:
    return False


def _newest_first(ids: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(ids, reverse=True))
