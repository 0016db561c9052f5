//! Tokens: getting, renewing and ending them, and what a careful server refuses.

use lakegate_tests::{Answer, Client, Options, Server, both, log, people::PASSWORD, skipped};
use serde_json::{Value, json};

async fn token(client: &Client, username: &str, password: &str) -> Answer {
    client.post("/api/v1/auth/token", json!({ "username": username, "password": password })).await
}

async fn refresh(client: &Client, token: &str) -> Answer {
    client.post("/api/v1/auth/refresh", json!({ "refresh_token": token })).await
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

both!(
    async fn a_token_is_got_renewed_and_ended(app) {
        app.person("olga").await;
        let nobody = app.anonymous();
        let pair = token(&nobody, "olga", PASSWORD).await.ok();
        assert_eq!(pair["token_type"], "Bearer");
        assert_eq!(pair["expires_in"], 900);
        let olga = nobody.with_token(text(&pair, "access_token"));
        assert_eq!(olga.get("/api/v1/me").await.ok()["name"], "olga");

        let renewed = refresh(&nobody, text(&pair, "refresh_token")).await.ok();
        assert_ne!(renewed["refresh_token"], pair["refresh_token"]);
        let again = nobody.with_token(text(&renewed, "access_token"));
        assert_eq!(again.get("/api/v1/me").await.ok()["name"], "olga");

        // Used twice: somebody else has it, so all that descends from the sign-in ends.
        refresh(&nobody, text(&pair, "refresh_token")).await.problem(401, "unauthenticated");
        refresh(&nobody, text(&renewed, "refresh_token")).await.problem(401, "unauthenticated");
        again.get("/api/v1/me").await.problem(401, "unauthenticated");

        let pair = token(&nobody, "olga", PASSWORD).await.ok();
        let olga = nobody.with_token(text(&pair, "access_token"));
        olga.post("/api/v1/auth/revoke", json!({})).await.is(204);
        olga.get("/api/v1/me").await.problem(401, "unauthenticated");
        refresh(&nobody, text(&pair, "refresh_token")).await.problem(401, "unauthenticated");
    }
);

both!(
    async fn tokens_survive_a_restart_and_a_disabled_user_has_none(app) {
        let olga = app.person("olga").await;
        let mut client = olga.client.clone();
        app.restart().await;
        client.base.clone_from(&app.url);
        client.get("/api/v1/me").await.ok();
        let disabled = |yes: bool| json!({ "disabled": yes });
        let path = format!("/api/v1/users/{}/disabled", olga.id);
        app.admin.put(&path, disabled(true)).await.ok();
        client.get("/api/v1/me").await.problem(401, "unauthenticated");
        let wrong = token(&app.anonymous(), "olga", "a wrong password for olg").await.problem(401, "unauthenticated");
        let right = token(&app.anonymous(), "olga", PASSWORD).await.problem(401, "unauthenticated");
        assert_eq!(wrong["detail"], right["detail"], "a disabled account answers like a wrong password");
        app.admin.put(&path, disabled(false)).await.ok();
        client.get("/api/v1/me").await.problem(401, "unauthenticated");
        token(&app.anonymous(), "olga", PASSWORD).await.ok();
    }
);

both!(
    async fn guesses_are_slowed_down_also_over_a_restart(app) {
        app.person("olga").await;
        let nobody = app.anonymous();
        let wrong = token(&nobody, "olga", "wrong wrong wrong").await.problem(401, "unauthenticated");
        let unknown = token(&nobody, "nobody_here", "wrong wrong wrong").await.problem(401, "unauthenticated");
        assert_eq!(wrong["detail"], unknown["detail"], "known and unknown users answer alike");
        for _ in 0..5 {
            token(&nobody, "olga", "wrong wrong wrong").await.is(401);
        }
        let blocked = token(&nobody, "olga", PASSWORD).await;
        assert!(blocked.header("retry-after").parse::<u32>().unwrap() >= 1);
        blocked.problem(429, "throttled");
        for _ in 0..6 {
            // Each refusal while blocked must not unblock; the wait grows with each failure past it.
            token(&nobody, "olga", "wrong wrong wrong").await;
        }
        app.restart().await;
        let nobody = app.anonymous();
        let answer = token(&nobody, "olga", "wrong wrong wrong").await;
        assert!([401, 429].contains(&answer.status.as_u16()), "{answer}");
        token(&nobody, "olga", PASSWORD).await.problem(429, "throttled");
        token(&nobody, "ada", PASSWORD).await.ok();
    }
);

both!(
    async fn a_service_account_has_only_the_scopes_of_its_token(app) {
        let olga = app.person("olga").await;
        let made = olga
            .post("/api/v1/tokens", json!({ "name": "reader", "scopes": ["read"], "days": 1 }))
            .await
            .is(201)
            .ok();
        let secret = text(&made, "secret");
        assert!(secret.starts_with("lgt_"));
        let reader = olga.with_token(secret);
        assert_eq!(reader.get("/api/v1/me").await.ok()["name"], "olga");
        reader.post("/api/v1/tokens", json!({ "name": "more", "scopes": ["write"], "days": 1 })).await.problem(403, "forbidden");
        let listed = olga.get("/api/v1/tokens").await.ok();
        assert_eq!(listed.as_array().unwrap().len(), 1);
        assert!(!listed.to_string().contains(secret), "a token is shown once");
        assert!(listed[0]["last_used_at"].is_string(), "{listed}");
        olga.delete(&format!("/api/v1/tokens/{}", text(&made, "id"))).await.is(204);
        reader.get("/api/v1/me").await.problem(401, "unauthenticated");
    }
);

#[tokio::test]
async fn the_set_up_link_works_once_and_stands_in_no_log() {
    let mut app = Server::start_unset(Options::default()).await;
    let first = app.set_up_secret().await;
    assert!(first.len() > 20, "no set-up link was printed");
    app.restart().await;
    let second = app.set_up_secret().await;
    assert_ne!(second, first);
    let browser = lakegate_tests::Browser::new(&app.url);
    browser.open(&format!("/set-up/{first}")).await.is(410);
    let link = format!("/set-up/{second}");
    browser.open(&link).await.is(200);
    browser.submit_bare(&link, &[("username", "ada"), ("password", "short")]).await.is(400);
    browser.submit_bare(&link, &[("username", "ada"), ("password", PASSWORD)]).await.is(303);
    let stranger = lakegate_tests::Browser::new(&app.url);
    stranger.submit_bare(&link, &[("username", "eve"), ("password", PASSWORD)]).await.is(410);
    token(&app.anonymous(), "eve", PASSWORD).await.problem(401, "unauthenticated");
    app.restart().await;
    assert!(!app.said().contains("set-up"), "a second link was printed");
    for line in log::lines(&app.log()) {
        assert!(!line.contains(&first) && !line.contains(&second), "{line}");
    }
    app.finish().await;
}

async fn mint(issuer: &str, request: Value) -> String {
    let sent = reqwest::Client::new().post(format!("{issuer}/test/mint")).json(&request).send().await.unwrap();
    text(&sent.json::<Value>().await.unwrap(), "token").to_owned()
}

#[tokio::test]
async fn tokens_of_the_issuer_are_taken_and_flawed_ones_are_not() {
    let Some(issuer) = std::env::var("LAKEGATE_TEST_OIDC").ok().filter(|issuer| !issuer.is_empty()) else {
        return skipped("tokens of an issuer", "LAKEGATE_TEST_OIDC names no issuer");
    };
    let section = format!(
        "[auth.oidc]\nissuer = {issuer:?}\naudience = \"lakegate\"\njwks_url = \"{issuer}/jwks\"\nalgorithm = \"RS256\""
    );
    let app = Server::start(Options::default().toml(&section)).await;
    let nobody = app.anonymous();
    let good = mint(&issuer, json!({ "subject": "person-1", "groups": ["g1"], "claims": { "name": "Pia" } })).await;
    let pia = nobody.with_token(&good);
    let me = pia.get("/api/v1/me").await.ok();
    assert_eq!((&me["user"]["display_name"], &me["user"]["external"]), (&json!("Pia"), &json!(true)));
    let id = text(&me["user"], "id");
    let groups = app.admin.get(&format!("/api/v1/users/{id}/groups")).await.ok();
    assert_eq!(groups[0]["name"], "g1");
    let moved = mint(&issuer, json!({ "subject": "person-1", "groups": ["g2"] })).await;
    assert_eq!(nobody.with_token(&moved).get("/api/v1/me").await.ok()["user"]["id"], id);
    let groups = app.admin.get(&format!("/api/v1/users/{id}/groups")).await.ok();
    assert_eq!((groups.as_array().unwrap().len(), &groups[0]["name"]), (1, &json!("g2")));

    for flaw in ["stranger", "unknown_kid", "unsigned", "public_as_hmac", "tampered"] {
        let bad = mint(&issuer, json!({ "flaw": flaw })).await;
        nobody.with_token(&bad).get("/api/v1/me").await.problem(401, "unauthenticated");
    }
    let wrong = [
        json!({ "audience": "another" }),
        json!({ "issuer": "https://issuer.example" }),
        json!({ "expires_in": -120 }),
        json!({ "valid_from": 4_000_000_000_u64, "expires_in": 2_100_000_000_u64 }),
        json!({ "algorithm": "ES256" }),
        json!({ "algorithm": "EdDSA" }),
    ];
    for request in wrong {
        let bad = mint(&issuer, request.clone()).await;
        let problem = nobody.with_token(&bad).get("/api/v1/me").await.problem(401, "unauthenticated");
        assert!(!problem.to_string().contains("audience"), "{request}: {problem}");
    }
    let disabled = json!({ "disabled": true });
    app.admin.put(&format!("/api/v1/users/{id}/disabled"), disabled).await.ok();
    pia.get("/api/v1/me").await.problem(401, "unauthenticated");
    app.finish().await;
}
