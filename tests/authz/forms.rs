//! What pages are sent where the table of good values does not fit: the fields of their forms, and the bodies of their
//! scripts.

use lakegate_tests::{Value, json};

use crate::{
    values,
    world::{Ids, World},
};

/// The body of a request to a page.
pub enum Body {
    Form(Vec<(&'static str, String)>),
    Json(Value),
    /// A form with a file.
    File(Vec<(&'static str, String)>),
}

/// The body for a door; `None` if the common values do.
pub async fn body(world: &World, ids: &Ids, door: &str) -> Option<Body> {
    let n = world.next();
    let id = |name: &str| ids.get(name).cloned().unwrap_or_default();
    let revision = match ids.get("asset") {
        Some(asset) => world.revision(asset).await.to_string(),
        None => String::new(),
    };
    let why = "Because it is so.".to_owned();
    let form = match door {
        "POST /account/profile" => vec![("display_name", format!("Made {n}")), ("email", String::new())],
        "POST /account/tokens" | "POST /projects/{project}/accounts/{account}/tokens/new" => {
            vec![("name", format!("made {n}")), ("days", "1".to_owned()), ("scope", "read".to_owned())]
        }
        "POST /account/notices" => vec![
            ("target", format!("source:{}", id("source"))),
            ("way", "portal".to_owned()),
            ("failed", "yes".to_owned()),
        ],
        "POST /account/notices/{watch}" => vec![("failed", "yes".to_owned())],
        "POST /admin/users" => {
            vec![
                ("username", format!("made_{n}")),
                ("display_name", format!("Made {n}")),
                ("role", "auditor".to_owned()),
            ]
        }
        "POST /admin/users/{user}/roles" => vec![("role", "auditor".to_owned())],
        "POST /assets/{id}/publish" | "POST /assets/{id}/archive" | "POST /assets/{id}/undeprecate" => {
            vec![("revision", revision)]
        }
        "POST /assets/{id}/deprecate" => vec![("revision", revision), ("note", why)],
        "POST /assets/{id}/edit" => vec![
            ("revision", revision),
            ("title", format!("Made {n}")),
            ("description", why),
            ("owner", world.sales.producer.owner.id.clone()),
            ("discover", "requestable".to_owned()),
        ],
        "POST /assets/{id}/edit/{column}" => {
            vec![("revision", revision), ("title", format!("Made {n}")), ("description", why)]
        }
        "POST /assets/{id}/names/{suggestion}" => vec![("verdict", "accept".to_owned())],
        "POST /assets/{id}/release" => vec![("revision", revision), ("column", id("column"))],
        "POST /assets/{id}/restrictions/new" => vec![("effect", "hide".to_owned()), ("reason", why)],
        "POST /assets/{id}/grants/new" => {
            vec![("to", "everyone".to_owned()), ("mode", "all".to_owned()), ("reason", why)]
        }
        "POST /assets/{id}/break-glass" => vec![("reason", "Because it is so, and nobody answers.".to_owned())],
        "POST /break-glass/{glass}/review" => vec![("verdict", "confirmed".to_owned()), ("note", why)],
        "POST /admin/policy/coarse/change" => vec![
            ("what", "register".to_owned()),
            ("database", id("database")),
            ("mode", "hybrid".to_owned()),
            ("reason", why),
        ],
        "POST /rules/tags/grants/new" => {
            vec![("to", "everyone".to_owned()), ("tag", format!("made{n}")), ("reason", why)]
        }
        "POST /rules/tags/restrictions/new" => {
            vec![("effect", "hide".to_owned()), ("tag", format!("made{n}")), ("reason", why)]
        }
        "POST /databases/{database}/grants/new" => vec![("to", "everyone".to_owned()), ("reason", why)],
        "POST /assets/{id}/keys/primary" => vec![("key_columns", "cust_id".to_owned())],
        "POST /assets/{id}/keys/foreign" => {
            let column = || "cust_id".to_owned();
            vec![("columns", column()), ("target", id("asset")), ("target_columns", column())]
        }
        "POST /assets/{id}/tags" => vec![("put", "on".to_owned()), ("tag", format!("made{n}"))],
        "POST /acting/lens" => vec![("role", String::new()), ("purpose", String::new()), ("next", "/".to_owned())],
        "POST /reviews/new" => vec![
            ("title", format!("Made {n}")),
            ("over", format!("asset:{}", id("asset"))),
            ("due", (chrono::Utc::now() + chrono::TimeDelta::days(30)).format("%Y-%m-%d").to_string()),
        ],
        "POST /reviews/{review}/items/{item}" => vec![("decision", "keep".to_owned())],
        "POST /assets/{id}/words" => vec![("revision", revision), ("text", world.words(&id("id")).await)],
        "POST /domains/{domain}/stewards" => vec![("person", id("username"))],
        "POST /inbox/invitations/{project}" | "POST /projects/{project}/invitation" => {
            vec![("verdict", "accept".to_owned())]
        }
        "POST /projects/{project}/members/invite" => {
            vec![("person", id("username")), ("role", "viewer".to_owned())]
        }
        "POST /projects/{project}/members/transfer" => vec![("to", id("user"))],
        "POST /projects/{project}/members/{kind}/{member}/role" => vec![("role", "contributor".to_owned())],
        "POST /requests/new" => vec![("asset", id("asset")), ("project", id("project")), ("reason", why)],
        "POST /requests/{key}/decision" => vec![("verdict", "approve".to_owned()), ("reason", why)],
        "POST /projects/{project}/sources/{source}/triggers" => {
            vec![("on", "table_changed".to_owned()), ("name", format!("Made {n}")), ("batch_events", "1".to_owned())]
        }
        "POST /projects/{project}/triggers/{trigger}" => {
            vec![("name", format!("Made {n}")), ("batch_events", "1".to_owned())]
        }
        "POST /projects/{project}/workflows" => {
            vec![("name", format!("Made {n}")), ("definition", values::graph(&id("source")).to_string())]
        }
        "POST /projects/{project}/workflows/{workflow}/edit" => {
            vec![("version", "1".to_owned()), ("definition", values::graph(&id("source")).to_string())]
        }
        "POST /projects/{project}/workflows/{workflow}/start" => vec![("input", "{}".to_owned())],
        "POST /projects/{project}/workflows/{workflow}/schedule" => vec![("interval", "86400".to_owned())],
        "POST /projects/{project}/workflows/{workflow}/triggers" => {
            vec![("name", format!("Made {n}")), ("on", "webhook".to_owned()), ("enabled", "yes".to_owned())]
        }
        "POST /projects/{project}/workflows/{workflow}/rename" => vec![("name", format!("Made {n}"))],
        "POST /projects/{project}/workflows/{workflow}/remove" => vec![("confirm", id("workflow_name"))],
        "POST /projects/{project}/workflows/{workflow}/backfills" => {
            vec![("first", "2026-05-03".to_owned()), ("last", "2026-05-03".to_owned()), ("at_most", "1".to_owned())]
        }
        "POST /projects/{project}/derived" => vec![
            ("name", format!("made_{n}")),
            ("environment", id("environment")),
            ("account", id("account")),
            ("sql", "select 1 as one".to_owned()),
        ],
        "POST /projects/{project}/derived/{derived}/edit" => {
            vec![("version", "1".to_owned()), ("account", id("account")), ("sql", "select 2 as two".to_owned())]
        }
        "POST /projects/{project}/derived/{derived}/schedule" => vec![("interval", "86400".to_owned())],
        "POST /projects/{project}/derived/{derived}/triggers" => {
            vec![("name", format!("Made {n}")), ("on", "webhook".to_owned()), ("enabled", "yes".to_owned())]
        }
        "POST /projects/{project}/derived/{derived}/remove" => vec![("confirm", id("derived_name"))],
        "POST /projects/{project}/accounts/{account}/actors"
        | "POST /projects/{project}/accounts/{account}/actors/remove" => vec![("user", id("user"))],
        "POST /projects/{project}/reported/rules" => {
            vec![("namespace", format!("made{n}")), ("database", id("database"))]
        }
        "POST /projects/{project}/reported/{dataset}" => vec![("is", "itself".to_owned())],
        "POST /projects/{project}/upload" => {
            return Some(Body::File(vec![("environment", id("environment")), ("table", format!("made_{n}"))]));
        }
        "PATCH /assets/{id}/columns" | "PATCH /bench/{asset}/columns" => {
            return Some(Body::Json(json!({ "row": id("column"), "field": "title", "value": format!("Made {n}"),
                "version": revision })));
        }
        "PUT /query/draft" => return Some(Body::Json(json!({ "body": "select 1" }))),
        "POST /query/run" => {
            return Some(Body::Json(json!({ "sql": "select 1 as one", "project": id("project") })));
        }
        _ => return None,
    };
    Some(Body::Form(form))
}

/// What an address needs behind its question mark.
pub fn query(ids: &Ids, door: &str) -> String {
    match door {
        "GET /requests/new" => format!("?asset={}", ids["asset"]),
        "GET /query/{query}/download" => "?format=csv".to_owned(),
        _ => String::new(),
    }
}
