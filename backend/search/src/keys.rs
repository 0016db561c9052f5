//! Listing what the index holds, to compare it with the database.

use crate::error::{Result, guarded};
use crate::index::Index;
use crate::schema::{REMOVED, column};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, SegmentReader, TERMINATED};

/// The most keys of one page.
pub const MAX_KEYS: usize = 10_000;

/// A document that the index holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyEntry {
    /// The document's key.
    pub key: String,
    /// The number of the change that it shows.
    pub change: i64,
}

impl Index {
    /// The keys after `after` (from the start without it) in byte order, at most `limit` and at most [`MAX_KEYS`], as
    /// of the last commit. An empty page is the end.
    ///
    /// # Errors
    /// As [`Index::search`].
    pub fn keys(&self, after: Option<&str>, limit: usize) -> Result<Vec<KeyEntry>> {
        guarded(|| {
            let limit = limit.min(MAX_KEYS);
            let mut found = Vec::new();
            for reader in self.searcher().segment_readers() {
                self.segment_keys(reader, after, limit, &mut found)?;
            }
            found.sort_unstable();
            found.truncate(limit);
            Ok(found)
        })
    }

    fn segment_keys(
        &self,
        reader: &SegmentReader,
        after: Option<&str>,
        limit: usize,
        found: &mut Vec<KeyEntry>,
    ) -> Result<()> {
        let index = reader.inverted_index(self.fields().key)?;
        let changes = reader.fast_fields().i64(column::CHANGE).map_err(crate::SearchError::from)?;
        let range = index.terms().range();
        let mut stream = match after {
            Some(after) => range.gt(after).into_stream()?,
            None => range.into_stream()?,
        };
        let mut taken = 0;
        while taken < limit && stream.advance() {
            let mut postings = index.read_postings_from_terminfo(stream.value(), IndexRecordOption::Basic)?;
            while postings.doc() != TERMINATED {
                if is_document(reader, postings.doc())? {
                    let key = String::from_utf8_lossy(stream.key()).into_owned();
                    found.push(KeyEntry { key, change: changes.first(postings.doc()).unwrap_or(0) });
                    taken += 1;
                }
                postings.advance();
            }
        }
        Ok(())
    }
}

/// Whether it is there and not the mark of a removal.
fn is_document(reader: &SegmentReader, doc: DocId) -> Result<bool> {
    if reader.is_deleted(doc) {
        return Ok(false);
    }
    Ok(reader.fast_fields().u64(column::STATE)?.first(doc).unwrap_or(0) & REMOVED == 0)
}
