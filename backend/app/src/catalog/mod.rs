//! The catalog: assets with their columns and words, revisions, glossary, search.
//!
//! Every change of an asset goes one way: [`granted`] proves the right, [`state::load`] reads the asset as it is, the
//! use case changes rows, and [`revise::revise`] compares, keeps a revision if something differs, tells the watchers
//! and numbers the change for search.

pub mod assets;
pub mod bench;
pub mod diff;
mod documents;
pub mod edit;
pub mod follow;
pub mod glossary;
pub mod hub;
pub mod labels;
pub mod names;
pub mod publish;
pub mod reindex;
pub(crate) mod revise;
pub mod revisions;
pub mod search;
mod shelf;
pub mod social;
pub(crate) mod state;
pub mod suggestions;
pub mod table_keys;
pub mod tagging;
pub(crate) mod tell;
pub mod words_csv;

use lakegate_model::{Code, Fault, catalog::Asset, ids::AssetId, words::TokenScope};
use lakegate_policy::{Actor, Granted, Scope, action::Act, actor::Principal, decide, resource::AssetFacts};
use lakegate_store::{Tx, assets as store};

use crate::places::need_known;

pub use shelf::Card;

/// An asset with the proof that the actor may do `A` to it.
///
/// # Errors
/// `not_found` for what is absent and what is hidden, `forbidden` with the way on.
pub(crate) async fn granted<'s, A: Act>(
    tx: &mut Tx,
    scope: &'s Scope,
    actor: &Actor,
    id: AssetId,
) -> Result<(Asset, Granted<'s, AssetFacts, A>), Fault> {
    need_known(actor)?;
    let (asset, facts) = store::asset_facts(tx, actor, id).await?.ok_or_else(|| Fault::not_found("asset"))?;
    Ok((asset, decide::<A, _>(scope, actor, facts)?))
}

/// Like [`granted`] for a thing that hangs on an asset: a stranger is told what he is told of a thing that is absent.
pub(crate) async fn granted_for<'s, A: Act>(
    tx: &mut Tx,
    scope: &'s Scope,
    actor: &Actor,
    asset: Option<AssetId>,
    what: &str,
) -> Result<(Asset, Granted<'s, AssetFacts, A>), Fault> {
    need_known(actor)?;
    let id = asset.ok_or_else(|| Fault::not_found(what))?;
    granted(tx, scope, actor, id)
        .await
        .map_err(|fault| if fault.code == Code::NotFound { Fault::not_found(what) } else { fault })
}

/// Demands somebody who may read metadata at all; what he sees is trimmed item by item.
pub(crate) fn need_reader(actor: &Actor) -> Result<(), Fault> {
    need_known(actor)?;
    if actor.principal != Principal::System && !actor.scopes.contains(&TokenScope::Read) {
        return Err(Fault::new(Code::Forbidden, "the token lacks the scope read").fix("make one that has it"));
    }
    Ok(())
}

/// Refuses to save over somebody else's change.
pub(crate) fn need_revision(asset: &Asset, revision: i64) -> Result<(), Fault> {
    if asset.revision == revision {
        return Ok(());
    }
    Err(Fault::new(Code::Conflict, format!("the asset is at revision {}, not {revision}", asset.revision))
        .on("revision")
        .fix("load it again and repeat the change"))
}
