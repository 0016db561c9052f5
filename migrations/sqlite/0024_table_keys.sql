-- What people say identifies the rows of a table, and which columns name rows of another table.

CREATE TABLE table_keys (
    id BLOB NOT NULL PRIMARY KEY,
    table_id BLOB NOT NULL REFERENCES tables (id),
    -- Ids, in the order of the key.
    columns TEXT NOT NULL,
    -- Absent for a primary key.
    target_id BLOB REFERENCES tables (id),
    -- Ids, one for each of the columns; none for a primary key.
    target_columns TEXT NOT NULL,
    declared_by TEXT NOT NULL,
    declared_at TEXT NOT NULL
);
CREATE UNIQUE INDEX table_keys_primary ON table_keys (table_id) WHERE target_id IS NULL;
CREATE UNIQUE INDEX table_keys_foreign ON table_keys (table_id, target_id, columns) WHERE target_id IS NOT NULL;
CREATE INDEX table_keys_target ON table_keys (target_id);
