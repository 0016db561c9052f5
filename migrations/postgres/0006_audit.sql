-- What happened: events numbered in commit order, sealed in batches that form a signed chain.

CREATE TABLE audit_events (
    number BIGINT NOT NULL PRIMARY KEY,
    id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    actor_kind TEXT COLLATE "C" NOT NULL,
    actor_id UUID,
    actor_name TEXT NOT NULL,
    project_id UUID,
    action TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    subject_kind TEXT COLLATE "C" NOT NULL,
    subject_id UUID,
    owner_project_id UUID,
    request_id TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE UNIQUE INDEX audit_events_id ON audit_events (id);
CREATE INDEX audit_events_actor ON audit_events (actor_id, number);
CREATE INDEX audit_events_subject ON audit_events (subject_id, number);
CREATE INDEX audit_events_owner ON audit_events (owner_project_id, number);

CREATE TABLE audit_batches (
    number BIGINT NOT NULL PRIMARY KEY,
    first_event BIGINT NOT NULL,
    last_event BIGINT NOT NULL,
    previous_hash TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    signature TEXT COLLATE "C" NOT NULL,
    sealed_at TIMESTAMPTZ NOT NULL
);
