//! The text of a query: read only, one statement, bounded in size and depth before anything recursive touches it.

mod shape;

use datafusion::sql::{
    TableReference,
    parser::Statement as DfStatement,
    resolve::resolve_table_references,
    sqlparser::{
        ast::Statement,
        dialect::GenericDialect,
        keywords::Keyword,
        parser::Parser,
        tokenizer::{Token, TokenWithSpan, Tokenizer, Word},
    },
};
use lakegate_model::{Code, Fault};
use std::collections::BTreeSet;

use crate::{CATALOG, query::on_big_stack};
pub(crate) use shape::check_distinct;
use shape::check_shape;

/// Longest text, in bytes.
const TEXT_MAX: usize = 256 * 1024;
/// Most words, numbers and signs.
const TOKENS_MAX: usize = 50_000;
/// Deepest nesting of parentheses and brackets.
const NESTING_MAX: usize = 64;
/// Most set operations such as UNION.
const SET_OPERATIONS_MAX: usize = 200;
/// Most joins written out.
const JOINS_MAX: usize = 128;
/// Most nested places at which the parser starts over when something inside fails: each doubles its work.
const RETRIED_MAX: usize = 8;
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
        ("nested expressions such as CAST or doubly bracketed queries", seen.most_retried, RETRIED_MAX),
        ("lambdas of several parameters", seen.lambdas, RETRIED_MAX),
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
    /// For each open bracket, whether the parser may read what is in it twice.
    open: Vec<bool>,
    /// Whether the last bracket that opened stands right behind another one.
    doubled: bool,
    most_retried: usize,
    lambdas: usize,
}

impl Nesting {
    fn add(&mut self, before: &Token, token: &Token) {
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => self.open(before, token),
            Token::RParen | Token::RBracket | Token::RBrace => self.close(),
            // `(a) -> ..` is tried as a lambda, then as a value with an operator.
            Token::Arrow if *before == Token::RParen => self.lambdas += 1,
            // `array<array<..` nests without parentheses; a comparison has no such word before it.
            Token::Lt if matches!(keyword(before), Some(Keyword::ARRAY | Keyword::STRUCT | Keyword::MAP)) => {
                self.types += 1;
            }
            _ => match keyword(token) {
                Some(Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT | Keyword::MINUS) => self.unions += 1,
                Some(Keyword::JOIN) => self.joins += 1,
                Some(Keyword::SELECT | Keyword::WITH | Keyword::VALUES | Keyword::FROM)
                    if *before == Token::LParen && self.doubled =>
                {
                    self.retried();
                }
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
        self.doubled = *before == Token::LParen;
        self.open.push(false);
        if is_tried_first(before) {
            self.retried();
        }
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.open.pop();
    }

    /// Notes that the parser may read the innermost bracket twice.
    fn retried(&mut self) {
        if let Some(innermost) = self.open.last_mut() {
            *innermost = true;
        }
        self.most_retried = self.most_retried.max(self.open.iter().filter(|retried| **retried).count());
    }
}

/// Words with a grammar of their own: if what follows does not fit it, the parser reads them as the name of a function.
fn is_tried_first(word: &Token) -> bool {
    use Keyword as K;
    matches!(
        keyword(word),
        Some(
            K::ARRAY
                | K::CASE
                | K::CAST
                | K::CEIL
                | K::CONVERT
                | K::EXTRACT
                | K::FLOOR
                | K::LAMBDA
                | K::MAP
                | K::MATCH
                | K::NOT
                | K::OVERLAY
                | K::POSITION
                | K::PRIOR
                | K::SAFE_CAST
                | K::SUBSTR
                | K::SUBSTRING
                | K::TRY_CAST
                | K::TRY_CONVERT
        )
    )
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

/// What `SHOW TABLES` means: the tables of the catalog, without those that describe it.
const SHOW_TABLES: &str = "SELECT table_catalog, table_schema, table_name, table_type FROM information_schema.tables \
                           WHERE table_schema <> 'information_schema' ORDER BY table_schema, table_name";

/// Parses the tokens into one statement that reads.
pub(crate) fn parse(tokens: Vec<TokenWithSpan>) -> Result<Statement, Fault> {
    let statement = parse_one(tokens)?;
    match statement {
        Statement::ShowTables { .. } if statement.to_string() == "SHOW TABLES" => {
            let tokens = Tokenizer::new(&GenericDialect {}, SHOW_TABLES).tokenize_with_location();
            parse_one(tokens.map_err(Fault::internal)?)
        }
        other => Ok(other),
    }
}

fn parse_one(tokens: Vec<TokenWithSpan>) -> Result<Statement, Fault> {
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
