//! What there is: the tables that rules may be about, and the rules that a set put there before.

use lakegate_model::{
    Timestamp,
    columns::ColumnType,
    grants::Grantee,
    ids::{AssetId, ColumnId, DomainId, GrantId, ProjectId, RestrictionId, TableId, UserId},
    rules::Exemption,
    words::{AssetStatus, ColumnState, Mask},
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Everything that a plan depends on beside the files.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub tables: BTreeMap<TableId, TableFacts>,
    pub grants: Vec<HeldGrant>,
    pub restrictions: Vec<HeldRestriction>,
    /// Whom the personas of the files stand for, by folded name.
    pub personas: BTreeMap<String, BTreeSet<Grantee>>,
    /// Names of holders, for people.
    pub names: BTreeMap<Grantee, String>,
    /// Grants on tags, which nobody gives by files: the tag and who holds it.
    pub tag_grants: Vec<(String, Grantee)>,
    /// Restrictions on tags, by files or by hand.
    pub tag_rules: Vec<TagRuleFacts>,
}

/// A restriction on a tag, as far as taking the tag away would lift it.
#[derive(Debug, Clone)]
pub struct TagRuleFacts {
    pub tag: String,
    pub exempt: BTreeSet<Exemption>,
    pub created_by: UserId,
}

/// A table with its place, its columns and its tags.
#[derive(Debug, Clone)]
pub struct TableFacts {
    pub asset: AssetId,
    pub project: ProjectId,
    pub domain: DomainId,
    /// Names of project, database and table.
    pub path: [String; 3],
    pub status: AssetStatus,
    /// In table order, dropped ones too.
    pub columns: Vec<ColumnFacts>,
    pub tags: Vec<TagFacts>,
}

/// A column as rules see it.
#[derive(Debug, Clone)]
pub struct ColumnFacts {
    pub id: ColumnId,
    pub name: String,
    pub column_type: ColumnType,
    pub state: ColumnState,
    pub unlisted: bool,
}

/// A tag on a table as a whole, or on a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFacts {
    pub row: Uuid,
    pub column: Option<ColumnId>,
    pub tag: String,
    /// Whether a set put it there.
    pub managed: bool,
}

impl TableFacts {
    /// The three names as rules write them.
    pub fn name(&self) -> String {
        self.path.join("/")
    }

    /// Whether rules are about it at all.
    pub fn is_there(&self) -> bool {
        self.status != AssetStatus::Archived
    }

    /// Whether its project let it out: grants wait until then.
    pub fn is_out(&self) -> bool {
        matches!(self.status, AssetStatus::Published | AssetStatus::Deprecated)
    }

    /// The name of a column.
    pub fn column(&self, id: ColumnId) -> Option<&ColumnFacts> {
        self.columns.iter().find(|column| column.id == id)
    }
}

/// What makes a grant the same one across sets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GrantKey {
    pub table: TableId,
    pub rule: String,
    pub holder: Grantee,
}

/// What a grant gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantTerms {
    pub columns: BTreeSet<ColumnId>,
    /// As the file has it.
    pub rows: Option<String>,
    /// `None` where the file leaves the beginning open.
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub export: bool,
    pub hand_on: bool,
    pub reason: String,
}

/// A grant in force that a set gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldGrant {
    pub id: GrantId,
    pub key: GrantKey,
    pub terms: GrantTerms,
    /// The condition as it is enforced.
    pub filter: Option<String>,
}

/// What a restriction stands on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spot {
    Table(TableId),
    Tag(String),
}

/// What makes a restriction the same one across sets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RestrictionKey {
    pub spot: Spot,
    pub rule: String,
}

/// What a restriction does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestrictionTerms {
    pub effect: Doing,
    /// None mean the whole table, or what carries the tag.
    pub columns: BTreeSet<ColumnId>,
    pub exempt: BTreeSet<Exemption>,
    pub reason: String,
}

/// What a restriction does to what it reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    Hide,
    Mask(Mask),
    /// The condition as the file has it.
    Rows(String),
}

/// A restriction in force that a set put there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRestriction {
    pub id: RestrictionId,
    pub key: RestrictionKey,
    pub terms: RestrictionTerms,
    /// The condition as it is enforced.
    pub filter: Option<String>,
    pub created_by: UserId,
}
