//! The schedule of a workflow is set.

use axum::{Router, extract::State, response::Response, routing::post};
use lakegate_app::jobs::Target;
use lakegate_model::ids::{ProjectId, WorkflowId};

use super::{
    super::starts::{TimingForm, set},
    detail::{Forms, detail_page},
    find, path,
};
use crate::{flash::done, kit::again, shell::Framed};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path},
};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/projects/{project}/workflows/{workflow}/schedule", post(schedule))
}

async fn schedule(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, WorkflowId)>,
    Form(form): Form<TimingForm>,
) -> Result<Response, Refusal> {
    let workflow = find(&web, &framed.reader, project, id).await?;
    match set(&web, &framed.reader, Target::Workflow(id), &form).await {
        Ok(said) => Ok(done(&path(&workflow), said)),
        Err(fault) => again(fault, |wrong| detail_page(&web, framed, workflow, "", Forms::timing(form, wrong))).await,
    }
}
