-- headers_table: the compact facts of every known bottle; the signed bytes live beside it, so that reading the whole index stays small.
CREATE TABLE headers (
    id            INTEGER PRIMARY KEY,
    bottle        BLOB    NOT NULL UNIQUE CHECK (length(bottle) = 32),
    author        BLOB    NOT NULL CHECK (length(author) = 32),
    body          BLOB    NOT NULL CHECK (length(body) = 32),
    body_len      INTEGER NOT NULL DEFAULT 0,
    shard         INTEGER NOT NULL DEFAULT 0,
    thrown_at     INTEGER NOT NULL DEFAULT 0,
    expires_at    INTEGER NOT NULL DEFAULT 0,
    first_seen_ms INTEGER NOT NULL DEFAULT 0,
    lang          TEXT    NOT NULL DEFAULT '',
    mood          BLOB    NOT NULL DEFAULT X'0000000000000000' CHECK (length(mood) = 8),
    strongest     INTEGER NOT NULL DEFAULT 0,
    tone          INTEGER NOT NULL DEFAULT 0,
    art           INTEGER NOT NULL DEFAULT 0,
    length        INTEGER NOT NULL DEFAULT 0,
    slots         INTEGER NOT NULL DEFAULT 3,
    bits          INTEGER NOT NULL DEFAULT 0,
    flags         INTEGER NOT NULL DEFAULT 0,
    -- 0 may fall, 1 hidden by the user, 2 never shown (own, sunk, forward only).
    visibility    INTEGER NOT NULL GENERATED ALWAYS AS
                  (CASE WHEN flags & 13 THEN 2 WHEN flags & 2 THEN 1 ELSE 0 END) VIRTUAL
) STRICT;

-- headers_by_time: the sky page without a filter.
CREATE INDEX headers_by_time ON headers (visibility, first_seen_ms);
-- headers_by_mood: the sky page filtered by mood.
CREATE INDEX headers_by_mood ON headers (visibility, strongest, first_seen_ms);
-- headers_by_lang: the sky page filtered by language, and by language and mood.
CREATE INDEX headers_by_lang ON headers (visibility, lang, strongest, first_seen_ms);
-- headers_by_end: the expiry sweep.
CREATE INDEX headers_by_end ON headers (expires_at);

-- header_bytes_table: payload and signature exactly as received.
CREATE TABLE header_bytes (
    id        INTEGER PRIMARY KEY REFERENCES headers (id) ON DELETE CASCADE,
    payload   BLOB NOT NULL DEFAULT X'',
    signature BLOB NOT NULL DEFAULT X''
) STRICT;

-- catches_table: the kept claims, throw-backs, withdrawals and recasts of each bottle, as received and in their order.
CREATE TABLE catches (
    bottle   BLOB    NOT NULL CHECK (length(bottle) = 32),
    position INTEGER NOT NULL,
    message  BLOB    NOT NULL DEFAULT X'',
    PRIMARY KEY (bottle, position)
) STRICT, WITHOUT ROWID;

-- equivocations_table: author keys that signed two headers, with the two bottles that prove it.
CREATE TABLE equivocations (
    author BLOB    NOT NULL PRIMARY KEY CHECK (length(author) = 32),
    first  BLOB    NOT NULL CHECK (length(first) = 32),
    second BLOB    NOT NULL CHECK (length(second) = 32),
    until  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
