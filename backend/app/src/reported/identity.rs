//! What a reported dataset is: a table of its project, another dataset under another name, or a thing of its own.
//!
//! What somebody decided holds before all. Else a name of ours says it, then the other names that its producers give it,
//! then the project's rules. A name never leads to a table of another project, so that nothing can be learnt of these.

use lakegate_model::{
    Fault,
    ids::{ProjectId, ReportedDatasetId, TableId},
    reported::{ReportedDataset, ReportedRule, Sameness},
    text,
    words::ReportedMatch,
};
use lakegate_store::{Tx, environments, reported_datasets as store, tables};

use super::facets::{self, Symlinks};

/// The namespace under which tables of this catalogue are named `database.table`.
const OWN_NAMESPACE: &str = "lakegate";

/// Longest chain of datasets each of which is known through the next.
const CHAIN_MAX: usize = 100;

/// What a dataset is, and how that is known.
struct Found {
    matched: ReportedMatch,
    same: Sameness,
    via: Option<ReportedDatasetId>,
}

impl Found {
    fn by(matched: ReportedMatch, same: Sameness) -> Self {
        Self { matched, same, via: None }
    }
}

/// Says what a dataset is.
pub(super) async fn settle(tx: &mut Tx, dataset: &mut ReportedDataset) -> Result<(), Fault> {
    let found = found(tx, dataset).await?;
    dataset.matched = found.matched;
    dataset.table_id = found.same.table_id;
    dataset.same_as = found.same.same_as;
    dataset.via = found.via;
    Ok(())
}

async fn found(tx: &mut Tx, dataset: &ReportedDataset) -> Result<Found, Fault> {
    if let Some(decided) = store::decided(tx, dataset.id).await? {
        return through_decision(tx, dataset, decided).await;
    }
    let rules = store::rules_of(tx, dataset.project_id).await?;
    let names = Names { project: dataset.project_id, rules: &rules };
    if let Some(table) = names.own(tx, (&dataset.namespace, &dataset.name)).await? {
        return Ok(Found::by(ReportedMatch::Name, table));
    }
    if let Some(other) = linked(tx, dataset).await? {
        return Ok(Found { matched: ReportedMatch::Symlink, same: sameness(&other), via: Some(other.id) });
    }
    match names.ruled(tx, (&dataset.namespace, &dataset.name)).await? {
        Some(table) => Ok(Found::by(ReportedMatch::Rule, table)),
        None => Ok(Found::by(ReportedMatch::Unmatched, Sameness::default())),
    }
}

async fn through_decision(tx: &mut Tx, dataset: &ReportedDataset, decided: Sameness) -> Result<Found, Fault> {
    let Some(id) = decided.same_as else { return Ok(Found::by(ReportedMatch::Decision, decided)) };
    let mut same = Sameness::default();
    if let Some(other) = store::dataset_find(tx, id).await?
        && !leads_to(tx, &other, dataset.id).await?
    {
        same = sameness(&other);
    }
    Ok(Found { matched: ReportedMatch::Decision, same, via: Some(id) })
}

/// Whether what a dataset is is known through another, which may be itself.
pub(super) async fn leads_to(tx: &mut Tx, from: &ReportedDataset, to: ReportedDatasetId) -> Result<bool, Fault> {
    let mut at = Some(from.clone());
    for _ in 0..CHAIN_MAX {
        let Some(dataset) = at else { return Ok(false) };
        if dataset.id == to {
            return Ok(true);
        }
        at = match dataset.via {
            Some(next) => store::dataset_find(tx, next).await?,
            None => None,
        };
    }
    Ok(true)
}

/// Of the datasets that a dataset's other names name, the first that is a table, else the first that is not known through
/// this one.
async fn linked(tx: &mut Tx, dataset: &ReportedDataset) -> Result<Option<ReportedDataset>, Fault> {
    let links = facets::read::<Symlinks>(&dataset.facets, "symlinks");
    let mut first = None;
    for one in links.iter().flat_map(|links| &links.identifiers) {
        let name = (one.namespace.as_str(), one.name.as_str());
        let Some(other) = store::dataset_by_name(tx, dataset.project_id, name).await? else { continue };
        if leads_to(tx, &other, dataset.id).await? {
            continue;
        }
        if other.table_id.is_some() {
            return Ok(Some(other));
        }
        first.get_or_insert(other);
    }
    Ok(first)
}

/// What somebody is who is the same as `other`.
pub(super) fn sameness(other: &ReportedDataset) -> Sameness {
    match other.table_id {
        Some(table) => Sameness { table_id: Some(table), same_as: None },
        None => Sameness { table_id: None, same_as: Some(other.same_as.unwrap_or(other.id)) },
    }
}

/// A namespace and a name within it.
pub(super) type Name<'a> = (&'a str, &'a str);

struct Names<'a> {
    project: ProjectId,
    rules: &'a [ReportedRule],
}

impl Names<'_> {
    async fn own(&self, tx: &mut Tx, (namespace, name): Name<'_>) -> Result<Option<Sameness>, Fault> {
        match name.rsplit_once('.') {
            Some((database, table)) if namespace == OWN_NAMESPACE => self.table(tx, database, table).await,
            _ => Ok(None),
        }
    }

    async fn ruled(&self, tx: &mut Tx, (namespace, name): Name<'_>) -> Result<Option<Sameness>, Fault> {
        let fits = |rule: &&ReportedRule| rule.namespace == namespace && name.starts_with(&rule.prefix);
        let Some(rule) = self.rules.iter().filter(fits).max_by_key(|rule| rule.prefix.len()) else { return Ok(None) };
        self.table(tx, &rule.database_name, &name[rule.prefix.len()..]).await
    }

    async fn table(&self, tx: &mut Tx, database: &str, name: &str) -> Result<Option<Sameness>, Fault> {
        let own = environments::databases_of(tx, self.project).await?;
        let Some(database) = own.into_iter().find(|own| own.name == text::fold(database)) else { return Ok(None) };
        let table = tables::table_by_name(tx, database.id, &text::fold(name)).await?;
        Ok(table.map(|table| Sameness { table_id: Some(table.id), same_as: None }))
    }
}

/// Whether a table is one of a project's own.
pub(super) async fn owns(tx: &mut Tx, project: ProjectId, table: TableId) -> Result<bool, Fault> {
    let Some(table) = tables::table_find(tx, table).await? else { return Ok(false) };
    let own = environments::databases_of(tx, project).await?;
    Ok(own.iter().any(|database| database.id == table.database_id))
}
