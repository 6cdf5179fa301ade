"""Notices of batches that finished, and their quiet updates."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.events import BatchSummary, Entry
from app.notices.pace import BREATH, Burst
from app.notices.port import Notice, NoticeKind
from app.notices.rules import NoticeRules
from app.notices.wording import Words, batch_words

UPDATE_GAP = timedelta(seconds=5)
"""At least so long between two updates of one notice; each further gap is twice as long. An update
restarts the notice's time on the screen on some desktops, so a steady stream would pin it there."""
GATHER = timedelta(seconds=20)
"""How long after the first of several batches those after the second are gathered."""
FOLLOWED = 100
"""Notices whose sums are followed; beyond that the oldest stay as they are."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A batch whose first ``Completed`` was stored."""

    entry: Entry
    summary: BatchSummary

    @property
    def entry_id(self) -> int:
        return self.entry.id


@dataclass(slots=True)
class _Shown:
    """A notice of batches that was announced and follows their sums."""

    notice: Notice
    summaries: dict[str, BatchSummary]
    spoken_at: datetime
    gap: timedelta = UPDATE_GAP
    dirty: bool = False

    @property
    def settled(self) -> bool:
        return all(summary.settled for summary in self.summaries.values())

    @property
    def due_at(self) -> datetime:
        return self.spoken_at + (UPDATE_GAP if self.settled else self.gap)


class FinishedBatches:
    """Batches are announced one by one as long as that is calm; more of them at once share a notice."""

    def __init__(self) -> None:
        self._burst: Burst[Finished] = Burst(BREATH, GATHER)
        self._latest: dict[str, BatchSummary] = {}
        self._shown: dict[str, _Shown] = {}
        self._shown_by_batch: dict[str, _Shown] = {}

    @property
    def waiting(self) -> tuple[Finished, ...]:
        return self._burst.waiting

    def expect(self, finished: Finished) -> None:
        """This batch will be added, announced or forgotten: meanwhile take in what becomes of it."""
        self._latest[finished.summary.batch_id] = finished.summary

    def forget(self, all_finished: Iterable[Finished]) -> None:
        """These will not be announced here."""
        for finished in all_finished:
            self._latest.pop(finished.summary.batch_id, None)

    def add(self, finished: Finished) -> None:
        """Announce this batch as soon as that is calm."""
        self.expect(finished)
        self._burst.add((finished,))

    def announce(self, finished: Finished, rules: NoticeRules, now: datetime) -> Notice:
        """The notice of one batch by itself, beside those that wait."""
        return self._announce((finished,), rules, now)

    def changed(self, batches: Mapping[str, BatchSummary]) -> None:
        """Take in what is now known of some batches."""
        for batch_id, summary in batches.items():
            if batch_id in self._latest:
                self._latest[batch_id] = summary
            shown = self._shown_by_batch.get(batch_id)
            if shown is not None:
                shown.summaries[batch_id] = summary
                shown.dirty = True

    def drop(self) -> None:
        """Batches are not wanted any more: neither those that wait nor updates of those shown."""
        self._burst.drop()
        self._latest.clear()
        self._shown.clear()
        self._shown_by_batch.clear()

    def due_at(self, now: datetime) -> datetime | None:
        """When ``flush`` has something to do."""
        moments = [shown.due_at for shown in self._shown.values() if shown.dirty]
        announced = self._burst.due_at(now)
        if announced is not None:
            moments.append(announced)
        return min(moments, default=None)

    def flush(self, rules: NoticeRules, now: datetime, seen: Callable[[Entry], bool]) -> list[Notice]:
        """What may be shown now: new batches that nobody has ``seen``, then updates of those shown."""
        if self._burst.ready(now):
            self.forget(self._burst.drop_those(lambda finished: seen(finished.entry)))
        fresh, _ = self._burst.take(now)
        notices = [self._announce(fresh, rules, now)] if fresh else []
        for shown in list(self._shown.values()):
            if not shown.dirty or shown.due_at > now:
                continue
            update = self._update(shown, rules, now)
            if update is not None:
                notices.append(update)
        return notices

    def clock_went_back(self, by: timedelta) -> None:
        self._burst.clock_went_back(by)
        for shown in self._shown.values():
            shown.spoken_at -= by

    def _announce(self, fresh: Sequence[Finished], rules: NoticeRules, now: datetime) -> Notice:
        summaries = {
            item.summary.batch_id: self._latest.pop(item.summary.batch_id, item.summary) for item in fresh
        }
        ids = tuple(sorted((item.entry_id for item in fresh), reverse=True))
        title, body = _words(summaries, rules)
        notice = Notice(f"batch-{ids[-1]}", NoticeKind.BATCH, title, body, ids, sound=rules.sound)
        shown = _Shown(notice, summaries, now)
        if not shown.settled:
            self._follow(shown)
        return notice

    def _follow(self, shown: _Shown) -> None:
        self._shown[shown.notice.tag] = shown
        self._shown_by_batch.update(dict.fromkeys(shown.summaries, shown))
        while len(self._shown) > FOLLOWED:
            self._forget(next(iter(self._shown.values())))

    def _forget(self, shown: _Shown) -> None:
        del self._shown[shown.notice.tag]
        for batch_id in shown.summaries:
            self._shown_by_batch.pop(batch_id, None)

    def _update(self, shown: _Shown, rules: NoticeRules, now: datetime) -> Notice | None:
        shown.dirty = False
        if shown.settled:
            self._forget(shown)
        title, body = _words(shown.summaries, rules)
        if (title, body) == (shown.notice.title, shown.notice.body):
            return None
        shown.notice = replace(shown.notice, title=title, body=body, sound=False, quiet=True)
        shown.spoken_at = now
        shown.gap *= 2
        return shown.notice


def _words(summaries: Mapping[str, BatchSummary], rules: NoticeRules) -> Words:
    return batch_words(tuple(summaries.values()), rules)
