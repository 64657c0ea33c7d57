-- deposits_table: the outbox. A deposit is public ciphertext, so its bytes are not sealed again.
CREATE TABLE deposits (
    letter     BLOB    NOT NULL PRIMARY KEY CHECK (length(letter) = 32),
    bottle     BLOB    NOT NULL CHECK (length(bottle) = 32),
    address    BLOB    NOT NULL CHECK (length(address) = 32),
    deposit    BLOB    NOT NULL DEFAULT X'',
    state      INTEGER NOT NULL DEFAULT 0,
    tries      INTEGER NOT NULL DEFAULT 0,
    made_ms    INTEGER NOT NULL DEFAULT 0,
    next_ms    INTEGER NOT NULL DEFAULT 0,
    until_ms   INTEGER NOT NULL DEFAULT 0
) STRICT;

-- receipts_table: signed promises of mailboxes to keep a letter.
CREATE TABLE receipts (
    letter   BLOB    NOT NULL CHECK (length(letter) = 32),
    mailbox  BLOB    NOT NULL,
    receipt  BLOB    NOT NULL DEFAULT X'',
    got_ms   INTEGER NOT NULL DEFAULT 0,
    until_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (letter, mailbox)
) STRICT, WITHOUT ROWID;

-- threads_table: letters that belong together, with the keys of the next turn.
CREATE TABLE threads (
    thread              BLOB    NOT NULL PRIMARY KEY CHECK (length(thread) = 32),
    bottle              BLOB    NOT NULL CHECK (length(bottle) = 32),
    claimant            BLOB    NOT NULL CHECK (length(claimant) = 32),
    side                INTEGER NOT NULL DEFAULT 0,
    my_wish             INTEGER NOT NULL DEFAULT 0,
    their_wish          INTEGER NOT NULL DEFAULT 0,
    turns               INTEGER NOT NULL DEFAULT 0,
    unread              INTEGER NOT NULL DEFAULT 0,
    last_ms             INTEGER NOT NULL DEFAULT 0,
    their_reply_key     BLOB    NOT NULL DEFAULT X'',
    reply_secret_sealed BLOB    NOT NULL DEFAULT X'',
    pet_name_sealed     BLOB    NOT NULL DEFAULT X''
) STRICT;

-- threads_by_time: the list of threads, newest first.
CREATE INDEX threads_by_time ON threads (last_ms);

-- letters_table: letters received and sent, as this user may read them.
CREATE TABLE letters (
    letter              BLOB    NOT NULL PRIMARY KEY CHECK (length(letter) = 32),
    thread              BLOB    NOT NULL CHECK (length(thread) = 32),
    bottle              BLOB    NOT NULL CHECK (length(bottle) = 32),
    way                 INTEGER NOT NULL DEFAULT 0,
    seq                 INTEGER NOT NULL DEFAULT 0,
    kind                INTEGER NOT NULL DEFAULT 0,
    light               INTEGER NOT NULL DEFAULT 0,
    is_read             INTEGER NOT NULL DEFAULT 0,
    at_ms               INTEGER NOT NULL DEFAULT 0,
    reply_key           BLOB    NOT NULL DEFAULT X'',
    text_sealed         BLOB    NOT NULL DEFAULT X'',
    reply_secret_sealed BLOB    NOT NULL DEFAULT X''
) STRICT;

-- letters_by_thread: one thread from its beginning.
CREATE INDEX letters_by_thread ON letters (thread, at_ms);

-- mail_watches_table: the addresses this user asks mailboxes about, and when next.
CREATE TABLE mail_watches (
    address  BLOB    NOT NULL PRIMARY KEY CHECK (length(address) = 32),
    bottle   BLOB    NOT NULL CHECK (length(bottle) = 32),
    next_ms  INTEGER NOT NULL DEFAULT 0,
    until_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
