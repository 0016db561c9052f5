-- Campaigns that review who has access: grants as they were when it began, and what was decided of them.
CREATE TABLE reviews (
    id UUID NOT NULL PRIMARY KEY,
    title TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    asset_id UUID REFERENCES assets (id),
    project_id UUID REFERENCES projects (id),
    domain_id UUID REFERENCES domains (id),
    started_by UUID NOT NULL REFERENCES users (id),
    started_at TIMESTAMPTZ NOT NULL,
    due_at TIMESTAMPTZ NOT NULL,
    reminded_at TIMESTAMPTZ,
    closed_by UUID REFERENCES users (id),
    closed_at TIMESTAMPTZ
);
CREATE INDEX reviews_due ON reviews (due_at);

CREATE TABLE review_items (
    id UUID NOT NULL PRIMARY KEY,
    review_id UUID NOT NULL REFERENCES reviews (id),
    -- Of a subscription or direct.
    grant_id UUID NOT NULL,
    subscription_id UUID REFERENCES subscriptions (id),
    asset_id UUID REFERENCES assets (id),
    opens TEXT COLLATE "C" NOT NULL,
    holder TEXT COLLATE "C" NOT NULL,
    since TIMESTAMPTZ NOT NULL,
    until TIMESTAMPTZ,
    approved_by TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    columns TEXT COLLATE "C" NOT NULL,
    last_used TIMESTAMPTZ,
    used_columns TEXT COLLATE "C" NOT NULL,
    usage_complete BOOLEAN NOT NULL,
    decision TEXT COLLATE "C",
    decided_by UUID REFERENCES users (id),
    decided_at TIMESTAMPTZ,
    note TEXT COLLATE "C" NOT NULL,
    replaced_by UUID
);
CREATE INDEX review_items_review ON review_items (review_id, id);
