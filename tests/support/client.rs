//! A program that calls REST and GraphQL with a token.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::time::Duration;

use crate::Answer;

/// Somebody who calls with a bearer token, or with nothing.
#[derive(Debug, Clone)]
pub struct Client {
    pub http: reqwest::Client,
    pub base: String,
    pub token: Option<String>,
    /// The project acted in, sent as `Lakegate-Project`.
    pub project: Option<String>,
    /// Sent with every request.
    pub headers: Vec<(&'static str, String)>,
}

/// A connection that rested so long is not used again: after half a minute the server closes it, perhaps just as it is.
const RESTED: Duration = Duration::from_secs(10);

/// A client of HTTP that follows no redirect and never waits for ever.
pub fn http() -> reqwest::ClientBuilder {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    client.timeout(Duration::from_secs(120)).pool_idle_timeout(RESTED)
}

impl Client {
    /// Nobody in particular.
    pub fn anonymous(base: &str) -> Self {
        Self { http: http().build().unwrap(), base: base.to_owned(), token: None, project: None, headers: Vec::new() }
    }

    /// The same connection with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same person, acting in a project.
    pub fn acting(&self, project: &str) -> Self {
        Self { project: Some(project.to_owned()), ..self.clone() }
    }

    /// The same person, with a header more.
    pub fn with_header(&self, name: &'static str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name, value.to_owned()));
        client
    }

    /// A request with the token, for tests that need more than the helpers give.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(project) = &self.project {
            request = request.header("lakegate-project", project);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        request
    }

    /// Sends a request.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// Sends a request that may stay without an answer, because the program dies under it.
    pub async fn try_send(&self, request: RequestBuilder) -> Result<Answer, reqwest::Error> {
        let request = request.build()?;
        let asked = format!("{} {}", request.method(), request.url().path());
        let response = self.http.execute(request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await?;
        Ok(Answer { asked, status, headers, body })
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Runs an operation of `/graphql`; gives the whole answer, also one with errors.
    pub async fn graphql(&self, text: &str, variables: Value) -> Answer {
        self.post("/graphql", json!({ "query": text, "variables": variables })).await
    }

    /// The data of an operation that has to succeed.
    pub async fn data(&self, text: &str, variables: Value) -> Value {
        let answer = self.graphql(text, variables).await.ok();
        assert!(answer["errors"].is_null(), "{text}: {answer}");
        answer["data"].clone()
    }

    /// Runs a query and gives its answer in a format.
    pub async fn query_as(&self, sql: &str, format: &str) -> Answer {
        let body = json!({ "sql": sql, "project": self.project, "format": format });
        self.post("/api/v1/query", body).await
    }

    /// Runs a query; the answer is JSON.
    pub async fn query(&self, sql: &str) -> Answer {
        self.query_as(sql, "json").await
    }

    /// The pages of a list, one after the other, with this many items each.
    pub async fn all(&self, path: &str, first: usize) -> Vec<Value> {
        let sign = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.get(&format!("{path}{sign}first={first}{after}")).await.ok();
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return items,
            }
        }
    }
}
