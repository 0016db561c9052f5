//! Calls from outside that start work.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use lakegate_app::jobs::triggers::calls::{self, Call};
use lakegate_model::{Code, Fault, ids::TriggerId};
use serde::Serialize;
use utoipa::ToSchema;

use lakegate_http::{
    Refusal, Web,
    extract::{Path, Raw},
};

/// Carry what is signed beside the body, and the signature.
const TIMESTAMP: &str = "lakegate-timestamp";
const NONCE: &str = "lakegate-nonce";
const SIGNATURE: &str = "lakegate-signature";

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new().route("/api/v1/hooks/{trigger}", post(call_trigger))
}

/// What came of a call.
#[derive(Debug, Serialize, ToSchema)]
pub struct TakenShape {
    /// Events that the trigger had not met before.
    events: i64,
}

/// Tells a trigger that something happened: as a call, or, if it waits for objects, with a notification as Amazon S3 or
/// Amazon EventBridge writes it.
///
/// The call is signed: `Lakegate-Signature` is `v1=` and, in hexadecimal digits, the HMAC-SHA256 under the trigger's
/// secret of `Lakegate-Timestamp`, a point, `Lakegate-Nonce`, a point, and the body. The time is in seconds since 1970
/// and at most five minutes off; the nonce has 8 to 128 characters and is never used again.
#[utoipa::path(post, path = "/api/v1/hooks/{trigger}", tag = "data sources", security(()), params(
    ("trigger" = Uuid, Path),
    ("Lakegate-Timestamp" = i64, Header, description = "Seconds since 1970"),
    ("Lakegate-Nonce" = String, Header, description = "Never used before"),
    ("Lakegate-Signature" = String, Header, description = "`v1=` and the HMAC-SHA256 in hexadecimal digits")),
    request_body(content = String, content_type = "application/json"),
    responses((status = 202, description = "Taken; what has gathered starts work", body = TakenShape),
        (status = 401, description = "The signature or the time does not fit"),
        (status = 409, description = "This call was taken already, or the trigger is off"),
        (status = 422, description = "The body is no notification"),
        (status = 503, description = "Too many events wait")))]
pub async fn call_trigger(
    State(web): State<Web>,
    Path(trigger): Path<TriggerId>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<(StatusCode, Answer<TakenShape>), Refusal> {
    let call = Call {
        time: text(&headers, TIMESTAMP)?,
        nonce: text(&headers, NONCE)?,
        signature: text(&headers, SIGNATURE)?,
        body: &body,
    };
    let taken = calls::take(&web.app, trigger, call).await?;
    Ok((StatusCode::ACCEPTED, Answer(TakenShape { events: taken.events })))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Fault> {
    headers.get(name).and_then(|value| value.to_str().ok()).ok_or_else(|| {
        Fault::new(Code::Unauthenticated, format!("a call needs the header {name}"))
            .fix("see the operation's description")
    })
}
