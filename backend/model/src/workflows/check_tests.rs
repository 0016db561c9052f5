#![allow(clippy::unwrap_used)]
use super::*;
use serde_json::json;

fn read(steps: Value) -> Definition {
    serde_json::from_value(json!({ "steps": steps })).unwrap()
}

fn refused(steps: Value) -> Fault {
    check(&read(steps), &["note", "crawl"]).unwrap_err()
}

/// The field that is blamed, with words that the message or the fix has to hold.
fn blames(steps: Value, field: &str, words: &str) {
    let fault = refused(steps.clone());
    assert_eq!(fault.field.as_deref(), Some(field), "{steps}: {fault}");
    let said = format!("{} {}", fault.message, fault.fix.as_deref().unwrap());
    assert!(said.contains(words), "{said}");
}

#[test]
fn what_can_be_carried_out() {
    let fits = read(json!([
        { "name": "find", "kind": "crawl", "subject": "0190f3a1-7c1e-7b5a-9d3e-2f6a4b8c0d1e" },
        { "name": "each", "kind": "note", "after": [{ "step": "find" }], "for_each": { "from": "steps.find.output.tables" },
          "batch": 5, "at_most": 2, "input": { "tables": { "from": "batch" }, "day": { "from": "input.day" } } },
        { "name": "one", "kind": "note", "after": [{ "step": "each", "on": "ended" }], "for_each": [1, 2], "tries": 2,
          "subject": { "from": "item" }, "input": { "before": { "from": "steps.find.output" } } },
        { "name": "mend", "kind": "note", "after": [{ "step": "each", "on": "failed" }, { "step": "find" }] }
    ]));
    check(&fits, &["note", "crawl"]).unwrap();
    let again: Definition = serde_json::from_value(serde_json::to_value(&fits).unwrap()).unwrap();
    assert_eq!(again, fits);
}

#[test]
fn names_kinds_and_numbers() {
    blames(json!([]), "steps", "1 to 200");
    let many: Vec<Value> = (0..201).map(|n| json!({ "name": format!("s{n}"), "kind": "note" })).collect();
    blames(json!(many), "steps", "201");
    blames(json!([{ "name": "a b", "kind": "note" }]), "steps[0].name", "a_b");
    blames(json!([{ "name": "A", "kind": "note" }]), "steps[0].name", "write a");
    blames(json!([{ "name": "a", "kind": "note" }, { "name": "a", "kind": "note" }]), "steps[1].name", "already");
    blames(json!([{ "name": "a", "kind": "dance" }]), "steps[0].kind", "note, crawl");
    for (name, value) in [("batch", 0), ("at_most", 0), ("tries", 21), ("batch", 10_001)] {
        let mut step = json!({ "name": "a", "kind": "note", "for_each": [] });
        step[name] = json!(value);
        blames(json!([step]), &format!("steps[0].{name}"), "1 to");
    }
    blames(json!([{ "name": "a", "kind": "note", "batch": 2 }]), "steps[0].batch", "for_each");
    blames(json!([{ "name": "a", "kind": "note", "at_most": 2 }]), "steps[0].at_most", "for_each");
    let long = "x".repeat(600 * 1024);
    blames(json!([{ "name": "a", "kind": "note", "input": long }]), "steps", "bytes");
}

#[test]
fn the_graph() {
    let step = |name: &str, after: &[&str]| {
        let after: Vec<Value> = after.iter().map(|step| json!({ "step": step })).collect();
        json!({ "name": name, "kind": "note", "after": after })
    };
    blames(json!([step("a", &["b"])]), "steps[0].after[0].step", "one of: a");
    blames(json!([step("a", &[]), step("b", &["a", "a"])]), "steps[1].after[1].step", "twice");
    blames(json!([step("a", &["a"])]), "steps[0].after", "circle: a");
    let circle =
        json!([step("first", &["b"]), step("a", &["d"]), step("b", &["a"]), step("c", &[]), step("d", &["c", "b"])]);
    let fault = refused(circle);
    assert!(fault.message.ends_with("circle: b, a, d"), "{fault}");
}

#[test]
fn references_look_back() {
    let with = |extra: Value| {
        let mut step = json!({ "name": "b", "kind": "note" });
        step.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!([{ "name": "a", "kind": "note" }, step])
    };
    let from = |text: &str| json!({ "from": text });
    blames(with(json!({ "input": { "x": [from("steps.a.output")] } })), "steps[1].input", "after");
    blames(with(json!({ "input": from("steps.z.output") })), "steps[1].input", "no step");
    blames(with(json!({ "input": from("output.a") })), "steps[1].input", "steps.<name>.output");
    blames(with(json!({ "input": from("item") })), "steps[1].input", "for_each");
    blames(with(json!({ "for_each": [1], "input": from("batch") })), "steps[1].input", "write item");
    blames(with(json!({ "for_each": [1], "batch": 2, "input": from("item.x") })), "steps[1].input", "write batch");
    blames(with(json!({ "for_each": from("item") })), "steps[1].for_each", "for_each");
    blames(with(json!({ "for_each": { "x": from("input") } })), "steps[1].for_each", "a list");
    blames(with(json!({ "for_each": "input.tables" })), "steps[1].for_each", "a list");
    blames(with(json!({ "subject": "prices" })), "steps[1].subject", "36 characters");
    blames(with(json!({ "subject": 7 })), "steps[1].subject", "36 characters");
    let after = json!({ "after": [{ "step": "a", "on": "ended" }], "input": from("steps.a.output.x") });
    check(&read(with(after)), &["note"]).unwrap();
}
