//! The schema: every area put together.

use async_graphql::{MergedObject, Schema, SchemaBuilder};

use super::{
    mutation::{
        access::AccessMutation, accounts::AccountsMutation, assets::AssetsMutation, break_glass::BreakGlassMutation,
        coarse::CoarseMutation, derived::DerivedMutation, glossary::GlossaryMutation, grants::GrantsMutation,
        jobs::JobsMutation, members::MembersMutation, places::PlacesMutation, policy::PolicyMutation,
        purposes::PurposesMutation, reported::ReportedMutation, reviews::ReviewsMutation, rules::RulesMutation,
        run::RunMutation, run_notices::RunNoticesMutation, simulate::SimulateMutation, sources::SourcesMutation,
        storage::StorageMutation, table_keys::TableKeysMutation, tags::TagsMutation, triggers::TriggersMutation,
        users::UsersMutation, workflows::WorkflowsMutation,
    },
    query::{
        access::AccessQuery, break_glass::BreakGlassQuery, catalog::CatalogQuery, coarse::CoarseQuery,
        derived::DerivedQuery, explore::ExploreQuery, grants::GrantsQuery, jobs::JobsQuery, lineage::LineageQuery,
        node::NodeQuery, people::PeopleQuery, places::PlacesQuery, policy::PolicyQuery, purposes::PurposesQuery,
        reported::ReportedQuery, reviews::ReviewsQuery, rules::RulesQuery, run::RunQuery, run_notices::RunNoticesQuery,
        search::SearchQuery, sources::SourcesQuery, table_keys::TableKeysQuery, triggers::TriggersQuery,
        workflows::WorkflowsQuery,
    },
    subscription::Following,
};

/// Looking things up. Results of queries come as files from REST: `POST /api/v1/query` runs and streams one,
/// `GET /api/v1/queries/{query}/download` a kept one.
#[derive(Debug, Default, MergedObject)]
pub struct Query(
    PeopleQuery,
    PlacesQuery,
    CatalogQuery,
    SearchQuery,
    SourcesQuery,
    JobsQuery,
    TriggersQuery,
    WorkflowsQuery,
    DerivedQuery,
    OriginQuery,
    TableKeysQuery,
    RunNoticesQuery,
    AccessQuery,
    GrantsQuery,
    CoarseQuery,
    RulesQuery,
    PurposesQuery,
    PolicyQuery,
    ReviewsQuery,
    BreakGlassQuery,
    ExploreQuery,
    RunQuery,
    NodeQuery,
);

/// Changing things. Files go in by REST, where their bytes are streamed: `POST /api/v1/environments/{environment}/uploads`
/// makes a table, `POST /api/v1/assets/{asset}/uploads` adds to one. Tokens for programs that sign in with a password come
/// from `POST /api/v1/auth/token`.
#[derive(Debug, Default, MergedObject)]
pub struct Mutation(
    PlacesMutation,
    MembersMutation,
    StorageMutation,
    SourcesMutation,
    JobsMutation,
    TriggersMutation,
    WorkflowsMutation,
    OriginMutation,
    RunNoticesMutation,
    DescribingMutation,
    GlossaryMutation,
    AccessMutation,
    GrantsMutation,
    CoarseMutation,
    RulesMutation,
    PurposesMutation,
    PolicyMutation,
    SimulateMutation,
    ReviewsMutation,
    BreakGlassMutation,
    TagsMutation,
    RunMutation,
    UsersMutation,
    AccountsMutation,
);

/// Where data comes from: one member of [`Query`], since the types of many nest deeper than the compiler follows.
#[derive(Debug, Default, MergedObject)]
pub struct OriginQuery(LineageQuery, ReportedQuery);

/// What makes tables, and what is told of that: one member of [`Mutation`] for the same reason.
#[derive(Debug, Default, MergedObject)]
pub struct OriginMutation(DerivedMutation, ReportedMutation);

/// What is said of assets: one member of [`Mutation`] for the same reason.
#[derive(Debug, Default, MergedObject)]
pub struct DescribingMutation(AssetsMutation, TableKeysMutation);

/// The schema of `/graphql`.
pub type PortalSchema = Schema<Query, Mutation, Following>;

/// Deepest nesting that is parsed and validated at all; [`super::limits`] draws the narrower line before execution.
const PARSED_DEPTH: usize = 40;
/// Most directives on one place.
const DIRECTIVES: usize = 5;

/// Builds the schema. It holds no data: the caller comes with each request.
pub fn build() -> PortalSchema {
    builder().finish()
}

fn builder() -> SchemaBuilder<Query, Mutation, Following> {
    Schema::build(Query::default(), Mutation::default(), Following)
        .limit_recursive_depth(PARSED_DEPTH)
        .limit_directives(DIRECTIVES)
}

/// The schema as text.
pub fn sdl() -> String {
    let text = build().sdl();
    format!("{}\n", text.trim())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_committed_schema_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../frontend/schema.graphql");
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(committed == sdl(), "write it anew: lakegate schema graphql > frontend/schema.graphql");
    }

    #[test]
    fn every_root_field_may_be_null() {
        let schema = sdl();
        for root in ["type Query {", "type Mutation {", "type Following {"] {
            let body = schema.split_once(root).unwrap().1.split_once("\n}").unwrap().0;
            let fields =
                body.lines().filter(|line| line.starts_with("\t") && line.contains(':') && !line.contains("\"\"\""));
            for field in fields.filter(|line| line.contains('(') || !line.starts_with("\t\t")) {
                assert!(!field.ends_with('!'), "a refusal would take its neighbours along: {field}");
            }
        }
    }
}
