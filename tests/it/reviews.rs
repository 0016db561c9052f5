//! Who can read what, through what and whether it is used; and campaigns that decide on it.

use lakegate_tests::{
    Client, Server, Value,
    answer::id,
    both,
    people::Person,
    story::{self, Team, rows},
};
use serde_json::json;

use crate::grants::{Registry, give, group, take_back, to};

/// Grants on *owners* of every kind, some of them used.
struct Held {
    registry: Registry,
    friend: Team,
    /// Of the analysts, whose Ana reads two columns.
    subscription: String,
    /// Of the friend, who never reads.
    unused: String,
    /// Of a circle in which Ana is, on three columns.
    shared: String,
}

impl Held {
    async fn of(app: &Server) -> Self {
        let registry = Registry::of(app).await;
        let (owner, ana) = (&registry.producer.owner, &registry.analysts);
        let friend = app.team("friend", &app.domain("Elsewhere").await, "Friends", "friends").await;
        let request = story::ask(&ana.owner, &ana.project, &registry.owners, "To analyse").await;
        let subscription = story::approve(owner, &request, json!({ "reason": "Agreed for the study" })).await;
        let unused = give(
            owner,
            json!({ "asset": registry.owners, "to": to("USER", &friend.owner.id),
            "reason": "For a friend" }),
        )
        .await;
        let circle = group(app, "circle", &[&ana.owner, &friend.owner]).await;
        let few = registry.columns(&["people_id", "age", "gender"]).await;
        let shared = give(
            owner,
            json!({ "asset": registry.owners, "to": to("GROUP", &circle), "columns": few,
            "columnsMode": "ONLY", "rowFilter": "age > 20", "reason": "A circle" }),
        )
        .await;
        let table = format!("{}.owners", ana.environment.subscribed);
        rows(&ana.acting(), &format!("select age, gender from {table}")).await;
        Self { registry, friend, subscription, unused, shared }
    }

    fn owner(&self) -> &Person {
        &self.registry.producer.owner
    }
}

/// The examples of a page of the documents: each query with its answer.
pub(crate) fn examples(page: &str) -> Vec<(String, Value)> {
    let path = format!("{}/../docs/{page}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let block = |after: &str, fence: &str| {
        let (_, rest) = after.split_once(&format!("```{fence}\n")).unwrap();
        let (block, rest) = rest.split_once("```").unwrap();
        (block.to_owned(), rest.to_owned())
    };
    let (mut found, mut rest) = (Vec::new(), text);
    while rest.contains("```graphql") {
        let (query, after) = block(&rest, "graphql");
        let (answer, after) = block(&after, "json");
        found.push((query, serde_json::from_str(&answer).unwrap()));
        rest = after;
    }
    found
}

const REVIEW: &str = "id title over startedBy done total mayRun closedAt items { id grantId subscriptionId opens holder
    approvedBy reason columns lastUsed usedColumns usageComplete decision decidedBy note replacedBy ended }";

async fn started(client: &Client, over: Value) -> Value {
    let mut input = json!({ "title": "First quarter", "dueAt": "2027-06-01T00:00:00Z" });
    input.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
    let text = format!(
        "mutation ($input: StartReviewInput!) {{ startReview(input: $input) {{
        ok problem {{ code message field }} review {{ {REVIEW} }} }} }}"
    );
    client.data(&text, json!({ "input": input })).await["startReview"].clone()
}

async fn decided(client: &Client, item: &Value, input: Value) -> Value {
    let text = format!(
        "mutation ($item: ID!, $input: ReviewDecisionInput!) {{ decideReviewItem(item: $item, input: $input) {{
        ok problem {{ code message field }} review {{ {REVIEW} }} }} }}"
    );
    client.data(&text, json!({ "item": item["id"], "input": input })).await["decideReviewItem"].clone()
}

async fn closed(client: &Client, review: &str) -> Value {
    let text =
        format!("mutation ($id: ID!) {{ closeReview(id: $id) {{ ok problem {{ code }} review {{ {REVIEW} }} }} }}");
    client.data(&text, json!({ "id": review })).await["closeReview"].clone()
}

