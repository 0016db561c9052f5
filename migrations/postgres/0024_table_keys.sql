-- What people say identifies the rows of a table, and which columns name rows of another table.

CREATE TABLE table_keys (
    id UUID NOT NULL PRIMARY KEY,
    table_id UUID NOT NULL REFERENCES tables (id),
    -- Ids, in the order of the key.
    columns JSONB NOT NULL,
    -- Absent for a primary key.
    target_id UUID REFERENCES tables (id),
    -- Ids, one for each of the columns; none for a primary key.
    target_columns JSONB NOT NULL,
    declared_by TEXT COLLATE "C" NOT NULL,
    declared_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX table_keys_primary ON table_keys (table_id) WHERE target_id IS NULL;
CREATE UNIQUE INDEX table_keys_foreign ON table_keys (table_id, target_id, columns) WHERE target_id IS NOT NULL;
CREATE INDEX table_keys_target ON table_keys (target_id);
