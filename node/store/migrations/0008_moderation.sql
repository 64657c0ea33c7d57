-- hidden_table: bottles this user does not want to see.
CREATE TABLE hidden (
    bottle BLOB    NOT NULL PRIMARY KEY CHECK (length(bottle) = 32),
    reason INTEGER NOT NULL DEFAULT 0,
    at_ms  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- blocked_table: authors, letter threads and personas that are blocked.
CREATE TABLE blocked (
    kind  INTEGER NOT NULL,
    key   BLOB    NOT NULL CHECK (length(key) = 32),
    at_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- reports_table: what was reported, with sealed evidence.
CREATE TABLE reports (
    report          BLOB    NOT NULL PRIMARY KEY CHECK (length(report) = 32),
    bottle          BLOB    NOT NULL CHECK (length(bottle) = 32),
    reason          INTEGER NOT NULL DEFAULT 0,
    at_ms           INTEGER NOT NULL DEFAULT 0,
    evidence_sealed BLOB    NOT NULL DEFAULT X'',
    note_sealed     BLOB    NOT NULL DEFAULT X''
) STRICT;

-- denylist_table: content ids that are never stored nor shown, by list.
CREATE TABLE denylist (
    digest BLOB    NOT NULL CHECK (length(digest) = 32),
    list   TEXT    NOT NULL DEFAULT '',
    at_ms  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (digest, list)
) STRICT, WITHOUT ROWID;
