//! Row filters, masks and restrictions over HTTP.

use lakegate_tests::{
    Client, Server, Value, both, eventually,
    files::{case, copy},
    people::Person,
    story::{self, Sales, Team, asset, column, rows},
};
use serde_json::json;

/// Puts a restriction in force; gives its id.
async fn restrict(client: &Client, input: Value) -> String {
    let made = try_restrict(client, input).await;
    assert_eq!(made["ok"], true, "{made}");
    made["restriction"]["id"].as_str().unwrap().to_owned()
}

async fn try_restrict(client: &Client, input: Value) -> Value {
    let text = "mutation ($input: CreateRestrictionInput!) { createRestriction(input: $input) {
        ok problem { code message field fix } restriction { id } } }";
    client.data(text, json!({ "input": input })).await["createRestriction"].clone()
}

async fn lift(client: &Client, id: &str) -> Value {
    let text = "mutation ($id: ID!) { liftRestriction(id: $id) { ok problem { code message } } }";
    client.data(text, json!({ "id": id })).await["liftRestriction"].clone()
}

async fn know(client: &Client, user: &Person, attributes: Value) -> Value {
    let text = "mutation ($user: ID!, $attributes: [AttributeInput!]!) {
        setUserAttributes(user: $user, attributes: $attributes) { ok problem { code message field } } }";
    client.data(text, json!({ "user": user.id, "attributes": attributes })).await["setUserAttributes"].clone()
}

fn number(rows: &[Vec<Value>]) -> i64 {
    let cell = &rows[0][0];
    cell.as_i64().or_else(|| cell.as_str()?.parse().ok()).unwrap_or_else(|| panic!("no number: {cell}"))
}

async fn count(client: &Client, sql: &str) -> i64 {
    number(&rows(client, sql).await)
}

/// The table *companies* of one team, granted to another under a row filter.
async fn companies(app: &Server, filter: &str) -> (Team, Team, String) {
    let folder = app.files().join("registry").join("companies");
    copy(&case("companies/companies"), &folder);
    let domain = app.domain("Market").await;
    let producer = app.team("olga", &domain, "Registry", "registry").await;
    let analysts = app.team("ana", &domain, "Analysts", "analysts").await;
    let source = story::source(&producer, "registry files", &story::folder_uri(folder.parent().unwrap())).await;
    story::crawl(&producer.owner, &source).await;
    let id = lakegate_tests::answer::id(&story::asset_named(&producer.owner, &producer.project, "companies").await);
    story::publish(&producer.owner, &id, "All companies").await;
    let request = story::ask(&analysts.owner, &analysts.project, &id, "Our region").await;
    story::approve(&producer.owner, &request, json!({ "reason": "Fine", "row_filter": filter })).await;
    (producer, analysts, id)
}

both!(
    async fn a_row_filter_follows_what_is_known_of_who_asks(app) {
        let (producer, analysts, asset) = companies(app, "continent = session_attribute('continent')").await;
        let (ana, table) = (analysts.acting(), format!("{}.companies", analysts.environment.subscribed));
        let counted = format!("select count(*) from {table}");
        assert_eq!(count(&ana, &counted).await, 0, "nothing is known of her");
        assert_eq!(know(&app.admin, &analysts.owner, json!([{ "name": "continent", "value": "asia" }])).await["ok"], true);
        assert_eq!(count(&ana, &counted).await, 146);
        assert_eq!(count(&ana, &format!("{counted} where continent <> 'asia' or continent is null")).await, 0);
        let all = rows(&ana, &format!("select distinct continent from {table}")).await;
        assert_eq!(all, [[json!("asia")]]);
        // What is known changes: the next query does too, and what was kept is gone.
        let kept = ana.data(
            "mutation ($project: ID!, $sql: String!) { runQuery(project: $project, sql: $sql) {
                ok problem { message } query { run { id } } } }",
            json!({ "project": analysts.project, "sql": counted }),
        ).await;
        let kept = kept["runQuery"]["query"]["run"]["id"].as_str().unwrap_or_else(|| panic!("{kept}")).to_owned();
        let page = format!("/api/v1/queries/{kept}/rows");
        eventually("a kept result", async || (ana.get(&page).await.status == 200).then_some(())).await;
        know(&app.admin, &analysts.owner, json!([{ "name": "continent", "value": "eu" }])).await;
        ana.get(&page).await.problem(410, "gone");
        assert_eq!(count(&ana, &counted).await, 422);
        // More time opens no more rows.
        let more = story::ask(&analysts.owner, &analysts.project, &asset, "More time").await;
        story::approve(&producer.owner, &more, json!({ "reason": "Fine" })).await;
        assert_eq!(count(&ana, &counted).await, 422);
        // The owner is not bound by a grant's filter.
        let own = format!("select count(*) from {}.companies", producer.environment.published);
        assert_eq!(count(&producer.acting(), &own).await, 2_266);
    }
);

