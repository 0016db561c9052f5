-- Coarse rights on whole databases, what databases are registered for, and who was opted into fine grants.
CREATE TABLE database_registrations (
    id BLOB NOT NULL PRIMARY KEY,
    database_id BLOB NOT NULL REFERENCES databases (id),
    mode TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- Nobody where a setting decided when the database was made.
    set_by BLOB REFERENCES users (id),
    created_at TEXT NOT NULL,
    ended_at TEXT
);
-- A database without one in force is registered for fine grants.
CREATE UNIQUE INDEX database_registrations_live ON database_registrations (database_id) WHERE ended_at IS NULL;

CREATE TABLE coarse_rights (
    id BLOB NOT NULL PRIMARY KEY,
    grantee_kind TEXT NOT NULL,
    grantee_id BLOB,
    grantee_role TEXT,
    database_id BLOB NOT NULL REFERENCES databases (id),
    can_export BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    granted_by BLOB NOT NULL REFERENCES users (id),
    created_at TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_until TEXT,
    ended_at TEXT,
    ended_by BLOB REFERENCES users (id)
);
CREATE INDEX coarse_rights_database ON coarse_rights (database_id);
CREATE INDEX coarse_rights_grantee ON coarse_rights (grantee_id);
CREATE INDEX coarse_rights_until ON coarse_rights (valid_until);

CREATE TABLE opt_ins (
    id BLOB NOT NULL PRIMARY KEY,
    grantee_kind TEXT NOT NULL,
    grantee_id BLOB,
    grantee_role TEXT,
    database_id BLOB NOT NULL REFERENCES databases (id),
    -- One table of it; none for the whole database.
    table_id BLOB REFERENCES tables (id),
    -- About grants on tags, which are opted in apart.
    for_tags BOOLEAN NOT NULL,
    -- Whether it opts in or out.
    opted BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    decided_by BLOB NOT NULL REFERENCES users (id),
    created_at TEXT NOT NULL,
    ended_at TEXT,
    ended_by BLOB REFERENCES users (id)
);
CREATE INDEX opt_ins_database ON opt_ins (database_id);
