//! What a set of rules wishes for in a catalog: each wildcard spelled out, each persona named.

use lakegate_model::{
    Timestamp,
    grants::Grantee,
    ids::{ColumnId, TableId},
    rules::Exemption,
    words::{ColumnState, ExemptKind},
};
use lakegate_policy::binding::tag_covers;
use std::collections::{BTreeMap, BTreeSet};

use super::{
    check::{Effect, Giving, PolicySet, Restricting, Tagging, Where},
    facts::{ColumnFacts, Doing, Facts, GrantKey, GrantTerms, RestrictionKey, RestrictionTerms, Spot, TableFacts},
    format::Columns,
    pattern::{TablePattern, fits, is_wild},
    problem::{Place, Problem},
};

/// Most rules that a set may come to when it is spelled out.
pub const MOST: usize = 10_000;

/// Notes that are spelled out.
const NOTED: usize = 50;

/// What is to be there, and nothing else of what a set manages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    pub tags: BTreeSet<TagKey>,
    pub grants: BTreeMap<GrantKey, GrantTerms>,
    pub restrictions: BTreeMap<RestrictionKey, RestrictionTerms>,
    /// What is no mistake, but worth knowing.
    pub notes: Vec<String>,
}

/// A tag where it is to stand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TagKey {
    pub table: TableId,
    pub column: Option<ColumnId>,
    pub tag: String,
}

/// Spells a set out.
///
/// # Errors
/// What names something that is not there, or cannot be done.
pub fn wish(set: &PolicySet, facts: &Facts, now: Timestamp) -> Result<Wish, Vec<Problem>> {
    let mut making = Making { facts, wish: Wish::default(), problems: Vec::new() };
    for tagging in &set.tags {
        making.tag(tagging);
    }
    for (name, giving) in &set.grants {
        making.grant(name, giving, now);
    }
    for (name, restricting) in &set.restrictions {
        making.restriction(name, restricting);
    }
    let Making { mut wish, mut problems, .. } = making;
    let count = wish.tags.len() + wish.grants.len() + wish.restrictions.len();
    if count > MOST {
        let message = format!("spelled out, this is more than {MOST} rules: {count}");
        problems.push(Problem::of(
            &Place::default(),
            message,
            "give to groups instead of people, or use fewer wildcards",
        ));
    }
    wish.notes.sort();
    wish.notes.dedup();
    if let Some(more) = wish.notes.len().checked_sub(NOTED).filter(|more| *more > 0) {
        wish.notes.truncate(NOTED);
        wish.notes.push(format!("and {more} more"));
    }
    problems.sort();
    if problems.is_empty() { Ok(wish) } else { Err(problems) }
}

struct Making<'a> {
    facts: &'a Facts,
    wish: Wish,
    problems: Vec<Problem>,
}

impl<'a> Making<'a> {
    /// The tables that patterns name.
    fn tables(&mut self, at: &Place, patterns: &[TablePattern]) -> Vec<(TableId, &'a TableFacts)> {
        let mut found = BTreeMap::new();
        for (number, pattern) in patterns.iter().enumerate() {
            let there = self.facts.tables.iter().filter(|(_, table)| {
                let [project, database, name] = &table.path;
                table.is_there() && pattern.fits(project, database, name)
            });
            let fitting: Vec<_> = there.map(|(id, table)| (*id, table)).collect();
            if fitting.is_empty() {
                self.nothing_fits(&at.item("on", number), pattern);
            }
            found.extend(fitting);
        }
        found.into_iter().collect()
    }

    fn nothing_fits(&mut self, at: &Place, pattern: &TablePattern) {
        let name = format!("{}/{}/{}", pattern.project, pattern.database, pattern.table);
        if pattern.is_literal() {
            let fix = "write the names as the catalog has them, or use * for tables to come";
            self.problems.push(Problem::of(at, format!("there is no table {name}"), fix));
        } else {
            self.wish.notes.push(format!("{}: {}: no table fits {name} yet", at.file, at.path));
        }
    }