both!(
    async fn rule_11_nobody_sets_his_own_attributes_or_spares_himself(app) {
        let second = app.person_with("second", &["administrator"]).await;
        let refused = know(&second, &second, json!([{ "name": "region", "value": "eu" }])).await;
        assert_eq!(refused["problem"]["code"], "forbidden", "{refused}");
        let stranger = app.person("stranger").await;
        let refused = know(&stranger, &second, json!([])).await;
        assert_eq!(refused["problem"]["code"], "forbidden", "{refused}");
        let sales = app.published_sales().await;
        let owner = &sales.producer.owner;
        let mut input = mask_of(owner, &sales, "quantity", "MASK_TO_FIXED_VALUE").await;
        input["exempt"] = json!([{ "kind": "USER", "principalId": owner.id }]);
        let refused = try_restrict(owner, input).await;
        assert!(refused["problem"]["message"].as_str().unwrap().contains("spare yourself"), "{refused}");
    }
);

async fn mask_of(client: &Client, sales: &Sales, name: &str, mask: &str) -> Value {
    let whole = asset(client, &sales.asset).await;
    json!({ "asset": sales.asset, "columns": [column(&whole, name)], "effect": "MASK", "mask": mask, "reason": "Test" })
}

both!(
    async fn a_mask_binds_everyone_whom_it_does_not_spare(app) {
        let sales = app.published_sales().await;
        sales.subscribe().await;
        let (owner, mark) = (sales.producer.acting(), sales.consumer.acting());
        let mut input = mask_of(&owner, &sales, "quantity", "MASK_TO_FIXED_VALUE").await;
        input["exempt"] = json!([{ "kind": "PROJECT", "principalId": sales.consumer.project }]);
        let rule = restrict(&owner, input).await;
        // 11 rows whose quantities are all 999999999 now, for the owner too; the spared project sees them as they are.
        let summed = |table: String| format!("select count(distinct quantity), sum(quantity) from {table}");
        let masked = rows(&owner, &summed(sales.own())).await;
        assert_eq!((number(&masked), &masked[0][1].to_string().replace('"', "")), (1, &(999_999_999_i64 * 11).to_string()));
        assert_eq!(count(&owner, &format!("select count(*) from {} where quantity = 23", sales.own())).await, 0);
        assert_eq!(count(&mark, &format!("select sum(quantity) from {}", sales.granted())).await, 363);
        // 2: the result says so, to the one and not to the other.
        let flag = async |client: &Client, table: String| {
            let answer = client.query(&format!("select max(quantity) as most from {table}")).await.ok();
            answer["columns"][0]["masked"].clone()
        };
        assert_eq!(flag(&owner, sales.own()).await, json!(true));
        assert_eq!(flag(&mark, sales.granted()).await, Value::Null);
        assert_eq!(lift(&owner, &rule).await["ok"], true, "who made it may lift it");
        assert_eq!(lift(&owner, &rule).await["problem"]["code"], "conflict");
        assert_eq!(count(&owner, &format!("select sum(quantity) from {}", sales.own())).await, 363);
    }
);

both!(
    async fn hidden_columns_and_tables_do_not_exist(app) {
        let sales = app.published_sales().await;
        sales.subscribe().await;
        let (owner, mark) = (&sales.producer.owner, sales.consumer.acting());
        let mut input = mask_of(owner, &sales, "discount", "REPLACE_WITH_NULL").await;
        (input["effect"], input["mask"]) = (json!("HIDE"), Value::Null);
        restrict(owner, input.clone()).await;
        let table = sales.granted();
        assert_eq!(story::columns(&mark, &format!("select * from {table}")).await.len(), 11);
        mark.query(&format!("select discount from {table}")).await.problem(422, "unprocessable");
        input["columns"] = json!([]);
        restrict(owner, input).await;
        let mut hidden = mark.query(&format!("select 1 from {table}")).await.problem(422, "unprocessable");
        let mut unknown = mark.query(&format!("select 1 from {table}x")).await.problem(422, "unprocessable");
        for problem in [&mut hidden, &mut unknown] {
            problem["request_id"].take();
        }
        assert_eq!(hidden.to_string(), unknown.to_string().replace("catalog_salesx", "catalog_sales"));
    }
);

