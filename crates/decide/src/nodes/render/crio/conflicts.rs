//! Registries that several hosts share. CRI-O reads no file in which one of them is insecure here and secure there.

use std::collections::BTreeSet;

use toml_edit::{ArrayOfTables, Item, Table};

/// Lets a registry be insecure only if it is so for all hosts that share it.
pub(super) fn resolve(tables: &mut ArrayOfTables, losses: &mut Vec<String>) {
    let secure = tables.iter().filter(|table| !table.contains_key("insecure"));
    let secure: BTreeSet<_> = secure.map(|table| text(table, "location").to_owned()).collect();
    for table in tables.iter_mut() {
        if secure.contains(text(table, "location")) && table.remove("insecure").is_some() {
            let (host, location) = (text(table, "prefix"), text(table, "location"));
            losses.push(format!(
                "{host}: CRI-O knows {location} by one setting, and others need TLS with its certificate verified, so it does"
            ));
        }
    }
}

fn text<'a>(table: &'a Table, key: &str) -> &'a str {
    table.get(key).and_then(Item::as_str).unwrap_or_default()
}
