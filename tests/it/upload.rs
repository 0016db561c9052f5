//! Uploads: what is taken, what is refused, and that memory and disk stay bounded.

use lakegate_tests::{
    Options, Server, both,
    files::case,
    raw::{self, Raw},
    story::{Team, rows},
    upload::{self, upload},
};
use serde_json::json;
use std::{fs, path::Path};

const LIMIT: usize = 2 << 20;
const SMALL: &str = "[limits]\nupload_bytes = 2097152\n";

async fn team(app: &Server) -> Team {
    let domain = app.domain("Sales").await;
    app.team("olga", &domain, "Producer", "lake").await
}

/// Megabytes of resident memory at most so far.
fn peak_memory(app: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", app.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// Files anywhere below a folder.
fn files_below(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.map(Result::unwrap) {
        match entry.path() {
            path if path.is_dir() => found.extend(files_below(&path)),
            path => found.push(path.display().to_string()),
        }
    }
    found
}

both!(
    async fn a_file_becomes_a_table_of_parquet(app) {
        let team = team(app).await;
        let csv = fs::read(case("catalog_sales.csv")).unwrap();
        let made = upload(&team.owner, &team.environment.id, "sales", "catalog_sales.csv", csv.clone()).await;
        let (asset, made) = upload::asset(made);
        assert_eq!(made["rows"], 11, "{made}");
        let table = format!("{}.sales", team.environment.published);
        let sums = rows(&team.acting(), &format!("select count(*), sum(quantity), sum(wholesale_cost) from {table}")).await;
        assert_eq!((sums[0][0].as_i64(), sums[0][1].as_i64(), sums[0][2].as_f64()), (Some(11), Some(363), Some(363.4)));
        let lake = files_below(&app.data_dir.join("lake"));
        assert_eq!(lake.len(), 1, "{lake:?}");
        assert!(Path::new(&lake[0]).extension().is_some_and(|end| end == "parquet"), "{lake:?}");
        assert_eq!(lakegate_tests::story::asset(&team.owner, &asset).await["name"], "sales");
        upload(&team.owner, &team.environment.id, "sales", "catalog_sales.csv", csv.clone()).await.problem(409, "conflict");
        let (sven, vera) = (app.person("sven").await, app.person("vera").await);
        team.join(&vera, "viewer").await;
        upload(&sven, &team.environment.id, "mine", "x.csv", csv.clone()).await.problem(404, "not_found");
        upload(&vera, &team.environment.id, "mine", "x.csv", csv.clone()).await.problem(403, "forbidden");
        upload(&app.anonymous(), &team.environment.id, "mine", "x.csv", csv).await.problem(401, "unauthenticated");
        assert_eq!(files_below(&app.data_dir.join("lake")).len(), 1);
        assert!(files_below(&app.data_dir.join("uploads")).is_empty());
    }
);

both!(
    Options::default().toml(SMALL),
    async fn the_limit_holds_however_long_a_body_says_it_is(app) {
        let team = team(app).await;
        let environment = &team.environment.id;
        let before = peak_memory(app);
        // Honest and over the limit; then without a length; then much longer than the limit.
        upload(&team.owner, environment, "a", "a.csv", vec![b'a'; LIMIT + 1]).await.problem(413, "too_large");
        for chunks in [LIMIT / 65_536 + 1, 4_000] {
            let body = upload::chunked(vec![b'1'; 65_536], chunks);
            let sent = team.owner.try_send(upload::request(&team.owner, environment, "b", "b.csv", body)).await;
            // The server may answer and close while the client still sends.
            if let Ok(answer) = sent {
                answer.problem(413, "too_large");
            }
        }
        assert!(peak_memory(app) < before + 120, "{} MB before, {} MB now", before, peak_memory(app));
        let head = |length: usize| {
            let token = team.owner.token.clone().unwrap();
            let host = app.url.trim_start_matches("http://");
            let path = upload::path(environment, "c");
            format!(
                "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
                 content-type: application/octet-stream\r\nx-file-name: c.csv\r\ncontent-length: {length}"
            )
        };
        // Lies: says much and sends little, says little and sends much.
        let mut raw = Raw::connect(&app.url).await;
        raw.send(format!("{}\r\n\r\n", head(1000)).as_bytes()).await;
        raw.send(b"id\n1\n").await;
        raw.end().await;
        let (status, text) = raw.answer().await;
        assert!([0, 400].contains(&status), "{text}");
        let (status, text) = raw::exchange(&app.url, &head(5), b"id\n1\n2\n3\n4\n").await;
        assert_eq!(status, 201, "{text}");
        let (status, text) = raw::exchange(&app.url, &head(usize::MAX / 2), b"id\n1\n").await;
        assert_eq!(status, 413, "{text}");
        let all = team.owner.all(&format!("/api/v1/projects/{}/assets", team.project), 50).await;
        assert_eq!(all.len(), 1, "only the five honest bytes made a table: {all:?}");
        assert!(files_below(&app.data_dir.join("uploads")).is_empty());
    }
);

/// Files that cannot be read, by name.
fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let lines = |count: usize| "1,2\n".repeat(count);
    vec![
        ("empty.csv", Vec::new()),
        ("blank.csv", b"\n\n\n".to_vec()),
        ("ragged.csv", b"a,b\n1,2\n1,2,3,4\n".to_vec()),
        ("unclosed.csv", b"a,b\n1,\"open\n2,3\n".to_vec()),
        ("binary.csv", (0..=255_u8).cycle().take(10_000).collect()),
        ("latin.csv", b"a,b\n\xe9,\xff\xfe\n".to_vec()),
        ("wide.csv", format!("{}\n{}\n", vec!["c"; 50_000].join(","), vec!["1"; 50_000].join(",")).into_bytes()),
        ("cell.csv", format!("a\n{}\n", "x".repeat(1 << 21)).into_bytes()),
        ("late.csv", format!("a,b\n{}x,y,z,w\n", lines(50_000)).into_bytes()),
        ("tiny.parquet", b"PAR1".to_vec()),
        ("fake.parquet", b"PAR1\x00\x00\x00\x00PAR1".to_vec()),
        ("footer.parquet", [b"PAR1".as_slice(), &[0xff; 64], &[0xff, 0xff, 0xff, 0x7f], b"PAR1"].concat()),
        ("text.parquet", b"a,b\n1,2\n".to_vec()),
        ("bad.jsonl", b"{\"a\":1}\n{\"a\":\n".to_vec()),
        ("array.jsonl", b"[1,2,3]\n".to_vec()),
        ("deep.jsonl", format!("{{\"a\":{}1{}}}\n", "[".repeat(20_000), "]".repeat(20_000)).into_bytes()),
        ("bad.csv.gz", b"\x1f\x8b\x08\x00garbage that is no deflate".to_vec()),
        ("program.exe", b"MZ\x90\x00".to_vec()),
    ]
}

