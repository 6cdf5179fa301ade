"""What the log already holds of the events that are about to be written."""

from collections.abc import Iterable

import apsw

from app.domain.events import Family
from app.eventlog.batches import Outcome
from app.eventlog.identity import Key, Mark, PairHistory
from app.eventlog.packing import FAMILIES, SOURCES
from app.eventlog.sql import json_list, rows_of
from app.eventlog.words import Interned

_COLUMNS = ("key", "family", "state", "at", "modified", "source", "error", "batch", "processed", "rejected")
_WHERE = "FROM event INDEXED BY event_key WHERE key IN (SELECT value FROM json_each(?))"
_STAND_INS = "FROM event INDEXED BY event_key WHERE key IN (SELECT unhex(value) FROM json_each(?))"


class Known:
    """What is known of the keys of one transaction's events, and of those events as they are added."""

    def __init__(self, connection: apsw.Connection, words: Interned, keys: Iterable[Key]) -> None:
        self._marks: set[Mark] = set()
        self._pairs: dict[str, PairHistory] = {}
        self._outcomes: dict[Key, Outcome] = {}
        plain: list[int | str] = []
        stand_ins: list[str] = []
        for key in set(keys):
            if isinstance(key, bytes):
                stand_ins.append(key.hex())
            else:
                plain.append(key)
        if stand_ins:
            for code, text in rows_of(
                connection, ("family", "hex(key)"), _STAND_INS, (json_list(stand_ins),)
            ):
                self._marks.add((bytes.fromhex(text), FAMILIES[code]))
        if plain:
            for row in rows_of(connection, _COLUMNS, _WHERE, (json_list(plain),)):
                self._learn(words, *row)

    def _learn(
        self,
        words: Interned,
        key: int | str,
        code: int,
        word: int,
        at: int,
        after: int | None,
        source: int,
        error: int | None,
        batch: int | None,
        processed: int | None,
        rejected: int | None,
    ) -> None:
        family, state = FAMILIES[code], words.value_of(word)
        if family is Family.OPTOUT:
            self.pair(str(key)).add(at, state, SOURCES[source])
        elif family is Family.BATCH:
            self._marks.add((key, family, state, processed, rejected))
        else:
            self._marks.add((key, family, state, None if after is None else at + after))
            if family is Family.OUTBOUND:
                self.outcome(key).report(state, at + (after or 0), words.value_of(error or 0), batch)

    def add(self, mark: Mark) -> bool:
        """Take note of an event; False if it is one that is there already."""
        if mark in self._marks:
            return False
        self._marks.add(mark)
        return True

    def pair(self, key: str) -> PairHistory:
        """The consent changes of a pair of numbers."""
        return self._pairs.setdefault(key, PairHistory())

    def outcome(self, key: Key) -> Outcome:
        """What became of one outbound message. What is reported to it is known from then on."""
        found = self._outcomes.get(key)
        if found is None:
            found = self._outcomes[key] = Outcome()
        return found
