//! Rules from files, over HTTP and as a command.

mod commands;
mod proposals;

use lakegate_tests::{
    Client, Options, Server, Value,
    answer::id,
    both, eventually, eventually_ok,
    files::write,
    people::Person,
    story::{self, Team, asset, column, rows},
};
use serde_json::json;

/// Nothing is put right before the test says so.
fn by_hand() -> Options {
    Options::default().toml("[policy]\nreconcile = false")
}

/// Four domains with a team and its table of orders each, a reader in twenty groups, and a security administrator.
struct Market {
    teams: Vec<Team>,
    sources: Vec<String>,
    orders: Vec<String>,
    analysts: Team,
    guard: Person,
}

impl Market {
    async fn of(app: &Server) -> Self {
        let (mut teams, mut sources, mut orders) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..4 {
            let domain = app.domain(&format!("Domain {number}")).await;
            let team =
                app.team(&format!("owner{number}"), &domain, &format!("Team {number}"), &format!("t{number}")).await;
            write(&file(app, number, "orders"), b"order_id,email,amount\n1,a@b.example,10\n2,c@d.example,20\n");
            let folder = story::folder_uri(&app.files().join(format!("t{number}")));
            let source = story::source(&team, "files", &folder).await;
            story::crawl(&team.owner, &source).await;
            orders.push(published(&team, "orders").await);
            (teams.push(team), sources.push(source)).0
        }
        let analysts = app.team("ana", &app.domain("Reading").await, "Analysts", "analysts").await;
        for number in 0..20 {
            let group = id(&app.admin.post("/api/v1/groups", json!({ "name": format!("group {number}") })).await.ok());
            let member = format!("/api/v1/groups/{group}/members/{}", analysts.owner.id);
            if number % 5 == 0 {
                app.admin.put(&member, json!({})).await.is(204);
            }
        }
        // Whoever set the installation up holds every role; here he only runs it.
        let roles = format!("/api/v1/users/{}/roles", app.admin.id);
        app.admin.put(&roles, json!({ "roles": ["administrator"] })).await.ok();
        let guard = app.person_with("guard", &["security_administrator"]).await;
        Self { teams, sources, orders, analysts, guard }
    }

    fn table(&self, number: usize, name: &str) -> String {
        format!("{}.{name}", self.teams[number].environment.published)
    }

    /// What the reader sees of a table; `None` if there is none for her.
    async fn seen(&self, number: usize, name: &str) -> Option<Vec<String>> {
        let sql = format!("select * from {}", self.table(number, name));
        let answer = self.analysts.acting().query(&sql).await;
        if answer.status == 422 {
            return None;
        }
        let columns = answer.ok()["columns"].as_array().unwrap().clone();
        Some(columns.iter().map(|column| column["name"].as_str().unwrap().to_owned()).collect())
    }
}

/// The only file of a table of a team.
fn file(app: &Server, number: usize, table: &str) -> std::path::PathBuf {
    app.files().join(format!("t{number}/{table}/{table}.csv"))
}

/// Publishes the asset of a team with this name; gives its id.
async fn published(team: &Team, name: &str) -> String {
    let id = id(&story::asset_named(&team.owner, &team.project, name).await);
    story::publish(&team.owner, &id, &format!("All {name}")).await;
    id
}

