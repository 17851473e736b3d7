-- People and their telephones: what is decided by hand, and what must outlive a restart. Times are UTC milliseconds.

CREATE TABLE agents (
    id            TEXT    NOT NULL PRIMARY KEY,
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    queues        TEXT    NOT NULL,          -- JSON: name → tier
    skills        TEXT    NOT NULL,          -- JSON: name → level
    wrap_up_s     INTEGER,
    enabled       INTEGER NOT NULL,
    realm         TEXT    NOT NULL,          -- that the hashes were made for
    ha1_md5       TEXT    NOT NULL,
    ha1_sha256    TEXT    NOT NULL,
    test_password INTEGER NOT NULL,          -- a password that only a test may have
    created_ms    INTEGER NOT NULL,
    changed_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Grows with every change of an agent, whoever makes it: a running server looks at it.
CREATE TABLE changes (
    id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    agents INTEGER NOT NULL
) STRICT;

INSERT INTO changes (id, agents) VALUES (1, 1);

CREATE TRIGGER agents_added AFTER INSERT ON agents BEGIN UPDATE changes SET agents = agents + 1; END;
CREATE TRIGGER agents_changed AFTER UPDATE ON agents BEGIN UPDATE changes SET agents = agents + 1; END;
CREATE TRIGGER agents_removed AFTER DELETE ON agents BEGIN UPDATE changes SET agents = agents + 1; END;

-- Telephones, as the registrar knew them a few seconds ago; a new one is here before it is told so.
CREATE TABLE bindings (
    agent      TEXT    NOT NULL,
    contact    TEXT    NOT NULL,
    transport  TEXT    NOT NULL,
    local      TEXT    NOT NULL,
    remote     TEXT    NOT NULL,
    instance   TEXT,
    q          INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    call_id    TEXT    NOT NULL,
    cseq       INTEGER NOT NULL,
    user_agent TEXT    NOT NULL,
    PRIMARY KEY (agent, contact)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    id         TEXT    NOT NULL PRIMARY KEY,
    hash       TEXT    NOT NULL UNIQUE,      -- SHA-256 of the secret, which is random and long
    name       TEXT    NOT NULL,
    role       TEXT    NOT NULL,
    agent      TEXT,                         -- the only one it may act for
    made_by    TEXT    NOT NULL,
    made_ms    INTEGER NOT NULL,
    expires_ms INTEGER,
    revoked_ms INTEGER
) STRICT, WITHOUT ROWID;
