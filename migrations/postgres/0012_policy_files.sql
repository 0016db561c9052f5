-- Rules that come from files: each set that was applied or proposed, what of the catalog it manages, and how it stands.
CREATE TABLE policy_versions (
    id UUID NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    files JSONB NOT NULL,
    -- What it changed when it was applied, or would have when it was proposed.
    plan TEXT COLLATE "C" NOT NULL,
    -- Why a second person has to agree; empty where none has to.
    widening JSONB NOT NULL,
    -- Whether nobody else could have agreed.
    alone BOOLEAN NOT NULL,
    created_by UUID NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    decided_by UUID REFERENCES users (id),
    decided_at TIMESTAMPTZ,
    decision_reason TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX policy_versions_number ON policy_versions (number);
CREATE INDEX policy_versions_state ON policy_versions (state, number);

-- A grant, a restriction or a tag on an asset that the applied set put there.
CREATE TABLE policy_items (
    item_id UUID NOT NULL PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    -- The name of the rule it comes from.
    rule TEXT COLLATE "C" NOT NULL,
    -- Its row filter as the file has it.
    written TEXT COLLATE "C"
);
CREATE INDEX policy_items_kind ON policy_items (kind);

CREATE TABLE policy_state (
    id BIGINT NOT NULL PRIMARY KEY,
    -- The change of the catalog up to which the set was compared.
    change_number BIGINT NOT NULL,
    reconciled_at TIMESTAMPTZ NOT NULL,
    -- Why the set can no longer be applied.
    failure TEXT COLLATE "C",
    failed_at TIMESTAMPTZ
);
