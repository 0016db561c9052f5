//! Access to an asset that is given without a request: a form, and taking it back.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::{
    access::{
        grant_views::GrantView,
        grants::{self, GrantOn, NewGrant},
        simulate::Change,
        views,
    },
    accounts::groups,
    catalog::assets::{self, AssetView},
};
use lakegate_model::{
    Code, Fault, PageRequest,
    grants::Grantee,
    ids::{AssetId, GrantId},
    words::{ColumnState, GrantColumns},
};
use std::collections::BTreeMap;

use super::{
    head::{AssetHead, asset_href},
    restrictions::{ColumnBox, column_boxes},
    simulated::{self, Simulated, look_first},
};
use crate::{
    fields::{Fields, day_words},
    flash,
    kit::{Choice, When, Wrong, counted, people, person_meant},
    proof::{self, Proof},
    purposes,
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, SignedIn},
};

/// Projects and groups that the form offers.
const OFFERED: i64 = 100;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/assets/{id}/grants/new", get(form).post(create))
        .route("/assets/{id}/grants/{grant}/revoke", post(revoke))
}

/// A direct grant as a row.
pub(crate) struct Row {
    pub holder: String,
    pub on: String,
    pub asset_href: String,
    pub columns: String,
    pub column_names: String,
    pub row_filter: String,
    pub some_rows: bool,
    pub export: bool,
    pub hand_on: bool,
    pub handed_on: bool,
    pub reason: String,
    pub by: String,
    pub since: When,
    pub until: String,
    pub ended: When,
    /// Where it is taken back; empty if the reader may not.
    pub revoke_href: String,
}

impl Row {
    /// A grant as a row on the page of `asset`, or of nobody's where it is one's own.
    pub fn new(view: GrantView, asset: Option<AssetId>) -> Self {
        let grant = view.grant;
        let listed = counted(grant.columns.len(), "column", "columns");
        Self {
            holder: view.holder,
            asset_href: view.asset.map(asset_href).unwrap_or_default(),
            columns: match (grant.columns_mode, grant.columns.is_empty()) {
                (GrantColumns::Only, _) => listed,
                (GrantColumns::Except, false) => format!("all but {listed}"),
                (GrantColumns::All | GrantColumns::Except, _) if grant.tag.is_some() => "what carries the tag".into(),
                (GrantColumns::Except, true) => "some columns".into(),
                (GrantColumns::All, _) => "all columns".into(),
            },
            column_names: view.columns.join(", "),
            some_rows: view.filtered,
            row_filter: grant.row_filter.unwrap_or_default(),
            export: grant.can_export,
            hand_on: grant.can_grant,
            handed_on: grant.parent_id.is_some(),
            reason: match grant.break_glass {
                true => format!("Break-glass: {}", grant.reason),
                false => grant.reason,
            },
            by: view.granted_by,
            since: When::at(grant.valid_from),
            until: grant.valid_until.map_or_else(|| "no end".to_owned(), day_words),
            ended: When::maybe(grant.ended_at),
            revoke_href: match asset.filter(|_| view.may_revoke) {
                Some(asset) => format!("{}/grants/{}/revoke", asset_href(asset), grant.id),
                None => String::new(),
            },
            on: view.on,
        }
    }

    /// A grant on no single table, taken back at an address made of its id.
    pub fn revoked_at(view: GrantView, href: impl FnOnce(GrantId) -> String) -> Self {
        let revoke_href = if view.may_revoke { href(view.grant.id) } else { String::new() };
        Self { revoke_href, ..Self::new(view, None) }
    }
}

#[derive(Template)]
#[template(path = "assets/grant.html")]
struct GrantPage {
    shell: Shell,
    head: AssetHead,
    back: String,
    to: String,
    person: String,
    people: Vec<Choice>,
    group: String,
    groups: Vec<Choice>,
    project: String,
    projects: Vec<Choice>,
    mode: String,
    columns: Vec<ColumnBox>,
    row_filter: String,
    purposes: Vec<Choice>,
    /// The purposes that are ticked.
    demanded: Vec<String>,
    export: bool,
    hand_on: bool,
    until: String,
    reason: String,
    proof: Proof,
    preview: Option<Simulated>,
    wrong: Wrong,
}

async fn grant_page(web: &Web, frame: Framed, id: AssetId, fields: &Fields, wrong: Wrong) -> Result<GrantPage, Fault> {
    let view = assets::view(&web.app, &frame.reader.caller, id).await?;
    if !view.may_grant {
        return Err(Fault::new(Code::Forbidden, "you may not give access to this").fix("ask an owner of its project"));
    }
    let or = |name: &str, otherwise: &str| match fields.one(name) {
        "" => otherwise.to_owned(),
        given => given.to_owned(),
    };
    Ok(GrantPage {
        head: AssetHead::new(&view, "Access"),
        back: format!("{}/access", asset_href(id)),
        to: or("to", "person"),
        person: fields.one("person").to_owned(),
        people: people(web, &frame.reader).await?,
        group: fields.one("group").to_owned(),
        groups: group_choices(web, &frame.reader).await?,
        project: fields.one("project").to_owned(),
        projects: project_choices(web, &frame, id, &view).await?,
        mode: or("mode", "all"),
        columns: column_boxes(&view, fields, |state| state == ColumnState::Active),
        row_filter: fields.one("row_filter").to_owned(),
        purposes: purposes::choices(web, &frame.reader).await?,
        demanded: fields.all("purpose").map(str::to_owned).collect(),
        export: fields.has("export"),
        hand_on: fields.has("hand_on"),
        until: fields.one("until").to_owned(),
        reason: fields.one("reason").to_owned(),
        proof: Proof::of(web, &frame),
        preview: None,
        wrong,
        shell: frame.shell,
    })
}

