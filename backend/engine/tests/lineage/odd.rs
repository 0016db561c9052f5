//! Plans that no text gives, and what an answer carries.

use crate::{
    cases::lines,
    tables::{Binder, Engines, Plain},
};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::{
    common::{DFSchema, TableReference},
    datasource::{empty::EmptyTable, provider_as_source},
    logical_expr::{LogicalPlan, LogicalPlanBuilder, Projection, col, exists, out_ref_col},
};
use lakegate_engine::lineage::{self, InfluenceKind, Lineage, ValueKind};
use std::sync::Arc;

fn scan() -> LogicalPlanBuilder {
    let fields = vec![Field::new("a", DataType::Int64, true), Field::new("b", DataType::Int64, true)];
    let empty = EmptyTable::new(Arc::new(Schema::new(fields)));
    LogicalPlanBuilder::scan("t", provider_as_source(Arc::new(empty)), None).unwrap()
}

/// A projection of one column that nothing below it has.
fn astray(input: LogicalPlan) -> LogicalPlan {
    let schema = Schema::new(vec![Field::new("x", DataType::Int64, true)]);
    let schema = DFSchema::try_from_qualified_schema(TableReference::bare("p"), &schema).unwrap();
    let mut list = Projection::new_from_schema(Arc::new(input), Arc::new(schema));
    list.expr = vec![col("nowhere")];
    LogicalPlan::Projection(list)
}

#[test]
fn a_column_that_is_nowhere_may_be_any() {
    let found = lines(&lineage::of(&astray(scan().build().unwrap())));
    assert_eq!(
        found,
        ["x <- approximate", "x <- t.a computed: nowhere", "x <- t.b computed: nowhere", "* <- approximate"]
    );
}

#[test]
fn a_surrounding_column_without_surroundings_is_marked() {
    let inner = scan().filter(out_ref_col(DataType::Int64, "o.k").eq(col("a"))).unwrap().build().unwrap();
    let found = lineage::of(&scan().filter(exists(Arc::new(inner))).unwrap().build().unwrap());
    assert!(found.approximate, "{found:?}");
    let sources: Vec<&str> = found.influences.iter().map(|edge| edge.source.column.as_str()).collect();
    assert_eq!(sources, ["a", "b"], "all that the surroundings have");
}

/// The walk has a stack of its own, whatever its caller's is.
#[test]
fn a_deep_plan_is_walked_on_a_small_stack() {
    let mut plan = scan();
    for _ in 0..300 {
        plan = plan.project([(col("a") + col("b")).alias("a"), col("b")]).unwrap();
    }
    let found = lineage::of(&plan.build().unwrap());
    assert!(!found.approximate);
    let edges = &found.outputs[0].values;
    assert_eq!(edges.iter().map(|edge| edge.kind).collect::<Vec<_>>(), [ValueKind::Computed; 2]);
    // Long ways are cut, from their outer end.
    assert_eq!(edges[0].steps.len(), 16);
}

#[tokio::test]
async fn sources_carry_the_ids_of_the_catalog() {
    let lineage = Engines::small().lineage("select c.name from db.cities c where c.id = 1").await.unwrap();
    let [edge] = &lineage.outputs[0].values[..] else { panic!("{lineage:?}") };
    assert_eq!(edge.source.table, "db.cities");
    assert!(edge.source.table_id.is_some() && edge.source.column_id.is_some());
    let [filter] = &lineage.influences[..] else { panic!("{lineage:?}") };
    assert_eq!(filter.source.table_id, edge.source.table_id);
    assert_ne!(filter.source.column_id, edge.source.column_id);
}

#[tokio::test]
async fn an_answer_can_be_kept_as_json() {
    let engines = Engines::small();
    let sql = "select upper(name) as n, rank() over (order by home.geo.lat) as r from people where id > 1";
    let lineage = engines.lineage(sql).await.unwrap();
    let text = serde_json::to_value(&lineage).unwrap();
    assert_eq!(text["outputs"][0]["values"][0]["kind"], "computed");
    assert_eq!(text["outputs"][0]["values"][0]["steps"][0], "upper(people.\"name\")");
    assert_eq!(text["outputs"][1]["influences"][0]["source"]["path"], serde_json::json!(["geo", "lat"]));
    assert_eq!(text["influences"][0]["kind"], "filter");
    assert!(text.get("approximate").is_none());
    assert_eq!(serde_json::from_value::<Lineage>(text).unwrap(), lineage);
}

/// The same text and the same tables give the same answer, to the byte.
#[tokio::test]
async fn an_answer_is_always_the_same() {
    let plain = Plain::new();
    let sql = "with s as (select k, a + k as n from l union select k, b from r) select max(n) as m from s group by k";
    let first = serde_json::to_string(&plain.lineage(sql).await.unwrap()).unwrap();
    for _ in 0..5 {
        assert_eq!(serde_json::to_string(&plain.lineage(sql).await.unwrap()).unwrap(), first);
    }
}

#[test]
fn kinds_have_their_names_in_openlineage() {
    let values = [
        (ValueKind::Copied, "IDENTITY", false),
        (ValueKind::Cast, "TRANSFORMATION", false),
        (ValueKind::Computed, "TRANSFORMATION", false),
        (ValueKind::Aggregated, "AGGREGATION", false),
        (ValueKind::Tokenised, "TRANSFORMATION", true),
        (ValueKind::Masked, "TRANSFORMATION", true),
    ];
    for (kind, subtype, masking) in values {
        let said = kind.transformation();
        assert_eq!((said.direction, said.subtype, said.masking), ("DIRECT", subtype, masking), "{}", kind.word());
    }
    assert!(values.is_sorted_by_key(|(kind, ..)| *kind), "the greatest kind on a way holds");
    let influences = [
        (InfluenceKind::Filter, "FILTER"),
        (InfluenceKind::Join, "JOIN"),
        (InfluenceKind::Group, "GROUP_BY"),
        (InfluenceKind::Order, "SORT"),
        (InfluenceKind::Window, "WINDOW"),
        (InfluenceKind::Condition, "CONDITIONAL"),
    ];
    for (kind, subtype) in influences {
        let said = kind.transformation();
        assert_eq!((said.direction, said.subtype, said.masking), ("INDIRECT", subtype, false), "{}", kind.word());
    }
}