/// Five personas of a domain, its readers, and those who see more or less; and one file for what holds everywhere.
fn set() -> Vec<Value> {
    let domain = |n: usize| {
        let persona = |at: usize| format!("  - {{ name: persona {0}, groups: [group {0}] }}\n", n * 5 + at);
        let personas: String = (0..5).map(persona).collect();
        let to = |at: usize| format!("persona {}", n * 5 + at);
        let grants = [
            format!(
                "  - {{ name: read-{n}, to: [{}], on: ['team {n}/*/*'], columns: {{ except_tagged: [pii] }}, reason: Work }}",
                to(0)
            ),
            format!(
                "  - {{ name: all-{n}, to: [{}], on: [Team {n}/t{n}_pub/orders], export: true, reason: Support }}",
                to(1)
            ),
            format!(
                "  - {{ name: ids-{n}, to: [{}, {}], on: [Team {n}/*/orders], columns: {{ only: ['*_id'] }}, reason: Joins }}",
                to(2),
                to(3)
            ),
            format!("  - {{ name: late-{n}, to: [{}], on: ['Team {n}/*/nothing*'], reason: Later }}", to(4)),
        ];
        json!({ "name": format!("domain-{n}.yaml"), "text": format!("personas:\n{personas}grants:\n{}\n", grants.join("\n")) })
    };
    let common = "tags:
  - { tag: pii=email, on: ['*/*/*'], columns: ['*email*'] }
restrictions:
  - { name: mask-mail, tag: pii, mask: replace-with-null, exempt: [persona 1, persona 6], reason: Personal data }
  - { name: no-secrets, on: ['*/*/*'], columns: { only: ['*secret*'] }, hide: true, reason: Keys }
";
    (0..4).map(domain).chain([json!({ "name": "common.yaml", "text": common })]).collect()
}

async fn plan(client: &Client, files: &[Value]) -> Value {
    let text = "query ($files: [PolicyFileInput!]!) { policyPlan(files: $files) {
        summary text digest notes approval alone changes { kind about rule on whom what words } } }";
    client.data(text, json!({ "files": files })).await["policyPlan"].clone()
}

/// The lines of a plan.
fn words(plan: &Value) -> Vec<String> {
    let changes = plan["changes"].as_array().unwrap_or_else(|| panic!("no plan: {plan}"));
    changes.iter().map(|change| change["words"].as_str().unwrap().to_owned()).collect()
}

async fn apply(client: &Client, files: &[Value]) -> Value {
    let text = "mutation ($files: [PolicyFileInput!]!) { applyPolicy(files: $files) {
        ok problem { code field message fix } done { outcome version versionId plan { summary digest approval alone changes { words } } } } }";
    client.data(text, json!({ "files": files })).await["applyPolicy"].clone()
}

async fn reconcile(client: &Client) -> Value {
    let text = "mutation { reconcilePolicy { ok problem { code message } plan { summary changes { words } } } }";
    client.data(text, json!({})).await["reconcilePolicy"].clone()
}

async fn state(client: &Client) -> Value {
    let text = "{ policyState { comparedAt failure failedAt drift { changes { words } }
        current { number state digest alone createdBy files { name } }
        waiting { own problem plan { digest changes { words } } version { id number approval createdBy } } } }";
    client.data(text, json!({})).await["policyState"].clone()
}

/// The grants on an asset that are in force, by their reasons.
async fn grants(owner: &Client, asset: &str) -> Vec<Value> {
    let text = "query ($asset: ID!) { grants(asset: $asset, first: 100) { nodes { id reason endedAt } } }";
    let all = owner.data(text, json!({ "asset": asset })).await["grants"]["nodes"].as_array().unwrap().clone();
    all.into_iter().filter(|grant| grant["endedAt"].is_null()).collect()
}

