//! Walks once over what matches and brings home the count, the best hits and the facets.

use crate::query::{Facet, FacetCounts, FacetValue, Sort};
use crate::schema::{column, facet_column};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, StrColumn};
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

/// What to bring home.
#[derive(Debug, Clone)]
pub(crate) struct Gather {
    pub sort: Sort,
    /// The best so many; 0 only counts.
    pub keep: usize,
    pub facets: Vec<Facet>,
}

/// What was brought home.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub total: u64,
    /// In order, at most `keep`.
    pub top: Vec<DocAddress>,
    /// For each facet asked for, its values.
    pub counts: Vec<HashMap<String, u64>>,
}

impl Gathered {
    /// The counts of the facet at `position`, the most frequent values first.
    pub(crate) fn facet(&self, position: usize, facet: Facet, most: usize) -> FacetCounts {
        let counts = self.counts.get(position).into_iter().flatten();
        let mut values: Vec<FacetValue> =
            counts.map(|(value, &count)| FacetValue { value: value.clone(), count }).collect();
        values.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
        let left_out = values.len().saturating_sub(most) as u64;
        values.truncate(most);
        FacetCounts { facet, values, left_out }
    }
}

impl Collector for Gather {
    type Fruit = Gathered;
    type Child = SegmentGather;

    fn for_segment(&self, segment: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<SegmentGather> {
        let columns = reader.fast_fields();
        let number = match self.sort {
            Sort::Relevance => Some(columns.i64(column::TIE)?),
            Sort::Newest => Some(columns.i64(column::UPDATED)?),
            Sort::Title => None,
        };
        let title = if self.sort == Sort::Title { columns.str(column::TITLE)? } else { None };
        let facet = |&facet: &Facet| -> tantivy::Result<Option<Counter>> {
            Ok(columns.str(facet_column(facet))?.map(Counter::new))
        };
        Ok(SegmentGather {
            segment,
            ranked: self.sort == Sort::Relevance,
            number,
            title,
            order: columns.u64(column::ORDER)?,
            keep: self.keep,
            total: 0,
            worst_first: BinaryHeap::new(),
            counters: self.facets.iter().map(facet).collect::<tantivy::Result<_>>()?,
        })
    }

    fn requires_scoring(&self) -> bool {
        self.sort == Sort::Relevance && self.keep > 0
    }

    fn merge_fruits(&self, fruits: Vec<tantivy::Result<SegmentFruit>>) -> tantivy::Result<Gathered> {
        let mut gathered = Gathered { counts: vec![HashMap::new(); self.facets.len()], ..Gathered::default() };
        let mut entries = Vec::new();
        for fruit in fruits {
            let fruit = fruit?;
            gathered.total += fruit.total;
            entries.extend(fruit.entries);
            for (sum, counts) in gathered.counts.iter_mut().zip(fruit.counts) {
                for (value, count) in counts {
                    *sum.entry(value).or_default() += count;
                }
            }
        }
        entries.sort_unstable();
        gathered.top = entries.into_iter().take(self.keep).map(|entry| entry.address).collect();
        Ok(gathered)
    }
}

/// A hit with what orders it across segments: the best sort first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    rank: Reverse<i64>,
    title: Option<String>,
    order: u64,
    address: DocAddress,
}

/// The yield of one segment.
#[derive(Debug)]
pub(crate) struct SegmentFruit {
    total: u64,
    entries: Vec<Entry>,
    counts: Vec<Vec<(String, u64)>>,
}

/// A hit within a segment; greater is worse.
type Candidate = (Reverse<i64>, u64, DocId);

/// Collects in one segment.
pub(crate) struct SegmentGather {
    segment: SegmentOrdinal,
    ranked: bool,
    number: Option<Column<i64>>,
    title: Option<StrColumn>,
    order: Column<u64>,
    keep: usize,
    total: u64,
    worst_first: BinaryHeap<Candidate>,
    counters: Vec<Option<Counter>>,
}

