//! Signing in through an identity provider.

use lakegate_app::accounts::oidc::OidcSettings;
use serde::{Deserialize, Serialize};
use url::Url;

/// Algorithms of tokens: asymmetric ones alone, so that no public key can serve as a secret.
const ALGORITHMS: [&str; 9] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

/// The section `auth`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// The one OpenID Connect issuer whose tokens are accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc: Option<Oidc>,
}

/// The section `auth.oidc`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// Exactly the `iss` of its tokens.
    pub issuer: String,
    /// Exactly the `aud` of tokens meant for this server.
    pub audience: String,
    /// Where its keys are.
    pub jwks_url: Url,
    /// The only accepted algorithm.
    #[serde(default = "default_algorithm")]
    pub algorithm: String,
    /// The claim that lists groups by id.
    #[serde(default = "default_groups_claim")]
    pub groups_claim: String,
}

fn default_algorithm() -> String {
    "RS256".to_owned()
}

fn default_groups_claim() -> String {
    "groups".to_owned()
}

impl Auth {
    /// The issuer for the use cases.
    pub fn settings(&self) -> Option<OidcSettings> {
        self.oidc.as_ref().map(|oidc| OidcSettings {
            issuer: oidc.issuer.clone(),
            audience: oidc.audience.clone(),
            jwks_url: oidc.jwks_url.to_string(),
            algorithm: oidc.algorithm.clone(),
            groups_claim: oidc.groups_claim.clone(),
        })
    }

    /// Adds what is wrong.
    pub fn validate(&self, wrong: &mut Vec<String>) {
        let Some(oidc) = &self.oidc else { return };
        for (key, text) in
            [("issuer", &oidc.issuer), ("audience", &oidc.audience), ("groups_claim", &oidc.groups_claim)]
        {
            if text.is_empty() {
                wrong.push(format!("auth.oidc.{key}: this may not be empty"));
            }
        }
        if !ALGORITHMS.contains(&oidc.algorithm.as_str()) {
            wrong.push(format!("auth.oidc.algorithm: expected one of {}", ALGORITHMS.join(" ")));
        }
        let loopback = oidc.jwks_url.host_str().is_some_and(|host| host == "localhost" || host.starts_with("127."));
        if oidc.jwks_url.scheme() != "https" && !(oidc.jwks_url.scheme() == "http" && loopback) {
            wrong.push("auth.oidc.jwks_url: keys have to come by https".to_owned());
        }
    }
}
