//! What a reported dataset is: a table of its project, another dataset under another name, or a thing of its own.
//!
//! What somebody decided holds before all. Else a name of ours says it, then the other names that its producers give it,
//! then the project's rules. A name never leads to a table of another project, so that nothing can be learnt of these.

use lakegate_model::{
    Fault,
    ids::{ProjectId, TableId},
    reported::{ReportedDataset, ReportedRule, Sameness},
    text,
    words::ReportedMatch,
};
use lakegate_store::{Tx, environments, reported_datasets as store, tables};

use super::facets::{self, Symlinks};

/// The namespace under which tables of this catalogue are named `database.table`.
pub const OWN_NAMESPACE: &str = "lakegate";

/// Says what a dataset is.
pub(super) async fn settle(tx: &mut Tx, dataset: &mut ReportedDataset) -> Result<(), Fault> {
    let (matched, same) = found(tx, dataset).await?;
    dataset.matched = matched;
    dataset.table_id = same.table_id;
    dataset.same_as = same.same_as;
    Ok(())
}

async fn found(tx: &mut Tx, dataset: &ReportedDataset) -> Result<(ReportedMatch, Sameness), Fault> {
    if let Some(same) = store::decided(tx, dataset.id).await? {
        return Ok((ReportedMatch::Decision, at_the_end(tx, dataset, same).await?));
    }
    let rules = store::rules_of(tx, dataset.project_id).await?;
    let names = Names { project: dataset.project_id, rules: &rules };
    if let Some(table) = names.own(tx, (&dataset.namespace, &dataset.name)).await? {
        return Ok((ReportedMatch::Name, table));
    }
    if let Some(same) = names.linked(tx, dataset).await? {
        return Ok((ReportedMatch::Symlink, same));
    }
    match names.ruled(tx, (&dataset.namespace, &dataset.name)).await? {
        Some(table) => Ok((ReportedMatch::Rule, table)),
        None => Ok((ReportedMatch::Unmatched, Sameness::default())),
    }
}

/// Where a decision leads that names a dataset which itself is something else.
async fn at_the_end(tx: &mut Tx, dataset: &ReportedDataset, same: Sameness) -> Result<Sameness, Fault> {
    let Some(other) = same.same_as else { return Ok(same) };
    let other = store::dataset_find(tx, other).await?.filter(|other| other.same_as != Some(dataset.id));
    Ok(other.map(|other| sameness(&other)).unwrap_or_default())
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

    /// What the other names of a dataset say it is: a table, or the first dataset among them that is not said to be this one.
    async fn linked(&self, tx: &mut Tx, dataset: &ReportedDataset) -> Result<Option<Sameness>, Fault> {
        let links = facets::read::<Symlinks>(&dataset.facets, "symlinks");
        let mut other = None;
        for one in links.iter().flat_map(|links| &links.identifiers) {
            let name = (one.namespace.as_str(), one.name.as_str());
            if let Some(table) = self.own(tx, name).await? {
                return Ok(Some(table));
            }
            if let Some(table) = self.ruled(tx, name).await? {
                return Ok(Some(table));
            }
            if other.is_none() {
                let found = store::dataset_by_name(tx, self.project, name).await?;
                other = found.filter(|found| found.id != dataset.id && found.same_as != Some(dataset.id));
            }
        }
        Ok(other.as_ref().map(sameness))
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
