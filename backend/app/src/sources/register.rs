//! Writes a found table into the catalog: as a new asset in the inventory, or as what changed of a known one.

use lakegate_model::{
    Code, Fault,
    catalog::{Asset, Column, Table},
    ids::{AssetId, ColumnId, ConnectionId, DataSourceId, ProjectId, TableId, UserId},
    places::Database,
    storage::{FoundColumn, FoundTable},
    words::{AssetKind, AssetStatus, ColumnState},
};
use lakegate_policy::{Actor, Granted, Scope, action, resource::AssetFacts, resource::ProjectFacts};
use lakegate_store::{
    Tx, WriteTx, assets, changes,
    tables::{self, ColumnShape, TableState},
};
use serde_json::json;
use std::collections::HashSet;

use super::found::{self, ColumnPlan};
use crate::{
    App, Caller,
    audit::{self, Event},
    catalog::{diff, granted, revise, state, suggestions},
    jobs::triggers,
};

/// Columns named in a refusal.
const NAMES_TOLD: usize = 8;
/// Most tries for a free name.
const TRIES: u32 = 10_000;

/// Where a found table belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Home<'a> {
    pub database: &'a Database,
    pub connection: Option<ConnectionId>,
    /// The data source that found it; `None` for uploads.
    pub source: Option<DataSourceId>,
    /// Who answers for a new asset.
    pub owner: Option<UserId>,
    /// Whether Lakegate wrote the files.
    pub managed: bool,
}

/// What registering did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    New(TableId, AssetId),
    Changed(TableId, AssetId),
    Same(TableId),
}

impl Registered {
    /// The table it is about.
    pub fn table(self) -> TableId {
        match self {
            Self::New(table, _) | Self::Changed(table, _) | Self::Same(table) => table,
        }
    }
}

/// Registers a found table; `taken` holds the tables that other finds of the same run stand for.
pub(super) async fn register(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor, scope): (&Caller, &Actor, &Scope),
    proof: &Granted<'_, ProjectFacts, action::Contribute>,
    home: Home<'_>,
    found: &FoundTable,
    taken: &HashSet<TableId>,
) -> Result<Registered, Fault> {
    let known = known_table(tx, home, found, taken).await?;
    let asset = match &known {
        Some(table) => assets::asset_of_table(tx, table.id).await?,
        None => None,
    };
    let registered = match (known, asset) {
        (Some(table), Some(asset)) => {
            let (asset, proof) = granted::<action::EditAsset>(tx, scope, actor, asset).await?;
            change(app, tx, (caller, actor), &proof, (home, asset, table), found).await?
        }
        (Some(_), None) => return Err(Fault::internal("a table without an asset")),
        (None, _) => create(app, tx, (caller, actor), proof, home, found).await?,
    };
    tell(app, tx, proof.on().id, registered, &found.name, home.source).await?;
    Ok(registered)
}

/// Tells the triggers of a project what registering a table did.
pub(super) async fn tell(
    app: &App,
    tx: &mut WriteTx,
    project: ProjectId,
    registered: Registered,
    name: &str,
    by: Option<DataSourceId>,
) -> Result<(), Fault> {
    match registered {
        Registered::New(_, asset) | Registered::Changed(_, asset) => {
            triggers::table_changed(app, tx, project, (asset, name), by).await
        }
        Registered::Same(_) => Ok(()),
    }
}

/// The table that a find stands for: found under the same name at the same place, or else one there that shares a
/// file with it, since adding files can change the name that discovery gives.
async fn known_table(
    tx: &mut Tx,
    home: Home<'_>,
    found: &FoundTable,
    taken: &HashSet<TableId>,
) -> Result<Option<Table>, Fault> {
    let named = tables::tables_found_as(tx, home.database.id, &found.location, &found.name).await?;
    if let Some(table) = named.into_iter().find(|table| !taken.contains(&table.id)) {
        return Ok(Some(table));
    }
    for table in tables::tables_at(tx, home.database.id, &found.location).await? {
        if !taken.contains(&table.id) && shares_file(tx, &table, found).await? {
            return Ok(Some(table));
        }
    }
    Ok(None)
}

async fn shares_file(tx: &mut Tx, table: &Table, found: &FoundTable) -> Result<bool, Fault> {
    let known: HashSet<String> = tables::files_of(tx, table.id).await?.into_iter().map(|file| file.path).collect();
    Ok(found.files.iter().any(|file| known.contains(&file.path)))
}

