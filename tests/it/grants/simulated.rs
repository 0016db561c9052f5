//! What a change of rules would change: told before it is made, and compared with what it really changed.

use super::*;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};

const TOLD: &str = "ok problem { code message field fix } simulation { complete compared
    holders { subject { name count } assetName columns { name shows mask } export }
    differences { words export assetId assetName subject { id name count projectName }
        columns { name effects before after mask } } }";

async fn simulated(client: &Client, field: &str, variables: Value) -> Value {
    let kinds = [
        ("input", if field.contains("Grant") { "CreateGrantInput!" } else { "CreateRestrictionInput!" }),
        ("id", "ID!"),
        ("asset", "ID!"),
        ("column", "ID"),
        ("tags", "[String!]!"),
        ("group", "ID!"),
        ("user", "ID!"),
        ("member", "Boolean!"),
    ];
    let given: Vec<&(&str, &str)> = kinds.iter().filter(|(name, _)| !variables[*name].is_null()).collect();
    let declared: Vec<String> = given.iter().map(|(name, kind)| format!("${name}: {kind}")).collect();
    let passed: Vec<String> = given.iter().map(|(name, _)| format!("{name}: ${name}")).collect();
    let text = format!("mutation ({}) {{ {field}({}) {{ {TOLD} }} }}", declared.join(", "), passed.join(", "));
    client.data(&text, variables).await[field].clone()
}

/// Every row of every table, as text.
async fn state(app: &Server) -> BTreeMap<String, String> {
    match app.database_url() {
        Some(url) => of_postgres(&mut PgConnection::connect(url).await.unwrap()).await,
        None => {
            let path = format!("sqlite://{}?mode=ro", app.data_dir.join("lakegate.db").display());
            of_sqlite(&mut SqliteConnection::connect(&path).await.unwrap()).await
        }
    }
}

async fn of_sqlite(connection: &mut SqliteConnection) -> BTreeMap<String, String> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
    let tables: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut *connection).await.unwrap();
    let mut state = BTreeMap::new();
    for table in tables {
        let sql = format!("SELECT name FROM pragma_table_info('{table}')");
        let columns: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut *connection).await.unwrap();
        let row = columns.iter().map(|name| format!("quote(\"{name}\")")).collect::<Vec<_>>().join("||','||");
        let sql = format!("SELECT {row} FROM \"{table}\" ORDER BY 1");
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut *connection).await.unwrap();
        state.insert(table, rows.join("\n"));
    }
    state
}

async fn of_postgres(connection: &mut PgConnection) -> BTreeMap<String, String> {
    let sql = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
    let tables: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut *connection).await.unwrap();
    let mut state = BTreeMap::new();
    for table in tables {
        let sql = format!("SELECT t::text FROM \"{table}\" t ORDER BY 1");
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut *connection).await.unwrap();
        state.insert(table, rows.join("\n"));
    }
    state
}

/// Somebody at a project, with the names under which tables may stand there.
struct Reader {
    name: &'static str,
    id: String,
    client: Client,
    databases: Vec<String>,
}

/// Per column of what somebody reads of a table: whether it is masked, and its cells in order.
type Seen = BTreeMap<String, (bool, Vec<String>)>;

/// What everybody reads of every asset, asked by queries.
async fn matrix(readers: &[Reader], assets: &[(&str, &String)]) -> BTreeMap<(&'static str, String), Seen> {
    let mut matrix = BTreeMap::new();
    for reader in readers {
        for (table, asset) in assets {
            let mut seen = Seen::new();
            for database in &reader.databases {
                let answer = reader.client.query(&format!("select * from {database}.{table}")).await;
                if answer.status.is_success() {
                    seen = columns_of(&answer.ok());
                    break;
                }
            }
            matrix.insert((reader.name, (*asset).clone()), seen);
        }
    }
    matrix
}

fn columns_of(answer: &Value) -> Seen {
    let columns = answer["columns"].as_array().unwrap();
    let cells = |at: usize| {
        let rows = answer["rows"].as_array().unwrap();
        let mut cells: Vec<String> = rows.iter().map(|row| row[at].to_string()).collect();
        cells.sort();
        cells
    };
    let of = |(at, column): (usize, &Value)| {
        (column["name"].as_str().unwrap().to_owned(), (column["masked"] == json!(true), cells(at)))
    };
    columns.iter().enumerate().map(of).collect()
}

