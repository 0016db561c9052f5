//! The same tables and rights in a real PostgreSQL, and the same rows on both, whatever is asked.
//!
//! Lakegate's side is grants and restrictions, compiled by policy and enforced by the engine. PostgreSQL's side is row
//! security, column privileges and views that show some cells only, translated by hand from the rules in words
//! (`translation.rs`); the two share the drawn rights and nothing that decides. Random queries of every form are put to
//! both, and to PostgreSQL's superuser, whose unrestricted answer shows that the rights had an effect.
//!
//! # What is asked
//! SQL that means the same on both systems. Left out, and why:
//! - upper and lower case: PostgreSQL folds ASCII alone where text compares bytewise;
//! - quotients of decimals and of sums, means of decimals: other scales; whole numbers are divided as they stand;
//! - text of dates and numbers, `date_trunc` of dates, arithmetic of times: other formats and types;
//! - `LIKE` with escapes, regular expressions: other dialects;
//! - operations that may fail on a value: whether a failing row is ever reached is the planner's choice;
//! - orders that leave ties where a tie shows: windows over rows and limits have a total order;
//! - the salted digest, whose value is written down nowhere.
//!
//! And what DataFusion 53 does otherwise than PostgreSQL, with or without rights:
//! - `INTERSECT ALL` and `EXCEPT ALL` count no duplicates;
//! - `min` and `max` over a moving frame keep their last value where the frame holds NULL alone;
//! - `IS DISTINCT FROM` takes everything after it, an `AND` or `OR` included, as its right side: it stands in brackets;
//! - refused: `IS NOT TRUE` as a column of a set or `DISTINCT`, two aggregates with orders of their own, `nullif` of a
//!   time in a table and one in the query.

mod answers;
mod dice;
mod expressions;
mod governed;
mod queries;
mod rights;
mod server;
mod subqueries;
mod tables;
mod translation;

use super::support::Lab;
use answers::Answer;
use dice::Dice;
use expressions::Source;
use lakegate_engine::GovernedTable;
use queries::{FORMS, Query, Writer};
use rights::Right;
use server::Server;
use std::{collections::BTreeMap, sync::Arc};
use tables::Table;
use translation::{Translation, translate};

/// Sets of rights; each is asked every form.
const RIGHTS: u64 = 20;
/// How often a query is written anew as long as its answer holds nothing.
const TRIES: usize = 3;
/// Connections that work at the same time.
const LANES: u64 = 2;
/// What PostgreSQL says of a name that is hidden.
const REFUSALS: [&str; 2] = ["permission denied", "does not exist"];
/// Most differences that are shown in full.
const SHOWN: usize = 10;

/// How many queries there were of a form, and how many answers held something and differed from the unrestricted one.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    asked: usize,
    telling: usize,
    narrowed: usize,
}

/// What a run found.
#[derive(Debug, Default)]
struct Figures {
    forms: BTreeMap<&'static str, Tally>,
    /// Tables that took a view, tables that were shown by privileges alone, tables that did not exist.
    views: usize,
    plain: usize,
    absent: usize,
    /// Hidden columns and tables that both refused.
    refused: usize,
    failures: Vec<String>,
}

impl Figures {
    fn add(&mut self, other: Self) {
        for (form, tally) in other.forms {
            let sum = self.forms.entry(form).or_default();
            sum.asked += tally.asked;
            sum.telling += tally.telling;
            sum.narrowed += tally.narrowed;
        }
        self.views += other.views;
        self.plain += other.plain;
        self.absent += other.absent;
        self.refused += other.refused;
        self.failures.extend(other.failures);
    }

    /// Of the generated queries alone.
    fn total(&self) -> Tally {
        let generated = self.forms.iter().filter(|(form, _)| **form != WHOLE).map(|(_, tally)| tally);
        generated.fold(Tally::default(), |sum, tally| Tally {
            asked: sum.asked + tally.asked,
            telling: sum.telling + tally.telling,
            narrowed: sum.narrowed + tally.narrowed,
        })
    }
}

/// Both systems, with the same tables.
struct Bench {
    seed: u64,
    tables: Arc<[Table; 3]>,
    lab: Lab,
    governed: Vec<GovernedTable>,
    server: Server,
    figures: Figures,
}

