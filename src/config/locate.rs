//! Where in the file a field is: errors that are found after the file was read still name its line.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// `FILE:LINE` of the field at `path`, or of the innermost one of its parents that is there.
pub(super) fn place((file, text): (&Path, &str), path: &str) -> String {
    let root: Option<Spanned<Node>> = serde_saphyr::from_str(text).ok();
    let line = root.map_or(1, |root| root.value.line_of(path).unwrap_or_else(|| root.referenced.line()));
    format!("{}:{line}", file.display())
}

/// A mapping with its places, and anything else without.
enum Node {
    Mapping(BTreeMap<String, Spanned<Node>>),
    Other,
}

impl Node {
    /// The line of the field at `path`. Keys may hold dots themselves.
    fn line_of(&self, path: &str) -> Option<u64> {
        let Self::Mapping(members) = self else { return None };
        members.iter().find_map(|(key, value)| {
            let rest = path.strip_prefix(key.as_str())?;
            let rest = if rest.is_empty() { rest } else { rest.strip_prefix('.')? };
            Some(value.value.line_of(rest).unwrap_or_else(|| value.referenced.line()))
        })
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((key, value)) = map.next_entry()? {
            members.insert(key, value);
        }
        Ok(Node::Mapping(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Node::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }
}
