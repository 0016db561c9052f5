-- What happened: events numbered in commit order, sealed in batches that form a signed chain.

CREATE TABLE audit_events (
    number BIGINT NOT NULL PRIMARY KEY,
    id BLOB NOT NULL,
    at TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id BLOB,
    actor_name TEXT NOT NULL,
    project_id BLOB,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id BLOB,
    owner_project_id BLOB,
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
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    key_id TEXT NOT NULL,
    signature TEXT NOT NULL,
    sealed_at TEXT NOT NULL
);
