//! Every piece of the portal in every state; in development builds only.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};

use super::{
    kit::{Choice, Crumb, Tab, crumbs},
    shell::{Framed, Shell, show},
};
use lakegate_http::{Refusal, Web};

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new().route("/_components", get(components))
}

#[derive(Template)]
#[template(path = "components.html")]
struct ComponentsPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    tabs: Vec<Tab>,
    choices: Vec<Choice>,
}

async fn components(State(_web): State<Web>, framed: Framed) -> Result<Response, Refusal> {
    let tab = |label, active, count| Tab { label, href: "/_components".to_owned(), active, count };
    let page = ComponentsPage {
        shell: framed.shell,
        crumbs: crumbs(&[("Home", "/"), ("Components", "")]),
        tabs: vec![tab("Overview", true, 0), tab("Columns", false, 34), tab("Access", false, 0)],
        choices: vec![Choice::new("a", "Sales operations"), Choice::new("b", "Marketing analytics")],
    };
    show(StatusCode::OK, &page)
}
