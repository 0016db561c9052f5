//! Random rights: grants and restrictions on the three tables, and the conditions they name, each written once for
//! Lakegate and once for PostgreSQL.

use super::{dice::Dice, tables::Table};
use lakegate_model::words::Mask;
use std::collections::BTreeSet;

/// A row filter in both languages. The texts mean the same and share as little as they can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    pub lakegate: &'static str,
    pub postgres: &'static str,
}

const fn condition(lakegate: &'static str, postgres: &'static str) -> Condition {
    Condition { lakegate, postgres }
}

const OF_PEOPLE: &[Condition] = &[
    condition("team in ('a', 'c')", "team = ANY (ARRAY['a', 'c'])"),
    condition("team <> 'b'", "NOT team = 'b'"),
    condition("not (salary > 3500)", "salary <= 3500"),
    condition("salary is null or id % 2 = 0", "mod(id, 2) = 0 OR salary IS NULL"),
    condition(
        "array_has(session_groups(), team)",
        "team = ANY (string_to_array(current_setting('oracle.groups'), ','))",
    ),
    condition("date_part('year', born) < 1990", "born < DATE '1990-01-01'"),
    condition("active", "active IS TRUE"),
    condition("name = session_user() or boss = 3", "boss IN (3) OR name = current_setting('oracle.user')"),
    condition("mail like '%@ex1.org'", "right(mail, 8) = '@ex1.org'"),
];

const OF_SALES: &[Condition] = &[
    condition("region = session_attribute('region')", "region = current_setting('oracle.region')"),
    condition(
        "region in (select region from security.regions where person = session_user())",
        "EXISTS (SELECT 1 FROM regions m WHERE m.person = current_setting('oracle.user') AND m.region = sales.region)",
    ),
    condition(
        "not (region in (select region from security.regions where person = session_user()))",
        "region <> ALL (SELECT m.region FROM regions m WHERE m.person = current_setting('oracle.user'))",
    ),
    // Who is in no mapping sees no row, whatever the filter makes of it.
    condition(
        "units > 6 or not (region in (select region from security.nobody where person = session_user()))",
        "false",
    ),
    condition("amount >= 40", "NOT amount < 40.00"),
    condition("units between 2 and 8", "units >= 2 AND units <= 8"),
    condition("sold >= timestamp '2023-03-01T00:00:00'", "sold > TIMESTAMP '2023-02-28 23:59:59'"),
    condition("note like '%1%'", "position('1' IN note) > 0"),
    condition("coalesce(person, 0) % 3 <> 0", "person IS NOT NULL AND person % 3 <> 0"),
    condition("session_attribute('none') is null and units > 3", "units > 3"),
];

const OF_TEAMS: &[Condition] = &[
    condition("budget > 100", "100 < budget"),
    condition("head is not null", "NOT head IS NULL"),
    condition("code < 'e'", "code IN ('a', 'b', 'c', 'd')"),
    condition("session_user() = 'ann' and founded > date '2001-12-31'", "founded >= DATE '2002-01-01'"),
];

/// What the session functions tell of the one who asks.
pub const USER: &str = "ann";
pub const GROUPS: [&str; 2] = ["a", "d"];
pub const REGION: &str = "eu";
/// What the mapping table allows him.
pub const MAPPED: [&str; 2] = ["eu", "us"];

/// Everything that says what one caller reads of one table.
#[derive(Debug, Clone)]
pub struct Right {
    pub table: &'static str,
    /// Acts in the owning project, where grants do not count.
    pub member: bool,
    /// A column that is not released yet.
    pub pending: Option<&'static str>,
    pub grants: Vec<Grant>,
    pub rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
pub struct Grant {
    pub columns: Columns,
    pub rows: Option<Condition>,
    /// Whether it is in force now.
    pub live: bool,
}

#[derive(Debug, Clone)]
pub enum Columns {
    All,
    Only(BTreeSet<&'static str>),
    Except(BTreeSet<&'static str>),
}

#[derive(Debug, Clone)]
pub enum Rule {
    Hide(BTreeSet<&'static str>),
    HideAll,
    Mask(Mask, BTreeSet<&'static str>),
    Filter(Condition),
}

/// What stands in the message of a failure.
impl std::fmt::Display for Right {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: member {}, pending {:?}", self.table, self.member, self.pending)?;
        self.grants.iter().try_for_each(|grant| write!(f, "\n  {grant:?}"))?;
        self.rules.iter().try_for_each(|rule| write!(f, "\n  {rule:?}"))
    }
}

/// The salted digest has no value that is written down, so it is not among these.
const MASKS: [Mask; 14] = [
    Mask::Null,
    Mask::FixedValue,
    Mask::FixedValue,
    Mask::Alphanumeric,
    Mask::Alphanumeric,
    Mask::First4,
    Mask::First4,
    Mask::Last4,
    Mask::Last4,
    Mask::Year,
    Mask::Month,
    Mask::Sha256,
    Mask::Sha256,
    Mask::Hmac,
];

/// Rights on each of the tables.
pub fn rights(dice: &mut Dice, tables: &[Table]) -> Vec<Right> {
    tables.iter().map(|table| right(dice, table)).collect()
}

fn right(dice: &mut Dice, table: &Table) -> Right {
    let names: Vec<&'static str> = table.columns.iter().map(|(name, _)| *name).collect();
    let conditions = match table.name {
        "people" => OF_PEOPLE,
        "sales" => OF_SALES,
        _ => OF_TEAMS,
    };
    let pending = dice.chance(25).then(|| dice.pick(&names));
    let grants = 1 + dice.below(3);
    let rules = dice.below(4);
    Right {
        table: table.name,
        member: dice.chance(10),
        pending,
        grants: (0..grants).map(|_| grant(dice, &names, conditions)).collect(),
        rules: (0..rules).map(|_| rule(dice, &names, conditions)).collect(),
    }
}

fn grant(dice: &mut Dice, names: &[&'static str], conditions: &[Condition]) -> Grant {
    let columns = match dice.below(10) {
        0..=1 => Columns::All,
        2..=7 => {
            let count = names.len() / 2 + dice.below(names.len() / 2);
            Columns::Only(dice.some(names, count))
        }
        _ => {
            let count = 1 + dice.below(2);
            Columns::Except(dice.some(names, count))
        }
    };
    Grant { columns, rows: dice.chance(70).then(|| dice.pick(conditions)), live: dice.chance(92) }
}

fn rule(dice: &mut Dice, names: &[&'static str], conditions: &[Condition]) -> Rule {
    match dice.below(100) {
        0..=1 => Rule::HideAll,
        2..=11 => Rule::Hide(dice.some(names, 1)),
        12..=24 => Rule::Filter(dice.pick(conditions)),
        _ => {
            let mask = dice.pick(&MASKS);
            let count = 1 + dice.below(3);
            Rule::Mask(mask, dice.some(names, count))
        }
    }
}
