"""What to look for in the log, and how it is typed into the search box.

What can be typed (everything given must be true of an event; a value may be put in quotes):

=======================================  ==========================================================
``order ready``                          both words in the text, in any order; the last may go on
``"order ready"``                        the phrase
``ready OR shipped``                     either word
``-refund``                              not this word; works before everything below, too
``650 555 0100``, ``(650) 555-0100``     a number of either side
``555-01``, ``4471``                     a part of a number, or the same in the text
``type:optout,inbound``                  the kinds of event
``status:failed``, ``error:413``         a status, an error code, or a part of one
``from:`` ``to:`` ``number:``            sender, recipient, either
``batch:ID``                             a batch and its messages
``after:2026-11-01`` ``before: on:``     dates, today, yesterday
``is:unread``                            what nobody has looked at yet
=======================================  ==========================================================
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from app.domain.events import Family
from app.domain.numbers import NumberError, parse_number
from app.domain.problems import BadInput

SHORTEST_FRAGMENT = 3
"""Fewer digits are not a part of a number."""


class BadQuery(BadInput):
    """A query that cannot be understood. ``at`` and ``end`` say which part of the text it is about."""

    def __init__(self, message: str, at: int, end: int) -> None:
        super().__init__(message)
        self.at = at
        self.end = end


@dataclass(frozen=True, slots=True)
class Query:
    """What an event must be to be found: everything that is set must be true of it.

    Of a tuple of kinds, statuses, error codes, numbers or batches one must fit; of words, phrases and
    fragments all. A number is E.164 (``+16505550100``), or digits, which may stand anywhere in it.
    An empty query finds everything.
    """

    text: str = ""
    """As typed; plays no part in the search."""
    words: tuple[str, ...] = ()
    """Words of the text. One that ends in ``*`` is the beginning of one."""
    phrases: tuple[str, ...] = ()
    either: tuple[tuple[str, ...], ...] = ()
    """Groups of words and phrases, of each of which one must be in the text."""
    excluded: tuple[str, ...] = ()
    """Words and phrases that must not be in the text."""
    fragments: tuple[str, ...] = ()
    """Numbers of either side."""
    digits: tuple[str, ...] = ()
    """What may be a part of a number of either side, or stand in the text: ``555-01``."""
    numbers: tuple[str, ...] = ()
    """Either side."""
    own_numbers: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    """Of an inbound message the customer, of anything else the business's number."""
    recipients: tuple[str, ...] = ()
    families: tuple[Family, ...] = ()
    states: tuple[str, ...] = ()
    """The service's words or parts of them, in any case."""
    errors: tuple[str, ...] = ()
    """Error codes or parts of them: ``SMS-CAR-413``, ``413``."""
    batches: tuple[str, ...] = ()
    """Batches' ids, or their beginnings."""
    batch_starts: bool = False
    """Of a batch's own events the first that was stored: one for each batch."""
    after: datetime | None = None
    """At this time or later."""
    before: datetime | None = None
    """Earlier than this."""
    unread: bool = False
    without: tuple["Query", ...] = ()
    """None of these may find the event."""


EVERYTHING = Query()

