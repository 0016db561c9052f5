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

use super::{
    flash,
    kit::{Wrong, back},
    shell::{BareShell, safe_next, show},
};
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
        .route("/acting/lens", post(look_through))
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
    notice: String,
    wrong: Wrong,
}

impl<'a> SignInPage<'a> {
    fn new(web: &'a Web, visitor: &Visitor, next: &'a str, username: &'a str, wrong: Wrong) -> Self {
        let (shell, people) = (BareShell::new(web, visitor), web.config.demo_people.as_slice());
        Self { shell, people, next, username, notice: String::new(), wrong }
    }
}

async fn sign_in_form(
    State(web): State<Web>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(query): Query<Next>,
) -> Result<Response, Refusal> {
    let next = safe_next(&query.next);
    if visitor.session.is_some() {
        return Ok(Redirect::to(next).into_response());
    }
    let notice = if set_up::is_needed(&web.app).await? {
        "Nobody can sign in yet. The server's console shows a link for setting Lakegate up.".to_owned()
    } else {
        flash::of(&headers).map(|flash| flash.text).unwrap_or_default()
    };
    show(StatusCode::OK, &SignInPage { notice, ..SignInPage::new(&web, &visitor, next, "", Wrong::default()) })
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
        Err(fault) => again(fault, |wrong| SignInPage::new(&web, &visitor, next, &form.username, wrong)),
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

/// Shows a form about an account again if the person at it can mend the fault; passes other faults on.
fn again<P: Template>(fault: Fault, page: impl FnOnce(Wrong) -> P) -> Result<Response, Refusal> {
    let here = match fault.code {
        Code::Unauthenticated | Code::Throttled => true,
        Code::Invalid | Code::Conflict => matches!(fault.field.as_deref(), Some("username" | "password")),
        _ => false,
    };
    if !here {
        return Err(fault.into());
    }
    let status = StatusCode::from_u16(fault.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
    show(status, &page(Wrong::of(fault)))
}

#[derive(Template)]
#[template(path = "session/set_up.html")]
struct SetUpPage {
    shell: BareShell,
    username: String,
    wrong: Wrong,
}

async fn set_up_form(
    State(web): State<Web>,
    visitor: Visitor,
    Path(secret): Path<String>,
) -> Result<Response, Refusal> {
    set_up::check_link(&web.app, &secret, LinkPurpose::SetUp).await?;
    let shell = BareShell::new(&web, &visitor);
    show(StatusCode::OK, &SetUpPage { shell, username: String::new(), wrong: Wrong::default() })
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
        let shell = BareShell::new(&web, &visitor);
        return again(fault, |wrong| SetUpPage { shell, username: form.username, wrong });
    }
    let started = sign_in::sign_in(&web.app, &visitor.caller, &form.username, &form.password, agent(&headers)).await?;
    welcome(&web, &visitor, &started, "/").await
}

#[derive(Template)]
#[template(path = "session/reset_password.html")]
struct ResetPage {
    shell: BareShell,
    wrong: Wrong,
}

async fn reset_form(State(web): State<Web>, visitor: Visitor, Path(secret): Path<String>) -> Result<Response, Refusal> {
    set_up::check_link(&web.app, &secret, LinkPurpose::ResetPassword).await?;
    show(StatusCode::OK, &ResetPage { shell: BareShell::new(&web, &visitor), wrong: Wrong::default() })
}

async fn reset_now(
    State(web): State<Web>,
    visitor: Visitor,
    Path(secret): Path<String>,
    Form(form): Form<AccountForm>,
) -> Result<Response, Refusal> {
    match set_up::reset_password(&web.app, &visitor.caller, &secret, &form.password).await {
        Ok(()) => Ok(flash::done("/sign-in", "Password changed. Sign in with the new one.")),
        Err(fault) => again(fault, |wrong| ResetPage { shell: BareShell::new(&web, &visitor), wrong }),
    }
}

#[derive(Template)]
#[template(path = "session/confirm.html")]
struct ConfirmPage<'a> {
    shell: BareShell,
    next: &'a str,
    wrong: Wrong,
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
    show(StatusCode::OK, &ConfirmPage { shell, next, wrong: Wrong::default() })
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
        Err(fault) => again(fault, |wrong| ConfirmPage { shell: BareShell::new(&web, &visitor), next, wrong }),
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
struct LensForm {
    #[serde(default)]
    role: String,
    #[serde(default)]
    purpose: String,
    #[serde(default)]
    next: String,
}

/// Narrows the session to a group or role, and states its purpose.
async fn look_through(
    State(web): State<Web>,
    reader: SignedIn,
    Form(form): Form<LensForm>,
) -> Result<Response, Refusal> {
    let outcome = sign_in::look_through(&web.app, &reader.caller, &form.role, &form.purpose).await;
    back(safe_next(&form.next), outcome.map(|()| "From now on you query like that.".to_owned()))
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