type Effects = BTreeSet<(String, &'static str)>;

/// What really changed of columns.
fn really(before: &Seen, after: &Seen) -> Effects {
    let mut effects = Effects::new();
    for name in before.keys().chain(after.keys()) {
        let effect = match (before.get(name), after.get(name)) {
            (None, _) => Some("gained"),
            (_, None) => Some("lost"),
            (Some((false, _)), Some((true, _))) => Some("masked"),
            (Some((true, _)), Some((false, _))) => Some("unmasked"),
            _ => None,
        };
        effects.extend(effect.map(|effect| (name.clone(), effect)));
        if let (Some((was_masked, was)), Some((is_masked, is))) = (before.get(name), after.get(name)) {
            let rows = if was_masked == is_masked { was != is } else { was.len() != is.len() };
            effects.extend(rows.then(|| (name.clone(), "rows")));
        }
    }
    effects
}

/// What a simulation says happens to columns.
fn foretold(difference: &Value) -> Effects {
    let mut effects = Effects::new();
    for column in difference["columns"].as_array().unwrap() {
        for effect in column["effects"].as_array().unwrap() {
            let effect = match effect.as_str().unwrap() {
                "GAINED" => "gained",
                "LOST" => "lost",
                "MASKED" => "masked",
                "UNMASKED" => "unmasked",
                "PARTIAL" | "ALL_ROWS" | "OTHER_ROWS" => "rows",
                other => panic!("{other} in {difference}"),
            };
            effects.insert((column["name"].as_str().unwrap().to_owned(), effect));
        }
    }
    effects
}

/// Simulates a change, makes it, and compares what was foretold with what happened; gives the simulation.
async fn held(
    app: &Server,
    (readers, assets): (&[Reader], &[(&str, &String)]),
    (by, field, variables): (&Client, &str, Value),
    make: impl AsyncFnOnce(),
) -> Value {
    let (tables, files) = (state(app).await, files(app));
    let told = simulated(by, field, variables).await;
    assert_eq!(told["ok"], true, "{field}: {told}");
    for (table, rows) in state(app).await {
        // The hearts of the server and of its workers beat on, and what was audited before is sealed.
        let own = ["nodes", "audit_batches", "job_workers", "job_gate"].contains(&table.as_str());
        assert!(own || tables[&table] == rows, "{field} left something in {table}");
    }
    assert_eq!(files, self::files(app), "{field} left a file");
    let before = matrix(readers, assets).await;
    make().await;
    let after = matrix(readers, assets).await;
    let differences = told["simulation"]["differences"].as_array().unwrap();
    let mut told_of = BTreeMap::new();
    for difference in differences {
        let reader = readers.iter().find(|reader| difference["subject"]["id"] == json!(reader.id));
        // Machines of another project have no name for an owner.
        let name = reader.map_or("robot", |reader| reader.name);
        let asset = difference["assetId"].as_str().unwrap().to_owned();
        assert!(told_of.insert((name, asset), foretold(difference)).is_none(), "{field}: twice in {told}");
    }
    for (key, seen) in &after {
        let real = really(&before[key], seen);
        assert_eq!(told_of.remove(key).unwrap_or_default(), real, "{field} for {key:?}: {told}");
    }
    assert_eq!(told_of, BTreeMap::new(), "{field} foretold what did not happen");
    told["simulation"].clone()
}

/// The names of all files but those of the database.
fn files(app: &Server) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![app.data_dir.clone()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.display().to_string();
            if path.is_dir() && !name.contains("/index") {
                open.push(path);
            } else if !name.contains("lakegate.db") {
                found.insert(name);
            }
        }
    }
    found
}

