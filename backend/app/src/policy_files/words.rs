//! A plan in words, for people and for programs.

use lakegate_model::{
    grants::Grantee,
    ids::{ColumnId, TableId},
    words::PolicyItemKind,
};
use sha2::{Digest, Sha256};
use std::{collections::BTreeSet, fmt};

use super::{
    facts::{Doing, Facts, GrantTerms, RestrictionTerms, Spot},
    plan::{Change, Kind, Plan},
    wish::TagKey,
};
use crate::access::principals::spared;

/// Columns that a line spells out.
const SPELLED: usize = 12;

/// A change in words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    pub kind: Kind,
    pub about: PolicyItemKind,
    /// The name of the rule; for a tag, the tag.
    pub rule: String,
    /// `project/database/table`, with `.column` for a tag on one, or the tag of a restriction.
    pub on: String,
    /// Whom it concerns.
    pub whom: String,
    /// What it gives, does or changes.
    pub what: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.kind {
            Kind::Add => '+',
            Kind::Change => '~',
            Kind::Remove => '-',
        };
        write!(f, "{sign} {} {} on {}", self.about, self.rule, self.on)?;
        if !self.whom.is_empty() {
            write!(f, " {}", self.whom)?;
        }
        if !self.what.is_empty() {
            write!(f, ": {}", self.what)?;
        }
        Ok(())
    }
}

/// A plan in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanWords {
    pub lines: Vec<Line>,
    pub notes: Vec<String>,
}

impl PlanWords {
    /// A plan over the facts it was made from.
    pub fn of(plan: &Plan, facts: &Facts) -> Self {
        let teller = Teller { facts };
        Self { lines: plan.changes.iter().map(|change| teller.line(change)).collect(), notes: plan.notes.clone() }
    }

    /// How many changes of a kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.lines.iter().filter(|line| line.kind == kind).count()
    }

    /// `3 to add, 1 to change, 0 to remove`.
    pub fn summary(&self) -> String {
        if self.lines.is_empty() {
            return "nothing to change".to_owned();
        }
        let count = |kind| self.count(kind);
        let (add, change, remove) = (count(Kind::Add), count(Kind::Change), count(Kind::Remove));
        format!("{add} to add, {change} to change, {remove} to remove")
    }

    /// All of it, a line each.
    pub fn text(&self) -> String {
        let notes = self.notes.iter().map(|note| format!("  note: {note}\n")).collect::<String>();
        let lines = self.lines.iter().map(|line| format!("  {line}\n")).collect::<String>();
        format!("{}\n{lines}{notes}", self.summary())
    }

    /// A digest of what changes: who approves a plan approves this one.
    pub fn digest(&self) -> String {
        let lines: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        hex::encode(Sha256::digest(lines.as_bytes()))
    }
}

struct Teller<'a> {
    facts: &'a Facts,
}

