//! Rule 2: results say which columns are masked or partial, and what was computed over such.

use crate::support::{INT, Lab, TEXT};
use lakegate_engine::{GovernedTable, METADATA_KEY, result_columns};
use lakegate_model::words::Mask;
use lakegate_policy::access::{Cell, CellRules};
use std::collections::{BTreeMap, BTreeSet};

/// `id` shows, `name` is masked, `pay` shows in some rows, `both` is masked in some rows.
fn ruled(lab: &Lab) -> GovernedTable {
    let columns = [("id", INT), ("name", TEXT), ("pay", INT), ("both", TEXT)];
    let mut table = lab.csv("t", &columns, "id,name,pay,both\n1,ann,10,x\n2,bob,20,y\n");
    let some = || BTreeSet::from(["id = 1".to_owned()]);
    let cells = BTreeMap::from([
        (table.columns[1].id, Cell { any_of: BTreeSet::new(), mask: Some(Mask::First4) }),
        (table.columns[2].id, Cell { any_of: some(), mask: None }),
        (table.columns[3].id, Cell { any_of: some(), mask: Some(Mask::Null) }),
    ]);
    table.access.rules = Some(CellRules { all_of: BTreeSet::new(), any_of: BTreeSet::new(), cells });
    table
}

/// A letter a column: `m`asked, `p`artial, `b`oth, `-` neither.
async fn flags(lab: &Lab, tables: &[GovernedTable], sql: &str) -> String {
    let query = lab.start(sql, tables).await.unwrap_or_else(|fault| panic!("{sql}: {fault}"));
    let letter = |partial, masked| match (partial, masked) {
        (false, false) => '-',
        (true, false) => 'p',
        (false, true) => 'm',
        (true, true) => 'b',
    };
    result_columns(&query.schema).iter().map(|column| letter(column.partial, column.masked)).collect()
}

#[tokio::test]
async fn rule_2_what_is_withheld_is_flagged_through_every_operator() {
    let lab = Lab::new();
    let plain = lab.csv("u", &[("id", INT), ("word", TEXT)], "id,word\n1,a\n");
    let tables = [ruled(&lab), plain];
    for (sql, expected) in [
        ("select * from t", "-mpb"),
        ("select both, pay, name, id from t", "bpm-"),
        ("select count(*), max(name), sum(pay), min(both), max(id) from t", "-mpb-"),
        ("select id + pay, upper(name), concat(name, pay) from t", "pmb"),
        ("select name, count(*) from t group by name", "m-"),
        ("select id, count(pay) over (partition by name order by id) from t", "-b"),
        ("select t.name, u.word, u.id from t join u on t.id = u.id", "m--"),
        ("select u.word from u where exists (select 1 from t where t.name = u.word)", "-"),
        ("select (select max(t.pay) from t), u.id from u", "p-"),
        // Which rows go in is not what goes in.
        ("select (select max(u.id) from u where u.word = t.name), t.id from t", "--"),
        ("select id from t union all select pay from t", "p"),
        ("select id, word as w from u union select id, name from t", "-m"),
        ("with v as (select pay as p, id from t) select id, p from v order by p limit 1", "-p"),
        ("select * from (select distinct name from t) s", "m"),
        ("select case when pay > 3 then id else 0 end from t", "p"),
        ("select name in ('ann', 'eve') from t", "m"),
        ("select grouping(name), name, count(pay) from t group by rollup (name)", "mmp"),
        (
            "with recursive r as (select id, name from t union all select id + 1, name from r where id < 3) select * from r",
            "mm",
        ),
        ("select id, word from u", "--"),
        ("select count(*) from t", "-"),
    ] {
        assert_eq!(flags(&lab, &tables, sql).await, expected, "{sql}");
    }
}

/// Arrow and Parquet carry the flags as metadata of their fields.
#[tokio::test]
async fn rule_2_fields_carry_the_flags() {
    let lab = Lab::new();
    let query = lab.start("select pay, both, id from t", &[ruled(&lab)]).await.unwrap();
    let said = query.schema.fields().iter().map(|field| field.metadata().get(METADATA_KEY).map(String::as_str));
    assert_eq!(said.collect::<Vec<_>>(), [Some("partial"), Some("partial,masked"), None]);
}
