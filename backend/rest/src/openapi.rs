//! The OpenAPI document.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, OpenApi as Document, Ref, RefOr, Response,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use super::{
    account, asset_life, assets, audit, auth, derived_tables, domains, environments, glossary, groups, hooks, jobs,
    lineage, members, notices, previews, projects, queries, requests, results, revisions, runs, saved_queries, search,
    service_accounts, sources, subscriptions, table_keys, tables, tokens, triggers, uploads, users, workflow_runs,
    workflows,
};
use crate::health;
use lakegate_http::error::Problem;

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
        users::show_user,
        users::list_groups_of_user,
        users::set_user_disabled,
        users::set_user_roles,
        users::create_password_link,
        users::confirm_password_link,
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
        domains::list_domains,
        domains::create_domain,
        domains::show_domain,
        domains::change_domain,
        domains::add_steward,
        domains::remove_steward,
        projects::list_projects,
        projects::create_project,
        projects::show_project,
        projects::change_project,
        members::list_members,
        members::add_member,
        members::set_member_role,
        members::remove_member,
        members::leave_project,
        members::transfer_project,
        members::appoint_owner,
        members::list_invitations,
        members::invite,
        members::withdraw_invitation,
        members::list_my_invitations,
        members::accept_invitation,
        members::decline_invitation,
        environments::list_environments,
        environments::create_environment,
        environments::show_environment,
        environments::list_connections,
        environments::create_connection,
        environments::change_connection,
        environments::test_connection,
        environments::list_usable_roots,
        environments::list_roots,
        environments::assign_root,
        environments::withdraw_root,
        sources::list_sources,
        sources::create_source,
        sources::show_source,
        sources::change_source,
        sources::remove_source,
        runs::list_runs,
        runs::start_run,
        runs::show_run,
        runs::cancel_run,
        hooks::call_trigger,
        jobs::list_job_runs,
        jobs::show_job_run,
        jobs::read_job_log,
        jobs::list_job_attempts,
        jobs::cancel_job_run,
        jobs::retry_job_run,
        jobs::discard_job_run,
        jobs::schedule_data_source,
        jobs::schedule_workflow,
        jobs::list_job_schedules,
        jobs::show_job_schedule,
        jobs::delete_job_schedule,
        jobs::show_job_queue,
        jobs::pause_jobs,
        jobs::resume_jobs,
        triggers::list_job_triggers,
        triggers::create_job_trigger,
        triggers::list_workflow_triggers,
        triggers::create_workflow_trigger,
        triggers::show_job_trigger,
        triggers::update_job_trigger,
        triggers::delete_job_trigger,
        triggers::renew_trigger_secret,
        triggers::list_trigger_events,
        triggers::list_job_run_events,
        lineage::asset_lineage,
        lineage::lineage_path,
        lineage::asset_impact,
        lineage::asset_usage,
        derived_tables::list_derived_tables,
        derived_tables::create_derived_table,
        derived_tables::show_derived_table,
        derived_tables::delete_derived_table,
        derived_tables::list_derived_table_versions,
        derived_tables::revise_derived_table,
        derived_tables::run_derived_table,
        derived_tables::schedule_derived_table,
        derived_tables::list_derived_table_triggers,
        derived_tables::create_derived_table_trigger,
        service_accounts::list_service_account_actors,
        service_accounts::add_service_account_actor,
        service_accounts::remove_service_account_actor,
        workflows::list_workflows,
        workflows::create_workflow,
        workflows::show_workflow,
        workflows::rename_workflow,
        workflows::delete_workflow,
        workflows::list_workflow_versions,
        workflows::revise_workflow,
        workflow_runs::list_workflow_runs,
        workflow_runs::start_workflow,
        workflow_runs::show_workflow_run,
        workflow_runs::list_workflow_parts,
        workflow_runs::cancel_workflow_run,
        workflow_runs::retry_workflow_run,
        workflow_runs::list_workflow_backfills,
        workflow_runs::backfill_workflow,
        workflow_runs::show_workflow_backfill,
        workflow_runs::list_workflow_backfill_runs,
        workflow_runs::cancel_workflow_backfill,
        uploads::upload_table,
        uploads::upload_more,
        assets::list_assets,
        assets::show_asset,
        assets::change_asset,
        table_keys::show_keys,
        table_keys::set_primary_key,
        table_keys::declare_foreign_key,
        table_keys::suggest_foreign_keys,
        table_keys::remove_key,
        asset_life::show_readiness,
        asset_life::publish_asset,
        asset_life::deprecate_asset,
        asset_life::undeprecate_asset,
        asset_life::archive_asset,
        asset_life::certify_asset,
        asset_life::release_columns,
        revisions::list_revisions,
        revisions::compare_revisions,
        previews::preview_asset,
        previews::preview_request,
        assets::accept_suggestions,
        assets::accept_suggestion,
        assets::reject_suggestion,
        search::search_catalog,
        search::suggest_in_catalog,
        glossary::list_terms,
        glossary::create_term,
        glossary::show_term,
        glossary::change_term,
        requests::list_requests,
        requests::list_tasks,
        requests::create_requests,
        requests::show_request,
        requests::change_request,
        requests::comment_on_request,
        requests::approve_request,
        requests::reject_request,
        requests::withdraw_request,
        subscriptions::list_subscriptions,
        subscriptions::list_given_subscriptions,
        subscriptions::list_access_to_asset,
        subscriptions::show_subscription,
        subscriptions::revoke_subscription,
        subscriptions::cancel_subscription,
        notices::list_notices,
        notices::count_unread_notices,
        notices::mark_all_notices_read,
        notices::mark_notice_read,
        tables::list_tables,
        queries::run_query,
        queries::list_queries,
        queries::show_query,
        queries::cancel_query,
        results::start_query,
        results::list_rows,
        results::download_result,
        results::delete_result,
        results::show_result_quota,
        saved_queries::list_saved_queries,
        saved_queries::save_query,
        saved_queries::show_saved_query,
        saved_queries::replace_saved_query,
        saved_queries::delete_saved_query,
        audit::export_audit_events,
        audit::get_audit_event,
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
