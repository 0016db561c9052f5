-- Who may use what: requests, subscriptions, grants, and the messages around them.

CREATE TABLE subscription_requests (
    id BLOB NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    project_id BLOB NOT NULL REFERENCES projects (id),
    asset_id BLOB NOT NULL REFERENCES assets (id),
    requester_id BLOB NOT NULL REFERENCES users (id),
    reason TEXT NOT NULL,
    columns TEXT,
    wanted_until TEXT,
    amends_id BLOB,
    state TEXT NOT NULL,
    decided_by BLOB REFERENCES users (id),
    decided_at TEXT,
    decision_reason TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX subscription_requests_number ON subscription_requests (number);
CREATE UNIQUE INDEX subscription_requests_open ON subscription_requests (project_id, asset_id)
    WHERE state IN ('pending', 'needs_information');
CREATE INDEX subscription_requests_asset ON subscription_requests (asset_id);

-- The thread of a request: every state change and every message, kept.
CREATE TABLE request_entries (
    id BLOB NOT NULL PRIMARY KEY,
    request_id BLOB NOT NULL REFERENCES subscription_requests (id),
    kind TEXT NOT NULL,
    author_id BLOB REFERENCES users (id),
    body TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX request_entries_request ON request_entries (request_id, created_at);

CREATE TABLE subscriptions (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    asset_id BLOB NOT NULL REFERENCES assets (id),
    request_id BLOB NOT NULL REFERENCES subscription_requests (id),
    state TEXT NOT NULL,
    created_at TEXT NOT NULL,
    ended_at TEXT,
    ended_by BLOB,
    end_reason TEXT
);
CREATE UNIQUE INDEX subscriptions_live ON subscriptions (project_id, asset_id) WHERE state = 'active';
CREATE INDEX subscriptions_asset ON subscriptions (asset_id);

CREATE TABLE grants (
    id BLOB NOT NULL PRIMARY KEY,
    subscription_id BLOB NOT NULL REFERENCES subscriptions (id),
    project_id BLOB NOT NULL REFERENCES projects (id),
    table_id BLOB NOT NULL REFERENCES tables (id),
    all_columns BOOLEAN NOT NULL,
    can_export BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    granted_by BLOB NOT NULL,
    valid_from TEXT NOT NULL,
    valid_until TEXT,
    ended_at TEXT
);
CREATE UNIQUE INDEX grants_live ON grants (project_id, table_id) WHERE ended_at IS NULL;
CREATE INDEX grants_subscription ON grants (subscription_id);
CREATE INDEX grants_table ON grants (table_id);

CREATE TABLE grant_columns (
    grant_id BLOB NOT NULL REFERENCES grants (id),
    column_id BLOB NOT NULL REFERENCES columns (id),
    PRIMARY KEY (grant_id, column_id)
);

-- A granted table as it stands in a consumer's sub database.
CREATE TABLE table_links (
    database_id BLOB NOT NULL REFERENCES databases (id),
    table_id BLOB NOT NULL REFERENCES tables (id),
    subscription_id BLOB NOT NULL REFERENCES subscriptions (id),
    name TEXT NOT NULL,
    PRIMARY KEY (database_id, table_id)
);
CREATE UNIQUE INDEX table_links_name ON table_links (database_id, name);
CREATE INDEX table_links_subscription ON table_links (subscription_id);

CREATE TABLE notices (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    link TEXT NOT NULL,
    once_key TEXT,
    created_at TEXT NOT NULL,
    read_at TEXT
);
CREATE INDEX notices_user ON notices (user_id, created_at);
CREATE UNIQUE INDEX notices_once ON notices (user_id, once_key);
