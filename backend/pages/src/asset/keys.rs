//! The keys of an asset: what is declared, declaring more, and what names and types suggest.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::catalog::{
    assets,
    table_keys::{self, AssetRef, ForeignKeySuggestion, ForeignKeyView, KeysView, NewForeignKey},
};
use lakegate_model::{
    Fault,
    ids::{AssetId, TableKeyId},
};

use super::{
    head::{AssetHead, asset_href},
    words::split,
};
use crate::{
    fields::Fields,
    flash,
    kit::{Choice, Crumb, Wrong},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/assets/{id}/keys", get(page))
        .route("/assets/{id}/keys/primary", post(set_primary))
        .route("/assets/{id}/keys/foreign", post(declare_foreign))
        .route("/assets/{id}/keys/{table_key}/remove", post(remove))
}

/// A key as a line of a table.
pub(super) struct KeyRow {
    pub(super) kind: &'static str,
    /// Of the table whose page it is.
    pub(super) columns: String,
    /// The other end, with the names of its columns.
    pub(super) other: Option<(Crumb, String)>,
    pub(super) broken: bool,
    /// Where it is taken back; empty if it is not this table's, or the reader may not.
    pub(super) remove: String,
}

/// A foreign key that one click declares.
struct Offer {
    column: String,
    target: String,
    target_name: String,
    target_column: String,
}

#[derive(Template)]
#[template(path = "assets/keys.html")]
struct KeysPage {
    shell: Shell,
    head: AssetHead,
    keys: Vec<KeyRow>,
    offers: Vec<Offer>,
    may_edit: bool,
    /// What the forms hold.
    key_columns: String,
    columns: String,
    target: String,
    target_columns: String,
    targets: Vec<Choice>,
    wrong: Wrong,
}

/// The keys of an asset as lines: its own first.
pub(super) fn key_rows(id: AssetId, view: &KeysView) -> Vec<KeyRow> {
    let remove = |key: TableKeyId| match view.may_edit {
        true => format!("{}/keys/{key}/remove", asset_href(id)),
        false => String::new(),
    };
    let primary = view.primary.iter().map(|key| KeyRow {
        kind: "Primary key",
        columns: key.columns.join(", "),
        other: None,
        broken: key.broken,
        remove: remove(key.id),
    });
    let foreign = view.foreign.iter().map(|key| KeyRow {
        kind: "Refers to",
        columns: key.columns.join(", "),
        other: key.target.as_ref().map(|target| (link(target), key.target_columns.join(", "))),
        broken: key.broken,
        remove: remove(key.id),
    });
    let referenced = view.referenced_by.iter().map(|key: &ForeignKeyView| KeyRow {
        kind: "Referred to by",
        columns: key.target_columns.join(", "),
        other: Some((link(&key.asset), key.columns.join(", "))),
        broken: false,
        remove: String::new(),
    });
    primary.chain(foreign).chain(referenced).collect()
}

fn link(asset: &AssetRef) -> Crumb {
    Crumb { label: asset.name.clone(), href: asset_href(asset.id) }
}

fn offer(found: ForeignKeySuggestion) -> Offer {
    Offer {
        column: found.column,
        target: found.target.id.to_string(),
        target_name: found.target.name,
        target_column: found.target_column,
    }
}

async fn keys_page(web: &Web, frame: Framed, id: AssetId, fields: &Fields, wrong: Wrong) -> Result<KeysPage, Fault> {
    let caller = &frame.reader.caller;
    let head = AssetHead::new(&assets::view(&web.app, caller, id).await?, "Keys");
    let view = table_keys::view(&web.app, caller, id).await?;
    let (mut offers, mut targets) = (Vec::new(), Vec::new());
    if view.may_edit {
        offers.extend(table_keys::suggestions(&web.app, caller, id).await?.into_iter().map(offer));
        let all = table_keys::targets(&web.app, caller, id).await?;
        targets.extend(all.into_iter().map(|asset| Choice::new(asset.id.to_string(), asset.name)));
    }
    let present = view.primary.as_ref().map(|key| key.columns.join(", ")).unwrap_or_default();
    Ok(KeysPage {
        keys: key_rows(id, &view),
        offers,
        targets,
        may_edit: view.may_edit,
        key_columns: if fields.has("key_columns") { fields.one("key_columns").to_owned() } else { present },
        columns: fields.one("columns").to_owned(),
        target: fields.one("target").to_owned(),
        target_columns: fields.one("target_columns").to_owned(),
        head,
        wrong,
        shell: frame.shell,
    })
}

async fn page(State(web): State<Web>, Path(id): Path<AssetId>, frame: Framed) -> Result<Response, Refusal> {
    show(StatusCode::OK, &keys_page(&web, frame, id, &Fields::default(), Wrong::default()).await?)
}

/// The address of the keys, after a change; or the page with what was wrong beside its field.
async fn answered(
    web: &Web,
    frame: Framed,
    id: AssetId,
    fields: &Fields,
    (made, said): (Result<KeysView, Fault>, &str),
) -> Result<Response, Refusal> {
    match made {
        Ok(_) => Ok(flash::done(&format!("{}/keys", asset_href(id)), said)),
        Err(fault) => {
            let (status, wrong) = Wrong::take(fault)?;
            show(status, &keys_page(web, frame, id, fields, wrong).await?)
        }
    }
}

async fn set_primary(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    let columns = split(fields.one("key_columns"));
    let made = table_keys::set_primary(&web.app, &frame.reader.caller, id, &columns).await;
    let made =
        made.map_err(|fault| if fault.field.as_deref() == Some("columns") { fault.on("key_columns") } else { fault });
    let said = if columns.is_empty() { "The table has no primary key now." } else { "The primary key is declared." };
    answered(&web, frame, id, &fields, (made, said)).await
}

async fn declare_foreign(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    let made = declare(&web, &frame, id, &fields).await;
    answered(&web, frame, id, &fields, (made, "The foreign key is declared.")).await
}

async fn declare(web: &Web, frame: &Framed, asset: AssetId, fields: &Fields) -> Result<KeysView, Fault> {
    let new = NewForeignKey {
        asset,
        columns: split(fields.one("columns")),
        target: fields.id("target")?,
        target_columns: split(fields.one("target_columns")),
    };
    table_keys::declare_foreign(&web.app, &frame.reader.caller, &new).await
}

async fn remove(
    State(web): State<Web>,
    Path((id, key)): Path<(AssetId, TableKeyId)>,
    reader: SignedIn,
) -> Result<Response, Refusal> {
    table_keys::remove(&web.app, &reader.caller, key).await?;
    Ok(flash::done(&format!("{}/keys", asset_href(id)), "The key was taken back."))
}
