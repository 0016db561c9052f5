//! Who is told of an emergency access.

use lakegate_model::{
    Fault,
    break_glass::BreakGlass,
    catalog::Asset,
    ids::UserId,
    words::{BreakGlassVerdict, ProductRole},
};
use lakegate_policy::{Action, Actor, Verdict, verdict};
use lakegate_store::{Tx, WriteTx, actors, assets, domains, projects, users};
use std::collections::BTreeSet;

use crate::{
    App,
    access::notices::{Message, notify},
};

fn link(glass: &BreakGlass) -> String {
    format!("/break-glass/{}", glass.id)
}

/// Tells the owners of the project and the stewards of the domain. Gives how many people may review it.
pub(super) async fn opened(
    app: &App,
    tx: &mut WriteTx,
    actor: &Actor,
    asset: &Asset,
    glass: &BreakGlass,
) -> Result<usize, Fault> {
    let owners = projects::owners_of(tx, asset.project_id).await?;
    let stewards = stewards(tx, asset).await?;
    let stewards = finding(tx, asset, stewards).await?;
    let mut people: BTreeSet<UserId> = owners.iter().copied().chain(stewards).collect();
    people.remove(&glass.user_id);
    let name = match users::user_find(tx, glass.user_id).await? {
        Some(user) => user.display_name,
        None => actor.name.clone(),
    };
    let message = Message {
        kind: "break_glass.opened",
        title: format!("{name} opened {} in an emergency", asset.display_name()),
        body: format!("Until {}: {}", glass.until.format("%-d %B %Y, %H:%M UTC"), glass.reason),
        link: link(glass),
        once_key: None,
    };
    notify(app, tx, people, &message).await?;
    let guards = users::holders_of(tx, ProductRole::SecurityAdministrator).await?;
    let guards = finding(tx, asset, guards).await?;
    let mut reviewers: BTreeSet<UserId> = owners.into_iter().chain(guards).collect();
    reviewers.remove(&glass.user_id);
    Ok(reviewers.len())
}

async fn stewards(tx: &mut Tx, asset: &Asset) -> Result<Vec<UserId>, Fault> {
    let mut found = Vec::new();
    let Some((_, domain)) = projects::project_label(tx, asset.project_id).await? else { return Ok(found) };
    for domain in domains::domain_ancestors(tx, domain).await? {
        found.extend(domains::steward_list(tx, domain).await?.into_iter().map(|steward| steward.id));
    }
    Ok(found)
}

/// Those who find the asset: nobody is told of one that does not exist for him.
async fn finding(tx: &mut Tx, asset: &Asset, people: Vec<UserId>) -> Result<Vec<UserId>, Fault> {
    let mut found = Vec::new();
    for person in people {
        let Some(actor) = actors::user_actor(tx, person).await? else { continue };
        let Some((_, facts)) = assets::asset_facts(tx, &actor, asset.id).await? else { continue };
        if verdict(&actor, Action::DiscoverAsset, &facts.into()) == Verdict::Allow {
            found.push(person);
        }
    }
    Ok(found)
}

/// Tells him who opened it that somebody else ended it.
pub(super) async fn ended(app: &App, tx: &mut WriteTx, glass: &BreakGlass, asset: &Asset) -> Result<(), Fault> {
    let message = Message {
        kind: "break_glass.ended",
        title: format!("Your emergency access to {} was ended", asset.display_name()),
        body: "The next query is refused.".to_owned(),
        link: link(glass),
        once_key: None,
    };
    notify(app, tx, [glass.user_id], &message).await
}

/// Tells him who opened it what the second person said.
pub(super) async fn reviewed(app: &App, tx: &mut WriteTx, glass: &BreakGlass, asset: &Asset) -> Result<(), Fault> {
    let words = match glass.verdict {
        Some(BreakGlassVerdict::Objected) => "was objected to",
        Some(BreakGlassVerdict::Confirmed) | None => "was confirmed",
    };
    let message = Message {
        kind: "break_glass.reviewed",
        title: format!("Your emergency access to {} {words}", asset.display_name()),
        body: glass.note.clone(),
        link: link(glass),
        once_key: None,
    };
    notify(app, tx, [glass.user_id], &message).await
}
