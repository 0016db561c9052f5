//! Bad input at every door: malformed bodies, hostile names, deep GraphQL. Each the status and code of its kind.

use lakegate_tests::{
    Client, both, raw,
    story::{self, folder_uri},
};
use reqwest::Method;
use serde_json::{Value, json};

both!(
    async fn malformed_requests_name_what_is_wrong(app) {
        let ada = &app.admin;
        let send = async |kind: &str, body: &str| {
            let request = ada.request(Method::POST, "/api/v1/domains").header("content-type", kind).body(body.to_owned());
            ada.send(request).await
        };
        let kind = "application/json";
        send(kind, "not json").await.blames(400, "invalid", "body");
        send(kind, "").await.blames(400, "invalid", "body");
        send(kind, "{\"name\": \"x\"").await.problem(400, "invalid");
        send(kind, "{}").await.blames(400, "invalid", "name");
        send(kind, "{\"name\": 5}").await.blames(400, "invalid", "name");
        send(kind, "{\"name\": \"x\", \"nam\": 1}").await.blames(400, "invalid", "nam");
        send(kind, "{\"name\": \"x\", \"discover\": \"everything\"}").await.blames(400, "invalid", "discover");
        send(kind, "{\"name\": \"x\", \"parent_id\": \"x\"}").await.blames(400, "invalid", "parent_id");
        send("text/plain", "{\"name\": \"x\"}").await.problem(415, "unsupported_media");
        send(kind, &format!("{{\"name\": \"{}\"}}", "x".repeat((1 << 20) + 100))).await.problem(413, "too_large");
        send(kind, &format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000))).await.problem(400, "invalid");
        ada.get("/api/v1/users?first=0").await.blames(400, "invalid", "first");
        ada.get("/api/v1/users?first=201").await.blames(400, "invalid", "first");
        ada.get("/api/v1/users?first=x").await.blames(400, "invalid", "first");
        ada.get("/api/v1/users?after=made-up").await.blames(400, "invalid", "after");
        ada.get("/api/v1/projects/not-an-id").await.problem(400, "invalid");
        ada.get("/api/v1/projects/%FF").await.problem(400, "invalid");
        ada.get("/api/v1/nothing/here").await.problem(404, "not_found");
        let answer = ada.delete("/api/v1/me").await;
        assert!(!answer.header("allow").is_empty(), "{answer}");
        answer.is(405);
        for token in ["x", "", "lgt_x", "a.b.c", "Basic x", &"x".repeat(20_000)] {
            ada.with_token(token).get("/api/v1/me").await.problem(401, "unauthenticated");
        }
        ada.acting("not-an-id").get("/api/v1/me").await.blames(400, "invalid", "Lakegate-Project");
    }
);

both!(
    async fn a_cursor_belongs_to_its_caller_and_list(app) {
        for name in ["one", "two", "three"] {
            app.person(name).await;
        }
        let page = app.admin.get("/api/v1/users?first=2").await.ok();
        let after = page["next"].as_str().unwrap();
        app.admin.get(&format!("/api/v1/users?first=2&after={after}")).await.ok();
        app.admin.get(&format!("/api/v1/users?first=2&search=o&after={after}")).await.blames(400, "invalid", "after");
        app.admin.get(&format!("/api/v1/people?first=2&after={after}")).await.blames(400, "invalid", "after");
        let other = app.person_with("boss", &["administrator"]).await;
        other.get(&format!("/api/v1/users?first=2&after={after}")).await.blames(400, "invalid", "after");
        let all = app.admin.all("/api/v1/users", 2).await;
        let mut names: Vec<&str> = all.iter().map(|user| user["username"].as_str().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, ["ada", "boss", "one", "three", "two"]);
    }
);

/// Names that people choose, and whether they are good ones.
fn names() -> Vec<(String, bool)> {
    vec![
        ("It's \"quoted\"".to_owned(), true),
        ("a/b\\c".to_owned(), true),
        ("🧭 Kompass 東京 مرحبا".to_owned(), true),
        ("<script>alert(1)</script>".to_owned(), true),
        ("'; drop table projects; --".to_owned(), true),
        ("%00%0a".to_owned(), true),
        ("n".repeat(300), false),
        (String::new(), false),
        ("   ".to_owned(), false),
        ("a\0b".to_owned(), false),
        ("a\nb".to_owned(), false),
        ("right\u{202e}left".to_owned(), false),
        ("zero\u{200b}width".to_owned(), false),
    ]
}

async fn assert_names(
    client: &Client,
    path: &str,
    input: impl Fn(&str) -> Value,
    shown: impl AsyncFn(&Value) -> Value,
) {
    for (name, good) in names() {
        let answer = client.post(path, input(&name)).await;
        if good {
            let made = answer.is(201).ok();
            assert_eq!(shown(&made).await["name"], name.as_str(), "{path}");
        } else {
            answer.blames(400, "invalid", "name");
        }
    }
}

