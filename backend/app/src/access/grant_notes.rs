//! What is told of direct grants: to their holders, and to the audit.

use lakegate_model::{Fault, catalog::Asset, grants::DirectGrant, ids::ProjectId};
use lakegate_policy::Actor;
use lakegate_store::{WriteTx, purposes::rule_purposes_of};
use serde_json::json;

use super::{
    asset_link,
    notices::{Message, notify},
    principals::people_behind,
};
use crate::{
    App, Caller,
    audit::{self, Event},
};

/// Tells the people behind the holder of a new grant on an asset's table.
pub(super) async fn tell_holder(
    app: &App,
    tx: &mut WriteTx,
    grant: &DirectGrant,
    asset: Option<&Asset>,
) -> Result<(), Fault> {
    let Some(asset) = asset else { return Ok(()) };
    let mut people = people_behind(tx, &grant.grantee()).await?;
    people.retain(|person| *person != grant.granted_by);
    let message = Message {
        kind: "grant.created",
        title: format!("You were given access to {}", asset.display_name()),
        body: grant.reason.clone(),
        link: asset_link(asset.id),
        once_key: None,
    };
    notify(app, tx, people, &message).await
}

/// The audit's event of a grant.
pub(crate) async fn record(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor): (&Caller, &Actor),
    action: &'static str,
    grant: &DirectGrant,
    owner: Option<ProjectId>,
) -> Result<(), Fault> {
    let purposes = rule_purposes_of(tx, grant.id.into()).await?;
    let mut event = Event::on(action, "grant", grant.id).with(json!({
        "purposes": purposes,
        "to": grant.grantee().to_string(), "table": grant.table_id, "database": grant.database_id, "tag": grant.tag,
        "columns_mode": grant.columns_mode, "columns": grant.columns, "export": grant.can_export,
        "hand_on": grant.can_grant, "parent": grant.parent_id, "from": grant.valid_from, "until": grant.valid_until,
        "row_filter": grant.row_filter.as_deref().map(lakegate_engine::mask_literals), "reason": grant.reason,
    }));
    event.owner_project = owner;
    audit::record(app, tx, caller, actor, event).await
}
