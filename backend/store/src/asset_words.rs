//! Words on assets and columns: tags, terms, proposed names; and what still lacks words.

use lakegate_model::{
    Timestamp,
    catalog::{Suggestion, Tag, TermLink},
    ids::{AssetId, ColumnId, ProjectId, SuggestionId, TermId},
    words::SuggestionState,
};
use lakegate_policy::{Granted, action::EditAsset, resource::AssetFacts};
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

statements! {
    TAGS = "SELECT asset_id, column_id, tag FROM asset_tags WHERE asset_id = $1 ORDER BY tag, id";
    TAG_INSERT = "INSERT INTO asset_tags (id, asset_id, column_id, tag) VALUES ($1, $2, $3, $4)";
    TAG_DELETE = "DELETE FROM asset_tags WHERE asset_id = $1 AND column_id IS NOT DISTINCT FROM $2 AND tag = $3";
    TERMS = "SELECT l.asset_id, l.column_id, l.term_id, t.name FROM term_links l JOIN glossary_terms t ON t.id = l.term_id WHERE l.asset_id = $1 ORDER BY t.name_key, l.id";
    TERM_INSERT = "INSERT INTO term_links (id, term_id, asset_id, column_id) VALUES ($1, $2, $3, $4)";
    TERM_DELETE = "DELETE FROM term_links WHERE asset_id = $1 AND column_id IS NOT DISTINCT FROM $2 AND term_id = $3";
    SUGGESTIONS = "SELECT id, asset_id, column_id, value, state FROM name_suggestions WHERE asset_id = $1 ORDER BY id";
    SUGGESTION = "SELECT id, asset_id, column_id, value, state FROM name_suggestions WHERE id = $1";
    SUGGEST = "INSERT INTO name_suggestions (id, asset_id, column_id, value, state) VALUES ($1, $2, $3, $4, 'open')";
    DECIDE = "UPDATE name_suggestions SET state = $3, decided_by = $4, decided_at = $5 WHERE id = $1 AND asset_id = $2 AND state = 'open'";
    PENDING = "SELECT a.id AS asset_id, a.name AS asset_name, a.title AS asset_title, c.id AS column_id, c.name AS column_name FROM assets a JOIN columns c ON c.table_id = a.table_id WHERE a.project_id = $1 AND c.state = 'pending' AND a.status <> 'archived' AND c.id > $2 ORDER BY c.id LIMIT $3";
    UNDESCRIBED_COLUMNS = "SELECT a.id AS asset_id, a.name AS asset_name, a.title AS asset_title, c.id AS column_id, c.name AS column_name FROM assets a JOIN columns c ON c.table_id = a.table_id WHERE a.project_id = $1 AND c.description = '' AND c.state <> 'dropped' AND a.status <> 'archived' AND c.id > $2 ORDER BY c.id LIMIT $3";
    UNDESCRIBED_ASSETS = "SELECT a.id AS asset_id, a.name AS asset_name, a.title AS asset_title, CAST(NULL AS UUID) AS column_id, CAST(NULL AS TEXT) AS column_name FROM assets a WHERE a.project_id = $1 AND a.description = '' AND a.status <> 'archived' AND a.id > $2 ORDER BY a.id LIMIT $3";
    OWNERLESS = "SELECT a.id AS asset_id, a.name AS asset_name, a.title AS asset_title, CAST(NULL AS UUID) AS column_id, CAST(NULL AS TEXT) AS column_name FROM assets a LEFT JOIN users u ON u.id = a.owner_id WHERE a.project_id = $1 AND (u.id IS NULL OR u.disabled) AND a.status <> 'archived' AND a.id > $2 ORDER BY a.id LIMIT $3";
}

/// The tags of an asset and its columns.
pub async fn tags_of(tx: &mut Tx, asset: AssetId) -> Result<Vec<Tag>, StoreError> {
    fetch_all!(tx, Tag, TAGS, asset)
}

