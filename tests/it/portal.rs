//! What the portal tells auditors, reviewers and owners about access: the search of the audit, the explorer of rights, tags
//! and what hangs on them, and the forms of rules on tags and databases. Each page beside its GraphQL twin.

use lakegate_tests::{
    Client, Server, Value,
    answer::id,
    both,
    story::{self, rows},
};
use serde_json::json;

use crate::grants::{Registry, give, group, to};

const RULE: &str = "mutation ($input: CreateRestrictionInput!) { createRestriction(input: $input) { ok problem { message } restriction { id } } }";

async fn restrict(client: &Client, input: Value) -> String {
    let made = client.data(RULE, json!({ "input": input })).await["createRestriction"].clone();
    assert_eq!(made["ok"], true, "{made}");
    id(&made["restriction"])
}

async fn change_tag(client: &Client, input: Value) -> Value {
    let text = "mutation ($input: ChangeTagInput!) { changeTag(input: $input) { ok problem { code message field } } }";
    client.data(text, json!({ "input": input })).await["changeTag"].clone()
}

/// Code of the first error of an answer.
async fn refused(client: &Client, text: &str, variables: Value) -> String {
    let answer = client.graphql(text, variables).await.json();
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or("none").to_owned()
}

fn numbers(events: &Value) -> Vec<i64> {
    let nodes = events["auditEvents"]["nodes"].as_array().unwrap();
    nodes.iter().map(|event| event["number"].as_i64().unwrap()).collect()
}

const SOUGHT: &str = "query ($filter: AuditFilter!) { auditEvents(filter: $filter, first: 50) { nodes { number actorName action subjectKind subjectId requestId detail } } }";

async fn sought(client: &Client, filter: Value) -> Value {
    client.data(SOUGHT, json!({ "filter": filter })).await
}

/// The analysts read two columns of *owners* under a grant and a restriction.
struct Read {
    registry: Registry,
    grant: String,
    restriction: String,
}

impl Read {
    async fn of(app: &Server) -> Self {
        let registry = Registry::of(app).await;
        let (owner, ana) = (&registry.producer.owner, &registry.analysts);
        let columns = registry.columns(&["age", "gender"]).await;
        let grant = give(
            owner,
            json!({ "asset": registry.owners, "to": to("USER", &ana.owner.id), "columns": columns,
            "columnsMode": "ONLY", "reason": "For the lighthouse study" }),
        )
        .await;
        let age = registry.columns(&["age"]).await;
        let restriction = restrict(
            owner,
            json!({ "asset": registry.owners, "columns": age, "effect": "MASK", "mask": "REPLACE_WITH_NULL",
            "reason": "Too narrow" }),
        )
        .await;
        rows(&ana.acting(), &format!("select age, gender from {} where gender = 'sesame'", registry.table("owners")))
            .await;
        Self { registry, grant, restriction }
    }
}

