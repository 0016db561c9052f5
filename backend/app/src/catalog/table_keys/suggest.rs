//! Foreign keys that names and types suggest. They are computed when somebody asks, and mean nothing until declared.

use lakegate_model::{
    Fault,
    catalog::{Asset, Column},
    ids::{AssetId, TableId},
    table_keys::TableKey,
};
use lakegate_policy::{Actor, action};
use lakegate_store::{Tx, readable, table_keys as store};
use std::collections::{BTreeMap, BTreeSet};

use super::{
    known::{Known, KnownTable, known_tables},
    view::AssetRef,
};
use crate::{App, Caller, catalog::granted};

/// Most suggestions at once.
const MOST: usize = 50;
/// Most assets that are offered as targets.
const TARGETS: usize = 500;

/// A foreign key that nobody has declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKeySuggestion {
    pub column: String,
    pub target: AssetRef,
    pub target_column: String,
}

/// Foreign keys that an asset might have, for those who may edit it: a column that is called like the primary key of
/// another table of its project or of a subscribed one, or like that table with `_id` behind it, and is of its type.
///
/// # Errors
/// `not_found`, `forbidden`
pub async fn suggestions(app: &App, caller: &Caller, id: AssetId) -> Result<Vec<ForeignKeySuggestion>, Fault> {
    look!(app, caller, "asset.keys", |tx, scope, actor| {
        let (asset, _proof) = granted::<action::EditAsset>(tx, scope, actor, id).await?;
        let Some(table) = asset.table_id else { return Ok(Vec::new()) };
        let (names, known) = around(app, tx, actor, &asset).await?;
        let declared = store::keys_of_tables(tx, &[table]).await?;
        let ids: Vec<TableId> = known.keys().copied().filter(|id| *id != table).collect();
        let keys = store::keys_of_tables(tx, &ids).await?;
        let Some(here) = known.get(&table) else { return Ok(Vec::new()) };
        let found = keys.iter().filter_map(|key| {
            let (there, names) = (known.get(&key.table_id)?, names.get(&key.table_id)?);
            Some(suggested(here, &declared, there, names, key))
        });
        Ok(found.flatten().take(MOST).collect())
    })
}

/// The assets that a foreign key of an asset may lead to, for those who may edit it: those of its project and those that
/// its project subscribed to, by their names.
///
/// # Errors
/// `not_found`, `forbidden`
pub async fn targets(app: &App, caller: &Caller, id: AssetId) -> Result<Vec<AssetRef>, Fault> {
    look!(app, caller, "asset.keys", |tx, scope, actor| {
        let (asset, _proof) = granted::<action::EditAsset>(tx, scope, actor, id).await?;
        let (_, known) = around(app, tx, actor, &asset).await?;
        let mut all: Vec<AssetRef> = known.values().map(|table| AssetRef::of(&table.asset)).collect();
        all.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        all.truncate(TARGETS);
        Ok(all)
    })
}

/// The tables that the project of an asset may name, with their names, and those of them that the actor may know.
async fn around(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    asset: &Asset,
) -> Result<(BTreeMap<TableId, BTreeSet<String>>, Known), Fault> {
    let mut names: BTreeMap<TableId, BTreeSet<String>> = BTreeMap::new();
    for named in readable::named_tables(tx, asset.project_id).await? {
        names.entry(named.table_id).or_default().insert(named.name);
    }
    let ids = names.keys().copied().collect();
    let known = known_tables(app, tx, actor, &ids).await?;
    Ok((names, known))
}

/// The columns that look like a primary key of one column elsewhere, and lead nowhere yet.
fn suggested(
    here: &KnownTable,
    declared: &[TableKey],
    there: &KnownTable,
    names: &BTreeSet<String>,
    key: &TableKey,
) -> Vec<ForeignKeySuggestion> {
    let whole = there.all(&key.columns).filter(|columns| key.target_id.is_none() && columns.len() == 1);
    let Some(target) = whole.and_then(|columns| columns.first().copied()) else { return Vec::new() };
    let leads = |column: &Column| declared.iter().any(|key| key.target_id.is_some() && key.columns == [column.id]);
    let fits = |column: &&Column| {
        column.column_type.joins(&target.column_type) && !leads(column) && is_like(&column.name, &target.name, names)
    };
    let suggestion = |column: &Column| ForeignKeySuggestion {
        column: column.name.clone(),
        target: AssetRef::of(&there.asset),
        target_column: target.name.clone(),
    };
    here.columns().filter(fits).map(suggestion).collect()
}

/// Whether a column is called like a key. One that is called `id` and nothing else is like every other.
fn is_like(column: &str, key: &str, tables: &BTreeSet<String>) -> bool {
    let column = column.to_lowercase();
    let key = key.to_lowercase();
    let by_table = |table: &String| {
        let one = singular(&table.to_lowercase());
        column == format!("{one}_id") || column == format!("{one}_{key}")
    };
    (column == key && key != "id") || tables.iter().any(by_table)
}

/// The singular of an English plural, as far as its ending tells.
fn singular(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    let hisses = ["ses", "xes", "zes", "ches", "shes"].iter().any(|end| word.ends_with(end));
    let stem = if hisses { word.strip_suffix("es") } else { word.strip_suffix('s') };
    stem.filter(|stem| hisses || (!stem.is_empty() && !stem.ends_with('s'))).unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_have_singulars() {
        for (many, one) in [
            ("companies", "company"),
            ("customers", "customer"),
            ("addresses", "address"),
            ("boxes", "box"),
            ("branches", "branch"),
            ("address", "address"),
            ("sheep", "sheep"),
            ("s", "s"),
        ] {
            assert_eq!(singular(many), one, "{many}");
        }
    }

    #[test]
    fn columns_are_like_keys_by_name() {
        let tables = BTreeSet::from(["Customers".to_owned()]);
        for (column, key, like) in [
            ("customer_id", "id", true),
            ("CUSTOMER_ID", "number", true),
            ("customer_number", "number", true),
            ("number", "number", true),
            ("id", "id", false),
            ("custom_id", "id", false),
        ] {
            assert_eq!(is_like(column, key, &tables), like, "{column} {key}");
        }
    }
}
