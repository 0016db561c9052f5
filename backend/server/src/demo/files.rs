//! The sample tables, part of the program.

use std::{fs, io, path::Path};

use crate::data_dir::make_private;

/// A file and where it lies below the folder of its data source.
type Sample = (&'static str, &'static [u8]);

/// Orders of a catalogue: 11 rows.
pub const SALES: &[Sample] = &[("catalog_sales.csv", include_bytes!("../../demo/catalog_sales.csv"))];

/// Companies by continent, 2,266 rows, and their 100 owners.
pub const COMPANIES: &[Sample] = &[
    ("owners.csv", include_bytes!("../../demo/companies/owners.csv")),
    (
        "companies/continent=asia/part-00000.csv",
        include_bytes!("../../demo/companies/companies/continent=asia/part-00000.csv"),
    ),
    (
        "companies/continent=eu/part-00000.csv",
        include_bytes!("../../demo/companies/companies/continent=eu/part-00000.csv"),
    ),
    (
        "companies/continent=us/part-00000.csv",
        include_bytes!("../../demo/companies/companies/continent=us/part-00000.csv"),
    ),
];

/// Writes the samples that are missing. A file appears whole or not at all.
///
/// # Errors
/// What the disk says.
pub fn write(folder: &Path, samples: &[Sample]) -> io::Result<()> {
    for (path, bytes) in samples {
        let target = folder.join(path);
        if target.exists() {
            continue;
        }
        if let Some(parent) = target.parent() {
            make_private(parent)?;
        }
        let aside = folder.join(".writing");
        fs::write(&aside, bytes)?;
        fs::File::open(&aside)?.sync_all()?;
        fs::rename(&aside, &target)?;
    }
    Ok(())
}
