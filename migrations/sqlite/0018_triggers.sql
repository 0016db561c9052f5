-- What starts work by itself: something happened, and enough of it was gathered.

CREATE TABLE job_triggers (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL,
    -- What is started: a kind of work on something, such as a data source.
    kind TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    name TEXT NOT NULL,
    -- object_created, table_changed, run_ended, asset_published or webhook
    happening TEXT NOT NULL,
    -- Of what: what the ended run worked on, or the asset; NULL is anything in the project.
    watched_id BLOB,
    -- How the run has to have ended; NULL is any way.
    outcome TEXT,
    -- Where objects count, and below it where they do not.
    prefix TEXT NOT NULL,
    excluded TEXT NOT NULL,
    -- Seconds between two listings of the prefix; NULL where objects are only told of.
    list_seconds BIGINT,
    -- Starts when so many have gathered, or so long after the first of them.
    batch_events BIGINT NOT NULL,
    batch_seconds BIGINT NOT NULL,
    enabled BOOLEAN NOT NULL,
    -- What calls are signed with, in secrets.
    secret_id BLOB,
    -- Gathered and not yet part of a run, and when they become one at the latest.
    gathered BIGINT NOT NULL,
    due_at TEXT,
    last_event BIGINT NOT NULL,
    last_at TEXT,
    version BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL
);
CREATE INDEX job_triggers_project ON job_triggers (project_id, happening, id);
CREATE INDEX job_triggers_subject ON job_triggers (kind, subject_id, id);
CREATE INDEX job_triggers_due ON job_triggers (due_at) WHERE due_at IS NOT NULL;

-- What happened, in the order it was noticed.
CREATE TABLE job_trigger_events (
    trigger_id BLOB NOT NULL REFERENCES job_triggers (id),
    number BIGINT NOT NULL,
    -- The same key is the same event, told again.
    event_key TEXT NOT NULL,
    -- What it is about, in words.
    about TEXT NOT NULL,
    at TEXT NOT NULL,
    -- The run that it is part of.
    run_id BLOB,
    PRIMARY KEY (trigger_id, number)
);
CREATE UNIQUE INDEX job_trigger_events_key ON job_trigger_events (trigger_id, event_key);
CREATE INDEX job_trigger_events_gathered ON job_trigger_events (trigger_id, number) WHERE run_id IS NULL;
CREATE INDEX job_trigger_events_run ON job_trigger_events (run_id, number) WHERE run_id IS NOT NULL;
CREATE INDEX job_trigger_events_at ON job_trigger_events (at);

-- Calls that were taken: one that comes again is not.
CREATE TABLE job_trigger_calls (
    trigger_id BLOB NOT NULL REFERENCES job_triggers (id),
    nonce TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (trigger_id, nonce)
);
CREATE INDEX job_trigger_calls_at ON job_trigger_calls (at);

-- What the listings of a prefix have met; the empty path stands for the first of them, which tells of nothing.
CREATE TABLE job_trigger_objects (
    trigger_id BLOB NOT NULL REFERENCES job_triggers (id),
    path TEXT NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (trigger_id, path)
);
