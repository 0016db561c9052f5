//! Coarse rights: whole databases, given by security administrators, apart from grants. Where they count, no grant does.

use lakegate_model::{
    Code, Fault, Page, PageRequest, Timestamp,
    coarse::CoarseRight,
    grants::Grantee,
    ids::{DatabaseId, GrantId},
    places::Database,
    words::{AccessMode, DatabaseKind, GranteeKind, TokenScope},
};
use lakegate_policy::{Actor, action, decide, resource::Platform};
use lakegate_store::{
    Tx, WriteTx, coarse as store, environments, groups, policy_files::account_by_name, projects, users,
};
use serde_json::json;

use super::{
    grants::{need_other, validity, widens_own},
    principals::name_of,
    reason_for,
};
use crate::{
    App, Caller,
    accounts::need_confirmed,
    audit::{self, Event},
    caller::{Acting, person},
};

/// A coarse right to be given.
#[derive(Debug, Clone)]
pub struct NewCoarseRight {
    pub database: DatabaseId,
    pub to: Grantee,
    /// Whether rows may leave through downloads and exports.
    pub export: bool,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub reason: String,
}

/// A coarse right with the names of what it is about.
#[derive(Debug, Clone)]
pub struct CoarseRightView {
    pub right: CoarseRight,
    /// Who holds it.
    pub holder: String,
    pub database: String,
    /// What the database is registered for: coarse rights count for nothing where it is fine grants alone.
    pub mode: AccessMode,
    /// Display name.
    pub granted_by: String,
}

/// Gives a coarse right: its holder reads every table of the database, those to come included, where coarse rights count for him.
///
/// # Errors
/// `invalid` naming the field, `forbidden` for who is no security administrator, and for who would open it to himself (access
/// rule 11).
pub async fn create(app: &App, caller: &Caller, new: &NewCoarseRight) -> Result<CoarseRightView, Fault> {
    checked(new, app.now())?;
    change!(app, caller, "coarse_right.create", |tx, scope, actor| {
        create_in(app, tx, (caller, scope, actor), new).await
    })
}

/// [`create`] in the caller's transaction.
pub(super) async fn create_in(
    app: &App,
    tx: &mut WriteTx,
    (caller, scope, actor): Acting<'_>,
    new: &NewCoarseRight,
) -> Result<CoarseRightView, Fault> {
    let (reason, from, until) = checked(new, app.now())?;
    let proof = decide::<action::GrantAccess, _>(scope, actor, Platform)?;
    let by = person(actor, TokenScope::Write)?;
    let database = own_tables(tx, new.database).await?;
    known_holder(tx, &new.to).await?;
    need_confirmed(actor, app.now())?;
    need_other(widens_own(tx, &new.to, actor).await?)?;
    let right = CoarseRight {
        id: app.new_id(),
        grantee_kind: new.to.kind(),
        grantee_id: new.to.id(),
        grantee_role: new.to.role(),
        database_id: database.id,
        can_export: new.export,
        reason,
        granted_by: by,
        created_at: app.now(),
        valid_from: from,
        valid_until: until,
        ended_at: None,
        ended_by: None,
    };
    store::coarse_right_insert(tx, &proof, &right).await?;
    record(app, tx, (caller, actor), "coarse_right.create", &right).await?;
    view(tx, right).await
}

fn checked(new: &NewCoarseRight, now: Timestamp) -> Result<(String, Timestamp, Option<Timestamp>), Fault> {
    let (from, until) = validity((new.from, new.until), now)?;
    Ok((reason_for(&new.reason)?, from, until))
}

/// A database that holds tables of its own. Those of others stand in one only as links, which give no data.
pub(super) async fn own_tables(tx: &mut Tx, id: DatabaseId) -> Result<Database, Fault> {
    let unknown = || Fault::invalid("database", "there is no such database");
    let database = environments::database_find(tx, id).await?.ok_or_else(unknown)?;
    match database.kind {
        DatabaseKind::Published => Ok(database),
        DatabaseKind::Subscribed => Err(Fault::invalid(
            "database",
            format!("{} holds links to tables of other projects, and a link gives no data", database.name),
        )
        .fix("name the databases of these tables")),
    }
}

/// Refuses whom nobody can name: everyone is opted in, and given whole databases, by what they are members of.
pub(super) async fn known_holder(tx: &mut Tx, to: &Grantee) -> Result<(), Fault> {
    if *to == Grantee::Everyone {
        return Err(Fault::invalid("to", "this is for people, groups, service accounts, roles and projects"));
    }
    let known = name_of(tx, to).await?;
    known.map(drop).ok_or_else(|| Fault::invalid("to", format!("there is no {to}")))
}

/// A principal by the name that people know it by: `project/name` for a service account.
///
/// # Errors
/// `invalid` naming `who`, `forbidden` for who is no security administrator.
pub async fn principal_named(app: &App, caller: &Caller, kind: GranteeKind, name: &str) -> Result<Grantee, Fault> {
    look!(app, caller, "coarse_right.list", |tx, scope, actor| {
        let _may = decide::<action::GrantAccess, _>(scope, actor, Platform)?;
        named(tx, kind, name).await?.ok_or_else(|| Fault::invalid("who", "nobody of this kind has this name"))
    })
}

