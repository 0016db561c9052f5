//! What a field selects of rows and of all rows related to them: read as a whole before anything is asked, so that what
//! is refused is refused before the first query.

use async_graphql::SelectionField;
use lakegate_model::{Code, Fault};
use sha2::{Digest, Sha256};

use crate::{
    run::Looking,
    select::Arguments,
    shape::{Column, Relation, Shape, Table},
};

/// What is selected of the rows of a table.
#[derive(Debug, Default)]
pub struct Tree<'a> {
    /// Those that are selected, then those that branches start from.
    pub columns: Vec<&'a Column>,
    pub branches: Vec<Branch<'a>>,
}

/// A relation with arguments.
#[derive(Debug)]
pub struct Branch<'a> {
    /// Under which its rows stand in the value of each row: see [`key_of`].
    pub key: String,
    pub relation: &'a Relation,
    /// Where it starts.
    pub near: &'a Table,
    /// Where it leads.
    pub far: &'a Table,
    pub arguments: Arguments,
    pub rows: Pages<'a>,
}

/// What is selected of a page of rows; one related row is a page too.
#[derive(Debug, Default)]
pub struct Pages<'a> {
    pub tree: Tree<'a>,
    /// Whether cursors are asked for.
    pub cursors: bool,
    /// Whether rows are asked for as edges, with or without their nodes, and as nodes.
    pub edges: bool,
    pub edge_nodes: bool,
    pub nodes: bool,
}

/// Bytes of the arguments of a field of a relation, which are looked at for each row.
const ARGUMENTS_MAX: usize = 32 << 10;

/// The key of a field of a relation. Whatever its name in the answer is, equal arguments give equal rows; others do not.
/// It is short, since it stands in each row.
///
/// # Errors
/// `invalid` for a variable that has no value; `limit_exceeded` for arguments that are too long.
pub fn key_of(field: &SelectionField<'_>) -> Result<String, Fault> {
    let arguments = field.arguments().map_err(|error| Fault::invalid("query", error.message))?;
    let text = format!("{arguments:?}");
    if text.len() > ARGUMENTS_MAX {
        let message = format!("the arguments of {} are over {ARGUMENTS_MAX} bytes", field.name());
        return Err(Fault::new(Code::LimitExceeded, message).on("query"));
    }
    Ok(format!("{} {}", field.name(), hex::encode(Sha256::digest(text))))
}

impl<'a> Pages<'a> {
    /// What fields select of a connection over a table. They show the same rows.
    ///
    /// # Errors
    /// `invalid` for an argument of a relation.
    pub fn of(shape: &'a Shape, table: &'a Table, fields: &[SelectionField<'_>]) -> Result<Self, Fault> {
        let (edges, info) = (inside(fields, "edges"), inside(fields, "pageInfo"));
        let rows = [inside(fields, "nodes"), inside(&edges, "node")].concat();
        let has = |fields: &[SelectionField<'_>], wanted: fn(&str) -> bool| {
            fields.iter().flat_map(|field| field.selection_set()).any(|inner| wanted(inner.name()))
        };
        let cursors = has(&edges, |name| name == "cursor") || has(&info, |name| name.ends_with("Cursor"));
        let has_edge_nodes = has(&edges, |name| name == "node");
        Ok(Self {
            tree: Tree::of(shape, table, &rows)?,
            cursors,
            edges: !edges.is_empty(),
            edge_nodes: has_edge_nodes,
            nodes: !inside(fields, "nodes").is_empty(),
        })
    }

    /// Counts the fields of relations against what an operation may ask for.
    ///
    /// # Errors
    /// `limit_exceeded` naming `query`
    pub fn counted(self, looking: &Looking) -> Result<Self, Fault> {
        looking.count_relations(self.tree.relations())?;
        Ok(self)
    }
}

impl<'a> Tree<'a> {
    /// What fields select of rows of a table. They show the same rows.
    ///
    /// # Errors
    /// `invalid` for an argument of a relation.
    pub fn of(shape: &'a Shape, table: &'a Table, fields: &[SelectionField<'_>]) -> Result<Self, Fault> {
        let mut tree = Self::default();
        let mut related: Vec<(String, &'a Relation, Vec<SelectionField<'_>>)> = Vec::new();
        for field in fields.iter().flat_map(|field| field.selection_set()) {
            if let Some(column) = table.column(field.name()) {
                tree.read(column);
            }
            let Some(relation) = table.relation(field.name()) else { continue };
            let key = key_of(&field)?;
            match related.iter_mut().find(|known| known.0 == key) {
                Some(known) => known.2.push(field),
                None => related.push((key, relation, vec![field])),
            }
        }
        for (key, relation, fields) in related {
            relation.columns.iter().filter_map(|(near, _)| table.column(near)).for_each(|column| tree.read(column));
            let Some(far) = shape.table(&relation.far) else { continue };
            tree.branches.push(Branch::of(shape, (table, far), (key, relation), &fields)?);
        }
        Ok(tree)
    }

    fn read(&mut self, column: &'a Column) {
        if !self.columns.contains(&column) {
            self.columns.push(column);
        }
    }

    fn relations(&self) -> usize {
        self.branches.iter().map(|branch| 1 + branch.rows.tree.relations()).sum()
    }
}

impl<'a> Branch<'a> {
    fn of(
        shape: &'a Shape,
        (near, far): (&'a Table, &'a Table),
        (key, relation): (String, &'a Relation),
        fields: &[SelectionField<'_>],
    ) -> Result<Self, Fault> {
        let rows = match relation.many {
            true => Pages::of(shape, far, fields)?,
            false => Pages { tree: Tree::of(shape, far, fields)?, ..Pages::default() },
        };
        let given = match fields.first() {
            Some(field) => field.arguments().map_err(|error| Fault::invalid("query", error.message))?,
            None => Vec::new(),
        };
        let value = |name: &str| given.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        Ok(Self { arguments: Arguments::read(value)?, key, relation, near, far, rows })
    }
}

/// The fields of a name inside others.
fn inside<'f>(fields: &[SelectionField<'f>], name: &str) -> Vec<SelectionField<'f>> {
    fields.iter().flat_map(|field| field.selection_set()).filter(|inner| inner.name() == name).collect()
}
