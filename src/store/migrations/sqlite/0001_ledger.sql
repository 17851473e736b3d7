-- The ledger: what the journal held, and one row a call made from it. Times are UTC milliseconds, ids are text.

-- In the order in which a call is read: one tree holds both the rows and the way to them.
CREATE TABLE events (
    call_id TEXT    NOT NULL,
    seq     INTEGER NOT NULL,          -- the journal's sequence number
    at_ms   INTEGER NOT NULL,
    type    TEXT    NOT NULL,
    body    TEXT    NOT NULL,          -- the whole event, JSON
    PRIMARY KEY (call_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX events_revealed ON events (at_ms) WHERE type = 'revealed';

-- Each row is the fold of the call's events (store::record); the columns are for finding and counting.
CREATE TABLE calls (
    call_id                  TEXT    NOT NULL PRIMARY KEY,
    first_seq                INTEGER NOT NULL,
    invite_at_ms             INTEGER,
    from_number              TEXT,
    to_number                TEXT,
    hotline                  TEXT,
    ringing_at_ms            INTEGER,
    answered_by_machine_at_ms INTEGER,
    person_requested_at_ms   INTEGER,
    offered_at_ms            INTEGER,
    answered_by_person_at_ms INTEGER,
    ended_at_ms              INTEGER,
    ended_by                 TEXT,
    end_reason               TEXT,
    status                   INTEGER,
    recordings_open          INTEGER NOT NULL,
    record                   TEXT    NOT NULL      -- the whole record, JSON
) STRICT, WITHOUT ROWID;

CREATE INDEX calls_invite ON calls (invite_at_ms);
CREATE INDEX calls_from ON calls (from_number, invite_at_ms);
CREATE INDEX calls_unfinished ON calls (first_seq) WHERE ended_at_ms IS NULL OR recordings_open > 0;

-- How far the journal is drained. Written in the same transaction as what was drained, so that nothing counts twice.
CREATE TABLE drain (
    id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seq        INTEGER NOT NULL,
    last_at_ms INTEGER NOT NULL
) STRICT;

INSERT INTO drain (id, seq, last_at_ms) VALUES (1, 0, 0);

-- Who looked at what is private, from outside the server (the command line). The server's own looks are events.
CREATE TABLE reveals (
    id      INTEGER NOT NULL PRIMARY KEY,
    at_ms   INTEGER NOT NULL,
    call_id TEXT    NOT NULL,
    by_whom TEXT    NOT NULL,
    what    TEXT    NOT NULL
) STRICT;