    /// A name without wildcard that no column of any of the tables has is a slip of the pen, and in an `except` a dangerous one.
    fn need_columns(&mut self, at: &Place, names: &[String], tables: &[(TableId, &TableFacts)]) {
        if tables.is_empty() {
            return;
        }
        for name in names.iter().filter(|name| !is_wild(name)) {
            let known = tables.iter().flat_map(|(_, table)| &table.columns).any(|column| column.name == *name);
            if !known {
                let message = format!("none of the tables has a column {name}");
                self.problems.push(Problem::of(at, message, "write the name as the catalog has it"));
            }
        }
    }

    fn need_choice(&mut self, at: &Place, columns: &Columns, tables: &[(TableId, &TableFacts)]) {
        let at = at.field("columns");
        self.need_columns(&at.field("only"), &columns.only, tables);
        self.need_columns(&at.field("except"), &columns.except, tables);
    }

    fn tag(&mut self, tagging: &Tagging) {
        let tables = self.tables(&tagging.at, &tagging.on);
        self.need_columns(&tagging.at.field("columns"), &tagging.columns, &tables);
        for (id, table) in tables {
            let key = |column| TagKey { table: id, column, tag: tagging.tag.clone() };
            if tagging.columns.is_empty() {
                self.wish.tags.insert(key(None));
            }
            // One that is gone keeps its tags, so that it is not bare when it comes back.
            let named = table.columns.iter().filter(|column| any_fits(&tagging.columns, &column.name));
            self.wish.tags.extend(named.map(|column| key(Some(column.id))));
        }
    }

    /// The tags of a table once the set is applied: those of others, and those that the set wishes for.
    fn tags_of(&self, id: TableId, table: &TableFacts) -> Vec<(Option<ColumnId>, String)> {
        let others = table.tags.iter().filter(|tag| !tag.managed).map(|tag| (tag.column, tag.tag.clone()));
        let first = TagKey { table: id, column: None, tag: String::new() };
        let wished = self.wish.tags.range(first..).take_while(|key| key.table == id);
        others.chain(wished.map(|key| (key.column, key.tag.clone()))).collect()
    }

    fn chosen(
        &self,
        (id, table): (TableId, &TableFacts),
        columns: &Columns,
        may_be: impl Fn(&ColumnFacts, bool) -> bool,
    ) -> BTreeSet<ColumnId> {
        let tags = self.tags_of(id, table);
        let choice = Choice { columns, tags: &tags };
        let chosen = table.columns.iter().filter(|column| choice.holds(column));
        chosen.filter(|column| may_be(column, columns.only.contains(&column.name))).map(|column| column.id).collect()
    }

    fn grant(&mut self, name: &str, giving: &Giving, now: Timestamp) {
        let tables = self.tables(&giving.at, &giving.on);
        self.need_choice(&giving.at, &giving.columns, &tables);
        if giving.until.is_some_and(|until| until <= now) {
            self.wish.notes.push(format!("{}: the grant {name} has run out", giving.at.file));
            return;
        }
        let holders: BTreeSet<Grantee> =
            giving.to.iter().filter_map(|persona| self.facts.personas.get(persona)).flatten().copied().collect();
        for (id, table) in tables {
            if !table.is_out() {
                self.wish.notes.push(format!("{} waits until it is published: grant {name}", table.name()));
                continue;
            }
            // Unlisted columns open by name alone, pending ones not at all.
            let columns = self.chosen((id, table), &giving.columns, |column, named| {
                column.state == ColumnState::Active && (named || !column.unlisted)
            });
            if columns.is_empty() {
                continue;
            }
            for holder in &holders {
                let key = GrantKey { table: id, rule: name.to_owned(), holder: *holder };
                self.wish.grants.insert(key, terms(giving, columns.clone()));
            }
        }
    }

