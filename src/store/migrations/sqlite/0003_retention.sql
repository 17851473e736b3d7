-- Recordings have a time, and those whose time is over are given up. Times are UTC milliseconds.

ALTER TABLE call_recordings ADD COLUMN purged_at_ms INTEGER;

-- What may be past its time: complete, with a file that was not given up yet.
CREATE INDEX call_recordings_kept ON call_recordings (started_at_ms, call_id)
WHERE purged_at_ms IS NULL AND duration_ms IS NOT NULL AND sha256 <> '';

-- Recordings as they are listed.
CREATE VIEW listed_recordings AS
SELECT r.call_id, r.n, r.file, r.purpose, r.started_at_ms, r.duration_ms, r.sha256, r.purged_at_ms,
    c.record->'$.legal_hold' IS NOT NULL AS held
FROM call_recordings r JOIN calls c ON c.call_id = r.call_id;
