//! What was read under which grant, and by whom, as the audit tells.

use lakegate_model::{
    Fault, Timestamp,
    ids::{ColumnId, GrantId},
};
use lakegate_store::{Tx, concerned::Place, reviews as store};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Most reads of one asset that are looked at, the latest first.
pub const MOST_READS: i64 = 20_000;

/// What was read under one grant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Use {
    pub last: Option<Timestamp>,
    pub reads: usize,
    pub columns: BTreeSet<ColumnId>,
}

/// The reads of one asset.
#[derive(Debug, Clone, Default)]
pub struct Uses {
    grants: BTreeMap<GrantId, Use>,
    /// When each person or service account read it last.
    readers: BTreeMap<Uuid, Timestamp>,
    /// Whether all reads were looked at.
    pub complete: bool,
}

/// What the audit keeps of a read beside when and by whom.
#[derive(Deserialize)]
struct Read {
    columns: Vec<ColumnId>,
    #[serde(default)]
    grants: Option<Vec<GrantId>>,
}

impl Uses {
    /// What was read under any of some grants: a subscription has another one after each amendment.
    pub fn under(&self, grants: &[GrantId]) -> Use {
        let mut found = Use::default();
        for held in grants.iter().filter_map(|grant| self.grants.get(grant)) {
            found.last = found.last.max(held.last);
            found.reads += held.reads;
            found.columns.extend(held.columns.iter().copied());
        }
        found
    }

    /// When somebody read it last.
    pub fn last_by(&self, reader: Uuid) -> Option<Timestamp> {
        self.readers.get(&reader).copied()
    }

    fn add(&mut self, at: Timestamp, reader: Option<Uuid>, read: &Read) {
        if let Some(reader) = reader {
            // The latest comes first.
            self.readers.entry(reader).or_insert(at);
        }
        for grant in read.grants.iter().flatten() {
            let held = self.grants.entry(*grant).or_default();
            held.last = held.last.max(Some(at));
            held.reads += 1;
            held.columns.extend(read.columns.iter().copied());
        }
    }
}

/// The reads of a table and its asset since a moment, or since ever.
pub async fn uses_of(tx: &mut Tx, place: &Place, from: Option<Timestamp>) -> Result<Uses, Fault> {
    let mut uses = Uses { complete: true, ..Uses::default() };
    let named: [Option<Uuid>; 2] = [place.asset_id.map(Into::into), Some(place.table_id.into())];
    for subject in named.into_iter().flatten() {
        let reads = store::reads_of(tx, subject, from, MOST_READS.saturating_add(1)).await?;
        uses.complete &= i64::try_from(reads.len()).is_ok_and(|read| read <= MOST_READS);
        for (at, reader, detail) in reads {
            match serde_json::from_str::<Read>(&detail) {
                Ok(read) => uses.add(at, reader, &read),
                // Nothing writes such an event; what it said is not known.
                Err(_) => uses.complete = false,
            }
        }
    }
    Ok(uses)
}
