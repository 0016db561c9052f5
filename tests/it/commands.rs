//! The command line.

use lakegate_tests::{Options, Server, both, command, people::PASSWORD};
use serde_json::json;

#[tokio::test]
async fn the_configuration_is_checked_and_shown_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lakegate.toml");
    let run = async |toml: &str, arguments: &[&str]| {
        std::fs::write(&file, toml).unwrap();
        let mut command = command::command(arguments);
        command.arg("--config").arg(&file).current_dir(folder.path());
        command::run(command, "").await
    };
    run("", &["config", "check"]).await.ok();
    let secrets = "[database]\nurl = \"postgres://lakegate:sesame1@127.0.0.1/db\"\n[keys]\nmaster_key = \"sesame2\"\n";
    let dump = run(secrets, &["config", "dump"]).await.ok();
    assert!(dump.contains("127.0.0.1") && !dump.contains("sesame"), "{dump}");
    for (toml, key) in [
        ("[server]\nlissen = \"127.0.0.1:1\"", "lissen"),
        ("[servr]\nlisten = \"127.0.0.1:1\"", "servr"),
        ("[server]\nlisten = \"0.0.0.0:80\"", "server.listen"),
        ("[server]\nlisten = 7", "server.listen"),
        ("[limits]\nupload_bytes = 0", "limits.upload_bytes"),
        ("[limits]\nquery_seconds = \"long\"", "limits.query_seconds"),
        ("[database]\nurl = \"mysql://x\"", "database.url"),
        (
            "[auth.oidc]\nissuer=\"i\"\naudience=\"a\"\njwks_url=\"https://i/k\"\nalgorithm=\"HS256\"",
            "auth.oidc.algorithm",
        ),
        ("[auth.oidc]\nissuer=\"i\"\naudience=\"a\"\njwks_url=\"http://i/k\"", "auth.oidc.jwks_url"),
        ("[sources]\nroots = [\"relative\"]", "sources.roots"),
        ("[outgoing]\nallow = [\"http://a b\"]", "outgoing.allow"),
        ("[log]\nlevel = \"=,=\"", "log.level"),
    ] {
        let said = run(toml, &["config", "check"]).await.refused();
        assert!(said.contains(key), "{toml}: {said}");
        assert!(run(toml, &["serve"]).await.refused().contains(key), "{toml}");
    }
    let mut command = command::command(&["config", "dump"]);
    command.env("LAKEGATE_LIMITS__QUERY_SECONDS", "7").current_dir(folder.path());
    assert!(command::run(command, "").await.ok().contains("query_seconds = 7"));
    assert!(run("", &["worker"]).await.refused().contains("serve"));
}

#[tokio::test]
async fn schemas_are_printed_and_repeatable() {
    let folder = tempfile::tempdir().unwrap();
    for what in ["graphql", "openapi", "errors", "rights", "config"] {
        let run = async || {
            let mut command = command::command(&["schema", what]);
            command.current_dir(folder.path());
            command::run(command, "").await.ok()
        };
        let first = run().await;
        assert!(first.len() > 100, "{what}: {first}");
        assert_eq!(first, run().await, "{what}");
    }
}

both!(
    async fn users_are_added_beside_a_running_server(app) {
        let args = ["user", "add", "olga", "--display-name", "Olga", "--password-stdin", "--role", "auditor"];
        app.command_with(&args, &format!("{PASSWORD}\n")).await.ok();
        let olga = app.signed_in("olga").await;
        let me = olga.get("/api/v1/me").await.ok();
        assert_eq!((&me["user"]["display_name"], &me["roles"]), (&json!("Olga"), &json!(["auditor"])));
        let again = app.command_with(&args, &format!("{PASSWORD}\n")).await.refused();
        assert!(again.contains("username"), "{again}");
        app.command_with(&["user", "add", "otto", "--password-stdin"], "short\n").await.refused();
        app.command_with(&["user", "add", "Otto/../x", "--password-stdin"], PASSWORD).await.refused();
        let link = app.command(&["user", "add", "otto"]).await.ok();
        let path = link.split_whitespace().last().unwrap().to_owned();
        let (_, path) = path.split_at(path.find("/reset-password/").expect("a link"));
        let browser = lakegate_tests::Browser::new(&app.url);
        browser.open(path).await.is(200);
        browser.submit_bare(path, &[("password", PASSWORD)]).await.is(303);
        app.signed_in("otto").await.get("/api/v1/me").await.ok();
        browser.submit_bare(path, &[("password", PASSWORD)]).await.is(410);
    }
);

both!(
    async fn one_server_per_data_directory_and_versions_are_checked(app) {
        let second = app.command(&["serve", "--listen", "127.0.0.1:0"]).await.refused();
        assert!(second.contains("used by another"), "{second}");
        assert_eq!(app.stop().await, Some(0));
        let version = app.data_dir.join("VERSION");
        let before = std::fs::read_to_string(&version).unwrap();
        std::fs::write(&version, "999\n").unwrap();
        let newer = app.command(&["serve", "--listen", "127.0.0.1:0"]).await.refused();
        assert!(newer.contains("999"), "{newer}");
        std::fs::write(&version, before).unwrap();
        app.start_again().await;
        app.admin.get("/api/v1/me").await.ok();
    }
);

both!(
    async fn the_data_directory_is_private(app) {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&app.data_dir), 0o700);
        let key = app.data_dir.join("master.key");
        assert_eq!(mode(&key), 0o600);
        assert_eq!(app.stop().await, Some(0));
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        let said = app.command(&["serve", "--listen", "127.0.0.1:0"]).await.refused();
        assert!(said.contains("key"), "{said}");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
);

#[tokio::test]
async fn postgres_is_migrated_by_command_alone() {
    let Some(database) = lakegate_tests::Database::postgres("postgres_is_migrated_by_command_alone") else { return };
    let url = database.create().await.unwrap();
    let app = Server::start(Options::default()).await;
    let mut command = command::command(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
    command.arg(app.folder.path().join("other")).env("LAKEGATE_DATABASE__URL", &url).current_dir(app.folder.path());
    let said = command::run(command, "").await.refused();
    assert!(said.contains("lakegate migrate"), "{said}");
    app.finish().await;
    lakegate_tests::database::drop_database(&url).await;
}
