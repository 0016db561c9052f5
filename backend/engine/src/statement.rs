//! The text of a query: read only, one statement, bounded in size and depth before anything recursive touches it.

use datafusion::sql::{
    TableReference,
    parser::Statement as DfStatement,
    resolve::resolve_table_references,
    sqlparser::{
        ast::{
            Expr, Ident, ObjectName, Query, Select, SetExpr, Statement, TableFactor, Visit, Visitor, visit_relations,
        },
        dialect::GenericDialect,
        keywords::Keyword,
        parser::Parser,
        tokenizer::{Token, TokenWithSpan, Tokenizer, Word},
    },
};
use lakegate_model::{Code, Fault};
use std::{
    collections::{BTreeSet, HashMap},
    ops::ControlFlow,
};

use crate::{CATALOG, query::on_big_stack};

/// Longest text, in bytes.
const TEXT_MAX: usize = 256 * 1024;
/// Most words, numbers and signs.
const TOKENS_MAX: usize = 50_000;
/// Deepest nesting of parentheses and brackets.
const NESTING_MAX: usize = 64;
/// Deepest expression: a chain of so many operators.
const EXPRESSION_DEPTH_MAX: usize = 500;
/// Most set operations such as UNION.
const SET_OPERATIONS_MAX: usize = 200;
/// Most joins written out.
const JOINS_MAX: usize = 128;
/// Most tables, once every common table expression is written out.
const RELATIONS_MAX: u64 = 512;
/// Depth at which the parser gives up by itself.
const PARSER_DEPTH: usize = 200;

/// A table as a text names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableName {
    /// The database; none means the session's default one.
    pub schema: Option<String>,
    pub table: String,
}

/// What a text refers to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct References {
    /// The tables it names, each once. Names of common table expressions are not tables.
    pub tables: Vec<TableName>,
    /// Whether it asks what there is (`SHOW TABLES`, `information_schema`): then give every table the caller may read.
    pub lists_catalog: bool,
}

/// The tables a text names, so that the caller resolves exactly these.
///
/// Fails with `TooLarge` for a text over 256 KiB and `Unprocessable` for anything but one statement that reads.
pub fn references(sql: &str) -> Result<References, Fault> {
    let sql = sql.to_owned();
    on_big_stack(move || referred(&parse(tokenize(&sql)?)?))
}

fn referred(statement: &Statement) -> Result<References, Fault> {
    let statement = DfStatement::Statement(Box::new(statement.clone()));
    let (names, _) = resolve_table_references(&statement, true).map_err(|error| refused(error.strip_backtrace()))?;
    let mut found = References::default();
    let mut tables = BTreeSet::new();
    for name in names {
        match (name.catalog(), name.schema()) {
            (_, Some("information_schema")) => found.lists_catalog = true,
            (None | Some(CATALOG), _) => drop(tables.insert(table_name(&name))),
            // No other catalog exists; planning says so.
            _ => {}
        }
    }
    found.tables = tables.into_iter().collect();
    Ok(found)
}

fn table_name(name: &TableReference) -> TableName {
    TableName { schema: name.schema().map(str::to_owned), table: name.table().to_owned() }
}

/// Cuts the text into tokens and refuses what is too large or does not read.
pub(crate) fn tokenize(sql: &str) -> Result<Vec<TokenWithSpan>, Fault> {
    if sql.len() > TEXT_MAX {
        return Err(
            Fault::new(Code::TooLarge, format!("the text has {} bytes; the limit is {TEXT_MAX}", sql.len())).on("sql")
        );
    }
    let tokens = Tokenizer::new(&GenericDialect {}, sql)
        .tokenize_with_location()
        .map_err(|error| refused(format!("SQL error: {error}")))?;
    let words: Vec<&Token> = significant(&tokens).collect();
    if words.len() > TOKENS_MAX {
        return Err(too_complex("words and signs", words.len(), TOKENS_MAX));
    }
    check_nesting(&words)?;
    check_kind(&words)?;
    Ok(tokens)
}

fn significant(tokens: &[TokenWithSpan]) -> impl Iterator<Item = &Token> {
    tokens.iter().map(|token| &token.token).filter(|token| !matches!(token, Token::Whitespace(_) | Token::EOF))
}

