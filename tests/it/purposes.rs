//! Purposes and roles through which people look at data (access rule 22).

use lakegate_tests::{
    Client, Server, Value, both,
    people::Person,
    story::{self, Sales, rows},
};
use serde_json::json;

/// A change that has to work; gives what it made.
async fn make(client: &Client, text: &str, variables: Value) -> Value {
    let answer = client.data(text, variables).await;
    let made = answer.as_object().unwrap().values().next().unwrap().clone();
    assert_eq!(made["ok"], true, "{made}");
    made
}

/// The problem of a change that must not work.
async fn refused(client: &Client, text: &str, variables: Value) -> Value {
    let answer = client.data(text, variables).await;
    let made = answer.as_object().unwrap().values().next().unwrap().clone();
    assert_eq!(made["ok"], false, "{made}");
    made["problem"].clone()
}

const CREATE: &str = "mutation ($name: String!) { createPurpose(input: { name: $name, description: \"To find fraud\",
    legalBasis: \"Article 6 (1) f\" }) { ok problem { code message field } purpose { id } } }";
const ASK: &str = "mutation ($project: ID!, $purpose: ID!) { askForPurpose(project: $project, purpose: $purpose,
    reason: \"=Our duty\") { ok problem { code message field } projectPurpose { id state } } }";
const DECIDE: &str = "mutation ($id: ID!, $approve: Boolean!) { decidePurpose(id: $id, approve: $approve,
    reason: \"Fine\") { ok problem { code message } projectPurpose { state decidedBy } } }";
const GIVE: &str = "mutation ($input: CreateGrantInput!) { createGrant(input: $input) {
    ok problem { code message field } grant { id purposes } } }";
const RESTRICT: &str = "mutation ($input: CreateRestrictionInput!) { createRestriction(input: $input) {
    ok problem { code message field } restriction { id } } }";

/// The sales, and a purpose that the consuming project may state.
struct Stated {
    sales: Sales,
    officer: Person,
    purpose: String,
    asked: String,
}

async fn stated(app: &Server) -> Stated {
    let sales = app.published_sales().await;
    let officer = app.person_with("officer", &["data_protection_officer"]).await;
    let purpose =
        make(&officer, CREATE, json!({ "name": "Fraud" })).await["purpose"]["id"].as_str().unwrap().to_owned();
    let wanted = json!({ "project": sales.consumer.project, "purpose": purpose });
    let asked = make(&sales.consumer.owner, ASK, wanted).await["projectPurpose"]["id"].as_str().unwrap().to_owned();
    make(&officer, DECIDE, json!({ "id": asked, "approve": true })).await;
    Stated { sales, officer, purpose, asked }
}

/// A client that names a role or purpose with every request.
fn with(client: &Client, header: &'static str, value: &str) -> Client {
    client.with_header(header, value)
}

async fn count(client: &Client, table: &str) -> i64 {
    let cell = &rows(client, &format!("select count(*) from {table}")).await[0][0];
    cell.as_i64().or_else(|| cell.as_str()?.parse().ok()).unwrap_or_else(|| panic!("no number: {cell}"))
}

async fn hidden(client: &Client, table: &str) {
    client.query(&format!("select 1 from {table}")).await.problem(422, "unprocessable");
}

