//! Restrictions, whom they spare, and what is known of people for row filters.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    ids::{ColumnId, RestrictionId, TableId, UserId},
    rules::{Exemption, Restriction},
};
use lakegate_policy::{
    Granted,
    action::{ManageRules, ManageUsers, ReviewAsset},
    resource::{AssetFacts, Platform, UserFacts},
};
use std::collections::BTreeMap;

use crate::{StoreError, Tx, WriteTx};

statements! {
    INSERT = "INSERT INTO restrictions (id, table_id, tag, effect, mask, filter, reason, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    COLUMN_INSERT = "INSERT INTO restriction_columns (restriction_id, column_id) VALUES ($1, $2)";
    EXEMPTION_INSERT = "INSERT INTO restriction_exemptions (restriction_id, kind, principal_id) VALUES ($1, $2, $3)";
    BY_ID = "SELECT id, table_id, tag, effect, mask, filter, reason, created_by, created_at, ended_by, ended_at FROM restrictions WHERE id = $1";
    END = "UPDATE restrictions SET ended_at = $2, ended_by = $3 WHERE id = $1 AND ended_at IS NULL";
    TOUCHING = "SELECT id, table_id, tag, effect, mask, filter, reason, created_by, created_at, ended_by, ended_at FROM restrictions WHERE ended_at IS NULL AND (table_id = $1 OR tag IS NOT NULL) ORDER BY id";
    ON_TABLE = "SELECT id, table_id, tag, effect, mask, filter, reason, created_by, created_at, ended_by, ended_at FROM restrictions WHERE table_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    ON_TAGS = "SELECT id, table_id, tag, effect, mask, filter, reason, created_by, created_at, ended_by, ended_at FROM restrictions WHERE tag IS NOT NULL AND id > $1 ORDER BY id LIMIT $2";
    COLUMNS_OF = "SELECT column_id FROM restriction_columns WHERE restriction_id = $1 ORDER BY column_id";
    EXEMPTIONS_OF = "SELECT kind, principal_id FROM restriction_exemptions WHERE restriction_id = $1 ORDER BY kind, principal_id";
    TAGS_ON = "SELECT g.column_id, g.tag FROM asset_tags g JOIN assets a ON a.id = g.asset_id WHERE a.table_id = $1 ORDER BY g.tag, g.id";
    ATTRIBUTES = "SELECT name, value FROM user_attributes WHERE user_id = $1 ORDER BY name";
    ATTRIBUTES_CLEAR = "DELETE FROM user_attributes WHERE user_id = $1";
    ATTRIBUTE_INSERT = "INSERT INTO user_attributes (user_id, name, value) VALUES ($1, $2, $3)";
}

/// Puts a restriction in force.
pub async fn restriction_insert(tx: &mut WriteTx, restriction: &Restriction) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        restriction.id,
        restriction.table_id,
        &restriction.tag,
        restriction.effect,
        restriction.mask,
        &restriction.filter,
        &restriction.reason,
        restriction.created_by,
        restriction.created_at
    )?;
    for column in &restriction.columns {
        execute_one!(tx, COLUMN_INSERT, restriction.id, *column)?;
    }
    for exemption in &restriction.exempt {
        execute_one!(tx, EXEMPTION_INSERT, restriction.id, exemption.kind, exemption.principal_id)?;
    }
    Ok(())
}

/// A restriction, in force or ended.
pub async fn restriction_find(tx: &mut Tx, id: RestrictionId) -> Result<Option<Restriction>, StoreError> {
    match fetch_optional!(tx, Restriction, BY_ID, id)? {
        Some(found) => whole(tx, found).await.map(Some),
        None => Ok(None),
    }
}

/// Lifts a restriction. Callers hold a proof for the table or the installation it is on.
pub async fn restriction_end(
    tx: &mut WriteTx,
    id: RestrictionId,
    by: UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, END, id, now, by)
}

/// What may bind readers of a table: restrictions on it, and all on tags. Enforcement reads it, so it takes no proof.
pub async fn restrictions_touching(tx: &mut Tx, table: TableId) -> Result<Vec<Restriction>, StoreError> {
    let found = fetch_all!(tx, Restriction, TOUCHING, table)?;
    whole_each(tx, found).await
}

/// The restrictions on an asset's table, ended ones included.
pub async fn restrictions_on(
    tx: &mut Tx,
    _proof: &Granted<'_, AssetFacts, ReviewAsset>,
    table: TableId,
    page: &PageRequest,
) -> Result<Page<Restriction>, StoreError> {
    let rows = fetch_all!(tx, Restriction, ON_TABLE, table, after(page), page.fetch())?;
    Ok(Page::cut(whole_each(tx, rows).await?, page, |restriction| restriction.id.to_string()))
}

/// The restrictions on tags, ended ones included.
pub async fn restrictions_on_tags(
    tx: &mut Tx,
    _proof: &Granted<'_, Platform, ManageRules>,
    page: &PageRequest,
) -> Result<Page<Restriction>, StoreError> {
    let rows = fetch_all!(tx, Restriction, ON_TAGS, after(page), page.fetch())?;
    Ok(Page::cut(whole_each(tx, rows).await?, page, |restriction| restriction.id.to_string()))
}

fn after(page: &PageRequest) -> uuid::Uuid {
    page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or_default()
}

async fn whole_each(tx: &mut Tx, found: Vec<Restriction>) -> Result<Vec<Restriction>, StoreError> {
    let mut out = Vec::with_capacity(found.len());
    for restriction in found {
        out.push(whole(tx, restriction).await?);
    }
    Ok(out)
}

async fn whole(tx: &mut Tx, mut restriction: Restriction) -> Result<Restriction, StoreError> {
    let columns = fetch_all!(tx, (ColumnId,), COLUMNS_OF, restriction.id)?;
    restriction.columns = columns.into_iter().map(|(column,)| column).collect();
    restriction.exempt = fetch_all!(tx, Exemption, EXEMPTIONS_OF, restriction.id)?;
    Ok(restriction)
}

/// The tags on the asset of a table: of a column, or of the asset as a whole.
pub async fn tags_on(tx: &mut Tx, table: TableId) -> Result<Vec<(Option<ColumnId>, String)>, StoreError> {
    fetch_all!(tx, (Option<ColumnId>, String), TAGS_ON, table)
}

/// What is known of a user for row filters: `session_attribute(name)`.
pub async fn attributes_of(tx: &mut Tx, user: UserId) -> Result<BTreeMap<String, String>, StoreError> {
    Ok(fetch_all!(tx, (String, String), ATTRIBUTES, user)?.into_iter().collect())
}

/// Replaces what is known of a user for row filters.
pub async fn attributes_set(
    tx: &mut WriteTx,
    proof: &Granted<'_, UserFacts, ManageUsers>,
    attributes: &BTreeMap<String, String>,
) -> Result<(), StoreError> {
    let user = proof.on().id;
    execute!(tx, ATTRIBUTES_CLEAR, user)?;
    for (name, value) in attributes {
        execute_one!(tx, ATTRIBUTE_INSERT, user, name, value)?;
    }
    Ok(())
}
