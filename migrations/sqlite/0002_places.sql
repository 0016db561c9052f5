-- Where data belongs: domains, projects, environments, connections.

CREATE TABLE domains (
    id BLOB NOT NULL PRIMARY KEY,
    parent_id BLOB REFERENCES domains (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT NOT NULL,
    discover TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE UNIQUE INDEX domains_name ON domains (name_key);

CREATE TABLE domain_stewards (
    domain_id BLOB NOT NULL REFERENCES domains (id),
    user_id BLOB NOT NULL REFERENCES users (id),
    PRIMARY KEY (domain_id, user_id)
);

CREATE TABLE projects (
    id BLOB NOT NULL PRIMARY KEY,
    domain_id BLOB NOT NULL REFERENCES domains (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE UNIQUE INDEX projects_name ON projects (name_key);
CREATE INDEX projects_domain ON projects (domain_id);

CREATE TABLE project_members (
    project_id BLOB NOT NULL REFERENCES projects (id),
    member_kind TEXT NOT NULL,
    member_id BLOB NOT NULL,
    role TEXT NOT NULL,
    added_by BLOB NOT NULL,
    added_at TEXT NOT NULL,
    PRIMARY KEY (project_id, member_kind, member_id)
);
CREATE INDEX project_members_member ON project_members (member_kind, member_id);

CREATE TABLE project_invitations (
    project_id BLOB NOT NULL REFERENCES projects (id),
    user_id BLOB NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    invited_by BLOB NOT NULL,
    invited_at TEXT NOT NULL,
    PRIMARY KEY (project_id, user_id)
);

CREATE TABLE service_accounts (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    role TEXT NOT NULL,
    disabled BOOLEAN NOT NULL,
    created_by BLOB NOT NULL,
    created_at TEXT NOT NULL
);
CREATE UNIQUE INDEX service_accounts_name ON service_accounts (project_id, name_key);

CREATE TABLE api_tokens (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB REFERENCES users (id),
    service_account_id BLOB REFERENCES service_accounts (id),
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    last_used_at TEXT,
    revoked_at TEXT
);
CREATE UNIQUE INDEX api_tokens_token ON api_tokens (token_hash);
CREATE INDEX api_tokens_user ON api_tokens (user_id);
CREATE INDEX api_tokens_service_account ON api_tokens (service_account_id);

-- Roots that administrators assign: environments and sources stay below them.
CREATE TABLE storage_roots (
    id BLOB NOT NULL PRIMARY KEY,
    uri TEXT NOT NULL,
    project_id BLOB REFERENCES projects (id),
    created_by BLOB NOT NULL,
    created_at TEXT NOT NULL
);
CREATE UNIQUE INDEX storage_roots_uri ON storage_roots (uri);

CREATE TABLE secrets (
    id BLOB NOT NULL PRIMARY KEY,
    key_id TEXT NOT NULL,
    sealed TEXT NOT NULL,
    created_at TEXT NOT NULL
);

CREATE TABLE connections (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    settings TEXT NOT NULL,
    secret_id BLOB REFERENCES secrets (id),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX connections_name ON connections (project_id, name_key);

CREATE TABLE environments (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    location TEXT NOT NULL,
    connection_id BLOB REFERENCES connections (id),
    created_at TEXT NOT NULL
);
CREATE UNIQUE INDEX environments_name ON environments (project_id, name_key);

-- Every location that belongs to an environment: its own storage and the places of its sources.
CREATE TABLE locations (
    uri TEXT NOT NULL PRIMARY KEY,
    environment_id BLOB NOT NULL REFERENCES environments (id),
    created_at TEXT NOT NULL
);
CREATE INDEX locations_environment ON locations (environment_id);

CREATE TABLE databases (
    id BLOB NOT NULL PRIMARY KEY,
    environment_id BLOB NOT NULL REFERENCES environments (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL
);
CREATE UNIQUE INDEX databases_name ON databases (name);
CREATE UNIQUE INDEX databases_kind ON databases (environment_id, kind);
