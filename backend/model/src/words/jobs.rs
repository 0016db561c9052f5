//! Words of work that is done later: runs, what starts them, and who is told.

words! {
    /// Where a run of the queue is in its life.
    JobState {
        /// Until its time has come.
        Scheduled = "scheduled",
        /// For a free worker.
        Waiting = "waiting",
        /// While another of its key runs.
        Held = "held",
        Running = "running",
        Succeeded = "succeeded",
        Failed = "failed",
        Cancelled = "cancelled",
    }
    /// What a trigger waits for.
    Happening {
        /// An object was created or changed under a prefix.
        ObjectCreated = "object_created",
        /// A table of the project is new or has changed.
        TableChanged = "table_changed",
        RunEnded = "run_ended",
        AssetPublished = "asset_published",
        /// Somebody called.
        Webhook = "webhook",
    }
    /// How an attempt at a run ended.
    AttemptOutcome {
        Succeeded = "succeeded",
        Failed = "failed",
        Cancelled = "cancelled",
        /// Its worker was not heard of any more.
        Lost = "lost",
        /// Its worker stopped and gave it back.
        HandedBack = "handed_back",
    }
    /// What happens to ticks of a schedule that nobody was there for.
    CatchUp {
        Skip = "skip",
        One = "one",
        All = "all",
    }
    /// How much a line of a log matters.
    LogLevel {
        Debug = "debug",
        Info = "info",
        Warn = "warn",
        Error = "error",
    }
    /// Which runs somebody wants to be told of.
    WatchScope {
        /// Those of one data source.
        Source = "source",
        /// Those of one workflow that its schedule and triggers start.
        Workflow = "workflow",
        Project = "project",
        /// Those of the whole installation.
        Everything = "everything",
    }
    /// How notices of runs reach somebody.
    NoticeWay {
        Portal = "portal",
        Webhook = "webhook",
        Mail = "mail",
    }
    /// What a notice says of a run.
    RunNews {
        Started = "started",
        Succeeded = "succeeded",
        /// It succeeded, and could not do all of it.
        Partly = "partly",
        /// For good.
        Failed = "failed",
        /// It had not ended in time after its schedule ticked.
        Late = "late",
        /// Nothing: somebody tries whether notices arrive.
        Test = "test",
    }
    /// What became of a notice.
    DeliveryState {
        /// It is to be sent, perhaps again.
        Waiting = "waiting",
        Delivered = "delivered",
        Failed = "failed",
        /// Its reader may not see the run any more.
        Withheld = "withheld",
    }
    /// Which slots of a worker a kind of work takes.
    SlotClass {
        Light = "light",
        Heavy = "heavy",
    }
    /// Where a run of a workflow, or a backfill, is in its life.
    WorkflowState {
        Running = "running",
        Succeeded = "succeeded",
        /// A step failed, and no step that waits for failures came of it.
        Failed = "failed",
        Cancelled = "cancelled",
    }
    /// Where a step of a workflow's run is, or a part of it.
    StepState {
        /// For other steps, or for room.
        Waiting = "waiting",
        Running = "running",
        Succeeded = "succeeded",
        Failed = "failed",
        /// What it waits for cannot happen any more; parts are never skipped.
        Skipped = "skipped",
        Cancelled = "cancelled",
    }
    /// How a step has to have ended before another begins.
    StepEnd {
        Succeeded = "succeeded",
        /// It began, and did not succeed.
        Failed = "failed",
        /// In any way, skipped too.
        Ended = "ended",
    }
}
