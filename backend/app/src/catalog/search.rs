//! Finding things: what one may see of them, and nothing else.

use lakegate_model::Fault;
use lakegate_store::{changes, direct_grants};
use std::time::Duration;

use super::{documents, follow, hub::blocking, labels, need_reader};
use crate::{App, Caller};

pub use lakegate_search::{
    Facet, FacetFilter, Highlight, Hit, HitField, MAX_LIMIT, MAX_OFFSET, MAX_QUERY_CHARS, Query, Sort, Suggestion,
};

/// How long a search waits for the index to show what is committed already.
const PATIENCE: Duration = Duration::from_millis(500);

/// The answer to a search, its facets with names for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// How many things match, exactly.
    pub total: u64,
    pub hits: Vec<Hit>,
    pub facets: Vec<labels::LabelledFacet>,
    /// Few things matched as typed, so that similar words were taken too.
    pub similar: bool,
    pub took: Duration,
}

/// Finds what the caller may see; `query.visible` is set here.
///
/// Shows every change that was committed before the search, unless the index is far behind.
pub async fn search(app: &App, caller: &Caller, query: Query) -> Result<Found, Fault> {
    let visible = ready(app, caller).await?;
    let query = Query { visible, ..query };
    let live = app.search.set().live()?;
    let answer = blocking(move || live.search(&query)).await?;
    let facets = labels::label(app, answer.facets).await?;
    Ok(Found { total: answer.total, hits: answer.hits, facets, similar: answer.similar, took: answer.took })
}

/// At most `n` names of things the caller may see that have the typed words, the last of which may be unfinished.
pub async fn suggest(app: &App, caller: &Caller, typed: &str, n: usize) -> Result<Vec<Suggestion>, Fault> {
    let visible = ready(app, caller).await?;
    let typed = typed.to_owned();
    let live = app.search.set().live()?;
    Ok(blocking(move || live.suggest(&typed, &visible, n)).await?)
}

/// The tokens of the caller, once the index shows what is committed.
async fn ready(app: &App, caller: &Caller) -> Result<Vec<String>, Fault> {
    let (visible, last) = look!(app, caller, "search", |tx, scope, actor| {
        need_reader(actor)?;
        let mut visible = actor.visibility();
        let apart = direct_grants::assets_found_apart(tx, actor).await?;
        visible.extend(apart.into_iter().map(documents::found_token));
        Ok((visible, changes::change_last(tx).await?))
    })?;
    if app.search.position() < last {
        settle(app, last).await?;
    }
    Ok(visible)
}

async fn settle(app: &App, last: i64) -> Result<(), Fault> {
    if app.search.is_followed() {
        app.search.changed();
        app.search.wait_until(last, PATIENCE).await;
        return Ok(());
    }
    follow::catch_up(app).await.map(|_| ())
}