async fn read(client: &Client, review: &str) -> Value {
    let text = format!("query ($id: ID!) {{ review(id: $id) {{ {REVIEW} }} }}");
    client.graphql(&text, json!({ "id": review })).await.json()
}

fn item<'r>(review: &'r Value, key: &str, value: &str) -> &'r Value {
    let items = review["items"].as_array().unwrap();
    items.iter().find(|item| item[key] == json!(value)).unwrap_or_else(|| panic!("no {key} {value} in {review}"))
}

both!(
    async fn who_can_read_is_told_with_since_when_by_whom_why_and_the_last_use(app) {
        let held = Held::of(app).await;
        let text = "query ($asset: ID!) { assetReaders(asset: $asset) { usageComplete readers { lastRead export
            subject { name projectName } columns { name shows } through { kind id since until approvedBy reason lastUsed } } } }";
        let found = held.owner().data(text, json!({ "asset": held.registry.owners })).await["assetReaders"].clone();
        assert_eq!(found["usageComplete"], true);
        let readers = found["readers"].as_array().unwrap();
        let of = |name: &str| readers.iter().find(|reader| reader["subject"]["name"] == json!(name)).unwrap();
        let (olga, ana, friend) = (of("olga"), of("ana"), of("friend"));
        assert_eq!(readers.len(), 3, "{found}");
        assert_eq!((&olga["through"][0]["kind"], olga["columns"].as_array().unwrap().len()), (&json!("MEMBERSHIP"), 7));
        assert!(olga["lastRead"].is_null() && !ana["lastRead"].is_null() && friend["lastRead"].is_null(), "{found}");
        assert_eq!(ana["subject"]["projectName"], "Analysts", "its project subscribed");
        assert_eq!(friend["subject"]["projectName"], Value::Null, "her project is not the owner's to know");
        let through = |reader: &Value, kind: &str| {
            let all = reader["through"].as_array().unwrap();
            all.iter().find(|one| one["kind"] == json!(kind)).unwrap().clone()
        };
        let subscribed = through(ana, "SUBSCRIPTION");
        assert_eq!((&subscribed["approvedBy"], &subscribed["reason"]), (&json!("olga"), &json!("Agreed for the study")));
        assert!(!subscribed["since"].is_null() && !subscribed["lastUsed"].is_null(), "{subscribed}");
        let given = friend["through"].as_array().unwrap().iter().find(|one| one["id"] == json!(held.unused)).unwrap();
        assert_eq!((&given["reason"], &given["lastUsed"]), (&json!("For a friend"), &Value::Null));
        // Who does not review it is told nothing.
        let refused = held.friend.acting().graphql(text, json!({ "asset": held.registry.owners })).await.json();
        assert_eq!(refused["errors"][0]["extensions"]["code"], "forbidden", "{refused}");
        let page = app.browser("olga").await.open(&format!("/assets/{}/why", held.registry.owners)).await.is(200).text();
        for words in ["Everybody who reads it", "approved by olga", "never used", "For a friend"] {
            assert!(page.contains(words), "{words} is not on the page");
        }
    }
);

