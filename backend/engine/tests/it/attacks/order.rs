//! Orders, limits and offsets: where hidden values would stand between visible ones.

use super::probe::{Control::*, Kind::*, Probe, probe};

pub const PROBES: &[Probe] = &[
    probe(Order, "everything", Row, "select * from t order by id"),
    probe(Order, "the greatest", Row, "select x, name from t order by x desc nulls last, id limit 1"),
    probe(Order, "the least", Absent, "select id from t order by x nulls first, id limit 1"),
    probe(Order, "the first text", Name, "select name from t order by name limit 1"),
    probe(Order, "the middle", X, "select x from t order by x limit 2 offset 3"),
    probe(Order, "behind the last", Row, "select id from t order by id offset 6"),
    probe(Order, "by length", Name, "select id from t order by length(name) desc, id limit 1"),
    probe(Order, "by whether it is five", X, "select id from t order by case when x = 5 then 0 else 1 end, id limit 1"),
    probe(Order, "by what is not selected", X, "select id from t order by x % 5, id"),
    probe(Order, "in an inner query", Row, "select max(x) from (select x from t order by x desc limit 2) s"),
    probe(Order, "by another table's value", X, "select u.label from u join t on t.x = u.key order by t.id limit 4"),
    probe(Order, "in a union", X, "(select x from t) union all (select 5) order by x limit 6"),
];
