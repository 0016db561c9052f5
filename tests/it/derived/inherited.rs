//! Tags come along with values, and what a governed column decided about is pending (access rules 10 and 18).

use lakegate_tests::{
    Client, Value, both,
    story::{self, rows},
};
use serde_json::json;

use super::{SHOW, Side, ask, producer};

/// Tags and states of the columns of what a derived table has made, by name.
async fn columns(client: &Client, derived: &str) -> (String, Vec<(String, Value, String)>) {
    let shown = ask(client, SHOW, json!({ "id": derived })).await;
    let id = shown["assetId"].as_str().unwrap().to_owned();
    let asset = story::asset(client, &id).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = |column: &Value| (text(&column["name"]), column["tags"].clone(), text(&column["state"]));
    (id, asset["columns"].as_array().unwrap().iter().map(of).collect())
}

async fn tag(side: &Side, asset: &str, name: &str, tags: Value) {
    let whole = story::asset(&side.team.owner, asset).await;
    let columns = json!([{ "id": story::column(&whole, name), "tags": tags }]);
    let edit = json!({ "revision": whole["revision"], "columns": columns });
    side.team.owner.patch(&format!("/api/v1/assets/{asset}"), edit).await.ok();
}

fn expected(all: &[(&str, &[&str], &str)]) -> Vec<(String, Value, String)> {
    all.iter().map(|(name, tags, state)| ((*name).to_owned(), json!(tags), (*state).to_owned())).collect()
}

both!(
    async fn governed_tags_come_along(app) {
        let side = producer(app).await;
        let people = story::asset_named(&side.team.owner, &side.team.project, "people").await;
        let people = lakegate_tests::answer::id(&people);
        tag(&side, &people, "name", json!(["pii=name", "colour=red"])).await;
        let sql = format!("select id, upper(name) as shout, city from {}", side.table("people"));
        let derived = side.derived("shouts", &sql).await;
        side.built(&derived).await;
        let (asset, found) = columns(&side.team.owner, &derived).await;
        let all: [(&str, &[&str], &str); 3] =
            [("id", &[], "active"), ("shout", &["pii=name"], "active"), ("city", &[], "active")];
        assert_eq!(found, expected(&all), "free tags do not come along");
        // A column that decided about the rows: what shows of them tells of it.
        let sql = format!("select id, city from {} where name like 'A%'", side.table("people"));
        let told = side.derived("told", &sql).await;
        side.built(&told).await;
        let all: [(&str, &[&str], &str); 2] = [("id", &[], "pending"), ("city", &[], "pending")];
        assert_eq!(columns(&side.team.owner, &told).await.1, expected(&all));
        // What somebody has decided since stands.
        let made = columns(&side.team.owner, &told).await.0;
        let whole = story::asset(&side.team.owner, &made).await;
        let both = json!({ "columns": [story::column(&whole, "id"), story::column(&whole, "city")] });
        side.team.owner.post(&format!("/api/v1/assets/{made}/release"), both).await.ok();
        side.built(&told).await;
        let all: [(&str, &[&str], &str); 2] = [("id", &[], "active"), ("city", &[], "active")];
        assert_eq!(columns(&side.team.owner, &told).await.1, expected(&all));
        // A tag of the whole table holds for each of its columns, and comes with the next run.
        let whole = story::asset(&side.team.owner, &people).await;
        let edit = json!({ "revision": whole["revision"], "tags": ["pii=any"] });
        side.team.owner.patch(&format!("/api/v1/assets/{people}"), edit).await.ok();
        side.built(&derived).await;
        let (_, found) = columns(&side.team.owner, &derived).await;
        let tagged = found.iter().filter(|(_, tags, _)| tags.as_array().unwrap().contains(&json!("pii=any"))).count();
        assert_eq!(tagged, 3, "{asset}: {found:?}");
        assert_eq!(rows(&side.team.acting(), &format!("select id from {}", side.table("shouts"))).await.len(), 3);
    }
);
