//! Calls from outside: signed, in time, each taken once. What a call says only makes work begin; nothing of it is
//! believed.

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac};
use lakegate_jobs::triggers;
use lakegate_model::{
    Code, Fault,
    ids::TriggerId,
    triggers::{JobTrigger, NewEvent},
    words::Happening,
};
use lakegate_store::{in_read, in_write, job_triggers as store};
use sha2::Sha256;

use super::objects;
use crate::{App, accounts, seal};

/// Marks a text as what calls are signed with, so that scanners find leaked ones.
const PREFIX: &str = "lgh_";
/// How far the time of a call may be from ours.
pub const TOLERANCE: TimeDelta = TimeDelta::minutes(5);
/// Signed with in place of the secret of a trigger that does not exist, so that the answer takes as long.
const NOBODYS: &str = "lgh_nobody";
/// Bytes of a nonce.
const NONCE: std::ops::RangeInclusive<usize> = 8..=128;

/// A call as it came.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Seconds since 1970, as the header has it.
    pub time: &'a str,
    /// Never used before with this trigger.
    pub nonce: &'a str,
    /// `v1=` and the HMAC-SHA256 in hexadecimal digits of `time.nonce.body`, under the trigger's secret.
    pub signature: &'a str,
    pub body: &'a [u8],
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Events that the call told of and the trigger had not met before.
    pub events: i64,
}

/// Takes a call.
///
/// # Errors
/// `unauthenticated` for a trigger that is not there, or a signature or time that does not fit; `conflict` for a call
/// that was taken already, or a trigger that is off; `invalid` for a body that tells of no objects; `unavailable` if
/// too much waits.
pub async fn take(app: &App, id: TriggerId, call: Call<'_>) -> Result<Taken, Fault> {
    let (trigger, secret) = in_read!(&app.db, |tx, _scope| {
        let trigger = store::trigger_find(tx, id).await?;
        let secret = match trigger.as_ref().and_then(|trigger| trigger.secret_id) {
            Some(id) => seal::kept(app, tx, id).await?,
            None => None,
        };
        Ok((trigger, secret))
    })?;
    let trigger =
        verify(app, trigger, secret, call).inspect_err(|_| tracing::warn!(trigger = %id, "a call was refused"))?;
    if !trigger.enabled {
        return Err(Fault::new(Code::Conflict, "this trigger is off").fix("ask the project to turn it on"));
    }
    let told = events(&trigger, call)?;
    let taken = in_write!(&app.db, |tx, _scope| {
        // It may have been removed, turned off or given another secret since it was looked at.
        if store::trigger_find(tx, id).await?.is_none_or(|found| found.version != trigger.version) {
            return Err(refused());
        }
        if !store::call_take(tx, id, call.nonce, app.now()).await? {
            return Err(
                Fault::new(Code::Conflict, "this call was taken already").fix("send each with a nonce of its own")
            );
        }
        let events = if told.is_empty() { 0 } else { triggers::add(&app.queue, tx, id, &told).await? };
        Ok(Taken { events })
    })?;
    app.queue.wake();
    Ok(taken)
}

fn events(trigger: &JobTrigger, call: Call<'_>) -> Result<Vec<NewEvent>, Fault> {
    if trigger.happening == Happening::ObjectCreated {
        return objects::told(trigger, call.body);
    }
    Ok(vec![NewEvent { key: format!("call {}", call.nonce), about: "A call".into() }])
}

/// One answer for all that is wrong: it does not tell whether the trigger exists.
fn verify(
    app: &App,
    trigger: Option<JobTrigger>,
    secret: Option<Vec<u8>>,
    call: Call<'_>,
) -> Result<JobTrigger, Fault> {
    let known = secret.is_some();
    let signed = signs(secret.as_deref().unwrap_or(NOBODYS.as_bytes()), call);
    let fits = known && signed && NONCE.contains(&call.nonce.len()) && is_near(app.now(), call.time);
    trigger.filter(|_| fits).ok_or_else(refused)
}

fn refused() -> Fault {
    Fault::new(Code::Unauthenticated, "the signature of this call does not fit").fix(
        "sign `time.nonce.body` with HMAC-SHA256 under the trigger's secret, and send the time, in seconds since 1970 and at most five minutes off, as Lakegate-Timestamp, 8 to 128 characters never used before as Lakegate-Nonce, and v1= with the hexadecimal digits as Lakegate-Signature",
    )
}

fn is_near(now: DateTime<Utc>, time: &str) -> bool {
    let told = time.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    told.is_some_and(|told| (now - told).abs() <= TOLERANCE)
}

/// Compared in a time that tells nothing.
fn signs(secret: &[u8], call: Call<'_>) -> bool {
    let Some(digits) = call.signature.strip_prefix("v1=") else { return false };
    let Ok(signature) = hex::decode(digits) else { return false };
    // A key of any length fits.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return false };
    for part in [call.time.as_bytes(), b".", call.nonce.as_bytes(), b".", call.body] {
        mac.update(part);
    }
    mac.verify_slice(&signature).is_ok()
}

/// A new secret, to be shown once.
pub(super) fn new_secret(app: &App) -> String {
    format!("{PREFIX}{}", accounts::new_secret(app))
}
