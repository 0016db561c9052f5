-- Work that is done later: a durable queue, what is planned, who works, and what came of it.

-- Locked first by whoever takes work, so that what one takes another sees.
CREATE TABLE job_gate (
    id BIGINT NOT NULL PRIMARY KEY,
    turns BIGINT NOT NULL
);
INSERT INTO job_gate (id, turns) VALUES (1, 0);

CREATE TABLE job_runs (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    -- Whose work it is; all zeros for the installation's own.
    project_id UUID NOT NULL,
    -- What is worked on, such as a data source.
    subject_id UUID,
    schedule_id UUID,
    -- The failed run that this one tries anew.
    replay_of UUID,
    -- scheduled until run_at, waiting, held while another of its serial_key runs, running, succeeded, failed, cancelled
    state TEXT COLLATE "C" NOT NULL,
    priority BIGINT NOT NULL,
    run_at TIMESTAMPTZ NOT NULL,
    -- At most one not yet started; forgotten when it starts.
    queued_key TEXT COLLATE "C",
    -- At most one not yet ended; forgotten when it ends.
    open_key TEXT COLLATE "C",
    -- At most one at work.
    serial_key TEXT COLLATE "C",
    -- manual, schedule, event or replay
    trigger_kind TEXT COLLATE "C" NOT NULL,
    started_by TEXT COLLATE "C" NOT NULL,
    input JSONB NOT NULL,
    progress JSONB NOT NULL,
    output JSONB,
    -- Raised by each claim: a worker that lost its run no longer writes.
    attempt BIGINT NOT NULL,
    -- Attempts that failed or whose worker died.
    tries BIGINT NOT NULL,
    max_tries BIGINT NOT NULL,
    worker_id UUID,
    lease_until TIMESTAMPTZ,
    cancel_requested BOOLEAN NOT NULL,
    error_code TEXT COLLATE "C",
    error TEXT COLLATE "C",
    created_at TIMESTAMPTZ NOT NULL,
    started_at TIMESTAMPTZ,
    beat_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    -- When somebody replayed or discarded a failed run.
    resolved_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX job_runs_queued_key ON job_runs (kind, queued_key) WHERE queued_key IS NOT NULL;
CREATE UNIQUE INDEX job_runs_open_key ON job_runs (kind, open_key) WHERE open_key IS NOT NULL;
CREATE UNIQUE INDEX job_runs_serial_key ON job_runs (kind, serial_key) WHERE state = 'running';
CREATE INDEX job_runs_waiting ON job_runs (kind, priority, project_id, run_at, id) WHERE state = 'waiting';
CREATE INDEX job_runs_scheduled ON job_runs (run_at, id) WHERE state = 'scheduled';
CREATE INDEX job_runs_held ON job_runs (kind, serial_key, run_at, id) WHERE state = 'held';
CREATE INDEX job_runs_running ON job_runs (lease_until) WHERE state = 'running';
CREATE INDEX job_runs_failed ON job_runs (id) WHERE state = 'failed' AND resolved_at IS NULL;
CREATE INDEX job_runs_ended ON job_runs (kind, id) WHERE ended_at IS NOT NULL;
CREATE INDEX job_runs_subject ON job_runs (subject_id, id);
CREATE INDEX job_runs_project ON job_runs (project_id, id);
CREATE INDEX job_runs_schedule ON job_runs (schedule_id, id);

-- Each attempt at a run: who, when, and how it ended.
CREATE TABLE job_attempts (
    run_id UUID NOT NULL REFERENCES job_runs (id),
    attempt BIGINT NOT NULL,
    worker_id UUID NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    -- succeeded, failed, cancelled, lost, handed back
    outcome TEXT COLLATE "C",
    error_code TEXT COLLATE "C",
    error TEXT COLLATE "C",
    -- When it is tried again.
    next_at TIMESTAMPTZ,
    PRIMARY KEY (run_id, attempt)
);

CREATE TABLE job_logs (
    run_id UUID NOT NULL REFERENCES job_runs (id),
    number BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    level TEXT COLLATE "C" NOT NULL,
    message TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (run_id, number)
);

CREATE TABLE job_schedules (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    project_id UUID NOT NULL,
    subject_id UUID,
    name TEXT COLLATE "C" NOT NULL,
    -- One of the three says when.
    cron TEXT COLLATE "C",
    every_seconds BIGINT,
    once_at TIMESTAMPTZ,
    zone TEXT COLLATE "C" NOT NULL,
    jitter_seconds BIGINT NOT NULL,
    -- skip, one or all of the ticks that nobody was there for
    catch_up TEXT COLLATE "C" NOT NULL,
    input JSONB NOT NULL,
    enabled BOOLEAN NOT NULL,
    -- The next tick, and when its run starts: the tick and its jitter.
    next_tick TIMESTAMPTZ,
    next_at TIMESTAMPTZ,
    last_tick TIMESTAMPTZ,
    version BIGINT NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX job_schedules_subject ON job_schedules (kind, subject_id) WHERE subject_id IS NOT NULL;
CREATE INDEX job_schedules_due ON job_schedules (next_at, id) WHERE next_at IS NOT NULL;
CREATE INDEX job_schedules_project ON job_schedules (project_id, id);

CREATE TABLE job_workers (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    version TEXT COLLATE "C" NOT NULL,
    light_slots BIGINT NOT NULL,
    heavy_slots BIGINT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    beat_at TIMESTAMPTZ NOT NULL,
    stopping BOOLEAN NOT NULL
);

-- Kinds of work that are held up; '*' is all of them.
CREATE TABLE job_pauses (
    kind TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    reason TEXT COLLATE "C" NOT NULL,
    paused_by TEXT COLLATE "C" NOT NULL,
    paused_at TIMESTAMPTZ NOT NULL
);

-- Submissions refused because too much of their kind waited.
CREATE TABLE job_refusals (
    kind TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    refused BIGINT NOT NULL,
    last_at TIMESTAMPTZ NOT NULL
);

-- Runs of data sources become runs of the queue.
INSERT INTO job_runs (id, kind, project_id, subject_id, state, priority, run_at, open_key, serial_key, trigger_kind, started_by, input, progress, output, attempt, tries, max_tries, cancel_requested, error, created_at, started_at, beat_at, ended_at, resolved_at)
SELECT r.id, 'crawl', s.project_id, r.source_id,
    CASE WHEN r.state IN ('queued', 'running') THEN 'waiting' ELSE r.state END,
    1, r.created_at, NULL, NULL, r.trigger_kind, r.started_by, CAST('{}' AS JSONB),
    CAST('{"phase":"","unit":"tables","done":0,"counts":{}}' AS JSONB), r.outcome, r.attempt, 0, 5, r.cancel_requested,
    r.error, r.created_at, r.started_at, r.beat_at, r.ended_at, r.ended_at
FROM source_runs r JOIN data_sources s ON s.id = r.source_id;
INSERT INTO job_schedules (id, kind, project_id, subject_id, name, every_seconds, zone, jitter_seconds, catch_up, input, enabled, next_tick, next_at, version, created_by, created_at, changed_at)
SELECT s.id, 'crawl', s.project_id, s.id, s.name, s.interval_seconds, 'UTC', 0, 'one', CAST('{}' AS JSONB), TRUE, s.next_run_at, s.next_run_at, 1, 'system', s.created_at, s.created_at
FROM data_sources s WHERE s.interval_seconds IS NOT NULL;
DROP TABLE source_runs;
ALTER TABLE data_sources DROP COLUMN interval_seconds;
ALTER TABLE data_sources DROP COLUMN next_run_at;
