//! TOML with the line of each key. What it says about a file that is no TOML shows none of the file.

use std::ops::Range;

use toml_edit::{Document, Item, Key, TableLike};

/// A file of TOML.
pub(super) struct Toml<'a> {
    text: &'a str,
    document: Document<&'a str>,
}

/// Why a text is no TOML.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Broken {
    /// The line, from 1.
    pub(super) line: usize,
    /// What is wrong there.
    pub(super) what: &'static str,
}

impl<'a> Toml<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Broken> {
        let document = Document::parse(text).map_err(|error| Broken {
            line: line(text, error.span()),
            // The other messages of the parser can name what the file holds.
            what: if error.message() == "duplicate key" { "repeats a key or a table" } else { "is no TOML" },
        })?;
        Ok(Self { text, document })
    }

    /// The table at the top.
    pub(super) fn top(&self) -> &dyn TableLike {
        self.document.as_table()
    }

    /// The line of a key, from 1.
    pub(super) fn line_of(&self, key: &Key, item: &Item) -> usize {
        line(self.text, key.span().or_else(|| item.span()))
    }
}

/// An entry of a table.
pub(super) fn entry<'t>(table: &'t dyn TableLike, key: &str) -> Option<(&'t Key, &'t Item)> {
    table.get_key_value(key)
}

fn line(text: &str, span: Option<Range<usize>>) -> usize {
    let start = span.map_or(0, |span| span.start).min(text.len());
    1 + text.char_indices().take_while(|(index, _)| *index < start).filter(|(_, c)| *c == '\n').count()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::value("a = 1\nb = \n", 2, "is no TOML")]
    #[case::quote("a = \"x\n\n\n", 1, "is no TOML")]
    #[case::key("a = 1\n\na = 2\n", 3, "repeats a key or a table")]
    #[case::table("[host.\"a\"]\n[host.\"b\"]\n[host.\"a\"]\n", 3, "repeats a key or a table")]
    #[case::end("[host", 1, "is no TOML")]
    fn says_where_a_text_is_no_toml(#[case] text: &str, #[case] line: usize, #[case] what: &'static str) {
        assert_eq!(Toml::parse(text).err(), Some(Broken { line, what }));
    }

    #[test]
    fn knows_the_lines_of_keys() {
        let toml = Toml::parse("a = 1\n[t]\n\n  [t.\"u v\"]\n b = [\n 1,\n]\nc.d = 2\n")
            .unwrap_or_else(|_| unreachable!());
        let (key, item) = entry(toml.top(), "t").unwrap();
        let table = item.as_table_like().unwrap();
        let (inner_key, inner) = entry(table, "u v").unwrap();
        let inner_table = inner.as_table_like().unwrap();
        let lines = ["b", "c"].map(|name| {
            let (key, item) = entry(inner_table, name).unwrap();
            toml.line_of(key, item)
        });
        assert_eq!((toml.line_of(key, item), toml.line_of(inner_key, inner), lines), (2, 4, [5, 8]));
    }
}
