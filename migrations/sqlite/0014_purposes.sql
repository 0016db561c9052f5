-- What data is used for: purposes, the projects that may use it so, and the rules that demand one.
CREATE TABLE purposes (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT NOT NULL,
    legal_basis TEXT NOT NULL,
    created_by BLOB NOT NULL REFERENCES users (id),
    created_at TEXT NOT NULL,
    ended_at TEXT,
    ended_by BLOB REFERENCES users (id)
);
CREATE UNIQUE INDEX purposes_name ON purposes (name_key);

CREATE TABLE project_purposes (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    purpose_id BLOB NOT NULL REFERENCES purposes (id),
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    asked_by BLOB NOT NULL REFERENCES users (id),
    asked_at TEXT NOT NULL,
    decided_by BLOB REFERENCES users (id),
    decided_at TEXT,
    decision TEXT NOT NULL,
    ended_at TEXT
);
-- One that is asked or approved for a project at a time.
CREATE UNIQUE INDEX project_purposes_live ON project_purposes (project_id, purpose_id) WHERE state IN ('asked', 'approved');
CREATE INDEX project_purposes_state ON project_purposes (state, id);

CREATE TABLE rule_purposes (
    -- A grant or a direct grant.
    rule_id BLOB NOT NULL,
    purpose_id BLOB NOT NULL REFERENCES purposes (id),
    PRIMARY KEY (rule_id, purpose_id)
);

ALTER TABLE sessions ADD COLUMN role TEXT;
ALTER TABLE sessions ADD COLUMN purpose_id BLOB;
ALTER TABLE service_accounts ADD COLUMN purpose_id BLOB;
