//! What the files say, judged without looking at an installation.

use chrono::{DateTime, Utc};
use lakegate_model::{policy_files::PolicyFile, text, words::Mask};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

use super::{
    format::{self, Columns, GrantRule, Persona, Placed, RestrictionRule, Said, TagRule},
    pattern::TablePattern,
    problem::{Place, Problem},
};
use crate::catalog::edit::tag_set;

/// A set of rules that reads and fits together; nothing in it depends on the order of files or entries.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PolicySet {
    /// By folded name.
    pub personas: BTreeMap<String, Placed<Persona>>,
    pub tags: Vec<Tagging>,
    /// By name.
    pub grants: BTreeMap<String, Giving>,
    /// By name.
    pub restrictions: BTreeMap<String, Restricting>,
}

/// A tag on tables or columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Tagging {
    pub at: Place,
    /// As the catalog keeps it.
    pub tag: String,
    pub on: Vec<TablePattern>,
    pub columns: Vec<String>,
}

/// A grant to personas on tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Giving {
    pub at: Place,
    /// Folded names of personas.
    pub to: BTreeSet<String>,
    pub on: Vec<TablePattern>,
    pub columns: Columns,
    pub rows: Option<String>,
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    pub export: bool,
    pub hand_on: bool,
    pub reason: String,
}

/// A restriction on tables or on a tag.
#[derive(Debug, Clone, PartialEq)]
pub struct Restricting {
    pub at: Place,
    pub on: Where,
    pub columns: Columns,
    pub effect: Effect,
    /// Folded names of personas.
    pub exempt: BTreeSet<String>,
    pub reason: String,
}

/// What a restriction stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    Tables(Vec<TablePattern>),
    Tag(String),
}

/// What a restriction does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Hide,
    Mask(Mask),
    Rows(String),
}

/// Reads and checks files.
///
/// # Errors
/// Everything that is wrong with them.
pub fn check(files: &[PolicyFile]) -> Result<PolicySet, Vec<Problem>> {
    let said = format::read(files)?;
    let mut problems = Vec::new();
    let mut set = PolicySet { personas: personas(&said, &mut problems), ..PolicySet::default() };
    let known = set.personas.clone();
    let mut rules = Rules { known: &known, problems: &mut problems };
    set.tags = said.tags.iter().filter_map(|placed| rules.tag(placed)).collect();
    for placed in &said.grants {
        rules.grant(placed, &mut set.grants);
    }
    for placed in &said.restrictions {
        rules.restriction(placed, &mut set.restrictions);
    }
    if problems.is_empty() { Ok(set) } else { Err(problems) }
}

/// The digest of a set of files: equal for equal files, in whatever order.
pub fn digest(files: &[PolicyFile]) -> String {
    let mut files: Vec<&PolicyFile> = files.iter().collect();
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        for part in [&file.name, &file.text] {
            hash.update(part.len().to_le_bytes());
            hash.update(part.as_bytes());
        }
    }
    hex::encode(hash.finalize())
}

fn personas(said: &Said, problems: &mut Vec<Problem>) -> BTreeMap<String, Placed<Persona>> {
    let mut personas = BTreeMap::new();
    for placed in &said.personas {
        let Some(name) = name(&placed.at, &placed.rule.name, problems) else { continue };
        if nobody(&placed.rule) {
            problems.push(Problem::of(&placed.at, format!("nobody is in the persona {name}"), "say who is in it"));
        }
        let earlier: Option<&Placed<Persona>> = personas.get(&text::fold(&name));
        if let Some(earlier) = earlier {
            let message = format!("the persona {name} stands in {} already", earlier.at.file);
            problems.push(Problem::of(&placed.at.field("name"), message, "choose another name, or put them together"));
            continue;
        }
        personas.insert(text::fold(&name), placed.clone());
    }
    personas
}

fn nobody(persona: &Persona) -> bool {
    let Persona { name: _, people, groups, projects, service_accounts, roles, everyone } = persona;
    !everyone && roles.is_empty() && [people, groups, projects, service_accounts].into_iter().all(Vec::is_empty)
}

fn name(at: &Place, raw: &str, problems: &mut Vec<Problem>) -> Option<String> {
    match text::name("name", raw) {
        Ok(name) => Some(name),
        Err(fault) => {
            problems.push(Problem::of(&at.field("name"), fault.message, "write a short name"));
            None
        }
    }
}

