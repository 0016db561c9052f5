//! What one document may ask for, weighed before anything of it runs.
//!
//! Cost: a field costs 1, and what stands below a list costs as often as the list may be long: a connection `first`
//! times (50 if absent), a plain list [`LIST_ITEMS`] times. A root field costs [`ROOT_COST`], since it opens a
//! transaction. `@skip` and `@include` change nothing: the worst case is weighed.

use async_graphql::{
    Name, Value, Variables,
    parser::{
        parse_schema,
        types::{
            BaseType, ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet, Type,
            TypeKind, TypeSystemDefinition,
        },
    },
};
use lakegate_model::{
    Code, Fault,
    page::{DEFAULT_SIZE, MAX_SIZE},
};
use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
};

/// Largest document in bytes.
pub const DOCUMENT_BYTES: usize = 64 * 1024;
/// Most words, numbers, texts and signs of a document.
pub const TOKENS: usize = 8_000;
/// Deepest nesting of fields, those of fragments counted where they are spread.
pub const DEPTH: usize = 12;
/// Most aliases of a document.
pub const ALIASES: usize = 50;
/// Highest cost.
pub const COST: u64 = 20_000;
/// Cost of a field of `Query` or `Mutation`.
pub const ROOT_COST: u64 = 10;
/// How long a list without a size is taken to be.
pub const LIST_ITEMS: u64 = 10;
/// Deepest nesting inside `__schema` and `__type`; what tools send reaches 15.
const INTROSPECTION_DEPTH: usize = 20;
/// Lists of a type that lead to types again.
const TYPE_LISTS: [&str; 4] = ["fields", "inputFields", "interfaces", "possibleTypes"];

/// Scalars that every schema has.
const BUILT_IN: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];

/// The fields of each type, as far as weighing needs them.
#[derive(Debug, Default)]
pub struct Shape {
    /// Names of all types, those of inputs and scalars too.
    names: HashSet<String>,
    types: HashMap<String, HashMap<String, FieldShape>>,
}

#[derive(Debug)]
struct FieldShape {
    of: String,
    many: Many,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Many {
    One,
    List,
    Connection,
}

/// What a document asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weight {
    pub depth: usize,
    pub aliases: usize,
    pub cost: u64,
}

impl Shape {
    /// The shape of a schema given as text.
    ///
    /// # Errors
    /// `internal` if the text is not a schema.
    pub fn of(sdl: &str) -> Result<Self, Fault> {
        let document = parse_schema(sdl).map_err(Fault::internal)?;
        let (mut types, mut names) = (HashMap::new(), HashSet::from(BUILT_IN.map(str::to_owned)));
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            names.insert(definition.node.name.node.to_string());
            let fields = match definition.node.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                _ => continue,
            };
            let fields = fields.into_iter().map(|field| {
                let field = field.node;
                (field.name.node.to_string(), FieldShape::of(&field.ty.node))
            });
            types.insert(definition.node.name.node.to_string(), fields.collect());
        }
        Ok(Self { names, types })
    }

    /// Adds a type that has no fields to ask for.
    pub fn add_type(&mut self, name: &str) {
        self.names.extend(BUILT_IN.iter().copied().chain([name]).map(str::to_owned));
    }

    /// Adds a field of an object.
    pub fn add_field(&mut self, ty: &str, field: &str, of: &str, list: bool) {
        self.names.insert(ty.to_owned());
        let many = match list {
            true => Many::List,
            false if is_page(of) => Many::Connection,
            false => Many::One,
        };
        let shape = FieldShape { of: of.to_owned(), many };
        self.types.entry(ty.to_owned()).or_default().insert(field.to_owned(), shape);
    }

    /// Whether a type has a field.
    pub fn has(&self, ty: &str, field: &str) -> bool {
        self.types.get(ty).is_some_and(|fields| fields.contains_key(field))
    }

    /// Whether there is a type whose fields can be asked for.
    pub fn selects(&self, ty: &str) -> bool {
        self.types.contains_key(ty)
    }

    /// The type of a field, without its lists.
    pub fn type_of(&self, ty: &str, field: &str) -> Option<&str> {
        self.types.get(ty)?.get(field).map(|field| field.of.as_str())
    }
}

/// The type whose fields an operation asks for.
pub const fn root_of(kind: OperationType) -> &'static str {
    match kind {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Following",
    }
}

