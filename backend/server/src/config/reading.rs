//! From what is written to a [`Config`], with everything that is wrong at once.

use figment::{
    Error, Figment,
    error::{Actual, Kind},
    value::{Dict, Value},
};

use super::Config;

/// Wrong keys that are told at once.
const MOST: usize = 50;

/// Reads the configuration that figment gathered, without judging values that are of the right kind.
///
/// # Errors
/// A line for each wrong key: unknown, absent, or of the wrong kind. If there is one, also what is wrong with the values
/// of the others. Values are not told: they may be secrets.
pub(super) fn extract(figment: &Figment) -> Result<Config, Vec<String>> {
    let mut written: Dict = figment.extract().map_err(|error| vec![error.to_string()])?;
    let mut wrong = Vec::new();
    while wrong.len() < MOST {
        match Value::from(written.clone()).deserialize::<Config>() {
            Ok(config) if wrong.is_empty() => return Ok(config),
            Ok(config) => {
                wrong.extend(config.wrong());
                break;
            }
            Err(error) => {
                wrong.push(line(figment, &error));
                // Without the wrong key the next one comes to light.
                if !remove(&mut written, &error.path) {
                    break;
                }
            }
        }
    }
    Err(wrong)
}

fn remove(values: &mut Dict, path: &[String]) -> bool {
    match path {
        [] => false,
        [key] => values.remove(key).is_some(),
        [key, rest @ ..] => match values.get_mut(key) {
            Some(Value::Dict(_, inner)) => remove(inner, rest),
            // An element of a list: the list goes.
            Some(_) => values.remove(key).is_some(),
            None => false,
        },
    }
}

/// The key, what is the matter with it, and where it is written.
fn line(figment: &Figment, error: &Error) -> String {
    let mut path = error.path.clone();
    if let Kind::MissingField(name) = &error.kind {
        path.push(name.to_string());
    }
    let key = path.join(".");
    let source = figment.find_metadata(&error.path.join(".")).map(|found| format!(" (in {})", found.name));
    format!("{key}: {}{}", matter(&error.kind), source.unwrap_or_default())
}

fn matter(kind: &Kind) -> String {
    match kind {
        Kind::UnknownField(_, known) => format!("there is no such key; the keys here are {}", known.join(", ")),
        Kind::MissingField(_) => "this key is needed; write it, or leave the whole section out".to_owned(),
        Kind::UnknownVariant(_, known) => format!("write one of {}", known.join(", ")),
        Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
            format!("write {expected} here, not {}", what(found))
        }
        Kind::InvalidLength(found, expected) => format!("write {expected} here, not {found} of them"),
        other => other.to_string(),
    }
}

/// A kind of value, without the value.
fn what(found: &Actual) -> &'static str {
    match found {
        Actual::Bool(_) => "true or false",
        Actual::Unsigned(_) | Actual::Signed(_) => "a whole number",
        Actual::Float(_) => "a number with a point",
        Actual::Char(_) | Actual::Str(_) | Actual::Bytes(_) => "a text",
        Actual::Seq => "a list",
        Actual::Map => "a section",
        _ => "this",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use figment::providers::{Format, Toml};

    fn wrong(text: &str) -> Vec<String> {
        extract(&Figment::new().merge(Toml::string(text))).unwrap_err()
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let told = wrong(
            "dir = 1\n[server]\nlissen = \"x\"\nlisten = \"0.0.0.0:80\"\n[limits]\nupload_bytes = \"much\"\nquery_rows = 0\n\
             query_seconds = -1\n[outgoing]\nallow = [\"a\", 7]\n[auth.oidc]\nissuer = \"i\"\n[log]\nlevel = true",
        );
        for key in [
            "dir:",
            "server.lissen:",
            "server.listen:",
            "limits.upload_bytes:",
            "limits.query_rows:",
            "limits.query_seconds:",
            "outgoing.allow",
            "auth.oidc.",
            "log.level:",
        ] {
            assert_eq!(told.iter().filter(|line| line.starts_with(key)).count(), 1, "{key} in {told:#?}");
        }
        assert_eq!(told.len(), 9, "{told:#?}");
    }

    #[test]
    fn a_line_tells_the_way_on_and_no_value() {
        let told =
            wrong("[server]\nlissen = 1\n[keys]\nmaster_key = 90210\n[limits]\nquery_rows = \"sesame\"").join("\n");
        assert!(told.contains("the keys here are listen, public_url"), "{told}");
        assert!(told.contains("limits.query_rows: write u64 here, not a text"), "{told}");
        assert!(told.contains("keys.master_key: write a string here, not a whole number"), "{told}");
        assert!(!told.contains("90210") && !told.contains("sesame"), "{told}");
    }
}
