-- Agents, debts and the stream of all events. Existing records are folded anew at the first start (`fold`), so that the new
-- columns and tables hold for old calls as well. Times are UTC milliseconds, ids are text.

-- By what debts are found: since when one is owed, and when it was settled.
ALTER TABLE calls ADD COLUMN queue TEXT;
ALTER TABLE calls ADD COLUMN owed_at_ms INTEGER;
ALTER TABLE calls ADD COLUMN settled_at_ms INTEGER;

CREATE INDEX calls_owed ON calls (owed_at_ms, call_id) WHERE owed_at_ms IS NOT NULL;
CREATE INDEX calls_owing ON calls (owed_at_ms, call_id) WHERE owed_at_ms IS NOT NULL AND settled_at_ms IS NULL;
CREATE INDEX calls_interrupted ON calls (ended_at_ms) WHERE end_reason = 'interrupted';

-- The stream of all events, for those who read on from a number.
CREATE INDEX events_seq ON events (seq);

-- Who was in a call, as what, how long: talk time of a day is a sum over these.
CREATE TABLE call_parts (
    call_id  TEXT    NOT NULL,
    n        INTEGER NOT NULL,
    who      TEXT    NOT NULL,
    part     TEXT    NOT NULL,
    talks    INTEGER NOT NULL,         -- 0 for a supervisor who only listens or whispers
    from_ms  INTEGER NOT NULL,
    until_ms INTEGER,                  -- NULL while he is there
    hold_ms  INTEGER NOT NULL,         -- holds that are over
    PRIMARY KEY (call_id, n)
) STRICT, WITHOUT ROWID;

CREATE INDEX call_parts_who ON call_parts (who, from_ms);
CREATE INDEX call_parts_from ON call_parts (from_ms);

-- The calls' recordings.
CREATE TABLE call_recordings (
    call_id       TEXT    NOT NULL,
    n             INTEGER NOT NULL,
    file          TEXT    NOT NULL,
    purpose       TEXT    NOT NULL,
    started_at_ms INTEGER NOT NULL,
    duration_ms   INTEGER,             -- NULL while it is being written
    sha256        TEXT,
    cut_short     TEXT,
    PRIMARY KEY (call_id, n)
) STRICT, WITHOUT ROWID;

CREATE INDEX call_recordings_file ON call_recordings (file);
CREATE INDEX call_recordings_started ON call_recordings (started_at_ms);

-- What agents did: their events, and where each stands now.
CREATE TABLE agent_events (
    agent TEXT    NOT NULL,
    seq   INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    type  TEXT    NOT NULL,
    body  TEXT    NOT NULL,
    PRIMARY KEY (agent, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX agent_events_seq ON agent_events (seq);
CREATE INDEX agent_events_at ON agent_events (agent, at_ms);

CREATE TABLE agents (
    agent  TEXT    NOT NULL PRIMARY KEY,
    seq    INTEGER NOT NULL,           -- the event that it follows from
    status TEXT    NOT NULL,
    record TEXT    NOT NULL            -- the whole record, JSON
) STRICT, WITHOUT ROWID;

-- Which rules the records were folded by, and up to which call those of older rules have been done.
CREATE TABLE fold (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    behind  TEXT    NOT NULL
) STRICT;

INSERT INTO fold (id, version, behind) VALUES (1, 0, '');
