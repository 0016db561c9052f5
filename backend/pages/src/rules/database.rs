//! Access to every table of a database, those to come included: the list, giving, taking back.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::access::{
    grant_views::{self, DatabaseGrants},
    grants::{self, GrantOn},
    simulate::Change,
};
use lakegate_model::{
    Fault, PageRequest,
    ids::{DatabaseId, GrantId},
};

use super::{GrantForm, GrantPage, misplaced, read};
use crate::{
    asset::{
        grants::Row,
        simulated::{self, Simulated, look_first},
    },
    fields::Fields,
    kit::{After, Crumb, Pager, Place, Wrong, back, crumbs},
    proof,
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/databases/{database}/access", get(list))
        .route("/databases/{database}/grants/new", get(form).post(create))
        .route("/databases/{database}/grants/{grant}/revoke", post(revoke))
}

fn here(id: DatabaseId) -> String {
    format!("/databases/{id}/access")
}

/// The steps to the database's page, and from there on.
fn steps(found: &DatabaseGrants, id: DatabaseId, below: &str) -> Vec<Crumb> {
    let project = format!("/projects/{}/environments", found.project);
    let own = here(id);
    let mut steps = vec![("Projects", "/projects"), (found.project_name.as_str(), project.as_str())];
    match below {
        "" => steps.push((found.database_name.as_str(), "")),
        _ => steps.extend([(found.database_name.as_str(), own.as_str()), (below, "")]),
    }
    crumbs(&steps)
}

#[derive(Template)]
#[template(path = "rules/database.html")]
struct DatabasePage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    name: String,
    new_href: String,
    grants: Vec<Row>,
    pager: Pager,
}

async fn list(
    State(web): State<Web>,
    Path(id): Path<DatabaseId>,
    frame: Framed,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    let place = Place::new(here(id), &query.after);
    let wanted = place.request(&web, &frame.reader, 100)?;
    let found = grant_views::of_database(&web.app, &frame.reader.caller, id, &wanted).await?;
    let page = DatabasePage {
        crumbs: steps(&found, id, ""),
        pager: place.pager(&web, &frame.reader, &found.grants)?,
        new_href: format!("/databases/{id}/grants/new"),
        grants: found
            .grants
            .items
            .into_iter()
            .map(|view| Row::revoked_at(view, |grant| format!("/databases/{id}/grants/{grant}/revoke")))
            .collect(),
        name: found.database_name,
        shell: frame.shell,
    };
    show(StatusCode::OK, &page)
}

async fn page(web: &Web, frame: Framed, id: DatabaseId, fields: &Fields, wrong: Wrong) -> Result<GrantPage, Fault> {
    // Who may not give access to it is refused here.
    let one = PageRequest::new(Some(1), None)?;
    let found = grant_views::of_database(&web.app, &frame.reader.caller, id, &one).await?;
    Ok(GrantPage {
        crumbs: steps(&found, id, "Give access"),
        title: format!("Give access to {}", found.database_name),
        lead: "Whoever you choose reads every table of it, those to come included, from the next query on.",
        back: here(id),
        asks_tag: false,
        tag: String::new(),
        form: GrantForm::of(web, &frame, fields, Some(found.project)).await?,
        preview: None,
        wrong,
        shell: frame.shell,
    })
}

async fn form(State(web): State<Web>, Path(id): Path<DatabaseId>, frame: Framed) -> Result<Response, Refusal> {
    show(StatusCode::OK, &page(&web, frame, id, &Fields::default(), Wrong::default()).await?)
}

async fn preview(web: &Web, frame: &Framed, id: DatabaseId, fields: &Fields) -> Result<Simulated, Fault> {
    let change = Change::CreateGrant(read(web, frame, GrantOn::Database(id), fields).await?);
    simulated::of(web, frame, &change).await.map_err(misplaced)
}

async fn give(web: &Web, frame: &Framed, id: DatabaseId, fields: &Fields) -> Result<(String, String), Fault> {
    proof::confirm(web, frame, fields).await?;
    let new = read(web, frame, GrantOn::Database(id), fields).await?;
    let made = grants::create(&web.app, &frame.reader.caller, &new).await.map_err(misplaced)?;
    Ok((here(id), format!("{} may read {} now.", made.holder, made.on)))
}

async fn create(
    State(web): State<Web>,
    Path(id): Path<DatabaseId>,
    frame: Framed,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    look_first!(
        &fields,
        look: preview(&web, &frame, id, &fields),
        make: give(&web, &frame, id, &fields),
        page: |wrong| page(&web, frame, id, &fields, wrong),
    )
}

async fn revoke(
    State(web): State<Web>,
    Path((id, grant)): Path<(DatabaseId, GrantId)>,
    reader: SignedIn,
) -> Result<Response, Refusal> {
    let done = grants::revoke(&web.app, &reader.caller, grant).await;
    back(&here(id), done.map(|()| "Access was taken back. The next query is refused.".to_owned()))
}
