//! Browser sessions: cookies, forged changes, foreign names, and the headers of every page.

use lakegate_tests::{Browser, both, people::PASSWORD};
use reqwest::Method;
use serde_json::json;

both!(
    async fn a_session_is_a_cookie_that_scripts_cannot_read(app) {
        app.person("olga").await;
        let browser = Browser::new(&app.url);
        let answer = browser.sign_in("olga", PASSWORD).await.is(303);
        let cookie = answer.header("set-cookie").to_owned();
        for flag in ["lakegate=", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
            assert!(cookie.contains(flag), "{flag} in {cookie}");
        }
        let home = browser.open("/").await.is(200);
        assert!(home.header("cache-control").contains("no-store"), "{home}");

        // A second sign-in gets a session of its own, and the first one ends.
        let first = cookie.split(';').next().unwrap().to_owned();
        let second = browser.sign_in("olga", PASSWORD).await.is(303).header("set-cookie").to_owned();
        assert_ne!(first, second.split(';').next().unwrap());
        let stale = Browser::new(&app.url);
        let page = stale.send(stale.request(Method::GET, "/").header("cookie", &first)).await;
        assert_eq!((page.status.as_u16(), page.header("location")), (303, "/sign-in?next=%2F"), "{page}");

        browser.submit("/sign-out", &[]).await.is(303);
        assert!(browser.open("/").await.is(303).header("location").starts_with("/sign-in"));
    }
);

both!(
    async fn a_changed_password_ends_every_session(app) {
        let olga = app.person("olga").await;
        let (one, two) = (app.browser("olga").await, app.browser("olga").await);
        let change = json!({ "current_password": PASSWORD, "new_password": "eight miles of coastal path" });
        olga.post("/api/v1/me/password", change).await.is(204);
        for browser in [one, two] {
            browser.open("/").await.is(303);
        }
        olga.get("/api/v1/me").await.problem(401, "unauthenticated");
    }
);

both!(
    async fn forged_changes_are_refused(app) {
        app.person("olga").await;
        let browser = app.browser("olga").await;
        let token = browser.csrf().await;
        assert!(token.len() > 20, "no token on the page");
        let other = app.browser("ada").await.csrf().await;
        let with = |token: &str| vec![("csrf_token".to_owned(), token.to_owned()), ("theme".to_owned(), "dark".to_owned())];
        let post = |fields: Vec<(String, String)>| browser.http.post(format!("{}/theme", app.url)).form(&fields);
        let home = app.url.clone();
        let forged = [
            ("without a token", post(vec![]).header("origin", &home)),
            ("with another session's token", post(with(&other)).header("origin", &home)),
            ("with a made-up token", post(with("AAAA")).header("origin", &home)),
            ("without an origin", post(with(&token))),
            ("from another site", post(with(&token)).header("origin", "https://evil.example")),
            ("from a frame of another site", post(with(&token)).header("sec-fetch-site", "cross-site")),
            ("from a sister site", post(with(&token)).header("sec-fetch-site", "same-site")),
            ("with a null origin", post(with(&token)).header("origin", "null")),
        ];
        for (what, request) in forged {
            let answer = browser.send(request).await;
            assert_eq!(answer.status.as_u16(), 403, "{what}: {answer}");
        }
        browser.send(post(with(&token)).header("origin", &home)).await.is(303);
        // The JSON doors take the cookie under the same rules.
        let me = |request: reqwest::RequestBuilder| request.json(&json!({ "display_name": "Olga", "email": null }));
        let api = format!("{}/api/v1/me/profile", app.url);
        browser.send(me(browser.http.patch(&api)).header("origin", &home)).await.problem(403, "forbidden");
        browser.send(me(browser.http.patch(&api)).header("origin", &home).header("x-csrf-token", &token)).await.is(204);
    }
);

both!(
    async fn foreign_host_names_reach_nothing(app) {
        let browser = Browser::new(&app.url);
        for path in ["/", "/healthz", "/api/v1/me", "/sign-in"] {
            for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.1"] {
                let answer = browser.send(browser.request(Method::GET, path).header("host", host)).await;
                assert_eq!(answer.status.as_u16(), 421, "{host}: {answer}");
            }
        }
        browser.send(browser.request(Method::GET, "/healthz").header("host", "localhost:1")).await.is(200);
    }
);

both!(
    async fn the_way_back_after_signing_in_stays_inside(app) {
        app.person("olga").await;
        let to = async |next: &str| {
            let browser = Browser::new(&app.url);
            let form = [("username", "olga"), ("password", PASSWORD), ("next", next)];
            browser.submit_bare("/sign-in", &form).await.is(303).header("location").to_owned()
        };
        assert_eq!(to("/search?q=a").await, "/search?q=a");
        for next in ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "\\\\evil", "/a\nb"] {
            assert_eq!(to(next).await, "/", "{next:?}");
        }
    }
);

both!(
    async fn every_answer_carries_the_headers_that_browsers_need(app) {
        app.person("olga").await;
        let browser = app.browser("olga").await;
        for path in ["/", "/sign-in", "/confirm", "/no/such/page", "/healthz", "/api/v1/me", "/api/v1/users", "/favicon.ico"] {
            let answer = browser.open(path).await;
            let policy = answer.header("content-security-policy");
            for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
                assert!(policy.contains(part), "{path}: {policy}");
            }
            assert!(!policy.contains("unsafe") && !policy.contains("http"), "{path}: {policy}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
            assert!(!answer.header("x-request-id").is_empty(), "{path}");
            assert!(answer.header("access-control-allow-origin").is_empty(), "{path}");
        }
        let refused = browser.open("/no/such/page").await.is(404);
        assert!(refused.header("content-type").starts_with("text/html"), "{refused}");
    }
);
