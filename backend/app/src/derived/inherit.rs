//! What the columns of a derived table take over from the columns that they come from (access rules 10 and 18).
//!
//! A governed tag comes along with values. Where a governed column decided about rows or values, the result is pending until
//! a steward or an owner has looked at it: `select id where hiv` tells. Each is done once, so that what somebody decided
//! afterwards stands.

use lakegate_engine::lineage::{Lineage, Output, Source};
use lakegate_model::{
    Fault,
    catalog::Column,
    ids::{AssetId, ColumnId, TableId},
    text,
    words::ColumnState,
};
use lakegate_policy::{Actor, Scope, action, governed::is_governed};
use lakegate_store::{Tx, WriteTx, asset_words, derived as store, restrictions, tables};
use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use crate::{
    App, Caller,
    catalog::{edit, granted},
};

/// Gives columns the tags of what they come from, and marks those pending that governed columns decided about. `names` are
/// the columns in the order of the result.
pub(super) async fn inherit(
    app: &App,
    tx: &mut WriteTx,
    (caller, scope): (&Caller, &Scope),
    (table, asset): (TableId, AssetId),
    (names, lineage): (&[&str], &Lineage),
) -> Result<(), Fault> {
    let mut tags = Tags::default();
    let known: BTreeSet<(ColumnId, String)> = store::marks_of(tx, table).await?.into_iter().collect();
    let columns = tables::columns_of(tx, table).await?;
    let (mut tagged, mut pending) = (BTreeMap::new(), Vec::new());
    // A column whose origin is not known would go without the tags that it should have.
    if names.len() != lineage.outputs.len() {
        return Err(Fault::internal("a result whose columns are not those of its plan"));
    }
    for (name, output) in names.iter().zip(&lineage.outputs) {
        let is_it = |c: &&Column| c.state != ColumnState::Dropped && text::fold(&c.name) == text::fold(name);
        let column = columns.iter().find(is_it).ok_or_else(|| Fault::internal("a result without its column"))?;
        let (values, influences) = tags.of_output(tx, output, lineage).await?;
        let news = |word: &str, tags: BTreeSet<String>| -> Vec<(String, String)> {
            let mark = |tag: String| (format!("{word} {tag}"), tag);
            tags.into_iter().map(mark).filter(|(mark, _)| !known.contains(&(column.id, mark.clone()))).collect()
        };
        let (values, influences) = (news("value", values), news("influence", influences));
        for (mark, _) in values.iter().chain(&influences) {
            store::mark(tx, table, column.id, mark).await?;
        }
        if !values.is_empty() {
            tagged.insert(column.id, values.into_iter().map(|(_, tag)| tag).collect::<BTreeSet<String>>());
        }
        if !influences.is_empty() && column.state == ColumnState::Active {
            pending.push(column);
        }
    }
    put_tags(app, tx, (caller, scope), asset, tagged).await?;
    mark_pending(tx, scope, (table, asset), &pending).await
}

async fn put_tags(
    app: &App,
    tx: &mut WriteTx,
    (caller, scope): (&Caller, &Scope),
    asset: AssetId,
    tagged: BTreeMap<ColumnId, BTreeSet<String>>,
) -> Result<(), Fault> {
    if tagged.is_empty() {
        return Ok(());
    }
    let standing = asset_words::tags_of(tx, asset).await?;
    let with_own = |(column, mut tags): (ColumnId, BTreeSet<String>)| {
        tags.extend(standing.iter().filter(|held| held.column_id == Some(column)).map(|held| held.tag.clone()));
        (Some(column), tags.into_iter().collect())
    };
    let wanted: Vec<_> = tagged.into_iter().map(with_own).collect();
    edit::set_tags_in(app, tx, (caller, scope, &Actor::system()), asset, wanted).await
}

async fn mark_pending(
    tx: &mut WriteTx,
    scope: &Scope,
    (table, asset): (TableId, AssetId),
    columns: &[&Column],
) -> Result<(), Fault> {
    let (_, proof) = granted::<action::EditAsset>(tx, scope, &Actor::system(), asset).await?;
    for column in columns {
        tables::column_move(tx, &proof, table, column.id, ColumnState::Active, ColumnState::Pending).await?;
    }
    Ok(())
}

/// Governed tags of the tables that are read, each table's looked up once.
#[derive(Default)]
struct Tags(BTreeMap<TableId, Vec<(Option<ColumnId>, String)>>);

impl Tags {
    /// The tags that come with the values of a column, and those of what decided about it.
    async fn of_output(
        &mut self,
        tx: &mut Tx,
        output: &Output,
        whole: &Lineage,
    ) -> Result<(BTreeSet<String>, BTreeSet<String>), Fault> {
        let (mut values, mut influences) = (BTreeSet::new(), BTreeSet::new());
        for edge in &output.values {
            values.extend(self.of(tx, &edge.source).await?);
        }
        for influence in output.influences.iter().chain(&whole.influences) {
            influences.extend(self.of(tx, &influence.source).await?);
        }
        Ok((values, influences))
    }

    /// The governed tags of a column: its own, and those of its table.
    async fn of(&mut self, tx: &mut Tx, source: &Source) -> Result<Vec<String>, Fault> {
        let (Some(table), Some(column)) = (source.table_id, source.column_id) else { return Ok(Vec::new()) };
        let held = match self.0.entry(table) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let mut found = restrictions::tags_on(tx, table).await?;
                found.retain(|(_, tag)| is_governed(tag));
                unknown.insert(found)
            }
        };
        Ok(held.iter().filter(|(on, _)| on.is_none_or(|on| on == column)).map(|(_, tag)| tag.clone()).collect())
    }
}
