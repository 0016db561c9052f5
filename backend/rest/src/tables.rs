//! What the caller may name in SQL.

use axum::{Json as Answer, Router, extract::State, routing::get};
use lakegate_app::query::schema::{self, ReadableColumn, ReadableTable};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use lakegate_http::{Refusal, Web, extract::Known};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new().route("/api/v1/tables", get(list_tables))
}

/// A table with the columns that the caller may read.
#[derive(Debug, Serialize, ToSchema)]
pub struct TableShape {
    id: Uuid,
    database: String,
    name: String,
    asset_id: Option<Uuid>,
    columns: Vec<TableColumnShape>,
    /// Whether columns of the table are left out.
    partial: bool,
    /// Whether rows may leave through downloads and exports.
    can_export: bool,
}

impl From<ReadableTable> for TableShape {
    fn from(table: ReadableTable) -> Self {
        Self {
            id: table.table.into(),
            database: table.database,
            name: table.name,
            asset_id: table.asset.map(Into::into),
            columns: table.columns.into_iter().map(Into::into).collect(),
            partial: table.partial,
            can_export: table.export,
        }
    }
}

/// A column that the caller may read.
#[derive(Debug, Serialize, ToSchema)]
pub struct TableColumnShape {
    id: Uuid,
    name: String,
    #[serde(rename = "type")]
    column_type: String,
    description: String,
}

impl From<ReadableColumn> for TableColumnShape {
    fn from(column: ReadableColumn) -> Self {
        Self {
            id: column.id.into(),
            name: column.name,
            column_type: column.column_type.to_string(),
            description: column.description,
        }
    }
}

/// Lists every table that the caller may read, acting in the project of the header `Lakegate-Project` or of the session.
#[utoipa::path(get, path = "/api/v1/tables", tag = "queries", responses((status = 200, body = Vec<TableShape>)))]
pub async fn list_tables(State(web): State<Web>, auth: Known) -> Result<Answer<Vec<TableShape>>, Refusal> {
    let tables = schema::tables(&web.app, &auth.caller).await?;
    Ok(Answer(tables.into_iter().map(Into::into).collect()))
}
