-- Grants that come without a request: to people, groups, machines, roles, projects or everyone.
CREATE TABLE direct_grants (
    id UUID NOT NULL PRIMARY KEY,
    grantee_kind TEXT COLLATE "C" NOT NULL,
    grantee_id UUID,
    grantee_role TEXT COLLATE "C",
    table_id UUID REFERENCES tables (id),
    database_id UUID REFERENCES databases (id),
    tag TEXT COLLATE "C",
    -- What every tag that the grant covers begins with: narrows the search for them.
    tag_prefix TEXT COLLATE "C",
    columns_mode TEXT COLLATE "C" NOT NULL,
    row_filter TEXT COLLATE "C",
    can_export BOOLEAN NOT NULL,
    can_grant BOOLEAN NOT NULL,
    parent_id UUID REFERENCES direct_grants (id),
    reason TEXT COLLATE "C" NOT NULL,
    granted_by UUID NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    valid_until TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    ended_by UUID REFERENCES users (id)
);
CREATE INDEX direct_grants_table ON direct_grants (table_id, grantee_id);
CREATE INDEX direct_grants_database ON direct_grants (database_id);
CREATE INDEX direct_grants_grantee ON direct_grants (grantee_id);
CREATE INDEX direct_grants_tag ON direct_grants (tag);
CREATE INDEX direct_grants_parent ON direct_grants (parent_id);
CREATE INDEX direct_grants_until ON direct_grants (valid_until);

CREATE TABLE direct_grant_columns (
    grant_id UUID NOT NULL REFERENCES direct_grants (id),
    column_id UUID NOT NULL REFERENCES columns (id),
    PRIMARY KEY (grant_id, column_id)
);