both!(
    async fn names_of_every_kind_are_kept_or_refused(app) {
        let domain = app.domain("Names").await;
        let team = app.team("olga", &domain, "Names", "names").await;
        let olga = &team.owner;
        assert_names(&app.admin, "/api/v1/domains", |name| json!({ "name": name }), async |made| made.clone()).await;
        let project = |name: &str| json!({ "domain_id": domain, "name": name });
        assert_names(olga, "/api/v1/projects", project, async |made| {
            olga.get(&format!("/api/v1/projects/{}", made["id"].as_str().unwrap())).await.ok()
        })
        .await;
        assert_names(&app.admin, "/api/v1/groups", |name| json!({ "name": name }), async |made| made.clone()).await;
        // They come back escaped on pages.
        let page = app.browser("olga").await.open("/projects").await.is(200).text();
        assert!(!page.contains("<script>alert(1)"), "a name became markup");
        // And in folders.
        let folder = app.files().join("It's 🧭 \"odd\"");
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["a'b\"c.csv", "🧭.csv", "select.csv", "with space & more.csv"] {
            lakegate_tests::files::write(&folder.join(format!("in {name}")).join(name), b"id,\"odd \"\"name\"\"\",select\n1,2,3\n");
        }
        std::fs::write(folder.join("a\nb.csv"), b"id\n1\n").unwrap();
        let source = story::source(&team, "odd", url::Url::from_directory_path(&folder).unwrap().as_str()).await;
        let found = story::crawl(olga, &source).await;
        assert!(found["tables_new"].as_i64().unwrap() >= 3, "{found}");
        for asset in olga.all(&format!("/api/v1/projects/{}/assets", team.project), 50).await {
            let sql = format!("select * from {}.\"{}\"", team.environment.published, asset["name"].as_str().unwrap());
            assert_eq!(story::rows(&team.acting(), &sql).await.len(), 1, "{asset}");
        }
        assert!(!folder_uri(&folder).is_empty());
    }
);

both!(
    async fn http_that_no_client_sends_is_refused(app) {
        let host = app.url.trim_start_matches("http://").to_owned();
        for (head, expected) in [
            (format!("GET / HTTP/1.1\r\nhost: {host}\r\nhost: evil.example"), vec![400, 421]),
            ("GET / HTTP/1.1".to_owned(), vec![400, 421]),
            (format!("GET http://evil.example/ HTTP/1.1\r\nhost: {host}"), vec![303, 400, 421]),
            (format!("GET /{} HTTP/1.1\r\nhost: {host}", "x".repeat(100_000)), vec![404, 414, 431, 400]),
            (format!("GET / HTTP/1.1\r\nhost: {host}\r\nx: {}", "y".repeat(600_000)), vec![431, 400]),
            ("NONSENSE".to_owned(), vec![400]),
            (format!("GET /\u{0} HTTP/1.1\r\nhost: {host}"), vec![400]),
            (format!("TRACE / HTTP/1.1\r\nhost: {host}"), vec![403, 405, 303, 404]),
        ] {
            let (status, text) = raw::exchange(&app.url, &head, b"").await;
            assert!(expected.contains(&status) || status == 0, "{head:.60}: {text:.200}");
        }
        app.admin.get("/api/v1/me").await.ok();
    }
);

both!(
    async fn graphql_is_limited(app) {
        let ada = &app.admin;
        let code = async |text: &str| {
            let answer = ada.graphql(text, json!({})).await;
            assert!(answer.status.as_u16() < 500, "{answer}");
            let json = answer.json();
            assert!(json["errors"].as_array().is_some_and(|errors| !errors.is_empty()), "{text:.80}: {answer}");
            json["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
        };
        ada.data("{ me { name } }", json!({})).await;
        let introspection = "ofType { ".repeat(30) + "name" + &" }".repeat(30);
        let deep = format!("{{ __type(name: \"Query\") {{ fields {{ type {{ {introspection} }} }} }} }}");
        code(&deep).await;
        let aliases: String = (0..2_000).map(|n| format!("a{n}: me {{ name }} ")).collect();
        code(&format!("{{ {aliases} }}")).await;
        code(&format!("{{ {} }}", "me { name } ".repeat(50_000))).await;
        code("{ nope }").await;
        code("{").await;
        code("query A { me { name } } query B { me { name } }").await;
        code(&format!("{}{}", "{ me ".repeat(20_000), "}".repeat(20_000))).await;
        code("query { ...F } fragment F on Query { ...F }").await;
        let batch = ada.post("/graphql", json!([{ "query": "{ me { name } }" }])).await;
        assert!(batch.status.is_client_error(), "{batch}");
        let text = ada.request(Method::POST, "/graphql").header("content-type", "text/plain").body("{ me { name } }");
        ada.send(text).await.is(415);
        let form = ada.request(Method::POST, "/graphql").multipart(reqwest::multipart::Form::new().text("operations", "{}"));
        ada.send(form).await.is(415);
        let get = "/graphql?query=mutation%7BcreateDomain(input:%7Bname:%22x%22%7D)%7Bok%7D%7D";
        ada.get(get).await.is(405);
        ada.get("/graphql?query=%7Bme%7Bname%7D%7D").await.is(200);
    }
);
