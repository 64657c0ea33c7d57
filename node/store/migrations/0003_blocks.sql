-- blocks_table: the truth about blocks in the block store: an intent first, then the put or pin, then done.
CREATE TABLE blocks (
    body       BLOB    NOT NULL PRIMARY KEY CHECK (length(body) = 32),
    intent     INTEGER NOT NULL DEFAULT 0,
    done       INTEGER NOT NULL DEFAULT 0,
    pinned     INTEGER NOT NULL DEFAULT 0,
    bytes      INTEGER NOT NULL DEFAULT 0,
    changed_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- blocks_open: intents that were begun and not finished; the sweep at start reads them.
CREATE INDEX blocks_open ON blocks (changed_ms) WHERE done = 0;
