-- Where data comes from: which query fills what, taken from the plans that ran; and who read which columns.

-- One way in which something is filled, from when until when. Another plan begins another one.
CREATE TABLE lineage_flows (
    id UUID NOT NULL PRIMARY KEY,
    -- What is filled: a table, or the columns of a saved query.
    target_kind TEXT COLLATE "C" NOT NULL,
    target_id UUID NOT NULL,
    -- Who owns what fills it.
    project_id UUID NOT NULL,
    -- The derived table or saved query, and the number of its definition.
    process_id UUID NOT NULL,
    version BIGINT NOT NULL,
    origin TEXT COLLATE "C" NOT NULL,
    -- The latest run that did so, and as whom.
    run_id UUID,
    made_by TEXT COLLATE "C" NOT NULL,
    -- Of sources and edges: an equal plan begins nothing.
    digest TEXT COLLATE "C" NOT NULL,
    approximate BOOLEAN NOT NULL,
    began_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX lineage_flows_open ON lineage_flows (target_id) WHERE ended_at IS NULL;
CREATE INDEX lineage_flows_target ON lineage_flows (target_id, began_at);

-- Which tables a flow reads: also those of which only rows are counted.
CREATE TABLE lineage_links (
    flow_id UUID NOT NULL REFERENCES lineage_flows (id),
    source_id UUID NOT NULL REFERENCES tables (id),
    target_id UUID NOT NULL,
    -- Whether values of it stand in the target.
    by_value BOOLEAN NOT NULL,
    began_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    PRIMARY KEY (flow_id, source_id)
);
CREATE INDEX lineage_links_source ON lineage_links (source_id, ended_at);
CREATE INDEX lineage_links_target ON lineage_links (target_id, ended_at);

-- Which columns a flow reads for which of its columns.
CREATE TABLE lineage_edges (
    flow_id UUID NOT NULL REFERENCES lineage_flows (id),
    ordinal BIGINT NOT NULL,
    source_id UUID NOT NULL REFERENCES tables (id),
    source_column UUID NOT NULL REFERENCES columns (id),
    -- Names of fields within the column, from it inwards.
    source_path JSONB NOT NULL,
    target_id UUID NOT NULL,
    -- Absent where it decided about all rows, and for what is no table.
    target_column UUID REFERENCES columns (id),
    -- What a column of a saved query is called; empty where it decided about all rows.
    target_name TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    -- Expressions on the way, with literals as their author wrote them.
    steps JSONB NOT NULL,
    began_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    PRIMARY KEY (flow_id, ordinal)
);
CREATE INDEX lineage_edges_source ON lineage_edges (source_column, ended_at);
CREATE INDEX lineage_edges_target ON lineage_edges (target_id, ended_at);
CREATE INDEX lineage_edges_column ON lineage_edges (target_column, ended_at);
CREATE INDEX lineage_edges_table ON lineage_edges (source_id);

-- Which columns of which table a query has read.
CREATE TABLE query_reads (
    -- Or of a preview, which is no query of its own.
    query_id UUID NOT NULL,
    table_id UUID NOT NULL REFERENCES tables (id),
    -- Ids; none where only rows were counted.
    columns TEXT COLLATE "C" NOT NULL,
    user_id UUID,
    service_account_id UUID,
    project_id UUID NOT NULL,
    -- Whether its rows left as a file.
    exported BOOLEAN NOT NULL,
    read_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (query_id, table_id)
);
CREATE INDEX query_reads_table ON query_reads (table_id, read_at);
