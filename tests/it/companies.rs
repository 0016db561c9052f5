//! The case *companies*: one query, two roles.

use lakegate_tests::{
    Client, Server, Value, both,
    files::{case, copy},
    oracle, seed, skipped,
    story::{self, Team, asset, column, columns, rows},
};
use serde_json::json;
use std::path::Path;

const SQL: &str = "select * from companies join owners on owner_id = people_id order by company_name limit 40";
const HIDDEN: [&str; 3] = ["first_name", "last_name", "address"];

struct Roles {
    producer: Team,
    developers: Team,
    analysts: Team,
}

/// Both tables published; the developers get every column, the analysts no names and addresses of owners.
async fn roles(app: &Server, folder: &Path) -> Roles {
    let domain = app.domain("Market").await;
    let producer = app.team("olga", &domain, "Registry", "registry").await;
    let developers = app.team("dev", &domain, "Developers", "developers").await;
    let analysts = app.team("ana", &domain, "Analysts", "analysts").await;
    let source = story::source(&producer, "registry files", &story::folder_uri(folder)).await;
    let found = story::crawl(&producer.owner, &source).await;
    assert_eq!((&found["tables_new"], &found["skipped"]), (&json!(2), &json!([])), "{found}");
    let mut ids = Vec::new();
    for name in ["companies", "owners"] {
        let id = lakegate_tests::answer::id(&story::asset_named(&producer.owner, &producer.project, name).await);
        story::publish(&producer.owner, &id, &format!("All {name}")).await;
        ids.push(id);
    }
    let (companies, owners) = (ids[0].clone(), ids[1].clone());
    let whole = asset(&producer.owner, &owners).await;
    let few: Vec<String> =
        ["people_id", "gender", "age", "designation"].iter().map(|name| column(&whole, name)).collect();
    for (team, id, columns) in [
        (&developers, &companies, None),
        (&developers, &owners, None),
        (&analysts, &companies, None),
        (&analysts, &owners, Some(few)),
    ] {
        let request = story::ask(&team.owner, &team.project, id, "To join them").await;
        story::approve(&producer.owner, &request, json!({ "reason": "Fine", "columns": columns })).await;
    }
    Roles { producer, developers, analysts }
}

fn int(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("not a whole number: {value}"))
}

async fn one(client: &Client, sql: &str) -> i64 {
    let found = rows(client, sql).await;
    int(&found[0][0])
}

async fn pairs(client: &Client, sql: &str) -> Vec<(String, i64)> {
    let found = rows(client, sql).await;
    found.iter().map(|row| (row[0].as_str().unwrap().to_owned(), int(&row[1]))).collect()
}

async fn assert_counts(client: &Client) {
    assert_eq!(one(client, "select count(*) from owners").await, 100);
    assert_eq!(one(client, "select count(*) from companies").await, 2_266);
    let by = |column: &str| format!("select {column}, count(*) from companies group by {column} order by {column}");
    let continents = pairs(client, &by("continent")).await;
    assert_eq!(continents, [("asia".to_owned(), 146), ("eu".to_owned(), 422), ("us".to_owned(), 1_698)]);
    let states = pairs(client, &by("status")).await;
    let expected = [("acquired", 221), ("closed", 71), ("ipo", 14), ("operating", 1_960)];
    assert_eq!(states, expected.map(|(state, count)| (state.to_owned(), count)));
    assert_eq!(one(client, "select count(distinct owner_id) from companies").await, 100);
    let orphans = "select count(*) from companies left join owners on owner_id = people_id where people_id is null";
    assert_eq!(one(client, orphans).await, 0);
}

async fn assert_refused_like_unknown(client: &Client, sql: &str, name: &str) {
    // As far from every column as the hidden name itself, so that no suggestion differs.
    let other = format!("zq{}", &name[2..]);
    let mut hidden = client.query(sql).await.problem(422, "unprocessable");
    let mut unknown = client.query(&sql.replace(name, &other)).await.problem(422, "unprocessable");
    for problem in [&mut hidden, &mut unknown] {
        problem["request_id"].take();
    }
    assert_eq!(hidden.to_string().replace(name, &other), unknown.to_string(), "{sql}");
}

