//! What is told about a table: its columns, its place in the catalog, its plans. Statistics, row counts, sizes, paths
//! and conditions of rules would show here. Metrics beside the data that tell of it are again the class of
//! open-metadata/OpenMetadata 10542.

use super::probe::{Control::*, Kind::*, Probe, probe};

pub const PROBES: &[Probe] = &[
    probe(Catalog, "describe", Shape, "describe t"),
    probe(Catalog, "describe by its whole name", Shape, "desc lakegate.db.t"),
    probe(Catalog, "columns", Shape, "show columns from t"),
    probe(
        Catalog,
        "columns in the schema",
        Shape,
        "select * from information_schema.columns where table_name = 't' order by ordinal_position",
    ),
    probe(Catalog, "type of a value", Shape, "select distinct arrow_typeof(x) from t"),
    probe(Catalog, "tables", Listed, "show tables"),
    probe(Catalog, "tables in the schema", Listed, "select * from information_schema.tables order by 1, 2, 3"),
    probe(Catalog, "schemas", Listed, "select schema_name from information_schema.schemata order by 1"),
    probe(
        Catalog,
        "views",
        Listed,
        "select table_schema, table_name, definition from information_schema.views order by 1, 2",
    ),
    probe(Catalog, "settings", Unknown, "select * from information_schema.payroll"),
    probe(Plan, "a condition", Shape, "explain select id from t where x > 3"),
    probe(Plan, "a condition that divides", Shape, "explain select id from t where 10/(x-5) > 0 and x <> 5"),
    probe(Plan, "every step", Shape, "explain verbose select id from t where x > 3"),
    probe(Plan, "every step of a count", Shape, "explain verbose select count(*) from t where x = 5"),
    probe(Plan, "sorted and cut", Shape, "explain select * from t where x > 0 order by x limit 1"),
    probe(Plan, "a join", Shape, "explain select t.id from t join u on t.x = u.key"),
    probe(Plan, "a join the other way", Shape, "explain select t.id from u join t on t.x = u.key"),
    probe(Plan, "a join with itself", Shape, "explain select 1 from t a join t b on a.x + 1 = b.x + 2"),
    probe(Plan, "a subquery", Shape, "explain select key from u where key in (select x from t)"),
    probe(Plan, "a correlated subquery", Shape, "explain select key, (select count(*) from t where x = key) from u"),
    probe(Plan, "a window", Shape, "explain select row_number() over (order by x + 1) from t"),
    probe(Plan, "a union", Shape, "explain select x + 1 from t union select key from u"),
    probe(Plan, "groups", Shape, "explain select x % 2, count(*) from t group by 1"),
    probe(Plan, "a join with a larger table", Shape, "explain select 1 from t join w on t.x = w.n"),
    probe(Plan, "a join with a larger table, the other way", Shape, "explain select 1 from w join t on t.x = w.n"),
    probe(Plan, "a join of three", Shape, "explain select 1 from w, t, u where t.x = w.n and u.key = t.id"),
    probe(
        Plan,
        "a recursion",
        Shape,
        "explain with recursive r as (select 1 n union all select n + 1 from r join t on t.x = r.n) select * from r",
    ),
    probe(Plan, "as a tree", Unknown, "explain format tree select secret from t"),
    probe(Plan, "as JSON", Unknown, "explain format json select secret from t"),
    probe(Plan, "as a graph", Unknown, "explain format graphviz select secret from t"),
    probe(Plan, "analysed", Unknown, "explain analyze select secret from t"),
    probe(Plan, "analysed, every step", Unknown, "explain analyze verbose select * from payroll"),
    probe(Plan, "a hidden column", Unknown, "explain verbose select secret from t"),
    probe(Plan, "a hidden table", Unknown, "explain select * from payroll"),
];
