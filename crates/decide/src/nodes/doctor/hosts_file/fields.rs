//! The keys of a host table. What containerd refuses is an error: it then ignores the whole file.

use std::collections::{BTreeMap, BTreeSet};

use policy::container_registries::HiddenText;
use policy::duration;
use toml_edit::{Item, TableLike};

use super::super::toml::{Broken, Toml, entry};
use crate::nodes::version::Version;

/// What a host may be used for.
const CAPABILITIES: [&str; 4] = ["pull", "resolve", "push", "referrers"];
/// The same before 2.0.
const CAPABILITIES_1: [&str; 3] = ["pull", "resolve", "push"];

/// The keys of a host table.
#[derive(Debug, Default)]
pub(in super::super) struct Fields {
    pub(in super::super) capabilities: BTreeSet<&'static str>,
    /// The files of authorities, as they are written.
    pub(in super::super) ca: Vec<String>,
    /// The files of client certificates and their keys.
    pub(in super::super) client: Vec<String>,
    pub(in super::super) skip_verify: bool,
    pub(in super::super) override_path: bool,
    /// In nanoseconds.
    pub(in super::super) dial_timeout: Option<i128>,
    /// Names in lower case.
    pub(in super::super) headers: BTreeMap<String, Vec<HiddenText>>,
    /// The lines of the keys that are there.
    lines: BTreeMap<&'static str, usize>,
    line: usize,
}

impl Fields {
    /// Reads the keys of a table that begins at a line.
    pub(super) fn read(
        toml: &Toml<'_>,
        version: Version,
        table: &dyn TableLike,
        line: usize,
    ) -> Result<Self, Broken> {
        let mut fields = Self { line, ..Self::default() };
        let known = if version.knows_referrers() { &CAPABILITIES[..] } else { &CAPABILITIES_1[..] };
        let capabilities = |item: &Item| capabilities(item, known);
        fields.capabilities =
            fields.key(toml, table, "capabilities", "has unknown `capabilities`", capabilities)?;
        if fields.capabilities.is_empty() {
            fields.capabilities = known.iter().copied().collect();
        }
        fields.ca =
            fields.key(toml, table, "ca", "has a `ca` that is no text and no list of texts", texts)?;
        fields.client = fields.key(toml, table, "client", "has a `client` that names no files", files)?;
        let no_bool = "has a `skip_verify` that is neither true nor false";
        fields.skip_verify = fields.key(toml, table, "skip_verify", no_bool, Item::as_bool)?;
        let no_bool = "has an `override_path` that is neither true nor false";
        fields.override_path = fields.key(toml, table, "override_path", no_bool, Item::as_bool)?;
        let no_duration = "has a `dial_timeout` that is no duration";
        if version.knows_dial_timeout() {
            fields.dial_timeout = fields.key(toml, table, "dial_timeout", no_duration, timeouts)?.pop();
        }
        fields.headers = fields.key(toml, table, "header", "has a `header` that is no text", headers)?;
        Ok(fields)
    }

    /// The line of a key, or of the table if the key is not there.
    pub(in super::super) fn line_of(&self, key: &str) -> usize {
        self.lines.get(key).copied().unwrap_or(self.line)
    }

    /// Whether a key is there.
    pub(in super::super) fn has(&self, key: &str) -> bool {
        self.lines.contains_key(key)
    }

    /// Whether a header logs in.
    pub(in super::super) fn has_credentials(&self) -> bool {
        self.headers.contains_key("authorization")
    }

    fn key<T: Default>(
        &mut self,
        toml: &Toml<'_>,
        table: &dyn TableLike,
        name: &'static str,
        what: &'static str,
        read: impl Fn(&Item) -> Option<T>,
    ) -> Result<T, Broken> {
        let Some((key, item)) = entry(table, name) else { return Ok(T::default()) };
        let line = toml.line_of(key, item);
        self.lines.insert(name, line);
        read(item).ok_or(Broken { line, what })
    }
}

fn capabilities(item: &Item, known: &[&'static str]) -> Option<BTreeSet<&'static str>> {
    let find = |text: &str| known.iter().copied().find(|known| known.eq_ignore_ascii_case(text));
    item.as_array()?.iter().map(|value| find(value.as_str()?)).collect()
}

/// A text, or a list of texts.
fn texts(item: &Item) -> Option<Vec<String>> {
    if let Some(text) = item.as_str() {
        return Some(vec![text.to_owned()]);
    }
    item.as_array()?.iter().map(|value| value.as_str().map(str::to_owned)).collect()
}

/// A text, or a list of texts and of pairs of texts.
fn files(item: &Item) -> Option<Vec<String>> {
    let Some(array) = item.as_array() else { return texts(item) };
    let mut files = Vec::new();
    for value in array {
        match value.as_array() {
            None => files.push(value.as_str()?.to_owned()),
            Some(pair) if pair.len() == 2 => {
                for part in pair {
                    files.push(part.as_str()?.to_owned());
                }
            }
            Some(_) => return None,
        }
    }
    files.retain(|file| !file.is_empty());
    Some(files)
}

/// None for an empty text, which sets nothing.
fn timeouts(item: &Item) -> Option<Vec<i128>> {
    let text = Some(item.as_str()?).filter(|text| !text.is_empty());
    text.into_iter().map(duration::parse).collect()
}

fn headers(item: &Item) -> Option<BTreeMap<String, Vec<HiddenText>>> {
    let table = item.as_table_like()?;
    let read = |(name, item): (&str, &Item)| {
        let values = texts(item)?.into_iter().map(HiddenText::new).collect();
        Some((name.to_ascii_lowercase(), values))
    };
    table.iter().map(read).collect()
}
