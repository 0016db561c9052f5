//! Dividing a step into parts, with the values that each of them gets.

use lakegate_model::{
    Code, Fault,
    workflows::{Place, Reference, Step, fill},
};
use lakegate_store::workflow_steps::NewPart;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Most parts of one step.
pub const MOST_PARTS: usize = 2_000;
/// Longest input of all parts of a step together, in bytes of JSON.
const LONGEST: usize = 32 << 20;
/// Deepest input of a part: what is nested beyond 127 could be written, but not read any more.
const DEEPEST: usize = 100;

/// What the values of a step may name: the run's input, and what the steps before gave.
#[derive(Debug)]
pub(super) struct Given<'a> {
    pub input: &'a Value,
    pub outputs: &'a BTreeMap<String, Value>,
}

/// Divides a step into its parts: one, if it is not divided.
///
/// # Errors
/// `unprocessable` in words for whoever wrote the workflow, if a value is not there or does not fit.
pub(super) fn parts(step: &Step, given: &Given<'_>) -> Result<Vec<NewPart>, Fault> {
    let Some(list) = &step.for_each else {
        return bounded(std::iter::once(given.part(step, &Value::Null)));
    };
    let items = match given.fill(list, &Value::Null).map_err(|fault| fault.on("for_each"))? {
        Value::Array(items) => items,
        other => return Err(wrong("for_each", format!("a list is expected, not {}", kind_of(&other)))),
    };
    let items: Vec<Value> = match step.batch {
        Some(size) => items.chunks(size.max(1)).map(|batch| Value::Array(batch.to_vec())).collect(),
        None => items,
    };
    if items.len() > MOST_PARTS {
        let message = format!("{} parts are too many; the limit is {MOST_PARTS}", items.len());
        return Err(wrong("for_each", message).fix("let each part take a batch of the list"));
    }
    bounded(items.iter().map(|item| given.part(step, item)))
}

fn bounded(parts: impl Iterator<Item = Result<NewPart, Fault>>) -> Result<Vec<NewPart>, Fault> {
    let (mut all, mut length) = (Vec::new(), 0);
    for part in parts {
        let part = part?;
        if is_deeper(&part.input, DEEPEST) {
            return Err(wrong("input", format!("it is nested deeper than {DEEPEST} levels"))
                .fix("name the value that is needed, and not what stands around it"));
        }
        length += serde_json::to_vec(&part.input).map_err(Fault::internal)?.len();
        if length > LONGEST {
            return Err(wrong("input", format!("its parts get more than {LONGEST} bytes in all"))
                .fix("hand over where long values are found, and not the values"));
        }
        all.push(part);
    }
    Ok(all)
}

fn is_deeper(value: &Value, levels: usize) -> bool {
    match (value, levels) {
        (Value::Array(_) | Value::Object(_), 0) => true,
        (Value::Array(items), _) => items.iter().any(|item| is_deeper(item, levels - 1)),
        (Value::Object(members), _) => members.values().any(|member| is_deeper(member, levels - 1)),
        _ => false,
    }
}

impl Given<'_> {
    fn part(&self, step: &Step, item: &Value) -> Result<NewPart, Fault> {
        let subject = self.fill(&step.subject, item).map_err(|fault| fault.on("subject"))?;
        let input = self.fill(&step.input, item).map_err(|fault| fault.on("input"))?;
        Ok(NewPart { subject: as_id(&subject)?, input })
    }

    fn fill(&self, value: &Value, item: &Value) -> Result<Value, Fault> {
        fill(value, &|reference| self.look(reference, item))
    }

    /// A step that did not succeed gave nothing, and there is nothing in it.
    fn look(&self, reference: &Reference, item: &Value) -> Result<Value, Fault> {
        let whole = match &reference.place {
            Place::Input => self.input,
            Place::Item | Place::Batch => item,
            Place::Step(name) => match self.outputs.get(name) {
                Some(output) if !output.is_null() => output,
                _ => return Ok(Value::Null),
            },
        };
        reference.follow(whole).cloned()
    }
}

fn as_id(subject: &Value) -> Result<Option<Uuid>, Fault> {
    match subject {
        Value::Null => Ok(None),
        Value::String(id) => {
            Uuid::parse_str(id).map(Some).map_err(|_| wrong("subject", "an id of 36 characters is expected".to_owned()))
        }
        other => Err(wrong("subject", format!("an id is expected, not {}", kind_of(other)))),
    }
}

fn wrong(field: &str, message: String) -> Fault {
    Fault::new(Code::Unprocessable, message).on(field)
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
