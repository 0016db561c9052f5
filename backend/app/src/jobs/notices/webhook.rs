//! Webhooks: signed, so that the receiver knows who speaks and that nobody repeats it.

use hmac::{Hmac, Mac};
use lakegate_model::{Fault, ids::RunDeliveryId};
use sha2::Sha256;
use std::time::Duration;

use crate::{App, places::outgoing};

/// How long a receiver may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// What the receiver answered, if it did.
    pub status: Option<u16>,
    /// Why it did not arrive; `None` if it did.
    pub error: Option<String>,
    /// Whether another attempt may go better.
    pub again: bool,
}

/// Posts a notice.
pub(super) async fn post(
    app: &App,
    address: &str,
    secret: &[u8],
    (delivery, attempt): (RunDeliveryId, i64),
    body: String,
) -> Result<Answer, Fault> {
    let mut nonce = [0_u8; 16];
    app.random.fill(&mut nonce);
    let (timestamp, nonce) = (app.now().timestamp(), hex::encode(nonce));
    let signature = sign(secret, timestamp, &nonce, &body)?;
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("user-agent", concat!("Lakegate/", env!("CARGO_PKG_VERSION")).to_owned()),
        ("lakegate-delivery", delivery.to_string()),
        ("lakegate-attempt", attempt.to_string()),
        ("lakegate-timestamp", timestamp.to_string()),
        ("lakegate-nonce", nonce),
        ("lakegate-signature", format!("v1={signature}")),
    ];
    let answer = outgoing::post(&app.settings.outgoing, address, &headers, body.into_bytes(), PATIENCE).await;
    Ok(judge(answer))
}

/// HMAC-SHA256 over time, nonce and body, divided by dots, in hexadecimal.
fn sign(secret: &[u8], timestamp: i64, nonce: &str, body: &str) -> Result<String, Fault> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(Fault::internal)?;
    mac.update(format!("{timestamp}.{nonce}.{body}").as_bytes());
    Ok(hex::encode(mac.finalize().into_bytes()))
}

/// A receiver that says that it will never take the notice is believed; one that is busy or broken is asked again.
fn judge(answer: Result<u16, Fault>) -> Answer {
    match answer {
        Ok(status) if (200..300).contains(&status) => Answer { status: Some(status), error: None, again: false },
        Ok(status) => {
            let again = status >= 500 || matches!(status, 408 | 425 | 429);
            Answer { status: Some(status), error: Some(format!("the receiver answered {status}")), again }
        }
        Err(fault) => {
            if let Some(cause) = &fault.cause {
                tracing::debug!(cause, "a webhook was not reached");
            }
            let again = fault.code == lakegate_model::Code::Dependency;
            Answer { status: None, error: Some(fault.message), again }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use lakegate_model::Code;

    #[test]
    fn time_nonce_and_body_are_signed() {
        let one = sign(b"key", 1, "n", "body").unwrap();
        // As `printf '1.n.body' | openssl dgst -sha256 -hmac key` says.
        assert_eq!(one, "5129bb24aa3aa365799ea41afe7185a1a43baa0cd375854a5adc8fcab8fbfed9");
        let others = [sign(b"kez", 1, "n", "body"), sign(b"key", 2, "n", "body"), sign(b"key", 1, "m", "body")];
        assert!(others.into_iter().all(|other| other.unwrap() != one));
    }

    #[test]
    fn what_may_pass_is_tried_again() {
        let again = |answer| judge(answer).again;
        assert_eq!([200, 204, 301, 400, 404, 410].map(|status| again(Ok(status))), [false; 6]);
        assert_eq!([408, 429, 500, 503].map(|status| again(Ok(status))), [true; 4]);
        assert!(again(Err(Fault::new(Code::Dependency, "no connection"))));
        assert!(!again(Err(Fault::invalid("address", "not there"))));
        assert!(judge(Ok(204)).error.is_none() && judge(Ok(302)).error.is_some());
    }
}
