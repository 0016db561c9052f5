//! Random queries: one function for each form, over whatever columns the rights leave.

use super::{
    dice::Dice,
    expressions::{Scope, Source, Typed, direction, literal},
    tables::Kind,
};

/// A query that both systems are asked.
#[derive(Debug, Clone)]
pub struct Query {
    pub form: &'static str,
    pub sql: String,
    /// Whether the order of its rows counts.
    pub ordered: bool,
}

type Maker = fn(&mut Writer<'_>) -> String;

/// The forms; every set of rights is asked each of them in turn.
pub const FORMS: [(&str, Maker); 28] = [
    ("select", |w| w.select()),
    ("distinct", |w| w.distinct()),
    ("order and limit", |w| w.ordered()),
    ("inner join", |w| w.join("inner join", true)),
    ("left join", |w| w.join("left join", true)),
    ("right join", |w| w.join("right join", false)),
    ("full join", |w| w.join("full join", false)),
    ("self join", |w| w.self_join()),
    ("join of three", |w| w.three()),
    ("totals", |w| w.totals()),
    ("group by", |w| w.groups("")),
    ("filtered measures", |w| w.filtered()),
    ("having", |w| w.groups("having")),
    ("grouping sets", |w| w.grouping_sets()),
    ("groups of a join", |w| w.joined_groups()),
    ("ranks", |w| w.ranks()),
    ("window frames", |w| w.frames()),
    ("neighbours", |w| w.neighbours()),
    ("scalar subquery", |w| w.scalar()),
    ("correlated subquery", |w| w.correlated()),
    ("in", |w| w.member("in")),
    ("not in", |w| w.member("not in")),
    ("exists", |w| w.exists()),
    ("common table", |w| w.common()),
    ("common table twice", |w| w.common_twice()),
    ("recursion", |w| w.recursive()),
    ("union", |w| w.set(&["union", "union all"])),
    ("intersect and except", |w| w.set(&["intersect", "except"])),
];

/// Writes queries over the tables that are left.
pub struct Writer<'a> {
    pub dice: &'a mut Dice,
    /// Each with its name as alias.
    pub tables: &'a [Source],
}

