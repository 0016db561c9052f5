//! Signing in and out, the first administrator, new passwords.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use lakegate_app::accounts::{SESSION_MAX, me, set_up, sign_in};
use lakegate_model::{
    Code, Fault,
    ids::ProjectId,
    words::{LinkPurpose, Theme},
};
use serde::Deserialize;

use super::shell::{BareShell, safe_next, show};
use lakegate_http::{
    DemoPerson, Refusal, Web,
    extract::{Form, Path, Query, SignedIn, Visitor},
};

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/sign-in", get(sign_in_form).post(sign_in_now))
        .route("/sign-out", post(sign_out))
        .route("/demo", get(demo_people))
        .route("/demo/sign-in", post(demo_sign_in))
        .route("/set-up/{secret}", get(set_up_form).post(set_up_now))
        .route("/reset-password/{secret}", get(reset_form).post(reset_now))
        .route("/confirm", get(confirm_form).post(confirm_now))
        .route("/acting", post(act_in))
        .route("/theme", post(set_theme))
}

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Template)]
#[template(path = "session/sign_in.html")]
struct SignInPage<'a> {
    shell: BareShell,
    people: &'a [DemoPerson],
    next: &'a str,
    username: &'a str,
    notice: &'a str,
    error: String,
    fix: String,
}

async fn sign_in_form(
    State(web): State<Web>,
    visitor: Visitor,
    Query(query): Query<Next>,
) -> Result<Response, Refusal> {
    let next = safe_next(&query.next);
    if visitor.session.is_some() {
        return Ok(Redirect::to(next).into_response());
    }
    let unset = set_up::is_needed(&web.app).await?;
    let notice =
        if unset { "Nobody can sign in yet. The server's console shows a link for setting Lakegate up." } else { "" };
    let page = SignInPage {
        shell: BareShell::new(&web, &visitor),
        people: &web.config.demo_people,
        next,
        username: "",
        notice,
        error: String::new(),
        fix: String::new(),
    };
    show(StatusCode::OK, &page)
}

#[derive(Debug, Deserialize)]
struct SignInForm {
    username: String,
    password: String,
    #[serde(default)]
    next: String,
}

async fn sign_in_now(
    State(web): State<Web>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<SignInForm>,
) -> Result<Response, Refusal> {
    let next = safe_next(&form.next);
    match sign_in::sign_in(&web.app, &visitor.caller, &form.username, &form.password, agent(&headers)).await {
        Ok(started) => welcome(&web, &visitor, &started, next).await,
        Err(fault) if matches!(fault.code, Code::Unauthenticated | Code::Throttled) => {
            let page = SignInPage {
                shell: BareShell::new(&web, &visitor),
                people: &web.config.demo_people,
                next,
                username: &form.username,
                notice: "",
                error: sentence(&fault.message),
                fix: fault.fix.unwrap_or_default(),
            };
            show(status(fault.code), &page)
        }
        Err(fault) => Err(fault.into()),
    }
}

/// Sends the browser on with its new session; a session it had before ends, so that ids are not shared.
async fn welcome(web: &Web, visitor: &Visitor, started: &sign_in::Started, next: &str) -> Result<Response, Refusal> {
    if let Some(former) = &visitor.session {
        sign_in::sign_out(&web.app, &visitor.caller, former.id).await?;
    }
    let mut response = Redirect::to(next).into_response();
    let cookie = cookie(web, &started.token, SESSION_MAX.num_seconds())?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

fn cookie(web: &Web, token: &str, seconds: i64) -> Result<HeaderValue, Fault> {
    let secure = if web.config.secure { "; Secure" } else { "" };
    let name = web.config.cookie_name();
    HeaderValue::from_str(&format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}"))
        .map_err(Fault::internal)
}

fn agent(headers: &HeaderMap) -> &str {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn status(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::BAD_REQUEST)
}

/// A message as a sentence of its own.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first: String = letters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

async fn sign_out(State(web): State<Web>, visitor: Visitor) -> Result<Response, Refusal> {
    if let Some(session) = &visitor.session {
        sign_in::sign_out(&web.app, &visitor.caller, session.id).await?;
    }
    let mut response = Redirect::to("/sign-in").into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie(&web, "", 0)?);
    let kept = HeaderValue::from_static("\"cache\"");
    response.headers_mut().insert("clear-site-data", kept);
    Ok(response)
}