both!(
    async fn rule_22_a_grant_opens_to_whoever_states_its_purpose(app) {
        let Stated { sales, officer, purpose, asked } = stated(app).await;
        let to = json!({ "kind": "PROJECT", "id": sales.consumer.project });
        let input = json!({ "asset": sales.asset, "to": to, "purposes": [purpose], "reason": "For fraud alone" });
        let given = make(&sales.producer.owner, GIVE, json!({ "input": input })).await;
        assert_eq!(given["grant"]["purposes"], json!(["Fraud"]));
        let (mark, table) = (sales.consumer.acting(), sales.own());
        hidden(&mark, &table).await;
        // The explanation says what is missing.
        let why = "query ($asset: ID!) { explainAccess(asset: $asset) { words demanding } }";
        let said = mark.data(why, json!({ "asset": sales.asset })).await["explainAccess"].clone();
        assert_eq!(said["demanding"], json!(["Fraud"]), "{said}");
        let stating = with(&mark, "lakegate-purpose", "fraud");
        assert_eq!(count(&stating, &table).await, 11);
        let unknown = with(&mark, "lakegate-purpose", "marketing").get("/api/v1/me").await;
        unknown.blames(400, "invalid", "purpose");
        // Somebody else's project may not state it.
        let owner = with(&sales.producer.acting(), "lakegate-purpose", &purpose);
        owner.get("/api/v1/me").await.blames(400, "invalid", "purpose");
        // The audit keeps it, and the register lists it; what a spreadsheet would run is quoted.
        let text = "{ processingActivities(first: 5) { nodes { assets used { projectName purpose { name } decidedBy } } } }";
        let listed = officer.data(text, json!({})).await["processingActivities"]["nodes"].clone();
        assert_eq!((&listed[0]["assets"][0], &listed[0]["used"]["decidedBy"]), (&json!("Catalog Sales Data"), &json!("officer")), "{listed}");
        let csv = app.browser("officer").await.open("/purposes/register.csv").await.text();
        assert!(csv.contains("Fraud") && csv.contains("'=Our duty") && csv.lines().count() == 2, "{csv}");
        // A refusal names who was refused, whatever he stated.
        let refusal = stating.graphql(text, json!({})).await.json()["errors"][0]["extensions"]["code"].clone();
        assert_eq!(refusal, "forbidden");
        let mine = mark.all("/api/v1/audit?action=purpose", 50).await;
        assert!(mine.iter().any(|event| event["outcome"] == "denied" && event["actor_name"] == "mark"), "{mine:#?}");
        // Withdrawn, it opens nothing on the next query.
        make(&officer, "mutation ($id: ID!) { withdrawPurpose(id: $id) { ok problem { message } } }", json!({ "id": asked })).await;
        stating.get("/api/v1/me").await.blames(400, "invalid", "purpose");
        hidden(&mark, &table).await;
    }
);

both!(
    async fn an_approval_can_demand_a_purpose_and_more_time_keeps_it(app) {
        let Stated { sales, purpose, .. } = stated(app).await;
        let (owner, consumer) = (&sales.producer.owner, &sales.consumer);
        let request = story::ask(&consumer.owner, &consumer.project, &sales.asset, "To find fraud").await;
        story::approve(owner, &request, json!({ "reason": "Fine", "purposes": [purpose] })).await;
        let (mark, table) = (consumer.acting(), sales.granted());
        hidden(&mark, &table).await;
        assert_eq!(count(&with(&mark, "lakegate-purpose", &purpose), &table).await, 11);
        let more = story::ask(&consumer.owner, &consumer.project, &sales.asset, "More time").await;
        story::approve(owner, &more, json!({ "reason": "Fine" })).await;
        hidden(&mark, &table).await;
    }
);