both!(
    async fn malformed_files_are_refused_and_leave_nothing(app) {
        let team = team(app).await;
        for (nth, (name, bytes)) in broken().into_iter().enumerate() {
            let answer = upload(&team.owner, &team.environment.id, &format!("broken_{nth}"), name, bytes).await;
            // Text in a single column, or an odd header, may be a table after all; a mistake of ours it may not be.
            let status = answer.status.as_u16();
            assert!([201, 400, 413, 415, 422].contains(&status), "{name}: {answer}");
            let certain = ["empty.csv", "unclosed.csv", "binary.csv", "tiny.parquet", "fake.parquet", "footer.parquet",
                "text.parquet", "bad.jsonl", "bad.csv.gz"];
            assert!(!certain.contains(&name) || status != 201, "{name} was taken: {answer}");
        }
        let taken = team.owner.all(&format!("/api/v1/projects/{}/assets", team.project), 50).await.len();
        assert_eq!(files_below(&app.data_dir.join("lake")).len(), taken, "a refused file left something");
        assert!(files_below(&app.data_dir.join("uploads")).is_empty());
        app.command(&["doctor", "--deep"]).await.ok();
    }
);

both!(
    async fn hostile_names_are_refused_or_tamed(app) {
        let team = team(app).await;
        let csv = b"id\n1\n".to_vec();
        let long = "n".repeat(300);
        for table in ["..", "../x", "a/b", "a b", "A\"B", "%00", "%2e%2e%2f", "", &long, "%F0%9F%A7%AD", "%E2%80%AEx", "select"] {
            let answer = upload(&team.owner, &team.environment.id, table, "x.csv", csv.clone()).await;
            assert!([201, 400, 409].contains(&answer.status.as_u16()), "{table}: {answer}");
        }
        for (nth, name) in ["../../x.csv", "/etc/x.csv", "x\0.csv", "x\r\ny.csv", "🧭.csv", &format!("{long}.csv"), ".csv", ""].iter().enumerate() {
            let answer = upload(&team.owner, &team.environment.id, &format!("t{nth}"), name, csv.clone()).await;
            assert!([201, 400, 415, 422].contains(&answer.status.as_u16()), "{name:?}: {answer}");
        }
        for file in files_below(&app.data_dir.join("lake")) {
            let inside = Path::new(&file).strip_prefix(&app.data_dir).unwrap();
            assert!(!inside.to_str().unwrap().contains(".."), "{file}");
        }
        let outside: Vec<_> = fs::read_dir(app.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!outside.iter().any(|name| name == "x.csv" || name == "x"), "{outside:?}");
    }
);

both!(
    async fn a_second_file_is_appended(app) {
        let team = team(app).await;
        let made = upload(&team.owner, &team.environment.id, "notes", "a.csv", b"id,word\n1,a\n".to_vec()).await;
        let (asset, _) = upload::asset(made);
        let path = format!("/api/v1/assets/{asset}/uploads");
        let sent = team.owner.send(upload::raw(&team.owner, &path, "b.csv", "id,word\n2,b\n3,c\n")).await;
        assert_eq!(sent.ok()["rows"], 2);

        let count = format!("select count(*), max(word) from {}.notes", team.environment.published);
        assert_eq!(rows(&team.acting(), &count).await, [[json!(3), json!("c")]]);
        // A file whose values do not fit the columns is refused, and the table stays readable.
        let other = team.owner.send(upload::raw(&team.owner, &path, "c.csv", "id,word\nnot a number,b\n")).await;
        assert!([400, 409, 422].contains(&other.status.as_u16()), "{other}");
        assert_eq!(rows(&team.acting(), &count).await, [[json!(3), json!("c")]]);
    }
);
