//! Rules as files again: those in force as they were applied, and those that people made by hand, to be taken over or left.

use lakegate_model::{
    Fault,
    grants::{DirectGrant, Grantee},
    ids::{ColumnId, TableId},
    policy_files::PolicyFile,
    rules::Restriction,
    words::{GrantColumns, PolicyItemKind, PolicyVersionState, RestrictionEffect},
};
use lakegate_policy::{action, decide, resource::Platform};
use lakegate_store::{Tx, environments, policy_files as store, projects, purposes};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use uuid::Uuid;

use super::{
    facts::Facts,
    format::{Columns, Document, GrantRule, Persona, RestrictionRule, TagRule},
    load,
};
use crate::{App, Caller, access::principals::spared};

/// The file of what was made by hand.
pub const BY_HAND: &str = "by-hand.yaml";

const HEAD: &str =
    "# Rules that were made by hand, as files would write them. Nothing here is managed: to take a rule over, move it
# into a file of yours, apply, and take the one made by hand back.
";

/// The files in force, and what was made by hand as one more.
pub async fn export(app: &App, caller: &Caller) -> Result<Vec<PolicyFile>, Fault> {
    look!(app, caller, "policy.export", |tx, scope, actor| {
        let _may = decide::<action::ReadPolicyFiles, _>(scope, actor, Platform)?;
        let current = store::version_latest(tx, PolicyVersionState::Applied).await?;
        let mut files = current.map(|version| version.files).unwrap_or_default();
        let text = by_hand(app, tx).await?;
        let taken = |name: &str| files.iter().any(|file| file.name == name);
        let mut names = (1..).map(|n| if n == 1 { BY_HAND.to_owned() } else { format!("by-hand-{n}.yaml") });
        let name = names.find(|name| !taken(name)).unwrap_or_default();
        files.push(PolicyFile { name, text });
        Ok(files)
    })
}

async fn by_hand(app: &App, tx: &mut Tx) -> Result<String, Fault> {
    let now = app.now();
    let facts = load::present(tx, now).await?;
    let grants = store::grants(tx, now).await?;
    let restrictions = store::restrictions(tx).await?;
    let mut managed: HashSet<Uuid> = HashSet::new();
    for kind in [PolicyItemKind::Grant, PolicyItemKind::Restriction] {
        managed.extend(store::items(tx, kind).await?.into_iter().map(|item| item.item_id));
    }
    let mut writing =
        Writing { facts: &facts, personas: BTreeMap::new(), document: Document::default(), beyond: Vec::new() };
    writing.tags();
    for grant in grants.iter().filter(|grant| !managed.contains(&grant.id.0)) {
        writing.grant(tx, grant).await?;
    }
    for rule in restrictions.iter().filter(|rule| !managed.contains(&rule.id.0)) {
        writing.restriction(tx, rule).await?;
    }
    writing.text()
}

struct Writing<'a> {
    facts: &'a Facts,
    personas: BTreeMap<Grantee, Persona>,
    document: Document,
    /// What files cannot say.
    beyond: Vec<String>,
}

