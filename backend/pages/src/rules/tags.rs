//! What stands on tags: the list, and taking back.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::access::{grant_views, grants, restrictions};
use lakegate_model::ids::{GrantId, RestrictionId};

use super::tabs;
use crate::{
    asset::{grants as asset_grants, restrictions as asset_restrictions},
    kit::{After, Pager, Place, Tab, back},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Path, Query, SignedIn},
};

/// The page of the list.
pub(super) const HERE: &str = "/rules/tags";

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/rules/tags", get(list))
        .route("/rules/tags/grants/{grant}/revoke", post(revoke))
        .route("/rules/tags/restrictions/{restriction}/lift", post(lift))
}

#[derive(Template)]
#[template(path = "rules/tags.html")]
struct TagsPage {
    shell: Shell,
    tabs: Vec<Tab>,
    grants: Vec<asset_grants::Row>,
    restrictions: Vec<asset_restrictions::Row>,
    pager: Pager,
}

async fn list(State(web): State<Web>, frame: Framed, Query(query): Query<After>) -> Result<Response, Refusal> {
    let caller = &frame.reader.caller;
    let place = Place::new(HERE, &query.after);
    let found = grant_views::of_tags(&web.app, caller, &place.request(&web, &frame.reader, 100)?).await?;
    let pager = place.pager(&web, &frame.reader, &found)?;
    let restrictions = restrictions::of_tags_named(&web.app, caller).await?;
    let page = TagsPage {
        tabs: tabs("On tags"),
        grants: found
            .items
            .into_iter()
            .map(|view| asset_grants::Row::revoked_at(view, |id| format!("{HERE}/grants/{id}/revoke")))
            .collect(),
        restrictions: restrictions.into_iter().map(|view| asset_restrictions::Row::new(view, None)).collect(),
        shell: frame.shell,
        pager,
    };
    show(StatusCode::OK, &page)
}

async fn revoke(State(web): State<Web>, Path(grant): Path<GrantId>, reader: SignedIn) -> Result<Response, Refusal> {
    let done = grants::revoke(&web.app, &reader.caller, grant).await;
    back(HERE, done.map(|()| "Access was taken back. The next query is refused.".to_owned()))
}

async fn lift(
    State(web): State<Web>,
    Path(restriction): Path<RestrictionId>,
    reader: SignedIn,
) -> Result<Response, Refusal> {
    let done = restrictions::lift(&web.app, &reader.caller, restriction).await;
    back(HERE, done.map(|()| "The restriction was lifted.".to_owned()))
}
