//! The form that gives access to what carries a tag.

use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::access::{
    grant_views,
    grants::{self, GrantOn},
    simulate::Change,
};
use lakegate_model::{Fault, PageRequest};
use serde::Deserialize;

use super::{GrantForm, GrantPage, misplaced, read, tags::HERE};
use crate::{
    asset::simulated::{self, Simulated, look_first},
    fields::Fields,
    kit::{Wrong, crumbs},
    proof,
    shell::{Framed, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Query},
};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/rules/tags/grants/new", get(form).post(create))
}

/// The tag that a link brought along.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    pub tag: String,
}

/// Demands somebody who makes rules on tags: who may read what stands on them.
pub(super) async fn need_rules(web: &Web, frame: &Framed) -> Result<(), Fault> {
    grant_views::of_tags(&web.app, &frame.reader.caller, &PageRequest::new(Some(1), None)?).await.map(drop)
}

async fn page(web: &Web, frame: Framed, fields: &Fields, wrong: Wrong) -> Result<GrantPage, Fault> {
    need_rules(web, &frame).await?;
    Ok(GrantPage {
        crumbs: crumbs(&[("Rules on tags", HERE), ("Give access", "")]),
        title: "Give access by a tag".to_owned(),
        lead: "Whoever you choose reads what carries the tag, today and tomorrow, from the next query on.",
        back: HERE.to_owned(),
        asks_tag: true,
        tag: fields.one("tag").to_owned(),
        form: GrantForm::of(web, &frame, fields, None).await?,
        preview: None,
        wrong,
        shell: frame.shell,
    })
}

async fn form(State(web): State<Web>, frame: Framed, Query(which): Query<Which>) -> Result<Response, Refusal> {
    let fields = Fields(vec![("tag".to_owned(), which.tag)]);
    show(StatusCode::OK, &page(&web, frame, &fields, Wrong::default()).await?)
}

fn on(fields: &Fields) -> GrantOn {
    GrantOn::Tag(fields.one("tag").trim().to_owned())
}

async fn preview(web: &Web, frame: &Framed, fields: &Fields) -> Result<Simulated, Fault> {
    let change = Change::CreateGrant(read(web, frame, on(fields), fields).await?);
    simulated::of(web, frame, &change).await.map_err(misplaced)
}

async fn give(web: &Web, frame: &Framed, fields: &Fields) -> Result<(&'static str, String), Fault> {
    proof::confirm(web, frame, fields).await?;
    let new = read(web, frame, on(fields), fields).await?;
    let made = grants::create(&web.app, &frame.reader.caller, &new).await.map_err(misplaced)?;
    Ok((HERE, format!("{} may read what carries {} now.", made.holder, made.on)))
}

async fn create(State(web): State<Web>, frame: Framed, Form(fields): Form<Fields>) -> Result<Response, Refusal> {
    need_rules(&web, &frame).await?;
    look_first!(
        &fields,
        look: preview(&web, &frame, &fields),
        make: give(&web, &frame, &fields),
        page: |wrong| page(&web, frame, &fields, wrong),
    )
}
