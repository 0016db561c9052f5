//! What people do around assets: watch, bookmark, open, ask.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    catalog::Question,
    ids::{AssetId, QuestionId, UserId},
    words::Mark,
};
use lakegate_policy::{
    Granted,
    action::{DiscoverAsset, EditAsset},
    resource::AssetFacts,
};

use crate::{StoreError, Tx, WriteTx};

statements! {
    SET = "INSERT INTO asset_marks (user_id, asset_id, mark, marked_at) VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, asset_id, mark) DO UPDATE SET marked_at = excluded.marked_at";
    REMOVE = "DELETE FROM asset_marks WHERE user_id = $1 AND asset_id = $2 AND mark = $3";
    OF = "SELECT mark, marked_at FROM asset_marks WHERE user_id = $1 AND asset_id = $2";
    WATCHERS = "SELECT m.user_id FROM asset_marks m JOIN users u ON u.id = m.user_id WHERE m.asset_id = $1 AND m.mark = 'watch' AND NOT u.disabled ORDER BY m.user_id";
    ASK = "INSERT INTO questions (id, asset_id, author_id, body, asked_at) VALUES ($1, $2, $3, $4, $5)";
    ANSWER = "UPDATE questions SET answer = $3, answered_by = $4, answered_at = $5 WHERE id = $1 AND asset_id = $2";
    QUESTION = "SELECT q.id, q.asset_id, q.author_id, u.display_name AS author_name, q.body, q.answer, a.display_name AS answered_by_name, q.asked_at, q.answered_at FROM questions q JOIN users u ON u.id = q.author_id LEFT JOIN users a ON a.id = q.answered_by WHERE q.id = $1";
    QUESTIONS = "SELECT q.id, q.asset_id, q.author_id, u.display_name AS author_name, q.body, q.answer, a.display_name AS answered_by_name, q.asked_at, q.answered_at FROM questions q JOIN users u ON u.id = q.author_id LEFT JOIN users a ON a.id = q.answered_by WHERE q.asset_id = $1 AND q.id < $2 ORDER BY q.id DESC LIMIT $3";
}

/// Marks the asset of the proof; again moves the time.
pub async fn mark_set(
    tx: &mut WriteTx,
    proof: &Granted<'_, AssetFacts, DiscoverAsset>,
    user: UserId,
    mark: Mark,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, SET, user, proof.on().id, mark, now)
}

/// Takes a mark away; one that is not there counts as taken.
pub async fn mark_remove(tx: &mut WriteTx, asset: AssetId, user: UserId, mark: Mark) -> Result<(), StoreError> {
    execute!(tx, REMOVE, user, asset, mark).map(|_| ())
}

/// A user's marks on an asset, with their times.
pub async fn marks_of(tx: &mut Tx, user: UserId, asset: AssetId) -> Result<Vec<(Mark, Timestamp)>, StoreError> {
    fetch_all!(tx, (Mark, Timestamp), OF, user, asset)
}

/// Enabled people who watch an asset.
pub async fn watchers_of(tx: &mut Tx, asset: AssetId) -> Result<Vec<UserId>, StoreError> {
    Ok(fetch_all!(tx, (UserId,), WATCHERS, asset)?.into_iter().map(|row| row.0).collect())
}

/// Keeps a question about the asset of the proof.
pub async fn question_insert(
    tx: &mut WriteTx,
    proof: &Granted<'_, AssetFacts, DiscoverAsset>,
    id: QuestionId,
    author: UserId,
    body: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, ASK, id, proof.on().id, author, body, now)
}

/// Answers a question about the asset of the proof; a later answer replaces an earlier one.
pub async fn question_answer(
    tx: &mut WriteTx,
    proof: &Granted<'_, AssetFacts, EditAsset>,
    id: QuestionId,
    answer: &str,
    by: UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, ANSWER, id, proof.on().id, answer, by, now)
}

/// The question of an id; who may see it is decided on its asset.
pub async fn question_find(tx: &mut Tx, id: QuestionId) -> Result<Option<Question>, StoreError> {
    fetch_optional!(tx, Question, QUESTION, id)
}

/// The questions about the asset of the proof, the latest first.
pub async fn question_list(
    tx: &mut Tx,
    proof: &Granted<'_, AssetFacts, DiscoverAsset>,
    page: &PageRequest,
) -> Result<Page<Question>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse().ok());
    let before: QuestionId = before.unwrap_or(QuestionId(uuid::Uuid::max()));
    let rows = fetch_all!(tx, Question, QUESTIONS, proof.on().id, before, page.fetch())?;
    Ok(Page::cut(rows, page, |question| question.id.to_string()))
}
