//! Coarse rights from statements as cloud providers write them: all of a document, or nothing.
//!
//! ```json
//! { "Statement": [{ "Sid": "Plant", "Effect": "Allow", "Action": ["lakegate:Read", "lakegate:Export"],
//!   "Resource": "database/plant_pub", "Principal": { "Group": ["engineers"], "User": "ada" } }] }
//! ```

use lakegate_model::{Fault, grants::Grantee, ids::DatabaseId, words::GranteeKind};
use lakegate_policy::{action, decide, resource::Platform};
use lakegate_store::{Tx, coarse as store, environments};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

use super::coarse::{CoarseRightView, NewCoarseRight, create_in, named};
use crate::{App, Caller};

/// Longest document.
pub const BYTES_MAX: usize = 256 * 1024;
/// Most rights that one document gives.
pub const RIGHTS_MAX: usize = 1_000;

const READ: &str = "lakegate:Read";
const EXPORT: &str = "lakegate:Export";

/// What came of a document.
#[derive(Debug, Clone)]
pub struct Imported {
    pub given: Vec<CoarseRightView>,
    /// How many of its rights stood already.
    pub standing: usize,
}

/// Gives every coarse right of a document. What stands already is left as it is, so that a document can be imported again.
///
/// # Errors
/// `invalid` naming `document`, with everything that is wrong in it: nothing was given then. `forbidden` as
/// [`super::coarse::create`].
pub async fn import(app: &App, caller: &Caller, document: &str) -> Result<Imported, Fault> {
    change!(app, caller, "coarse_right.import", |tx, scope, actor| {
        let _may = decide::<action::GrantAccess, _>(scope, actor, Platform)?;
        let mut problems = Vec::new();
        let mut wanted = Vec::new();
        for rule in rules(document, &mut problems) {
            wanted.extend(spelled_out(tx, &rule, &mut problems).await?);
        }
        wanted.sort();
        wanted.dedup();
        if wanted.len() > RIGHTS_MAX {
            problems.push(format!("it gives {} rights, and {RIGHTS_MAX} are the most", wanted.len()));
        }
        if !problems.is_empty() {
            return Err(Fault::invalid("document", problems.join("; ")).fix("nothing was imported: mend all of it"));
        }
        let mut imported = Imported { given: Vec::new(), standing: 0 };
        for (database, to, export, reason) in wanted {
            if stands(tx, database, &to, export).await? {
                imported.standing += 1;
                continue;
            }
            let new = NewCoarseRight { database, to, export, from: None, until: None, reason };
            imported.given.push(create_in(app, tx, (caller, scope, actor), &new).await?);
        }
        Ok(imported)
    })
}

/// A right as a document wishes it: where, whose, whether rows may leave, and why.
type Wished = (DatabaseId, Grantee, bool, String);