    fn restriction(&mut self, name: &str, restricting: &Restricting) {
        let effect = match &restricting.effect {
            Effect::Hide => Doing::Hide,
            Effect::Mask(mask) => Doing::Mask(*mask),
            Effect::Rows(rows) => Doing::Rows(rows.clone()),
        };
        let spared = restricting.exempt.iter().filter_map(|persona| self.facts.personas.get(persona)).flatten();
        let exempt: BTreeSet<Exemption> = spared.filter_map(exemption).collect();
        let terms = RestrictionTerms { effect, columns: BTreeSet::new(), exempt, reason: restricting.reason.clone() };
        let patterns = match &restricting.on {
            Where::Tag(tag) => {
                let key = RestrictionKey { spot: Spot::Tag(tag.clone()), rule: name.to_owned() };
                self.wish.restrictions.insert(key, terms);
                return;
            }
            Where::Tables(patterns) => patterns,
        };
        let tables = self.tables(&restricting.at, patterns);
        self.need_choice(&restricting.at, &restricting.columns, &tables);
        for (id, table) in tables {
            let key = RestrictionKey { spot: Spot::Table(id), rule: name.to_owned() };
            if restricting.columns.is_all() {
                self.wish.restrictions.insert(key, terms.clone());
                continue;
            }
            let there = |column: &ColumnFacts, _| column.state != ColumnState::Dropped;
            let columns = self.chosen((id, table), &restricting.columns, there);
            self.need_fitting(restricting, table, &columns);
            if !columns.is_empty() {
                self.wish.restrictions.insert(key, RestrictionTerms { columns, ..terms.clone() });
            }
        }
    }

    fn need_fitting(&mut self, restricting: &Restricting, table: &TableFacts, columns: &BTreeSet<ColumnId>) {
        let Effect::Mask(mask) = restricting.effect else { return };
        let named = table.columns.iter().filter(|column| columns.contains(&column.id));
        for column in named.filter(|column| !mask.applies_to(&column.column_type)) {
            let (kind, table) = (&column.column_type, table.name());
            let message = format!("{mask} is not defined for {kind}, the type of {} in {table}", column.name);
            let fix = "choose replace-with-null, or leave the column out";
            self.problems.push(Problem::of(&restricting.at.field("mask"), message, fix));
        }
    }
}

fn terms(giving: &Giving, columns: BTreeSet<ColumnId>) -> GrantTerms {
    GrantTerms {
        columns,
        rows: giving.rows.clone(),
        from: giving.from,
        until: giving.until,
        export: giving.export,
        hand_on: giving.hand_on,
        reason: giving.reason.clone(),
    }
}

/// Whom a restriction spares; checked files spare nobody else.
pub fn exemption(holder: &Grantee) -> Option<Exemption> {
    let (kind, id) = match holder {
        Grantee::User(id) => (ExemptKind::User, id.0),
        Grantee::Group(id) => (ExemptKind::Group, id.0),
        Grantee::Project(id) => (ExemptKind::Project, id.0),
        Grantee::ServiceAccount(_) | Grantee::Role(_) | Grantee::Everyone => return None,
    };
    Some(Exemption { kind, principal_id: id })
}

fn any_fits(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| fits(pattern, name))
}

/// Columns as a rule chooses them, on a table with these tags.
struct Choice<'a> {
    columns: &'a Columns,
    tags: &'a [(Option<ColumnId>, String)],
}

impl Choice<'_> {
    fn holds(&self, column: &ColumnFacts) -> bool {
        let Columns { only, only_tagged, except, except_tagged } = self.columns;
        let named = !self.columns.is_only() || any_fits(only, &column.name) || self.carries(column, only_tagged);
        named && !any_fits(except, &column.name) && !self.carries(column, except_tagged)
    }

    /// A tag on the table is one on each of its columns.
    fn carries(&self, column: &ColumnFacts, rules: &[String]) -> bool {
        let mut here = self.tags.iter().filter(|(place, _)| place.is_none_or(|place| place == column.id));
        here.any(|(_, tag)| rules.iter().any(|rule| tag_covers(rule, tag)))
    }
}