impl SegmentGather {
    /// Greater is better. Titles rank by their place in the segment's dictionary, which is sorted.
    fn rank(&self, doc: DocId, score: Score) -> i64 {
        let number = self.number.as_ref().and_then(|column| column.first(doc)).unwrap_or(0);
        if self.ranked {
            // Whole thousandths: sums of the same numbers in another order must not rank apart.
            #[expect(clippy::cast_possible_truncation, reason = "scores are small, and the cast saturates")]
            return (score * 1_000.0).round() as i64 + number;
        }
        match self.title.as_ref().and_then(|column| column.ords().first(doc)) {
            Some(place) => i64::try_from(place).map_or(i64::MIN, |place| -place),
            None => number,
        }
    }

    fn offer(&mut self, doc: DocId, score: Score) {
        let rank = Reverse(self.rank(doc, score));
        let full = self.worst_first.len() >= self.keep;
        if full && self.worst_first.peek().is_none_or(|worst| rank > worst.0) {
            return;
        }
        let candidate = (rank, self.order.first(doc).unwrap_or(0), doc);
        if !full {
            self.worst_first.push(candidate);
        } else if let Some(mut worst) = self.worst_first.peek_mut()
            && candidate < *worst
        {
            *worst = candidate;
        }
    }

    fn entries(&self) -> tantivy::Result<Vec<Entry>> {
        let by_title = self.title.as_ref();
        self.worst_first
            .iter()
            .map(|&(rank, order, doc)| {
                let title = by_title.map(|column| title_of(column, doc)).transpose()?;
                let rank = if title.is_some() { Reverse(0) } else { rank };
                Ok(Entry { rank, title, order, address: DocAddress::new(self.segment, doc) })
            })
            .collect()
    }
}

fn title_of(column: &StrColumn, doc: DocId) -> tantivy::Result<String> {
    let mut title = String::new();
    if let Some(place) = column.ords().first(doc) {
        column.ord_to_str(place, &mut title)?;
    }
    Ok(title)
}

impl SegmentCollector for SegmentGather {
    type Fruit = tantivy::Result<SegmentFruit>;

    fn collect(&mut self, doc: DocId, score: Score) {
        self.total += 1;
        if self.keep > 0 {
            self.offer(doc, score);
        }
        for counter in self.counters.iter_mut().flatten() {
            counter.count(doc);
        }
    }

    fn harvest(self) -> tantivy::Result<SegmentFruit> {
        let entries = self.entries()?;
        let counts = self.counters.into_iter().map(|counter| counter.map_or(Ok(Vec::new()), Counter::named));
        Ok(SegmentFruit { total: self.total, entries, counts: counts.collect::<tantivy::Result<_>>()? })
    }
}

/// Counts the values of one facet in one segment, by their place in the dictionary.
struct Counter {
    column: StrColumn,
    by_place: Vec<u32>,
}

impl Counter {
    fn new(column: StrColumn) -> Self {
        let by_place = vec![0; column.num_terms()];
        Self { column, by_place }
    }

    fn count(&mut self, doc: DocId) {
        for place in self.column.term_ords(doc) {
            if let Some(count) = usize::try_from(place).ok().and_then(|place| self.by_place.get_mut(place)) {
                *count += 1;
            }
        }
    }

    fn named(self) -> tantivy::Result<Vec<(String, u64)>> {
        let counted = (0u64..).zip(&self.by_place).filter(|&(_, &count)| count > 0);
        let (places, counts): (Vec<u64>, Vec<u64>) = counted.map(|(place, &count)| (place, u64::from(count))).unzip();
        let mut counts = counts.into_iter();
        let mut named = Vec::with_capacity(places.len());
        self.column.dictionary().sorted_ords_to_term_cb(&places, |value| {
            let value = String::from_utf8_lossy(value).into_owned();
            named.extend(counts.next().map(|count| (value, count)));
        })?;
        Ok(named)
    }
}
