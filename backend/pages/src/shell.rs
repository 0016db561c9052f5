//! What the frame around a page needs.

use askama::Template;
use axum::{
    extract::FromRequestParts,
    http::{Method, StatusCode, request::Parts},
    response::{Html, IntoResponse, Response},
};
use lakegate_app::{
    access::{break_glass::views as break_glass, notices, views},
    accounts::me::{self, Me},
    places::invitations,
};
use lakegate_model::{
    Fault,
    ids::ProjectId,
    people::Session,
    words::{ProductRole, ProjectRole},
};

use super::{
    flash::{self, Flash},
    kit::{Choice, Who, whole},
};
use lakegate_http::{
    Refusal, Web, assets, csrf,
    extract::{SignedIn, Visitor},
};

/// A signed-in reader with the frame of the page he looks at; others are led to the sign-in page and back.
#[derive(Debug)]
pub struct Framed {
    pub reader: SignedIn,
    pub me: Me,
    pub shell: Shell,
}

/// The frame of signed-in pages: what `base.html` asks for.
#[derive(Debug)]
pub struct Shell {
    pub user_name: String,
    pub initials: String,
    pub csrf: String,
    pub theme: String,
    /// Path and query to come back to.
    pub path: String,
    pub projects: Vec<ShellProject>,
    pub acting: Option<ShellProject>,
    /// The group or role that the session is narrowed to, and what it may be narrowed to.
    pub narrowed: String,
    pub narrowings: Vec<Choice>,
    /// The purpose that the session states, and what it may state.
    pub purpose: String,
    pub purposes: Vec<Choice>,
    pub inbox_count: i64,
    pub notice_count: i64,
    pub demo: bool,
    pub nav: Vec<NavItem>,
    /// Said once, about the form before.
    pub flash: Option<Flash>,
    /// The key of a draft that the browser may forget; empty for none.
    pub draft_done: String,
}

/// A project to act in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellProject {
    pub id: ProjectId,
    pub name: String,
}

/// A place of the navigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NavItem {
    pub label: &'static str,
    pub href: &'static str,
    pub icon: &'static str,
    pub active: bool,
    pub count: i64,
}

impl FromRequestParts<Web> for Framed {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        let reader = SignedIn::from_request_parts(parts, web).await?;
        let me = me::me(&web.app, &reader.caller).await?;
        let mut shell = Shell::new(web, &reader, &me).await?;
        if parts.method != Method::GET {
            // A form that comes back is no place to come back to.
            shell.path = "/".to_owned();
        }
        shell.flash = flash::of(&parts.headers);
        shell.draft_done = shell.flash.as_ref().map(|flash| flash.draft.clone()).unwrap_or_default();
        Ok(Self { reader, me, shell })
    }
}

impl Shell {
    async fn new(web: &Web, reader: &SignedIn, me: &Me) -> Result<Self, Fault> {
        let tasks = views::task_count(&web.app, &reader.caller).await?;
        let invitations = whole(invitations::mine(&web.app, &reader.caller).await?.len());
        let glasses = whole(break_glass::waiting_count(&web.app, &reader.caller).await?);
        let inbox_count = tasks.saturating_add(invitations).saturating_add(glasses);
        let name = me.user.as_ref().map_or(&me.name, |user| &user.display_name);
        let project =
            |project: &lakegate_model::places::Project| ShellProject { id: project.id, name: project.name.clone() };
        Ok(Self {
            user_name: name.clone(),
            initials: Who::named(name).initials,
            csrf: token(web, &reader.session),
            theme: reader.theme.clone(),
            path: reader.here.clone(),
            projects: me.projects.iter().map(|(place, _)| project(place)).collect(),
            acting: me.acting.as_ref().map(project),
            narrowed: me.narrowed.as_ref().map(|role| role.name.clone()).unwrap_or_default(),
            narrowings: me.narrowings.iter().map(|role| Choice::new(role.key.clone(), role.name.clone())).collect(),
            purpose: me.purpose.as_ref().map(|purpose| purpose.name.clone()).unwrap_or_default(),
            purposes: me.purposes.iter().map(|one| Choice::new(one.id.to_string(), one.name.clone())).collect(),
            inbox_count,
            notice_count: notices::unread(&web.app, &reader.caller).await?,
            demo: !web.config.demo_people.is_empty(),
            nav: navigation(me, path_of(&reader.here), inbox_count),
            flash: None,
            draft_done: String::new(),
        })
    }

    /// The address of a file.
    pub fn asset(&self, path: &str) -> String {
        assets::asset_url(path)
    }
}

fn path_of(here: &str) -> &str {
    here.split(['?', '#']).next().unwrap_or(here)
}

