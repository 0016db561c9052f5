//! Ids and names of the generated rows: each a function of a number, so that the truth needs no look-up.

use crate::corpus::{Corpus, text_of};
use lakegate_model::{columns::ColumnType, words::Discover};
use uuid::{Builder, Uuid};

/// People who own assets.
pub const OWNERS: u32 = 200;
/// Glossary terms of each domain.
pub const TERMS: u32 = 10;
/// Columns of each table.
pub const COLUMNS: u32 = 12;

/// Whether the caller is a viewer of a project: of four among the two hundred whose assets he may see.
pub fn is_own(project: u32) -> bool {
    project % 500 == 3
}

/// What an id stands for.
#[derive(Debug, Clone, Copy)]
pub enum Of {
    Asset = 1,
    Table,
    Column,
    Tag,
    TermLink,
    Project,
    Environment,
    Database,
    Domain,
    Term,
    Owner,
}

/// The id of the thing of a number, as old as its number says: rows of one table arrive in the order of their ids.
pub fn id(of: Of, number: u32, part: u32) -> Uuid {
    let mut rest = [0_u8; 10];
    rest[1] = of as u8;
    rest[2..6].copy_from_slice(&part.to_be_bytes());
    rest[6..].copy_from_slice(&number.to_be_bytes());
    Builder::from_unix_timestamp_millis(1_600_000_000_000 + u64::from(number), &rest).into_uuid()
}

/// An asset as the generator describes it.
pub struct Described {
    pub name: String,
    pub title: String,
    pub description: String,
    pub columns: Vec<DescribedColumn>,
    /// Without doubles, in order.
    pub tags: Vec<String>,
    /// Numbers of terms of the domain.
    pub terms: Vec<u32>,
    pub project: u32,
    pub owner: u32,
    /// Own discover level; `None` takes the domain's.
    pub discover: Option<Discover>,
}

/// A column as the generator describes it.
pub struct DescribedColumn {
    pub name: String,
    pub title: String,
    pub column_type: ColumnType,
    pub tag: Option<String>,
}

/// The asset of a number.
pub fn described(corpus: &Corpus, number: u32) -> Described {
    let outline = corpus.outline(number);
    let join = |words: &[u32], by: &str| words.iter().map(|word| text_of(*word)).collect::<Vec<_>>().join(by);
    let mut tags: Vec<String> = outline.tags.iter().map(|tag| crate::corpus::tag_name(*tag)).collect();
    tags.sort();
    tags.dedup();
    let columns = (0_u32..).zip(&outline.columns).map(|(ordinal, words)| DescribedColumn {
        name: format!("{}_{ordinal}", join(words, "_")),
        title: join(words, " "),
        column_type: column_type(number + ordinal),
        tag: (ordinal == 0 && number.is_multiple_of(4)).then(|| format!("first{}", number % 50)),
    });
    Described {
        name: format!("{}_{number}", join(&outline.name, "_")),
        title: join(&outline.title, " "),
        description: join(&outline.description, " "),
        columns: columns.collect(),
        tags,
        terms: (0..number % 3).map(|term| (number + term) % TERMS).collect(),
        project: outline.project,
        owner: number % OWNERS,
        discover: own_level(number, outline.project),
    }
}

/// A third of the assets say for themselves what their domain says for all of them, in another word.
fn own_level(number: u32, project: u32) -> Option<Discover> {
    match (number % 3, crate::corpus::is_visible(project)) {
        (0, true) => Some(Discover::Listed),
        (0, false) => Some(Discover::Hidden),
        _ => None,
    }
}

fn column_type(number: u32) -> ColumnType {
    match number % 5 {
        0 => ColumnType::Integer { bits: 64 },
        1 => ColumnType::Decimal { precision: 12, scale: 2 },
        2 => ColumnType::Date,
        3 => ColumnType::Timestamp { zoned: true },
        _ => ColumnType::Text,
    }
}

/// A term of a domain.
pub fn term_name(domain: u32, term: u32) -> String {
    format!("Term {term} of domain {domain}")
}

/// The display name of an owner.
pub fn owner_name(owner: u32) -> String {
    format!("Owner {owner:03}")
}
