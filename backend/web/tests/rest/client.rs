//! Somebody who calls REST.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use serde_json::Value;

use crate::support::{Answer, Person, Site};

impl Site {
    /// Sends bytes of a stated type.
    pub async fn raw(&self, person: &Person, call: &str, kind: &str, body: impl Into<Body>) -> Answer {
        let (method, path) = call.split_once(' ').unwrap();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, &person.bearer)
            .header(header::CONTENT_TYPE, kind)
            .header("x-file-name", "people.csv");
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Sends a JSON body, or none for null.
    pub async fn call(&self, person: &Person, call: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.raw(person, call, "application/json", body).await
    }

    /// The answer of a call that has to go well.
    pub async fn good(&self, person: &Person, call: &str, body: Value) -> Value {
        let answer = self.call(person, call, body).await;
        assert!(answer.status.is_success(), "{call}: {} {}", answer.status, answer.text);
        if answer.status == StatusCode::NO_CONTENT { Value::Null } else { answer.json() }
    }
}

impl Answer {
    /// A problem document of this code; gives the input that it names.
    pub fn problem(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem:#}");
        assert_eq!(problem["status"], status, "{problem:#}");
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{problem:#}");
        problem["field"].as_str().unwrap_or_default().to_owned()
    }
}