pub(crate) async fn create(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor): (&Caller, &Actor),
    proof: &Granted<'_, ProjectFacts, action::Contribute>,
    home: Home<'_>,
    found: &FoundTable,
) -> Result<Registered, Fault> {
    let now = app.now();
    let table = Table {
        id: app.new_id(),
        database_id: home.database.id,
        name: free_table_name(tx, home.database, &found.name).await?,
        location: found.location.clone(),
        connection_id: home.connection,
        format: found.format.clone(),
        data_version: found::data_version(&found.files),
        managed: home.managed,
        created_at: now,
        updated_at: now,
    };
    tables::table_insert(tx, proof, &table, &found.name).await?;
    let columns: Vec<Column> =
        found.columns.iter().zip(0_i64..).map(|(c, at)| new_column(app, table.id, c, at)).collect();
    for column in &columns {
        tables::column_insert(tx, column).await?;
    }
    tables::files_replace(tx, table.id, &found.files).await?;
    let asset = new_asset(app, tx, proof.on().id, home, &table).await?;
    assets::asset_insert(tx, proof, &asset).await?;
    suggestions::propose(app, tx, asset.id, (&asset.name, ""), &columns).await?;
    let state = state::load(tx, asset.clone()).await?;
    let summary = format!("registered with {} columns", columns.len());
    revise::keep(app, tx, actor, &asset, summary, state.snapshot()).await?;
    changes::change_record(tx, "asset", asset.id.into()).await?;
    let detail = json!({ "name": asset.name, "database": home.database.name, "columns": columns.len() });
    let event = Event::on("asset.register", "asset", asset.id).owned_by(asset.project_id).with(detail);
    audit::record(app, tx, caller, actor, event).await?;
    Ok(Registered::New(table.id, asset.id))
}

fn new_column(app: &App, table: TableId, found: &FoundColumn, ordinal: i64) -> Column {
    Column {
        id: app.new_id(),
        table_id: table,
        name: found.name.clone(),
        ordinal,
        column_type: found.column_type.clone(),
        nullable: found.nullable,
        is_partition: found.partition,
        state: ColumnState::Active,
        unlisted: false,
        title: String::new(),
        description: String::new(),
    }
}

async fn new_asset(app: &App, tx: &mut Tx, project: ProjectId, home: Home<'_>, table: &Table) -> Result<Asset, Fault> {
    let now = app.now();
    Ok(Asset {
        id: app.new_id(),
        project_id: project,
        table_id: Some(table.id),
        kind: AssetKind::Table,
        name: free_asset_name(tx, project, &table.name).await?,
        title: String::new(),
        description: String::new(),
        status: AssetStatus::Inventory,
        discover: None,
        certified: false,
        owner_id: home.owner,
        source_id: home.source,
        successor_id: None,
        deprecated_from: None,
        deprecation_note: String::new(),
        revision: 1,
        published_at: None,
        created_at: now,
        updated_at: now,
    })
}

async fn free_table_name(tx: &mut Tx, database: &Database, wanted: &str) -> Result<String, Fault> {
    for number in 1..TRIES {
        let name = numbered(wanted, number);
        if tables::table_by_name(tx, database.id, &name).await?.is_none() {
            return Ok(name);
        }
    }
    Err(no_name_left())
}

async fn free_asset_name(tx: &mut Tx, project: ProjectId, wanted: &str) -> Result<String, Fault> {
    for number in 1..TRIES {
        let name = numbered(wanted, number);
        if !assets::asset_name_taken(tx, project, &name).await? {
            return Ok(name);
        }
    }
    Err(no_name_left())
}

fn numbered(name: &str, number: u32) -> String {
    if number == 1 { name.to_owned() } else { format!("{name}_{number}") }
}

fn no_name_left() -> Fault {
    Fault::new(Code::Conflict, "every name like this one is taken").on("name")
}

pub(crate) async fn change(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor): (&Caller, &Actor),
    proof: &Granted<'_, AssetFacts, action::EditAsset>,
    (home, asset, table): (Home<'_>, Asset, Table),
    found: &FoundTable,
) -> Result<Registered, Fault> {
    let before = state::load(tx, asset.clone()).await?;
    // What others may read already does not grow by itself.
    let newcomer = if asset.published_at.is_some() { ColumnState::Pending } else { ColumnState::Active };
    let plan = found::plan(&before.columns, &found.columns, newcomer);
    let files = tables::files_replace(tx, table.id, &found.files).await?;
    if plan == ColumnPlan::default() && files == tables::FileChanges::default() && table.format == found.format {
        return Ok(Registered::Same(table.id));
    }
    let version = found::data_version(&found.files);
    let state = TableState {
        found_name: &found.name,
        format: &found.format,
        data_version: &version,
        connection_id: home.connection,
        updated_at: app.now(),
    };
    tables::table_update(tx, proof, table.id, &state).await?;
    let added = write_columns(app, tx, proof, table.id, &plan, newcomer).await?;
    suggestions::propose(app, tx, asset.id, (&asset.name, &asset.title), &added).await?;
    if let Some(source) = home.source.filter(|source| asset.source_id != Some(*source)) {
        assets::asset_source_set(tx, proof, source).await?;
    }
    let revised = revise::revise(app, tx, actor, proof, &before, asset.clone()).await?;
    let summary = revised.as_ref().map(|revised| diff::summary(&revised.lines));
    let detail = json!({ "changes": summary, "files": { "added": files.added, "changed": files.changed, "removed": files.removed } });
    let event = Event::on("asset.refresh", "asset", asset.id).owned_by(asset.project_id).with(detail);
    audit::record(app, tx, caller, actor, event).await?;
    Ok(Registered::Changed(table.id, asset.id))
}

