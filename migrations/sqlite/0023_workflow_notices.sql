-- Notices may be about runs of workflows, whoever started them: run_id is the id of one where of_workflow says so.

ALTER TABLE run_watch_timers ADD COLUMN of_workflow BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE run_deliveries ADD COLUMN of_workflow BOOLEAN NOT NULL DEFAULT FALSE;
