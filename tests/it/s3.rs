//! S3 through real calls, and a store that refuses.

use lakegate_tests::{
    Options, Server,
    answer::id,
    both, eventually,
    files::case,
    s3,
    story::{self, Team, crawl, environment_of, rows, run, source_from},
    upload,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::triggers::{self, Call};

const OPEN: &str = "[outgoing]\nallow = [\"127.0.0.1\"]\n";

fn connection(endpoint: &str) -> Value {
    json!({ "name": "store", "endpoint": endpoint, "region": "us-east-1", "access_key_id": "test", "secret_access_key": "sesame" })
}

/// A team with a connection and a root for it.
async fn team(app: &Server, endpoint: &str, bucket: &str) -> (Team, String) {
    let domain = app.domain("Sales").await;
    let team = app.team("olga", &domain, "Producer", "local").await;
    let path = format!("/api/v1/projects/{}/connections", team.project);
    let connection = id(&team.owner.post(&path, connection(endpoint)).await.is(201).ok());
    app.admin.post("/api/v1/storage-roots", json!({ "uri": format!("s3://{bucket}/") })).await.is(201);
    (team, connection)
}

both!(
    Options::default().toml(OPEN),
    async fn a_bucket_is_crawled_written_and_queried(app) {
        let Some(server) = s3::server("a_bucket_is_crawled_written_and_queried") else { return };
        let bucket = format!("lake-{}", uuid::Uuid::now_v7().simple());
        s3::make_bucket(&server, &bucket).await;
        s3::put(&server, &bucket, "in/catalog_sales.csv", std::fs::read(case("catalog_sales.csv")).unwrap()).await;
        let (team, connection) = team(app, &server, &bucket).await;
        let test = format!("/api/v1/connections/{connection}/test");
        team.owner.post(&test, json!({ "location": format!("s3://{bucket}/in/") })).await.is(204);
        let source = source_from(&team, json!({
            "environment": team.environment.id, "name": "bucket", "location": format!("s3://{bucket}/in/"),
            "connection": connection,
        })).await;
        assert_eq!(crawl(&team.owner, &source).await["tables_new"], 1);
        let sums = format!("select count(*), sum(quantity) from {}.catalog_sales", team.environment.published);
        assert_eq!(rows(&team.acting(), &sums).await, [[json!(11), json!(363)]]);

        // A second file of the same prefix, and one that vanishes.
        s3::put(&server, &bucket, "in/orders/part-1.csv", b"id\n1\n2\n".to_vec()).await;
        crawl(&team.owner, &source).await;
        let count = format!("select count(*) from {}.orders", team.environment.published);
        assert_eq!(rows(&team.acting(), &count).await, [[json!(2)]]);
        s3::remove(&server, &bucket, "in/orders/part-1.csv").await;
        let gone = team.acting().query(&count).await;
        let told = if gone.status.is_success() { gone.json()["error"].clone() } else { gone.json() };
        assert!(told["code"].is_string() && told["code"] != "internal", "{gone}");

        let input = json!({ "name": "far", "location": format!("s3://{bucket}/out/"), "connection": connection });
        let far = environment_of(&team.owner, &team.project, input).await;
        let made = upload::upload(&team.owner, &far.id, "notes", "a.csv", b"id,word\n1,a\n2,b\n".to_vec()).await;
        upload::asset(made);
        let words = format!("select max(word), count(*) from {}.notes", far.published);
        assert_eq!(rows(&team.acting(), &words).await, [[json!("b"), json!(2)]]);
    }
);

/// What the store posts when an object was put: the sequencer tells this state of it from others.
fn notification(bucket: &str, key: &str, sequencer: &str) -> String {
    let s3 = json!({ "bucket": { "name": bucket }, "object": { "key": key, "sequencer": sequencer } });
    json!({ "Records": [{ "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3 }] }).to_string()
}

both!(
    Options::default().toml(OPEN),
    async fn an_object_that_arrives_is_noticed_and_its_new_column_stays_closed(app) {
        let Some(server) = s3::server("an_object_that_arrives_is_noticed_and_its_new_column_stays_closed") else { return };
        let bucket = format!("lake-{}", uuid::Uuid::now_v7().simple());
        s3::make_bucket(&server, &bucket).await;
        s3::put(&server, &bucket, "in/prices/prices.csv", b"id,price\n1,2.50\n".to_vec()).await;
        let (team, connection) = team(app, &server, &bucket).await;
        let at = |path: &str| format!("s3://{bucket}/{path}");
        let input = json!({ "environment": team.environment.id, "name": "arrivals", "location": at("in/"),
            "connection": connection });
        let source = source_from(&team, input).await;
        crawl(&team.owner, &source).await;
        let asset = id(&story::asset_named(&team.owner, &team.project, "prices").await);
        story::publish(&team.owner, &asset, "Prices").await;
        let out = [at("in/results/"), at("in/exports/")];
        let input = json!({ "name": "Arrivals", "happening": "OBJECT_CREATED", "excluded": out });
        let (trigger, secret) = triggers::made(&team.owner, &source, input).await;
        let call = async |nonce: &str, body: String| {
            let mut call = Call::new(&trigger, &secret, nonce);
            call.body = body;
            call.send(app).await.is(202).json()["events"].clone()
        };

        // What queries and exports write starts nothing, nor does what another bucket tells of.
        for (nonce, key) in [("a-result", "in/results/r.csv"), ("an-export", "in/exports/e.csv")] {
            s3::put(&server, &bucket, key, b"id\n1\n".to_vec()).await;
            assert_eq!(call(nonce, notification(&bucket, key, "01")).await, 0, "{key}");
        }
        assert_eq!(call("elsewhere", notification("elsewhere", "in/prices/p.csv", "01")).await, 0);
        assert_eq!(triggers::started(&team).await.len(), 0);

        let key = "in/prices/prices-2.csv";
        s3::put(&server, &bucket, key, b"id,price,margin\n2,3.50,0.1\n".to_vec()).await;
        let begun = Instant::now();
        assert_eq!(call("the-object", notification(&bucket, key, "02")).await, 1);
        let asset = eventually("the new column", async || {
            let asset = story::asset(&team.owner, &asset).await;
            asset["columns"].as_array().unwrap().iter().any(|column| column["name"] == "margin").then_some(asset)
        })
        .await;
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(5), "{took:?} from the notification to the column");
        let columns = asset["columns"].as_array().unwrap();
        let pending: Vec<_> = columns.iter().filter(|column| column["state"] == "pending").collect();
        assert_eq!(pending.iter().map(|column| &column["name"]).collect::<Vec<_>>(), ["margin"], "{asset}");
        triggers::all_succeeded(&team, 1).await;
        // The same state of the object told again is no other event, and starts no other run.
        assert_eq!(call("told-again", notification(&bucket, key, "02")).await, 0);
        triggers::all_succeeded(&team, 1).await;
    }
);

both!(
    Options::default().toml(OPEN),
    async fn a_store_that_refuses_is_told_fast(app) {
        // A port that was free a moment ago: nobody listens.
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (team, connection) = team(app, &format!("http://{closed}"), "nowhere").await;
        let started = Instant::now();
        let test = format!("/api/v1/connections/{connection}/test");
        let refused = team.owner.post(&test, json!({ "location": "s3://nowhere/in/" })).await;
        assert!([502, 503].contains(&refused.status.as_u16()), "{refused}");
        assert!(!refused.text().contains("sesame"), "{refused}");
        assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
        let source = source_from(&team, json!({
            "environment": team.environment.id, "name": "bucket", "location": "s3://nowhere/in/",
            "connection": connection,
        })).await;
        let run = run(&team.owner, &source).await;
        assert_eq!(run["state"], "failed", "{run}");
        let input = json!({ "name": "far", "location": "s3://nowhere/out/", "connection": connection });
        let path = format!("/api/v1/projects/{}/environments", team.project);
        let made = team.owner.post(&path, input).await;
        if made.status.as_u16() == 201 {
            let far = id(&made.ok());
            let started = Instant::now();
            let refused = upload::upload(&team.owner, &far, "notes", "a.csv", b"id\n1\n".to_vec()).await;
            assert!([502, 503].contains(&refused.status.as_u16()), "{refused}");
            assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
        } else {
            assert!([502, 503].contains(&made.status.as_u16()), "{made}");
        }
    }
);

#[tokio::test]
async fn a_bucket_with_a_wrong_key_is_told() {
    let Some(server) = s3::server("a_bucket_with_a_wrong_key_is_told") else { return };
    let app = Server::start(Options::default().toml(OPEN)).await;
    let (team, connection) = team(&app, &server, "there-is-no-such-bucket").await;
    let test = format!("/api/v1/connections/{connection}/test");
    let refused = team.owner.post(&test, json!({ "location": "s3://there-is-no-such-bucket/in/" })).await;
    assert!([400, 404, 422, 502].contains(&refused.status.as_u16()), "{refused}");
    app.finish().await;
}