async fn write_columns(
    app: &App,
    tx: &mut WriteTx,
    proof: &Granted<'_, AssetFacts, action::EditAsset>,
    table: TableId,
    plan: &ColumnPlan,
    newcomer: ColumnState,
) -> Result<Vec<Column>, Fault> {
    for column in &plan.changed {
        write_shape(tx, proof, table, column.id, column).await?;
    }
    let mut added = Vec::with_capacity(plan.new.len());
    for (found, ordinal) in &plan.new {
        let column = Column { state: newcomer, ..new_column(app, table, found, *ordinal) };
        tables::column_insert(tx, &column).await?;
        added.push(column);
    }
    Ok(added)
}

async fn write_shape(
    tx: &mut WriteTx,
    proof: &Granted<'_, AssetFacts, action::EditAsset>,
    table: TableId,
    id: ColumnId,
    column: &Column,
) -> Result<(), Fault> {
    let shape = ColumnShape {
        name: &column.name,
        ordinal: column.ordinal,
        column_type: &column.column_type,
        nullable: column.nullable,
        is_partition: column.is_partition,
        state: column.state,
    };
    Ok(tables::column_shape(tx, proof, table, id, &shape).await?)
}

/// Registers what one appended file says of a known managed table, whose other files stay.
pub(super) async fn append(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor): (&Caller, &Actor),
    proof: &Granted<'_, AssetFacts, action::EditAsset>,
    (home, asset, table): (Home<'_>, Asset, Table),
    mut found: FoundTable,
) -> Result<Registered, Fault> {
    let mut files = tables::files_of(tx, table.id).await?;
    files.append(&mut found.files);
    let known = tables::columns_of(tx, table.id).await?;
    found.columns = appended_columns(&known, &found.columns)?;
    found.files = files;
    change(app, tx, (caller, actor), proof, (home, asset, table), &found).await
}

/// A file that shares no column with the table is another table: nearly always a mistake.
fn need_something_in_common(there: &[&Column], file: &[FoundColumn]) -> Result<(), Fault> {
    let fold = lakegate_model::text::fold;
    let known: HashSet<String> = there.iter().map(|column| fold(&column.name)).collect();
    if there.is_empty() || file.iter().any(|found| known.contains(&fold(&found.name))) {
        return Ok(());
    }
    let message = format!(
        "the file shares no column with the table: it has {}, the table has {}",
        listed(file.iter().map(|found| found.name.as_str())),
        listed(there.iter().map(|column| column.name.as_str()))
    );
    Err(Fault::new(Code::Unprocessable, message).on("file").fix("upload it as a table of its own"))
}

/// The first names of a list, and how many follow.
fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(NAMES_TOLD);
    let shown: Vec<&str> = names.take(NAMES_TOLD).collect();
    match more {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The columns of a table once a file with these columns has joined it: those known, then what is new.
fn appended_columns(known: &[Column], file: &[FoundColumn]) -> Result<Vec<FoundColumn>, Fault> {
    let fold = lakegate_model::text::fold;
    let there: Vec<&Column> = known.iter().filter(|column| column.state != ColumnState::Dropped).collect();
    need_something_in_common(&there, file)?;
    let mut columns = Vec::with_capacity(there.len() + file.len());
    for column in &there {
        let brought = file.iter().find(|found| fold(&found.name) == fold(&column.name));
        if let Some(brought) = brought.filter(|brought| brought.column_type != column.column_type) {
            let message = format!(
                "column {} is {} in the table, but {} in the file",
                column.name, column.column_type, brought.column_type
            );
            return Err(Fault::new(Code::Unprocessable, message).on("file").fix("upload it as a table of its own"));
        }
        columns.push(FoundColumn {
            name: column.name.clone(),
            column_type: column.column_type.clone(),
            nullable: column.nullable || brought.is_none_or(|brought| brought.nullable),
            partition: column.is_partition,
        });
    }
    let is_new = |found: &&FoundColumn| !there.iter().any(|column| fold(&column.name) == fold(&found.name));
    columns.extend(file.iter().filter(is_new).map(|found| FoundColumn { nullable: true, ..found.clone() }));
    Ok(columns)
}
