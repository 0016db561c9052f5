//! Service accounts of a project, their tokens, and who acts as them.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::accounts::api_tokens::{self, MAX_DAYS, MadeToken, NewToken};
use lakegate_model::{
    Fault, Timestamp,
    ids::{ApiTokenId, ProjectId, ServiceAccountId},
    people::{ApiToken, ServiceAccount},
    words::{ProjectRole, TokenScope},
};
use serde::Deserialize;

use super::{
    Head, Section,
    account_actors::{Actors, people},
    head,
};
use crate::{
    fields::Fields,
    flash::done,
    kit::{Choice, When, Who, Wrong, again, back, spoken},
    proof::{self, Proof},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/accounts", get(list).post(create))
        .route("/projects/{project}/accounts/{account}/tokens/new", get(token_form).post(create_token))
        .route("/projects/{project}/accounts/{account}/state", post(set_state))
        .route("/projects/{project}/tokens/{token}/revoke", post(revoke))
}

struct Token {
    name: String,
    prefix: String,
    scopes: String,
    until: When,
    used: When,
    /// `Active`, `Ended` or `Revoked`.
    state: &'static str,
    revoke: String,
}

struct Account {
    who: Who,
    role: String,
    disabled: bool,
    since: When,
    tokens: Vec<Token>,
    state: String,
    new_token: String,
    /// Path of those who act as it.
    actors_path: String,
    actors: Actors,
    id: String,
}

#[derive(Debug, Default, Deserialize)]
struct AccountForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
}

#[derive(Template)]
#[template(path = "project/accounts.html")]
struct AccountsPage {
    shell: Shell,
    head: Head,
    accounts: Vec<Account>,
    roles: Vec<Choice>,
    form: AccountForm,
    wrong: Wrong,
}

async fn page(
    web: &Web,
    framed: Framed,
    id: ProjectId,
    form: AccountForm,
    wrong: Wrong,
) -> Result<AccountsPage, Refusal> {
    let head = head(web, &framed.reader, id, Section::Accounts).await?;
    let people = people(web, &framed.reader, &head).await?;
    let mut accounts = Vec::new();
    for account in api_tokens::accounts(&web.app, &framed.reader.caller, id).await? {
        let tokens = api_tokens::list(&web.app, &framed.reader.caller, Some(account.id)).await?;
        let actors = Actors::of(web, &framed.reader, account.id, &people).await?;
        accounts.push(shown(&head, account, (tokens, actors), web.app.now()));
    }
    let roles = vec![Choice::new("viewer", "Viewer"), Choice::new("contributor", "Contributor")];
    Ok(AccountsPage { shell: framed.shell, head, accounts, roles, form, wrong })
}

fn shown(head: &Head, account: ServiceAccount, (tokens, actors): (Vec<ApiToken>, Actors), now: Timestamp) -> Account {
    let base = format!("{}/accounts/{}", head.base, account.id);
    let path = |end: &str| if head.manages { format!("{base}/{end}") } else { String::new() };
    Account {
        who: Who::named(&account.name),
        role: spoken(account.role.as_str()),
        disabled: account.disabled,
        since: When::at(account.created_at),
        state: path("state"),
        new_token: if account.disabled { String::new() } else { path("tokens/new") },
        tokens: tokens.into_iter().map(|token| shown_token(head, token, now)).collect(),
        actors_path: path("actors"),
        actors,
        id: account.id.to_string(),
    }
}

fn shown_token(head: &Head, token: ApiToken, now: Timestamp) -> Token {
    let state = match (token.revoked_at, token.expires_at <= now) {
        (Some(_), _) => "Revoked",
        (None, true) => "Ended",
        (None, false) => "Active",
    };
    let may_revoke = head.manages && state == "Active";
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    Token {
        name: token.name,
        prefix: token.prefix,
        scopes: scopes.join(", "),
        until: When::at(token.expires_at),
        used: When::maybe(token.last_used_at),
        state,
        revoke: if may_revoke { format!("{}/tokens/{}/revoke", head.base, token.id) } else { String::new() },
    }
}

async fn list(State(web): State<Web>, framed: Framed, Path(id): Path<ProjectId>) -> Result<Response, Refusal> {
    show(StatusCode::OK, &page(&web, framed, id, AccountForm::default(), Wrong::default()).await?)
}

async fn create(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Form(form): Form<AccountForm>,
) -> Result<Response, Refusal> {
    let outcome = async {
        let role: ProjectRole = form.role.parse().map_err(|fault: Fault| fault.on("role"))?;
        api_tokens::create_account(&web.app, &framed.reader.caller, id, &form.name, role).await
    };
    match outcome.await {
        Ok(account) => {
            let to = format!("/projects/{id}/accounts/{}/tokens/new", account.id);
            Ok(done(&to, &format!("{} is there. Make a token for it.", account.name)))
        }
        Err(fault) => again(fault, |wrong| page(&web, framed, id, form, wrong)).await,
    }
}

#[derive(Debug, Default, Deserialize)]
struct StateForm {
    #[serde(default)]
    disabled: String,
}

async fn set_state(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, ServiceAccountId)>,
    Form(form): Form<StateForm>,
) -> Result<Response, Refusal> {
    let disabled = form.disabled == "yes";
    let outcome = api_tokens::set_account_disabled(&web.app, &framed.reader.caller, id, disabled).await;
    let text =
        if disabled { "Disabled. Its tokens stop with the next request." } else { "Enabled. Its tokens work again." };
    back(&format!("/projects/{project}/accounts"), outcome.map(|()| text.to_owned()))
}