impl FieldShape {
    fn of(ty: &Type) -> Self {
        match &ty.base {
            BaseType::Named(name) if is_page(name) => Self { of: name.to_string(), many: Many::Connection },
            BaseType::Named(name) => Self { of: name.to_string(), many: Many::One },
            BaseType::List(inner) => Self { many: Many::List, ..Self::of(inner) },
        }
    }
}

/// Refuses a text that is too large to be parsed.
///
/// # Errors
/// `too_large`
pub fn check_text(query: &str) -> Result<(), Fault> {
    if query.len() > DOCUMENT_BYTES {
        let message = format!("a document holds at most {DOCUMENT_BYTES} bytes");
        return Err(Fault::new(Code::TooLarge, message).on("query"));
    }
    if tokens(query) > TOKENS {
        return Err(Fault::new(Code::TooLarge, format!("a document holds at most {TOKENS} tokens")).on("query"));
    }
    Ok(())
}

/// Counts words, numbers and signs outside texts and comments; close to the grammar's own count.
fn tokens(query: &str) -> usize {
    let (mut count, mut in_word, mut in_comment, mut in_text) = (0, false, false, false);
    let mut chars = query.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\r' if in_comment => in_comment = false,
            _ if in_comment => {}
            '\\' if in_text => {
                chars.next();
            }
            '"' => in_text = !in_text,
            _ if in_text => {}
            '#' => in_comment = true,
            _ if c.is_ascii_alphanumeric() || c == '_' => {
                count += usize::from(!in_word);
                in_word = true;
                continue;
            }
            _ => count += usize::from(!c.is_whitespace() && c != ','),
        }
        in_word = false;
    }
    count
}

/// Refuses variables of types that are not there: the executor's validation takes it for granted that they are.
///
/// # Errors
/// `invalid`
pub fn check_variables(shape: &Shape, document: &ExecutableDocument) -> Result<(), Fault> {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node);
    for definition in operations.flat_map(|operation| &operation.variable_definitions) {
        let name = innermost(&definition.node.var_type.node);
        if !shape.names.contains(name) {
            return Err(Fault::invalid("query", format!("there is no type {name}")));
        }
    }
    Ok(())
}

/// The name in a type, without its lists.
fn innermost(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => innermost(inner),
    }
}

/// Refuses an operation with more root fields than its address answers.
///
/// # Errors
/// `limit_exceeded`
pub fn check_roots(found: usize, most: usize) -> Result<(), Fault> {
    if found > most {
        return Err(over(format!("the operation asks for {found} root fields, the limit is {most}")));
    }
    Ok(())
}

/// Weighs the operation of a document that will be executed.
///
/// # Errors
/// `limit_exceeded` naming the limit, `invalid` naming `first` for a page out of range.
pub fn weigh(
    shape: &Shape,
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
) -> Result<Weight, Fault> {
    let mut scale = Scale { shape, document, operation, variables, aliases: 0, depth: 0, steps: 0, inside: Vec::new() };
    let cost = scale.selection(
        &operation.selection_set.node,
        root_of(operation.ty),
        Place { depth: 1, ..Place::default() },
    )?;
    if cost > COST {
        return Err(over(format!("the operation costs {cost}, the limit is {COST}")).fix("ask for smaller pages"));
    }
    Ok(Weight { depth: scale.depth, aliases: scale.aliases, cost })
}

fn over(message: String) -> Fault {
    Fault::new(Code::LimitExceeded, message).on("query")
}

/// Where in a document the scale stands.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    depth: usize,
    /// Inside `__schema` or `__type`.
    introspecting: bool,
    /// Lists of types around this place.
    type_lists: usize,
}

struct Scale<'a> {
    shape: &'a Shape,
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    aliases: usize,
    depth: usize,
    /// Selections looked at. Each costs at least 1, so more than the highest cost need not be looked at; this also ends
    /// documents whose fragments multiply.
    steps: u64,
    /// Fragments that are being spread around this place.
    inside: Vec<&'a Name>,
}

