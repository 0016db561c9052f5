//! Break-glass: administrators open a table for themselves, and a second person looks afterwards (access rules 4, 11, 27).

use lakegate_tests::{
    Client, Options, Server, Value,
    answer::id,
    both,
    people::Person,
    story::{self, Team, asset, rows},
};
use serde_json::json;

use crate::grants::Registry;

const REASON: &str = "The nightly load fails, and nobody of the registry answers";
const OF: &str = "id userName assetName projectName reason open reads columns verdict note reviewedBy endedBy until
    openedAt mayEnd mayReview";

/// The registry, its security administrator with a project of his own, a steward, and an auditor.
struct Watch {
    registry: Registry,
    guards: Team,
    steward: Person,
    auditor: Person,
}

impl Watch {
    async fn of(app: &Server) -> Self {
        let registry = Registry::of(app).await;
        let owner = &registry.producer.owner;
        let project = owner.get(&format!("/api/v1/projects/{}", registry.producer.project)).await.ok();
        let domain = project["domain_id"].as_str().unwrap().to_owned();
        let steward = app.person("stella").await;
        let path = format!("/api/v1/domains/{domain}/stewards/{}", steward.id);
        app.admin.put(&path, json!({})).await.is(204);
        let guards = app.team_of(registry.guard.clone(), &domain, "Watch", "watch").await;
        let auditor = app.person_with("aud", &["auditor"]).await;
        Self { registry, guards, steward, auditor }
    }

    fn owner(&self) -> &Person {
        &self.registry.producer.owner
    }

    /// What the security administrator asks for, on *owners*.
    fn wish(&self) -> Value {
        json!({ "asset": self.registry.owners, "reason": REASON })
    }
}

async fn change(client: &Client, name: &str, head: &str, call: &str, variables: Value) -> Value {
    let text = format!(
        "mutation ({head}) {{ {name}({call}) {{ ok problem {{ code message field fix }} breakGlass {{ {OF} }} }} }}"
    );
    client.data(&text, variables).await[name].clone()
}

async fn open(client: &Client, input: Value) -> Value {
    change(client, "breakGlass", "$input: BreakGlassInput!", "input: $input", json!({ "input": input })).await
}

/// Opens what has to be opened; gives the id.
async fn opened(client: &Client, input: Value) -> String {
    let made = open(client, input).await;
    assert_eq!(made["ok"], true, "{made}");
    id(&made["breakGlass"])
}

async fn end(client: &Client, glass: &str) -> Value {
    change(client, "endBreakGlass", "$id: ID!", "id: $id", json!({ "id": glass })).await
}

async fn review(client: &Client, glass: &str, verdict: &str, note: &str) -> Value {
    let head = "$id: ID!, $verdict: BreakGlassVerdict!, $note: String!";
    let said = json!({ "id": glass, "verdict": verdict, "note": note });
    change(client, "reviewBreakGlass", head, "id: $id, verdict: $verdict, note: $note", said).await
}

async fn listed(client: &Client, which: &str) -> Vec<Value> {
    let text = format!("{{ breakGlasses({which}) {{ nodes {{ {OF} }} }} }}");
    client.data(&text, json!({})).await["breakGlasses"]["nodes"].as_array().unwrap().clone()
}

/// The code and field of a refusal.
fn blamed(refused: &Value) -> (&str, Option<&str>) {
    (refused["problem"]["code"].as_str().unwrap_or_default(), refused["problem"]["field"].as_str())
}

async fn told(person: &Client) -> String {
    person.get("/api/v1/notices").await.ok().to_string()
}

