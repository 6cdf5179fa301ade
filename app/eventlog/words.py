"""Values that are kept once and named by a small number: words, batches' ids, shapes of JSON text."""

import apsw

from app.eventlog.rawtext import Shape
from app.eventlog.sql import one, rows_of

_MOST = 20_000
"""How many values of a table are remembered, so that a hostile stream cannot fill the memory."""

_MOST_SHAPES = 2_000


class Interned:
    """One table of ``(id, value)``, with what was used lately remembered both ways.

    Bound to one connection and used in its thread. ``forget`` must be called when a transaction that
    may have added values is rolled back.
    """

    def __init__(self, connection: apsw.Connection, table: str, column: str) -> None:
        # Names of our own schema, no user's text.
        self._select_id = f"SELECT id FROM {table} WHERE {column} = ?"  # noqa: S608
        self._select_value = f"SELECT {column} FROM {table} WHERE id = ?"  # noqa: S608
        self._insert = f"INSERT INTO {table} ({column}) VALUES (?)"  # noqa: S608
        self._connection = connection
        self._ids: dict[str, int] = {}
        self._values: dict[int, str] = {}

    @property
    def known(self) -> dict[str, int]:
        """The values remembered, for a look-up without a call. Do not change it."""
        return self._ids

    @property
    def values(self) -> dict[int, str]:
        """The same by id. Do not change it."""
        return self._values

    def find(self, value: str) -> int | None:
        """The value's id, if the table has it."""
        found = self._ids.get(value)
        if found is None:
            found = one(self._connection, self._select_id, (value,))
            if found is not None:
                self._remember(found, value)
        return found

    def id_of(self, value: str) -> int:
        """The value's id; the table gets it if it is new."""
        found = self.find(value)
        if found is None:
            self._connection.execute(self._insert, (value,))
            found = self._connection.last_insert_rowid()
            self._remember(found, value)
        return found

    def value_of(self, number: int) -> str:
        """The value with this id; ``""`` if the table has lost it."""
        found = self._values.get(number)
        if found is None:
            found = one(self._connection, self._select_value, (number,))
            if found is None:
                return ""
            self._remember(number, found)
        return found

    def forget(self) -> None:
        """Remember nothing: the transaction that may have made these was undone."""
        self._ids.clear()
        self._values.clear()

    def _remember(self, number: int, value: str) -> None:
        if len(self._ids) >= _MOST:
            self.forget()
        self._ids[value] = number
        self._values[number] = value


class Shapes:
    """The shapes of JSON text in use (see ``rawtext``), of one connection.

    A shape is worth a row only if it comes again, so it gets one the second time it is seen; until then
    its texts are kept whole.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._ids: dict[str, int] | None = None
        self._shapes: dict[int, Shape] = {}
        self._seen: set[int] = set()

    def id_of(self, template: str) -> int | None:
        """The shape's id, or ``None`` if the text should be kept whole this time."""
        ids = self._ids
        if ids is None:
            ids = self._ids = self._newest()
        found = ids.get(template)
        if found is not None:
            return found
        mark = hash(template)
        if mark not in self._seen:
            if len(self._seen) >= _MOST:
                self._seen.clear()
            self._seen.add(mark)
            return None
        if len(ids) >= _MOST_SHAPES:
            ids = self._ids = self._newest()
        self._connection.execute("INSERT INTO shape (template) VALUES (?)", (template,))
        found = ids[template] = self._connection.last_insert_rowid()
        return found

    def shape(self, number: int) -> Shape:
        """The shape with this id."""
        found = self._shapes.get(number)
        if found is None:
            template = one(self._connection, "SELECT template FROM shape WHERE id = ?", (number,))
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            found = self._shapes[number] = Shape(template or "")
        return found

    def forget(self) -> None:
        """Remember nothing: the transaction that may have made these was undone."""
        self._ids = None
        self._shapes.clear()

    def _newest(self) -> dict[str, int]:
        rows = rows_of(
            self._connection, ("template", "id"), "FROM shape ORDER BY id DESC LIMIT ?", (_MOST_SHAPES // 2,)
        )
        return dict(rows)
