//! Sets that wait for a second security administrator (access rule 11).

use lakegate_model::{
    Code, Fault,
    ids::PolicyVersionId,
    policy_files::PolicyVersion,
    text,
    words::{PolicyVersionState, ProductRole, TokenScope},
};
use lakegate_policy::{Actor, action, decide, resource::Platform};
use lakegate_store::{Tx, WriteTx, actors, policy_files as store, users::holders_of};

use super::{
    apply::{Done, Outcome, event, settle, user_name},
    check::check,
    draft::draft,
    problem,
    words::PlanWords,
    write::{Hand, write},
};
use crate::{
    App, Caller,
    access::notices::{Message, notify},
    accounts::need_confirmed,
    audit,
    caller::person,
};

/// The portal's page.
pub(super) const PAGE: &str = "/admin/policy";

pub(super) async fn tell_others(
    app: &App,
    tx: &mut WriteTx,
    actor: &Actor,
    version: &PolicyVersion,
) -> Result<(), Fault> {
    let mut others = holders_of(tx, ProductRole::SecurityAdministrator).await?;
    others.retain(|holder| actor.user() != Some(*holder));
    let author = user_name(tx, actor.user()).await?;
    let message = Message {
        kind: "policy.proposed",
        title: format!("Version {} of the rules waits for you", version.number),
        body: format!("{author} proposes it: {}.", version.widening.join("; ")),
        link: PAGE.to_owned(),
        once_key: Some(format!("policy-proposed:{}", version.id)),
    };
    notify(app, tx, others, &message).await
}

/// Whoever wrote a set, if he may still apply files.
async fn author(tx: &mut Tx, version: &PolicyVersion) -> Result<Actor, Fault> {
    let found = actors::user_actor(tx, version.created_by).await?;
    found.filter(|author| author.has(ProductRole::SecurityAdministrator)).ok_or_else(|| {
        Fault::new(Code::Conflict, "whoever proposed this is no security administrator any more")
            .fix("refuse it, and apply the files yourself")
    })
}

async fn waiting(
    tx: &mut Tx,
    proof: &lakegate_policy::Granted<'_, Platform, action::ReadPolicyFiles>,
    id: PolicyVersionId,
) -> Result<PolicyVersion, Fault> {
    let found = store::version_find(tx, proof, id).await?;
    let version = found.ok_or_else(|| Fault::not_found("version of the rules"))?;
    if version.state == PolicyVersionState::Proposed {
        return Ok(version);
    }
    Err(Fault::new(Code::Conflict, format!("version {} is {} already", version.number, version.state)))
}

/// What a proposal would change at this moment.
pub(super) async fn proposed_plan(
    app: &App,
    tx: &mut Tx,
    version: &PolicyVersion,
    reader: &Actor,
) -> Result<PlanWords, Fault> {
    let set = check(&version.files).map_err(|problems| problem::fault(&problems))?;
    let writers = [author(tx, version).await?, reader.clone()];
    Ok(draft(app, tx, &set, &writers).await?.words)
}

/// Applies what another proposed. `seen` is the digest of the plan that the caller looked at.
///
/// # Errors
/// `forbidden` for who proposed it; `conflict` if it was decided, or if it would change something else by now.
pub async fn approve(app: &App, caller: &Caller, id: PolicyVersionId, seen: &str) -> Result<Done, Fault> {
    change!(app, caller, "policy.approve", |tx, scope, actor| {
        let by = person(actor, TokenScope::Write)?;
        let proof = decide::<action::ApplyPolicyFiles, _>(scope, actor, Platform)?;
        let reading = decide::<action::ReadPolicyFiles, _>(scope, &Actor::system(), Platform)?;
        need_confirmed(actor, app.now())?;
        let mut version = waiting(tx, &reading, id).await?;
        if version.created_by == by {
            return Err(Fault::new(Code::Forbidden, "you proposed this: a second person approves it")
                .fix("ask another security administrator"));
        }
        let set = check(&version.files).map_err(|problems| problem::fault(&problems))?;
        let writers = [author(tx, &version).await?, actor.clone()];
        let made = draft(app, tx, &set, &writers).await?;
        if made.words.digest() != seen {
            return Err(Fault::new(Code::Conflict, "it would change something else by now")
                .on("seen")
                .fix("look at it again, then approve"));
        }
        version.state = PolicyVersionState::Applied;
        version.plan = made.words.text();
        (version.decided_by, version.decided_at) = (Some(by), Some(app.now()));
        let decision =
            store::Decision { state: version.state, by, at: app.now(), reason: "", plan: &version.plan, alone: false };
        store::version_decide(tx, &proof, id, &decision).await?;
        write(app, tx, scope, Hand { caller, actor, author: version.created_by }, &made).await?;
        settle(app, tx).await?;
        audit::record(app, tx, caller, actor, event("policy.approve", &version, &made.words)).await?;
        Ok(Done { outcome: Outcome::Applied, version, plan: made.words })
    })
}

/// Refuses a proposal, or takes one's own back.
///
/// # Errors
/// `conflict` if it was decided already.
pub async fn refuse(app: &App, caller: &Caller, id: PolicyVersionId, reason: &str) -> Result<(), Fault> {
    let reason = text::prose("reason", reason, text::COMMENT_MAX)?;
    if reason.trim().is_empty() {
        return Err(Fault::invalid("reason", "say why"));
    }
    change!(app, caller, "policy.refuse", |tx, scope, actor| {
        let by = person(actor, TokenScope::Write)?;
        let proof = decide::<action::ApplyPolicyFiles, _>(scope, actor, Platform)?;
        let reading = decide::<action::ReadPolicyFiles, _>(scope, &Actor::system(), Platform)?;
        let version = waiting(tx, &reading, id).await?;
        let decision = store::Decision {
            state: PolicyVersionState::Refused,
            by,
            at: app.now(),
            reason: &reason,
            plan: &version.plan,
            alone: false,
        };
        store::version_decide(tx, &proof, id, &decision).await?;
        let author = (version.created_by != by).then_some(version.created_by);
        let message = Message {
            kind: "policy.refused",
            title: format!("Version {} of the rules was refused", version.number),
            body: reason.clone(),
            link: PAGE.to_owned(),
            once_key: None,
        };
        notify(app, tx, author, &message).await?;
        audit::record(app, tx, caller, actor, event("policy.refuse", &version, &PlanWords::default())).await
    })
}
