"""The program's log and its notifications, beside the truth."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from app.compose import LOG_KEY
from app.domain.events import BATCH_COMPLETED, OPTED_OUT, Entry, Event, Family
from app.eventlog import EventLog
from app.sandbox import Sandbox
from app.sandbox.hostile import STRANGER
from app.sandbox.model import Change
from tests.chaos.child import Program
from tests.chaos.driver import Telling, Truth
from tests.chaos.scenario import FOLLOWED

IN_FLIGHT = 3.0
"""Seconds before the end of its connection in which a frame may have been on its way."""
NEAR = timedelta(seconds=2)
"""The stream's time of a consent change and the history's differ by less."""

Identity = tuple[str, ...]


@dataclass(slots=True)
class Verdict:
    """What was found. Everything but the counts in the second half must be empty."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    """In the log, and never happened."""
    announced_twice: list[str] = field(default_factory=list)
    unannounced: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Sums of batches and states of consent that are not the truth's; faults of the program."""

    events: int = 0
    stored: int = 0
    late: int = 0
    """Read back."""
    unknown: int = 0
    overtaken_offline: int = 0
    overtaken_in_flight: int = 0
    killed_before_shown: int = 0
    notices: int = 0
    digests: int = 0

    @property
    def failures(self) -> dict[str, list[str]]:
        """What must not be, by kind."""
        kinds = ("lost", "duplicated", "invented", "announced_twice", "unannounced", "wrong")
        return {kind: found for kind in kinds if (found := getattr(self, kind))}


async def judge(box: Sandbox, program: Program, truth: Truth) -> Verdict:
    """Compare."""
    verdict = Verdict(wrong=list(program.faults))
    key = json.loads((program.data / "vault.json").read_text("utf-8"))[LOG_KEY]
    async with await EventLog.open(program.data / "log.db", key) as log:
        if log.set_aside is not None:
            verdict.wrong.append("the log was found damaged and set aside")
        entries = [entry async for piece in log.reader.stream() for entry in piece]
        due = {entry.id for entry in await log.due()}
        entries = [entry for entry in entries if not _hostile(entry.event)]
        followed = [telling for telling in truth.tellings if telling.change.number in FOLLOWED]
        verdict.events, verdict.stored = len(followed), len(entries)
        verdict.late = sum(entry.event.source == "read_back" for entry in entries)
        verdict.unknown = sum(entry.event.family is Family.UNKNOWN for entry in entries)
        _compare_states(verdict, followed, entries, truth)
        _compare_consents(verdict, followed, entries)
        await _compare_sums(verdict, box, log, followed)
        for gap in await log.reader.gaps():
            if gap.ended is None or not gap.closed:
                verdict.wrong.append(f"a gap is not closed: {gap}")
    _compare_notices(verdict, entries, due, program)
    return verdict


def _hostile(event: Event) -> bool:
    return event.customer == STRANGER or (event.family is not Family.UNKNOWN and event.number not in FOLLOWED)


# ---- messages and batches: a state is what it is, of what, and since when


def _of_change(change: Change) -> Identity:
    parts = (change.family, change.ref, change.state, change.body["lastModifiedTime"])
    return (*parts, str(change.body["processedCount"])) if change.family == "batch" else parts


def _of_event(event: Event) -> Identity:
    modified = (event.modified_at or event.timestamp).isoformat(timespec="microseconds")
    parts = (event.family.value, event.ref, event.state, modified.replace("+00:00", "Z"))
    return (*parts, str(event.processed)) if event.family is Family.BATCH else parts


def _compare_states(
    verdict: Verdict, followed: Iterable[Telling], entries: Iterable[Entry], truth: Truth
) -> None:
    true: dict[Identity, Telling] = {}
    latest: dict[tuple[str, str], Telling] = {}
    for telling in followed:
        if telling.change.family != "optout":
            true[_of_change(telling.change)] = telling
            latest[telling.change.family, telling.change.ref] = telling
    stored = Counter(
        _of_event(entry.event)
        for entry in entries
        if entry.event.family not in (Family.OPTOUT, Family.UNKNOWN)
    )
    for identity, count in stored.items():
        if identity not in true:
            verdict.invented.append(" ".join(identity))
        elif count > 1:
            verdict.duplicated.append(f"{count} times {' '.join(identity)}")
    for identity, telling in true.items():
        if identity in stored:
            continue
        change = telling.change
        left = truth.ended_after(telling)
        if latest[change.family, change.ref] is telling:
            verdict.lost.append(f"{' '.join(identity)} (the latest; told {_told(left)})")
        elif left is None:
            verdict.overtaken_offline += 1
        elif left < IN_FLIGHT:
            verdict.overtaken_in_flight += 1
        else:
            verdict.lost.append(f"{' '.join(identity)} (overtaken; told {_told(left)})")