/// The places that a person has a use for.
fn navigation(me: &Me, path: &str, inbox: i64) -> Vec<NavItem> {
    let describes = me.is_steward || me.projects.iter().any(|(_, role)| *role >= ProjectRole::Contributor);
    let administers = me.roles.contains(&ProductRole::Administrator);
    let item = |label, href, icon, count| NavItem { label, href, icon, count, active: is_within(path, href) };
    let mut items = vec![
        item("Home", "/", "house", 0),
        item("Search", "/search", "search", 0),
        item("Inbox", "/inbox", "inbox", inbox),
        item("Query", "/query", "terminal", 0),
        item("Projects", "/projects", "boxes", 0),
        item("Glossary", "/glossary", "book-open", 0),
    ];
    if describes {
        items.push(item("To describe", "/bench", "list-checks", 0));
    }
    if describes || administers {
        items.push(item("Jobs", "/jobs", "workflow", 0));
    }
    let holds = |roles: &[ProductRole]| roles.iter().any(|role| me.roles.contains(role));
    if holds(&[ProductRole::DataProtectionOfficer, ProductRole::Auditor]) {
        items.push(item("Purposes", "/purposes", "shield", 0));
    }
    let owns = me.projects.iter().any(|(_, role)| *role == ProjectRole::Owner);
    if holds(&[ProductRole::SecurityAdministrator, ProductRole::Auditor]) || me.is_steward || owns {
        items.push(item("Reviews", "/reviews", "clipboard-check", 0));
    }
    if holds(&[ProductRole::Auditor]) || me.is_steward || owns {
        items.push(item("Permissions", "/permissions", "key-round", 0));
    }
    items.push(item("Audit", "/audit", "scroll-text", 0));
    if me.roles.contains(&ProductRole::SecurityAdministrator) {
        items.push(item("Rules", "/admin/policy", "shield-check", 0));
    }
    if administers {
        items.push(item("Admin", "/admin/users", "settings", 0));
    } else if me.is_steward {
        items.push(item("Domains", "/domains", "folder-tree", 0));
    }
    items
}

/// Whether a page belongs to a place of the navigation.
fn is_within(path: &str, href: &str) -> bool {
    let below = |root: &str| path == root || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'));
    match href {
        "/" => path == "/",
        "/search" => below("/search") || below("/assets"),
        "/inbox" => below("/inbox") || below("/requests"),
        "/admin/users" => (below("/admin") && !below("/admin/policy") && !below("/admin/jobs")) || below("/domains"),
        "/admin/policy" => below("/admin/policy") || below("/rules"),
        "/projects" => below("/projects") || below("/databases"),
        "/reviews" => below("/reviews") || below("/break-glass"),
        "/jobs" => below("/jobs") || below("/admin/jobs"),
        _ => below(href),
    }
}

/// The frame of pages without navigation: sign-in, set-up, errors.
#[derive(Debug, Clone, Default)]
pub struct BareShell {
    pub csrf: String,
    pub theme: String,
}

impl BareShell {
    /// The frame for a visitor.
    pub fn new(web: &Web, visitor: &Visitor) -> Self {
        let csrf = visitor.session.as_ref().map(|session| token(web, session)).unwrap_or_default();
        Self { csrf, theme: visitor.theme.clone() }
    }

    /// The address of a file.
    pub fn asset(&self, path: &str) -> String {
        assets::asset_url(path)
    }
}

/// The token that the forms of a session's page carry.
pub fn token(web: &Web, session: &Session) -> String {
    csrf::show(&web.app, session)
}

/// A page with a status.
///
/// # Errors
/// `internal` if the template fails.
pub fn show(status: StatusCode, page: &impl Template) -> Result<Response, Refusal> {
    let html = page.render().map_err(Fault::internal)?;
    Ok((status, Html(html)).into_response())
}

/// The place to go to after a form, if it is one of ours; the start page otherwise.
pub fn safe_next(next: &str) -> &str {
    let inside = next.starts_with('/') && !next.starts_with("//") && !next.starts_with("/\\");
    let plain = next.len() <= 2_000 && !next.chars().any(|c| c.is_control() || c == '\\');
    if inside && plain { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_belong_to_one_place() {
        assert!(is_within("/assets/1/edit", "/search") && is_within("/requests/REQ-000001", "/inbox"));
        assert!(is_within("/admin/policy", "/admin/policy") && !is_within("/admin/policy", "/admin/users"));
        assert!(is_within("/", "/") && !is_within("/search", "/"));
        assert!(is_within("/admin/groups", "/admin/users") && !is_within("/queries", "/query"));
    }

    #[test]
    fn next_stays_inside() {
        for next in ["/", "/search?q=a&b=c", "/assets/a#b"] {
            assert_eq!(safe_next(next), next);
        }
        for next in
            ["", "https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nb", "javascript:1", "/a\\b"]
        {
            assert_eq!(safe_next(next), "/", "{next:?}");
        }
    }
}