both!(
    async fn the_audit_is_searched_by_words_things_queries_and_projects(app) {
        let read = Read::of(app).await;
        let auditor = app.person_with("aud", &["auditor"]).await;
        let owner = &read.registry.producer.owner;
        // Words: whatever their case, nowhere in what is sealed, and not what literals were.
        let found = sought(&auditor, json!({ "words": "LIGHTHOUSE study" })).await;
        assert_eq!(found["auditEvents"]["nodes"][0]["action"], "grant.create", "{found}");
        assert_eq!(numbers(&found).len(), 1, "{found}");
        assert!(numbers(&sought(&auditor, json!({ "words": "sesame" })).await).is_empty());
        assert!(numbers(&sought(&auditor, json!({ "words": "sealed_sql" })).await).is_empty());
        // A grant by its id: when it was given, and what was read under it.
        let under = sought(&auditor, json!({ "words": read.grant })).await;
        let actions: Vec<&str> =
            under["auditEvents"]["nodes"].as_array().unwrap().iter().map(|one| one["action"].as_str().unwrap()).collect();
        assert!(actions.contains(&"asset.read"), "{actions:?}");
        // A query with its start, its reads and its end.
        let start = sought(&auditor, json!({ "action": "query.start", "actor": "ana" })).await;
        let start = &start["auditEvents"]["nodes"][0];
        let whole = sought(&auditor, json!({ "query": start["subjectId"] })).await;
        let of = |action: &str| {
            whole["auditEvents"]["nodes"].as_array().unwrap().iter().any(|event| event["action"] == json!(action))
        };
        assert!(of("query.start") && of("asset.read"), "{whole}");
        let same = sought(&auditor, json!({ "requestId": start["requestId"], "subjectKind": "asset" })).await;
        assert_eq!(same["auditEvents"]["nodes"].as_array().unwrap().len(), 1, "{same}");
        // A project: where somebody acted in it, and what it owns.
        let elsewhere = sought(&auditor, json!({ "project": read.registry.analysts.project, "action": "query" })).await;
        assert!(!numbers(&elsewhere).is_empty());
        // Owners find events on what they own, and nothing of others' queries.
        let his = sought(owner, json!({ "query": start["subjectId"] })).await;
        let his: Vec<&Value> = his["auditEvents"]["nodes"].as_array().unwrap().iter().collect();
        assert!(!his.is_empty() && his.iter().all(|event| event["action"] == "asset.read"), "{his:?}");
        // Whoever has nothing to do with it finds nothing, whatever he asks for.
        let sven = app.person("sven").await;
        for filter in [json!({ "words": read.grant }), json!({ "query": start["subjectId"] }), json!({ "requestNumber": 1 }),
            json!({ "actorId": owner.id }), json!({ "subject": read.registry.owners })] {
            assert!(numbers(&sought(&sven, filter.clone()).await).is_empty(), "{filter}");
        }
        // REST asks the same use case.
        let listed = auditor.all(&format!("/api/v1/audit?query={}&subject_kind=asset", start["subjectId"].as_str().unwrap()), 5).await;
        assert_eq!(listed.len(), 1, "{listed:?}");
    }
);

both!(
    async fn one_event_shows_what_it_points_at(app) {
        let read = Read::of(app).await;
        let auditor = app.person_with("aud", &["auditor"]).await;
        let text = "query ($number: Long!) { auditEvent(number: $number) { event { number detail } asset { name } columns otherColumns
            fingerprint queryId rules { kind id words } } }";
        let reads = sought(&auditor, json!({ "action": "asset.read", "actor": "ana" })).await;
        let number = numbers(&reads)[0];
        let seen = auditor.data(text, json!({ "number": number })).await["auditEvent"].clone();
        assert_eq!((&seen["asset"]["name"], &seen["columns"]), (&json!("All owners"), &json!(["gender", "age"])), "{seen}");
        assert!(!seen["fingerprint"].is_null() && !seen["queryId"].is_null(), "{seen}");
        let words = |kind: &str| {
            let all = seen["rules"].as_array().unwrap();
            all.iter().find(|rule| rule["kind"] == json!(kind)).unwrap()["words"].as_str().unwrap().to_owned()
        };
        assert!(words("DIRECT_GRANT").contains("lighthouse"), "{seen}");
        assert!(words("RESTRICTION").contains("masks what it covers: Too narrow"), "{seen}");
        assert!(seen["rules"].to_string().contains(&read.grant) && seen["rules"].to_string().contains(&read.restriction));
        // The one who read is told that there is a restriction, not why.
        let own = read.registry.analysts.owner.data(text, json!({ "number": number })).await["auditEvent"].clone();
        assert!(!own.to_string().contains("Too narrow") && own["rules"].to_string().contains("lighthouse"), "{own}");
        // That the auditor looked is written down, with the number.
        let looked = sought(&auditor, json!({ "action": "audit.read", "actor": "aud" })).await.to_string();
        assert!(looked.contains(&format!("\\\"number\\\":{number}")), "{looked}");
        // An event that is not his is like one that there never was.
        let sven = app.person("sven").await;
        for none in [number, 1_000_000, -1, 0] {
            assert_eq!(refused(&sven, text, json!({ "number": none })).await, "not_found");
        }
        let page = app.browser("aud").await.open(&format!("/audit/{number}")).await.is(200).text();
        for words in ["All owners", "gender, age", "lighthouse", "Why it reads so today", &read.grant] {
            assert!(page.contains(words), "{words} is not on the page");
        }
        app.browser("sven").await.open(&format!("/audit/{number}")).await.is(404);
    }
);

