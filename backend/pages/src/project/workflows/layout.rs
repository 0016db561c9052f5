//! Where the steps of a graph stand in its picture: in layers by the longest way from a beginning, in an order with few
//! crossings, near those they belong to.

/// Most bends of lines. A graph that needs more is drawn without: its lines then run behind steps.
const MOST_BENDS: usize = 1_000;
/// How often the layers are put in order, and how often they are moved.
const SWEEPS: usize = 8;

/// How much room things take across a layer.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    pub step: i64,
    /// A line on its way through the layer.
    pub way: i64,
    pub gap: i64,
}

/// The places of all steps.
#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    /// The layer of each step, 0 for those that wait for none.
    pub layers: Vec<usize>,
    /// The middle of each step across its layer, at least half a step.
    pub middles: Vec<i64>,
    /// For each step, for each one that it waits for: where the line passes through the layers between the two.
    pub bends: Vec<Vec<Vec<i64>>>,
    /// How much room the widest layers take.
    pub breadth: i64,
}

impl Layout {
    /// Places steps, of which `before` says for each whom it waits for.
    pub fn of(before: &[Vec<usize>], room: Room) -> Self {
        let layers = layers(before);
        let mut net = Net::of(before, &layers);
        for sweep in 0..SWEEPS {
            net.sort(sweep % 2 == 0);
        }
        let (middles, breadth) = net.place(room);
        let bends = net.chains.iter().map(|lines| lines.iter().map(|line| pick(&middles, line)).collect()).collect();
        Self { bends, middles: middles[..before.len()].to_vec(), breadth, layers }
    }
}

fn pick(middles: &[i64], line: &[usize]) -> Vec<i64> {
    line.iter().map(|at| middles[*at]).collect()
}

/// The length of the longest way to each step. Steps on a circle stay where as many rounds as there are steps put them.
fn layers(before: &[Vec<usize>]) -> Vec<usize> {
    let mut layers = vec![0; before.len()];
    for _ in 0..before.len() {
        let next: Vec<usize> =
            before.iter().map(|all| all.iter().map(|at| layers[*at] + 1).max().unwrap_or_default()).collect();
        if next == layers {
            break;
        }
        layers = next;
    }
    layers
}

/// Steps and, behind them by number, the bends of lines that pass through layers.
struct Net {
    /// What stands in each layer, in order.
    rows: Vec<Vec<usize>>,
    /// For each, what it is joined to in the layer before and in the layer behind.
    joined: [Vec<Vec<usize>>; 2],
    /// For each step, for each one that it waits for: the bends between them.
    chains: Vec<Vec<Vec<usize>>>,
    steps: usize,
}

impl Net {
    fn of(before: &[Vec<usize>], layers: &[usize]) -> Self {
        let depth = layers.iter().max().map_or(0, |last| last + 1);
        let mut rows = vec![Vec::new(); depth];
        for (step, layer) in layers.iter().enumerate() {
            rows[*layer].push(step);
        }
        let steps = before.len();
        let mut net = Self { rows, joined: [vec![vec![]; steps], vec![vec![]; steps]], chains: vec![], steps };
        let between = |step: usize, from: usize| layers[from] + 1..layers[step].max(layers[from] + 1);
        let pairs = before.iter().enumerate().flat_map(|(step, all)| all.iter().map(move |from| (step, *from)));
        let bent = pairs.map(|(step, from)| between(step, from).len()).sum::<usize>() <= MOST_BENDS;
        for (step, all) in before.iter().enumerate() {
            let line = |from: &usize| if bent { net.bend(between(step, *from)) } else { Vec::new() };
            let lines: Vec<Vec<usize>> = all.iter().map(line).collect();
            for (from, line) in all.iter().zip(&lines) {
                net.join(*from, line, step);
            }
            net.chains.push(lines);
        }
        net
    }

    fn bend(&mut self, layers: std::ops::Range<usize>) -> Vec<usize> {
        let mut line = Vec::with_capacity(layers.len());
        for layer in layers {
            let bend = self.joined[0].len();
            self.joined.iter_mut().for_each(|joined| joined.push(vec![]));
            self.rows[layer].push(bend);
            line.push(bend);
        }
        line
    }

    fn join(&mut self, from: usize, line: &[usize], to: usize) {
        let mut last = from;
        for next in line.iter().chain(std::iter::once(&to)) {
            self.joined[0][*next].push(last);
            self.joined[1][last].push(*next);
            last = *next;
        }
    }

    /// Orders each layer by where those stand that its things are joined to: in the layers before, or behind.
    fn sort(&mut self, forward: bool) {
        let joined = &self.joined[usize::from(!forward)];
        let mut places = vec![0_i64; joined.len()];
        let mut rows: Vec<&mut Vec<usize>> = self.rows.iter_mut().collect();
        if !forward {
            rows.reverse();
        }
        for row in rows {
            for (place, one) in (0..).zip(row.iter()) {
                places[*one] = place * 1_000;
            }
            row.sort_by_cached_key(|one| mean(&places, &joined[*one], places[*one]));
            for (place, one) in (0..).zip(row.iter()) {
                places[*one] = place * 1_000;
            }
        }
    }

