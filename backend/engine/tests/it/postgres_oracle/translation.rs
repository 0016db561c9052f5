//! The rights as PostgreSQL knows them, written from the rules in words and from nothing else.
//!
//! Rows are row security: a policy for each grant, a restrictive one for each filter of a restriction. Where every cell
//! of the rows that exist shows as it is, columns are column privileges; elsewhere a view, which has to obey the same
//! policies, shows each cell or NULL or what a mask makes of it.

use super::{
    rights::{Columns, Condition, Grant, Right, Rule},
    server::Names,
    tables::{Kind, Table},
};
use lakegate_model::words::Mask;
use std::collections::BTreeSet;

/// What is left of a table: its columns, in order, and the statements that make it so.
#[derive(Debug)]
pub struct Translation {
    pub columns: Vec<&'static str>,
    pub statements: Vec<String>,
    /// Whether it took a view.
    pub view: bool,
}

/// Columns by rows, restrictions taken off.
struct Rectangle {
    columns: BTreeSet<&'static str>,
    rows: Option<Condition>,
}

/// The table under its right, or `None` where nothing of it exists.
pub fn translate(table: &Table, right: &Right, names: &Names) -> Option<Translation> {
    let rectangles = rectangles(table, right);
    let columns: Vec<&'static str> = table
        .columns
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| rectangles.iter().any(|rectangle| rectangle.columns.contains(name)))
        .collect();
    if columns.is_empty() {
        return None;
    }
    let all_alike = rectangles.iter().all(|rectangle| rectangle.columns.len() == columns.len());
    let view = !all_alike || columns.iter().any(|column| !masks(table, right, column).is_empty());
    let mut statements = policies(table, right, &rectangles, names);
    if view {
        statements.extend(make_view(table, right, &rectangles, &columns, names));
    } else {
        let (raw, name, reader) = (&names.raw, table.name, &names.reader);
        statements.push(format!("GRANT SELECT ({}) ON {raw}.{name} TO {reader}", columns.join(", ")));
    }
    Some(Translation { columns, statements, view })
}

fn rectangles(table: &Table, right: &Right) -> Vec<Rectangle> {
    let hidden: BTreeSet<&str> = right
        .rules
        .iter()
        .flat_map(|rule| match rule {
            Rule::Hide(names) => names.iter().copied().collect(),
            Rule::HideAll => table.columns.iter().map(|(name, _)| *name).collect(),
            Rule::Mask(..) | Rule::Filter(_) => Vec::new(),
        })
        .chain(right.pending)
        .collect();
    let whole = Grant { columns: Columns::All, rows: None, live: true };
    let grants = if right.member { std::slice::from_ref(&whole) } else { right.grants.as_slice() };
    let opened = |grant: &Grant| -> BTreeSet<&'static str> {
        let names = table.columns.iter().map(|(name, _)| *name).filter(|name| !hidden.contains(name));
        match &grant.columns {
            Columns::All => names.collect(),
            Columns::Only(only) => names.filter(|name| only.contains(name)).collect(),
            Columns::Except(except) => names.filter(|name| !except.contains(name)).collect(),
        }
    };
    let live = grants.iter().filter(|grant| grant.live);
    let rectangles = live.map(|grant| Rectangle { columns: opened(grant), rows: grant.rows });
    // A row that is covered in hidden columns alone does not exist.
    rectangles.filter(|rectangle| !rectangle.columns.is_empty()).collect()
}

fn policies(table: &Table, right: &Right, rectangles: &[Rectangle], names: &Names) -> Vec<String> {
    let Names { raw, keeper, reader, .. } = names;
    let on = format!("ON {raw}.{}", table.name);
    let policy = |name: String, way: &str, condition: &str| {
        format!("CREATE POLICY {name} {on} AS {way} FOR SELECT TO {keeper}, {reader} USING ({condition})")
    };
    let mut statements = vec![format!("ALTER TABLE {raw}.{} ENABLE ROW LEVEL SECURITY", table.name)];
    for (nth, rectangle) in rectangles.iter().enumerate() {
        let condition = rectangle.rows.map_or("TRUE", |condition| condition.postgres);
        statements.push(policy(format!("opens_{nth}"), "PERMISSIVE", condition));
    }
    for (nth, rule) in right.rules.iter().enumerate() {
        if let Rule::Filter(condition) = rule {
            statements.push(policy(format!("narrows_{nth}"), "RESTRICTIVE", condition.postgres));
        }
    }
    statements
}

