//! What arguments are made of: conditions, filters, orders.

use async_graphql::{
    Value,
    dynamic::{Enum, EnumItem, InputObject, InputValue, TypeRef},
};

use super::maker::Maker;
use crate::{
    filter::{AND, NONE, NOT, OR, Operand, SOME, operators},
    kind::Kind,
    names::part_of,
    shape::Table,
};

/// The way of an order.
const DIRECTION: &str = "Direction";

/// Adds the conditions on values of each kind, and what every order needs.
pub fn add_conditions(maker: &mut Maker) {
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Interval) {
        let mut condition = InputObject::new(kind.condition()).description("Conditions that all have to hold.");
        for (operator, operand) in operators(kind) {
            let ty = match operand {
                Operand::Flag => TypeRef::named(TypeRef::BOOLEAN),
                Operand::One => TypeRef::named(kind.scalar()),
                Operand::Many => TypeRef::named_nn_list(kind.scalar()),
            };
            condition = condition.field(InputValue::new(operator, ty));
        }
        maker.leaf(condition, kind.condition());
    }
    let direction = Enum::new(DIRECTION)
        .item(EnumItem::new("ASC").description("Upwards, NULL last."))
        .item(EnumItem::new("DESC").description("Downwards, NULL first."));
    maker.leaf(direction, DIRECTION);
}

/// Adds the filter and the order of a table.
pub fn add_table(maker: &mut Maker, table: &Table) {
    let filter = part_of(&table.field, "Filter");
    let mut input = InputObject::new(&filter).description("Conditions that all have to hold.");
    for column in &table.columns {
        input = input.field(InputValue::new(&column.field, TypeRef::named(column.kind.condition())));
    }
    for relation in &table.relations {
        let of = if relation.many { "Related" } else { "Filter" };
        input = input.field(InputValue::new(&relation.field, TypeRef::named(part_of(&relation.far, of))));
    }
    for word in [AND, OR] {
        input = input.field(InputValue::new(word, TypeRef::named_nn_list(&filter)));
    }
    maker.leaf(input.field(InputValue::new(NOT, TypeRef::named(&filter))), &filter);
    let columns = part_of(&table.field, "Column");
    let sortable = table.columns.iter().filter(|column| column.kind.compares());
    let all = sortable.fold(Enum::new(&columns), |all, column| all.item(EnumItem::new(&column.field)));
    if has_order(table) {
        maker.leaf(all, &columns);
        let order = part_of(&table.field, "Order");
        let input = InputObject::new(&order).field(InputValue::new("column", TypeRef::named_nn(&columns))).field(
            InputValue::new("direction", TypeRef::named(DIRECTION))
                .default_value(Value::Enum(async_graphql::Name::new("ASC"))),
        );
        maker.leaf(input, &order);
    }
}

/// Adds the condition on rows of a table that refer to one of another.
pub fn add_related(maker: &mut Maker, table: &Table) {
    let (related, filter) = (part_of(&table.field, "Related"), part_of(&table.field, "Filter"));
    let input = InputObject::new(&related)
        .description("Conditions on the rows that refer to one.")
        .field(InputValue::new(SOME, TypeRef::named(&filter)).description("At least one of them fits."))
        .field(InputValue::new(NONE, TypeRef::named(&filter)).description("None of them fits."));
    maker.leaf(input, &related);
}

/// Whether a table has a column by which its rows can be put in order.
pub fn has_order(table: &Table) -> bool {
    table.columns.iter().any(|column| column.kind.compares())
}

/// The arguments of every list over a table.
pub fn of_list(table: &Table) -> Vec<InputValue> {
    let mut all = vec![InputValue::new("filter", TypeRef::named(part_of(&table.field, "Filter")))];
    if has_order(table) {
        all.push(InputValue::new("orderBy", TypeRef::named_nn_list(part_of(&table.field, "Order"))));
    }
    let text = [
        ("first", TypeRef::INT, "Rows of the page: 1 to 200, 50 if absent."),
        ("after", TypeRef::STRING, "The cursor behind which the page begins."),
        ("offset", TypeRef::INT, "How many rows to pass over, instead of a cursor."),
    ];
    all.extend(text.map(|(name, ty, text)| InputValue::new(name, TypeRef::named(ty)).description(text)));
    all
}
