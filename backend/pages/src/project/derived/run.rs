//! A derived table is run, by hand and by schedule, and removed.

use axum::{Router, extract::State, response::Response, routing::post};
use lakegate_app::{derived, jobs::Target};
use lakegate_model::{
    Fault,
    derived::DerivedTable,
    ids::{DerivedTableId, ProjectId},
};

use super::{
    super::starts::{TimingForm, set},
    detail::{Forms, RemoveForm, detail_page},
    find, path,
};
use crate::{
    flash::done,
    kit::{again, back},
    shell::Framed,
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/derived/{derived}/run", post(run))
        .route("/projects/{project}/derived/{derived}/schedule", post(schedule))
        .route("/projects/{project}/derived/{derived}/remove", post(remove))
}

async fn run(
    State(web): State<Web>,
    reader: SignedIn,
    Path((project, id)): Path<(ProjectId, DerivedTableId)>,
) -> Result<Response, Refusal> {
    let derived = find(&web, &reader, project, id).await?;
    let begun = derived::run(&web.app, &reader.caller, id).await;
    back(&path(&derived), begun.map(|_| format!("The query of {} has been started.", derived.name)))
}

async fn schedule(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, DerivedTableId)>,
    Form(form): Form<TimingForm>,
) -> Result<Response, Refusal> {
    let derived = find(&web, &framed.reader, project, id).await?;
    match set(&web, &framed.reader, Target::Derived(id), &form).await {
        Ok(said) => Ok(done(&path(&derived), said)),
        Err(fault) => again(fault, |wrong| detail_page(&web, framed, derived, "", Forms::timing(form, wrong))).await,
    }
}

async fn remove(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, DerivedTableId)>,
    Form(form): Form<RemoveForm>,
) -> Result<Response, Refusal> {
    let derived = find(&web, &framed.reader, project, id).await?;
    match remove_as(&web, &framed.reader, &derived, &form).await {
        Ok(()) => {
            let said = format!("The query of {} is gone. The table that it made stays as it is.", derived.name);
            Ok(done(&format!("/projects/{project}/derived"), &said))
        }
        Err(fault) => again(fault, |wrong| detail_page(&web, framed, derived, "", Forms::remove(wrong))).await,
    }
}

async fn remove_as(web: &Web, reader: &SignedIn, derived: &DerivedTable, form: &RemoveForm) -> Result<(), Fault> {
    if form.confirm.trim() != derived.name {
        let fault = Fault::invalid("confirm", "this is not the name of the derived table");
        return Err(fault.fix("type the name to remove it"));
    }
    derived::remove(&web.app, &reader.caller, derived.id).await
}
