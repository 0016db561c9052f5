//! Row filters: boolean expressions over the columns of one table and over who asks.
//!
//! A filter is checked when it is written and bound when somebody asks: names become the table's own, session functions
//! become what they tell of the rule's subject, mappings become the values they allow.

use arrow::datatypes::DataType;
use datafusion::{
    common::{
        DFSchema,
        tree_node::{TreeNode, TreeNodeRecursion},
    },
    execution::SessionState,
    logical_expr::{Expr as Planned, Volatility},
    sql::sqlparser::{
        ast::{
            Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Value, visit_expressions,
            visit_expressions_mut,
        },
        dialect::GenericDialect,
        keywords::Keyword,
        parser::Parser,
        tokenizer::{Token, Tokenizer},
    },
};
use lakegate_model::{Fault, columns::ColumnType, ids::ColumnId};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use super::mapping::Mapping;
use crate::{
    query::on_big_stack,
    scan::Source,
    statement::{check_distinct, tokenize},
    table::TableColumn,
};

/// Longest filter, in bytes.
const TEXT_MAX: usize = 4_096;

/// Who a rule is about: what the session functions tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    /// `session_user()`: the sign-in name.
    pub user: String,
    /// `session_groups()`: names of groups.
    pub groups: BTreeSet<String>,
    /// `session_attribute('region')`: set by administrators or the identity provider only. Missing ones are NULL.
    pub attributes: BTreeMap<String, String>,
}

/// A filter read over the columns of its table.
///
/// While it is worked on, a mapping stands as `x IN UNNEST(n)`, which no text can write: `n` is its place in `mappings`.
#[derive(Debug, Clone)]
pub struct Filter {
    expr: Expr,
    mappings: Vec<Mapping>,
    columns: BTreeSet<ColumnId>,
    /// Names of columns that hold text: others are compared with mapped values as text.
    texts: BTreeSet<String>,
}

impl Filter {
    /// Reads a text.
    ///
    /// # Errors
    /// `invalid` naming `filter` for a text that is no expression, a column that the table lacks, a subquery that is no
    /// mapping.
    pub fn read(text: &str, columns: &[TableColumn]) -> Result<Self, Fault> {
        let (text, columns) = (text.to_owned(), columns.to_vec());
        on_big_stack(move || {
            let mut expr = parse(&text)?;
            need_brackets(&expr)?;
            let mappings = take_mappings(&mut expr)?;
            let named = spell(&mut expr, &columns)?;
            let texts = columns.into_iter().filter(|column| column.column_type == ColumnType::Text);
            Ok(Self { expr, mappings, columns: named, texts: texts.map(|column| column.name).collect() })
        })
    }

    /// The columns it reads.
    pub fn columns(&self) -> &BTreeSet<ColumnId> {
        &self.columns
    }

    /// The mapping tables it reads.
    pub fn mappings(&self) -> &[Mapping] {
        &self.mappings
    }

    /// The text with every name quoted as the table spells it.
    pub fn text(&self) -> String {
        self.put_back(|tested, mapping| made(&format!("{tested} IN ({mapping})"))).to_string()
    }

    /// The filter as one subject meets it: an expression over the table's columns and literals alone.
    ///
    /// `allowed` gives the values of a mapping for this subject. Who is in no mapping sees no row, whatever the filter
    /// does with the membership. Values are compared as text.
    pub fn bind(&self, subject: &Subject, allowed: impl Fn(&Mapping) -> Vec<String>) -> Result<String, Fault> {
        let allowed: BTreeMap<&Mapping, Vec<String>> = self.mappings.iter().map(|of| (of, allowed(of))).collect();
        if allowed.values().any(Vec::is_empty) {
            return Ok(false.to_string());
        }
        let mut expr = self.put_back(|tested, mapping| membership(self.as_text(tested), &allowed[mapping]));
        tell(&mut expr, subject)?;
        Ok(expr.to_string())
    }

    fn as_text(&self, tested: &Expr) -> Expr {
        match tested {
            Expr::Identifier(name) if self.texts.contains(&name.value) => tested.clone(),
            _ => made(&format!("CAST({tested} AS VARCHAR)")),
        }
    }

    fn put_back(&self, member: impl Fn(&Expr, &Mapping) -> Expr) -> Expr {
        let mut expr = self.expr.clone();
        let _ = visit_expressions_mut(&mut expr, |expr| {
            if let Some((tested, mapping)) =
                placed(expr).and_then(|(tested, at)| Some((tested, self.mappings.get(at)?)))
            {
                *expr = member(tested, mapping);
            }
            ControlFlow::<()>::Continue(())
        });
        expr
    }
}

