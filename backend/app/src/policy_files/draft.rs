//! A plan with everything that carrying it out needs, made and checked without writing.

use lakegate_model::{Code, Fault, ids::TableId, rules::CheckedFilter};
use lakegate_policy::{Actor, resource::AssetFacts};
use lakegate_store::{Tx, assets, rule_mappings};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::{
    check::PolicySet,
    facts::{Doing, Facts, Spot},
    load,
    plan::{Change, Plan, plan},
    problem,
    wish::wish,
    words::PlanWords,
};
use crate::{App, access::filters::check_filter};

const READS_NOTHING: &str = "whoever writes a condition reads the columns that it names";

/// What is to be done.
#[derive(Debug)]
pub(super) struct Draft {
    pub facts: Facts,
    pub plan: Plan,
    pub words: PlanWords,
    /// Conditions as they are enforced, by table and as the file has them.
    pub filters: BTreeMap<(TableId, String), CheckedFilter>,
}

/// Makes a plan. New conditions are checked for `writers`: one of them has to read what they name, or be a steward of the
/// table's domain (access rule 21).
///
/// # Errors
/// `invalid` naming `files` for what cannot be applied, `forbidden` for conditions that none of the writers may write.
pub(super) async fn draft(app: &App, tx: &mut Tx, set: &PolicySet, writers: &[Actor]) -> Result<Draft, Fault> {
    let now = app.now();
    let facts = load::facts(tx, set, now).await?;
    let wished = wish(set, &facts, now).map_err(|problems| problem::fault(&problems))?;
    let plan = plan(&wished, &facts, now);
    let mut draft = Draft { words: PlanWords::of(&plan, &facts), plan, facts, filters: BTreeMap::new() };
    for (table, written, kept, rule) in conditions(&draft.plan) {
        if draft.filters.contains_key(&(table, written.clone())) {
            continue;
        }
        let filter = match kept {
            Some((id, text)) => CheckedFilter { text, mappings: rule_mappings::rule_mappings_of(tx, id).await? },
            None => checked(app, tx, (&draft.facts, table), writers, (&written, &rule)).await?,
        };
        draft.filters.insert((table, written), filter);
    }
    Ok(draft)
}

/// A condition that a plan writes: table, as written, the rule that enforces it already with its text there, and the rule's
/// name.
type Condition = (TableId, String, Option<(Uuid, String)>, String);

fn conditions(plan: &Plan) -> Vec<Condition> {
    let mut found = Vec::new();
    for change in &plan.changes {
        match change {
            Change::Grant { key, held, wished: Some(wished) } => {
                let Some(rows) = &wished.rows else { continue };
                let same = held.iter().find(|held| held.terms.rows.as_ref() == Some(rows));
                let kept = same.and_then(|held| Some((held.id.into(), held.filter.clone()?)));
                found.push((key.table, rows.clone(), kept, key.rule.clone()));
            }
            Change::Restriction { key, held, wished: Some(wished) } => {
                let (Doing::Rows(rows), Spot::Table(table)) = (&wished.effect, &key.spot) else { continue };
                let same = held.iter().find(|held| held.terms.effect == wished.effect);
                let kept = same.and_then(|held| Some((held.id.into(), held.filter.clone()?)));
                found.push((*table, rows.clone(), kept, key.rule.clone()));
            }
            _ => {}
        }
    }
    found
}

async fn checked(
    app: &App,
    tx: &mut Tx,
    (facts, id): (&Facts, TableId),
    writers: &[Actor],
    (text, rule): (&str, &str),
) -> Result<CheckedFilter, Fault> {
    let table = facts.tables.get(&id).ok_or_else(|| Fault::internal("a plan over a table that is not there"))?;
    let found = assets::asset_facts(tx, &Actor::system(), table.asset).await?;
    let (_, asset) = found.ok_or_else(|| Fault::internal("a table without an asset"))?;
    let nobody = "whoever applied these rules may not write conditions any more";
    let mut refused = Fault::new(Code::Forbidden, nobody).fix("let a security administrator apply them anew");
    for writer in writers {
        match check_filter(app, tx, (writer, &asset), id, text).await {
            Ok(checked) => return Ok(checked),
            // Whoever reads nothing of the table is told that, and not that its columns are unknown.
            Err(_) if reads_nothing(writer, &asset) => refused = Fault::new(Code::Forbidden, READS_NOTHING),
            Err(fault) => refused = fault,
        }
    }
    if refused.code == Code::Forbidden && !writers.is_empty() {
        refused = refused.fix("a security administrator who is a steward of its domain applies it");
    }
    let message = format!("the condition of {rule} on {}: {}", table.name(), refused.message);
    Err(Fault { message, ..refused }.on("files"))
}

/// Whether an actor is neither of the project that owns a table nor a steward of its domain.
fn reads_nothing(actor: &Actor, asset: &AssetFacts) -> bool {
    actor.role_in(asset.project).is_none() && !actor.stewarded.contains(&asset.domain)
}
