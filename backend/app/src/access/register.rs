//! The register of processing activities: which project uses which data for what, on which basis, and who allowed it.

use lakegate_model::{
    Fault, Page, PageRequest, Timestamp,
    ids::AssetId,
    words::{AssetStatus, PurposeState},
};
use lakegate_policy::{Actor, governed};
use lakegate_store::{Tx, asset_words, assets, purposes as store};
use std::collections::BTreeSet;

use super::purposes::{ProjectPurposeView, need_overview, view};
use crate::{App, Caller, catalog::words_csv::neutral};

/// Lines of the whole register, at most.
const LINES: u32 = 10_000;

/// One activity: a project's use of data for a purpose.
#[derive(Debug, Clone)]
pub struct Activity {
    pub used: ProjectPurposeView,
    /// The published assets that grants open for it, by name.
    pub assets: Vec<(AssetId, String)>,
    /// The governed tags on them.
    pub categories: Vec<String>,
}

/// The activities that are allowed now.
///
/// # Errors
/// `forbidden` for who is neither data protection officer nor auditor.
pub async fn activities(app: &App, caller: &Caller, page: &PageRequest) -> Result<Page<Activity>, Fault> {
    look!(app, caller, "purpose.register", |tx, scope, actor| {
        need_overview(scope, actor)?;
        let found = store::purposes_in_state(tx, PurposeState::Approved, page).await?;
        let mut items = Vec::with_capacity(found.items.len());
        for asked in found.items {
            let used = view(tx, asked).await?;
            items.push(activity(tx, used).await?);
        }
        Ok(Page { items, next: found.next })
    })
}

async fn activity(tx: &mut Tx, used: ProjectPurposeView) -> Result<Activity, Fault> {
    let mut named = Vec::new();
    let mut categories = BTreeSet::new();
    for id in store::assets_for_purpose(tx, used.asked.project_id, used.purpose.id).await? {
        let Some((asset, _)) = assets::asset_facts(tx, &Actor::system(), id).await? else { continue };
        if asset.status == AssetStatus::Archived {
            continue;
        }
        named.push((id, asset.display_name().to_owned()));
        let tags = asset_words::tags_of(tx, id).await?.into_iter().map(|found| found.tag);
        categories.extend(tags.filter(|tag| governed::is_governed(tag)));
    }
    named.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(Activity { used, assets: named, categories: categories.into_iter().collect() })
}

/// The first line of the register.
pub const HEADER: [&str; 11] = [
    "project",
    "purpose",
    "description",
    "legal_basis",
    "data",
    "categories",
    "asked_by",
    "reason",
    "approved_by",
    "approved_at",
    "decision",
];

/// The whole register as CSV, one activity a line. Cells that a spreadsheet would run begin with an apostrophe.
///
/// # Errors
/// As [`activities`].
pub async fn csv(app: &App, caller: &Caller) -> Result<String, Fault> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER).map_err(Fault::internal)?;
    let (mut after, mut lines) = (None, 0);
    while lines < LINES {
        let page = activities(app, caller, &PageRequest::new(Some(200), after)?).await?;
        for activity in &page.items {
            writer.write_record(line(activity).map(|cell| neutral(&cell))).map_err(Fault::internal)?;
            lines += 1;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    String::from_utf8(writer.into_inner().map_err(Fault::internal)?).map_err(Fault::internal)
}

fn line(activity: &Activity) -> [String; 11] {
    let Activity { used, assets, categories } = activity;
    let names: Vec<&str> = assets.iter().map(|(_, name)| name.as_str()).collect();
    let at = |time: Option<Timestamp>| time.map(|time| time.to_rfc3339()).unwrap_or_default();
    [
        used.project.clone(),
        used.purpose.name.clone(),
        used.purpose.description.clone(),
        used.purpose.legal_basis.clone(),
        names.join("; "),
        categories.join("; "),
        used.asked_by.clone(),
        used.asked.reason.clone(),
        used.decided_by.clone().unwrap_or_default(),
        at(used.asked.decided_at),
        used.asked.decision.clone(),
    ]
}
