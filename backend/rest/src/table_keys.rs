//! Keys of tables: what identifies rows, and which columns name rows of other tables.

use axum::{
    Json as Answer, Router,
    extract::State,
    routing::{delete, get, post, put},
};
use lakegate_app::catalog::table_keys::{
    self, AssetRef, ForeignKeySuggestion, ForeignKeyView, KeysView, NewForeignKey, PrimaryKeyView,
};
use lakegate_model::ids::{AssetId, TableKeyId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, Path},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/assets/{asset}/keys", get(show_keys))
        .route("/api/v1/assets/{asset}/primary-key", put(set_primary_key))
        .route("/api/v1/assets/{asset}/foreign-keys", post(declare_foreign_key))
        .route("/api/v1/assets/{asset}/foreign-key-suggestions", get(suggest_foreign_keys))
        .route("/api/v1/keys/{table_key}", delete(remove_key))
}

/// An asset at an end of a key.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyedAssetShape {
    #[schema(value_type = Uuid)]
    id: AssetId,
    name: String,
}

/// What identifies the rows of a table.
#[derive(Debug, Serialize, ToSchema)]
pub struct PrimaryKeyShape {
    #[schema(value_type = Uuid)]
    id: TableKeyId,
    /// Names, in the order of the key.
    columns: Vec<String>,
    /// A column is gone or has a type that identifies nothing: told to those who may edit the asset.
    broken: bool,
}

/// Columns that name rows of a table.
#[derive(Debug, Serialize, ToSchema)]
pub struct ForeignKeyShape {
    #[schema(value_type = Uuid)]
    id: TableKeyId,
    asset: KeyedAssetShape,
    /// Names, in the order of the key.
    columns: Vec<String>,
    /// Null where there is nothing any more, or nothing that the caller may know.
    target: Option<KeyedAssetShape>,
    /// One for each of the columns; none without a target.
    target_columns: Vec<String>,
    /// It leads nowhere: told to those who may edit the asset.
    broken: bool,
}

/// The keys of a table.
#[derive(Debug, Serialize, ToSchema)]
pub struct TableKeysShape {
    primary: Option<PrimaryKeyShape>,
    foreign: Vec<ForeignKeyShape>,
    /// Keys that lead to this table.
    referenced_by: Vec<ForeignKeyShape>,
}

/// A foreign key that names and types suggest.
#[derive(Debug, Serialize, ToSchema)]
pub struct ForeignKeySuggestionShape {
    columns: Vec<String>,
    target: KeyedAssetShape,
    target_columns: Vec<String>,
}

impl From<AssetRef> for KeyedAssetShape {
    fn from(asset: AssetRef) -> Self {
        Self { id: asset.id, name: asset.name }
    }
}

impl From<PrimaryKeyView> for PrimaryKeyShape {
    fn from(key: PrimaryKeyView) -> Self {
        Self { id: key.id, columns: key.columns, broken: key.broken }
    }
}

impl From<ForeignKeyView> for ForeignKeyShape {
    fn from(key: ForeignKeyView) -> Self {
        Self {
            id: key.id,
            asset: key.asset.into(),
            columns: key.columns,
            target: key.target.map(Into::into),
            target_columns: key.target_columns,
            broken: key.broken,
        }
    }
}

impl From<KeysView> for TableKeysShape {
    fn from(view: KeysView) -> Self {
        Self {
            primary: view.primary.map(Into::into),
            foreign: view.foreign.into_iter().map(Into::into).collect(),
            referenced_by: view.referenced_by.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<ForeignKeySuggestion> for ForeignKeySuggestionShape {
    fn from(found: ForeignKeySuggestion) -> Self {
        Self { columns: vec![found.column], target: found.target.into(), target_columns: vec![found.target_column] }
    }
}

/// The columns of a primary key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrimaryKeyInput {
    /// Names, in the order of the key; none take the key away.
    columns: Vec<String>,
}

/// A foreign key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForeignKeyInput {
    /// Names, in the order of the key.
    columns: Vec<String>,
    /// The asset that the columns lead to, which may be the same.
    #[schema(value_type = Uuid)]
    target: AssetId,
    /// One for each of the columns, of a type that fits.
    target_columns: Vec<String>,
}

/// The keys of an asset, as far as the caller may know both their ends.
#[utoipa::path(get, path = "/api/v1/assets/{asset}/keys", tag = "assets", params(("asset" = Uuid, Path)),
    responses((status = 200, body = TableKeysShape)))]
pub async fn show_keys(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
) -> Result<Answer<TableKeysShape>, Refusal> {
    Ok(Answer(table_keys::view(&web.app, &auth.caller, asset).await?.into()))
}

/// Makes columns the primary key of an asset, in the place of the one it had.
#[utoipa::path(put, path = "/api/v1/assets/{asset}/primary-key", tag = "assets", params(("asset" = Uuid, Path)),
    request_body = PrimaryKeyInput, responses((status = 200, body = TableKeysShape)))]
pub async fn set_primary_key(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
    Json(input): Json<PrimaryKeyInput>,
) -> Result<Answer<TableKeysShape>, Refusal> {
    Ok(Answer(table_keys::set_primary(&web.app, &auth.caller, asset, &input.columns).await?.into()))
}

/// Declares that columns of an asset name rows of another. The caller has to know both ends.
#[utoipa::path(post, path = "/api/v1/assets/{asset}/foreign-keys", tag = "assets", params(("asset" = Uuid, Path)),
    request_body = ForeignKeyInput, responses((status = 200, body = TableKeysShape)))]
pub async fn declare_foreign_key(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
    Json(input): Json<ForeignKeyInput>,
) -> Result<Answer<TableKeysShape>, Refusal> {
    let ForeignKeyInput { columns, target, target_columns } = input;
    let new = NewForeignKey { asset, columns, target, target_columns };
    Ok(Answer(table_keys::declare_foreign(&web.app, &auth.caller, &new).await?.into()))
}

/// Foreign keys that names and types suggest, for those who may edit the asset.
#[utoipa::path(get, path = "/api/v1/assets/{asset}/foreign-key-suggestions", tag = "assets",
    params(("asset" = Uuid, Path)), responses((status = 200, body = Vec<ForeignKeySuggestionShape>)))]
pub async fn suggest_foreign_keys(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
) -> Result<Answer<Vec<ForeignKeySuggestionShape>>, Refusal> {
    let found = table_keys::suggestions(&web.app, &auth.caller, asset).await?;
    Ok(Answer(found.into_iter().map(Into::into).collect()))
}

/// Takes a key back.
#[utoipa::path(delete, path = "/api/v1/keys/{table_key}", tag = "assets", params(("table_key" = Uuid, Path)),
    responses((status = 200, body = TableKeysShape)))]
pub async fn remove_key(
    State(web): State<Web>,
    auth: Known,
    Path(key): Path<TableKeyId>,
) -> Result<Answer<TableKeysShape>, Refusal> {
    Ok(Answer(table_keys::remove(&web.app, &auth.caller, key).await?.into()))
}
