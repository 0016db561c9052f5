-- Emergency access: a direct grant that somebody opened for himself, and what a second person says of it.
ALTER TABLE direct_grants ADD COLUMN break_glass BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE break_glasses (
    grant_id UUID NOT NULL PRIMARY KEY REFERENCES direct_grants (id),
    asset_id UUID NOT NULL REFERENCES assets (id),
    -- The project that owns the table.
    project_id UUID NOT NULL REFERENCES projects (id),
    user_id UUID NOT NULL REFERENCES users (id),
    verdict TEXT COLLATE "C",
    note TEXT COLLATE "C" NOT NULL,
    reviewed_by UUID REFERENCES users (id),
    reviewed_at TIMESTAMPTZ
);
CREATE INDEX break_glasses_waiting ON break_glasses (grant_id) WHERE reviewed_at IS NULL;
CREATE INDEX break_glasses_user ON break_glasses (user_id);
