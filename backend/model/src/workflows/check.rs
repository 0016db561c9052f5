//! Whether a definition can be carried out.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use crate::{
    Fault, text,
    workflows::{Definition, Place, Reference, Step, references},
};

/// Most steps of a workflow.
pub const MOST_STEPS: usize = 200;
/// Most items of one batch.
const MOST_IN_BATCH: usize = 10_000;
/// Most parts of one step at work at once, as it may ask for.
const MOST_AT_ONCE: i64 = 1_000;
/// Most attempts at a part.
const MOST_TRIES: i64 = 20;
/// Longest definition, in bytes of JSON.
const LONGEST: usize = 512 * 1024;

/// Checks a definition against the kinds of work that there are.
///
/// # Errors
/// `invalid` with the field, such as `steps[2].after[0].step`, and the way to set it right.
pub fn check(definition: &Definition, kinds: &[&str]) -> Result<(), Fault> {
    check_size(definition)?;
    let places = places(definition)?;
    for (at, step) in definition.steps.iter().enumerate() {
        check_kind(at, step, kinds)?;
        check_numbers(at, step)?;
        check_after(at, step, &places)?;
    }
    let before = before(definition, &places)?;
    definition.steps.iter().enumerate().try_for_each(|(at, step)| check_values(at, step, &places, &before[at]))
}

fn field(at: usize, name: &str) -> String {
    format!("steps[{at}].{name}")
}

fn check_size(definition: &Definition) -> Result<(), Fault> {
    let count = definition.steps.len();
    if count == 0 || count > MOST_STEPS {
        return Err(Fault::invalid("steps", format!("a workflow has 1 to {MOST_STEPS} steps, not {count}"))
            .fix("let one step do more by for_each, or divide the workflow"));
    }
    let length = serde_json::to_vec(definition).map_err(Fault::internal)?.len();
    if length > LONGEST {
        return Err(Fault::invalid("steps", format!("{length} bytes are too many; the limit is {LONGEST}"))
            .fix("hand long values over as the input of a run"));
    }
    Ok(())
}

/// Where each name stands.
fn places(definition: &Definition) -> Result<BTreeMap<&str, usize>, Fault> {
    let mut places = BTreeMap::new();
    for (at, step) in definition.steps.iter().enumerate() {
        let name = text::identifier(&field(at, "name"), &step.name)?;
        if name != step.name {
            return Err(Fault::invalid(field(at, "name"), "use lower-case letters, digits and _ only")
                .fix(format!("write {name}")));
        }
        if places.insert(step.name.as_str(), at).is_some() {
            return Err(Fault::invalid(field(at, "name"), format!("another step is called {name} already"))
                .fix("give each step a name of its own"));
        }
    }
    Ok(places)
}

fn check_kind(at: usize, step: &Step, kinds: &[&str]) -> Result<(), Fault> {
    if kinds.contains(&step.kind.as_str()) {
        return Ok(());
    }
    Err(Fault::invalid(field(at, "kind"), format!("there is no kind of work {:?}", step.kind))
        .fix(format!("one of: {}", kinds.join(", "))))
}

fn check_numbers(at: usize, step: &Step) -> Result<(), Fault> {
    let within = |name: &str, fits: bool, most: &dyn std::fmt::Display| {
        let fault =
            || Fault::invalid(field(at, name), "this is out of range").fix(format!("a number from 1 to {most}"));
        if fits { Ok(()) } else { Err(fault()) }
    };
    within("batch", step.batch.is_none_or(|items| (1..=MOST_IN_BATCH).contains(&items)), &MOST_IN_BATCH)?;
    within("at_most", step.at_most.is_none_or(|parts| (1..=MOST_AT_ONCE).contains(&parts)), &MOST_AT_ONCE)?;
    within("tries", step.tries.is_none_or(|tries| (1..=MOST_TRIES).contains(&tries)), &MOST_TRIES)?;
    let name = if step.batch.is_some() { "batch" } else { "at_most" };
    if step.for_each.is_none() && (step.batch.is_some() || step.at_most.is_some()) {
        return Err(Fault::invalid(field(at, name), "only a step that is divided has parts")
            .fix("say by for_each over which list it is divided"));
    }
    Ok(())
}

fn check_after(at: usize, step: &Step, places: &BTreeMap<&str, usize>) -> Result<(), Fault> {
    let mut seen = BTreeSet::new();
    for (number, after) in step.after.iter().enumerate() {
        let field = field(at, &format!("after[{number}].step"));
        if !places.contains_key(after.step.as_str()) {
            return Err(Fault::invalid(field, format!("there is no step {:?}", after.step))
                .fix(format!("one of: {}", places.keys().copied().collect::<Vec<_>>().join(", "))));
        }
        if !seen.insert(after.step.as_str()) {
            return Err(Fault::invalid(field, format!("{:?} stands here twice", after.step))
                .fix("name each step once; \"on\": \"ended\" is any end"));
        }
    }
    Ok(())
}

