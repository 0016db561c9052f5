//! Somebody who asks again, at another server, until one answers.

use lakegate_tests::{
    Client,
    client::http,
    people::PASSWORD,
    wait::{PATIENCE, within},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::processes::Fleet;

/// Tokens hold for a quarter of an hour; a new one is taken long before.
const SIGN_IN_EVERY: Duration = Duration::from_secs(300);

/// The code of a server that has no time just now.
const BUSY: &str = "unavailable";

/// A person at no server in particular.
#[derive(Debug)]
pub struct Hand<'a> {
    fleet: &'a Fleet,
    username: &'static str,
    client: Client,
    signed_in: Option<Instant>,
    /// Which server is asked next.
    turn: usize,
    /// Requests that no server answered, or had time for.
    pub unanswered: u64,
}

impl<'a> Hand<'a> {
    pub fn of(fleet: &'a Fleet, username: &'static str) -> Self {
        let client = Client { http: http().build().unwrap(), ..Client::anonymous("") };
        Self { fleet, username, client, signed_in: None, turn: 0, unanswered: 0 }
    }

    /// The value of the one field that a document asks for; asked until a server answers and has time for it, so that a
    /// change may be made twice if its first answer was lost.
    pub async fn ask(&mut self, text: &str, variables: Value) -> Value {
        let body = json!({ "query": text, "variables": variables });
        within(PATIENCE, &format!("an answer to {text}"), async || {
            let answer = self.sent(Method::POST, "/graphql", Some(&body)).await;
            if answer["errors"][0]["extensions"]["code"] == BUSY {
                self.unanswered += 1;
                return None;
            }
            assert!(answer["errors"].is_null(), "{text}: {answer}");
            let value = answer["data"].as_object().unwrap().values().next().unwrap().clone();
            self.unanswered += u64::from(value["problem"]["code"] == BUSY);
            (value["problem"]["code"] != BUSY).then_some(value)
        })
        .await
    }

    /// As [`Hand::ask`], for a reading request of REST.
    pub async fn get(&mut self, path: &str) -> Value {
        self.sent(Method::GET, path, None).await
    }

    /// All pages of a list.
    pub async fn all(&mut self, path: &str) -> Vec<Value> {
        let (mut items, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}?first=200{after}")).await;
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return items,
            }
        }
    }

    async fn sent(&mut self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let username = self.username;
        within(PATIENCE, &format!("an answer of some server for {username}"), async || {
            self.try_send(&method, path, body).await
        })
        .await
    }

    /// `None` if no server is up, or it died over the request.
    async fn try_send(&mut self, method: &Method, path: &str, body: Option<&Value>) -> Option<Value> {
        let urls = self.fleet.urls();
        self.turn += 1;
        self.client.base.clone_from(urls.get(self.turn % urls.len().max(1))?);
        if self.signed_in.is_none_or(|at| at.elapsed() > SIGN_IN_EVERY) {
            self.sign_in().await?;
        }
        let mut request = self.client.request(method.clone(), path);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.answered(request).await
    }

    async fn sign_in(&mut self) -> Option<()> {
        self.client.token = None;
        let who = json!({ "username": self.username, "password": PASSWORD });
        let request = self.client.request(Method::POST, "/api/v1/auth/token").json(&who);
        let token = self.answered(request).await?;
        self.client.token = Some(token["access_token"].as_str().unwrap().to_owned());
        self.signed_in = Some(Instant::now());
        Some(())
    }

    /// A server that lives refuses nothing that is asked here, unless too much comes at once.
    async fn answered(&mut self, request: reqwest::RequestBuilder) -> Option<Value> {
        match self.client.try_send(request).await {
            Ok(answer) if answer.status.as_u16() != 503 => Some(answer.ok()),
            _ => {
                self.unanswered += 1;
                None
            }
        }
    }
}
