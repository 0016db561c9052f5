//! The schema over a shape.
//!
//! It holds no data and decides nothing: resolvers look the table up in the shape of their own request, which was decided
//! for it alone.

mod inputs;
mod maker;
mod objects;
mod related;
mod scalars;

use async_graphql::{
    Value,
    dynamic::{FieldFuture, ResolverContext, Schema},
};
use lakegate_model::Fault;
use lakegate_protocol::{At, Endpoint, errors};

use crate::{
    by_key, groups, list,
    run::Looking,
    shape::{Shape, Table},
};
use maker::Maker;

/// The root of queries.
const QUERY: &str = "Query";

/// Builds the schema of a shape.
///
/// # Errors
/// Failures of ours: two types of one name.
pub fn build(shape: &Shape) -> Result<Endpoint<Schema>, Fault> {
    let mut maker = Maker::new(QUERY);
    scalars::add(&mut maker);
    inputs::add_conditions(&mut maker);
    objects::add_common(&mut maker);
    for table in &shape.tables {
        inputs::add_table(&mut maker, table);
        if shape.tables.iter().any(|near| near.relations.iter().any(|to| to.many && to.far == table.field)) {
            inputs::add_related(&mut maker, table);
        }
        objects::add_table(&mut maker, shape, table);
    }
    let mut fields = vec![objects::tables_field()];
    for table in &shape.tables {
        fields.push(objects::list_field(table));
        fields.push(objects::groups_field(table));
        fields.extend(related::key_field(table));
    }
    maker.object(QUERY, "The rows of every table that you may read, as you may read them.", fields);
    maker.finish()
}

/// What a root field shows of a table.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Rows,
    Groups,
    ByKey,
}

/// Resolves a root field over a table of the request's own shape.
fn resolve<'a>(ctx: ResolverContext<'a>, field: String, answer: Answer) -> FieldFuture<'a> {
    FieldFuture::new(async move {
        let looking = ctx.data::<Looking>()?;
        let found = match looking.shape.table(&field) {
            Some(table) => of_table(&ctx, looking, table, answer).await,
            None => Err(Fault::not_found("table")),
        };
        found
            .map(|value| Some(value).filter(|value| *value != Value::Null))
            .map_err(|fault| errors::error(&At::of(ctx.ctx), fault))
    })
}

async fn of_table(ctx: &ResolverContext<'_>, looking: &Looking, table: &Table, answer: Answer) -> Result<Value, Fault> {
    match answer {
        Answer::Rows => list::resolve(ctx, looking, table).await,
        Answer::Groups => groups::resolve(ctx, looking, table).await,
        Answer::ByKey => by_key::resolve(ctx, looking, table).await,
    }
}

#[cfg(test)]
#[path = "../schema_tests.rs"]
mod tests;
