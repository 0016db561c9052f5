//! Windows: frames that would reach over hidden rows.

use super::probe::{Control::*, Kind::*, Probe, probe};

pub const PROBES: &[Probe] = &[
    probe(Window, "row number", Absent, "select id, row_number() over (order by x, id) from t order by 1"),
    probe(Window, "rank", X, "select id, rank() over (order by x % 5) from t order by 1"),
    probe(
        Window,
        "share of the order",
        Row,
        "select id, percent_rank() over (order by id), cume_dist() over (order by id) from t order by 1",
    ),
    probe(Window, "the one before", X, "select id, lag(x) over (order by x, id) from t order by 1"),
    probe(
        Window,
        "first and last",
        Row,
        "select distinct first_value(x) over w, last_value(x) over w from t window w as (order by x rows \
         between unbounded preceding and unbounded following)",
    ),
    probe(
        Window,
        "the third",
        Row,
        "select id, nth_value(id, 3) over (order by x desc, id rows between unbounded preceding and unbounded \
         following) from t order by 1",
    ),
    probe(
        Window,
        "sum of rows",
        X,
        "select id, sum(x) over (order by id rows between 1 preceding and 1 following) from t order by 1",
    ),
    probe(
        Window,
        "count in a range",
        X,
        "select id, count(*) over (order by x range between 1 preceding and 1 following) from t order by 1",
    ),
    probe(
        Window,
        "groups of a frame",
        X,
        "select id, count(*) over (order by x % 5 groups between 1 preceding and current row) from t order by 1",
    ),
    probe(Window, "over everything", Row, "select id, count(*) over () from t order by 1"),
    probe(
        Window,
        "filtered by its rank",
        X,
        "select id from (select id, row_number() over (order by abs(x - 5), id desc) r from t where x > 0 and \
         x < 9) where r = 1",
    ),
    probe(
        Window,
        "an aggregate's rank",
        X,
        "select p, rank() over (order by n desc, p) from (select x % 5 p, count(*) n from t group by 1) order by 1",
    ),
    probe(
        Window,
        "gaps between neighbours",
        X,
        "select min(x) from (select x, x - lag(x) over (order by x) g from t where x between 1 and 9) where g > 1",
    ),
];
