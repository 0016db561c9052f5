//! Expressions as people read them.

use datafusion::{
    common::tree_node::{Transformed, TreeNode},
    logical_expr::{Expr, expr::Placeholder},
    sql::unparser::Unparser,
};

use super::{expression::Here, traced::Text};

/// Longest expression that is kept, in characters.
const LENGTH_MAX: usize = 1_000;

/// The SQL of an expression; columns that have no name of their own are spelled out.
pub(super) fn text(expression: &Expr, here: &Here<'_>) -> Text {
    let spelled = expression.clone().transform(|part| {
        let pending = match &part {
            Expr::Column(column) => here.column(column).and_then(|found| found.pending.clone()),
            _ => None,
        };
        Ok(match pending {
            // A placeholder is written as it stands.
            Some(text) => Transformed::yes(Expr::Placeholder(Placeholder::new_with_field(text.to_string(), None))),
            None => Transformed::no(part),
        })
    });
    let spelled = spelled.map_or_else(|_| expression.clone(), |done| done.data);
    let sql = Unparser::default().with_pretty(true).expr_to_sql(&spelled);
    shortened(sql.map_or_else(|_| spelled.human_display().to_string(), |sql| sql.to_string()))
}

/// The same with brackets if it would fall apart as part of another.
pub(super) fn part(expression: &Expr, here: &Here<'_>) -> Text {
    let text = text(expression, here);
    match expression {
        Expr::AggregateFunction(_) | Expr::ScalarFunction(_) | Expr::WindowFunction(_) | Expr::Cast(_) => text,
        Expr::Literal(..) | Expr::Placeholder(_) => text,
        _ => format!("({text})").into(),
    }
}

fn shortened(text: String) -> Text {
    match text.char_indices().nth(LENGTH_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}
