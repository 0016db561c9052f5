-- Who may use what: requests, subscriptions, grants, and the messages around them.

CREATE TABLE subscription_requests (
    id UUID NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    project_id UUID NOT NULL REFERENCES projects (id),
    asset_id UUID NOT NULL REFERENCES assets (id),
    requester_id UUID NOT NULL REFERENCES users (id),
    reason TEXT NOT NULL,
    columns JSONB,
    wanted_until TIMESTAMPTZ,
    amends_id UUID,
    state TEXT COLLATE "C" NOT NULL,
    decided_by UUID REFERENCES users (id),
    decided_at TIMESTAMPTZ,
    decision_reason TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX subscription_requests_number ON subscription_requests (number);
CREATE UNIQUE INDEX subscription_requests_open ON subscription_requests (project_id, asset_id)
    WHERE state IN ('pending', 'needs_information');
CREATE INDEX subscription_requests_asset ON subscription_requests (asset_id);

-- The thread of a request: every state change and every message, kept.
CREATE TABLE request_entries (
    id UUID NOT NULL PRIMARY KEY,
    request_id UUID NOT NULL REFERENCES subscription_requests (id),
    kind TEXT COLLATE "C" NOT NULL,
    author_id UUID REFERENCES users (id),
    body TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX request_entries_request ON request_entries (request_id, created_at);

CREATE TABLE subscriptions (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    asset_id UUID NOT NULL REFERENCES assets (id),
    request_id UUID NOT NULL REFERENCES subscription_requests (id),
    state TEXT COLLATE "C" NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    ended_by UUID,
    end_reason TEXT
);
CREATE UNIQUE INDEX subscriptions_live ON subscriptions (project_id, asset_id) WHERE state = 'active';
CREATE INDEX subscriptions_asset ON subscriptions (asset_id);

CREATE TABLE grants (
    id UUID NOT NULL PRIMARY KEY,
    subscription_id UUID NOT NULL REFERENCES subscriptions (id),
    project_id UUID NOT NULL REFERENCES projects (id),
    table_id UUID NOT NULL REFERENCES tables (id),
    all_columns BOOLEAN NOT NULL,
    can_export BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    granted_by UUID NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    valid_until TIMESTAMPTZ,
    ended_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX grants_live ON grants (project_id, table_id) WHERE ended_at IS NULL;
CREATE INDEX grants_subscription ON grants (subscription_id);
CREATE INDEX grants_table ON grants (table_id);

CREATE TABLE grant_columns (
    grant_id UUID NOT NULL REFERENCES grants (id),
    column_id UUID NOT NULL REFERENCES columns (id),
    PRIMARY KEY (grant_id, column_id)
);

-- A granted table as it stands in a consumer's sub database.
CREATE TABLE table_links (
    database_id UUID NOT NULL REFERENCES databases (id),
    table_id UUID NOT NULL REFERENCES tables (id),
    subscription_id UUID NOT NULL REFERENCES subscriptions (id),
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (database_id, table_id)
);
CREATE UNIQUE INDEX table_links_name ON table_links (database_id, name);
CREATE INDEX table_links_subscription ON table_links (subscription_id);

CREATE TABLE notices (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    kind TEXT COLLATE "C" NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    link TEXT NOT NULL,
    once_key TEXT COLLATE "C",
    created_at TIMESTAMPTZ NOT NULL,
    read_at TIMESTAMPTZ
);
CREATE INDEX notices_user ON notices (user_id, created_at);
CREATE UNIQUE INDEX notices_once ON notices (user_id, once_key);
