//! Structs and lists of hidden rows, and fields of hidden structs.

use super::probe::{Control::*, Kind::*, Probe, probe};

pub const PROBES: &[Probe] = &[
    probe(Nested, "a field", Name, "select id, who['first'] from t order by id"),
    probe(Nested, "a field by a function", Name, "select max(length(get_field(who, 'first'))) from t"),
    probe(Nested, "a field cast", Code, "select id, cast(who['code'] as int) from t order by id"),
    probe(Nested, "a field in a condition", Name, "select count(*) from t where who['first'] like '%hid%'"),
    probe(Nested, "a whole struct", Name, "select who from t order by id"),
    probe(Nested, "groups of structs", Name, "select who, count(*) from t group by who order by 1"),
    probe(Nested, "a struct made of cells", Name, "select min(named_struct('n', name, 'x', x)['n']) from t"),
    probe(Nested, "a list", Name, "select tags from t order by id"),
    probe(Nested, "a member of a list", Name, "select id, tags[1] from t order by id"),
    probe(Nested, "a member that a cell chooses", X, "select id, tags[x - 4] from t order by id"),
    probe(Nested, "a list unrolled", Name, "select id, unnest(tags) tag from t order by id, tag"),
    probe(Nested, "whether a list has it", Name, "select count(*) from t where array_has(tags, '(hidden')"),
    probe(Nested, "a member cast", Code, "select sum(tags[2]::int) from t"),
];
