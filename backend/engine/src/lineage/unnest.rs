//! Lists that become rows, and structs that become columns.

use arrow::datatypes::DataType;
use datafusion::logical_expr::Unnest;

use super::{
    answer::{InfluenceKind, ValueKind},
    traced::{Column, Relation, Text},
};

/// What planning puts around the name of what is to be unnested.
const PLACEHOLDER: &str = "__unnest_placeholder(";

const OUTER: &str = "outer_ref(";

/// Elements of lists are computed, fields of structs copied; how long the lists are decides how often the other columns'
/// cells appear.
pub(super) fn unnested(node: &Unnest, below: Relation) -> Relation {
    let mut columns = Vec::with_capacity(node.dependency_indices.len());
    for (nth, place) in node.dependency_indices.iter().enumerate() {
        let column = below.columns.get(*place).cloned().unwrap_or_default();
        // Which of the columns that come from this one it is.
        let within = node.dependency_indices[..nth].iter().filter(|earlier| *earlier == place).count();
        columns.push(match (is_list(node, *place), node.struct_type_columns.contains(place)) {
            (true, _) => Column { pending: Some(text(node, *place)), ..column.settled().lifted(ValueKind::Computed) },
            (_, true) => field(node, *place, within, column),
            _ => column,
        });
    }
    let mut rows = Relation { columns, influences: below.influences, approximate: below.approximate };
    let mut done = Vec::new();
    for (place, _) in &node.list_type_columns {
        if let Some(list) = below.columns.get(*place)
            && !done.contains(place)
        {
            rows.decided_by(list, InfluenceKind::Join, &text(node, *place));
            done.push(*place);
        }
    }
    rows
}

fn is_list(node: &Unnest, place: usize) -> bool {
    node.list_type_columns.iter().any(|(list, _)| *list == place)
}

fn field(node: &Unnest, place: usize, within: usize, column: Column) -> Column {
    let schema = node.input.schema();
    match schema.fields().get(place).map(|field| field.data_type()) {
        Some(DataType::Struct(fields)) if within < fields.len() => column.field(fields[within].name()),
        _ => column.lifted(ValueKind::Computed),
    }
}

fn text(node: &Unnest, place: usize) -> Text {
    let schema = node.input.schema();
    let name = schema.fields().get(place).map_or("", |field| field.name());
    let inner = name.strip_prefix(PLACEHOLDER).and_then(|rest| rest.strip_suffix(')')).unwrap_or(name);
    // A column of a surrounding query is one all the same.
    let inner = inner.strip_prefix(OUTER).and_then(|rest| rest.strip_suffix(')')).unwrap_or(inner);
    format!("unnest({inner})").into()
}
