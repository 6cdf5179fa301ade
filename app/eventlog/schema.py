"""The log's tables, and how an older file is brought up to date.

What decides the shape (all of it measured on a million events):

* ``event.id`` is ``unix_seconds << 8``, plus one while taken, so that rowid order is time order: newest
  first, paging by key and ranges of dates need no other index.
* Indexes with random keys are what makes a log slow. There is one, on ``event.key`` (see ``identity``),
  whose keys ascend with time for the events that come in masses. Everything else that is looked for by
  its exact value is a tag in the full-text index, which takes additions as a log does.
* ``word`` holds every status, error code and event name once, ``num`` every number once, ``shape`` every
  form of JSON text once (see ``rawtext``).
"""

from collections.abc import Callable

import apsw

APPLICATION_ID = 0x54584265  # "TXBe"
VERSION = 2

_V1 = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('.events', '0');    -- how many there are: counting a million takes a while

CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
INSERT INTO word VALUES (0, '');

-- Every number there is, once: an INTEGER for E.164, TEXT for anything else.
CREATE TABLE num (n PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE shape (id INTEGER PRIMARY KEY, template TEXT NOT NULL);

CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    key,                        -- what makes the event the same as another: see identity.py
    family INTEGER NOT NULL,
    source INTEGER NOT NULL,
    state INTEGER NOT NULL,     -- word
    topic INTEGER NOT NULL,     -- word: the filter named by the service
    error INTEGER,              -- word
    number,
    customer,
    batch INTEGER,              -- batch
    uuid,
    at INTEGER NOT NULL,        -- the service's time, microseconds since 1970
    received INTEGER NOT NULL,  -- the other times: microseconds after "at"
    created INTEGER,
    modified INTEGER,
    size INTEGER,
    processed INTEGER,
    rejected INTEGER,
    segments INTEGER,
    cost TEXT,
    text,                       -- TEXT; 1: the batch's
    shape INTEGER,              -- shape; NULL: raw holds the whole text
    raw TEXT,                   -- what the shape leaves open, or the whole text
    extra TEXT                  -- JSON: fields that do not fit the columns above, by their names
);
CREATE INDEX event_key ON event (key);

CREATE VIRTUAL TABLE find USING fts5 (
    text, tags, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2'
);

CREATE TABLE batch (
    id INTEGER PRIMARY KEY,
    ref TEXT NOT NULL UNIQUE,
    number TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT '',
    size INTEGER NOT NULL DEFAULT 0,
    processed INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    delivered INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    cost TEXT,
    text TEXT NOT NULL DEFAULT '',
    errors TEXT NOT NULL DEFAULT '{}',   -- JSON: failed messages by error code
    created INTEGER,                     -- microseconds since 1970, as the two below
    modified INTEGER,
    completed INTEGER,                   -- the first Completed
    as_of INTEGER                        -- of the batch event that the state is from
);

-- The latest known consent of each pair.
CREATE TABLE consent (
    customer, number,
    opted_out INTEGER NOT NULL,
    at INTEGER NOT NULL,         -- since when, microseconds since 1970
    event INTEGER,               -- the proof; NULL: the service said so when asked
    as_of INTEGER NOT NULL,      -- when this was last learned
    PRIMARY KEY (customer, number)
) WITHOUT ROWID;

CREATE TABLE due (id INTEGER PRIMARY KEY);     -- events that somebody may still have to be told of
CREATE TABLE unread (id INTEGER PRIMARY KEY);
"""

_V2 = """
-- When nobody was watching. Times are microseconds since 1970.
CREATE TABLE gap (
    id INTEGER PRIMARY KEY,
    began INTEGER NOT NULL,
    ended INTEGER,                       -- NULL: it goes on
    reason TEXT NOT NULL,
    late INTEGER NOT NULL DEFAULT 0,     -- events of this time that were replayed or read back
    closed INTEGER NOT NULL DEFAULT 0    -- the reading back came to its end
);

-- Outbound texts that belong to no batch and have not come to their end: event.key, and when they were made.
CREATE TABLE unsettled (key PRIMARY KEY, created INTEGER NOT NULL) WITHOUT ROWID;

-- How many of its messages were in which state when they were last read back as a whole.
ALTER TABLE batch ADD COLUMN looked TEXT;
"""

_FILL_UNSETTLED = """
INSERT INTO unsettled
SELECT key, min(at + coalesce(created, 0)) FROM event
WHERE family = 3 AND batch IS NULL AND typeof(key) != 'blob'
GROUP BY key
HAVING sum(state IN (SELECT id FROM word WHERE text IN ('Delivered', 'SendingFailed', 'DeliveryFailed'))) = 0
"""

# Batches of which only messages were heard.
_DATE_BATCHES = """
UPDATE batch SET created = made FROM (
    SELECT batch AS id, min(at + coalesce(created, 0)) AS made FROM event
    WHERE family = 3 AND batch IN (SELECT id FROM batch WHERE created IS NULL)
    GROUP BY batch
) AS found
WHERE found.id = batch.id AND batch.created IS NULL
"""


def _watch_record(connection: apsw.Connection) -> None:
    connection.execute(_V2)
    connection.execute(_FILL_UNSETTLED)
    connection.execute(_DATE_BATCHES)


MIGRATIONS: tuple[Callable[[apsw.Connection], None], ...] = (_watch_record,)
"""``MIGRATIONS[n]`` brings a file of version ``n + 1`` to version ``n + 2``, inside a transaction."""


def create(connection: apsw.Connection) -> None:
    """Make the tables in an empty file, inside the caller's transaction."""
    connection.execute(_V1)
    connection.pragma("application_id", APPLICATION_ID)
    connection.pragma("user_version", 1)
    migrate(connection, 1)


def migrate(connection: apsw.Connection, version: int) -> None:
    """Bring a file of ``version`` up to date, inside the caller's transaction."""
    for step in range(version, VERSION):
        MIGRATIONS[step - 1](connection)
        connection.pragma("user_version", step + 1)
