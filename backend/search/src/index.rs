//! One index in one folder: opening, changing, committing.

mod files;

use crate::document::Change;
use crate::error::{Result, SearchError, guarded};
use crate::query::Facet;
use crate::schema::{Fields, REMOVED_KIND, column};
use crate::visible::VisibleCache;
use crate::words::Stemmer;
use files::{
    Payload, checked, folder_bytes, locked, open_or_create, position_of, remove_uncommitted, unreadable, whole, writer,
};
use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tantivy::query::{BooleanQuery, Query, RangeQuery, TermQuery};
use tantivy::schema::{IndexRecordOption, Term};
use tantivy::{DocSet, IndexReader, IndexWriter, ReloadPolicy, Searcher, TERMINATED};

/// Indexes up to this size are checked byte by byte when opened; larger ones by [`Index::verify`].
const CHECK_AT_OPEN_BYTES: u64 = 64 << 20;

/// An index, open for searching and changing. One process at a time, one handle at a time.
pub struct Index {
    dir: PathBuf,
    fields: Fields,
    reader: IndexReader,
    visible: Arc<VisibleCache>,
    index: tantivy::Index,
    writing: Mutex<Writing>,
}

/// What only one thread at a time may touch.
struct Writing {
    /// Gone once the index was replaced.
    writer: Option<IndexWriter>,
    stemmer: Stemmer,
    /// Keys changed since the last commit, with the number of the change.
    pending: HashMap<String, i64>,
    /// The highest position applied.
    applied: i64,
    /// The position of the last commit.
    committed: i64,
}

/// What [`Index::apply`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Documents written or removed.
    pub written: usize,
    /// Changes left out because a newer one is already there.
    pub stale: usize,
}

