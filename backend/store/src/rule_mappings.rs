//! Which tables the filters of rules mean by the names of their mappings: pinned when a filter is written, so that a table
//! that takes a name later opens nothing.

use lakegate_model::{ids::TableId, rules::PinnedMapping};
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

statements! {
    INSERT = "INSERT INTO rule_mappings (rule_id, database_name, table_name, table_id) VALUES ($1, $2, $3, $4)";
    COPY = "INSERT INTO rule_mappings (rule_id, database_name, table_name, table_id) SELECT $2, database_name, table_name, table_id FROM rule_mappings WHERE rule_id = $1";
    COPY_PURPOSES = "INSERT INTO rule_purposes (rule_id, purpose_id) SELECT $2, purpose_id FROM rule_purposes WHERE rule_id = $1";
    OF_RULE = "SELECT database_name, table_name, table_id FROM rule_mappings WHERE rule_id = $1 ORDER BY database_name, table_name";
    WRITERS = "SELECT d.name AS database_name, t.name AS table_name, p.name AS project_name FROM rule_mappings m JOIN tables t ON t.id = m.table_id JOIN databases d ON d.id = t.database_id JOIN environments e ON e.id = d.environment_id JOIN projects p ON p.id = e.project_id WHERE m.rule_id = $1 ORDER BY d.name, t.name";
}

/// Pins the mappings of a rule's filter.
pub async fn rule_mappings_insert(tx: &mut WriteTx, rule: Uuid, mappings: &[PinnedMapping]) -> Result<(), StoreError> {
    for pinned in mappings {
        execute_one!(tx, INSERT, rule, &pinned.database_name, &pinned.table_name, pinned.table_id)?;
    }
    Ok(())
}

/// Gives a rule that takes the place of another what that one asks for: its mapping tables and its purposes.
pub async fn rule_terms_copy(tx: &mut WriteTx, from: Uuid, to: Uuid) -> Result<(), StoreError> {
    execute!(tx, COPY, from, to)?;
    execute!(tx, COPY_PURPOSES, from, to)?;
    Ok(())
}

/// The mappings of a rule's filter.
pub async fn rule_mappings_of(tx: &mut Tx, rule: Uuid) -> Result<Vec<PinnedMapping>, StoreError> {
    fetch_all!(tx, PinnedMapping, OF_RULE, rule)
}

/// A mapping table as it is called today, and the project whose members write it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct MappingWriter {
    pub database_name: String,
    pub table_name: String,
    pub project_name: String,
}

/// Who may change what a rule lets through, beside whoever may change the rule.
pub async fn rule_mapping_writers(tx: &mut Tx, rule: Uuid) -> Result<Vec<MappingWriter>, StoreError> {
    fetch_all!(tx, MappingWriter, WRITERS, rule)
}

/// The table of a pinned mapping by the name that a filter uses.
pub fn pinned(mappings: &[PinnedMapping], database: &str, table: &str) -> Option<TableId> {
    let named = |pinned: &&PinnedMapping| pinned.database_name == database && pinned.table_name == table;
    mappings.iter().find(named).map(|pinned| pinned.table_id)
}