both!(
    async fn a_restriction_spares_whoever_states_a_purpose(app) {
        let Stated { sales, officer, purpose, .. } = stated(app).await;
        sales.subscribe().await;
        let guard = app.person_with("guard", &["security_administrator"]).await;
        let owner = &sales.producer.owner;
        let whole = story::asset(owner, &sales.asset).await;
        let column = story::column(&whole, "quantity");
        let edit = json!({ "revision": whole["revision"], "columns": [{ "id": column, "tags": ["pii=amount"] }] });
        owner.patch(&format!("/api/v1/assets/{}", sales.asset), edit).await.ok();
        let exempt = json!([{ "kind": "PURPOSE", "principalId": purpose }]);
        let rule = json!({ "tag": "pii", "effect": "HIDE", "exempt": exempt, "reason": "Personal data wants a purpose" });
        make(&guard, RESTRICT, json!({ "input": rule })).await;
        let (mark, table) = (sales.consumer.acting(), sales.granted());
        let summed = format!("select sum(quantity) from {table}");
        mark.query(&summed).await.problem(422, "unprocessable");
        let stating = with(&mark, "lakegate-purpose", "Fraud");
        assert_eq!(rows(&stating, &summed).await.len(), 1);
        // 11: whoever could state it does not spare himself with it.
        let mine = json!({ "asset": sales.asset, "effect": "HIDE", "columns": [column], "exempt": exempt, "reason": "Mine" });
        let second = json!({ "project": sales.producer.project, "purpose": purpose });
        let asked = make(owner, ASK, second).await["projectPurpose"]["id"].clone();
        make(&officer, DECIDE, json!({ "id": asked, "approve": true })).await;
        let problem = refused(owner, RESTRICT, json!({ "input": mine })).await;
        assert!(problem["message"].as_str().unwrap().contains("spare yourself"), "{problem}");
        // Ended, the purpose spares nobody.
        make(&officer, "mutation ($id: ID!) { endPurpose(id: $id) { ok problem { message } } }", json!({ "id": purpose })).await;
        mark.query(&summed).await.problem(422, "unprocessable");
        stating.get("/api/v1/me").await.blames(400, "invalid", "purpose");
    }
);

both!(
    async fn purposes_are_decided_by_officers_of_other_projects(app) {
        let Stated { sales, officer, purpose, asked } = stated(app).await;
        let owner = &sales.producer.owner;
        assert_eq!(refused(owner, CREATE, json!({ "name": "Mine" })).await["code"], "forbidden");
        assert_eq!(refused(&officer, CREATE, json!({ "name": "fraud" })).await["field"], "name");
        assert_eq!(refused(&officer, DECIDE, json!({ "id": asked, "approve": true })).await["code"], "conflict");
        let again = json!({ "project": sales.consumer.project, "purpose": purpose });
        assert_eq!(refused(&sales.consumer.owner, ASK, again).await["code"], "conflict");
        let of_others = json!({ "project": sales.consumer.project, "purpose": purpose });
        assert_eq!(refused(owner, ASK, of_others).await["code"], "not_found", "the inside of others is not his");
        // An officer who is in the project does not decide for it.
        sales.producer.join(&officer, "viewer").await;
        let wanted = json!({ "project": sales.producer.project, "purpose": purpose });
        let asked = make(owner, ASK, wanted).await["projectPurpose"]["id"].clone();
        let problem = refused(&officer, DECIDE, json!({ "id": asked, "approve": true })).await;
        assert!(problem["message"].as_str().unwrap().contains("second person"), "{problem}");
        assert_eq!(refused(owner, DECIDE, json!({ "id": asked, "approve": true })).await["code"], "forbidden");
        make(&officer, DECIDE, json!({ "id": asked, "approve": false })).await;
        let listed = "query ($project: ID!) { projectPurposes(project: $project) { nodes { state decision purpose { name } } } }";
        let found = owner.data(listed, json!({ "project": sales.producer.project })).await;
        assert_eq!(found["projectPurposes"]["nodes"][0]["state"], "REFUSED");
    }
);

