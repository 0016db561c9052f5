-- Rules on cells: row filters of grants, restrictions with their exemptions, and what is known of people for filters.
ALTER TABLE grants ADD COLUMN row_filter TEXT COLLATE "C";

CREATE TABLE restrictions (
    id UUID NOT NULL PRIMARY KEY,
    table_id UUID REFERENCES tables (id),
    tag TEXT COLLATE "C",
    effect TEXT COLLATE "C" NOT NULL,
    mask TEXT COLLATE "C",
    filter TEXT COLLATE "C",
    reason TEXT COLLATE "C" NOT NULL,
    created_by UUID NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    ended_by UUID REFERENCES users (id),
    ended_at TIMESTAMPTZ
);
CREATE INDEX restrictions_table ON restrictions (table_id);
CREATE INDEX restrictions_tag ON restrictions (tag);

CREATE TABLE restriction_columns (
    restriction_id UUID NOT NULL REFERENCES restrictions (id),
    column_id UUID NOT NULL REFERENCES columns (id),
    PRIMARY KEY (restriction_id, column_id)
);

CREATE TABLE restriction_exemptions (
    restriction_id UUID NOT NULL REFERENCES restrictions (id),
    kind TEXT COLLATE "C" NOT NULL,
    principal_id UUID NOT NULL,
    PRIMARY KEY (restriction_id, kind, principal_id)
);

CREATE TABLE user_attributes (
    user_id UUID NOT NULL REFERENCES users (id),
    name TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, name)
);
