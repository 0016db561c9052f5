//! Keeps the search index at the heels of the database.
//!
//! Changes are numbered in the order of their commits. The follower reads those after the index's position, builds
//! the documents of everything they touch in one snapshot, and commits documents and position together. After a crash
//! it goes on from the position that the index holds for certain.

use lakegate_model::{
    Code, Fault,
    ids::{AssetId, DomainId, ProjectId, TermId},
};
use lakegate_search::{Change as IndexChange, Index, SearchError};
use lakegate_store::{Tx, assets, changes, in_read, in_write};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

use super::{documents, hub::blocking, reindex};
use crate::App;

/// Changes taken up at once.
const BATCH: i64 = 500;
/// Changes that are kept for indexes of other servers that were away; one further behind is built anew.
const KEPT: i64 = 100_000;
/// Other processes change the database too: look for news at least this often.
const POLL: Duration = Duration::from_secs(1);

/// Documents to be written, and the change up to which the index then stands.
pub(super) struct Batch {
    pub documents: Vec<IndexChange>,
    pub position: i64,
}

/// Follows the changes until `shutdown`. A failure is logged and tried again.
pub async fn follow(app: App, shutdown: CancellationToken) {
    app.search.set_following(true);
    while !shutdown.is_cancelled() {
        if let Err(fault) = catch_up(&app).await {
            tracing::error!(error = ?fault, "the search index could not take up changes");
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = app.search.woken() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
    app.search.set_following(false);
}

/// Takes up every change that is committed by now; gives the position reached. Builds the index anew where it must.
///
/// # Errors
/// What the database or the disk says; the next call goes on from where the index stands.
pub async fn catch_up(app: &App) -> Result<i64, Fault> {
    let _turn = app.search.turn().await;
    if let Some(reason) = app.search.set().needs_rebuild() {
        tracing::warn!(reason, "the search index is built anew");
        reindex::reindex(app, &|_| {}).await?;
    }
    loop {
        let live = app.search.set().live()?;
        let Some(batch) = next_batch(app, live.position()).await? else {
            tracing::warn!("the search index is further behind than changes are kept; it is built anew");
            reindex::reindex(app, &|_| {}).await?;
            continue;
        };
        let (position, done) = (batch.position, batch.position == live.position());
        if !done {
            lakegate_model::failpoint!("search.read");
            match write(live, batch).await {
                // A rebuilt generation went live meanwhile: go on from where that one stands.
                Err(SearchError::Retired) => continue,
                other => other?,
            }
        }
        app.search.reached(position);
        if done {
            return Ok(position);
        }
    }
}

/// Forgets changes that are long past, so that their table stays small. What this process has not taken up stays.
///
/// # Errors
/// What the database says.
pub async fn forget(app: &App) -> Result<u64, Fault> {
    forget_all_but(app, KEPT).await
}

/// [`forget`], keeping another number of changes.
///
/// # Errors
/// What the database says.
pub async fn forget_all_but(app: &App, kept: i64) -> Result<u64, Fault> {
    let (last, oldest) =
        in_read!(&app.db, |tx, _scope| { Ok((changes::change_last(tx).await?, changes::change_oldest(tx).await?)) })?;
    let up_to = (last - kept).min(app.search.position());
    // In large pieces: an idle server takes no turn at writing.
    if oldest == 0 || up_to - oldest < kept / 10 {
        return Ok(0);
    }
    in_write!(&app.db, |tx, _scope| { Ok(changes::changes_forget(tx, up_to).await?) })
}

/// Writes a batch and makes it durable.
pub(super) async fn write(index: Arc<Index>, batch: Batch) -> Result<(), SearchError> {
    blocking(move || {
        index.apply(batch.documents, batch.position)?;
        index.commit().map(|_| ())
    })
    .await
}

/// The documents of the next changes after a position; `None` if some of those changes are forgotten already.
pub(super) async fn next_batch(app: &App, position: i64) -> Result<Option<Batch>, Fault> {
    in_read!(&app.db, |tx, _scope| {
        let last = changes::change_last(tx).await?;
        let oldest = changes::change_oldest(tx).await?;
        if last < position {
            return Err(Fault::new(Code::Unavailable, "the search index belongs to a later state of the database")
                .fix("stop the server, delete the folder of the index, and start again"));
        }
        if last > position && (oldest == 0 || oldest > position + 1) {
            return Ok(None);
        }
        let news = changes::changes_since(tx, position, BATCH).await?;
        let position = news.last().map_or(position, |change| change.number);
        let mut touched = Touched::default();
        for change in &news {
            touched.add(tx, &change.entity, change.entity_id).await?;
        }
        Ok(Some(Batch { documents: touched.documents(app, tx, last).await?, position }))
    })
}

/// Everything whose document has to be built again.
#[derive(Default)]
struct Touched {
    assets: BTreeSet<AssetId>,
    terms: BTreeSet<TermId>,
    projects: BTreeSet<ProjectId>,
}

impl Touched {
    async fn add(&mut self, tx: &mut Tx, entity: &str, id: uuid::Uuid) -> Result<(), Fault> {
        match entity {
            "asset" => {
                self.assets.insert(id.into());
            }
            "term" => {
                self.terms.insert(id.into());
                self.assets.extend(assets::asset_ids_of_term(tx, id.into()).await?);
            }
            "project" => self.add_project(tx, id.into()).await?,
            "domain" => self.add_domain(tx, id.into()).await?,
            "user" => self.assets.extend(assets::asset_ids_of_owner(tx, id.into()).await?),
            other => tracing::warn!(entity = other, "a change that search does not know"),
        }
        Ok(())
    }

    async fn add_project(&mut self, tx: &mut Tx, id: ProjectId) -> Result<(), Fault> {
        if self.projects.insert(id) {
            self.assets.extend(assets::asset_ids_of_project(tx, id).await?);
        }
        Ok(())
    }

    async fn add_domain(&mut self, tx: &mut Tx, id: DomainId) -> Result<(), Fault> {
        for domain in documents::domains_below(tx, id).await? {
            for project in assets::project_ids_of_domain(tx, domain).await? {
                self.add_project(tx, project).await?;
            }
            self.terms.extend(lakegate_store::glossary::term_ids_of_domain(tx, domain).await?);
        }
        Ok(())
    }

    async fn documents(self, app: &App, tx: &mut Tx, change: i64) -> Result<Vec<IndexChange>, Fault> {
        let mut documents = Vec::with_capacity(self.assets.len() + self.terms.len() + self.projects.len());
        for asset in self.assets {
            documents.push(documents::asset(tx, asset, change, app.now()).await?);
        }
        for term in self.terms {
            documents.push(documents::term(tx, term, change).await?);
        }
        for project in self.projects {
            documents.push(documents::project(tx, project, change).await?);
        }
        Ok(documents)
    }
}
