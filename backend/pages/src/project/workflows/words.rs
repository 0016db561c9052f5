//! What a definition says, in words: what steps do, what they wait for, which input they name.

use lakegate_app::sources::manage;
use lakegate_model::{
    Fault, PageRequest,
    ids::ProjectId,
    words::StepEnd,
    workflows::{Definition, Place, Step, references},
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

use lakegate_http::{Web, extract::SignedIn};

/// Data sources that are known by name; of others a page says their id.
const KNOWN: i64 = 200;

/// The data sources of a project, the latest first.
pub struct Sources {
    pub all: Vec<(Uuid, String)>,
    names: BTreeMap<Uuid, String>,
    /// Whether there are more.
    pub more: bool,
}

impl Sources {
    /// Those of a project.
    pub async fn of(web: &Web, reader: &SignedIn, project: ProjectId) -> Result<Self, Fault> {
        let page = PageRequest::new(Some(KNOWN), None)?;
        let found = manage::list(&web.app, &reader.caller, project, &page).await?;
        let all: Vec<(Uuid, String)> = found.items.into_iter().map(|source| (source.id.0, source.name)).collect();
        Ok(Self { names: all.iter().cloned().collect(), all, more: found.next.is_some() })
    }

    /// The name of what is worked on, or else its id.
    pub fn name(&self, id: Uuid) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// Whether this is one of them, as far as they are known.
    pub fn has(&self, id: &str) -> bool {
        self.more || id.parse().is_ok_and(|id: Uuid| self.names.contains_key(&id))
    }
}

/// A step as lists show it.
#[derive(Debug)]
pub struct StepWords {
    pub name: String,
    pub does: String,
    /// Over what it is divided; empty if it is not.
    pub parts: String,
    /// What it waits for: the condition, and the step.
    pub after: Vec<(&'static str, String)>,
}

/// The steps of a definition in words.
pub fn steps(definition: &Definition, sources: &Sources) -> Vec<StepWords> {
    definition.steps.iter().map(|step| step_words(step, sources)).collect()
}

fn step_words(step: &Step, sources: &Sources) -> StepWords {
    let condition = |on: StepEnd| match on {
        StepEnd::Succeeded => "succeeded",
        StepEnd::Failed => "failed",
        StepEnd::Ended => "ended in any way",
    };
    StepWords {
        name: step.name.clone(),
        does: does(step, sources),
        parts: divided(step),
        after: step.after.iter().map(|after| (condition(after.on), after.step.clone())).collect(),
    }
}

/// What a step does: "Looks through Orders".
pub fn does(step: &Step, sources: &Sources) -> String {
    let subject = works_on(step, sources);
    match step.kind.as_str() {
        "crawl" => format!("Looks through {subject}"),
        kind if subject.is_empty() => kind.to_owned(),
        kind => format!("{kind}: {subject}"),
    }
}

/// What a step works on; empty if that is not said.
pub fn works_on(step: &Step, sources: &Sources) -> String {
    match (&step.subject, step.subject.get("from").and_then(Value::as_str)) {
        (Value::String(id), _) => id.parse().map_or_else(|_| id.clone(), |id| sources.name(id)),
        (_, Some("item")) if step.for_each.is_some() => "each of them".to_owned(),
        (_, Some(from)) => from.to_owned(),
        _ => String::new(),
    }
}

/// Over what a step is divided, and how: "each of input.sources, 2 at once".
pub fn divided(step: &Step) -> String {
    let Some(list) = &step.for_each else { return String::new() };
    let over = match (list.get("from").and_then(Value::as_str), list.as_array()) {
        (Some(from), _) => from.to_owned(),
        (None, items) => format!("{} listed here", items.map_or(0, Vec::len)),
    };
    let mut words = match step.batch {
        Some(size) => format!("batches of {size} of {over}"),
        None => format!("each of {over}"),
    };
    if let Some(most) = step.at_most {
        words.push_str(&format!(", {most} at once"));
    }
    words
}

/// The input that a definition names, as an object to fill in, with `today` such as `2026-05-03`; `None` if it names none.
pub fn wanted_input(definition: &Definition, sources: &Sources, today: &str) -> Option<Value> {
    let mut input = Map::new();
    for step in &definition.steps {
        for value in [Some(&step.subject), Some(&step.input), step.for_each.as_ref()].into_iter().flatten() {
            for reference in references(value).unwrap_or_default() {
                if let (Place::Input, [name, rest @ ..]) = (&reference.place, reference.path.as_slice()) {
                    let filling =
                        if rest.is_empty() { filling(step, value, name, (sources, today)) } else { json!({}) };
                    input.entry(name.clone()).or_insert(filling);
                }
            }
        }
    }
    (!input.is_empty()).then_some(Value::Object(input))
}

/// What stands in a form for a value that somebody has to give.
fn filling(step: &Step, named_in: &Value, name: &str, (sources, today): (&Sources, &str)) -> Value {
    let ids = || sources.all.iter().take(2).map(|(id, _)| id.to_string());
    let works_on_items = step.subject.get("from").and_then(Value::as_str) == Some("item");
    if step.for_each.as_ref() == Some(named_in) {
        return if works_on_items { ids().collect() } else { json!([]) };
    }
    if &step.subject == named_in {
        return ids().next().map_or_else(|| json!(""), Value::String);
    }
    if name == "day" { json!(today) } else { json!("") }
}

/// Whether whoever starts a definition has to say more.
pub fn wants_input(definition: &Definition, sources: &Sources) -> bool {
    wanted_input(definition, sources, "").is_some()
}

/// A value as people read and write it.
pub fn pretty<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ORDERS: &str = "01890000-0000-7000-8000-000000000001";

    fn sources() -> Sources {
        let id = ORDERS.parse().unwrap();
        Sources { all: vec![(id, "Orders".into())], names: [(id, "Orders".into())].into(), more: false }
    }

    fn definition(steps: Value) -> Definition {
        serde_json::from_value(json!({ "steps": steps })).unwrap()
    }

    #[test]
    fn steps_are_said_in_words() {
        let definition = definition(json!([
            { "name": "orders", "kind": "crawl", "subject": ORDERS },
            { "name": "each", "kind": "crawl", "subject": { "from": "item" }, "for_each": { "from": "input.sources" },
              "at_most": 2, "after": [{ "step": "orders", "on": "ended" }] },
            { "name": "load", "kind": "load", "for_each": [1, 2, 3], "batch": 2 },
        ]));
        let said = steps(&definition, &sources());
        let does: Vec<_> = said.iter().map(|step| (step.does.as_str(), step.parts.as_str())).collect();
        assert_eq!(
            does,
            [
                ("Looks through Orders", ""),
                ("Looks through each of them", "each of input.sources, 2 at once"),
                ("load", "batches of 2 of 3 listed here"),
            ]
        );
        assert_eq!(said[1].after, [("ended in any way", "orders".to_owned())]);
    }

    #[test]
    fn a_form_begins_with_the_input_that_steps_name() {
        let each = json!([{ "name": "each", "kind": "crawl", "subject": { "from": "item" },
            "for_each": { "from": "input.sources" }, "input": { "on": { "from": "input.day" } } }]);
        let wanted = wanted_input(&definition(each), &sources(), "2026-05-03");
        assert_eq!(wanted, Some(json!({ "sources": [ORDERS], "day": "2026-05-03" })));
        let one = json!([{ "name": "one", "kind": "crawl", "subject": { "from": "input.source" } }]);
        assert_eq!(wanted_input(&definition(one), &sources(), "2026-05-03"), Some(json!({ "source": ORDERS })));
        let none = json!([{ "name": "one", "kind": "crawl", "subject": ORDERS }]);
        assert_eq!(wanted_input(&definition(none), &sources(), "2026-05-03"), None);
    }
}
