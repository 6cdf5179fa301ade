"""The sentences of notices: what happened first, then what it means. One place for all of them."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from app.domain.disclosure import Disclosure
from app.domain.events import BatchSummary
from app.domain.numbers import format_number
from app.notices.port import Notice, NoticeKind
from app.notices.rules import NoticeRules

FIRST_WORDS = 48
"""Characters of a batch's text that name it."""
NAMED = 3
"""Customers named in a notice about many."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Control characters, lone surrogates, and what turns the direction of the text around it: a D-Bus
# string must not hold the first two, and nobody else's text may rearrange our sentence.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True)
class OptChange:
    """A customer opted out, or back in."""

    entry_id: int
    customer: str
    number: str
    """The business's own number that the change is about."""
    at: datetime


Words = tuple[str, str]
"""Title and body of a notice."""


def opt_words(kind: NoticeKind, changes: Sequence[OptChange], rules: NoticeRules, now: datetime) -> Words:
    """Customers who opted out (or back in, by ``kind``), oldest first; at least one."""
    out = kind is NoticeKind.OPTED_OUT
    did = "opted out" if out else "opted back in"
    customers = list(dict.fromkeys(change.customer for change in reversed(changes)))
    own = list(dict.fromkeys(change.number for change in changes if change.number))
    if len(customers) == 1:
        title = f"{_customer(customers[0], rules)} {did}"
        since = local_time(max(change.at for change in changes), now, rules.zone)
        if out:
            return title, f"Since {since}, RingCentral blocks texts to them{_from(own, rules)}."
        return title, f"Since {since}, RingCentral lets texts{_from(own, rules)} reach them again."
    origin = _from(own, rules) if len(own) == 1 else ""
    if out:
        effect = f"RingCentral blocks texts to them{origin}."
    else:
        effect = f"RingCentral lets texts{origin} reach them again."
    title = f"{counted(len(customers), 'customer')} {did}"
    if rules.disclosure is Disclosure.NEITHER:
        return title, effect
    shown = _and_more([_number(customer) for customer in customers if customer], len(customers))
    return title, f"{shown}. {effect}" if shown else effect


def batch_words(summaries: Sequence[BatchSummary], rules: NoticeRules) -> Words:
    """Batches that finished: one, named by its first words where these may be shown, or several."""
    texts = sum(summary.size for summary in summaries)
    if len(summaries) == 1:
        title = "Batch finished"
    else:
        title = f"{counted(len(summaries), 'batch', 'batches')} finished"
    if texts > 0:
        title = f"{title}: {counted(texts, 'text')}"
    own = list(dict.fromkeys(summary.number for summary in summaries if summary.number))
    origin = _from(own, rules).strip()
    name = first_words(summaries[0].text) if len(summaries) == 1 else ""
    if name and rules.disclosure is Disclosure.NUMBER_AND_TEXT:
        lead = f"“{name}” {origin}".rstrip() + "."
    else:
        lead = f"{origin[:1].upper()}{origin[1:]}." if origin else ""
    return title, f"{lead} {outcome(summaries)}".strip()


def outcome(summaries: Sequence[BatchSummary]) -> str:
    """What became of the texts: ``1,150 delivered, 41 failed, 13 still waiting.``"""
    size = sum(summary.size for summary in summaries)
    delivered = sum(summary.delivered for summary in summaries)
    failed = sum(summary.failed for summary in summaries)
    waiting = sum(summary.waiting for summary in summaries)
    rejected = sum(summary.rejected for summary in summaries)
    if size > 0 and waiting == size:
        return "No delivery reports yet."
    if size > 0 and delivered >= size:
        return "Delivered." if size == 1 else "All delivered."
    parts = ((delivered, "delivered"), (failed, "failed"), (rejected, "refused"), (waiting, "still waiting"))
    told = ", ".join(f"{count:,} {what}" for count, what in parts if count > 0)
    return f"{told}." if told else ""