impl Bench {
    async fn open(seed: u64, address: &str, tables: Arc<[Table; 3]>) -> Self {
        let lab = Lab::new();
        let governed = tables.iter().map(|table| table.governed(&lab)).collect();
        let server = Server::begin(address, &tables[..]).await;
        Self { seed, tables, lab, governed, server, figures: Figures::default() }
    }

    /// One set of rights under every form of query.
    async fn try_rights(&mut self, nth: u64) {
        let mut dice = Dice::new(self.seed, nth + 1);
        let (rights, shown) = self.draw(&mut dice);
        let statements: Vec<String> = shown.iter().flatten().flat_map(|shown| shown.statements.clone()).collect();
        self.server.put(&statements).await;
        let governed = self.governed.iter().zip(&rights).filter_map(|(table, right)| governed::under(table, right));
        let governed: Vec<GovernedTable> = governed.collect();
        self.count(&shown);
        self.try_hidden(nth, &rights, &shown, &governed).await;
        let sources = self.sources(&shown);
        let mut queries: Vec<Query> = sources.iter().map(whole).collect();
        for form in 0..FORMS.len() {
            queries.push(self.telling(&mut Writer { dice: &mut dice, tables: &sources }, form).await);
        }
        for query in &queries {
            self.compare(nth, &rights, query, &governed).await;
        }
        self.server.lift().await;
    }

    /// Rights that leave two tables at least: with one alone most forms would say little.
    fn draw(&self, dice: &mut Dice) -> (Vec<Right>, Vec<Option<Translation>>) {
        loop {
            let rights = rights::rights(dice, &self.tables[..]);
            let translated = self.tables.iter().zip(&rights).map(|(t, r)| translate(t, r, &self.server.names));
            let shown: Vec<Option<Translation>> = translated.collect();
            if shown.iter().flatten().filter(|shown| shown.columns.len() > 2).count() > 1 {
                return (rights, shown);
            }
        }
    }

    fn count(&mut self, shown: &[Option<Translation>]) {
        self.figures.absent += shown.iter().filter(|shown| shown.is_none()).count();
        self.figures.views += shown.iter().flatten().filter(|shown| shown.view).count();
        self.figures.plain += shown.iter().flatten().filter(|shown| !shown.view).count();
    }

    fn sources(&self, shown: &[Option<Translation>]) -> Vec<Source> {
        let source = |(table, shown): (&Table, &Option<Translation>)| {
            let columns = shown.as_ref()?.columns.iter();
            let columns = columns.map(|name| ((*name).to_owned(), table.kind(name))).collect();
            Some(Source { alias: table.name.to_owned(), columns })
        };
        self.tables.iter().zip(shown).filter_map(source).collect()
    }

    /// A query of the form, preferably one whose answer holds something: out of the first few that come.
    async fn telling(&mut self, writer: &mut Writer<'_>, form: usize) -> Query {
        for _ in 1..TRIES {
            let query = writer.query(form);
            if self.server.ask(&query.sql).await.is_ok_and(|answer| answer.tells()) {
                return query;
            }
        }
        writer.query(form)
    }

    /// What is hidden is refused on both sides, whether it is a column or a table.
    async fn try_hidden(
        &mut self,
        nth: u64,
        rights: &[Right],
        shown: &[Option<Translation>],
        governed: &[GovernedTable],
    ) {
        let tables = Arc::clone(&self.tables);
        for (table, shown) in tables.iter().zip(shown) {
            let visible = shown.as_ref().map_or(&[][..], |shown| &shown.columns);
            for (column, _) in table.columns.iter().filter(|(name, _)| !visible.contains(name)) {
                let sql = format!("select count({column}) from {}", table.name);
                match (governed::ask(&self.lab, &sql, governed).await, self.server.ask(&sql).await) {
                    (Err(_), Err(words)) if REFUSALS.iter().any(|refusal| words.contains(refusal)) => {
                        self.figures.refused += 1;
                    }
                    (lakegate, postgres) => {
                        let query = Query { form: "hidden name", sql, ordered: false };
                        self.differs(nth, &query, &format!("{lakegate:?}\n{postgres:?}"), rights);
                    }
                }
            }
        }
    }