both!(
    by_hand(),
    async fn twenty_personas_over_four_domains(app) {
        let market = Market::of(app).await;
        let (guard, owner) = (&market.guard, &market.teams[0].owner);
        let first = plan(guard, &set()).await;
        // A tag and three grants for each of the four tables of orders (one of them to two personas), and a rule on a tag.
        assert_eq!(first["summary"], "21 to add, 0 to change, 0 to remove", "{first}");
        assert_eq!(first["approval"], json!([]));
        assert_eq!(market.seen(0, "orders").await, None);
        let applied = apply(guard, &set()).await;
        assert_eq!((&applied["done"]["outcome"], &applied["done"]["version"]), (&json!("APPLIED"), &json!(1)), "{applied}");
        assert_eq!(market.seen(0, "orders").await.unwrap(), ["order_id", "amount"]);
        // Once more changes nothing, in whatever order the files come.
        let mut again = set();
        again.reverse();
        let again = apply(guard, &again).await;
        assert_eq!((&again["done"]["outcome"], &again["done"]["version"]), (&json!("UNCHANGED"), &json!(1)), "{again}");
        assert_eq!(plan(guard, &set()).await["summary"], "nothing to change");

        // A table under a wildcard and a column of personal data stay closed until the set is compared with the catalog.
        write(&file(app, 0, "visits"), b"visit_id,place\n1,here\n");
        write(&file(app, 1, "orders"), b"order_id,email,amount,second_email\n1,a@b.example,10,x@y.example\n");
        for number in 0..2 {
            story::crawl(&market.teams[number].owner, &market.sources[number]).await;
        }
        published(&market.teams[0], "visits").await;
        assert_eq!(market.seen(0, "visits").await, None);
        let due = plan(guard, &set()).await;
        let expected = [
            "+ tag pii=email on Team 1/t1_pub/orders.second_email",
            "+ grant read-0 on Team 0/t0_pub/visits to group group 0: reads visit_id, place",
        ];
        assert_eq!(words(&due), expected, "{due}");
        assert_eq!(words(&state(guard).await["drift"]), expected);
        assert_eq!(market.seen(1, "orders").await.unwrap(), ["order_id", "amount"]);
        let done = reconcile(guard).await;
        assert_eq!(words(&done["plan"]), expected, "{done}");
        assert_eq!(market.seen(0, "visits").await.unwrap(), ["visit_id", "place"]);
        let whole = asset(&market.teams[1].owner, &market.orders[1]).await;
        let released = json!({ "columns": [column(&whole, "second_email")] });
        let release = format!("/api/v1/assets/{}/release", market.orders[1]);
        market.teams[1].owner.post(&release, released).await.ok();
        assert_eq!(market.seen(1, "orders").await.unwrap(), ["order_id", "amount"], "it carries the tag");
        assert_eq!(words(&plan(guard, &set()).await), ["~ grant all-1 on Team 1/t1_pub/orders to group group 6: also reads second_email"]);
        reconcile(guard).await;

        // What people do by hand is put right where files manage it, and left alone elsewhere.
        let hand = json!({ "asset": market.orders[0], "to": { "kind": "USER", "id": market.analysts.owner.id }, "reason": "By hand" });
        let text = "mutation ($input: CreateGrantInput!) { createGrant(input: $input) { ok grant { id } } }";
        let hand = id(&owner.data(text, json!({ "input": hand })).await["createGrant"]["grant"]);
        assert_eq!(market.seen(0, "orders").await.unwrap(), ["order_id", "email", "amount"]);
        let managed = grants(owner, &market.orders[0]).await;
        assert_eq!(managed.len(), 5);
        let text = "mutation ($id: ID!) { revokeGrant(id: $id) { ok } }";
        for grant in managed.iter().filter(|grant| grant["reason"] == "Work") {
            owner.data(text, json!({ "id": grant["id"] })).await;
        }
        let drift = state(guard).await;
        assert_eq!(words(&drift["drift"]).len(), 1, "{drift}");
        reconcile(guard).await;
        let after = grants(owner, &market.orders[0]).await;
        assert_eq!((after.len(), after.iter().filter(|grant| grant["id"] == json!(hand)).count()), (5, 1));
        let exported = guard.data("{ policyExport { name text } }", json!({})).await["policyExport"].clone();
        let names: Vec<&str> = exported.as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["common.yaml", "domain-0.yaml", "domain-1.yaml", "domain-2.yaml", "domain-3.yaml", "by-hand.yaml"]);
        let by_hand = exported[5]["text"].as_str().unwrap();
        assert!(by_hand.contains("reason: By hand") && !by_hand.contains("Work"), "{by_hand}");
        // What is exported reads as files again, beside those it came from.
        let both = plan(guard, exported.as_array().unwrap()).await;
        assert_eq!(both["summary"], "1 to add, 0 to change, 0 to remove", "{both}");

        a_bad_file_changes_nothing(&market).await;
        others_may_do_none_of_it(app, &market).await;

        // An empty file ends what files brought, and nothing else.
        let none = [json!({ "name": "none.yaml", "text": "" })];
        let gone = apply(guard, &none).await;
        assert_eq!(gone["done"]["outcome"], "APPLIED", "{gone}");
        let left = grants(owner, &market.orders[0]).await;
        assert_eq!((left.len(), &left[0]["id"]), (1, &json!(hand)));
        assert_eq!(market.seen(1, "orders").await, None);
        what_was_done_is_in_the_audit(app).await;
    }
);

