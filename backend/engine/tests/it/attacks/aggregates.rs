//! Aggregates over hidden values and over how many there are. The least and the greatest of a column say most of what a
//! mask hides: the class of open-metadata/OpenMetadata 10542.

use super::probe::{Control::*, Kind::*, Probe, probe};

pub const PROBES: &[Probe] = &[
    probe(Aggregate, "count", Row, "select count(*) from t"),
    probe(Aggregate, "count of a column", Absent, "select count(x) from t"),
    probe(Aggregate, "count distinct", Row, "select count(distinct x), count(distinct code) from t"),
    probe(Aggregate, "count of some", X, "select count(*) from t where x = 5"),
    probe(Aggregate, "least and greatest", Row, "select min(x), max(x), min(name), max(code) from t"),
    probe(Aggregate, "sum", X, "select sum(x) from t"),
    probe(Aggregate, "mean", X, "select avg(x) from t"),
    probe(Aggregate, "mean of floats", Amount, "select avg(amount), sum(amount) from t"),
    probe(Aggregate, "median", X, "select median(x) from t where x > 2 and x < 6"),
    probe(Aggregate, "percentile", Row, "select percentile_cont(0.9) within group (order by x) from t"),
    probe(Aggregate, "about the middle", Row, "select approx_median(x), approx_percentile_cont(x, 0.95) from t"),
    probe(Aggregate, "pairs for a regression", Absent, "select regr_count(x, id) from t"),
    probe(Aggregate, "a list of all", X, "select array_agg(x order by id) from t"),
    probe(Aggregate, "a text of all", Name, "select string_agg(name, ',' order by id) from t"),
    probe(Aggregate, "first of an order", Row, "select first_value(x order by x desc nulls last) from t"),
    probe(Aggregate, "second of an order", Row, "select nth_value(x, 2 order by x desc) from t"),
    probe(Aggregate, "longest text", Name, "select max(length(name)) from t"),
    probe(Aggregate, "filtered count", X, "select count(*) filter (where x = 5), count(*) filter (where x > 5) from t"),
    probe(Aggregate, "digest of everything", Name, "select md5(string_agg(name, '' order by id)) from t"),
    probe(Group, "groups", Name, "select name, count(*) from t group by name order by name"),
    probe(
        Group,
        "groups with more than one",
        Row,
        "select x % 2, count(*) from t group by 1 having count(*) > 3 order by 1",
    ),
    probe(
        Group,
        "grouping sets",
        Row,
        "select x % 2 p, x % 3 q, count(*) from t group by grouping sets ((x % 2), (x % 3), ()) order by p, q, 3",
    ),
    probe(
        Group,
        "rollup",
        Row,
        "select x % 2 p, x % 3 q, count(*) from t group by rollup(x % 2, x % 3) order by p, q, 3",
    ),
    probe(Group, "having over all", Row, "select max(x) from t having max(x) > 7"),
    probe(Group, "distinct", X, "select distinct x from t order by x"),
    probe(Group, "distinct on", Row, "select distinct on (x % 2) x % 2, x from t order by x % 2, x desc"),
    probe(Group, "sum over groups of texts", Name, "select left(name, 1), sum(x) from t group by 1 order by 1"),
];
