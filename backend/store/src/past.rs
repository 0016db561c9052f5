//! Rules as they were on an earlier day, as far as they keep when they began and ended.

use lakegate_model::{Timestamp, ids::TableId};

use crate::{StoreError, trial::Trial};

statements! {
    GRANTS_LATER = "UPDATE grants SET ended_at = valid_from WHERE table_id = $1 AND valid_from > $2 AND ended_at IS NULL";
    GRANTS_BACK = "UPDATE grants SET ended_at = NULL WHERE table_id = $1 AND valid_from <= $2 AND ended_at > $2";
    DIRECT_LATER = "UPDATE direct_grants SET ended_at = created_at WHERE created_at > $1 AND ended_at IS NULL";
    DIRECT_BACK = "UPDATE direct_grants SET ended_at = NULL WHERE created_at <= $1 AND ended_at > $1";
    COARSE_LATER = "UPDATE coarse_rights SET ended_at = created_at WHERE created_at > $1 AND ended_at IS NULL";
    COARSE_BACK = "UPDATE coarse_rights SET ended_at = NULL WHERE created_at <= $1 AND ended_at > $1";
    OPTS_LATER = "UPDATE opt_ins SET ended_at = created_at WHERE created_at > $1 AND ended_at IS NULL";
    OPTS_BACK = "UPDATE opt_ins SET ended_at = NULL WHERE created_at <= $1 AND ended_at > $1";
    MODES_LATER = "UPDATE database_registrations SET ended_at = created_at WHERE created_at > $1 AND ended_at IS NULL";
    MODES_BACK = "UPDATE database_registrations SET ended_at = NULL WHERE created_at <= $1 AND ended_at > $1";
    RESTRICTIONS_LATER = "UPDATE restrictions SET ended_at = created_at WHERE created_at > $1 AND ended_at IS NULL";
    RESTRICTIONS_BACK = "UPDATE restrictions SET ended_at = NULL WHERE created_at <= $1 AND ended_at > $1";
}

/// Puts the grants and restrictions on a table, and what says which rights count on it, back to how they stood at a moment, in a transaction that cannot be committed:
/// what decides about queries then decides about that moment. Tags, columns and memberships stay as they are now.
pub async fn rules_as_on(trial: &mut Trial, table: TableId, at: Timestamp) -> Result<(), StoreError> {
    let tx = trial.tx();
    // What came later ends first: of a subscription's grants one alone is in force.
    execute!(tx, GRANTS_LATER, table, at)?;
    execute!(tx, GRANTS_BACK, table, at)?;
    execute!(tx, DIRECT_LATER, at)?;
    execute!(tx, DIRECT_BACK, at)?;
    for sql in [COARSE_LATER, COARSE_BACK, OPTS_LATER, OPTS_BACK, MODES_LATER, MODES_BACK] {
        execute!(tx, sql, at)?;
    }
    execute!(tx, RESTRICTIONS_LATER, at)?;
    execute!(tx, RESTRICTIONS_BACK, at)?;
    Ok(())
}