async fn a_bad_file_changes_nothing(market: &Market) {
    let guard = &market.guard;
    let mut bad = set();
    bad[0]["text"] = json!(bad[0]["text"].as_str().unwrap().replace("group 3]", "group 333]"));
    let refused = apply(guard, &bad).await;
    let problem = &refused["problem"];
    assert_eq!((&problem["code"], &problem["field"]), (&json!("invalid"), &json!("files")), "{refused}");
    assert_eq!(problem["message"], "domain-0.yaml: personas[3].groups[0]: there is no group group 333");
    for (text, says) in [
        ("grants: [{ nme: x }]", "domain-0.yaml:1: grants[0]: unknown field `nme`"),
        ("personas: [{ name: persona 6, groups: [group 0] }]", "the persona persona 6 stands in"),
        ("grants: [{ name: g, to: [persona 9], on: [Team 0/t0_pub/nothing], reason: r }]", "there is no table"),
        (
            "restrictions: [{ name: g, on: [Team 0/*/*], columns: { only: ['*'] }, mask: show-first-4, reason: r }]",
            "is not defined for",
        ),
        // 21: whoever writes a condition reads its columns, or is a steward of the domain.
        (
            "grants: [{ name: g, to: [persona 9], on: [Team 0/*/orders], rows: amount > 10, reason: r }]",
            "the condition of g on Team 0",
        ),
    ] {
        let mut bad = set();
        if text.contains("persona 9") || text.contains("restrictions") {
            bad.push(json!({ "name": "more.yaml", "text": text }));
        } else {
            bad[0]["text"] = json!(text);
        }
        let refused = apply(guard, &bad).await;
        let message = refused["problem"]["message"].as_str().unwrap_or_else(|| panic!("{text}: {refused}"));
        assert!(message.contains(says), "{text}: {message}");
    }
    assert_eq!(plan(guard, &set()).await["summary"], "nothing to change");
    assert_eq!(state(guard).await["current"]["number"], 1);
}

async fn others_may_do_none_of_it(app: &Server, market: &Market) {
    let contributor = app.person("colleague").await;
    market.teams[0].join(&contributor, "contributor").await;
    let nothing = "018f0000-0000-7000-8000-000000000000";
    let files = json!([{ "name": "a.yaml", "text": "" }]);
    for client in [&contributor, &market.teams[0].owner, &app.admin] {
        for text in [
            "query ($files: [PolicyFileInput!]!) { policyPlan(files: $files) { text } }",
            "{ policyExport { name } }",
            "{ policyState { comparedAt } }",
            "{ policyVersions { nodes { number } } }",
        ] {
            let answer = client.graphql(text, json!({ "files": files })).await.json();
            assert_eq!(answer["errors"][0]["extensions"]["code"], "forbidden", "{text}: {answer}");
        }
        for text in [
            "mutation ($files: [PolicyFileInput!]!) { done: applyPolicy(files: $files) { problem { code } } }",
            "mutation { done: reconcilePolicy { problem { code } } }",
            "mutation ($id: ID!) { done: approvePolicy(id: $id, seen: \"x\") { problem { code } } }",
            "mutation ($id: ID!) { done: refusePolicy(id: $id, reason: \"x\") { problem { code } } }",
        ] {
            let answer = client.data(text, json!({ "files": files, "id": nothing })).await;
            assert_eq!(answer["done"]["problem"]["code"], "forbidden", "{text}: {answer}");
        }
    }
    // Files that do not read tell nobody else so.
    let bad = json!({ "files": [{ "name": "a.yaml", "text": "nonsense: true" }] });
    let text = "query ($files: [PolicyFileInput!]!) { policyPlan(files: $files) { text } }";
    let answer = contributor.graphql(text, bad).await.json();
    assert_eq!(answer["errors"][0]["extensions"]["code"], "forbidden", "{answer}");
}

