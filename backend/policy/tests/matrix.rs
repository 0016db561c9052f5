//! The committed table of rights is what the code decides, and every decision stands in it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use lakegate_policy::{
    Action, Verdict,
    matrix::{markdown, markdown_by, people, resources},
    verdict,
};
use std::path::PathBuf;

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

/// The lines of a table that tell of an action.
fn lines_of(table: &str, action: Action) -> Vec<&str> {
    let cell = format!("| {} |", action.as_str());
    table.lines().filter(|line| line.contains(&cell)).collect()
}

/// Deciding one action always with "allow" changes the committed document, and nothing in it but that action's lines.
#[test]
fn allowing_any_action_to_all_shows_in_its_lines_alone() {
    let committed = std::fs::read_to_string(document()).expect("docs/rights.md");
    for flipped in Action::ALL {
        let table = markdown_by(|actor, action, resource| match action == *flipped {
            true => Verdict::Allow,
            false => verdict(actor, action, resource),
        });
        for action in Action::ALL {
            let same = lines_of(&committed, *action) == lines_of(&table, *action);
            assert_eq!(same, action != flipped, "{} flipped: the lines of {}", flipped.as_str(), action.as_str());
        }
        assert_ne!(committed, format!("{HEAD}{table}"), "{} flipped, and the comparison passes", flipped.as_str());
    }
}

/// Hiding one action from everybody shows just as well.
#[test]
fn hiding_any_action_from_all_shows_in_its_lines_alone() {
    let committed = std::fs::read_to_string(document()).expect("docs/rights.md");
    for flipped in Action::ALL {
        let table = markdown_by(|actor, action, resource| match action == *flipped {
            true => Verdict::Hide,
            false => verdict(actor, action, resource),
        });
        for action in Action::ALL {
            let same = lines_of(&committed, *action) == lines_of(&table, *action);
            assert_eq!(same, action != flipped, "{} hidden: the lines of {}", flipped.as_str(), action.as_str());
        }
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
