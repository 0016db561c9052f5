//! Declared keys, for tests of what the schema makes of them.

use crate::grants::Registry;
use lakegate_tests::{Client, Value};
use serde_json::json;

const KEYS: &str = "ok problem { code field message } keys { primary { id columns broken }
    foreign { id columns target { id name } targetColumns broken } referencedBy { id asset { id } columns } }";

/// Sets a primary key; gives the payload.
pub async fn primary(client: &Client, asset: &str, columns: &[&str]) -> Value {
    let text = format!(
        "mutation ($asset: ID!, $columns: [String!]!) {{ setPrimaryKey(asset: $asset, columns: $columns) {{ {KEYS} }} }}"
    );
    client.data(&text, json!({ "asset": asset, "columns": columns })).await["setPrimaryKey"].clone()
}

/// Declares a foreign key; gives the payload.
pub async fn foreign(client: &Client, from: (&str, &[&str]), to: (&str, &[&str])) -> Value {
    let text =
        format!("mutation ($input: DeclareForeignKeyInput!) {{ declareForeignKey(input: $input) {{ {KEYS} }} }}");
    let input = json!({ "asset": from.0, "columns": from.1, "target": to.0, "targetColumns": to.1 });
    client.data(&text, json!({ "input": input })).await["declareForeignKey"].clone()
}

/// Takes a key back; gives the payload.
pub async fn removed(client: &Client, key: &str) -> Value {
    let text = format!("mutation ($id: ID!) {{ removeTableKey(id: $id) {{ {KEYS} }} }}");
    client.data(&text, json!({ "id": key })).await["removeTableKey"].clone()
}

/// The keys of an asset.
pub async fn keys(client: &Client, asset: &str) -> Value {
    client.get(&format!("/api/v1/assets/{asset}/keys")).await.ok()
}

/// The names of two tables and of the ways between them.
pub struct Names {
    pub owners: String,
    pub companies: String,
    /// From a company to its owner.
    pub owner: String,
    /// From an owner to the companies.
    pub owned: String,
}

/// Owners have a primary key, to which companies lead.
pub async fn declared(registry: &Registry) -> Names {
    let olga = &registry.producer.owner;
    let made = primary(olga, &registry.owners, &["people_id"]).await;
    assert_eq!(made["ok"], true, "{made}");
    let made = foreign(olga, (&registry.companies, &["owner_id"]), (&registry.owners, &["people_id"])).await;
    assert_eq!(made["ok"], true, "{made}");
    let [owners, companies] =
        ["owners", "companies"].map(|table| format!("{}__{table}", registry.producer.environment.published));
    Names { owner: format!("{owners}__of__owner_id"), owned: format!("{companies}__by__owner_id"), owners, companies }
}
