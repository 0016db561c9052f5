//! Conditions: what NULL does to them, types that SQL converts unasked, functions that answer differently each time.

use super::probe::{Control::*, Kind::*, Probe, probe};

pub const PROBES: &[Probe] = &[
    probe(Null, "is null", Absent, "select count(*) from t where x is null"),
    probe(Null, "is distinct from", X, "select count(*) from t where x is distinct from 5"),
    probe(Null, "is not distinct from", X, "select id from t where x is not distinct from 5"),
    probe(Null, "not in, over a NULL", Absent, "select label from u where key not in (select x from t) order by 1"),
    probe(Null, "not equal", X, "select count(*) from t where not (x = 5)"),
    probe(Null, "in a list with NULL", X, "select count(*) from t where x in (5, null)"),
    probe(Null, "a group of the missing", Absent, "select x is null, count(*) from t group by 1 order by 1"),
    probe(Null, "coalesce", Absent, "select id, coalesce(x, -1) from t order by id"),
    probe(Null, "the missing first", Absent, "select id from t order by x nulls first, id limit 2"),
    probe(Null, "text and NULL", Absent, "select count(*) from t where concat(x, '') = ''"),
    probe(Volatile, "random for each row", Row, "select count(random()) from t"),
    probe(Volatile, "a condition that is always true", Row, "select count(*) from t where random() >= 0"),
    probe(Volatile, "a condition that is never true", X, "select id from t where random() < 0 or x = 5"),
    probe(Volatile, "random beside a division", X, "select id from t where random() >= 0 and 10/(x-5) < 9 order by id"),
    probe(Volatile, "order by chance", Row, "select max(id) from (select id from t order by random() limit 99)"),
    probe(Volatile, "now", Row, "select now(), current_date, count(*) from t"),
    probe(Coercion, "number and text", X, "select count(*) from t where x = '5'"),
    probe(Coercion, "number and float", X, "select count(*) from t where x = 5.0 or x > 6.5"),
    probe(Coercion, "text and number", Code, "select id from t where code = 20 or code > 45 order by id"),
    probe(Coercion, "text equal to number", Code, "select id, code = id * 10 from t order by id"),
    probe(Coercion, "between texts", X, "select id from t where x between '5' and '6' order by id"),
    probe(Coercion, "text and date", Day, "select id from t where day > date '2024-03-01' order by id"),
    probe(Coercion, "number joined to text", X, "select string_agg(x || name, ',' order by id) from t"),
    probe(Coercion, "a case of both", X, "select id, case when x > 4 then x else 0.5 end from t order by id"),
    probe(Coercion, "a union of both", Code, "select code from t union select key from u order by 1"),
    probe(Coercion, "number as truth", X, "select id from t where (x - 5)::boolean order by id"),
    probe(Coercion, "join of both", Code, "select count(*) from t join u on t.code = u.key * 10"),
];
