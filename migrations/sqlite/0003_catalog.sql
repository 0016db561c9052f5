-- What there is: tables and columns, the assets over them, their words and their history.

CREATE TABLE tables (
    id BLOB NOT NULL PRIMARY KEY,
    database_id BLOB NOT NULL REFERENCES databases (id),
    name TEXT NOT NULL,
    -- Under which name discovery knows the table; its own name may carry a number.
    found_name TEXT NOT NULL,
    location TEXT NOT NULL,
    connection_id BLOB REFERENCES connections (id),
    format TEXT NOT NULL,
    data_version TEXT NOT NULL,
    managed BOOLEAN NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX tables_name ON tables (database_id, name);
CREATE INDEX tables_location ON tables (database_id, location);

CREATE TABLE columns (
    id BLOB NOT NULL PRIMARY KEY,
    table_id BLOB NOT NULL REFERENCES tables (id),
    name TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    column_type TEXT NOT NULL,
    nullable BOOLEAN NOT NULL,
    is_partition BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    unlisted BOOLEAN NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL
);
CREATE UNIQUE INDEX columns_name ON columns (table_id, name);

CREATE TABLE data_files (
    table_id BLOB NOT NULL REFERENCES tables (id),
    path TEXT NOT NULL,
    size BIGINT NOT NULL,
    etag TEXT,
    modified_at TEXT NOT NULL,
    partitions TEXT NOT NULL,
    PRIMARY KEY (table_id, path)
);

CREATE TABLE assets (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    table_id BLOB REFERENCES tables (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    status TEXT NOT NULL,
    discover TEXT,
    certified BOOLEAN NOT NULL,
    owner_id BLOB REFERENCES users (id),
    source_id BLOB,
    successor_id BLOB REFERENCES assets (id),
    deprecated_from TEXT,
    deprecation_note TEXT NOT NULL,
    revision BIGINT NOT NULL,
    published_at TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX assets_name ON assets (project_id, name_key);
CREATE UNIQUE INDEX assets_table ON assets (table_id);
CREATE INDEX assets_status ON assets (status);

CREATE TABLE asset_revisions (
    asset_id BLOB NOT NULL REFERENCES assets (id),
    revision BIGINT NOT NULL,
    summary TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    actor TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (asset_id, revision)
);

-- Tags of an asset (no column) or of one of its columns.
CREATE TABLE asset_tags (
    id BLOB NOT NULL PRIMARY KEY,
    asset_id BLOB NOT NULL REFERENCES assets (id),
    column_id BLOB REFERENCES columns (id),
    tag TEXT NOT NULL
);
CREATE INDEX asset_tags_asset ON asset_tags (asset_id);
CREATE INDEX asset_tags_tag ON asset_tags (tag);

CREATE TABLE glossary_terms (
    id BLOB NOT NULL PRIMARY KEY,
    domain_id BLOB NOT NULL REFERENCES domains (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    definition TEXT NOT NULL,
    created_by BLOB NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX glossary_terms_name ON glossary_terms (domain_id, name_key);

CREATE TABLE term_links (
    id BLOB NOT NULL PRIMARY KEY,
    term_id BLOB NOT NULL REFERENCES glossary_terms (id),
    asset_id BLOB NOT NULL REFERENCES assets (id),
    column_id BLOB REFERENCES columns (id)
);
CREATE INDEX term_links_term ON term_links (term_id);
CREATE INDEX term_links_asset ON term_links (asset_id);

CREATE TABLE name_suggestions (
    id BLOB NOT NULL PRIMARY KEY,
    asset_id BLOB NOT NULL REFERENCES assets (id),
    column_id BLOB REFERENCES columns (id),
    value TEXT NOT NULL,
    state TEXT NOT NULL,
    decided_by BLOB,
    decided_at TEXT
);
CREATE INDEX name_suggestions_asset ON name_suggestions (asset_id);

CREATE TABLE asset_marks (
    user_id BLOB NOT NULL REFERENCES users (id),
    asset_id BLOB NOT NULL REFERENCES assets (id),
    mark TEXT NOT NULL,
    marked_at TEXT NOT NULL,
    PRIMARY KEY (user_id, asset_id, mark)
);
CREATE INDEX asset_marks_asset ON asset_marks (asset_id);

CREATE TABLE questions (
    id BLOB NOT NULL PRIMARY KEY,
    asset_id BLOB NOT NULL REFERENCES assets (id),
    author_id BLOB NOT NULL REFERENCES users (id),
    body TEXT NOT NULL,
    answer TEXT,
    answered_by BLOB REFERENCES users (id),
    asked_at TEXT NOT NULL,
    answered_at TEXT
);
CREATE INDEX questions_asset ON questions (asset_id);

CREATE TABLE data_sources (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    environment_id BLOB NOT NULL REFERENCES environments (id),
    connection_id BLOB REFERENCES connections (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    location TEXT NOT NULL,
    interval_seconds BIGINT,
    next_run_at TEXT,
    created_by BLOB NOT NULL,
    created_at TEXT NOT NULL
);
CREATE UNIQUE INDEX data_sources_name ON data_sources (project_id, name_key);

CREATE TABLE source_runs (
    id BLOB NOT NULL PRIMARY KEY,
    source_id BLOB NOT NULL REFERENCES data_sources (id),
    state TEXT NOT NULL,
    -- Raised by each claim: a worker that lost its run no longer writes.
    attempt BIGINT NOT NULL,
    trigger_kind TEXT NOT NULL,
    started_by TEXT NOT NULL,
    progress TEXT NOT NULL,
    outcome TEXT,
    error TEXT,
    cancel_requested BOOLEAN NOT NULL,
    created_at TEXT NOT NULL,
    started_at TEXT,
    beat_at TEXT,
    ended_at TEXT
);
CREATE INDEX source_runs_source ON source_runs (source_id, created_at);
CREATE INDEX source_runs_state ON source_runs (state);

-- What changed and must reach the search index: numbered by the counter row, in commit order.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('change', 0), ('request', 0), ('audit', 0);

CREATE TABLE changes (
    number BIGINT NOT NULL PRIMARY KEY,
    entity TEXT NOT NULL,
    entity_id BLOB NOT NULL
);
