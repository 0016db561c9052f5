//! The closed sets of words as enums.

use async_graphql::Enum;
use lakegate_model::words;

/// Declares the GraphQL enum of a closed set of words.
macro_rules! enums {
    ($($(#[$doc:meta])* $name:ident of $remote:literal { $($(#[$vdoc:meta])* $variant:ident,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
        #[graphql(remote = $remote)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }
    )*};
}

enums! {
    /// What a column has to do with one that it comes from.
    LineageEdgeKind of "words::EdgeKind" {
        /// Its values stand there as they are.
        Copied,
        Cast,
        Computed,
        Aggregated,
        Tokenised,
        Masked,
        /// It decided which rows appear.
        Filter,
        Join,
        Group,
        Order,
        Window,
        Condition,
    }
    /// What lineage leads to.
    LineageTarget of "words::LineageTarget" { Table, SavedQuery, Dataset, }
    /// How lineage is known.
    LineageOrigin of "words::LineageOrigin" {
        /// The plan that was executed says so.
        Executed,
        /// A plan says so that was made when its text was kept.
        Planned,
        /// Another program says so.
        Reported,
    }
    /// How far a run of another program has come.
    ReportedState of "words::ReportedState" {
        /// Its job says what it reads and writes, without a run.
        Designed,
        Started,
        Running,
        Completed,
        Failed,
        Aborted,
    }
    /// How it is known what a reported dataset is.
    ReportedMatch of "words::ReportedMatch" {
        /// It is a thing of its own, as far as is known.
        Unmatched,
        /// By its own name.
        Name,
        /// By another name that its producer gives it.
        Symlink,
        /// By a rule of the project.
        Rule,
        /// Somebody decided it.
        Decision,
    }
    /// Which way lineage is followed.
    LineageDirection of "words::Direction" { Upstream, Downstream, Both, }
    /// What a person may do with the installation as a whole.
    ProductRole of "words::ProductRole" { Administrator, SecurityAdministrator, Auditor, DataProtectionOfficer, }
    /// What a restriction does.
    RestrictionEffect of "words::RestrictionEffect" { Hide, Mask, Filter, }
    /// What kind of principal a restriction spares.
    ExemptKind of "words::ExemptKind" { User, Group, Project, Purpose, }
    /// How far a purpose has come that a project asked for.
    PurposeState of "words::PurposeState" { Asked, Approved, Refused, Ended, }
    /// Which rights count on the tables of a database.
    AccessMode of "words::AccessMode" {
        /// Fine grants alone: subscriptions and direct grants.
        Fine,
        /// Coarse rights alone.
        Coarse,
        /// Coarse rights, and fine grants for whom was opted in.
        Hybrid,
    }
    /// What kind of principal a direct grant is held by.
    GranteeKind of "words::GranteeKind" {
        User,
        Group,
        ServiceAccount,
        /// Whoever holds a role of the installation.
        Role,
        /// Whoever acts in the project.
        Project,
        /// Every enabled person.
        Everyone,
    }
    /// Which columns of a table a direct grant opens.
    GrantColumns of "words::GrantColumns" {
        /// Every released column, those to come included.
        All,
        /// Exactly the named ones.
        Only,
        /// Every released column but the named ones.
        Except,
    }
    /// What a masked column shows instead of its values; docs/access.md tells the types each is for.
    Mask of "words::Mask" {
        /// Digits become `n`, everything but `( ) , . - @` becomes `x`.
        #[graphql(name = "MASK_ALPHANUM")]
        Alphanumeric,
        /// One value for all.
        #[graphql(name = "MASK_TO_FIXED_VALUE")]
        FixedValue,
        /// NULL for all.
        #[graphql(name = "REPLACE_WITH_NULL")]
        Null,
        #[graphql(name = "SHOW_FIRST_4")]
        First4,
        #[graphql(name = "SHOW_LAST_4")]
        Last4,
        #[graphql(name = "TRUNCATE_TO_YEAR")]
        Year,
        #[graphql(name = "TRUNCATE_TO_MONTH")]
        Month,
        /// SHA-256 without salt: falls to a dictionary.
        #[graphql(name = "SHA_256_GLOBAL")]
        Sha256,
        /// SHA-256 with a salt of each query.
        #[graphql(name = "SHA_256_QUERY_LOCAL")]
        Sha256Local,
        /// HMAC-SHA256 under a key of the installation.
        Hmac,
    }
    /// What a second person says of an emergency access.
    BreakGlassVerdict of "words::BreakGlassVerdict" {
        /// It was called for.
        Confirmed,
        /// It was not; where it still is open, that ends it.
        Objected,
    }
    /// What a member may do in a project.
    ProjectRole of "words::ProjectRole" { Viewer, Contributor, Owner, }
    /// What kind of principal a project member is.
    MemberKind of "words::MemberKind" { User, Group, }
    /// How much of an asset people outside its project may find.
    Discover of "words::Discover" {
        /// Nothing.
        Hidden,
        /// It is found and described, but cannot be requested.
        Listed,
        /// It is found and can be requested.
        Requestable,
        /// Found and requestable; every request is approved at once by its owner's standing decision.
        Open,
    }
    /// Which database of an environment.
    DatabaseKind of "words::DatabaseKind" {
        /// The project's own tables.
        Published,
        /// Tables the project subscribed to.
        Subscribed,
    }
    /// Whether a column may be read by others.
    ColumnState of "words::ColumnState" {
        Active,
        /// Arrived after publishing, closed until released.
        Pending,
        /// No longer in the files.
        Dropped,
    }
    /// Where a proposed name is in its life.
    SuggestionState of "words::SuggestionState" {
        Open,
        Accepted,
        /// Turned down; it is not proposed again.
        Rejected,
    }
    /// Where an asset is in its life.
    AssetStatus of "words::AssetStatus" { Inventory, Published, Deprecated, Archived, }
    /// Where a request is in its life.
    RequestState of "words::RequestState" { Pending, NeedsInformation, Approved, Rejected, Withdrawn, }
    /// Where a subscription is in its life.
    SubscriptionState of "words::SubscriptionState" { Active, Cancelled, Revoked, Expired, }
    /// Where a run of a data source is in its life.
    RunState of "words::RunState" { Queued, Running, Succeeded, Failed, Cancelled, }
    /// Where a run of a workflow, or a backfill, is in its life.
    WorkflowState of "words::WorkflowState" {
        Running,
        Succeeded,
        /// A step failed, and no step that waits for failures came of it.
        Failed,
        Cancelled,
    }
    /// Where a step of a workflow's run is, or a part of it.
    StepState of "words::StepState" {
        /// For other steps, or for room.
        Waiting,
        Running,
        Succeeded,
        Failed,
        /// What it waits for cannot happen any more; parts are never skipped.
        Skipped,
        Cancelled,
    }
    /// Where a run of the queue is in its life.
    JobState of "words::JobState" {
        /// Until its time has come.
        Scheduled,
        /// For a free worker.
        Waiting,
        /// While another run over the same thing works.
        Held,
        Running,
        Succeeded,
        Failed,
        Cancelled,
    }
    /// How an attempt at a run ended.
    AttemptOutcome of "words::AttemptOutcome" {
        Succeeded,
        Failed,
        Cancelled,
        /// Its worker was not heard of any more.
        Lost,
        /// Its worker stopped and gave it back.
        HandedBack,
    }
    /// What a trigger waits for.
    Happening of "words::Happening" {
        /// An object was created or changed below a prefix.
        ObjectCreated,
        /// A table of the project is new or has changed.
        TableChanged,
        /// A run over a data source has ended.
        RunEnded,
        AssetPublished,
        /// Somebody called, with a signature.
        Webhook,
    }
    /// What happens to ticks of a schedule that nobody was there for.
    CatchUp of "words::CatchUp" {
        /// Nothing.
        Skip,
        /// One run makes up for all of them.
        One,
        /// Each has its run.
        All,
    }
    /// Which runs somebody wants to be told of.
    WatchScope of "words::WatchScope" {
        /// Those of one data source.
        Source,
        /// Those of one workflow that its schedule and triggers start.
        Workflow,
        Project,
        /// Those of the whole installation.
        Everything,
    }
    /// How notices of runs reach somebody.
    NoticeWay of "words::NoticeWay" { Portal, Webhook, Mail, }
    /// What a notice says of a run.
    RunNews of "words::RunNews" {
        Started,
        Succeeded,
        /// It succeeded, and could not do all of it.
        Partly,
        /// For good.
        Failed,
        /// It had not ended in time after its schedule ticked.
        Late,
        /// Nothing: somebody tries whether notices arrive.
        Test,
    }
    /// What became of a notice.
    DeliveryState of "words::DeliveryState" {
        /// It is to be sent, perhaps again.
        Waiting,
        Delivered,
        Failed,
        /// Its reader may not see the run any more.
        Withheld,
    }
    /// How much a line of a log matters.
    LogLevel of "words::LogLevel" { Debug, Info, Warn, Error, }
    /// Where a query is in its life.
    QueryState of "words::QueryState" { Running, Succeeded, Failed, Cancelled, }
    /// How an audited action ended.
    Outcome of "words::Outcome" { Allowed, Denied, Failed, }
    /// What a person marks an asset for.
    Mark of "words::Mark" {
        /// Notices on changes.
        Watch,
        Bookmark,
        /// Opened; kept for "recently seen".
        Seen,
    }
    /// What a token may be used for.
    TokenScope of "words::TokenScope" {
        /// Read metadata.
        Read,
        /// Run queries.
        Query,
        /// Change metadata.
        Write,
    }
    /// Light, dark, or what the system says.
    Theme of "words::Theme" { System, Light, Dark, }
    /// What the steward's bench looks for.
    Lack of "lakegate_app::catalog::bench::Lack" {
        /// Columns that arrived after publishing and are closed.
        PendingColumns,
        UndescribedColumns,
        UndescribedAssets,
        /// Assets without an owner who can sign in.
        Ownerless,
    }
    /// Which requests are wanted.
    Side of "lakegate_app::access::Side" {
        /// Asked by the caller or his projects.
        Sent,
        /// For assets of projects the caller owns, or domains he looks after.
        Received,
        Both,
    }
    /// What hits can be narrowed by and counted over.
    Facet of "lakegate_app::catalog::search::Facet" {
        /// `asset`, `term`, `project`.
        Kind,
        /// Domain ids, parents included.
        Domain,
        /// Project id.
        Project,
        /// Type of the asset.
        AssetType,
        Tag,
        /// Glossary term id.
        Term,
        /// Data source id.
        Source,
        /// `published`, `certified`, `deprecated`.
        Status,
    }
    /// The order of hits.
    SearchSort of "lakegate_app::catalog::search::Sort" {
        /// Best match first.
        Relevance,
        /// Latest change first.
        Newest,
        /// By title, A to Z, case and accents aside.
        Title,
    }
    /// A part of a document that can show a match.
    HitField of "lakegate_app::catalog::search::HitField" {
        Title, Name, Column, Description, Tag, Term, Owner, Project, Domain,
    }
}
