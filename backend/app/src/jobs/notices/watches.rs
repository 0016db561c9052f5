//! What somebody wants to be told of runs: said, listed, changed, taken back.

use lakegate_model::{
    Code, Fault,
    ids::{ProjectId, RunWatchId, SecretId, UserId},
    run_notices::RunWatch,
    words::{NoticeWay, TokenScope, WatchScope},
};
use lakegate_policy::{Actor, Scope, action, decide, resource::Platform};
use lakegate_store::{Tx, projects, run_notices as store, users};
use serde_json::json;
use uuid::Uuid;

use crate::{
    App, Caller,
    accounts::new_secret,
    audit::{self, Event},
    caller::person,
    jobs::workflows,
    places::{outgoing, project_proof},
    seal,
    sources::manage,
};

/// Marks a text as the secret of a webhook, so that scanners find leaked ones.
const PREFIX: &str = "lgw_";
/// Watches that one person has.
const MOST: usize = 100;
/// The longest wait for a run, in minutes: 30 days.
const LONGEST: i64 = 30 * 24 * 60;

/// What is to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    pub started: bool,
    pub succeeded: bool,
    pub partly: bool,
    pub failed: bool,
    /// Minutes after a schedule's tick, or the start of a workflow, within which its run has to end.
    pub late_minutes: Option<i64>,
}

/// What somebody wants to be told, and how.
#[derive(Debug, Clone)]
pub struct NewWatch {
    pub scope: WatchScope,
    /// The data source, workflow or project; `None` for everything.
    pub target: Option<Uuid>,
    pub wish: Wish,
    pub way: NoticeWay,
    /// Where a webhook goes.
    pub address: Option<String>,
}

/// A watch just made. The secret of a webhook is shown this once.
#[derive(Debug)]
pub struct MadeWatch {
    pub view: WatchView,
    pub secret: Option<String>,
}

/// A watch with the words around it.
#[derive(Debug, Clone)]
pub struct WatchView {
    pub watch: RunWatch,
    /// The name of the data source, workflow or project, while its owner sees it.
    pub target: Option<String>,
}

/// Asks for notices.
pub async fn create(app: &App, caller: &Caller, new: &NewWatch) -> Result<MadeWatch, Fault> {
    check_wish(&new.wish)?;
    check_way(app, new)?;
    if let Some(address) = &new.address {
        look!(app, caller, "run_watch.create", |tx, scope, actor| {
            person(actor, TokenScope::Write)?;
            target(tx, (scope, actor), new.scope, new.target).await.map(drop)
        })?;
        outgoing::check_hook(&app.settings.outgoing, "address", address).await?;
    }
    let secret = (new.way == NoticeWay::Webhook).then(|| format!("{PREFIX}{}", new_secret(app)));
    let view = change!(app, caller, "run_watch.create", |tx, scope, actor| {
        let user = person(actor, TokenScope::Write)?;
        let name = target(tx, (scope, actor), new.scope, new.target).await?;
        if new.way == NoticeWay::Mail {
            need_email(tx, user).await?;
        }
        if store::watches_of_user(tx, user).await?.len() >= MOST {
            return Err(Fault::new(Code::Conflict, format!("you have {MOST} of them")).fix("remove one first"));
        }
        let watch = watch_of(app, user, new, secret.is_some().then(|| app.new_id()));
        if let (Some(id), Some(secret)) = (watch.secret_id, &secret) {
            seal::keep(app, tx, id, secret.as_bytes()).await?;
        }
        store::watch_insert(tx, &watch).await?;
        audit::record(app, tx, caller, actor, event("run_watch.create", &watch)).await?;
        Ok(WatchView { watch, target: Some(name) })
    })?;
    Ok(MadeWatch { view, secret })
}

fn check_wish(wish: &Wish) -> Result<(), Fault> {
    if !(wish.started || wish.succeeded || wish.partly || wish.failed || wish.late_minutes.is_some()) {
        return Err(Fault::invalid("news", "say what you want to be told: of runs that started, ended or are late"));
    }
    if wish.late_minutes.is_some_and(|minutes| !(1..=LONGEST).contains(&minutes)) {
        return Err(Fault::invalid("late_minutes", format!("a run is late after 1 to {LONGEST} minutes")));
    }
    Ok(())
}

fn check_way(app: &App, new: &NewWatch) -> Result<(), Fault> {
    match (new.way, &new.address) {
        (NoticeWay::Webhook, None) => Err(Fault::invalid("address", "say where the webhook goes")),
        (NoticeWay::Portal | NoticeWay::Mail, Some(_)) => {
            Err(Fault::invalid("address", "only a webhook has an address; mail goes to that of your account"))
        }
        (NoticeWay::Mail, None) if app.settings.notices.mail.is_none() => {
            Err(Fault::invalid("way", "this installation sends no mail")
                .fix("choose another way, or ask who runs the installation to name a mail server in [mail]"))
        }
        _ => Ok(()),
    }
}

async fn need_email(tx: &mut Tx, user: UserId) -> Result<(), Fault> {
    let user = users::user_find(tx, user).await?.ok_or_else(|| Fault::not_found("user"))?;
    if user.email.is_some() {
        return Ok(());
    }
    Err(Fault::invalid("way", "your account has no e-mail address").fix("write one into your account"))
}

