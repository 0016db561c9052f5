//! An asset with everything that a revision keeps of it.

use lakegate_model::{
    Fault,
    catalog::{Asset, Column, Snapshot, SnapshotColumn, Tag, TermLink},
    ids::{AssetId, ColumnId, UserId},
    table_keys::TableKey,
    words::ColumnState,
};
use lakegate_store::{
    Tx, asset_words, assets, table_keys,
    tables::{self, FileTotals},
    users,
};

/// An asset as it stands within a transaction.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub asset: Asset,
    /// In table order, dropped ones too.
    pub columns: Vec<Column>,
    pub tags: Vec<Tag>,
    pub terms: Vec<TermLink>,
    pub totals: FileTotals,
    pub data_version: String,
    pub owner_name: String,
    pub successor_name: String,
    /// In the order in which they were declared.
    pub keys: Vec<TableKey>,
}

/// Reads columns and words of an asset; the asset itself is taken as given.
pub(crate) async fn load(tx: &mut Tx, asset: Asset) -> Result<State, Fault> {
    let mut state = load_described(tx, asset).await?;
    if let Some(table) = state.asset.table_id {
        state.totals = tables::file_totals(tx, table).await?;
        state.data_version = tables::table_find(tx, table).await?.map(|found| found.data_version).unwrap_or_default();
    }
    Ok(state)
}

/// The same without what the files amount to, which outsiders are not shown: for looking, never for a revision.
pub(crate) async fn load_described(tx: &mut Tx, asset: Asset) -> Result<State, Fault> {
    let (columns, keys) = match asset.table_id {
        Some(table) => (tables::columns_of(tx, table).await?, table_keys::keys_of_tables(tx, &[table]).await?),
        None => (Vec::new(), Vec::new()),
    };
    Ok(State {
        tags: asset_words::tags_of(tx, asset.id).await?,
        terms: asset_words::terms_of(tx, asset.id).await?,
        owner_name: owner_name(tx, asset.owner_id).await?,
        successor_name: successor_name(tx, asset.successor_id).await?,
        columns,
        keys,
        totals: FileTotals::default(),
        data_version: String::new(),
        asset,
    })
}

async fn owner_name(tx: &mut Tx, owner: Option<UserId>) -> Result<String, Fault> {
    let Some(owner) = owner else { return Ok(String::new()) };
    Ok(users::user_find(tx, owner).await?.map(|user| user.display_name).unwrap_or_default())
}

async fn successor_name(tx: &mut Tx, successor: Option<AssetId>) -> Result<String, Fault> {
    let Some(successor) = successor else { return Ok(String::new()) };
    let system = lakegate_policy::Actor::system();
    Ok(assets::asset_facts(tx, &system, successor).await?.map(|(asset, _)| asset.name).unwrap_or_default())
}

impl State {
    /// The column of an id, if it is among the files still.
    pub fn column(&self, id: ColumnId) -> Option<&Column> {
        self.columns.iter().find(|column| column.id == id && column.state != ColumnState::Dropped)
    }

    /// The tags of a column, or of the asset itself.
    pub fn tags_on(&self, column: Option<ColumnId>) -> Vec<String> {
        self.tags.iter().filter(|tag| tag.column_id == column).map(|tag| tag.tag.clone()).collect()
    }

    /// The terms of a column, or of the asset itself.
    pub fn terms_on(&self, column: Option<ColumnId>) -> Vec<TermLink> {
        self.terms.iter().filter(|link| link.column_id == column).cloned().collect()
    }

    /// What a revision keeps.
    pub fn snapshot(&self) -> Snapshot {
        let asset = &self.asset;
        Snapshot {
            title: asset.title.clone(),
            description: asset.description.clone(),
            status: asset.status.to_string(),
            tags: self.tags_on(None),
            terms: names(self.terms_on(None)),
            columns: self.columns.iter().map(|column| self.snapshot_column(column)).collect(),
            files: self.totals.files,
            bytes: self.totals.bytes,
            partitions: self.totals.partitions,
            data_version: self.data_version.clone(),
            owner: self.owner_name.clone(),
            discover: asset.discover.map(|level| level.to_string()).unwrap_or_default(),
            certified: asset.certified,
            successor: self.successor_name.clone(),
            deprecation_note: asset.deprecation_note.clone(),
            keys: self.keys.iter().map(|key| self.key_line(key)).collect(),
        }
    }

    /// A key in words. Where it leads is not told: members may not all know that table.
    fn key_line(&self, key: &TableKey) -> String {
        let name =
            |id: &ColumnId| self.columns.iter().find(|column| column.id == *id).map(|column| column.name.as_str());
        let names: Vec<&str> = key.columns.iter().filter_map(name).collect();
        let kind = if key.target_id.is_some() { "foreign" } else { "primary" };
        format!("{kind} ({})", names.join(", "))
    }

    fn snapshot_column(&self, column: &Column) -> SnapshotColumn {
        SnapshotColumn {
            id: column.id,
            name: column.name.clone(),
            column_type: column.column_type.to_string(),
            state: column.state.to_string(),
            title: column.title.clone(),
            description: column.description.clone(),
            tags: self.tags_on(Some(column.id)),
            terms: names(self.terms_on(Some(column.id))),
            unlisted: column.unlisted,
        }
    }
}

fn names(links: Vec<TermLink>) -> Vec<String> {
    links.into_iter().map(|link| link.name).collect()
}