/// Checks rules one by one.
struct Rules<'a> {
    known: &'a BTreeMap<String, Placed<Persona>>,
    problems: &'a mut Vec<Problem>,
}

impl Rules<'_> {
    fn wrong(&mut self, at: &Place, message: impl Into<String>, fix: impl Into<String>) {
        self.problems.push(Problem::of(at, message, fix));
    }

    fn tag(&mut self, placed: &Placed<TagRule>) -> Option<Tagging> {
        let (at, rule) = (&placed.at, &placed.rule);
        let tag = self.tag_text(&at.field("tag"), &rule.tag)?;
        self.names(&at.field("columns"), &rule.columns);
        Some(Tagging { at: at.clone(), tag, on: self.tables(at, &rule.on), columns: sorted(&rule.columns) })
    }

    fn tag_text(&mut self, at: &Place, raw: &str) -> Option<String> {
        match tag_set(&[raw.to_owned()]) {
            Ok(tags) => tags.into_iter().next(),
            Err(fault) => {
                self.wrong(at, fault.message, "write it as key=value, such as pii=email");
                None
            }
        }
    }

    fn grant(&mut self, placed: &Placed<GrantRule>, grants: &mut BTreeMap<String, Giving>) {
        let (at, rule) = (&placed.at, &placed.rule);
        let Some(name) = name(at, &rule.name, self.problems) else { return };
        if rule.to.is_empty() {
            self.wrong(&at.field("to"), "nobody is given anything", "name at least one persona");
        }
        if rule.from.zip(rule.until).is_some_and(|(from, until)| until <= from) {
            self.wrong(&at.field("until"), "the end has to lie after the beginning", "choose a later end");
        }
        let giving = Giving {
            to: self.persona_names(at, "to", &rule.to),
            on: self.tables(at, &rule.on),
            columns: self.columns(at, &rule.columns),
            rows: self.rows(at, rule.rows.as_deref()),
            from: rule.from.map(lakegate_model::clock::to_micros),
            until: rule.until.map(lakegate_model::clock::to_micros),
            export: rule.export,
            hand_on: rule.hand_on,
            reason: self.reason(at, &rule.reason),
            at: at.clone(),
        };
        if let Some(earlier) = grants.get(&name) {
            let message = format!("the grant {name} stands in {} already", earlier.at.file);
            self.wrong(&at.field("name"), message, "choose another name");
            return;
        }
        grants.insert(name, giving);
    }

    fn restriction(&mut self, placed: &Placed<RestrictionRule>, all: &mut BTreeMap<String, Restricting>) {
        let (at, rule) = (&placed.at, &placed.rule);
        let Some(name) = name(at, &rule.name, self.problems) else { return };
        let Some(effect) = self.effect(at, rule) else { return };
        let Some(on) = self.place(at, rule, &effect) else { return };
        let restricting = Restricting {
            columns: self.columns(at, &rule.columns),
            exempt: self.exempt(at, &rule.exempt),
            reason: self.reason(at, &rule.reason),
            at: at.clone(),
            on,
            effect,
        };
        if let Some(earlier) = all.get(&name) {
            let message = format!("the restriction {name} stands in {} already", earlier.at.file);
            self.wrong(&at.field("name"), message, "choose another name");
            return;
        }
        all.insert(name, restricting);
    }

    fn effect(&mut self, at: &Place, rule: &RestrictionRule) -> Option<Effect> {
        match (rule.hide, rule.mask, &rule.rows) {
            (true, None, None) => Some(Effect::Hide),
            (false, Some(mask), None) => Some(Effect::Mask(mask)),
            (false, None, Some(_)) => Some(Effect::Rows(self.rows(at, rule.rows.as_deref()).unwrap_or_default())),
            _ => {
                self.wrong(at, "a restriction does one thing", "write hide: true, or mask, or rows");
                None
            }
        }
    }

    fn place(&mut self, at: &Place, rule: &RestrictionRule, effect: &Effect) -> Option<Where> {
        match &rule.tag {
            Some(_) if !rule.on.is_empty() || !rule.columns.is_all() => {
                let message = "a restriction on a tag reaches whatever carries the tag";
                self.wrong(&at.field("tag"), message, "leave on and columns out, or the tag");
                None
            }
            Some(_) if matches!(effect, Effect::Rows(_)) => {
                let fix = "put it on tables, or hide or mask what carries the tag";
                self.wrong(&at.field("rows"), "a condition names columns, so it stands on tables", fix);
                None
            }
            Some(tag) => self.tag_text(&at.field("tag"), tag).map(Where::Tag),
            None if matches!(effect, Effect::Mask(_)) && rule.columns.is_all() => {
                self.wrong(&at.field("columns"), "a mask is for columns", "say which columns are masked");
                None
            }
            None if matches!(effect, Effect::Rows(_)) && !rule.columns.is_all() => {
                self.wrong(&at.field("columns"), "a condition is about rows", "leave the columns out");
                None
            }
            None => Some(Where::Tables(self.tables(at, &rule.on))),
        }
    }

    /// Personas of people, groups and projects: nobody else can be spared.
    fn exempt(&mut self, at: &Place, names: &[String]) -> BTreeSet<String> {
        let spared = self.persona_names(at, "exempt", names);
        for (number, raw) in names.iter().enumerate() {
            let persona = self.known.get(&text::fold(raw.trim())).map(|placed| &placed.rule);
            let beyond = persona.is_some_and(|persona| {
                persona.everyone || !persona.roles.is_empty() || !persona.service_accounts.is_empty()
            });
            if beyond {
                let message = format!("{raw} holds others than people, groups and projects, who cannot be spared");
                self.wrong(&at.item("exempt", number), message, "make a persona of people, groups and projects alone");
            }
        }
        spared
    }

    fn persona_names(&mut self, at: &Place, list: &str, names: &[String]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (number, raw) in names.iter().enumerate() {
            let folded = text::fold(raw.trim());
            if self.known.contains_key(&folded) {
                found.insert(folded);
            } else {
                let message = format!("there is no persona {raw}");
                self.wrong(&at.item(list, number), message, "name one of the list personas, in whichever file");
            }
        }
        found
    }

    fn tables(&mut self, at: &Place, patterns: &[String]) -> Vec<TablePattern> {
        if patterns.is_empty() {
            self.wrong(&at.field("on"), "no table is named", "write project/database/table; * stands for any name");
        }
        let mut found = Vec::new();
        for (number, raw) in patterns.iter().enumerate() {
            match TablePattern::read(raw) {
                Some(pattern) => found.push(pattern),
                None => {
                    let message = format!("\"{raw}\" is not project/database/table");
                    self.wrong(&at.item("on", number), message, "write three names; * stands for any");
                }
            }
        }
        found.sort();
        found.dedup();
        found
    }

    fn columns(&mut self, at: &Place, columns: &Columns) -> Columns {
        let at = at.field("columns");
        self.names(&at.field("only"), &columns.only);
        self.names(&at.field("except"), &columns.except);
        Columns {
            only: sorted(&columns.only),
            except: sorted(&columns.except),
            only_tagged: self.tag_texts(&at.field("only_tagged"), &columns.only_tagged),
            except_tagged: self.tag_texts(&at.field("except_tagged"), &columns.except_tagged),
        }
    }

    fn tag_texts(&mut self, at: &Place, tags: &[String]) -> Vec<String> {
        let mut tags: Vec<String> = tags.iter().filter_map(|tag| self.tag_text(at, tag)).collect();
        tags.sort_unstable();
        tags
    }

    fn names(&mut self, at: &Place, names: &[String]) {
        if names.iter().any(|name| name.trim().is_empty()) {
            self.wrong(at, "a name may not be empty", "write the name of a column; * stands for any run of letters");
        }
    }

    fn rows(&mut self, at: &Place, rows: Option<&str>) -> Option<String> {
        let rows = rows?.trim();
        if rows.is_empty() {
            self.wrong(&at.field("rows"), "the condition is empty", "write one, or leave the key out for all rows");
        }
        Some(rows.to_owned())
    }

    fn reason(&mut self, at: &Place, raw: &str) -> String {
        match text::prose("reason", raw, text::COMMENT_MAX) {
            Ok(reason) if !reason.trim().is_empty() => reason,
            Ok(_) => {
                self.wrong(&at.field("reason"), "there is no reason", "say why");
                String::new()
            }
            Err(fault) => {
                self.wrong(&at.field("reason"), fault.message, "write plain text");
                String::new()
            }
        }
    }
}

fn sorted(names: &[String]) -> Vec<String> {
    let mut names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}
