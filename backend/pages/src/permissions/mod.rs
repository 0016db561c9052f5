//! The explorer of rights: by person, by asset and column, by tag.

mod column;
mod person;
mod tag;

use axum::Router;
use lakegate_app::access::explain::Shows;
use lakegate_model::words::{ProductRole, ProjectRole};

use crate::{kit::Tab, shell::Framed};
use lakegate_http::Web;

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new().merge(person::routes()).merge(column::routes()).merge(tag::routes())
}

/// Word, state of colour, glyph.
type Badge = (&'static str, &'static str, &'static str);

/// What shows of a column.
fn badge(shows: Shows) -> Badge {
    match shows {
        Shows::Whole => ("As it is", "good", "circle-check"),
        Shows::Partial => ("Some rows", "attention", "list-filter"),
        Shows::Masked => ("Masked", "attention", "eye-off"),
        Shows::Nothing => ("Not at all", "", "lock"),
    }
}

/// Whether the reader reviews anybody's access but his own.
fn reviews(frame: &Framed) -> bool {
    let owns = frame.me.projects.iter().any(|(_, role)| *role == ProjectRole::Owner);
    owns || frame.me.is_steward || frame.me.roles.contains(&ProductRole::Auditor)
}

/// The tabs of the area, with one of them open; who reviews nothing has but his own.
fn tabs(frame: &Framed, active: &str) -> Vec<Tab> {
    let tab = |label: &'static str, href: &str| Tab { label, href: href.to_owned(), active: label == active, count: 0 };
    if !reviews(frame) {
        return Vec::new();
    }
    vec![
        tab("By person", "/permissions"),
        tab("By asset and column", "/permissions/assets"),
        tab("By tag", "/permissions/tags"),
    ]
}