def digest_words(batches: int, opted_out: int, opted_in: int, *, after_pause: bool) -> Words:
    """Many things at once: ``2 batches finished, 3 customers opted out.``"""
    parts = [
        (batches, f"{counted(batches, 'batch', 'batches')} finished"),
        (opted_out, f"{counted(opted_out, 'customer')} opted out"),
        (opted_in, f"{counted(opted_in, 'customer')} opted back in"),
    ]
    told = ", ".join(words for count, words in parts if count > 0)
    return "While Textbell was quiet" if after_pause else "While you were away", f"{told}."


def sign_in_needed() -> Notice:
    """The session ended and only the user can begin another."""
    return Notice(
        "sign-in",
        NoticeKind.SIGN_IN,
        "Please sign in again",
        "RingCentral ended the session. Nothing is lost.",
    )


def not_watching(since: datetime, now: datetime, zone: tzinfo | None = None) -> Notice:
    """There has been no connection for some time. ``zone`` as in ``NoticeRules``."""
    return Notice(
        "trouble",
        NoticeKind.TROUBLE,
        "Textbell is not watching",
        f"No connection since {local_time(since, now, zone)}. Missed events will be added when it is back.",
    )


def trouble(message: str) -> Notice:
    """Watching stopped for the reason given, a sentence for the user."""
    return Notice("trouble", NoticeKind.TROUBLE, "Textbell is not watching", plain(message))


def trial_notice(*, sound: bool = False) -> Notice:
    """What the user sees who tries whether anything can be seen."""
    return Notice(
        "test",
        NoticeKind.TEST,
        "Textbell can reach you",
        "Finished batches and customers who opt out will appear like this.",
        sound=sound,
    )


def local_time(moment: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """``4:12 pm`` if it is of today, else ``Tue 3 Nov, 4:12 pm``."""
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    clock = f"{local.hour % 12 or 12}:{local.minute:02} {'am' if local.hour < 12 else 'pm'}"
    if local.date() == today:
        return clock
    year = f" {local.year}" if local.year != today.year else ""
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}{year}, {clock}"


def counted(count: int, one: str, many: str = "") -> str:
    """``1 text``, ``1,204 texts``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def first_words(text: str, limit: int = FIRST_WORDS) -> str:
    """The beginning of a text on one line, cut between words: ``Hi! Our holiday hours…``."""
    line = plain(text)
    if len(line) <= limit:
        return line
    cut = line[: limit + 1].rpartition(" ")[0]
    if len(cut) < limit // 2:
        cut = line[:limit]
        # No sign is torn apart: an accent, or what a joiner ties together, goes with its base.
        while cut and (unicodedata.combining(line[len(cut)]) or "\u200d" in (cut[-1], line[len(cut)])):
            cut = cut[:-1]
    return f"{cut.rstrip(' ,.;:-–—')}…"


def plain(text: str) -> str:
    """Text fit for one line anywhere: no control characters, no line breaks, no torn surrogates."""
    return " ".join(_UNFIT.sub(" ", text).split())


def _customer(number: str, rules: NoticeRules) -> str:
    if rules.disclosure is Disclosure.NEITHER or not plain(number):
        return "A customer"
    return _number(number)


def _number(number: str) -> str:
    return first_words(format_number(plain(number)))


def _from(own: Sequence[str], rules: NoticeRules) -> str:
    names = [_own(number, rules) for number in own]
    if not names:
        return ""
    return f" from {_and_more(names, len(names))}"


def _own(number: str, rules: NoticeRules) -> str:
    return first_words(rules.labels.get(number, "")) or _number(number)


def _and_more(names: Iterable[str], total: int) -> str:
    """``A``, ``A and B``, ``A, B, C and 11 more``."""
    shown = list(names)
    if not shown:
        return ""
    if total > NAMED or total > len(shown):
        shown = shown[:NAMED]
        return f"{', '.join(shown)} and {total - len(shown):,} more"
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else shown[0]
