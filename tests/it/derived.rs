//! Derived tables: queries of a project that run as a service account, and whose result is a table of its own.

pub(crate) mod closed;
mod inherited;

use lakegate_tests::{
    Client, Server, Value,
    answer::id,
    both, eventually,
    people::Person,
    story::{self, Team, rows},
    upload,
};
use serde_json::json;

use crate::workflows::ask;

const CREATE: &str = "mutation ($input: DerivedTableInput!) { createDerivedTable(input: $input) {
    ok problem { code field message } derivedTable { id name version serviceAccountName builtAt } } }";
const REVISE: &str = "mutation ($id: ID!, $version: Long!, $sql: String!, $account: ID!) {
    reviseDerivedTable(id: $id, version: $version, sql: $sql, serviceAccount: $account) {
        problem { code field message } derivedTable { version sql } } }";
const RUN: &str = "mutation ($id: ID!) { runDerivedTable(id: $id) { problem { code } run { id kind subject } } }";
const SHOW: &str = "query ($id: ID!) { derivedTable(id: $id) { name version assetId builtAt builtVersion } }";
const VERSIONS: &str =
    "query ($id: ID!) { derivedTableVersions(derivedTable: $id) { nodes { number sql createdBy } } }";
const DELETE: &str = "mutation ($id: ID!) { deleteDerivedTable(id: $id) { ok problem { code } } }";
const ADD: &str = "mutation ($account: ID!, $user: ID!) {
    addServiceAccountActor(serviceAccount: $account, user: $user) { ok problem { code field } } }";
const REMOVE: &str = "mutation ($account: ID!, $user: ID!) {
    removeServiceAccountActor(serviceAccount: $account, user: $user) { ok problem { code } } }";
const SCHEDULE: &str =
    "mutation ($id: ID!, $timing: TimingInput!) { scheduleDerivedTable(derivedTable: $id, timing: $timing) {
    problem { code field } schedule { kind name } } }";

/// A team with a table of people, and an account that does its work.
pub(super) struct Side {
    pub team: Team,
    pub account: String,
}

impl Side {
    pub async fn of(team: Team) -> Self {
        let account = account(&team, "worker", "contributor").await;
        Self { team, account }
    }

    /// A derived table of the team, made by its owner.
    pub async fn derived(&self, name: &str, sql: &str) -> String {
        let made = self.try_derived(&self.team.owner, name, sql, &self.account).await;
        assert_eq!(made["ok"], true, "{made}");
        id(&made["derivedTable"])
    }

    pub async fn try_derived(&self, client: &Client, name: &str, sql: &str, account: &str) -> Value {
        let environment = &self.team.environment.id;
        let input = json!({ "environment": environment, "name": name, "sql": sql, "serviceAccount": account });
        ask(client, CREATE, json!({ "input": input })).await
    }

    /// The table under the name that members write.
    pub fn table(&self, name: &str) -> String {
        format!("{}.{name}", self.team.environment.published)
    }

    /// Runs a query that has to end well.
    pub async fn built(&self, derived: &str) {
        let run = run(&self.team.owner, derived).await;
        assert_eq!(run["state"], "succeeded", "{run}");
    }

    pub async fn revise(&self, client: &Client, derived: &str, version: i64, sql: &str) -> Value {
        let variables = json!({ "id": derived, "version": version, "sql": sql, "account": self.account });
        ask(client, REVISE, variables).await
    }
}

async fn account(team: &Team, name: &str, role: &str) -> String {
    let path = format!("/api/v1/projects/{}/service-accounts", team.project);
    id(&team.owner.post(&path, json!({ "name": name, "role": role })).await.ok())
}

/// A run of the query, once it has ended.
pub(super) async fn run(client: &Client, derived: &str) -> Value {
    let begun = ask(client, RUN, json!({ "id": derived })).await;
    assert_eq!((&begun["problem"], &begun["run"]["kind"]), (&Value::Null, &json!("query")), "{begun}");
    ended(client, &id(&begun["run"])).await
}

pub(super) async fn ended(client: &Client, run: &str) -> Value {
    eventually("the end of a query's run", async || {
        let run = client.get(&format!("/api/v1/jobs/runs/{run}")).await.ok();
        run["ended_at"].is_string().then_some(run)
    })
    .await
}

