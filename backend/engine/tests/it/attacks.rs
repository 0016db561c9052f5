//! Probes that try to read a hidden cell, over pairs of data sets that differ only in what is hidden.
//!
//! Whatever is asked, both twins give the same answer, error and plan, byte for byte. That would hold if everything
//! were refused, so each probe has a control that must change its answer; and it would hold if the probes were
//! harmless, so the same probes run with nothing withheld, where nearly all of them have to tell the twins apart.

mod aggregates;
mod answer;
mod catalog;
mod channels;
mod conditions;
mod errors;
mod joins;
mod layout;
mod names;
mod nested;
mod order;
mod probe;
mod queries;
mod twins;
mod values;
mod windows;

use crate::support::{CSV, Lab};
use answer::{Answer, ask};
use lakegate_engine::GovernedTable;
use lakegate_model::storage::FileFormat;
use names::HIDDEN;
use probe::{Control, Kind, Probe, probes};
use std::collections::{BTreeMap, BTreeSet};
use twins::{Data, Regime, another, changed, governed, reshaped, twins as pair, ungoverned};

/// The probes that run over a format: each over one of them, in large runs all over both.
fn over(format: &FileFormat) -> Vec<&'static Probe> {
    let parquet = *format == FileFormat::Parquet;
    let all = probes().chain(layout::PROBES).enumerate();
    let fits = |(nth, probe): &(usize, &'static Probe)| match probe.kind {
        Kind::Nested => parquet,
        _ => lakegate_tests::scale() > 1 || (nth % 2 == 1) == parquet,
    };
    all.filter(fits).map(|(_, probe)| probe).collect()
}

async fn answers(probes: &[&Probe], lab: &Lab, tables: &[GovernedTable]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for probe in probes {
        answers.push(ask(lab, probe.sql, tables).await);
    }
    answers
}

fn title(probe: &Probe) -> String {
    format!("{:?}: {} ({})", probe.kind, probe.name, probe.sql)
}

/// Whether the caller can tell two answers apart. Counters of scans stand in a test of their own.
fn differ(first: &Answer, second: &Answer) -> bool {
    (&first.shown, &first.noted) != (&second.shown, &second.noted)
}

/// The probes that tell one twin from the other, with what they were told.
async fn leaks(probes: Vec<&Probe>, format: FileFormat, regime: Regime, [one, two]: [Data; 2]) -> Vec<String> {
    let (here, there) = (Lab::new(), Lab::new());
    let first = answers(&probes, &here, &governed(&here, regime, &format, &one)).await;
    let second = answers(&probes, &there, &governed(&there, regime, &format, &two)).await;
    let answered = first.iter().filter(|answer| !answer.refused).count();
    assert!(answered * 2 > first.len(), "only {answered} of {} are answered at all", first.len());
    let told = probes.iter().zip(first.iter().zip(&second)).filter(|(_, (first, second))| differ(first, second));
    told.map(|(probe, (first, second))| format!("{}\n{first:#?}\n{second:#?}", title(probe))).collect()
}

fn assert_none(leaks: &[String]) {
    assert!(leaks.is_empty(), "{}\n{} in all", leaks.join("\n"), leaks.len());
}

macro_rules! twins_answer_alike {
    ($($name:ident: $regime:ident over $format:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let probes = over(&$format).into_iter().filter(|probe| probe.kind != Kind::Layout).collect();
            assert_none(&leaks(probes, $format, Regime::$regime, pair(Regime::$regime)).await);
        }
    )*};
}

twins_answer_alike! {
    hidden_rows_change_no_answer_over_csv: Rows over CSV;
    hidden_rows_change_no_answer_over_parquet: Rows over FileFormat::Parquet;
    withheld_cells_change_no_answer_over_csv: Rectangles over CSV;
    withheld_cells_change_no_answer_over_parquet: Rectangles over FileFormat::Parquet;
    masked_values_change_no_answer_over_csv: Masks over CSV;
    masked_values_change_no_answer_over_parquet: Masks over FileFormat::Parquet;
    hidden_columns_change_no_answer_over_csv: Columns over CSV;
    hidden_columns_change_no_answer_over_parquet: Columns over FileFormat::Parquet;
}

#[test]
fn there_are_enough_probes_of_every_kind() {
    let all: Vec<&Probe> = probes().chain(layout::PROBES).collect();
    let controlled = all.iter().filter(|probe| probe.control != Control::Unknown).count();
    eprintln!("{} probes, {controlled} with a control on data", all.len());
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    all.iter().for_each(|probe| *kinds.entry(probe.kind).or_default() += 1);
    eprintln!("{kinds:?}");
    let texts: BTreeSet<&str> = all.iter().map(|probe| probe.sql).collect();
    let titles: BTreeSet<String> = all.iter().map(|probe| format!("{:?} {}", probe.kind, probe.name)).collect();
    assert_eq!((texts.len(), titles.len()), (all.len(), all.len()), "no probe stands twice");
    assert!(controlled >= 150 && kinds.len() == 20 && kinds.values().all(|count| *count >= 5), "{kinds:?}");
}