both!(
    async fn what_is_simulated_is_what_happens(app) {
        let registry = Registry::of(app).await;
        let owner = &registry.producer.owner;
        let friend = app.team("friend", &app.domain("Elsewhere").await, "Friends", "friends").await;
        let chief = app.person_with("chief", &["security_administrator", "auditor", "administrator"]).await;
        let readers = group(app, "readers", &[&registry.analysts.owner, &friend.owner]).await;
        let ana = &registry.analysts;
        let made = ana.owner.post(&format!("/api/v1/projects/{}/service-accounts", ana.project),
            json!({ "name": "robot", "role": "contributor" })).await.ok();
        let token = ana.owner.post("/api/v1/tokens", json!({ "name": "job", "scopes": ["query", "read"], "days": 1,
            "service_account": id(&made) })).await.ok();
        let robot = app.anonymous().with_token(token["secret"].as_str().unwrap()).acting(&ana.project);
        let request = story::ask(&ana.owner, &ana.project, &registry.owners, "To analyse").await;
        let subscription = story::approve(owner, &request, json!({ "reason": "Agreed" })).await;
        let own = registry.producer.environment.published.clone();
        let reader = |name, team: &Team, client: Client, id: &str| Reader { name, id: id.to_owned(), client,
            databases: vec![team.environment.subscribed.clone(), own.clone()] };
        let all = [
            reader("olga", &registry.producer, registry.producer.acting(), &owner.id),
            reader("ana", ana, ana.acting(), &ana.owner.id),
            reader("friend", &friend, friend.acting(), &friend.owner.id),
            reader("robot", ana, robot, "unnamed"),
        ];
        let assets = [("owners", &registry.owners), ("companies", &registry.companies)];
        let scene = (&all[..], &assets[..]);
        let few = registry.columns(&["people_id", "age"]).await;
        let names = registry.columns(&["last_name"]).await;
        let wish = json!({ "asset": registry.owners, "to": to("USER", &friend.owner.id), "columns": few,
            "columnsMode": "ONLY", "rowFilter": "age > 40", "export": true, "reason": "For a friend" });
        let mut first = String::new();
        let told = held(app, scene, (owner, "simulateCreateGrant", json!({ "input": wish })), async || {
            first = give(owner, wish.clone()).await;
        }).await;
        assert_eq!(told["holders"][0]["columns"], json!([{ "name": "people_id", "shows": "PARTIAL", "mask": null },
            { "name": "age", "shows": "PARTIAL", "mask": null }]));
        assert_eq!(told["differences"][0]["words"], "2 columns gained, rows may leave as files");
        assert_eq!(told["complete"], true);
        let wish = json!({ "asset": registry.owners, "to": to("GROUP", &readers), "columns": names,
            "columnsMode": "EXCEPT", "reason": "No names" });
        held(app, scene, (owner, "simulateCreateGrant", json!({ "input": wish })), async || {
            give(owner, wish.clone()).await;
        }).await;
        let restrict = async |by: &Client, input: &Value| {
            let text = "mutation ($input: CreateRestrictionInput!) { createRestriction(input: $input) { restriction { id } } }";
            id(&by.data(text, json!({ "input": input })).await["createRestriction"]["restriction"])
        };
        let mask = json!({ "asset": registry.owners, "effect": "MASK", "mask": "REPLACE_WITH_NULL", "columns": [few[1]],
            "exempt": [{ "kind": "PROJECT", "principalId": ana.project }], "reason": "Ages are private" });
        held(app, scene, (owner, "simulateCreateRestriction", json!({ "input": mask })), async || {
            restrict(owner, &mask).await;
        }).await;
        let hide = json!({ "tag": "pii", "effect": "HIDE", "reason": "Personal data" });
        let mut rule = String::new();
        let told = held(app, scene, (&chief, "simulateCreateRestriction", json!({ "input": hide })), async || {
            rule = restrict(&chief, &hide).await;
        }).await;
        assert_eq!((&told["differences"], &told["complete"]), (&json!([]), &json!(false)), "nothing carries it yet");
        let tags = json!({ "asset": registry.owners, "column": names[0], "tags": ["pii=name"] });
        held(app, scene, (owner, "simulateSetTags", tags), async || {
            let whole = asset(owner, &registry.owners).await;
            let edit = json!({ "revision": whole["revision"], "columns": [{ "id": names[0], "tags": ["pii=name"] }] });
            owner.patch(&format!("/api/v1/assets/{}", registry.owners), edit).await.ok();
        }).await;
        held(app, scene, (&chief, "simulateLiftRestriction", json!({ "id": rule })), async || {
            let text = "mutation ($id: ID!) { liftRestriction(id: $id) { ok } }";
            assert_eq!(chief.data(text, json!({ "id": rule })).await["liftRestriction"]["ok"], true);
        }).await;
        let filter = json!({ "asset": registry.owners, "effect": "FILTER", "filter": "gender = 'female'",
            "reason": "The study is about women" });
        held(app, scene, (owner, "simulateCreateRestriction", json!({ "input": filter })), async || {
            restrict(owner, &filter).await;
        }).await;
        let leaves = json!({ "group": readers, "user": friend.owner.id, "member": false });
        held(app, scene, (&chief, "simulateSetGroupMember", leaves), async || {
            app.admin.delete(&format!("/api/v1/groups/{readers}/members/{}", friend.owner.id)).await.is(204);
        }).await;
        let joins = json!({ "group": readers, "user": friend.owner.id, "member": true });
        held(app, scene, (&chief, "simulateSetGroupMember", joins), async || {
            app.admin.put(&format!("/api/v1/groups/{readers}/members/{}", friend.owner.id), json!({})).await.is(204);
        }).await;
        let wish = json!({ "asset": registry.companies, "to": to("PROJECT", &ana.project), "reason": "All of it" });
        held(app, scene, (owner, "simulateCreateGrant", json!({ "input": wish })), async || {
            give(owner, wish.clone()).await;
        }).await;
        held(app, scene, (owner, "simulateRevokeSubscription", json!({ "id": subscription })), async || {
            story::revoke(owner, &subscription, "No longer").await;
        }).await;
        let told = held(app, scene, (owner, "simulateRevokeGrant", json!({ "id": first })), async || {
            assert_eq!(take_back(owner, &first).await["ok"], true);
        }).await;
        assert_eq!(told["complete"], true);
    }
);

