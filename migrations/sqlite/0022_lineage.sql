-- Where data comes from: which query fills what, taken from the plans that ran; and who read which columns.

-- One way in which something is filled, from when until when. Another plan begins another one.
CREATE TABLE lineage_flows (
    id BLOB NOT NULL PRIMARY KEY,
    -- What is filled: a table, or the columns of a saved query.
    target_kind TEXT NOT NULL,
    target_id BLOB NOT NULL,
    -- Who owns what fills it.
    project_id BLOB NOT NULL,
    -- The derived table or saved query, and the number of its definition.
    process_id BLOB NOT NULL,
    version BIGINT NOT NULL,
    origin TEXT NOT NULL,
    -- The latest run that did so, and as whom.
    run_id BLOB,
    made_by TEXT NOT NULL,
    -- Of sources and edges: an equal plan begins nothing.
    digest TEXT NOT NULL,
    approximate BOOLEAN NOT NULL,
    began_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    ended_at TEXT
);
CREATE UNIQUE INDEX lineage_flows_open ON lineage_flows (target_id) WHERE ended_at IS NULL;
CREATE INDEX lineage_flows_target ON lineage_flows (target_id, began_at);

-- Which tables a flow reads: also those of which only rows are counted.
CREATE TABLE lineage_links (
    flow_id BLOB NOT NULL REFERENCES lineage_flows (id),
    source_id BLOB NOT NULL REFERENCES tables (id),
    target_id BLOB NOT NULL,
    -- Whether values of it stand in the target.
    by_value BOOLEAN NOT NULL,
    began_at TEXT NOT NULL,
    ended_at TEXT,
    PRIMARY KEY (flow_id, source_id)
);
CREATE INDEX lineage_links_source ON lineage_links (source_id, ended_at);
CREATE INDEX lineage_links_target ON lineage_links (target_id, ended_at);

-- Which columns a flow reads for which of its columns.
CREATE TABLE lineage_edges (
    flow_id BLOB NOT NULL REFERENCES lineage_flows (id),
    ordinal BIGINT NOT NULL,
    source_id BLOB NOT NULL REFERENCES tables (id),
    source_column BLOB NOT NULL REFERENCES columns (id),
    -- Names of fields within the column, from it inwards.
    source_path TEXT NOT NULL,
    target_id BLOB NOT NULL,
    -- Absent where it decided about all rows, and for what is no table.
    target_column BLOB REFERENCES columns (id),
    -- What a column of a saved query is called; empty where it decided about all rows.
    target_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- Expressions on the way, with literals as their author wrote them.
    steps TEXT NOT NULL,
    began_at TEXT NOT NULL,
    ended_at TEXT,
    PRIMARY KEY (flow_id, ordinal)
);
CREATE INDEX lineage_edges_source ON lineage_edges (source_column, ended_at);
CREATE INDEX lineage_edges_target ON lineage_edges (target_id, ended_at);
CREATE INDEX lineage_edges_column ON lineage_edges (target_column, ended_at);
CREATE INDEX lineage_edges_table ON lineage_edges (source_id);

-- Which columns of which table a query has read.
CREATE TABLE query_reads (
    -- Or of a preview, which is no query of its own.
    query_id BLOB NOT NULL,
    table_id BLOB NOT NULL REFERENCES tables (id),
    -- Ids; none where only rows were counted.
    columns TEXT NOT NULL,
    user_id BLOB,
    service_account_id BLOB,
    project_id BLOB NOT NULL,
    -- Whether its rows left as a file.
    exported BOOLEAN NOT NULL,
    read_at TEXT NOT NULL,
    PRIMARY KEY (query_id, table_id)
);
CREATE INDEX query_reads_table ON query_reads (table_id, read_at);
