//! Fields by key and relations give what the same question gives in SQL.

use super::{
    data,
    keyed::{Names, declared},
    lists::{by_sql, cells},
    refused,
};
use crate::grants::Registry;
use lakegate_tests::{Client, Value, both};
use serde_json::json;

/// How many queries have begun, as the audit counts them.
async fn begun(auditor: &Client) -> usize {
    let events = auditor.all("/api/v1/audit?action=query.start", 200).await;
    events.iter().filter(|event| event["action"] == "query.start").count()
}

both!(
    async fn a_key_gives_one_row_or_none(app) {
        let registry = Registry::of(app).await;
        let Names { owners, owned, .. } = declared(&registry).await;
        let olga = registry.producer.acting();
        let query = format!(
            "query ($id: BigInt!) {{ one: {owners}__byKey(people_id: $id) {{ last_name {owned}(first: 1) {{ nodes {{ company_id }} }} }} }}"
        );
        let sql = format!("select last_name from {} where people_id = 7", registry.table("owners"));
        let found = data(&olga, &query, json!({ "id": 7 })).await;
        assert_eq!(cells(&json!([found["one"]]), &["/last_name"]), by_sql(&olga, &sql).await);
        let sql = format!("select company_id from {} where owner_id = 7 order by company_id limit 1", registry.table("companies"));
        assert_eq!(cells(&found["one"][&owned]["nodes"], &["/company_id"]), by_sql(&olga, &sql).await);
        assert_eq!(data(&olga, &query, json!({ "id": "123456789" })).await["one"], Value::Null);
        assert_eq!(refused(&olga, &query, json!({ "id": "1 or 1=1" })).await, ("invalid".to_owned(), "key".to_owned()));
        let without = format!("{{ {owners}__byKey {{ last_name }} }}");
        assert_eq!(refused(&olga, &without, json!({})).await.0, "invalid");
        // Companies have none.
        let keyless = query.replace(&format!("{owners}__byKey"), &format!("{}__companies__byKey", registry.producer.environment.published));
        assert_eq!(refused(&olga, &keyless, json!({ "id": 7 })).await.0, "invalid");
        let told = data(&olga, "{ _tables { field key relations { field table many } } }", json!({})).await;
        let of_owners = told["_tables"].as_array().unwrap().iter().find(|table| table["field"] == owners.as_str()).unwrap();
        assert_eq!(of_owners["key"], json!(["people_id"]));
        let companies = format!("{}__companies", registry.producer.environment.published);
        assert_eq!(of_owners["relations"], json!([{ "field": owned, "table": companies, "many": true }]));
    }
);

both!(
    async fn each_row_has_a_page_of_its_own(app) {
        let registry = Registry::of(app).await;
        let Names { owners, companies, owner, owned } = declared(&registry).await;
        let olga = registry.producer.acting();
        let query = format!(
            "{{ {owners}(first: 9, orderBy: {{ column: people_id }}) {{ nodes {{ people_id
                open: {owned}(first: 2, filter: {{ status: {{ eq: \"operating\" }} }}, orderBy: {{ column: company_name, direction: DESC }}) {{
                    nodes {{ company_name }} pageInfo {{ hasNextPage }} }}
                all: {owned}(first: 1) {{ edges {{ node {{ company_id }} }} }} }} }} }}"
        );
        let found = data(&olga, &query, json!({})).await;
        let table = registry.table("companies");
        let nodes = found[&owners]["nodes"].as_array().unwrap().clone();
        assert_eq!(nodes.len(), 9);
        for node in &nodes {
            let of = format!("{table} where owner_id = {}", node["people_id"].as_str().unwrap());
            let sql = format!("select company_name from {of} and status = 'operating' order by company_name desc limit 3");
            let mut expected = by_sql(&olga, &sql).await;
            assert_eq!(node["open"]["pageInfo"]["hasNextPage"], json!(expected.len() > 2));
            expected.truncate(2);
            assert_eq!(cells(&node["open"]["nodes"], &["/company_name"]), expected, "{node}");
            let sql = format!("select company_id from {of} order by company_id limit 1");
            assert_eq!(cells(&node["all"]["edges"], &["/node/company_id"]), by_sql(&olga, &sql).await, "{node}");
        }
        let query = format!("{{ {companies}(first: 30, orderBy: {{ column: index }}) {{ nodes {{ index {owner} {{ people_id age }} }} }} }}");
        let found = data(&olga, &query, json!({})).await;
        let sql = format!("select c.index, o.people_id, o.age from {table} c join {} o on o.people_id = c.owner_id order by 1 limit 30", registry.table("owners"));
        let pointers = ["/index".to_owned(), format!("/{owner}/people_id"), format!("/{owner}/age")];
        let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
        assert_eq!(cells(&found[&companies]["nodes"], &pointers), by_sql(&olga, &sql).await);
    }
);

