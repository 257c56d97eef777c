//! TOML as the same tree that YAML becomes.

use policy::container_registries::{NotYaml, Tree};
use toml_edit::{DocumentMut, Item, TomlError, Value};
use zeroize::Zeroizing;

/// Reads a text.
pub(super) fn parse(text: &str) -> Result<Tree, NotYaml> {
    let document: DocumentMut = text.parse().map_err(|error| not_toml(text, &error))?;
    Ok(of_item(document.as_item()))
}

/// The texts of the parser may repeat what it read.
fn not_toml(text: &str, error: &TomlError) -> NotYaml {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or_default();
    let is_double = error.message().contains("duplicate");
    let must = if is_double { "must not hold a key or a table twice" } else { "must be TOML" };
    NotYaml { line: before.matches('\n').count() as u64 + 1, must }
}

fn of_item(item: &Item) -> Tree {
    match item {
        Item::None => Tree::Null,
        Item::Value(value) => of_value(value),
        Item::Table(table) => {
            Tree::Map(table.iter().map(|(key, item)| (key.to_owned(), of_item(item))).collect())
        }
        Item::ArrayOfTables(tables) => {
            let tables = tables.iter().map(|table| {
                Tree::Map(table.iter().map(|(key, item)| (key.to_owned(), of_item(item))).collect())
            });
            Tree::List(tables.collect())
        }
    }
}

fn of_value(value: &Value) -> Tree {
    match value {
        Value::String(text) => Tree::Text(Zeroizing::new(text.value().clone())),
        Value::Integer(number) => u64::try_from(*number.value()).map_or(Tree::Number, Tree::Whole),
        Value::Boolean(flag) => Tree::Bool(*flag.value()),
        Value::Float(_) | Value::Datetime(_) => Tree::Number,
        Value::Array(items) => Tree::List(items.iter().map(of_value).collect()),
        Value::InlineTable(table) => {
            Tree::Map(table.iter().map(|(key, value)| (key.to_owned(), of_value(value))).collect())
        }
    }
}
