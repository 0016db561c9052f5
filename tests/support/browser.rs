//! A person with a browser: cookies, forms, and the headers that browsers add.

use reqwest::Method;
use std::sync::Arc;

use crate::{Answer, client::http};

/// One browser with its cookies. Redirects are not followed, so that tests see them.
#[derive(Debug, Clone)]
pub struct Browser {
    pub http: reqwest::Client,
    pub base: String,
    pub jar: Arc<reqwest::cookie::Jar>,
}

impl Browser {
    /// A browser that was never here.
    pub fn new(base: &str) -> Self {
        let jar = Arc::new(reqwest::cookie::Jar::default());
        let http = http().cookie_provider(Arc::clone(&jar)).build().unwrap();
        Self { http, base: base.to_owned(), jar }
    }

    /// A request as a browser sends it for a page.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method.clone(), format!("{}{path}", self.base)).header("accept", "text/html");
        if method == Method::GET {
            request
        } else {
            request.header("origin", &self.base).header("sec-fetch-site", "same-origin")
        }
    }

    /// Sends a request.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let asked = format!("{} {}", request.method(), request.url().path());
        Answer::of(asked, self.http.execute(request).await.unwrap()).await
    }

    /// Opens a page.
    pub async fn open(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends a form with the session's token in it.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.csrf().await;
        let mut all = vec![("csrf_token", token.as_str())];
        all.extend(fields);
        self.submit_bare(path, &all).await
    }

    /// Sends a form as it is.
    pub async fn submit_bare(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.request(Method::POST, path).form(fields)).await
    }

    /// The token that the pages of this session carry; empty without a session.
    pub async fn csrf(&self) -> String {
        let page = self.open("/confirm").await.text();
        let (_, rest) = page.split_once("name=\"csrf-token\" content=\"").unwrap_or_default();
        rest.split('"').next().unwrap_or_default().to_owned()
    }

    /// Signs in with the form; gives the answer.
    pub async fn sign_in(&self, username: &str, password: &str) -> Answer {
        self.submit("/sign-in", &[("username", username), ("password", password)]).await
    }
}