both!(
    async fn one_query_serves_two_roles(app) {
        let folder = app.files().join("registry");
        copy(&case("companies"), &folder);
        let roles = roles(app, &folder).await;
        let (developer, analyst) = (roles.developers.acting(), roles.analysts.acting());
        assert_counts(&developer).await;
        assert_counts(&analyst).await;
        assert_counts(&roles.producer.acting()).await;

        let all = columns(&developer, SQL).await;
        let fewer = columns(&analyst, SQL).await;
        let expected: Vec<&String> = all.iter().filter(|name| !HIDDEN.contains(&name.as_str())).collect();
        assert_eq!(all.len(), 14, "{all:?}");
        assert_eq!(fewer.iter().collect::<Vec<_>>(), expected);
        let (long, short) = (rows(&developer, SQL).await, rows(&analyst, SQL).await);
        assert_eq!((long.len(), short.len()), (40, 40));
        for (long, short) in long.iter().zip(&short) {
            let kept: Vec<&Value> =
                all.iter().zip(long).filter(|(name, _)| !HIDDEN.contains(&name.as_str())).map(|(_, cell)| cell).collect();
            assert_eq!(short.iter().collect::<Vec<_>>(), kept);
        }

        for name in HIDDEN {
            for place in [
                format!("select {name} from owners"),
                format!("select owners.{name} from owners"),
                format!("select people_id from owners where {name} is null"),
                format!("select count(*) from owners group by {name}"),
                format!("select people_id from owners order by {name}"),
                format!("select o.people_id from owners o join owners p on o.{name} = p.{name}"),
                format!("select people_id from owners where people_id in (select people_id from owners where {name} > 'A')"),
                format!("select upper({name}) from owners"),
                format!("select max({name}) over () from owners"),
                format!("with w as (select {name} as n from owners) select n from w"),
            ] {
                rows(&developer, &place).await;
                assert_refused_like_unknown(&analyst, &place, name).await;
            }
        }
        let catalog = analyst.query("select table_name, column_name from information_schema.columns").await;
        for name in HIDDEN {
            assert!(!catalog.text().contains(name), "{catalog}");
        }
    }
);

const VARIED: [&str; 7] = [
    "select count(*), count(first_name), count(address), min(age), max(age), sum(people_id) from owners",
    "select count(*), count(category_code), count(distinct owner_id) from companies",
    "select continent, status, count(*) from companies group by continent, status order by continent, status",
    "select gender, count(*), sum(age) from owners group by gender order by gender nulls last",
    "select people_id, designation, address from owners order by people_id",
    "select company_id, company_name from companies order by \"index\"",
    "select designation, count(*) from companies join owners on owner_id = people_id group by designation \
     order by designation nulls last",
];

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

both!(
    async fn variations_give_what_duckdb_says(app) {
        let Some(python) = oracle::python() else {
            return skipped("variations of companies", "LAKEGATE_TEST_PYTHON names no Python with DuckDB");
        };
        let seed = seed();
        let folder = app.files().join("registry");
        oracle::generate(&python, "companies", seed >> 1, 2_000, &folder);
        let roles = roles(app, &folder).await;
        let files = json!({
            "owners": folder.join("owners.csv"),
            "companies": folder.join("companies/*/*.csv"),
        });
        for (question, expected) in VARIED.iter().zip(oracle::ask(&python, files, &VARIED)) {
            let found = rows(&roles.developers.acting(), question).await;
            let found: Vec<Vec<Option<String>>> = found.iter().map(|row| row.iter().map(text).collect()).collect();
            assert_eq!(found, expected.rows, "seed {seed}: {question}");
        }
    }
);
