-- Notices of runs: what somebody wants to be told, what is awaited, what is on its way.

CREATE TABLE run_watches (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    -- source, project or everything
    scope TEXT COLLATE "C" NOT NULL,
    -- The data source or project; absent for everything.
    target_id UUID,
    started BOOLEAN NOT NULL,
    succeeded BOOLEAN NOT NULL,
    partly BOOLEAN NOT NULL,
    failed BOOLEAN NOT NULL,
    -- Minutes after a tick within which its run has to end.
    late_minutes BIGINT,
    -- portal, webhook or mail
    way TEXT COLLATE "C" NOT NULL,
    -- Where a webhook goes, and what it is signed with.
    address TEXT COLLATE "C",
    secret_id UUID REFERENCES secrets (id),
    created_at TIMESTAMPTZ NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX run_watches_user ON run_watches (user_id, id);
CREATE INDEX run_watches_target ON run_watches (scope, target_id);

-- Runs that somebody wants to hear of if they have not ended in time.
-- Here and in deliveries no key refers to the watch: a run has to end also while its watch is taken away.
CREATE TABLE run_watch_timers (
    watch_id UUID NOT NULL,
    run_id UUID NOT NULL,
    tick_at TIMESTAMPTZ NOT NULL,
    due_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (watch_id, run_id)
);
CREATE INDEX run_watch_timers_due ON run_watch_timers (due_at);
CREATE INDEX run_watch_timers_run ON run_watch_timers (run_id);

CREATE TABLE run_deliveries (
    id UUID NOT NULL PRIMARY KEY,
    watch_id UUID NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    -- Absent where somebody only tries.
    run_id UUID,
    -- started, succeeded, partly, failed, late or test
    news TEXT COLLATE "C" NOT NULL,
    -- waiting, delivered, failed or withheld
    state TEXT COLLATE "C" NOT NULL,
    attempts BIGINT NOT NULL,
    -- What a webhook's receiver answered last.
    status BIGINT,
    error TEXT COLLATE "C",
    -- When what it tells happened; of a late run, its tick.
    happened_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    tried_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX run_deliveries_once ON run_deliveries (watch_id, run_id, news) WHERE run_id IS NOT NULL;
CREATE INDEX run_deliveries_user ON run_deliveries (user_id, id);
CREATE INDEX run_deliveries_watch ON run_deliveries (watch_id, id);
CREATE INDEX run_deliveries_age ON run_deliveries (created_at);