both!(
    async fn whoever_may_not_make_a_change_learns_no_more_from_simulating_it(app) {
        let registry = Registry::of(app).await;
        let (owner, ana) = (&registry.producer.owner, registry.analysts.acting());
        let few = registry.columns(&["people_id", "age"]).await;
        let wish = json!({ "asset": registry.owners, "to": { "kind": "EVERYONE" }, "reason": "For all" });
        let (told, tried) = (simulated(&ana, "simulateCreateGrant", json!({ "input": wish })).await, try_give(&ana, wish).await);
        assert_eq!(told["problem"]["code"], "forbidden", "{told}");
        assert_eq!((&told["problem"]["message"], &told["problem"]["code"]), (&tried["problem"]["message"], &tried["problem"]["code"]));
        assert_eq!(told["simulation"], Value::Null);
        // Whoever hands on what he was given does not review the asset: he is told nothing of others' access.
        let friend = app.team("friend", &app.domain("Elsewhere").await, "Friends", "friends").await;
        give(owner, json!({ "asset": registry.owners, "to": to("USER", &registry.analysts.owner.id), "columns": few,
            "columnsMode": "ONLY", "handOn": true, "reason": "For her" })).await;
        let handed = json!({ "asset": registry.owners, "to": to("USER", &friend.owner.id), "reason": "For a friend" });
        let told = simulated(&ana, "simulateCreateGrant", json!({ "input": handed })).await["simulation"].clone();
        assert_eq!((&told["differences"], &told["holders"], &told["complete"]), (&json!([]), &json!([]), &json!(false)));
        // Whoever makes rules without reviewing is told how many are concerned, not who.
        let hide = json!({ "asset": registry.owners, "effect": "HIDE", "reason": "To be sure" });
        let told = simulated(&registry.guard, "simulateCreateRestriction", json!({ "input": hide })).await["simulation"].clone();
        assert_eq!(told["complete"], false, "{told}");
        let told = told["differences"].as_array().unwrap().clone();
        assert_eq!(told.len(), 2, "an owner, and a holder of two columns: {told:?}");
        for difference in &told {
            assert_eq!(difference["subject"], json!({ "id": null, "name": null, "count": 1, "projectName": null }));
        }
        let said: Vec<&Value> = told.iter().map(|difference| &difference["words"]).collect();
        assert!(said.contains(&&json!("2 columns lost")), "{said:?}");
        // Nor is it cached or asked by a link.
        let link = format!("/graphql?query=mutation%7BsimulateRevokeGrant(id:%22{}%22)%7Bok%7D%7D", few[0]);
        assert!(!owner.get(&link).await.status.is_success());
    }
);

