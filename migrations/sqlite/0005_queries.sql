-- What was asked: runs of queries, their kept results, saved texts.

CREATE TABLE queries (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB REFERENCES users (id),
    service_account_id BLOB REFERENCES service_accounts (id),
    project_id BLOB REFERENCES projects (id),
    sql_text TEXT NOT NULL,
    state TEXT NOT NULL,
    code TEXT,
    message TEXT,
    row_count BIGINT NOT NULL,
    scanned_bytes BIGINT NOT NULL,
    elapsed_ms BIGINT NOT NULL,
    fingerprint TEXT,
    columns TEXT,
    result_bytes BIGINT NOT NULL,
    result_until TEXT,
    started_at TEXT NOT NULL,
    ended_at TEXT
);
CREATE INDEX queries_user ON queries (user_id, started_at);
CREATE INDEX queries_result ON queries (result_until);

CREATE TABLE saved_queries (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    owner_id BLOB NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT NOT NULL,
    sql_text TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX saved_queries_name ON saved_queries (project_id, name_key);
