//! Access by token: short-lived signed tokens, and refresh tokens that are used once.

use ed25519_dalek::pkcs8::EncodePrivateKey;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use lakegate_model::{Code, Fault, Timestamp, ids::UserId};
use lakegate_policy::Actor;
use lakegate_store::{
    WriteTx, actors, in_write,
    sessions::{self, RefreshToken},
    users,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ACCESS_TOKEN_LIFE, REFRESH_TOKEN_LIFE, new_secret, sign_in};
use crate::{
    App, Caller, Identity,
    audit::{self, Event},
    keys::{public_key_id, token_hash},
};

const ISSUER: &str = "lakegate";
const AUDIENCE: &str = "lakegate-api";

/// What `POST /api/v1/auth/token` answers.
#[derive(Debug, Clone, Serialize)]
pub struct TokenPair {
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds until the access token ends.
    pub expires_in: i64,
    pub refresh_token: String,
}

/// What an access token says: who, and from which sign-in. Rights are read at each request.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    /// The sign-in this token descends from.
    fam: Uuid,
    iat: i64,
    exp: i64,
}

/// Signs in with user name and password.
///
/// # Errors
/// `unauthenticated` or `throttled`.
pub async fn issue(app: &App, caller: &Caller, username: &str, password: &str) -> Result<TokenPair, Fault> {
    let user = sign_in::check_password(app, caller, username, password).await?;
    let refresh = new_secret(app);
    let family: Uuid = app.new_id();
    in_write!(&app.db, |tx, _scope| {
        keep_refresh(app, tx, family, user.id, &refresh).await?;
        let actor = actors::user_actor(tx, user.id).await?.ok_or_else(wrong)?;
        audit::record(app, tx, caller, &actor, Event::on("token.issue", "user", user.id)).await
    })?;
    pair(app, user.id, family, refresh)
}

/// Exchanges a refresh token for a new pair. A token that comes a second time ends all that descend from its sign-in.
///
/// # Errors
/// `unauthenticated`.
pub async fn refresh(app: &App, caller: &Caller, token: &str) -> Result<TokenPair, Fault> {
    let hash = token_hash(token);
    let next = new_secret(app);
    let (outcome, reused) = in_write!(&app.db, |tx, _scope| {
        let now = app.now();
        let Some(found) = sessions::refresh_find(tx, &hash).await? else { return Ok((Err(wrong()), None)) };
        if found.used_at.is_some() {
            sessions::refresh_revoke_family(tx, found.family_id, now).await?;
            let actor = Actor::anonymous();
            let event = Event::on("token.reuse", "user", found.user_id);
            audit::append(app, tx, caller, &actor, event, lakegate_model::words::Outcome::Denied).await?;
            return Ok((Err(wrong()), Some(found)));
        }
        let enabled = users::user_find(tx, found.user_id).await?.is_some_and(|user| !user.disabled);
        if found.revoked_at.is_some() || found.expires_at <= now || !enabled {
            return Ok((Err(wrong()), None));
        }
        sessions::refresh_use(tx, found.id, now).await?;
        keep_refresh(app, tx, found.family_id, found.user_id, &next).await?;
        Ok((Ok(found), None))
    })?;
    if let Some(RefreshToken { user_id: user, family_id: family, .. }) = reused {
        app.queries.cancel_of_identity(Identity::AccessToken { user, family });
    }
    let found: RefreshToken = outcome?;
    pair(app, found.user_id, found.family_id, next)
}

/// Ends the sign-in that a refresh token, or the caller's access token, descends from.
pub async fn revoke(app: &App, caller: &Caller, refresh_token: Option<&str>) -> Result<(), Fault> {
    let ended = in_write!(&app.db, |tx, _scope| {
        let found = match (refresh_token, caller.identity) {
            (Some(token), _) => sessions::refresh_find(tx, &token_hash(token)).await?,
            (None, Identity::AccessToken { user, family }) => {
                return end(app, tx, caller, user, family).await.map(Some);
            }
            (None, _) => return Err(Fault::invalid("refresh_token", "which token? send it, or use the access token")),
        };
        match found {
            Some(found) => end(app, tx, caller, found.user_id, found.family_id).await.map(Some),
            None => Ok(None),
        }
    })?;
    if let Some(identity) = ended {
        app.queries.cancel_of_identity(identity);
    }
    Ok(())
}

async fn end(app: &App, tx: &mut WriteTx, caller: &Caller, user: UserId, family: Uuid) -> Result<Identity, Fault> {
    if sessions::refresh_revoke_family(tx, family, app.now()).await? > 0 {
        let actor = actors::user_actor(tx, user).await?.unwrap_or_else(Actor::anonymous);
        audit::record(app, tx, caller, &actor, Event::on("token.revoke", "user", user)).await?;
    }
    Ok(Identity::AccessToken { user, family })
}

/// Who an access token belongs to, if we signed it and it has not ended.
///
/// # Errors
/// `unauthenticated`.
pub fn verify(app: &App, token: &str) -> Result<Identity, Fault> {
    let named = jsonwebtoken::decode_header(token).map_err(|error| wrong().caused_by(error))?.kid.unwrap_or_default();
    let key = app.keys.token_verifying_keys().find(|key| public_key_id(key) == named).ok_or_else(wrong)?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_exp = false;
    let data = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_ed_der(key.as_bytes()), &validation)
        .map_err(|error| wrong().caused_by(error))?;
    if data.claims.exp <= app.now().timestamp() {
        return Err(wrong());
    }
    Ok(Identity::AccessToken { user: UserId(data.claims.sub), family: data.claims.fam })
}

fn wrong() -> Fault {
    Fault::new(Code::Unauthenticated, "this token is not valid, or has ended").fix("sign in again")
}

async fn keep_refresh(app: &App, tx: &mut WriteTx, family: Uuid, user: UserId, token: &str) -> Result<(), Fault> {
    let now: Timestamp = app.now();
    let kept = RefreshToken {
        id: app.new_id(),
        family_id: family,
        user_id: user,
        created_at: now,
        expires_at: now + REFRESH_TOKEN_LIFE,
        used_at: None,
        revoked_at: None,
    };
    sessions::refresh_insert(tx, &kept, &token_hash(token)).await?;
    Ok(())
}

fn pair(app: &App, user: UserId, family: Uuid, refresh_token: String) -> Result<TokenPair, Fault> {
    let now = app.now();
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: user.into(),
        fam: family,
        iat: now.timestamp(),
        exp: (now + ACCESS_TOKEN_LIFE).timestamp(),
    };
    let signing = app.keys.token_key();
    let der = signing.to_pkcs8_der().map_err(Fault::internal)?;
    let header = Header { kid: Some(public_key_id(&signing.verifying_key())), ..Header::new(Algorithm::EdDSA) };
    let access_token =
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_der(der.as_bytes())).map_err(Fault::internal)?;
    Ok(TokenPair { access_token, token_type: "Bearer", expires_in: ACCESS_TOKEN_LIFE.num_seconds(), refresh_token })
}
