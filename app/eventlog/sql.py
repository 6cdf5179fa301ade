"""Talking to SQLite in few, large steps.

apsw gives up the interpreter's lock for every step of a statement and takes it again after it. While
another thread computes, each taking may wait a whole switch interval (5 ms), so a statement of one step
per row slows down to some 200 rows a second just when there is most to do. So rows are written many to a
statement, and read as one JSON text.
"""

import json
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import apsw

_LONGEST = 16_000
"""Characters of a statement; apsw does not keep longer ones prepared."""
_MOST_ROWS = 512


class Insert:
    """An INSERT of any number of rows, in statements of 1, 2, 4 ... rows."""

    def __init__(self, head: str, columns: int, tail: str = "") -> None:
        """``head`` goes up to and without ``VALUES``; ``tail`` follows the rows."""
        row = "(" + ",".join("?" * columns) + ")"
        self._statements: list[tuple[int, str]] = []
        rows = 1
        while rows <= _MOST_ROWS:
            statement = f"{head} VALUES {','.join([row] * rows)} {tail}"
            if len(statement) > _LONGEST:
                break
            self._statements.insert(0, (rows, statement))
            rows *= 2

    def run(self, connection: apsw.Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Insert the rows, in their order."""
        start = 0
        for size, statement in self._statements:
            while len(rows) - start >= size:
                connection.execute(statement, list(chain.from_iterable(rows[start : start + size])))
                start += size


def rows_of(
    connection: apsw.Connection, columns: Sequence[str], rest: str, values: Sequence[Any] = ()
) -> list[list[Any]]:
    """The rows of ``SELECT columns rest``, in order. No column may hold a BLOB."""
    inner = ", ".join(f"{column} AS c{number}" for number, column in enumerate(columns))
    outer = ", ".join(f"c{number}" for number in range(len(columns)))
    sql = f"SELECT json_group_array(json_array({outer})) FROM (SELECT {inner} {rest})"  # noqa: S608
    return json.loads(one(connection, sql, values))  # type: ignore[no-any-return]


def one(connection: apsw.Connection, sql: str, values: Sequence[Any] = ()) -> Any:
    """The first column of the first row; ``None`` if there is no row."""
    row = connection.execute(sql, values).fetchone()
    return None if row is None else row[0]


def json_list(values: Iterable[int | str]) -> str:
    """Values for ``IN (SELECT value FROM json_each(?))``."""
    return json.dumps(list(values))