/// A statement that reads well by itself.
#[derive(Debug, PartialEq, Eq)]
struct Rule {
    /// How problems name it.
    name: String,
    reason: String,
    export: bool,
    databases: Vec<String>,
    whom: Vec<(GranteeKind, String)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Document {
    #[serde(rename = "Version")]
    _version: Option<Value>,
    #[serde(rename = "Id")]
    _id: Option<Value>,
    statement: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    sid: Option<String>,
    effect: String,
    action: Texts,
    resource: Texts,
    principal: BTreeMap<String, Texts>,
}

/// A text, or several.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
enum Texts {
    One(String),
    Many(Vec<String>),
}

impl Texts {
    fn all(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

/// The statements of a document; what is wrong with it goes to `problems`.
fn rules(document: &str, problems: &mut Vec<String>) -> Vec<Rule> {
    if document.len() > BYTES_MAX {
        problems.push(format!("it is longer than {BYTES_MAX} bytes"));
        return Vec::new();
    }
    let statements = match serde_json::from_str::<Document>(document) {
        Ok(Document { statement: Value::Array(all), .. }) => all,
        Ok(Document { statement, .. }) => vec![statement],
        Err(error) => {
            problems.push(error.to_string());
            return Vec::new();
        }
    };
    if statements.is_empty() {
        problems.push("it holds no statement".to_owned());
    }
    let numbered = statements.into_iter().zip(1_usize..);
    numbered.filter_map(|(statement, number)| rule(statement, number, problems)).collect()
}

fn rule(statement: Value, number: usize, problems: &mut Vec<String>) -> Option<Rule> {
    let name = format!("statement {number}");
    let statement: Statement = match serde_json::from_value(statement) {
        Ok(statement) => statement,
        Err(error) => {
            problems.push(format!("{name}: {error}"));
            return None;
        }
    };
    let before = problems.len();
    let mut wrong = |what: String| problems.push(format!("{name}: {what}"));
    if statement.effect != "Allow" {
        wrong(format!("the effect \"{}\" is not Allow: a restriction takes away", statement.effect));
    }
    let actions = statement.action.all();
    actions.iter().filter_map(|action| unfit_action(action)).for_each(&mut wrong);
    if !actions.iter().any(|action| action == READ) {
        wrong(format!("without the action {READ} it gives nothing"));
    }
    let mut databases = Vec::new();
    for resource in statement.resource.all() {
        match resource.strip_prefix("database/").filter(|name| !name.is_empty() && !name.contains(['/', '*'])) {
            Some(database) => databases.push(database.to_owned()),
            None => wrong(format!("the resource \"{resource}\" is not a database such as database/plant_pub")),
        }
    }
    let mut whom = Vec::new();
    for (kind, names) in &statement.principal {
        match kind_of(kind) {
            Some(kind) => whom.extend(names.all().iter().map(|name| (kind, name.clone()))),
            None => wrong(format!("\"{kind}\" is no kind of principal: User, Group, Project, Role, ServiceAccount")),
        }
    }
    if databases.is_empty() || whom.is_empty() {
        wrong("it names no database, or nobody".to_owned());
    }
    let reason = match statement.sid {
        Some(sid) => format!("imported: {sid}"),
        None => format!("imported: {name}"),
    };
    let export = actions.iter().any(|action| action == EXPORT);
    (problems.len() == before).then_some(Rule { name, reason, export, databases, whom })
}

/// Why an action is not one of ours, by its name.
fn unfit_action(action: &str) -> Option<String> {
    let well_formed = action.split_once(':').is_some_and(|(service, verb)| {
        let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric());
        is_word(service) && is_word(verb)
    });
    match action {
        READ | EXPORT => None,
        _ if well_formed => Some(format!("the action \"{action}\" is unknown: {READ} and {EXPORT} are known")),
        _ => Some(format!("the action \"{action}\" is malformed: expected such as {READ}")),
    }
}

fn kind_of(word: &str) -> Option<GranteeKind> {
    Some(match word {
        "User" => GranteeKind::User,
        "Group" => GranteeKind::Group,
        "Project" => GranteeKind::Project,
        "Role" => GranteeKind::Role,
        "ServiceAccount" => GranteeKind::ServiceAccount,
        _ => return None,
    })
}

/// A statement with the ids of whom and what it names.
async fn spelled_out(tx: &mut Tx, rule: &Rule, problems: &mut Vec<String>) -> Result<Vec<Wished>, Fault> {
    let (mut databases, mut whom) = (Vec::new(), Vec::new());
    for name in &rule.databases {
        match environments::database_by_name(tx, name).await? {
            Some(database) => databases.push(database.id),
            None => problems.push(format!("{}: there is no database \"{name}\"", rule.name)),
        }
    }
    for (kind, name) in &rule.whom {
        match named(tx, *kind, name).await? {
            Some(grantee) => whom.push(grantee),
            None => problems.push(format!("{}: there is no {} \"{name}\"", rule.name, kind.as_str().replace('_', " "))),
        }
    }
    let each = databases.iter().flat_map(|database| whom.iter().map(move |grantee| (*database, *grantee)));
    Ok(each.map(|(database, grantee)| (database, grantee, rule.export, rule.reason.clone())).collect())
}

async fn stands(tx: &mut Tx, database: DatabaseId, to: &Grantee, export: bool) -> Result<bool, Fault> {
    let rights = store::coarse_rights_on(tx, database).await?;
    Ok(rights.iter().any(|right| right.grantee() == *to && right.can_export == export && right.valid_until.is_none()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn problems(document: &str) -> Vec<String> {
        let mut problems = Vec::new();
        rules(document, &mut problems);
        problems
    }

    fn with(action: &str) -> String {
        format!(
            r#"{{ "Version": "2012-10-17", "Statement": {{ "Effect": "Allow", "Action": {action},
            "Resource": ["database/a", "database/b"], "Principal": {{ "Group": "g", "User": ["u", "v"] }} }} }}"#
        )
    }

