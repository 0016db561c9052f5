#![allow(clippy::unwrap_used)]
use super::*;
use crate::fixtures::shape;
use async_graphql::Request;
use serde_json::Value as Json;

async fn asked(shape: Shape, query: &str) -> Json {
    let endpoint = build(&shape).unwrap();
    let request = Request::new(query).data(Looking::at(std::sync::Arc::new(shape)));
    serde_json::to_value(endpoint.schema.execute(request).await).unwrap()
}

#[tokio::test]
async fn a_schema_shows_its_own_shape() {
    let found =
        asked(shape(), "{ __type(name: \"registry_pub__owners__Row\") { fields { name description type { name } } } }")
            .await;
    let fields = found["data"]["__type"]["fields"].as_array().unwrap();
    let names: Vec<&str> = fields.iter().map(|field| field["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["age", "name", "Odd_x020xName", "amount", "phone", "tags"]);
    let types: Vec<&str> = fields.iter().map(|field| field["type"]["name"].as_str().unwrap()).collect();
    assert_eq!(types, ["Int", "String", "String", "Decimal", "String", "JSON"]);
    assert!(fields[4]["description"].as_str().unwrap().contains("Masked"), "{found}");
}

#[tokio::test]
async fn no_name_is_suggested() {
    let found = asked(shape(), "{ registry_pub__owners { nodes { agee } } registry_pub__owner { __typename } }").await;
    let text = found["errors"].to_string();
    assert!(text.contains("agee") && !text.contains("mean"), "{text}");
}

#[tokio::test]
async fn nobody_without_tables_is_refused_a_schema() {
    assert_eq!(
        asked(Shape::default(), "{ _tables { field } __typename }").await["data"]["_tables"],
        serde_json::json!([])
    );
}

#[tokio::test]
async fn tables_of_odd_columns_have_a_schema() {
    let mut odd = shape();
    odd.tables[0].columns.retain(|column| column.field == "tags");
    let found = asked(odd, "{ __schema { types { name } } _tables { columns { field masked } } }").await;
    assert!(found["errors"].is_null(), "{found}");
    let mut words = shape();
    for name in ["true", "_and", "__typename", "nodes", "Query"] {
        words.tables[0].columns.push(crate::fixtures::column(name, lakegate_model::columns::ColumnType::Date));
    }
    let found = asked(words, "{ __schema { types { name fields { name } inputFields { name } } } }").await;
    assert!(found["errors"].is_null(), "{found}");
}
