//! Tokens for programs that act for the reader.

use axum::{Router, extract::State, http::StatusCode, response::Response, routing::post};
use lakegate_app::accounts::api_tokens::{self, NewToken};
use lakegate_model::{Fault, ids::ApiTokenId, words::TokenScope};

use super::{AccountPage, account_page, refused};
use crate::{
    fields::Fields,
    flash, proof,
    shell::{Framed, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/account/tokens", post(create)).route("/account/tokens/{id}/revoke", post(revoke))
}

/// Shows the secret in the answer itself: it stands nowhere else, and is not shown again.
async fn create(State(web): State<Web>, frame: Framed, Form(fields): Form<Fields>) -> Result<Response, Refusal> {
    match make(&web, &frame, &fields).await {
        Ok(secret) => {
            let page = account_page(&web, frame, &Fields::default()).await?;
            show(StatusCode::OK, &AccountPage { secret, ..page })
        }
        Err(fault) => refused(&web, frame, &fields, "token", proof::missing(fault)).await,
    }
}

async fn make(web: &Web, frame: &Framed, fields: &Fields) -> Result<String, Fault> {
    let scopes = fields.all("scope").map(|scope| scope.parse().map_err(|fault: Fault| fault.on("scopes")));
    let new = NewToken {
        name: fields.one("name").to_owned(),
        scopes: scopes.collect::<Result<Vec<TokenScope>, Fault>>()?,
        days: fields.one("days").trim().parse().map_err(|_| Fault::invalid("days", "write a number of days"))?,
        account: None,
    };
    proof::confirm(web, frame, fields).await?;
    Ok(api_tokens::create(&web.app, &frame.reader.caller, &new).await?.secret)
}

async fn revoke(State(web): State<Web>, Path(id): Path<ApiTokenId>, reader: SignedIn) -> Result<Response, Refusal> {
    api_tokens::revoke(&web.app, &reader.caller, id).await?;
    Ok(flash::done("/account#tokens", "The token works no longer."))
}