impl<'a> Scale<'a> {
    fn selection(&mut self, set: &'a SelectionSet, ty: &str, place: Place) -> Result<u64, Fault> {
        let mut cost: u64 = 0;
        for selection in &set.items {
            self.steps += 1;
            if self.steps > COST {
                return Err(over(format!("the operation selects more than {COST} fields")));
            }
            let part = match &selection.node {
                Selection::Field(field) => self.field(&field.node, ty, place)?,
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let ty = condition.map_or(ty, |condition| condition.node.on.node.as_str());
                    self.selection(&fragment.node.selection_set.node, ty, place)?
                }
                Selection::FragmentSpread(spread) => self.spread(&spread.node.fragment_name.node, place)?,
            };
            cost = cost.saturating_add(part);
        }
        Ok(cost)
    }

    /// A fragment that is spread inside itself, or that nobody defined, is left to validation.
    fn spread(&mut self, name: &'a Name, place: Place) -> Result<u64, Fault> {
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(0) };
        if self.inside.contains(&name) {
            return Ok(0);
        }
        self.inside.push(name);
        let ty = fragment.node.type_condition.node.on.node.as_str();
        let cost = self.selection(&fragment.node.selection_set.node, ty, place);
        self.inside.pop();
        cost
    }

    fn field(&mut self, field: &'a Field, ty: &str, place: Place) -> Result<u64, Fault> {
        self.count_alias(field)?;
        let name = field.name.node.as_str();
        let introspecting = place.introspecting || matches!(name, "__schema" | "__type");
        let is_type_list = introspecting && TYPE_LISTS.contains(&name);
        let here = Place { introspecting, type_lists: place.type_lists + usize::from(is_type_list), ..place };
        self.check_place(here)?;
        let shape = self.shape;
        let known = shape.types.get(ty).and_then(|fields| fields.get(name));
        let below = Place { depth: here.depth + 1, ..here };
        let inner = self.selection(&field.selection_set.node, known.map_or("", |known| known.of.as_str()), below)?;
        let times = match known.map(|known| known.many) {
            Some(Many::Connection) => self.page_size(field)?,
            Some(Many::List) if !is_page(ty) => LIST_ITEMS,
            _ => 1,
        };
        let own = if place.depth == 1 { ROOT_COST } else { 1 };
        Ok(inner.saturating_mul(times).saturating_add(own))
    }

    fn count_alias(&mut self, field: &Field) -> Result<(), Fault> {
        self.aliases += usize::from(field.alias.is_some());
        if self.aliases > ALIASES {
            return Err(over(format!("the operation has more than {ALIASES} aliases")));
        }
        Ok(())
    }

    fn check_place(&mut self, place: Place) -> Result<(), Fault> {
        if place.introspecting {
            if place.depth > INTROSPECTION_DEPTH || place.type_lists > 1 {
                return Err(over("the introspection is nested too deeply".to_owned()));
            }
            return Ok(());
        }
        self.depth = self.depth.max(place.depth);
        if place.depth > DEPTH {
            return Err(over(format!("the operation is nested more than {DEPTH} deep")));
        }
        Ok(())
    }

    /// The page that a connection is asked for.
    fn page_size(&self, field: &Field) -> Result<u64, Fault> {
        let resolve = |name: Name| Ok::<_, Infallible>(self.variable(&name).unwrap_or_default());
        let first = field.get_argument("first").map(|value| value.node.clone().into_const_with(resolve));
        let size = match first.transpose().unwrap_or_default() {
            None | Some(Value::Null) => return Ok(u64::from(DEFAULT_SIZE)),
            Some(Value::Number(number)) => number.as_i64(),
            // Validation says what is wrong with it.
            Some(_) => return Ok(1),
        };
        let size = size.and_then(|size| u64::try_from(size).ok()).filter(|size| *size <= u64::from(MAX_SIZE));
        size.ok_or_else(|| Fault::invalid("first", format!("a page holds 1 to {MAX_SIZE} items")))
    }

    fn variable(&self, name: &Name) -> Option<Value> {
        if let Some(value) = self.variables.get(name) {
            return Some(value.clone());
        }
        let definitions = self.operation.variable_definitions.iter();
        let definition = definitions.map(|definition| &definition.node).find(|known| known.name.node == *name)?;
        definition.default_value.as_ref().map(|value| value.node.clone())
    }
}

/// Whether a type is a page of a list: its `edges` and `nodes` are weighed with the page's size already.
fn is_page(ty: &str) -> bool {
    ty.ends_with("Connection") && ty != "StorageConnection"
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
