//! What became of notices, and sending them once more.

use lakegate_model::{
    Code, Fault, Page, PageRequest,
    ids::{RunDeliveryId, RunWatchId},
    run_notices::{RunDelivery, RunWatch},
    words::{DeliveryState, NoticeWay, RunNews, TokenScope},
};
use lakegate_policy::{Actor, Scope};
use lakegate_store::{Tx, run_notices as store};
use serde_json::json;

use super::{
    planning,
    seen::{Seen, see},
    watches,
};
use crate::{App, Caller, audit, caller::person};

/// Notices of one watch that may wait before trials are refused.
const WAITING: i64 = 20;

/// A notice with what it is about.
#[derive(Debug, Clone)]
pub struct DeliveryView {
    pub delivery: RunDelivery,
    pub way: NoticeWay,
    /// The run as the caller sees it; `None` for a trial.
    pub about: Option<Seen>,
}

/// The caller's notices, the latest first: all, or those of one watch. Left out are those of runs that he may not see any
/// more, so a page may be shorter than asked for.
pub async fn list(
    app: &App,
    caller: &Caller,
    watch: Option<RunWatchId>,
    page: &PageRequest,
) -> Result<Page<DeliveryView>, Fault> {
    look!(app, caller, "run_watch.list", |tx, scope, actor| {
        let user = person(actor, TokenScope::Read)?;
        if let Some(id) = watch {
            watches::own(tx, user, id).await.map(drop)?;
        }
        let found = store::delivery_list(tx, user, watch, page).await?;
        let mut items = Vec::new();
        for delivery in found.items {
            items.extend(view(app, tx, (scope, actor), delivery).await?.map(|(view, _)| view));
        }
        Ok(Page { items, next: found.next })
    })
}

/// `None` if the run is not the caller's to see.
async fn view(
    app: &App,
    tx: &mut Tx,
    who: (&Scope, &Actor),
    delivery: RunDelivery,
) -> Result<Option<(DeliveryView, RunWatch)>, Fault> {
    let Some(watch) = store::watch_find(tx, delivery.watch_id).await? else { return Ok(None) };
    let about = see(app, tx, who, &watch, &delivery).await?;
    if delivery.about().is_some() && about.is_none() {
        return Ok(None);
    }
    Ok(Some((DeliveryView { delivery, way: watch.way, about }, watch)))
}

/// Sends a notice once more, under the same id.
///
/// # Errors
/// `conflict` while it is still on its way, and where it stands in the portal already.
pub async fn replay(app: &App, caller: &Caller, id: RunDeliveryId) -> Result<DeliveryView, Fault> {
    change!(app, caller, "run_watch.replay", |tx, scope, actor| {
        let user = person(actor, TokenScope::Write)?;
        let found = store::delivery_find(tx, id).await?.filter(|found| found.user_id == user);
        let seen = match found {
            Some(found) => view(app, tx, (scope, actor), found).await?,
            None => None,
        };
        let (mut seen, watch) = seen.ok_or_else(|| Fault::not_found("notice"))?;
        if seen.way == NoticeWay::Portal && seen.delivery.state == DeliveryState::Delivered {
            return Err(Fault::new(Code::Conflict, "this notice stands in the portal already"));
        }
        if !store::delivery_again(tx, id).await? {
            return Err(Fault::new(Code::Conflict, "this notice is on its way"));
        }
        planning::enqueue(&app.queue, tx, &seen.delivery).await?;
        let event = watches::event("run_watch.replay", &watch).with(json!({ "delivery": id }));
        audit::record(app, tx, caller, actor, event).await?;
        seen.delivery = store::delivery_find(tx, id).await?.ok_or_else(|| Fault::internal("the notice is absent"))?;
        Ok(seen)
    })
}

/// Sends a notice of nothing, to see whether notices arrive.
///
/// # Errors
/// `conflict` while many notices of this watch are on their way.
pub async fn test(app: &App, caller: &Caller, id: RunWatchId) -> Result<(), Fault> {
    change!(app, caller, "run_watch.test", |tx, scope, actor| {
        let watch = watches::own(tx, person(actor, TokenScope::Write)?, id).await?;
        if store::deliveries_waiting(tx, id).await? >= WAITING {
            return Err(Fault::new(Code::Conflict, format!("{WAITING} notices are on their way already"))
                .fix("wait until they have arrived or failed"));
        }
        planning::put(&app.queue, tx, &watch, None, (RunNews::Test, app.now())).await?;
        audit::record(app, tx, caller, actor, watches::event("run_watch.test", &watch)).await
    })
}