fn placed(expr: &Expr) -> Option<(&Expr, usize)> {
    match expr {
        Expr::InUnnest { expr, array_expr, .. } => Some((expr, array_expr.to_string().parse().ok()?)),
        _ => None,
    }
}

/// Text that was made here, so that it reads.
fn made(text: &str) -> Expr {
    parse(text).unwrap_or_else(|_| Expr::Value(Value::Boolean(false).into()))
}

fn membership(tested: Expr, values: &[String]) -> Expr {
    let list = values.iter().map(|value| Expr::Value(Value::SingleQuotedString(value.clone()).into())).collect();
    Expr::InList { expr: Box::new(tested), list, negated: false }
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

pub(super) fn refused(message: impl Into<String>) -> Fault {
    Fault::invalid("filter", message.into())
}

fn need_brackets(expr: &Expr) -> Result<(), Fault> {
    let read = visit_expressions(expr, |part| match check_distinct(part) {
        Err(message) => ControlFlow::Break(refused(message)),
        Ok(()) => ControlFlow::Continue(()),
    });
    match read {
        ControlFlow::Break(fault) => Err(fault),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// Reads one expression and nothing after it.
fn parse(text: &str) -> Result<Expr, Fault> {
    if text.len() > TEXT_MAX {
        return Err(refused(format!("the row filter has {} bytes; the limit is {TEXT_MAX}", text.len())));
    }
    // The bounds on nesting and on what the parser reads twice are those of queries. This text is divided into tokens and
    // thrown away: it is never run, so whatever closes the parenthesis early closes nothing.
    tokenize(&format!("SELECT ({text}\n)")).map_err(|fault| refused(fault.message))?;
    let read = || {
        let mut tokens = Tokenizer::new(&GenericDialect {}, text).tokenize()?;
        plain_session_user(&mut tokens);
        let mut parser = Parser::new(&GenericDialect {}).with_tokens(tokens);
        let expr = parser.parse_expr()?;
        parser.expect_token(&Token::EOF).map(|_| expr)
    };
    read().map_err(|error| refused(format!("this is not a condition: {error}")))
}

/// The parser knows `SESSION_USER` as a word that takes no parentheses; here it is a function like the others.
fn plain_session_user(tokens: &mut [Token]) {
    for token in tokens {
        if let Token::Word(word) = token
            && word.keyword == Keyword::SESSION_USER
        {
            word.keyword = Keyword::NoKeyword;
        }
    }
}

fn each(expr: &mut Expr, mut change: impl FnMut(&mut Expr) -> Result<(), Fault>) -> Result<(), Fault> {
    match visit_expressions_mut(expr, |expr| change(expr).map_or_else(ControlFlow::Break, ControlFlow::Continue)) {
        ControlFlow::Break(fault) => Err(fault),
        ControlFlow::Continue(()) => Ok(()),
    }
}

fn take_mappings(expr: &mut Expr) -> Result<Vec<Mapping>, Fault> {
    let mut found = Vec::new();
    each(expr, |expr| match expr {
        Expr::InUnnest { .. } => Err(refused("IN UNNEST is not supported; use array_has(list, value)")),
        Expr::InSubquery { negated: true, .. } => Err(refused(
            "NOT IN over a mapping table would show everything to whom it does not name; name what is allowed",
        )),
        Expr::InSubquery { expr: tested, subquery, .. } => {
            let place = Expr::Value(Value::Number(found.len().to_string(), false).into());
            found.push(Mapping::of(subquery)?);
            *expr = Expr::InUnnest { expr: tested.clone(), array_expr: Box::new(place), negated: false };
            Ok(())
        }
        _ => Ok(()),
    })?;
    Ok(found)
}

/// Spells every name as the table does, and tells which columns were named.
fn spell(expr: &mut Expr, columns: &[TableColumn]) -> Result<BTreeSet<ColumnId>, Fault> {
    let mut named = BTreeSet::new();
    each(expr, |expr| match expr {
        Expr::Identifier(name) => {
            let column = column(name, columns)?;
            named.insert(column.id);
            *name = Ident::with_quote('"', &column.name);
            Ok(())
        }
        Expr::CompoundIdentifier(_) => {
            Err(refused("name columns without a table").fix("write the column's name alone"))
        }
        Expr::Subquery(_) | Expr::Exists { .. } => Err(refused("a row filter may not hold a query").fix(
            "for a mapping table write: column IN (SELECT value FROM database.table WHERE person = session_user())",
        )),
        _ => Ok(()),
    })?;
    Ok(named)
}

fn column<'c>(name: &Ident, columns: &'c [TableColumn]) -> Result<&'c TableColumn, Fault> {
    let folded = |column: &&TableColumn| column.name.eq_ignore_ascii_case(&name.value);
    let exact = columns.iter().find(|column| column.name == name.value);
    let unique = || match columns.iter().filter(folded).collect::<Vec<_>>().as_slice() {
        [one] if name.quote_style.is_none() => Some(*one),
        _ => None,
    };
    exact.or_else(unique).ok_or_else(|| refused(format!("the table has no column {}", name.value)))
}

/// Puts in what the session functions tell.
fn tell(expr: &mut Expr, subject: &Subject) -> Result<(), Fault> {
    each(expr, |expr| {
        let Expr::Function(function) = expr else { return Ok(()) };
        let told = match function.name.to_string().to_lowercase().as_str() {
            "session_user" => literal(&subject.user),
            "session_groups" => groups(&subject.groups),
            "session_attribute" => attribute(function, subject)?,
            _ => return Ok(()),
        };
        *expr = made(&told);
        Ok(())
    })
}

fn groups(groups: &BTreeSet<String>) -> String {
    let groups: Vec<String> = groups.iter().map(|group| literal(group)).collect();
    // An empty list has no type of its own.
    if groups.is_empty() {
        "array_remove(make_array(''), '')".to_owned()
    } else {
        format!("make_array({})", groups.join(", "))
    }
}

fn attribute(function: &Function, subject: &Subject) -> Result<String, Fault> {
    let name = match arguments(function).as_slice() {
        [Expr::Value(value)] => value.value.clone().into_string(),
        _ => None,
    };
    let name =
        name.ok_or_else(|| refused("session_attribute takes the attribute's name, as in session_attribute('region')"))?;
    Ok(subject.attributes.get(&name).map_or_else(|| "CAST(NULL AS VARCHAR)".to_owned(), |value| literal(value)))
}

fn arguments(function: &Function) -> Vec<&Expr> {
    let FunctionArguments::List(list) = &function.args else { return Vec::new() };
    let arguments = list.args.iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    arguments.collect::<Option<_>>().unwrap_or_default()
}

pub(super) fn is_session_user(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(function) if function.to_string().eq_ignore_ascii_case("session_user()"))
}