both!(
    async fn pages_of_related_rows_follow_each_other(app) {
        let registry = Registry::of(app).await;
        let Names { owners, owned, .. } = declared(&registry).await;
        let olga = registry.producer.acting();
        let query = format!(
            "query ($after: String) {{ {owners}__byKey(people_id: 3) {{ {owned}(first: 4, after: $after, orderBy: {{ column: status }}) {{
                edges {{ cursor node {{ status company_id }} }} pageInfo {{ hasNextPage hasPreviousPage endCursor }} }} }} }}"
        );
        let (mut all, mut after) = (Vec::new(), Value::Null);
        loop {
            let page = data(&olga, &query, json!({ "after": after })).await[format!("{owners}__byKey")][&owned].clone();
            assert_eq!(page["pageInfo"]["hasPreviousPage"], json!(!after.is_null()));
            all.extend(cells(&page["edges"], &["/node/status", "/node/company_id"]));
            assert_eq!(page["edges"].as_array().unwrap().last().unwrap()["cursor"], page["pageInfo"]["endCursor"]);
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] != true {
                break;
            }
        }
        let sql = format!("select status, company_id from {} where owner_id = 3 order by status, company_id", registry.table("companies"));
        assert_eq!(all, by_sql(&olga, &sql).await);
        assert!(all.len() > 8, "{all:?}");
        // A cursor is of its list.
        let other = query.replace("column: status", "column: company_id");
        assert_eq!(refused(&olga, &other, json!({ "after": after })).await, ("invalid".to_owned(), "after".to_owned()));
        assert_eq!(refused(&olga, &query.replace("first: 4", "first: 0"), json!({})).await, ("invalid".to_owned(), "first".to_owned()));
    }
);

both!(
    async fn three_levels_are_three_queries(app) {
        let registry = Registry::of(app).await;
        let Names { owners, owner, owned, .. } = declared(&registry).await;
        let olga = registry.producer.acting();
        let auditor = app.person_with("aud", &["auditor"]).await;
        let query = format!(
            "{{ {owners}(first: 20) {{ nodes {{ people_id {owned}(first: 5) {{ nodes {{ company_id {owner} {{ people_id }} }} }} }} }} }}"
        );
        let before = begun(&auditor).await;
        let found = data(&olga, &query, json!({})).await;
        assert_eq!(begun(&auditor).await - before, 3);
        let nodes = found[&owners]["nodes"].as_array().unwrap();
        let back: Vec<&Value> = nodes.iter().flat_map(|node| {
            node[&owned]["nodes"].as_array().unwrap().iter().filter(|company| company[&owner]["people_id"] == node["people_id"])
        }).collect();
        assert!(nodes.len() == 20 && back.len() > 40, "{} {}", nodes.len(), back.len());
        // What starts nowhere is not asked.
        let nobody = format!("{{ {owners}(filter: {{ people_id: {{ lt: 0 }} }}) {{ nodes {{ {owned} {{ nodes {{ company_id }} }} }} }} }}");
        let before = begun(&auditor).await;
        data(&olga, &nobody, json!({})).await;
        assert_eq!(begun(&auditor).await - before, 1);
        // One name for two pages, at two places.
        let twice = format!(
            "{{ {owners}(first: 1) {{ a: nodes {{ x: {owned}(first: 1) {{ nodes {{ company_id }} }} }} b: nodes {{ x: {owned}(first: 2) {{ nodes {{ company_id }} }} }} }} }}"
        );
        let found = data(&olga, &twice, json!({})).await[&owners].clone();
        let count = |key: &str| found[key][0]["x"]["nodes"].as_array().unwrap().len();
        assert_eq!((count("a"), count("b")), (1, 2), "{found}");
    }
);

