//! The address `/data/graphql`: a schema for each shape of what somebody sees.

use async_graphql::{Variables, dynamic::Schema};
use lakegate_app::{Identity, query::shape::shown};
use lakegate_model::Fault;
use lakegate_protocol::{At, Door, http::Opened, stranger};
use std::sync::Arc;

use crate::{
    cache::Cache,
    run::Looking,
    shape::{Shape, wanted},
};

/// The schemas of this process.
#[derive(Default)]
pub struct Data {
    schemas: Cache,
}

impl Door for Data {
    type Schema = Schema;
    type Context = Looking;

    const OMITS: bool = true;
    /// Each is a query of its own.
    const ROOT_FIELDS: usize = 20;

    async fn open(&self, at: &At, document: &str, variables: &Variables) -> Result<Opened<Self>, Fault> {
        if at.caller.identity == Identity::Anonymous {
            return Err(stranger());
        }
        let tables = shown(at.app(), &at.caller, &wanted(document, variables)).await?;
        let shape = Arc::new(Shape::of(tables));
        Ok((self.schemas.get(&shape).await?, Looking::at(shape)))
    }
}
