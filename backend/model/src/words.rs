//! Closed sets of words: states, roles and kinds, written the same in the database, the APIs and the audit.

/// Declares an enum whose variants have a fixed spelling.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// Every word of the set.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The spelling.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::Fault;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err($crate::Fault::new($crate::Code::Invalid, concat!("expected one of:" $(, " ", $text)*))),
                }
            }
        }

        #[cfg(feature = "sqlx")]
        impl<DB: sqlx::Database> sqlx::Type<DB> for $name where String: sqlx::Type<DB> {
            fn type_info() -> DB::TypeInfo { <String as sqlx::Type<DB>>::type_info() }
            fn compatible(ty: &DB::TypeInfo) -> bool { <String as sqlx::Type<DB>>::compatible(ty) }
        }

        #[cfg(feature = "sqlx")]
        impl<'q, DB: sqlx::Database> sqlx::Encode<'q, DB> for $name where &'q str: sqlx::Encode<'q, DB> {
            fn encode_by_ref(
                &self,
                buffer: &mut <DB as sqlx::Database>::ArgumentBuffer,
            ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                <&'q str as sqlx::Encode<'q, DB>>::encode(self.as_str(), buffer)
            }
        }

        #[cfg(feature = "sqlx")]
        impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for $name where &'r str: sqlx::Decode<'r, DB> {
            fn decode(value: <DB as sqlx::Database>::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                Ok(<&'r str as sqlx::Decode<'r, DB>>::decode(value)?.parse::<Self>()?)
            }
        }
    )*};
}

mod jobs;
mod lineage;

pub use jobs::*;
pub use lineage::*;

