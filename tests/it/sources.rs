//! Data sources: formats, second runs, and folders that change or vanish.

use lakegate_tests::{
    Server, both,
    files::write,
    story::{self, Team, asset, columns, crawl, finds, folder_uri, rows},
};
use serde_json::json;
use std::{fs, path::PathBuf, process::Command};

async fn team(app: &Server) -> Team {
    let domain = app.domain("Sales").await;
    app.team("olga", &domain, "Producer", "lake").await
}

async fn source(app: &Server, team: &Team, name: &str) -> (String, PathBuf) {
    let folder = app.files().join(name);
    fs::create_dir_all(&folder).unwrap();
    (story::source(team, name, &folder_uri(&folder)).await, folder)
}

fn table(team: &Team, name: &str) -> String {
    format!("{}.{name}", team.environment.published)
}

both!(
    async fn formats_types_and_partitions_are_inferred(app) {
        let team = team(app).await;
        let (source, folder) = source(app, &team, "mixed").await;
        write(&folder.join("prices.csv"), b"id,price,when,note\n1,10.50,2024-01-31,\"two\nlines\"\n2,7,2024-02-01,plain\n");
        write(&folder.join("events.jsonl"), b"{\"id\":1,\"ok\":true}\n{\"id\":2,\"ok\":false}\n");
        write(&folder.join("zipped.csv"), b"id,name\n1,a\n2,b\n3,c\n");
        assert!(Command::new("gzip").arg(folder.join("zipped.csv")).status().unwrap().success());
        for (year, month) in [(2023, 12), (2024, 1)] {
            write(&folder.join(format!("orders/Year={year}/month={month}/part.csv")), b"id,total\n1,2.25\n2,3\n");
        }
        let found = crawl(&team.owner, &source).await;
        assert_eq!((&found["tables_new"], &found["skipped"]), (&json!(4), &json!([])), "{found}");
        let client = team.acting();
        let sum = rows(&client, &format!("select count(*), sum(price), max(\"when\") from {}", table(&team, "prices"))).await;
        assert_eq!((sum[0][0].as_i64(), sum[0][1].as_f64()), (Some(2), Some(17.5)), "{sum:?}");
        assert_eq!(sum[0][2], "2024-02-01");
        let note = rows(&client, &format!("select note from {} where id = 1", table(&team, "prices"))).await;
        assert_eq!(note[0][0], "two\nlines");
        assert_eq!(rows(&client, &format!("select id from {} where ok", table(&team, "events"))).await, [[json!(1)]]);
        assert_eq!(rows(&client, &format!("select count(*) from {}", table(&team, "zipped"))).await, [[json!(3)]]);
        let orders = table(&team, "orders");
        let by_year = format!("select year, sum(total) from {orders} group by year order by year");
        let by_year = rows(&client, &by_year).await;
        assert_eq!(by_year.len(), 2, "{by_year:?}");
        assert_eq!(by_year[0][1].as_f64(), Some(5.25));
        let one = rows(&client, &format!("select count(*) from {orders} where year = 2024 and month = 1")).await;
        assert_eq!(one, [[json!(2)]]);
        let entry = story::asset_named(&client, &team.project, "prices").await;
        let prices = asset(&client, &lakegate_tests::answer::id(&entry)).await;
        let kind = |name: &str| {
            let columns = prices["columns"].as_array().unwrap();
            columns.iter().find(|column| column["name"] == name).unwrap()["type"].as_str().unwrap().to_owned()
        };
        assert!(kind("price").starts_with("decimal"), "{}", kind("price"));
        assert_eq!(kind("when"), "date");
    }
);

both!(
    async fn a_second_run_brings_files_and_closes_new_columns(app) {
        let domain = app.domain("Sales").await;
        let team = app.team("olga", &domain, "Producer", "lake").await;
        let consumer = app.team("mark", &domain, "Consumer", "use").await;
        let (source, folder) = source(app, &team, "orders").await;
        write(&folder.join("orders/part-1.csv"), b"id,total\n1,2\n2,3\n");
        crawl(&team.owner, &source).await;
        let id = lakegate_tests::answer::id(&story::asset_named(&team.owner, &team.project, "orders").await);
        story::publish(&team.owner, &id, "All orders").await;
        let request = story::ask(&consumer.owner, &consumer.project, &id, "Count").await;
        story::approve(&team.owner, &request, json!({ "reason": "Fine" })).await;
        let granted = format!("{}.orders", consumer.environment.subscribed);
        let all = format!("select * from {granted}");
        assert_eq!(rows(&consumer.acting(), &all).await.len(), 2);
        let before = asset(&team.owner, &id).await;

        assert_eq!(crawl(&team.owner, &source).await["tables_same"], 1);
        assert_eq!(asset(&team.owner, &id).await["revision"], before["revision"], "a run that finds nothing changes nothing");

        write(&folder.join("orders/part-2.csv"), b"id,total,secret\n3,4,x\n");
        let found = crawl(&team.owner, &source).await;
        assert_eq!((&found["tables_changed"], &found["tables_new"]), (&json!(1), &json!(0)), "{found}");
        let after = asset(&team.owner, &id).await;
        assert_eq!(after["title"], "All orders", "human text is kept");
        assert!(after["revision"].as_i64() > before["revision"].as_i64());
        assert_eq!(story::column(&after, "id"), story::column(&before, "id"), "columns keep their ids");
        // New rows come, the new column is closed to all but owners.
        assert_eq!(rows(&consumer.acting(), &all).await.len(), 3);
        assert_eq!(columns(&consumer.acting(), &all).await, ["id", "total"]);
        let own = format!("select * from {}", table(&team, "orders"));
        assert_eq!(columns(&team.acting(), &own).await, ["id", "total", "secret"]);
        let vera = app.person("vera").await;
        team.join(&vera, "contributor").await;
        assert_eq!(columns(&vera.acting(&team.project), &own).await, ["id", "total"]);
        let release = json!({ "columns": [story::column(&after, "secret")] });
        vera.post(&format!("/api/v1/assets/{id}/release"), release.clone()).await.problem(403, "forbidden");
        team.owner.post(&format!("/api/v1/assets/{id}/release"), release).await.ok();
        assert_eq!(columns(&consumer.acting(), &all).await, ["id", "total", "secret"]);
    }
);

