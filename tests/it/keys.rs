//! Master keys that change, and texts of queries that are erased, while sessions, secrets and the audit's chain hold.

use lakegate_tests::{Client, Server, both, eventually_ok, people::Person};

/// A text that only whoever asked it may read.
const SQL: &str = "select 'sesame', 4711";

async fn ask(person: &Person) -> Client {
    let project = person.get("/api/v1/projects").await.ok()["items"][0]["id"].as_str().unwrap().to_owned();
    let acting = person.acting(&project);
    acting.query(SQL).await.ok();
    acting
}

/// What the audit shows a person of his own queries.
async fn own(client: &Client) -> String {
    serde_json::to_string(&client.all("/api/v1/audit?action=query", 50).await).unwrap()
}

async fn assert_chain(app: &Server) {
    eventually_ok("a sealed audit that holds", async || {
        let said = app.command(&["audit", "verify"]).await;
        said.code == Some(0) && said.out.contains(" 0 not sealed yet")
    })
    .await;
}

async fn key_id(app: &Server) -> String {
    app.command(&["keys", "show-id"]).await.ok().trim().to_owned()
}

both!(
    async fn sessions_texts_and_the_chain_outlive_a_master_key(app) {
        let sales = app.sales().await;
        let mark = sales.consumer.owner.clone();
        let mut client = ask(&mark).await;
        assert_chain(app).await;
        let first = key_id(app).await;
        let said = app.command(&["keys", "rotate"]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        let second = key_id(app).await;
        assert_ne!(first, second);
        let refused = app.command(&["keys", "retire"]).await;
        assert!(refused.code != Some(0) && refused.err.contains("stop that one first"), "{refused:?}");
        app.stop().await;
        let refused = app.command(&["keys", "retire"]).await;
        assert!(refused.code != Some(0) && refused.err.contains("still sealed"), "{refused:?}");
        app.start_again().await;
        for step in ["rotate", "retire"] {
            app.restart().await;
            client.base = app.url.clone();
            // Access tokens of the first master hold until it is retired.
            if step == "rotate" {
                assert!(own(&client).await.contains("sesame"), "{step}");
                app.stop().await;
                let said = app.command(&["keys", "retire"]).await;
                assert_eq!(said.code, Some(0), "{said:?}");
                app.start_again().await;
            }
            assert_chain(app).await;
            assert_eq!(key_id(app).await, second, "{step}");
        }
        client.get("/api/v1/me").await.problem(401, "unauthenticated");
        let again = app.signed_in(&mark.username).await;
        assert!(own(&again).await.contains("sesame"), "the text was sealed with the master that is gone");
        let sound = app.command(&["doctor", "--deep"]).await;
        assert_eq!(sound.code, Some(0), "{sound:?}");
    }
);

both!(
    async fn an_erased_text_is_gone_and_the_chain_holds(app) {
        let sales = app.sales().await;
        let (mark, olga) = (sales.consumer.owner.clone(), sales.producer.owner.clone());
        let (marks, olgas) = (ask(&mark).await, ask(&olga).await);
        assert!(own(&marks).await.contains("sesame") && own(&olgas).await.contains("sesame"));
        let unsaid = app.command(&["audit", "erase-sql", "--user", "mark"]).await;
        assert!(unsaid.code != Some(0) && unsaid.err.contains("--yes"), "{unsaid:?}");
        let nobody = app.command(&["audit", "erase-sql", "--user", "nobody", "--yes"]).await;
        assert!(nobody.code != Some(0), "{nobody:?}");
        let said = app.command(&["audit", "erase-sql", "--user", "mark", "--yes"]).await;
        assert!(said.code == Some(0) && !said.out.starts_with("0 "), "{said:?}");
        let left = own(&marks).await;
        assert!(!left.contains("sesame") && left.contains("query.start"), "{left}");
        let history = serde_json::to_string(&marks.get("/api/v1/queries").await.ok()).unwrap();
        assert!(!history.contains("sesame") && history.contains("erased"), "{history}");
        assert!(own(&olgas).await.contains("sesame"), "another person's text is gone");
        assert_chain(app).await;
    }
);
