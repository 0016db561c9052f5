//! Words of lineage: what columns have to do with each other.

words! {
    /// What a column has to do with one that it comes from.
    EdgeKind {
        /// Its values stand there as they are.
        Copied = "copied",
        /// In another type.
        Cast = "cast",
        /// By an expression over cells of its row.
        Computed = "computed",
        /// Over many rows.
        Aggregated = "aggregated",
        /// By a function with a key that only the system holds.
        Tokenised = "tokenised",
        /// By a mask or a digest.
        Masked = "masked",
        /// It decided which rows appear.
        Filter = "filter",
        /// It decided which rows meet.
        Join = "join",
        /// It decided which rows became one.
        Group = "group",
        /// It decided in which order rows come.
        Order = "order",
        /// It decided over which rows a window looks.
        Window = "window",
        /// It decided which branch gives the value.
        Condition = "condition",
    }
    /// What lineage leads to.
    LineageTarget {
        Table = "table",
        SavedQuery = "saved_query",
        /// Something that other programs report, and no table of the catalogue.
        Dataset = "dataset",
    }
    /// How lineage is known.
    LineageOrigin {
        /// The plan that was executed says so.
        Executed = "executed",
        /// A plan says so that was made when its text was kept.
        Planned = "planned",
        /// Another program says so.
        Reported = "reported",
    }
    /// How far a run of another program has come.
    ReportedState {
        /// Its job says what it reads and writes, without a run.
        Designed = "designed",
        Started = "started",
        Running = "running",
        Completed = "completed",
        Failed = "failed",
        Aborted = "aborted",
    }
    /// How it is known what a reported dataset is.
    ReportedMatch {
        /// It is a thing of its own, as far as is known.
        Unmatched = "unmatched",
        /// By its own name.
        Name = "name",
        /// By another name that its producer gives it.
        Symlink = "symlink",
        /// By a rule of the project.
        Rule = "rule",
        /// Somebody decided it.
        Decision = "decision",
    }
    /// Which way lineage is followed.
    Direction {
        /// To what data comes from.
        Upstream = "upstream",
        /// To what is made of it.
        Downstream = "downstream",
        Both = "both",
    }
}

impl EdgeKind {
    /// Whether cells of the source stand in the target; else they decided about it.
    pub const fn is_value(self) -> bool {
        matches!(self, Self::Copied | Self::Cast | Self::Computed | Self::Aggregated | Self::Tokenised | Self::Masked)
    }
}
