//! Joins and set operations: hidden values as partners of visible ones.

use super::probe::{Control::*, Kind::*, Probe, probe};

pub const PROBES: &[Probe] = &[
    probe(Join, "with itself", X, "select a.id, b.id from t a join t b on a.x = b.x + 1 order by 1, 2"),
    probe(Join, "with a list of guesses", X, "select u.label from u join t on t.x = u.key order by 1"),
    probe(Join, "left, what has no partner", X, "select key from u left join t on key = x where x is null order by 1"),
    probe(Join, "full", X, "select t.id, u.key from t full join u on t.x = u.key order by u.key, t.id"),
    probe(Join, "cross", Row, "select count(*) from t a cross join t b"),
    probe(Join, "semi", X, "select label from u left semi join t on x = key order by 1"),
    probe(Join, "anti", X, "select label from u left anti join t on x = key order by 1"),
    probe(Join, "less than", X, "select count(*) from t a join u b on a.x < b.key"),
    probe(
        Join,
        "between",
        X,
        "select u.key, count(*) from u join t on t.x between u.key - 1 and u.key group by 1 order by 1",
    ),
    probe(Join, "on a text", Row, "select count(*) from t a join t b on left(a.name, 1) = left(b.name, 1)"),
    probe(Join, "using", Row, "select count(*) from t a join t b using (id)"),
    // `v` has columns named like the hidden ones of `t`: they are no common columns.
    probe(Join, "natural, over a hidden name", Row, "select * from t natural join v order by id"),
    probe(Join, "natural, on one side hidden", Row, "select count(x) from t natural full join v"),
    probe(Join, "a name that is hidden on one side", Row, "select secret, salary from t join v using (id) order by id"),
    probe(Join, "is not distinct", Row, "select count(*) from t a join t b on a.x is not distinct from b.x"),
    probe(
        Join,
        "with a series",
        X,
        "select s.value from generate_series(1, 9) s left join t on x = s.value where id is null order by 1",
    ),
    probe(Join, "on or", X, "select count(*) from t join u on t.x = u.key or t.x + u.key = 10"),
    probe(
        Join,
        "on a condition that divides",
        X,
        "select count(*) from t a join t b on a.id = b.id and 10/(b.x-5) <> 100",
    ),
    probe(Set, "union", X, "select x from t union select 5 order by 1"),
    probe(Set, "intersect", X, "select key from u intersect select x from t order by 1"),
    probe(Set, "except", X, "select key from u except select x from t order by 1"),
    probe(Set, "except all", X, "select key % 5 from u except all select x % 5 from t order by 1"),
    probe(Set, "is there a five", X, "values (5) intersect select x from t"),
];
