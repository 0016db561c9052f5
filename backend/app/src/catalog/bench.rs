//! The steward's bench: what still lacks words, an owner or a decision.

use lakegate_model::{Fault, Page, PageRequest, ids::ProjectId, words::ProjectRole};
use lakegate_policy::Actor;
use lakegate_store::{
    Tx,
    asset_words::{self as store, LackRow},
    assets,
};
use std::collections::BTreeSet;
use uuid::Uuid;

use super::need_reader;
use crate::{App, Caller};

pub use lakegate_store::asset_words::Lack;

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchItem {
    pub project: ProjectId,
    pub row: LackRow,
}

/// What lacks something among the assets that the caller may mend, project by project; of one project if named.
///
/// Pending columns are also shown to the stewards who may release them.
pub async fn list(
    app: &App,
    caller: &Caller,
    lack: Lack,
    project: Option<ProjectId>,
    page: &PageRequest,
) -> Result<Page<BenchItem>, Fault> {
    look!(app, caller, "asset.bench", |tx, scope, actor| {
        need_reader(actor)?;
        let mut projects = mendable(tx, actor, lack).await?;
        if let Some(only) = project {
            projects.retain(|project| *project == only);
        }
        fill(tx, actor, lack, &projects, page).await
    })
}

async fn mendable(tx: &mut Tx, actor: &Actor, lack: Lack) -> Result<BTreeSet<ProjectId>, Fault> {
    let edits = actor.projects.iter().filter(|(_, role)| **role >= ProjectRole::Contributor);
    let mut projects: BTreeSet<ProjectId> = edits.map(|(project, _)| *project).collect();
    if lack == Lack::PendingColumns {
        for domain in &actor.stewarded {
            projects.extend(assets::project_ids_of_domain(tx, *domain).await?);
        }
    }
    Ok(projects)
}

async fn fill(
    tx: &mut Tx,
    actor: &Actor,
    lack: Lack,
    projects: &BTreeSet<ProjectId>,
    page: &PageRequest,
) -> Result<Page<BenchItem>, Fault> {
    let (from, after) = position(page);
    let mut items = Vec::new();
    for project in projects.range(from..) {
        let after = if *project == from { after } else { Uuid::nil() };
        let wanted = page.fetch() - i64::try_from(items.len()).unwrap_or(i64::MAX);
        for row in store::lacking(tx, lack, *project, after, wanted).await? {
            if may_see(tx, actor, *project, &row).await? {
                items.push(BenchItem { project: *project, row });
            }
        }
        if items.len() > page.size as usize {
            break;
        }
    }
    Ok(Page::cut(items, page, |item| format!("{} {}", item.project, item.row.position())))
}

/// A steward who is no member sees assets that are out.
async fn may_see(tx: &mut Tx, actor: &Actor, project: ProjectId, row: &LackRow) -> Result<bool, Fault> {
    if actor.role_in(project).is_some() {
        return Ok(true);
    }
    let Some((_, facts)) = assets::asset_facts(tx, actor, row.asset_id).await? else { return Ok(false) };
    let release = lakegate_policy::Action::ReleaseColumns;
    Ok(lakegate_policy::verdict(actor, release, &facts.into()) == lakegate_policy::Verdict::Allow)
}

fn position(page: &PageRequest) -> (ProjectId, Uuid) {
    let start = (ProjectId(Uuid::nil()), Uuid::nil());
    let parts = page.after.as_deref().and_then(|after| after.split_once(' '));
    parts.and_then(|(project, row)| Some((project.parse().ok()?, Uuid::parse_str(row).ok()?))).unwrap_or(start)
}
