//! Where data comes from, what is made of it, and who would notice a change.

mod hidden;
mod noticed;

use lakegate_tests::{Client, Value, both, story, upload};
use serde_json::json;

use crate::{
    derived::{Side, producer},
    workflows::ask,
};

const LINEAGE: &str =
    "query ($asset: ID!, $column: String, $direction: LineageDirection, $depth: Int, $values: Boolean, $at: DateTime) {
    lineage(asset: $asset, column: $column, direction: $direction, depth: $depth, valuesOnly: $values, at: $at) {
        more at
        nodes { key distance kind name assetId savedQueryId projectName columns { name type } }
        links { source target byValue process { kind name version runId madeBy origin approximate } }
        edges { source sourceColumn sourcePath target targetColumn kind steps } } }";
const PATH: &str =
    "query ($from: ID!, $to: ID!) { lineagePath(from: $from, to: $to) { nodes { name kind distance } } }";

pub(super) async fn lineage(client: &Client, variables: Value) -> Value {
    let mut with = json!({ "direction": "BOTH", "depth": 3, "values": false });
    for (name, value) in variables.as_object().unwrap() {
        with[name] = value.clone();
    }
    ask(client, LINEAGE, with).await
}

/// The code of a refusal.
pub(super) async fn code(client: &Client, text: &str, variables: Value) -> String {
    let answer = client.graphql(text, variables).await.json();
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Names of nodes with their distances; `?` for nameless ones.
pub(super) fn nodes(graph: &Value) -> Vec<(String, i64)> {
    let node = |node: &Value| (node["name"].as_str().unwrap_or("?").to_owned(), node["distance"].as_i64().unwrap());
    let mut all: Vec<_> = graph["nodes"].as_array().unwrap().iter().map(node).collect();
    all.sort_by_key(|(name, distance)| (*distance, name.clone()));
    all
}

/// Edges in words: `people.name -computed-> shouts.shout`.
pub(super) fn edges(graph: &Value) -> Vec<String> {
    let name = |key: &Value| {
        let found = graph["nodes"].as_array().unwrap().iter().find(|node| node["key"] == *key).unwrap();
        found["name"].as_str().unwrap().to_owned()
    };
    let text = |value: &Value| value.as_str().unwrap_or("*").to_owned();
    let mut all: Vec<String> = graph["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| {
            let (from, to) = (name(&edge["source"]), name(&edge["target"]));
            let kind = text(&edge["kind"]).to_lowercase();
            format!("{from}.{} -{kind}-> {to}.{}", text(&edge["sourceColumn"]), text(&edge["targetColumn"]))
        })
        .collect();
    all.sort();
    all
}

/// The asset of an uploaded or derived table.
pub(super) async fn asset(side: &Side, name: &str) -> String {
    lakegate_tests::answer::id(&story::asset_named(&side.team.owner, &side.team.project, name).await)
}

async fn made(side: &Side, name: &str, sql: &str) -> String {
    let derived = side.derived(name, sql).await;
    side.built(&derived).await;
    derived
}

/// people -> shouts -> lengths, and people with cities -> `by_city`.
async fn chain(side: &Side) {
    let cities = "city,country\nOslo,Norway\nRome,Italy\n".into();
    upload::asset(upload::upload(&side.team.owner, &side.team.environment.id, "cities", "cities.csv", cities).await);
    let (people, cities, shouts) = (side.table("people"), side.table("cities"), side.table("shouts"));
    made(side, "shouts", &format!("select id, upper(name) as shout from {people} where city = 'Oslo'")).await;
    made(side, "lengths", &format!("select length(shout) as long, count(*) as times from {shouts} group by 1")).await;
    let joined = format!(
        "select c.country, sum(p.pay) as pay from {people} p join {cities} c on c.city = p.city group by c.country"
    );
    made(side, "by_country", &joined).await;
}

both!(
    async fn it_is_what_the_plans_say(app) {
        let side = producer(app).await;
        chain(&side).await;
        let owner = &side.team.owner;
        let shouts = asset(&side, "shouts").await;
        let graph = lineage(owner, json!({ "asset": shouts })).await;
        assert_eq!(nodes(&graph), [("people".to_owned(), -1), ("shouts".to_owned(), 0), ("lengths".to_owned(), 1)]);
        let expected = [
            "people.city -filter-> shouts.*",
            "people.id -copied-> shouts.id",
            "people.name -computed-> shouts.shout",
            "shouts.shout -computed-> lengths.long",
            "shouts.shout -group-> lengths.*",
        ];
        assert_eq!(edges(&graph), expected, "{graph}");
        let process = &graph["links"][0]["process"];
        assert_eq!((&process["kind"], &process["origin"]), (&json!("TABLE"), &json!("EXECUTED")), "{graph}");
        assert_eq!((&process["madeBy"], process["runId"].is_string()), (&json!("worker"), true), "{process}");
        let step = graph["edges"].as_array().unwrap().iter().find(|edge| edge["targetColumn"] == "shout").unwrap();
        assert!(step["steps"][0].as_str().unwrap().contains("upper"), "{step}");
        // The far end, and how far one may look.
        let people = asset(&side, "people").await;
        let far = lineage(owner, json!({ "asset": people, "direction": "DOWNSTREAM" })).await;
        let all = [("people", 0), ("by_country", 1), ("shouts", 1), ("lengths", 2)];
        assert_eq!(nodes(&far), all.map(|(name, distance)| (name.to_owned(), distance)));
        let near = lineage(owner, json!({ "asset": people, "direction": "DOWNSTREAM", "depth": 1 })).await;
        assert_eq!((nodes(&near).len(), &near["more"], &far["more"]), (3, &json!(true), &json!(false)));
        // Values alone: a table that is joined for its key gives none, and one of which rows are chosen does.
        let country = asset(&side, "by_country").await;
        let of = lineage(owner, json!({ "asset": country, "direction": "UPSTREAM", "values": true })).await;
        assert_eq!(nodes(&of).len(), 3, "country and pay come from both");
        let path = ask(owner, PATH, json!({ "from": people, "to": asset(&side, "lengths").await })).await;
        let names: Vec<&str> = path["nodes"].as_array().unwrap().iter().filter_map(|node| node["name"].as_str()).collect();
        assert_eq!(names, ["people", "shouts", "lengths"]);
    }
);