    #[test]
    fn a_statement_names_databases_and_people() {
        let mut wrong = Vec::new();
        let found = rules(&with(r#"["lakegate:Read", "lakegate:Export"]"#), &mut wrong);
        assert_eq!(wrong, [""; 0]);
        let [rule] = &found[..] else { panic!("{found:?}") };
        assert_eq!((rule.databases.len(), rule.whom.len(), rule.export), (2, 3, true));
        assert_eq!(rule.reason, "imported: statement 1");
        assert!(!rules(&with(r#""lakegate:Read""#), &mut wrong)[0].export);
    }

    #[test]
    fn actions_are_refused_by_name() {
        for (action, expected) in [
            (r#"["lakegate:Read", "s3:GetObject"]"#, "the action \"s3:GetObject\" is unknown"),
            (r#"["lakegate:Read", "lakegate:*"]"#, "the action \"lakegate:*\" is malformed"),
            (r#"["lakegate:Read", "Read"]"#, "the action \"Read\" is malformed"),
            (r#"["lakegate:Read", "*"]"#, "the action \"*\" is malformed"),
            (r#"["lakegate:Read", ""]"#, "the action \"\" is malformed"),
            (r#""lakegate:Export""#, "without the action lakegate:Read it gives nothing"),
            ("7", "expected a text or a list of texts"),
        ] {
            let found = problems(&with(action));
            assert!(found.len() == 1 && found[0].starts_with("statement 1: "), "{action}: {found:?}");
            assert!(found[0].contains(expected), "{action}: {found:?}");
        }
    }

    #[test]
    fn every_problem_of_a_document_is_told() {
        let document = r#"{ "Statement": [
            { "Effect": "Deny", "Action": "lakegate:Read", "Resource": "database/a", "Principal": { "Group": "g" } },
            { "Effect": "Allow", "Action": "lakegate:Read", "Resource": "arn:aws:s3:::b", "Principal": { "AWS": "g" } },
            { "Effect": "Allow", "Action": "lakegate:Read", "Resource": "database/a", "Principal": { "Group": "g" },
              "Condition": {} }, 7] }"#;
        let found = problems(document);
        for expected in [
            "statement 1: the effect \"Deny\" is not Allow",
            "statement 2: the resource \"arn:aws:s3:::b\"",
            "statement 2: \"AWS\" is no kind of principal",
            "statement 3: unknown field `Condition`",
            "statement 4: invalid type",
        ] {
            assert!(found.iter().any(|problem| problem.starts_with(expected)), "{expected}: {found:?}");
        }
        for bad in
            ["", "[]", "{}", r#"{ "Statement": [] }"#, r#"{ "Statement": [], "Rules": 1 }"#, "{\"Statement\": \u{0}"]
        {
            assert_eq!(problems(bad).len(), 1, "{bad}");
        }
        assert_eq!(problems(&" ".repeat(BYTES_MAX + 1)), ["it is longer than 262144 bytes"]);
    }
}
