//! Who sees a column as it is, masked, or not at all.

use lakegate_model::{
    Fault,
    ids::{AssetId, ColumnId},
    words::Mask,
};
use lakegate_policy::{Actor, access::TableAccess, action};
use lakegate_store::{
    Tx,
    concerned::{self, Place},
};

use crate::{
    App, Caller,
    access::{
        explain::Shows,
        readers::{Through, Ways},
        simulate::{
            Subject, compare, compiled,
            concern::readers_of,
            sight::{Sight, Sights},
        },
        usage::Uses,
    },
    catalog::granted,
};

/// Somebody who reads a table, at one of its columns.
#[derive(Debug, Clone)]
pub struct ColumnReader {
    pub subject: Subject,
    pub shows: Shows,
    pub mask: Option<Mask>,
    /// Through what he reads the table.
    pub through: Vec<Through>,
}

/// Who sees a column, in the order whole, some rows, masked, not at all; of the last, those who read other columns.
#[derive(Debug, Clone)]
pub struct ColumnReaders {
    pub asset: AssetId,
    pub asset_name: String,
    pub column: ColumnId,
    pub column_name: String,
    pub readers: Vec<ColumnReader>,
}

/// How many see a column how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub whole: usize,
    pub partial: usize,
    pub masked: usize,
    pub nothing: usize,
}

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, shows: Shows) {
        let count = match shows {
            Shows::Whole => &mut self.whole,
            Shows::Partial => &mut self.partial,
            Shows::Masked => &mut self.masked,
            Shows::Nothing => &mut self.nothing,
        };
        *count += 1;
    }
}

/// Tells a reviewer who sees a column, and how.
///
/// # Errors
/// `forbidden` for who does not review the asset, `not_found` for a column that it does not have, `limit_exceeded` where more
/// than [`super::MOST_READINGS`] readings would have to be looked at.
pub async fn of(app: &App, caller: &Caller, asset: AssetId, column: ColumnId) -> Result<ColumnReaders, Fault> {
    look!(app, caller, "access.explore", |tx, scope, actor| {
        let (asset, _proof) = granted::<action::ReviewAsset>(tx, scope, actor, asset).await?;
        let place = concerned::place_of_asset(tx, asset.id).await?;
        let place = place.ok_or_else(|| Fault::invalid("asset", "this asset has no table to read"))?;
        let found = Readings::of(app, tx, actor, place).await?;
        let sight = found.sights.of_asset(asset.id).ok_or_else(|| Fault::not_found("asset"))?;
        let named = sight.columns.iter().find(|(id, _)| *id == column);
        let (_, column_name) = named.ok_or_else(|| Fault::not_found("column").on("column"))?.clone();
        let uses = Uses::default();
        let mut ways = Ways::new(&uses);
        let mut readers = Vec::new();
        for (subject, access) in found.told() {
            let (shows, mask) = at(sight, subject.clone(), access, column);
            let through = ways.of(tx, access).await?;
            readers.push(ColumnReader { subject, shows, mask, through });
        }
        readers.sort_by(|a, b| (order(a.shows), &a.subject.name).cmp(&(order(b.shows), &b.subject.name)));
        let (name, asset) = (asset.display_name().to_owned(), asset.id);
        Ok(ColumnReaders { asset, asset_name: name, column, column_name, readers })
    })
}

fn order(shows: Shows) -> u8 {
    match shows {
        Shows::Whole => 0,
        Shows::Partial => 1,
        Shows::Masked => 2,
        Shows::Nothing => 3,
    }
}

/// Everybody who reads a table, compiled.
pub(super) struct Readings {
    pub sights: Sights,
    /// How many readings were looked at.
    pub looked: usize,
    compiled: Vec<(Subject, TableAccess)>,
}

impl Readings {
    pub async fn of(app: &App, tx: &mut Tx, actor: &Actor, place: Place) -> Result<Self, Fault> {
        let pairs = readers_of(tx, place).await?;
        let sights = Sights::of(app, tx, actor, &pairs).await?;
        let mut held = Vec::new();
        for ((who, project, _), access) in compiled(app, tx, &pairs, app.now()).await? {
            let sight = place.asset_id.and_then(|asset| sights.of_asset(asset));
            let subject = sight.and_then(|sight| sights.subject(sight, who, project));
            held.extend(subject.zip(access));
        }
        Ok(Self { sights, looked: pairs.pairs.len(), compiled: held })
    }

    /// Those of whom the caller is told.
    pub fn told(&self) -> impl Iterator<Item = (Subject, &TableAccess)> {
        self.compiled.iter().map(|(subject, access)| (subject.clone(), access))
    }

    /// How many see a column how.
    pub fn tally(&self, sight: &Sight, column: ColumnId) -> Tally {
        let mut tally = Tally::default();
        for (subject, access) in self.told() {
            tally.add(at(sight, subject, access, column).0);
        }
        tally
    }
}

/// What shows of a column.
fn at(sight: &Sight, subject: Subject, access: &TableAccess, column: ColumnId) -> (Shows, Option<Mask>) {
    let reading = compare::reading(sight, subject, Some(access));
    let shown = reading.columns.into_iter().find(|read| read.id == column);
    shown.map_or((Shows::Nothing, None), |read| (read.shows, read.mask))
}