impl Index {
    /// Opens the index in `dir`, or makes an empty one (position 0) if there is nothing.
    ///
    /// # Errors
    /// [`SearchError::Locked`] while another handle is open, in this or another live process (a dead one's lock does
    /// not count); [`SearchError::NeedsRebuild`] if files are missing, damaged or of another version.
    pub fn open(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir)?;
        guarded(|| Self::open_guarded(dir))
    }

    fn open_guarded(dir: &Path) -> Result<Self> {
        let fields = Fields::new();
        let index = open_or_create(dir, &fields)?;
        let writer = writer(&index).map_err(|error| locked(error, dir))?;
        if folder_bytes(dir)? <= CHECK_AT_OPEN_BYTES {
            checked(&index)?;
        }
        let position = position_of(&index)?;
        let reader: IndexReader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(16)
            .try_into()
            .map_err(unreadable)?;
        whole(&reader.searcher())?;
        remove_uncommitted(&writer)?;
        let writing = Writing {
            writer: Some(writer),
            stemmer: Stemmer::new(),
            pending: HashMap::new(),
            applied: position,
            committed: position,
        };
        let visible = Arc::new(VisibleCache::default());
        Ok(Self { dir: dir.to_owned(), fields, reader, visible, index, writing: Mutex::new(writing) })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The number of the last change that is on disk for certain: after a crash, follow from the next one.
    pub fn position(&self) -> i64 {
        self.writing().committed
    }

    /// The number of the last change applied, committed or not.
    pub fn applied_position(&self) -> i64 {
        self.writing().applied
    }

    /// How many documents can be found by someone, as of the last commit.
    pub fn len(&self) -> Result<u64> {
        let removed = TermQuery::new(self.removed_term(), IndexRecordOption::Basic);
        let searcher = self.searcher();
        let marks = searcher.search(&removed, &tantivy::collector::Count)?;
        Ok(searcher.num_docs().saturating_sub(marks as u64))
    }

    /// Whether the index holds no document.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Takes up changes; `position` is the number of the last change that the caller has seen, and all changes up to
    /// it are in this or earlier batches. Nothing is found or durable before [`Index::commit`].
    ///
    /// A change older than what the index has for the same key is left out, also after a restart. The same change may
    /// come twice.
    ///
    /// # Errors
    /// On any failure everything since the last commit is dropped: follow again from [`Index::position`].
    pub fn apply(&self, batch: Vec<Change>, position: i64) -> Result<Applied> {
        let mut writing = self.writing();
        let outcome = guarded(|| self.apply_all(&mut writing, batch));
        match outcome {
            Ok(applied) => {
                writing.applied = writing.applied.max(position);
                Ok(applied)
            }
            Err(error) => Err(writing.drop_uncommitted(error)),
        }
    }

    fn apply_all(&self, writing: &mut Writing, batch: Vec<Change>) -> Result<Applied> {
        let searcher = self.searcher();
        let mut applied = Applied::default();
        for change in batch {
            let known = match writing.pending.get(change.key()) {
                Some(&number) => Some(number),
                None => self.committed_change(&searcher, change.key())?,
            };
            if known.is_some_and(|known| change.number() < known) {
                applied.stale += 1;
                continue;
            }
            self.write(writing, &change)?;
            writing.pending.insert(change.key().to_owned(), change.number());
            applied.written += 1;
        }
        Ok(applied)
    }

    fn write(&self, writing: &mut Writing, change: &Change) -> Result<()> {
        let filled = match change {
            Change::Upsert(document) => self.fields.document(document, &mut writing.stemmer)?,
            Change::Remove { key, change } => self.fields.removed(key, *change),
        };
        let writer = writing.writer.as_ref().ok_or(SearchError::Retired)?;
        writer.delete_term(Term::from_field_text(self.fields.key, change.key()));
        writer.add_document(filled)?;
        Ok(())
    }

    /// The number of the change that the last commit shows for a key, removals included.
    fn committed_change(&self, searcher: &Searcher, key: &str) -> Result<Option<i64>> {
        for reader in searcher.segment_readers() {
            let index = reader.inverted_index(self.fields.key)?;
            let Some(term) = index.terms().get(key)? else { continue };
            let mut postings = index.read_postings_from_terminfo(&term, IndexRecordOption::Basic)?;
            while postings.doc() != TERMINATED {
                if !reader.is_deleted(postings.doc()) {
                    return Ok(reader.fast_fields().i64(column::CHANGE)?.first(postings.doc()));
                }
                postings.advance();
            }
        }
        Ok(None)
    }

    /// Makes everything applied durable, and found by the next search. Gives the new [`Index::position`].
    ///
    /// # Errors
    /// On failure everything since the last commit is dropped: follow again from [`Index::position`].
    pub fn commit(&self) -> Result<i64> {
        let mut writing = self.writing();
        if writing.pending.is_empty() && writing.applied == writing.committed && writing.writer.is_some() {
            return Ok(writing.committed);
        }
        match guarded(|| self.commit_now(&mut writing)) {
            Ok(()) => Ok(writing.committed),
            Err(error) => Err(writing.drop_uncommitted(error)),
        }
    }

    fn commit_now(&self, writing: &mut Writing) -> Result<()> {
        let position = writing.applied;
        let writer = writing.writer.as_mut().ok_or(SearchError::Retired)?;
        let payload = Payload::at(position);
        let payload = serde_json::to_string(&payload).map_err(|error| SearchError::Failed(error.to_string()))?;
        let mut prepared = writer.prepare_commit()?;
        prepared.set_payload(&payload);
        lakegate_model::failpoint!("search.prepared");
        prepared.commit()?;
        lakegate_model::failpoint!("search.committed");
        writing.committed = position;
        // Numbers of these keys are forgotten only once the reader shows them.
        self.reader.reload()?;
        writing.pending.clear();
        Ok(())
    }

    /// Forgets which documents were removed by changes up to `change`, and commits. Until then a removal keeps a small
    /// mark, so that no older change brings the document back; call this with a number that every change still on its
    /// way is above.
    ///
    /// # Errors
    /// As [`Index::commit`].
    pub fn forget_removed(&self, change: i64) -> Result<()> {
        let mut writing = self.writing();
        let old =
            RangeQuery::new(Bound::Unbounded, Bound::Included(Term::from_field_i64(self.fields.change(), change)));
        let removed = TermQuery::new(self.removed_term(), IndexRecordOption::Basic);
        let both: Vec<Box<dyn Query>> = vec![Box::new(removed), Box::new(old)];
        let outcome = guarded(|| {
            let writer = writing.writer.as_ref().ok_or(SearchError::Retired)?;
            writer.delete_query(Box::new(BooleanQuery::intersection(both)))?;
            self.commit_now(&mut writing)
        });
        outcome.map_err(|error| writing.drop_uncommitted(error))
    }

    fn removed_term(&self) -> Term {
        Term::from_field_text(self.fields.facet(Facet::Kind), REMOVED_KIND)
    }

    /// Reads every byte of the index and compares the checksums.
    ///
    /// # Errors
    /// [`SearchError::NeedsRebuild`] names what is damaged.
    pub fn verify(&self) -> Result<()> {
        guarded(|| checked(&self.index))
    }

    /// Ends writing for good and waits until background merges ended, so that the folder may go.
    pub(crate) fn retire(&self) {
        let writer = self.writing().writer.take();
        if let Some(writer) = writer
            && let Err(error) = writer.wait_merging_threads()
        {
            tracing::warn!(dir = %self.dir.display(), %error, "merging in the replaced search index ended badly");
        }
    }

    pub(crate) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    pub(crate) fn fields(&self) -> &Fields {
        &self.fields
    }

    pub(crate) fn parts(&self) -> (&Fields, &Arc<VisibleCache>) {
        (&self.fields, &self.visible)
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl Writing {
    /// Back to the last commit, so that the caller can follow again from there.
    fn drop_uncommitted(&mut self, error: SearchError) -> SearchError {
        self.pending.clear();
        self.applied = self.committed;
        if let Some(writer) = self.writer.as_mut()
            && let Err(second) = writer.rollback().and_then(|_| remove_uncommitted(writer))
        {
            tracing::error!(error = %second, "the search index could not be rolled back");
        }
        error
    }
}
