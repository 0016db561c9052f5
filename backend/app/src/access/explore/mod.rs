//! The explorer of rights: what somebody may read, and who may read a column or what carries a tag.
//!
//! Everybody may ask about himself; about others only who reviews the assets that are told of. Each page looks at a bounded
//! number of readings, and may come out shorter than it was asked for.

pub mod column;
pub mod person;
pub mod tag;

use lakegate_model::{
    Code, Fault,
    ids::AssetId,
    words::{ProductRole, ProjectRole},
};
use lakegate_policy::{Action, Actor, Verdict, verdict};
use lakegate_store::assets;
use std::collections::BTreeSet;

use crate::{App, Caller, catalog::need_reader};

/// Most readings, of one who acts in one project at one table, that are looked at for one page.
pub const MOST_READINGS: usize = 1_000;

/// Demands somebody who reviews anything at all; of what, is asked asset by asset.
fn need_reviewer(actor: &Actor) -> Result<(), Fault> {
    let owns = actor.projects.values().any(|role| *role == ProjectRole::Owner);
    if owns || actor.has(ProductRole::Auditor) || !actor.stewarded.is_empty() {
        return Ok(());
    }
    Err(Fault::new(Code::Forbidden, "you review nobody's access").fix("ask about yourself, or ask an auditor"))
}

/// Which of these assets the caller reviews.
///
/// # Errors
/// `unauthenticated` for nobody in particular.
pub async fn reviewed(app: &App, caller: &Caller, among: &[AssetId]) -> Result<BTreeSet<AssetId>, Fault> {
    look!(app, caller, "access.explore", |tx, scope, actor| {
        need_reader(actor)?;
        let mut found = BTreeSet::new();
        for id in among {
            let Some((_, facts)) = assets::asset_facts(tx, actor, *id).await? else { continue };
            if verdict(actor, Action::ReviewAsset, &facts.into()) == Verdict::Allow {
                found.insert(*id);
            }
        }
        Ok(found)
    })
}