fn make_view(
    table: &Table,
    right: &Right,
    rectangles: &[Rectangle],
    columns: &[&'static str],
    names: &Names,
) -> Vec<String> {
    let Names { raw, shown, keeper, reader } = names;
    let name = table.name;
    let cells: Vec<String> = columns.iter().map(|column| cell(table, right, rectangles, column, raw)).collect();
    vec![
        format!("GRANT SELECT ON {raw}.{name} TO {keeper}"),
        format!("GRANT EXECUTE ON FUNCTION {raw}.covered TO {keeper}"),
        format!("CREATE VIEW {shown}.{name} WITH (security_barrier) AS SELECT {} FROM {raw}.{name}", cells.join(", ")),
        format!("ALTER VIEW {shown}.{name} OWNER TO {keeper}"),
        format!("GRANT SELECT ON {shown}.{name} TO {reader}"),
    ]
}

/// What a view shows of one column.
fn cell(table: &Table, right: &Right, rectangles: &[Rectangle], column: &str, raw: &str) -> String {
    let kind = table.kind(column);
    let value = match masks(table, right, column).into_iter().collect::<Vec<_>>().as_slice() {
        [] => column.to_owned(),
        [mask] => masked(*mask, kind, column, raw),
        _ => "NULL".to_owned(),
    };
    let covering: Vec<Option<Condition>> =
        rectangles.iter().filter(|rectangle| rectangle.columns.contains(column)).map(|r| r.rows).collect();
    let shown = if covering.contains(&None) {
        value
    } else {
        let tests: Vec<String> = covering.iter().flatten().map(|rows| format!("({})", rows.postgres)).collect();
        format!("CASE WHEN {} THEN {value} END", tests.join(" OR "))
    };
    match kind {
        Kind::Int => format!("({shown})::bigint AS {column}"),
        Kind::Money => format!("({shown})::numeric(10, 2) AS {column}"),
        Kind::Text => format!("({shown})::text COLLATE \"C\" AS {column}"),
        Kind::Flag => format!("({shown})::boolean AS {column}"),
        Kind::Day => format!("({shown})::date AS {column}"),
        Kind::Moment => format!("({shown})::timestamp AS {column}"),
    }
}

/// The masks on a column. One that is not defined for its type is NULL.
fn masks(table: &Table, right: &Right, column: &str) -> BTreeSet<Mask> {
    let named = right.rules.iter().filter_map(|rule| match rule {
        Rule::Mask(mask, columns) if columns.contains(column) => Some(*mask),
        _ => None,
    });
    let kind = table.kind(column);
    let fits = |mask: Mask| match mask {
        Mask::Null | Mask::FixedValue => true,
        Mask::Year | Mask::Month => kind == Kind::Day || kind == Kind::Moment,
        _ => kind == Kind::Text,
    };
    named.map(|mask| if fits(mask) { mask } else { Mask::Null }).collect()
}

fn masked(mask: Mask, kind: Kind, column: &str, raw: &str) -> String {
    match mask {
        Mask::Null => "NULL".to_owned(),
        Mask::FixedValue => fixed(kind).to_owned(),
        Mask::Alphanumeric => format!("{raw}.covered({column})"),
        Mask::First4 => {
            format!("substring({column} FOR 4) || {raw}.covered(coalesce(substring({column} FROM 5), ''))")
        }
        Mask::Last4 => format!(
            "CASE WHEN char_length({column}) <= 4 THEN {column} \
             ELSE {raw}.covered(substring({column} FOR char_length({column}) - 4)) \
                  || substring({column} FROM char_length({column}) - 3) END"
        ),
        Mask::Year => format!("make_date(extract(year FROM {column})::int, 1, 1)"),
        Mask::Month => {
            format!("make_date(extract(year FROM {column})::int, extract(month FROM {column})::int, 1)")
        }
        Mask::Sha256 => format!("encode(sha256(convert_to({column}, 'UTF8')), 'hex')"),
        Mask::Hmac => keyed(&format!("convert_to({column}, 'UTF8')")),
        Mask::Sha256Local => panic!("the salted digest has no value that is written down"),
    }
}

fn fixed(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "999999999",
        Kind::Money => "0",
        Kind::Text => "'XXXXXXXX'",
        Kind::Flag => "false",
        Kind::Day => "'9999-12-31'::date",
        Kind::Moment => "'9999-12-31 00:00:00'::timestamp",
    }
}

/// HMAC-SHA-256 (RFC 2104) in SQL, under the key of the engine's laboratory: 32 bytes, each 9.
fn keyed(value: &str) -> String {
    let pad = |mask: u8| {
        format!("'\\x{}{}'::bytea", format!("{:02x}", 9 ^ mask).repeat(32), format!("{mask:02x}").repeat(32))
    };
    format!("encode(sha256({} || sha256({} || {value})), 'hex')", pad(0x5c), pad(0x36))
}
