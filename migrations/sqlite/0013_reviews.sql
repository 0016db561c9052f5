-- Campaigns that review who has access: grants as they were when it began, and what was decided of them.
CREATE TABLE reviews (
    id BLOB NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    scope TEXT NOT NULL,
    asset_id BLOB REFERENCES assets (id),
    project_id BLOB REFERENCES projects (id),
    domain_id BLOB REFERENCES domains (id),
    started_by BLOB NOT NULL REFERENCES users (id),
    started_at TEXT NOT NULL,
    due_at TEXT NOT NULL,
    reminded_at TEXT,
    closed_by BLOB REFERENCES users (id),
    closed_at TEXT
);
CREATE INDEX reviews_due ON reviews (due_at);

CREATE TABLE review_items (
    id BLOB NOT NULL PRIMARY KEY,
    review_id BLOB NOT NULL REFERENCES reviews (id),
    -- Of a subscription or direct.
    grant_id BLOB NOT NULL,
    subscription_id BLOB REFERENCES subscriptions (id),
    asset_id BLOB REFERENCES assets (id),
    opens TEXT NOT NULL,
    holder TEXT NOT NULL,
    since TEXT NOT NULL,
    until TEXT,
    approved_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    columns TEXT NOT NULL,
    last_used TEXT,
    used_columns TEXT NOT NULL,
    usage_complete BOOLEAN NOT NULL,
    decision TEXT,
    decided_by BLOB REFERENCES users (id),
    decided_at TEXT,
    note TEXT NOT NULL,
    replaced_by BLOB
);
CREATE INDEX review_items_review ON review_items (review_id, id);