both!(
    async fn an_emergency_opens_at_once_is_told_and_marks_every_read(app) {
        let watch = Watch::of(app).await;
        let (registry, guard) = (&watch.registry, watch.guards.acting());
        registry.refused(&guard, "owners").await;
        // A reason, an end, and somebody who administers.
        for (field, value) in [
            ("reason", json!("urgent")), ("reason", json!("  a   b     c       d  ")),
            ("minutes", json!(0)), ("minutes", json!(481)), ("minutes", json!(-5)),
        ] {
            let mut wish = watch.wish();
            wish[field] = value;
            assert_eq!(blamed(&open(&guard, wish).await), ("invalid", Some(field)));
        }
        for other in [&registry.analysts.acting(), &watch.steward.client, &watch.auditor.client, &watch.owner().client] {
            assert_eq!(blamed(&open(other, watch.wish()).await).0, "forbidden");
        }
        let mut absent = watch.wish();
        absent["asset"] = json!(registry.guard.id);
        assert_eq!(blamed(&open(&guard, absent).await).0, "not_found");
        let glass = opened(&guard, watch.wish()).await;
        assert_eq!(registry.count(&guard, "owners").await, 100, "at once, without a second person");
        assert_eq!(blamed(&open(&guard, watch.wish()).await).0, "conflict", "one at a time");
        registry.refused(&guard, "companies").await;
        // It is for looking: nothing leaves as a file.
        let sql = format!("select * from {}", registry.table("owners"));
        guard.query_as(&sql, "csv").await.problem(403, "forbidden");
        for person in [watch.owner(), &watch.steward] {
            let notices = told(person).await;
            assert!(notices.contains("guard opened All owners in an emergency") && notices.contains(REASON), "{notices}");
        }
        assert!(!told(&registry.analysts.owner).await.contains("emergency"));
        // Its own action, and a mark with its id on each read and on the query that made it.
        let events = watch.owner().get("/api/v1/audit?action=break_glass.open").await.ok().to_string();
        assert!(events.contains(&glass) && events.contains("\"reviewers\":2"), "olga and ada: {events}");
        for action in ["asset.read", "query.start"] {
            let all = watch.auditor.all(&format!("/api/v1/audit?action={action}"), 50).await;
            let marked = all.iter().filter(|event| event["detail"].to_string().contains("break_glass")).count();
            assert_eq!(marked, 1, "{action}: {all:?}");
            assert!(all.iter().any(|event| event["detail"].to_string().contains(&glass)), "{action}: {all:?}");
        }
        // Explained, and among the readers.
        let why = "query ($asset: ID!) { explainAccess(asset: $asset) { export columns { rules { kind id words } } } }";
        let said = guard.data(why, json!({ "asset": registry.owners })).await["explainAccess"].clone();
        let rule = &said["columns"][0]["rules"][0];
        assert_eq!((&rule["kind"], &rule["id"], &said["export"]), (&json!("BREAK_GLASS"), &json!(glass), &json!(false)), "{said}");
        assert!(rule["words"].as_str().unwrap().starts_with("break-glass: guard opened it in an emergency, until "), "{rule}");
        let readers = "query ($asset: ID!) { assetReaders(asset: $asset) { readers { subject { name } through { kind } } } }";
        let readers = watch.owner().data(readers, json!({ "asset": registry.owners })).await.to_string();
        assert!(readers.contains("BREAK_GLASS"), "{readers}");
        // Nobody keeps it as a rule of a file, nor in another campaign.
        let given = "query ($asset: ID!) { grants(asset: $asset) { nodes { id breakGlass export handOn } } }";
        let given = watch.owner().data(given, json!({ "asset": registry.owners })).await["grants"]["nodes"].clone();
        assert_eq!(given, json!([{ "id": glass, "breakGlass": true, "export": false, "handOn": false }]));
    }
);

both!(
    async fn it_is_listed_for_those_concerned_and_absent_for_others(app) {
        let watch = Watch::of(app).await;
        let (registry, guard) = (&watch.registry, watch.guards.acting());
        let second = app.person_with("second", &["security_administrator"]).await;
        let glass = opened(&guard, watch.wish()).await;
        for person in [&watch.auditor.client, &watch.steward.client, &watch.owner().client, &second.client, &guard] {
            let found = listed(person, "open: true").await;
            assert_eq!((found.len(), &found[0]["id"], &found[0]["open"]), (1, &json!(glass), &json!(true)), "{found:?}");
        }
        let ana = registry.analysts.acting();
        assert_eq!(listed(&ana, "open: false").await, Vec::<Value>::new());
        let strange = registry.guard.id.as_str();
        for (hidden, absent) in [
            (end(&ana, &glass).await, end(&ana, strange).await),
            (review(&ana, &glass, "OBJECTED", "No").await, review(&ana, strange, "OBJECTED", "No").await),
        ] {
            assert_eq!((blamed(&hidden).0, &hidden), ("not_found", &absent));
        }
        // Auditors look on.
        assert_eq!(blamed(&end(&watch.auditor, &glass).await).0, "forbidden");
        assert_eq!(blamed(&review(&watch.auditor, &glass, "CONFIRMED", "Fine").await).0, "forbidden");
        // What nobody may find, nobody hears of, but who opened it, who owns it, and auditors.
        let whole = asset(watch.owner(), &registry.owners).await;
        let hide = json!({ "revision": whole["revision"], "discover": "hidden" });
        watch.owner().patch(&format!("/api/v1/assets/{}", registry.owners), hide).await.ok();
        assert_eq!(listed(&second, "open: false").await, Vec::<Value>::new());
        assert_eq!(blamed(&review(&second, &glass, "CONFIRMED", "Fine").await).0, "not_found");
        assert_eq!((listed(&guard, "open: false").await.len(), listed(&watch.auditor, "open: false").await.len()), (1, 1));
        // Taking the grant back is ending it.
        let text = "mutation ($id: ID!) { revokeGrant(id: $id) { ok problem { message } } }";
        let gone = watch.owner().data(text, json!({ "id": glass })).await;
        assert_eq!(gone["revokeGrant"]["ok"], true, "{gone}");
        registry.refused(&guard, "owners").await;
        assert_eq!(blamed(&end(&guard, &glass).await).0, "conflict");
        assert_eq!(listed(&watch.auditor, "open: true").await, Vec::<Value>::new());
        assert!(told(&guard).await.contains("Your emergency access to All owners was ended"));
    }
);