/// Counts what the parser or the planner would meet by recursion.
fn check_nesting(tokens: &[&Token]) -> Result<(), Fault> {
    let mut seen = Nesting::default();
    let mut before = &Token::EOF;
    for token in tokens {
        seen.add(before, token);
        before = token;
    }
    for (what, found, limit) in [
        ("nested parentheses", seen.deepest, NESTING_MAX),
        ("set operations", seen.unions, SET_OPERATIONS_MAX),
        ("nested types", seen.types, NESTING_MAX),
        ("subscripts in a row", seen.longest_chain, NESTING_MAX),
        ("joins", seen.joins, JOINS_MAX),
    ] {
        if found > limit {
            return Err(too_complex(what, found, limit));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Nesting {
    depth: usize,
    deepest: usize,
    unions: usize,
    joins: usize,
    types: usize,
    chain: usize,
    longest_chain: usize,
}

impl Nesting {
    fn add(&mut self, before: &Token, token: &Token) {
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => self.open(before, token),
            Token::RParen | Token::RBracket | Token::RBrace => self.depth = self.depth.saturating_sub(1),
            // `array<array<..` nests without parentheses; a comparison has no such word before it.
            Token::Lt if matches!(keyword(before), Some(Keyword::ARRAY | Keyword::STRUCT | Keyword::MAP)) => {
                self.types += 1;
            }
            _ => match keyword(token) {
                Some(Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT | Keyword::MINUS) => self.unions += 1,
                Some(Keyword::JOIN) => self.joins += 1,
                _ => {}
            },
        }
    }

    fn open(&mut self, before: &Token, token: &Token) {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        if *token == Token::LBracket {
            self.chain = if *before == Token::RBracket { self.chain + 1 } else { 0 };
            self.longest_chain = self.longest_chain.max(self.chain);
        }
    }
}

fn keyword(token: &Token) -> Option<Keyword> {
    match token {
        Token::Word(Word { keyword, quote_style: None, .. }) => Some(*keyword),
        _ => None,
    }
}

/// The first word tells the kind of statement; it is refused by name before the parser complains about its tail.
fn check_kind(tokens: &[&Token]) -> Result<(), Fault> {
    let mut words = tokens.iter().map(|token| match token {
        Token::Word(word) if word.quote_style.is_none() => word.value.to_uppercase(),
        other => other.to_string(),
    });
    let mut explained = false;
    while let Some(word) = words.next() {
        match word.as_str() {
            "EXPLAIN" | "DESCRIBE" | "DESC" if !explained => explained = true,
            "ANALYZE" if explained => return Err(no_analyze()),
            "VERBOSE" if explained => {}
            "FORMAT" if explained => drop(words.next()),
            "SELECT" | "WITH" | "VALUES" | "SHOW" | "(" | "FROM" => return Ok(()),
            // After DESCRIBE comes the name of a table.
            _ if explained && !CHANGES.contains(&word.as_str()) => return Ok(()),
            other => return Err(only_reading(other)),
        }
    }
    Err(refused("the text holds no statement".to_owned()))
}

/// Words that begin a statement which changes something, for the case that they follow EXPLAIN.
const CHANGES: [&str; 22] = [
    "COPY",
    "SET",
    "RESET",
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "CREATE",
    "DROP",
    "ALTER",
    "TRUNCATE",
    "PREPARE",
    "EXECUTE",
    "DEALLOCATE",
    "LOAD",
    "UNLOAD",
    "ATTACH",
    "DETACH",
    "USE",
    "GRANT",
    "REVOKE",
    "BEGIN",
];

/// Parses the tokens into one statement that reads.
pub(crate) fn parse(tokens: Vec<TokenWithSpan>) -> Result<Statement, Fault> {
    let mut parser =
        Parser::new(&GenericDialect {}).with_recursion_limit(PARSER_DEPTH).with_tokens_with_locations(tokens);
    let statement = parser.parse_statement().map_err(|error| refused(format!("SQL error: {error}")))?;
    while parser.consume_token(&Token::SemiColon) {}
    if parser.peek_token_ref().token != Token::EOF {
        return Err(refused("send one statement at a time".to_owned()));
    }
    check_reading(&statement)?;
    check_shape(&statement)?;
    Ok(statement)
}

fn check_reading(statement: &Statement) -> Result<(), Fault> {
    match statement {
        Statement::Query(_) | Statement::ExplainTable { .. } => Ok(()),
        Statement::ShowTables { .. } | Statement::ShowColumns { .. } => Ok(()),
        Statement::Explain { analyze: true, .. } | Statement::Explain { options: Some(_), .. } => Err(no_analyze()),
        Statement::Explain { statement, .. } if matches!(**statement, Statement::Query(_)) => Ok(()),
        Statement::Explain { statement, .. } => Err(only_reading(&kind(statement))),
        other => Err(only_reading(&kind(other))),
    }
}

fn kind(statement: &Statement) -> String {
    let text = statement.to_string();
    text.split_whitespace().next().unwrap_or("this").to_uppercase()
}

/// Walks the statement once: depth of expressions, number of tables, and changes hidden inside a query.
fn check_shape(statement: &Statement) -> Result<(), Fault> {
    let mut shape = Shape::default();
    if let ControlFlow::Break(fault) = statement.visit(&mut shape) {
        return Err(fault);
    }
    shape.check_expansion()
}

#[derive(Default)]
struct Shape {
    depth: usize,
    tables: u64,
    /// Each common table expression with the tables it names, as found.
    expressions: Vec<(String, Vec<String>)>,
    named: Vec<String>,
}

impl Visitor for Shape {
    type Break = Fault;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Fault> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.expressions.push((folded(&cte.alias.name), relations(&cte.query)));
        }
        check_body(&query.body)
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<Fault> {
        self.named.push(last_part(name));
        let hides = name.0.iter().filter_map(|part| part.as_ident()).map(folded).collect::<Vec<_>>();
        // Settings name folders of the server; to the caller there is no such table.
        if let [.., schema, table] = &hides[..]
            && schema == "information_schema"
            && table == "df_settings"
        {
            let text = format!("Error during planning: table '{CATALOG}.information_schema.df_settings' not found");
            return ControlFlow::Break(refused(text));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, _: &TableFactor) -> ControlFlow<Fault> {
        self.tables += 1;
        if self.tables > RELATIONS_MAX {
            return ControlFlow::Break(too_complex("tables", RELATIONS_MAX as usize + 1, RELATIONS_MAX as usize));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, _: &Expr) -> ControlFlow<Fault> {
        self.depth += 1;
        if self.depth > EXPRESSION_DEPTH_MAX {
            return ControlFlow::Break(too_complex("chained operators", self.depth, EXPRESSION_DEPTH_MAX));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<Fault> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }
}

impl Shape {
    /// Common table expressions are written out where they are used; doubling at each step would grow without bound.
    fn check_expansion(&self) -> Result<(), Fault> {
        let mut sizes: HashMap<&str, u64> = HashMap::new();
        for _ in 0..self.expressions.len().min(64) {
            let before = sizes.clone();
            for (name, used) in &self.expressions {
                let size = total(used.iter().filter(|table| *table != name), &sizes);
                sizes.insert(name, size.max(1));
            }
            if sizes == before {
                break;
            }
        }
        match total(self.named.iter(), &sizes) {
            size if size > RELATIONS_MAX => {
                Err(too_complex("tables after writing out WITH", size as usize, RELATIONS_MAX as usize))
            }
            _ => Ok(()),
        }
    }
}

fn total<'a>(names: impl Iterator<Item = &'a String>, sizes: &HashMap<&str, u64>) -> u64 {
    names.map(|name| sizes.get(name.as_str()).copied().unwrap_or(1)).fold(0, u64::saturating_add).min(1 << 40)
}

fn relations(query: &Query) -> Vec<String> {
    let mut names = Vec::new();
    let _ = visit_relations(query, |name| {
        names.push(last_part(name));
        ControlFlow::<()>::Continue(())
    });
    names
}

fn last_part(name: &ObjectName) -> String {
    name.0.last().and_then(|part| part.as_ident()).map(folded).unwrap_or_default()
}

fn folded(name: &Ident) -> String {
    if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() }
}

fn check_body(body: &SetExpr) -> ControlFlow<Fault> {
    let mut left = vec![body];
    while let Some(body) = left.pop() {
        match body {
            SetExpr::Insert(_) => return ControlFlow::Break(only_reading("INSERT")),
            SetExpr::Update(_) => return ControlFlow::Break(only_reading("UPDATE")),
            SetExpr::Delete(_) => return ControlFlow::Break(only_reading("DELETE")),
            SetExpr::Merge(_) => return ControlFlow::Break(only_reading("MERGE")),
            SetExpr::Select(select) if writes(select) => return ControlFlow::Break(only_reading("SELECT INTO")),
            SetExpr::SetOperation { left: a, right: b, .. } => left.extend([&**a, &**b]),
            _ => {}
        }
    }
    ControlFlow::Continue(())
}

fn writes(select: &Select) -> bool {
    select.into.is_some()
}

fn refused(message: String) -> Fault {
    Fault::new(Code::Unprocessable, message).on("sql")
}

fn only_reading(kind: &str) -> Fault {
    let shown: String = kind.chars().take(40).collect();
    refused(format!("{shown} is refused: only statements that read are allowed"))
        .fix("use SELECT, WITH, VALUES, EXPLAIN, DESCRIBE, SHOW TABLES or SHOW COLUMNS")
}

fn no_analyze() -> Fault {
    refused("EXPLAIN ANALYZE is refused: measures of a scan tell of rows that it left out".to_owned())
        .fix("use EXPLAIN; rows, bytes and time come with every result")
}

fn too_complex(what: &str, found: usize, limit: usize) -> Fault {
    Fault::new(Code::LimitExceeded, format!("the query has {found} {what}; the limit is {limit}")).on("sql")
}