async fn revoke(
    State(web): State<Web>,
    framed: Framed,
    Path((project, token)): Path<(ProjectId, ApiTokenId)>,
) -> Result<Response, Refusal> {
    let outcome = api_tokens::revoke(&web.app, &framed.reader.caller, token).await;
    back(&format!("/projects/{project}/accounts"), outcome.map(|()| "Token revoked.".to_owned()))
}

/// What was typed for a token: a name, days, and `scope` as often as one is ticked.
#[derive(Debug, Default)]
struct TokenForm {
    name: String,
    days: String,
    scopes: Vec<TokenScope>,
}

impl TokenForm {
    fn of(fields: &Fields) -> Result<Self, Fault> {
        let scopes = fields.all("scope").map(str::parse);
        Ok(Self {
            name: fields.one("name").to_owned(),
            days: fields.one("days").to_owned(),
            scopes: scopes.collect::<Result<_, Fault>>().map_err(|fault| fault.on("scopes"))?,
        })
    }

    fn new_token(&self, account: ServiceAccountId) -> Result<NewToken, Fault> {
        let days = self.days.trim().parse();
        let days = days.map_err(|_| Fault::invalid("days", format!("give a number from 1 to {MAX_DAYS}")))?;
        Ok(NewToken { name: self.name.clone(), scopes: self.scopes.clone(), days, account: Some(account) })
    }
}

struct ScopeChoice {
    value: &'static str,
    label: &'static str,
    help: &'static str,
    chosen: bool,
}

fn scopes(chosen: &[TokenScope]) -> Vec<ScopeChoice> {
    let choice = |scope: TokenScope, label, help| ScopeChoice {
        value: scope.as_str(),
        label,
        help,
        chosen: chosen.contains(&scope),
    };
    vec![
        choice(TokenScope::Query, "Query", "Run SQL over what the project may read."),
        choice(TokenScope::Read, "Read", "Read the catalog, requests and subscriptions."),
        choice(TokenScope::Write, "Write", "Bring data in and change what the role allows."),
    ]
}

#[derive(Template)]
#[template(path = "project/token.html")]
struct TokenPage {
    shell: Shell,
    head: Head,
    account: String,
    action: String,
    form: TokenForm,
    scopes: Vec<ScopeChoice>,
    proof: Proof,
    /// The secret, shown on the answer to the form and never again.
    secret: String,
    until: When,
    /// A first use of it on a command line.
    trial: String,
    wrong: Wrong,
}

async fn token_page(
    web: &Web,
    framed: Framed,
    (project, id): (ProjectId, ServiceAccountId),
    form: TokenForm,
    wrong: Wrong,
) -> Result<TokenPage, Refusal> {
    let head = head(web, &framed.reader, project, Section::Accounts).await?;
    let accounts = api_tokens::accounts(&web.app, &framed.reader.caller, project).await?;
    let account = accounts.into_iter().find(|account| account.id == id);
    let account = account.ok_or_else(|| Fault::not_found("service account"))?.name;
    Ok(TokenPage {
        action: format!("{}/accounts/{id}/tokens/new", head.base),
        head: head.below(Section::Accounts, &format!("Token for {account}")),
        scopes: scopes(&form.scopes),
        proof: Proof::of(web, &framed),
        shell: framed.shell,
        account,
        form,
        secret: String::new(),
        until: When::default(),
        trial: String::new(),
        wrong,
    })
}

/// A query by `curl`, ready for copying.
fn trial(secret: &str, project: ProjectId) -> String {
    format!(
        "curl \"$LAKEGATE/api/v1/query\" \\\n  -H 'Authorization: Bearer {secret}' \\\n  -H 'Lakegate-Project: {project}' \\\n  \
         -H 'Content-Type: application/json' \\\n  -d '{{\"sql\":\"select 1\",\"format\":\"json\"}}'"
    )
}

async fn token_form(
    State(web): State<Web>,
    framed: Framed,
    Path(which): Path<(ProjectId, ServiceAccountId)>,
) -> Result<Response, Refusal> {
    let form = TokenForm { scopes: vec![TokenScope::Query], days: "90".to_owned(), name: String::new() };
    show(StatusCode::OK, &token_page(&web, framed, which, form, Wrong::default()).await?)
}

async fn create_token(
    State(web): State<Web>,
    framed: Framed,
    Path(which): Path<(ProjectId, ServiceAccountId)>,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    let form = TokenForm::of(&fields)?;
    let made = async {
        let new = form.new_token(which.1)?;
        proof::confirm(&web, &framed, &fields).await?;
        api_tokens::create(&web.app, &framed.reader.caller, &new).await
    };
    match made.await {
        Ok(MadeToken { token, secret }) => {
            let page = token_page(&web, framed, which, form, Wrong::default()).await?;
            let (until, trial) = (When::at(token.expires_at), trial(&secret, which.0));
            show(StatusCode::CREATED, &TokenPage { secret, until, trial, ..page })
        }
        Err(fault) => again(proof::missing(fault), |wrong| token_page(&web, framed, which, form, wrong)).await,
    }
}