both!(
    async fn what_is_found_leaves_as_csv_and_that_is_audited(app) {
        let read = Read::of(app).await;
        let auditor = app.person_with("aud", &["auditor"]).await;
        give(&read.registry.producer.owner, json!({ "asset": read.registry.owners, "to": { "kind": "EVERYONE" }, "reason": "=1+1" })).await;
        let browser = app.browser("aud").await;
        let csv = browser.open("/audit/audit.csv?action=grant").await.is(200).text();
        assert!(csv.starts_with("number,at,actor_kind") && csv.lines().count() == 3, "{csv}");
        let csv = auditor.get("/api/v1/audit.csv?action=query").await.is(200).text();
        assert!(csv.contains("query.start") && !csv.contains("sesame") && !csv.contains("sealed_sql"), "{csv}");
        let same = auditor.data("query { auditCsv(filter: { action: \"grant\" }) }", json!({})).await;
        assert_eq!(same["auditCsv"].as_str().unwrap().lines().count(), 3);
        let taken = sought(&auditor, json!({ "action": "audit.export" })).await;
        assert_eq!(numbers(&taken).len(), 3, "{taken}");
        // Others take away their own.
        let own = app.browser("ana").await.open("/audit/audit.csv").await.is(200).text();
        assert!(own.contains(",ana,") && own.contains("sesame") && !own.contains(",olga,"), "{own}");
        // The page keeps the search in its address, and says what does not read.
        let page = browser.open("/audit?words=lighthouse&kind=asset&outcome=allowed").await.is(200).text();
        assert!(page.contains("value=\"lighthouse\""), "{page}");
        let page = browser.open("/audit?action=grant").await.is(200).text();
        assert!(page.contains("/audit/audit.csv?action=grant"), "{page}");
        let wrong = browser.open("/audit?subject=the+table").await.is(422).text();
        assert!(wrong.contains("REQ-000123") && !wrong.contains("grant.create"));
    }
);

const PERSON: &str = "query ($user: ID) { personAccess(user: $user, first: 10) { nodes { assetName readings { projects
    explanation { columns { name shows words } } rules { kind words } } } } }";

both!(
    async fn the_explorer_tells_what_a_person_reads_and_why(app) {
        let read = Read::of(app).await;
        let (owner, ana) = (&read.registry.producer.owner, &read.registry.analysts.owner);
        let told = owner.data(PERSON, json!({ "user": ana.id })).await["personAccess"]["nodes"].clone();
        assert_eq!(told.as_array().unwrap().len(), 1, "only owners was opened to her: {told}");
        let reading = &told[0]["readings"][0];
        let shows = |name: &str| {
            let columns = reading["explanation"]["columns"].as_array().unwrap();
            columns.iter().find(|column| column["name"] == json!(name)).unwrap()["shows"].clone()
        };
        assert_eq!((shows("age"), shows("gender"), shows("first_name")), (json!("MASKED"), json!("WHOLE"), json!("NOTHING")));
        let words = reading["rules"].to_string();
        assert!(words.contains("lighthouse") && words.contains("Too narrow"), "{words}");
        // She asks of herself, and is not told what is for reviewers.
        let own = ana.data(PERSON, json!({ "user": null })).await["personAccess"]["nodes"].clone();
        assert_eq!(own[0]["assetName"], "All owners");
        assert!(!own.to_string().contains("Too narrow"), "{own}");
        // Who reviews nothing asks of nobody else; who reviews other things is told nothing.
        let sven = app.person("sven").await;
        assert_eq!(refused(&sven, PERSON, json!({ "user": ana.id })).await, "forbidden");
        let other = app.team("oscar", &app.domain("Elsewhere").await, "Another", "another").await;
        let nothing = other.owner.data(PERSON, json!({ "user": ana.id })).await["personAccess"]["nodes"].clone();
        assert_eq!(nothing, json!([]));
        let unknown = refused(owner, PERSON, json!({ "user": "018f0000-0000-7000-8000-000000000000" })).await;
        assert_eq!(unknown, "invalid");
        let page = app.browser("olga").await.open("/permissions?person=ana").await.is(200).text();
        for words in ["All owners", "1 column masked", "1 column as they are", "lighthouse"] {
            assert!(page.contains(words), "{words} is not on the page");
        }
        let page = app.browser("ana").await.open("/permissions").await.is(200).text();
        assert!(page.contains("All owners") && !page.contains("Too narrow"));
        app.browser("sven").await.open("/permissions?person=ana").await.is(403);
    }
);