#[derive(Template)]
#[template(path = "session/demo.html")]
struct DemoPage<'a> {
    shell: BareShell,
    people: &'a [DemoPerson],
    next: &'a str,
}

async fn demo_people(State(web): State<Web>, visitor: Visitor) -> Result<Response, Refusal> {
    if web.config.demo_people.is_empty() {
        return Err(Fault::not_found("page").into());
    }
    let page = DemoPage { shell: BareShell::new(&web, &visitor), people: &web.config.demo_people, next: "/" };
    show(StatusCode::OK, &page)
}

#[derive(Debug, Deserialize)]
struct DemoForm {
    username: String,
    #[serde(default)]
    next: String,
}

async fn demo_sign_in(
    State(web): State<Web>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<DemoForm>,
) -> Result<Response, Refusal> {
    if !web.config.demo_people.iter().any(|person| person.username == form.username) {
        return Err(Fault::not_found("page").into());
    }
    let started = sign_in::demo_sign_in(&web.app, &visitor.caller, &form.username, agent(&headers)).await?;
    welcome(&web, &visitor, &started, safe_next(&form.next)).await
}

/// What is wrong with a form about an account, beside the fields it is about.
#[derive(Debug, Default)]
struct Wrong {
    error: String,
    fix: String,
    username: String,
    password: String,
}

impl Wrong {
    /// Places a fault that the person at the form can mend; passes others on.
    fn from(fault: Fault) -> Result<(StatusCode, Self), Refusal> {
        let status = status(fault.code);
        let message = sentence(&fault.message);
        let fix = fault.fix.clone().unwrap_or_default();
        match (fault.code, fault.field.as_deref()) {
            (Code::Invalid | Code::Conflict, Some("username")) => {
                Ok((status, Self { username: message, ..Self::default() }))
            }
            (Code::Invalid, Some("password")) => Ok((status, Self { password: message, ..Self::default() })),
            (Code::Unauthenticated | Code::Throttled, _) => {
                Ok((status, Self { error: message, fix, ..Self::default() }))
            }
            _ => Err(fault.into()),
        }
    }
}

#[derive(Template)]
#[template(path = "session/set_up.html")]
struct SetUpPage {
    shell: BareShell,
    username: String,
    error: String,
    fix: String,
    username_error: String,
    password_error: String,
}

impl SetUpPage {
    fn new(web: &Web, visitor: &Visitor, username: String, wrong: Wrong) -> Self {
        let Wrong { error, fix, username: username_error, password: password_error } = wrong;
        Self { shell: BareShell::new(web, visitor), username, error, fix, username_error, password_error }
    }
}

async fn set_up_form(
    State(web): State<Web>,
    visitor: Visitor,
    Path(secret): Path<String>,
) -> Result<Response, Refusal> {
    set_up::check_link(&web.app, &secret, LinkPurpose::SetUp).await?;
    show(StatusCode::OK, &SetUpPage::new(&web, &visitor, String::new(), Wrong::default()))
}

#[derive(Debug, Deserialize)]
struct AccountForm {
    #[serde(default)]
    username: String,
    password: String,
}

async fn set_up_now(
    State(web): State<Web>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(secret): Path<String>,
    Form(form): Form<AccountForm>,
) -> Result<Response, Refusal> {
    if let Err(fault) = set_up::set_up(&web.app, &visitor.caller, &secret, &form.username, &form.password).await {
        let (status, wrong) = Wrong::from(fault)?;
        return show(status, &SetUpPage::new(&web, &visitor, form.username, wrong));
    }
    let started = sign_in::sign_in(&web.app, &visitor.caller, &form.username, &form.password, agent(&headers)).await?;
    welcome(&web, &visitor, &started, "/").await
}

#[derive(Template)]
#[template(path = "session/reset_password.html")]
struct ResetPage {
    shell: BareShell,
    error: String,
    fix: String,
    password_error: String,
}

