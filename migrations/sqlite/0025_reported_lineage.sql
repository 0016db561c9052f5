-- Lineage that other programs report: their jobs, runs and datasets, and which of them are tables of the catalogue.

CREATE TABLE reported_jobs (
    id BLOB NOT NULL PRIMARY KEY,
    -- Whose members see it: the project that its events were sent to.
    project_id BLOB NOT NULL REFERENCES projects (id),
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    facets TEXT NOT NULL,
    -- The run whose reads and writes are its lineage.
    drawn_run BLOB,
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL
);
CREATE UNIQUE INDEX reported_jobs_name ON reported_jobs (project_id, namespace, name);

CREATE TABLE reported_runs (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    job_id BLOB NOT NULL REFERENCES reported_jobs (id),
    -- As its producer calls it; the job's id for what a job says of itself without a run.
    run_id BLOB NOT NULL,
    state TEXT NOT NULL,
    started_at TEXT,
    ended_at TEXT,
    -- Of its latest event.
    last_at TEXT NOT NULL,
    -- What its events said, each fact as the latest one said it.
    shape TEXT NOT NULL
);
CREATE UNIQUE INDEX reported_runs_run ON reported_runs (project_id, job_id, run_id);
CREATE INDEX reported_runs_job ON reported_runs (job_id, id);

-- Every event as it came.
CREATE TABLE reported_events (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    -- Absent for events about a dataset alone.
    run_id BLOB REFERENCES reported_runs (id),
    -- Of the body: an event that comes again is none.
    digest TEXT NOT NULL,
    event_at TEXT NOT NULL,
    received_at TEXT NOT NULL,
    sent_by TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX reported_events_digest ON reported_events (project_id, digest);
CREATE INDEX reported_events_run ON reported_events (run_id, id);

CREATE TABLE reported_datasets (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    facets TEXT NOT NULL,
    -- How it is known what it is, and which table of the catalogue or which other dataset that is; neither for a thing of
    -- its own.
    matched TEXT NOT NULL,
    table_id BLOB REFERENCES tables (id),
    same_as BLOB REFERENCES reported_datasets (id),
    -- The dataset through which that is known.
    via BLOB REFERENCES reported_datasets (id),
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL
);
CREATE UNIQUE INDEX reported_datasets_name ON reported_datasets (project_id, namespace, name);
CREATE INDEX reported_datasets_via ON reported_datasets (via);
CREATE INDEX reported_datasets_open ON reported_datasets (project_id, matched, id);

-- Columns of datasets that are no tables of the catalogue.
CREATE TABLE reported_columns (
    id BLOB NOT NULL PRIMARY KEY,
    dataset_id BLOB NOT NULL REFERENCES reported_datasets (id),
    name TEXT NOT NULL,
    column_type TEXT NOT NULL
);
CREATE UNIQUE INDEX reported_columns_name ON reported_columns (dataset_id, name);

-- Which jobs speak of which datasets.
CREATE TABLE reported_uses (
    dataset_id BLOB NOT NULL REFERENCES reported_datasets (id),
    job_id BLOB NOT NULL REFERENCES reported_jobs (id),
    PRIMARY KEY (dataset_id, job_id)
);

-- What somebody decided about a dataset; the latest that is not undone holds.
CREATE TABLE reported_decisions (
    id BLOB NOT NULL PRIMARY KEY,
    dataset_id BLOB NOT NULL REFERENCES reported_datasets (id),
    table_id BLOB REFERENCES tables (id),
    same_as BLOB REFERENCES reported_datasets (id),
    decided_by TEXT NOT NULL,
    decided_at TEXT NOT NULL,
    undone_at TEXT
);
CREATE INDEX reported_decisions_dataset ON reported_decisions (dataset_id, id);

-- Names under a prefix are tables of a database.
CREATE TABLE reported_rules (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    namespace TEXT NOT NULL,
    prefix TEXT NOT NULL,
    database_id BLOB NOT NULL REFERENCES databases (id),
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE UNIQUE INDEX reported_rules_name ON reported_rules (project_id, namespace, prefix);

-- Several jobs may fill one thing.
DROP INDEX lineage_flows_open;
CREATE UNIQUE INDEX lineage_flows_open ON lineage_flows (target_id, process_id) WHERE ended_at IS NULL;
CREATE INDEX lineage_flows_process ON lineage_flows (process_id, target_id, began_at);

-- What is read may be a dataset that is no table of the catalogue.
CREATE TABLE lineage_links_new (
    flow_id BLOB NOT NULL REFERENCES lineage_flows (id),
    source_id BLOB NOT NULL,
    target_id BLOB NOT NULL,
    -- Whether values of it stand in the target.
    by_value BOOLEAN NOT NULL,
    began_at TEXT NOT NULL,
    ended_at TEXT,
    PRIMARY KEY (flow_id, source_id)
);
INSERT INTO lineage_links_new SELECT * FROM lineage_links;
DROP TABLE lineage_links;
ALTER TABLE lineage_links_new RENAME TO lineage_links;
CREATE INDEX lineage_links_source ON lineage_links (source_id, ended_at);
CREATE INDEX lineage_links_target ON lineage_links (target_id, ended_at);

CREATE TABLE lineage_edges_new (
    flow_id BLOB NOT NULL REFERENCES lineage_flows (id),
    ordinal BIGINT NOT NULL,
    source_id BLOB NOT NULL,
    source_column BLOB NOT NULL,
    -- Names of fields within the column, from it inwards.
    source_path TEXT NOT NULL,
    target_id BLOB NOT NULL,
    -- Absent where it decided about all rows, and for what is no table.
    target_column BLOB,
    -- What a column of a saved query is called; empty where it decided about all rows.
    target_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- Expressions on the way, with literals as their author wrote them.
    steps TEXT NOT NULL,
    began_at TEXT NOT NULL,
    ended_at TEXT,
    PRIMARY KEY (flow_id, ordinal)
);
INSERT INTO lineage_edges_new SELECT * FROM lineage_edges;
DROP TABLE lineage_edges;
ALTER TABLE lineage_edges_new RENAME TO lineage_edges;
CREATE INDEX lineage_edges_source ON lineage_edges (source_column, ended_at);
CREATE INDEX lineage_edges_target ON lineage_edges (target_id, ended_at);
CREATE INDEX lineage_edges_column ON lineage_edges (target_column, ended_at);
CREATE INDEX lineage_edges_table ON lineage_edges (source_id);