/// Puts a tag on the asset of the proof, or on one of its columns.
pub async fn tag_add(
    tx: &mut WriteTx,
    proof: &Granted<'_, AssetFacts, EditAsset>,
    id: Uuid,
    column: Option<ColumnId>,
    tag: &str,
) -> Result<(), StoreError> {
    execute_one!(tx, TAG_INSERT, id, proof.on().id, column, tag)
}

/// Takes a tag off.
pub async fn tag_remove(
    tx: &mut WriteTx,
    proof: &Granted<'_, AssetFacts, EditAsset>,
    column: Option<ColumnId>,
    tag: &str,
) -> Result<(), StoreError> {
    execute!(tx, TAG_DELETE, proof.on().id, column, tag).map(|_| ())
}

/// The glossary terms on an asset and its columns.
pub async fn terms_of(tx: &mut Tx, asset: AssetId) -> Result<Vec<TermLink>, StoreError> {
    fetch_all!(tx, TermLink, TERMS, asset)
}

/// Puts a term on the asset of the proof, or on one of its columns.
pub async fn term_add(
    tx: &mut WriteTx,
    proof: &Granted<'_, AssetFacts, EditAsset>,
    id: Uuid,
    column: Option<ColumnId>,
    term: TermId,
) -> Result<(), StoreError> {
    execute_one!(tx, TERM_INSERT, id, term, proof.on().id, column)
}

/// Takes a term off.
pub async fn term_remove(
    tx: &mut WriteTx,
    proof: &Granted<'_, AssetFacts, EditAsset>,
    column: Option<ColumnId>,
    term: TermId,
) -> Result<(), StoreError> {
    execute!(tx, TERM_DELETE, proof.on().id, column, term).map(|_| ())
}

/// Proposed names of an asset and its columns, in every state.
pub async fn suggestions_of(tx: &mut Tx, asset: AssetId) -> Result<Vec<Suggestion>, StoreError> {
    fetch_all!(tx, Suggestion, SUGGESTIONS, asset)
}

/// The proposal of an id.
pub async fn suggestion_find(tx: &mut Tx, id: SuggestionId) -> Result<Option<Suggestion>, StoreError> {
    fetch_optional!(tx, Suggestion, SUGGESTION, id)
}

/// Proposes a name; the use case has seen that none was proposed before.
pub async fn suggestion_insert(
    tx: &mut WriteTx,
    id: SuggestionId,
    asset: AssetId,
    column: Option<ColumnId>,
    value: &str,
) -> Result<(), StoreError> {
    execute_one!(tx, SUGGEST, id, asset, column, value)
}

/// Takes a proposal up or turns it down. Returns whether it was still open.
pub async fn suggestion_decide(
    tx: &mut WriteTx,
    proof: &Granted<'_, AssetFacts, EditAsset>,
    id: SuggestionId,
    state: SuggestionState,
    by: Option<Uuid>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(execute!(tx, DECIDE, id, proof.on().id, state, by, now)? == 1)
}

/// Which lack of words is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// Columns that arrived after publishing and are closed.
    PendingColumns,
    UndescribedColumns,
    UndescribedAssets,
    /// Assets without an owner who can sign in.
    Ownerless,
}

/// Something that lacks words.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LackRow {
    pub asset_id: AssetId,
    pub asset_name: String,
    pub asset_title: String,
    pub column_id: Option<ColumnId>,
    pub column_name: Option<String>,
}

impl LackRow {
    /// What the list is ordered by.
    pub fn position(&self) -> Uuid {
        self.column_id.map_or(self.asset_id.into(), Uuid::from)
    }
}

/// What lacks words in a project whose assets the caller may edit, after a position.
pub async fn lacking(
    tx: &mut Tx,
    lack: Lack,
    project: ProjectId,
    after: Uuid,
    limit: i64,
) -> Result<Vec<LackRow>, StoreError> {
    let sql = match lack {
        Lack::PendingColumns => PENDING,
        Lack::UndescribedColumns => UNDESCRIBED_COLUMNS,
        Lack::UndescribedAssets => UNDESCRIBED_ASSETS,
        Lack::Ownerless => OWNERLESS,
    };
    fetch_all!(tx, LackRow, sql, project, after, limit)
}
