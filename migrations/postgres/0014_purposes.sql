-- What data is used for: purposes, the projects that may use it so, and the rules that demand one.
CREATE TABLE purposes (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    legal_basis TEXT COLLATE "C" NOT NULL,
    created_by UUID NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    ended_by UUID REFERENCES users (id)
);
CREATE UNIQUE INDEX purposes_name ON purposes (name_key);

CREATE TABLE project_purposes (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    purpose_id UUID NOT NULL REFERENCES purposes (id),
    state TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    asked_by UUID NOT NULL REFERENCES users (id),
    asked_at TIMESTAMPTZ NOT NULL,
    decided_by UUID REFERENCES users (id),
    decided_at TIMESTAMPTZ,
    decision TEXT COLLATE "C" NOT NULL,
    ended_at TIMESTAMPTZ
);
-- One that is asked or approved for a project at a time.
CREATE UNIQUE INDEX project_purposes_live ON project_purposes (project_id, purpose_id) WHERE state IN ('asked', 'approved');
CREATE INDEX project_purposes_state ON project_purposes (state, id);

CREATE TABLE rule_purposes (
    -- A grant or a direct grant.
    rule_id UUID NOT NULL,
    purpose_id UUID NOT NULL REFERENCES purposes (id),
    PRIMARY KEY (rule_id, purpose_id)
);

ALTER TABLE sessions ADD COLUMN role TEXT COLLATE "C";
ALTER TABLE sessions ADD COLUMN purpose_id UUID;
ALTER TABLE service_accounts ADD COLUMN purpose_id UUID;
