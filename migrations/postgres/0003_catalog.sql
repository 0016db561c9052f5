-- What there is: tables and columns, the assets over them, their words and their history.

CREATE TABLE tables (
    id UUID NOT NULL PRIMARY KEY,
    database_id UUID NOT NULL REFERENCES databases (id),
    name TEXT COLLATE "C" NOT NULL,
    -- Under which name discovery knows the table; its own name may carry a number.
    found_name TEXT COLLATE "C" NOT NULL,
    location TEXT COLLATE "C" NOT NULL,
    connection_id UUID REFERENCES connections (id),
    format JSONB NOT NULL,
    data_version TEXT COLLATE "C" NOT NULL,
    managed BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX tables_name ON tables (database_id, name);
CREATE INDEX tables_location ON tables (database_id, location);

CREATE TABLE columns (
    id UUID NOT NULL PRIMARY KEY,
    table_id UUID NOT NULL REFERENCES tables (id),
    name TEXT COLLATE "C" NOT NULL,
    ordinal BIGINT NOT NULL,
    column_type JSONB NOT NULL,
    nullable BOOLEAN NOT NULL,
    is_partition BOOLEAN NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    unlisted BOOLEAN NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL
);
CREATE UNIQUE INDEX columns_name ON columns (table_id, name);

CREATE TABLE data_files (
    table_id UUID NOT NULL REFERENCES tables (id),
    path TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    etag TEXT COLLATE "C",
    modified_at TIMESTAMPTZ NOT NULL,
    partitions JSONB NOT NULL,
    PRIMARY KEY (table_id, path)
);

CREATE TABLE assets (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    table_id UUID REFERENCES tables (id),
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    description TEXT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    discover TEXT COLLATE "C",
    certified BOOLEAN NOT NULL,
    owner_id UUID REFERENCES users (id),
    source_id UUID,
    successor_id UUID REFERENCES assets (id),
    deprecated_from TIMESTAMPTZ,
    deprecation_note TEXT NOT NULL,
    revision BIGINT NOT NULL,
    published_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX assets_name ON assets (project_id, name_key);
CREATE UNIQUE INDEX assets_table ON assets (table_id);
CREATE INDEX assets_status ON assets (status);

CREATE TABLE asset_revisions (
    asset_id UUID NOT NULL REFERENCES assets (id),
    revision BIGINT NOT NULL,
    summary TEXT NOT NULL,
    snapshot JSONB NOT NULL,
    actor TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (asset_id, revision)
);

-- Tags of an asset (no column) or of one of its columns.
CREATE TABLE asset_tags (
    id UUID NOT NULL PRIMARY KEY,
    asset_id UUID NOT NULL REFERENCES assets (id),
    column_id UUID REFERENCES columns (id),
    tag TEXT COLLATE "C" NOT NULL
);
CREATE INDEX asset_tags_asset ON asset_tags (asset_id);
CREATE INDEX asset_tags_tag ON asset_tags (tag);

CREATE TABLE glossary_terms (
    id UUID NOT NULL PRIMARY KEY,
    domain_id UUID NOT NULL REFERENCES domains (id),
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    definition TEXT NOT NULL,
    created_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX glossary_terms_name ON glossary_terms (domain_id, name_key);

CREATE TABLE term_links (
    id UUID NOT NULL PRIMARY KEY,
    term_id UUID NOT NULL REFERENCES glossary_terms (id),
    asset_id UUID NOT NULL REFERENCES assets (id),
    column_id UUID REFERENCES columns (id)
);
CREATE INDEX term_links_term ON term_links (term_id);
CREATE INDEX term_links_asset ON term_links (asset_id);

CREATE TABLE name_suggestions (
    id UUID NOT NULL PRIMARY KEY,
    asset_id UUID NOT NULL REFERENCES assets (id),
    column_id UUID REFERENCES columns (id),
    value TEXT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    decided_by UUID,
    decided_at TIMESTAMPTZ
);
CREATE INDEX name_suggestions_asset ON name_suggestions (asset_id);

CREATE TABLE asset_marks (
    user_id UUID NOT NULL REFERENCES users (id),
    asset_id UUID NOT NULL REFERENCES assets (id),
    mark TEXT COLLATE "C" NOT NULL,
    marked_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, asset_id, mark)
);
CREATE INDEX asset_marks_asset ON asset_marks (asset_id);

CREATE TABLE questions (
    id UUID NOT NULL PRIMARY KEY,
    asset_id UUID NOT NULL REFERENCES assets (id),
    author_id UUID NOT NULL REFERENCES users (id),
    body TEXT NOT NULL,
    answer TEXT,
    answered_by UUID REFERENCES users (id),
    asked_at TIMESTAMPTZ NOT NULL,
    answered_at TIMESTAMPTZ
);
CREATE INDEX questions_asset ON questions (asset_id);

CREATE TABLE data_sources (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    environment_id UUID NOT NULL REFERENCES environments (id),
    connection_id UUID REFERENCES connections (id),
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    location TEXT COLLATE "C" NOT NULL,
    interval_seconds BIGINT,
    next_run_at TIMESTAMPTZ,
    created_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX data_sources_name ON data_sources (project_id, name_key);

CREATE TABLE source_runs (
    id UUID NOT NULL PRIMARY KEY,
    source_id UUID NOT NULL REFERENCES data_sources (id),
    state TEXT COLLATE "C" NOT NULL,
    -- Raised by each claim: a worker that lost its run no longer writes.
    attempt BIGINT NOT NULL,
    trigger_kind TEXT COLLATE "C" NOT NULL,
    started_by TEXT NOT NULL,
    progress JSONB NOT NULL,
    outcome JSONB,
    error TEXT,
    cancel_requested BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    started_at TIMESTAMPTZ,
    beat_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ
);
CREATE INDEX source_runs_source ON source_runs (source_id, created_at);
CREATE INDEX source_runs_state ON source_runs (state);

-- What changed and must reach the search index: numbered by the counter row, in commit order.
CREATE TABLE counters (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('change', 0), ('request', 0), ('audit', 0);

CREATE TABLE changes (
    number BIGINT NOT NULL PRIMARY KEY,
    entity TEXT COLLATE "C" NOT NULL,
    entity_id UUID NOT NULL
);
