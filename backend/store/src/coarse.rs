//! Coarse rights on databases, what databases are registered for, and who was opted into fine grants.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    coarse::{CoarseRight, OptIn, Registration},
    ids::{AssetId, DatabaseId, GrantId, OptInId, TableId, UserId},
    words::AccessMode,
};
use lakegate_policy::{
    Actor, Granted,
    action::GrantAccess,
    coarse::{Model, Registered, wherever},
    resource::Platform,
};
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx, direct_grants::principal_id, readable::NamedTable};

/// The columns of a coarse right, in the order of its struct.
macro_rules! right {
    () => {
        "r.id, r.grantee_kind, r.grantee_id, r.grantee_role, r.database_id, r.can_export, r.reason, r.granted_by, r.created_at, r.valid_from, r.valid_until, r.ended_at, r.ended_by"
    };
}

/// The columns of a decision to opt in or out, in the order of its struct.
macro_rules! opt {
    () => {
        "o.id, o.grantee_kind, o.grantee_id, o.grantee_role, o.database_id, o.table_id, o.for_tags, o.opted, o.reason, o.decided_by, o.created_at, o.ended_at, o.ended_by"
    };
}

/// From a table to its database and the project that owns it.
macro_rules! named {
    () => {
        "SELECT DISTINCT t.id AS table_id, d.name AS database_name, t.name AS name, e.project_id AS owner_id, a.id AS asset_id FROM database_registrations m JOIN tables t ON t.database_id = m.database_id JOIN databases d ON d.id = t.database_id JOIN environments e ON e.id = d.environment_id LEFT JOIN assets a ON a.table_id = t.id"
    };
}

statements! {
    MODE_OF_TABLE = "SELECT t.database_id, m.mode FROM tables t LEFT JOIN database_registrations m ON m.database_id = t.database_id AND m.ended_at IS NULL WHERE t.id = $1";
    MODE_OF = "SELECT mode FROM database_registrations WHERE database_id = $1 AND ended_at IS NULL";
    RIGHTS_ON = concat!("SELECT ", right!(), " FROM coarse_rights r WHERE r.database_id = $1 AND r.ended_at IS NULL ORDER BY r.id");
    OPTS_ON = concat!("SELECT ", opt!(), " FROM opt_ins o WHERE o.database_id = $1 AND (o.table_id IS NULL OR o.table_id = $2) AND o.ended_at IS NULL ORDER BY o.id");
    REGISTER = "INSERT INTO database_registrations (id, database_id, mode, reason, set_by, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    UNREGISTER = "UPDATE database_registrations SET ended_at = $2 WHERE database_id = $1 AND ended_at IS NULL";
    REGISTRATIONS = "SELECT d.id AS database_id, d.name AS name, p.name AS project, m.mode AS mode, m.reason AS reason, m.set_by AS set_by, m.created_at AS created_at FROM databases d JOIN environments e ON e.id = d.environment_id JOIN projects p ON p.id = e.project_id LEFT JOIN database_registrations m ON m.database_id = d.id AND m.ended_at IS NULL WHERE d.kind = 'pub' AND d.name > $1 ORDER BY d.name LIMIT $2";
    RIGHT_INSERT = "INSERT INTO coarse_rights (id, grantee_kind, grantee_id, grantee_role, database_id, can_export, reason, granted_by, created_at, valid_from, valid_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    RIGHT_BY_ID = concat!("SELECT ", right!(), " FROM coarse_rights r WHERE r.id = $1");
    RIGHT_END = "UPDATE coarse_rights SET ended_at = $2, ended_by = $3 WHERE id = $1 AND ended_at IS NULL";
    RIGHTS = concat!("SELECT ", right!(), " FROM coarse_rights r WHERE r.id > $1 ORDER BY r.id LIMIT $2");
    RIGHTS_DUE = "SELECT id FROM coarse_rights WHERE ended_at IS NULL AND valid_until <= $1 ORDER BY valid_until, id LIMIT $2";
    OPT_INSERT = "INSERT INTO opt_ins (id, grantee_kind, grantee_id, grantee_role, database_id, table_id, for_tags, opted, reason, decided_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    OPT_BY_ID = concat!("SELECT ", opt!(), " FROM opt_ins o WHERE o.id = $1");
    OPT_END = "UPDATE opt_ins SET ended_at = $2, ended_by = $3 WHERE id = $1 AND ended_at IS NULL";
    OPTS_OF_DATABASE = concat!("SELECT ", opt!(), " FROM opt_ins o WHERE o.database_id = $1 AND o.ended_at IS NULL ORDER BY o.id");
    OPTS = concat!("SELECT ", opt!(), " FROM opt_ins o WHERE o.id > $1 ORDER BY o.id LIMIT $2");
    TABLE_NAMED = "SELECT id FROM tables WHERE database_id = $1 AND LOWER(name) = LOWER($2) ORDER BY id";
    NAMED = concat!(named!(), " JOIN coarse_rights r ON r.database_id = m.database_id AND r.ended_at IS NULL WHERE m.ended_at IS NULL AND m.mode <> 'fine' AND (r.grantee_kind IN ('role', 'project') OR r.grantee_id = $1 OR r.grantee_id IN (SELECT g.group_id FROM group_members g WHERE g.user_id = $1)) ORDER BY database_name, name");
    ASSETS_IN = "SELECT a.id FROM tables t JOIN assets a ON a.table_id = t.id WHERE t.database_id = $1 ORDER BY a.id";
}

