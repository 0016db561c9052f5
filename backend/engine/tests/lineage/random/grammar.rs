//! Random queries. Each column of each query is called `c0`, `c1` ..

use std::fmt::Write;

use super::{data::TABLES, rng::Rng};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
}

/// A query with the kinds of its columns.
struct Query {
    sql: String,
    kinds: Vec<Kind>,
}

/// What may stand in `FROM`, and the columns that it brings.
struct From {
    sql: String,
    columns: Vec<(String, Kind)>,
}

/// A random query as a whole.
pub fn query(rng: &mut Rng) -> String {
    Grammar { rng, names: 0 }.query(2).sql
}

struct Grammar<'a> {
    rng: &'a mut Rng,
    names: usize,
}

fn kinds_of(columns: &[(String, Kind)]) -> Vec<Kind> {
    columns.iter().map(|(_, kind)| *kind).collect()
}

fn list(items: &[String]) -> String {
    items.join(", ")
}

/// `e as c0, f as c1`
fn select_list(items: &[String]) -> String {
    let named: Vec<String> = items.iter().enumerate().map(|(nth, item)| format!("{item} as c{nth}")).collect();
    list(&named)
}

impl Grammar<'_> {
    fn name(&mut self, letter: char) -> String {
        self.names += 1;
        format!("{letter}{}", self.names)
    }

    fn kind(&mut self) -> Kind {
        if self.rng.chance(65) { Kind::Number } else { Kind::Text }
    }

    fn query(&mut self, depth: usize) -> Query {
        match self.rng.below(if depth == 0 { 62 } else { 100 }) {
            0..35 => self.plain(depth),
            35..50 => self.grouped(depth),
            50..62 => self.windowed(depth),
            62..78 => self.set_operation(depth - 1),
            78..86 => self.with(depth - 1),
            86..92 => self.unnested(depth - 1),
            92..96 => self.recursive(depth - 1),
            _ => self.first_of_each(depth - 1),
        }
    }

    // What stands in FROM.

    fn base(&mut self) -> From {
        let (table, columns) = *self.rng.pick(&TABLES);
        let alias = self.name('t');
        let kind = |name: &str| if name.starts_with('i') { Kind::Number } else { Kind::Text };
        let columns = columns.iter().map(|name| (format!("{alias}.{name}"), kind(name))).collect();
        From { sql: format!("{table} as {alias}"), columns }
    }

    fn aliased(&mut self, query: Query) -> From {
        let alias = self.name('q');
        let columns = query.kinds.iter().enumerate().map(|(nth, kind)| (format!("{alias}.c{nth}"), *kind)).collect();
        From { sql: format!("({}) as {alias}", query.sql), columns }
    }

    fn from(&mut self, depth: usize) -> From {
        match self.rng.below(if depth == 0 { 80 } else { 100 }) {
            0..60 => self.base(),
            60..80 => {
                let (left, right) = (self.base(), self.base());
                self.join(left, right)
            }
            80..92 => {
                let query = self.query(depth - 1);
                self.aliased(query)
            }
            _ => {
                let query = self.query(depth - 1);
                let (left, right) = (self.aliased(query), self.base());
                self.join(left, right)
            }
        }
    }

    fn join(&mut self, left: From, right: From) -> From {
        let word = *self.rng.pick(&["join", "left join", "right join", "full join", "cross join"]);
        let kind = self.kind();
        let (one, other) = (self.column(&left.columns, kind), self.column(&right.columns, kind));
        let condition = match (word, one, other) {
            ("cross join", ..) => String::new(),
            (_, Some(one), Some(other)) => format!(" on {one} = {other}"),
            _ => return left,
        };
        let sql = format!("{} {word} {}{condition}", left.sql, right.sql);
        From { sql, columns: left.columns.into_iter().chain(right.columns).collect() }
    }

    // Expressions.

    fn column(&mut self, columns: &[(String, Kind)], kind: Kind) -> Option<String> {
        let fitting: Vec<&String> = columns.iter().filter(|(_, of)| *of == kind).map(|(name, _)| name).collect();
        (!fitting.is_empty()).then(|| (*self.rng.pick(&fitting)).clone())
    }

    fn expression(&mut self, columns: &[(String, Kind)], kind: Kind, depth: usize) -> String {
        if depth == 0 || self.rng.chance(45) {
            return self.column(columns, kind).unwrap_or_else(|| self.literal(kind));
        }
        match self.rng.below(9) {
            0 => {
                let (test, then) = (self.condition(columns, depth - 1), self.expression(columns, kind, depth - 1));
                format!("case when {test} then {then} else {} end", self.expression(columns, kind, depth - 1))
            }
            1 => {
                let one = self.expression(columns, kind, depth - 1);
                format!("coalesce({one}, {})", self.expression(columns, kind, depth - 1))
            }
            2 => format!("nullif({}, {})", self.expression(columns, kind, depth - 1), self.literal(kind)),
            3 => self.subquery(columns, kind),
            _ if kind == Kind::Number => self.number(columns, depth - 1),
            _ => self.text(columns, depth - 1),
        }
    }

    fn literal(&mut self, kind: Kind) -> String {
        match kind {
            Kind::Number => self.rng.below(4).to_string(),
            Kind::Text => format!("'{}'", self.rng.pick(&["a", "b", "ab"])),
        }
    }

    fn number(&mut self, columns: &[(String, Kind)], depth: usize) -> String {
        let one = self.expression(columns, Kind::Number, depth);
        match self.rng.below(5) {
            0 => format!("({one} + {})", self.expression(columns, Kind::Number, depth)),
            1 => format!("({one} - {})", self.expression(columns, Kind::Number, depth)),
            2 => format!("({one} * 3)"),
            3 => format!("cast(length({}) as bigint)", self.expression(columns, Kind::Text, depth)),
            _ => format!("cast(({}) as bigint)", self.condition(columns, depth)),
        }
    }

    fn text(&mut self, columns: &[(String, Kind)], depth: usize) -> String {
        let one = self.expression(columns, Kind::Text, depth);
        match self.rng.below(4) {
            0 => format!("({one} || {})", self.expression(columns, Kind::Text, depth)),
            1 => format!("upper({one})"),
            2 => format!("named_struct('x', {one}, 'y', {})['x']", self.expression(columns, Kind::Number, depth)),
            _ => format!("cast({} as varchar)", self.expression(columns, Kind::Number, depth)),
        }
    }

    /// One value out of another table, now and then of the rows that fit.
    fn subquery(&mut self, columns: &[(String, Kind)], kind: Kind) -> String {
        let inner = self.base();
        let value = self.column(&inner.columns, kind).unwrap_or_else(|| self.literal(kind));
        let tied = self.kind();
        let condition = match (self.column(&inner.columns, tied), self.column(columns, tied)) {
            (Some(one), Some(other)) if self.rng.chance(50) => format!(" where {one} = {other}"),
            _ => String::new(),
        };
        format!("(select {}({value}) from {}{condition})", self.rng.pick(&["min", "max"]), inner.sql)
    }

    fn condition(&mut self, columns: &[(String, Kind)], depth: usize) -> String {
        // Of a kind that is there, or the condition would be one of constants.
        let kind = self.rng.pick(columns).1;
        let one = self.expression(columns, kind, depth.min(1));
        // Mostly such as hold for some rows: where none is left, nothing can be seen to carry.
        match self.rng.below(if depth == 0 { 7 } else { 10 }) {
            0..3 => format!("{one} <= {}", self.expression(columns, kind, 0)),
            3 | 4 => format!("{one} <> {}", self.literal(kind)),
            5 => format!("{one} is not null"),
            6 => format!("{one} in ({}, {})", self.literal(kind), self.column(columns, kind).unwrap_or(one.clone())),
            7 | 8 => format!("({} or {})", self.condition(columns, depth - 1), self.condition(columns, depth - 1)),
            _ => format!("not ({})", self.condition(columns, depth - 1)),
        }
    }

    /// A condition of `WHERE`, where subqueries of every kind may stand.
    fn filter(&mut self, columns: &[(String, Kind)]) -> String {
        if self.rng.chance(70) {
            return self.condition(columns, 1);
        }
        let inner = self.base();
        let kind = self.kind();
        let (Some(one), Some(other)) = (self.column(columns, kind), self.column(&inner.columns, kind)) else {
            return self.condition(columns, 1);
        };
        match self.rng.below(4) {
            0 => format!("{one} in (select {other} from {})", inner.sql),
            1 => format!("exists (select 1 from {} where {other} = {one})", inner.sql),
            2 => format!("not exists (select 1 from {} where {other} = {one})", inner.sql),
            _ => format!("{one} >= (select min({other}) from {})", inner.sql),
        }
    }

    fn expressions(&mut self, columns: &[(String, Kind)], most: usize) -> (Vec<String>, Vec<Kind>) {
        let kinds: Vec<Kind> = (0..1 + self.rng.below(most)).map(|_| self.kind()).collect();
        (kinds.iter().map(|kind| self.expression(columns, *kind, 2)).collect(), kinds)
    }

    // Queries.

    /// Orders by all columns and keeps some rows.
    fn limited(&mut self, sql: String, width: usize) -> String {
        let keys: Vec<String> = (1..=width).map(|nth| nth.to_string()).collect();
        format!("{sql} order by {} limit {}", list(&keys), 3 + self.rng.below(8))
    }

    fn where_clause(&mut self, columns: &[(String, Kind)]) -> String {
        if self.rng.chance(35) { format!(" where {}", self.filter(columns)) } else { String::new() }
    }

    fn plain(&mut self, depth: usize) -> Query {
        let from = self.from(depth);
        let (items, kinds) = self.expressions(&from.columns, 4);
        let distinct = if self.rng.chance(10) { "distinct " } else { "" };
        let filter = self.where_clause(&from.columns);
        let mut sql = format!("select {distinct}{} from {}{filter}", select_list(&items), from.sql);
        if self.rng.chance(10) {
            sql = self.limited(sql, kinds.len());
        }
        Query { sql, kinds }
    }

    fn aggregate(&mut self, columns: &[(String, Kind)]) -> (String, Kind) {
        let kind = self.kind();
        let argument = self.expression(columns, kind, 1);
        let (mut sql, kind) = match (self.rng.below(6), kind) {
            (0, _) => ("count(*)".to_owned(), Kind::Number),
            (1, _) => (format!("count({argument})"), Kind::Number),
            (2, _) => (format!("count(distinct {argument})"), Kind::Number),
            (3 | 4, Kind::Number) => (format!("sum({argument})"), Kind::Number),
            (3, _) => (format!("string_agg({argument}, ',' order by {argument})"), Kind::Text),
            _ => (format!("{}({argument})", self.rng.pick(&["min", "max"])), kind),
        };
        if self.rng.chance(20) {
            let _written = write!(sql, " filter (where {})", self.condition(columns, 0));
        }
        (sql, kind)
    }

    fn grouped(&mut self, depth: usize) -> Query {
        let from = self.from(depth);
        let keys = if self.rng.chance(80) { 1 + self.rng.below(2) } else { 0 };
        let mut chosen: Vec<(String, Kind)> = (0..keys).map(|_| self.rng.pick(&from.columns).clone()).collect();
        chosen.dedup();
        let mut items = chosen.clone();
        items.extend((0..1 + self.rng.below(3)).map(|_| self.aggregate(&from.columns)).collect::<Vec<_>>());
        let names: Vec<String> = chosen.iter().map(|(name, _)| name.clone()).collect();
        let grouping = match (names.len(), self.rng.below(6)) {
            (0, _) => String::new(),
            (2, 0) => format!(" group by rollup({})", list(&names)),
            (2, 1) => format!(" group by cube({})", list(&names)),
            (2, 2) => format!(" group by grouping sets (({}), ({}))", names[0], list(&names)),
            _ => format!(" group by {}", list(&names)),
        };
        let having = if self.rng.chance(10) { " having count(*) > 1" } else { "" };
        let filter = self.where_clause(&from.columns);
        let shown: Vec<String> = items.iter().map(|(sql, _)| sql.clone()).collect();
        let sql = format!("select {} from {}{filter}{grouping}{having}", select_list(&shown), from.sql);
        Query { sql, kinds: kinds_of(&items) }
    }

    fn window(&mut self, columns: &[(String, Kind)]) -> (String, Kind) {
        let kind = self.kind();
        let (argument, key) = (self.expression(columns, kind, 1), self.rng.pick(columns).0.clone());
        let everything = list(&columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
        match self.rng.below(6) {
            0 => (format!("rank() over (order by {key})"), Kind::Number),
            1 => (format!("max({argument}) over (partition by {key})"), kind),
            2 => (format!("count({argument}) over (order by {key})"), Kind::Number),
            // Only rows that are the same in all columns tie.
            3 => (format!("lag({argument}) over (order by {everything})"), kind),
            4 => (format!("row_number() over (partition by {key} order by {everything})"), Kind::Number),
            _ => (format!("dense_rank() over (partition by {key} order by {argument})"), Kind::Number),
        }
    }

    fn windowed(&mut self, depth: usize) -> Query {
        let from = self.from(depth);
        let (mut items, mut kinds) = self.expressions(&from.columns, 2);
        for _ in 0..1 + self.rng.below(2) {
            let (sql, kind) = self.window(&from.columns);
            items.push(sql);
            kinds.push(kind);
        }
        let filter = self.where_clause(&from.columns);
        Query { sql: format!("select {} from {}{filter}", select_list(&items), from.sql), kinds }
    }

    fn set_operation(&mut self, depth: usize) -> Query {
        let left = self.query(depth);
        let from = self.from(depth);
        let items: Vec<String> = left.kinds.iter().map(|kind| self.expression(&from.columns, *kind, 1)).collect();
        let words = ["union all", "union all", "union all", "union", "union", "except", "intersect"];
        let word = *self.rng.pick(&words);
        // Few rows of two queries meet, so this one meets itself.
        let right = match word {
            "intersect" => format!("select * from ({}) where c0 is not null", left.sql),
            _ => format!("select {} from {}", select_list(&items), from.sql),
        };
        // Brackets keep what orders and limits the left side with it.
        let mut sql = format!("select * from ({}) {word} {right}", left.sql);
        if self.rng.chance(10) {
            sql = self.limited(sql, left.kinds.len());
        }
        Query { sql, kinds: left.kinds }
    }

    fn with(&mut self, depth: usize) -> Query {
        let inner = self.query(depth);
        let name = self.name('w');
        let alias = |nth: usize| format!("{name}_{nth}");
        let columns: Vec<(String, Kind)> = (0..2)
            .flat_map(|side| {
                let columns = inner.kinds.iter().enumerate();
                columns.map(move |(nth, kind)| (format!("c{nth}"), *kind, side)).collect::<Vec<_>>()
            })
            .map(|(column, kind, side)| (format!("{}.{column}", alias(side)), kind))
            .collect();
        let (items, kinds) = self.expressions(&columns, 3);
        let (one, other) = (alias(0), alias(1));
        let sql = format!(
            "with {name} as ({}) select {} from {name} as {one} join {name} as {other} on {one}.c0 = {other}.c0",
            inner.sql,
            select_list(&items)
        );
        Query { sql, kinds }
    }

    fn unnested(&mut self, depth: usize) -> Query {
        let from = self.from(depth);
        let kind = self.kind();
        let (one, other) = (self.expression(&from.columns, kind, 1), self.expression(&from.columns, kind, 1));
        let beside = self.kind();
        let items = [format!("unnest([{one}, {other}])"), self.expression(&from.columns, beside, 1)];
        Query { sql: format!("select {} from {}", select_list(&items), from.sql), kinds: vec![kind, beside] }
    }

    fn recursive(&mut self, depth: usize) -> Query {
        let from = self.from(depth);
        let name = self.name('r');
        let start = self.expression(&from.columns, Kind::Number, 1);
        let more = self.expression(&from.columns, Kind::Text, 1);
        let grow = *self.rng.pick(&["c0 + 1, c1", "c0 + length(c1), c1 || 'x'", "c2, c1 || 'y'"]);
        let word = self.rng.pick(&["union all", "union"]);
        let sql = format!(
            "with recursive {name} as (select cast({start} as bigint) as c0, cast({more} as varchar) as c1, 0 as c2 \
             from {} {word} select {grow}, c2 + 1 from {name} where c2 < 2) select c0, c1, c2 from {name}",
            from.sql
        );
        Query { sql, kinds: vec![Kind::Number, Kind::Text, Kind::Number] }
    }

    fn first_of_each(&mut self, depth: usize) -> Query {
        let from = self.from(depth);
        let key = self.rng.pick(&from.columns).clone();
        let value = self.rng.pick(&from.columns).clone();
        // A key that stands twice makes DataFusion fail.
        let rest = from.columns.iter().filter(|column| **column != key).map(|(name, _)| name.clone());
        let rest = list(&rest.collect::<Vec<_>>());
        let sql = format!(
            "select distinct on ({0}) {0} as c0, {1} as c1 from {2} order by {0}, {rest}",
            key.0, value.0, from.sql
        );
        Query { sql, kinds: vec![key.1, value.1] }
    }
}
