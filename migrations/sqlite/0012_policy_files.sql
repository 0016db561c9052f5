-- Rules that come from files: each set that was applied or proposed, what of the catalog it manages, and how it stands.
CREATE TABLE policy_versions (
    id BLOB NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    state TEXT NOT NULL,
    digest TEXT NOT NULL,
    files TEXT NOT NULL,
    -- What it changed when it was applied, or would have when it was proposed.
    plan TEXT NOT NULL,
    -- Why a second person has to agree; empty where none has to.
    widening TEXT NOT NULL,
    -- Whether nobody else could have agreed.
    alone BOOLEAN NOT NULL,
    created_by BLOB NOT NULL REFERENCES users (id),
    created_at TEXT NOT NULL,
    decided_by BLOB REFERENCES users (id),
    decided_at TEXT,
    decision_reason TEXT NOT NULL
);
CREATE UNIQUE INDEX policy_versions_number ON policy_versions (number);
CREATE INDEX policy_versions_state ON policy_versions (state, number);

-- A grant, a restriction or a tag on an asset that the applied set put there.
CREATE TABLE policy_items (
    item_id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    -- The name of the rule it comes from.
    rule TEXT NOT NULL,
    -- Its row filter as the file has it.
    written TEXT
);
CREATE INDEX policy_items_kind ON policy_items (kind);

CREATE TABLE policy_state (
    id BIGINT NOT NULL PRIMARY KEY,
    -- The change of the catalog up to which the set was compared.
    change_number BIGINT NOT NULL,
    reconciled_at TEXT NOT NULL,
    -- Why the set can no longer be applied.
    failure TEXT,
    failed_at TEXT
);
