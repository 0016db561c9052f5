//! The picture of a definition: its steps as boxes, what they wait for as lines. Twice, for screens wide and narrow.

use lakegate_model::{words::StepEnd, workflows::Definition};
use std::collections::BTreeMap;

use super::layout::{Layout, Room};

/// The height of a step, in units of the picture.
const HIGH: i64 = 52;
/// Room around the picture.
const EDGE: i64 = 4;
/// Between two lines that end at one step.
const APART: i64 = 14;

/// Most lines of a picture; with more of them nobody would see anything.
const MOST_LINES: usize = 1_000;

/// How a step is shown.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// What stands below its name.
    pub below: String,
    /// `good`, `danger`, `info`, `attention` or empty.
    pub tone: &'static str,
    pub icon: &'static str,
    /// Where it leads; empty for nowhere.
    pub href: String,
}

/// The drawings of one graph; none if it has too many lines.
#[derive(Debug, Default)]
pub struct Graph {
    pub drawings: Vec<Drawing>,
}

/// One drawing.
#[derive(Debug, Default)]
pub struct Drawing {
    /// `across` from left to right, or `down`.
    pub kind: &'static str,
    pub width: i64,
    pub height: i64,
    pub boxes: Vec<Block>,
    pub lines: Vec<Line>,
}

/// One step.
#[derive(Debug)]
pub struct Block {
    pub x: i64,
    pub y: i64,
    pub width: i64,
    /// As much of its name and of what stands below as there is room for.
    pub name: String,
    pub below: String,
    /// All of both.
    pub title: String,
    pub look: Look,
}

/// What a step waits for.
#[derive(Debug)]
pub struct Line {
    pub path: String,
    /// The head of the arrow.
    pub tip: String,
    /// `failed`, `ended`, or empty for success.
    pub on: &'static str,
    /// When the step begins, if not after success.
    pub words: &'static str,
    /// Where these words stand.
    pub at: (i64, i64),
}

/// From left to right or from top to bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Across,
    Down,
}

impl Way {
    fn room(self) -> Room {
        Room { step: if self == Self::Across { HIGH } else { self.wide() }, way: 8, gap: 18 }
    }

    /// The width of a step.
    fn wide(self) -> i64 {
        if self == Self::Across { 184 } else { 148 }
    }

    /// A step along the way, and from one layer to the next.
    fn along(self) -> (i64, i64) {
        if self == Self::Across { (self.wide(), self.wide() + 76) } else { (HIGH, HIGH + 56) }
    }

    /// A point of the picture from one along the way and one across it.
    fn point(self, along: i64, across: i64) -> (i64, i64) {
        if self == Self::Across { (along + EDGE, across + EDGE) } else { (across + EDGE, along + EDGE) }
    }

    /// Letters of a name, and of what stands below it, for which there is room.
    fn letters(self) -> (usize, usize) {
        if self == Self::Across { (17, 20) } else { (13, 15) }
    }
}

impl Graph {
    /// Draws a definition; `looks` are those of its steps in their order.
    pub fn of(definition: &Definition, looks: &[Look]) -> Self {
        if definition.steps.iter().map(|step| step.after.len()).sum::<usize>() > MOST_LINES {
            return Self::default();
        }
        Self { drawings: [Way::Across, Way::Down].map(|way| Drawing::of(definition, looks, way)).into() }
    }
}

impl Drawing {
    fn of(definition: &Definition, looks: &[Look], way: Way) -> Self {
        let before = before(definition);
        let layout = Layout::of(&before, way.room());
        let (step, pitch) = way.along();
        let depth = layout.layers.iter().max().map_or(0, |last| length(*last) * pitch + step);
        let (width, height) = way.point(depth, layout.breadth);
        let boxes = (0..definition.steps.len()).zip(looks).map(|(at, look)| {
            let look = look.clone();
            boxed(way, &definition.steps[at].name, (&layout, at), look)
        });
        let boxes = boxes.collect();
        Self {
            kind: if way == Way::Across { "across" } else { "down" },
            width: width + EDGE,
            height: height + EDGE,
            boxes,
            lines: lines(definition, &before, &layout, way),
        }
    }
}

/// For each step, where those stand that it waits for.
fn before(definition: &Definition) -> Vec<Vec<usize>> {
    let places: BTreeMap<&str, usize> = definition.steps.iter().map(|step| step.name.as_str()).zip(0..).collect();
    let waits = |step: &lakegate_model::workflows::Step| {
        step.after.iter().filter_map(|after| places.get(after.step.as_str()).copied()).collect()
    };
    definition.steps.iter().map(waits).collect()
}

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn boxed(way: Way, name: &str, (layout, at): (&Layout, usize), look: Look) -> Block {
    let (_, pitch) = way.along();
    let across = layout.middles[at] - way.room().step / 2;
    let (x, y) = way.point(length(layout.layers[at]) * pitch, across);
    let (long, longer) = way.letters();
    Block {
        x,
        y,
        width: way.wide(),
        name: clipped(name, long),
        below: clipped(&look.below, longer),
        title: format!("{name}: {}", look.below),
        look,
    }
}

