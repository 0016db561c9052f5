-- Notices of runs: what somebody wants to be told, what is awaited, what is on its way.

CREATE TABLE run_watches (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    -- source, project or everything
    scope TEXT NOT NULL,
    -- The data source or project; absent for everything.
    target_id BLOB,
    started BOOLEAN NOT NULL,
    succeeded BOOLEAN NOT NULL,
    partly BOOLEAN NOT NULL,
    failed BOOLEAN NOT NULL,
    -- Minutes after a tick within which its run has to end.
    late_minutes BIGINT,
    -- portal, webhook or mail
    way TEXT NOT NULL,
    -- Where a webhook goes, and what it is signed with.
    address TEXT,
    secret_id BLOB REFERENCES secrets (id),
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL
);
CREATE INDEX run_watches_user ON run_watches (user_id, id);
CREATE INDEX run_watches_target ON run_watches (scope, target_id);

-- Runs that somebody wants to hear of if they have not ended in time.
-- Here and in deliveries no key refers to the watch: a run has to end also while its watch is taken away.
CREATE TABLE run_watch_timers (
    watch_id BLOB NOT NULL,
    run_id BLOB NOT NULL,
    tick_at TEXT NOT NULL,
    due_at TEXT NOT NULL,
    PRIMARY KEY (watch_id, run_id)
);
CREATE INDEX run_watch_timers_due ON run_watch_timers (due_at);
CREATE INDEX run_watch_timers_run ON run_watch_timers (run_id);

CREATE TABLE run_deliveries (
    id BLOB NOT NULL PRIMARY KEY,
    watch_id BLOB NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    -- Absent where somebody only tries.
    run_id BLOB,
    -- started, succeeded, partly, failed, late or test
    news TEXT NOT NULL,
    -- waiting, delivered, failed or withheld
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    -- What a webhook's receiver answered last.
    status BIGINT,
    error TEXT,
    -- When what it tells happened; of a late run, its tick.
    happened_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    tried_at TEXT
);
CREATE UNIQUE INDEX run_deliveries_once ON run_deliveries (watch_id, run_id, news) WHERE run_id IS NOT NULL;
CREATE INDEX run_deliveries_user ON run_deliveries (user_id, id);
CREATE INDEX run_deliveries_watch ON run_deliveries (watch_id, id);
CREATE INDEX run_deliveries_age ON run_deliveries (created_at);