/// For each step, all those that come before it: whom it waits for, whom they wait for, and so on.
fn before(definition: &Definition, places: &BTreeMap<&str, usize>) -> Result<Vec<BTreeSet<usize>>, Fault> {
    let mut before = vec![None; definition.steps.len()];
    let mut open: BTreeSet<usize> = (0..definition.steps.len()).collect();
    while !open.is_empty() {
        let known = open.len();
        for at in open.clone() {
            let direct: Vec<usize> =
                definition.steps[at].after.iter().map(|after| places[after.step.as_str()]).collect();
            if let Some(all) = direct.iter().map(|at| before[*at].as_ref()).collect::<Option<Vec<&BTreeSet<usize>>>>() {
                before[at] = Some(all.into_iter().flatten().chain(&direct).copied().collect());
                open.remove(&at);
            }
        }
        if open.len() == known {
            return Err(circle(definition, &open, places));
        }
    }
    Ok(before.into_iter().flatten().collect())
}

/// Names the steps of one circle: `open` holds all that are on one or behind one.
fn circle(definition: &Definition, open: &BTreeSet<usize>, places: &BTreeMap<&str, usize>) -> Fault {
    let waits_for = |at: usize| {
        let mut direct = definition.steps[at].after.iter().map(|after| places[after.step.as_str()]);
        direct.find(|at| open.contains(at))
    };
    let mut way: Vec<usize> = open.first().copied().into_iter().collect();
    let mut begin = 0;
    while let Some(next) = way.last().and_then(|at| waits_for(*at)) {
        if let Some(found) = way.iter().position(|at| *at == next) {
            begin = found;
            break;
        }
        way.push(next);
    }
    let names: Vec<&str> = way[begin..].iter().map(|at| definition.steps[*at].name.as_str()).collect();
    let at = way[begin..].first().copied().unwrap_or_default();
    Fault::invalid(field(at, "after"), format!("these steps wait for each other in a circle: {}", names.join(", ")))
        .fix("take one of them out of the after of another")
}

fn check_values(at: usize, step: &Step, places: &BTreeMap<&str, usize>, before: &BTreeSet<usize>) -> Result<(), Fault> {
    let list = step.for_each.as_ref().map(|list| ("for_each", list));
    for (name, value) in [("subject", &step.subject), ("input", &step.input)].into_iter().chain(list) {
        let named = references(value).map_err(|fault| fault.on(field(at, name)))?;
        for reference in named {
            check_reference(step, name, &reference, (places, before)).map_err(|fault| fault.on(field(at, name)))?;
        }
    }
    check_subject(at, &step.subject)?;
    match &step.for_each {
        None | Some(Value::Array(_)) => Ok(()),
        Some(value) if references(value).is_ok_and(|named| !named.is_empty()) && value.get("from").is_some() => Ok(()),
        Some(_) => Err(Fault::invalid(field(at, "for_each"), "this is no list")
            .fix("a list, or where one is found, such as {\"from\": \"input.tables\"}")),
    }
}

fn check_subject(at: usize, subject: &Value) -> Result<(), Fault> {
    let fits = match subject {
        Value::Null => true,
        Value::String(id) => Uuid::parse_str(id).is_ok(),
        other => other.get("from").is_some(),
    };
    if fits {
        return Ok(());
    }
    Err(Fault::invalid(field(at, "subject"), "this is not an id")
        .fix("an id of 36 characters, or where one is found, such as {\"from\": \"item\"}"))
}

fn check_reference(
    step: &Step,
    name: &str,
    reference: &Reference,
    (places, before): (&BTreeMap<&str, usize>, &BTreeSet<usize>),
) -> Result<(), Fault> {
    let wrong = |message: String, fix: &str| Err(Fault::new(crate::Code::Invalid, message).fix(fix));
    let divided = step.for_each.is_some() && name != "for_each";
    match &reference.place {
        Place::Input => Ok(()),
        Place::Step(other) => match places.get(other.as_str()) {
            None => wrong(format!("{reference}: there is no step {other:?}"), "name a step of this workflow"),
            Some(place) if before.contains(place) => Ok(()),
            Some(_) => wrong(
                format!("{reference}: the step {other:?} does not come before this one"),
                "name it in the after of this step, or of one that comes before",
            ),
        },
        Place::Item if divided && step.batch.is_none() => Ok(()),
        Place::Batch if divided && step.batch.is_some() => Ok(()),
        Place::Item if divided => wrong(format!("{reference}: the parts of this step are batches"), "write batch"),
        Place::Batch if divided => wrong(format!("{reference}: the parts of this step are single items"), "write item"),
        Place::Item | Place::Batch => wrong(
            format!("{reference}: nothing is divided here"),
            "say by for_each over which list the step is divided",
        ),
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
