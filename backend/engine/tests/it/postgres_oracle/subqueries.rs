//! Forms of queries that hold queries: subqueries, common tables, sets.

use super::{
    expressions::{Scope, Source},
    queries::Writer,
    tables::Kind,
};

impl Writer<'_> {
    pub(super) fn scalar(&mut self) -> String {
        let ((from, a), (inner, b)) = (self.table("a"), self.table("b"));
        let (scope, within) = (Scope(vec![a]), Scope(vec![b]));
        let (measure, extreme) = (within.aggregate(self.dice), self.sortable(&within));
        let filter = self.filter(&within);
        let kind = within.columns().into_iter().find(|(name, _)| *name == extreme).map_or(Kind::Int, |(_, kind)| kind);
        let compared = scope.value_of(self.dice, kind);
        format!(
            "select {} , (select {measure} from {inner}{filter}) as s from {from} \
             where {compared} <= (select max({extreme}) from {inner}) or {}",
            self.outputs(&scope, 2),
            scope.test(self.dice)
        )
    }

    pub(super) fn correlated(&mut self) -> String {
        let ((from, a), (inner, b)) = (self.table("a"), self.table("b"));
        let on = self.equality(&a, &b);
        let (scope, within) = (Scope(vec![a]), Scope(vec![b]));
        let measure = self.dice.pick(&["count(*)", "max", "min", "sum", "count"]);
        let measure = match measure {
            "count(*)" => measure.to_owned(),
            "sum" => format!("sum({})", within.value_of(self.dice, Kind::Int)),
            other => format!("{other}({})", self.sortable(&within)),
        };
        let outputs = self.outputs(&scope, 2);
        format!("select {outputs}, (select {measure} from {inner} where {on}) as s from {from}{}", self.filter(&scope))
    }

    pub(super) fn member(&mut self, way: &str) -> String {
        let ((from, a), (inner, b)) = (self.table("a"), self.table("b"));
        let (left, right) = match self.equality(&a, &b).split_once(" = ") {
            Some(("1", _)) | None => ("1".to_owned(), "2".to_owned()),
            Some((left, right)) => (left.to_owned(), right.to_owned()),
        };
        let (scope, within) = (Scope(vec![a]), Scope(vec![b]));
        let known = if self.dice.chance(60) { format!(" where {right} is not null") } else { String::new() };
        let narrowed = match (known.is_empty(), self.dice.chance(50)) {
            (true, _) => self.filter(&within),
            (false, true) => format!("{known} and {}", within.test(self.dice)),
            (false, false) => known,
        };
        format!(
            "select {} from {from} where {left} {way} (select {right} from {inner}{narrowed})",
            self.outputs(&scope, 2)
        )
    }

    pub(super) fn exists(&mut self) -> String {
        let ((from, a), (inner, b)) = (self.table("a"), self.table("b"));
        let on = self.equality(&a, &b);
        let (scope, within) = (Scope(vec![a]), Scope(vec![b]));
        let way = self.dice.pick(&["exists", "not exists"]);
        let test = within.test(self.dice);
        format!(
            "select {} from {from} where {way} (select 1 from {inner} where {on} and {test})",
            self.outputs(&scope, 2)
        )
    }

    /// The text of a common table `w`, grouped, and what it brings into scope.
    fn made(&mut self) -> (String, Source) {
        let (from, a) = self.table("a");
        let scope = Scope(vec![a]);
        let (key, kind) = scope.any(self.dice);
        let (other, other_kind) = scope.any(self.dice);
        let filter = self.filter(&scope);
        let text = format!("with w as (select {key} as x, {other} as y from {from}{filter})");
        let columns = vec![("x".to_owned(), kind), ("y".to_owned(), other_kind)];
        (text, Source { alias: "w".to_owned(), columns })
    }

    pub(super) fn common(&mut self) -> String {
        let (with, w) = self.made();
        let scope = Scope(vec![w]);
        let key = scope.any(self.dice).0;
        format!(
            "{with} select {key} as k0, {} from w{} group by {key}",
            self.aggregates(&scope, 2),
            self.filter(&scope)
        )
    }

    pub(super) fn common_twice(&mut self) -> String {
        let (with, w) = self.made();
        let (b, scope) = (Source { alias: "b".to_owned(), ..w.clone() }, Scope(vec![w]));
        let measures = self.aggregates(&scope, 2);
        let (key, _) = self.dice.pick(&b.columns);
        let kind = self.dice.pick(&["left join", "join"]);
        format!("{with} select b.{key} as k0, {measures} from w b {kind} w on w.{key} = b.{key} group by b.{key}")
    }

    /// Numbers made by recursion, with what there is for each.
    pub(super) fn recursive(&mut self) -> String {
        let (from, a) = self.table("a");
        let scope = Scope(vec![a]);
        let number = scope.value_of(self.dice, Kind::Int);
        let (last, measures) = (4 + self.dice.below(6), self.aggregates(&scope, 2));
        format!(
            "with recursive r as (select cast(0 as bigint) as n union all select n + 1 from r where n < {last}) \
             select r.n as k0, {measures} from r left join {from} on {number} = r.n or {number} % 100 = r.n group by r.n"
        )
    }

    pub(super) fn set(&mut self, ways: &[&str]) -> String {
        let ((left, a), (right, b)) = (self.table("a"), self.table("b"));
        let (scope, other) = (Scope(vec![a]), Scope(vec![b]));
        let kinds: Vec<Kind> = other.columns().into_iter().map(|(_, kind)| kind).collect();
        let kind = self.dice.pick(&kinds);
        let values = [scope.value_of(self.dice, kind), other.of_kind(self.dice, kind).unwrap()];
        let flags = [scope.test(self.dice), other.test(self.dice)];
        let (way, last) = (self.dice.pick(ways), self.filter(&other));
        format!(
            "select {} as k0, ({}) as k1 from {left} {way} select {} as k0, ({}) as k1 from {right}{last}",
            values[0], flags[0], values[1], flags[1]
        )
    }
}
