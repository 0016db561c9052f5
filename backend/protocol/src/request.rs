//! Reading a GraphQL request out of a body or a query string.

use lakegate_model::Fault;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// The parameters of a request, each of the right type.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parameters {
    pub query: String,
    pub operation_name: Option<String>,
    pub variables: Map<String, Value>,
}

/// The parameters in a JSON body.
///
/// # Errors
/// `invalid` naming the parameter; lists of operations are not taken.
pub fn from_json(body: &[u8]) -> Result<Parameters, Fault> {
    let value: Value = serde_json::from_slice(body).map_err(|_| Fault::invalid("body", "the body is not JSON"))?;
    match value {
        Value::Object(members) => parameters(members),
        Value::Array(_) => Err(Fault::invalid("body", "send one operation at a time")),
        _ => Err(Fault::invalid("body", "the body has to be a JSON object")),
    }
}

/// The parameters in a query string; `variables` and `extensions` are JSON texts there.
///
/// # Errors
/// `invalid` naming the parameter.
pub fn from_query(text: &str) -> Result<Parameters, Fault> {
    let mut found: HashMap<String, String> = HashMap::new();
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        if found.insert(name.to_string(), value.into_owned()).is_some() {
            return Err(Fault::invalid(name, "this parameter is given twice"));
        }
    }
    let mut members = Map::new();
    for name in ["query", "operationName"] {
        members.extend(found.remove(name).map(|text| (name.to_owned(), Value::String(text))));
    }
    for name in ["variables", "extensions"] {
        let Some(text) = found.remove(name).filter(|text| !text.is_empty()) else { continue };
        let value = serde_json::from_str(&text).map_err(|_| Fault::invalid(name, "this is not JSON"))?;
        members.insert(name.to_owned(), value);
    }
    parameters(members)
}

fn parameters(mut members: Map<String, Value>) -> Result<Parameters, Fault> {
    let query = match members.remove("query") {
        Some(Value::String(query)) => query,
        Some(_) => return Err(Fault::invalid("query", "the document has to be a string")),
        None => return Err(Fault::invalid("query", "the document is missing")),
    };
    let operation_name = match members.remove("operationName") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name).filter(|name| !name.is_empty()),
        Some(_) => return Err(Fault::invalid("operationName", "the name has to be a string")),
    };
    let variables = object(&mut members, "variables")?;
    object(&mut members, "extensions")?;
    Ok(Parameters { query, operation_name, variables })
}

fn object(members: &mut Map<String, Value>, name: &str) -> Result<Map<String, Value>, Fault> {
    match members.remove(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map),
        Some(_) => Err(Fault::invalid(name, "this has to be an object")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn blamed(body: &str) -> String {
        from_json(body.as_bytes()).unwrap_err().field.unwrap()
    }

    #[test]
    fn wrong_types_are_named() {
        assert_eq!(blamed("{"), "body");
        assert_eq!(blamed("[]"), "body");
        assert_eq!(blamed("{}"), "query");
        for wrong in ["5", "false", "[\"a\"]", "{\"a\":1}"] {
            assert_eq!(blamed(&format!("{{\"query\":{wrong}}}")), "query");
        }
        for wrong in ["5", "false", "[\"a\"]", "{\"a\":1}"] {
            assert_eq!(blamed(&format!("{{\"query\":\"q\",\"operationName\":{wrong}}}")), "operationName");
        }
        for name in ["variables", "extensions"] {
            for wrong in ["5", "false", "[\"a\"]", "\"text\""] {
                assert_eq!(blamed(&format!("{{\"query\":\"q\",\"{name}\":{wrong}}}")), name);
            }
        }
    }

    #[test]
    fn nulls_are_absences() {
        let body = r#"{"query":"q","operationName":null,"variables":null,"extensions":null}"#;
        assert_eq!(from_json(body.as_bytes()).unwrap(), Parameters { query: "q".to_owned(), ..Parameters::default() });
    }

    #[test]
    fn query_strings_carry_json_in_parts() {
        let found = from_query("query=%7Bme%7D&variables=%7B%22a%22%3A1%7D&operationName=X").unwrap();
        assert_eq!(found.query, "{me}");
        assert_eq!(found.variables["a"], 1);
        assert_eq!(found.operation_name.as_deref(), Some("X"));
        assert_eq!(from_query("variables=%7B").unwrap_err().field.as_deref(), Some("variables"));
        assert_eq!(from_query("query=a&query=b").unwrap_err().field.as_deref(), Some("query"));
    }
}