both!(
    async fn a_service_account_states_its_one_purpose(app) {
        let Stated { sales, purpose, .. } = stated(app).await;
        let consumer = &sales.consumer;
        let input = json!({ "asset": sales.asset, "to": { "kind": "PROJECT", "id": consumer.project }, "purposes": [purpose], "reason": "For fraud" });
        make(&sales.producer.owner, GIVE, json!({ "input": input })).await;
        let path = format!("/api/v1/projects/{}/service-accounts", consumer.project);
        let account = lakegate_tests::answer::id(&consumer.owner.post(&path, json!({ "name": "robot", "role": "viewer" })).await.ok());
        let token = json!({ "name": "t", "scopes": ["read", "query"], "days": 1, "service_account": account });
        let token = consumer.owner.post("/api/v1/tokens", token).await.ok()["secret"].as_str().unwrap().to_owned();
        let robot = app.anonymous().with_token(&token);
        hidden(&robot, &sales.own()).await;
        with(&robot, "lakegate-purpose", "Fraud").get("/api/v1/me").await.blames(400, "invalid", "purpose");
        let fix = "mutation ($account: ID!, $purpose: ID) { fixAccountPurpose(account: $account, purpose: $purpose) { ok problem { code message field } } }";
        assert_eq!(refused(&sales.producer.owner, fix, json!({ "account": account, "purpose": purpose })).await["code"], "not_found");
        make(&consumer.owner, fix, json!({ "account": account, "purpose": purpose })).await;
        assert_eq!(count(&robot, &sales.own()).await, 11);
        make(&consumer.owner, fix, json!({ "account": account, "purpose": null })).await;
        hidden(&robot, &sales.own()).await;
    }
);

both!(
    async fn rule_22_one_role_and_everyone_without_project_owner_and_other_groups(app) {
        let sales = app.published_sales().await;
        sales.subscribe().await;
        let (owner, mark) = (&sales.producer.owner, sales.consumer.acting());
        let group = async |name: &str| {
            let id = lakegate_tests::answer::id(&app.admin.post("/api/v1/groups", json!({ "name": name })).await.ok());
            let member = format!("/api/v1/groups/{id}/members/{}", sales.consumer.owner.id);
            app.admin.put(&member, json!({})).await.is(204);
            id
        };
        let (base, wide) = (group("base").await, group("wide").await);
        let whole = story::asset(owner, &sales.asset).await;
        let columns = json!([story::column(&whole, "quantity")]);
        let to = |id: &str| json!({ "kind": "GROUP", "id": id });
        let few = json!({ "asset": sales.asset, "to": to(&base), "columnsMode": "ONLY", "columns": columns, "reason": "A part" });
        make(owner, GIVE, json!({ "input": few })).await;
        make(owner, GIVE, json!({ "input": { "asset": sales.asset, "to": to(&wide), "reason": "All" } })).await;
        let table = sales.own();
        let seen = async |client: &Client| story::columns(client, &format!("select * from {table}")).await.len();
        assert_eq!(seen(&mark).await, 12, "the union of both");
        let narrow = with(&mark, "lakegate-role", "base");
        assert_eq!(seen(&narrow).await, 1);
        assert_eq!(seen(&with(&mark, "lakegate-role", &format!("group:{wide}"))).await, 12);
        // The subscription of his project does not count, nor do an owner's rights.
        let granted = story::columns(&narrow, &format!("select * from {}", sales.granted())).await;
        assert_eq!(granted, ["quantity"], "the table has two names, and one right to it");
        let mut sales_owner = sales.producer.acting();
        sales_owner = with(&sales_owner, "lakegate-role", "administrator");
        sales_owner.get("/api/v1/me").await.blames(400, "invalid", "role");
        // An exemption of another group does not count.
        let hide = json!({ "asset": sales.asset, "effect": "HIDE", "columns": columns, "exempt": [{ "kind": "GROUP", "principalId": wide }], "reason": "Test" });
        make(owner, RESTRICT, json!({ "input": hide })).await;
        hidden(&narrow, &table).await;
        assert_eq!(seen(&with(&mark, "lakegate-role", "wide")).await, 12);
        // In the browser it is chosen once, and lasts.
        let browser = app.browser(&sales.consumer.owner.username).await;
        browser.submit("/acting", &[("project", &sales.consumer.project), ("next", "/")]).await;
        browser.submit("/acting/lens", &[("role", &format!("group:{base}")), ("purpose", ""), ("next", "/")]).await;
        let page = browser.open("/").await.text();
        assert!(page.contains("as base"), "{page}");
    }
);