fn clipped(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let kept: String = text.chars().take(letters.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

fn lines(definition: &Definition, before: &[Vec<usize>], layout: &Layout, way: Way) -> Vec<Line> {
    let mut lines = Vec::new();
    for (to, all) in before.iter().enumerate() {
        // Lines arrive in the order in which they come, so that they do not cross at the last moment.
        let mut order: Vec<usize> = (0..all.len()).collect();
        let from = |nth: &usize| layout.bends[to][*nth].last().copied().unwrap_or(layout.middles[all[*nth]]);
        order.sort_by_key(from);
        let apart = APART.min((way.room().step - 16) / length(all.len().max(2) - 1));
        for (place, nth) in order.into_iter().enumerate() {
            let aside = (2 * length(place) - length(all.len() - 1)) * apart / 2;
            let on = definition.steps[to].after[nth].on;
            lines.push(line(way, layout, (all[nth], to, nth), (aside, length(place)), on));
        }
    }
    lines
}

fn line(
    way: Way,
    layout: &Layout,
    (from, to, nth): (usize, usize, usize),
    (aside, place): (i64, i64),
    on: StepEnd,
) -> Line {
    let (step, pitch) = way.along();
    let mut along = length(layout.layers[from]) * pitch + step;
    let mut across = layout.middles[from];
    let mut path = start(way.point(along, across));
    for bend in &layout.bends[to][nth] {
        path.push_str(&curve(way, (along, across), (along + pitch - step, *bend)));
        (along, across) = (along + pitch, *bend);
        path.push_str(&straight(way.point(along, across)));
    }
    let end = (length(layout.layers[to]) * pitch, layout.middles[to] + aside);
    path.push_str(&curve(way, (along, across), end));
    let (kind, words) = match on {
        StepEnd::Succeeded => ("", ""),
        StepEnd::Failed => ("failed", "if it failed"),
        StepEnd::Ended => ("ended", "in any case"),
    };
    let at = match way {
        Way::Across => way.point(end.0 - 12, end.1 + 4),
        Way::Down => way.point(end.0 - 14 - 12 * place, end.1),
    };
    Line { path, tip: tip(way, end), on: kind, words, at }
}

fn start((x, y): (i64, i64)) -> String {
    format!("M{x} {y}")
}

fn straight((x, y): (i64, i64)) -> String {
    format!("L{x} {y}")
}

/// A curve that leaves and arrives along the way.
fn curve(way: Way, from: (i64, i64), to: (i64, i64)) -> String {
    let half = i64::midpoint(from.0, to.0);
    let points = [(half, from.1), (half, to.1), to].map(|(along, across)| way.point(along, across));
    let [(a, b), (c, d), (e, f)] = points;
    format!("C{a} {b} {c} {d} {e} {f}")
}

fn tip(way: Way, (along, across): (i64, i64)) -> String {
    let points = [(along - 6, across - 4), (along, across), (along - 6, across + 4)];
    let [(a, b), (c, d), (e, f)] = points.map(|(along, across)| way.point(along, across));
    format!("M{a} {b}L{c} {d}L{e} {f}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn definition() -> Definition {
        serde_json::from_value(json!({ "steps": [
            { "name": "orders", "kind": "crawl" },
            { "name": "shops", "kind": "crawl", "after": [{ "step": "orders" }] },
            { "name": "clean", "kind": "crawl", "after": [{ "step": "orders", "on": "failed" }, { "step": "shops", "on": "ended" }] },
        ]}))
        .unwrap()
    }

    #[test]
    fn each_wait_is_a_line_that_says_its_condition() {
        let graph = Graph::of(&definition(), &vec![Look::default(); 3]);
        for drawing in &graph.drawings {
            assert_eq!((drawing.boxes.len(), drawing.lines.len()), (3, 3), "{}", drawing.kind);
            let mut words: Vec<_> = drawing.lines.iter().map(|line| (line.on, line.words)).collect();
            words.sort_unstable();
            assert_eq!(words, [("", ""), ("ended", "in any case"), ("failed", "if it failed")]);
            let inside = |one: &Block| one.x + one.width <= drawing.width && one.y + HIGH <= drawing.height;
            assert!(drawing.boxes.iter().all(inside), "{drawing:?}");
        }
        let [across, down] = graph.drawings.as_slice() else { panic!("two drawings") };
        assert!(across.width > across.height && down.boxes[1].y > down.boxes[0].y);
    }

    #[test]
    fn long_words_are_clipped_and_kept_whole_beside() {
        let look = Look { below: "Look through a source with a very long name".into(), ..Look::default() };
        let graph = Graph::of(&definition(), &vec![look; 3]);
        let first = &graph.drawings[0].boxes[0];
        assert_eq!(first.below, "Look through a sour…");
        assert_eq!(first.title, "orders: Look through a source with a very long name");
        assert_eq!(clipped("größer", 6), "größer");
    }
}
