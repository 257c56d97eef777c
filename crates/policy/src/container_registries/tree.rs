//! A YAML value of which any text may be a credential: nothing of it is shown, and texts are wiped from memory.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Error;
use zeroize::Zeroizing;

/// What a text may always stand for, in bytes.
const SPARE: usize = 64 * 1024;
/// What a value takes beside its text, in bytes.
const NODE: usize = 16;

const TOO_LARGE: &str = "must be smaller, with fewer levels and aliases";

/// A value.
pub enum Tree {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number that fits into 64 bits and has no sign.
    Whole(u64),
    /// Any other number.
    Number,
    /// A text.
    Text(Zeroizing<String>),
    /// A list.
    List(Vec<Tree>),
    /// A map, in the order of the text.
    Map(Vec<(String, Tree)>),
}

/// Where a text is no YAML, and what it must be instead.
#[derive(Debug)]
pub struct NotYaml {
    /// The line, from 1.
    pub line: u64,
    /// What the text must be.
    pub must: &'static str,
}

impl Tree {
    /// Reads a text. One that holds nothing is null.
    ///
    /// # Errors
    /// Where the text is no YAML.
    pub fn parse(text: &str) -> Result<Self, NotYaml> {
        let left = Cell::new(text.len() * 2 + SPARE);
        let seed = Reader { left: &left };
        serde_saphyr::with_deserializer_from_str(text, |deserializer| seed.deserialize(deserializer)).map_err(
            |error| NotYaml {
                line: error.location().map_or(1, |location| location.line()),
                must: if left.get() == 0 { TOO_LARGE } else { must(&error) },
            },
        )
    }

    /// A member of a map; null is treated as absent.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(members) = self else { return None };
        members.iter().find(|(name, _)| name == key).map(|(_, value)| value).filter(|value| !value.is_null())
    }

    /// Whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// The texts of the parser may repeat what it read.
fn must(error: &Error) -> &'static str {
    match error.without_snippet() {
        Error::DuplicateMappingKey { .. } => "must not hold a key twice",
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => TOO_LARGE,
        Error::AliasError { error, .. } => must(error),
        _ => "must be YAML",
    }
}

/// Reads a value, and counts what it takes: aliases can stand for much more than a text holds.
#[derive(Clone, Copy)]
struct Reader<'a> {
    /// How many bytes may still be taken.
    left: &'a Cell<usize>,
}

impl Reader<'_> {
    fn take<E: serde::de::Error>(self, size: usize) -> Result<(), E> {
        let left = self.left.get().saturating_sub(size + NODE);
        self.left.set(left);
        if left == 0 { Err(E::custom(TOO_LARGE)) } else { Ok(()) }
    }

    fn text<E: serde::de::Error>(self, text: String) -> Result<Tree, E> {
        let text = Zeroizing::new(text);
        self.take(text.len())?;
        Ok(Tree::Text(text))
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Tree;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        self.take(0)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Tree;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Whole(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(u64::try_from(value).map_or(Tree::Number, Tree::Whole))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::Number)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Tree, E> {
        self.text(value.to_owned())
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Tree, E> {
        self.text(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = members.next_key::<String>()? {
            self.take(key.len())?;
            map.push((key, members.next_value_seed(self)?));
        }
        Ok(Tree::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_cannot_stand_for_much_more_than_the_text() {
        let line = "x".repeat(100_000);
        let aliases = "*a, ".repeat(20);
        let text = format!("a: &a {line}\nb: [{aliases}]");
        let error = Tree::parse(&text).err().unwrap();
        assert_eq!(error.must, "must be smaller, with fewer levels and aliases");
        assert!(Tree::parse("a: &a {b: c}\nd: [*a, *a]").is_ok());
    }
}