both!(
    async fn filters_reach_across_relations(app) {
        let registry = Registry::of(app).await;
        let Names { owners, companies, owner, owned } = declared(&registry).await;
        let olga = registry.producer.acting();
        let [o, c] = ["owners", "companies"].map(|table| registry.table(table));
        let exists = |more: &str| format!("exists (select 1 from {c} c where c.owner_id = o.people_id and {more})");
        let list = format!("query ($f: {owners}__Filter) {{ {owners}(first: 200, filter: $f, orderBy: {{ column: people_id }}) {{ nodes {{ people_id }} }} }}");
        let mut counts = Vec::new();
        for (filter, sql) in [
            (json!({ &owned: { "some": { "category_code": { "eq": "hardware" }, "continent": { "eq": "asia" } } } }), exists("c.category_code = 'hardware' and c.continent = 'asia'")),
            (json!({ &owned: { "none": { "continent": { "eq": "asia" } } } }), format!("not {}", exists("c.continent = 'asia'"))),
            (json!({ "_or": [{ &owned: { "some": { "status": { "eq": "closed" } } } }, { "age": { "gt": 70 } }] }), format!("({} or age > 70)", exists("c.status = 'closed'"))),
            (json!({ "_not": { &owned: { "some": { &owner: { "age": { "lt": 40 } } } } } }), format!("not (age < 40 and {})", exists("true"))),
        ] {
            let found = data(&olga, &list, json!({ "f": filter })).await;
            let expected = by_sql(&olga, &format!("select people_id from {o} o where {sql} order by 1")).await;
            assert_eq!(cells(&found[&owners]["nodes"], &["/people_id"]), expected, "{filter}");
            counts.push(expected.len());
        }
        assert!(counts.iter().filter(|count| (1..100).contains(*count)).count() > 2, "{counts:?}");
        let counted = format!("{{ {companies}__aggregate(filter: {{ {owner}: {{ gender: {{ eq: \"female\" }} }} }}) {{ nodes {{ count }} }} }}");
        let found = data(&olga, &counted, json!({})).await;
        let sql = format!("select count(*) from {c} c join {o} o on o.people_id = c.owner_id where o.gender = 'female'");
        assert_eq!(cells(&found[format!("{companies}__aggregate")]["nodes"], &["/count"]), by_sql(&olga, &sql).await);
    }
);

both!(
    async fn relations_have_limits(app) {
        let registry = Registry::of(app).await;
        let Names { owners, owned, .. } = declared(&registry).await;
        let olga = registry.producer.acting();
        let large = format!("{{ {owners}(first: 200) {{ nodes {{ {owned}(first: 200) {{ nodes {{ company_id }} }} }} }} }}");
        assert_eq!(refused(&olga, &large, json!({})).await.0, "limit_exceeded");
        let many: String = (1..42).map(|first| format!("a{first}: {owned}(first: {first}) {{ nodes {{ company_id }} }} ")).collect();
        let many = format!("{{ {owners}(first: 1) {{ nodes {{ {many} }} }} }}");
        assert_eq!(refused(&olga, &many, json!({})).await.0, "limit_exceeded");
        for arguments in ["filter: { zz: {} }", "orderBy: { column: zz }", "distinct: true", "offset: -1", "after: \"x\""] {
            let query = format!("{{ {owners}(first: 1) {{ nodes {{ {owned}({arguments}) {{ nodes {{ company_id }} }} }} }} }}");
            assert_eq!(refused(&olga, &query, json!({})).await.0, "invalid", "{arguments}");
        }
    }
);
