//! Foreign bytes made from kept ones: a seeded mixer of the files in `tests/fixtures/corpus`.
//!
//! A parser of foreign bytes has to refuse what it cannot read, never to break. [`Mixer::next`] gives seeds as they are
//! first, then changed at random. What once broke something is added to the corpus, so that it is tried first from then on.

use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Most bytes of a made input.
const LARGEST: usize = 64 * 1024;
/// Bytes and words that parsers stumble over, whatever they parse.
const AWKWARD: &[&[u8]] = &[
    b"\0",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\"",
    b"\"\"",
    b"'",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b"(((((((((((((((((((((((((((((((",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"-",
    b"0",
    b"1e999",
    b"-9223372036854775808",
    b"18446744073709551616",
    b"99999999999999999999999999999999999999999999999999999999999999999999999999999.9",
    b"NaN",
    b"null",
    b"true",
    b"2024-02-30",
    b"9999-12-31T23:59:60Z",
    b"\xEF\xBB\xBF",
    b"\xff\xfe",
    b"\xc3\x28",
    b"\xf0\x9f\x8f\xb4",
    b"\xe2\x80\xae",
    b"%00",
    b"%",
    b"%zz",
    b"=",
    b"&",
    b";",
    b"\t",
    b"--",
    b"/*",
    b"$",
    b"...",
    b"PAR1",
    b"\x1f\x8b\x08",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x00\x00\x00\x80",
];

/// A folder of the kept corpora.
pub fn corpus(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpus").join(kind)
}

/// Makes inputs without end.
#[derive(Debug)]
pub struct Mixer {
    seeds: Vec<Vec<u8>>,
    random: StdRng,
    given: usize,
}

impl Mixer {
    /// Over the files of a kind, or over their lines where `by_line` says that a line is an input.
    pub fn new(kind: &str, by_line: bool, seed: u64) -> Self {
        let folder = fs::read_dir(corpus(kind)).unwrap_or_else(|error| panic!("the corpus {kind}: {error}"));
        let mut paths: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let files = paths.iter().map(|path| fs::read(path).unwrap());
        let seeds: Vec<Vec<u8>> = if by_line {
            files.flat_map(|file| file.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>()).collect()
        } else {
            files.collect()
        };
        let seeds: Vec<Vec<u8>> = seeds.into_iter().filter(|seed| !seed.is_empty()).collect();
        assert!(!seeds.is_empty(), "the corpus {kind} is empty");
        Self { seeds, random: StdRng::seed_from_u64(seed), given: 0 }
    }

    /// How many inputs to try: every seed as it is, and `base` changed ones, times the scale of the tests.
    pub fn count(&self, base: usize) -> usize {
        self.seeds.len() + base * usize::try_from(crate::scale()).unwrap()
    }

    /// The next input.
    pub fn next_bytes(&mut self) -> Vec<u8> {
        self.given += 1;
        if let Some(seed) = self.seeds.get(self.given - 1) {
            return seed.clone();
        }
        let mut bytes = self.seeds.choose(&mut self.random).unwrap().clone();
        // Mostly little is changed, so that inputs get past the first checks.
        let rounds =
            if self.random.gen_ratio(3, 4) { self.random.gen_range(1..4) } else { self.random.gen_range(4..40) };
        for _ in 0..rounds {
            self.change(&mut bytes);
        }
        bytes.truncate(LARGEST);
        bytes
    }

    /// The next input as text: bytes that are none are replaced.
    pub fn next_text(&mut self) -> String {
        String::from_utf8_lossy(&self.next_bytes()).into_owned()
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.random.gen_range(0..=bytes.len());
        match self.random.gen_range(0..9) {
            0 => self.flip(bytes),
            1 => self.number(bytes),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(self.part(bytes.len()))),
            4 => {
                let part = bytes[self.part(bytes.len())].to_vec();
                bytes.splice(at..at, part);
            }
            5 => {
                let other = self.seeds.choose(&mut self.random).unwrap().clone();
                let part = other[self.part(other.len())].to_vec();
                bytes.splice(at..at, part);
            }
            6 => bytes.insert(at, self.random.r#gen()),
            7 => {
                let part = bytes[self.part(bytes.len())].to_vec();
                let times = self.random.gen_range(2..64);
                bytes.splice(at..at, part.repeat(times).into_iter().take(LARGEST));
            }
            _ => {
                let word = AWKWARD.choose(&mut self.random).unwrap();
                bytes.splice(at..at, word.iter().copied());
            }
        }
    }

    fn flip(&mut self, bytes: &mut [u8]) {
        if let Some(byte) = bytes.choose_mut(&mut self.random) {
            *byte ^= 1 << self.random.gen_range(0..8);
        }
    }

    /// Writes an extreme number over four bytes: lengths and offsets of binary formats.
    fn number(&mut self, bytes: &mut [u8]) {
        if bytes.len() < 4 {
            return;
        }
        let at = self.random.gen_range(0..=bytes.len() - 4);
        let number =
            *[0_u32, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, u32::MAX].choose(&mut self.random).unwrap();
        bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }

    fn part(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.random.gen_range(0..=length);
        start..self.random.gen_range(start..=length.min(start + 200))
    }
}

/// An input as a test prints it when it broke something: whole if short, ready to be added to the corpus.
pub fn shown(input: &[u8]) -> String {
    let text = input.escape_ascii().to_string();
    let path = std::env::temp_dir().join(format!("lakegate-broken-{}", std::process::id()));
    match fs::write(&path, input) {
        Ok(()) if text.len() > 2_000 => format!("{} bytes, kept as {}", input.len(), path.display()),
        _ => format!("b\"{text}\""),
    }
}
