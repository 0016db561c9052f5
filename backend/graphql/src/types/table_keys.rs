//! Keys of tables, as clients read them.

use async_graphql::SimpleObject;
use lakegate_app::catalog::table_keys as app;

use crate::scalars::Id;

/// What identifies the rows of a table, which columns name rows of other tables, and which lead to it. People declare it;
/// files enforce none of it.
#[derive(Debug, Clone, SimpleObject)]
pub struct TableKeys {
    pub primary: Option<PrimaryKey>,
    pub foreign: Vec<ForeignKey>,
    /// Keys that lead to this table, as far as the caller may know the tables that they stand in.
    pub referenced_by: Vec<ForeignKey>,
}

/// What identifies the rows of a table.
#[derive(Debug, Clone, SimpleObject)]
pub struct PrimaryKey {
    pub id: Id,
    /// Names, in the order of the key.
    pub columns: Vec<String>,
    /// A column is gone or has a type that identifies nothing: told to those who may edit the asset.
    pub broken: bool,
}

/// Columns that name rows of a table.
#[derive(Debug, Clone, SimpleObject)]
pub struct ForeignKey {
    pub id: Id,
    pub asset: KeyedAsset,
    /// Names, in the order of the key.
    pub columns: Vec<String>,
    /// Null where there is nothing any more, or nothing that the caller may know.
    pub target: Option<KeyedAsset>,
    /// One for each of the columns; none without a target.
    pub target_columns: Vec<String>,
    /// It leads nowhere: told to those who may edit the asset.
    pub broken: bool,
}

/// An asset at an end of a key.
#[derive(Debug, Clone, SimpleObject)]
pub struct KeyedAsset {
    pub id: Id,
    pub name: String,
}

/// A foreign key that names and types suggest. It means nothing until it is declared.
#[derive(Debug, Clone, SimpleObject)]
pub struct ForeignKeySuggestion {
    pub columns: Vec<String>,
    pub target: KeyedAsset,
    pub target_columns: Vec<String>,
}

impl From<app::KeysView> for TableKeys {
    fn from(view: app::KeysView) -> Self {
        Self {
            primary: view.primary.map(Into::into),
            foreign: view.foreign.into_iter().map(Into::into).collect(),
            referenced_by: view.referenced_by.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<app::PrimaryKeyView> for PrimaryKey {
    fn from(key: app::PrimaryKeyView) -> Self {
        Self { id: key.id.into(), columns: key.columns, broken: key.broken }
    }
}

impl From<app::ForeignKeyView> for ForeignKey {
    fn from(key: app::ForeignKeyView) -> Self {
        Self {
            id: key.id.into(),
            asset: key.asset.into(),
            columns: key.columns,
            target: key.target.map(Into::into),
            target_columns: key.target_columns,
            broken: key.broken,
        }
    }
}

impl From<app::AssetRef> for KeyedAsset {
    fn from(asset: app::AssetRef) -> Self {
        Self { id: asset.id.into(), name: asset.name }
    }
}

impl From<app::ForeignKeySuggestion> for ForeignKeySuggestion {
    fn from(suggestion: app::ForeignKeySuggestion) -> Self {
        Self {
            columns: vec![suggestion.column],
            target: suggestion.target.into(),
            target_columns: vec![suggestion.target_column],
        }
    }
}
