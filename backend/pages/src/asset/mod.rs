//! The page of an asset: the answer first, then its columns.

mod edit;
pub(crate) mod grants;
pub mod head;
mod history;
mod impact;
mod keys;
mod life;
mod lineage;
mod names;
mod past;
pub mod preview;
pub(crate) mod restrictions;
pub(crate) mod reviewers;
pub(crate) mod simulated;
mod snippets;
mod social;
mod tags;
pub(crate) mod verdict;
mod why;
mod words;

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::get,
};
use lakegate_app::{
    access::views::{self, SubscriptionView},
    catalog::{
        assets::{self, AssetView, ColumnView, Standing},
        social::seen,
        table_keys,
    },
    derived,
    jobs::Target,
    query::schema::{self, ReadableTable},
};
use lakegate_model::{
    Fault, PageRequest,
    catalog::TermLink,
    ids::AssetId,
    words::{ColumnState, Discover, SubscriptionState},
};

use self::{
    head::{AssetHead, facet_link},
    snippets::Snippet,
    verdict::{Access, Answer, Step},
};
use super::{
    kit::{Crumb, Who, bytes, counted, grouped, whole},
    project::started::href,
    shell::{Framed, Shell, show},
};
use lakegate_http::{Refusal, Web, extract::Path, markdown};

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/assets/{id}", get(page))
        .merge(preview::routes())
        .merge(social::routes())
        .merge(history::routes())
        .merge(lineage::routes())
        .merge(impact::routes())
        .merge(reviewers::routes())
        .merge(restrictions::routes())
        .merge(grants::routes())
        .merge(edit::routes())
        .merge(why::routes())
        .merge(tags::routes())
        .merge(keys::routes())
        .merge(past::routes())
        .merge(words::routes())
        .merge(names::routes())
        .merge(life::routes())
}

#[derive(Template)]
#[template(path = "assets/asset.html")]
struct AssetPage {
    shell: Shell,
    head: AssetHead,
    answer: Answer,
    /// The whole description; empty if the head says it all.
    about: String,
    is_described: bool,
    note: String,
    columns: Vec<ColumnRow>,
    column_count: i64,
    pending: i64,
    reasons: Vec<Reason>,
    keys: Vec<keys::KeyRow>,
    facts: Facts,
    holders: Vec<Who>,
    holders_more: bool,
    snippets: Vec<Snippet>,
    has_preview: bool,
}

/// A column of the table on the page.
struct ColumnRow {
    name: String,
    title: String,
    column_type: String,
    about: String,
    tags: Vec<Crumb>,
    terms: Vec<Crumb>,
    partition: bool,
    unlisted: bool,
    /// `open`, `pending`, `locked`: a kind of `ui::access_mark`.
    mark: &'static str,
    why: &'static str,
}

/// Why columns carry a mark, in words.
struct Reason {
    mark: &'static str,
    text: String,
}

/// What stands at the side.
struct Facts {
    owner: Option<Who>,
    domain: Option<Crumb>,
    terms: Vec<Crumb>,
    source: String,
    /// The query that makes it, for members.
    made_by: Option<Crumb>,
    /// `database.table` for members.
    table: String,
    /// For members: "12 files, 186 MB".
    size: String,
    discover: &'static str,
    revision: String,
}

async fn page(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    headers: HeaderMap,
    frame: Framed,
) -> Result<Response, Refusal> {
    let caller = &frame.reader.caller;
    let view = assets::view(&web.app, caller, id).await?;
    seen(&web.app, caller, id).await?;
    let readable = readable(&web, &frame, id).await?;
    let subscriptions = match view.standing {
        Standing::Subscriber => views::mine_on(&web.app, caller, id).await?,
        _ => Vec::new(),
    };
    let access = Access { view: &view, me: &frame.me, readable: readable.as_ref(), subscriptions: &subscriptions };
    let mut answer = access.answer();
    if view.may_break_glass && readable.is_none() {
        let href = format!("{}/break-glass", head::asset_href(id));
        answer.more.push(Step { label: "Break glass".into(), href, icon: "shield-alert" });
    }
    let (holders, holders_more) = holders(&web, &frame, &view).await?;
    let snippets = readable.as_ref().map(|table| snippets::of(&web, &headers, &frame.me, table)).unwrap_or_default();
    let columns: Vec<ColumnRow> = view.columns.iter().map(|column| column_row(column, readable.as_ref())).collect();
    let page = AssetPage {
        head: AssetHead::new(&view, "Overview"),
        about: about(&view.asset.description),
        is_described: !view.asset.description.is_empty(),
        note: view.asset.deprecation_note.clone(),
        column_count: whole(columns.len()),
        pending: whole(columns.iter().filter(|column| column.mark == "pending").count()),
        reasons: reasons(&view, &columns),
        keys: keys::key_rows(id, &table_keys::view(&web.app, caller, id).await?),
        columns,
        facts: Facts { made_by: made_by(&web, &frame, &view).await?, ..facts(&view) },
        answer,
        holders,
        holders_more,
        has_preview: readable.is_some(),
        snippets,
        shell: frame.shell,
    };
    show(StatusCode::OK, &page)
}

