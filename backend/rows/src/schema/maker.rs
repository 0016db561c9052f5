//! Gathers the types of a schema, and beside them what weighing needs.

use async_graphql::Value;
use async_graphql::dynamic::{
    Field, FieldFuture, InputValue, Object, ResolverContext, Schema, SchemaBuilder, Type, TypeRef,
};
use lakegate_model::Fault;
use lakegate_protocol::{Endpoint, limits::Shape};

/// Deepest nesting that is parsed and validated at all; weighing draws the narrower line.
const PARSED_DEPTH: usize = 40;
/// Most directives on one place.
const DIRECTIVES: usize = 5;

/// The types that were made so far.
pub struct Maker {
    builder: SchemaBuilder,
    weights: Shape,
}

/// A field of an object that is still to be made.
pub struct Member {
    field: Field,
    name: String,
    of: String,
    list: bool,
}

/// How often a value is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Nullable,
    Required,
    List,
}

impl Form {
    /// A type in this form; items of lists are always there.
    pub fn of(self, name: &str) -> TypeRef {
        match self {
            Self::Nullable => TypeRef::named(name),
            Self::Required => TypeRef::named_nn(name),
            Self::List => TypeRef::named_nn_list_nn(name),
        }
    }
}

impl Maker {
    /// A schema with this root and nothing else.
    pub fn new(query: &str) -> Self {
        let builder = Schema::build(query, None, None)
            .limit_recursive_depth(PARSED_DEPTH)
            .limit_directives(DIRECTIVES)
            // Nobody is told of names that he did not write.
            .disable_suggestions();
        Self { builder, weights: Shape::default() }
    }

    /// Adds a type that has no fields to ask for.
    pub fn leaf(&mut self, ty: impl Into<Type>, name: &str) {
        self.weights.add_type(name);
        self.put(ty);
    }

    /// Adds an object.
    pub fn object(&mut self, name: &str, description: &str, members: Vec<Member>) {
        let mut object = Object::new(name).description(description);
        for member in members {
            self.weights.add_field(name, &member.name, &member.of, member.list);
            object = object.field(member.field);
        }
        self.put(object);
    }

    fn put(&mut self, ty: impl Into<Type>) {
        // Builders are taken by value.
        let builder = std::mem::replace(&mut self.builder, Schema::build("", None, None));
        self.builder = builder.register(ty);
    }

    /// The schema.
    pub fn finish(self) -> Result<Endpoint<Schema>, Fault> {
        let schema = self.builder.finish().map_err(Fault::internal)?;
        Ok(Endpoint { schema, shape: self.weights })
    }
}

impl Member {
    /// A field that stands in its parent's value under its own name.
    pub fn plain(name: &str, of: &str, form: Form) -> Self {
        let key = name.to_owned();
        Self::resolved(name, of, form, move |ctx| FieldFuture::from_value(of_parent(&ctx, &key)))
    }

    /// A field with a resolver of its own.
    pub fn resolved<F>(name: &str, of: &str, form: Form, resolver: F) -> Self
    where
        F: for<'a> Fn(ResolverContext<'a>) -> FieldFuture<'a> + Send + Sync + 'static,
    {
        let field = Field::new(name, form.of(of), resolver);
        Self { field, name: name.to_owned(), of: of.to_owned(), list: form == Form::List }
    }

    /// With a description.
    #[must_use]
    pub fn described(self, text: impl Into<String>) -> Self {
        Self { field: self.field.description(text), ..self }
    }

    /// With an argument.
    #[must_use]
    pub fn argument(self, argument: InputValue) -> Self {
        Self { field: self.field.argument(argument), ..self }
    }
}

fn of_parent(ctx: &ResolverContext<'_>, key: &str) -> Option<Value> {
    match ctx.parent_value.as_value() {
        Some(Value::Object(members)) => members.get(key).cloned(),
        _ => None,
    }
}
