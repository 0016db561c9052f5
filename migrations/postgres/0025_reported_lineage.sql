-- Lineage that other programs report: their jobs, runs and datasets, and which of them are tables of the catalogue.

CREATE TABLE reported_jobs (
    id UUID NOT NULL PRIMARY KEY,
    -- Whose members see it: the project that its events were sent to.
    project_id UUID NOT NULL REFERENCES projects (id),
    namespace TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    facets JSONB NOT NULL,
    -- The run whose reads and writes are its lineage.
    drawn_run UUID,
    first_at TIMESTAMPTZ NOT NULL,
    last_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX reported_jobs_name ON reported_jobs (project_id, namespace, name);

CREATE TABLE reported_runs (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    job_id UUID NOT NULL REFERENCES reported_jobs (id),
    -- As its producer calls it; the job's id for what a job says of itself without a run.
    run_id UUID NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    started_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    -- Of its latest event.
    last_at TIMESTAMPTZ NOT NULL,
    -- What its events said, each fact as the latest one said it.
    shape JSONB NOT NULL
);
CREATE UNIQUE INDEX reported_runs_run ON reported_runs (project_id, job_id, run_id);
CREATE INDEX reported_runs_job ON reported_runs (job_id, id);

-- Every event as it came.
CREATE TABLE reported_events (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    -- Absent for events about a dataset alone.
    run_id UUID REFERENCES reported_runs (id),
    -- Of the body: an event that comes again is none.
    digest TEXT COLLATE "C" NOT NULL,
    event_at TIMESTAMPTZ NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    sent_by TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX reported_events_digest ON reported_events (project_id, digest);
CREATE INDEX reported_events_run ON reported_events (run_id, id);

CREATE TABLE reported_datasets (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    namespace TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    facets JSONB NOT NULL,
    -- How it is known what it is, and which table of the catalogue or which other dataset that is; neither for a thing of
    -- its own.
    matched TEXT COLLATE "C" NOT NULL,
    table_id UUID REFERENCES tables (id),
    same_as UUID REFERENCES reported_datasets (id),
    -- The dataset through which that is known.
    via UUID REFERENCES reported_datasets (id),
    first_at TIMESTAMPTZ NOT NULL,
    last_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX reported_datasets_name ON reported_datasets (project_id, namespace, name);
CREATE INDEX reported_datasets_via ON reported_datasets (via);
CREATE INDEX reported_datasets_open ON reported_datasets (project_id, matched, id);

-- Columns of datasets that are no tables of the catalogue.
CREATE TABLE reported_columns (
    id UUID NOT NULL PRIMARY KEY,
    dataset_id UUID NOT NULL REFERENCES reported_datasets (id),
    name TEXT COLLATE "C" NOT NULL,
    column_type TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX reported_columns_name ON reported_columns (dataset_id, name);

-- Which jobs speak of which datasets.
CREATE TABLE reported_uses (
    dataset_id UUID NOT NULL REFERENCES reported_datasets (id),
    job_id UUID NOT NULL REFERENCES reported_jobs (id),
    PRIMARY KEY (dataset_id, job_id)
);

-- What somebody decided about a dataset; the latest that is not undone holds.
CREATE TABLE reported_decisions (
    id UUID NOT NULL PRIMARY KEY,
    dataset_id UUID NOT NULL REFERENCES reported_datasets (id),
    table_id UUID REFERENCES tables (id),
    same_as UUID REFERENCES reported_datasets (id),
    decided_by TEXT COLLATE "C" NOT NULL,
    decided_at TIMESTAMPTZ NOT NULL,
    undone_at TIMESTAMPTZ
);
CREATE INDEX reported_decisions_dataset ON reported_decisions (dataset_id, id);

-- Names under a prefix are tables of a database.
CREATE TABLE reported_rules (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    namespace TEXT COLLATE "C" NOT NULL,
    prefix TEXT COLLATE "C" NOT NULL,
    database_id UUID NOT NULL REFERENCES databases (id),
    created_by TEXT COLLATE "C" NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX reported_rules_name ON reported_rules (project_id, namespace, prefix);

-- Several jobs may fill one thing.
DROP INDEX lineage_flows_open;
CREATE UNIQUE INDEX lineage_flows_open ON lineage_flows (target_id, process_id) WHERE ended_at IS NULL;
CREATE INDEX lineage_flows_process ON lineage_flows (process_id, target_id, began_at);

-- What is read may be a dataset that is no table of the catalogue.
ALTER TABLE lineage_links DROP CONSTRAINT lineage_links_source_id_fkey;
ALTER TABLE lineage_edges DROP CONSTRAINT lineage_edges_source_id_fkey;
ALTER TABLE lineage_edges DROP CONSTRAINT lineage_edges_source_column_fkey;
ALTER TABLE lineage_edges DROP CONSTRAINT lineage_edges_target_column_fkey;
