//! The web over an application on a database of its own, and people who send requests to it.

// Every test crate uses its own part of this.
#![allow(dead_code)]

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderValue, Request, StatusCode, header},
};
use chrono::DateTime;
use http_body_util::BodyExt;
use lakegate_app::{
    App, Caller, Identity, Services, Settings,
    accounts::{
        api_tokens::{self, NewToken},
        sign_in, users,
    },
    catalog::hub::SearchHub,
    keys::Keys,
    places::{domains, outgoing::OutgoingRules},
};
use lakegate_engine::{Engine, EngineConfig, Limits};
use lakegate_http::csrf;
use lakegate_lake::{Sandbox, import::UploadLimits};
use lakegate_model::{
    Random,
    clock::ManualClock,
    ids::{DomainId, UserId},
    words::{Discover, ProductRole, TokenScope},
};
use lakegate_store::{Db, migrate};
use lakegate_web::{Metrics, WebConfig, router};
use rand::{RngCore, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::{Arc, Mutex},
};
use tower::ServiceExt;

/// The host that requests name.
pub const HOST: &str = "127.0.0.1:8080";

/// Repeatable randomness.
#[derive(Debug)]
struct Seeded(Mutex<StdRng>);

impl Random for Seeded {
    fn fill(&self, buffer: &mut [u8]) {
        self.0.lock().unwrap().fill_bytes(buffer);
    }
}

/// The web with its application and folder.
pub struct Site {
    pub app: App,
    router: Router,
    _folder: tempfile::TempDir,
}

/// Somebody with a browser session and a token.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: UserId,
    /// The value of `Authorization`.
    pub bearer: String,
    /// The value of `Cookie`.
    pub cookie: String,
    /// The token that pages of the session show.
    pub csrf: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Site {
    /// A new site on SQLite.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::sqlite(&folder.path().join("lakegate.db")).await.unwrap();
        migrate::run(&db).await.unwrap();
        let data_dir = folder.path().join("data");
        std::fs::create_dir(&data_dir).unwrap();
        let services = services(&data_dir);
        let settings = Settings {
            data_dir,
            oidc: None,
            demo: true,
            local_lake: true,
            new_databases: lakegate_model::words::AccessMode::Fine,
            outgoing: OutgoingRules { allow: Vec::new() },
            query_limits: Limits::default(),
            upload_limits: UploadLimits::default(),
            notices: lakegate_app::jobs::notices::NoticeSettings::default(),
            break_glass: lakegate_app::access::break_glass::Lasting::default(),
        };
        let clock = ManualClock::at(DateTime::from_timestamp(1_750_000_000, 0).unwrap());
        let random = Arc::new(Seeded(Mutex::new(StdRng::seed_from_u64(7))));
        let app = App::new(db, Arc::new(clock), random, Keys::from_bytes([7; 32]), settings, services);
        let router = router(lakegate_web::web(app.clone(), WebConfig::default(), Metrics::default()));
        Self { app, router, _folder: folder }
    }

    /// A new user with a session and a token of all scopes.
    pub async fn person(&self, username: &str, roles: &[ProductRole]) -> Person {
        let input = users::UserInput {
            username: username.to_owned(),
            display_name: username.to_owned(),
            email: None,
            password: None,
            roles: roles.to_vec(),
        };
        let id = users::create(&self.app, &Caller::system("test"), &input).await.unwrap().user.id;
        let anonymous = Caller::anonymous("test".to_owned(), None);
        let started = sign_in::demo_sign_in(&self.app, &anonymous, username, "test").await.unwrap();
        let caller = Caller { identity: Identity::Session(started.session.id), ..anonymous };
        let scopes = TokenScope::ALL.to_vec();
        let new = NewToken { name: "test".to_owned(), scopes, days: 1, account: None };
        let made = api_tokens::create(&self.app, &caller, &new).await.unwrap();
        Person {
            id,
            bearer: format!("Bearer {}", made.secret),
            cookie: format!("{}={}", WebConfig::default().cookie_name(), started.token),
            csrf: csrf::show(&self.app, &started.session),
        }
    }

    /// A new root of the tree of domains.
    pub async fn domain(&self, name: &str) -> DomainId {
        let new = domains::NewDomain {
            parent: None,
            name: name.to_owned(),
            description: String::new(),
            discover: Discover::Requestable,
        };
        domains::create(&self.app, &Caller::system("test"), &new).await.unwrap().id
    }

    /// Sends a request.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        request.headers_mut().insert(header::HOST, HeaderValue::from_static(HOST));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// Sends an operation with a token, asking for the form that GraphQL has of its own.
    pub async fn post(&self, person: &Person, body: &Value) -> Answer {
        let request = Request::post("/graphql")
            .header(header::AUTHORIZATION, &person.bearer)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/graphql-response+json")
            .body(Body::from(body.to_string()));
        self.send(request.unwrap()).await
    }

    /// The data of an operation that has no errors.
    pub async fn data(&self, person: &Person, query: &str, variables: Value) -> Value {
        let answer = self.post(person, &json!({ "query": query, "variables": variables })).await;
        let body = answer.json();
        assert_eq!(answer.status, StatusCode::OK, "{body:#}");
        assert_eq!(body.get("errors"), None, "{body:#}");
        body["data"].clone()
    }
}

fn services(data_dir: &Path) -> Services {
    let engine = EngineConfig {
        spill_dir: data_dir.join("spill"),
        memory_bytes: 64 << 20,
        spill_quota_bytes: 64 << 20,
        worker_threads: 1,
    };
    Services {
        engine: Engine::new(engine).unwrap(),
        search: SearchHub::open(&data_dir.join("index")).unwrap(),
        sandbox: Sandbox::in_process(),
    }
}
