//! Row filters as they are written: checked against their table, their writer and the mapping tables they name.

use lakegate_engine::{Filter, Mapping, Subject};
use lakegate_model::{
    Code, Fault,
    ids::{ColumnId, ProjectId, TableId},
    rules::{CheckedFilter, PinnedMapping},
};
use lakegate_policy::{Actor, resource::AssetFacts};
use lakegate_store::{
    Tx, projects,
    readable::{self, NamedTable},
};

use crate::{
    App,
    query::{mappings, resolve},
};

/// Checks a row filter against its table and its writer, and gives it as it is kept.
///
/// Access rule 21: whoever writes a filter reads its columns raw, as an owner of the table's project, or is a steward of its
/// domain. Otherwise what his filter lets through would tell him of what he may not see.
///
/// # Errors
/// `invalid` naming `filter`, `forbidden`
pub(crate) async fn check_filter(
    app: &App,
    tx: &mut Tx,
    (actor, facts): (&Actor, &AssetFacts),
    table: TableId,
    text: &str,
) -> Result<CheckedFilter, Fault> {
    let mut columns = readable::table_columns(tx, table).await?;
    let steward = actor.stewarded.contains(&facts.domain);
    // Owners write as who they are at home, holders who hand on their access as who they are where they act.
    let home = actor.role_in(facts.project).map(|_| facts.project);
    let writer = actor.acting_in(home.or(actor.acting));
    let access = resolve::access(app, tx, &writer, table, facts.project).await?;
    let reads = |id: &ColumnId| access.as_ref().is_some_and(|access| access.columns.contains(id));
    if !steward && home.is_none() {
        columns.retain(|column| reads(&column.id));
    }
    let known: Vec<_> = columns.iter().map(resolve::table_column).collect();
    let filter = Filter::read(text, &known)?;
    // With a value in each mapping, so that what is compared with it is looked at too.
    let bound = filter.bind(&Subject::default(), |_| vec![String::new()])?;
    app.engine.check_filter(&bound, &known)?;
    let raw = |id: &ColumnId| reads(id) && access.as_ref().is_some_and(|access| access.cell(*id).is_none());
    if !steward && !filter.columns().iter().all(raw) {
        return Err(Fault::new(Code::Forbidden, "your filter names columns that you do not read as they are")
            .on("filter")
            .fix("ask a steward of the domain to write it"));
    }
    let place = writer.acting.unwrap_or(facts.project);
    Ok(CheckedFilter { text: filter.text(), mappings: pin(app, tx, &writer, place, filter.mappings()).await? })
}

/// The tables that mappings mean by the names of a project.
async fn pin(
    app: &App,
    tx: &mut Tx,
    writer: &Actor,
    place: ProjectId,
    mappings: &[Mapping],
) -> Result<Vec<PinnedMapping>, Fault> {
    let mut pinned: Vec<PinnedMapping> = Vec::new();
    if mappings.is_empty() {
        return Ok(pinned);
    }
    let named = readable::named_tables(tx, place).await?;
    for mapping in mappings {
        let table = mapping_table(app, tx, writer, &named, mapping).await?;
        let pin = PinnedMapping {
            database_name: mapping.database.clone(),
            table_name: mapping.table.clone(),
            table_id: table,
        };
        if !pinned.contains(&pin) {
            pinned.push(pin);
        }
    }
    Ok(pinned)
}

/// The table of a mapping, if its writer may use it: one that he reads whole, or that stands in a domain of his. One that he
/// may not read is like one that is not there.
async fn mapping_table(
    app: &App,
    tx: &mut Tx,
    writer: &Actor,
    named: &[NamedTable],
    mapping: &Mapping,
) -> Result<TableId, Fault> {
    let means = |table: &&NamedTable| {
        table.database_name.eq_ignore_ascii_case(&mapping.database) && table.name.eq_ignore_ascii_case(&mapping.table)
    };
    for found in named.iter().filter(means) {
        let access = resolve::access(app, tx, writer, found.table_id, found.owner_id).await?;
        let facts = projects::project_facts(tx, found.owner_id).await?;
        let steward = facts.is_some_and(|facts| writer.stewarded.contains(&facts.domain));
        let closed = readable::table_columns(tx, found.table_id).await?;
        let whole = access
            .is_some_and(|access| access.rules.is_none() && closed.iter().all(|c| access.columns.contains(&c.id)));
        if whole || steward {
            mappings::check(app, tx, found.table_id, mapping).await?;
            return Ok(found.table_id);
        }
    }
    let name = format!("{}.{}", mapping.database, mapping.table);
    Err(Fault::invalid("filter", format!("there is no mapping table {name} that you read whole"))
        .fix("name a table of the project you act in, or ask a steward of its domain to write the filter"))
}
