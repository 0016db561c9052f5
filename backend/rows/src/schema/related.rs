//! What keys make of a schema: fields by key, and relations.

use async_graphql::{
    Value,
    dynamic::{FieldFuture, InputValue, ResolverContext, TypeRef},
};
use lakegate_protocol::{At, errors};

use super::{
    Answer,
    inputs::of_list,
    maker::{Form, Member},
    resolve,
};
use crate::{
    names::part_of,
    shape::{Relation, Shape, Table},
    tree::key_of,
};

/// The field that gives the row of a key, for a table that has one.
pub fn key_field(table: &Table) -> Option<Member> {
    if table.key.is_empty() {
        return None;
    }
    let field = table.field.clone();
    let (name, row) = (part_of(&table.field, "byKey"), part_of(&table.field, "Row"));
    let member = Member::resolved(&name, &row, Form::Nullable, move |ctx| resolve(ctx, field.clone(), Answer::ByKey));
    let columns = table.key.iter().filter_map(|name| table.column(name));
    let arguments = columns.map(|column| InputValue::new(&column.field, TypeRef::named_nn(column.kind.scalar())));
    let member = arguments.fold(member, Member::argument);
    Some(member.described(format!("The row of {}.{} that has this key.", table.database, table.name)))
}

/// The field of a relation.
pub fn relation_field(shape: &Shape, relation: &Relation) -> Option<Member> {
    let far = shape.table(&relation.far)?;
    let (part, form) = if relation.many { ("Connection", Form::Required) } else { ("Row", Form::Nullable) };
    let member = Member::resolved(&relation.field, &part_of(&relation.far, part), form, of_parent);
    let (member, text) = match relation.many {
        true => (of_list(far).into_iter().fold(member, Member::argument), "The rows that refer to this one, of"),
        false => (member, "The row that this one refers to, of"),
    };
    Some(member.described(format!("{text} {}.{}.", far.database, far.name)))
}

/// What the root field found for a relation stands in the value of each row.
fn of_parent(ctx: ResolverContext<'_>) -> FieldFuture<'_> {
    let found = key_of(&ctx.ctx.field()).map(|key| match ctx.parent_value.as_value() {
        Some(Value::Object(members)) => members.get(key.as_str()).filter(|value| **value != Value::Null).cloned(),
        _ => None,
    });
    let found = found.map_err(|fault| errors::error(&At::of(ctx.ctx), fault));
    FieldFuture::new(async move { found })
}
