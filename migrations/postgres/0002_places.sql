-- Where data belongs: domains, projects, environments, connections.

CREATE TABLE domains (
    id UUID NOT NULL PRIMARY KEY,
    parent_id UUID REFERENCES domains (id),
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    description TEXT NOT NULL,
    discover TEXT COLLATE "C" NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX domains_name ON domains (name_key);

CREATE TABLE domain_stewards (
    domain_id UUID NOT NULL REFERENCES domains (id),
    user_id UUID NOT NULL REFERENCES users (id),
    PRIMARY KEY (domain_id, user_id)
);

CREATE TABLE projects (
    id UUID NOT NULL PRIMARY KEY,
    domain_id UUID NOT NULL REFERENCES domains (id),
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    description TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX projects_name ON projects (name_key);
CREATE INDEX projects_domain ON projects (domain_id);

CREATE TABLE project_members (
    project_id UUID NOT NULL REFERENCES projects (id),
    member_kind TEXT COLLATE "C" NOT NULL,
    member_id UUID NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    added_by UUID NOT NULL,
    added_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (project_id, member_kind, member_id)
);
CREATE INDEX project_members_member ON project_members (member_kind, member_id);

CREATE TABLE project_invitations (
    project_id UUID NOT NULL REFERENCES projects (id),
    user_id UUID NOT NULL REFERENCES users (id),
    role TEXT COLLATE "C" NOT NULL,
    invited_by UUID NOT NULL,
    invited_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (project_id, user_id)
);

CREATE TABLE service_accounts (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    disabled BOOLEAN NOT NULL,
    created_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX service_accounts_name ON service_accounts (project_id, name_key);

CREATE TABLE api_tokens (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID REFERENCES users (id),
    service_account_id UUID REFERENCES service_accounts (id),
    name TEXT COLLATE "C" NOT NULL,
    prefix TEXT COLLATE "C" NOT NULL,
    token_hash TEXT COLLATE "C" NOT NULL,
    scopes JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX api_tokens_token ON api_tokens (token_hash);
CREATE INDEX api_tokens_user ON api_tokens (user_id);
CREATE INDEX api_tokens_service_account ON api_tokens (service_account_id);

-- Roots that administrators assign: environments and sources stay below them.
CREATE TABLE storage_roots (
    id UUID NOT NULL PRIMARY KEY,
    uri TEXT COLLATE "C" NOT NULL,
    project_id UUID REFERENCES projects (id),
    created_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX storage_roots_uri ON storage_roots (uri);

CREATE TABLE secrets (
    id UUID NOT NULL PRIMARY KEY,
    key_id TEXT COLLATE "C" NOT NULL,
    sealed TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE connections (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    settings JSONB NOT NULL,
    secret_id UUID REFERENCES secrets (id),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX connections_name ON connections (project_id, name_key);

CREATE TABLE environments (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    location TEXT COLLATE "C" NOT NULL,
    connection_id UUID REFERENCES connections (id),
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX environments_name ON environments (project_id, name_key);

-- Every location that belongs to an environment: its own storage and the places of its sources.
CREATE TABLE locations (
    uri TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    environment_id UUID NOT NULL REFERENCES environments (id),
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX locations_environment ON locations (environment_id);

CREATE TABLE databases (
    id UUID NOT NULL PRIMARY KEY,
    environment_id UUID NOT NULL REFERENCES environments (id),
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX databases_name ON databases (name);
CREATE UNIQUE INDEX databases_kind ON databases (environment_id, kind);
