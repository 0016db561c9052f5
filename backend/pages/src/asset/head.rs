//! What stands above every page of an asset.

use lakegate_app::catalog::assets::{self, AssetView, Standing};
use lakegate_model::{
    Fault,
    ids::AssetId,
    words::{AssetStatus, Mark},
};

use crate::{
    kit::{After, Crumb, Place, Tab, When, address, whole},
    shell::Framed,
};
use lakegate_http::{Web, markdown};

/// Characters of the description under the title.
pub(super) const LEAD: usize = 220;

/// A badge: word, state of colour, glyph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Badge {
    pub label: &'static str,
    pub state: &'static str,
    pub icon: &'static str,
}

/// The badge of an asset's place in its life.
pub fn status_badge(status: AssetStatus) -> Badge {
    let (label, state, icon) = match status {
        AssetStatus::Inventory => ("Not published", "", "circle-dashed"),
        AssetStatus::Published => ("Published", "good", "circle-check"),
        AssetStatus::Deprecated => ("Deprecated", "attention", "archive"),
        AssetStatus::Archived => ("Archived", "", "archive"),
    };
    Badge { label, state, icon }
}

/// Name, place, state and sub-pages of an asset.
#[derive(Debug)]
pub struct AssetHead {
    /// The asset's page.
    pub href: String,
    pub title: String,
    /// The technical name; empty if it is the title.
    pub technical: String,
    pub lead: String,
    pub crumbs: Vec<Crumb>,
    pub status: Badge,
    pub certified: bool,
    pub project: Crumb,
    pub changed: When,
    pub tags: Vec<Crumb>,
    pub tabs: Vec<Tab>,
    pub watching: bool,
    pub bookmarked: bool,
    pub may_edit: bool,
    pub may_certify: bool,
}

/// The address of an asset's page.
pub fn asset_href(id: AssetId) -> String {
    format!("/assets/{id}")
}

/// An asset with the list on one of its sub-pages: `below` is the address under that of the asset.
///
/// # Errors
/// `not_found` for an asset that the reader may not know.
pub async fn sub_list<'a>(
    web: &Web,
    frame: &Framed,
    id: AssetId,
    below: &str,
    query: &'a After,
) -> Result<(AssetView, Place<'a>), Fault> {
    let view = assets::view(&web.app, &frame.reader.caller, id).await?;
    Ok((view, Place::new(format!("{}/{below}", asset_href(id)), &query.after)))
}

/// A link that finds what has a facet's value.
pub fn facet_link(facet: &str, value: &str, label: &str) -> Crumb {
    Crumb { label: label.to_owned(), href: address("/search", &[(facet, value)]) }
}

impl AssetHead {
    /// The head of the sub-page `active`, as its tab says.
    pub fn new(view: &AssetView, active: &'static str) -> Self {
        let asset = &view.asset;
        let href = asset_href(asset.id);
        Self {
            title: asset.display_name().to_owned(),
            technical: if asset.title.is_empty() { String::new() } else { asset.name.clone() },
            lead: markdown::plain(&asset.description, LEAD),
            crumbs: crumbs(view, active),
            status: status_badge(asset.status),
            certified: asset.certified,
            project: project_link(view),
            changed: When::at(asset.updated_at),
            tags: view.tags.iter().map(|tag| facet_link("tag", tag, tag)).collect(),
            tabs: tabs(view, active, &href),
            watching: view.marks.contains(&Mark::Watch),
            bookmarked: view.marks.contains(&Mark::Bookmark),
            may_edit: view.may_edit,
            may_certify: view.may_certify && matches!(asset.status, AssetStatus::Published | AssetStatus::Deprecated),
            href,
        }
    }
}

/// Members go into the project, others to what it lets them find.
fn project_link(view: &AssetView) -> Crumb {
    let id = view.asset.project_id.to_string();
    match view.standing {
        Standing::Member(_) => Crumb { label: view.project_name.clone(), href: format!("/projects/{id}") },
        _ => facet_link("project", &id, &view.project_name),
    }
}

fn crumbs(view: &AssetView, active: &str) -> Vec<Crumb> {
    let mut steps: Vec<Crumb> =
        view.domain_path.iter().map(|(id, name)| facet_link("domain", &id.to_string(), name)).collect();
    steps.push(project_link(view));
    let name = view.asset.display_name().to_owned();
    if active == "Overview" {
        steps.push(Crumb { label: name, href: String::new() });
    } else {
        steps.push(Crumb { label: name, href: asset_href(view.asset.id) });
        steps.push(Crumb { label: active.to_owned(), href: String::new() });
    }
    steps
}

fn tabs(view: &AssetView, active: &str, href: &str) -> Vec<Tab> {
    let tab = |label: &'static str, below: &str, count| Tab {
        label,
        href: format!("{href}{below}"),
        active: active == label,
        count,
    };
    let mut tabs = vec![
        tab("Overview", "", 0),
        tab("Preview", "/preview", 0),
        tab("Lineage", "/lineage", 0),
        tab("Keys", "/keys", 0),
        tab("History", "/revisions", 0),
        tab("Questions", "/questions", 0),
    ];
    if view.may_review || view.may_edit {
        tabs.push(tab("Tags", "/tags", 0));
    }
    if view.may_review {
        tabs.push(tab("Access", "/access", 0));
    }
    if view.may_edit {
        tabs.push(tab("Edit", "/edit", whole(view.suggestions.len())));
    }
    tabs
}
