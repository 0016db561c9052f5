//! What databases are registered for: fine grants, coarse rights, or both, principal by principal.

use lakegate_model::{
    Code, Fault, Page, PageRequest, Timestamp,
    coarse::Registration,
    ids::{DatabaseId, TableId},
    places::Database,
    words::{AccessMode, TokenScope},
};
use lakegate_policy::{Actor, action, binding::concerns, decide, resource::Platform};
use lakegate_store::{
    Tx, WriteTx, changes, coarse as store, coarse::RegisteredDatabase, concerned, direct_grants, environments,
    projects, users,
};
use serde_json::json;

use super::{
    coarse::{own_tables, owner_of},
    grants::need_other,
    reason_for,
};
use crate::{
    App, Caller,
    accounts::need_confirmed,
    audit::{self, Event},
    caller::{Acting, person},
    query::grants::opened,
};

/// What a database is to be registered for.
#[derive(Debug, Clone)]
pub struct NewRegistration {
    pub database: DatabaseId,
    pub mode: AccessMode,
    pub reason: String,
}

/// A database with what it is registered for.
#[derive(Debug, Clone)]
pub struct RegistrationView {
    pub database: DatabaseId,
    pub name: String,
    /// The name of the project whose tables it holds.
    pub project: String,
    pub mode: AccessMode,
    /// Why, if it was ever decided.
    pub reason: Option<String>,
    /// Display name of who decided; none where a setting did.
    pub set_by: Option<String>,
    pub since: Option<Timestamp>,
}

/// Registers a database for another use: the next query is judged by it.
///
/// # Errors
/// `invalid` naming `database` or `reason`, `conflict` where it is registered so already, `forbidden` for who is no security
/// administrator, and for whom rights would come to count by it (access rule 11).
pub async fn set(app: &App, caller: &Caller, new: &NewRegistration) -> Result<RegistrationView, Fault> {
    reason_for(&new.reason)?;
    change!(app, caller, "database.register", |tx, scope, actor| { set_in(app, tx, (caller, scope, actor), new).await })
}

/// [`set`] in the caller's transaction.
pub(super) async fn set_in(
    app: &App,
    tx: &mut WriteTx,
    (caller, scope, actor): Acting<'_>,
    new: &NewRegistration,
) -> Result<RegistrationView, Fault> {
    let _may = decide::<action::GrantAccess, _>(scope, actor, Platform)?;
    let by = person(actor, TokenScope::Write)?;
    let database = own_tables(tx, new.database).await?;
    need_confirmed(actor, app.now())?;
    let before = store::mode_of(tx, database.id).await?;
    if before == new.mode {
        return Err(Fault::new(Code::Conflict, format!("{} is registered so already", database.name)).on("mode"));
    }
    need_other(widens(tx, actor, (database.id, before, new.mode)).await?)?;
    let registration = Registration {
        id: app.new_id(),
        database_id: database.id,
        mode: new.mode,
        reason: reason_for(&new.reason)?,
        set_by: Some(by),
        created_at: app.now(),
        ended_at: None,
    };
    put(app, tx, (caller, actor), &registration).await?;
    named(tx, &database, registration).await
}

async fn put(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor): (&Caller, &Actor),
    registration: &Registration,
) -> Result<(), Fault> {
    let database = registration.database_id;
    store::registration_set(tx, registration).await?;
    for asset in store::assets_in(tx, database).await? {
        changes::change_record(tx, "asset", asset.into()).await?;
    }
    let mut event = Event::on("database.register", "database", database)
        .with(json!({ "mode": registration.mode, "reason": registration.reason }));
    event.owner_project = owner_of(tx, database).await?;
    audit::record(app, tx, caller, actor, event).await
}

/// Registers a database that is being made, where the installation says that new ones are born otherwise than for fine grants.
pub(crate) async fn born(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor): (&Caller, &Actor),
    database: &Database,
) -> Result<(), Fault> {
    if app.settings.new_databases == AccessMode::Fine {
        return Ok(());
    }
    let registration = Registration {
        id: app.new_id(),
        database_id: database.id,
        mode: app.settings.new_databases,
        reason: "new databases are born so here".to_owned(),
        set_by: None,
        created_at: app.now(),
        ended_at: None,
    };
    put(app, tx, (caller, actor), &registration).await
}

/// Whether rights that somebody holds would come to count for him.
async fn widens(
    tx: &mut Tx,
    actor: &Actor,
    (database, before, after): (DatabaseId, AccessMode, AccessMode),
) -> Result<bool, Fault> {
    if before != AccessMode::Coarse && after != AccessMode::Fine {
        let rights = store::coarse_rights_on(tx, database).await?;
        if rights.iter().any(|right| concerns(&right.grantee(), actor)) {
            return Ok(true);
        }
    }
    if before == AccessMode::Fine || after == AccessMode::Coarse {
        return Ok(false);
    }
    for place in concerned::places_in_database(tx, database).await? {
        if holds_fine(tx, actor, place.table_id).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether somebody holds a fine grant on a table, in whatever project of his.
async fn holds_fine(tx: &mut Tx, actor: &Actor, table: TableId) -> Result<bool, Fault> {
    let subscribed = concerned::subscribed_projects(tx, table).await?;
    if subscribed.iter().any(|project| actor.role_in(*project).is_some()) {
        return Ok(true);
    }
    for grant in direct_grants::direct_grants_for(tx, actor, table).await? {
        if concerns(&grant.grantee(), actor) && opened(tx, &grant, table).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Every database that holds tables of its own, in order of names: for security administrators.
pub async fn list(app: &App, caller: &Caller, page: &PageRequest) -> Result<Page<RegistrationView>, Fault> {
    look!(app, caller, "database.registrations", |tx, scope, actor| {
        let proof = decide::<action::GrantAccess, _>(scope, actor, Platform)?;
        let found = store::registrations(tx, &proof, page).await?;
        let mut items = Vec::with_capacity(found.items.len());
        for database in found.items {
            items.push(view(tx, database).await?);
        }
        Ok(Page { items, next: found.next })
    })
}

async fn view(tx: &mut Tx, found: RegisteredDatabase) -> Result<RegistrationView, Fault> {
    let set_by = match found.set_by {
        Some(user) => users::user_find(tx, user).await?.map(|user| user.display_name),
        None => None,
    };
    Ok(RegistrationView {
        database: found.database_id,
        name: found.name,
        project: found.project,
        mode: found.mode.unwrap_or(AccessMode::Fine),
        reason: found.reason,
        set_by,
        since: found.created_at,
    })
}

async fn named(tx: &mut Tx, database: &Database, made: Registration) -> Result<RegistrationView, Fault> {
    let environment = environments::environment_find(tx, database.environment_id).await?;
    let project = match environment {
        Some(environment) => projects::project_label(tx, environment.project_id).await?,
        None => None,
    };
    let found = RegisteredDatabase {
        database_id: database.id,
        name: database.name.clone(),
        project: project.map(|(name, _)| name).unwrap_or_default(),
        mode: Some(made.mode),
        reason: Some(made.reason),
        set_by: made.set_by,
        created_at: Some(made.created_at),
    };
    view(tx, found).await
}
