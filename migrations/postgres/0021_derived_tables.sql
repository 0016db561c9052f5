-- Tables that queries make, as service accounts; and who may act as these.

-- People whom an owner named as acting as a service account of the project.
CREATE TABLE service_account_actors (
    service_account_id UUID NOT NULL REFERENCES service_accounts (id),
    user_id UUID NOT NULL REFERENCES users (id),
    added_by TEXT COLLATE "C" NOT NULL,
    added_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (service_account_id, user_id)
);
CREATE INDEX service_account_actors_user ON service_account_actors (user_id);

CREATE TABLE derived_tables (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL,
    environment_id UUID NOT NULL REFERENCES environments (id),
    name TEXT COLLATE "C" NOT NULL,
    -- The number of its latest definition.
    version BIGINT NOT NULL,
    created_by UUID NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL,
    -- What it made; absent until its query has run well.
    table_id UUID REFERENCES tables (id),
    built_at TIMESTAMPTZ,
    built_version BIGINT
);
CREATE UNIQUE INDEX derived_tables_name ON derived_tables (environment_id, name);
CREATE UNIQUE INDEX derived_tables_table ON derived_tables (table_id);
CREATE INDEX derived_tables_project ON derived_tables (project_id, id);

-- Definitions never change: a change is a new number.
CREATE TABLE derived_versions (
    derived_id UUID NOT NULL REFERENCES derived_tables (id),
    number BIGINT NOT NULL,
    sql_text TEXT COLLATE "C" NOT NULL,
    service_account_id UUID NOT NULL REFERENCES service_accounts (id),
    created_by TEXT COLLATE "C" NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (derived_id, number)
);

-- What the rows of a table were read from: who reads the table has to see as much of each. It outlives the query.
CREATE TABLE derived_sources (
    table_id UUID NOT NULL REFERENCES tables (id),
    source_id UUID NOT NULL REFERENCES tables (id),
    owner_id UUID NOT NULL,
    service_account_id UUID NOT NULL REFERENCES service_accounts (id),
    project_id UUID NOT NULL,
    columns JSONB NOT NULL,
    sight TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (table_id, source_id)
);
CREATE INDEX derived_sources_source ON derived_sources (source_id);

-- What columns have inherited once: what a steward took off again does not come back.
CREATE TABLE derived_marks (
    table_id UUID NOT NULL REFERENCES tables (id),
    column_id UUID NOT NULL REFERENCES columns (id),
    -- A governed tag, with how it came: 'value pii', 'influence pii'.
    mark TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (table_id, column_id, mark)
);

-- Files of earlier results, which queries that began before may still read.
CREATE TABLE derived_leftovers (
    id UUID NOT NULL PRIMARY KEY,
    table_id UUID NOT NULL REFERENCES tables (id),
    path TEXT COLLATE "C" NOT NULL,
    replaced_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX derived_leftovers_due ON derived_leftovers (replaced_at);
CREATE INDEX derived_leftovers_table ON derived_leftovers (table_id);
