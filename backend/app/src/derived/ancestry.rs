//! From which tables the rows of a table come, through all the queries between.

use lakegate_model::{
    Code, Fault,
    derived::DerivedSource,
    ids::{ProjectId, TableId},
};
use lakegate_store::{Tx, derived as store};
use std::collections::BTreeSet;

/// Refuses sources that are made from the table that is to be made from them.
///
/// # Errors
/// `conflict` on `sql`.
pub(super) async fn need_no_circle(tx: &mut Tx, table: TableId, sources: &[TableId]) -> Result<(), Fault> {
    let (mut seen, mut ahead) = (BTreeSet::new(), sources.to_vec());
    while let Some(source) = ahead.pop() {
        if source == table {
            return Err(Fault::new(
                Code::Conflict,
                "the query reads the table that it makes, itself or through others",
            )
            .on("sql")
            .fix("read what that table is made from"));
        }
        if seen.insert(source) {
            ahead.extend(store::sources_of(tx, source).await?.into_iter().map(|behind| behind.source_id));
        }
    }
    Ok(())
}

/// Whether rows of a table come from tables that another project owns: such a table is not the project's to hand on (access
/// rule 18).
pub(crate) async fn is_borrowed(tx: &mut Tx, table: TableId, project: ProjectId) -> Result<bool, Fault> {
    let (mut seen, mut ahead) = (BTreeSet::new(), vec![table]);
    while let Some(table) = ahead.pop() {
        let sources: Vec<DerivedSource> = store::sources_of(tx, table).await?;
        if sources.iter().any(|source| source.owner_id != project) {
            return Ok(true);
        }
        ahead.extend(sources.into_iter().map(|source| source.source_id).filter(|source| seen.insert(*source)));
    }
    Ok(false)
}