/// The name of what is watched, if the actor may watch it.
async fn target(
    tx: &mut Tx,
    (scope, actor): (&Scope, &Actor),
    what: WatchScope,
    target: Option<Uuid>,
) -> Result<String, Fault> {
    match (what, target) {
        (WatchScope::Everything, None) => {
            decide::<action::ManageJobs, _>(scope, actor, Platform).map(|_| "Everything".to_owned())
        }
        (WatchScope::Everything, Some(_)) => Err(Fault::invalid("target", "everything is not named")),
        (_, None) => Err(Fault::invalid("target", "name the data source, workflow or project")),
        (WatchScope::Source, Some(id)) => {
            let found = manage::find::<action::ViewProject>(tx, scope, actor, id.into()).await;
            found.map(|(source, _)| source.name).map_err(|fault| fault.on("target"))
        }
        (WatchScope::Workflow, Some(id)) => {
            let found = workflows::find::<action::ViewProject>(tx, (scope, actor), id.into()).await;
            found.map(|workflow| workflow.name).map_err(|fault| fault.on("target"))
        }
        (WatchScope::Project, Some(id)) => {
            project_name(tx, (scope, actor), id.into()).await.map_err(|fault| fault.on("target"))
        }
    }
}

async fn project_name(tx: &mut Tx, (scope, actor): (&Scope, &Actor), id: ProjectId) -> Result<String, Fault> {
    if decide::<action::ManageJobs, _>(scope, actor, Platform).is_err() {
        project_proof::<action::ViewProject>(tx, scope, actor, id).await.map(drop)?;
    }
    projects::project_label(tx, id).await?.map(|(name, _)| name).ok_or_else(|| Fault::not_found("project"))
}

fn watch_of(app: &App, user_id: UserId, new: &NewWatch, secret_id: Option<SecretId>) -> RunWatch {
    let Wish { started, succeeded, partly, failed, late_minutes } = new.wish;
    let now = app.now();
    RunWatch {
        id: app.new_id(),
        user_id,
        scope: new.scope,
        target_id: new.target,
        started,
        succeeded,
        partly,
        failed,
        late_minutes,
        way: new.way,
        address: new.address.as_deref().map(|address| address.trim().to_owned()),
        secret_id,
        created_at: now,
        changed_at: now,
    }
}

/// Changes what is told. How and of which runs stays: for that another one is made.
pub async fn change(app: &App, caller: &Caller, id: RunWatchId, wish: &Wish) -> Result<WatchView, Fault> {
    check_wish(wish)?;
    change!(app, caller, "run_watch.change", |tx, scope, actor| {
        let mut watch = own(tx, person(actor, TokenScope::Write)?, id).await?;
        (watch.started, watch.succeeded) = (wish.started, wish.succeeded);
        (watch.partly, watch.failed) = (wish.partly, wish.failed);
        watch.late_minutes = wish.late_minutes;
        watch.changed_at = app.now();
        store::watch_update(tx, &watch).await?;
        audit::record(app, tx, caller, actor, event("run_watch.change", &watch)).await?;
        view(tx, (scope, actor), watch).await
    })
}

/// Ends notices; those that were sent are forgotten too.
pub async fn remove(app: &App, caller: &Caller, id: RunWatchId) -> Result<(), Fault> {
    change!(app, caller, "run_watch.remove", |tx, scope, actor| {
        let watch = own(tx, person(actor, TokenScope::Write)?, id).await?;
        store::watch_delete(tx, &watch).await?;
        audit::record(app, tx, caller, actor, event("run_watch.remove", &watch)).await
    })
}

/// What the caller wants to be told, the latest first.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<WatchView>, Fault> {
    look!(app, caller, "run_watch.list", |tx, scope, actor| {
        let mut views = Vec::new();
        for watch in store::watches_of_user(tx, person(actor, TokenScope::Read)?).await? {
            views.push(view(tx, (scope, actor), watch).await?);
        }
        Ok(views)
    })
}

/// A watch of a person; another's is as absent.
pub(super) async fn own(tx: &mut Tx, user: UserId, id: RunWatchId) -> Result<RunWatch, Fault> {
    let found = store::watch_find(tx, id).await?.filter(|watch| watch.user_id == user);
    found.ok_or_else(|| Fault::not_found("run watch"))
}

async fn view(tx: &mut Tx, who: (&Scope, &Actor), watch: RunWatch) -> Result<WatchView, Fault> {
    let target = match target(tx, who, watch.scope, watch.target_id).await {
        Ok(name) => Some(name),
        Err(fault) if matches!(fault.code, Code::NotFound | Code::Forbidden) => None,
        Err(fault) => return Err(fault),
    };
    Ok(WatchView { watch, target })
}

/// Of an address the host alone: paths of webhooks hold secrets now and then.
pub(super) fn event(action: &'static str, watch: &RunWatch) -> Event {
    let host = watch.address.as_deref().and_then(|address| url::Url::parse(address).ok());
    let host = host.and_then(|url| url.host_str().map(str::to_owned));
    Event::on(action, "run_watch", watch.id).with(json!({
        "scope": watch.scope, "target": watch.target_id, "way": watch.way, "host": host,
        "started": watch.started, "succeeded": watch.succeeded, "partly": watch.partly, "failed": watch.failed,
        "late_minutes": watch.late_minutes,
    }))
}
