//! Who has access to an asset, and taking it back.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::{
    access::{
        grant_views, restrictions as rules, subscriptions,
        views::{self, SubscriptionView},
    },
    catalog::assets,
};
use lakegate_model::{
    Fault, PageRequest,
    ids::{AssetId, SubscriptionId},
    words::SubscriptionState,
};
use serde::Deserialize;

use super::{
    grants,
    head::{AssetHead, asset_href, sub_list},
    restrictions,
};
use crate::{
    fields::day_words,
    flash,
    kit::{After, Pager, When, Who, Wrong, again, counted},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/assets/{id}/access", get(list))
        .route("/assets/{id}/access/{subscription}/revoke", get(revoke_form).post(revoke))
}

/// A project's access, as a row.
pub(crate) struct Held {
    pub project: Who,
    pub asset_name: String,
    pub asset_href: String,
    pub producer_name: String,
    /// Word, state of colour, glyph.
    pub state: (&'static str, &'static str, &'static str),
    pub columns: String,
    pub column_names: String,
    pub until: String,
    /// Whether it ends within two weeks.
    pub soon: bool,
    pub since: When,
    pub ended: When,
    pub end_reason: String,
    pub reference: String,
    pub tables: Vec<String>,
    pub export: bool,
    /// Whether some rows only are open.
    pub some_rows: bool,
    /// Which ones, for those who may take access back.
    pub row_filter: String,
    /// Where it can be taken or given back; empty if the reader may not.
    pub end_href: String,
    /// Where more can be asked for; empty if nothing can.
    pub more_href: String,
}

impl Held {
    /// A subscription as a row; `end_href` where it can be ended.
    pub(crate) fn new(held: &SubscriptionView, now: lakegate_model::Timestamp, end_href: String) -> Self {
        let until = held.grant.as_ref().and_then(|grant| grant.valid_until);
        let columns = match &held.columns {
            None if held.grant.is_some() => "All columns".to_owned(),
            None => String::new(),
            Some(names) => counted(names.len(), "column", "columns"),
        };
        let ended = held.subscription.ended_at;
        Self {
            project: Who::named(&held.project_name),
            asset_name: held.asset_name.clone(),
            asset_href: asset_href(held.subscription.asset_id),
            producer_name: held.producer_name.clone(),
            state: state_badge(held.subscription.state),
            columns,
            column_names: held.columns.as_deref().unwrap_or_default().join(", "),
            until: match (until, ended) {
                (_, Some(_)) => String::new(),
                (Some(until), None) => day_words(until),
                (None, None) => "no end".to_owned(),
            },
            soon: until.is_some_and(|until| ended.is_none() && until < now + chrono::TimeDelta::days(14)),
            since: When::at(held.subscription.created_at),
            ended: When::maybe(ended),
            end_reason: held.subscription.end_reason.clone().unwrap_or_default(),
            reference: held.request_reference.clone(),
            tables: held.tables.clone(),
            export: held.grant.as_ref().is_some_and(|grant| grant.can_export),
            some_rows: held.grant.as_ref().is_some_and(|grant| grant.row_filter.is_some()),
            row_filter: held
                .grant
                .as_ref()
                .filter(|_| held.can_revoke)
                .and_then(|grant| grant.row_filter.clone())
                .unwrap_or_default(),
            end_href,
            more_href: String::new(),
        }
    }
}

fn state_badge(state: SubscriptionState) -> (&'static str, &'static str, &'static str) {
    match state {
        SubscriptionState::Active => ("Active", "good", "circle-check"),
        SubscriptionState::Cancelled => ("Given back", "", "undo-2"),
        SubscriptionState::Revoked => ("Revoked", "danger", "ban"),
        SubscriptionState::Expired => ("Expired", "attention", "clock"),
    }
}

#[derive(Template)]
#[template(path = "assets/access.html")]
struct AccessPage {
    shell: Shell,
    head: AssetHead,
    rows: Vec<Held>,
    pager: Pager,
    why_href: String,
    /// How many see each column how.
    columns_href: String,
    /// Where a review of all of it is started; empty if the reader may not.
    review_href: String,
    grants: Vec<grants::Row>,
    /// Where access is given; empty if the reader may not.
    grant_href: String,
    restrictions: Vec<restrictions::Row>,
    /// Where one is made; empty if the reader may not.
    restrict_href: String,
}

async fn list(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    let (view, place) = sub_list(&web, &frame, id, "access", &query).await?;
    let size = place.request(&web, &frame.reader, 50)?;
    let found = views::who_has_access(&web.app, &frame.reader.caller, id, &size).await?;
    let pager = place.pager(&web, &frame.reader, &found)?;
    let now = web.app.now();
    let row = |held: &SubscriptionView| {
        let revoke = format!("{}/{}/revoke", place.base, held.subscription.id);
        Held::new(held, now, if held.can_revoke { revoke } else { String::new() })
    };
    let rows = found.items.iter().map(row).collect();
    let rules = rules::of_asset_named(&web.app, &frame.reader.caller, id).await?;
    let given = grant_views::of_asset(&web.app, &frame.reader.caller, id, &PageRequest::new(Some(200), None)?).await?;
    let page = AccessPage {
        head: AssetHead::new(&view, "Access"),
        rows,
        pager,
        why_href: format!("{}/why", asset_href(id)),
        columns_href: format!("/permissions/assets/{id}"),
        review_href: match view.may_restrict {
            true => format!("/reviews/new?asset={id}"),
            false => String::new(),
        },
        grants: given.items.into_iter().rev().map(|grant| grants::Row::new(grant, Some(id))).collect(),
        grant_href: match view.may_grant {
            true => format!("{}/grants/new", asset_href(id)),
            false => String::new(),
        },
        restrictions: rules.into_iter().map(|rule| restrictions::Row::new(rule, Some(id))).collect(),
        restrict_href: match view.may_restrict {
            true => format!("{}/restrictions/new", asset_href(id)),
            false => String::new(),
        },
        shell: frame.shell,
    };
    show(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "assets/revoke.html")]
struct RevokePage {
    shell: Shell,
    head: AssetHead,
    held: Held,
    back: String,
    reason: String,
    wrong: Wrong,
}

async fn revoke_page(
    web: &Web,
    frame: Framed,
    (id, held): (AssetId, SubscriptionId),
    (reason, wrong): (String, Wrong),
) -> Result<RevokePage, Fault> {
    let caller = &frame.reader.caller;
    let view = assets::view(&web.app, caller, id).await?;
    let held = views::subscription(&web.app, caller, held).await?;
    Ok(RevokePage {
        head: AssetHead::new(&view, "Access"),
        held: Held::new(&held, web.app.now(), String::new()),
        back: format!("{}/access", asset_href(id)),
        reason,
        wrong,
        shell: frame.shell,
    })
}

async fn revoke_form(
    State(web): State<Web>,
    Path(which): Path<(AssetId, SubscriptionId)>,
    frame: Framed,
) -> Result<Response, Refusal> {
    show(StatusCode::OK, &revoke_page(&web, frame, which, (String::new(), Wrong::default())).await?)
}

#[derive(Debug, Deserialize)]
struct RevokeForm {
    #[serde(default)]
    reason: String,
}

async fn revoke(
    State(web): State<Web>,
    Path((id, held)): Path<(AssetId, SubscriptionId)>,
    frame: Framed,
    Form(form): Form<RevokeForm>,
) -> Result<Response, Refusal> {
    match subscriptions::revoke(&web.app, &frame.reader.caller, held, &form.reason).await {
        Ok(()) => {
            Ok(flash::done(&format!("{}/access", asset_href(id)), "Access was taken back. The next query is refused."))
        }
        Err(fault) => again(fault, |wrong| revoke_page(&web, frame, (id, held), (form.reason, wrong))).await,
    }
}
