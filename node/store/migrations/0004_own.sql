-- own_bottles_table: what this user threw. Columns named *_sealed hold ciphertext under the storage key.
CREATE TABLE own_bottles (
    bottle         BLOB    NOT NULL PRIMARY KEY CHECK (length(bottle) = 32),
    nonce          BLOB    NOT NULL CHECK (length(nonce) = 16),
    body           BLOB    NOT NULL CHECK (length(body) = 32),
    message_sealed BLOB    NOT NULL DEFAULT X'',
    text_sealed    BLOB    NOT NULL DEFAULT X'',
    nick_sealed    BLOB    NOT NULL DEFAULT X'',
    tags_sealed    BLOB    NOT NULL DEFAULT X'',
    created_ms     INTEGER NOT NULL DEFAULT 0,
    thrown_at      INTEGER NOT NULL DEFAULT 0,
    expires_at     INTEGER NOT NULL DEFAULT 0,
    slots          INTEGER NOT NULL DEFAULT 3,
    state          INTEGER NOT NULL DEFAULT 0,
    handed         INTEGER NOT NULL DEFAULT 0,
    seen           INTEGER NOT NULL DEFAULT 0,
    caught         INTEGER NOT NULL DEFAULT 0,
    answers        INTEGER NOT NULL DEFAULT 0,
    recasts        INTEGER NOT NULL DEFAULT 0
) STRICT;

-- own_claims_table: the claims this user made, with the sealed one-time claimant secret.
CREATE TABLE own_claims (
    claimant      BLOB    NOT NULL PRIMARY KEY CHECK (length(claimant) = 32),
    bottle        BLOB    NOT NULL CHECK (length(bottle) = 32),
    secret_sealed BLOB    NOT NULL DEFAULT X'',
    claim         BLOB    NOT NULL DEFAULT X'',
    tick          INTEGER NOT NULL DEFAULT 0,
    made_ms       INTEGER NOT NULL DEFAULT 0,
    state         INTEGER NOT NULL DEFAULT 0,
    light_sent    INTEGER NOT NULL DEFAULT 0,
    letter_sent   INTEGER NOT NULL DEFAULT 0
) STRICT;

-- own_claims_by_bottle: does this user hold a claim for this bottle?
CREATE INDEX own_claims_by_bottle ON own_claims (bottle);

-- falls_table: stones that fell past, so that each may fall again later, and not too often.
CREATE TABLE falls (
    bottle  BLOB    NOT NULL PRIMARY KEY CHECK (length(bottle) = 32),
    times   INTEGER NOT NULL DEFAULT 0,
    last_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- collection_table: opened and kept bottles and fragments. Nothing in it leaves this device.
CREATE TABLE collection (
    id            INTEGER PRIMARY KEY,
    bottle        BLOB    NOT NULL UNIQUE CHECK (length(bottle) = 32),
    kind          INTEGER NOT NULL DEFAULT 0,
    opened_ms     INTEGER NOT NULL DEFAULT 0,
    header_sealed BLOB    NOT NULL DEFAULT X'',
    text_sealed   BLOB    NOT NULL DEFAULT X'',
    nick_sealed   BLOB    NOT NULL DEFAULT X'',
    tags_sealed   BLOB    NOT NULL DEFAULT X'',
    note_sealed   BLOB    NOT NULL DEFAULT X''
) STRICT;

-- collection_by_time: the collection page.
CREATE INDEX collection_by_time ON collection (kind, opened_ms);

-- drafts_table: what was begun and not sent.
CREATE TABLE drafts (
    draft       TEXT    NOT NULL PRIMARY KEY,
    text_sealed BLOB    NOT NULL DEFAULT X'',
    changed_ms  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- core_rows_table: rows of the pure cores (own bottles' delivery, catches, economy, outbox), in the cores' own encoding.
CREATE TABLE core_rows (
    core         TEXT NOT NULL,
    row          BLOB NOT NULL,
    state_sealed BLOB NOT NULL DEFAULT X'',
    PRIMARY KEY (core, row)
) STRICT, WITHOUT ROWID;