/// A database with what it is registered for.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RegisteredDatabase {
    pub database_id: DatabaseId,
    pub name: String,
    pub project: String,
    /// Fine, if nothing was decided.
    pub mode: Option<AccessMode>,
    pub reason: Option<String>,
    pub set_by: Option<UserId>,
    pub created_at: Option<Timestamp>,
}

/// What says which model decides about a table. Enforcement reads it, so it takes no proof.
pub async fn registered(tx: &mut Tx, table: TableId) -> Result<Option<Registered>, StoreError> {
    let Some((database, mode)) = fetch_optional!(tx, (DatabaseId, Option<AccessMode>), MODE_OF_TABLE, table)? else {
        return Ok(None);
    };
    let mode = mode.unwrap_or(AccessMode::Fine);
    let mut found = Registered { table, database, mode, rights: Vec::new(), opts: Vec::new() };
    if mode != AccessMode::Fine {
        found.rights = coarse_rights_on(tx, database).await?;
    }
    if mode == AccessMode::Hybrid {
        found.opts = fetch_all!(tx, OptIn, OPTS_ON, database, table)?;
    }
    Ok(Some(found))
}

/// What a database is registered for.
pub async fn mode_of(tx: &mut Tx, database: DatabaseId) -> Result<AccessMode, StoreError> {
    Ok(fetch_optional!(tx, (AccessMode,), MODE_OF, database)?.map_or(AccessMode::Fine, |(mode,)| mode))
}

/// Registers a database for another use, from now on.
///
/// Callers hold a proof for rules, or make the database.
pub async fn registration_set(tx: &mut WriteTx, registration: &Registration) -> Result<(), StoreError> {
    execute!(tx, UNREGISTER, registration.database_id, registration.created_at)?;
    execute_one!(
        tx,
        REGISTER,
        registration.id,
        registration.database_id,
        registration.mode,
        &registration.reason,
        registration.set_by,
        registration.created_at
    )
}

/// Every database that holds tables of its own, in order of names.
pub async fn registrations(
    tx: &mut Tx,
    _proof: &Granted<'_, Platform, GrantAccess>,
    page: &PageRequest,
) -> Result<Page<RegisteredDatabase>, StoreError> {
    let after = page.after.clone().unwrap_or_default();
    let rows = fetch_all!(tx, RegisteredDatabase, REGISTRATIONS, after, page.fetch())?;
    Ok(Page::cut(rows, page, |database| database.name.clone()))
}

/// Gives a coarse right.
pub async fn coarse_right_insert(
    tx: &mut WriteTx,
    _proof: &Granted<'_, Platform, GrantAccess>,
    right: &CoarseRight,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        RIGHT_INSERT,
        right.id,
        right.grantee_kind,
        right.grantee_id,
        right.grantee_role,
        right.database_id,
        right.can_export,
        &right.reason,
        right.granted_by,
        right.created_at,
        right.valid_from,
        right.valid_until
    )
}

/// A coarse right, in force or ended.
pub async fn coarse_right_find(tx: &mut Tx, id: GrantId) -> Result<Option<CoarseRight>, StoreError> {
    fetch_optional!(tx, CoarseRight, RIGHT_BY_ID, id)
}

/// Ends a coarse right. Callers hold a proof for rules, or act for the clock.
pub async fn coarse_right_end(
    tx: &mut WriteTx,
    id: GrantId,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, RIGHT_END, id, now, by)
}

