-- Workflows: graphs of work, kept by version, and what each run of them did, step by step and part by part.

CREATE TABLE workflows (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    -- The number of its latest definition.
    version BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL
);
CREATE UNIQUE INDEX workflows_name ON workflows (project_id, name_key);
CREATE INDEX workflows_project ON workflows (project_id, id);

-- Definitions never change: a change is a new number.
CREATE TABLE workflow_versions (
    workflow_id BLOB NOT NULL REFERENCES workflows (id),
    number BIGINT NOT NULL,
    definition TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (workflow_id, number)
);

-- A workflow over a range of days: one run of it for each.
CREATE TABLE workflow_backfills (
    id BLOB NOT NULL PRIMARY KEY,
    workflow_id BLOB NOT NULL REFERENCES workflows (id),
    version BIGINT NOT NULL,
    -- Days such as 2026-05-03, both included.
    first_day TEXT NOT NULL,
    last_day TEXT NOT NULL,
    -- The day that is looked at next; behind the last one when none is left.
    next_day TEXT NOT NULL,
    -- Days at work at once.
    at_most BIGINT NOT NULL,
    -- Whether days run again that a run has succeeded for.
    anew BOOLEAN NOT NULL,
    -- Days left out because a run has succeeded for them.
    covered BIGINT NOT NULL,
    input TEXT NOT NULL,
    -- running, succeeded, failed, cancelled
    state TEXT NOT NULL,
    cancel_requested BOOLEAN NOT NULL,
    -- When it is looked at again by itself.
    due_at TEXT,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    ended_at TEXT
);
CREATE INDEX workflow_backfills_workflow ON workflow_backfills (workflow_id, id);
CREATE INDEX workflow_backfills_due ON workflow_backfills (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE workflow_runs (
    id BLOB NOT NULL PRIMARY KEY,
    workflow_id BLOB NOT NULL REFERENCES workflows (id),
    version BIGINT NOT NULL,
    project_id BLOB NOT NULL,
    backfill_id BLOB REFERENCES workflow_backfills (id),
    day TEXT,
    -- The run of the queue that started it.
    cause_id BLOB,
    -- running, succeeded, failed, cancelled
    state TEXT NOT NULL,
    input TEXT NOT NULL,
    -- manual, backfill, or what started the run of the queue that started it
    trigger_kind TEXT NOT NULL,
    started_by TEXT NOT NULL,
    cancel_requested BOOLEAN NOT NULL,
    -- When parts are put into the queue for which it had no room.
    due_at TEXT,
    created_at TEXT NOT NULL,
    ended_at TEXT
);
CREATE UNIQUE INDEX workflow_runs_day ON workflow_runs (backfill_id, day) WHERE backfill_id IS NOT NULL;
CREATE UNIQUE INDEX workflow_runs_cause ON workflow_runs (cause_id) WHERE cause_id IS NOT NULL;
CREATE INDEX workflow_runs_open ON workflow_runs (id) WHERE state = 'running';
CREATE INDEX workflow_runs_due ON workflow_runs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX workflow_runs_covered ON workflow_runs (workflow_id, day) WHERE state = 'succeeded' AND day IS NOT NULL;
CREATE INDEX workflow_runs_workflow ON workflow_runs (workflow_id, id);
CREATE INDEX workflow_runs_project ON workflow_runs (project_id, id);

CREATE TABLE workflow_steps (
    workflow_run_id BLOB NOT NULL REFERENCES workflow_runs (id),
    name TEXT NOT NULL,
    -- waiting, running, succeeded, failed, skipped, cancelled
    state TEXT NOT NULL,
    -- How many parts it was divided into when it began.
    parts BIGINT NOT NULL,
    -- Why it could not begin.
    error TEXT,
    started_at TEXT,
    ended_at TEXT,
    PRIMARY KEY (workflow_run_id, name)
);

-- What a step was divided into; one part where it was not.
CREATE TABLE workflow_parts (
    workflow_run_id BLOB NOT NULL REFERENCES workflow_runs (id),
    step TEXT NOT NULL,
    -- From 0, in the order of the list.
    number BIGINT NOT NULL,
    -- waiting, running, succeeded, failed, cancelled
    state TEXT NOT NULL,
    subject_id BLOB,
    input TEXT NOT NULL,
    -- The latest run of the queue that worked on it; those before are its replay_of, one after the other.
    run_id BLOB,
    -- How many runs of the queue there were.
    runs BIGINT NOT NULL,
    output TEXT,
    error TEXT,
    ended_at TEXT,
    PRIMARY KEY (workflow_run_id, step, number)
);
CREATE UNIQUE INDEX workflow_parts_run ON workflow_parts (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX workflow_parts_running ON workflow_parts (run_id) WHERE state = 'running';
CREATE INDEX workflow_parts_state ON workflow_parts (workflow_run_id, step, state, number);