def _told(left: float | None) -> str:
    if left is None:
        return "to nobody"
    return "on a connection that lasts" if left == float("inf") else f"{left:.1f} s before its end"


# ---- consents: a pair's changes in their order


def _compare_consents(verdict: Verdict, followed: Iterable[Telling], entries: Iterable[Entry]) -> None:
    true: defaultdict[tuple[str, str], list[tuple[datetime, bool]]] = defaultdict(list)
    stored: defaultdict[tuple[str, str], list[tuple[datetime, bool]]] = defaultdict(list)
    for telling in followed:
        change = telling.change
        if change.family == "optout":
            true[change.number, change.customer].append((change.at, change.body["active"]))
    for entry in entries:
        event = entry.event
        if event.family is Family.OPTOUT:
            stored[event.number, event.customer].append((event.timestamp, event.state == OPTED_OUT))
    for pair in true.keys() | stored.keys():
        missing = sorted(true[pair])
        for at, out in sorted(stored[pair]):
            same = [change for change in missing if change[1] is out and abs(change[0] - at) < NEAR]
            if same:
                missing.remove(same[0])
                continue
            told = f"{'out' if out else 'in'} {pair} at {at}"
            known = any(out is other and abs(at - moment) < NEAR for moment, other in true[pair])
            (verdict.duplicated if known else verdict.invented).append(told)
        verdict.lost += [f"{'out' if out else 'in'} {pair} at {at}" for at, out in missing]


async def _compare_sums(verdict: Verdict, box: Sandbox, log: EventLog, followed: Iterable[Telling]) -> None:
    ids = {telling.change.ref for telling in followed if telling.change.family == "batch"}
    summaries = await log.reader.batches(sorted(ids))
    for batch_id in ids:
        batch, summary = box.world.journal.batches[batch_id], summaries.get(batch_id)
        states = Counter(message.status for message in batch.messages)
        wanted = (batch.status, states["Delivered"], states["SendingFailed"] + states["DeliveryFailed"])
        found = summary and (summary.state, summary.delivered, summary.failed)
        if found != wanted:
            verdict.wrong.append(f"batch {batch_id}: {found}, not {wanted}")
    customers = {telling.change.customer for telling in followed if telling.change.family == "optout"}
    for customer in customers:
        for consent in await log.reader.consent(customer):
            out = box.world.consents.opted_out(consent.number, customer)
            if consent.number in FOLLOWED and (consent.state == OPTED_OUT) is not out:
                verdict.wrong.append(f"{consent.number} {customer}: {consent.state}, and that is not so")


# ---- notifications


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    for line in path.read_text("utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue  # the last line of a run that was killed while writing it


def _compare_notices(verdict: Verdict, entries: Iterable[Entry], due: set[int], program: Program) -> None:
    announced: defaultdict[int, set[tuple[int, str]]] = defaultdict(set)
    last_marks: dict[int, set[int]] = {}
    titles: dict[tuple[int, str], str] = {}
    for line in _lines(program.data / "notices.jsonl"):
        if line["what"] == "mark":
            last_marks[line["run"]] = set(line["ids"])
        elif line["what"] == "show" and line["ids"]:
            place = (line["run"], line["tag"])
            titles[place] = line["title"]
            for entry_id in line["ids"]:
                announced[entry_id].add(place)
    verdict.notices = len(titles)
    verdict.digests = sum(tag.startswith("digest") for _, tag in titles)
    in_between = {
        entry_id for run, marked in last_marks.items() if run in program.kills for entry_id in marked
    }
    first: dict[str, Entry] = {}
    notable = []
    for entry in sorted(entries, key=lambda entry: entry.event.modified_at or entry.event.timestamp):
        event = entry.event
        finished = event.family is Family.BATCH and event.state == BATCH_COMPLETED
        if event.family is Family.OPTOUT or (finished and first.setdefault(event.ref, entry) is entry):
            notable.append(entry)
    for entry in notable:
        event = entry.event
        places = announced.get(entry.id, set())
        told = f"{entry.id} {event.family} {event.ref or event.customer} {event.state} {event.source}"
        if len(places) > 1:
            verdict.announced_twice.append(f"{told}: {sorted(places)}")
        elif not places and entry.id in in_between:
            verdict.killed_before_shown += 1
        elif not places:
            verdict.unannounced.append(told + (" (still due)" if entry.id in due else ""))