both!(
    async fn the_explorer_tells_who_sees_a_column_and_a_tag(app) {
        let read = Read::of(app).await;
        let (owner, owners) = (&read.registry.producer.owner, &read.registry.owners);
        let text = "query ($asset: ID!, $column: ID!) { columnReaders(asset: $asset, column: $column) { columnName readers {
            subject { name projectName } shows mask through { kind } } } }";
        let columns = read.registry.columns(&["age", "first_name"]).await;
        let of = async |column: &str| {
            owner.data(text, json!({ "asset": owners, "column": column })).await["columnReaders"]["readers"].clone()
        };
        let age = of(&columns[0]).await;
        let shown: Vec<(&Value, &Value)> =
            age.as_array().unwrap().iter().map(|reader| (&reader["subject"]["name"], &reader["shows"])).collect();
        assert_eq!(shown, [(&json!("ana"), &json!("MASKED")), (&json!("olga"), &json!("MASKED"))], "{age}");
        let name = of(&columns[1]).await;
        let shown: Vec<(&Value, &Value)> =
            name.as_array().unwrap().iter().map(|reader| (&reader["subject"]["name"], &reader["shows"])).collect();
        assert_eq!(shown, [(&json!("olga"), &json!("WHOLE")), (&json!("ana"), &json!("NOTHING"))], "{name}");
        let ana = &read.registry.analysts.owner;
        assert_eq!(refused(ana, text, json!({ "asset": owners, "column": columns[0] })).await, "forbidden");
        // By tag, on what one reviews.
        let tagged = change_tag(owner, json!({ "asset": owners, "column": columns[1], "tag": "pii=name", "put": true })).await;
        assert_eq!(tagged["ok"], true, "{tagged}");
        let tags = "query ($tag: String!) { tagTallies(tag: $tag, first: 5) { nodes { assetName whole columns { name whole masked nothing } } } }";
        let found = owner.data(tags, json!({ "tag": "pii" })).await["tagTallies"]["nodes"].clone();
        assert_eq!(found, json!([{ "assetName": "All owners", "whole": false,
            "columns": [{ "name": "first_name", "whole": 1, "masked": 0, "nothing": 1 }] }]));
        let other = app.team("oscar", &app.domain("Elsewhere").await, "Another", "another").await;
        assert_eq!(other.owner.data(tags, json!({ "tag": "pii" })).await["tagTallies"]["nodes"], json!([]));
        assert_eq!(refused(ana, tags, json!({ "tag": "pii" })).await, "none", "she owns a project, and is told of nothing");
        let browser = app.browser("olga").await;
        let page = browser.open(&format!("/permissions/assets/{owners}/columns/{}", columns[0])).await.is(200).text();
        assert!(page.contains("replace-with-null") && page.contains("Who sees"));
        for path in [format!("/permissions/assets/{owners}"), "/permissions/tags?tag=pii".into(), "/permissions/assets?q=owners".into()] {
            let page = browser.open(&path).await.is(200).text();
            assert!(page.contains("first_name") || page.contains("All owners"), "{path}");
        }
        app.browser("ana").await.open(&format!("/permissions/assets/{owners}")).await.is(403);
    }
);