both!(
    async fn a_second_person_confirms_or_objects(app) {
        let watch = Watch::of(app).await;
        let (registry, guard) = (&watch.registry, watch.guards.acting());
        let second = app.person_with("second", &["security_administrator"]).await;
        let glass = opened(&guard, watch.wish()).await;
        rows(&guard, &format!("select age from {}", registry.table("owners"))).await;
        let own = review(&guard, &glass, "CONFIRMED", "It was me").await;
        assert!(own["problem"]["message"].as_str().unwrap().contains("second person"), "{own}");
        assert_eq!(blamed(&review(&watch.steward, &glass, "CONFIRMED", "Fine").await).0, "forbidden");
        assert_eq!(blamed(&review(&second, &glass, "OBJECTED", " ").await), ("invalid", Some("note")));
        // The inbox holds the task, with what was read.
        let inbox = app.browser("second").await.open("/inbox").await.is(200).text();
        assert!(inbox.contains("Emergency access to review") && inbox.contains(REASON), "{inbox}");
        assert!(!app.browser("guard").await.open("/inbox").await.text().contains("Emergency access to review"));
        let page = app.browser("second").await.open(&format!("/break-glass/{glass}")).await.is(200).text();
        assert!(page.contains("Your review") && page.contains("1 read") && page.contains(">age<"), "{page}");
        // An objection also ends it.
        let objected = review(&second, &glass, "OBJECTED", "An owner was there").await;
        let found = &objected["breakGlass"];
        assert_eq!((&found["verdict"], &found["open"], &found["endedBy"]), (&json!("OBJECTED"), &json!(false), &json!("second")), "{objected}");
        registry.refused(&guard, "owners").await;
        let notices = told(&guard).await;
        assert!(notices.contains("was objected to") && notices.contains("An owner was there"), "{notices}");
        assert_eq!(blamed(&review(watch.owner(), &glass, "CONFIRMED", "Fine").await).0, "conflict");
        // A confirmation leaves it open; who opened it gives it back.
        let glass = opened(&guard, json!({ "asset": registry.companies, "reason": REASON, "minutes": 5 })).await;
        let confirmed = review(watch.owner(), &glass, "CONFIRMED", "We were asleep").await;
        assert_eq!((&confirmed["breakGlass"]["open"], &confirmed["breakGlass"]["reviewedBy"]), (&json!(true), &json!("olga")));
        assert_eq!(registry.count(&guard, "companies").await, 2_266);
        assert_eq!(listed(&watch.auditor, "unreviewed: true").await, Vec::<Value>::new());
        let gone = end(&guard, &glass).await;
        assert_eq!((&gone["ok"], &gone["breakGlass"]["endedBy"]), (&json!(true), &json!("guard")), "{gone}");
        registry.refused(&guard, "companies").await;
        let events = watch.owner().get("/api/v1/audit?action=break_glass").await.ok().to_string();
        for action in ["break_glass.open", "break_glass.review", "break_glass.end"] {
            assert!(events.contains(action), "{action}: {events}");
        }
    }
);

