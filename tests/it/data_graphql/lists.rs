//! Lists and groups give what the same question gives in SQL.

use super::{data, refused, text};
use crate::grants::Registry;
use lakegate_tests::{Client, Value, both, story::rows};
use serde_json::json;

pub(super) type Table = Vec<Vec<Option<String>>>;

/// What a question gives in SQL.
pub(super) async fn by_sql(client: &Client, sql: &str) -> Table {
    rows(client, sql).await.iter().map(|row| row.iter().map(text).collect()).collect()
}

/// The cells of nodes at pointers.
pub(super) fn cells(nodes: &Value, pointers: &[&str]) -> Table {
    let nodes = nodes.as_array().unwrap_or_else(|| panic!("no list: {nodes}"));
    let cell =
        |node: &Value, pointer: &&str| text(node.pointer(pointer).unwrap_or_else(|| panic!("{pointer} of {node}")));
    nodes.iter().map(|node| pointers.iter().map(|pointer| cell(node, pointer)).collect()).collect()
}

/// Every page of a list, so many rows each.
async fn pages(client: &Client, field: &str, arguments: &str, columns: &[&str], first: usize) -> Table {
    let query = format!(
        "query ($after: String) {{ {field}(first: {first}, after: $after{arguments}) {{
            edges {{ cursor node {{ {} }} }} pageInfo {{ hasNextPage hasPreviousPage endCursor }} }} }}",
        columns.join(" ")
    );
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let found = data(client, &query, json!({ "after": after })).await[field].clone();
        assert_eq!(found["pageInfo"]["hasPreviousPage"], json!(!after.is_null()));
        let pointers: Vec<String> = columns.iter().map(|column| format!("/node/{column}")).collect();
        let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
        let page = cells(&found["edges"], &pointers);
        assert!(page.len() <= first);
        all.extend(page);
        after = found["pageInfo"]["endCursor"].clone();
        let last = found["edges"].as_array().unwrap().last().map(|edge| edge["cursor"].clone());
        assert_eq!(last.unwrap_or_default(), after);
        if found["pageInfo"]["hasNextPage"] != true {
            return all;
        }
    }
}

/// Filters and what they are in SQL.
fn filters() -> Vec<(Value, &'static str)> {
    vec![
        (json!({}), "true"),
        (json!({ "age": { "gte": 30, "lt": 40 } }), "age >= 30 and age < 40"),
        (json!({ "gender": { "eq": "female" }, "age": { "gt": 50 } }), "gender = 'female' and age > 50"),
        (json!({ "designation": { "in": ["Chair", "Founder"] } }), "designation in ('Chair', 'Founder')"),
        (json!({ "designation": { "notIn": ["Chair"] } }), "designation not in ('Chair')"),
        (json!({ "designation": { "isNull": true } }), "designation is null"),
        (json!({ "last_name": { "like": "S%" } }), "last_name like 'S%'"),
        (json!({ "last_name": { "ilike": "s%" } }), "last_name ilike 's%'"),
        (json!({ "last_name": { "notLike": "S%" } }), "last_name not like 'S%'"),
        (json!({ "last_name": { "eq": "O'Hara\\\"; --" } }), "false"),
        (json!({ "address": { "like": "%\n%" } }), "address like '%\n%'"),
        (json!({ "_not": { "gender": { "ne": "other" } } }), "not (gender <> 'other')"),
        (json!({ "_or": [{ "age": { "lt": 25 } }, { "gender": { "eq": "other" } }] }), "age < 25 or gender = 'other'"),
        (
            json!({ "_and": [{ "age": { "lte": 60 } }, { "_or": [{ "age": { "ne": 30 } }] }] }),
            "age <= 60 and age <> 30",
        ),
        (json!({ "people_id": { "in": [] } }), "false"),
    ]
}

both!(
    async fn filters_are_what_sql_says(app) {
        let registry = Registry::of(app).await;
        let olga = registry.producer.acting();
        let field = format!("{}__owners", registry.producer.environment.published);
        let query = format!(
            "query ($filter: {field}__Filter) {{ {field}(first: 200, filter: $filter, orderBy: {{ column: people_id }}) {{
                nodes {{ people_id age address }} }} }}"
        );
        let mut counts = Vec::new();
        for (filter, sql) in filters() {
            let found = data(&olga, &query, json!({ "filter": filter })).await;
            let sql = format!("select people_id, age, address from {} where {sql} order by people_id", registry.table("owners"));
            let expected = by_sql(&olga, &sql).await;
            assert_eq!(cells(&found[&field]["nodes"], &["/people_id", "/age", "/address"]), expected, "{filter}");
            counts.push(expected.len());
        }
        assert!(counts.iter().filter(|count| (1..100).contains(*count)).count() > 6, "{counts:?}");
    }
);

