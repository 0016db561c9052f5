//! What people do around assets: watch, bookmark, look back, see what is new, ask the owner.

use chrono::TimeDelta;
use lakegate_model::{
    Code, Fault, Page, PageRequest,
    catalog::{Asset, Question},
    ids::{AssetId, QuestionId, UserId},
    text,
    words::Mark,
};
use lakegate_policy::{Actor, action};
use lakegate_store::{Tx, marks as store, projects};

use super::{Card, granted, granted_for, need_reader, shelf::Shelf, tell};
use crate::{
    App, Caller,
    access::notices::notify,
    audit::{self, Event},
};

/// Opening an asset again within this time does not move its place among the recently seen.
const SEEN_AGAIN: TimeDelta = TimeDelta::minutes(1);

fn person(actor: &Actor) -> Result<UserId, Fault> {
    actor.user().ok_or_else(|| match actor.is_known() {
        true => Fault::new(Code::Forbidden, "a person has to do this").fix("sign in as a person"),
        false => Fault::new(Code::Unauthenticated, "this needs a signed-in person"),
    })
}

/// Watches or bookmarks an asset, or no longer.
pub async fn mark(app: &App, caller: &Caller, id: AssetId, mark: Mark, on: bool) -> Result<(), Fault> {
    change!(app, caller, "asset.mark", |tx, scope, actor| {
        let (_asset, proof) = granted::<action::DiscoverAsset>(tx, scope, actor, id).await?;
        let user = person(actor)?;
        if on {
            store::mark_set(tx, &proof, user, mark, app.now()).await?;
        } else {
            store::mark_remove(tx, id, user, mark).await?;
        }
        Ok(())
    })
}

/// Notes that the caller opened an asset, for his list of the recently seen.
pub async fn seen(app: &App, caller: &Caller, id: AssetId) -> Result<(), Fault> {
    let last = look!(app, caller, "asset.discover", |tx, scope, actor| {
        let (_asset, _proof) = granted::<action::DiscoverAsset>(tx, scope, actor, id).await?;
        let marks = store::marks_of(tx, person(actor)?, id).await?;
        Ok(marks.into_iter().find(|(mark, _)| *mark == Mark::Seen).map(|(_, at)| at))
    })?;
    if last.is_some_and(|at| app.now() - at < SEEN_AGAIN) {
        return Ok(());
    }
    mark(app, caller, id, Mark::Seen, true).await
}

/// The caller's marked assets, the latest mark first, as far as he may still discover them.
pub async fn marked(app: &App, caller: &Caller, mark: Mark, page: &PageRequest) -> Result<Page<Card>, Fault> {
    look!(app, caller, "asset.list_marked", |tx, scope, actor| {
        need_reader(actor)?;
        Shelf::Marked(person(actor)?, mark).page(tx, actor, page).await
    })
}

/// Assets published lately that the caller may discover.
pub async fn whats_new(app: &App, caller: &Caller, page: &PageRequest) -> Result<Page<Card>, Fault> {
    look!(app, caller, "asset.list_new", |tx, scope, actor| {
        need_reader(actor)?;
        Shelf::Published.page(tx, actor, page).await
    })
}

/// Asks the owner something; all who may discover the asset see question and answer.
pub async fn ask(app: &App, caller: &Caller, id: AssetId, body: &str) -> Result<Question, Fault> {
    let body = text::prose("body", body, text::COMMENT_MAX)?;
    if body.trim().is_empty() {
        return Err(Fault::invalid("body", "this may not be empty"));
    }
    change!(app, caller, "asset.ask", |tx, scope, actor| {
        let (asset, proof) = granted::<action::DiscoverAsset>(tx, scope, actor, id).await?;
        need_writer(actor)?;
        let question: QuestionId = app.new_id();
        store::question_insert(tx, &proof, question, person(actor)?, &body, app.now()).await?;
        let title = format!("A question about {}", asset.display_name());
        let message =
            tell::about_question(&asset, "asset.question", title, &body, Some(format!("question:{question}")));
        let to = answerers(tx, &asset).await?;
        notify(app, tx, to, &message).await?;
        let event = Event::on("asset.ask", "asset", id).owned_by(asset.project_id);
        audit::record(app, tx, caller, actor, event).await?;
        find(tx, question).await
    })
}

fn need_writer(actor: &Actor) -> Result<(), Fault> {
    if actor.scopes.contains(&lakegate_model::words::TokenScope::Write) {
        return Ok(());
    }
    Err(Fault::new(Code::Forbidden, "the token lacks the scope write").fix("make one that has it"))
}

/// The owner, or the project's owners where the asset has none.
async fn answerers(tx: &mut Tx, asset: &Asset) -> Result<Vec<UserId>, Fault> {
    match asset.owner_id {
        Some(owner) => Ok(vec![owner]),
        None => Ok(projects::owners_of(tx, asset.project_id).await?),
    }
}

async fn find(tx: &mut Tx, id: QuestionId) -> Result<Question, Fault> {
    store::question_find(tx, id).await?.ok_or_else(|| Fault::not_found("question"))
}

/// Answers a question: whoever may edit the asset. A later answer replaces an earlier one.
pub async fn answer(app: &App, caller: &Caller, id: QuestionId, answer: &str) -> Result<Question, Fault> {
    let answer = text::prose("answer", answer, text::COMMENT_MAX)?;
    if answer.trim().is_empty() {
        return Err(Fault::invalid("answer", "this may not be empty"));
    }
    change!(app, caller, "asset.answer", |tx, scope, actor| {
        let found = store::question_find(tx, id).await?;
        let asked_on = found.as_ref().map(|question| question.asset_id);
        let (asset, proof) = granted_for::<action::EditAsset>(tx, scope, actor, asked_on, "question").await?;
        let question = found.ok_or_else(|| Fault::not_found("question"))?;
        store::question_answer(tx, &proof, id, &answer, person(actor)?, app.now()).await?;
        let title = format!("Your question about {} was answered", asset.display_name());
        let message = tell::about_question(&asset, "asset.answer", title, &answer, None);
        notify(app, tx, [question.author_id], &message).await?;
        let event = Event::on("asset.answer", "asset", asset.id).owned_by(asset.project_id);
        audit::record(app, tx, caller, actor, event).await?;
        find(tx, id).await
    })
}

/// Questions about an asset with their answers, the latest first.
pub async fn questions(app: &App, caller: &Caller, id: AssetId, page: &PageRequest) -> Result<Page<Question>, Fault> {
    look!(app, caller, "asset.questions", |tx, scope, actor| {
        let (_asset, proof) = granted::<action::DiscoverAsset>(tx, scope, actor, id).await?;
        Ok(store::question_list(tx, &proof, page).await?)
    })
}
