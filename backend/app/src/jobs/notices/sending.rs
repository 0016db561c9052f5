//! Sending one notice: a try of the run that [`super::NOTIFY`] is.

use lakegate_jobs::{JobError, RunContext};
use lakegate_model::{
    Code, Fault,
    ids::{RunDeliveryId, UserId},
    run_notices::{RunDelivery, RunWatch},
    words::{DeliveryState, NoticeWay},
};
use lakegate_store::{Tx, actors, in_read, in_write, run_notices as store, users};
use serde_json::{Value, json};

use super::{
    seen::see,
    webhook::{self, Answer},
    words::{self, Words},
};
use crate::{
    App,
    access::notices::{Message, notify},
    seal,
};

/// A notice that can be sent.
struct Ready {
    delivery: RunDelivery,
    watch: RunWatch,
    words: Words,
    /// Where mail goes.
    email: Option<String>,
    /// What a webhook is signed with.
    secret: Option<Vec<u8>>,
}

/// What is to be done with a notice.
enum Prepared {
    /// It was sent already, or nobody wants it any more.
    Gone,
    /// Its reader may not see the run.
    Withheld,
    Ready(Box<Ready>),
}

/// Sends the notice of a run of [`super::NOTIFY`].
///
/// # Errors
/// Why it did not arrive, and whether another attempt may go better. The words name no receiver: whoever looks after the
/// queue reads them.
pub async fn send(app: &App, run: &RunContext) -> Result<Value, JobError> {
    let id: RunDeliveryId =
        run.run().subject_id.ok_or_else(|| Fault::internal("a run without a notice")).map_err(JobError::Final)?.into();
    match prepare(app, id).await? {
        Prepared::Gone => Ok(sent(false)),
        Prepared::Withheld => {
            in_write!(&app.db, |tx, _scope| {
                run.hold(tx).await?;
                let why = "you may not see this run any more";
                Ok(store::delivery_ended(tx, id, DeliveryState::Withheld, why).await?)
            })?;
            Ok(sent(false))
        }
        Prepared::Ready(ready) => match ready.watch.way {
            NoticeWay::Portal => in_portal(app, run, &ready).await,
            NoticeWay::Webhook => by_webhook(app, run, &ready).await,
            NoticeWay::Mail => by_mail(app, run, &ready).await,
        },
    }
}

fn sent(sent: bool) -> Value {
    json!({ "sent": sent })
}

async fn prepare(app: &App, id: RunDeliveryId) -> Result<Prepared, Fault> {
    in_read!(&app.db, |tx, scope| {
        let waiting = store::delivery_find(tx, id).await?.filter(|found| found.state == DeliveryState::Waiting);
        let Some(delivery) = waiting else { return Ok(Prepared::Gone) };
        let Some(watch) = store::watch_find(tx, delivery.watch_id).await? else { return Ok(Prepared::Gone) };
        let Some(actor) = actors::user_actor(tx, watch.user_id).await? else { return Ok(Prepared::Withheld) };
        let seen = see(app, tx, (scope, &actor), &watch, &delivery).await?;
        if delivery.about().is_some() && seen.is_none() {
            return Ok(Prepared::Withheld);
        }
        let words = words::of(&delivery, seen.as_ref(), app.settings.notices.base.as_deref());
        let email = email_of(tx, watch.user_id).await?;
        let secret = secret_of(app, tx, &watch).await?;
        Ok(Prepared::Ready(Box::new(Ready { delivery, watch, words, email, secret })))
    })
}

async fn email_of(tx: &mut Tx, user: UserId) -> Result<Option<String>, Fault> {
    Ok(users::user_find(tx, user).await?.and_then(|user| user.email))
}

async fn secret_of(app: &App, tx: &mut Tx, watch: &RunWatch) -> Result<Option<Vec<u8>>, Fault> {
    let Some(id) = watch.secret_id else { return Ok(None) };
    seal::kept(app, tx, id).await
}

/// The message and that it was sent stand in one transaction, so it comes once.
async fn in_portal(app: &App, run: &RunContext, ready: &Ready) -> Result<Value, JobError> {
    let message = Message {
        kind: "job.run",
        title: ready.words.title.clone(),
        body: ready.words.body.clone(),
        link: ready.words.link.clone(),
        once_key: Some(format!("run delivery {}", ready.delivery.id)),
    };
    in_write!(&app.db, |tx, _scope| {
        run.hold(tx).await?;
        notify(app, tx, [ready.watch.user_id], &message).await?;
        let id = ready.delivery.id;
        Ok(store::delivery_tried(tx, id, DeliveryState::Delivered, (None, None), app.now()).await?)
    })?;
    Ok(sent(true))
}

async fn by_webhook(app: &App, run: &RunContext, ready: &Ready) -> Result<Value, JobError> {
    let (Some(address), Some(secret)) = (&ready.watch.address, &ready.secret) else {
        let error = Some("the secret of this webhook cannot be opened any more".to_owned());
        return conclude(app, run, ready, Answer { status: None, error, again: false }).await;
    };
    let attempt = (ready.delivery.id, ready.delivery.attempts + 1);
    let answer = webhook::post(app, address, secret, attempt, ready.words.data.to_string()).await?;
    lakegate_model::failpoint!("notice.sent");
    conclude(app, run, ready, answer).await
}

async fn by_mail(app: &App, run: &RunContext, ready: &Ready) -> Result<Value, JobError> {
    let (Some(mail), Some(email)) = (&app.settings.notices.mail, &ready.email) else {
        let error = Some("there is no mail server, or your account has no e-mail address".to_owned());
        return conclude(app, run, ready, Answer { status: None, error, again: false }).await;
    };
    let answer = match mail.send(ready.delivery.id, email, &ready.words).await {
        Ok(()) => Answer { status: None, error: None, again: false },
        Err(not_sent) => {
            tracing::warn!(cause = not_sent.fault.cause, "a notice was not sent by mail");
            Answer { status: None, error: Some(not_sent.fault.message), again: not_sent.again }
        }
    };
    conclude(app, run, ready, answer).await
}

/// Writes down what came of an attempt, and says whether there is another one.
async fn conclude(app: &App, run: &RunContext, ready: &Ready, answer: Answer) -> Result<Value, JobError> {
    let last = !answer.again || run.run().tries + 1 >= run.run().max_tries;
    let state = match &answer.error {
        None => DeliveryState::Delivered,
        Some(_) if last => DeliveryState::Failed,
        Some(_) => DeliveryState::Waiting,
    };
    in_write!(&app.db, |tx, _scope| {
        run.hold(tx).await?;
        let said = (answer.status.map(i64::from), answer.error.as_deref());
        Ok(store::delivery_tried(tx, ready.delivery.id, state, said, app.now()).await?)
    })?;
    let fault = Fault::new(Code::Dependency, "the notice did not arrive");
    match answer.error {
        None => Ok(sent(true)),
        Some(_) if last => Err(JobError::Final(fault)),
        Some(_) => Err(JobError::Retry(fault)),
    }
}