both!(
    async fn a_column_is_followed_on_its_own(app) {
        let side = producer(app).await;
        chain(&side).await;
        let owner = &side.team.owner;
        let people = asset(&side, "people").await;
        let follow = async |column: &str, values: bool| {
            let ask = json!({ "asset": people, "column": column, "direction": "DOWNSTREAM", "values": values });
            lineage(owner, ask).await
        };
        let name = follow("name", false).await;
        let expected = [
            "people.name -computed-> shouts.shout",
            "shouts.shout -computed-> lengths.long",
            "shouts.shout -group-> lengths.*",
        ];
        assert_eq!(edges(&name), expected);
        // The city decided about rows: of these, and of all that is made of them.
        let city = follow("city", false).await;
        let reached = [("people", 0), ("by_country", 1), ("shouts", 1), ("lengths", 2)];
        assert_eq!(nodes(&city), reached.map(|(name, distance)| (name.to_owned(), distance)), "{city}");
        assert_eq!(nodes(&follow("city", true).await), [("people".to_owned(), 0)]);
        let pay = follow("pay", false).await;
        assert_eq!(edges(&pay), ["people.pay -aggregated-> by_country.pay"]);
        // Upstream, with what decided about all rows.
        let up = json!({ "asset": asset(&side, "lengths").await, "column": "times", "direction": "UPSTREAM" });
        let times = lineage(owner, up).await;
        let expected =
            ["people.city -filter-> shouts.*", "people.name -computed-> shouts.shout", "shouts.shout -group-> lengths.*"];
        assert_eq!(edges(&times), expected, "{times}");
        let wrong = json!({ "asset": people, "column": "nothing", "direction": "BOTH", "depth": 3, "values": false });
        assert_eq!(code(owner, LINEAGE, wrong).await, "not_found");
        let deep = json!({ "asset": people, "direction": "BOTH", "depth": 21, "values": false });
        assert_eq!(code(owner, LINEAGE, deep).await, "invalid");
        // REST says the same.
        let rest = owner.get(&format!("/api/v1/assets/{people}/lineage?column=pay&direction=downstream")).await.ok();
        assert_eq!((rest["nodes"].as_array().unwrap().len(), &rest["edges"][0]["kind"]), (2, &json!("aggregated")));
        owner.get(&format!("/api/v1/assets/{people}/lineage?direction=sideways")).await.blames(400, "invalid", "direction");
        owner.get(&format!("/api/v1/assets/{people}/lineage?depth=0")).await.blames(400, "invalid", "depth");
        for at in ["1969-12-31T23:59:59Z", "-4713-01-01T00:00:00Z"] {
            let early = json!({ "asset": people, "direction": "BOTH", "depth": 3, "values": false, "at": at });
            assert_eq!(code(owner, LINEAGE, early).await, "invalid", "{at}");
            let path = format!("/api/v1/assets/{people}/lineage?at={at}");
            owner.get(&path).await.blames(400, "invalid", "at");
        }
    }
);

both!(
    async fn another_plan_begins_another_way_and_the_earlier_one_can_be_asked(app) {
        let side = producer(app).await;
        let owner = &side.team.owner;
        let people = side.table("people");
        let derived = made(&side, "some", &format!("select id as value from {people}")).await;
        let some = asset(&side, "some").await;
        let first = lineage(owner, json!({ "asset": some })).await;
        // An equal plan changes nothing but when it was seen.
        side.built(&derived).await;
        assert_eq!(edges(&lineage(owner, json!({ "asset": some })).await), edges(&first));
        let before = lineage(owner, json!({ "asset": some })).await["at"].clone();
        side.revise(&side.team.acting(), &derived, 1, &format!("select pay as value from {people}")).await;
        side.built(&derived).await;
        assert_eq!(edges(&lineage(owner, json!({ "asset": some })).await), ["people.pay -copied-> some.value"]);
        let then = lineage(owner, json!({ "asset": some, "at": before })).await;
        assert_eq!(edges(&then), ["people.id -copied-> some.value"]);
        let never = lineage(owner, json!({ "asset": some, "at": "2001-01-01T00:00:00Z" })).await;
        assert_eq!(nodes(&never), [("some".to_owned(), 0)]);
    }
);
