-- Rules on cells: row filters of grants, restrictions with their exemptions, and what is known of people for filters.
ALTER TABLE grants ADD COLUMN row_filter TEXT;

CREATE TABLE restrictions (
    id BLOB NOT NULL PRIMARY KEY,
    table_id BLOB REFERENCES tables (id),
    tag TEXT,
    effect TEXT NOT NULL,
    mask TEXT,
    filter TEXT,
    reason TEXT NOT NULL,
    created_by BLOB NOT NULL REFERENCES users (id),
    created_at TEXT NOT NULL,
    ended_by BLOB REFERENCES users (id),
    ended_at TEXT
);
CREATE INDEX restrictions_table ON restrictions (table_id);
CREATE INDEX restrictions_tag ON restrictions (tag);

CREATE TABLE restriction_columns (
    restriction_id BLOB NOT NULL REFERENCES restrictions (id),
    column_id BLOB NOT NULL REFERENCES columns (id),
    PRIMARY KEY (restriction_id, column_id)
);

CREATE TABLE restriction_exemptions (
    restriction_id BLOB NOT NULL REFERENCES restrictions (id),
    kind TEXT NOT NULL,
    principal_id BLOB NOT NULL,
    PRIMARY KEY (restriction_id, kind, principal_id)
);

CREATE TABLE user_attributes (
    user_id BLOB NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (user_id, name)
);