impl Teller<'_> {
    fn line(&self, change: &Change) -> Line {
        let kind = change.kind();
        match change {
            Change::PutTag(key) | Change::TakeTag(key, _) => self.tag(kind, key),
            Change::Grant { key, held, wished } => Line {
                kind,
                about: PolicyItemKind::Grant,
                rule: key.rule.clone(),
                on: self.table(key.table),
                whom: format!("to {}", self.name(&key.holder)),
                what: match (held.first().map(|held| &held.terms), wished) {
                    (Some(held), Some(wished)) => self.grant_differs(key.table, held, wished),
                    (None, Some(terms)) => self.grant(key.table, terms),
                    (Some(terms), None) => self.grant(key.table, &GrantTerms { from: None, ..terms.clone() }),
                    (None, None) => String::new(),
                },
            },
            Change::Restriction { key, held, wished } => {
                let terms = wished.as_ref().or(held.first().map(|held| &held.terms));
                Line {
                    kind,
                    about: PolicyItemKind::Restriction,
                    rule: key.rule.clone(),
                    on: self.spot(&key.spot),
                    whom: terms.map(|terms| self.bound(terms)).unwrap_or_default(),
                    what: terms.map(|terms| self.restriction(&key.spot, terms)).unwrap_or_default(),
                }
            }
        }
    }

    fn tag(&self, kind: Kind, key: &TagKey) -> Line {
        let column = key.column.map(|id| format!(".{}", self.columns(key.table, &BTreeSet::from([id]))));
        Line {
            kind,
            about: PolicyItemKind::Tag,
            rule: key.tag.clone(),
            on: format!("{}{}", self.table(key.table), column.unwrap_or_default()),
            whom: String::new(),
            what: String::new(),
        }
    }

    fn table(&self, id: TableId) -> String {
        self.facts.tables.get(&id).map_or_else(|| id.to_string(), super::facts::TableFacts::name)
    }

    fn spot(&self, spot: &Spot) -> String {
        match spot {
            Spot::Table(id) => self.table(*id),
            Spot::Tag(tag) => format!("the tag {tag}"),
        }
    }

    fn name(&self, holder: &Grantee) -> String {
        self.facts.names.get(holder).cloned().unwrap_or_else(|| holder.to_string())
    }

    /// Names of columns in table order.
    fn columns(&self, table: TableId, ids: &BTreeSet<ColumnId>) -> String {
        let Some(table) = self.facts.tables.get(&table) else { return String::new() };
        let named: Vec<&str> =
            table.columns.iter().filter(|column| ids.contains(&column.id)).map(|column| column.name.as_str()).collect();
        match named.len().saturating_sub(SPELLED) {
            0 => named.join(", "),
            more => format!("{} and {more} more", named[..SPELLED].join(", ")),
        }
    }

    fn grant(&self, table: TableId, terms: &GrantTerms) -> String {
        let mut parts = vec![format!("reads {}", self.columns(table, &terms.columns))];
        parts.extend(terms.rows.as_ref().map(|rows| format!("only rows where {rows}")));
        parts
            .extend(terms.from.map(|from| format!("from {}", from.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))));
        parts.extend(
            terms.until.map(|until| format!("until {}", until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))),
        );
        parts.extend(terms.export.then(|| "may export".to_owned()));
        parts.extend(terms.hand_on.then(|| "may hand on".to_owned()));
        parts.join("; ")
    }

    fn grant_differs(&self, table: TableId, held: &GrantTerms, wished: &GrantTerms) -> String {
        let mut parts = Vec::new();
        let (more, fewer) = (&wished.columns - &held.columns, &held.columns - &wished.columns);
        parts.extend((!more.is_empty()).then(|| format!("also reads {}", self.columns(table, &more))));
        parts.extend((!fewer.is_empty()).then(|| format!("no longer reads {}", self.columns(table, &fewer))));
        if held.rows != wished.rows {
            let rows = wished.rows.as_deref();
            parts.push(rows.map_or_else(|| "all rows".to_owned(), |rows| format!("only rows where {rows}")));
        }
        if wished.from.is_some() && held.from != wished.from {
            parts.push("another beginning".to_owned());
        }
        let ends = |until: &lakegate_model::Timestamp| until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        if held.until != wished.until {
            parts
                .push(wished.until.as_ref().map_or("without end".to_owned(), |until| format!("until {}", ends(until))));
        }
        let now_may = |may: bool, what: &str| if may { format!("may {what}") } else { format!("may no longer {what}") };
        parts.extend((held.export != wished.export).then(|| now_may(wished.export, "export")));
        parts.extend((held.hand_on != wished.hand_on).then(|| now_may(wished.hand_on, "hand on")));
        parts.extend((held.reason != wished.reason).then(|| "another reason".to_owned()));
        if parts.is_empty() {
            // It begins later than the file says now, or stands there twice.
            parts.push("put right".to_owned());
        }
        parts.join("; ")
    }

    fn bound(&self, terms: &RestrictionTerms) -> String {
        let spared: Vec<String> = terms.exempt.iter().filter_map(spared).map(|holder| self.name(&holder)).collect();
        match spared.as_slice() {
            [] => "for everyone".to_owned(),
            some => format!("for everyone but {}", some.join(", ")),
        }
    }

    fn restriction(&self, spot: &Spot, terms: &RestrictionTerms) -> String {
        let of = match spot {
            Spot::Table(table) if !terms.columns.is_empty() => format!(" {}", self.columns(*table, &terms.columns)),
            Spot::Table(_) => " the whole table".to_owned(),
            Spot::Tag(_) => " what carries it".to_owned(),
        };
        match &terms.effect {
            Doing::Hide => format!("hides{of}"),
            Doing::Mask(mask) => format!("masks{of} by {mask}"),
            Doing::Rows(rows) => format!("keeps only rows where {rows}"),
        }
    }
}
