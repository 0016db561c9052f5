//! The address `/graphql`: one schema for everybody.

use async_graphql::{Variables, dataloader::DataLoader};
use lakegate_model::Fault;
use lakegate_protocol::{At, Door, Endpoint, http::Opened, limits::Shape};
use std::sync::Arc;

use super::{
    names::Names,
    schema::{self, PortalSchema},
};

/// The schema of the portal, built once.
pub struct Portal(Arc<Endpoint<PortalSchema>>);

impl Portal {
    /// Builds the schema.
    #[expect(clippy::expect_used, reason = "the text is made by the schema itself, and a test makes it")]
    pub fn new() -> Self {
        let schema = schema::build();
        let shape = Shape::of(&schema.sdl()).expect("the schema's own text is a schema");
        Self(Arc::new(Endpoint { schema, shape }))
    }
}

impl Default for Portal {
    fn default() -> Self {
        Self::new()
    }
}

impl Door for Portal {
    type Schema = PortalSchema;

    type Context = DataLoader<Names>;

    async fn open(&self, at: &At, _: &str, _: &Variables) -> Result<Opened<Self>, Fault> {
        Ok((Arc::clone(&self.0), Names::loader(at.clone())))
    }
}