both!(
    async fn pages_follow_each_other_without_a_key(app) {
        let registry = Registry::of(app).await;
        let olga = registry.producer.acting();
        let field = format!("{}__owners", registry.producer.environment.published);
        let table = registry.table("owners");
        // Many owners look alike in these.
        let expected = by_sql(&olga, &format!("select gender, designation from {table} order by gender, designation")).await;
        for first in [1, 7, 40, 100] {
            assert_eq!(pages(&olga, &field, "", &["gender", "designation"], first).await, expected, "{first}");
        }
        let down = format!("select age, gender from {table} order by age desc, gender");
        let order = ", orderBy: [{ column: age, direction: DESC }]";
        assert_eq!(pages(&olga, &field, order, &["age", "gender"], 9).await, by_sql(&olga, &down).await);
        let some = format!("select designation from {table} where age > 30 order by designation desc nulls first");
        let order = ", filter: { age: { gt: 30 } }, orderBy: { column: designation, direction: DESC }";
        assert_eq!(pages(&olga, &field, order, &["designation"], 11).await, by_sql(&olga, &some).await);
        let different = format!("select distinct designation, gender from {table} order by designation, gender");
        let found = pages(&olga, &field, ", distinct: true", &["designation", "gender"], 4).await;
        assert_eq!(found, by_sql(&olga, &different).await);
        let moved = format!("{{ {field}(first: 3, offset: 5) {{ nodes {{ people_id }} pageInfo {{ hasPreviousPage endCursor }} }} }}");
        let found = data(&olga, &moved, json!({})).await;
        assert_eq!(cells(&found[&field]["nodes"], &["/people_id"]), by_sql(&olga, &format!("select people_id from {table} order by people_id limit 3 offset 5")).await);
        let on = format!("query ($after: String) {{ {field}(first: 2, after: $after) {{ nodes {{ people_id }} }} }}");
        let found = data(&olga, &on, json!({ "after": found[&field]["pageInfo"]["endCursor"] })).await;
        assert_eq!(cells(&found[&field]["nodes"], &["/people_id"]), by_sql(&olga, &format!("select people_id from {table} order by people_id limit 2 offset 8")).await);
    }
);

both!(
    async fn groups_are_what_sql_says(app) {
        let registry = Registry::of(app).await;
        let olga = registry.producer.acting();
        let (field, table) = (format!("{}__owners__aggregate", registry.producer.environment.published), registry.table("owners"));
        let whole = format!(
            "{{ {field} {{ nodes {{ count sum {{ age }} average {{ age }} min {{ age last_name }} max {{ age }} countDistinct {{ gender }} }} }} }}"
        );
        let found = data(&olga, &whole, json!({})).await;
        let sql = format!("select count(*), sum(age), avg(age), min(age), min(last_name), max(age), count(distinct gender) from {table}");
        let pointers = ["/count", "/sum/age", "/average/age", "/min/age", "/min/last_name", "/max/age", "/countDistinct/gender"];
        assert_eq!(cells(&found[&field]["nodes"], &pointers), by_sql(&olga, &sql).await);

        let grouped = format!(
            "query ($after: String) {{ {field}(first: 4, after: $after, filter: {{ age: {{ gt: 20 }} }}, orderBy: {{ column: gender, direction: DESC }}) {{
                nodes {{ keys {{ designation gender }} count max {{ age }} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        );
        let sql = format!(
            "select designation, gender, count(*), max(age) from {table} where age > 20 group by 1, 2 order by gender desc, designation"
        );
        let (mut all, mut after) = (Vec::new(), Value::Null);
        while all.is_empty() || !after.is_null() {
            let page = data(&olga, &grouped, json!({ "after": after })).await[&field].clone();
            all.extend(cells(&page["nodes"], &["/keys/designation", "/keys/gender", "/count", "/max/age"]));
            after = if page["pageInfo"]["hasNextPage"] == true { page["pageInfo"]["endCursor"].clone() } else { Value::Null };
        }
        assert_eq!(all, by_sql(&olga, &sql).await);
        assert!(all.len() > 8, "{all:?}");
        let foreign = format!("{{ {field}(orderBy: {{ column: age }}) {{ nodes {{ count keys {{ gender }} }} }} }}");
        assert_eq!(refused(&olga, &foreign, json!({})).await, ("invalid".to_owned(), "orderBy".to_owned()));
    }
);

both!(
    async fn several_fields_are_several_recorded_queries(app) {
        let registry = Registry::of(app).await;
        let olga = registry.producer.acting();
        let auditor = app.person_with("aud", &["auditor"]).await;
        let field = format!("{}__owners", registry.producer.environment.published);
        let queries = async || auditor.all("/api/v1/audit?action=query", 200).await;
        let count = |events: &[Value], action: &str| events.iter().filter(|event| event["action"] == action).count();
        let before = queries().await;
        let parts: Vec<String> = (0..12).map(|nth| format!("a{nth}: {field}(first: 1, filter: {{ last_name: {{ ne: \"sesame\" }} }}) {{ nodes {{ age }} }}")).collect();
        let found = data(&olga, &format!("{{ {} }}", parts.join(" ")), json!({})).await;
        assert_eq!(found.as_object().unwrap().len(), 12);
        let after = queries().await;
        for action in ["query.start", "query.end"] {
            assert_eq!(count(&after, action) - count(&before, action), 12, "{action}");
        }
        let texts = serde_json::to_string(&after).unwrap();
        assert!(texts.contains("owners") && !texts.contains("sesame"), "{texts}");
        // What is not asked for is not read.
        let newest = after.iter().find(|event| event["action"] == "query.start").unwrap().to_string();
        assert!(newest.contains("age") && !newest.contains("designation"), "{newest}");
    }
);