pub(super) async fn producer(app: &Server) -> Side {
    let domain = app.domain("Market").await;
    let team = app.team("olga", &domain, "Producer", "lake").await;
    let people = "id,name,city,pay\n1,Ann,Oslo,10\n2,Bo,Rome,20\n3,Cy,Oslo,30\n".into();
    upload::asset(upload::upload(&team.owner, &team.environment.id, "people", "people.csv", people).await);
    Side::of(team).await
}

fn named(problem: &Value) -> (&str, &str) {
    (problem["code"].as_str().unwrap_or_default(), problem["field"].as_str().unwrap_or_default())
}

both!(
    async fn a_result_is_a_table_and_is_replaced_whole(app) {
        let side = producer(app).await;
        let (owner, people) = (side.team.acting(), side.table("people"));
        let sql = format!("select city, sum(pay) as pay from {people} group by city order by city");
        let derived = side.derived("by_city", &sql).await;
        owner.query(&format!("select * from {}", side.table("by_city"))).await.problem(422, "unprocessable");
        side.built(&derived).await;
        let by_city = format!("select city, pay from {} order by city", side.table("by_city"));
        assert_eq!(rows(&owner, &by_city).await, [[json!("Oslo"), json!(40)], [json!("Rome"), json!(20)]]);
        // Nothing of it is there twice, and it stands in the catalogue.
        let shown = ask(&side.team.owner, SHOW, json!({ "id": derived })).await;
        assert_eq!((&shown["builtVersion"], shown["assetId"].is_string()), (&json!(1), true), "{shown}");
        let asset = story::asset(&side.team.owner, shown["assetId"].as_str().unwrap()).await;
        assert_eq!((&asset["name"], &asset["status"]), (&json!("by_city"), &json!("inventory")));
        // Another query: until it runs the table is that of before; then its columns are others.
        let other = format!("select city, count(*) as people, max(pay) as most from {people} group by city");
        assert_eq!(named(&side.revise(&owner, &derived, 7, &other).await["problem"]).0, "conflict");
        assert_eq!(side.revise(&owner, &derived, 1, &other).await["derivedTable"]["version"], 2);
        assert_eq!(rows(&owner, &by_city).await.len(), 2);
        side.built(&derived).await;
        let text = format!("select city, people, most from {} order by city", side.table("by_city"));
        assert_eq!(rows(&owner, &text).await, [[json!("Oslo"), json!(2), json!(30)], [json!("Rome"), json!(1), json!(20)]]);
        owner.query(&by_city).await.problem(422, "unprocessable");
        let versions = ask(&owner, VERSIONS, json!({ "id": derived })).await;
        let numbers: Vec<&Value> = versions["nodes"].as_array().unwrap().iter().map(|version| &version["number"]).collect();
        assert_eq!(numbers, [&json!(2), &json!(1)]);
        // Files of the earlier result are known, and nothing else lies about.
        let said = app.command(&["doctor", "--deep"]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        // Further files are for uploaded tables.
        let more = format!("/api/v1/assets/{}/uploads", shown["assetId"].as_str().unwrap());
        let answer = upload::raw(&side.team.owner, &more, "more.csv", b"city\nBonn\n".to_vec());
        side.team.owner.send(answer).await.blames(409, "conflict", "asset");
        assert_eq!(ask(&owner, DELETE, json!({ "id": derived })).await["ok"], true);
        assert_eq!(rows(&owner, &text).await.len(), 2, "the table stays");
    }
);

both!(
    async fn a_query_that_stops_leaves_what_was_there_and_tells_no_cell(app) {
        let side = producer(app).await;
        let (owner, people) = (side.team.acting(), side.table("people"));
        let derived = side.derived("numbers", &format!("select id from {people}")).await;
        side.built(&derived).await;
        let revised = side.revise(&owner, &derived, 1, &format!("select cast(name as bigint) as id from {people}")).await;
        assert_eq!(revised["problem"], Value::Null, "{revised}");
        let failed = run(&side.team.owner, &derived).await;
        assert_eq!((&failed["state"], &failed["error_code"]), (&json!("failed"), &json!("unprocessable")), "{failed}");
        let log = owner.get(&format!("/api/v1/jobs/runs/{}/log", id(&failed))).await.is(200).text();
        for cell in ["Ann", "Bo", "Cy"] {
            assert!(!failed.to_string().contains(cell) && !log.contains(cell), "{failed} {log}");
        }
        let text = format!("select id from {} order by id", side.table("numbers"));
        assert_eq!(rows(&owner, &text).await, [[1], [2], [3]]);
        // Without a row it is a table, too.
        side.revise(&owner, &derived, 2, &format!("select id from {people} where id > 9")).await;
        side.built(&derived).await;
        assert_eq!(rows(&owner, &text).await, [[Value::Null; 1]; 0]);
    }
);

both!(
    async fn what_cannot_make_a_table_is_refused(app) {
        let side = producer(app).await;
        let people = side.table("people");
        let refused = async |name: &str, sql: &str| {
            let made = side.try_derived(&side.team.owner, name, sql, &side.account).await;
            let (code, field) = named(&made["problem"]);
            (code.to_owned(), field.to_owned())
        };
        let is = |code: &str, field: &str| (code.to_owned(), field.to_owned());
        assert_eq!(refused("a b", "select 1 as a").await, is("invalid", "name"));
        assert_eq!(refused("people", &format!("select id from {people}")).await, is("conflict", "name"));
        assert_eq!(refused("x", " ").await, is("invalid", "sql"));
        assert_eq!(refused("x", &format!("delete from {people}")).await.1, "sql");
        assert_eq!(refused("x", "select nothing from nowhere").await, is("unprocessable", "sql"));
        assert_eq!(refused("x", &format!("select a.id, b.id from {people} a, {people} b")).await, is("unprocessable", "sql"));
        let names = "select table_name from information_schema.tables";
        assert_eq!(refused("x", names).await, is("invalid", "sql"));
        // What a table is made from is not made from it, through however many others.
        let first = side.derived("first", &format!("select id from {people}")).await;
        side.built(&first).await;
        let second = side.derived("second", &format!("select id from {}", side.table("first"))).await;
        side.built(&second).await;
        for behind in ["first", "second"] {
            let version = if behind == "first" { 1 } else { 2 };
            side.revise(&side.team.owner, &first, version, &format!("select id from {}", side.table(behind))).await;
            let run = run(&side.team.owner, &first).await;
            assert_eq!((&run["state"], &run["error_code"]), (&json!("failed"), &json!("conflict")), "{run}");
        }
        assert_eq!(rows(&side.team.acting(), &format!("select id from {}", side.table("second"))).await.len(), 3);
    }
);

both!(
    async fn whoever_edits_acts_as_the_account(app) {
        let side = producer(app).await;
        let sql = format!("select id from {}", side.table("people"));
        let colleague: Person = app.person("carl").await;
        side.team.join(&colleague, "contributor").await;
        let made = async |client: &Client, account: &str| {
            let made = side.try_derived(client, "ids", &sql, account).await;
            let (code, field) = named(&made["problem"]);
            (code.to_owned(), field.to_owned())
        };
        let forbidden = ("forbidden".to_owned(), "account".to_owned());
        assert_eq!(made(&colleague, &side.account).await, forbidden);
        // Only members are named, and by owners alone.
        let stranger = app.person("stan").await;
        let name = |who: &Person| json!({ "account": side.account, "user": who.id });
        assert_eq!(named(&ask(&side.team.owner, ADD, name(&stranger)).await["problem"]), ("invalid", "user"));
        assert_eq!(named(&ask(&colleague, ADD, name(&colleague)).await["problem"]).0, "forbidden");
        assert_eq!(named(&ask(&stranger, ADD, name(&stranger)).await["problem"]).0, "not_found");
        for _ in 0..2 {
            assert_eq!(ask(&side.team.owner, ADD, name(&colleague)).await["ok"], true);
        }
        assert_eq!(made(&colleague, &side.account).await, (String::new(), String::new()));
        // An account of somebody else does not exist here; a viewer does no work.
        let other = app.team_of(stranger.clone(), &app.domain("Side").await, "Side", "side").await;
        let foreign = account(&other, "foreign", "contributor").await;
        assert_eq!(made(&side.team.owner, &foreign).await, ("not_found".to_owned(), "account".to_owned()));
        let viewer = account(&side.team, "looker", "viewer").await;
        assert_eq!(made(&side.team.owner, &viewer).await, ("invalid".to_owned(), "account".to_owned()));
        // It is asked again at each edit; what runs goes on.
        let all = "query ($id: ID!) { derivedTables(project: $id) { nodes { id name } } }";
        let derived = id(&ask(&colleague, all, json!({ "id": side.team.project })).await["nodes"][0]);
        assert_eq!(ask(&side.team.owner, REMOVE, name(&colleague)).await["ok"], true);
        assert_eq!(named(&ask(&side.team.owner, REMOVE, name(&colleague)).await["problem"]).0, "not_found");
        assert_eq!(named(&side.revise(&colleague, &derived, 1, "select 1 as a").await["problem"]), ("forbidden", "account"));
        assert_eq!(named(&ask(&colleague, DELETE, json!({ "id": derived })).await["problem"]).0, "forbidden");
        assert_eq!(run(&colleague, &derived).await["state"], "succeeded");
        // The account is disabled: nothing runs as it, and what it made is closed.
        let disabled = format!("/api/v1/service-accounts/{}/disabled", side.account);
        side.team.owner.put(&disabled, json!({ "disabled": true })).await.is(204);
        let run = run(&colleague, &derived).await;
        assert_eq!((&run["state"], &run["error_code"]), (&json!("failed"), &json!("forbidden")), "{run}");
        let text = format!("select id from {}", side.table("ids"));
        side.team.acting().query(&text).await.problem(422, "unprocessable");
        side.team.owner.put(&disabled, json!({ "disabled": false })).await.is(204);
        assert_eq!(rows(&side.team.acting(), &text).await.len(), 3);
    }
);

both!(
    async fn it_runs_by_schedule_and_as_a_step(app) {
        let side = producer(app).await;
        let owner = &side.team.owner;
        let derived = side.derived("ids", &format!("select id from {}", side.table("people"))).await;
        let built = async || ask(owner, SHOW, json!({ "id": derived })).await["builtAt"].as_str().map(str::to_owned);
        let at = json!({ "id": derived, "timing": { "cron": "* * * * * *" } });
        let set = ask(owner, SCHEDULE, at).await;
        assert_eq!((&set["schedule"]["kind"], &set["schedule"]["name"]), (&json!("query"), &json!("ids")), "{set}");
        let first = eventually("a table by schedule", async || built().await).await;
        eventually("a newer one", async || built().await.filter(|at| *at > first)).await;
        let never = json!({ "id": derived, "timing": { "cron": "0 0 1 1 *", "enabled": false } });
        assert_eq!(ask(owner, SCHEDULE, never).await["problem"], Value::Null);
        // A step of a workflow, of a table of this project alone.
        let step = |subject: &str| json!([{ "name": "ids", "kind": "query", "subject": subject }]);
        let workflow = crate::workflows::made(&side.team, "Nightly", step(&derived)).await;
        let start = "mutation ($id: ID!) { startWorkflow(id: $id) { problem { code } flow { run { id } } } }";
        let flow = id(&ask(owner, start, json!({ "id": workflow })).await["flow"]["run"]);
        assert_eq!(crate::workflows::ended(owner, &flow).await.0, "SUCCEEDED");
        let stranger = app.team("mark", &app.domain("Side").await, "Side", "side").await;
        let wanted = json!({ "project": stranger.project, "name": "Theirs", "definition": { "steps": step(&derived) } });
        let text = "mutation ($project: ID!, $name: String!, $definition: JSON!) {
            createWorkflow(project: $project, name: $name, definition: $definition) { problem { code field } } }";
        assert_eq!(named(&ask(&stranger.owner, text, wanted).await["problem"]), ("not_found", "subject"));
        let absent = stranger.owner.graphql(RUN, json!({ "id": derived })).await.ok();
        assert_eq!(absent["data"]["runDerivedTable"]["problem"]["code"], "not_found", "{absent}");
    }
);
