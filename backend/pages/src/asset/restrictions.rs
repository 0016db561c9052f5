//! Restrictions on an asset's table: a form to put one in force, and lifting it.

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
        restrictions::{self, Narrowing, NewRestriction, RestrictionView, Target},
        simulate::Change,
        views,
    },
    catalog::assets::{self, AssetView},
};
use lakegate_model::{
    Code, Fault, PageRequest,
    ids::{AssetId, RestrictionId},
    rules::Exemption,
    words::{ColumnState, ExemptKind, Mask, RestrictionEffect},
};
use std::collections::BTreeMap;

use super::{
    head::{AssetHead, asset_href},
    simulated::{self, Simulated, look_first},
};
use crate::{
    fields::Fields,
    flash,
    kit::{Choice, When, Wrong},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, SignedIn},
};

/// Projects that the form offers to spare.
const OFFERED: i64 = 50;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/assets/{id}/restrictions/new", get(form).post(create))
        .route("/assets/{id}/restrictions/{restriction}/lift", post(lift))
}

/// A restriction as a row.
pub(crate) struct Row {
    pub what: String,
    pub filter: String,
    pub columns: String,
    pub spares: String,
    pub reason: String,
    pub by: String,
    pub since: When,
    pub ended: When,
    /// Where it is lifted; empty if the reader may not, or it is.
    pub lift_href: String,
}

impl Row {
    /// A restriction as a row on the page of `asset`, or of a tag's where it stands on one.
    pub fn new(view: RestrictionView, asset: Option<AssetId>) -> Self {
        let RestrictionView { rule, columns, exempt, created_by, may_lift } = view;
        let live = rule.ended_at.is_none() && may_lift;
        Self {
            what: match (rule.effect, rule.mask) {
                (RestrictionEffect::Mask, Some(mask)) => format!("Masked: {}", mask_words(mask)),
                (RestrictionEffect::Filter, _) => "Only rows where".to_owned(),
                _ => "Hidden".to_owned(),
            },
            filter: rule.filter.unwrap_or_default(),
            columns: match (&rule.tag, columns.is_empty()) {
                (Some(tag), _) => tag.clone(),
                (None, true) => "the whole table".to_owned(),
                (None, false) => columns.join(", "),
            },
            spares: if exempt.is_empty() { "nobody".to_owned() } else { exempt.join(", ") },
            reason: rule.reason,
            by: created_by,
            since: When::at(rule.created_at),
            ended: When::maybe(rule.ended_at),
            lift_href: match (live, asset) {
                (false, _) => String::new(),
                (true, Some(asset)) => format!("{}/restrictions/{}/lift", asset_href(asset), rule.id),
                (true, None) => format!("/rules/tags/restrictions/{}/lift", rule.id),
            },
        }
    }
}

pub(crate) fn mask_words(mask: Mask) -> &'static str {
    match mask {
        Mask::Alphanumeric => "letters and digits covered",
        Mask::FixedValue => "one value for all",
        Mask::Null => "empty",
        Mask::First4 => "first four characters",
        Mask::Last4 => "last four characters",
        Mask::Year => "year only",
        Mask::Month => "month only",
        Mask::Sha256 => "SHA-256 digest (falls to a dictionary)",
        Mask::Sha256Local => "SHA-256 digest, another in each query",
        Mask::Hmac => "keyed digest",
    }
}

/// A column to be ticked.
pub(super) struct ColumnBox {
    pub id: String,
    pub name: String,
    pub kind: String,
    pub checked: bool,
}

struct Spared {
    id: String,
    name: String,
    checked: bool,
}

#[derive(Template)]
#[template(path = "assets/restriction.html")]
struct RestrictionPage {
    shell: Shell,
    head: AssetHead,
    back: String,
    effect: String,
    mask: String,
    masks: Vec<Choice>,
    columns: Vec<ColumnBox>,
    filter: String,
    projects: Vec<Spared>,
    reason: String,
    preview: Option<Simulated>,
    wrong: Wrong,
}

