//! What is known of the columns of one node while the plan is walked.

use std::{collections::BTreeMap, sync::Arc};

use super::answer::{Influence, InfluenceKind, Output, Source, ValueEdge, ValueKind};

pub(super) type Text = Arc<str>;

/// Most expressions that one edge names.
const TEXTS_MAX: usize = 16;

/// Sources that decided about something, with the expressions in which they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Influences(BTreeMap<(Arc<Source>, InfluenceKind), Vec<Text>>);

impl Influences {
    fn add(&mut self, source: &Arc<Source>, kind: InfluenceKind, text: &Text) {
        let texts = self.0.entry((Arc::clone(source), kind)).or_default();
        if texts.len() < TEXTS_MAX && !texts.contains(text) {
            texts.push(Arc::clone(text));
        }
    }

    pub fn absorb(&mut self, other: &Self) {
        for ((source, kind), texts) in &other.0 {
            for text in texts {
                self.add(source, *kind, text);
            }
        }
    }

    /// The same without what another one says already.
    fn beyond(mut self, other: &Self) -> Self {
        let said = |key: &(Arc<Source>, InfluenceKind), texts: &Vec<Text>| {
            other.0.get(key).is_some_and(|known| texts.iter().all(|text| known.contains(text)))
        };
        self.0.retain(|key, texts| !said(key, texts));
        self
    }

    fn handed_out(self) -> Vec<Influence> {
        let one = |((source, kind), texts): ((Arc<Source>, InfluenceKind), Vec<Text>)| Influence {
            source: source.as_ref().clone(),
            kind,
            expressions: texts.iter().map(|text| text.to_string()).collect(),
        };
        self.0.into_iter().map(one).collect()
    }
}

/// A column of a node, or the value of an expression.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Column {
    /// One edge a source and kind: what comes over masked on one way and bare on another has both.
    pub values: BTreeMap<(Arc<Source>, ValueKind), Vec<Text>>,
    pub influences: Influences,
    /// The parts of a struct that was put together in the plan.
    pub fields: Option<Vec<(String, Column)>>,
    /// The expression of a column without a name of its own: whoever uses it shows it as part of his.
    pub pending: Option<Text>,
    pub approximate: bool,
}

impl Column {
    pub fn read(source: Source) -> Self {
        Self { values: BTreeMap::from([((Arc::new(source), ValueKind::Copied), Vec::new())]), ..Self::default() }
    }

    /// A struct of these fields.
    pub fn assembled(fields: Vec<(String, Self)>) -> Self {
        let mut whole = Self::default();
        for (_, field) in &fields {
            whole.absorb(&field.clone().lifted(ValueKind::Computed));
        }
        whole.fields = Some(fields);
        whole
    }

    /// A field of a struct.
    pub fn field(mut self, name: &str) -> Self {
        if let Some(fields) = self.fields.take()
            && let Some((_, field)) = fields.into_iter().find(|(field, _)| field == name)
        {
            return field;
        }
        let inner = |((source, kind), steps): ((Arc<Source>, ValueKind), Vec<Text>)| {
            if kind != ValueKind::Copied {
                return ((source, kind), steps);
            }
            let mut field = source.as_ref().clone();
            field.path.push(name.to_owned());
            ((Arc::new(field), kind), steps)
        };
        self.values = self.values.into_iter().map(inner).collect();
        self.pending = None;
        self
    }

    /// The same after a step of some kind.
    pub fn lifted(mut self, kind: ValueKind) -> Self {
        let mut values = BTreeMap::new();
        for ((source, before), steps) in self.values {
            values.entry((source, before.max(kind))).or_insert(steps);
        }
        self.values = values;
        self.fields = None;
        self.pending = None;
        self
    }

    /// The same after an expression that has a name now.
    pub fn stepped(mut self, text: &Text) -> Self {
        for steps in self.values.values_mut().filter(|steps| steps.len() < TEXTS_MAX) {
            steps.push(Arc::clone(text));
        }
        self.pending = None;
        self
    }

    /// The same with a step for what changed on the way, but where nothing said so.
    pub fn explained(mut self, text: impl FnOnce() -> Text) -> Self {
        let unexplained = |kind: ValueKind, steps: &[Text]| kind != ValueKind::Copied && steps.is_empty();
        if self.pending.is_none() && self.values.iter().any(|((_, kind), steps)| unexplained(*kind, steps)) {
            let text = text();
            let edges = self.values.iter_mut().filter(|((_, kind), steps)| unexplained(*kind, steps));
            edges.for_each(|(_, steps)| steps.push(Arc::clone(&text)));
        }
        self
    }

