//! Files, wishes and plans over invented catalogs.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::{
    check::{PolicySet, check, digest},
    facts::{ColumnFacts, Facts, HeldGrant, HeldRestriction, TableFacts, TagFacts},
    plan::{Change, Plan, plan},
    problem::Problem,
    wish::wish,
    words::PlanWords,
};
use chrono::{DateTime, TimeDelta};
use lakegate_model::{
    Timestamp,
    columns::ColumnType,
    grants::Grantee,
    ids::{ColumnId, GroupId, TableId, UserId},
    policy_files::PolicyFile,
    words::{AssetStatus, ColumnState},
};
use proptest::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

fn now() -> Timestamp {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn file(name: &str, text: &str) -> PolicyFile {
    PolicyFile { name: name.into(), text: text.into() }
}

fn problems(text: &str) -> Vec<Problem> {
    check(&[file("rules.yaml", text)]).unwrap_err()
}

/// A table with the columns of these names; those that begin with `?` are pending, with `-` unlisted.
fn table(number: u128, path: [&str; 3], columns: &[&str]) -> (TableId, TableFacts) {
    let columns = columns.iter().zip(1_u128..).map(|(name, at)| ColumnFacts {
        id: ColumnId(Uuid::from_u128(number * 1_000 + at)),
        name: name.trim_start_matches(['?', '-']).into(),
        column_type: if name.ends_with("_id") { ColumnType::Boolean } else { ColumnType::Text },
        state: if name.starts_with('?') { ColumnState::Pending } else { ColumnState::Active },
        unlisted: name.starts_with('-'),
    });
    let facts = TableFacts {
        asset: Uuid::from_u128(number * 1_000_000).into(),
        project: Uuid::from_u128(1).into(),
        domain: Uuid::from_u128(2).into(),
        path: path.map(str::to_owned),
        status: AssetStatus::Published,
        columns: columns.collect(),
        tags: Vec::new(),
    };
    (TableId(Uuid::from_u128(number)), facts)
}

fn facts(tables: Vec<(TableId, TableFacts)>, personas: &[(&str, &[Grantee])]) -> Facts {
    let personas = personas.iter().map(|(name, holders)| ((*name).to_owned(), holders.iter().copied().collect()));
    Facts { tables: tables.into_iter().collect(), personas: personas.collect(), ..Facts::default() }
}

const ANA: Grantee = Grantee::User(UserId(Uuid::from_u128(70)));
const TEAM: Grantee = Grantee::Group(GroupId(Uuid::from_u128(71)));

/// What carrying a plan out does to the facts, as plainly as can be.
fn carry_out(plan: &Plan, facts: &mut Facts, at: Timestamp) {
    // No id is ever given twice, as in a database.
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let id = || Uuid::from_u128((1 << 64) + u128::from(NEXT.fetch_add(1, Ordering::Relaxed)));
    for change in &plan.changes {
        match change.clone() {
            Change::PutTag(key) => {
                let tag = TagFacts { row: id(), column: key.column, tag: key.tag, managed: true };
                facts.tables.get_mut(&key.table).unwrap().tags.push(tag);
            }
            Change::TakeTag(key, row) => {
                facts.tables.get_mut(&key.table).unwrap().tags.retain(|tag| tag.row != row);
            }
            Change::Grant { key, held, wished } => {
                facts.grants.retain(|grant| !held.contains(grant));
                let given = wished.map(|mut terms| {
                    terms.from = terms.from.or(Some(at));
                    HeldGrant { id: id().into(), key, terms, filter: None }
                });
                facts.grants.extend(given);
            }
            Change::Restriction { key, held, wished } => {
                facts.restrictions.retain(|rule| !held.contains(rule));
                facts.restrictions.extend(wished.map(|terms| HeldRestriction {
                    id: id().into(),
                    key,
                    terms,
                    filter: None,
                    created_by: UserId(Uuid::nil()),
                }));
            }
        }
    }
}

fn planned(set: &PolicySet, facts: &Facts) -> Plan {
    plan(&wish(set, facts, now()).unwrap(), facts, now())
}

fn lines(text: &str, facts: &Facts) -> Vec<String> {
    let set = check(&[file("rules.yaml", text)]).unwrap();
    PlanWords::of(&planned(&set, facts), facts).lines.iter().map(ToString::to_string).collect()
}

#[test]
fn the_example_of_the_documents_is_in_order() {
    let text = include_str!("../../../../docs/policy-as-code.md");
    let example = text.split_once("```yaml\n").unwrap().1.split_once("```").unwrap().0;
    let set = check(&[file("example.yaml", example)]).unwrap();
    assert_eq!((set.personas.len(), set.tags.len(), set.grants.len(), set.restrictions.len()), (3, 2, 2, 2));
    let shop = |number, name, columns: &[&str]| table(number, ["Shop", "shop_pub", name], columns);
    let tables = vec![
        shop(1, "orders", &["order_id", "region", "amount", "email", "driver_note"]),
        shop(2, "customers", &["name", "contact", "?email_2"]),
    ];
    let facts = facts(tables, &[("analysts", &[TEAM]), ("data protection", &[ANA]), ("nightly export", &[ANA])]);
    let words = PlanWords::of(&planned(&set, &facts), &facts);
    let expected = "9 to add, 0 to change, 0 to remove
  + tag class=internal on Shop/shop_pub/orders
  + tag pii=email on Shop/shop_pub/orders.email
  + tag pii=email on Shop/shop_pub/customers.contact
  + tag pii=email on Shop/shop_pub/customers.email_2
  + restriction no-notes on Shop/shop_pub/orders for everyone: hides driver_note
  + restriction mask-mail on the tag pii=email for everyone but USER: masks what carries it by sha-256-query-local
  + grant analysts-read-the-shop on Shop/shop_pub/orders to GROUP: reads order_id, region, amount, driver_note
  + grant regional-orders on Shop/shop_pub/orders to USER: reads order_id, region, amount; only rows where region = 'eu'; until 2027-12-31T23:59:59Z; may export
  + grant analysts-read-the-shop on Shop/shop_pub/customers to GROUP: reads name
";
    let text = words.text().replace(&ANA.to_string(), "USER").replace(&TEAM.to_string(), "GROUP");
    assert_eq!(text, expected);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (text, place, says) in [
        ("grants:\n  - nme: x\n", "rules.yaml:2: grants[0]", "unknown field `nme`"),
        ("personas:\n  - name: a\n    peple: [b]\n", "rules.yaml:3: personas[0]", "unknown field `peple`"),
        ("persons: []\n", "rules.yaml:1", "unknown field `persons`"),
        ("personas: []\npersonas: []\n", "rules.yaml:1", "duplicate"),
        ("grants: [\n", "rules.yaml:2", ""),
        ("personas: [{ name: a }]\n", "rules.yaml: personas[0]", "nobody is in"),
        ("personas: [{ name: a, roles: [king] }]\n", "rules.yaml:1: personas[0].roles[0]", "unknown variant `king`"),
        ("tags: [{ tag: \"a,b\", on: [a/b/c] }]\n", "rules.yaml: tags[0].tag", "comma"),
        ("tags: [{ tag: a, on: [a/b] }]\n", "rules.yaml: tags[0].on[0]", "not project/database/table"),
        ("tags: [{ tag: a, on: [] }]\n", "rules.yaml: tags[0].on", "no table"),
        ("grants: [{ name: g, to: [x], on: [a/b/c], reason: r }]\n", "rules.yaml: grants[0].to[0]", "no persona x"),
        ("grants: [{ name: g, to: [], on: [a/b/c], reason: ' ' }]\n", "rules.yaml: grants[0].to", "nobody"),
        ("restrictions: [{ name: r, tag: pii, reason: r }]\n", "rules.yaml: restrictions[0]", "one thing"),
        (
            "restrictions: [{ name: r, tag: pii, on: [a/b/c], hide: true, reason: r }]\n",
            "rules.yaml: restrictions[0].tag",
            "",
        ),
        ("restrictions: [{ name: r, tag: pii, rows: a > 1, reason: r }]\n", "rules.yaml: restrictions[0].rows", ""),
        (
            "restrictions: [{ name: r, on: [a/b/c], mask: hmac, reason: r }]\n",
            "rules.yaml: restrictions[0].columns",
            "",
        ),
        (
            "restrictions: [{ name: r, on: [a/b/c], hide: true }]\n",
            "rules.yaml:1: restrictions[0]",
            "missing field `reason`",
        ),
        (
            "personas: [{ name: p, everyone: true }]\nrestrictions: [{ name: r, tag: pii, hide: true, exempt: [p], reason: r }]\n",
            "rules.yaml: restrictions[0].exempt[0]",
            "cannot be spared",
        ),
    ] {
        let found = problems(text);
        let first = found[0].to_string();
        assert!(first.starts_with(&format!("{place}: ")) && first.contains(says), "{text}: {first}");
        assert!(first.ends_with(')') && !found[0].fix.is_empty(), "{first}");
    }
    let twice = [
        file("a.yaml", "personas: [{ name: P, everyone: true }]"),
        file("b.yaml", "personas: [{ name: p, everyone: true }]"),
    ];
    assert!(
        check(&twice).unwrap_err()[0]
            .to_string()
            .starts_with("b.yaml: personas[0].name: the persona p stands in a.yaml")
    );
    assert!(check(&[]).unwrap_err()[0].message.contains("no file"));
    assert!(check(&[file("empty.yaml", "# nothing\n")]).unwrap() == PolicySet::default());
}

#[test]
fn names_that_are_not_there_are_mistakes_and_wildcards_are_not() {
    let facts = facts(vec![table(1, ["Shop", "shop_pub", "orders"], &["a", "b"])], &[("p", &[ANA])]);
    let wished = |rule: &str| {
        let text = format!("personas: [{{ name: p, everyone: true }}]\n{rule}\n");
        wish(&check(&[file("r.yaml", &text)]).unwrap(), &facts, now())
    };
    let wrong = |rule: &str| wished(rule).unwrap_err()[0].to_string();
    assert!(
        wrong("grants: [{ name: g, to: [p], on: [Shop/shop_pub/order], reason: r }]")
            .contains("grants[0].on[0]: there is no table")
    );
    let slip = "grants: [{ name: g, to: [p], on: ['*/*/*'], columns: { except: [salry] }, reason: r }]";
    assert!(wrong(slip).contains("grants[0].columns.except: none of the tables has a column salry"));
    assert!(
        wrong("restrictions: [{ name: g, on: ['*/*/*'], columns: { only: [a] }, mask: truncate-to-year, reason: r }]")
            .contains("not defined")
    );
    let none =
        wished("grants: [{ name: g, to: [p], on: ['shop/*/x*'], columns: { except: [salry] }, reason: r }]").unwrap();
    assert!(none.grants.is_empty() && none.notes[0].contains("no table fits"), "{none:?}");
}

#[test]
fn what_comes_stays_closed_until_it_is_planned() {
    let text = "personas: [{ name: p, everyone: true }]
tags: [{ tag: pii=mail, on: ['shop/*/*'], columns: ['*mail'] }]
grants: [{ name: g, to: [p], on: ['shop/*/*'], columns: { except_tagged: [pii] }, reason: r }]
";
    let set = check(&[file("r.yaml", text)]).unwrap();
    let mut facts = facts(vec![table(1, ["Shop", "pub", "orders"], &["a", "-secret"])], &[("p", &[TEAM])]);
    carry_out(&planned(&set, &facts), &mut facts, now());
    assert_eq!(planned(&set, &facts), Plan::default());
    // A new table, and a column of personal data; the pending and the unlisted open nothing.
    let (id, fresh) = table(2, ["Shop", "pub", "visits"], &["at", "?later", "-hidden"]);
    facts.tables.insert(id, fresh);
    let (_, orders) = table(1, ["Shop", "pub", "orders"], &["a", "-secret", "e_mail"]);
    facts.tables.get_mut(&TableId(Uuid::from_u128(1))).unwrap().columns = orders.columns;
    let told = lines(text, &facts);
    assert_eq!(
        told,
        ["+ tag pii=mail on Shop/pub/orders.e_mail", &format!("+ grant g on Shop/pub/visits to {TEAM}: reads at")]
    );
    // Grants wait for publishing, tags do not.
    facts.tables.get_mut(&id).unwrap().status = AssetStatus::Inventory;
    assert_eq!(lines(text, &facts), ["+ tag pii=mail on Shop/pub/orders.e_mail"]);
}

#[test]
fn only_what_files_brought_is_taken_away() {
    let text = "tags: [{ tag: a, on: ['*/*/*'] }]\n";
    let set = check(&[file("r.yaml", text)]).unwrap();
    let mut facts = facts(vec![table(1, ["S", "d", "t"], &["x"]), table(2, ["S", "d", "u"], &["x"])], &[]);
    let by_hand = TagFacts { row: Uuid::from_u128(5), column: None, tag: "a".into(), managed: false };
    facts.tables.get_mut(&TableId(Uuid::from_u128(1))).unwrap().tags.push(by_hand);
    let first = planned(&set, &facts);
    assert_eq!(first.changes.len(), 1, "the other table has it already: {first:?}");
    carry_out(&first, &mut facts, now());
    let none = check(&[file("r.yaml", "")]).unwrap();
    carry_out(&planned(&none, &facts), &mut facts, now());
    let left: Vec<usize> = facts.tables.values().map(|table| table.tags.len()).collect();
    assert_eq!(left, [1, 0]);
}

#[test]
fn a_grant_that_ran_out_is_not_wished_for() {
    let text = |until: &str| {
        format!(
            "personas: [{{ name: p, everyone: true }}]\ngrants: [{{ name: g, to: [p], on: ['*/*/*'], until: '{until}', reason: r }}]\n"
        )
    };
    let facts = facts(vec![table(1, ["S", "d", "t"], &["x"])], &[("p", &[TEAM])]);
    let end = |days| (now() + TimeDelta::days(days)).to_rfc3339();
    assert_eq!(lines(&text(&end(1)), &facts).len(), 1);
    assert_eq!(lines(&text(&end(-1)), &facts).len(), 0);
}

/// A catalog and a set over few names, so that they meet often.
fn world() -> impl Strategy<Value = (Facts, Vec<String>)> {
    let name = || prop::sample::select(vec!["a", "b", "c"]);
    let star = || prop::sample::select(vec!["a", "b", "*", "a*"]);
    let tag = || prop::sample::select(vec!["pii", "pii=mail", "k=v"]);
    let columns = prop::collection::btree_set(prop::sample::select(vec!["m", "n", "?o", "-u", "mail"]), 1..4);
    let tables = prop::collection::btree_map((name(), name()), (columns, 0..3_u8, any::<bool>()), 1..5);
    let tagging = (tag(), star(), star(), any::<bool>()).prop_map(|(tag, database, table, whole)| {
        let columns = if whole { "" } else { ", columns: ['m*']" };
        format!("tags: [{{ tag: '{tag}', on: ['p/{database}*/{table}*']{columns} }}]")
    });
    let choice = prop::sample::select(vec![
        "",
        "columns: { except_tagged: [pii] },",
        "columns: { only: ['m*'] },",
        "columns: { only_tagged: [k], except: ['n*'] },",
    ]);
    let grant = (0..6_u8, star(), star(), choice, any::<bool>(), 0..3_u8).prop_map(|(n, database, table, columns, export, to)| {
        let to = ["x", "y", "x, y"][usize::from(to)];
        format!("grants: [{{ name: g{n}, to: [{to}], on: ['p/{database}*/{table}*'], {columns} export: {export}, reason: r }}]")
    });
    let effect = prop::sample::select(vec![
        "on: ['p/*/*'], hide: true,",
        "on: ['p/a*/*'], columns: { only_tagged: [pii] }, mask: replace-with-null,",
        "tag: pii, mask: replace-with-null, exempt: [z],",
    ]);
    let restriction =
        (0..4_u8, effect).prop_map(|(n, effect)| format!("restrictions: [{{ name: r{n}, {effect} reason: r }}]"));
    let rules = prop::collection::vec(prop_oneof![tagging, grant, restriction], 0..7);
    (tables, rules).prop_map(|(tables, rules)| (catalog(tables), unique(rules)))
}

type Tables<'a> = std::collections::BTreeMap<(&'a str, &'a str), (std::collections::BTreeSet<&'a str>, u8, bool)>;

