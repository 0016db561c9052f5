//! Search: what is found by whom, in hits, counts, facets and suggestions alike.

use lakegate_tests::{
    Client, Server, both,
    files::write,
    story::{self, Team, finds, search},
};
use serde_json::json;

both!(
    async fn a_published_asset_is_found_and_a_changed_one_differently(app) {
        let sales = app.sales().await;
        let consumer = sales.consumer.acting();
        assert_eq!(search(&consumer, "catalog sales").await["total"], 0);
        // The owning project finds what is in its inventory.
        finds(&sales.producer.acting(), "catalog sales", 1).await;
        story::accept_names(&sales.producer.owner, &sales.asset).await;
        story::publish(&sales.producer.owner, &sales.asset, "Catalog Sales Data").await;
        for text in ["catalog sales", "Catalog", "catalgo", "wholesale", "ship customer key", "sales_price", "SALES"] {
            let found = finds(&consumer, text, 1).await;
            assert_eq!(story::hits(&found), [sales.asset.as_str()], "{text}: {found}");
        }
        assert_eq!(search(&consumer, "zanzibar").await["total"], 0);
        let before = story::asset(&sales.producer.owner, &sales.asset).await;
        let edit = json!({ "revision": before["revision"], "title": "Mail order lines", "tags": ["finance"] });
        sales.producer.owner.patch(&format!("/api/v1/assets/{}", sales.asset), edit).await.ok();
        finds(&consumer, "mail order", 1).await;
        finds(&consumer, "finance", 1).await;
    }
);

/// Publishes a small table of a team with a discover level of its own.
async fn small(app: &Server, team: &Team, name: &str, discover: &str) -> String {
    let folder = app.files().join(format!("small-{name}"));
    write(&folder.join(format!("{name}.csv")), b"id,amount\n1,2\n");
    let source = story::source(team, name, &story::folder_uri(&folder)).await;
    story::crawl(&team.owner, &source).await;
    let id = lakegate_tests::answer::id(&story::asset_named(&team.owner, &team.project, name).await);
    let before = story::asset(&team.owner, &id).await;
    let edit = json!({ "revision": before["revision"], "discover": discover, "tags": [format!("tag{discover}")] });
    team.owner.patch(&format!("/api/v1/assets/{id}"), edit).await.ok();
    story::publish(&team.owner, &id, &format!("Ledger {name}")).await;
    id
}

/// The sum of each facet never exceeds the total, and no facet names what is hidden.
async fn assert_trimmed(client: &Client, hidden: &[&str]) {
    let found = search(client, "ledger").await;
    let text = found.to_string();
    for word in hidden {
        assert!(!text.contains(word), "{word} in {text}");
    }
    assert_eq!(story::hits(&found).len(), usize::try_from(found["total"].as_i64().unwrap()).unwrap(), "{found}");
    let suggested = client.get("/api/v1/search/suggestions?q=ledg").await.ok().to_string();
    for word in hidden {
        assert!(!suggested.contains(word), "{word} in {suggested}");
    }
}

both!(
    async fn counts_facets_and_suggestions_are_trimmed_alike(app) {
        let domain = app.domain("Ledgers").await;
        let team = app.team("olga", &domain, "Bookkeeping", "books").await;
        let other = app.team("otto", &domain, "Secretive", "secret").await;
        small(app, &team, "open_one", "requestable").await;
        small(app, &team, "listed_one", "listed").await;
        let hidden = small(app, &other, "hidden_one", "hidden").await;
        let sven = app.person("sven").await;
        finds(&sven, "ledger", 2).await;
        finds(&other.acting(), "ledger", 3).await;
        assert_trimmed(&sven, &["hidden_one", "Secretive", "taghidden", &hidden]).await;
        assert_trimmed(&team.acting(), &["hidden_one", "Secretive", "taghidden", &hidden]).await;
        sven.get(&format!("/api/v1/assets/{hidden}")).await.problem(404, "not_found");
        let filtered = sven.get("/api/v1/search?q=ledger&tag=taghidden").await.ok();
        assert_eq!(filtered["total"], 0, "{filtered}");
        // What gets hidden later is gone for others with the next answers.
        let open = story::hits(&search(&sven, "ledger").await)[0].clone();
        let before = story::asset(&team.owner, &open).await;
        let edit = json!({ "revision": before["revision"], "discover": "hidden" });
        team.owner.patch(&format!("/api/v1/assets/{open}"), edit).await.ok();
        finds(&sven, "ledger", 1).await;
    }
);

both!(
    async fn a_rebuilt_index_gives_the_same_answers(app) {
        let sales = app.published_sales().await;
        let consumer = sales.consumer.acting();
        let before = finds(&consumer, "catalog sales", 1).await;
        app.command(&["reindex"]).await.ok();
        assert_eq!(story::hits(&finds(&consumer, "catalog sales", 1).await), story::hits(&before));
        app.restart().await;
        let mut consumer = consumer;
        consumer.base.clone_from(&app.url);
        finds(&consumer, "catalog sales", 1).await;
        app.command(&["doctor", "--deep"]).await.ok();
    }
);
