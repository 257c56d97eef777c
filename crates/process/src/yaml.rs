//! YAML as people write it: errors and fields by their lines. JSON is YAML in this respect.

use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// Reads a text. An empty one, or one of comments, has nothing set.
///
/// # Errors
/// The line, from 1, and what is wrong there, with the path of the field if it is one.
pub fn parse<T: DeserializeOwned + Default>(text: &str) -> Result<T, (u64, String)> {
    let mut field = String::new();
    let parsed: Result<Option<T>, _> = serde_saphyr::with_deserializer_from_str(text, |deserializer| {
        serde_path_to_error::deserialize(deserializer).map_err(|error| {
            field = error.path().to_string();
            error.into_inner()
        })
    });
    parsed.map(Option::unwrap_or_default).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        let text = error.without_snippet().to_string();
        let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(before, _)| before);
        // A syntax error belongs to no field.
        if field.is_empty() || field.contains('?') || field == "." {
            (line, text.to_owned())
        } else {
            (line, format!("{field}: {text}"))
        }
    })
}

/// The line, from 1, of the field at `path` (`spec.env[0].name`), or of the innermost one of its parents that is
/// there.
#[must_use]
pub fn line_of(text: &str, path: &str) -> usize {
    Places::of(text).line_of(path)
}

/// The places of the fields in a text.
#[derive(Debug)]
pub struct Places(Option<Spanned<Node>>);

impl Places {
    /// Reads a text once more. One that cannot be read has no places.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(serde_saphyr::from_str(text).ok())
    }

    /// As [`line_of`].
    #[must_use]
    pub fn line_of(&self, path: &str) -> usize {
        let line =
            self.0.as_ref().map(|root| root.value.line_of(path).unwrap_or_else(|| root.referenced.line()));
        line.map_or(1, |line| usize::try_from(line).unwrap_or(1))
    }
}

/// A mapping or a list with its places, a text of several lines, which may be YAML itself, and anything else.
#[derive(Debug)]
enum Node {
    Mapping(Vec<(Spanned<String>, Spanned<Node>)>),
    List(Vec<Spanned<Node>>),
    Block(String),
    Other,
}

impl Node {
    fn line_of(&self, path: &str) -> Option<u64> {
        let (line, member, rest) = match self {
            Self::Mapping(members) => members
                .iter()
                .find_map(|(key, member)| Some((key.referenced, member, after_key(path, &key.value)?)))?,
            Self::List(items) => {
                let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
                let item = items.get(index.parse::<usize>().ok()?)?;
                (item.referenced, item, rest.trim_start_matches('.'))
            }
            Self::Block(_) | Self::Other => return None,
        };
        // A literal block begins on the line below its key; its content may be YAML itself.
        if let Self::Block(text) = &member.value
            && member.referenced.line() > line.line()
            && !rest.is_empty()
        {
            let inner = Self::of_block(text).and_then(|inner| inner.line_of(rest));
            return Some(inner.map_or(line.line(), |inner| member.referenced.line() - 1 + inner));
        }
        Some(member.value.line_of(rest).unwrap_or_else(|| line.line()))
    }

    fn of_block(text: &str) -> Option<Self> {
        serde_saphyr::from_str(text).ok()
    }
}

/// What follows a key in a path: `key`, or `[key]`. Keys may hold dots themselves.
fn after_key<'a>(path: &'a str, key: &str) -> Option<&'a str> {
    if let Some(rest) =
        path.strip_prefix('[').and_then(|path| path.strip_prefix(key)).and_then(|rest| rest.strip_prefix(']'))
    {
        return Some(rest.trim_start_matches('.'));
    }
    let rest = path.strip_prefix(key)?;
    if rest.is_empty() || rest.starts_with('[') { Some(rest) } else { rest.strip_prefix('.') }
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
        let mut members = Vec::new();
        while let Some(entry) = map.next_entry()? {
            members.push(entry);
        }
        Ok(Node::Mapping(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
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

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(if text.contains('\n') { Node::Block(text.to_owned()) } else { Node::Other })
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::field("a:\n  b: 1\n", "a.b", 2)]
    #[case::absent("a:\n  b: 1\n", "a.c", 1)]
    #[case::in_a_block("data:\n  values: |\n    a: 1\n    b: [x, {c: 2}]\n", "data.values.b[1].c", 4)]
    #[case::in_a_block_without_newline("values: |-\n  # of nodes\n  a: 1\n  b: 2\n", "values.b", 4)]
    #[case::absent_in_a_block("values: |\n  a: 1\n  b: 2\n", "values.c", 1)]
    #[case::block_that_is_no_yaml("values: |\n  a: [\n  b\n", "values.a", 1)]
    #[case::quoted("values: \"a: 1\\nb: 2\\n\"\nother: 1\n", "values.b", 1)]
    fn finds_the_line_of_a_field(#[case] text: &str, #[case] path: &str, #[case] line: usize) {
        assert_eq!(line_of(text, path), line);
    }
}
