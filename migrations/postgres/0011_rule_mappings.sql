-- The tables that row filters name as mappings, pinned when the filter was written.
CREATE TABLE rule_mappings (
    -- A grant, a direct grant or a restriction.
    rule_id UUID NOT NULL,
    database_name TEXT COLLATE "C" NOT NULL,
    table_name TEXT COLLATE "C" NOT NULL,
    table_id UUID NOT NULL REFERENCES tables (id),
    PRIMARY KEY (rule_id, database_name, table_name)
);
CREATE INDEX rule_mappings_table ON rule_mappings (table_id);