async fn what_was_done_is_in_the_audit(app: &Server) {
    let auditor = app.person_with("aud", &["auditor"]).await;
    let done = async |action: &str| {
        let all = auditor.all(&format!("/api/v1/audit?action={action}"), 200).await;
        all.into_iter().filter(|event| event["outcome"] == "allowed").collect::<Vec<_>>()
    };
    let count = async |action: &str| done(action).await.len();
    assert_eq!((count("policy.apply").await, count("policy.reconcile").await), (2, 3));
    // 16 at first, one for the visits, two that were replaced or given again, and the one by hand.
    assert_eq!((count("grant.create").await, count("restriction.create").await), (20, 1));
    let detail: String = done("policy.apply").await.iter().map(|event| event["detail"].to_string()).collect();
    assert!(detail.contains("21 to add") && detail.contains("digest"), "{detail}");
}

both!(
    async fn the_set_is_kept_in_force_and_tells_once_when_it_cannot_be(app) {
        let market = Market::of(app).await;
        let (guard, owner) = (&market.guard, &market.teams[0].owner);
        let text = "personas: [{ name: readers, projects: [Analysts] }]
grants: [{ name: read, to: [readers], on: ['Team 0/*/*'], reason: Work }]
";
        let files = [json!({ "name": "a.yaml", "text": text })];
        assert_eq!(apply(guard, &files).await["done"]["outcome"], "APPLIED");
        write(&file(app, 0, "visits"), b"visit_id,place\n1,here\n");
        story::crawl(owner, &market.sources[0]).await;
        published(&market.teams[0], "visits").await;
        eventually_ok("the new table", async || market.seen(0, "visits").await.is_some()).await;
        let taken = grants(owner, &market.orders[0]).await;
        owner.data("mutation ($id: ID!) { revokeGrant(id: $id) { ok } }", json!({ "id": taken[0]["id"] })).await;
        eventually_ok("the grant given again", async || !grants(owner, &market.orders[0]).await.is_empty()).await;

        // The project of a persona goes by another name: nothing changes, and there is one notice.
        let project = format!("/api/v1/projects/{}", market.analysts.project);
        market.analysts.owner.patch(&project, json!({ "name": "Researchers" })).await.ok();
        let failed = eventually("the failure", async || Some(state(guard).await).filter(|s| !s["failedAt"].is_null())).await;
        assert!(failed["failure"].as_str().unwrap().contains("there is no project Analysts"), "{failed}");
        assert!(market.seen(0, "orders").await.is_some(), "what it gave stays");
        let notices = async || {
            let all = guard.get("/api/v1/notices").await.ok();
            all["items"].as_array().unwrap().iter().filter(|notice| notice["kind"] == "policy.failed").count()
        };
        assert_eq!(notices().await, 1);
        write(&file(app, 0, "later"), b"x\n1\n");
        story::crawl(owner, &market.sources[0]).await;
        let before = failed["comparedAt"].clone();
        eventually_ok("another comparison", async || state(guard).await["comparedAt"] != before).await;
        assert_eq!(notices().await, 1);
        assert_eq!(state(guard).await["failedAt"], failed["failedAt"]);
        market.analysts.owner.patch(&project, json!({ "name": "Analysts" })).await.ok();
        eventually_ok("the recovery", async || state(guard).await["failure"].is_null()).await;
    }
);