impl Writing<'_> {
    fn text(mut self) -> Result<String, Fault> {
        self.document.personas = self.personas.into_values().collect();
        let beyond: String = self.beyond.iter().map(|line| format!("# Not for files: {line}\n")).collect();
        if self.document == Document::default() {
            return Ok(format!("{HEAD}{beyond}"));
        }
        let yaml = serde_norway::to_string(&self.document).map_err(Fault::internal)?;
        Ok(format!("{HEAD}{beyond}{yaml}"))
    }

    fn tags(&mut self) {
        let mut found: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        let mut whole: BTreeSet<(String, String)> = BTreeSet::new();
        for table in self.facts.tables.values().filter(|table| table.is_there()) {
            for tag in table.tags.iter().filter(|tag| !tag.managed) {
                let key = (tag.tag.clone(), table.name());
                match tag.column.map(|id| table.column(id)) {
                    None => drop(whole.insert(key)),
                    Some(Some(column)) => drop(found.entry(key).or_default().insert(column.name.clone())),
                    Some(None) => {}
                }
            }
        }
        let whole = whole.into_iter().map(|(tag, on)| TagRule { tag, on: vec![on], columns: Vec::new() });
        let on_columns = found.into_iter().map(|((tag, on), columns)| TagRule {
            tag,
            on: vec![on],
            columns: columns.into_iter().collect(),
        });
        self.document.tags = whole.chain(on_columns).collect();
    }

    fn table(&self, id: TableId) -> Option<String> {
        self.facts.tables.get(&id).map(super::facts::TableFacts::name)
    }

    fn columns(&self, table: TableId, ids: &[ColumnId]) -> Vec<String> {
        let Some(table) = self.facts.tables.get(&table) else { return Vec::new() };
        table.columns.iter().filter(|column| ids.contains(&column.id)).map(|column| column.name.clone()).collect()
    }

    /// The persona of one holder.
    async fn persona(&mut self, tx: &mut Tx, holder: Grantee) -> Result<Option<String>, Fault> {
        if let Some(known) = self.personas.get(&holder) {
            return Ok(Some(known.name.clone()));
        }
        let Some((kind, name)) = load::written(tx, &holder).await? else { return Ok(None) };
        let mut persona = Persona {
            name: if kind.is_empty() { name.clone() } else { format!("{kind} {name}") },
            ..Persona::default()
        };
        match holder {
            Grantee::User(_) => persona.people.push(name),
            Grantee::Group(_) => persona.groups.push(name),
            Grantee::Project(_) => persona.projects.push(name),
            Grantee::ServiceAccount(_) => persona.service_accounts.push(name),
            Grantee::Role(role) => persona.roles.push(role),
            Grantee::Everyone => persona.everyone = true,
        }
        let name = persona.name.clone();
        self.personas.insert(holder, persona);
        Ok(Some(name))
    }

    async fn grant(&mut self, tx: &mut Tx, grant: &DirectGrant) -> Result<(), Fault> {
        let Some(to) = self.persona(tx, grant.grantee()).await? else { return Ok(()) };
        let name = format!("grant-{}", short(grant.id.0));
        let (on, columns) = match (grant.table_id, grant.database_id, &grant.tag) {
            (_, _, Some(tag)) => {
                self.beyond.push(format!("a grant on the tag {tag} to {to}"));
                return Ok(());
            }
            _ if !purposes::rule_purposes_of(tx, grant.id.into()).await?.is_empty() => {
                self.beyond.push(format!("a grant that demands a purpose, to {to}"));
                return Ok(());
            }
            _ if grant.parent_id.is_some() => {
                self.beyond.push(format!("a grant that was handed on to {to}"));
                return Ok(());
            }
            (Some(table), ..) => {
                let named = self.columns(table, &grant.columns);
                let columns = match grant.columns_mode {
                    GrantColumns::All => Columns::default(),
                    GrantColumns::Only => Columns { only: named, ..Columns::default() },
                    GrantColumns::Except => Columns { except: named, ..Columns::default() },
                };
                (self.table(table), columns)
            }
            (None, Some(database), None) => (database_pattern(tx, database).await?, Columns::default()),
            (None, None, None) => return Ok(()),
        };
        let Some(on) = on else { return Ok(()) };
        self.document.grants.push(GrantRule {
            name,
            to: vec![to],
            on: vec![on],
            columns,
            rows: grant.row_filter.clone(),
            from: Some(grant.valid_from),
            until: grant.valid_until,
            export: grant.can_export,
            hand_on: grant.can_grant,
            reason: grant.reason.clone(),
        });
        Ok(())
    }

    async fn restriction(&mut self, tx: &mut Tx, rule: &Restriction) -> Result<(), Fault> {
        let mut exempt = Vec::new();
        for exemption in &rule.exempt {
            let Some(holder) = spared(exemption) else {
                self.beyond.push(format!("a restriction that spares a purpose: {}", rule.reason));
                return Ok(());
            };
            exempt.extend(self.persona(tx, holder).await?);
        }
        let on = rule.table_id.and_then(|table| self.table(table));
        let columns = rule.table_id.map(|table| self.columns(table, &rule.columns)).unwrap_or_default();
        self.document.restrictions.push(RestrictionRule {
            name: format!("restriction-{}", short(rule.id.0)),
            on: on.into_iter().collect(),
            tag: rule.tag.clone(),
            columns: Columns { only: columns, ..Columns::default() },
            hide: rule.effect == RestrictionEffect::Hide,
            mask: rule.mask,
            rows: rule.filter.clone(),
            exempt,
            reason: rule.reason.clone(),
        });
        Ok(())
    }
}

/// Enough of an id to tell rules apart.
fn short(id: Uuid) -> String {
    let text = id.simple().to_string();
    text[text.len() - 12..].to_owned()
}

async fn database_pattern(tx: &mut Tx, id: lakegate_model::ids::DatabaseId) -> Result<Option<String>, Fault> {
    let Some(database) = environments::database_find(tx, id).await? else { return Ok(None) };
    let Some(environment) = environments::environment_find(tx, database.environment_id).await? else { return Ok(None) };
    let project = projects::project_label(tx, environment.project_id).await?;
    Ok(project.map(|(name, _)| format!("{name}/{}/*", database.name)))
}
