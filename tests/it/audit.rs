//! The audit: who sees which events, and that changing it is found.

use lakegate_tests::{Database, Server, both, eventually_ok};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

/// Changes the database behind the program's back.
async fn tamper(app: &Server, sql: &str) {
    match app.database_url() {
        Some(url) => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
        }
        None => {
            let path = format!("sqlite://{}", app.data_dir.join("lakegate.db").display());
            let mut connection = SqliteConnection::connect(&path).await.unwrap();
            sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
        }
    }
}

async fn sealed(app: &Server) {
    eventually_ok("a sealed audit", async || {
        let said = app.command(&["audit", "verify"]).await;
        said.code == Some(0) && said.out.contains(" 0 not sealed yet")
    })
    .await;
}

both!(
    async fn people_see_their_own_events_and_auditors_all(app) {
        let sales = app.sales().await;
        let mine = sales.consumer.owner.all("/api/v1/audit", 7).await;
        assert!(!mine.is_empty());
        assert!(mine.iter().all(|event| event["actor_name"] == "mark"), "{mine:#?}");
        let auditor = app.person_with("aud", &["auditor"]).await;
        let all = auditor.all("/api/v1/audit", 7).await;
        let numbers: Vec<i64> = all.iter().map(|event| event["number"].as_i64().unwrap()).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] > pair[1]), "pages repeat or skip: {numbers:?}");
        for who in ["ada", "olga", "mark"] {
            assert!(all.iter().any(|event| event["actor_name"] == who), "{who}");
        }
        let text = serde_json::to_string(&all).unwrap();
        assert!(!text.contains(lakegate_tests::people::PASSWORD) && !text.contains("sealed_sql"), "a secret is in the audit");
        // Reading the audit is audited.
        let again = auditor.all("/api/v1/audit?action=audit", 50).await;
        assert!(again.iter().any(|event| event["actor_name"] == "aud"), "{again:#?}");
    }
);

both!(
    async fn literals_of_others_are_masked(app) {
        let sales = app.sales().await;
        let sql = format!("select 'sesame', 4711 from {} limit 1", sales.own());
        lakegate_tests::story::rows(&sales.producer.acting(), &sql).await;
        let auditor = app.person_with("aud", &["auditor"]).await;
        let events = serde_json::to_string(&auditor.all("/api/v1/audit?action=query", 50).await).unwrap();
        assert!(events.contains("catalog_sales") && !events.contains("sesame") && !events.contains("4711"), "{events}");
        let log = std::fs::read_to_string(app.log()).unwrap();
        assert!(!log.contains("sesame") && !log.contains("4711"), "literals stand in the log");
    }
);

macro_rules! found {
    ($name:ident, $sql:expr) => {
        both!(
            async fn $name(app) {
                app.sales().await;
                sealed(app).await;
                tamper(app, $sql).await;
                let said = app.command(&["audit", "verify"]).await;
                assert_eq!(said.code, Some(1), "{said:?}");
                assert!(said.out.contains("WRONG"), "{said:?}");
            }
        );
    };
}

found!(a_changed_event_is_found, "UPDATE audit_events SET actor_name = 'eve' WHERE number = 2");
found!(a_removed_event_is_found, "DELETE FROM audit_events WHERE number = 2");
found!(a_cut_tail_is_found, "DELETE FROM audit_batches WHERE number = (SELECT max(number) FROM audit_batches)");
found!(a_rewritten_batch_is_found, "UPDATE audit_batches SET hash = previous_hash WHERE number = 1");

#[tokio::test]
async fn an_older_database_is_found() {
    let mut app = Server::start(lakegate_tests::Options::default().on(Database::Sqlite)).await;
    sealed(&app).await;
    assert_eq!(app.stop().await, Some(0));
    let database = app.data_dir.join("lakegate.db");
    let older = app.folder.path().join("older.db");
    std::fs::copy(&database, &older).unwrap();
    app.start_again().await;
    app.person("olga").await;
    sealed(&app).await;
    assert_eq!(app.stop().await, Some(0));
    std::fs::copy(&older, &database).unwrap();
    let said = app.command(&["audit", "verify"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
}
