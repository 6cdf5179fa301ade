"""From a ``Query`` to SQL.

Three ways to walk the log, chosen by what the query gives: along the full-text index where a word or a
tag narrows it down, along the unread events, or along the ids. What the way itself does not settle is
checked on each row. Traps, measured on a million events: the order must be the index's own
(``find.rowid``), and ``CROSS JOIN`` keeps the planner from starting with the table.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import apsw

from app.domain.events import Family
from app.eventlog.packing import BATCH_START, FAMILY_CODE, Stored, micros, number_tag, pack_number
from app.eventlog.places import end_of_run, first_id
from app.eventlog.query import Query, is_searchable

MOST_TAGS = 300
"""A fragment of more numbers than these is looked for row by row, which then finds something soon."""

_INBOUND = FAMILY_CODE[Family.INBOUND]

_WORDS = "SELECT id FROM word WHERE id > 0 AND instr(lower(text), lower(?))"
_BATCHES = "SELECT id FROM batch WHERE ref >= ?1 AND substr(ref, 1, length(?1)) = ?1 ORDER BY ref LIMIT 300"

Value = int | str


class NothingFits(Exception):
    """It is clear before looking that no event can be found."""


@dataclass(slots=True)
class Way:
    """Where the rows come from and what is checked on them: the parts of a SELECT."""

    source: str
    place: str
    """The expression of the id along which the rows come."""
    checks: list[str] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    needs_event: bool = True
    """Whether the rows of ``event`` must be looked at to know how many there are."""

    def limit(self, condition: str, *values: Value) -> None:
        """Add a condition."""
        self.checks.append(condition)
        self.values.extend(values)

    @property
    def where(self) -> str:
        """The conditions as one."""
        return " AND ".join(self.checks) or "true"


@dataclass(slots=True)
class _Term:
    """One condition, as the full-text index can find it (``""``: it cannot) and as a row can tell it."""

    find: str
    row: str
    values: tuple[Value, ...] = ()
    exact: bool = True
    """Whether ``find`` alone settles it; else the row must be checked, too."""


def way_to(connection: apsw.Connection, query: Query) -> Way:
    """How to find what the query asks for.

    Raises:
        NothingFits: nothing can be found.
    """
    compiler = _Compiler(connection)
    terms = compiler.terms(query)
    hidden = [_text_term(text) for text in query.excluded]
    hidden += [term for term in map(compiler.hidden, query.without) if term is not None]
    finding = [term for term in terms if term.find]
    if finding:
        way = Way("find CROSS JOIN event ON event.id = find.rowid", "find.rowid", needs_event=False)
        match = " AND ".join(f"({term.find})" for term in finding)
        rest = [term for term in terms if not term.find or not term.exact]
        without = [term for term in hidden if term.find and term.exact]
        if without:
            match = f"({match}) NOT ({' OR '.join(f'({term.find})' for term in without)})"
        hidden = [term for term in hidden if not (term.find and term.exact)]
        way.limit("find MATCH ?", match)
    else:
        unread = "unread CROSS JOIN event USING (id)" if query.unread else "event"
        way = Way(unread, "unread.id" if query.unread else "event.id")
        rest = terms
    for term in rest:
        way.limit(term.row, *term.values)
        way.needs_event = True
    for term in hidden:
        way.limit(f"NOT coalesce(({term.row}), false)", *term.values)
        way.needs_event = True
    _limit_time(connection, way, query)
    if query.unread and finding:
        way.limit("EXISTS (SELECT 1 FROM unread WHERE unread.id = find.rowid)")
    return way


def _limit_time(connection: apsw.Connection, way: Way, query: Query) -> None:
    """A range of time is a range of ids; only at its ends the rows must be asked."""
    if query.after is not None:
        at = micros(query.after)
        way.limit(f"{way.place} >= ?", _id_at(at))
        way.limit("event.at >= ?", at)
        way.needs_event = True
    if query.before is not None:
        at = micros(query.before)
        # The events of a full second are placed behind it.
        way.limit(f"{way.place} < ?", end_of_run(connection, _id_at(at + 999_999)))
        way.limit("event.at < ?", at)
        way.needs_event = True


def _id_at(at: int) -> int:
    return first_id(min(max(at // 1_000_000, 0), 2**33))


class _Compiler:
    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def terms(self, query: Query) -> list[_Term]:
        """One term for each condition, except those on time, on being unread, and the hidden ones."""
        terms = [_text_term(text) for text in (*query.words, *query.phrases)]
        terms += [_any([_text_term(text) for text in group]) for group in query.either if group]
        terms += [self._number(number) for number in query.fragments]
        terms += [
            _any([self._number(_digits(typed), strict=False), _text_term(typed + "*")])
            for typed in query.digits
        ]
        for numbers, row in (
            (query.numbers, ""),
            (query.own_numbers, "event.number"),
            (query.customers, "event.customer"),
            (query.senders, f"iif(event.family = {_INBOUND}, event.customer, event.number)"),
            (query.recipients, f"iif(event.family = {_INBOUND}, event.number, event.customer)"),
        ):
            if numbers:
                terms.append(_any([self._number(number, row, strict=False) for number in numbers]))
        if query.families:
            codes = [FAMILY_CODE[family] for family in query.families]
            terms.append(_tags("f", codes, "event.family"))
        if query.states:
            terms.append(_tags("s", self._words(query.states), "event.state"))
        if query.errors:
            terms.append(_tags("e", self._words(query.errors), "event.error"))
        if query.batches:
            terms.append(_tags("k", self._batches(query.batches), "event.batch"))
        if query.batch_starts:
            terms.append(_Term(_STARTS, _FOUND, (_STARTS,)))
        return terms

    def hidden(self, query: Query) -> _Term | None:
        """All conditions of a query as one; ``None`` if it finds nothing anyway."""
        try:
            terms = self.terms(query)
        except NothingFits:
            return None
        if query.unread:
            terms.append(_Term("", "event.id IN (SELECT id FROM unread)"))
        if query.after is not None:
            terms.append(_Term("", "event.at >= ?", (micros(query.after),)))
        if query.before is not None:
            terms.append(_Term("", "event.at < ?", (micros(query.before),)))
        return _all(terms)

    def _number(self, number: str, row: str = "", *, strict: bool = True) -> _Term:
        """A whole number or a fragment of one, on either side or in the column ``row``."""
        if number.startswith("+"):
            stored: list[Stored] = [pack_number(number)]
        else:
            stored = self._numbers_with(number)
        if not stored and strict:
            raise NothingFits
        if len(stored) > MOST_TAGS:
            like = f"%{number}%"
            if row:
                return _Term("", f"{row} LIKE ?", (like,))
            return _Term("", "(event.number LIKE ? OR event.customer LIKE ?)", (like, like))
        find = "tags : (" + " OR ".join(number_tag(each) for each in stored) + ")" if stored else _NOTHING
        marks = ",".join("?" * len(stored))
        values = tuple(each for each in stored if each is not None)
        if row:
            return _Term(find, f"{row} IN ({marks})", values, exact=False)
        return _Term(find, f"(event.number IN ({marks}) OR event.customer IN ({marks}))", values * 2)

    def _numbers_with(self, digits: str) -> list[Stored]:
        rows = self._connection.execute(
            "SELECT n FROM num WHERE n LIKE ? LIMIT ?", (f"%{digits}%", MOST_TAGS + 1)
        )
        return [row[0] for row in rows]

    def _words(self, parts: Sequence[str]) -> list[int]:
        """The words that contain one of these parts, whatever the case."""
        return self._ids(_WORDS, parts)

    def _batches(self, starts: Sequence[str]) -> list[int]:
        return self._ids(_BATCHES, starts)

    def _ids(self, sql: str, values: Sequence[str]) -> list[int]:
        found: set[int] = set()
        for value in values:
            found.update(row[0] for row in self._connection.execute(sql, (value,)))
        if not found:
            raise NothingFits
        return sorted(found)


_NOTHING = "tags : none"
"""No event has this tag."""
_STARTS = f"tags : {BATCH_START}"
_FOUND = "EXISTS (SELECT 1 FROM find AS one WHERE one.rowid = event.id AND one.find MATCH ?)"


def _tags(prefix: str, numbers: Sequence[int], column: str) -> _Term:
    tags = " OR ".join(f"{prefix}{number}" for number in numbers)
    return _Term(f"tags : ({tags})", f"{column} IN ({','.join(map(str, numbers))})")


def _text_term(text: str) -> _Term:
    """A word, the beginning of one, or a phrase of the text."""
    prefix = len(text) > 1 and text.endswith("*")
    body = text[:-1] if prefix else text
    if not is_searchable(body):
        return _Term("", "instr(event.text, ?)", (body,))
    quoted = body.replace('"', '""').replace("\0", " ")
    find = f'text : "{quoted}"' + (" *" if prefix else "")
    return _Term(find, _FOUND, (find,))


def _any(terms: Sequence[_Term]) -> _Term:
    if len(terms) == 1:
        return terms[0]
    values = tuple(value for term in terms for value in term.values)
    find = " OR ".join(f"({term.find})" for term in terms) if all(term.find for term in terms) else ""
    exact = all(term.exact for term in terms)
    return _Term(find, "(" + " OR ".join(term.row for term in terms) + ")", values, exact)


def _all(terms: Sequence[_Term]) -> _Term:
    if len(terms) == 1:
        return terms[0]
    values = tuple(value for term in terms for value in term.values)
    find = " AND ".join(f"({term.find})" for term in terms) if all(term.find for term in terms) else ""
    exact = bool(find) and all(term.exact for term in terms)
    row = " AND ".join(f"coalesce(({term.row}), false)" for term in terms) or "true"
    return _Term(find if exact else "", f"({row})", values, exact)


def _digits(typed: str) -> str:
    return "".join(sign for sign in typed if sign.isdigit())
