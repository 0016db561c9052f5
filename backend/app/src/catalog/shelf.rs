//! Lists of assets from many projects, trimmed by policy item by item.

use lakegate_model::{
    Fault, Page, PageRequest, Timestamp,
    catalog::Asset,
    ids::{AssetId, DomainId, ProjectId, TermId, UserId},
    words::{AssetStatus, Mark},
};
use lakegate_policy::{Actor, Verdict, action::Action, verdict};
use lakegate_store::{
    Tx,
    assets::{self, Before, Listed},
    domains, projects,
};
use std::collections::{HashMap, hash_map::Entry};
use uuid::Uuid;

/// Batches looked through for one page; a page may be short when most of a shelf is hidden, and says how to go on.
const MOST_BATCHES: usize = 40;
/// Characters of a description on a card.
const TEASER: usize = 240;

/// What a list shows of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    pub id: AssetId,
    pub name: String,
    /// Business name; empty when none was given.
    pub title: String,
    /// The beginning of the description, Markdown.
    pub teaser: String,
    pub status: AssetStatus,
    pub certified: bool,
    pub project_id: ProjectId,
    pub project_name: String,
    pub domain_id: DomainId,
    pub domain_name: String,
    pub published_at: Option<Timestamp>,
    pub updated_at: Timestamp,
    /// When it took its place in this list: marked, published, made.
    pub at: Timestamp,
}

/// A list of assets from the latest to the oldest.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shelf {
    Published,
    Marked(UserId, Mark),
    WithTerm(TermId),
}

impl Shelf {
    async fn fetch(self, tx: &mut Tx, actor: &Actor, before: Before, limit: i64) -> Result<Vec<Listed>, Fault> {
        Ok(match self {
            Self::Published => assets::assets_published(tx, actor, before, limit).await?,
            Self::Marked(user, mark) => assets::assets_marked(tx, actor, (user, mark), before, limit).await?,
            Self::WithTerm(term) => assets::assets_with_term(tx, actor, term, before, limit).await?,
        })
    }

    /// A page of what the actor may discover.
    pub(super) async fn page(self, tx: &mut Tx, actor: &Actor, page: &PageRequest) -> Result<Page<Card>, Fault> {
        let (size, mut before) = (page.size as usize, Before::of(page));
        let mut visible: Vec<Listed> = Vec::new();
        let mut next = None;
        for _ in 0..MOST_BATCHES {
            let rows = self.fetch(tx, actor, before, page.fetch()).await?;
            let more = rows.len() > size;
            if let Some(last) = rows.last() {
                before = Before { at: last.at, id: last.asset.id.into() };
            }
            visible.extend(rows.into_iter().filter(|row| is_discoverable(actor, row)));
            next = more.then(|| Before::text(before.at, before.id));
            if visible.len() > size || !more {
                break;
            }
        }
        if visible.len() > size {
            visible.truncate(size);
            next = visible.last().map(|last| Before::text(last.at, last.asset.id));
        }
        Ok(Page { items: cards(tx, visible).await?, next })
    }
}

fn is_discoverable(actor: &Actor, row: &Listed) -> bool {
    verdict(actor, Action::DiscoverAsset, &row.facts.into()) == Verdict::Allow
}

async fn cards(tx: &mut Tx, rows: Vec<Listed>) -> Result<Vec<Card>, Fault> {
    let mut names: HashMap<Uuid, String> = HashMap::new();
    let mut cards = Vec::with_capacity(rows.len());
    for Listed { asset, facts, at } in rows {
        if let Entry::Vacant(unknown) = names.entry(facts.project.into()) {
            let label = projects::project_label(tx, facts.project).await?;
            unknown.insert(label.map(|(name, _)| name).unwrap_or_default());
        }
        if let Entry::Vacant(unknown) = names.entry(facts.domain.into()) {
            let domain = domains::domain_find(tx, facts.domain).await?;
            unknown.insert(domain.map(|domain| domain.name).unwrap_or_default());
        }
        let name = |id: Uuid| names.get(&id).cloned().unwrap_or_default();
        cards.push(card(asset, (facts.domain, name(facts.domain.into())), name(facts.project.into()), at));
    }
    Ok(cards)
}

fn card(asset: Asset, domain: (DomainId, String), project_name: String, at: Timestamp) -> Card {
    Card {
        id: asset.id,
        teaser: asset.description.chars().take(TEASER).collect(),
        name: asset.name,
        title: asset.title,
        status: asset.status,
        certified: asset.certified,
        project_id: asset.project_id,
        project_name,
        domain_id: domain.0,
        domain_name: domain.1,
        published_at: asset.published_at,
        updated_at: asset.updated_at,
        at,
    }
}
