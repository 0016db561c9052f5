//! A running server, asked over its GraphQL.

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use std::time::Duration;
use url::{Host, Url};

/// The variable that holds the token.
const TOKEN: &str = "LAKEGATE_TOKEN";
/// Applying a large set takes its time.
const PATIENCE: Duration = Duration::from_secs(300);

/// A server with the token of who asks.
#[derive(Debug)]
pub struct Remote {
    http: reqwest::Client,
    endpoint: Url,
    token: String,
}

impl Remote {
    /// A server at an address, asked with the token of the environment.
    ///
    /// # Errors
    /// No token, or an address to which it would travel in the open.
    pub fn new(url: &Url) -> anyhow::Result<Self> {
        let here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        ensure!(
            url.scheme() == "https" || (url.scheme() == "http" && here),
            "--url: a token travels over https; http is for this machine alone"
        );
        let token = std::env::var(TOKEN).ok().filter(|token| !token.trim().is_empty());
        let token = token.with_context(|| {
            format!(
                "{TOKEN} is not set: put the token of a security administrator there, with the scopes read and write"
            )
        })?;
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE);
        let client = if here { client.no_proxy() } else { client };
        let mut endpoint = url.clone();
        endpoint.set_path(&format!("{}/graphql", url.path().trim_end_matches('/')));
        Ok(Self { http: client.build()?, endpoint, token: token.trim().to_owned() })
    }

    /// The data of an operation.
    ///
    /// # Errors
    /// No answer, or one with errors.
    pub async fn ask(&self, text: &str, variables: Value) -> anyhow::Result<Value> {
        let body = json!({ "query": text, "variables": variables });
        let sent = self.http.post(self.endpoint.clone()).bearer_auth(&self.token).json(&body).send().await;
        let answer = sent.with_context(|| format!("{} does not answer", self.endpoint))?;
        let status = answer.status();
        let answer: Value =
            answer.json().await.with_context(|| format!("{} answered {status} without JSON", self.endpoint))?;
        if let Some(error) = answer["errors"].get(0) {
            let message = error["message"].as_str().unwrap_or("the server refused without a word");
            bail!("{}", with_fix(message, &error["extensions"]["fix"]));
        }
        ensure!(status.is_success(), "{} answered {status}: {}", self.endpoint, answer["detail"]);
        Ok(answer["data"].clone())
    }
}

/// A refusal with the way on, if it names one.
pub fn with_fix(message: &str, fix: &Value) -> String {
    match fix.as_str() {
        Some(fix) => format!("{message} ({fix})"),
        None => message.to_owned(),
    }
}