/// Plans a bound filter over the columns of its table: it has to be a condition whose answer depends on the row alone.
pub(crate) fn plan(state: &SessionState, bound: &str, columns: &[TableColumn]) -> Result<(), Fault> {
    let schema = DFSchema::try_from(Source::schema(columns.iter()).as_ref().clone()).map_err(Fault::internal)?;
    let unfit = |error: datafusion::common::DataFusionError| refused(error.strip_backtrace());
    let expr = state.create_logical_expr(bound, &schema).map_err(unfit)?;
    steady(&expr)?;
    let physical = state.create_physical_expr(expr, &schema).map_err(unfit)?;
    match physical.data_type(schema.as_arrow()).map_err(unfit)? {
        DataType::Boolean => Ok(()),
        other => Err(refused(format!("a row filter is true or false; this is {other}"))),
    }
}

fn steady(expr: &Planned) -> Result<(), Fault> {
    let mut fault = None;
    let _ = expr.apply(|expr| {
        let why = match expr {
            Planned::ScalarFunction(call) if call.func.signature().volatility != Volatility::Immutable => {
                format!("{} gives another answer each time", call.func.name())
            }
            Planned::AggregateFunction(_) | Planned::WindowFunction(_) => "it looks at one row at a time".to_owned(),
            Planned::Placeholder(_) => "it has no parameters".to_owned(),
            Planned::ScalarSubquery(_) | Planned::InSubquery(_) | Planned::Exists(_) => "it holds no query".to_owned(),
            _ => return Ok(TreeNodeRecursion::Continue),
        };
        fault = Some(refused(format!("this cannot stand in a row filter: {why}")));
        Ok(TreeNodeRecursion::Stop)
    });
    fault.map_or(Ok(()), Err)
}
