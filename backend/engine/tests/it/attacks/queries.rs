//! Queries inside of queries.

use super::probe::{Control::*, Kind::*, Probe, probe};

pub const PROBES: &[Probe] = &[
    probe(Subquery, "in", X, "select label from u where key in (select x from t) order by 1"),
    probe(
        Subquery,
        "not in",
        X,
        "select label from u where key not in (select x from t where x is not null) order by 1",
    ),
    probe(Subquery, "exists", X, "select label from u where exists (select 1 from t where x = key) order by 1"),
    probe(Subquery, "not exists", X, "select label from u where not exists (select 1 from t where x = key) order by 1"),
    probe(
        Subquery,
        "nobody is greater",
        Row,
        "select id from t where not exists (select 1 from t o where o.x > t.x) order by 1",
    ),
    probe(Subquery, "scalar", Row, "select (select max(x) from t), (select count(*) from t)"),
    probe(Subquery, "correlated count", X, "select key, (select count(*) from t where x = key) from u order by 1"),
    probe(Subquery, "lateral", X, "select u.key, l.x from u, lateral (select x from t) l where l.x = u.key order by 1"),
    probe(
        Subquery,
        "lateral, cut",
        X,
        "select u.key, l.n from u cross join lateral (select max(x) n from t where x < 6) l order by 1",
    ),
    probe(Subquery, "below a limit", Row, "select count(*) from (select 1 from t limit 100)"),
    probe(Subquery, "condition on a derived table", X, "select * from (select x, id + 1 i from t) where x = 5"),
    probe(
        Subquery,
        "an expression named like the table",
        X,
        "with t as (select x from db.t where x > 4) select x from t order by x",
    ),
    probe(Subquery, "a scalar that divides", X, "select coalesce((select 10/(min(x)-5) from t where x > 4), -1)"),
    probe(Subquery, "some", X, "select label from u where key = any (select x from t) order by 1"),
    probe(
        Subquery,
        "all",
        X,
        "select id from u join t on key = id where 5 <> all (select x from t where x is not null) order by 1",
    ),
    probe(Subquery, "in having", Row, "select 1 from u having count(*) > (select count(*) + 1 from t)"),
    probe(
        Subquery,
        "in the list of a case",
        X,
        "select case when (select count(*) from t where x = 5) > 0 then 'yes' else 'no' end",
    ),
    probe(
        Recursive,
        "a chain with a gap",
        X,
        "with recursive r as (select min(x) n from t where x > 0 union all select r.n + 1 from r join t on t.x \
         = r.n + 1) select n from r order by n",
    ),
    probe(
        Recursive,
        "counting up to all",
        Row,
        "with recursive r as (select 1 n union all select r.n + 1 from r, (select count(*) c from t) where r.n \
         < c) select max(n) from r",
    ),
    probe(
        Recursive,
        "asking number by number",
        X,
        "with recursive r as (select 0 n union all select r.n + 1 from r join u on u.key = r.n + 1 left anti \
         join t on t.x = u.key - 1 and t.x = 5) select max(n) from r",
    ),
    probe(
        Recursive,
        "spelling a name",
        Name,
        "with recursive r as (select '(' p union all select substr(t.name, 1, length(r.p) + 1) from r join t \
         on starts_with(t.name, r.p) where length(r.p) < 4) select p from r order by p",
    ),
    probe(
        Recursive,
        "dividing on the way",
        X,
        "with recursive r as (select 0 n, 1 d union all select r.n + 1, o.s from r, (select sum(10/(x-5)) s \
         from t) o where r.n < 2) select n, d from r order by n",
    ),
];