both!(
    async fn tags_show_where_they_come_from_and_are_lowered_with_a_reason(app) {
        let registry = Registry::of(app).await;
        let (owner, owners) = (&registry.producer.owner, &registry.owners);
        let column = registry.columns(&["address"]).await.remove(0);
        let project = owner.get(&format!("/api/v1/projects/{}", registry.producer.project)).await.ok();
        let domain = project["domain_id"].as_str().unwrap().to_owned();
        for (place, tag) in [(Value::Null, "class=internal"), (json!(column), "pii=address")] {
            let put = change_tag(owner, json!({ "asset": owners, "column": place, "tag": tag, "put": true })).await;
            assert_eq!(put["ok"], true, "{put}");
        }
        restrict(&registry.guard, json!({ "tag": "pii", "effect": "HIDE", "reason": "Nobody needs it" })).await;
        let text = "query ($asset: ID!) { assetTags(asset: $asset) { mayEdit told places { column { name } own inherited }
            tags { tag governed restrictions grants words } } }";
        let sheet = owner.data(text, json!({ "asset": owners })).await["assetTags"].clone();
        let place = sheet["places"].as_array().unwrap().iter().find(|place| place["column"]["name"] == "address").unwrap();
        assert_eq!((&place["own"], &place["inherited"]), (&json!(["pii=address"]), &json!(["class=internal"])), "{sheet}");
        let pii = sheet["tags"].as_array().unwrap().iter().find(|tag| tag["tag"] == "pii=address").unwrap();
        assert_eq!((&pii["governed"], &pii["restrictions"], &pii["grants"]), (&json!(true), &json!(1), &json!(0)));
        assert!(pii["words"][0].as_str().unwrap().contains("Nobody needs it"), "{pii}");
        // Whoever only finds the asset sees tags, and nothing of what hangs on them.
        let ana = registry.analysts.owner.data(text, json!({ "asset": owners })).await["assetTags"].clone();
        assert_eq!((&ana["told"], &ana["mayEdit"]), (&json!(false), &json!(false)));
        assert!(!ana.to_string().contains("Nobody needs it") && !ana.to_string().contains("\"restrictions\":1"), "{ana}");
        // Taking a governed tag off demands a reason, and a steward (access rule 10).
        let off = json!({ "asset": owners, "column": column, "tag": "pii=address", "put": false });
        let silent = change_tag(owner, off.clone()).await;
        assert_eq!(silent["problem"]["field"], "reason", "{silent}");
        let mut said = off.clone();
        said["reason"] = json!("Taken from the public register");
        let alone = change_tag(owner, said.clone()).await;
        assert_eq!((&alone["problem"]["code"], &alone["problem"]["field"]), (&json!("forbidden"), &json!("tag")), "{alone}");
        app.admin.put(&format!("/api/v1/domains/{domain}/stewards/{}", owner.id), json!({})).await.is(204);
        let done = change_tag(owner, said).await;
        assert_eq!(done["ok"], true, "{done}");
        let events = owner.all("/api/v1/audit?action=asset.tag", 10).await;
        assert_eq!(events[0]["detail"]["reason"], "Taken from the public register", "{events:?}");
        let browser = app.browser("olga").await;
        let path = format!("/assets/{owners}/tags");
        assert!(browser.open(&path).await.is(200).text().contains("class=internal"));
        let form = [("put", "on"), ("column", ""), ("tag", "pii=all"), ("preview", "1")];
        let page = browser.submit(&path, &form).await.is(200).text();
        assert!(page.contains("Nothing was changed yet") && page.contains("Loses"), "{page}");
        assert!(!browser.open(&path).await.text().contains("pii=all"));
        browser.submit(&path, &form[..3]).await.is(303);
        assert!(browser.open(&path).await.text().contains("pii=all"));
        app.browser("ana").await.submit(&path, &form[..3]).await.is(403);
    }
);

