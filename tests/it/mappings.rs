//! Row filters over mapping tables: who sees which rows stands in a table.

use lakegate_tests::{
    Client, Server, Value, both,
    files::{case, copy},
    story::{self, Team, rows},
    upload,
};
use serde_json::json;

const SEERS: &str = "person,continent\nana,asia\nana,eu\nolga,us\n,us\nana,\n";

/// The table *companies* of one team, asked for by another, and mapping tables beside it.
struct Registry {
    producer: Team,
    analysts: Team,
    asset: String,
    /// The asset of the mapping table `seers`.
    seers: String,
}

impl Registry {
    async fn of(app: &Server) -> Self {
        let folder = app.files().join("registry").join("companies");
        copy(&case("companies/companies"), &folder);
        let domain = app.domain("Market").await;
        let producer = app.team("olga", &domain, "Registry", "registry").await;
        let analysts = app.team("ana", &domain, "Analysts", "analysts").await;
        let source = story::source(&producer, "registry files", &story::folder_uri(folder.parent().unwrap())).await;
        story::crawl(&producer.owner, &source).await;
        let found = story::asset_named(&producer.owner, &producer.project, "companies").await;
        let asset = lakegate_tests::answer::id(&found);
        story::publish(&producer.owner, &asset, "All companies").await;
        let seers = table(&producer, "seers", "seers.csv", SEERS).await;
        Self { producer, analysts, asset, seers }
    }

    /// Gives all of the table under a filter; gives what was answered.
    async fn give(&self, filter: &str) -> Value {
        let text = "mutation ($input: CreateGrantInput!) { createGrant(input: $input) {
            ok problem { code message field } grant { id } } }";
        let to = json!({ "kind": "USER", "id": self.analysts.owner.id });
        let input = json!({ "asset": self.asset, "to": to, "rowFilter": filter, "reason": "Her part" });
        self.producer.owner.data(text, json!({ "input": input })).await["createGrant"].clone()
    }

    fn filter(&self, column: &str, table: &str, value: &str) -> String {
        let database = &self.producer.environment.published;
        format!("{column} in (select {value} from {database}.{table} where person = session_user())")
    }

    async fn seen(&self) -> i64 {
        let sql = format!("select count(*) from {}.companies", self.producer.environment.published);
        count(&self.analysts.acting(), &sql).await
    }
}

async fn table(team: &Team, name: &str, file: &str, text: &str) -> String {
    let made = upload::upload(&team.owner, &team.environment.id, name, file, text.as_bytes().to_vec()).await;
    upload::asset(made).0
}

async fn count(client: &Client, sql: &str) -> i64 {
    let cell = &rows(client, sql).await[0][0];
    cell.as_i64().or_else(|| cell.as_str()?.parse().ok()).unwrap_or_else(|| panic!("no number: {cell}"))
}

both!(
    async fn rule_21_a_mapping_table_tells_who_sees_which_rows(app) {
        let registry = Registry::of(app).await;
        let given = registry.give(&registry.filter("continent", "seers", "continent")).await;
        assert_eq!(given["ok"], true, "{given}");
        assert_eq!(registry.seen().await, 146 + 422, "asia and eu");
        // The mapping is not hers to read, and whoever stands in none sees no row, whatever a filter makes of it.
        let database = &registry.producer.environment.published;
        let ana = registry.analysts.acting();
        ana.query(&format!("select * from {database}.seers")).await.problem(422, "unprocessable");
        // Another version of the table acts on the next query.
        let more = upload::raw(&registry.producer.owner, &format!("/api/v1/assets/{}/uploads", registry.seers), "more.csv",
            b"person,continent\nana,us\n".to_vec());
        registry.producer.owner.send(more).await.ok();
        assert_eq!(registry.seen().await, 2_266, "and us");
        // Reviewers read who decides through it.
        let text = "query ($asset: ID!, $user: ID) { explainAccess(asset: $asset, user: $user) { columns { rules { words } } } }";
        let asked = json!({ "asset": registry.asset, "user": registry.analysts.owner.id });
        let said = registry.producer.owner.data(text, asked).await.to_string();
        assert!(said.contains(&format!("Registry writes {database}.seers, which tells who sees which rows")), "{said}");
    }
);

both!(
    async fn who_stands_in_no_mapping_sees_no_row(app) {
        let registry = Registry::of(app).await;
        table(&registry.producer, "others", "others.csv", "person,continent\nolga,asia\n").await;
        let others = registry.filter("continent", "others", "continent");
        for (filter, seen) in [
            (others.clone(), 0),
            (format!("({others}) is not true"), 0),
            (format!("({}) is not true", registry.filter("continent", "seers", "continent")), 1_698),
        ] {
            let given = registry.give(&filter).await;
            assert_eq!(given["ok"], true, "{given}");
            assert_eq!(registry.seen().await, seen, "{filter}");
        }
    }
);

