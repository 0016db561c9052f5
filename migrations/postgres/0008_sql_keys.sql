-- The text of each query in the audit is sealed under a key of its own. Whoever erases the key erases the text, and the
-- chain of the audit holds.
CREATE TABLE sql_keys (
    query_id UUID NOT NULL PRIMARY KEY,
    actor_id UUID,
    key_id TEXT COLLATE "C" NOT NULL,
    sealed TEXT COLLATE "C" NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX sql_keys_actor ON sql_keys (actor_id, created_at);
CREATE INDEX sql_keys_created ON sql_keys (created_at);