    async fn compare(&mut self, nth: u64, rights: &[Right], query: &Query, governed: &[GovernedTable]) {
        let settled = |answer: Answer| if query.ordered { answer } else { answer.sorted() };
        let lakegate = governed::ask(&self.lab, &query.sql, governed).await.map(settled);
        let postgres = self.server.ask(&query.sql).await.map(settled);
        let unrestricted = settled(self.server.ask_unrestricted(&query.sql).await);
        let tally = self.figures.forms.entry(query.form).or_default();
        tally.asked += 1;
        match (lakegate, postgres) {
            (Ok(lakegate), Ok(postgres)) if lakegate == postgres => {
                tally.telling += usize::from(postgres.tells());
                tally.narrowed += usize::from(postgres != unrestricted);
            }
            (lakegate, postgres) => {
                let lakegate = lakegate.map_or_else(|fault| format!("refused: {fault:?}"), |answer| answer.to_string());
                let postgres = postgres.map_or_else(|words| format!("refused: {words}"), |answer| answer.to_string());
                let answers = format!("Lakegate: {lakegate}\nPostgreSQL: {postgres}");
                self.differs(nth, query, &answers, rights);
            }
        }
    }

    fn differs(&mut self, nth: u64, query: &Query, answers: &str, rights: &[Right]) {
        let Query { form, sql, .. } = query;
        let rights: Vec<String> = rights.iter().map(Right::to_string).collect();
        let seed = format!("LAKEGATE_TEST_SEED={}, rights {nth}, {form}", self.seed);
        self.figures.failures.push(format!("{seed}\n{sql}\n{answers}\n{}", rights.join("\n")));
    }
}

/// The form of queries that are not generated.
const WHOLE: &str = "every cell";

/// Every cell of a table that is left.
fn whole(source: &Source) -> Query {
    let columns: Vec<&str> = source.columns.iter().map(|(name, _)| name.as_str()).collect();
    let sql = format!("select {} from {}", columns.join(", "), source.alias);
    Query { form: WHOLE, sql, ordered: false }
}

async fn lane(seed: u64, address: String, tables: Arc<[Table; 3]>, rights: Vec<u64>) -> Figures {
    let mut bench = Bench::open(seed, &address, tables).await;
    for nth in rights {
        bench.try_rights(nth).await;
    }
    bench.server.end().await;
    bench.figures
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_shows_the_same_rows() {
    let address = match std::env::var("LAKEGATE_TEST_POSTGRES") {
        Ok(address) if !address.is_empty() => address,
        _ => return lakegate_tests::skipped("postgres_oracle", "LAKEGATE_TEST_POSTGRES names no PostgreSQL server"),
    };
    let (seed, all) = (lakegate_tests::seed(), RIGHTS * lakegate_tests::scale());
    let tables = Arc::new(tables::tables(&mut Dice::new(seed, 0)));
    let lanes = (0..LANES).map(|lane_nth| {
        let rights = (0..all).filter(|nth| nth % LANES == lane_nth).collect();
        tokio::spawn(lane(seed, address.clone(), Arc::clone(&tables), rights))
    });
    let mut figures = Figures::default();
    for lane in lanes.collect::<Vec<_>>() {
        figures.add(lane.await.unwrap());
    }
    judge(&figures);
}

fn judge(figures: &Figures) {
    let Tally { asked, telling, narrowed } = figures.total();
    for (form, tally) in &figures.forms {
        eprintln!("{form}: {tally:?}");
    }
    eprintln!(
        "{asked} queries, {telling} answers not empty, {narrowed} unlike the unrestricted one; {} tables as views, {} \
         by privileges alone, {} absent; {} hidden names refused",
        figures.views, figures.plain, figures.absent, figures.refused
    );
    let failures = &figures.failures;
    let first = &failures[..failures.len().min(SHOWN)];
    assert!(failures.is_empty(), "{} differ\n{}", failures.len(), first.join("\n\n"));
    assert!(asked >= 500, "{asked}");
    assert!(telling * 100 >= asked * 80, "{telling} of {asked} answers hold something");
    assert!(narrowed * 100 >= asked * 60, "{narrowed} of {asked} answers differ from the unrestricted one");
    assert!(figures.views > 0 && figures.plain > 0 && figures.absent > 0 && figures.refused > 0, "{figures:?}");
}