    /// The middle of everything across its layer, and how much room the picture takes.
    fn place(&self, room: Room) -> (Vec<i64>, i64) {
        let wide = |one: usize| if one < self.steps { room.step } else { room.way };
        let mut middles = vec![0_i64; self.joined[0].len()];
        for row in &self.rows {
            settle(row, &vec![0; row.len()], &mut middles, &wide, room.gap);
        }
        for sweep in 0..SWEEPS {
            let joined = &self.joined[usize::from(sweep % 2 == 1)];
            for row in &self.rows {
                let wish = |one: &usize| mean(&middles, &joined[*one], middles[*one]);
                let wished: Vec<i64> = row.iter().map(wish).collect();
                settle(row, &wished, &mut middles, &wide, room.gap);
            }
        }
        let least = (0..middles.len()).map(|one| middles[one] - wide(one) / 2).min().unwrap_or_default();
        middles.iter_mut().for_each(|middle| *middle -= least);
        let most = (0..middles.len()).map(|one| middles[one] + wide(one) / 2).max().unwrap_or_default();
        (middles, most)
    }
}

fn mean(values: &[i64], at: &[usize], otherwise: i64) -> i64 {
    match i64::try_from(at.len()) {
        Ok(count) if count > 0 => at.iter().map(|one| values[*one]).sum::<i64>() / count,
        _ => otherwise,
    }
}

/// Puts the things of a layer as near to where they wish as their order and their room allow.
fn settle(row: &[usize], wished: &[i64], middles: &mut [i64], wide: &impl Fn(usize) -> i64, gap: i64) {
    let (mut last, mut moved): (Option<usize>, i64) = (None, 0);
    for (one, wish) in row.iter().zip(wished) {
        let least = last.map(|last| middles[last] + i64::midpoint(wide(last), wide(*one)) + gap);
        middles[*one] = least.map_or(*wish, |least| least.max(*wish));
        moved += wish - middles[*one];
        last = Some(*one);
    }
    let back = moved / i64::try_from(row.len().max(1)).unwrap_or(i64::MAX);
    row.iter().for_each(|one| middles[*one] += back);
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room { step: 50, way: 10, gap: 10 };

    fn of(before: &[&[usize]]) -> Layout {
        Layout::of(&before.iter().map(|all| all.to_vec()).collect::<Vec<_>>(), ROOM)
    }

    #[test]
    fn a_chain_is_straight() {
        let layout = of(&[&[], &[0], &[1]]);
        assert_eq!((layout.layers, layout.middles, layout.breadth), (vec![0, 1, 2], vec![25, 25, 25], 50));
    }

    #[test]
    fn a_step_stands_behind_the_last_that_it_waits_for() {
        let layout = of(&[&[], &[0], &[0, 1], &[]]);
        assert_eq!(layout.layers, [0, 1, 2, 0]);
        assert_eq!(layout.bends[2].iter().map(Vec::len).collect::<Vec<_>>(), [1, 0], "the long line passes one layer");
    }

    #[test]
    fn nothing_stands_on_anything_else() {
        let before: Vec<Vec<usize>> =
            (0..60_usize).map(|step| (0..step).filter(|at| (step * 7 + at) % 9 == 0).collect()).collect();
        let layout = Layout::of(&before, ROOM);
        for one in 0..60 {
            assert!(layout.middles[one] >= ROOM.step / 2 && layout.middles[one] <= layout.breadth - ROOM.step / 2);
            for other in (0..one).filter(|other| layout.layers[*other] == layout.layers[one]) {
                let apart = (layout.middles[one] - layout.middles[other]).abs();
                assert!(apart >= ROOM.step + ROOM.gap, "{one} and {other} are {apart} apart");
            }
        }
    }

    #[test]
    fn lines_do_not_cross_without_need() {
        // Two chains that begin in the other order than their ends are written.
        let layout = of(&[&[], &[], &[1], &[0]]);
        assert_eq!(layout.middles[0] < layout.middles[1], layout.middles[3] < layout.middles[2]);
    }

    #[test]
    fn graphs_of_any_size_have_places() {
        assert_eq!(of(&[]).breadth, 0);
        let all: Vec<Vec<usize>> = (0..200).map(|step| (0..step).collect()).collect();
        let layout = Layout::of(&all, ROOM);
        assert_eq!((layout.layers[199], layout.bends[199][0].len()), (199, 0));
        // What cannot be a definition does not hang.
        assert_eq!(of(&[&[1], &[0]]).middles.len(), 2);
    }
}