async fn restriction_page(
    web: &Web,
    frame: Framed,
    id: AssetId,
    fields: &Fields,
    wrong: Wrong,
) -> Result<RestrictionPage, Fault> {
    let caller = &frame.reader.caller;
    let view = assets::view(&web.app, caller, id).await?;
    if !view.may_restrict {
        return Err(Fault::new(Code::Forbidden, "you may not restrict who reads this")
            .fix("ask an owner of the project or a steward of the domain"));
    }
    let projects = offered(web, &frame, id, &view, fields).await?;
    let effect = fields.one("effect");
    Ok(RestrictionPage {
        head: AssetHead::new(&view, "Access"),
        back: format!("{}/access", asset_href(id)),
        effect: if effect.is_empty() { "mask" } else { effect }.to_owned(),
        mask: fields.one("mask").to_owned(),
        masks: Mask::ALL.iter().map(|mask| Choice::new(mask.as_str(), mask_words(*mask))).collect(),
        columns: column_boxes(&view, fields, |state| state != ColumnState::Dropped),
        filter: fields.one("filter").to_owned(),
        projects,
        reason: fields.one("reason").to_owned(),
        preview: None,
        wrong,
        shell: frame.shell,
    })
}

/// The columns of an asset whose state fits, those ticked that were.
pub(super) fn column_boxes(view: &AssetView, fields: &Fields, fits: impl Fn(ColumnState) -> bool) -> Vec<ColumnBox> {
    let there = view.columns.iter().map(|shown| &shown.column).filter(|column| fits(column.state));
    let tick = |column: &lakegate_model::catalog::Column| {
        let id = column.id.to_string();
        let checked = fields.holds("column", &id);
        ColumnBox { checked, name: column.name.clone(), kind: column.column_type.to_string(), id }
    };
    there.map(tick).collect()
}

/// The owning project, and those that have access: whom a restriction here would bind.
async fn offered(
    web: &Web,
    frame: &Framed,
    id: AssetId,
    view: &AssetView,
    fields: &Fields,
) -> Result<Vec<Spared>, Fault> {
    let page = PageRequest::new(Some(OFFERED), None)?;
    let held = views::who_has_access(&web.app, &frame.reader.caller, id, &page).await?;
    let mut projects = BTreeMap::from([(view.asset.project_id.to_string(), view.project_name.clone())]);
    let live = held.items.into_iter().filter(|held| held.subscription.ended_at.is_none());
    projects.extend(live.map(|held| (held.subscription.project_id.to_string(), held.project_name)));
    let spared = |(id, name): (String, String)| Spared { checked: fields.holds("spare", &id), id, name };
    Ok(projects.into_iter().map(spared).collect())
}

async fn form(State(web): State<Web>, Path(id): Path<AssetId>, frame: Framed) -> Result<Response, Refusal> {
    show(StatusCode::OK, &restriction_page(&web, frame, id, &Fields::default(), Wrong::default()).await?)
}

fn read(id: AssetId, fields: &Fields) -> Result<NewRestriction, Fault> {
    let columns = fields.ids("column").map_err(|fault| fault.on("columns"))?;
    let narrowing = match fields.one("effect") {
        "hide" => Narrowing::Hide,
        "mask" => Narrowing::Mask(fields.one("mask").parse().map_err(|fault: Fault| fault.on("mask"))?),
        "filter" => Narrowing::Filter(fields.one("filter").to_owned()),
        _ => return Err(Fault::invalid("effect", "expected one of: hide mask filter")),
    };
    let columns = if matches!(narrowing, Narrowing::Filter(_)) { Vec::new() } else { columns };
    let spare: Vec<lakegate_model::ids::ProjectId> = fields.ids("spare").map_err(|fault| fault.on("exempt"))?;
    let exempt = spare.into_iter().map(|id| Exemption { kind: ExemptKind::Project, principal_id: id.into() });
    Ok(NewRestriction {
        target: Target::Asset(id, columns),
        narrowing,
        exempt: exempt.collect(),
        reason: simulated::reason(fields),
    })
}

async fn preview(web: &Web, frame: &Framed, id: AssetId, fields: &Fields) -> Result<Simulated, Fault> {
    simulated::of(web, frame, &Change::CreateRestriction(read(id, fields)?)).await
}

async fn make(web: &Web, frame: &Framed, id: AssetId, fields: &Fields) -> Result<(String, &'static str), Fault> {
    restrictions::create(&web.app, &frame.reader.caller, &read(id, fields)?).await?;
    Ok((format!("{}/access", asset_href(id)), "The restriction is in force. The next query obeys it."))
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
        make: make(&web, &frame, id, &fields),
        page: |wrong| restriction_page(&web, frame, id, &fields, wrong),
    )
}

async fn lift(
    State(web): State<Web>,
    Path((id, restriction)): Path<(AssetId, RestrictionId)>,
    reader: SignedIn,
) -> Result<Response, Refusal> {
    restrictions::lift(&web.app, &reader.caller, restriction).await?;
    Ok(flash::done(&format!("{}/access", asset_href(id)), "The restriction was lifted."))
}