/// A description that is longer than what stands under the title, or has a form of its own.
fn about(description: &str) -> String {
    let told = description.chars().count() <= head::LEAD && !description.contains(['\n', '[', '`']);
    if told { String::new() } else { markdown::html(description) }
}

/// The asset's table as the reader may read it, acting where he acts; none if he acts nowhere.
pub(super) async fn readable(web: &Web, frame: &Framed, id: AssetId) -> Result<Option<ReadableTable>, Fault> {
    if frame.me.acting.is_none() {
        return Ok(None);
    }
    let tables = schema::tables(&web.app, &frame.reader.caller).await?;
    Ok(tables.into_iter().find(|table| table.asset == Some(id)))
}

/// The first projects that use the asset, for those who may know; and whether there are more.
async fn holders(web: &Web, frame: &Framed, view: &AssetView) -> Result<(Vec<Who>, bool), Fault> {
    if !view.may_review {
        return Ok((Vec::new(), false));
    }
    let page = PageRequest::new(Some(50), None)?;
    let found = views::who_has_access(&web.app, &frame.reader.caller, view.asset.id, &page).await?;
    let active = |held: &&SubscriptionView| held.subscription.state == SubscriptionState::Active;
    let names: Vec<Who> = found.items.iter().filter(active).map(|held| Who::named(&held.project_name)).collect();
    let more = names.len() > 5 || found.next.is_some();
    Ok((names.into_iter().take(5).collect(), more))
}

fn column_row(view: &ColumnView, readable: Option<&ReadableTable>) -> ColumnRow {
    let column = &view.column;
    let open = readable.is_some_and(|table| table.columns.iter().any(|own| own.id == column.id));
    let mark = match column.state {
        ColumnState::Pending => "pending",
        _ if open => "open",
        _ => "locked",
    };
    ColumnRow {
        name: column.name.clone(),
        title: column.title.clone(),
        column_type: column.column_type.to_string(),
        about: markdown::html(&column.description),
        tags: view.tags.iter().map(|tag| facet_link("tag", tag, tag)).collect(),
        terms: term_links(&view.terms),
        partition: column.is_partition,
        unlisted: column.unlisted,
        mark,
        why: if mark == "open" { "" } else { "#why" },
    }
}

fn term_links(terms: &[TermLink]) -> Vec<Crumb> {
    let link = |term: &TermLink| Crumb { label: term.name.clone(), href: format!("/glossary/{}", term.term_id) };
    terms.iter().map(link).collect()
}

fn reasons(view: &AssetView, columns: &[ColumnRow]) -> Vec<Reason> {
    let has = |mark| columns.iter().any(|column| column.mark == mark);
    let mut reasons = Vec::new();
    if has("open") {
        reasons.push(Reason { mark: "open", text: "You read every value of these, acting as you do now.".into() });
    }
    if has("pending") {
        let text = "These arrived after the others. Nobody outside the owning project reads them until an owner or steward releases them.";
        reasons.push(Reason { mark: "pending", text: text.into() });
    }
    if has("locked") {
        let text = match view.standing {
            Standing::Member(_) => "You are a member of the owning project, but do not act in it now. Rights hold in the project one acts in.".into(),
            Standing::Subscriber => "No access of the project you act in covers these. Ask for more, or act in another project.".into(),
            Standing::Requested(number) => format!("REQ-{number:06} waits for a decision."),
            Standing::Requestable => format!("No access of yours covers these. Request it: owners of {} decide.", view.project_name),
            Standing::Listed => "Its owner takes no requests at present.".into(),
        };
        reasons.push(Reason { mark: "locked", text });
    }
    reasons
}

fn facts(view: &AssetView) -> Facts {
    let owner = Some(&view.owner_name).filter(|name| !name.is_empty()).map(|name| Who::named(name));
    let size = view
        .totals
        .as_ref()
        .map(|totals| format!("{} in {}", bytes(totals.bytes), counted(totals.files, "file", "files")));
    Facts {
        owner,
        domain: view.domain_path.last().map(|(id, name)| facet_link("domain", &id.to_string(), name)),
        terms: term_links(&view.terms),
        source: view.source_name.clone().unwrap_or_default(),
        made_by: None,
        table: view.table.as_ref().map(|(database, name)| format!("{database}.{name}")).unwrap_or_default(),
        size: size.unwrap_or_default(),
        discover: discover_words(view.discover),
        revision: grouped(view.asset.revision),
    }
}

/// The query whose result the table is, for members of its project.
async fn made_by(web: &Web, frame: &Framed, view: &AssetView) -> Result<Option<Crumb>, Fault> {
    if !matches!(view.standing, Standing::Member(_)) {
        return Ok(None);
    }
    let found = derived::of_asset(&web.app, &frame.reader.caller, view.asset.id).await?;
    Ok(found.map(|derived| Crumb { href: href(derived.project_id, Target::Derived(derived.id)), label: derived.name }))
}

/// What others may do, in words that follow "Others".
pub(super) fn discover_words(level: Discover) -> &'static str {
    match level {
        Discover::Hidden => "do not find it",
        Discover::Listed => "find it, but cannot ask for it",
        Discover::Requestable => "find it and may ask for it",
        Discover::Open => "find it, and every request is granted",
    }
}
