//! What goes into the value of an expression.

use arrow::datatypes::DataType;
use datafusion::{
    common::{
        Column as Name, DFSchema,
        tree_node::{TreeNode, TreeNodeRecursion},
    },
    logical_expr::{
        Case, Expr, WindowFunctionDefinition,
        expr::{AggregateFunction, ScalarFunction, Sort, WindowFunction},
        logical_plan::Subquery,
        utils::split_conjunction,
    },
};

use super::{
    answer::{InfluenceKind, ValueKind},
    function::{Treatment, treatment},
    node::{Around, Outer, relation},
    text::{part, text},
    traced::{Column, Relation, Text},
};

/// Columns by their names in a schema.
pub(super) type Part<'a> = (&'a DFSchema, &'a [Column]);

/// Where an expression stands: the columns that it may name, side by side, and what surrounds the node.
pub(super) struct Here<'a> {
    pub parts: &'a [Part<'a>],
    pub around: Around<'a>,
}

impl<'a> Here<'a> {
    /// The column of a name.
    pub fn column(&self, name: &Name) -> Option<&'a Column> {
        self.parts.iter().find_map(|(schema, columns)| columns.get(schema.maybe_index_of_column(name)?))
    }

    /// What goes into a column of a projection or of the like.
    pub fn named(&self, expression: &Expr) -> Column {
        let bare = bare(expression);
        let value = self.value(bare);
        let has_name = matches!(expression, Expr::Alias(_));
        match (is_plain(bare), has_name) {
            (true, true) => value.settled().explained(|| text(bare, self)),
            (true, false) => value.explained(|| text(bare, self)),
            (false, true) => value.stepped(&text(bare, self)),
            (false, false) => Column { pending: Some(part(bare, self)), ..value },
        }
    }

    /// Lets a condition decide about rows, each part of a conjunction by itself.
    pub fn decide(&self, condition: &Expr, kind: InfluenceKind, rows: &mut Relation) {
        for condition in split_conjunction(condition) {
            rows.decided_by(&self.value(condition), kind, &text(condition, self));
        }
    }

    /// Lets the keys of a sort decide about rows.
    pub fn sort(&self, keys: &[Sort], rows: &mut Relation) {
        for key in keys {
            rows.decided_by(&self.value(&key.expr), InfluenceKind::Order, &self.sort_text(key));
        }
    }

    fn sort_text(&self, key: &Sort) -> Text {
        let text = text(&key.expr, self);
        if key.asc { text } else { format!("{text} DESC").into() }
    }

    /// What goes into the value of an expression.
    pub fn value(&self, expression: &Expr) -> Column {
        match expression {
            Expr::Column(name) => self.column(name).cloned().unwrap_or_else(|| self.anything()),
            Expr::OuterReferenceColumn(_, name) => self.around.column(name).unwrap_or_else(|| self.anything()),
            Expr::Alias(alias) => self.value(&alias.expr),
            Expr::Literal(..) | Expr::Placeholder(_) | Expr::ScalarVariable(..) => Column::default(),
            Expr::Cast(cast) => self.value(&cast.expr).lifted(ValueKind::Cast),
            Expr::TryCast(cast) => self.value(&cast.expr).lifted(ValueKind::Cast),
            Expr::Case(case) => self.case(case),
            Expr::ScalarFunction(call) => self.call(call),
            Expr::AggregateFunction(call) => self.aggregate(call),
            Expr::WindowFunction(call) => self.window(call),
            Expr::ScalarSubquery(query) => self.subquery(query),
            Expr::Exists(exists) => {
                let rows = self.rows_of(&exists.subquery);
                Column { influences: rows.influences, approximate: rows.approximate, ..Column::default() }
            }
            Expr::InSubquery(within) => self.compared(&within.expr, &within.subquery),
            Expr::SetComparison(set) => self.compared(&set.expr, &set.subquery),
            #[expect(deprecated, reason = "a plan may hold it all the same")]
            Expr::Wildcard { .. } => self.anything(),
            other => self.mixed(other, ValueKind::Computed),
        }
    }

    /// Everything below an expression, changed.
    fn mixed(&self, expression: &Expr, kind: ValueKind) -> Column {
        let mut all = Column::default();
        let walked = expression.apply_children(|child| {
            all.absorb(&self.value(child).lifted(kind));
            Ok(TreeNodeRecursion::Continue)
        });
        if walked.is_err() { self.anything() } else { all }
    }

    /// An expression that names what is not here: all that could be meant.
    fn anything(&self) -> Column {
        let mut all = Column { approximate: true, ..Column::default() };
        for column in self.parts.iter().flat_map(|(_, columns)| *columns) {
            all.absorb(&column.clone().lifted(ValueKind::Computed));
        }
        all.absorb(&self.around.anything());
        all
    }

    fn case(&self, case: &Case) -> Column {
        let mut value = Column::default();
        for (_, then) in &case.when_then_expr {
            value.absorb(&self.value(then));
        }
        if let Some(otherwise) = &case.else_expr {
            value.absorb(&self.value(otherwise));
        }
        let compared = case.expr.iter().map(|base| &**base);
        for condition in compared.chain(case.when_then_expr.iter().map(|(when, _)| &**when)) {
            value.decided_by(&self.value(condition), InfluenceKind::Condition, &text(condition, self));
        }
        value
    }

    fn call(&self, call: &ScalarFunction) -> Column {
        let all = |kind| {
            call.args.iter().fold(Column::default(), |mut all, argument| {
                all.absorb(&self.value(argument).lifted(kind));
                all
            })
        };
        match treatment(call) {
            Treatment::Mixed(kind) => all(kind),
            Treatment::Cast => all(ValueKind::Cast),
            Treatment::Nothing => Column::default(),
            Treatment::Chosen { from, by } => self.chosen(call, &from, &by),
            Treatment::Field(path) => self.field(call, &path).unwrap_or_else(|| all(ValueKind::Computed)),
            Treatment::Struct(fields) => {
                let value = |(name, nth): (String, usize)| Some((name, self.value(call.args.get(nth)?)));
                Column::assembled(fields.into_iter().filter_map(value).collect())
            }
        }
    }

    fn chosen(&self, call: &ScalarFunction, from: &[usize], by: &[usize]) -> Column {
        let mut value = Column::default();
        for argument in from.iter().filter_map(|nth| call.args.get(*nth)) {
            value.absorb(&self.value(argument));
        }
        let whole = text(&Expr::ScalarFunction(call.clone()), self);
        for argument in by.iter().filter_map(|nth| call.args.get(*nth)) {
            value.decided_by(&self.value(argument), InfluenceKind::Condition, &whole);
        }
        value
    }

    /// A field of a struct; a value of a map is no field.
    fn field(&self, call: &ScalarFunction, path: &[String]) -> Option<Column> {
        let base = call.args.first()?;
        let mut kind = self.data_type(base)?;
        let mut value = self.value(base);
        for name in path {
            let DataType::Struct(fields) = &kind else { return None };
            let inner = fields.find(name)?.1.data_type().clone();
            value = value.field(name);
            kind = inner;
        }
        Some(value)
    }

    fn data_type(&self, expression: &Expr) -> Option<DataType> {
        use datafusion::logical_expr::ExprSchemable;
        match expression {
            Expr::OuterReferenceColumn(field, _) => Some(field.data_type().clone()),
            other => self.parts.iter().find_map(|(schema, _)| other.get_type(*schema).ok()),
        }
    }

    fn aggregate(&self, call: &AggregateFunction) -> Column {
        let mut value = Column::default();
        // What `grouping` answers follows from the grouping sets alone.
        let args = if call.func.name() == "grouping" { &[] } else { &call.params.args[..] };
        for argument in args {
            value.absorb(&self.value(argument).lifted(ValueKind::Aggregated));
        }
        self.filter(call.params.filter.as_deref(), &mut value);
        for key in &call.params.order_by {
            value.decided_by(&self.value(&key.expr), InfluenceKind::Order, &self.sort_text(key));
        }
        value
    }

    /// `FILTER (WHERE ..)` of an aggregate: it decides about this column alone.
    fn filter(&self, condition: Option<&Expr>, value: &mut Column) {
        for condition in condition.into_iter().flat_map(split_conjunction) {
            value.decided_by(&self.value(condition), InfluenceKind::Filter, &text(condition, self));
        }
    }

    fn window(&self, call: &WindowFunction) -> Column {
        let kind = match call.fun {
            WindowFunctionDefinition::AggregateUDF(_) => ValueKind::Aggregated,
            WindowFunctionDefinition::WindowUDF(_) => ValueKind::Computed,
        };
        let mut value = Column::default();
        for argument in &call.params.args {
            value.absorb(&self.value(argument).lifted(kind));
        }
        self.filter(call.params.filter.as_deref(), &mut value);
        for key in &call.params.partition_by {
            value.decided_by(&self.value(key), InfluenceKind::Window, &text(key, self));
        }
        for key in &call.params.order_by {
            value.decided_by(&self.value(&key.expr), InfluenceKind::Window, &self.sort_text(key));
        }
        value
    }

    /// The rows of a subquery, which may name columns of this place.
    fn rows_of(&self, query: &Subquery) -> Relation {
        let outer = Outer { parent: self.around.outer, parts: self.parts };
        relation(&query.subquery, Around { outer: Some(&outer), ..self.around })
    }

    fn subquery(&self, query: &Subquery) -> Column {
        let rows = self.rows_of(query);
        let mut value = rows.columns.into_iter().next().unwrap_or_default().settled();
        value.influences.absorb(&rows.influences);
        value.approximate |= rows.approximate;
        value
    }

    fn compared(&self, value: &Expr, query: &Subquery) -> Column {
        let mut both = self.value(value).lifted(ValueKind::Computed);
        both.absorb(&self.subquery(query).lifted(ValueKind::Computed));
        both
    }
}

/// The expression without the name given to it.
fn bare(expression: &Expr) -> &Expr {
    match expression {
        Expr::Alias(alias) => bare(&alias.expr),
        other => other,
    }
}

/// Whether an expression only names a column, or a field within one.
fn is_plain(expression: &Expr) -> bool {
    match expression {
        Expr::Column(_) | Expr::OuterReferenceColumn(..) => true,
        Expr::ScalarFunction(call) if call.func.name() == "get_field" => call.args.first().is_some_and(is_plain),
        _ => false,
    }
}