/// The principal of a name, if there is one that may hold a coarse right.
pub(super) async fn named(tx: &mut Tx, kind: GranteeKind, name: &str) -> Result<Option<Grantee>, Fault> {
    let name = name.trim();
    Ok(match kind {
        GranteeKind::User => users::user_by_name(tx, name).await?.map(|user| Grantee::User(user.id)),
        GranteeKind::Group => groups::group_by_name(tx, name).await?.map(|group| Grantee::Group(group.id)),
        GranteeKind::Project => {
            projects::project_facts_by_name(tx, name).await?.map(|project| Grantee::Project(project.id))
        }
        GranteeKind::ServiceAccount => {
            let (project, account) = name.split_once('/').unwrap_or((name, ""));
            account_by_name(tx, project.trim(), account.trim()).await?.map(Grantee::ServiceAccount)
        }
        GranteeKind::Role => name.replace(' ', "_").to_lowercase().parse().ok().map(Grantee::Role),
        GranteeKind::Everyone => None,
    })
}

/// Takes a coarse right back.
///
/// # Errors
/// `not_found`, `conflict` for one that has ended, `forbidden` for who is no security administrator.
pub async fn revoke(app: &App, caller: &Caller, id: GrantId) -> Result<(), Fault> {
    change!(app, caller, "coarse_right.revoke", |tx, scope, actor| {
        revoke_in(app, tx, (caller, scope, actor), id).await
    })
}

/// [`revoke`] in the caller's transaction.
pub(super) async fn revoke_in(
    app: &App,
    tx: &mut WriteTx,
    (caller, scope, actor): Acting<'_>,
    id: GrantId,
) -> Result<(), Fault> {
    let _may = decide::<action::RevokeAccess, _>(scope, actor, Platform)?;
    let by = person(actor, TokenScope::Write)?;
    let right = store::coarse_right_find(tx, id).await?.ok_or_else(|| Fault::not_found("coarse right"))?;
    if right.ended_at.is_some() {
        return Err(Fault::new(Code::Conflict, "this right has ended already"));
    }
    store::coarse_right_end(tx, id, Some(by), app.now()).await?;
    record(app, tx, (caller, actor), "coarse_right.revoke", &right).await
}

/// Ends a coarse right if its end has come. What it gave is over by itself.
pub(super) async fn expire(app: &App, tx: &mut WriteTx, caller: &Caller, id: GrantId) -> Result<bool, Fault> {
    let Some(right) = store::coarse_right_find(tx, id).await? else { return Ok(false) };
    if right.ended_at.is_some() || right.valid_until.is_none_or(|until| until > app.now()) {
        return Ok(false);
    }
    store::coarse_right_end(tx, id, None, app.now()).await?;
    record(app, tx, (caller, &Actor::system()), "coarse_right.expire", &right).await?;
    Ok(true)
}

/// All coarse rights, ended ones included: for security administrators.
pub async fn list(app: &App, caller: &Caller, page: &PageRequest) -> Result<Page<CoarseRightView>, Fault> {
    look!(app, caller, "coarse_right.list", |tx, scope, actor| {
        let proof = decide::<action::GrantAccess, _>(scope, actor, Platform)?;
        let found = store::coarse_rights(tx, &proof, page).await?;
        let mut items = Vec::with_capacity(found.items.len());
        for right in found.items {
            items.push(view(tx, right).await?);
        }
        Ok(Page { items, next: found.next })
    })
}

async fn view(tx: &mut Tx, right: CoarseRight) -> Result<CoarseRightView, Fault> {
    let holder = name_of(tx, &right.grantee()).await?.unwrap_or_else(|| right.grantee().to_string());
    let database = environments::database_find(tx, right.database_id).await?;
    let by = users::user_find(tx, right.granted_by).await?;
    Ok(CoarseRightView {
        holder,
        database: database.map(|database| database.name).unwrap_or_default(),
        mode: store::mode_of(tx, right.database_id).await?,
        granted_by: by.map(|user| user.display_name).unwrap_or_default(),
        right,
    })
}

async fn record(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor): (&Caller, &Actor),
    action: &'static str,
    right: &CoarseRight,
) -> Result<(), Fault> {
    let mut event = Event::on(action, "coarse_right", right.id).with(json!({
        "to": right.grantee().to_string(), "database": right.database_id, "export": right.can_export,
        "from": right.valid_from, "until": right.valid_until, "reason": right.reason,
    }));
    event.owner_project = owner_of(tx, right.database_id).await?;
    audit::record(app, tx, caller, actor, event).await
}

/// The project whose database it is.
pub(super) async fn owner_of(
    tx: &mut Tx,
    database: DatabaseId,
) -> Result<Option<lakegate_model::ids::ProjectId>, Fault> {
    let Some(database) = environments::database_find(tx, database).await? else { return Ok(None) };
    Ok(environments::environment_find(tx, database.environment_id).await?.map(|found| found.project_id))
}
