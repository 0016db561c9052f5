-- Grants that come without a request: to people, groups, machines, roles, projects or everyone.
CREATE TABLE direct_grants (
    id BLOB NOT NULL PRIMARY KEY,
    grantee_kind TEXT NOT NULL,
    grantee_id BLOB,
    grantee_role TEXT,
    table_id BLOB REFERENCES tables (id),
    database_id BLOB REFERENCES databases (id),
    tag TEXT,
    -- What every tag that the grant covers begins with: narrows the search for them.
    tag_prefix TEXT,
    columns_mode TEXT NOT NULL,
    row_filter TEXT,
    can_export BOOLEAN NOT NULL,
    can_grant BOOLEAN NOT NULL,
    parent_id BLOB REFERENCES direct_grants (id),
    reason TEXT NOT NULL,
    granted_by BLOB NOT NULL REFERENCES users (id),
    created_at TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_until TEXT,
    ended_at TEXT,
    ended_by BLOB REFERENCES users (id)
);
CREATE INDEX direct_grants_table ON direct_grants (table_id, grantee_id);
CREATE INDEX direct_grants_database ON direct_grants (database_id);
CREATE INDEX direct_grants_grantee ON direct_grants (grantee_id);
CREATE INDEX direct_grants_tag ON direct_grants (tag);
CREATE INDEX direct_grants_parent ON direct_grants (parent_id);
CREATE INDEX direct_grants_until ON direct_grants (valid_until);

CREATE TABLE direct_grant_columns (
    grant_id BLOB NOT NULL REFERENCES direct_grants (id),
    column_id BLOB NOT NULL REFERENCES columns (id),
    PRIMARY KEY (grant_id, column_id)
);