both!(
    async fn rules_bind_in_an_emergency_and_it_ends_with_the_role(app) {
        let watch = Watch::of(app).await;
        let (registry, owner) = (&watch.registry, watch.owner());
        let whole = asset(owner, &registry.owners).await;
        let edit = json!({ "revision": whole["revision"], "tags": ["pii"] });
        owner.patch(&format!("/api/v1/assets/{}", registry.owners), edit).await.ok();
        let text = "mutation ($input: CreateRestrictionInput!) { createRestriction(input: $input) { ok problem { message } } }";
        let columns = registry.columns(&["last_name"]).await;
        let hide = json!({ "asset": registry.owners, "effect": "HIDE", "columns": columns, "reason": "Not even then" });
        owner.data(text, json!({ "input": hide })).await;
        // The administrator of the installation may, too: in a project of hers, as all queries.
        let project = app.team_of(app.admin.clone(), &app.domain("Running").await, "Running", "running").await;
        let ada = project.acting();
        opened(&ada, watch.wish()).await;
        let seen = story::columns(&ada, &format!("select * from {}", registry.table("owners"))).await;
        assert_eq!(seen.len(), 6, "sensitive data is open to who opened it, but for what is hidden: {seen:?}");
        assert!(!seen.contains(&"last_name".to_owned()));
        // Narrowed to a role she does without what is hers alone.
        let narrow = ada.with_header("lakegate-role", "administrator");
        registry.refused(&narrow, "owners").await;
        // A member of the owning project needs none.
        let own = open(&registry.guard, watch.wish()).await;
        assert_eq!(own["ok"], true, "{own}");
        registry.producer.join(&registry.guard, "viewer").await;
        let own = open(&registry.guard, json!({ "asset": registry.companies, "reason": REASON })).await;
        assert!(own["problem"]["message"].as_str().unwrap().contains("member of the project that owns"), "{own}");
        // Who administers no longer has no emergencies.
        let guard = watch.guards.acting();
        assert_eq!(registry.count(&guard, "owners").await, 100);
        app.admin.put(&format!("/api/v1/users/{}/roles", registry.guard.id), json!({ "roles": [] })).await.is(204);
        registry.refused(&guard, "owners").await;
    }
);

both!(
    Options::default().toml("[break_glass]\nminutes = 3\nmost_minutes = 7"),
    async fn pages_offer_it_to_whom_it_is_open(app) {
        let watch = Watch::of(app).await;
        let (owners, table) = (&watch.registry.owners, watch.registry.table("owners"));
        let path = format!("/assets/{owners}/break-glass");
        let stranger = app.browser("ana").await;
        assert!(!stranger.open(&format!("/assets/{owners}")).await.is(200).text().contains("Break glass"));
        stranger.open(&path).await.is(403);
        stranger.submit(&path, &[("reason", REASON), ("minutes", "5")]).await.is(403);
        let browser = app.browser("guard").await;
        assert!(browser.open(&format!("/assets/{owners}")).await.is(200).text().contains("Break glass"));
        let page = browser.open(&path).await.is(200).text();
        assert!(page.contains("value=\"3\"") && page.contains("At most 7"), "{page}");
        let again = browser.submit(&path, &[("reason", "now"), ("minutes", "5")]).await.is(422).text();
        assert!(again.contains("at least 20 characters"), "{again}");
        let again = browser.submit(&path, &[("reason", REASON), ("minutes", "8")]).await.is(422).text();
        assert!(again.contains("from 1 to 7 minutes") && again.contains(REASON), "{again}");
        browser.submit(&path, &[("reason", REASON), ("minutes", "")]).await.is(303);
        assert_eq!(watch.registry.count(&watch.guards.acting(), "owners").await, 100, "{table}");
        let glass = id(&listed(&watch.auditor, "open: true").await[0]);
        let list = app.browser("aud").await.open("/break-glass").await.is(200).text();
        assert!(list.contains("All owners") && list.contains("Waits for review") && list.contains("guard"), "{list}");
        let detail = format!("/break-glass/{glass}");
        stranger.open(&detail).await.is(404);
        stranger.submit(&format!("{detail}/end"), &[]).await.is(404);
        let owner = app.browser("olga").await;
        let short = owner.submit(&format!("{detail}/review"), &[("verdict", "confirmed"), ("note", "")]).await.is(422).text();
        assert!(short.contains("Say what you found"), "{short}");
        owner.submit(&format!("{detail}/review"), &[("verdict", "confirmed"), ("note", "Seen")]).await.is(303);
        assert!(owner.open(&detail).await.text().contains("Confirmed by olga"));
        owner.submit(&format!("{detail}/end"), &[]).await.is(303);
        watch.registry.refused(&watch.guards.acting(), "owners").await;
        let all = app.browser("guard").await.open("/break-glass?show=all").await.is(200).text();
        assert!(all.contains("Ended early") && all.contains("Confirmed"), "{all}");
    }
);