/// The coarse rights on a database that have not ended.
pub async fn coarse_rights_on(tx: &mut Tx, database: DatabaseId) -> Result<Vec<CoarseRight>, StoreError> {
    fetch_all!(tx, CoarseRight, RIGHTS_ON, database)
}

/// All coarse rights, ended ones included.
pub async fn coarse_rights(
    tx: &mut Tx,
    _proof: &Granted<'_, Platform, GrantAccess>,
    page: &PageRequest,
) -> Result<Page<CoarseRight>, StoreError> {
    let rows = fetch_all!(tx, CoarseRight, RIGHTS, after(page), page.fetch())?;
    Ok(Page::cut(rows, page, |right| right.id.to_string()))
}

/// Coarse rights whose end has come, the earliest first.
pub async fn coarse_rights_due(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<GrantId>, StoreError> {
    Ok(fetch_all!(tx, (GrantId,), RIGHTS_DUE, now, limit)?.into_iter().map(|(id,)| id).collect())
}

/// Keeps a decision to opt somebody in or out, in the place of what stood for the same principal at the same place.
pub async fn opt_set(
    tx: &mut WriteTx,
    _proof: &Granted<'_, Platform, GrantAccess>,
    opt: &OptIn,
) -> Result<(), StoreError> {
    if let Some(former) = opt_standing(tx, opt).await? {
        execute_one!(tx, OPT_END, former.id, opt.created_at, opt.decided_by)?;
    }
    execute_one!(
        tx,
        OPT_INSERT,
        opt.id,
        opt.grantee_kind,
        opt.grantee_id,
        opt.grantee_role,
        opt.database_id,
        opt.table_id,
        opt.for_tags,
        opt.opted,
        &opt.reason,
        opt.decided_by,
        opt.created_at
    )
}

/// The decision in force for the same principal at the same place.
pub async fn opt_standing(tx: &mut Tx, wanted: &OptIn) -> Result<Option<OptIn>, StoreError> {
    let place = |opt: &OptIn| (opt.grantee(), opt.table_id, opt.for_tags);
    let standing = fetch_all!(tx, OptIn, OPTS_OF_DATABASE, wanted.database_id)?;
    Ok(standing.into_iter().find(|opt| place(opt) == place(wanted)))
}

/// A decision, in force or replaced.
pub async fn opt_find(tx: &mut Tx, id: OptInId) -> Result<Option<OptIn>, StoreError> {
    fetch_optional!(tx, OptIn, OPT_BY_ID, id)
}

/// All decisions, replaced ones included.
pub async fn opts(
    tx: &mut Tx,
    _proof: &Granted<'_, Platform, GrantAccess>,
    page: &PageRequest,
) -> Result<Page<OptIn>, StoreError> {
    let rows = fetch_all!(tx, OptIn, OPTS, after(page), page.fetch())?;
    Ok(Page::cut(rows, page, |opt| opt.id.to_string()))
}

/// The table of a name in a database; names of tables do not differ in case alone.
pub async fn table_named(tx: &mut Tx, database: DatabaseId, name: &str) -> Result<Option<TableId>, StoreError> {
    Ok(fetch_all!(tx, (TableId,), TABLE_NAMED, database, name)?.into_iter().map(|(id,)| id).next())
}

/// Tables that coarse rights may open to an actor, under the names of their own databases. Whether they do is for the
/// compiled access of each to say.
pub async fn coarse_tables(tx: &mut Tx, actor: &Actor) -> Result<Vec<NamedTable>, StoreError> {
    fetch_all!(tx, NamedTable, NAMED, principal_id(actor))
}

/// The assets over the tables of a database.
pub async fn assets_in(tx: &mut Tx, database: DatabaseId) -> Result<Vec<AssetId>, StoreError> {
    Ok(fetch_all!(tx, (AssetId,), ASSETS_IN, database)?.into_iter().map(|(asset,)| asset).collect())
}

/// Whether somebody reads a table somewhere: by a coarse right, or by what `fine` finds where fine grants decide, those on tags
/// counting or not.
pub(crate) fn reads_somewhere(registered: &Registered, actor: &Actor, fine: impl Fn(&Actor, bool) -> bool) -> bool {
    wherever(actor).iter().any(|acting| match registered.judge(acting).model {
        Model::Coarse(rights) => !rights.is_empty(),
        Model::Fine { tags } => fine(acting, tags),
    })
}

fn after(page: &PageRequest) -> Uuid {
    page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or_default()
}
