//! Builds the search index anew beside the live one, while writes go on.

use lakegate_model::{
    Fault,
    ids::{AssetId, ProjectId, TermId},
};
use lakegate_search::{Change, Generation, SearchError};
use lakegate_store::{assets, changes, glossary, in_read};
use std::sync::Arc;
use uuid::Uuid;

use super::{
    documents,
    follow::{Batch, next_batch},
    hub::blocking,
};
use crate::App;

/// Documents built in one snapshot.
const PAGE: i64 = 200;

/// How far a rebuild is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many documents are written.
    Written { documents: u64 },
    /// Everything is written; changes that came meanwhile are taken up.
    CatchingUp { position: i64 },
}

/// What a rebuild did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reindexed {
    pub documents: u64,
    /// The last change that the new index shows.
    pub position: i64,
}

/// Builds a new generation, catches up with what changed meanwhile, and lets it answer searches in one step.
///
/// # Errors
/// What the database or the disk says; the live index stays as it was.
pub async fn reindex(app: &App, progress: &(dyn Fn(Progress) + Send + Sync)) -> Result<Reindexed, Fault> {
    let set = app.search.set();
    let generation = Arc::new(blocking(move || set.build_generation()).await?);
    let start = in_read!(&app.db, |tx, _scope| { Ok(changes::change_last(tx).await?) })?;
    let documents = write_all(app, &generation, progress).await?;
    apply(&generation, Batch { documents: Vec::new(), position: start }).await?;
    lakegate_model::failpoint!("index.generation_built");
    let position = go_live(app, &generation, progress).await?;
    app.search.reached(position);
    Ok(Reindexed { documents, position })
}

async fn write_all(
    app: &App,
    generation: &Arc<Generation>,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<u64, Fault> {
    let mut written = 0;
    let mut cursor = Cursor::Assets(AssetId(Uuid::nil()));
    loop {
        let (documents, next) = page(app, cursor).await?;
        written += documents.len() as u64;
        // Not a position to follow from yet: everything before it has to be written first.
        apply(generation, Batch { documents, position: 0 }).await?;
        progress(Progress::Written { documents: written });
        match next {
            Some(next) => cursor = next,
            None => return Ok(written),
        }
    }
}

/// Where the walk over everything that can be found stands.
#[derive(Debug, Clone, Copy)]
enum Cursor {
    Assets(AssetId),
    Terms(TermId),
    Projects(ProjectId),
}

async fn page(app: &App, cursor: Cursor) -> Result<(Vec<Change>, Option<Cursor>), Fault> {
    in_read!(&app.db, |tx, _scope| {
        let change = changes::change_last(tx).await?;
        let mut documents = Vec::new();
        let next = match cursor {
            Cursor::Assets(after) => {
                let ids = assets::asset_ids(tx, after, PAGE).await?;
                for id in &ids {
                    documents.push(documents::asset(tx, *id, change, app.now()).await?);
                }
                Some(ids.last().map_or(Cursor::Terms(TermId(Uuid::nil())), |last| Cursor::Assets(*last)))
            }
            Cursor::Terms(after) => {
                let ids = glossary::term_ids(tx, after, PAGE).await?;
                for id in &ids {
                    documents.push(documents::term(tx, *id, change).await?);
                }
                Some(ids.last().map_or(Cursor::Projects(ProjectId(Uuid::nil())), |last| Cursor::Terms(*last)))
            }
            Cursor::Projects(after) => {
                let ids = assets::project_ids(tx, after, PAGE).await?;
                for id in &ids {
                    documents.push(documents::project(tx, *id, change).await?);
                }
                ids.last().map(|last| Cursor::Projects(*last))
            }
        };
        Ok((documents, next))
    })
}

async fn apply(generation: &Arc<Generation>, batch: Batch) -> Result<(), SearchError> {
    let generation = Arc::clone(generation);
    blocking(move || generation.apply(batch.documents, batch.position).map(|_| ())).await
}

async fn go_live(
    app: &App,
    generation: &Arc<Generation>,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<i64, Fault> {
    loop {
        let position = follow_to_the_end(app, generation).await?;
        progress(Progress::CatchingUp { position });
        let (set, candidate) = (app.search.set(), Arc::clone(generation));
        match blocking(move || set.swap(&candidate)).await {
            Ok(()) => return Ok(position),
            // The live index took up a change since: take it up too.
            Err(SearchError::Behind { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

async fn follow_to_the_end(app: &App, generation: &Arc<Generation>) -> Result<i64, Fault> {
    loop {
        let position = generation.applied_position();
        let batch = next_batch(app, position).await?;
        let batch = batch.ok_or_else(|| Fault::internal("changes were forgotten while the index was built"))?;
        if batch.position == position {
            return Ok(position);
        }
        apply(generation, batch).await?;
    }
}