_TOKEN = re.compile(
    r"""(?P<minus>-)?
        (?:(?P<name>[A-Za-z]+):(?P<value>"[^"]*"?|[^\s"]*)
          |"(?P<phrase>[^"]*)"?
          |(?P<word>[^\s"]+))""",
    re.VERBOSE,
)
_NUMBER_LIKE = re.compile(r"\+?\(?\d[\d()./-]*|\(\d+\)[\d()./-]*")
_DIGITS = re.compile(r"\d+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOST_DIGITS = 15
"""Of a telephone number (ITU-T E.164)."""


@dataclass(frozen=True, slots=True)
class _Token:
    at: int
    end: int
    minus: bool
    name: str
    """The operator's name; ``""`` for a word or phrase."""
    value: str
    quoted: bool

    @property
    def is_word(self) -> bool:
        """It is a plain word, not a phrase, an operator or hidden."""
        return not (self.name or self.quoted or self.minus)


def parse_query(text: str, now: datetime | None = None, tz: tzinfo | None = None) -> Query:
    """Read what somebody typed.

    ``now`` (default: the computer's clock) and ``tz`` (default: the computer's zone) say what "today"
    is, and in which zone dates are meant.

    Raises:
        BadQuery: an operator has a value that it cannot have. Nothing else is ever raised.
    """
    moment = (now or datetime.now(UTC)).astimezone(tz)
    clean = text.replace("\0", " ").encode("utf-8", "replace").decode()
    parts = _Parts(moment.date(), tz)
    tokens = [token for token in _tokens(clean) if token.value or token.name]
    place = 0
    while place < len(tokens):
        place = parts.take(tokens, place)
    query = parts.query
    if clean[-1:].isalnum() and query.words and tokens[-1].is_word and tokens[-1].value == query.words[-1]:
        # Somebody may still be typing it.
        query = replace(query, words=(*query.words[:-1], query.words[-1] + "*"))
    return replace(query, text=text)


def _tokens(text: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(text):
        name, value = (found["name"] or "").lower(), found["value"] or ""
        quoted = found["phrase"] is not None or value.startswith('"')
        if name and name not in _OPERATORS:
            # "Note: ..." or "http://..." is no operator.
            name, value, quoted = "", f"{found['name']}:{value}", False
        body = value if found["value"] is not None else (found["phrase"] or found["word"] or "")
        yield _Token(found.start(), found.end(), bool(found["minus"]), name, body.strip('"'), quoted)


class _Parts:
    """A query being put together from its tokens."""

    def __init__(self, today: date, tz: tzinfo | None) -> None:
        self.query = EVERYTHING
        self._today = today
        self._tz = tz

    def take(self, tokens: list[_Token], place: int) -> int:
        """Read one part, which begins at this token; where the next begins."""
        token = tokens[place]
        if token.name:
            query = _OPERATORS[token.name](self, token)
            self._merge(query, token.minus)
            return place + 1
        if token.is_word:
            number, after = _number_at(tokens, place)
            if number is not None:
                self._merge(number, minus=False)
                return after
        group, after = _group_at(tokens, place)
        if len(group) > 1:
            self.query = replace(self.query, either=(*self.query.either, group))
            return after
        if token.value == "OR" and not token.quoted:
            return place + 1
        if token.minus and (is_searchable(token.value) or not token.value.isascii()):
            self.query = replace(self.query, excluded=(*self.query.excluded, token.value))
        elif not is_searchable(token.value) and token.value.isascii():
            return place + 1  # a dash between two words, and the like
        elif token.quoted:
            self.query = replace(self.query, phrases=(*self.query.phrases, token.value))
        else:
            self.query = replace(self.query, words=(*self.query.words, token.value))
        return place + 1

    def _merge(self, part: Query, minus: bool) -> None:
        query = self.query
        if minus:
            self.query = replace(query, without=(*query.without, part))
            return
        after = part.after if query.after is None or part.after is None else max(query.after, part.after)
        before = (
            part.before if query.before is None or part.before is None else min(query.before, part.before)
        )
        self.query = replace(
            query,
            fragments=query.fragments + part.fragments,
            digits=query.digits + part.digits,
            numbers=query.numbers + part.numbers,
            senders=query.senders + part.senders,
            recipients=query.recipients + part.recipients,
            families=query.families + part.families,
            states=query.states + part.states,
            errors=query.errors + part.errors,
            batches=query.batches + part.batches,
            after=after or query.after,
            before=before or query.before,
            unread=query.unread or part.unread,
        )

    def kinds(self, token: _Token) -> Query:
        families = []
        for value in _values(token, "a kind of event, such as type:optout"):
            family = _KINDS.get(value.lower().replace("-", "").replace("_", ""))
            if family is None:
                raise _bad(
                    token,
                    f"There is no kind of event called “{value}”. Try batch, inbound, outbound or optout.",
                )
            families.append(family)
        return Query(families=tuple(families))

    def states(self, token: _Token) -> Query:
        values = _values(token, "a status, such as status:failed")
        # "opted out" and "opted-out" are the service's OptedOut.
        return Query(states=tuple(re.sub(r"[\s_-]", "", value) or value for value in values))

    def errors(self, token: _Token) -> Query:
        return Query(errors=_values(token, "an error code, such as error:413"))

    def batches(self, token: _Token) -> Query:
        return Query(batches=_values(token, "a batch’s id"))

    def numbers(self, token: _Token) -> Query:
        return Query(numbers=_numbers(token))

    def senders(self, token: _Token) -> Query:
        return Query(senders=_numbers(token))

    def recipients(self, token: _Token) -> Query:
        return Query(recipients=_numbers(token))

    def after(self, token: _Token) -> Query:
        return Query(after=self._start(self._day(token), token))

    def before(self, token: _Token) -> Query:
        return Query(before=self._start(self._day(token), token))

    def on(self, token: _Token) -> Query:
        day = self._day(token)
        try:
            following = day + timedelta(days=1)
        except OverflowError:
            raise _bad(token, f"“{token.value}” is too far away.") from None
        return Query(after=self._start(day, token), before=self._start(following, token))

    def flags(self, token: _Token) -> Query:
        if token.value.lower() != "unread":
            raise _bad(token, f"“is:{token.value}” means nothing here. Try is:unread.")
        return Query(unread=True)

    def _day(self, token: _Token) -> date:
        value = token.value.lower()
        if value == "today":
            return self._today
        if value == "yesterday":
            return self._today - timedelta(days=1)
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
        shown = f"“{token.value}” is not a date." if value else f"“{token.name}:” needs a date."
        raise _bad(token, f"{shown} Write it like 2026-11-30, today or yesterday.")

    def _start(self, day: date, token: _Token) -> datetime:
        try:
            return datetime.combine(day, time(), self._tz).astimezone(UTC)
        except (OverflowError, ValueError, OSError):
            raise _bad(token, f"“{token.value}” is too far away.") from None


_OPERATORS: dict[str, Callable[[_Parts, _Token], Query]] = {
    "type": _Parts.kinds,
    "status": _Parts.states,
    "error": _Parts.errors,
    "from": _Parts.senders,
    "to": _Parts.recipients,
    "number": _Parts.numbers,
    "batch": _Parts.batches,
    "after": _Parts.after,
    "before": _Parts.before,
    "on": _Parts.on,
    "is": _Parts.flags,
}

_KINDS = {
    "batch": Family.BATCH,
    "batches": Family.BATCH,
    "inbound": Family.INBOUND,
    "received": Family.INBOUND,
    "outbound": Family.OUTBOUND,
    "sent": Family.OUTBOUND,
    "optout": Family.OPTOUT,
    "optouts": Family.OPTOUT,
    "unknown": Family.UNKNOWN,
}


def _bad(token: _Token, message: str) -> BadQuery:
    return BadQuery(message, token.at, token.end)


def _values(token: _Token, needed: str) -> tuple[str, ...]:
    values = tuple(value.strip() for value in token.value.split(",") if value.strip())
    if not values:
        raise _bad(token, f"“{token.name}:” needs {needed}.")
    return values


def _numbers(token: _Token) -> tuple[str, ...]:
    numbers = []
    for value in _values(token, "a phone number or a part of one"):
        number = as_number(value)
        if number is None:
            raise _bad(
                token,
                f"“{value}” is not a phone number. Type at least {SHORTEST_FRAGMENT} of its digits.",
            )
        numbers.append(number)
    return tuple(numbers)


def as_number(text: str) -> str | None:
    """A number as a query holds it: E.164 if the text is a whole one, else its digits.

    ``None`` if the text is something else, or has fewer than three digits.
    """
    digits = "".join(_DIGITS.findall(text))
    if len(digits) < SHORTEST_FRAGMENT or not digits.isascii() or re.search(r"[^\d\s()+./-]", text):
        return None
    if text.strip().startswith("+") or len(digits) == 10 or (len(digits) == 11 and digits[0] == "1"):
        try:
            return parse_number(text)
        except NumberError:
            pass
    return digits


def _number_at(tokens: list[_Token], place: int) -> tuple[Query | None, int]:
    """A number typed in one or more words, such as ``(650) 555 0100``, and where the next part begins."""
    end, typed = place, ""
    whole: tuple[Query, int] | None = None
    while end < len(tokens) and tokens[end].is_word and _NUMBER_LIKE.fullmatch(tokens[end].value):
        longer = f"{typed} {tokens[end].value}".lstrip()
        if _DATE.fullmatch(tokens[end].value) or sum(map(str.isdigit, longer)) > _MOST_DIGITS:
            break
        end, typed = end + 1, longer
        number = as_number(typed)
        if number is not None and number.startswith("+"):
            whole = Query(fragments=(number,)), end
            if number.startswith("+1"):
                # Elsewhere numbers differ in length, and the longest is meant.
                break
    if whole is not None:
        return whole
    if as_number(typed) is None:
        return None, place
    return Query(digits=(typed,)), end


def _group_at(tokens: list[_Token], place: int) -> tuple[tuple[str, ...], int]:
    """Words and phrases with OR between them, and where the next part begins."""
    group: list[str] = []
    while place < len(tokens) and not tokens[place].name and not tokens[place].minus:
        group.append(tokens[place].value)
        if place + 2 >= len(tokens) or tokens[place + 1].value != "OR" or tokens[place + 1].quoted:
            return tuple(group), place + 1
        if tokens[place + 2].name or tokens[place + 2].minus:
            return tuple(group), place + 1
        place += 2
    return tuple(group), place


def is_searchable(word: str) -> bool:
    """Whether the full-text index knows of anything in this word; it leaves out signs and emoji."""
    return any(unicodedata.category(sign)[0] in "LN" or unicodedata.category(sign) == "Co" for sign in word)
