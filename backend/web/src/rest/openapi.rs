//! The OpenAPI document.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, OpenApi as Document, Ref, RefOr, Response,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use super::{account, audit, auth, groups, service_accounts, tokens, users};
use crate::{error::Problem, health};

#[derive(OpenApi)]
#[openapi(
    info(title = "Lakegate", description = "Find, request, approve and use data."),
    paths(
        health::healthz,
        auth::create_access_token,
        auth::refresh_access_token,
        auth::revoke_access_token,
        account::show_me,
        account::change_profile,
        account::change_password,
        account::list_sessions,
        account::end_session,
        users::search_people,
        users::list_users,
        users::create_user,
        users::list_groups_of_user,
        users::set_user_disabled,
        users::set_user_roles,
        users::create_password_link,
        groups::list_groups,
        groups::create_group,
        groups::show_group,
        groups::add_group_member,
        groups::remove_group_member,
        tokens::list_tokens,
        tokens::create_token,
        tokens::revoke_token,
        service_accounts::list_service_accounts,
        service_accounts::create_service_account,
        service_accounts::set_service_account_disabled,
        audit::list_audit_events,
    ),
    components(schemas(Problem)),
    modifiers(&EveryOperation)
)]
struct Api;

/// What all operations share: the form of errors, and tokens.
struct EveryOperation;

impl Modify for EveryOperation {
    fn modify(&self, document: &mut Document) {
        if let Some(components) = document.components.as_mut() {
            let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
            components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        }
        for item in document.paths.paths.values_mut() {
            let methods = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
            methods.into_iter().flatten().for_each(complete);
        }
    }
}

fn complete(operation: &mut Operation) {
    let mut problem = Response::new("A problem document (RFC 9457)");
    let schema = RefOr::Ref(Ref::from_schema_name("Problem"));
    problem.content.insert("application/problem+json".to_owned(), Content::new(Some(schema)));
    operation.responses.responses.insert("default".to_owned(), RefOr::T(problem));
    let bearer = || SecurityRequirement::new("bearer", Vec::<String>::new());
    operation.security.get_or_insert_with(|| vec![bearer()]);
}

/// The document as JSON text with a line break at its end, the same each time.
///
/// # Errors
/// If it cannot be written as JSON, which would be a mistake of ours.
pub fn document() -> Result<String, serde_json::Error> {
    let mut text = Api::openapi().to_pretty_json()?;
    text.push('\n');
    Ok(text)
}
