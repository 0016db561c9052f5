-- A link to another person's account waits for a second administrator, where there is one.
ALTER TABLE one_time_links ADD COLUMN asked_by UUID REFERENCES users (id);
ALTER TABLE one_time_links ADD COLUMN waits BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX one_time_links_user ON one_time_links (user_id);
