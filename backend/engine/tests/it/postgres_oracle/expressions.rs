//! Random expressions of a wanted kind over the columns in scope, in SQL that means the same on both systems.

use super::{dice::Dice, tables::Kind};

/// A column's name and what it holds.
pub type Typed = (String, Kind);

/// A table, view or subquery under the name by which its columns are called.
#[derive(Debug, Clone)]
pub struct Source {
    pub alias: String,
    pub columns: Vec<Typed>,
}

impl Source {
    /// A column with its source's name.
    pub fn qualified(&self, column: &str) -> String {
        format!("{}.{column}", self.alias)
    }
}

/// What expressions may name.
#[derive(Debug, Clone)]
pub struct Scope(pub Vec<Source>);

impl Scope {
    /// Every column, qualified.
    pub fn columns(&self) -> Vec<Typed> {
        let of = |source: &Source| -> Vec<Typed> {
            source.columns.iter().map(|(name, kind)| (source.qualified(name), *kind)).collect()
        };
        self.0.iter().flat_map(of).collect()
    }

    /// A random column of a kind.
    pub fn of_kind(&self, dice: &mut Dice, kind: Kind) -> Option<String> {
        let fitting: Vec<String> =
            self.columns().into_iter().filter(|(_, found)| *found == kind).map(|(name, _)| name).collect();
        (!fitting.is_empty()).then(|| dice.pick(&fitting))
    }

    /// A random column.
    pub fn any(&self, dice: &mut Dice) -> Typed {
        dice.pick(&self.columns())
    }

    /// Every column in a random direction: rows that are equal in all of these are equal altogether, so that whatever
    /// depends on their order alone has one answer.
    pub fn total_order(&self, dice: &mut Dice) -> String {
        let mut left = self.columns();
        let mut keys = Vec::new();
        while !left.is_empty() {
            let (name, _) = left.swap_remove(dice.below(left.len()));
            keys.push(format!("{name} {}", direction(dice)));
        }
        keys.join(", ")
    }

    /// A value of a random kind.
    pub fn value(&self, dice: &mut Dice) -> Typed {
        let (column, kind) = self.any(dice);
        if dice.chance(45) { (column, kind) } else { (self.value_of(dice, kind), kind) }
    }

    /// A value of the kind: a column, or something made of columns.
    pub fn value_of(&self, dice: &mut Dice, kind: Kind) -> String {
        let Some(column) = self.of_kind(dice, kind) else { return literal(dice, kind) };
        let other = self.of_kind(dice, kind).unwrap_or_else(|| column.clone());
        match (kind, dice.below(8)) {
            (_, 0) => column,
            (_, 1) => format!("coalesce({column}, {})", literal(dice, kind)),
            // Times written in a query are finer than those of tables, and `nullif` takes no two types.
            (Kind::Int | Kind::Money | Kind::Text | Kind::Flag | Kind::Day, 2) => {
                format!("nullif({column}, {})", literal(dice, kind))
            }
            (_, 3) => {
                let test = self.test(dice);
                format!("case when {test} then {column} else {other} end")
            }
            (Kind::Int, _) => self.whole(dice, &column, &other),
            (Kind::Money, 4) => format!("({column} + {other})"),
            (Kind::Money, 5) => format!("({column} * 2)"),
            (Kind::Money, _) => format!("({column} - 10)"),
            (Kind::Text, _) => text(dice, &column, &other),
            (Kind::Flag, 4..) => format!("({})", self.test(dice)),
            (Kind::Day, _) => format!("least({column}, {other})"),
            (Kind::Moment, 4 | 5) => format!("date_trunc('month', {column})"),
            (Kind::Moment, _) => format!("greatest({column}, {other})"),
        }
    }

    fn whole(&self, dice: &mut Dice, column: &str, other: &str) -> String {
        match dice.below(8) {
            0 => format!("({column} + {other})"),
            1 => format!("({column} * 2 - 1)"),
            2 => format!("({column} % 7)"),
            3 => format!("({column} / 4)"),
            4 => format!("abs({column} - {})", literal(dice, Kind::Int)),
            5 => match self.of_kind(dice, Kind::Text) {
                Some(text) => format!("cast(char_length({text}) as bigint)"),
                None => format!("(- {column})"),
            },
            6 => match self.of_kind(dice, Kind::Day).or(self.of_kind(dice, Kind::Moment)) {
                Some(day) => format!("cast(extract(year from {day}) as bigint)"),
                None => format!("(- {column})"),
            },
            _ => format!("({column} - {other})"),
        }
    }

    /// A condition, seldom one that is hardly ever true.
    pub fn condition(&self, dice: &mut Dice) -> String {
        match dice.below(7) {
            0 => format!("({} and {})", self.test(dice), self.test(dice)),
            1 | 2 => format!("({} or {})", self.test(dice), self.test(dice)),
            3 => format!("not ({})", self.test(dice)),
            _ => self.test(dice),
        }
    }