fn catalog(tables: Tables<'_>) -> Facts {
    let made = tables.into_iter().zip(1_u128..).map(|(((database, name), (columns, status, tagged)), number)| {
        let columns: Vec<&str> = columns.into_iter().collect();
        let (id, mut facts) = table(number, ["p", &format!("{database}1"), &format!("{name}1")], &columns);
        facts.status = [AssetStatus::Published, AssetStatus::Inventory, AssetStatus::Archived][usize::from(status)];
        if tagged {
            let column = facts.columns.first().map(|column| column.id);
            facts.tags.push(TagFacts { row: Uuid::from_u128(number << 32), column, tag: "pii".into(), managed: false });
        }
        (id, facts)
    });
    facts(made.collect(), &[("x", &[ANA]), ("y", &[TEAM, Grantee::Everyone]), ("z", &[ANA])])
}

/// Rules of one name are a mistake; the first stays.
fn unique(rules: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    let key = |rule: &String| match rule.split_once("name: ") {
        Some((_, rest)) => rest.split(',').next().unwrap_or_default().to_owned(),
        None => rule.clone(),
    };
    rules.into_iter().filter(|rule| seen.insert(key(rule))).collect()
}

const PERSONAS: &str = "personas:
  - { name: x, people: [ana] }
  - { name: y, groups: [team], everyone: true }
  - { name: z, people: [ana] }
