"""The tables of the index: events, what is written once and named often, and the facts by which events are found."""

from typing import Final

FORM: Final = "2"
"""Of the tables and of the facts in them; another one makes the file anew."""
NAMES: Final = ("meta", "events", "audiences", "names", "facts", "numbers", "held")
TABLES: Final = """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, audience INTEGER NOT NULL,
        event_time INTEGER NOT NULL, record_time INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX by_owner ON events (owner);
    CREATE INDEX by_event_time ON events (event_time, seq);
    CREATE INDEX by_record_time ON events (record_time, seq);
    CREATE TABLE audiences (id INTEGER PRIMARY KEY, readers TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE names (id INTEGER PRIMARY KEY, field TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (field, value)) STRICT;
    CREATE TABLE facts (name INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (name, seq)) STRICT, WITHOUT ROWID;
    CREATE TABLE numbers (
        name INTEGER NOT NULL, value REAL NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (name, value, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE held (digest INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (digest, seq)) STRICT, WITHOUT ROWID;
"""
