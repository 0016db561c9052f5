//! The tags of an asset, and what hangs on them.

use async_graphql::SimpleObject;
use lakegate_app::catalog::tagging;

use crate::{names::Named, scalars::Id};

/// The tags of an asset and its columns.
#[derive(Debug, Clone, SimpleObject)]
pub struct TagSheet {
    pub asset_id: Id,
    /// The asset as a whole first, then its columns.
    pub places: Vec<TagPlace>,
    /// Each tag that stands somewhere on the asset, once.
    pub tags: Vec<TagRules>,
    pub may_edit: bool,
    /// Whether the caller is told which rules hang on tags.
    pub told: bool,
}

/// Something that carries tags.
#[derive(Debug, Clone, SimpleObject)]
pub struct TagPlace {
    /// Null for the asset as a whole.
    pub column: Option<Named>,
    pub own: Vec<String>,
    /// Those of the asset, which hold for every column.
    pub inherited: Vec<String>,
}

/// A tag with the rules that reach data by it.
#[derive(Debug, Clone, SimpleObject)]
pub struct TagRules {
    pub tag: String,
    /// Whether approvals look at it; only a steward takes it off.
    pub governed: bool,
    pub restrictions: i32,
    pub grants: i32,
    /// The rules in words, for who reviews the asset.
    pub words: Vec<String>,
}

impl From<tagging::TagSheet> for TagSheet {
    fn from(sheet: tagging::TagSheet) -> Self {
        let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let place = |place: tagging::TagPlace| TagPlace {
            column: place.column.map(|(id, name)| Named { id: id.into(), name }),
            own: place.own,
            inherited: place.inherited,
        };
        let tag = |tag: tagging::TagRules| TagRules {
            tag: tag.tag,
            governed: tag.governed,
            restrictions: count(tag.restrictions),
            grants: count(tag.grants),
            words: tag.words,
        };
        Self {
            asset_id: sheet.asset.into(),
            places: sheet.places.into_iter().map(place).collect(),
            tags: sheet.tags.into_iter().map(tag).collect(),
            may_edit: sheet.may_edit,
            told: sheet.told,
        }
    }
}
