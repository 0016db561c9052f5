//! Proposed names: taken up or turned down.

use axum::{Router, extract::State, response::Response, routing::post};
use lakegate_app::catalog::suggestions;
use lakegate_model::{
    Code, Fault,
    ids::{AssetId, SuggestionId},
};
use serde::Deserialize;

use super::head::asset_href;
use crate::{flash, kit::sentence};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/assets/{id}/names", post(accept_all)).route("/assets/{id}/names/{suggestion}", post(decide))
}

async fn accept_all(State(web): State<Web>, Path(id): Path<AssetId>, reader: SignedIn) -> Result<Response, Refusal> {
    suggestions::accept_all(&web.app, &reader.caller, id).await?;
    Ok(flash::done(&format!("{}/edit#names", asset_href(id)), "All proposed names were taken up."))
}

#[derive(Debug, Deserialize)]
struct Decision {
    #[serde(default)]
    verdict: String,
}

async fn decide(
    State(web): State<Web>,
    Path((id, suggestion)): Path<(AssetId, SuggestionId)>,
    reader: SignedIn,
    Form(form): Form<Decision>,
) -> Result<Response, Refusal> {
    let back = format!("{}/edit#names", asset_href(id));
    let (done, text) = match form.verdict.as_str() {
        "accept" => {
            (suggestions::accept(&web.app, &reader.caller, suggestion).await.map(drop), "The name was taken up.")
        }
        "reject" => {
            (suggestions::reject(&web.app, &reader.caller, suggestion).await, "The name was turned down for good.")
        }
        _ => return Err(Fault::invalid("verdict", "expected one of: accept reject").into()),
    };
    match done {
        Ok(()) => Ok(flash::done(&back, text)),
        Err(fault) if fault.code == Code::Conflict => Ok(flash::refused(&back, &sentence(&fault.message))),
        Err(fault) => Err(fault.into()),
    }
}