/// The tables under which a control has to change an answer.
fn control_tables(lab: &Lab, format: &FileFormat, control: Control) -> Vec<GovernedTable> {
    let regime = Regime::Rows;
    match control {
        Control::Shape => reshaped(lab, regime, format),
        Control::Listed => [governed(lab, regime, format, &pair(regime)[0]), vec![another(lab)]].concat(),
        _ => governed(lab, regime, format, &changed(regime, control)),
    }
}

/// The probes whose answers a change of something visible does not change.
async fn unmoved(format: FileFormat, probes: Vec<&Probe>) -> Vec<String> {
    let lab = Lab::new();
    let first = answers(&probes, &lab, &governed(&lab, Regime::Rows, &format, &pair(Regime::Rows)[0])).await;
    let mut labs: BTreeMap<Control, (Lab, Vec<GovernedTable>)> = BTreeMap::new();
    let mut unmoved = Vec::new();
    for (probe, first) in probes.iter().zip(first) {
        let (lab, tables) = labs.entry(probe.control).or_insert_with(|| {
            let lab = Lab::new();
            let tables = control_tables(&lab, &format, probe.control);
            (lab, tables)
        });
        let second = ask(lab, probe.sql, tables).await;
        if first.shown == second.shown || (first.refused && probe.kind != Kind::Layout) {
            unmoved.push(format!("{}\n{first:#?}\n{second:#?}", title(probe)));
        }
    }
    unmoved
}

#[tokio::test]
async fn what_is_visible_changes_every_answer() {
    for format in [CSV, FileFormat::Parquet] {
        let controlled = over(&format).into_iter().filter(|probe| probe.control != Control::Unknown).collect();
        assert_none(&unmoved(format, controlled).await);
    }
}

/// Access rule 4.
#[tokio::test]
async fn hidden_names_are_answered_like_unknown_ones() {
    let (format, regime) = (FileFormat::Parquet, Regime::Rows);
    let lab = Lab::new();
    let tables = governed(&lab, regime, &format, &pair(regime)[1]);
    for probe in probes().filter(|probe| probe.control == Control::Unknown) {
        let renamed =
            |text: &str| HIDDEN.iter().fold(text.to_owned(), |text, (hidden, unknown)| text.replace(hidden, unknown));
        let hidden = ask(&lab, probe.sql, &tables).await;
        let unknown = ask(&lab, &renamed(probe.sql), &tables).await;
        assert_ne!(renamed(probe.sql), probe.sql, "{}", title(probe));
        assert_eq!(renamed(&hidden.shown), unknown.shown, "{}", title(probe));
        assert_eq!(renamed(&hidden.noted), unknown.noted, "{}", title(probe));
    }
}

/// The data probes that tell the twins apart with nothing withheld.
async fn bites(format: &FileFormat, [one, two]: [Data; 2]) -> Vec<(&'static Probe, bool)> {
    let probes: Vec<&Probe> = over(format).into_iter().filter(|probe| probe.kind.is_after_cells()).collect();
    let (here, there) = (Lab::new(), Lab::new());
    let first = answers(&probes, &here, &ungoverned(&here, format, &one)).await;
    let second = answers(&probes, &there, &ungoverned(&there, format, &two)).await;
    let told = |(probe, (first, second)): (&'static Probe, (Answer, Answer))| (probe, first.shown != second.shown);
    probes.into_iter().zip(first.into_iter().zip(second)).map(told).collect()
}

/// How many of a hundred data probes have to tell.
const BITING: usize = 90;

#[tokio::test]
async fn with_nothing_withheld_the_probes_tell() {
    let large = [Regime::Rectangles, Regime::Masks].into_iter().filter(|_| lakegate_tests::scale() > 1);
    for regime in [Regime::Rows].into_iter().chain(large) {
        let mut told = bites(&CSV, pair(regime)).await;
        told.extend(bites(&FileFormat::Parquet, pair(regime)).await);
        let (biting, blunt): (Vec<_>, Vec<_>) = told.into_iter().partition(|(_, told)| *told);
        let all = biting.len() + blunt.len();
        let share = biting.len() * 100 / all;
        eprintln!("{regime:?}: {} of {all} data probes tell the twins apart ({share} %)", biting.len());
        let blunt: Vec<String> = blunt.iter().map(|(probe, _)| title(probe)).collect();
        assert!(share >= BITING, "{share} %; these do not:\n{}", blunt.join("\n"));
    }
}