both!(
    async fn a_campaign_keeps_takes_back_and_narrows_to_what_was_used(app) {
        let held = Held::of(app).await;
        let (owner, ana) = (held.owner(), held.registry.analysts.acting());
        let begun = started(owner, json!({ "project": held.registry.producer.project })).await;
        assert_eq!(begun["ok"], true, "{begun}");
        let review = begun["review"].clone();
        let key = id(&review);
        assert_eq!((&review["total"], &review["done"], &review["over"]), (&json!(3), &json!(0), &json!("Registry")));
        let subscribed = item(&review, "subscriptionId", &held.subscription);
        assert_eq!((&subscribed["holder"], &subscribed["usedColumns"]), (&json!("Analysts"), &json!("gender, age")));
        assert_eq!((&subscribed["approvedBy"], &subscribed["reason"]), (&json!("olga"), &json!("Agreed for the study")));
        let (unused, shared) = (item(&review, "grantId", &held.unused), item(&review, "grantId", &held.shared));
        assert_eq!((&unused["lastUsed"], &unused["usedColumns"]), (&Value::Null, &Value::Null));
        assert_eq!(shared["columns"], "people_id, gender, age");
        // Who neither owns nor looks after it knows nothing of it.
        let hidden = read(&held.friend.acting(), &key).await;
        assert_eq!(hidden["errors"][0]["extensions"]["code"], "not_found", "{hidden}");
        assert_eq!(decided(&held.friend.acting(), unused, json!({ "decision": "KEEP" })).await["problem"]["code"], "not_found");
        // Narrowing what was never used, and taking back without a word, is refused.
        let refused = decided(owner, unused, json!({ "decision": "SHRINK", "note": "Unused" })).await;
        assert_eq!(refused["problem"]["message"], "nothing was used of it in that time", "{refused}");
        assert_eq!(decided(owner, unused, json!({ "decision": "REVOKE" })).await["problem"]["field"], "note");
        let gone = decided(owner, unused, json!({ "decision": "REVOKE", "note": "Never used" })).await;
        assert_eq!((&gone["ok"], &gone["review"]["done"]), (&json!(true), &json!(1)), "{gone}");
        // Both grants of hers are narrowed: the columns that she never read exist no longer.
        let narrow = decided(owner, shared, json!({ "decision": "SHRINK", "note": "Only what is used", "days": 30 })).await;
        assert_eq!(narrow["ok"], true, "{narrow}");
        let narrow = decided(owner, subscribed, json!({ "decision": "SHRINK", "note": "Only what is used" })).await;
        assert_eq!((&narrow["ok"], &narrow["review"]["done"]), (&json!(true), &json!(3)), "{narrow}");
        assert!(!item(&narrow["review"], "subscriptionId", &held.subscription)["replacedBy"].is_null());
        let table = format!("{}.owners", held.registry.analysts.environment.subscribed);
        assert_eq!(story::columns(&ana, &format!("select * from {table}")).await, ["gender", "age"]);
        ana.query(&format!("select last_name from {table}")).await.problem(422, "unprocessable");
        let seen = story::columns(&held.friend.acting(), &format!("select * from {}", held.registry.table("owners"))).await;
        assert_eq!(seen, ["gender", "age"], "by the circle's narrowed grant, with its rows");
        // One live grant each (16), the holders were told, and the audit kept it.
        let notices = held.registry.analysts.owner.get("/api/v1/notices").await.ok().to_string();
        assert!(notices.contains("was narrowed to what you used of it"), "{notices}");
        let events = owner.get("/api/v1/audit?action=review").await.ok().to_string();
        assert!(events.contains("review.decide") && events.contains("review.start"), "{events}");
        let events = owner.get("/api/v1/audit?action=subscription.narrow").await.ok().to_string();
        assert!(events.contains("subscription.narrow"), "{events}");
        let again = decided(owner, shared, json!({ "decision": "KEEP" })).await;
        assert_eq!(again["problem"]["code"], "conflict", "{again}");
        // Closed it stays readable, as a page and as a table, and takes no decisions.
        let shut = closed(owner, &key).await;
        assert!(shut["ok"] == json!(true) && !shut["review"]["closedAt"].is_null(), "{shut}");
        assert_eq!(closed(owner, &key).await["problem"]["code"], "conflict");
        assert_eq!(read(owner, &key).await["data"]["review"]["done"], 3);
        let browser = app.browser("olga").await;
        let page = browser.open(&format!("/reviews/{key}")).await.is(200).text();
        assert!(page.contains("Narrowed") && page.contains("Never used") && !page.contains("Take back"), "{page}");
        let csv = browser.open(&format!("/reviews/{key}/review.csv")).await.is(200).text();
        assert_eq!(csv.lines().count(), 4, "{csv}");
        assert!(csv.starts_with("opens,kind,holder,since,until,approved_by,reason,columns,last_used,used_columns,"), "{csv}");
        assert!(csv.contains("All owners,direct grant,friend,") && csv.contains(",revoke,olga,Never used"), "{csv}");
        let list = browser.open("/reviews").await.is(200).text();
        assert!(list.contains("First quarter") && list.contains("3 of 3") && list.contains("Closed"), "{list}");
    }
);

