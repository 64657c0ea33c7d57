-- meta_table: facts about this file that stay on this device (clean shutdown, key check).
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL DEFAULT X''
) STRICT, WITHOUT ROWID;

-- settings_table: what the user chose; part of a backup.
CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
