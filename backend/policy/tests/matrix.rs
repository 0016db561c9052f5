//! The committed table of rights is what the code decides, and every decision stands in it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use lakegate_policy::{
    Action, Verdict,
    matrix::{markdown, people, resources},
    verdict,
};
use std::{collections::BTreeMap, path::PathBuf};

const HEAD: &str = "# Who may do what\n\n\
    `lakegate schema rights` prints this table; a test compares the two. *yes*: allowed. *no*: refused, with the way on. *-*: for that\n\
    person the thing does not exist. *sign in*: only for signed-in people. Viewer, contributor and owner are members of\n\
    the project that owns the thing; the consumer's people are members of the project that asks.\n\n";

fn document() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/rights.md")
}

#[test]
fn the_document_is_what_the_code_decides() {
    let expected = format!("{HEAD}{}", markdown());
    if std::env::var_os("LAKEGATE_WRITE_SNAPSHOTS").is_some() {
        std::fs::write(document(), &expected).unwrap();
    }
    let committed = std::fs::read_to_string(document()).expect("docs/rights.md");
    for (number, (committed, expected)) in committed.lines().zip(expected.lines()).enumerate() {
        assert_eq!(
            committed,
            expected,
            "docs/rights.md line {}: LAKEGATE_WRITE_SNAPSHOTS=1 writes it anew",
            number + 1
        );
    }
    assert_eq!(committed, expected, "docs/rights.md is shorter or longer than what the code decides");
}

/// How often the table shows each verdict for an action.
fn shown(action: Action) -> BTreeMap<String, usize> {
    let word = format!("| {} |", action.as_str());
    let rows = markdown();
    let cells = rows.lines().filter(|line| line.contains(&word)).flat_map(|line| line.split('|').skip(3));
    let mut count = BTreeMap::new();
    for cell in cells.map(str::trim).filter(|cell| !cell.is_empty()) {
        *count.entry(cell.to_owned()).or_insert(0) += 1;
    }
    count
}

/// Turning the decision on any action into "allow" changes a cell of the table that is compared above: for each there is
/// somebody who is signed in, and still refused or shown nothing.
#[test]
fn every_action_is_refused_to_somebody_whom_the_table_shows() {
    for action in Action::ALL {
        let count = shown(*action);
        assert!(count.contains_key("yes"), "nobody may ever {}: {count:?}", action.as_str());
        let refused = count.get("no").copied().unwrap_or(0) + count.get("-").copied().unwrap_or(0);
        let open_to_all = matches!(action, Action::RunQuery | Action::ViewDomain | Action::CreateProject);
        assert!(refused > 0 || open_to_all, "{} is refused to nobody: {count:?}", action.as_str());
        assert!(count.contains_key("sign in"), "{} is open to anonymous callers: {count:?}", action.as_str());
    }
}

#[test]
fn nobody_unknown_is_ever_allowed_anything() {
    let people = people();
    let (_, anonymous) = people.iter().find(|(name, _)| *name == "anonymous").unwrap();
    for (name, resource) in resources() {
        for action in Action::ALL {
            assert_eq!(verdict(anonymous, *action, &resource), Verdict::SignIn, "{} on {name}", action.as_str());
        }
    }
}

/// A token without a scope may do nothing, whoever made it; with one scope never what needs another.
#[test]
fn scopes_only_narrow() {
    for (name, actor) in people() {
        for scopes in lakegate_model::words::TokenScope::ALL {
            let narrowed = lakegate_policy::Actor { scopes: [*scopes].into(), ..actor.clone() };
            for (thing, resource) in resources() {
                for action in Action::ALL {
                    let (wide, narrow) = (verdict(&actor, *action, &resource), verdict(&narrowed, *action, &resource));
                    let fits = lakegate_policy::decide::needed_scope(*action) == *scopes;
                    let expected = if wide == Verdict::Allow && !fits { None } else { Some(wide) };
                    match expected {
                        Some(wide) => assert_eq!(narrow, wide, "{name}, {}, {thing}", action.as_str()),
                        None => assert!(matches!(narrow, Verdict::Forbid(_)), "{name}, {}, {thing}", action.as_str()),
                    }
                }
            }
        }
    }
}