both!(
    async fn a_rule_on_a_tag_covers_what_is_tagged_tomorrow(app) {
        let guard = app.person_with("guard", &["security_administrator"]).await;
        let rule = json!({ "tag": "pii", "effect": "MASK", "mask": "REPLACE_WITH_NULL", "reason": "Personal data" });
        let stranger = app.person("stranger").await;
        assert_eq!(try_restrict(&stranger, rule.clone()).await["problem"]["code"], "forbidden");
        restrict(&guard, rule).await;
        let sales = app.published_sales().await;
        sales.subscribe().await;
        let (owner, mark) = (&sales.producer.owner, sales.consumer.acting());
        let seen = format!("select count(ship_customer_sk), count(*) from {}", sales.granted());
        assert_eq!(count(&mark, &seen).await, 11);
        let whole = asset(owner, &sales.asset).await;
        let columns = json!([{ "id": column(&whole, "ship_customer_sk"), "tags": ["pii=customer"] }]);
        let edit = json!({ "revision": whole["revision"], "columns": columns });
        owner.patch(&format!("/api/v1/assets/{}", sales.asset), edit).await.ok();
        let after = rows(&mark, &seen).await;
        assert_eq!((number(&after), &after[0][1]), (0, &json!(11)), "{after:?}");
    }
);

both!(
    async fn rule_10_a_tag_under_a_restriction_is_lowered_by_stewards_alone(app) {
        let guard = app.person_with("guard", &["security_administrator"]).await;
        restrict(&guard, json!({ "tag": "margin", "effect": "HIDE", "reason": "Commercial" })).await;
        let sales = app.published_sales().await;
        let owner = &sales.producer.owner;
        let tag = async |client: &Client, tags: Value| {
            let whole = asset(owner, &sales.asset).await;
            let columns = json!([{ "id": column(&whole, "quantity"), "tags": tags }]);
            client.patch(&format!("/api/v1/assets/{}", sales.asset), json!({ "revision": whole["revision"], "columns": columns })).await
        };
        let summed = format!("select sum(quantity) from {}", sales.own());
        tag(owner, json!(["margin=gross", "free"])).await.ok();
        sales.producer.acting().query(&summed).await.problem(422, "unprocessable");
        tag(owner, json!(["margin=gross"])).await.ok();
        tag(owner, json!([])).await.blames(403, "forbidden", "columns[0].tags");
        tag(owner, json!(["margin=net"])).await.blames(403, "forbidden", "columns[0].tags");
        sales.producer.acting().query(&summed).await.problem(422, "unprocessable");
    }
);

both!(
    async fn wrong_filters_and_masks_are_refused_by_name(app) {
        let sales = app.published_sales().await;
        let (owner, mark) = (&sales.producer.owner, &sales.consumer.owner);
        let request = story::ask(mark, &sales.consumer.project, &sales.asset, "Some rows").await;
        let approve = format!("/api/v1/requests/{request}/approve");
        for filter in ["quantity", "nonsense > 3", "quantity > (select 1)", "random() > 0.5", "quantity >", "1; select 1"] {
            let refused = owner.post(&approve, json!({ "reason": "Fine", "row_filter": filter })).await;
            refused.blames(400, "invalid", "filter");
        }
        let refused = try_restrict(owner, mask_of(owner, &sales, "quantity", "SHOW_FIRST_4").await).await;
        assert_eq!((&refused["problem"]["code"], &refused["problem"]["field"]), (&json!("invalid"), &json!("mask")));
        // 21: who reads a column masked cannot ask about it by a filter.
        let guard = app.person_with("guard", &["security_administrator"]).await;
        restrict(&guard, mask_of(owner, &sales, "quantity", "REPLACE_WITH_NULL").await).await;
        let refused = owner.post(&approve, json!({ "reason": "Fine", "row_filter": "quantity > 30" })).await;
        refused.problem(403, "forbidden");
        owner.post(&approve, json!({ "reason": "Fine", "row_filter": "item_sk > 0 and list_price > 50" })).await.ok();
        let (mark, table) = (sales.consumer.acting(), sales.granted());
        let counts = rows(&mark, &format!("select count(*), count(quantity), min(list_price) > 50 from {table}")).await;
        assert!(number(&counts) > 0 && number(&counts) < 11, "{counts:?}");
        assert_eq!(counts[0][1..], [json!(0), json!(true)]);
        // 11: the mask binds the owner, so a second person lifts it.
        let listed = owner.data(
            "query ($asset: ID!) { restrictions(asset: $asset) { nodes { id effect mask reason endedAt } } }",
            json!({ "asset": sales.asset }),
        ).await;
        let rule = listed["restrictions"]["nodes"][0]["id"].as_str().unwrap_or_else(|| panic!("{listed}")).to_owned();
        assert_eq!(lift(owner, &rule).await["problem"]["code"], "forbidden");
        assert_eq!(lift(&guard, &rule).await["ok"], true);
    }
);