    /// The same where a pending expression is taken for a step.
    pub fn settled(mut self) -> Self {
        match self.pending.take() {
            Some(text) => self.stepped(&text),
            None => self,
        }
    }

    /// Takes in all that went into another one.
    pub fn absorb(&mut self, other: &Self) {
        for (key, steps) in &other.values {
            self.values.entry(key.clone()).or_insert_with(|| steps.clone());
        }
        self.influences.absorb(&other.influences);
        self.approximate |= other.approximate;
        self.fields = None;
        self.pending = None;
    }

    /// What follows if this value decides about something.
    pub fn deciding(&self, kind: InfluenceKind, text: &Text) -> Influences {
        let mut all = self.influences.clone();
        for (source, _) in self.values.keys() {
            all.add(source, kind, text);
        }
        all
    }

    /// Takes in what decided which value it is.
    pub fn decided_by(&mut self, other: &Self, kind: InfluenceKind, text: &Text) {
        self.influences.absorb(&other.deciding(kind, text));
        self.approximate |= other.approximate;
    }

    /// Compares the edges without their texts, while a recursive query settles.
    fn same_edges(&self, other: &Self) -> bool {
        self.values.keys().eq(other.values.keys()) && self.influences.0.keys().eq(other.influences.0.keys())
    }

    /// `shared` stands for all outputs and is not repeated.
    fn handed_out(self, name: &str, shared: &Influences) -> Output {
        let this = self.settled();
        let edge = |((source, kind), steps): ((Arc<Source>, ValueKind), Vec<Text>)| ValueEdge {
            source: source.as_ref().clone(),
            kind,
            steps: steps.iter().map(|text| text.to_string()).collect(),
        };
        Output {
            name: name.to_owned(),
            values: this.values.into_iter().map(edge).collect(),
            influences: this.influences.beyond(shared).handed_out(),
            approximate: this.approximate,
        }
    }
}

/// What a node gives out.
#[derive(Debug, Clone, Default)]
pub(super) struct Relation {
    pub columns: Vec<Column>,
    pub influences: Influences,
    pub approximate: bool,
}

impl Relation {
    pub fn of(columns: Vec<Column>) -> Self {
        Self { columns, ..Self::default() }
    }

    /// Notes that a value decides about all rows.
    pub fn decided_by(&mut self, value: &Column, kind: InfluenceKind, text: &Text) {
        self.influences.absorb(&value.deciding(kind, text));
        self.approximate |= value.approximate;
    }

    /// Notes that all of its own columns decide, as in `DISTINCT`.
    pub fn decided_by_itself(&mut self, kind: InfluenceKind, text: &Text) {
        for column in std::mem::take(&mut self.columns) {
            self.decided_by(&column, kind, text);
            self.columns.push(column);
        }
    }

    /// Takes in what decided about the rows of another.
    pub fn ruled_by(&mut self, other: &Self) {
        self.influences.absorb(&other.influences);
        self.approximate |= other.approximate;
    }

    /// Rows of another one beside its own, column by column.
    pub fn beside(&mut self, other: &Self) {
        for (mine, more) in self.columns.iter_mut().zip(&other.columns) {
            let (first, second) = (std::mem::take(mine).settled(), more.clone().settled());
            *mine = first;
            mine.absorb(&second);
        }
        self.ruled_by(other);
    }

    /// All that goes into any column, as one.
    pub fn blended(&self) -> Column {
        let mut all = Column::default();
        for column in &self.columns {
            all.absorb(&column.clone().lifted(ValueKind::Computed));
        }
        all
    }

    pub fn same_edges(&self, other: &Self) -> bool {
        let pairs = || self.columns.iter().zip(&other.columns);
        self.columns.len() == other.columns.len()
            && pairs().all(|(mine, others)| mine.same_edges(others))
            && self.influences.0.keys().eq(other.influences.0.keys())
    }

    pub fn handed_out(self, names: &[String]) -> super::Lineage {
        let approximate = self.approximate || self.columns.iter().any(|column| column.approximate);
        let shared = &self.influences;
        let outputs =
            self.columns.into_iter().zip(names).map(|(column, name)| column.handed_out(name, shared)).collect();
        super::Lineage { outputs, influences: self.influences.handed_out(), approximate }
    }
}
