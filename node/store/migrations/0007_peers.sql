-- peers_table: peers that were reached before, so that a start needs no server.
CREATE TABLE peers (
    peer         BLOB    NOT NULL PRIMARY KEY CHECK (length(peer) BETWEEN 1 AND 64),
    addresses    TEXT    NOT NULL DEFAULT '',
    source       INTEGER NOT NULL DEFAULT 0,
    last_seen_ms INTEGER NOT NULL DEFAULT 0,
    last_try_ms  INTEGER NOT NULL DEFAULT 0,
    failures     INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- peers_by_hope: whom to dial first.
CREATE INDEX peers_by_hope ON peers (failures, last_seen_ms);