both!(
    async fn a_simulation_of_too_much_is_refused_and_one_of_much_is_quick(app) {
        let registry = Registry::of(app).await;
        let owner = &registry.producer.owner;
        for n in 0..30 {
            write(&app.files().join(format!("registry/visits{n}/visits{n}.csv")), b"id,at\n1,noon\n");
        }
        story::crawl(owner, &registry.source).await;
        let text = "query ($project: ID!) { environments(project: $project) { databases { id name } } }";
        let places = owner.data(text, json!({ "project": registry.producer.project })).await;
        let found = places["environments"][0]["databases"].as_array().unwrap().clone();
        let own = found.iter().find(|found| found["name"] == json!(registry.producer.environment.published)).unwrap();
        let domain = app.domain("Side").await;
        let projects = async |from: u32, to: u32| {
            for n in from..to {
                let wish = json!({ "domain_id": domain, "name": format!("Side {n}") });
                registry.analysts.owner.post("/api/v1/projects", wish).await.ok();
            }
        };
        projects(1, 31).await;
        let wish = json!({ "database": id(own), "to": to("USER", &registry.analysts.owner.id), "reason": "All" });
        let began = std::time::Instant::now();
        let told = simulated(owner, "simulateCreateGrant", json!({ "input": wish })).await;
        eprintln!("{} pairs in {:?}", told["simulation"]["compared"], began.elapsed());
        assert_eq!(told["simulation"]["compared"], 31 * 32, "{told}");
        assert_eq!(told["simulation"]["differences"].as_array().unwrap().len(), 32, "her projects are not the owner's to know");
        projects(31, 32).await;
        let told = simulated(owner, "simulateCreateGrant", json!({ "input": wish })).await;
        assert_eq!(told["problem"]["code"], "limit_exceeded", "{told}");
    }
);

both!(
    async fn a_form_shows_what_it_would_do_before_it_does(app) {
        let registry = Registry::of(app).await;
        let browser = app.browser("olga").await;
        let few = registry.columns(&["people_id", "age"]).await;
        let (grants, rules) = (format!("/assets/{}/grants/new", registry.owners), format!("/assets/{}/restrictions/new", registry.owners));
        let fields = [("to", "person"), ("person", "ana"), ("mode", "only"), ("column", &few[0]), ("column", &few[1]),
            ("row_filter", "age > 40"), ("preview", "1")];
        let page = browser.submit(&grants, &fields).await.is(200).text();
        for words in ["Who gains, who loses", "2 columns gained", "people_id, age", "would read 2 columns: 0 whole, 2 in some rows, 0 masked", "age &#62; 40"] {
            assert!(page.contains(words), "{words} is not on the page: {page}");
        }
        registry.refused(&registry.analysts.acting(), "owners").await;
        let wrong = [("to", "person"), ("person", "ana"), ("mode", "only"), ("preview", "1")];
        let page = browser.submit(&grants, &wrong).await.is(422).text();
        assert!(page.contains("Choose at least one column") && !page.contains("Who gains, who loses"), "{page}");
        let fields = [("effect", "hide"), ("column", &few[1]), ("preview", "1")];
        let page = browser.submit(&rules, &fields).await.is(200).text();
        assert!(page.contains("1 column lost") && page.contains("olga"), "{page}");
        assert_eq!(registry.count(&registry.producer.acting(), "owners").await, 100);
    }
);

both!(
    async fn the_documents_tell_what_is_simulated(app) {
        let registry = Registry::of(app).await;
        let (query, answer) = crate::reviews::examples("simulate.md").remove(0);
        let age = registry.columns(&["age"]).await;
        let query = query.replace("ASSET", &registry.owners).replace("PERSON", &registry.analysts.owner.id);
        assert_eq!(registry.producer.owner.data(&query.replace("COLUMN", &age[0]), json!({})).await, answer);
    }
);