impl Writer<'_> {
    /// A query of the form with this number.
    pub fn query(&mut self, nth: usize) -> Query {
        let (form, make) = FORMS[nth % FORMS.len()];
        Query { form, sql: make(self), ordered: form == "order and limit" }
    }

    /// A random table under an alias: its text for `FROM`, and what it brings into scope.
    pub(super) fn table(&mut self, alias: &str) -> (String, Source) {
        let table = self.dice.pick(self.tables);
        let source = Source { alias: alias.to_owned(), columns: table.columns.clone() };
        (format!("{} {alias}", table.alias), source)
    }

    /// Two tables and the equality that joins them best.
    fn pair(&mut self, kind: &str) -> (String, Scope) {
        let ((left, a), (right, b)) = (self.table("a"), self.table("b"));
        let on = self.equality(&a, &b);
        (format!("{left} {kind} {right} on {on}"), Scope(vec![a, b]))
    }

    /// Keys first: columns that hold the same sort of thing.
    pub(super) fn equality(&mut self, a: &Source, b: &Source) -> String {
        const KEYS: [&[&str]; 2] = [&["id", "person", "boss", "head"], &["team", "code"]];
        let key = |left: &str, right: &str| KEYS.iter().any(|keys| keys.contains(&left) && keys.contains(&right));
        let keys = pairs(a, b, |left, right| key(&left.0, &right.0));
        let alike = pairs(a, b, |left, right| left.1 == right.1);
        match (keys.as_slice(), alike.as_slice()) {
            ([], []) => "1 = 1".to_owned(),
            ([], pairs) => equal(&self.dice.pick(pairs)),
            (pairs, _) => equal(&self.dice.pick(pairs)),
        }
    }

    pub(super) fn outputs(&mut self, scope: &Scope, count: usize) -> String {
        let outputs: Vec<String> = (0..count).map(|at| format!("{} as k{at}", scope.value(self.dice).0)).collect();
        outputs.join(", ")
    }

    /// A condition most of the time.
    pub(super) fn filter(&mut self, scope: &Scope) -> String {
        if self.dice.chance(40) { String::new() } else { format!(" where {}", scope.condition(self.dice)) }
    }

    fn select(&mut self) -> String {
        let (from, a) = self.table("a");
        let scope = Scope(vec![a]);
        let count = 2 + self.dice.below(3);
        format!("select {} from {from}{}", self.outputs(&scope, count), self.filter(&scope))
    }

    fn distinct(&mut self) -> String {
        let (from, a) = self.table("a");
        let scope = Scope(vec![a]);
        format!("select distinct {} from {from}{}", self.outputs(&scope, 2), self.filter(&scope))
    }

    fn ordered(&mut self) -> String {
        let (from, a) = self.table("a");
        let scope = Scope(vec![a]);
        let count = 2 + self.dice.below(3);
        let keys: Vec<String> = (1..=count).map(|at| format!("{at} {}", direction(self.dice))).collect();
        let (limit, offset) = (3 + self.dice.below(8), self.dice.below(3));
        let outputs = self.outputs(&scope, count);
        let filter = self.filter(&scope);
        format!("select {outputs} from {from}{filter} order by {} limit {limit} offset {offset}", keys.join(", "))
    }

    fn join(&mut self, kind: &str, narrowed: bool) -> String {
        let (from, scope) = self.pair(kind);
        let extra =
            if narrowed && self.dice.chance(40) { format!(" and {}", scope.test(self.dice)) } else { String::new() };
        format!("select {} from {from}{extra}{}", self.outputs(&scope, 3), self.filter(&scope))
    }

    fn self_join(&mut self) -> String {
        let (from, a) = self.table("a");
        let b = Source { alias: "b".to_owned(), ..a.clone() };
        let table = from.split(' ').next().unwrap().to_owned();
        let on = self.equality(&a, &b);
        let scope = Scope(vec![a, b]);
        let count = scope.aggregate(self.dice);
        let (x, y) = (scope.0[0].columns.clone(), scope.test(self.dice));
        let (key, _) = self.dice.pick(&x);
        format!("select a.{key} as k0, {count} as k1 from {from} join {table} b on {on} and {y} group by a.{key}")
    }

    fn three(&mut self) -> String {
        let (from, mut scope) = self.pair("join");
        let (third, c) = self.table("c");
        let first = scope.0[self.dice.below(2)].clone();
        let on = self.equality(&first, &c);
        scope.0.push(c);
        let aggregates = [scope.aggregate(self.dice), scope.aggregate(self.dice)];
        format!(
            "select count(*) as k0, {} as k1, {} as k2 from {from} left join {third} on {on}{}",
            aggregates[0],
            aggregates[1],
            self.filter(&scope)
        )
    }

    pub(super) fn aggregates(&mut self, scope: &Scope, count: usize) -> String {
        let mut measures: Vec<String> = (0..count).map(|_| scope.aggregate(self.dice)).collect();
        if self.dice.chance(25) {
            measures.extend(scope.ordered_aggregate(self.dice));
        }
        let named = measures.iter().enumerate().map(|(at, measure)| format!("{measure} as m{at}"));
        named.collect::<Vec<_>>().join(", ")
    }

    fn totals(&mut self) -> String {
        let (from, a) = self.table("a");
        let scope = Scope(vec![a]);
        format!("select count(*) as n, {} from {from}{}", self.aggregates(&scope, 4), self.filter(&scope))
    }

    fn groups(&mut self, having: &str) -> String {
        let (from, a) = self.table("a");
        let scope = Scope(vec![a]);
        let key = scope.value(self.dice).0;
        let filter = self.filter(&scope);
        let measures = self.aggregates(&scope, 2);
        let having = match having {
            "" => String::new(),
            _ => format!(" having {}", self.having(&scope)),
        };
        format!("select {key} as k0, {measures} from {from}{filter} group by {key}{having}")
    }

    fn filtered(&mut self) -> String {
        let (from, a) = self.table("a");
        let scope = Scope(vec![a]);
        let (key, _) = scope.any(self.dice);
        let counted = scope.any(self.dice).0;
        let measures = ["count(*)".to_owned(), format!("count({counted})"), format!("min({})", self.sortable(&scope))];
        let measures = measures.map(|measure| scope.filtered(self.dice, &measure));
        format!(
            "select {key} as k0, {} as m0, {} as m1, {} as m2 from {from} group by {key}",
            measures[0], measures[1], measures[2]
        )
    }

    fn having(&mut self, scope: &Scope) -> String {
        let (column, _) = scope.any(self.dice);
        match self.dice.below(4) {
            0 => format!("count(*) > {}", 1 + self.dice.below(2)),
            1 => format!("count({column}) > 0"),
            2 => format!("count(distinct {column}) <= 3 or count(*) > 4"),
            _ => format!("max({}) is not null or count(*) > 1", self.sortable(scope)),
        }
    }

    /// A column that `max` takes on both systems.
    pub(super) fn sortable(&mut self, scope: &Scope) -> String {
        let fitting: Vec<String> =
            scope.columns().into_iter().filter(|(_, kind)| *kind != Kind::Flag).map(|(name, _)| name).collect();
        if fitting.is_empty() { literal(self.dice, Kind::Int) } else { self.dice.pick(&fitting) }
    }

    fn grouping_sets(&mut self) -> String {
        let (from, a) = self.table("a");
        let scope = Scope(vec![a]);
        let keys: Vec<String> =
            self.dice.some(&indexes(&scope), 2).into_iter().map(|at| scope.columns()[at].0.clone()).collect();
        let keys = keys.join(", ");
        let way = self.dice.pick(&["rollup", "cube"]);
        format!("select {keys}, {} from {from} group by {way} ({keys})", self.aggregates(&scope, 2))
    }

    fn joined_groups(&mut self) -> String {
        let kind = self.dice.pick(&["join", "left join"]);
        let (from, scope) = self.pair(kind);
        let (key, _) = scope.any(self.dice);
        format!("select {key} as k0, {} from {from}{} group by {key}", self.aggregates(&scope, 2), self.filter(&scope))
    }

    fn ranks(&mut self) -> String {
        let (from, a) = self.table("a");
        let scope = Scope(vec![a]);
        let ((part, _), (key, _)) = (scope.any(self.dice), scope.any(self.dice));
        let by = format!("partition by {part} order by {key} {}", direction(self.dice));
        let rank = self.dice.pick(&["rank()", "dense_rank()", "percent_rank()", "cume_dist()"]);
        let order = scope.total_order(self.dice);
        let (output, _) = scope.value(self.dice);
        format!(
            "select {output} as k0, {rank} over ({by}) as r, row_number() over (order by {order}) as n, \
             count(*) over (partition by {part}) as c from {from}{}",
            self.filter(&scope)
        )
    }

    fn frames(&mut self) -> String {
        let (from, a) = self.table("a");
        let scope = Scope(vec![a]);
        let ((part, _), order) = (scope.any(self.dice), scope.total_order(self.dice));
        let column = scope.of_kind(self.dice, Kind::Int).or(scope.of_kind(self.dice, Kind::Money));
        let measure =
            column.map_or("count(*)".to_owned(), |column| format!("{}({column})", self.dice.pick(&["sum", "count"])));
        let frame = self.dice.pick(&[
            "rows between 2 preceding and current row",
            "rows between unbounded preceding and 1 preceding",
            "rows between 1 preceding and 1 following",
            "rows between current row and unbounded following",
        ]);
        let (output, _) = scope.value(self.dice);
        format!(
            "select {output} as k0, {measure} over (partition by {part} order by {order} {frame}) as m, \
             count(*) over (order by {order}) as c from {from}{}",
            self.filter(&scope)
        )
    }

    fn neighbours(&mut self) -> String {
        let (from, a) = self.table("a");
        let scope = Scope(vec![a]);
        let (order, (column, _), (part, _)) =
            (scope.total_order(self.dice), scope.any(self.dice), scope.any(self.dice));
        let call = self.dice.pick(&["lag", "lead", "first_value", "last_value"]);
        let (output, _) = scope.value(self.dice);
        format!(
            "select {output} as k0, {call}({column}) over (partition by {part} order by {order}) as m, \
             ntile(3) over (order by {order}) as t from {from}{}",
            self.filter(&scope)
        )
    }
}

/// The pairs of columns that fit each other.
fn pairs(a: &Source, b: &Source, fits: impl Fn(&Typed, &Typed) -> bool) -> Vec<(String, String)> {
    let all = a.columns.iter().flat_map(|left| b.columns.iter().map(move |right| (left, right)));
    all.filter(|(left, right)| fits(left, right)).map(|(l, r)| (a.qualified(&l.0), b.qualified(&r.0))).collect()
}

fn equal((left, right): &(String, String)) -> String {
    format!("{left} = {right}")
}

fn indexes(scope: &Scope) -> Vec<usize> {
    (0..scope.columns().len()).collect()
}