";

fn files(rules: &[String]) -> Vec<PolicyFile> {
    let rules = rules.iter().enumerate().map(|(n, rule)| file(&format!("{n}.yaml"), rule));
    std::iter::once(file("personas.yaml", PERSONAS)).chain(rules).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// Applying a plan leaves nothing to plan, and so does going on to another set, and to none.
    #[test]
    fn a_plan_that_is_carried_out_leaves_nothing((mut facts, rules) in world(), (_, others) in world()) {
        for rules in [rules, others, Vec::new()] {
            let set = check(&files(&rules)).unwrap();
            let first = planned(&set, &facts);
            carry_out(&first, &mut facts, now());
            prop_assert_eq!(planned(&set, &facts).changes, Vec::new(), "after {:?}", first);
        }
        prop_assert!(facts.grants.is_empty() && facts.restrictions.is_empty());
        prop_assert!(facts.tables.values().filter(|table| table.is_there()).flat_map(|table| &table.tags).all(|tag| !tag.managed));
    }

    #[test]
    fn order_does_not_matter((facts, rules) in world(), turn in 0..7_usize) {
        let set = files(&rules);
        let mut other = set.clone();
        other.reverse();
        let length = other.len();
        other.rotate_left(turn % length);
        prop_assert_eq!(digest(&set), digest(&other));
        let plans = [check(&set).unwrap(), check(&other).unwrap()].map(|set| planned(&set, &facts).changes);
        prop_assert_eq!(&plans[0], &plans[1]);
    }

    /// Nothing closed is opened: no pending column, no unlisted one, nothing of what is not published.
    #[test]
    fn grants_open_what_is_out_alone((facts, rules) in world()) {
        let set = check(&files(&rules)).unwrap();
        for (key, terms) in wish(&set, &facts, now()).unwrap().grants {
            let table = &facts.tables[&key.table];
            prop_assert!(table.is_out() && !terms.columns.is_empty());
            for id in &terms.columns {
                let column = table.column(*id).unwrap();
                prop_assert!(column.state == ColumnState::Active && !column.unlisted);
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-z:\\-\\[\\]{}&*!|>'\"%@ \n#,]{0,200}") {
        let _either = check(&[file("x.yaml", &text)]);
    }
}