both!(
    async fn a_folder_that_vanishes_is_told_and_comes_back(app) {
        let team = team(app).await;
        let (source, folder) = source(app, &team, "fleeting").await;
        write(&folder.join("fleeting.csv"), b"id,total\n1,2\n2,3\n");
        crawl(&team.owner, &source).await;
        let aside = app.files().join("aside");
        fs::rename(&folder, &aside).unwrap();
        let run = story::run(&team.owner, &source).await;
        assert_eq!(run["state"], "failed", "{run}");
        assert!(run["error"].as_str().is_some_and(|text| !text.is_empty()), "{run}");
        let sql = format!("select count(*) from {}", table(&team, "fleeting"));
        let answer = team.acting().query(&sql).await;
        let told = if answer.status.is_success() { answer.json()["error"].clone() } else { answer.json() };
        assert!(["dependency", "unprocessable", "conflict", "gone"].contains(&told["code"].as_str().unwrap_or("")), "{answer}");
        fs::rename(&aside, &folder).unwrap();
        crawl(&team.owner, &source).await;
        assert_eq!(rows(&team.acting(), &sql).await, [[json!(2)]]);
        let found = finds(&team.acting(), "fleeting", 1).await;
        assert_eq!(story::hits(&found).len(), 1, "{found}");
    }
);

#[tokio::test]
async fn a_csv_of_30_mb_with_quoted_breaks_is_whole() {
    let app = Server::start(lakegate_tests::Options::default()).await;
    let team = team(&app).await;
    let (source, folder) = source(&app, &team, "big").await;
    let count = 250_000_i64;
    let mut text = String::from("id,address,amount\n");
    for n in 0..count {
        text.push_str(&format!(
            "{n},\"Mill Street {n}, \"\"the old one\"\"\nsecond line, with commas, and more words\nthird\",{n}.25\n"
        ));
    }
    assert!(text.len() > 20 << 20, "{} bytes", text.len());
    write(&folder.join("big.csv"), text.as_bytes());
    crawl(&team.owner, &source).await;
    let sql = format!(
        "select count(*), sum(id), count(distinct id), min(length(address)), sum(amount) from {}",
        table(&team, "big")
    );
    let found = rows(&team.acting(), &sql).await;
    let sum = count * (count - 1) / 2;
    assert_eq!(
        (found[0][0].as_i64(), found[0][1].as_i64(), found[0][2].as_i64()),
        (Some(count), Some(sum), Some(count))
    );
    let shortest = "Mill Street 0, \"the old one\"\nsecond line, with commas, and more words\nthird".len();
    assert_eq!(found[0][3].as_u64(), Some(shortest as u64));
    #[allow(clippy::cast_precision_loss)]
    let amount = sum as f64 + count as f64 * 0.25;
    assert_eq!(found[0][4].as_f64(), Some(amount));
    app.finish().await;
}

both!(
    async fn sources_are_kept_inside_their_roots(app) {
        let team = team(app).await;
        for (nth, location) in ["file:///etc/", "file:///", "file:///proc/self/", "/etc/", "ftp://x/", "s3://bucket/"].iter().enumerate() {
            let input = json!({ "environment": team.environment.id, "name": format!("s{nth}"), "location": location });
            let refused = team.owner.post("/api/v1/data-sources", input).await;
            assert!([400, 403, 409].contains(&refused.status.as_u16()), "{location}: {refused}");
        }
        let (source, folder) = source(app, &team, "linked").await;
        write(&folder.join("real.csv"), b"id\n1\n");
        std::os::unix::fs::symlink("/etc/passwd", folder.join("passwd.csv")).unwrap();
        std::os::unix::fs::symlink("/etc", folder.join("etc")).unwrap();
        crawl(&team.owner, &source).await;
        let all = team.owner.all(&format!("/api/v1/projects/{}/assets", team.project), 50).await;
        let names: Vec<&str> = all.iter().map(|asset| asset["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["real"]);
    }
);
