//! The rights as Lakegate knows them: grants and restrictions, compiled by policy, enforced by the engine.

use super::{
    super::support::{Lab, now},
    answers::{Answer, from_arrow},
    rights::{Columns, Condition, GROUPS, Grant, MAPPED, REGION, Right, Rule, USER},
};
use futures::TryStreamExt;
use lakegate_engine::{Filter, GovernedTable, Subject};
use lakegate_model::{
    Fault,
    ids::{ColumnId, GrantId, ProjectId, RestrictionId},
};
use lakegate_policy::access::{ColumnFacts, ColumnScope, Effect, Restriction, Rows, SelectGrant, Standing, compile};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The table under its right, or `None` where nothing of it exists.
pub fn under(table: &GovernedTable, right: &Right) -> Option<GovernedTable> {
    let facts: Vec<ColumnFacts> = table
        .columns
        .iter()
        .map(|column| ColumnFacts {
            id: column.id,
            column_type: column.column_type.clone(),
            pending: right.pending == Some(column.name.as_str()),
            unlisted: false,
        })
        .collect();
    let standing = if right.member { Standing::Member } else { Standing::Outsider };
    let grants: Vec<SelectGrant> =
        right.grants.iter().enumerate().map(|(nth, grant)| select_grant(table, nth, grant)).collect();
    let rules: Vec<Restriction> =
        right.rules.iter().enumerate().map(|(nth, rule)| restriction(table, nth, rule)).collect();
    let access = compile(table.table, &facts, standing, &grants, &rules, now())?;
    Some(GovernedTable { access, ..table.clone() })
}

fn nth_id(nth: usize) -> Uuid {
    Uuid::from_u128(u128::try_from(nth).unwrap())
}

fn select_grant(table: &GovernedTable, nth: usize, grant: &Grant) -> SelectGrant {
    SelectGrant {
        id: GrantId(nth_id(nth)),
        project: ProjectId(nth_id(77)),
        columns: match &grant.columns {
            Columns::All => ColumnScope::All,
            Columns::Only(names) => ColumnScope::Only(ids(table, names)),
            Columns::Except(names) => ColumnScope::Except(ids(table, names)),
        },
        rows: grant.rows.map_or(Rows::All, |condition| bound(table, condition)),
        valid_from: now(),
        valid_until: (!grant.live).then(now),
        export: false,
    }
}

fn restriction(table: &GovernedTable, nth: usize, rule: &Rule) -> Restriction {
    let effect = match rule {
        Rule::Hide(names) => Effect::Hide(ids(table, names)),
        Rule::HideAll => Effect::HideAll,
        Rule::Mask(mask, names) => Effect::Mask(*mask, ids(table, names)),
        Rule::Filter(condition) => Effect::Filter(bound(table, *condition)),
    };
    Restriction { id: RestrictionId(nth_id(nth)), effect }
}

fn ids(table: &GovernedTable, names: &BTreeSet<&'static str>) -> BTreeSet<ColumnId> {
    table.columns.iter().filter(|column| names.contains(column.name.as_str())).map(|column| column.id).collect()
}

fn bound(table: &GovernedTable, condition: Condition) -> Rows {
    let subject = Subject {
        user: USER.to_owned(),
        groups: GROUPS.iter().map(|group| (*group).to_owned()).collect(),
        attributes: BTreeMap::from([("region".to_owned(), REGION.to_owned())]),
    };
    let mapped = |table: &str| match table {
        "regions" => MAPPED.map(str::to_owned).to_vec(),
        _ => Vec::new(),
    };
    let filter = Filter::read(condition.lakegate, &table.columns).unwrap();
    Rows::Where(filter.bind(&subject, |mapping| mapped(&mapping.table)).unwrap())
}

/// What Lakegate answers.
pub async fn ask(lab: &Lab, sql: &str, tables: &[GovernedTable]) -> Result<Answer, Fault> {
    let query = lab.start(sql, tables).await?;
    let schema = query.schema.clone();
    let batches: Vec<_> = query.stream.try_collect().await?;
    Ok(from_arrow(&schema, &batches))
}
