"""What the log already holds of the events that are about to be written."""

import json
from collections.abc import Sequence

import apsw

from app.domain.events import Event, Family
from app.eventlog.batches import Outcome
from app.eventlog.codec import FAMILY_CODE, SOURCES, micros, moment
from app.eventlog.identity import Identity, Key, PairHistory
from app.eventlog.words import Interned

_COLUMNS = "key, family, state, at, modified, source, error, batch, processed, rejected"
_MANY = f"""
SELECT {_COLUMNS} FROM event INDEXED BY event_key WHERE key IN (SELECT value FROM json_each(?))
"""  # noqa: S608
_ONE = f"SELECT {_COLUMNS} FROM event INDEXED BY event_key WHERE key = ?"  # noqa: S608

_OPTOUT = FAMILY_CODE[Family.OPTOUT]
_OUTBOUND = FAMILY_CODE[Family.OUTBOUND]
_BATCH = FAMILY_CODE[Family.BATCH]


class Known:
    """What is known of the keys of one transaction's events, and of those events as they are added."""

    def __init__(self, connection: apsw.Connection, words: Interned, identities: Sequence[Identity]) -> None:
        self._same: set[tuple[int, Key, tuple[object, ...]]] = set()
        self._pairs: dict[Key, PairHistory] = {}
        self._reports: dict[Key, list[Outcome]] = {}
        keys = {identity.key for identity in identities}
        plain = [key for key in keys if not isinstance(key, bytes)]
        rows = connection.execute(_MANY, (json.dumps(plain),)).fetchall() if plain else []
        for key in keys:
            if isinstance(key, bytes):
                rows += connection.execute(_ONE, (key,)).fetchall()
        for key, family, state, at, modified, source, error, batch, processed, rejected in rows:
            word = words.value_of(state)
            if family == _OPTOUT and not isinstance(key, bytes):
                self._pairs.setdefault(key, PairHistory()).add(at, word, SOURCES[source])
                continue
            changed = None if modified is None else moment(at + modified)
            detail: tuple[object, ...] = (word, changed)
            if isinstance(key, bytes):
                detail = ()
            elif family == _BATCH:
                detail = (word, changed, processed, rejected)
            self._same.add((family, key, detail))
            if family == _OUTBOUND:
                report = Outcome(word, at + (modified or 0), words.value_of(error or 0), batch)
                self._reports.setdefault(key, []).append(report)

    def add(self, event: Event, identity: Identity) -> bool:
        """Take note of the event; False if it is one that is there already."""
        if event.family is Family.OPTOUT and not isinstance(identity.key, bytes):
            at = micros(event.timestamp)
            pair = self._pairs.setdefault(identity.key, PairHistory())
            if pair.has(at, event.state, event.source):
                return False
            pair.add(at, event.state, event.source)
            return True
        mark = (FAMILY_CODE[event.family], identity.key, identity.detail)
        if mark in self._same:
            return False
        self._same.add(mark)
        return True

    def reports(self, key: Key) -> list[Outcome]:
        """The reports known of one outbound message. What is appended to it is known from then on."""
        return self._reports.setdefault(key, [])
