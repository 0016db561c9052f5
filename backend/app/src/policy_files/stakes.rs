//! The tags on which the set in force decides who reads what: putting them on or taking them off is no mere description.

use lakegate_model::{Fault, words::PolicyVersionState};
use lakegate_policy::binding::tag_covers;
use lakegate_store::{Tx, policy_files as store};

use super::check::check;

/// What hangs on tags in the set in force.
#[derive(Debug, Default)]
pub(crate) struct Stakes {
    /// Where they stand, grants open or restrictions leave out.
    opening: Vec<String>,
    /// Where they stand, grants leave out or restrictions reach.
    closing: Vec<String>,
}

impl Stakes {
    /// Whether putting a tag on opens something at the next comparison.
    pub fn opens(&self, tag: &str) -> bool {
        self.opening.iter().any(|rule| tag_covers(rule, tag))
    }

    /// Whether taking a tag off opens something at the next comparison.
    pub fn closes(&self, tag: &str) -> bool {
        self.closing.iter().any(|rule| tag_covers(rule, tag))
    }
}

/// What hangs on tags in the set in force.
pub(crate) async fn stakes(tx: &mut Tx) -> Result<Stakes, Fault> {
    let Some(version) = store::version_latest(tx, PolicyVersionState::Applied).await? else {
        return Ok(Stakes::default());
    };
    let set = check(&version.files).unwrap_or_default();
    let mut stakes = Stakes::default();
    for giving in set.grants.into_values() {
        stakes.opening.extend(giving.columns.only_tagged);
        stakes.closing.extend(giving.columns.except_tagged);
    }
    for restricting in set.restrictions.into_values() {
        stakes.opening.extend(restricting.columns.except_tagged);
        stakes.closing.extend(restricting.columns.only_tagged);
    }
    Ok(stakes)
}
