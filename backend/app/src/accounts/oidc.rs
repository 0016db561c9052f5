//! Tokens of one configured OpenID Connect issuer.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use lakegate_model::{
    Code, Fault, Timestamp,
    ids::{GroupId, UserId},
    people::Group,
    text,
};
use lakegate_policy::Actor;
use lakegate_store::{
    Tx, WriteTx, groups, in_read, in_write,
    users::{self, NewUser},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
    time::Duration,
};
use tokio::sync::Mutex;

use crate::{
    App, Caller, Identity,
    audit::{self, Event},
};

/// Keys of the issuer are fetched again after this long, or when a token names an unknown one.
const JWKS_LIFE: chrono::TimeDelta = chrono::TimeDelta::minutes(10);
/// Longest subject, in characters: what OpenID Connect allows.
const SUBJECT_MAX: usize = 255;
/// An unknown key makes us ask again at most this often.
const JWKS_PAUSE: chrono::TimeDelta = chrono::TimeDelta::seconds(10);

/// The identity provider whose tokens are accepted.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// Exactly the `iss` of its tokens.
    pub issuer: String,
    /// Exactly the `aud` of tokens meant for Lakegate.
    pub audience: String,
    /// Where its keys are.
    pub jwks_url: String,
    /// The only accepted algorithm, such as `RS256`.
    pub algorithm: String,
    /// The claim that lists groups by id.
    pub groups_claim: String,
}

/// The issuer's keys as last fetched.
#[derive(Debug, Default)]
pub struct JwksCache(Mutex<Option<(Timestamp, JwkSet)>>);

#[derive(Debug, Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    preferred_username: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

fn wrong(cause: impl std::fmt::Display) -> Fault {
    Fault::new(Code::Unauthenticated, "this token is not valid here").caused_by(cause)
}

/// Whether a token claims to come from the configured issuer. Nothing is believed yet.
pub fn is_addressed(app: &App, token: &str) -> bool {
    let Some(settings) = &app.settings.oidc else { return false };
    jsonwebtoken::dangerous::insecure_decode::<Value>(token)
        .is_ok_and(|data| data.claims.get("iss").and_then(Value::as_str) == Some(settings.issuer.as_str()))
}

/// Checks a token of the issuer, and makes or updates its user and groups.
///
/// # Errors
/// `unauthenticated`, or `dependency` if the issuer's keys cannot be had.
pub async fn verify(app: &App, caller: &Caller, token: &str) -> Result<Identity, Fault> {
    let settings = app.settings.oidc.as_ref().ok_or_else(|| wrong("no issuer is configured"))?;
    let algorithm = Algorithm::from_str(&settings.algorithm).map_err(wrong)?;
    let header = jsonwebtoken::decode_header(token).map_err(wrong)?;
    if header.alg != algorithm {
        return Err(wrong("another algorithm"));
    }
    if matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512) {
        return Err(wrong("a shared secret proves no issuer; configure an algorithm with public keys"));
    }
    let kid = header.kid.ok_or_else(|| wrong("no key id"))?;
    let key = key(app, settings, &kid).await?;
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&[&settings.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // Time is judged below, by the injected clock.
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(wrong)?.claims;
    check_claims(&claims, app.now())?;
    let user = user_of(app, caller, settings, &claims).await?;
    Ok(Identity::External(user))
}

/// Seconds by which the clocks of issuer and server may differ.
const LEEWAY: f64 = 60.0;

fn check_claims(claims: &Claims, now: Timestamp) -> Result<(), Fault> {
    let now = now.timestamp() as f64;
    if claims.exp + LEEWAY <= now {
        return Err(wrong("it has ended"));
    }
    if claims.nbf.is_some_and(|begins| begins - LEEWAY > now) {
        return Err(wrong("it has not begun"));
    }
    text::line("sub", &claims.sub, SUBJECT_MAX).map(drop).map_err(wrong)
}

async fn key(app: &App, settings: &OidcSettings, kid: &str) -> Result<DecodingKey, Fault> {
    let mut cache = app.jwks.0.lock().await;
    let now = app.now();
    let known = cache.as_ref().is_some_and(|(_, keys)| keys.find(kid).is_some());
    let age = cache.as_ref().map_or(JWKS_LIFE, |(fetched, _)| now - *fetched);
    if age >= JWKS_LIFE || (!known && age >= JWKS_PAUSE) {
        *cache = Some((now, fetch(settings).await?));
    }
    let (_, keys) = cache.as_ref().ok_or_else(|| wrong("no keys"))?;
    let jwk = keys.find(kid).ok_or_else(|| wrong("unknown key"))?;
    DecodingKey::from_jwk(jwk).map_err(wrong)
}

async fn fetch(settings: &OidcSettings) -> Result<JwkSet, Fault> {
    let failed =
        |error: reqwest::Error| Fault::new(Code::Dependency, "the identity provider does not answer").caused_by(error);
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(failed)?;
    let response = client.get(&settings.jwks_url).send().await.and_then(reqwest::Response::error_for_status);
    response.map_err(failed)?.json().await.map_err(failed)
}

