//! Values that stand for others: `{"from": "steps.load.output.tables"}`.

use serde_json::Value;

use crate::Fault;

/// Where a reference looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `input`: what the workflow's run was started with.
    Input,
    /// `steps.<name>.output`: what a step gave. A list, in order, if the step was divided; `null` where it did not succeed.
    Step(String),
    /// `item`: the item of the list that a part is for.
    Item,
    /// `batch`: the items of the list that a part is for.
    Batch,
}

/// What stands in the place of an object whose only member is `from`: a place, and a path of names and numbers in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub place: Place,
    pub path: Vec<String>,
}

impl Reference {
    /// Reads a reference.
    ///
    /// # Errors
    /// `invalid`, without a field, and with the forms that there are.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut words = text.split('.');
        let place = match words.next() {
            Some("input") => Some(Place::Input),
            Some("item") => Some(Place::Item),
            Some("batch") => Some(Place::Batch),
            Some("steps") => {
                words.next().filter(|_| words.next() == Some("output")).map(|name| Place::Step(name.into()))
            }
            _ => None,
        };
        let path: Vec<String> = words.map(str::to_owned).collect();
        match place {
            Some(place) if path.iter().all(|word| !word.is_empty()) => Ok(Self { place, path }),
            _ => Err(Fault::new(crate::Code::Invalid, format!("{text:?} names nothing that a step can see")).fix(
                "steps.<name>.output, input, item or batch, and behind it the way to the value, such as input.day",
            )),
        }
    }

    /// The value at the end of the path.
    ///
    /// # Errors
    /// `unprocessable` if there is none.
    pub fn follow<'a>(&self, whole: &'a Value) -> Result<&'a Value, Fault> {
        let step = |value: Option<&'a Value>, word: &String| match value? {
            Value::Object(members) => members.get(word),
            Value::Array(items) => items.get(word.parse::<usize>().ok()?),
            _ => None,
        };
        self.path.iter().fold(Some(whole), step).ok_or_else(|| {
            Fault::new(crate::Code::Unprocessable, format!("{self} is not there"))
                .fix("compare the way with what was given when the run was started, or with the step's output")
        })
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.place {
            Place::Input => f.write_str("input")?,
            Place::Step(name) => write!(f, "steps.{name}.output")?,
            Place::Item => f.write_str("item")?,
            Place::Batch => f.write_str("batch")?,
        }
        self.path.iter().try_for_each(|word| write!(f, ".{word}"))
    }
}

/// What an object stands for, if it is a reference.
fn as_reference(value: &Value) -> Option<Result<Reference, Fault>> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let from = members.get("from")?;
    Some(from.as_str().map_or_else(|| Reference::parse(&from.to_string()), Reference::parse))
}

/// All references in a value.
///
/// # Errors
/// As [`Reference::parse`].
pub fn references(value: &Value) -> Result<Vec<Reference>, Fault> {
    let mut found = Vec::new();
    collect(value, &mut found)?;
    Ok(found)
}

fn collect(value: &Value, found: &mut Vec<Reference>) -> Result<(), Fault> {
    match (as_reference(value), value) {
        (Some(reference), _) => found.push(reference?),
        (None, Value::Object(members)) => members.values().try_for_each(|value| collect(value, found))?,
        (None, Value::Array(items)) => items.iter().try_for_each(|value| collect(value, found))?,
        _ => {}
    }
    Ok(())
}

/// A value with what its references name in their place. What is put in is not read again: nothing in it is a reference.
///
/// # Errors
/// As [`Reference::parse`], and what `look` says.
pub fn fill(value: &Value, look: &impl Fn(&Reference) -> Result<Value, Fault>) -> Result<Value, Fault> {
    Ok(match (as_reference(value), value) {
        (Some(reference), _) => look(&reference?)?,
        (None, Value::Object(members)) => {
            let filled = members.iter().map(|(name, value)| Ok((name.clone(), fill(value, look)?)));
            Value::Object(filled.collect::<Result<_, Fault>>()?)
        }
        (None, Value::Array(items)) => {
            Value::Array(items.iter().map(|value| fill(value, look)).collect::<Result<_, Fault>>()?)
        }
        _ => value.clone(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn references_read_as_they_are_written() {
        for text in ["input", "input.day", "steps.load.output", "steps.a_1.output.tables.0.name", "item", "batch.2"] {
            assert_eq!(Reference::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "steps", "steps.a", "steps.a.input", "steps..x", "input.", "item..a", "run", "Input"] {
            let fault = Reference::parse(text).unwrap_err();
            assert!(fault.fix.is_some(), "{text}");
        }
    }

    #[test]
    fn values_are_filled_once() {
        let template = json!({ "day": { "from": "input.day" }, "all": [1, { "from": "item" }], "from": "here" });
        let filled = fill(&template, &|reference| Ok(json!({ "from": reference.to_string() }))).unwrap();
        assert_eq!(
            filled,
            json!({ "day": { "from": "input.day" }, "all": [1, { "from": "item" }], "from": "here" }),
            "what comes in is not read as a reference"
        );
        assert_eq!(references(&template).unwrap().len(), 2);
        assert!(references(&json!([{ "from": 7 }])).is_err() && references(&json!({ "from": "x" })).is_err());
    }

    #[test]
    fn a_way_leads_through_names_and_numbers() {
        let whole = json!({ "tables": [{ "name": "a" }, { "name": "b" }] });
        let follow = |text: &str| Reference::parse(text).unwrap().follow(&whole).cloned().ok();
        assert_eq!(follow("input.tables.1.name"), Some(json!("b")));
        assert_eq!(follow("input"), Some(whole.clone()));
        for text in ["input.tables.2", "input.tables.x", "input.tables.0.name.x", "input.none"] {
            assert_eq!(follow(text), None, "{text}");
        }
    }
}
