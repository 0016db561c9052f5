//! What the database can refuse, in terms that a caller understands.

use lakegate_model::{Code, Fault};

/// A failed statement.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique index refused the row; the value is a line of [`CONSTRAINTS`].
    #[error("unique index {} refused the row", .0.name)]
    Taken(&'static Constraint),
    /// A foreign key refused the change: something it needs is absent, or something still needs it.
    #[error("a foreign key refused the change")]
    Reference(#[source] sqlx::Error),
    /// The transaction may succeed if run again.
    #[error("the transaction has to start over")]
    Transient(#[source] sqlx::Error),
    /// A text holds a character that the database cannot keep, such as NUL.
    #[error("a text cannot be kept")]
    Text(#[source] sqlx::Error),
    /// The disk is full.
    #[error("the database has no space left")]
    Full(#[source] sqlx::Error),
    /// A statement touched another number of rows than it must.
    #[error("expected to touch one row, touched {rows}: {sql}")]
    RowsAffected { rows: u64, sql: &'static str },
    /// Something this database cannot do.
    #[error("not possible here: {0}")]
    Unsupported(&'static str),
    /// Migrating failed or was refused.
    #[error("migration: {0}")]
    Migration(String),
    /// Anything else.
    #[error("database: {0}")]
    Driver(#[source] sqlx::Error),
}

/// A unique index and what to tell people who run into it.
#[derive(Debug)]
pub struct Constraint {
    /// The index's name, as PostgreSQL reports it.
    pub name: &'static str,
    /// The columns, as SQLite reports them.
    pub columns: &'static str,
    /// The input field to blame.
    pub field: &'static str,
    /// The sentence.
    pub message: &'static str,
}

const fn constraint(
    name: &'static str,
    columns: &'static str,
    field: &'static str,
    message: &'static str,
) -> Constraint {
    Constraint { name, columns, field, message }
}

/// Every unique index that a caller can run into. A test compares it with the migrated databases.
pub const CONSTRAINTS: &[Constraint] = &[
    constraint("users_username", "users.username_key", "username", "this user name is taken"),
    constraint("users_subject", "users.issuer, users.subject", "subject", "this external identity already has a user"),
    constraint("groups_name", "groups.name_key", "name", "a group of this name exists"),
    constraint("groups_external", "groups.issuer, groups.external_id", "external_id", "this external group exists"),
    constraint("sessions_token", "sessions.token_hash", "token", "this session exists"),
    constraint("refresh_tokens_token", "refresh_tokens.token_hash", "token", "this token exists"),
    constraint("domains_name", "domains.name_key", "name", "a domain of this name exists"),
    constraint("purposes_name", "purposes.name_key", "name", "a purpose of this name exists"),
    constraint(
        "project_purposes_live",
        "project_purposes.project_id, project_purposes.purpose_id",
        "purpose",
        "this project asked for this purpose already",
    ),
    constraint(
        "database_registrations_live",
        "database_registrations.database_id",
        "database",
        "this database was registered by somebody else at this moment",
    ),
    constraint(
        "lineage_flows_open",
        "lineage_flows.target_id, lineage_flows.process_id",
        "target",
        "its lineage was noted by somebody else at this moment",
    ),
    constraint(
        "reported_jobs_name",
        "reported_jobs.project_id, reported_jobs.namespace, reported_jobs.name",
        "job",
        "another event named this job at this moment",
    ),
    constraint(
        "reported_runs_run",
        "reported_runs.project_id, reported_runs.job_id, reported_runs.run_id",
        "run",
        "another event named this run at this moment",
    ),
    constraint(
        "reported_events_digest",
        "reported_events.project_id, reported_events.digest",
        "event",
        "this event came twice at this moment",
    ),
    constraint(
        "reported_datasets_name",
        "reported_datasets.project_id, reported_datasets.namespace, reported_datasets.name",
        "dataset",
        "another event named this dataset at this moment",
    ),
    constraint(
        "reported_columns_name",
        "reported_columns.dataset_id, reported_columns.name",
        "column",
        "another event named this column at this moment",
    ),
    constraint(
        "reported_rules_name",
        "reported_rules.project_id, reported_rules.namespace, reported_rules.prefix",
        "prefix",
        "the project has a rule for this namespace and prefix",
    ),
    constraint("projects_name", "projects.name_key", "name", "a project of this name exists"),
    constraint(
        "service_accounts_name",
        "service_accounts.project_id, service_accounts.name_key",
        "name",
        "the project has a service account of this name",
    ),
    constraint("api_tokens_token", "api_tokens.token_hash", "token", "this token exists"),
    constraint("storage_roots_uri", "storage_roots.uri", "uri", "this root is assigned already"),
    constraint(
        "connections_name",
        "connections.project_id, connections.name_key",
        "name",
        "the project has a connection of this name",
    ),
    constraint(
        "environments_name",
        "environments.project_id, environments.name_key",
        "name",
        "the project has an environment of this name",
    ),
    constraint("databases_name", "databases.name", "name", "a database of this name exists; choose another name"),
    constraint(
        "databases_kind",
        "databases.environment_id, databases.kind",
        "kind",
        "the environment has this database",
    ),
    constraint("tables_name", "tables.database_id, tables.name", "name", "the database has a table of this name"),
    constraint("table_keys_primary", "table_keys.table_id", "columns", "the table has a primary key"),
    constraint(
        "table_keys_foreign",
        "table_keys.table_id, table_keys.target_id, table_keys.columns",
        "columns",
        "a foreign key of these columns leads to this table already",
    ),
    constraint("columns_name", "columns.table_id, columns.name", "name", "the table has a column of this name"),
    constraint("assets_name", "assets.project_id, assets.name_key", "name", "the project has an asset of this name"),
    constraint("assets_table", "assets.table_id", "table", "the table has an asset"),
    constraint(
        "glossary_terms_name",
        "glossary_terms.domain_id, glossary_terms.name_key",
        "name",
        "the domain has a term of this name",
    ),
    constraint(
        "data_sources_name",
        "data_sources.project_id, data_sources.name_key",
        "name",
        "the project has a data source of this name",
    ),
    constraint("subscription_requests_number", "subscription_requests.number", "number", "this number is taken"),
    constraint(
        "subscription_requests_open",
        "subscription_requests.project_id, subscription_requests.asset_id",
        "asset",
        "the project has an open request for this asset",
    ),
    constraint(
        "subscriptions_live",
        "subscriptions.project_id, subscriptions.asset_id",
        "asset",
        "the project is subscribed to this asset",
    ),
    constraint(
        "grants_live",
        "grants.project_id, grants.table_id",
        "asset",
        "the project has a live grant on this table",
    ),
    constraint(
        "table_links_name",
        "table_links.database_id, table_links.name",
        "name",
        "the database has a table of this name",
    ),
    constraint("notices_once", "notices.user_id, notices.once_key", "notice", "this notice was sent"),
    constraint(
        "saved_queries_name",
        "saved_queries.project_id, saved_queries.name_key",
        "name",
        "the project has a saved query of this name",
    ),
    constraint(
        "policy_versions_number",
        "policy_versions.number",
        "number",
        "another set of rules was applied at the same time",
    ),
    constraint(
        "derived_tables_name",
        "derived_tables.environment_id, derived_tables.name",
        "name",
        "the environment has a derived table of this name",
    ),
    constraint("derived_tables_table", "derived_tables.table_id", "name", "another query makes this table"),
    constraint(
        "workflows_name",
        "workflows.project_id, workflows.name_key",
        "name",
        "the project has a workflow of this name",
    ),
    constraint("audit_events_id", "audit_events.id", "id", "this event is recorded"),
];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return Self::Driver(error);
        };
        if database.is_unique_violation() {
            return match find_constraint(database) {
                Some(constraint) => Self::Taken(constraint),
                None => Self::Driver(error),
            };
        }
        if database.is_foreign_key_violation() {
            return Self::Reference(error);
        }
        match database.code().as_deref() {
            // Serialization failure, deadlock, a transaction in which something failed before; SQLITE_BUSY and its kin.
            Some("40001" | "40P01" | "25P02" | "5" | "261" | "517") => Self::Transient(error),
            // disk_full; SQLITE_FULL.
            Some("53100" | "13") => Self::Full(error),
            // character_not_in_repertoire, untranslatable_character; SQLite keeps anything.
            Some("22021" | "22P05") => Self::Text(error),
            _ => Self::Driver(error),
        }
    }
}

fn find_constraint(error: &dyn sqlx::error::DatabaseError) -> Option<&'static Constraint> {
    let columns = error.message().strip_prefix("UNIQUE constraint failed: ");
    CONSTRAINTS.iter().find(|c| error.constraint() == Some(c.name) || columns == Some(c.columns))
}

/// Checks that a change touched exactly one row.
pub(crate) fn expect_one(rows: u64, sql: &'static str) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::RowsAffected { rows, sql }) }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Taken(constraint) => Fault::new(Code::Conflict, constraint.message).on(constraint.field),
            StoreError::Reference(cause) => {
                Fault::new(Code::Conflict, "something this depends on has gone, or still depends on it")
                    .caused_by(cause)
            }
            StoreError::Transient(cause) => {
                let mut fault = Fault::new(Code::Unavailable, "the database is busy").retry_after(1).caused_by(cause);
                fault.transient = true;
                fault
            }
            StoreError::Text(cause) => {
                Fault::new(Code::Invalid, "a text holds a character that cannot be kept, such as NUL").caused_by(cause)
            }
            StoreError::Full(cause) => {
                Fault::new(Code::StorageFull, "the metadata database has no space left").caused_by(cause)
            }
            StoreError::RowsAffected { rows: 0, .. } => {
                Fault::new(Code::Conflict, "this has changed meanwhile; load it again").caused_by(&error)
            }
            StoreError::Driver(sqlx::Error::PoolTimedOut | sqlx::Error::Io(_)) => {
                Fault::new(Code::Unavailable, "the metadata database does not answer").retry_after(2).caused_by(&error)
            }
            _ => Fault::internal(&error),
        }
    }
}
