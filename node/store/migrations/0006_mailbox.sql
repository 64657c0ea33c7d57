-- mailbox_table: letters held for others; the id counts up, never comes back, and is the cursor of collection.
CREATE TABLE mailbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    letter      BLOB    NOT NULL UNIQUE CHECK (length(letter) = 32),
    bottle      BLOB    NOT NULL CHECK (length(bottle) = 32),
    claimant    BLOB    NOT NULL CHECK (length(claimant) = 32),
    address     BLOB    NOT NULL CHECK (length(address) = 32),
    side        INTEGER NOT NULL DEFAULT 0,
    seq         INTEGER NOT NULL DEFAULT 0,
    work        INTEGER NOT NULL DEFAULT 0,
    bytes       INTEGER NOT NULL DEFAULT 0,
    received_ms INTEGER NOT NULL DEFAULT 0,
    until_ms    INTEGER NOT NULL DEFAULT 0,
    deposit     BLOB    NOT NULL DEFAULT X''
) STRICT;

-- mailbox_by_bottle: what policy counts and evicts.
CREATE INDEX mailbox_by_bottle ON mailbox (bottle);
-- mailbox_by_address: collection by prefix.
CREATE INDEX mailbox_by_address ON mailbox (address);
-- mailbox_by_end: the expiry sweep.
CREATE INDEX mailbox_by_end ON mailbox (until_ms);

-- mailbox_totals_table: one row, kept by triggers, so that a quota is one read.
CREATE TABLE mailbox_totals (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 0),
    letters INTEGER NOT NULL DEFAULT 0,
    bytes   INTEGER NOT NULL DEFAULT 0
) STRICT;

-- mailbox_totals_start: the one row.
INSERT INTO mailbox_totals (id) VALUES (0);

-- mailbox_letter_added: counts a letter in.
CREATE TRIGGER mailbox_letter_added AFTER INSERT ON mailbox BEGIN
    UPDATE mailbox_totals SET letters = letters + 1, bytes = bytes + NEW.bytes WHERE id = 0;
END;

-- mailbox_letter_removed: counts a letter out.
CREATE TRIGGER mailbox_letter_removed AFTER DELETE ON mailbox BEGIN
    UPDATE mailbox_totals SET letters = letters - 1, bytes = bytes - OLD.bytes WHERE id = 0;
END;