impl ResetPage {
    fn new(web: &Web, visitor: &Visitor, wrong: Wrong) -> Self {
        Self { shell: BareShell::new(web, visitor), error: wrong.error, fix: wrong.fix, password_error: wrong.password }
    }
}

async fn reset_form(State(web): State<Web>, visitor: Visitor, Path(secret): Path<String>) -> Result<Response, Refusal> {
    set_up::check_link(&web.app, &secret, LinkPurpose::ResetPassword).await?;
    show(StatusCode::OK, &ResetPage::new(&web, &visitor, Wrong::default()))
}

async fn reset_now(
    State(web): State<Web>,
    visitor: Visitor,
    Path(secret): Path<String>,
    Form(form): Form<AccountForm>,
) -> Result<Response, Refusal> {
    match set_up::reset_password(&web.app, &visitor.caller, &secret, &form.password).await {
        Ok(()) => Ok(Redirect::to("/sign-in").into_response()),
        Err(fault) => {
            let (status, wrong) = Wrong::from(fault)?;
            show(status, &ResetPage::new(&web, &visitor, wrong))
        }
    }
}

#[derive(Template)]
#[template(path = "session/confirm.html")]
struct ConfirmPage<'a> {
    shell: BareShell,
    next: &'a str,
    error: String,
    fix: String,
}

async fn confirm_form(
    State(web): State<Web>,
    visitor: Visitor,
    Query(query): Query<Next>,
) -> Result<Response, Refusal> {
    let next = safe_next(&query.next);
    if visitor.session.is_none() {
        return Ok(Redirect::to("/sign-in").into_response());
    }
    let shell = BareShell::new(&web, &visitor);
    show(StatusCode::OK, &ConfirmPage { shell, next, error: String::new(), fix: String::new() })
}

#[derive(Debug, Deserialize)]
struct ConfirmForm {
    password: String,
    #[serde(default)]
    next: String,
}

async fn confirm_now(
    State(web): State<Web>,
    visitor: Visitor,
    Form(form): Form<ConfirmForm>,
) -> Result<Response, Refusal> {
    let next = safe_next(&form.next);
    match sign_in::confirm(&web.app, &visitor.caller, &form.password).await {
        Ok(()) => Ok(Redirect::to(next).into_response()),
        Err(fault) if visitor.session.is_none() => Err(fault.into()),
        Err(fault) => {
            let (status, wrong) = Wrong::from(fault)?;
            let shell = BareShell::new(&web, &visitor);
            show(status, &ConfirmPage { shell, next, error: wrong.error, fix: wrong.fix })
        }
    }
}

#[derive(Debug, Deserialize)]
struct ActingForm {
    #[serde(default)]
    project: String,
    #[serde(default)]
    next: String,
}

async fn act_in(State(web): State<Web>, reader: SignedIn, Form(form): Form<ActingForm>) -> Result<Redirect, Refusal> {
    let project: Option<ProjectId> = match form.project.as_str() {
        "" => None,
        id => Some(id.parse()?),
    };
    sign_in::act_in(&web.app, &reader.caller, project).await?;
    Ok(Redirect::to(safe_next(&form.next)))
}

#[derive(Debug, Deserialize)]
struct ThemeForm {
    #[serde(default)]
    theme: String,
    #[serde(default)]
    next: String,
}

/// Keeps the theme with the account, and in a cookie that pages are drawn by.
async fn set_theme(State(web): State<Web>, reader: SignedIn, Form(form): Form<ThemeForm>) -> Result<Response, Refusal> {
    let (theme, seconds) = match form.theme.as_str() {
        "light" => (Theme::Light, 31_536_000),
        "dark" => (Theme::Dark, 31_536_000),
        "" => (Theme::System, 0),
        _ => return Err(Fault::invalid("theme", "expected one of: light dark, or nothing").into()),
    };
    me::set_theme(&web.app, &reader.caller, theme).await?;
    let cookie = format!("theme={}; Path=/; SameSite=Lax; Max-Age={seconds}", form.theme);
    let mut response = Redirect::to(safe_next(&form.next)).into_response();
    response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_str(&cookie).map_err(Fault::internal)?);
    Ok(response)
}