both!(
    async fn a_campaign_gives_no_rights_beyond_its_reviewer(app) {
        let held = Held::of(app).await;
        let guard = &held.registry.guard;
        // Security administrators review what they find, and take direct grants back; subscriptions are not theirs to end.
        let begun = started(guard, json!({ "asset": held.registry.owners })).await;
        assert_eq!(begun["ok"], true, "{begun}");
        let review = begun["review"].clone();
        let subscribed = item(&review, "subscriptionId", &held.subscription);
        let refused = decided(guard, subscribed, json!({ "decision": "REVOKE", "note": "To be sure" })).await;
        assert_eq!(refused["problem"]["message"], "you may not change this access", "{refused}");
        let refused = decided(guard, item(&review, "grantId", &held.shared), json!({ "decision": "SHRINK", "note": "Less" })).await;
        assert_eq!(refused["problem"]["code"], "forbidden", "narrowing gives anew, which is the owners' to do: {refused}");
        let gone = decided(guard, item(&review, "grantId", &held.unused), json!({ "decision": "REVOKE", "note": "Unused" })).await;
        assert_eq!((&gone["ok"], &gone["review"]["done"]), (&json!(true), &json!(1)), "{gone}");
        // What ends elsewhere needs no decision.
        story::revoke(held.owner(), &held.subscription, "Over").await;
        let now = read(guard, &id(&review)).await["data"]["review"].clone();
        assert_eq!((&now["done"], &item(&now, "subscriptionId", &held.subscription)["ended"]), (&json!(2), &json!(true)));
        // Others start none, and are told of a project what they are told of one that is absent.
        let ana = held.registry.analysts.acting();
        assert_eq!(started(&ana, json!({ "asset": held.registry.owners })).await["problem"]["code"], "forbidden");
        let project = json!({ "project": held.registry.producer.project });
        assert_eq!(started(&ana, project).await["problem"]["code"], "not_found");
        assert_eq!(started(&ana, json!({})).await["problem"]["field"], "asset");
        let all = ana.data("{ reviews { nodes { id } } }", json!({})).await;
        assert_eq!(all["reviews"]["nodes"], json!([]));
        let all = held.owner().data("{ reviews(open: true) { nodes { id title done total } } }", json!({})).await;
        assert_eq!(all["reviews"]["nodes"][0]["id"], review["id"], "its owner reads what others review of it");
    }
);