both!(
    async fn lists_and_numbers_are_mapped_too(app) {
        let registry = Registry::of(app).await;
        let lists = "{\"person\":\"ana\",\"continents\":[\"asia\",null,\"eu\"]}\n{\"person\":\"olga\",\"continents\":[\"us\"]}\n";
        table(&registry.producer, "lists", "lists.jsonl", lists).await;
        let given = registry.give(&registry.filter("continent", "lists", "continents")).await;
        assert_eq!(given["ok"], true, "{given}");
        assert_eq!(registry.seen().await, 146 + 422);
        let take = "mutation ($id: ID!) { revokeGrant(id: $id) { ok } }";
        registry.producer.owner.data(take, json!({ "id": given["grant"]["id"] })).await;
        table(&registry.producer, "numbers", "numbers.csv", "person,length\nana,4\n").await;
        let given = registry.give(&registry.filter("character_length(continent)", "numbers", "length")).await;
        assert_eq!(given["ok"], true, "{given}");
        assert_eq!(registry.seen().await, 146, "asia alone has four letters");
    }
);

both!(
    async fn a_mapping_that_its_writer_does_not_read_is_refused_like_none(app) {
        let registry = Registry::of(app).await;
        for (filter, words) in [
            (registry.filter("continent", "nowhere", "continent"), "no mapping table"),
            (registry.filter("continent", "seers", "country"), "has no column country"),
            (registry.filter("continent", "companies", "continent"), "has no column person"),
        ] {
            let refused = registry.give(&filter).await;
            assert_eq!((&refused["ok"], &refused["problem"]["field"]), (&json!(false), &json!("filter")), "{refused}");
            assert!(refused["problem"]["message"].as_str().unwrap().contains(words), "{refused}");
        }
        // A table of others, whose name he knows, is like none.
        table(&registry.analysts, "seers2", "seers.csv", SEERS).await;
        let theirs = format!("continent in (select continent from {}.seers2 where person = session_user())",
            registry.analysts.environment.published);
        let refused = registry.give(&theirs).await;
        let unknown = registry.give(&theirs.replace("seers2", "seers3")).await;
        let words = |answer: &Value| answer["problem"]["message"].as_str().unwrap().replace("seers2", "seers3");
        assert_eq!(words(&refused), words(&unknown));
        // A restriction that narrows what he reads of the mapping keeps him from using it.
        let hide = "mutation ($asset: ID!) { createRestriction(input: { asset: $asset, effect: FILTER, filter: \"continent = 'eu'\", reason: \"Less\" }) { ok } }";
        registry.producer.owner.data(hide, json!({ "asset": registry.seers })).await;
        let refused = registry.give(&registry.filter("continent", "seers", "continent")).await;
        assert!(refused["problem"]["message"].as_str().unwrap().contains("read whole"), "{refused}");
    }
);

both!(
    async fn an_approval_and_a_restriction_keep_their_mappings(app) {
        let registry = Registry::of(app).await;
        let (owner, analysts) = (&registry.producer.owner, &registry.analysts);
        let filter = registry.filter("continent", "seers", "continent");
        let request = story::ask(&analysts.owner, &analysts.project, &registry.asset, "Our region").await;
        story::approve(owner, &request, json!({ "reason": "Fine", "row_filter": filter })).await;
        let ana = analysts.acting();
        let counted = format!("select count(*) from {}.companies", analysts.environment.subscribed);
        assert_eq!(count(&ana, &counted).await, 568);
        // More time opens no more rows: the mapping comes along.
        let more = story::ask(&analysts.owner, &analysts.project, &registry.asset, "More time").await;
        story::approve(owner, &more, json!({ "reason": "Fine" })).await;
        assert_eq!(count(&ana, &counted).await, 568);
        // A restriction over another mapping narrows it, and binds its owner.
        table(&registry.producer, "fewer", "fewer.csv", "person,continent\nana,eu\n").await;
        let text = "mutation ($input: CreateRestrictionInput!) { createRestriction(input: $input) { ok problem { message } } }";
        let rule = json!({ "asset": registry.asset, "effect": "FILTER", "reason": "Less",
            "filter": registry.filter("continent", "fewer", "continent") });
        let made = owner.data(text, json!({ "input": rule })).await["createRestriction"].clone();
        assert_eq!(made["ok"], true, "{made}");
        assert_eq!(count(&ana, &counted).await, 422);
        let own = format!("select count(*) from {}.companies", registry.producer.environment.published);
        assert_eq!(count(&registry.producer.acting(), &own).await, 0, "she stands in no mapping");
    }
);
