//! The reader's own account: who he is, how he signs in, what acts for him.

mod access;
mod run_notices;
mod tokens;

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::accounts::{api_tokens, me, sign_in};
use lakegate_model::{
    Code, Fault,
    ids::{ApiTokenId, SessionId},
    people::{ApiToken, Session},
};

use super::{
    fields::Fields,
    flash,
    kit::{When, Wrong, again, spoken},
    proof::Proof,
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, SignedIn},
};

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/account", get(page))
        .route("/account/profile", post(profile))
        .route("/account/password", post(password))
        .route("/account/sessions/{id}/end", post(end_session))
        .merge(tokens::routes())
        .merge(access::routes())
        .merge(run_notices::routes())
}

/// A browser that is signed in.
struct SessionRow {
    id: SessionId,
    agent: String,
    since: When,
    seen: When,
    /// The one that shows this page.
    this: bool,
}

/// A token for programs.
struct TokenRow {
    id: ApiTokenId,
    name: String,
    prefix: String,
    scopes: String,
    expires: When,
    used: When,
    /// Word and state of colour; empty while it works.
    ended: (&'static str, &'static str),
}

/// What the form for a new token holds.
#[derive(Debug)]
struct TokenForm {
    name: String,
    days: String,
    read: bool,
    query: bool,
    write: bool,
    proof: Proof,
}

#[derive(Template)]
#[template(path = "account/account.html")]
struct AccountPage {
    shell: Shell,
    username: String,
    display_name: String,
    email: String,
    /// Signs in through the identity provider: there is no password here.
    external: bool,
    roles: String,
    sessions: Vec<SessionRow>,
    tokens: Vec<TokenRow>,
    token_form: TokenForm,
    /// The secret of a token just made; shown this once.
    secret: String,
    wrong: Wrong,
    /// Which form came back: `profile`, `password`, `token`.
    failed: &'static str,
}

async fn page(State(web): State<Web>, frame: Framed) -> Result<Response, Refusal> {
    show(StatusCode::OK, &account_page(&web, frame, &Fields::default()).await?)
}

async fn account_page(web: &Web, frame: Framed, fields: &Fields) -> Result<AccountPage, Fault> {
    let caller = &frame.reader.caller;
    let user = frame.me.user.clone().ok_or_else(|| Fault::new(Code::Forbidden, "this page is for people"))?;
    let now = web.app.now();
    let sessions = me::sessions(&web.app, caller).await?;
    let tokens = api_tokens::list(&web.app, caller, None).await?;
    let this = frame.reader.session.id;
    let kept = |name: &str, own: &str| if fields.has(name) { fields.one(name).to_owned() } else { own.to_owned() };
    Ok(AccountPage {
        username: user.username.clone(),
        display_name: kept("display_name", &user.display_name),
        email: kept("email", user.email.as_deref().unwrap_or_default()),
        external: user.issuer.is_some(),
        roles: frame.me.roles.iter().map(|role| spoken(role.as_str())).collect::<Vec<_>>().join(", "),
        sessions: sessions.iter().map(|session| session_row(session, this)).collect(),
        tokens: tokens.iter().map(|token| token_row(token, now)).collect(),
        token_form: token_form(fields, Proof::of(web, &frame)),
        secret: String::new(),
        wrong: Wrong::default(),
        failed: "",
        shell: frame.shell,
    })
}

fn session_row(session: &Session, this: SessionId) -> SessionRow {
    SessionRow {
        id: session.id,
        agent: browser(&session.agent),
        since: When::at(session.created_at),
        seen: When::at(session.seen_at),
        this: session.id == this,
    }
}

/// What a browser calls itself, in two words.
fn browser(agent: &str) -> String {
    let find =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    let program = find(&[
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = find(&[
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (program, system) {
        (Some(program), Some(system)) => format!("{program} on {system}"),
        (Some(program), None) => program.to_owned(),
        _ if agent.is_empty() => "A browser".to_owned(),
        _ => agent.chars().take(40).collect(),
    }
}

fn token_row(token: &ApiToken, now: lakegate_model::Timestamp) -> TokenRow {
    let ended = match token.revoked_at {
        Some(_) => ("Revoked", ""),
        None if token.expires_at <= now => ("Expired", ""),
        None => ("", ""),
    };
    TokenRow {
        id: token.id,
        name: token.name.clone(),
        prefix: token.prefix.clone(),
        scopes: token.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", "),
        expires: When::at(token.expires_at),
        used: When::maybe(token.last_used_at),
        ended,
    }
}

fn token_form(fields: &Fields, proof: Proof) -> TokenForm {
    let fresh = !fields.has("name");
    TokenForm {
        name: fields.one("name").to_owned(),
        days: if fresh { "90".to_owned() } else { fields.one("days").to_owned() },
        read: fresh || fields.holds("scope", "read"),
        query: fresh || fields.holds("scope", "query"),
        write: fields.holds("scope", "write"),
        proof,
    }
}

/// Shows the page again with what was wrong in the form that `failed`; `fields` fill its forms.
async fn refused(
    web: &Web,
    frame: Framed,
    fields: &Fields,
    failed: &'static str,
    fault: Fault,
) -> Result<Response, Refusal> {
    again(fault, async |wrong| {
        let page = account_page(web, frame, fields).await?;
        Ok::<_, Fault>(AccountPage { wrong, failed, ..page })
    })
    .await
}

async fn profile(State(web): State<Web>, frame: Framed, Form(fields): Form<Fields>) -> Result<Response, Refusal> {
    let email = Some(fields.one("email").trim()).filter(|email| !email.is_empty());
    match me::set_profile(&web.app, &frame.reader.caller, fields.one("display_name"), email).await {
        Ok(()) => Ok(flash::done("/account", "Saved.")),
        Err(fault) => refused(&web, frame, &fields, "profile", fault).await,
    }
}

async fn password(State(web): State<Web>, frame: Framed, Form(fields): Form<Fields>) -> Result<Response, Refusal> {
    let (current, new) = (fields.one("current_password"), fields.one("new_password"));
    match me::change_password(&web.app, &frame.reader.caller, current, new).await {
        Ok(()) => Ok(flash::done("/sign-in", "Password changed. Sign in with the new one.")),
        Err(fault) => refused(&web, frame, &Fields::default(), "password", fault).await,
    }
}

async fn end_session(State(web): State<Web>, Path(id): Path<SessionId>, reader: SignedIn) -> Result<Response, Refusal> {
    sign_in::sign_out(&web.app, &reader.caller, id).await?;
    Ok(flash::done("/account#sessions", "That session has ended."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_have_short_names() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        assert_eq!(browser(chrome), "Chrome on Linux");
        assert_eq!(browser("curl/8.1"), "curl");
        assert_eq!(browser(""), "A browser");
    }
}
