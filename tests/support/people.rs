//! People of a test.

use serde_json::json;

use crate::{Browser, Client, Server, answer::id};

/// Everybody's password.
pub const PASSWORD: &str = "seven miles of coastal path";

/// A person with a token.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: String,
    pub username: String,
    /// Calls as this person, in no project.
    pub client: Client,
}

impl std::ops::Deref for Person {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Server {
    /// Makes a user, and signs in.
    pub async fn person(&self, username: &str) -> Person {
        self.person_with(username, &[]).await
    }

    /// Makes a user with roles of the installation, and signs in.
    pub async fn person_with(&self, username: &str, roles: &[&str]) -> Person {
        let user = json!({ "username": username, "display_name": username, "password": PASSWORD, "roles": roles });
        let made = self.admin.post("/api/v1/users", user).await.ok();
        Person { id: id(&made["user"]), username: username.to_owned(), client: self.signed_in(username).await }
    }

    /// A client with a new token of a user.
    pub async fn signed_in(&self, username: &str) -> Client {
        let anonymous = self.anonymous();
        let tokens = anonymous.post("/api/v1/auth/token", json!({ "username": username, "password": PASSWORD })).await;
        anonymous.with_token(tokens.ok()["access_token"].as_str().unwrap())
    }

    /// Nobody in particular.
    pub fn anonymous(&self) -> Client {
        Client::anonymous(&self.url)
    }

    /// A browser in which a user is signed in.
    pub async fn browser(&self, username: &str) -> Browser {
        let browser = Browser::new(&self.url);
        browser.sign_in(username, PASSWORD).await.is(303);
        browser
    }
}