async fn user_of(app: &App, caller: &Caller, settings: &OidcSettings, claims: &Claims) -> Result<UserId, Fault> {
    let wanted = group_ids(settings, claims);
    let known = in_read!(&app.db, |tx, _scope| {
        let user = users::user_by_subject(tx, &settings.issuer, &claims.sub).await?.filter(|user| !user.disabled);
        match user {
            Some(user) if held(tx, settings, user.id).await?.into_keys().eq(wanted.iter().cloned()) => {
                Ok(Some(user.id))
            }
            _ => Ok(None),
        }
    })?;
    // Most requests bring nothing new, and need no turn at writing.
    if let Some(user) = known {
        return Ok(user);
    }
    in_write!(&app.db, |tx, _scope| {
        let user = match users::user_by_subject(tx, &settings.issuer, &claims.sub).await? {
            Some(user) if user.disabled => return Err(wrong("the user is disabled")),
            Some(user) => user.id,
            None => create(app, tx, caller, settings, claims).await?,
        };
        if sync_groups(app, tx, settings, user, &wanted).await? {
            let event = Event::on("user.sync_groups", "user", user).with(json!({ "groups": wanted }));
            audit::record(app, tx, caller, &Actor::system(), event).await?;
        }
        Ok(user)
    })
}

/// The user's groups of the issuer, by the issuer's ids.
async fn held(tx: &mut Tx, settings: &OidcSettings, user: UserId) -> Result<BTreeMap<String, GroupId>, Fault> {
    let groups = groups::groups_of(tx, user).await?.into_iter();
    let ours = groups.filter(|group| group.issuer.as_deref() == Some(settings.issuer.as_str()));
    Ok(ours.filter_map(|group| Some((group.external_id?, group.id))).collect())
}

fn group_ids(settings: &OidcSettings, claims: &Claims) -> BTreeSet<String> {
    let listed = claims.rest.get(&settings.groups_claim).and_then(Value::as_array);
    // An id that no name can be made of is no group.
    let ids = listed.into_iter().flatten().filter_map(Value::as_str);
    ids.filter(|id| text::name("group", id).is_ok_and(|name| name == **id)).map(str::to_owned).collect()
}

async fn create(
    app: &App,
    tx: &mut WriteTx,
    caller: &Caller,
    settings: &OidcSettings,
    claims: &Claims,
) -> Result<UserId, Fault> {
    let id: UserId = app.new_id();
    let user = NewUser {
        id,
        username: free_username(tx, claims).await?,
        display_name: display_name(claims),
        email: claims.email.as_deref().and_then(|email| super::check_email(email).ok()),
        password_hash: None,
        external: Some((settings.issuer.clone(), claims.sub.clone())),
        created_at: app.now(),
    };
    users::user_insert(tx, &user).await?;
    let event = Event::on("user.create", "user", id).with(json!({ "issuer": settings.issuer }));
    audit::record(app, tx, caller, &Actor::system(), event).await?;
    Ok(id)
}

fn display_name(claims: &Claims) -> String {
    let named = claims.name.as_deref().and_then(|name| text::name("name", name).ok());
    named.unwrap_or_else(|| text::slug(claims.preferred_username.as_deref().unwrap_or(&claims.sub)))
}

/// The provider's name for the user, with a number behind it if a local user has that name already.
async fn free_username(tx: &mut WriteTx, claims: &Claims) -> Result<String, Fault> {
    let base = text::slug(claims.preferred_username.as_deref().unwrap_or(&claims.sub));
    let mut name = base.clone();
    let mut number = 1;
    while users::user_by_name(tx, &name).await?.is_some() {
        number += 1;
        name = format!("{base}_{number}");
    }
    Ok(name)
}

/// Brings the user's groups of this issuer in line with the token. Local groups stay untouched. Returns whether anything
/// changed.
async fn sync_groups(
    app: &App,
    tx: &mut WriteTx,
    settings: &OidcSettings,
    user: UserId,
    wanted: &BTreeSet<String>,
) -> Result<bool, Fault> {
    let held = held(tx, settings, user).await?;
    for (_, group) in held.iter().filter(|(external, _)| !wanted.contains(*external)) {
        groups::group_member_remove(tx, *group, user).await?;
    }
    for external in wanted.iter().filter(|external| !held.contains_key(*external)) {
        let group = match groups::group_by_external(tx, &settings.issuer, external).await? {
            Some(group) => group.id,
            None => create_group(app, tx, settings, external).await?,
        };
        groups::group_member_add(tx, group, user).await?;
    }
    Ok(!held.keys().eq(wanted.iter()))
}

async fn create_group(app: &App, tx: &mut WriteTx, settings: &OidcSettings, external: &str) -> Result<GroupId, Fault> {
    let id: GroupId = app.new_id();
    let taken = groups::group_by_name(tx, external).await?.is_some();
    let name =
        if taken { format!("{} ({id})", external.chars().take(80).collect::<String>()) } else { external.to_owned() };
    let group = Group {
        id,
        name,
        description: String::new(),
        issuer: Some(settings.issuer.clone()),
        external_id: Some(external.to_owned()),
        created_at: app.now(),
    };
    groups::group_insert(tx, &group).await?;
    Ok(id)
}