    /// One comparison.
    pub fn test(&self, dice: &mut Dice) -> String {
        let (column, kind) = self.any(dice);
        let other = self.of_kind(dice, kind).unwrap_or_else(|| column.clone());
        let value = literal(dice, kind);
        match (kind, dice.below(10)) {
            (Kind::Flag, 0..=4) => column,
            (_, 0) => format!("{column} is null"),
            (_, 1 | 2) => format!("{column} is not null"),
            (_, 3) => format!("({column} is distinct from {value})"),
            (_, 4) => format!("({column} is not distinct from {other})"),
            (Kind::Flag, _) => format!("not {column}"),
            (Kind::Text, 5) => format!("{column} like {}", dice.pick(&["'%n%'", "'_x%'", "'%@%'", "'%e%'", "'a%'"])),
            (Kind::Text, 6) => format!("{column} not like {}", dice.pick(&["'%z%'", "'x%'", "'%1%'"])),
            (Kind::Int, 5) => format!("{column} between {} and {}", dice.between(0, 12), dice.between(3, 5000)),
            (_, 6) => {
                let list: Vec<String> = (0..3).map(|_| literal(dice, kind)).collect();
                format!("{column} {} ({})", dice.pick(&["in", "not in"]), list.join(", "))
            }
            (_, 7) => format!("{column} {} {other}", dice.pick(&["<=", ">=", "<>"])),
            _ => format!("{column} {} {value}", dice.pick(&["<", "<=", ">", ">=", "<>"])),
        }
    }

    /// An aggregate that depends on the order of its rows. DataFusion takes one order for a query.
    pub fn ordered_aggregate(&self, dice: &mut Dice) -> Option<String> {
        let column = self.of_kind(dice, Kind::Text)?;
        Some(format!("string_agg({column}, '/' order by {column})"))
    }

    /// An aggregate of the rows in scope.
    pub fn aggregate(&self, dice: &mut Dice) -> String {
        let (column, kind) = self.any(dice);
        let chosen = match (kind, dice.below(9)) {
            (_, 0) => "count(*)".to_owned(),
            (_, 1) => format!("count({column})"),
            (_, 2) => format!("count(distinct {column})"),
            (_, 3) => format!("sum(case when {} then 1 else 0 end)", self.test(dice)),
            (Kind::Int | Kind::Money, 4) => format!("sum(distinct {column})"),
            (Kind::Int, 5) => format!("avg(cast({column} as double precision))"),
            (Kind::Int | Kind::Money, 6) => format!("sum({column})"),
            (Kind::Flag, 4..=6) => format!("bool_or({column})"),
            (Kind::Flag, _) => format!("bool_and({column})"),
            (_, 7) => format!("max({column})"),
            _ => format!("min({column})"),
        };
        if dice.chance(15) { self.filtered(dice, &chosen) } else { chosen }
    }

    /// An aggregate of some rows in scope: those for which a test is true, not those for which it is NULL.
    pub fn filtered(&self, dice: &mut Dice, aggregate: &str) -> String {
        format!("{aggregate} filter (where {})", self.test(dice))
    }
}

/// A direction of sorting that says where NULL stands.
pub fn direction(dice: &mut Dice) -> &'static str {
    dice.pick(&["asc nulls last", "asc nulls first", "desc nulls last", "desc nulls first"])
}

fn text(dice: &mut Dice, column: &str, other: &str) -> String {
    match dice.below(6) {
        0 => format!("({column} || '-' || {other})"),
        1 => format!("left({column}, 3)"),
        2 => format!("right({column}, 2)"),
        3 => format!("substr({column}, 2, 3)"),
        4 => format!("replace({column}, 'x', '*')"),
        _ => format!("concat({column}, '|', {other})"),
    }
}

/// A constant that is likely to stand in the data, masked or not.
pub fn literal(dice: &mut Dice, kind: Kind) -> String {
    match kind {
        Kind::Int => dice.pick(&["1", "2", "3", "5", "8", "12", "20", "150", "3500", "999999999"]),
        Kind::Money => dice.pick(&["0.00", "10.50", "40.00", "75.25", "100.00"]),
        Kind::Text => {
            dice.pick(&["'a'", "'b'", "'eu'", "'us'", "'ann'", "'XXXXXXXX'", "'x'", "'n'", "'o''hara'", "''"])
        }
        Kind::Flag => dice.pick(&["true", "false"]),
        Kind::Day => dice.pick(&["date '1975-01-01'", "date '1990-06-15'", "date '2003-02-01'", "date '9999-12-31'"]),
        Kind::Moment => dice.pick(&[
            "timestamp '2022-09-01 00:00:00'",
            "timestamp '2023-06-15 12:00:00'",
            "timestamp '2024-01-01 00:00:00'",
        ]),
    }
    .to_owned()
}
