//! Identifiers: UUIDv7, so they sort by the time they were made, and read the same everywhere.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

use crate::{Code, Fault};

/// Declares an id type: a UUID that cannot be mistaken for another entity's.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident => $word:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
        pub struct $name(pub Uuid);

        impl $name {
            /// The field name that errors about this id carry.
            pub const FIELD: &'static str = $word;
        }
        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self { Self(id) }
        }
        impl From<$name> for Uuid {
            fn from(id: $name) -> Uuid { id.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}:{}", $word, self.0) }
        }
        impl FromStr for $name {
            type Err = Fault;
            fn from_str(text: &str) -> Result<Self, Fault> {
                Uuid::parse_str(text).map(Self).map_err(|_| {
                    Fault::new(Code::Invalid, "this is not an id: expected 36 characters such as 0190f3a1-7c1e-7b5a-9d3e-2f6a4b8c0d1e")
                        .on($word)
                })
            }
        }
    )*};
}

ids! {
    /// A person who signs in.
    UserId => "user";
    /// A named set of users.
    GroupId => "group";
    /// A machine identity of a project.
    ServiceAccountId => "service_account";
    /// A personal or service token for the API.
    ApiTokenId => "token";
    /// A browser session.
    SessionId => "session";
    /// What personal data may be used for.
    PurposeId => "purpose";
    /// A purpose asked for a project.
    ProjectPurposeId => "project_purpose";
    /// A business area, a node of the domain tree.
    DomainId => "domain";
    /// A team's space: owns environments, sources, assets and subscriptions.
    ProjectId => "project";
    /// Storage and databases of a project.
    EnvironmentId => "environment";
    /// Credentials and settings for reaching a storage.
    ConnectionId => "connection";
    /// A sealed secret.
    SecretId => "secret";
    /// A root that an administrator assigned for storage.
    RootId => "root";
    /// A database (schema) of an environment.
    DatabaseId => "database";
    /// A table of a database.
    TableId => "table";
    /// A column of a table; survives renames and reordering.
    ColumnId => "column";
    /// A key of a table.
    TableKeyId => "key";
    /// A catalog entry.
    AssetId => "asset";
    /// A glossary term.
    TermId => "term";
    /// A proposed business name.
    SuggestionId => "suggestion";
    /// A place from which tables are discovered.
    DataSourceId => "data_source";
    /// When work begins by itself.
    ScheduleId => "schedule";
    /// What starts work when something happens.
    TriggerId => "trigger";
    /// A process that works off runs.
    WorkerId => "worker";
    /// One execution of a data source.
    RunId => "run";
    /// A table that a query makes.
    DerivedTableId => "derived_table";
    /// A way in which something is filled with data.
    LineageFlowId => "lineage_flow";
    /// A job of another program, as its events call it.
    ReportedJobId => "reported_job";
    /// A run of such a job.
    ReportedRunId => "reported_run";
    /// An event as it came.
    ReportedEventId => "reported_event";
    /// A dataset that such jobs read or write.
    ReportedDatasetId => "reported_dataset";
    /// What somebody decided about such a dataset.
    ReportedDecisionId => "reported_decision";
    /// Names under a prefix that are tables of a database.
    ReportedRuleId => "reported_rule";
    /// A graph of steps, each of which is work of the queue.
    WorkflowId => "workflow";
    /// One execution of a workflow.
    WorkflowRunId => "workflow_run";
    /// A workflow over a range of days.
    BackfillId => "backfill";
    /// What somebody wants to be told of runs.
    RunWatchId => "run_watch";
    /// One notice of a run on its way to somebody.
    RunDeliveryId => "run_delivery";
    /// A request to subscribe.
    RequestId => "request";
    /// An approved, living use of an asset by a project.
    SubscriptionId => "subscription";
    /// A permission on a table.
    GrantId => "grant";
    /// A decision that fine grants, or coarse rights, count for a principal.
    OptInId => "opt_in";
    /// What a database is registered for.
    RegistrationId => "registration";
    /// A rule that narrows what grants permit.
    RestrictionId => "restriction";
    /// A set of rules from files, applied or proposed.
    PolicyVersionId => "policy_version";
    /// A campaign that reviews who has access.
    ReviewId => "review";
    /// One grant in a review.
    ReviewItemId => "review_item";
    /// A message to a person in the portal.
    NoticeId => "notice";
    /// A question about an asset.
    QuestionId => "question";
    /// One execution of a query.
    QueryId => "query";
    /// A query kept under a name.
    SavedQueryId => "saved_query";
    /// An entry of the audit.
    AuditEventId => "audit_event";
}