pub(crate) async fn group_choices(web: &Web, reader: &SignedIn) -> Result<Vec<Choice>, Fault> {
    let page = PageRequest::new(Some(OFFERED), None)?;
    let found = groups::list(&web.app, &reader.caller, "", &page).await?;
    Ok(found.items.into_iter().map(|group| Choice::new(group.id.to_string(), group.name)).collect())
}

/// The reader's own projects, and those that have or had access.
async fn project_choices(web: &Web, frame: &Framed, id: AssetId, view: &AssetView) -> Result<Vec<Choice>, Fault> {
    let page = PageRequest::new(Some(OFFERED), None)?;
    let held = views::who_has_access(&web.app, &frame.reader.caller, id, &page).await?;
    let own = frame.me.projects.iter().map(|(project, _)| (project.id, project.name.clone()));
    let known = held.items.into_iter().map(|held| (held.subscription.project_id, held.project_name));
    let all: BTreeMap<_, _> = own.chain(known).filter(|(project, _)| *project != view.asset.project_id).collect();
    Ok(all.into_iter().map(|(project, name)| Choice::new(project.to_string(), name)).collect())
}

async fn form(State(web): State<Web>, Path(id): Path<AssetId>, frame: Framed) -> Result<Response, Refusal> {
    show(StatusCode::OK, &grant_page(&web, frame, id, &Fields::default(), Wrong::default()).await?)
}

pub(crate) async fn holder(web: &Web, frame: &Framed, fields: &Fields) -> Result<Grantee, Fault> {
    Ok(match fields.one("to") {
        "person" => Grantee::User(person_meant(web, &frame.reader, "person", fields.one("person")).await?.id),
        "group" => Grantee::Group(fields.id("group")?),
        "project" => Grantee::Project(fields.id("project")?),
        "everyone" => Grantee::Everyone,
        _ => return Err(Fault::invalid("to", "expected one of: person group project everyone")),
    })
}

async fn read(web: &Web, frame: &Framed, id: AssetId, fields: &Fields) -> Result<NewGrant, Fault> {
    let mode: GrantColumns = fields.one("mode").parse().map_err(|fault: Fault| fault.on("mode"))?;
    let columns = match mode {
        GrantColumns::All => Vec::new(),
        GrantColumns::Only | GrantColumns::Except => fields.ids("column").map_err(|fault| fault.on("columns"))?,
    };
    let filter = fields.one("row_filter");
    Ok(NewGrant {
        on: GrantOn::Asset(id, mode, columns),
        to: holder(web, frame, fields).await?,
        row_filter: (!filter.trim().is_empty()).then(|| filter.to_owned()),
        export: fields.has("export"),
        hand_on: fields.has("hand_on"),
        from: None,
        until: fields.day("until")?,
        purposes: fields.ids("purpose")?,
        reason: simulated::reason(fields),
    })
}

async fn give(web: &Web, frame: &Framed, id: AssetId, fields: &Fields) -> Result<(String, String), Fault> {
    proof::confirm(web, frame, fields).await?;
    let new = read(web, frame, id, fields).await?;
    let made = grants::create(&web.app, &frame.reader.caller, &new).await.map_err(misplaced)?;
    Ok((format!("{}/access", asset_href(id)), format!("{} may read it now.", made.holder)))
}

/// A fault beside the field of the form that it is about.
fn misplaced(fault: Fault) -> Fault {
    match fault.field.as_deref() {
        Some("filter") => fault.on("row_filter"),
        _ => proof::missing(fault),
    }
}

async fn preview(web: &Web, frame: &Framed, id: AssetId, fields: &Fields) -> Result<Simulated, Fault> {
    let change = Change::CreateGrant(read(web, frame, id, fields).await?);
    simulated::of(web, frame, &change).await.map_err(misplaced)
}

async fn create(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    look_first!(
        &fields,
        look: preview(&web, &frame, id, &fields),
        make: give(&web, &frame, id, &fields),
        page: |wrong| grant_page(&web, frame, id, &fields, wrong),
    )
}

async fn revoke(
    State(web): State<Web>,
    Path((id, grant)): Path<(AssetId, GrantId)>,
    reader: SignedIn,
) -> Result<Response, Refusal> {
    grants::revoke(&web.app, &reader.caller, grant).await?;
    Ok(flash::done(&format!("{}/access", asset_href(id)), "Access was taken back. The next query is refused."))
}
