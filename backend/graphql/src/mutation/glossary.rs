//! Glossary terms, and questions about assets.

use async_graphql::{Context, InputObject, Object};
use lakegate_app::catalog::{glossary, social};

use crate::{
    at::At,
    errors::{Maybe, outcome, payloads},
    scalars::Id,
    types::catalog::{Question, Term},
};

payloads! {
    /// A term after a change.
    TermPayload { term: Term }
    /// A question after a change.
    QuestionPayload { question: Question }
}

/// Words of a term.
#[derive(Debug, InputObject)]
pub struct TermInput {
    name: String,
    /// Markdown.
    definition: String,
}

impl From<TermInput> for glossary::TermInput {
    fn from(input: TermInput) -> Self {
        Self { name: input.name, definition: input.definition }
    }
}

/// Changes of words that assets share, and talk about assets.
#[derive(Debug, Default)]
pub struct GlossaryMutation;

#[Object]
impl GlossaryMutation {
    /// Defines a term in a domain: its steward does.
    async fn create_term(&self, ctx: &Context<'_>, domain: Id, input: TermInput) -> Maybe<TermPayload> {
        let at = At::of(ctx);
        outcome(&at, glossary::create(at.app(), &at.caller, domain.into(), &input.into()).await)
    }

    /// Changes a term.
    async fn update_term(&self, ctx: &Context<'_>, id: Id, input: TermInput) -> Maybe<TermPayload> {
        let at = At::of(ctx);
        outcome(&at, glossary::update(at.app(), &at.caller, id.into(), &input.into()).await)
    }

    /// Asks the owner of an asset; all who may discover it see question and answer.
    async fn ask_question(&self, ctx: &Context<'_>, asset: Id, body: String) -> Maybe<QuestionPayload> {
        let at = At::of(ctx);
        outcome(&at, social::ask(at.app(), &at.caller, asset.into(), &body).await)
    }

    /// Answers a question: whoever may edit the asset. A later answer replaces an earlier one.
    async fn answer_question(&self, ctx: &Context<'_>, id: Id, answer: String) -> Maybe<QuestionPayload> {
        let at = At::of(ctx);
        outcome(&at, social::answer(at.app(), &at.caller, id.into(), &answer).await)
    }
}