words! {
    /// What a review of access is over.
    ReviewScope {
        Asset = "asset",
        /// Every asset of it.
        Project = "project",
        /// Every asset of its projects, those of the domains below included.
        Domain = "domain",
    }
    /// What a reviewer decides of a grant.
    ReviewDecision {
        Keep = "keep",
        /// Take it back.
        Revoke = "revoke",
        /// Leave it what was used of it.
        Shrink = "shrink",
    }
    /// What a second person says of an emergency access.
    BreakGlassVerdict {
        /// It was called for.
        Confirmed = "confirmed",
        /// It was not.
        Objected = "objected",
    }
    /// What a person may do with the installation as a whole.
    ProductRole {
        /// Runs the installation: users, groups, domains, storage roots.
        Administrator = "administrator",
        /// Looks after rules that bind data.
        SecurityAdministrator = "security_administrator",
        /// Reads the whole audit.
        Auditor = "auditor",
        /// Second approver for personal data.
        DataProtectionOfficer = "data_protection_officer",
    }
    /// What a member may do in a project.
    ProjectRole {
        /// Selects, and nothing else.
        Viewer = "viewer",
        /// Brings data in, describes, publishes, requests.
        Contributor = "contributor",
        /// Also manages members and environments, approves requests.
        Owner = "owner",
    }
    /// What kind of principal a project member is.
    MemberKind {
        User = "user",
        Group = "group",
    }
    /// How much of an asset people outside its project may find.
    Discover {
        /// Nothing.
        Hidden = "hidden",
        /// It is found and described, but cannot be requested.
        Listed = "listed",
        /// It is found and can be requested.
        Requestable = "requestable",
        /// Found and requestable; its owner approves every request beforehand. It still takes a request with a reason.
        Open = "open",
    }
    /// Which database of an environment.
    DatabaseKind {
        /// The project's own tables.
        Published = "pub",
        /// Tables the project subscribed to.
        Subscribed = "sub",
    }
    /// Which rights count on the tables of a database.
    AccessMode {
        /// Fine grants alone: subscriptions and direct grants.
        Fine = "fine",
        /// Coarse rights alone.
        Coarse = "coarse",
        /// Coarse rights, and fine grants for whom was opted in.
        Hybrid = "hybrid",
    }
    /// Whether a column may be read by others.
    ColumnState {
        Active = "active",
        /// Arrived after publishing, closed until released.
        Pending = "pending",
        /// No longer in the files.
        Dropped = "dropped",
    }
    /// What a masked column shows instead of its values. The names and what they do are those of Iceberg's
    /// `read-restrictions`, with `hmac` of our own; [`Mask::applies_to`] tells the types each is for.
    Mask {
        /// Digits become `n`, everything but `( ) , . - @` becomes `x`.
        Alphanumeric = "mask-alphanum",
        /// One value for all, true NULLs included.
        FixedValue = "mask-to-fixed-value",
        /// NULL for all.
        Null = "replace-with-null",
        /// The first four characters, the others as `mask-alphanum` does.
        First4 = "show-first-4",
        /// The last four characters, the others as `mask-alphanum` does.
        Last4 = "show-last-4",
        /// The first day of the year.
        Year = "truncate-to-year",
        /// The first day of the month.
        Month = "truncate-to-month",
        /// SHA-256 without salt: equal values stay equal across tables and queries, and fall to a dictionary.
        Sha256 = "sha-256-global",
        /// SHA-256 with a salt of this query: equal values stay equal within one query alone.
        Sha256Local = "sha-256-query-local",
        /// HMAC-SHA256 under a key of the installation: equal values stay equal, and no dictionary helps who lacks the key.
        Hmac = "hmac",
    }
    /// What a restriction does.
    RestrictionEffect {
        /// The columns, or the whole table, do not exist.
        Hide = "hide",
        /// The columns show masked values.
        Mask = "mask",
        /// Only rows that a filter lets through exist.
        Filter = "filter",
    }
    /// What kind of principal a restriction spares.
    ExemptKind {
        User = "user",
        Group = "group",
        /// Whoever acts in the project.
        Project = "project",
        /// Whoever states the purpose.
        Purpose = "purpose",
    }
    /// How far a purpose has come that a project asked for.
    PurposeState {
        Asked = "asked",
        Approved = "approved",
        Refused = "refused",
        /// Approved once, and over.
        Ended = "ended",
    }
    /// What kind of principal a direct grant is held by.
    GranteeKind {
        User = "user",
        Group = "group",
        ServiceAccount = "service_account",
        /// Whoever holds a role of the installation.
        Role = "role",
        /// Whoever acts in the project.
        Project = "project",
        /// Every enabled person.
        Everyone = "everyone",
    }
    /// Which columns a direct grant opens.
    GrantColumns {
        /// Every released column, those to come included.
        All = "all",
        /// Exactly the named ones.
        Only = "only",
        /// Every released column but the named ones.
        Except = "except",
    }
    /// Where a set of rules from files is in its life.
    PolicyVersionState {
        /// It was applied; the latest such is in force.
        Applied = "applied",
        /// It waits for a second security administrator.
        Proposed = "proposed",
        Refused = "refused",
        /// Another set came before it was decided.
        Superseded = "superseded",
    }
    /// What a set of rules from files manages.
    PolicyItemKind {
        Tag = "tag",
        Grant = "grant",
        Restriction = "restriction",
    }
    /// Where an asset is in its life.
    AssetStatus {
        /// Known to its project alone.
        Inventory = "inventory",
        Published = "published",
        /// Still usable, takes no new requests, names a successor.
        Deprecated = "deprecated",
        Archived = "archived",
    }
    /// What an asset stands for.
    AssetKind {
        Table = "table",
    }
    /// Whether a proposed name was taken up.
    SuggestionState {
        Open = "open",
        Accepted = "accepted",
        Rejected = "rejected",
    }
    /// Where a request is in its life.
    RequestState {
        Pending = "pending",
        /// The approver asked something; the requester answers in the thread.
        NeedsInformation = "needs_information",
        Approved = "approved",
        Rejected = "rejected",
        Withdrawn = "withdrawn",
    }
    /// Where a subscription is in its life.
    SubscriptionState {
        Active = "active",
        /// Given back by the consumer.
        Cancelled = "cancelled",
        /// Taken back by the producer.
        Revoked = "revoked",
        Expired = "expired",
    }
    /// Where a run of a data source is in its life.
    RunState {
        Queued = "queued",
        Running = "running",
        Succeeded = "succeeded",
        Failed = "failed",
        Cancelled = "cancelled",
    }
    /// Where a query is in its life.
    QueryState {
        Running = "running",
        Succeeded = "succeeded",
        Failed = "failed",
        Cancelled = "cancelled",
    }
    /// How an audited action ended.
    Outcome {
        Allowed = "allowed",
        Denied = "denied",
        Failed = "failed",
    }
    /// What a person marks an asset for.
    Mark {
        /// Notices on changes.
        Watch = "watch",
        Bookmark = "bookmark",
        /// Opened; kept for "recently seen".
        Seen = "seen",
    }
    /// What a token may be used for.
    TokenScope {
        /// Read metadata.
        Read = "read",
        /// Run queries.
        Query = "query",
        /// Change metadata.
        Write = "write",
    }
    /// What a link that works once is for.
    LinkPurpose {
        SetUp = "set_up",
        ResetPassword = "reset_password",
    }
    /// Light, dark, or what the system says.
    Theme {
        System = "system",
        Light = "light",
        Dark = "dark",
    }
}
