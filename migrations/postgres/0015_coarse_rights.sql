-- Coarse rights on whole databases, what databases are registered for, and who was opted into fine grants.
CREATE TABLE database_registrations (
    id UUID NOT NULL PRIMARY KEY,
    database_id UUID NOT NULL REFERENCES databases (id),
    mode TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    -- Nobody where a setting decided when the database was made.
    set_by UUID REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ
);
-- A database without one in force is registered for fine grants.
CREATE UNIQUE INDEX database_registrations_live ON database_registrations (database_id) WHERE ended_at IS NULL;

CREATE TABLE coarse_rights (
    id UUID NOT NULL PRIMARY KEY,
    grantee_kind TEXT COLLATE "C" NOT NULL,
    grantee_id UUID,
    grantee_role TEXT COLLATE "C",
    database_id UUID NOT NULL REFERENCES databases (id),
    can_export BOOLEAN NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    granted_by UUID NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    valid_until TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    ended_by UUID REFERENCES users (id)
);
CREATE INDEX coarse_rights_database ON coarse_rights (database_id);
CREATE INDEX coarse_rights_grantee ON coarse_rights (grantee_id);
CREATE INDEX coarse_rights_until ON coarse_rights (valid_until);

CREATE TABLE opt_ins (
    id UUID NOT NULL PRIMARY KEY,
    grantee_kind TEXT COLLATE "C" NOT NULL,
    grantee_id UUID,
    grantee_role TEXT COLLATE "C",
    database_id UUID NOT NULL REFERENCES databases (id),
    -- One table of it; none for the whole database.
    table_id UUID REFERENCES tables (id),
    -- About grants on tags, which are opted in apart.
    for_tags BOOLEAN NOT NULL,
    -- Whether it opts in or out.
    opted BOOLEAN NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    decided_by UUID NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    ended_by UUID REFERENCES users (id)
);
CREATE INDEX opt_ins_database ON opt_ins (database_id);
