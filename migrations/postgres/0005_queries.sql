-- What was asked: runs of queries, their kept results, saved texts.

CREATE TABLE queries (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID REFERENCES users (id),
    service_account_id UUID REFERENCES service_accounts (id),
    project_id UUID REFERENCES projects (id),
    sql_text TEXT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C",
    message TEXT,
    row_count BIGINT NOT NULL,
    scanned_bytes BIGINT NOT NULL,
    elapsed_ms BIGINT NOT NULL,
    fingerprint TEXT COLLATE "C",
    columns JSONB,
    result_bytes BIGINT NOT NULL,
    result_until TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ
);
CREATE INDEX queries_user ON queries (user_id, started_at);
CREATE INDEX queries_result ON queries (result_until);

CREATE TABLE saved_queries (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    owner_id UUID NOT NULL REFERENCES users (id),
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    description TEXT NOT NULL,
    sql_text TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX saved_queries_name ON saved_queries (project_id, name_key);