both!(
    async fn what_could_be_read_on_a_day_follows_from_what_is_kept_and_the_rest_is_named(app) {
        let registry = Registry::of(app).await;
        let owner = &registry.producer.owner;
        let now = chrono::Utc::now;
        let start = now();
        let few = registry.columns(&["people_id", "age"]).await;
        let grant = give(owner, json!({ "asset": registry.owners, "to": to("USER", &registry.analysts.owner.id),
            "columns": few, "columnsMode": "ONLY", "reason": "For a while" })).await;
        let given = now();
        let text = "mutation ($input: CreateRestrictionInput!) { createRestriction(input: $input) { restriction { id } } }";
        let mask = json!({ "asset": registry.owners, "effect": "MASK", "mask": "REPLACE_WITH_NULL", "columns": [few[1]],
            "reason": "Ages are private" });
        let rule = owner.data(text, json!({ "input": mask })).await["createRestriction"]["restriction"]["id"].clone();
        let masked = now();
        owner.data("mutation ($id: ID!) { liftRestriction(id: $id) { ok } }", json!({ "id": rule })).await;
        assert_eq!(take_back(owner, &grant).await["ok"], true);
        let on = async |at: chrono::DateTime<chrono::Utc>| {
            let text = "query ($asset: ID!, $user: ID!, $at: DateTime!) { accessOn(asset: $asset, user: $user, at: $at) {
                columns { name shows } through { id approvedBy reason } assumes } }";
            let asked = json!({ "asset": registry.owners, "user": registry.analysts.owner.id, "at": at });
            owner.data(text, asked).await["accessOn"].clone()
        };
        let column = |name: &str, shows: &str| json!({ "name": name, "shows": shows });
        assert_eq!(on(start).await["columns"], json!([]));
        let then = on(given).await;
        assert_eq!(then["columns"], json!([column("people_id", "WHOLE"), column("age", "WHOLE")]));
        assert_eq!(then["through"], json!([{ "id": grant, "approvedBy": "olga", "reason": "For a while" }]));
        assert_eq!(then["assumes"][0], "ana was in the projects and groups, and held the roles, of today");
        assert_eq!(on(masked).await["columns"], json!([column("people_id", "WHOLE"), column("age", "MASKED")]));
        assert_eq!(on(now()).await["columns"], json!([]));
        let between = async |from: chrono::DateTime<chrono::Utc>, until: chrono::DateTime<chrono::Utc>| {
            let text = "query ($asset: ID!, $user: ID!, $from: DateTime!, $until: DateTime!) {
                accessBetween(asset: $asset, user: $user, from: $from, until: $until) { difference { words } } }";
            let asked = json!({ "asset": registry.owners, "user": registry.analysts.owner.id, "from": from, "until": until });
            owner.data(text, asked).await["accessBetween"]["difference"].clone()
        };
        assert_eq!(between(start, given).await["words"], "2 columns gained");
        assert_eq!(between(given, masked).await["words"], "1 column newly masked");
        assert_eq!(between(masked, now()).await["words"], "2 columns lost");
        assert_eq!(between(start, now()).await, Value::Null);
        // Looking back changes nothing.
        registry.refused(&registry.analysts.acting(), "owners").await;
        let later = "query ($asset: ID!, $user: ID!) { accessOn(asset: $asset, user: $user, at: \"2999-01-01T00:00:00Z\") { export } }";
        let asked = json!({ "asset": registry.owners, "user": registry.analysts.owner.id });
        let refused = owner.graphql(later, asked.clone()).await.json();
        assert_eq!(refused["errors"][0]["extensions"]["field"], "at", "{refused}");
        let past = later.replace("2999", "2026");
        let refused = registry.analysts.acting().graphql(&past, asked).await.json();
        assert_eq!(refused["errors"][0]["extensions"]["code"], "forbidden", "{refused}");
    }
);

both!(
    async fn the_documents_tell_what_happens(app) {
        let held = Held::of(app).await;
        let (owner, ana) = (held.owner(), &held.registry.analysts.owner);
        let all = examples("reviews.md");
        assert_eq!(all.len(), 3);
        let run = async |at: usize, moment: &str, asset: &str| {
            let query = all[at].0.replace("ASSET", asset).replace("PERSON", &ana.id).replace("MOMENT", moment)
                .replace("PROJECT", &held.registry.producer.project);
            owner.data(&query, json!({})).await
        };
        assert_eq!(run(0, "", &held.registry.owners).await, all[0].1);
        assert_eq!(run(2, "", &held.registry.owners).await, all[2].1);
        let age = held.registry.columns(&["age"]).await;
        story::revoke(owner, &held.subscription, "Over").await;
        assert_eq!(take_back(owner, &held.shared).await["ok"], true);
        let grant = give(owner, json!({ "asset": held.registry.owners, "to": to("USER", &ana.id), "columns": age,
            "columnsMode": "ONLY", "reason": "For a while" })).await;
        let moment = chrono::Utc::now().to_rfc3339();
        assert_eq!(take_back(owner, &grant).await["ok"], true);
        assert_eq!(run(1, &moment, &held.registry.owners).await, all[1].1);
    }
);
