//! Searches over a large generated catalog by a caller who may see a tenth of it.
//!
//! `search --documents 600000 --seconds 20 [--threads 2] [--seed 1] [--dir FOLDER]`. The load generator shares the
//! processors with the index. With `--dir` an index made before with the same numbers is used again.

mod model;
mod questions;

use crate::corpus::{self, Corpus};
use anyhow::{Context, Result, ensure};
use lakegate_search::{Change, Index};
use model::Model;
use questions::{Question, Questions};
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// So many documents go into one batch.
const BATCH: u32 = 5_000;
/// So many answers are compared with the model.
const CHECKED: usize = 200;

/// What the command line says.
struct Settings {
    documents: u32,
    seconds: u64,
    threads: u64,
    seed: u64,
    dir: Option<PathBuf>,
}

impl Settings {
    fn read(arguments: &[String]) -> Result<Self> {
        let mut settings = Self { documents: 600_000, seconds: 20, threads: 2, seed: 1, dir: None };
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { anyhow::bail!("{pair:?} has no value") };
            match name.as_str() {
                "--documents" => settings.documents = value.parse().context("--documents")?,
                "--seconds" => settings.seconds = value.parse().context("--seconds")?,
                "--threads" => settings.threads = value.parse().context("--threads")?,
                "--seed" => settings.seed = value.parse().context("--seed")?,
                "--dir" => settings.dir = Some(value.into()),
                other => anyhow::bail!("unknown argument {other}"),
            }
        }
        ensure!(settings.documents > 0 && settings.threads > 0, "documents and threads must not be 0");
        Ok(settings)
    }
}

/// Builds the index, measures, checks, prints.
pub fn run(arguments: &[String]) -> Result<()> {
    let settings = Settings::read(arguments)?;
    let corpus = Corpus::new(settings.documents, settings.seed);
    let scratch = tempfile::tempdir()?;
    let dir = settings.dir.clone().unwrap_or_else(|| scratch.path().to_owned());
    let index = Index::open(&dir)?;
    let built = build(&index, &corpus)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "documents            {}  (a tenth visible to the caller)", settings.documents)?;
    writeln!(out, "vocabulary           {} words, Zipf; seed {}", corpus::distinct_words(), settings.seed)?;
    writeln!(out, "built in             {:.1} s", built.as_secs_f64())?;
    measure(&settings, &corpus, &index)?.print(&settings, &mut out)?;
    let wrong = check(&settings, &corpus, &index, &mut out)?;
    writeln!(out, "checked by model     {CHECKED} answers, {wrong} wrong")?;
    ensure!(wrong == 0, "{wrong} answers differ from the model");
    Ok(())
}

fn build(index: &Index, corpus: &Corpus) -> Result<Duration> {
    let started = Instant::now();
    if index.len()? == u64::from(corpus.documents) {
        return Ok(started.elapsed());
    }
    for first in (0..corpus.documents).step_by(BATCH as usize) {
        let last = (first + BATCH).min(corpus.documents);
        let batch = (first..last).map(|i| Change::Upsert(Box::new(corpus.document(i)))).collect();
        index.apply(batch, i64::from(last))?;
    }
    index.commit()?;
    Ok(started.elapsed())
}

/// How long each search took, by sort of question.
struct Measured {
    took: Vec<(&'static str, Duration)>,
    elapsed: Duration,
}

fn measure(settings: &Settings, corpus: &Corpus, index: &Index) -> Result<Measured> {
    // The first searches read the files; they are not what is measured.
    timed(index, Questions::new(corpus, settings.seed + 1_000), Duration::from_secs(1))?;
    let started = Instant::now();
    let length = Duration::from_secs(settings.seconds);
    let took = std::thread::scope(|scope| {
        let start = |thread: u64| {
            let questions = Questions::new(corpus, settings.seed + 1 + thread);
            scope.spawn(move || timed(index, questions, length))
        };
        let threads: Vec<_> = (0..settings.threads).map(start).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a searching thread panicked")))
        };
        threads.into_iter().map(join).collect::<Result<Vec<_>>>()
    })?;
    Ok(Measured { took: took.into_iter().flatten().collect(), elapsed: started.elapsed() })
}

fn timed(index: &Index, mut questions: Questions<'_>, length: Duration) -> Result<Vec<(&'static str, Duration)>> {
    let started = Instant::now();
    let mut took = Vec::new();
    while started.elapsed() < length {
        let Question { sort, query, .. } = questions.next();
        let asked = Instant::now();
        index.search(&query)?;
        took.push((sort.name(), asked.elapsed()));
    }
    Ok(took)
}

impl Measured {
    fn print(mut self, settings: &Settings, out: &mut impl Write) -> Result<()> {
        let rate = self.took.len() as f64 / self.elapsed.as_secs_f64();
        writeln!(out, "threads              {} (the load generator shares them)", settings.threads)?;
        writeln!(out, "searches per second  {rate:.0}")?;
        self.took.sort_by_key(|(_, took)| *took);
        let all: Vec<Duration> = self.took.iter().map(|(_, took)| *took).collect();
        print_line(out, "all", &all)?;
        for sort in questions::Sort::ALL {
            let some: Vec<Duration> =
                self.took.iter().filter(|(name, _)| *name == sort.name()).map(|(_, took)| *took).collect();
            print_line(out, sort.name(), &some)?;
        }
        Ok(())
    }
}

fn print_line(out: &mut impl Write, name: &str, sorted: &[Duration]) -> Result<()> {
    let at = |share: f64| {
        let place = (sorted.len() as f64 * share) as usize;
        sorted.get(place.min(sorted.len().saturating_sub(1))).map_or(0.0, |took| took.as_secs_f64() * 1_000.0)
    };
    let (median, high, worst) = (at(0.5), at(0.99), at(1.0));
    writeln!(
        out,
        "{name:<20} {:>8} searches   p50 {median:>8.3} ms   p99 {high:>8.3} ms   max {worst:>8.3} ms",
        sorted.len()
    )?;
    Ok(())
}

fn check(settings: &Settings, corpus: &Corpus, index: &Index, out: &mut impl Write) -> Result<usize> {
    let model = Model::new(corpus);
    let mut questions = Questions::new(corpus, settings.seed + 2_000);
    let mut wrong = 0;
    for _ in 0..CHECKED {
        let question = questions.next();
        let answer = index.search(&question.query)?;
        if let Some(difference) = model.difference(&question, &answer) {
            writeln!(out, "wrong: {:?} {:?}: {difference}", question.query.text, question.query.filters)?;
            wrong += 1;
        }
    }
    Ok(wrong)
}