both!(
    async fn rules_on_tags_and_databases_have_forms_with_a_preview(app) {
        let registry = Registry::of(app).await;
        let owner = &registry.producer.owner;
        let ana = registry.analysts.acting();
        let environment = owner.get(&format!("/api/v1/environments/{}", registry.producer.environment.id)).await.ok();
        let database = environment["databases"].as_array().unwrap().iter().find(|one| one["kind"] == "pub").map(id).unwrap();
        let browser = app.browser("olga").await;
        let (path, list) = (format!("/databases/{database}/grants/new"), format!("/databases/{database}/access"));
        let form = [("to", "person"), ("person", "ana"), ("reason", "The whole registry"), ("preview", "1")];
        browser.open(&path).await.is(200);
        let page = browser.submit(&path, &form).await.is(200).text();
        assert!(page.contains("Nothing was changed yet") && page.contains("Gains"), "{page}");
        registry.refused(&ana, "owners").await;
        browser.submit(&path, &form[..3]).await.is(303);
        assert!(registry.count(&ana, "owners").await > 0);
        let page = browser.open(&list).await.is(200).text();
        assert!(page.contains("The whole registry"));
        let text = "query ($database: ID!) { databaseGrants(database: $database, first: 5) { nodes { id reason } } }";
        let grants = owner.data(text, json!({ "database": database })).await["databaseGrants"]["nodes"].clone();
        let revoke = format!("/databases/{database}/grants/{}/revoke", id(&grants[0]));
        browser.submit(&revoke, &[]).await.is(303);
        registry.refused(&ana, "owners").await;
        for path in [&path, &list] {
            app.browser("ana").await.open(path).await.is(404);
        }
        assert_eq!(refused(&registry.analysts.owner, text, json!({ "database": database })).await, "not_found");
        // Tags: for security administrators alone.
        let put = change_tag(owner, json!({ "asset": registry.owners, "tag": "class=public", "put": true })).await;
        assert_eq!(put["ok"], true, "{put}");
        let guard = app.browser("guard").await;
        let form = [("tag", "class"), ("to", "person"), ("person", "ana"), ("reason", "What is public"), ("preview", "1")];
        let page = guard.submit("/rules/tags/grants/new", &form).await.is(200).text();
        assert!(page.contains("Nothing was changed yet"), "{page}");
        guard.submit("/rules/tags/grants/new", &form[..4]).await.is(303);
        assert!(registry.count(&ana, "owners").await > 0);
        let mask = [("tag", "class"), ("effect", "mask"), ("mask", "replace-with-null"), ("reason", "Not yet")];
        guard.submit("/rules/tags/restrictions/new", &mask).await.is(303);
        let names = rows(&ana, &format!("select count(first_name) from {}", registry.table("owners"))).await;
        assert_eq!(names[0][0].to_string().trim_matches('"'), "0");
        let page = guard.open("/rules/tags").await.is(200).text();
        assert!(page.contains("What is public") && page.contains("Not yet"));
        for path in ["/rules/tags", "/rules/tags/grants/new", "/rules/tags/restrictions/new"] {
            browser.open(path).await.is(403);
        }
        browser.submit("/rules/tags/restrictions/new", &mask).await.is(403);
        let circle = group(app, "circle", &[]).await;
        let wrong = [("tag", "class"), ("effect", "mask"), ("mask", "no such"), ("reason", "x"), ("spare", circle.as_str())];
        guard.submit("/rules/tags/restrictions/new", &wrong).await.is(422);
    }
);

both!(
    async fn an_earlier_day_and_purposes_have_their_forms(app) {
        let read = Read::of(app).await;
        let (registry, browser) = (&read.registry, app.browser("olga").await);
        let today = chrono::Utc::now().format("%Y-%m-%d").to_string();
        let path = format!("/assets/{}/past", registry.owners);
        browser.open(&path).await.is(200);
        let page = browser.open(&format!("{path}?person=ana&day={today}")).await.is(200).text();
        for words in ["What ana could read on", "gender", "lighthouse", "What this takes for granted"] {
            assert!(page.contains(words), "{words} is not on the page");
        }
        let page = browser.open(&format!("{path}?person=ana&day=2026-01-01&until={today}")).await.is(200).text();
        assert!(page.contains("What changed for ana") && page.contains("Gains"), "{page}");
        browser.open(&format!("{path}?person=ana&day=2999-01-01")).await.is(422);
        browser.open(&format!("{path}?person=nobody&day={today}")).await.is(422);
        app.browser("ana").await.open(&path).await.is(403);
        // Purposes in the decision on a request.
        let officer = app.person_with("dana", &["data_protection_officer"]).await;
        let text = "mutation ($input: CreatePurposeInput!) { createPurpose(input: $input) { ok problem { message field } purpose { id } } }";
        let input = json!({ "name": "Statistics", "description": "Counting", "legalBasis": "Consent" });
        let made = officer.data(text, json!({ "input": input })).await["createPurpose"].clone();
        let purpose = id(&made["purpose"]);
        let ana = &registry.analysts;
        let request = story::ask(&ana.owner, &ana.project, &registry.companies, "To count").await;
        let page = browser.open(&format!("/requests/{request}")).await.is(200).text();
        assert!(page.contains("Only for a purpose") && page.contains("Statistics"), "{page}");
        let form = [("verdict", "approve"), ("reason", "Agreed"), ("columns", "all"), ("purpose", purpose.as_str())];
        browser.submit(&format!("/requests/{request}/decision"), &form).await.is(303);
        let table = format!("{}.companies", ana.environment.subscribed);
        ana.acting().query(&format!("select count(*) from {table}")).await.problem(422, "unprocessable");
    }
);
